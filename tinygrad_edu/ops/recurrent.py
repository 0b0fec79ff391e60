"""Recurrences over time, a layer and direction in one operation: what each step adds to the step before.

The inputs come in multiplied by their weights already (all steps in one product), so that a step costs one product
of the state. The rules need the states only: the gates are found again from them, for all steps at once, and what
remains to be done step by step is one product and one sum. As a composition of operations a step of an LSTM would be
fourteen nodes, and an index into the inputs would cost as much as all of them.

Shapes: T steps, a batch of B, H units; `projected` (T, B, gates * H), a state (B, H), a weight (gates * H, H).
"""

from __future__ import annotations

from typing import Any

from tinygrad_edu.kernels import kernels
from tinygrad_edu.kernels.choice import worthwhile
from tinygrad_edu.ops.elementwise import tanh
from tinygrad_edu.ops.registry import structured
from tinygrad_edu.ops.shape import cat, reshape, stack, transpose, unsqueeze
from tinygrad_edu.ops.views import beside

__all__ = ["gru_scan", "lstm_scan", "rnn_scan"]


def _samples(gates: int, *kinds: Any, cell: bool = False, bias: bool = False) -> Any:
    """Two and three steps of a batch of two, and a batch of which one ends early."""

    def make_samples(make: Any) -> Any:
        for steps, *params in kinds:
            arrays = [make(steps, 2, gates * 3), make(2, 3), *([make(2, 3)] if cell else []), make(gates * 3, 3)]
            yield (*arrays, *([make(gates * 3)] if bias else [])), tuple(params)

    return make_samples


def _scan(projected: Any, states: tuple[Any, ...], sizes: Any, step: Any) -> Any:
    """The states after each step, side by side: (T, B, H) or, for two of them, (T, B, 2 * H)."""
    found = []
    for t in range(projected.shape[0]):
        states = step(projected[t], *states)
        if sizes is not None and sizes[t] < projected.shape[1]:
            for state in states:
                state[sizes[t] :] = 0  # nothing grows behind the end of a sequence
        found.append(states[0] if len(states) == 1 else kernels.cat(states, 1))
    return kernels.stack(found, 0)


def _sigmoid(x: Any) -> Any:
    """By way of tanh, in a third of the time. (Exact to the step of the type at 1, which is enough for gates.)"""
    return tanh(x * 0.5) * 0.5 + 0.5


def _before(first: Any, states: Any) -> Any:
    """The state that each step begins with."""
    return cat([unsqueeze(first, 0), states[:-1]], 0)


def _alive(g: Any, sizes: Any) -> Any:
    """The gradient without what comes from behind the ends."""
    if sizes is None:
        return g
    steps, batch = g.shape[:2]
    row = beside(kernels.arange(batch), g)
    return g * kernels.stack([row < size for size in sizes[:steps]], 0)[:, :, None]


def _flat(x: Any) -> Any:
    """All steps of all sequences as rows."""
    return reshape(x, (x.shape[0] * x.shape[1], x.shape[2]))


def _product_share(shares: Any, states: Any) -> Any:
    """The gradient of the weight by which `states` are multiplied, summed over all steps."""
    return transpose(_flat(shares), 0, 1) @ _flat(states)


def _in_order(backwards: list[Any]) -> Any:
    return stack(backwards[::-1], 0)


# --- tanh or ReLU ---------------------------------------------------------------------------------------------------


@structured(
    method=False,
    promote="same",
    oracle="",
    samples=_samples(1, (3, "tanh", None), (2, "relu", None), (3, "tanh", (2, 2, 1))),
)
def rnn_scan(projected: Any, hidden: Any, weight: Any, /, nonlinearity: str = "tanh", sizes: Any = None) -> Any:
    """``h = tanh(x + h @ weight.T)`` (or relu) step by step (Elman, 1990): (T, B, H).

    Args:
        sizes: how many sequences of the batch, the longest first, are still running at each step; None for all.
    """
    across = kernels.permute(weight, (1, 0))
    act = kernels.tanh if nonlinearity == "tanh" else kernels.relu
    return _scan(projected, (hidden,), sizes, lambda x, h: (act(x + kernels.matmul(h, across)),))


@rnn_scan.vjp
def _(g: Any, out: Any, projected_shape: Any, hidden: Any, weight: Any, nonlinearity: str, sizes: Any) -> Any:
    g = _alive(g, sizes)
    slope = 1 - out * out if nonlinearity == "tanh" else out > 0
    steps = projected_shape[0]
    found, share = [], g[steps - 1]
    for t in reversed(range(steps)):
        found.append(share * slope[t])
        share = found[-1] @ weight
        if t:
            share = share + g[t - 1]
    shares = _in_order(found)
    return shares, share, lambda: _product_share(shares, _before(hidden, out))


# --- LSTM -----------------------------------------------------------------------------------------------------------


@structured(
    method=False, promote="same", oracle="", samples=_samples(4, (3, None), (1, None), (3, (2, 1, 1)), cell=True)
)
def lstm_scan(projected: Any, hidden: Any, cell: Any, weight: Any, /, sizes: Any = None) -> Any:
    """Long short-term memory (Hochreiter and Schmidhuber, 1997): states and cells after each step, (T, B, 2 * H).

    ``c = f * c + i * g`` and ``h = o * tanh(c)``, where the sums of input and state give the gates i, f, o (sigmoid)
    and the candidate g (tanh), in the order i, f, g, o.
    """
    across = kernels.permute(weight, (1, 0))
    units = hidden.shape[1]
    compiled = worthwhile("lstm_step", hidden.size * 4)

    def step(x: Any, h: Any, c: Any) -> Any:
        sums = kernels.matmul(h, across)
        sums += x
        if compiled is not None:
            both = compiled(sums, c)
            if both is not NotImplemented:
                return both[:, :units], both[:, units:]
        open_, last = _sigmoid(sums[:, : 2 * units]), _sigmoid(sums[:, 3 * units :])
        c = open_[:, units:] * c + open_[:, :units] * kernels.tanh(sums[:, 2 * units : 3 * units])
        return last * kernels.tanh(c), c

    return _scan(projected, (hidden, cell), sizes, step)


@lstm_scan.vjp
def _(g: Any, out: Any, projected: Any, hidden: Any, cell: Any, weight: Any, sizes: Any) -> Any:
    g = _alive(g, sizes)
    steps, batch, units = projected.shape[0], projected.shape[1], hidden.shape[1]
    to_h, to_c = g[:, :, :units], g[:, :, units:]
    states, cells = _before(hidden, out[:, :, :units]), _before(cell, out[:, :, units:])
    compiled = None if hasattr(g, "_record") else worthwhile("lstm_back", hidden.size * 4)
    sums = reshape(_flat(states) @ transpose(weight, 0, 1), projected.shape)
    if compiled is None:
        sums = projected + sums
    else:
        sums += projected
    if compiled is not None:
        walked = _lstm_back_compiled(compiled, sums, cells, out[:, :, units:], to_h, to_c, weight)
        if walked is not None:
            return *walked, lambda: _product_share(walked[0], states)
    i, f = _sigmoid(sums[:, :, :units]), _sigmoid(sums[:, :, units : 2 * units])
    candidate, o = tanh(sums[:, :, 2 * units : 3 * units]), _sigmoid(sums[:, :, 3 * units :])
    shown = tanh(out[:, :, units:])
    # How the sums of the gates move the cell (i, f, candidate) and the state (o), and the cell the state.
    in_cell = cat([candidate * i * (1 - i), cells * f * (1 - f), i * (1 - candidate * candidate)], 2)
    in_cell = reshape(in_cell, (steps, batch, 3, units))
    in_state = shown * o * (1 - o)
    through = o * (1 - shown * shown)
    found, from_h, from_c = [], to_h[steps - 1], to_c[steps - 1]
    for t in reversed(range(steps)):
        from_c = from_c + from_h * through[t]
        moved = reshape(in_cell[t] * unsqueeze(from_c, 1), (batch, 3 * units))
        found.append(cat([moved, from_h * in_state[t]], 1))
        from_h, from_c = found[-1] @ weight, from_c * f[t]
        if t:
            from_h, from_c = from_h + to_h[t - 1], from_c + to_c[t - 1]
    shares = _in_order(found)
    return shares, from_h, from_c, lambda: _product_share(shares, states)


def _lstm_back_compiled(
    kernel: Any, sums: Any, cells: Any, after: Any, to_h: Any, to_c: Any, weight: Any
) -> tuple[Any, Any, Any] | None:
    """The way back through all steps, each in one pass: what goes to the sums, the first state and the first cell."""
    found, from_h, from_c = [], to_h[-1], to_c[-1]
    for t in reversed(range(len(sums))):
        share = kernel(sums[t], cells[t], after[t], from_h, from_c)
        if share is NotImplemented:
            return None
        found.append(share[0])
        from_h, from_c = kernels.matmul(share[0], weight), share[1]
        if t:
            from_h, from_c = from_h + to_h[t - 1], from_c + to_c[t - 1]
    return _in_order(found), from_h, from_c


# --- GRU ------------------------------------------------------------------------------------------------------------


@structured(
    method=False, promote="same", oracle="", samples=_samples(3, (3, None), (1, None), (3, (2, 1, 1)), bias=True)
)
def gru_scan(projected: Any, hidden: Any, weight: Any, bias: Any, /, sizes: Any = None) -> Any:
    """Gated recurrent unit (Cho et al., 2014): (T, B, H).

    ``h = (1 - z) * n + z * h``, where the sums of input and state give the gates r, z (sigmoid), and the candidate is
    ``n = tanh(x + r * (h @ weight.T + bias))``, in the order r, z, n.
    """
    across = kernels.permute(weight, (1, 0))
    units = hidden.shape[1]

    compiled = worthwhile("gru_step", hidden.size * 3)

    def step(x: Any, h: Any) -> Any:
        own = kernels.matmul(h, across) + bias
        if compiled is not None:
            after = compiled(x, own, h)
            if after is not NotImplemented:
                return (after,)
        gates = _sigmoid(x[:, : 2 * units] + own[:, : 2 * units])
        n = kernels.tanh(x[:, 2 * units :] + gates[:, :units] * own[:, 2 * units :])
        return (n + gates[:, units:] * (h - n),)

    return _scan(projected, (hidden,), sizes, step)


@gru_scan.vjp
def _(g: Any, out: Any, projected: Any, hidden: Any, weight: Any, bias: Any, sizes: Any) -> Any:
    g = _alive(g, sizes)
    steps, batch, units = projected.shape[0], projected.shape[1], hidden.shape[1]
    states = _before(hidden, out)
    own = reshape(_flat(states) @ transpose(weight, 0, 1) + bias, projected.shape)
    compiled = None if hasattr(g, "_record") else worthwhile("gru_back", hidden.size * 3)
    if compiled is not None:
        walked = _gru_back_compiled(compiled, projected, own, states, g, weight)
        if walked is not None:
            to_x, shares, share = walked
            return to_x, share, lambda: _product_share(shares, states), lambda: _flat(shares).sum(0)
    r = _sigmoid(projected[:, :, :units] + own[:, :, :units])
    z = _sigmoid(projected[:, :, units : 2 * units] + own[:, :, units : 2 * units])
    own_n = own[:, :, 2 * units :]
    n = tanh(projected[:, :, 2 * units :] + r * own_n)
    # How far the new state moves with the sums of each gate: those of the inputs, and those of the old state.
    by_n = (1 - z) * (1 - n * n)
    gates = [by_n * own_n * r * (1 - r), (states - n) * z * (1 - z)]
    by_input = reshape(cat([*gates, by_n], 2), (steps, batch, 3, units))
    by_own = reshape(cat([*gates, by_n * r], 2), (steps, batch, 3, units))
    arriving, found, share = [], [], g[steps - 1]
    for t in reversed(range(steps)):
        arriving.append(share)
        found.append(reshape(by_own[t] * unsqueeze(share, 1), (batch, 3 * units)))
        share = share * z[t] + found[-1] @ weight
        if t:
            share = share + g[t - 1]
    shares = _in_order(found)

    def to_input() -> Any:
        return reshape(by_input * unsqueeze(_in_order(arriving), 2), projected.shape)

    return to_input, share, lambda: _product_share(shares, states), lambda: _flat(shares).sum(0)


def _gru_back_compiled(
    kernel: Any, projected: Any, own: Any, states: Any, g: Any, weight: Any
) -> tuple[Any, Any, Any] | None:
    """The way back through all steps: what goes to the inputs' sums, the states' sums and the first state."""
    to_x, to_own, from_h = [], [], g[-1]
    for t in reversed(range(len(own))):
        share = kernel(projected[t], own[t], states[t], from_h)
        if share is NotImplemented:
            return None
        to_x.append(share[0])
        to_own.append(share[1])
        from_h = share[2] + kernels.matmul(share[1], weight)
        if t:
            from_h = from_h + g[t - 1]
    return _in_order(to_x), _in_order(to_own), from_h
