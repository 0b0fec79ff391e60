"""Images and other data to learn from; so far `datasets`."""

from tinygrad_edu.vision import datasets

__all__ = ["datasets"]
