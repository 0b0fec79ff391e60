"""Helpers around training; so far `data`: datasets, samplers and loaders."""

from tinygrad_edu.utils import data

__all__ = ["data"]
