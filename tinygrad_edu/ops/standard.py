"""Standardising, which all normalisations share: less the mean, divided by the standard deviation."""

from __future__ import annotations

from typing import Any

from tinygrad_edu.kernels import kernels
from tinygrad_edu.ops.elementwise import rsqrt
from tinygrad_edu.ops.reduce import axes, mean, sum
from tinygrad_edu.ops.registry import cases, structured
from tinygrad_edu.ops.shape import reshape, sum_to


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
def _(g: Any, out_rest: Any, input: Any, weight: Any, bias_shape: Any, eps: float) -> Any:
    if not hasattr(g, "_record"):
        return kernels.layer_norm_back(g, input, out_rest[1], out_rest[2], weight, eps)
    ndim = len(input.shape)
    dims = tuple(range(ndim - len(weight.shape), ndim))
    share, whole = _back(g * weight, input, dims, eps)
    return share, sum_to(g * whole, weight.shape), sum_to(g, bias_shape)


def _per_channel(values: Any, ndim: int) -> Any:
    return reshape(values, (1, -1, *(1,) * (ndim - 2)))


def _other_dims(ndim: int) -> tuple[int, ...]:
    """All dimensions but that of the channels."""
    return (0, *range(2, ndim))


@structured(
    method=False,
    promote="same",
    grad_name="NativeBatchNormBackward0",
    oracle="",
    samples=cases(([(3, 2), (2,), (2,)], (0.1,)), ([(2, 3, 2), (3,), (3,)], (1e-2,))),
)
def batch_norm(input: Any, weight: Any, bias: Any, /, eps: float) -> Any:
    """Each channel (dimension 1) standardised over the others, times its weight, plus its bias; means and variances."""
    return kernels.batch_norm(input, weight, bias, eps)


@batch_norm.vjp
def _(g: Any, out_rest: Any, input: Any, weight: Any, _bias: Any, eps: float) -> Any:
    if not hasattr(g, "_record"):
        return kernels.batch_norm_back(input, g, out_rest[1], out_rest[2], weight, eps)
    ndim = len(input.shape)
    dims = _other_dims(ndim)
    share, whole = _back(g * _per_channel(weight, ndim), input, dims, eps)
    return share, sum(g * whole, dims), sum(g, dims)


@structured(
    method=False,
    promote="same",
    grad_name="NativeGroupNormBackward0",
    oracle="",
    samples=cases(([(2, 4), (4,), (4,)], (2, 0.1)), ([(2, 4, 3), (4,), (4,)], (2, 1e-2))),
)
def group_norm(input: Any, weight: Any, bias: Any, /, groups: int, eps: float) -> Any:
    """Groups of channels of each sample standardised, times the channels' weights, plus their biases."""
    return kernels.group_norm(input, weight, bias, groups, eps)


@group_norm.vjp
def _(g: Any, out_rest: Any, input: Any, weight: Any, _bias: Any, groups: int, eps: float) -> Any:
    if not hasattr(g, "_record"):
        return kernels.group_norm_back(input, g, out_rest[1], out_rest[2], weight, eps)
    shape, ndim = tuple(input.shape), len(input.shape)
    grouped = (shape[0], groups, -1)
    share, whole = _back(reshape(g * _per_channel(weight, ndim), grouped), reshape(input, grouped), (2,), eps)
    dims = _other_dims(ndim)
    return reshape(share, shape), sum(g * reshape(whole, shape), dims), sum(g, dims)


@structured(
    method=False,
    promote="same",
    grad_name="MulBackward0",
    oracle="",
    samples=cases(([(2, 4), (4,)], (0.1,)), ([(2, 3, 2), (3, 2)], (1e-2,))),
)
def rms_norm(input: Any, weight: Any, /, eps: float) -> Any:
    """The input divided by its root mean square over the last dimensions, those of the weight, times the weight."""
    return kernels.rms_norm(input, weight, eps)


@rms_norm.vjp
def _(g: Any, out_rest: Any, input: Any, weight: Any, eps: float) -> Any:
    if not hasattr(g, "_record"):
        return kernels.rms_norm_back(input, g, out_rest[1], weight)
    ndim = len(input.shape)
    dims = tuple(range(ndim - len(weight.shape), ndim))
    scale = rsqrt(mean(input * input, dims, True) + eps)
    whole, scaled = input * scale, g * weight
    return (scaled - whole * mean(scaled * whole, dims, True)) * scale, sum_to(g * whole, weight.shape)
