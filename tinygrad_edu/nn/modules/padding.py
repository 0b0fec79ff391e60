"""Layers that put a border around sequences, images and volumes: five kinds of it, in one to three dimensions."""

from __future__ import annotations

from typing import Any, ClassVar

from tinygrad_edu.nn.modules.module import Module
from tinygrad_edu.tensors.grids import pad
from tinygrad_edu.tensors.tensor import Tensor

__all__ = [
    "CircularPad1d", "CircularPad2d", "CircularPad3d", "ConstantPad1d", "ConstantPad2d", "ConstantPad3d",
    "ReflectionPad1d", "ReflectionPad2d", "ReflectionPad3d", "ReplicationPad1d", "ReplicationPad2d",
    "ReplicationPad3d", "ZeroPad1d", "ZeroPad2d", "ZeroPad3d",
]  # fmt: skip


class _Pad(Module):
    """What all share: two widths for each dimension, the last dimension first; one number stands for all."""

    spatial: ClassVar[int]
    mode: ClassVar[str]

    def __init__(self, padding: Any) -> None:
        super().__init__()
        self.padding = _widths(padding, self.spatial)

    def forward(self, input: Tensor) -> Tensor:
        """(N, C, *size) or (C, *size), with the border."""
        padded: Tensor = pad(input, self.padding, self.mode)
        return padded

    def extra_repr(self) -> str:
        return f"{self.padding}"


def _widths(padding: Any, spatial: int) -> tuple[int, ...]:
    widths = (padding,) * (2 * spatial) if isinstance(padding, int) else tuple(padding)
    if len(widths) != 2 * spatial:
        raise ValueError(
            f"padding must be one number or {2 * spatial}, (before, after) of the last dimension first, got {padding}"
        )
    return widths


class _ConstantPad(Module):
    spatial: ClassVar[int]

    def __init__(self, padding: Any, value: float) -> None:
        super().__init__()
        self.padding = _widths(padding, self.spatial)
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        """(N, C, *size) or (C, *size), with the border."""
        padded: Tensor = pad(input, self.padding, "constant", self.value)
        return padded

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


def _family(base: type[Module], name: str, mode: str, what: str) -> list[Any]:
    found = []
    for spatial, shape in ((1, "(N, C, L)"), (2, "(N, C, H, W)"), (3, "(N, C, D, H, W)")):
        text = (
            f"Around {shape} {what}; a negative width takes elements away.\n\n    padding: a number, or {2 * spatial}."
        )
        body = {"spatial": spatial, "mode": mode, "__doc__": text, "__module__": __name__}
        found.append(type(f"{name}{spatial}d", (base,), body))
    return found


ConstantPad1d, ConstantPad2d, ConstantPad3d = _family(_ConstantPad, "ConstantPad", "constant", "copies of a number")
ZeroPad1d, ZeroPad2d, ZeroPad3d = _family(_Pad, "ZeroPad", "constant", "zeros")
ReflectionPad1d, ReflectionPad2d, ReflectionPad3d = _family(
    _Pad, "ReflectionPad", "reflect", "the elements inside, mirrored at the border"
)
ReplicationPad1d, ReplicationPad2d, ReplicationPad3d = _family(_Pad, "ReplicationPad", "replicate", "the border again")
CircularPad1d, CircularPad2d, CircularPad3d = _family(_Pad, "CircularPad", "circular", "the elements of the other end")
