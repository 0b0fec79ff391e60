"""Standardising, which all normalisations share: less the mean, divided by the standard deviation."""

from __future__ import annotations

from typing import Any

from tinygrad_edu.kernels import kernels
from tinygrad_edu.ops.elementwise import rsqrt
from tinygrad_edu.ops.reduce import axes, mean
from tinygrad_edu.ops.registry import cases, structured
from tinygrad_edu.ops.shape import sum_to


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
    return _back(g, input, dims, eps)[0]


def _back(g: Any, input: Any, dims: Any, eps: float) -> tuple[Any, Any]:
    """The gradient of the input, and what it is standardised; recorded, so that both can be differentiated again."""
    apart = input - mean(input, dims, True)
    scale = rsqrt(mean(apart * apart, dims, True) + eps)
    whole = apart * scale
    return (g - mean(g, dims, True) - whole * mean(g * whole, dims, True)) * scale, whole


@structured(
    method=False,
    promote="same",
    grad_name="NativeLayerNormBackward0",
    oracle="",
    samples=cases(([(2, 4), (4,), (4,)], (0.1,)), ([(2, 3, 2), (3, 2), (3, 2)], (1e-2,))),
)
def layer_norm(input: Any, weight: Any, bias: Any, /, eps: float) -> Any:
    """The input standardised over its last dimensions, those of the weight, times the weight, plus the bias."""
    return kernels.layer_norm(input, weight, bias, eps)


@layer_norm.vjp
def _(g: Any, out: Any, input: Any, weight: Any, bias_shape: Any, eps: float) -> Any:
    if not hasattr(g, "_record"):
        return kernels.layer_norm_back(g, input, out[1], out[2], weight, eps)
    ndim = len(input.shape)
    dims = tuple(range(ndim - len(weight.shape), ndim))
    share, whole = _back(g * weight, input, dims, eps)
    return share, sum_to(g * whole, weight.shape), sum_to(g, bias_shape)
