"""Standardising, which all normalisations share: less the mean, divided by the standard deviation."""

from __future__ import annotations

from typing import Any

from tinygrad_edu.kernels import kernels
from tinygrad_edu.ops.elementwise import rsqrt
from tinygrad_edu.ops.reduce import axes, mean
from tinygrad_edu.ops.registry import cases, structured


@structured(
    method=False,
    promote="floating",
    grad_name="NativeLayerNormBackward0",
    oracle="",
    samples=cases(([(2, 4)], ((1,), 0.1)), ([(3, 2)], ((0,), 1e-5)), ([(2, 3, 2)], ((0, -1), 0.01))),
)
def standardised(input: Any, /, dims: Any, eps: float) -> Any:
    """``(x - mean) / sqrt(variance + eps)`` over `dims`; and the mean and the variance, with dimensions of size 1.

    The variance is that of the elements themselves, not an estimate for a population: it is divided by their number.
    """
    return kernels.standardised(input, axes(dims, input.ndim, "standardised"), eps)


@standardised.vjp
def _(g: Any, out: Any, input: Any, dims: Any, eps: float) -> Any:
    if not hasattr(g, "_record"):
        return kernels.standardised_back(g, out[0], out[2], axes(dims, g.ndim, "standardised"), eps)
    apart = input - mean(input, dims, True)
    scale = rsqrt(mean(apart * apart, dims, True) + eps)
    whole = apart * scale
    return (g - mean(g, dims, True) - whole * mean(g * whole, dims, True)) * scale
