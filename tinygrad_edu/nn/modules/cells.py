"""One step of a recurrent network as a layer: for loops over time that you write yourself."""

from __future__ import annotations

import math
from typing import Any

from tinygrad_edu.nn import init
from tinygrad_edu.nn.functional.recurrent import Weights, recurrent_step
from tinygrad_edu.nn.modules.module import Module
from tinygrad_edu.nn.parameter import Parameter
from tinygrad_edu.tensors.creation import empty, zeros
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["GRUCell", "LSTMCell", "RNNCell", "RNNCellBase"]


class RNNCellBase(Module):
    """What the three cells share: their parameters and their shapes.

    ``weight_ih`` (gates * H, in), ``weight_hh`` (gates * H, H), ``bias_ih`` and ``bias_hh`` (gates * H) begin as
    uniform draws from ±1 / sqrt(hidden_size).
    """

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool, num_chunks: int, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bias = bias
        rows = num_chunks * hidden_size
        self.weight_ih = Parameter(empty((rows, input_size), device=device, dtype=dtype))
        self.weight_hh = Parameter(empty((rows, hidden_size), device=device, dtype=dtype))
        for name in ("bias_ih", "bias_hh"):
            self.register_parameter(name, Parameter(empty(rows, device=device, dtype=dtype)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """All parameters begin again."""
        bound = 1.0 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def extra_repr(self) -> str:
        text = f"{self.input_size}, {self.hidden_size}"
        if self.bias is not True:
            text += f", bias={self.bias}"
        nonlinearity = getattr(self, "nonlinearity", "tanh")
        return text if nonlinearity == "tanh" else f"{text}, nonlinearity={nonlinearity}"

    def _step(self, mode: str, input: Tensor, states: tuple[Tensor, ...] | None, names: Any) -> tuple[Tensor, ...]:
        """The new states; states of 0 where there are none, and a batch of one where there is no batch."""
        kind = type(self).__name__
        if input.ndim not in (1, 2):
            raise ValueError(f"{kind}: Expected input to be 1D or 2D, got {input.ndim}D instead")
        for name, state in zip(names, states or (), strict=False):
            if state.ndim not in (1, 2):
                raise ValueError(f"{kind}: Expected {name} to be 1D or 2D, got {state.ndim}D instead")
        batched = input.ndim == 2
        rows = input if batched else input.unsqueeze(0)
        if rows.shape[1] != self.input_size:
            raise RuntimeError(
                f"input has inconsistent input_size: got {rows.shape[1]} expected {self.input_size}: {kind} takes "
                f"(batch, {self.input_size}), got {tuple(input.shape)}"
            )
        if states is None:
            states = tuple(zeros(rows.shape[0], self.hidden_size, dtype=rows.dtype, device=rows.device) for _ in names)
        elif not batched:
            states = tuple(state.unsqueeze(0) if state.ndim == 1 else state for state in states)
        for i, state in enumerate(states):
            if state.shape[0] != rows.shape[0]:
                raise RuntimeError(
                    f"Input batch size {rows.shape[0]} doesn't match hidden{i} batch size {state.shape[0]}"
                )
            if state.ndim != 2 or state.shape[1] != self.hidden_size:
                raise RuntimeError(
                    f"hidden{i} has inconsistent hidden_size: got {state.shape[-1]}, expected {self.hidden_size}"
                )
        weights = Weights(self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)
        found = recurrent_step(mode, rows, states, weights)
        return found if batched else tuple(state.squeeze(0) for state in found)


class RNNCell(RNNCellBase):
    """``tanh(x @ W_ih.T + b_ih + h @ W_hh.T + b_hh)``, or relu: (B, input_size) and h (B, hidden_size)."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 1, device, dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        """The state after one step; `hx` is the one before, by default 0."""
        if self.nonlinearity not in ("tanh", "relu"):
            raise RuntimeError(f"Unknown nonlinearity: {self.nonlinearity}: 'tanh' and 'relu' are known")
        mode = f"RNN_{self.nonlinearity.upper()}"
        return self._step(mode, input, None if hx is None else (hx,), ("hidden",))[0]


class LSTMCell(RNNCellBase):
    """One step of an LSTM: (B, input_size), and state and cell (B, hidden_size).

    >>> import tinygrad_edu as tg
    >>> cell = tg.nn.LSTMCell(3, 5)
    >>> h, c = cell(tg.zeros(4, 3)); h, c = cell(tg.ones(4, 3), (h, c)); h.shape
    torch.Size([4, 5])
    """

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 4, device, dtype)

    def forward(self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, Tensor]:
        """State and cell after one step; `hx` has those before, by default 0."""
        h, c = self._step("LSTM", input, None if hx is None else tuple(hx), ("hx[0]", "hx[1]"))
        return h, c


class GRUCell(RNNCellBase):
    """One step of a GRU: (B, input_size) and h (B, hidden_size)."""

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 3, device, dtype)

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        """The state after one step; `hx` is the one before, by default 0."""
        return self._step("GRU", input, None if hx is None else (hx,), ("hidden",))[0]
