"""Products of a batch are shared out among threads, with the same result and without warnings."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from tinygrad_edu.kernels import kernels, threads


@pytest.mark.parametrize("shapes", [((32, 8, 64, 64), (32, 8, 64, 64)), ((40, 64, 40), (40, 40, 60)), ((3, 1), (1, 2))])
def test_as_in_one_thread(shapes: tuple[tuple[int, ...], tuple[int, ...]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "WORTH", 1 << 12)
    a, b = (np.random.default_rng(i).normal(size=shape).astype("f4") for i, shape in enumerate(shapes))
    a[0, 0] = np.inf
    before = threads.get_threads()
    try:
        for x, y in [(a, b), (np.ascontiguousarray(a.swapaxes(-1, -2)).swapaxes(-1, -2), b[::-1][::-1])]:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                threads.set_threads(1)
                alone = kernels.quietly(kernels.matmul, x, y)
                threads.set_threads(2)
                shared = kernels.quietly(kernels.matmul, x, y)
            np.testing.assert_array_equal(alone, shared)
    finally:
        threads.set_threads(before)
