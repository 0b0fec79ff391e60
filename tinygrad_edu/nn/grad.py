"""The gradients of convolutions as functions: what backward computes, to be looked at and called by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tinygrad_edu.nn.functional.convolution import spread
from tinygrad_edu.ops import convolution as ops
from tinygrad_edu.tensors.record import record
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["conv1d_input", "conv1d_weight", "conv2d_input", "conv2d_weight", "conv3d_input", "conv3d_weight"]


def _how(spatial: int, name: str, stride: Any, padding: Any, dilation: Any, groups: int) -> tuple[Any, ...]:
    given = (("stride", stride), ("padding", padding), ("dilation", dilation))
    return (*(spread(value, spatial, name, what) for what, value in given), groups)


def _to_input(spatial: int) -> Callable[..., Tensor]:
    name = f"conv{spatial}d_input"

    def gradient(
        input_size: Any,
        weight: Tensor,
        grad_output: Tensor,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
    ) -> Tensor:
        how = _how(spatial, name, stride, padding, dilation, groups)
        found: Tensor = record(ops.convolution_input, (grad_output, weight), (tuple(input_size)[2:], *how))
        return found

    return _named(gradient, name, "input", "input_size: the shape of the input, (N, C, *size).")


def _to_weight(spatial: int) -> Callable[..., Tensor]:
    name = f"conv{spatial}d_weight"

    def gradient(
        input: Tensor,
        weight_size: Any,
        grad_output: Tensor,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
    ) -> Tensor:
        how = _how(spatial, name, stride, padding, dilation, groups)
        found: Tensor = record(ops.convolution_weight, (grad_output, input), (tuple(weight_size)[2:], *how))
        return found

    return _named(gradient, name, "weight", "weight_size: the shape of the weight, (out, in / groups, *kernel).")


def _named(function: Callable[..., Tensor], name: str, what: str, argument: str) -> Callable[..., Tensor]:
    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"""The gradient of {name.partition("_")[0]} with respect to its {what}.

    Args:
        {argument}
        grad_output: the gradient with respect to the result, (N, out, *places).
    """
    return function


conv1d_input, conv2d_input, conv3d_input = map(_to_input, (1, 2, 3))
conv1d_weight, conv2d_weight, conv3d_weight = map(_to_weight, (1, 2, 3))
