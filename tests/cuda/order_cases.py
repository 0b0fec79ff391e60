"""Lines for the table of test_kernels.py: order and what is made of it, special functions, decompositions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tinygrad_edu.kernels.presence import simulated

_random = np.random.default_rng(6)
_LONG = 70 if simulated() else 9000  # elements of a line that takes several tiles


def made(*shape: int) -> Any:
    return _random.standard_normal(shape)


def disordered(kind: Any, *shape: int) -> Any:
    """Few different elements, so that many are equal; of floats with nan, infinities and zeros of both signs."""
    a = _random.integers(-5 if np.dtype(kind).kind != "u" else 0, 6, shape).astype(kind)
    if a.dtype.kind == "f" and a.size > 20:
        flat = a.reshape(-1)
        flat[[1, 8]], flat[[5, 12]], flat[[2, 11, 17]] = np.nan, (np.inf, -np.inf), (-0.0, 0.0, -0.0)
    elif a.dtype.kind in "iu" and a.size > 20:
        a.reshape(-1)[[3, 9]] = np.iinfo(kind).min, np.iinfo(kind).max
    return a


def orders(name: str) -> Iterator[tuple[Any, ...]]:
    """Lines that share a tile, fill one and take several, along memory and across it, of every type."""
    single = np.float32
    yield (disordered(single, 1, _LONG // 2 + 3), 1, True)
    for a, axis in (
        (disordered(single, 2, 17), 1), (disordered(single, 2, _LONG), 1), (disordered(single, _LONG, 3), 0),
        (disordered(single, 3, 5, 2), 1), (disordered(single, 2, 33)[:, ::2], 1), (disordered(single, 21, 1), 1),
        (np.broadcast_to(disordered(single, 4), (3, 4)), 0), (np.array(3.0), -1), (made(0, 3), 0), (made(3, 0), 1),
    ):  # fmt: skip
        yield (a, axis, False)
    for kind in (np.float64, np.float16, np.int8, np.uint8, np.int16, np.int32, np.int64, bool):
        for descending in (False, True):
            yield (disordered(kind, 2, 21), 1, descending)
    yield (disordered(np.float64, 2, _LONG), 1, False)
    yield (disordered(np.int8, _LONG, 2), 0, True)


def modes(name: str) -> Iterator[tuple[Any, ...]]:
    yield from (
        (_random.integers(0, 4, (3, 12)), 1, False), (_random.integers(0, 3, (9, 2)), 0, True),
        (made(2, 1), 1, False), (np.array(4.0), -1, True),
        (_random.integers(0, 9, (1, _LONG)).astype(np.float32), 1, True),
    )  # fmt: skip


def searches() -> Iterator[tuple[Any, ...]]:
    edges = np.sort(disordered(np.float32, 23))  # with nan at its end
    for values in (disordered(np.float32, 2, 22), np.arange(-3, 9), np.float64(0.5), made(0, 2), edges[::2]):
        for side in ("left", "right"):
            yield (edges, values, side)
    yield (np.zeros(0), made(3), "left")
    yield (np.sort(disordered(np.int8, 30)), disordered(np.int32, 30)[::3], "right")


def memberships() -> Iterator[tuple[Any, ...]]:
    a = disordered(np.float64, 3, 8)
    yield from ((a, np.array([2.0, np.nan, -4.0, 2.0])), (a, made(0)), (np.arange(9), np.arange(0, 30, 4)), (a[0], 3.0))


def distinct() -> Iterator[tuple[Any, ...]]:
    """Of all, and of slices: of one column, of an odd and an even number of them, of many dimensions."""
    small = _random.integers(0, 2, (7, 5))
    for a, axis in (
        (small[:5, :2], 0), (small, 0), (disordered(np.int8, 4, 9), None),
        (small[:, :1], 0), (small[:, :4], 0), (small.T, 1),
        (_random.integers(0, 2, (2, 5, 2)).astype(np.float32), 1), (made(0, 3), 0), (made(0), None),
    ):  # fmt: skip
        yield (a, True, True, True, axis)


SPECIAL = np.array([
    0.3, 1, 2, -0.3, -1, -2.5, -7.01, 13, 100, 1e10, 1e-8, 0.0, -0.0, 0.9, -0.5, 1 - 1e-12, 1.5, np.inf, -np.inf, np.nan
])  # fmt: skip


def special() -> Iterator[tuple[Any, ...]]:
    yield from ((SPECIAL,), (SPECIAL.astype(np.float32)[::2],), (np.array(0.5),))


def polygammas() -> Iterator[tuple[Any, ...]]:
    from tinygrad_edu.kernels.special import polygamma

    for n in (2, 0, 1, 3, 6):
        yield (polygamma, np.delete(SPECIAL, -2), n)
    yield (polygamma, SPECIAL.astype(np.float32)[:9], 1)


def regular(kind: Any, *shape: int) -> Any:
    """Matrices that are far from singular, whose pivots are not on the diagonal."""
    return np.roll(made(*shape) + 9 * np.eye(shape[-1]), 1, -2).astype(kind)


def matrices(name: str) -> Iterator[tuple[Any, ...]]:
    """Of fewer and of more columns than a panel has, one and many; turned, empty, broadcast."""
    n = 7 if simulated() else 70
    for a in (
        regular(np.float64, 5, 5), regular(np.float64, n, n).T, regular(np.float32, 2, 4, 4), regular(np.float64, 3, 3),
        made(0, 0), made(0, 3, 3), regular(np.float64, 2, 1, 2, 2),
    ):  # fmt: skip
        if name == "cholesky":
            yield (a @ a.swapaxes(-1, -2) + np.eye(a.shape[-1], dtype=a.dtype),)
        elif name == "solve":
            yield (a, made(*a.shape[:-1], 3).astype(a.dtype))
            yield (a, np.broadcast_to(made(a.shape[-1], 1).astype(a.dtype), (2, *a.shape[:-3], 1, a.shape[-1], 1)))
        else:
            yield (a,)


def decompositions() -> Iterator[tuple[Any, ...]]:
    """Those whose results have one sign only."""
    for a in (made(4, 3), made(2, 3, 5), made(3, 3).astype(np.float32), made(1, 1), made(0, 3), made(3, 0)):
        yield ("qr", a)
        yield ("qr", a, "complete")
        yield ("qr", a, "r")
        yield ("svd", a, False, False)
        if a.shape[-1] == a.shape[-2]:
            yield ("eigvalsh", a)
            yield ("eigvalsh", a, "U")


def pseudo_inverses() -> Iterator[tuple[Any, ...]]:
    low = made(4, 1) * made(3)
    yield from ((made(3, 2), 1e-9), (low, 1e-9), (made(2, 3, 2).astype(np.float32), 1e-5))


CASES: dict[str, Callable[[], Any]] = {
    **dict.fromkeys(("digamma", "erfinv", "lgamma"), special),
    "each": polygammas,
    **{name: lambda name=name: matrices(name) for name in ("cholesky", "det", "inv", "slogdet", "solve")},
    "decompose": decompositions,
    "pinv": pseudo_inverses,
    "in_order": lambda: orders("in_order"),
    "isin": memberships,
    "mode": lambda: modes("mode"),
    "searchsorted": searches,
    "unique": distinct,
}
