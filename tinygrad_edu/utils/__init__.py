"""Helpers around training: `data`, datasets, samplers and loaders; `dlpack`, memory shared with other libraries."""

from tinygrad_edu.utils import data, dlpack

__all__ = ["data", "dlpack"]
