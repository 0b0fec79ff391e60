"""Making the operands of an operation ready: one element type for all, by the operation's way of promoting.

``arithmetic``  the common type of all operands;
``numeric``     the same, but not bool (abs, relu, a power); ``difference``: no operand at all may be a bool;
``bounds``      as numeric, and the numbers among the parameters are operands too (an exponent, a bound);
``float``       the same, but integers become the default float type (division, exp, ...);
``compare``     as arithmetic: the operands are compared in their common type;
``sum``         integers and bools are added up as int64;
``floating``    floats only (mean);
``same``        all operands of one type already, and not bool (matmul); ``alike``: bools too (scatter);
``keep``        nothing is converted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_edu.errors import DTypeError
from tinygrad_edu.tensors.dtype import of_numpy
from tinygrad_edu.tensors.promotion import FLOAT, PAIRS, SCALARS, require_float, result_type, sum_result

__all__ = ["common_type", "prepare"]

_bool = np.dtype(bool)


def common_type(payloads: Sequence[Any]) -> np.dtype[Any]:
    """The type that arrays and Python numbers have in common, by PyTorch's rules."""
    if len(payloads) == 2:  # the usual cases are one lookup
        a, b = payloads
        if hasattr(a, "dtype"):
            return PAIRS[a.dtype, not a.ndim, b.dtype, not b.ndim] if hasattr(b, "dtype") else SCALARS[a.dtype, type(b)]
        if hasattr(b, "dtype"):
            return SCALARS[b.dtype, type(a)]
    arrays = [p for p in payloads if hasattr(p, "dtype")]
    return result_type(
        [a.dtype for a in arrays if a.ndim],
        [a.dtype for a in arrays if not a.ndim],
        [type(p) for p in payloads if not hasattr(p, "dtype")],
    )


def prepare(operation: str, promote: str, payloads: Sequence[Any], params: Sequence[Any] = ()) -> tuple[Any, ...]:
    """The operands, converted where their types differ from what the operation computes in.

    Raises:
        DTypeError: types that the operation does not take.
    """
    if promote == "keep":
        return tuple(payloads)
    if promote in ("same", "alike"):
        if not all(hasattr(p, "dtype") for p in payloads):
            number = next(p for p in payloads if not hasattr(p, "dtype"))
            raise TypeError(f"{operation}(): all operands must be Tensors, not {type(number).__name__}")
        types = {p.dtype for p in payloads}
        if _bool in types and promote == "same":
            raise _no_bools(operation)
        if len(types) > 1:
            names = " and ".join(of_numpy(p.dtype).name for p in payloads)
            raise DTypeError(
                f"{operation}: expected all operands to have the same dtype, but got {names}: convert one, for example "
                "with .to(other.dtype)"
            )
        return tuple(payloads)
    if promote == "bounds":
        dtype = common_type([*payloads, *(p for p in params if hasattr(p, "dtype") or isinstance(p, (int, float)))])
    else:
        dtype = payloads[0].dtype if len(payloads) == 1 else common_type(payloads)
    if promote == "sum":
        dtype = sum_result(dtype)
    elif promote == "float":
        dtype = FLOAT[dtype]
    elif promote == "floating":
        require_float(operation, dtype)
    elif promote in ("numeric", "bounds") and dtype == _bool:
        raise _no_bools(operation)
    elif promote == "difference" and any(getattr(p, "dtype", type(p)) in (_bool, bool) for p in payloads):
        raise _no_bools(operation)
    return tuple(_cast(p, dtype) for p in payloads)


def _no_bools(operation: str) -> DTypeError:
    return DTypeError(
        f"{operation}: bool tensors are not supported: convert with .int() or .float(), or use ~, &, | and ^ on masks"
    )


def _cast(payload: Any, dtype: np.dtype[Any]) -> Any:
    if hasattr(payload, "dtype"):
        return payload if payload.dtype == dtype else payload.astype(dtype)
    if dtype.kind in "iub":  # NumPy refuses a number that does not fit; PyTorch lets it wrap around
        return np.array(payload).astype(dtype)[()]
    return payload
