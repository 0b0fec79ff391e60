"""Images, sequences and volumes made larger or smaller, and the transpose of that, which is the derivative."""

from __future__ import annotations

from typing import Any

from tinygrad_edu.errors import DTypeError
from tinygrad_edu.kernels import kernels
from tinygrad_edu.ops.registry import cases, structured

__all__ = ["resample", "resample_back"]


def _name(node: Any) -> str:
    places, (mode, *_) = node.params
    count = len(places)
    if mode == "linear":
        return f"Upsample{('Linear', 'Bilinear', 'Trilinear')[count - 1]}{count}DBackward0"
    words = {"nearest": "Nearest", "nearest-exact": "NearestExact", "cubic": "Bicubic"}
    return f"Upsample{words[mode]}{count}DBackward0"


@structured(
    method=False,
    oracle="",
    label="resample",
    grad_name=_name,
    samples=cases(
        ([(1, 2, 3)], ((5,), ("linear", False, (None,)))),
        ([(1, 1, 4)], ((3,), ("linear", True, (None,)))),
        ([(2, 1, 2, 3)], ((4, 2), ("nearest", False, (None, None)))),
        ([(1, 1, 3, 3)], ((5, 2), ("cubic", False, (None, None)))),
    ),
)
def resample(input: Any, /, places: Any, how: Any) -> Any:
    """(N, C, *size) gives (N, C, *places).

    Args:
        how: the mode ("nearest", "nearest-exact", "linear", "cubic"), whether the corners' centres coincide, and for
            each dimension by how much it grows, or None for what the sizes say.
    """
    if input.dtype.kind != "f" and not how[0].startswith("nearest"):
        raise DTypeError(f"interpolate: mode {how[0]!r} is not implemented for {input.dtype}: convert with .float()")
    return kernels.resample(input, places, how)


@resample.vjp
def _(g: Any, _out: Any, input_shape: Any, _places: Any, how: Any) -> Any:
    return resample_back(g, tuple(input_shape[2:]), how)


@structured(method=False, oracle="", samples=cases(([(1, 1, 4, 2)], ((2, 3), ("linear", False, (None, 2))))))
def resample_back(input: Any, /, size: Any, how: Any) -> Any:
    """Each element given back to those of `size` that it was made of: the transpose of :func:`resample`."""
    return kernels.resample_back(input, size, how)


@resample_back.vjp
def _(g: Any, _out: Any, input_shape: Any, _size: Any, how: Any) -> Any:
    return resample(g, tuple(input_shape[2:]), how)
