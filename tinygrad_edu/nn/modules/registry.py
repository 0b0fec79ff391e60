"""What a module is made of: parameters, buffers and modules inside it, found by name, walked and listed in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from tinygrad_edu.nn.parameter import Buffer, Parameter
from tinygrad_edu.tensors.tensor import Tensor

if TYPE_CHECKING:
    from typing import Self

__all__ = ["Registry"]

_SHELVES = ("_parameters", "_buffers", "_modules")


class NoSuchPart(AttributeError):
    """Names attributes that are spelled nearly so, when it is printed: ``hasattr`` need not wait for the search."""

    def __init__(self, owner: Any, wanted: str) -> None:
        super().__init__(owner, wanted)

    def __str__(self) -> str:
        owner, wanted = self.args
        if isinstance(getattr(type(owner), wanted, None), property):
            return (
                f"{type(owner).__name__!r} object has no attribute {wanted!r}: the property of that name asked for "
                "something that is missing"
            )
        near = get_close_matches(wanted, dir(owner), 3)
        hint = f": did you mean {' or '.join(map(repr, near))}?" if near else ""
        return f"{type(owner).__name__!r} object has no attribute {wanted!r}{hint}"


class Registry:
    """The half of Module that knows its parts: they are stored by kind, and read like attributes."""

    if TYPE_CHECKING:
        training: bool
        _parameters: dict[str, Any]
        _buffers: dict[str, Any]
        _modules: dict[str, Any]
        _non_persistent_buffers_set: set[str]

    def __setattr__(self, name: str, value: Any) -> None:
        own = self.__dict__
        kind = "_parameters" if isinstance(value, Parameter) else "_modules" if isinstance(value, Registry) else None
        if isinstance(value, Buffer):
            kind = "_buffers"
        if kind is None:
            kind = next((shelf for shelf in _SHELVES if shelf in own and name in own[shelf]), None)
            if kind is None:
                object.__setattr__(self, name, value)
                return
            self._refuse_kind(kind, name, value)
        elif kind not in own:
            what = {"_parameters": "parameters", "_modules": "module", "_buffers": "buffer"}[kind]
            raise AttributeError(
                f"cannot assign {what} before Module.__init__() call: begin the __init__ of {type(self).__name__} with "
                "super().__init__()"
            )
        own.pop(name, None)
        for shelf in _SHELVES:
            if shelf != kind:
                own[shelf].pop(name, None)
        if kind == "_parameters":
            self.register_parameter(name, value)
            return
        if isinstance(value, Buffer):
            self.register_buffer(name, value, value.persistent)
            return
        own[kind][name] = value

    def _refuse_kind(self, kind: str, name: str, value: Any) -> None:
        """A name that is a parameter stays one, or becomes None; the same for modules and buffers."""
        if value is None or (kind == "_buffers" and isinstance(value, Tensor)):
            return
        what, expected = {
            "_parameters": ("parameter", "torch.nn.Parameter or None"),
            "_modules": ("child module", "torch.nn.Module or None"),
            "_buffers": ("buffer", "torch.Tensor, torch.nn.Buffer or None"),
        }[kind]
        advice = "; to change its values write into it under no_grad()" if kind == "_parameters" else ""
        raise TypeError(f"cannot assign {type(value).__name__!r} as {what} {name!r} ({expected} expected){advice}")

    def __getattr__(self, name: str) -> Any:
        own = self.__dict__
        for shelf in _SHELVES:
            if shelf in own and name in own[shelf]:
                return own[shelf][name]
        kind = type(self).__name__
        if "_parameters" not in own:
            raise AttributeError(
                f"{kind!r} object has no attribute {name!r}: Module.__init__() has not been called; begin the __init__ "
                f"of {kind} with super().__init__()"
            )
        raise NoSuchPart(self, name)

    def __delattr__(self, name: str) -> None:
        for shelf in _SHELVES:
            if name in self.__dict__.get(shelf, ()):
                del self.__dict__[shelf][name]
                self._non_persistent_buffers_set.discard(name)
                return
        object.__delattr__(self, name)

    def __dir__(self) -> list[str]:
        parts = [name for shelf in _SHELVES for name in self.__dict__.get(shelf, ())]
        return sorted(name for name in {*object.__dir__(self), *parts} if not name[:1].isdigit())

    # --- adding parts ----------------------------------------------------------------------------------------------

    def _check_name(self, name: Any, kind: str) -> None:
        if "_parameters" not in self.__dict__:
            raise AttributeError(f"cannot assign {kind} before Module.__init__() call: say super().__init__() first")
        if not isinstance(name, str):
            raise TypeError(f"{kind} name should be a string. Got {type(name).__name__}")
        if "." in name:
            raise KeyError(f'{kind} name can\'t contain ".", got: {name}: dots part the levels in a path of names')
        if name == "":
            raise KeyError(f'{kind} name can\'t be empty string ""')

    def _taken(self, name: str, shelf: str) -> bool:
        """Whether the name belongs to something of another kind."""
        others = (other for other in _SHELVES if other != shelf)
        return name in self.__dict__ or hasattr(type(self), name) or any(name in self.__dict__[o] for o in others)

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter under a name; None reserves the name.

        Raises:
            KeyError: the name is empty, holds a dot or is taken; TypeError: no Parameter.
        """
        self._check_name(name, "parameter")
        if self._taken(name, "_parameters"):
            raise KeyError(f"attribute '{name}' already exists: choose another name, or delete it first")
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(
                f"cannot assign {type(param).__name__!r} object to parameter '{name}' (torch.nn.Parameter or None "
                "required)"
            )
        self._parameters[name] = param

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Add a Tensor that is kept with the module but not trained.

        Args:
            persistent: whether it belongs to ``state_dict()``.

        Raises:
            KeyError: the name is empty, holds a dot or is taken; TypeError: no Tensor.
        """
        self._check_name(name, "buffer")
        if self._taken(name, "_buffers"):
            raise KeyError(f"attribute '{name}' already exists: choose another name, or delete it first")
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(
                f"cannot assign {type(tensor).__name__!r} object to buffer '{name}' (torch Tensor or None required)"
            )
        self._buffers[name] = tensor
        (self._non_persistent_buffers_set.discard if persistent else self._non_persistent_buffers_set.add)(name)

    def add_module(self, name: str, module: Any) -> None:
        """Add a module under a name, as an assignment would; None reserves the name.

        Raises:
            KeyError: the name is empty, holds a dot or is taken; TypeError: no Module.
        """
        if module is not None and not isinstance(module, Registry):
            raise TypeError(f"{type(module).__name__} is not a Module subclass")
        self._check_name(name, "module")
        if self._taken(name, "_modules"):
            raise KeyError(f"attribute '{name}' already exists: choose another name, or delete it first")
        self._modules[name] = module

    register_module = add_module

    # --- finding parts ---------------------------------------------------------------------------------------------

    def get_submodule(self, target: str) -> Any:
        """The module at a path such as ``"encoder.0.linear"``; the module itself for the empty one.

        Raises:
            AttributeError: there is nothing, or something that is no Module, at a step of the path.
        """
        module: Any = self
        for step in target.split(".") if target else ():
            module = getattr(module, step)
            if not isinstance(module, Registry):
                raise AttributeError(f"`{step}` is not an nn.Module")
        return module

    def set_submodule(self, target: str, module: Any, strict: bool = False) -> None:
        """Put a module in the place of the one at a path.

        Args:
            strict: there must be a module at that path already.

        Raises:
            ValueError: an empty path, or no Module; AttributeError: there is no such path.
        """
        if not target:
            raise ValueError("Cannot set the submodule without a target name!")
        if not isinstance(module, Registry):
            raise ValueError(f"`module` is not an nn.Module, found {type(module)}")
        path, _, name = target.rpartition(".")
        owner = self.get_submodule(path)
        if strict and name not in owner._modules:
            raise AttributeError(f"{type(owner).__name__} has no attribute `{name}`")
        setattr(owner, name, module)

    def _get(self, target: str, shelf: str, kind: str) -> Any:
        path, _, name = target.rpartition(".")
        owner = self.get_submodule(path)
        found = getattr(owner, name)
        if name not in owner.__dict__[shelf]:
            raise AttributeError(f"`{name}` is not {kind}")
        return found

    def get_parameter(self, target: str) -> Parameter:
        """The parameter at a path such as ``"encoder.0.weight"``."""
        found: Parameter = self._get(target, "_parameters", "an nn.Parameter")
        return found

    def get_buffer(self, target: str) -> Tensor:
        """The buffer at a path such as ``"norm.running_mean"``."""
        found: Tensor = self._get(target, "_buffers", "a buffer")
        return found

    # --- walking over parts ----------------------------------------------------------------------------------------

    def named_modules(
        self, memo: set[Any] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Any]]:
        """This module and all inside it with their paths, a module before its parts, each once."""
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, module in self._modules.items():
            if module is not None:
                yield from module.named_modules(memo, f"{prefix}.{name}" if prefix else name, remove_duplicate)

    def modules(self) -> Iterator[Any]:
        """This module and all inside it, each once."""
        return (module for _, module in self.named_modules())

    def named_children(self) -> Iterator[tuple[str, Any]]:
        """The modules directly inside this one with their names, each once."""
        seen = set()
        for name, module in self._modules.items():
            if module is not None and module not in seen:
                seen.add(module)
                yield name, module

    def children(self) -> Iterator[Any]:
        """The modules directly inside this one, each once."""
        return (module for _, module in self.named_children())

    def _named_members(
        self, members: Callable[[Any], Any], prefix: str, recurse: bool, remove_duplicate: bool
    ) -> Iterator[tuple[str, Any]]:
        seen = set()
        walk = self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate) if recurse else [(prefix, self)]
        for path, module in walk:
            for name, member in members(module).items():
                if member is None or id(member) in seen:
                    continue
                if remove_duplicate:
                    seen.add(id(member))
                yield f"{path}.{name}" if path else name, member

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """All parameters with their paths, in the order of definition; one that is shared comes once."""
        return self._named_members(lambda module: module._parameters, prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """All parameters: what an optimizer takes."""
        return (param for _, param in self.named_parameters(recurse=recurse))

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """All buffers with their paths."""
        return self._named_members(lambda module: module._buffers, prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """All buffers."""
        return (buffer for _, buffer in self.named_buffers(recurse=recurse))

    def apply(self, fn: Callable[[Any], Any]) -> Self:
        """Call `fn` with every module inside this one, the innermost first, and with this one last; return self."""
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self
