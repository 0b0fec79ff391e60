"""Modules and parameters in lists and dictionaries, so that those inside are found as parts; and one after another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from operator import index as as_index
from typing import Any, Self

from tinygrad_edu.nn.modules.module import Module
from tinygrad_edu.nn.parameter import Parameter
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["ModuleDict", "ModuleList", "ParameterDict", "ParameterList", "Sequential"]


class _Listed(Module):
    """Modules numbered from 0: what a list of them and a chain of them share."""

    def _position(self, index: int) -> int:
        size = len(self._modules)
        if not -size <= index < size:
            raise IndexError(f"index {index} is out of range: {type(self).__name__} holds {size} modules")
        return index % size

    def _renumber(self, modules: Iterable[Any]) -> None:
        self._modules.clear()
        self._modules.update((str(i), module) for i, module in enumerate(modules))

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return self._some(list(self._modules.items())[index])
        return list(self._modules.values())[self._position(as_index(index))]

    def _some(self, items: list[tuple[str, Any]]) -> Any:
        return type(self)([module for _, module in items])

    def __setitem__(self, index: int, module: Any) -> None:
        setattr(self, list(self._modules)[self._position(index)], module)

    def __delitem__(self, index: int | slice) -> None:
        keep = list(self._modules.values())
        del keep[index if isinstance(index, slice) else self._position(index)]
        self._renumber(keep)

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._modules.values())

    def append(self, module: Module) -> Self:
        """Add a module at the end, and return self."""
        self.add_module(str(len(self)), module)
        return self

    def insert(self, index: int, module: Module) -> Any:
        """Add a module before the one at `index`.

        Raises:
            TypeError: it is no Module; IndexError: `index` is out of range.
        """
        if not isinstance(module, Module):
            raise TypeError(f"module should be of type: {Module}")
        modules, size = list(self._modules.values()), len(self)
        if not -size <= index <= size:
            raise IndexError(f"Index out of range: {index}; {type(self).__name__} holds {size} modules")
        modules.insert(index, module)
        self._renumber(modules)
        return self if isinstance(self, Sequential) else None

    def extend(self, modules: Iterable[Module]) -> Self:
        """Add several modules at the end, and return self."""
        if not isinstance(modules, Iterable):
            raise TypeError(f"{type(self).__name__}.extend takes several modules, but got {type(modules).__name__}")
        for module in list(modules):
            self.append(module)
        return self

    def pop(self, key: int | slice) -> Any:
        """Take a module out and return it."""
        found = self[key]
        del self[key]
        return found


class Sequential(_Listed):
    """Modules one after the other: each takes what the one before it gives.

    ``Sequential(a, b)`` numbers them, ``Sequential(OrderedDict(name=a))`` names them; ``net[0]`` is the first one,
    ``net[1:]`` a Sequential of the others.

    >>> import tinygrad_edu as tg
    >>> tg.nn.Sequential(tg.nn.Flatten(), tg.nn.ReLU())
    Sequential(
      (0): Flatten(start_dim=1, end_dim=-1)
      (1): ReLU()
    )
    """

    def __init__(self, *args: Any) -> None:
        super().__init__()
        named = args[0].items() if len(args) == 1 and isinstance(args[0], Mapping) else enumerate(args)
        for name, module in named:
            self.add_module(str(name), module)

    def _some(self, items: list[tuple[str, Any]]) -> Any:
        return type(self)(dict(items))

    def __add__(self, other: Any) -> Any:
        if not isinstance(other, Sequential):
            return NotImplemented
        return Sequential(*self, *other)

    def __iadd__(self, other: Any) -> Self:
        return self.extend(other)

    def __mul__(self, times: int) -> Any:
        if not isinstance(times, int):
            raise TypeError(f"unsupported operand type(s) for *: {type(self)} and {type(times)}")
        if times <= 0:
            raise ValueError(f"Non-positive multiplication factor {times} for {type(self)}")
        return Sequential(*list(self) * times)

    __rmul__ = __mul__

    def forward(self, input: Any) -> Any:
        """The input through all modules."""
        for module in self._modules.values():
            input = module(input)
        return input


class ModuleList(_Listed):
    """A list whose modules are parts of the module that holds it. It has no `forward`: loop over it in yours.

    >>> import tinygrad_edu as tg
    >>> tg.nn.ModuleList([tg.nn.ReLU() for _ in range(3)])
    ModuleList(
      (0-2): 3 x ReLU()
    )
    """

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        super().__init__()
        if modules is not None:
            self.extend(modules)

    def __add__(self, other: Iterable[Module]) -> ModuleList:
        return ModuleList([*self, *other])

    def __iadd__(self, modules: Iterable[Module]) -> Self:
        return self.extend(modules)

    def __repr__(self) -> str:
        groups: list[list[Any]] = []  # [first, last, text]: neighbours that print the same are one line
        for i, module in enumerate(self):
            text = repr(module)
            if groups and groups[-1][2] == text:
                groups[-1][1] = i
            else:
                groups.append([i, i, text])
        if not groups:
            return f"{self._get_name()}()"
        lines = [f"({a}): {text}" if a == b else f"({a}-{b}): {b - a + 1} x {text}" for a, b, text in groups]
        inside = "\n".join(lines).replace("\n", "\n  ")
        return f"{self._get_name()}(\n  {inside}\n)"


class _Named:
    """What dictionaries of modules and of parameters share: all that follows from reading and writing one item."""

    keys: Callable[[], Any]
    __getitem__: Callable[..., Any]
    __setitem__: Callable[..., Any]
    __delitem__: Callable[..., Any]

    def __len__(self) -> int:
        return len(self.keys())

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __contains__(self, key: object) -> bool:
        return key in self.keys()

    def items(self) -> Any:
        """(name, value) pairs."""
        return [(key, self[key]) for key in self.keys()]

    def values(self) -> Any:
        """What is held."""
        return [self[key] for key in self.keys()]

    def clear(self) -> None:
        """Take everything out."""
        for key in list(self.keys()):
            del self[key]

    def pop(self, key: str) -> Any:
        """Take one out and return it."""
        found = self[key]
        del self[key]
        return found

    def update(self, others: Any) -> None:
        """Add those of another dictionary, or of (name, value) pairs.

        Raises:
            TypeError, ValueError: something that is neither.
        """
        if not isinstance(others, Iterable):
            raise TypeError(
                f"{type(self).__name__}.update should be called with an iterable of key/value pairs, but got "
                f"{type(others).__name__}"
            )
        pairs = others.items() if isinstance(others, (Mapping, _Named)) else others
        for i, pair in enumerate(list(pairs)):
            if not isinstance(pair, Iterable) or isinstance(pair, str):
                raise TypeError(
                    f"{type(self).__name__} update sequence element #{i} should be Iterable; is {type(pair).__name__}"
                )
            pair = list(pair)
            if len(pair) != 2:
                raise ValueError(
                    f"{type(self).__name__} update sequence element #{i} has length {len(pair)}; 2 is required"
                )
            self[pair[0]] = pair[1]


class ModuleDict(_Named, Module):
    """A dictionary whose modules are parts of the module that holds it."""

    def __init__(self, modules: Any = None) -> None:
        Module.__init__(self)
        if modules is not None:
            self.update(modules)

    def keys(self) -> Any:
        """The names."""
        return self._modules.keys()

    def __getitem__(self, key: str) -> Any:
        return self._modules[key]

    def __setitem__(self, key: str, module: Module) -> None:
        self.add_module(key, module)

    def __delitem__(self, key: str) -> None:
        del self._modules[key]


class _Parameters(Module):
    """Values that become Parameters when they are Tensors: what lists and dictionaries of them share."""

    def _put(self, name: str, value: Any) -> None:
        if isinstance(value, Tensor) and not isinstance(value, Parameter):
            value = Parameter(value)
        setattr(self, name, value)

    def _line(self, name: str, value: Any, former: bool = False) -> str:
        if not isinstance(value, Tensor):
            return f"  ({name}): Object of type: {type(value).__name__}"
        kind = "Parameter" if isinstance(value, Parameter) else "Tensor"
        size = "x".join(map(str, value.shape))
        held = value.type() if former else value.dtype  # PyTorch prints the former names of types in dictionaries
        return f"  ({name}): {kind} containing: [{held} of size {size}]"


class ParameterList(_Parameters):
    """A list whose Tensors become Parameters of the module that holds it."""

    def __init__(self, values: Iterable[Any] | None = None) -> None:
        super().__init__()
        self._size = 0
        if values is not None:
            self.extend(values)

    def _position(self, index: int) -> str:
        if not -self._size <= index < self._size:
            raise IndexError(f"index {index} is out of range: ParameterList holds {self._size} values")
        return str(index % self._size)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return type(self)([self[i] for i in range(*index.indices(self._size))])
        return getattr(self, self._position(as_index(index)))

    def __setitem__(self, index: int, value: Any) -> None:
        self._put(self._position(index), value)

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(self._size))

    def __iadd__(self, values: Iterable[Any]) -> Self:
        return self.extend(values)

    def append(self, value: Any) -> Self:
        """Add a value at the end, and return self."""
        self._put(str(self._size), value)
        self._size += 1
        return self

    def extend(self, values: Iterable[Any]) -> Self:
        """Add several values at the end, and return self."""
        if not isinstance(values, Iterable) or isinstance(values, Tensor):
            raise TypeError(f"ParameterList.extend takes several values, but got {type(values).__name__}")
        for value in list(values):
            self.append(value)
        return self

    def extra_repr(self) -> str:
        return "\n".join(self._line(str(i), value) for i, value in enumerate(self))


class ParameterDict(_Named, _Parameters):
    """A dictionary whose Tensors become Parameters of the module that holds it."""

    def __init__(self, parameters: Any = None) -> None:
        Module.__init__(self)
        self._keys: dict[str, None] = {}
        if parameters is not None:
            self.update(parameters)

    def keys(self) -> Any:
        """The names."""
        return self._keys.keys()

    def __getitem__(self, key: str) -> Any:
        if key not in self._keys:
            raise KeyError(key)
        return getattr(self, key)

    def __setitem__(self, key: str, value: Any) -> None:
        self._put(key, value)
        self._keys[key] = None

    def __delitem__(self, key: str) -> None:
        del self._keys[key]
        delattr(self, key)

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a name, or `default` if there is none."""
        return self[key] if key in self._keys else default

    def setdefault(self, key: str, default: Any = None) -> Any:
        """The value of a name, which becomes `default` if there is none."""
        if key not in self._keys:
            self[key] = default
        return self[key]

    def popitem(self) -> tuple[str, Any]:
        """Take out the last one: its name and value."""
        if not self._keys:
            raise KeyError("popitem(): the ParameterDict is empty")
        key = next(reversed(self._keys))
        return key, self.pop(key)

    def copy(self) -> ParameterDict:
        """Another dictionary of the same Parameters."""
        return ParameterDict(dict(self.items()))

    def __or__(self, other: Any) -> ParameterDict:
        joined = self.copy()
        joined.update(other)
        return joined

    def __ior__(self, other: Any) -> Self:
        self.update(other)
        return self

    def extra_repr(self) -> str:
        return "\n".join(self._line(key, value, former=True) for key, value in self.items())
