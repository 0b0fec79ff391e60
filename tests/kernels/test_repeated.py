"""Repeating an array without copying it: our short ways beside np.broadcast_to."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tinygrad_edu.kernels.numpy import broadcast_to, spread

DTYPES = ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "?"]
SHAPES = [
    ((), ()), ((), (3,)), ((), (2, 0)), ((1,), (3,)), ((3,), (2, 3)), ((2, 1), (2, 3)), ((1, 3), (4, 2, 3)),
    ((0,), (2, 0)), ((0, 1), (0, 3)), ((2, 3), (2, 3)), ((1, 1), (0, 1)),
]  # fmt: skip


def arrays(shape: tuple[int, ...], dtype: str) -> list[Any]:
    """The same numbers in memory of several orders, and as NumPy's scalar where there are no dimensions."""
    whole = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype)
    if not shape:
        return [whole, whole[()]]
    gaps = np.zeros((*shape[:-1], 2 * shape[-1]), dtype)[..., ::2]
    gaps[...] = whole
    return [whole, np.asfortranarray(whole), whole[::-1].copy()[::-1], gaps]


@pytest.mark.parametrize("dtype", DTYPES)
def test_as_numpy(dtype: str) -> None:
    for shape, target in SHAPES:
        for a in arrays(shape, dtype):
            view = broadcast_to(a, target)
            assert view.dtype == a.dtype and not view.flags.writeable
            np.testing.assert_array_equal(view, np.broadcast_to(a, target))


@pytest.mark.parametrize(("shape", "target"), [((3,), (2,)), ((2, 3), (3,)), ((2,), (2, 3)), ((0,), (3,)), ((2,), ())])
def test_what_does_not_fit_is_refused(shape: tuple[int, ...], target: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="broadcast|dimensions"):
        broadcast_to(np.ones(shape), target)


@pytest.mark.parametrize("keepdim", [False, True])
def test_spread_undoes_a_reduction(keepdim: bool) -> None:
    for shape, axes in [
        ((), ()),
        ((3,), (0,)),
        ((2, 3), (0,)),
        ((2, 3), (1,)),
        ((2, 3, 4), (0, 2)),
        ((2, 0), (1,)),
        ((0, 2), (1,)),
    ]:
        total = np.add.reduce(np.random.default_rng(0).normal(size=shape), axis=axes, keepdims=True)
        reduced = total if keepdim else total.reshape([n for i, n in enumerate(shape) if i not in axes])
        for a in [reduced, np.array(reduced, order="F"), reduced[()]]:
            view = spread(a, shape, axes, keepdim)
            assert not view.flags.writeable
            np.testing.assert_array_equal(view, np.broadcast_to(total, shape))
