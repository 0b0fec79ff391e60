"""Verdicts, statements and reports for people: terminal and HTML, English and Japanese, from one table of words."""
