"""Transforms made of others: one after the other, sometimes, one of several, in random order.

Chance comes from the default generator, so `manual_seed` repeats it; in the DataLoader's workers each has its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinygrad_edu.nn.modules.module import Module
from tinygrad_edu.tensors import sampling

__all__ = ["Compose", "Lambda", "RandomApply", "RandomChoice", "RandomOrder", "chance", "uniform", "whole"]


def uniform(low: float, high: float) -> float:
    """A number in [low, high)."""
    return float(sampling.uniform(None, (), np.float64, low, high))


def whole(low: int, high: int) -> int:
    """A whole number in [low, high)."""
    return int(sampling.integers(None, (), low, high))


def chance(p: float) -> bool:
    """True with probability p."""
    return uniform(0.0, 1.0) < p


class Compose:
    """Transforms one after the other.

    >>> import tinygrad_edu as tg
    >>> from tinygrad_edu.vision.transforms import Compose, Normalize
    >>> Compose([Normalize([0.5], [0.5]), Lambda(lambda x: x.flatten())])(tg.ones(1, 1, 2))
    tensor([1., 1.])
    """

    def __init__(self, transforms: Sequence[Callable[[Any], Any]]) -> None:
        self.transforms = transforms

    def __call__(self, img: Any) -> Any:
        for transform in self.transforms:
            img = transform(img)
        return img

    def __repr__(self) -> str:
        return _listed(type(self).__name__, self.transforms)


class Lambda:
    """A function as a transform."""

    def __init__(self, lambd: Callable[[Any], Any]) -> None:
        if not callable(lambd):
            raise TypeError(f"Argument lambd should be callable, got {type(lambd).__name__!r}")
        self.lambd = lambd

    def __call__(self, img: Any) -> Any:
        return self.lambd(img)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class RandomApply(Module):
    """All of the transforms with probability `p`, else none."""

    def __init__(self, transforms: Any, p: float = 0.5) -> None:
        super().__init__()
        self.transforms = transforms
        self.p = p

    def forward(self, img: Any) -> Any:
        """The picture, transformed or not."""
        if self.p < uniform(0.0, 1.0):
            return img
        for transform in self.transforms:
            img = transform(img)
        return img

    def __repr__(self) -> str:
        return _listed(type(self).__name__, self.transforms, f"p={self.p}")


class _RandomTransforms:
    def __init__(self, transforms: Sequence[Callable[[Any], Any]]) -> None:
        if not isinstance(transforms, Sequence):
            raise TypeError("Argument transforms should be a sequence")
        self.transforms = transforms

    def __repr__(self) -> str:
        return _listed(type(self).__name__, self.transforms)


class RandomOrder(_RandomTransforms):
    """All transforms, in random order."""

    def __call__(self, img: Any) -> Any:
        for i in sampling.permutation(None, len(self.transforms)).tolist():
            img = self.transforms[i](img)
        return img


class RandomChoice(_RandomTransforms):
    """One of the transforms, with probabilities in proportion to `p` (by default equal)."""

    def __init__(self, transforms: Sequence[Callable[[Any], Any]], p: Sequence[float] | None = None) -> None:
        super().__init__(transforms)
        if p is not None and not isinstance(p, Sequence):
            raise TypeError("Argument p should be a sequence")
        if p is not None and len(p) != len(transforms):
            raise ValueError(f"RandomChoice: {len(transforms)} transforms need as many probabilities, got {len(p)}.")
        self.p = p

    def __call__(self, img: Any) -> Any:
        weights = np.array([1.0] * len(self.transforms) if self.p is None else self.p, np.float64)
        return self.transforms[int(sampling.multinomial(None, weights, 1)[0])](img)

    def __repr__(self) -> str:
        return f"{super().__repr__()}(p={self.p})"


def _listed(name: str, transforms: Any, first: str | None = None) -> str:
    lines = ([first] if first else []) + [f"{transform}" for transform in transforms]
    return "\n".join([f"{name}(", *(f"    {line}" for line in lines), ")"])
