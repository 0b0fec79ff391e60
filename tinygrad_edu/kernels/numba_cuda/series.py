"""Special functions of one number as functions of the device: the specification's series (`kernels.special`), written
without tables or recursion, so that all of it stays in registers. They take and give float64."""

from __future__ import annotations

from tinygrad_edu.kernels.special import BERNOULLI

__all__ = ["SOURCE"]

_FORM = """
def psi(x):
    if x == 0:
        return copysign(inf, -x)
    if x != x or x == inf:
        return x
    total = 0.0
    if x < 0:
        if x == floor(x):
            return nan
        total = -3.141592653589793 / tan(3.141592653589793 * (x - ceil(x)))
        x = 1 - x
    while x < 12:
        total -= 1 / x
        x += 1
    square = 1 / (x * x)
    power = square
    series = 0.0
{psi_terms}
    return total + log(x) - 0.5 / x - series

def poly_gamma(x, n):
    if x != x or x == -inf:
        return nan
    if x <= 0 and x == floor(x):
        return inf if n % 2 else nan
    sign = 1.0 if n % 2 else -1.0
    more = 0.0
    if n == 1 and x < 0:
        more = 3.141592653589793 / sin(3.141592653589793 * (x - ceil(x)))
        more = more * more
        sign = -1.0
        x = 1 - x
    total = 0.0
    while x < 12 + n:
        total += x ** float64(-n - 1)
        x += 1
    if x == inf:
        return 0.0
    one = 1 / x
    for j in range(1, n):
        total *= j
        one *= j / x
    total *= n
    square = 1 / (x * x)
    term = one
    series = one + n * one / x / 2
{poly_terms}
    return more + sign * (total + series)

def inverse_erf(x):
    if not (x > -1 and x < 1):
        return copysign(inf, x) if x == 1 or x == -1 else nan
    if x == 0:
        return x
    logarithm = log1p(-x * x)
    half = 2 / (3.141592653589793 * 0.147) + logarithm / 2
    y = sqrt(sqrt(half * half - logarithm / 0.147) - half)
    size = abs(x)
    for _ in range(4):
        error = (1 - size) - erfc(y) if size > 0.5 else erf(y) - size
        step = error / (1.1283791670955126 * exp(-y * y))
        y -= step / (1 + y * step)
    return copysign(y, x)

def greatest_divisor(a, b):
    a = abs(a)
    b = abs(b)
    while b != 0:
        rest = a % b
        a = b
        b = rest
    return a

def least_multiple(a, b):
    divisor = greatest_divisor(a, b)
    if divisor == 0:
        return divisor
    return abs(a // divisor * b)
"""


def _terms() -> dict[str, str]:
    psi, poly = [], []
    for k, bernoulli in enumerate(BERNOULLI, 1):
        psi += [f"    series += {bernoulli / (2 * k)!r} * power", "    power *= square"]
        poly += [f"    term *= (n + {2 * k - 1}) * (n + {2 * k - 2}) / {2.0 * k * (2 * k - 1)} * square"]
        poly += [f"    series += {bernoulli!r} * term"]
    return {"psi_terms": "\n".join(psi), "poly_terms": "\n".join(poly)}


SOURCE = _FORM.format(**_terms())
