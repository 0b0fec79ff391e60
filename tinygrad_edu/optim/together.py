"""Which parameters an optimizer steps together: small ones lie one behind the other in memory, as one long parameter.

A formula over ten elements costs as much as one over a thousand: what takes the time is calling NumPy. A formula that
treats every element by itself (`Optimizer.elementwise`) gives the same bits for many small parameters in a row as for
each alone. So their state is kept in one array, of which each parameter's state is a piece; parameters and gradients
are copied behind each other for the step.
"""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from operator import is_
from typing import Any

import numpy as np

from tinygrad_edu.kernels import devices
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["COUNTERS", "Alone", "Packed", "Plan", "Unit", "call", "turn"]

# State that is a number of float32 whatever the parameter's dtype, as in PyTorch.
COUNTERS = ("step", "mu_product")
SMALL = 1 << 13  # elements of a parameter: above, copying costs more than a call
TOGETHER = 1 << 15  # elements of parameters that are packed: their arrays stay in the second cache

Array = Any
States = MutableMapping[Any, dict[str, Any]]


class Alone:
    """A parameter that is stepped by itself."""

    def __init__(self, param: Tensor) -> None:
        self.owner = param
        self.param: Array
        self.grad: Array
        self.state: dict[str, Array]

    def collect(self, states: States, maximize: bool) -> bool:
        """Look up this step's arrays; False if it cannot be done in this way any more."""
        grad: Any = self.owner.grad
        grad, held = grad._array(), states.get(self.owner)
        self.param, self.grad = self.owner._array(), -grad if maximize and not hasattr(grad, "block") else grad
        self.state = {name: tensor._array() for name, tensor in held.items()} if held else {}
        return True

    def finish(self, states: States) -> None:
        """After the formula: keep state that is new, and tell the graph that the parameter has changed."""
        held = states.get(self.owner)
        if len(self.state) != len(held or ()):
            held = states[self.owner]
            for name, array in self.state.items():
                if name not in held:
                    held[name] = Tensor._wrap(array)  # shares the memory: the next step finds what this one wrote
        del self.grad  # its memory is free as soon as the parameter lets go of it, not in the next step only
        self.owner._counter[0] += 1  # a graph that saved the parameter's old value now notices


class Packed:
    """Small parameters, stepped as one. `param`, `grad` and the arrays in `state` have one dimension."""

    def __init__(self, params: Sequence[Tensor]) -> None:
        self.owners = list(params)
        self.datas = [param._data for param in params]
        self.flat = [data.reshape(-1) for data in self.datas]  # views: these are contiguous
        self.bounds = np.cumsum([0, *(data.size for data in self.datas)]).tolist()
        self.param = np.concatenate(self.flat)
        self.grad = np.empty_like(self.param)
        self.pieces = self._pieces(self.param)
        self.state: dict[str, Array] = {}
        self.numbers: dict[str, Array] = {}  # a counter of each parameter, where the formula sees one for all
        self.held: list[dict[str, Any] | None] = []
        self.places: list[tuple[dict[str, Any], str, Tensor, Array]] = []  # where each piece of the state is found

    def _pieces(self, flat: Array) -> list[Array]:
        ends = zip(self.bounds, self.bounds[1:], self.datas, strict=False)
        return [flat[begin:end].reshape(data.shape) for begin, end, data in ends]

    def adopt(self, states: States) -> bool:
        """Bring the state that there is into pieces of one array; False, and nothing is changed, if it is not alike."""
        held = [states.get(param) for param in self.owners]
        names = list(held[0] or ())
        found: dict[str, list[Array]] = {}
        for name in names:
            tensors = [entries.get(name) if entries else None for entries in held]
            if not all(isinstance(t, Tensor) and t._base is None and t._node is None for t in tensors):
                return False
            found[name] = arrays = [t._array() for t in tensors if t is not None]
            if any(a.__class__ is not np.ndarray or a.dtype != arrays[0].dtype for a in arrays):
                return False
            shapes = [() if name in COUNTERS else data.shape for data in self.datas]
            if [a.shape for a in arrays] != shapes or (name in COUNTERS and len({a.item() for a in arrays}) > 1):
                return False
        if any(len(entries or ()) != len(names) for entries in held):
            return False
        for name, arrays in found.items():
            counter = name in COUNTERS
            self.state[name] = arrays[0].copy() if counter else np.concatenate([a.reshape(-1) for a in arrays])
            for entries, view in zip(held, self._views(name), strict=True):
                if entries:
                    entries[name]._data = view
        self._remember(held)
        return True

    def _views(self, name: str) -> list[Array]:
        """What each parameter has of a state."""
        if name not in COUNTERS:
            return self._pieces(self.state[name])
        each = self.numbers[name] = np.full(len(self.owners), self.state[name])
        return [each[i : i + 1].reshape(()) for i in range(len(each))]

    def _remember(self, held: Sequence[dict[str, Any] | None]) -> None:
        self.held = list(held)
        self.places = [(entries, name, t, t._data) for entries in held if entries for name, t in entries.items()]

    def collect(self, states: States, maximize: bool) -> bool:
        """Copy parameters and gradients behind each other; False if somebody has put other arrays in their places."""
        grads, dtype = [], self.param.dtype
        for param, data, entries in zip(self.owners, self.datas, self.held, strict=True):
            slope: Any = param._grad  # leaves: what `grad` says
            grad = slope._array()
            if param._data is not data or grad.__class__ is not np.ndarray or grad.dtype != dtype:
                return False
            if states.get(param) is not entries:
                return False
            grads.append(grad.reshape(-1))
        for entries, name, tensor, array in self.places:
            if tensor._data is not array or entries.get(name) is not tensor:
                return False
        if sum([len(entries) for entries in self.held if entries]) != len(self.places):
            return False
        for name, each in self.numbers.items():
            values = each.tolist()
            if values.count(values[0]) != len(values):
                return False
            self.state[name][()] = values[0]
        np.concatenate(grads, out=self.grad)
        np.concatenate(self.flat, out=self.param)
        if maximize:
            np.negative(self.grad, out=self.grad)
        return True

    def finish(self, states: States) -> None:
        """After the formula: bring the parameters' new values to them, and new state to its names."""
        for data, piece, param in zip(self.datas, self.pieces, self.owners, strict=True):
            data[...] = piece
            param._counter[0] += 1
        for name, each in self.numbers.items():
            each[...] = self.state[name]
        known = self.held[0] or {}
        if len(self.state) != len(known):
            held = [states[param] for param in self.owners]
            for name in [name for name in self.state if name not in known]:
                for entries, view in zip(held, self._views(name), strict=True):
                    entries[name] = Tensor._wrap(view)
            self._remember(held)


Unit = Alone | Packed


def turn(units: list[Unit]) -> None:
    """Turn the signs of the gradients that lie on the GPU, all in one launch."""
    there = [unit for unit in units if hasattr(unit.grad, "block")]
    if there:
        turned = devices.own("all_negated")([unit.grad for unit in there])
        for place, unit in enumerate(there):
            unit.grad = -unit.grad if turned is NotImplemented else turned[place]


class Plan:
    """How the parameters of a group that have a gradient are stepped: which together, which alone."""

    def __init__(self, params: list[Tensor], states: States, packing: bool) -> None:
        self.params, self.packing = params, packing
        self.units: list[Unit] = []
        small: list[Tensor] = []
        for param in params:
            if packing and _fits(param):
                if small and (
                    small[0]._data.dtype != param._data.dtype
                    or sum(p._data.size for p in small) + param._data.size > TOGETHER
                ):
                    self._pack(small, states)
                    small = []
                small.append(param)
            else:
                self.units.append(Alone(param))
        self._pack(small, states)

    def _pack(self, params: list[Tensor], states: States) -> None:
        if len(params) > 1 and _apart(params):
            packed = Packed(params)
            if packed.adopt(states):
                self.units.append(packed)
                return
        self.units += [Alone(param) for param in params]

    def holds_for(self, params: list[Tensor]) -> bool:
        """Whether these are the parameters it was made for."""
        return len(params) == len(self.params) and all(map(is_, params, self.params))


def call(kernel: Any, members: list[tuple[Unit, tuple[Array, ...]]], numbers: list[Any]) -> list[Unit]:
    """Step the members, with their state's arrays, in one call of a compiled kernel; those that it has done.

    If one is not for it (its array is not contiguous, say) each is asked for by itself.
    """
    units = [unit for unit, _ in members]
    if len({id(unit.param) for unit in units}) < len(units):
        return []  # a parameter that is there twice: the formula takes one after the other, threads would not
    memories = [list(column) for column in zip(*[memory for _, memory in members], strict=True)]
    if kernel([u.param for u in units], [u.grad for u in units], *memories, *numbers) is not NotImplemented:
        return units
    return [] if len(units) == 1 else [unit for member in members for unit in call(kernel, [member], numbers)]


def _fits(param: Tensor) -> bool:
    data = param._data
    if data.__class__ is not np.ndarray or not 0 < data.size <= SMALL or data.dtype.kind != "f":
        return False
    return bool(data.flags.c_contiguous and data.flags.writeable)


def _apart(params: list[Tensor]) -> bool:
    """Whether no two share memory: a step of the one would then have to be seen by the other."""
    begins = sorted([(param._data.__array_interface__["data"][0], param._data.nbytes) for param in params])
    return all(begin + size <= after for (begin, size), (after, _) in zip(begins, begins[1:], strict=False))
