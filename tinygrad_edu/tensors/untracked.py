"""Inference tensors: what is made under ``inference_mode`` counts no versions, so no graph may rely on it later.

Such a Tensor has an `Untracked` in the place of its version counter. Whoever would save it for a backward pass reads
that counter, and is refused.
"""

from __future__ import annotations

from typing import Any

from tinygrad_edu.engine.modes import is_inference_mode_enabled
from tinygrad_edu.errors import GradError

__all__ = ["Untracked", "is_inference", "untrack"]


class Untracked:
    """Looks like a version counter that never moves; it can be read in inference mode only."""

    __slots__ = ()

    def __getitem__(self, _: int) -> int:
        if is_inference_mode_enabled():
            return 0
        raise GradError(
            "Inference tensors cannot be saved for backward. Please do not use Tensors created in inference mode in "
            "computation tracked by autograd. To work around this, you can make a clone to get a normal tensor and use "
            "it in autograd, or use `no_grad()` instead of `inference_mode()`."
        )

    def __setitem__(self, _: int, version: int) -> None:
        pass


_untracked: Any = Untracked()


def untrack(tensor: Any) -> None:
    """Make a new Tensor an inference tensor, if it is made in inference mode. A view stays what its base is."""
    if is_inference_mode_enabled() and tensor._base is None:
        tensor._counter = _untracked


def is_inference(input: Any) -> bool:
    """True if the Tensor was made under inference_mode."""
    return bool(input.is_inference())
