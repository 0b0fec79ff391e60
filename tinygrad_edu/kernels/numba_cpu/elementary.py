"""Functions that kernels call for each element, written so that the compiler can make vectors of them.

``math.exp`` is a call into the C library, one element at a time: eight times as long as the rest of a softmax.
"""

# mypy: disable-error-code="untyped-decorator"
from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import types
from numba.extending import overload

__all__ = ["exp", "exp_beside_one"]

# exp(x) = 2**n * exp(r), x = n * log(2) + r, |r| <= log(2) / 2. log(2) is split in two, so that n * the first part is
# exact (Cody, Waite). The sum must not be reordered: no flag here but "contract".
_ONLY: Any = {"fastmath": {"contract"}, "error_model": "numpy"}


def exp(x: Any) -> Any:
    """e to the power of a float, to about one unit in the last place; inf and nan as they should be."""
    return math.exp(x)


@overload(exp, jit_options=_ONLY)
def _exp(x: Any) -> Any:
    return _exp_single if x == types.float32 else _exp_double if x == types.float64 else None


def exp_beside_one(x: Any) -> Any:
    """The same to be added to a number like 1: not exact below 1e-38 (of float32), inf from x = 88.37 on."""
    return math.exp(x)


@overload(exp_beside_one, jit_options=_ONLY)
def _exp_beside_one(x: Any) -> Any:
    return _exp_short if x == types.float32 else _exp_double if x == types.float64 else None


_f = np.float32
_MAGIC, _MAGIC_BITS = _f(12582912.0), np.int32(0x4B400000)  # 1.5 * 2**23: adding it rounds to an integer
_LOG2E, _HIGH, _LOW = _f(1.4426950408889634), _f(0.693359375), _f(-2.12194440e-4)
_MOST, _LEAST = _f(89.0), _f(-104.0)
_ONE, _BIAS, _SHIFT = _f(1.0), np.int32(127), np.int32(23)
# (exp(r) - 1 - r) / r**2, fitted for the least relative error of exp: 3e-9, where Taylor's five terms leave 1e-7
_C2, _C3, _C4, _C5, _C6 = map(
    _f, (0.49999993050677, 0.16666514790901, 0.041668456796789, 0.0083694188809, 0.00138131441)
)


def _exp_single(x: Any) -> Any:
    y = _MOST if x > _MOST else x
    y = _LEAST if y < _LEAST else y
    shifted = np.float32(y * _LOG2E + _MAGIC)
    n = shifted.view(np.int32) - _MAGIC_BITS
    whole = shifted - _MAGIC
    r = (y - whole * _HIGH) - whole * _LOW
    p = (((_C6 * r + _C5) * r + _C4) * r + _C3) * r + _C2
    p = p * r * r + r + _ONE
    # 2**n in two steps: the result may be smaller, or larger, than a normal number
    half = n >> np.int32(1)
    first = np.int32((half + _BIAS) << _SHIFT).view(np.float32)
    second = np.int32((n - half + _BIAS) << _SHIFT).view(np.float32)
    return p * first * second


_NORMAL = _f(-87.0)  # exp is a normal number here


def _exp_short(x: Any) -> Any:
    y = _MOST if x > _MOST else x
    y = _NORMAL if y < _NORMAL else y
    shifted = np.float32(y * _LOG2E + _MAGIC)
    whole = shifted - _MAGIC
    r = (y - whole * _HIGH) - whole * _LOW
    p = (((_C6 * r + _C5) * r + _C4) * r + _C3) * r + _C2
    p = p * r * r + r + _ONE
    # the bits of 2**n: those of the magic number are shifted out, and 2**128 is those of inf
    return p * np.int32((shifted.view(np.int32) + _BIAS) << _SHIFT).view(np.float32)


_MAGIC64, _MAGIC_BITS64 = 6755399441055744.0, np.int64(0x4338000000000000)  # 1.5 * 2**52
_LOG2E64, _HIGH64, _LOW64 = 1.4426950408889634, 6.93147180369123816490e-01, 1.90821492927058770002e-10
_MOST64, _LEAST64, _BIAS64, _SHIFT64 = 710.0, -746.0, np.int64(1023), np.int64(52)
_D = [1 / math.factorial(k) for k in range(14)]
_D2, _D3, _D4, _D5, _D6, _D7, _D8, _D9, _D10, _D11, _D12, _D13 = _D[2:]


def _exp_double(x: Any) -> Any:
    y = _MOST64 if x > _MOST64 else x
    y = _LEAST64 if y < _LEAST64 else y
    shifted = np.float64(y * _LOG2E64 + _MAGIC64)
    n = shifted.view(np.int64) - _MAGIC_BITS64
    whole = shifted - _MAGIC64
    r = (y - whole * _HIGH64) - whole * _LOW64
    p = (((((_D13 * r + _D12) * r + _D11) * r + _D10) * r + _D9) * r + _D8) * r + _D7
    p = ((((p * r + _D6) * r + _D5) * r + _D4) * r + _D3) * r + _D2
    p = p * r * r + r + 1.0
    half = n >> np.int64(1)
    first = np.int64((half + _BIAS64) << _SHIFT64).view(np.float64)
    second = np.int64((n - half + _BIAS64) << _SHIFT64).view(np.float64)
    return p * first * second
