"""Functions put together from operations of the table: one definition gives the function and the method.

They need no derivative of their own: what they call has one.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import signature
from typing import Any, TypeVar

from tinygrad_edu.ops.operation import Operation
from tinygrad_edu.tensors.arguments import misfit_in_call
from tinygrad_edu.tensors.inplace import write
from tinygrad_edu.tensors.record import record
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["COMPOSED", "apply", "composed", "in_place", "tensors_of"]

COMPOSED: dict[str, Callable[..., Any]] = {}
Function = TypeVar("Function", bound=Callable[..., Any])
# Other names for the same argument: NumPy's, and those that PyTorch gives it in one of two forms.
_other_names = {
    "axis": "dim", "axes": "dims", "keepdims": "keepdim", "ddof": "correction", "x": "input", "dim0": "axis0",
    "dim1": "axis1",
    "split_size_or_sections": "split_size", "sections": "indices_or_sections", "indices": "indices_or_sections",
}  # fmt: skip


def composed(*aliases: Any, method: bool = True, function: bool = True, many: bool = False, name: str = "") -> Any:
    """Decorator: a function that takes Tensors, under its own name and `aliases`.

    Args:
        name: how it is called, if not as the Python function.
        method: it is a method of Tensor too. function: it is a function of the package.
        many: it takes several Tensors (as separate arguments, or in a list) or none, so the first is not checked.

    Without aliases and options it may stand without parentheses.
    """
    if aliases and callable(aliases[0]):
        return composed()(aliases[0])

    def decorate(body: Function) -> Function:
        names = list(signature(body).parameters)
        title = name or body.__name__

        @wraps(body)
        def call(*args: Any, **kwargs: Any) -> Any:
            if not many:
                if not args:
                    kwargs = dict(kwargs)
                    args = (kwargs.pop("input", None) if "input" in kwargs else kwargs.pop(names[0], None),)
                first = args[0]
                if not isinstance(first, Tensor):
                    raise TypeError(f"{title}(): argument 'input' must be Tensor, not {type(first).__name__}")
            if kwargs:
                kwargs = {
                    _other_names.get(k, k) if k not in names else k: v
                    for k, v in kwargs.items()
                    if v is not None or k in names or k not in ("out", "dtype")  # NumPy's functions always name them
                }
            try:
                return body(*args, **kwargs)
            except Exception:
                told = misfit_in_call(title, body, args, kwargs)
                if told:
                    raise TypeError(told) from None
                raise

        call.__name__ = call.__qualname__ = title
        for known in (title, *aliases):
            if function:
                COMPOSED[known] = call
            if method and not many:
                setattr(Tensor, known, call)
        return call  # type: ignore[return-value]

    return decorate


def apply(operation: Operation, *inputs: Any, params: tuple[Any, ...] = ()) -> Any:
    """Record an operation on these inputs."""
    return record(operation, inputs, params)


def in_place(*names: str) -> None:
    """Give Tensor the in-place forms of methods that it has: ``scatter`` -> ``scatter_``."""
    for name in names:
        setattr(Tensor, f"{name}_", _in_place(name))


def _in_place(name: str) -> Callable[..., Tensor]:
    function = getattr(Tensor, name)

    def call(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        return write(self, function(self, *args, **kwargs), f"{name}_")

    call.__name__ = call.__qualname__ = f"{name}_"
    call.__doc__ = f"{function.__doc__}\n\nThis form writes the result into the Tensor itself."
    return call


def tensors_of(name: str, tensors: Any) -> list[Tensor]:
    """The Tensors of ``f(a, b)`` or ``f([a, b])``.

    Raises:
        TypeError: something among them is no Tensor.
    """
    if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)):
        tensors = tensors[0]
    for x in tensors:
        if not isinstance(x, Tensor):
            raise TypeError(f"{name}(): expected Tensors, got {type(x).__name__}")
    return list(tensors)


def positions(name: str, index: Any, *, scalar: bool = True) -> Any:
    """The array of a Tensor that holds positions.

    Raises:
        TypeError: no Tensor. RuntimeError: not integers.
    """
    if not isinstance(index, Tensor):
        raise TypeError(f"{name}(): the index must be a Tensor of int64, not {type(index).__name__}")
    if index._data.dtype.kind not in "iu" or index._data.dtype.itemsize < 4:
        raise RuntimeError(f"{name}(): Expected dtype int64 for index, got {index.dtype}: convert with .long()")
    return index._array()
