"""How a gamma number moves with its concentration, while its share of the distribution below it stays the same.

That is dz/da = -(dP(a, z)/da) / p(z; a), with P the regularised lower incomplete gamma function and p its density: the
implicit reparametrisation of Figurnov, Mohamed and Mnih, Implicit Reparameterization Gradients (2018), equation 5.
The formulas are those of Numerical Recipes, section 6.2, differentiated term by term.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.kernels.special import digamma

__all__ = ["gamma_slope"]

Array = np.ndarray[Any, Any]
_LARGE = 1e4  # from here on an expansion about the normal distribution has nine digits
_EPS = 2.0**-53


def gamma_slope(a: Array, z: Array) -> Array:
    """dz/da for concentrations `a` and numbers `z` of one shape, both positive; float64.

    >>> gamma_slope(np.array([1.0, 3.0]), np.array([0.5, 20.0])).round(6).tolist()
    [0.806979, 2.348346]
    """
    a, z = (np.asarray(each, np.float64).ravel() for each in (a, z))
    slope = np.empty(a.size)
    few, places = np.unique(a, return_inverse=True)  # the digamma function takes them one by one
    psi = np.asarray(digamma(few)).reshape(-1)[places.reshape(-1)]
    large = a >= _LARGE
    below = ~large & (z <= a + 1)
    with np.errstate(all="ignore"):
        for where, formula in ((below, _series), (~large & ~below, _fraction), (large, _normal)):
            if where.any():
                slope[where] = formula(a[where], z[where], psi[where])
    return slope


def _series(a: Array, z: Array, psi: Array) -> Array:
    """P / p = z * sum of z^n / (a (a + 1) ... (a + n)); d log of a term / da = log z - psi(a + n + 1)."""
    logarithm, term, n = np.log(z), 1 / a, 0
    rate = logarithm - (psi + 1 / a)
    total = term * rate
    while (term * (np.abs(rate) + 1) > _EPS * np.abs(total)).any():
        n += 1
        term = term * z / (a + n)
        rate = rate - 1 / (a + n)
        total = total + term * rate
    return -z * total


def _fraction(a: Array, z: Array, psi: Array) -> Array:
    """(1 - P) / p = z h with the continued fraction h = 1 / (z + 1 - a - 1 (1 - a) / (z + 3 - a - ...)), Lentz's way.

    A letter with `da` at its end is the derivative of the one before.
    """
    b = z + 1 - a
    c, cda = np.full_like(z, 1e300), np.zeros_like(z)
    d = 1 / b
    dda = d * d
    h, hda = d, dda
    i, moving = 0, True
    while moving:
        i += 1
        factor = -i * (i - a)
        b = b + 2
        below, belowda = factor * d + b, i * d + factor * dda - 1
        d, dda = 1 / below, -belowda / (below * below)
        c, cda = b + factor / c, -1 + i / c - factor / c * (cda / c)
        ratio, ratioda = d * c, dda * c + d * cda
        before, beforeda = h, hda
        h, hda = h * ratio, hda * ratio + h * ratioda
        moving = bool(((np.abs(h - before) > 4 * _EPS * h) | (np.abs(hda - beforeda) > 4e4 * _EPS * np.abs(hda))).any())
        moving = moving and i < 4 * _LARGE
    return z * (h * (np.log(z) - psi) + hda)


def _normal(a: Array, z: Array, _psi: Array) -> Array:
    """From z = a + x √a + (x² - 1) / 3 + (x³ - 7x) / (36 √a) with a normal number x, which stays (Cornish, Fisher)."""
    root = np.sqrt(a)
    x = (z - a) / root
    for _ in range(4):  # Newton's method
        miss = a + x * root + (x * x - 1) / 3 + (x**3 - 7 * x) / (36 * root) - z
        x = x - miss / (root + 2 * x / 3 + (3 * x * x - 7) / (36 * root))
    return 1 + x / (2 * root) - (x**3 - 7 * x) / (72 * a * root)
