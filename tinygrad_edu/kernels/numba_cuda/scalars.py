"""Functions of one or two numbers that formulas call and neither Python nor CUDA has; compiled into the kernels."""

from __future__ import annotations

import functools
import math
import re
from typing import Any

from tinygrad_edu.kernels.numba_cuda.runtime import cuda, functions
from tinygrad_edu.kernels.numba_cuda.series import SOURCE
from tinygrad_edu.kernels.presence import simulated

__all__ = ["helpers"]

_SOURCE = """
def rint(a):
    whole = floor(a)
    rest = a - whole
    if rest > 0.5 or (rest == 0.5 and floor(whole * 0.5) * 2 != whole):
        return whole + 1
    return whole

def float_remainder(a, b):
    rest = fmod(a, b)
    if rest != 0 and (rest < 0) != (b < 0):
        rest += b
    return rest

def float_floor_divide(a, b):
    if b == 0:
        return a / b
    rest = fmod(a, b)
    quotient = (a - rest) / b
    if rest != 0 and (rest < 0) != (b < 0):
        quotient -= 1
    whole = floor(quotient)
    if quotient - whole > 0.5:
        whole += 1
    return whole

def log_add_exp(a, b):
    larger = a if a >= b else b
    if larger != larger or larger == inf or larger == -inf:
        return a + b if a != b else larger
    return larger + log1p(exp(-abs(a - b)))

def int_fmod(a, b):
    if b == 0:
        return b
    rest = a % b
    if rest != 0 and (a < 0) != (b < 0):
        rest -= b
    return rest

def int_power(a, b):
    if b < 0:
        if a == 1:
            return a
        if a == -1:
            return a if b % 2 else -a
        return a - a
    result = a - a + 1
    base, left = a, b
    while left > 0:
        if left & 1:
            result = result * base
        base = base * base
        left = left >> 1
    return result
"""


@functools.cache
def helpers() -> dict[str, Any]:
    """The functions by name, as functions of the device."""
    made: dict[str, Any] = dict(functions())
    made["log1p"] = made["log1p"] or math.log1p
    text = _SOURCE + SOURCE
    exec(compile(text, "<scalar functions of numba_cuda>", "exec"), made)
    names = re.findall(r"^def (\w+)", text, re.MULTILINE)
    if not simulated():
        for name in names:  # in order: a function may call those before it
            made[name] = cuda().jit(made[name], device=True, inline=False)
    return {name: made[name] for name in names}
