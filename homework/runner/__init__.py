"""Starts the kit in processes with limits, and reads back what it observed. Decides nothing, loads no student code."""
