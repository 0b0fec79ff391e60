"""The convolution kernels against loops over every product, whole and in blocks, and how little memory they take."""

from __future__ import annotations

import itertools
import tracemalloc
from typing import Any

import numpy as np
import pytest

from tinygrad_edu.kernels import convolution as module
from tinygrad_edu.kernels import kernels
from tinygrad_edu.ops.convolution import places_of


def by_loops(x: Any, w: Any, stride: Any, padding: Any, dilation: Any, groups: int) -> Any:
    """The definition: out[n, o, place] is the sum over channels and taps of weight times element."""
    places = places_of(x.shape[2:], w.shape[2:], stride, padding, dilation)
    out = np.zeros((len(x), len(w), *places))
    per_group = len(w) // groups
    for place in np.ndindex(*places):
        for tap in np.ndindex(*w.shape[2:]):
            at = [i * s - p + t * d for i, s, p, t, d in zip(place, stride, padding, tap, dilation, strict=True)]
            if any(not 0 <= i < n for i, n in zip(at, x.shape[2:], strict=True)):
                continue
            for n, o, c in itertools.product(range(len(x)), range(len(w)), range(w.shape[1])):
                channel = o // per_group * w.shape[1] + c
                out[(n, o, *place)] += w[(o, c, *tap)] * x[(n, channel, *at)]
    return out


def drawn(seed: int) -> tuple[Any, ...]:
    rng = np.random.default_rng(seed)
    spatial, groups = int(rng.integers(1, 4)), int(rng.integers(1, 3))
    kernel, stride = rng.integers(1, 4, spatial).tolist(), rng.integers(1, 4, spatial).tolist()
    padding, dilation = rng.integers(0, 3, spatial).tolist(), rng.integers(1, 3, spatial).tolist()
    size = [d * (k - 1) + 1 + int(rng.integers(0, 3)) for d, k in zip(dilation, kernel, strict=True)]
    inner, outer = groups * int(rng.integers(1, 3)), groups * int(rng.integers(1, 3))
    x = rng.standard_normal((int(rng.integers(0, 4)), inner, *size))
    w = rng.standard_normal((outer, inner // groups, *kernel))
    return x, w, rng, (tuple(stride), tuple(padding), tuple(dilation), groups)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize(("limit", "few"), [(module.LIMIT, module.FEW), (150, 1), (2000, 1), (2000, 10**6)])
def test_the_definition_and_its_transposes(seed: int, limit: int, few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LIMIT", limit)
    monkeypatch.setattr(module, "FEW", few)
    x, w, rng, how = drawn(seed)
    expected = by_loops(x, w, *how)
    np.testing.assert_allclose(kernels.convolution(x, w, None, *how), expected, rtol=1e-12, atol=1e-12)
    bias = rng.standard_normal(len(w))
    shifted = expected + bias.reshape(-1, *(1,) * (x.ndim - 2))
    np.testing.assert_allclose(kernels.convolution(x, w, bias, *how), shifted, rtol=1e-12, atol=1e-12)
    # <g, conv(x, w)> is linear in x and in w, and the transposes say with which coefficients.
    g = rng.standard_normal(expected.shape)
    to_x = kernels.convolution_input(g, w, x.shape[2:], *how)
    to_w = kernels.convolution_weight(g, x, w.shape[2:], *how)
    assert to_x.shape == x.shape and to_w.shape == w.shape
    other_x, other_w = rng.standard_normal(x.shape), rng.standard_normal(w.shape)
    np.testing.assert_allclose((to_x * other_x).sum(), (g * by_loops(other_x, w, *how)).sum(), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose((to_w * other_w).sum(), (g * by_loops(x, other_w, *how)).sum(), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64, np.int64])
def test_any_strides_and_types(kind: Any) -> None:
    rng = np.random.default_rng(1)
    x, w = rng.integers(-3, 4, (5, 6, 2, 3)), rng.integers(-3, 4, (3, 2, 2, 4))
    turned, flipped = x.astype(kind).transpose(3, 2, 1, 0), w.astype(kind)[::-1, :, ::-1].swapaxes(2, 3)[..., :2]
    how = ((1, 2), (1, 0), (1, 1), 1)
    out = kernels.convolution(turned, flipped, None, *how)
    assert out.dtype == kind
    np.testing.assert_array_equal(out, by_loops(turned, flipped, *how))
    g = np.ones(out.shape, kind)
    for transposed in (
        kernels.convolution_input(g, flipped, turned.shape[2:], *how),
        kernels.convolution_weight(g, turned, flipped.shape[2:], *how),
    ):
        assert transposed.dtype == kind


@pytest.mark.parametrize(
    ("images", "size"), [(64, (28, 28)), (1, (256, 256)), (2, (40_000,))], ids=["batch", "large image", "long line"]
)
def test_windows_are_never_laid_out_all_at_once(images: int, size: tuple[int, ...]) -> None:
    """Besides what is returned: at most one block of windows, its product, and one block of padded images."""
    kernel = (5,) * len(size)
    x = np.ones((images, 8, *size), np.float32)
    w = np.ones((8, 8, *kernel), np.float32)
    how = ((1,) * len(size), (2,) * len(size), (1,) * len(size), 1)
    windows = x.nbytes * 5 ** len(size)
    image = x[0].nbytes
    assert windows > 5 * module.LIMIT

    def extra(call: Any, *args: Any) -> int:
        call(*args)  # a compiled kernel is loaded at its first call
        tracemalloc.start()
        result = call(*args)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return int(peak - result.nbytes)

    allowed = 3 * module.LIMIT + 2 * image
    assert extra(kernels.convolution, x, w, None, *how) < allowed
    assert extra(kernels.convolution_input, x, w, size, *how) < allowed
    assert extra(kernels.convolution_weight, x, x, kernel, *how) < allowed
