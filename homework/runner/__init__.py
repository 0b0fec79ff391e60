"""Starts the kit in processes with limits, and reads back what it observed. Decides nothing, loads no student code."""


class NoWorker(RuntimeError):
    """The process that runs the checks does not start: the environment is broken, no program is."""
