"""torch.version: this library's version, and which accelerators it was built for (none)."""

from __future__ import annotations

from tinygrad_edu import __version__

__all__ = ["__version__", "cuda", "debug", "hip"]

cuda: str | None = None
hip: str | None = None
debug = False
