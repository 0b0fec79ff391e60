"""Type promotion: which element type a result has. PyTorch's rules, as tables that fill themselves.

Types come in three categories, bool < integer < floating point. Operands come in three ranks: tensors with
dimensions, tensors without, Python numbers. A lower rank matters only where its category is the higher one:
``int32 tensor + 2.5`` is a float, ``float32 tensor + float64 tensor of no dimensions`` stays float32.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from tinygrad_edu.errors import DTypeError
from tinygrad_edu.tensors.dtype import as_dtype, dtype, get_default_dtype, of_numpy, on_default_change

__all__ = [
    "FLOAT", "PAIRS", "SCALARS", "can_cast", "check_cast", "float_result", "promote_types", "require_float",
    "result_type", "scalar_type", "sum_result",
]  # fmt: skip

NumPyType = np.dtype[Any]

_BOOL, _INT64 = np.dtype("bool"), np.dtype("int64")
_CATEGORY = {"b": 0, "u": 1, "i": 1, "f": 2}  # by numpy.dtype.kind


def _category(kind: NumPyType) -> int:
    of_numpy(kind, "type promotion")  # names what cannot be in a tensor
    return _CATEGORY[kind.kind]


def _promote(a: NumPyType, b: NumPyType) -> NumPyType:
    """The smallest type that holds both; an integer and a float give that float, however wide the integer."""
    ranks = _category(a), _category(b)
    if ranks[0] != ranks[1]:
        return a if ranks[0] > ranks[1] else b
    return np.promote_types(a, b)


def scalar_type(kind: type) -> NumPyType:
    """The element type a Python (or NumPy) number of this class counts as; floats count as the default type.

    Raises DTypeError for complex numbers and for what is no number.

    >>> scalar_type(int), scalar_type(float)
    (dtype('int64'), dtype('float32'))
    """
    if issubclass(kind, (bool, np.bool_)):
        return _BOOL
    if issubclass(kind, (int, np.integer)):
        return _INT64
    if issubclass(kind, (float, np.floating)):
        return get_default_dtype().numpy
    is_complex = issubclass(kind, (complex, np.complexfloating))
    raise DTypeError(
        f"type promotion: {kind.__name__} has no element type "
        f"({'complex numbers are not supported' if is_complex else 'it is no number'}). "
        "Use a float, an int, a bool or a tensor."
    )


def result_type(
    dimensioned: Iterable[NumPyType] = (), zero_dim: Iterable[NumPyType] = (), scalars: Iterable[type] = ()
) -> NumPyType:
    """The type of a result from any number of operands, given by rank.

    Args: the types of the tensors with dimensions, of the tensors without, and the classes of the Python
    numbers. Raises DTypeError where a number is complex, ValueError where there are no operands.

    >>> result_type([np.dtype("float32")], [np.dtype("float64")], [int])
    dtype('float32')
    """
    result: NumPyType | None = None
    for rank in (dimensioned, zero_dim, map(scalar_type, scalars)):
        within: NumPyType | None = None
        for kind in rank:
            within = kind if within is None else _promote(within, kind)
        if within is not None and (result is None or _category(within) > _category(result)):
            result = within
    if result is None:
        raise ValueError("result_type: there are no operands to take a type from. Pass at least one.")
    return result


class _Pairs(dict[tuple[NumPyType, bool, NumPyType, bool], NumPyType]):
    """PAIRS[a, a has no dimensions, b, b has no dimensions]: worked out once per key, then one lookup."""

    def __missing__(self, key: tuple[NumPyType, bool, NumPyType, bool]) -> NumPyType:
        a, a_zero_dim, b, b_zero_dim = key
        operands = (a, a_zero_dim), (b, b_zero_dim)
        with_dims = [kind for kind, zero_dim in operands if not zero_dim]
        result = self[key] = result_type(with_dims, [kind for kind, zero_dim in operands if zero_dim])
        return result


class _Scalars(dict[tuple[NumPyType, type], NumPyType]):
    """SCALARS[tensor's type, class of the Python number]. Whether the tensor has dimensions makes no
    difference."""

    def __missing__(self, key: tuple[NumPyType, type]) -> NumPyType:
        result = self[key] = result_type([key[0]], (), [key[1]])
        return result


class _Float(dict[NumPyType, NumPyType]):
    """FLOAT[type]: what operations that leave the integers (/, exp, sqrt, sigmoid ...) compute in."""

    def __missing__(self, kind: NumPyType) -> NumPyType:
        result = self[kind] = kind if _category(kind) == 2 else get_default_dtype().numpy
        return result


PAIRS, SCALARS, FLOAT = _Pairs(), _Scalars(), _Float()
float_result = FLOAT.__getitem__  # as a function: float_result(np.dtype("int64")) is the default float

# Both depend on the default float type.
on_default_change(SCALARS.clear)
on_default_change(FLOAT.clear)


def sum_result(kind: NumPyType) -> NumPyType:
    """The type in which sum, prod and cumsum add up: integers and bool in int64, floats in their own.

    >>> sum_result(np.dtype("bool")), sum_result(np.dtype("float16"))
    (dtype('int64'), dtype('float16'))
    """
    return kind if _category(kind) == 2 else _INT64


def require_float(operation: str, kind: NumPyType) -> None:
    """Raise DTypeError unless the type is floating point: for mean, std, softmax and others without integer
    results."""
    if _category(kind) != 2:
        raise DTypeError(
            f"{operation}: needs a floating-point tensor, got {of_numpy(kind).name}. "
            "Convert first, for example x.float(), or pass dtype=tinygrad_edu.float32."
        )


def promote_types(type1: dtype, type2: dtype) -> dtype:
    """The smallest type of the higher category that both convert to. Raises TypeError for what is no element
    type.

    >>> from tinygrad_edu.tensors.dtype import float16, int8, int64, uint8
    >>> promote_types(uint8, int8), promote_types(int64, float16)
    (torch.int16, torch.float16)
    """
    return of_numpy(_promote(as_dtype(type1, "promote_types").numpy, as_dtype(type2, "promote_types").numpy))


def can_cast(from_: dtype, to: dtype) -> bool:
    """Whether a result of the first type may be written into a tensor of the second: never to a lower
    category.

    >>> from tinygrad_edu.tensors.dtype import float16, float64, int64
    >>> can_cast(float64, float16), can_cast(float16, int64)
    (True, False)
    """
    return _category(as_dtype(from_, "can_cast").numpy) <= _category(as_dtype(to, "can_cast").numpy)


def check_cast(operation: str, from_: NumPyType, to: NumPyType) -> None:
    """Raise DTypeError if a result may not be stored in place in a tensor of type `to` (``ints += 0.5``)."""
    if _category(from_) > _category(to):
        raise DTypeError(
            f"{operation}: result type {of_numpy(from_).name} can't be cast to the desired output type "
            f"{of_numpy(to).name}; in place a tensor keeps its type. "
            "Convert the tensor first, or use the form that returns a new one."
        )
