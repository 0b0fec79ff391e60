"""How objects are described in JSON: a table with one row for each object, in which objects refer to others by number.

Numbers, text, True, False and None stand for themselves. A row is ``[kind, ...]``, such as ``["list", [1, 2]]`` or
``["Tensor", place, requires_grad]`` (`memory` says what a place is; then the device, if that is not the CPU);
``{"ref": 3}`` is row 3. So an object that is used
twice is one object again after loading, and a list may contain itself. An object of a class that is not listed here is
described by what its ``__reduce_ex__`` says, as in a pickle, but its class is only a name until somebody allows it.
"""

from __future__ import annotations

import base64
import copyreg
import pickle
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from types import BuiltinFunctionType, FunctionType
from typing import Any

import numpy as np

from tinygrad_edu.serialization.memory import plan, restore
from tinygrad_edu.serialization.places import placement
from tinygrad_edu.tensors import dtype as dtypes
from tinygrad_edu.tensors.creation import from_numpy
from tinygrad_edu.tensors.device import cpu, device, moved
from tinygrad_edu.tensors.size import Size
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["Decoder", "Encoder", "add_safe_globals", "clear_safe_globals", "get_safe_globals", "safe_globals"]

_LISTS: dict[str, Any] = {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset, "Size": Size}
_DICTS: dict[str, Any] = {"dict": dict, "OrderedDict": OrderedDict, "Counter": Counter}
_TENSORS = ("Tensor", "Parameter", "Buffer")
_ARRAYS = (*_TENSORS, "array", "scalar")  # rows whose second entry is the place of an array
_PARAMETERS = "tinygrad_edu.nn.parameter"  # loaded only where such Tensors are
_kinds = {cls: kind for table in (_LISTS, _DICTS) for kind, cls in table.items()}
_allowed: dict[str, Any] = {}


class Encoder:
    """Describes an object; `arrays` collects the arrays that the description refers to."""

    def __init__(self) -> None:
        self.root: Any = None
        self.arrays: list[np.ndarray[Any, Any]] = []
        self._rows: list[Any] = []
        self._seen: dict[int, int] = {}
        self._alive: list[Any] = []  # an id is only an object's own while the object lives
        self._found: list[np.ndarray[Any, Any]] = []

    def description(self) -> dict[str, Any]:
        """What goes into the JSON, when everything is encoded; now `arrays` is what is stored."""
        self.arrays, places = plan(self._found)
        for row in self._rows:
            if row[0] in _ARRAYS:
                row[1] = places[row[1]]
        return {"root": self.root, "rows": self._rows}

    def encode(self, thing: Any) -> Any:
        """The JSON for a thing: itself, or a reference to its row."""
        if thing is None or type(thing) in (bool, int, float, str):
            if type(thing) is int and thing.bit_length() > 64:  # JSON's readers give up on long ones
                self._rows.append(["int", hex(thing)])
                return {"ref": len(self._rows) - 1}
            return thing
        at = self._seen.get(id(thing))
        if at is None:
            at = self._seen[id(thing)] = len(self._rows)
            self._rows.append(None)
            self._alive.append(thing)
            self._rows[at] = self._row(thing)
        return {"ref": at}

    def _row(self, thing: Any) -> list[Any]:
        cls = type(thing)
        kind = _kinds.get(cls)
        if cls is Tensor or cls.__module__ == _PARAMETERS:
            kind = cls.__name__
        if kind in _LISTS:
            return [kind, [self.encode(each) for each in thing]]
        if kind in _DICTS:
            return [kind, [[self.encode(key), self.encode(value)] for key, value in thing.items()]]
        if kind in _TENSORS:
            more = [thing.persistent] if kind == "Buffer" else []
            array = thing._array()
            if thing.is_cuda:
                array, more = moved(array, cpu), [*more, str(thing.device)]
            return [kind, self._array(array), bool(thing.requires_grad), *more]
        if cls is bytes or cls is bytearray:
            return [cls.__name__, base64.b64encode(thing).decode()]
        if cls is complex:
            return ["complex", thing.real, thing.imag]
        if cls is slice:
            return ["slice", [self.encode(each) for each in (thing.start, thing.stop, thing.step)]]
        if isinstance(thing, dtypes.dtype):
            return ["dtype", thing.name]
        if isinstance(thing, device):
            return ["device", str(thing)]
        if cls is np.ndarray and not thing.dtype.hasobject:
            return ["array", self._array(thing)]
        if isinstance(thing, np.generic) and not thing.dtype.hasobject:
            return ["scalar", self._array(np.asarray(thing))]
        if isinstance(thing, (type, FunctionType, BuiltinFunctionType)):
            return ["global", _name(thing)]
        return self._reduced(thing)

    def _array(self, array: np.ndarray[Any, Any]) -> int:
        self._found.append(array)
        return len(self._found) - 1

    def _reduced(self, thing: Any) -> list[Any]:
        if isinstance(thing, Tensor):  # a subclass of the user's
            raise pickle.PicklingError(f"save: {type(thing).__name__} is a Tensor of another class: save its .data.")
        try:
            reduced = thing.__reduce_ex__(4)
        except TypeError as error:
            raise pickle.PicklingError(f"save: {type(thing).__name__} cannot be saved: {error}.") from error
        if isinstance(reduced, str):
            return ["global", _name(thing, reduced)]
        call, arguments, state, items, pairs = (*reduced, None, None, None)[:5]
        names: dict[str, Any] = {}
        if call is copyreg.__newobj__:  # type: ignore[attr-defined]
            call, arguments, new = arguments[0], arguments[1:], True
        elif call is copyreg.__newobj_ex__:  # type: ignore[attr-defined]
            call, arguments, names = arguments
            new = True
        else:
            new = False
        return [
            "new" if new else "call", self.encode(call), self.encode(tuple(arguments)), self.encode(names),
            self.encode(state), self.encode(list(items or ())), self.encode(dict(pairs or ())),
        ]  # fmt: skip


class Decoder:
    """Makes the objects of a description again. With `trust` it imports what is named, else only what is allowed."""

    def __init__(
        self, description: dict[str, Any], arrays: list[np.ndarray[Any, Any]], trust: bool, place: Any = None
    ) -> None:
        self._place = place  # where Tensors shall lie
        self._description, self._rows, self._arrays, self._trust = description, description["rows"], arrays, trust
        self._made: dict[int, Any] = {}

    def root(self) -> Any:
        """The object that was saved."""
        return self._decode(self._description["root"])

    def _decode(self, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        at = value["ref"]
        if at < 0:
            raise LookupError("a negative reference")
        if at not in self._made:
            self._make(at, *self._rows[at])
        return self._made[at]

    def _make(self, at: int, kind: str, *parts: Any) -> None:
        made = self._made
        if kind == "list":
            made[at] = []  # before its items, which may contain it
            made[at].extend(map(self._decode, parts[0]))
        elif kind in _LISTS:
            made[at] = _LISTS[kind](self._decode(each) for each in parts[0])
        elif kind in _DICTS:
            made[at] = _DICTS[kind]()
            for key, value in parts[0]:
                made[at][self._decode(key)] = self._decode(value)
        elif kind in _TENSORS:
            made[at] = self._tensor(kind, *parts)
        elif kind in ("new", "call"):
            self._object(at, kind, *parts)
        elif kind == "global":
            made[at] = self._global(parts[0])
        else:
            made[at] = self._plain(kind, *parts)

    def _tensor(self, kind: str, array: Any, requires: bool, *more: Any) -> Tensor:
        saved_on = more[-1] if more and isinstance(more[-1], str) else "cpu"
        tensor = from_numpy(restore(self._arrays, array)).to(placement(self._place, saved_on))
        persistent = more[0] if more and isinstance(more[0], bool) else True
        if kind != "Tensor":
            from tinygrad_edu.nn.parameter import Buffer, Parameter

            if kind == "Parameter":
                return Parameter(tensor, requires)
            tensor = Buffer(tensor, persistent=persistent)
        return tensor.requires_grad_() if requires else tensor

    def _plain(self, kind: str, *parts: Any) -> Any:
        make: dict[str, Callable[..., Any]] = {
            "bytes": base64.b64decode,
            "bytearray": lambda text: bytearray(base64.b64decode(text)),
            "complex": complex,
            "int": lambda text: int(text, 16),
            "slice": lambda bounds: slice(*map(self._decode, bounds)),
            "dtype": lambda name: dtypes.as_dtype(getattr(dtypes, "bool_" if name == "bool" else name), "load"),
            "device": device,
            "array": lambda place: restore(self._arrays, place),
            "scalar": lambda place: restore(self._arrays, place)[()],
        }
        return make[kind](*parts)

    def _global(self, name: str) -> Any:
        if name in _allowed:
            return _allowed[name]
        if not self._trust:
            raise pickle.UnpicklingError(
                f"Weights only load failed: Unsupported global: {name.replace(':', '.')} is not allowed by default. "
                "Save a state_dict() instead of a whole object; or, if you trust this class, allow it with "
                f"`serialization.safe_globals([{name.split(':')[-1]}])`; or, if you trust the file, load it with "
                "weights_only=False, which may run any code that the file names."
            )
        module, _, path = name.partition(":")
        found: Any = import_module(module)
        for part in path.split("."):
            found = getattr(found, part)
        return found

    def _object(self, at: int, kind: str, call: Any, arguments: Any, names: Any, *filling: Any) -> None:
        call, arguments, names = self._decode(call), self._decode(arguments), self._decode(names)
        made = call.__new__(call, *arguments, **names) if kind == "new" else call(*arguments, **names)
        self._made[at] = made
        state, items, pairs = (self._decode(each) for each in filling)
        if state is not None:
            _set_state(made, state)
        if items:
            made.extend(items)
        for key, value in pairs.items():
            made[key] = value


def _set_state(made: Any, state: Any) -> None:
    if hasattr(made, "__setstate__"):
        made.__setstate__(state)
        return
    state, slots = state if isinstance(state, tuple) and len(state) == 2 else (state, None)
    if state:
        made.__dict__.update(state)
    for name, value in (slots or {}).items():
        setattr(made, name, value)


def _name(thing: Any, path: str | None = None) -> str:
    """``module:path`` of a class or a function that can be found again by it."""
    module, path = getattr(thing, "__module__", None) or "builtins", path or thing.__qualname__
    found: Any = import_module(module)
    for part in path.split("."):
        found = getattr(found, part, None)
    if found is not thing:
        raise pickle.PicklingError(
            f"save: {module}.{path} cannot be saved, because it cannot be found under that name when it is loaded. "
            "Define it at the top level of a module (a lambda has no name), or save a state_dict()."
        )
    return f"{module}:{path}"


def add_safe_globals(safe_globals: list[Any]) -> None:
    """Let `load` make objects of these classes, and call these functions. An entry may be (class, its full name)."""
    for entry in safe_globals:
        thing, name = entry if isinstance(entry, tuple) else (entry, None)
        key = _name(thing) if name is None else f"{name.rpartition('.')[0]}:{name.rpartition('.')[2]}"
        _allowed[key] = thing


def get_safe_globals() -> list[Any]:
    """What the user has allowed."""
    return list(_allowed.values())


def clear_safe_globals() -> None:
    """Allow nothing but data again."""
    _allowed.clear()


@contextmanager
def safe_globals(safe_globals: list[Any]) -> Iterator[None]:
    """Allow classes and functions for the time of a ``with`` block.

    >>> from fractions import Fraction
    >>> with safe_globals([Fraction]):
    ...     get_safe_globals()
    [<class 'fractions.Fraction'>]
    >>> get_safe_globals()
    []
    """
    before = dict(_allowed)
    add_safe_globals(safe_globals)
    try:
        yield
    finally:
        _allowed.clear()
        _allowed.update(before)
