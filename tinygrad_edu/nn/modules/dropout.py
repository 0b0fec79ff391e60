"""Modules that drop elements or channels in training, and let everything pass in evaluation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from tinygrad_edu.nn.functional import layers
from tinygrad_edu.nn.modules.module import Module
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["AlphaDropout", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "FeatureAlphaDropout"]


class _Dropout(Module):
    """What they share: a probability, and a function."""

    function: ClassVar[Callable[..., Any]]

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p = p
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """The same shape; in evaluation the input itself."""
        out: Tensor = type(self).function(input, self.p, self.training, self.inplace)
        return out

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_Dropout):
    """Each element 0 with probability `p`, the others divided by ``1 - p`` (Srivastava et al., 2014)."""

    function = staticmethod(layers.dropout)


class Dropout1d(_Dropout):
    """Whole channels of (N, C, L) or (C, L)."""

    function = staticmethod(layers.dropout1d)


class Dropout2d(_Dropout):
    """Whole channels of (N, C, H, W)."""

    function = staticmethod(layers.dropout2d)


class Dropout3d(_Dropout):
    """Whole channels of (N, C, D, H, W) or (C, D, H, W)."""

    function = staticmethod(layers.dropout3d)


class AlphaDropout(_Dropout):
    """Dropout after SELU, which keeps mean 0 and variance 1."""

    function = staticmethod(layers.alpha_dropout)


class FeatureAlphaDropout(_Dropout):
    """AlphaDropout of whole channels: (N, C, ...)."""

    function = staticmethod(layers.feature_alpha_dropout)
