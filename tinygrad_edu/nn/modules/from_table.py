"""Modules made from functions: what the function takes besides its Tensors, the module takes when it is made."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from tinygrad_edu.nn.modules.module import Module
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["FromFunction", "module_of"]


class FromFunction(Module):
    """A module whose `forward` is a function of the table, called with the module's options."""

    function: Callable[..., Any]
    options: inspect.Signature  # the arguments of __init__
    fixed: tuple[str, ...]  # the function's names for them
    prints: bool

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()
        try:
            bound = self.options.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{type(self).__name__}.__init__() {error}; it takes {self.options}") from None
        bound.apply_defaults()
        for name, value in bound.arguments.items():
            if isinstance(value, Tensor):
                self.register_buffer(name, value)
            else:
                setattr(self, name, value)

    def forward(self, *inputs: Any) -> Any:
        """The function of the inputs, with this module's options."""
        given = {name: getattr(self, name) for name in self.fixed}
        if "training" in self.fixed:
            given["training"] = self.training
        return type(self).function(*inputs, **given)

    def extra_repr(self) -> str:
        if not self.prints:
            return ""
        shown = []
        for name in self.options.parameters:
            value = getattr(self, name)
            if name == "lambd":
                shown.append(repr(value))
            elif name != "inplace" or value:
                shown.append(f"{name}={value!r}")
        return ", ".join(shown)


def module_of(
    name: str,
    function: Callable[..., Any],
    place: str,
    *,
    leave: Sequence[str] = (),
    keyword: bool = False,
    prints: bool = True,
) -> type[FromFunction]:
    """A Module class made from a function.

    Args:
        name: the class's name. place: the Python module that it belongs to (for pickles).
        leave: arguments of the function that are no options: its Tensors, and what the module has no use for.
        keyword: the options must be given by name. prints: whether they are shown when the module is printed.
    """
    found = [p for p in inspect.signature(function).parameters.values() if p.name not in leave]
    fixed = tuple(p.name for p in found)
    options = [p.replace(kind=p.KEYWORD_ONLY) if keyword else p for p in found if p.name != "training"]
    namespace = {
        "function": staticmethod(function),
        "options": inspect.Signature(options),
        "fixed": fixed,
        "prints": prints,
        "__doc__": function.__doc__,
        "__module__": place,
        "__signature__": inspect.Signature(options),
    }
    return type(name, (FromFunction,), namespace)
