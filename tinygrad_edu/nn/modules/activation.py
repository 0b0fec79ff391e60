"""Activations as modules, made from the table of `nn.functional.activations`."""

from __future__ import annotations

from typing import Any

from tinygrad_edu.nn.functional.activations import ACTIVATIONS, prelu, softmax
from tinygrad_edu.nn.modules.from_table import FromFunction, module_of
from tinygrad_edu.nn.modules.module import Module
from tinygrad_edu.nn.parameter import Parameter
from tinygrad_edu.tensors.creation import full
from tinygrad_edu.tensors.tensor import Tensor

__all__ = [
    "CELU", "ELU", "GELU", "GLU", "Hardshrink", "Hardsigmoid", "Hardswish", "Hardtanh", "LeakyReLU", "LogSigmoid",
    "LogSoftmax", "Mish", "PReLU", "RReLU", "ReLU", "ReLU6", "SELU", "SiLU", "Sigmoid", "Softmax", "Softmax2d",
    "Softmin", "Softplus", "Softshrink", "Softsign", "Tanh", "Tanhshrink", "Threshold",
]  # fmt: skip


def _module(name: str) -> type[FromFunction]:
    return module_of(
        name, ACTIVATIONS[name], __name__, leave=("input", "_stacklevel", "dtype"), prints=name != "Hardsigmoid"
    )


ReLU, ReLU6, LeakyReLU, RReLU = map(_module, ("ReLU", "ReLU6", "LeakyReLU", "RReLU"))
ELU, CELU, SELU, GELU = map(_module, ("ELU", "CELU", "SELU", "GELU"))
SiLU, Mish, Hardswish, GLU, Threshold = map(_module, ("SiLU", "Mish", "Hardswish", "GLU", "Threshold"))
Sigmoid, LogSigmoid, Hardsigmoid = map(_module, ("Sigmoid", "LogSigmoid", "Hardsigmoid"))
Tanh, Tanhshrink, Hardtanh = map(_module, ("Tanh", "Tanhshrink", "Hardtanh"))
Softplus, Softsign = map(_module, ("Softplus", "Softsign"))
Hardshrink, Softshrink = map(_module, ("Hardshrink", "Softshrink"))
Softmax, Softmin, LogSoftmax = map(_module, ("Softmax", "Softmin", "LogSoftmax"))


class PReLU(Module):
    """Leaky ReLU with a slope that is learned: one for all, or one for each channel.

    Args:
        num_parameters: 1, or the number of channels (dimension 1). init: where the slopes begin.
    """

    def __init__(self, num_parameters: int = 1, init: float = 0.25, device: Any = None, dtype: Any = None) -> None:
        super().__init__()
        self.num_parameters = num_parameters
        self.init = init
        self.weight = Parameter(full((num_parameters,), float(init), dtype=dtype, device=device))

    def reset_parameters(self) -> None:
        """The slopes begin again."""
        self.weight.data.fill_(self.init)

    def forward(self, input: Tensor) -> Tensor:
        """(N, C, ...) in the same shape."""
        return prelu(input, self.weight)

    def extra_repr(self) -> str:
        return f"num_parameters={self.num_parameters}"


class Softmax2d(Module):
    """Softmax over the channels at each place: (N, C, H, W) or (C, H, W)."""

    def forward(self, input: Tensor) -> Tensor:
        """The same shape."""
        if input.ndim not in (3, 4):
            raise ValueError(f"Softmax2d: expected input to be 3D or 4D, got {input.ndim}D instead")
        return softmax(input, -3)
