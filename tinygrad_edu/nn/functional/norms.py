"""Normalisations: subtract a mean, divide by a standard deviation, scale and shift; they differ in what is averaged."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygrad_edu.engine.modes import no_grad
from tinygrad_edu.errors import ShapeError
from tinygrad_edu.nn.functional.pooling import avg_pool2d
from tinygrad_edu.ops import standard
from tinygrad_edu.tensors.functions import functional
from tinygrad_edu.tensors.grids import pad
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["batch_norm", "group_norm", "instance_norm", "layer_norm", "local_response_norm", "rms_norm"]

_ = functional  # importing it gives Tensor its methods


def _standardised(input: Tensor, dims: tuple[int, ...], eps: float) -> tuple[Tensor, Tensor, Tensor]:
    """The input less its mean and divided by its deviation over `dims`, and the mean and variance themselves."""
    out, mean, variance = standard.standardised(input, dims, eps)
    return out, mean, variance


def _scaled(out: Tensor, weight: Tensor | None, bias: Tensor | None) -> Tensor:
    if weight is not None:
        out = out * weight
    return out if bias is None else out + bias


def _tensors(name: str, input: Any, **scales: Any) -> None:
    """TypeError where the input is no Tensor, or a scale or shift is neither a Tensor nor None."""
    for argument, value in {"input": input, **scales}.items():
        if not isinstance(value, Tensor) and (value is not None or argument == "input"):
            raise TypeError(f"{name}(): argument '{argument}' must be Tensor, not {type(value).__name__}")


def _last(input: Tensor, normalized_shape: Any, name: str) -> tuple[int, ...]:
    """The dimensions that `normalized_shape` names: the last ones."""
    shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
    if not shape or tuple(input.shape[-len(shape) :]) != shape:
        raise ShapeError(
            f"{name}: Given normalized_shape={list(shape)}, expected input with shape [*, "
            f"{', '.join(map(str, shape))}], but got input of size{list(input.shape)}"
        )
    return tuple(range(-len(shape), 0))


def layer_norm(
    input: Tensor, normalized_shape: Any, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5
) -> Tensor:
    """Each sample by itself, over the last dimensions (Ba et al., 2016)."""
    _tensors("layer_norm", input, weight=weight, bias=bias)
    dims = _last(input, normalized_shape, "layer_norm")
    shape = tuple(input.shape[dims[0] :])
    if weight is not None and bias is not None and tuple(weight.shape) == tuple(bias.shape) == shape:
        scaled: Tensor = standard.layer_norm(input, weight, bias, eps)[0]
        return scaled
    return _scaled(_standardised(input, dims, eps)[0], weight, bias)


def rms_norm(input: Tensor, normalized_shape: Any, weight: Tensor | None = None, eps: float | None = None) -> Tensor:
    """The input divided by its root mean square over the last dimensions (Zhang and Sennrich, 2019).

    Args:
        eps: added to the mean square; by default the smallest step of the dtype at 1.
    """
    _tensors("rms_norm", input, weight=weight)
    dims = _last(input, normalized_shape, "rms_norm")
    if eps is None:
        eps = float(np.finfo(input._data.dtype).eps)
    if weight is not None and weight.dtype is input.dtype:
        scaled: Tensor = standard.rms_norm(input, weight, eps)[0]
        return scaled
    return _scaled(input * ((input * input).mean(dims, True) + eps).rsqrt(), weight, None)


def group_norm(
    input: Tensor, num_groups: int, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5
) -> Tensor:
    """Each sample by itself, over groups of channels: (N, C, ...) (Wu and He, 2018)."""
    _tensors("group_norm", input, weight=weight, bias=bias)
    if input.ndim < 2:
        raise RuntimeError(f"Expected at least 2 dimensions for input tensor but received {input.ndim}")
    samples, channels = input.shape[:2]
    if channels % num_groups:
        raise RuntimeError(
            "Expected number of channels in input to be divisible by num_groups, but got input of shape "
            f"{list(input.shape)} and num_groups={num_groups}"
        )
    if _both(weight, bias, input):
        scaled: Tensor = standard.group_norm(input, weight, bias, num_groups, eps)[0]
        return scaled
    grouped = input.reshape(samples, num_groups, -1)
    out = _standardised(grouped, (-1,), eps)[0].reshape(input.shape)
    return _scaled(out, _per_channel(weight, input.ndim), _per_channel(bias, input.ndim))


def _both(weight: Tensor | None, bias: Tensor | None, input: Tensor) -> bool:
    """Whether there are a weight and a bias for each channel, of the input's dtype: then it is one operation."""
    return all(v is not None and v.dtype is input.dtype and tuple(v.shape) == input.shape[1:2] for v in (weight, bias))


def _per_channel(values: Tensor | None, ndim: int) -> Tensor | None:
    return None if values is None else values.reshape((1, -1) + (1,) * (ndim - 2))


def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Each channel over all samples and places: (N, C, ...) (Ioffe and Szegedy, 2015).

    Args:
        training: use the batch's mean and variance, and move the running ones towards them by `momentum`, in place
            (the variance without bias); otherwise use the running ones.

    Raises:
        ValueError: one value per channel in training; RuntimeError: no running values in evaluation.
    """
    _tensors("batch_norm", input, running_mean=running_mean, running_var=running_var, weight=weight, bias=bias)
    ndim = input.ndim
    count = math.prod(input.shape) // max(input.shape[1], 1)
    if training:
        if count == 1:
            raise ValueError(
                f"Expected more than 1 value per channel when training, got input size {input.shape}: their variance "
                "is 0; use larger batches, or eval()"
            )
        whole = _both(weight, bias, input)
        if whole:
            out, mean, variance = standard.batch_norm(input, weight, bias, eps)
        else:
            out, mean, variance = _standardised(input, tuple(d for d in range(ndim) if d != 1), eps)
        with no_grad():
            for running, new in ((running_mean, mean), (running_var, variance * (count / max(count - 1, 1)))):
                if running is not None:
                    running.mul_(1 - momentum).add_(new.detach().reshape(-1).to(running.dtype) * momentum)
        if whole:
            return out
    else:
        if running_mean is None or running_var is None:
            raise RuntimeError("Expected running_mean and running_var to be defined when training=False")
        spread = (running_var + eps).rsqrt()
        out = (input - _per_channel(running_mean, ndim)) * _per_channel(spread, ndim)
    return _scaled(out, _per_channel(weight, ndim), _per_channel(bias, ndim))


def instance_norm(
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Each channel of each sample by itself: (N, C, ...). Running values are the mean of the samples'."""
    if not use_input_stats:
        return batch_norm(input, running_mean, running_var, weight, bias, False, momentum, eps)
    ndim, count = input.ndim, math.prod(input.shape[2:])
    if count == 1:
        raise ValueError(f"Expected more than 1 spatial element when training, got input size {input.shape}")
    out, mean, variance = _standardised(input, tuple(range(2, ndim)), eps)
    with no_grad():
        for running, new in ((running_mean, mean), (running_var, variance * (count / max(count - 1, 1)))):
            if running is not None:
                running.mul_(1 - momentum).add_(new.detach().mean(0).reshape(-1) * momentum)
    return _scaled(out, _per_channel(weight, ndim), _per_channel(bias, ndim))


def local_response_norm(input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Tensor:
    """Divided by what `size` neighbouring channels have at the same place: (N, C, ...).

    ``input / (k + alpha * mean of their squares) ** beta`` (Krizhevsky et al., AlexNet, 2012, section 3.3).
    """
    if input.ndim < 3:
        raise ValueError(
            f"Expected 3D or higher dimensionality input (got {input.ndim} dimensions): (N, C, ...) with places"
        )
    if input.numel() == 0:
        return input
    samples, channels = input.shape[:2]
    squares = (input * input).reshape(samples, 1, channels, -1)
    around = pad(squares, (0, 0, size // 2, (size - 1) // 2))
    mean = avg_pool2d(around, (size, 1), stride=1).reshape(input.shape)
    return input / (mean * alpha + k).pow(beta)
