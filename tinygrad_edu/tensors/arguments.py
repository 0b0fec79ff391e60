"""Arguments of the wrong kind, found when a call has failed: which one, what it must be, and what it is.

A call that succeeds is never looked at, so this costs nothing. What an argument must be is read from its type hint, or
from its name where the hint says nothing: a ``dim`` is an integer, or several.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from inspect import signature
from typing import Any, TypeVar

import numpy as np

from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["kinds_told", "misfit", "misfit_in_call", "misfit_in_parameters"]

_Function = TypeVar("_Function", bound=Callable[..., Any])


def _is_int(x: Any) -> bool:
    array = x._data if isinstance(x, Tensor) else x
    if hasattr(array, "dtype"):  # of NumPy or on a GPU
        return bool(array.size == 1 and array.dtype.kind in "iub")
    return isinstance(x, int)


def _is_number(x: Any) -> bool:
    array = x._data if isinstance(x, Tensor) else x
    return bool(array.size == 1) if hasattr(array, "dtype") else isinstance(x, (int, float))


def _is_array(x: Any) -> bool:
    """Whether this is an array, NumPy's or one on a GPU."""
    return hasattr(x, "strides") and not isinstance(x, np.generic)


def _each(one: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda x: isinstance(x, (tuple, list)) and all(one(element) for element in x)


# What a word of a type hint allows. A hint that has another word in it is not judged.
_KINDS: dict[str, Callable[[Any], bool]] = {
    "int": _is_int,
    "float": _is_number,
    "bool": lambda x: isinstance(x, (bool, int, np.bool_)),
    "str": lambda x: isinstance(x, str),
    "None": lambda x: x is None,
    "Tensor": lambda x: isinstance(x, Tensor) or _is_array(x),  # an operation gets the arrays of its parameters
    "Sequence[int]": _each(_is_int),
    "tuple[int, ...]": _each(_is_int),
    "list[int]": _each(_is_int),
    "Sequence[float]": _each(_is_number),
}
_SAID = {"Sequence[int]": "tuple of ints", "tuple[int, ...]": "tuple of ints", "list[int]": "tuple of ints"}
_SAID["Sequence[float]"] = "tuple of floats"
# What parameters are whose hint says nothing, by their names.
_BY_NAME = {
    **dict.fromkeys("dim dims".split(), "int | Sequence[int] | None"),
    **dict.fromkeys("dim0 dim1 dim2 dimension axis0 axis1 n steps diagonal offset start_dim end_dim".split(), "int"),
    **dict.fromkeys("size sizes shape destination split_size".split(), "int | Sequence[int]"),
    **dict.fromkeys("min max low high mean std".split(), "float | Tensor | None"),
    **dict.fromkeys("keepdim descending largest stable unbiased".split(), "bool | None"),
}


def misfit(operation: str, name: str, hint: Any, value: Any) -> str:
    """What is wrong with an argument; an empty text if it is what it must be, or if that is not known.

    >>> misfit("sum", "dim", "Any", "a")
    "sum(): argument 'dim' must be int or tuple of ints, not str"
    """
    if not isinstance(hint, str) or hint == "Any":
        hint = _BY_NAME.get(name, "")
    kinds = [word.strip() for word in hint.split("|")]
    if any(kind not in _KINDS for kind in kinds) or any(_KINDS[kind](value) for kind in kinds):
        return ""
    wanted = " or ".join(_SAID.get(kind, kind) for kind in kinds if kind != "None")
    got = "Tensor" if _is_array(value) else type(value).__name__
    if isinstance(value, (tuple, list)) and value:
        wrong = next((element for element in value if not _is_int(element)), value[0])
        got += f" of {type(wrong).__name__}"
    return f"{operation}(): argument {name!r} must be {wanted}, not {got}"


def misfit_in_parameters(operation: Any, params: tuple[Any, ...]) -> str:
    """The first misfit among the parameters of an operation of the table; an empty text if there is none."""
    hints = operation.function.__annotations__
    for name, value in zip(operation.parameters, params, strict=False):
        told = misfit(operation.name, name, hints.get(name), value)
        if told:
            return told
    return ""


def misfit_in_call(
    operation: str, function: Callable[..., Any], args: Iterable[Any], kwargs: dict[str, Any] | None = None
) -> str:
    """The first misfit among the arguments of a function's call; an empty text if there is none."""
    given = iter(args)
    parameters = signature(function).parameters
    for parameter in parameters.values():
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            for value in given:
                told = misfit(operation, parameter.name, parameter.annotation, value)
                if told:
                    return told
                break
        elif parameter.kind is parameter.VAR_POSITIONAL:
            for value in given:
                told = misfit(operation, parameter.name, parameter.annotation, value)
                if told and not isinstance(value, (tuple, list)):
                    return told
    for name, value in (kwargs or {}).items():
        if name in parameters:
            told = misfit(operation, name, parameters[name].annotation, value)
            if told:
                return told
    return ""


def kinds_told(name: str) -> Callable[[_Function], _Function]:
    """Decorator: a call that fails says first which argument is of the wrong kind.

    >>> kinds_told("half")(lambda n: n / 2)(6)
    3.0
    """

    def decorate(function: _Function) -> _Function:
        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            try:
                return function(*args, **kwargs)
            except Exception:
                told = misfit_in_call(name, function, args, kwargs)
                if told:
                    raise TypeError(told) from None
                raise

        return call  # type: ignore[return-value]

    return decorate
