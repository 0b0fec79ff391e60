"""Grading many submissions: finding and matching them, running them in boxes, and writing grades and reports."""
