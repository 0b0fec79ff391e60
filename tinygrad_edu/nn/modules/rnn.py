"""Recurrent networks: layers over layers, in one or both directions of time; `RNN`, `LSTM`, `GRU` differ in a step."""

from __future__ import annotations

import math
import warnings
from typing import Any

from tinygrad_edu.nn import init
from tinygrad_edu.nn.functional.layers import dropout
from tinygrad_edu.nn.functional.recurrent import GATES, Weights, recurrent_layer
from tinygrad_edu.nn.modules.cells import GRUCell, LSTMCell, RNNCell, RNNCellBase
from tinygrad_edu.nn.modules.module import Module
from tinygrad_edu.nn.parameter import Parameter
from tinygrad_edu.nn.utils.rnn import PackedSequence, lengths_of, places, unpacked
from tinygrad_edu.tensors.creation import empty, zeros
from tinygrad_edu.tensors.functions import cat, stack
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["GRU", "LSTM", "RNN", "GRUCell", "LSTMCell", "RNNBase", "RNNCell", "RNNCellBase"]


def _check(name: str, value: Any, kind: type) -> None:
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise TypeError(f"{name} should be of type {kind.__name__}, got: {type(value).__name__}")


class RNNBase(Module):
    """What the three kinds share: their parameters, their layers and directions, and the shapes they take.

    A layer has the parameters ``weight_ih_l0`` (gates * H, in), ``weight_hh_l0`` (gates * H, H), ``bias_ih_l0``,
    ``bias_hh_l0`` (gates * H), of the next layers ``_l1`` and so on, of the backward direction with ``_reverse``; all
    begin as uniform draws from ±1 / sqrt(hidden_size).

    Raises:
        TypeError, ValueError: an argument of the wrong type or out of its range.
    """

    def __init__(
        self,
        mode: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if isinstance(dropout, bool) or not isinstance(dropout, (int, float)) or not 0 <= dropout <= 1:
            raise ValueError(
                "dropout should be a number in range [0, 1] representing the probability of an element being zeroed, "
                f"got {dropout!r}"
            )
        if dropout > 0 and num_layers == 1:
            warnings.warn(
                "dropout option adds dropout after all but last recurrent layer, so non-zero dropout expects "
                f"num_layers greater than 1, but got dropout={dropout} and num_layers={num_layers}",
                stacklevel=3,
            )
        _check("bias", bias, bool)
        _check("batch_first", batch_first, bool)
        for name, size in (("input_size", input_size), ("hidden_size", hidden_size), ("num_layers", num_layers)):
            _check(name, size, int)
            if size <= 0:
                raise ValueError(f"{name} must be greater than zero, got {size}")
        if proj_size < 0:
            raise ValueError("proj_size should be a positive integer or zero to disable projections")
        if proj_size >= hidden_size:
            raise ValueError(f"proj_size has to be smaller than hidden_size, got {proj_size} and {hidden_size}")
        if mode not in GATES:
            raise ValueError(f"Unrecognized RNN mode: {mode}")
        self.mode = mode
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = float(dropout)
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        shown = proj_size or hidden_size
        self._all_weights: list[list[str]] = []
        for number, ending in enumerate(self._endings()):
            inside = input_size if number < self._directions else shown * self._directions
            shapes: dict[str, tuple[int, ...]] = {
                "weight_ih": (GATES[mode] * hidden_size, inside),
                "weight_hh": (GATES[mode] * hidden_size, shown),
            }
            if bias:
                shapes |= {"bias_ih": (GATES[mode] * hidden_size,), "bias_hh": (GATES[mode] * hidden_size,)}
            if proj_size:
                shapes["weight_hr"] = (proj_size, hidden_size)
            for name, shape in shapes.items():
                self.register_parameter(name + ending, Parameter(empty(shape, device=device, dtype=dtype)))
            self._all_weights.append([name + ending for name in shapes])
        self.reset_parameters()

    @property
    def _directions(self) -> int:
        return 2 if self.bidirectional else 1

    def _endings(self) -> list[str]:
        """What the names of the parameters of each layer and direction end in."""
        backward = ("", "_reverse")[: self._directions]
        return [f"_l{layer}{direction}" for layer in range(self.num_layers) for direction in backward]

    def reset_parameters(self) -> None:
        """All parameters begin again."""
        bound = 1.0 / math.sqrt(self.hidden_size)
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def flatten_parameters(self) -> None:
        """Nothing: PyTorch puts the weights side by side for a library on the GPU; here each is used where it is."""

    @property
    def all_weights(self) -> list[list[Parameter]]:
        """The parameters of each layer and direction."""
        return [[getattr(self, name) for name in names] for names in self._all_weights]

    def _weights(self, ending: str) -> Weights:
        found: list[Any] = [getattr(self, name + ending, None) for name in Weights._fields]
        return Weights(*found)

    def extra_repr(self) -> str:
        text = f"{self.input_size}, {self.hidden_size}"
        usual = {
            "proj_size": 0, "num_layers": 1, "bias": True, "batch_first": False, "dropout": 0.0, "bidirectional": False,
        }  # fmt: skip
        return text + "".join(f", {n}={getattr(self, n)}" for n, value in usual.items() if getattr(self, n) != value)

    # --- what goes in ----------------------------------------------------------------------------------------------

    def _check_input(self, input: Tensor, ndim: int) -> None:
        weight = getattr(self, self._all_weights[0][0])
        if input.dtype is not weight.dtype:
            raise ValueError(
                f"RNN input dtype ({input.dtype}) does not match weight dtype ({weight.dtype}). Convert input: "
                f"input.to({weight.dtype}), or convert model: model.to({input.dtype})"
            )
        if input.ndim != ndim:
            raise RuntimeError(f"input must have {ndim} dimensions, got {input.ndim}")
        if input.shape[-1] != self.input_size:
            raise RuntimeError(
                f"input.size(-1) must be equal to input_size. Expected {self.input_size}, got {input.shape[-1]}"
            )

    def _state_sizes(self) -> tuple[int, ...]:
        return (self.proj_size or self.hidden_size,) + ((self.hidden_size,) if self.mode == "LSTM" else ())

    def _begin(self, hx: Any, batch: int, batched: bool, like: Tensor, order: Tensor | None) -> list[Tensor]:
        """The states (layers * directions, B, size) before the first step; 0 if they are not given."""
        layers = self.num_layers * self._directions
        shapes = [(layers, batch, size) for size in self._state_sizes()]
        if hx is None:
            return [zeros(*shape, dtype=like.dtype, device=like.device) for shape in shapes]
        lstm = self.mode == "LSTM"
        given = list(hx) if lstm else [hx]
        if lstm and len(given) != 2:
            raise ValueError(f"LSTM: hx is the pair of states (h_0, c_0), got {len(given)} of them")
        ndim, kind = (3, "batched 3-D") if batched else (2, "unbatched 2-D")
        if any(state.ndim != ndim for state in given):
            what = "hx and cx should" if lstm else "hx should"
            got = ", ".join(f"{state.ndim}-D" for state in given)
            found = f"({got}) tensors" if lstm else f"{got} tensor"
            raise RuntimeError(f"For {kind} input, {what} also be {ndim}-D but got {found}")
        if not batched:
            given = [state.unsqueeze(1) for state in given]
        for i, (state, shape) in enumerate(zip(given, shapes, strict=True)):
            if tuple(state.shape) != shape:
                which = f"hidden[{i}]" if lstm else "hidden"
                raise RuntimeError(f"Expected {which} size {shape}, got {list(state.shape)}")
        return given if order is None else [state[:, order] for state in given]

    # --- what is computed ------------------------------------------------------------------------------------------

    def _run(self, x: Tensor, begin: list[Tensor], lengths: Any) -> tuple[Tensor, list[Tensor]]:
        """(T, B, in) through all layers: the last one's states, and for each kind of state all those at the end."""
        finals: list[tuple[Tensor, ...]] = []
        endings = self._endings()
        for layer in range(self.num_layers):
            if layer and self.dropout:
                x = dropout(x, self.dropout, self.training)
            outs = []
            for direction in range(self._directions):
                number = layer * self._directions + direction
                states = tuple(state[number] for state in begin)
                out, final = recurrent_layer(
                    self.mode, x, states, self._weights(endings[number]), lengths, direction == 1
                )
                outs.append(out)
                finals.append(final)
            x = outs[0] if len(outs) == 1 else cat(outs, 2)
        return x, [stack(kind, 0) for kind in zip(*finals, strict=True)]

    def forward(self, input: Any, hx: Any = None) -> tuple[Any, Any]:
        """Run over sequences.

        Args:
            input: (T, B, input_size); (B, T, input_size) with `batch_first`; (T, input_size) without a batch; or a
                PackedSequence.
            hx: the states at the beginning, (num_layers * directions, B, hidden_size); of an LSTM the pair of states
                and cells. By default 0.

        Returns:
            The last layer's states at all steps, laid out as the input, of both directions side by side; and the
            states of all layers at the end, laid out as `hx`.

        Raises:
            ValueError: an input of another rank or dtype; RuntimeError: of other sizes.
        """
        packed = isinstance(input, PackedSequence)
        order = unsorted = lengths = None
        batched = True
        if packed:
            data, sizes, order, unsorted = input
            self._check_input(data, 2)
            lengths = lengths_of(sizes)
            x = unpacked(data, sizes, len(sizes))
        else:
            if input.ndim not in (2, 3):
                raise ValueError(f"{self._kind}: Expected input to be 2D or 3D, got {input.ndim}D instead")
            batched = input.ndim == 3
            x = input if batched else input.unsqueeze(1)
            if batched and self.batch_first:
                x = x.transpose(0, 1)
            self._check_input(x, 3)
            if not x.shape[0]:
                raise RuntimeError("Expected sequence length to be larger than 0 in RNN")
        out: Any
        out, finals = self._run(x, self._begin(hx, x.shape[1], batched, x, order), lengths)
        if packed:
            out = PackedSequence(out[places(sizes)], sizes, order, unsorted)
        elif not batched:
            out, finals = out.squeeze(1), [state.squeeze(1) for state in finals]
        elif self.batch_first:
            out = out.transpose(0, 1)
        if unsorted is not None:
            finals = [state[:, unsorted] for state in finals]
        return out, tuple(finals) if self.mode == "LSTM" else finals[0]

    @property
    def _kind(self) -> str:
        return self.mode.partition("_")[0]


class RNN(RNNBase):
    """``h = tanh(x @ W_ih.T + b_ih + h @ W_hh.T + b_hh)`` at each step, or with relu (Elman, 1990).

    >>> import tinygrad_edu as tg
    >>> net = tg.nn.RNN(3, 5, num_layers=2, batch_first=True)
    >>> out, h = net(tg.zeros(4, 7, 3)); out.shape, h.shape
    (torch.Size([4, 7, 5]), torch.Size([2, 4, 5]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: Any = None,
        **rest: Any,
    ) -> None:
        _no_projection(rest, type(self).__name__)
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'.")
        mode = f"RNN_{nonlinearity.upper()}"
        super().__init__(
            mode, input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, 0, device, dtype
        )
        self.nonlinearity = nonlinearity


class LSTM(RNNBase):
    """Long short-term memory (Hochreiter and Schmidhuber, 1997): a cell that is kept, added to, and shown by gates.

    Args:
        proj_size: make the states shorter, by a product with ``weight_hr_l0`` (proj_size, hidden_size)
            (Sak et al., 2014); the cells keep hidden_size.

    >>> import tinygrad_edu as tg
    >>> out, (h, c) = tg.nn.LSTM(3, 5, bidirectional=True)(tg.zeros(7, 4, 3)); out.shape, h.shape
    (torch.Size([7, 4, 10]), torch.Size([2, 4, 5]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            "LSTM", input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, proj_size, device,
            dtype,
        )  # fmt: skip


class GRU(RNNBase):
    """Gated recurrent unit (Cho et al., 2014): ``h = (1 - z) * n + z * h``, n made of what gate r lets through.

    >>> import tinygrad_edu as tg
    >>> out, h = tg.nn.GRU(3, 5)(tg.zeros(7, 3)); out.shape, h.shape
    (torch.Size([7, 5]), torch.Size([1, 5]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: Any = None,
        **rest: Any,
    ) -> None:
        _no_projection(rest, type(self).__name__)
        super().__init__(
            "GRU", input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, 0, device, dtype
        )


def _no_projection(rest: dict[str, Any], name: str) -> None:
    if "proj_size" in rest:
        raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
    if rest:
        raise TypeError(f"{name}.__init__() got an unexpected keyword argument {next(iter(rest))!r}")
