"""The table of operations: one definition from which methods, functions, gradient checks, drawings and docs follow.

An operation is defined by one of two decorators, :func:`elementwise` and :func:`structured`; what it consists of stands
in `operation.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from tinygrad_edu.ops.operation import Elementwise, Operation, Structured

__all__ = ["cases", "elementwise", "operations", "structured", "subscribe"]

_operations: dict[str, Operation] = {}
_subscribers: list[Callable[[Operation], None]] = []

_Kind = TypeVar("_Kind", Elementwise, Structured)


def operations() -> dict[str, Operation]:
    """Every registered operation by its name, in the order of definition (a copy).

    >>> import tinygrad_edu.ops.elementwise
    >>> operations()["mul"].label
    '×'
    """
    return dict(_operations)


def subscribe(attach: Callable[[Operation], None]) -> None:
    """Call `attach` for every operation, those registered later included: how the classes get their methods."""
    for operation in _operations.values():
        attach(operation)
    _subscribers.append(attach)


def _registered(operation: _Kind) -> _Kind:
    if operation.name in _operations:
        raise ValueError(f"operation {operation.name!r} is defined twice: choose another name")
    _operations[operation.name] = operation
    for attach in _subscribers:
        attach(operation)
    return operation


def elementwise(**options: Any) -> Callable[[Callable[..., Any]], Elementwise]:
    """Decorator: define an elementwise operation by its scalar meaning.

    Args:
        options: ``label`` and ``text`` (for drawings and programs; ``{0}`` is the first parameter), ``array`` (the
            name of a NumPy function or of one in ``kernels/numpy.py``, or a callable; by default the scalar
            meaning itself), ``back`` (the kernel that multiplies a gradient by the derivative of an operation with one
            input, where that is quicker than the rule and a product), ``gate`` (where the derivative is 0 nothing
            passes, not even inf or nan: bends, rounding), ``grad_name`` (as PyTorch prints it), ``domain`` (where the
            gradient check draws its inputs), ``promote`` ("arithmetic", "float": integers become the default
            float, "keep"), ``method``.
    """
    return lambda function: _registered(Elementwise(function, **options))


def structured(**options: Any) -> Callable[[Callable[..., Any]], Structured]:
    """Decorator: define an operation on whole arrays by its computation.

    Args:
        options: as for :func:`elementwise`, and ``view`` (the result may share memory with its input),
            ``several`` (for a view that is one of several: the name of what gives them all),
            ``variadic`` (takes a list of inputs), ``varargs`` (the first parameter may be given as separate
            integers), ``samples`` (a generator function ``samples(make)`` of ``(inputs, params)`` for the checks),
            ``through`` (what the checks do with an input first, where it has to be, say, a symmetric matrix), and
            ``values_only`` (the rule explains that there is no derivative, or no second one).
    """
    return lambda function: _registered(Structured(function, **options))


def cases(*table: tuple[Any, tuple[Any, ...]]) -> Callable[[Callable[..., Any]], Iterator[Any]]:
    """What the checks try an operation on: for each case the shapes of its inputs, and its parameters.

    >>> list(cases(([(2, 3)], (1,)))(make=lambda *shape: shape))
    [(((2, 3),), (1,))]
    """

    def samples(make: Callable[..., Any]) -> Iterator[Any]:
        for shapes, params in table:
            yield tuple(make(*shape) for shape in shapes), params

    return samples
