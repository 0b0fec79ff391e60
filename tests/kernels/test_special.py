"""The special functions against their defining equations and, where there is SciPy, against it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tinygrad_edu.kernels import kernels, special


def test_many_elements_and_few_give_the_same_error_function() -> None:
    x = np.concatenate([np.linspace(-7, 7, 20001), [0.0, -0.0, 1e-12, 30.0, math.inf, -math.inf, math.nan]])
    expected = [math.erf(v) for v in x]
    np.testing.assert_allclose(kernels.erf(x), expected, rtol=4e-14)
    np.testing.assert_array_equal([kernels.erf(x[i : i + 1])[0] for i in range(0, x.size, 997)], expected[::997])
    single = x.astype(np.float32).reshape(4, -1)[:, ::2]
    assert kernels.erf(single).dtype == np.float32 and kernels.erf(single).shape == single.shape
    np.testing.assert_allclose(kernels.erf(single), np.vectorize(math.erf)(single), rtol=4e-7)


def test_the_inverse_is_one() -> None:
    for y in (-3.0, -0.5, 1e-9, 0.1, 1.0, 2.5, 4.0):
        assert special.inverse_erf(math.erf(y)) == pytest.approx(y, rel=1e-9 if abs(y) > 3 else 1e-12)
    assert math.isnan(special.inverse_erf(1.5)) and special.inverse_erf(-1.0) == -math.inf


def test_recurrences_of_the_gamma_family() -> None:
    for x in (0.3, 1.0, 2.5, 17.0, -0.5, -3.25):
        assert special.psi(x + 1) == pytest.approx(special.psi(x) + 1 / x, rel=1e-12)
        for n in (1, 2, 3):
            step = (-1) ** n * math.factorial(n) * x ** -(n + 1)
            assert special.polygamma(x + 1, n) == pytest.approx(special.polygamma(x, n) + step, rel=1e-10, abs=1e-10)


def test_against_scipy() -> None:
    scipy = pytest.importorskip("scipy.special")
    x = np.linspace(0.1, 30, 300)
    np.testing.assert_allclose(kernels.digamma(x), scipy.digamma(x), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(kernels.digamma(-x - 0.05), scipy.digamma(-x - 0.05), rtol=1e-8)
    for n in (1, 2, 3):
        np.testing.assert_allclose(kernels.each(special.polygamma, x, n), scipy.polygamma(n, x), rtol=1e-12)
    y = np.linspace(-0.999999, 0.999999, 301)
    np.testing.assert_allclose(kernels.erfinv(y), scipy.erfinv(y), rtol=1e-13, atol=1e-16)
