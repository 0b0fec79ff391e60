"""`tinyedu homework` (alias `hw`): the commands of the course. Each only reads its arguments and prints."""

from tinygrad_edu.cli.homework.group import command

__all__ = ["command"]
