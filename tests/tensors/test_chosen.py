"""gather, scatter, index_* and masked_*: values, gradients, in-place forms and refusals as PyTorch's."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.oracle import agree, numbers, printed_alike

Make = Callable[..., Any]

I = np.array([[0, 2, 1, 0], [1, 0, 0, 2]])  # noqa: E741
V = np.array([2, 0])
X = numbers(3, 4)
S = numbers(2, 4, seed=1)
MASK = np.array([[True, False, True, False]] * 2 + [[False, True, True, True]])
N3 = numbers(3)
INTS = np.arange(12).reshape(3, 4)

SAME: dict[str, tuple[Any, ...]] = {
    "gather": (lambda t, x, i: x.gather(0, i), X, I),
    "gather along -1": (lambda t, x, i: t.gather(x, -1, i), X, np.array([[3, 3, 0], [1, 1, 1]])),
    "gather by keyword": (lambda t, x, i: t.gather(input=x, dim=0, index=i), X, I),
    "gather of an empty index": (lambda t, x: t.gather(x, 0, t.empty((0, 4), dtype=t.int64)), X),
    "gather of a number": (lambda t, x: x.gather(0, t.tensor(0)), numbers()),
    "gather of integers": (lambda t, x, i: x.gather(0, i), INTS, I),
    "take_along_dim": (lambda t, x, i: t.take_along_dim(x, i, 1), X, np.array([[0], [3], [3]])),
    "take_along_dim broadcast": (lambda t, x, i: t.take_along_dim(x, i, dim=1), X, np.array([[0, 3]])),
    "take_along_dim flat": (lambda t, x, i: x.take_along_dim(i), X, np.array([[0, 11]])),
    "take_along_dim of argsort": (lambda t, x: t.take_along_dim(x, x.detach().argsort(1), 1), X),
    "scatter": (lambda t, x, i, s: x.scatter(0, i, s), X, np.array([[0, 2, 1, 0], [1, 0, 0, 2]]), S),
    "scatter along 1": (lambda t, x, i, s: x.scatter(1, i, s), X, np.array([[3, 0], [1, 2]]), S[:, :2]),
    "scatter a number": (lambda t, x, i: x.scatter(0, i, 1.5), X, I),
    "scatter value=": (lambda t, x, i: x.scatter(0, i, value=2), X, I),
    "scatter add": (lambda t, x, i, s: x.detach().scatter(0, i, s.detach(), reduce="add"), X, I, S),
    "scatter multiply": (lambda t, x, i, s: x.detach().scatter(0, i, s.detach(), reduce="multiply"), X, I, S),
    "scatter integers": (lambda t, x, i: x.scatter(0, i, 7), INTS, I),
    "scatter_": (lambda t, x, i, s: (x * 1).scatter_(0, i, s), X, np.array([[0, 2, 1, 0]]), S[:1]),
    "one hot": (lambda t, i: t.zeros(4, 3).scatter_(1, i.unsqueeze(1), 1), np.array([0, 2, 1, 1])),
    "scatter_add": (lambda t, x, i, s: x.scatter_add(0, i, s), X, I, S),
    "scatter_add repeated": (lambda t, x, i, s: t.scatter_add(x, 1, i, s), X, I[:, :3] // 2, S[:, :3]),
    "scatter_add_": (lambda t, x, i, s: (x * 1).scatter_add_(0, i, s), X, I, S),
    "scatter_add of a vector": (lambda t, x, i, s: x.scatter_add(0, i, s), numbers(3), np.array([1, 1]), numbers(2)),
    "scatter_reduce sum": (lambda t, x, i, s: x.scatter_reduce(0, i, s, "sum"), X, I, S),
    "scatter_reduce sum alone": (lambda t, x, i, s: x.scatter_reduce(0, i, s, "sum", include_self=False), X, I, S),
    "scatter_reduce mean": (lambda t, x, i, s: x.scatter_reduce(0, i, s, reduce="mean"), X, I, S),
    "scatter_reduce mean alone": (lambda t, x, i, s: x.scatter_reduce(0, i, s, "mean", include_self=False), X, I, S),
    "scatter_reduce amax": (lambda t, x, i, s: x.scatter_reduce(0, i, s, "amax"), X, I, S),
    "scatter_reduce amin alone": (lambda t, x, i, s: x.scatter_reduce(0, i, s, "amin", include_self=False), X, I, S),
    "scatter_reduce prod": (lambda t, x, i, s: x.scatter_reduce(0, i, s, "prod"), X, I, S),
    "index_select": (lambda t, x, i: x.index_select(1, i), X, np.array([3, 0, 0])),
    "index_select of a vector": (lambda t, x, i: t.index_select(x, 0, i), numbers(4), np.array(2)),
    "index_add": (lambda t, x, i, s: x.index_add(0, i, s), X, V, S),
    "index_add repeated": (lambda t, x, i, s: t.index_add(x, 0, i, s, alpha=2), X, np.array([1, 1]), S),
    "index_add_": (lambda t, x, i, s: (x * 1).index_add_(0, i, s), X, V, S),
    "index_copy": (lambda t, x, i, s: x.index_copy(0, i, s), X, V, S),
    "index_copy along 1": (lambda t, x, i, s: t.index_copy(x, 1, i, s), X, V, numbers(3, 2)),
    "index_fill": (lambda t, x, i: x.index_fill(1, i, 1.5), X, V),
    "index_fill of a tensor": (lambda t, x, i, v: x.index_fill(1, i, v), X, V, numbers()),
    "index_fill_": (lambda t, x, i: (x * 1).index_fill_(0, i, -1), X, V),
    "masked_fill": (lambda t, x, m: x.masked_fill(m, 2), X, MASK),
    "masked_fill broadcast": (lambda t, x, m: x.masked_fill(m, float("-inf")).softmax(1), X, MASK[0]),
    "masked_fill grows": (lambda t, x, m: t.masked_fill(x, m, 0.0), numbers(4), MASK),
    "masked_fill of a tensor": (lambda t, x, m, v: x.masked_fill(m, v), X, MASK, numbers()),
    "masked_fill of integers": (lambda t, x, m: x.masked_fill(m, 9), INTS, MASK),
    "masked_fill of integers by a float": (lambda t, x, m: x.masked_fill(m, 1.7), INTS, MASK),
    "masked_fill_": (lambda t, x, m: (x * 1).masked_fill_(m, 0), X, MASK),
    "masked_select": (lambda t, x, m: x.masked_select(m), X, MASK),
    "masked_select broadcast": (lambda t, x, m: t.masked_select(x, m), numbers(4), MASK),
    "masked_scatter": (lambda t, x, m, s: x.masked_scatter(m, s), X, MASK, S),
    "masked_scatter_": (lambda t, x, m, s: (x * 1).masked_scatter_(m, s), X, MASK[0], numbers(3, 3)),
    "take": (lambda t, x, i: x.take(i), X, np.array([[0, 11], [-1, 5]])),
    "put": (lambda t, x, i, s: x.put(i, s), X, np.array([0, -1]), numbers(2)),
    "put accumulating": (lambda t, x, i, s: x.put(i, s, accumulate=True), X, np.array([1, 1]), numbers(2)),
    "put_": (lambda t, x, i, s: (x * 1).put_(i, s), X, np.array([3, 4]), numbers(2)),
    "scatter_reduce ties": (lambda t, x, i: x.scatter_reduce(0, i, x, "amax"), np.ones(3), np.array([0, 0, 2])),
    "scatter_reduce products of 0": (
        lambda t, x, i, s: x.scatter_reduce(0, i, s, "prod", include_self=False), N3, np.array([0, 0, 2]), N3 * 0),
    "scatter_reduce_": (lambda t, x, i, s: (x * 1).scatter_reduce_(0, i, s, "amin"), X, I, S),
    "index_put": (lambda t, x, i, v: x.index_put((i,), v), X, V, S),
    "index_put of two": (lambda t, x, i, v: t.index_put(x, (i, i), v), X, V, numbers(2)),
    "index_put added": (lambda t, x, i, v: x.index_put((i,), v, accumulate=True), N3, np.array([1, 1]), numbers(2)),
    "index_put_": (lambda t, x, i, v: (x * 1).index_put_((i,), v), X, V, S),
    "select_scatter": (lambda t, x, s: x.select_scatter(s, 0, 1), X, numbers(4)),
    "slice_scatter": (lambda t, x, s: t.slice_scatter(x, s, dim=1, start=1, end=3), X, numbers(3, 2)),
    "nonzero": (lambda t, x: t.nonzero(x > 0), X),
    "nonzero as tuple": (lambda t, x: (x > 0).nonzero(as_tuple=True), X),
    "nonzero of a number": (lambda t, x: (t.tensor(3).nonzero(), t.tensor(0).nonzero(as_tuple=True)), X),
    "argwhere": (lambda t, x: t.argwhere(x > 0), X),
    "where alone": (lambda t, x: t.where(x > 0), X),
    "where of numbers": (lambda t, x: t.where(x > 0, 1, 0), X),
    "where of both kinds": (lambda t, x: (t.where(x > 0, x, 0), t.where(x > 0, 2.5, x)), X),
    "where as a method": (lambda t, x: x.where(x > 0, -x), X),
    "where broadcast": (lambda t, x, y: t.where(x > 0, x, y), X, numbers(4)),
    "where promotes": (lambda t, x, y: t.where(y > 3, x.float(), y), X, INTS),
}  # fmt: skip

# The gradient of these is made of other operations here.
OTHER_NAMES = {n for n in SAME if "reduce" in n or "index_put" in n} | {
    "select_scatter", "slice_scatter", "gather of a number", "index_fill of a tensor", "masked_fill of a tensor",
    "take_along_dim flat",
}  # fmt: skip

REFUSED: dict[str, tuple[Any, ...]] = {
    "gather out of range": (lambda t, x, i: x.gather(0, i + 2), X, I),
    "gather negative": (lambda t, x, i: x.gather(0, i - 1), X, I),
    "gather too large": (lambda t, x, i: x.gather(1, t.zeros(4, 1, dtype=t.int64)), X, I),
    "gather rank": (lambda t, x, i: x.gather(0, i[0]), X, I),
    "gather floats": (lambda t, x, i: x.gather(0, i.float()), X, I),
    "gather dim": (lambda t, x, i: x.gather(2, i), X, I),
    "gather a list": (lambda t, x: x.gather(0, [[0]]), X),
    "scatter types": (lambda t, x, i, s: x.scatter(0, i, s.float()), X, I, S),
    "scatter source too small": (lambda t, x, i, s: x.scatter(0, i, s[:1]), X, I, S),
    "scatter reduce": (lambda t, x, i, s: x.scatter(0, i, s, reduce="max"), X, I, S),
    "scatter_reduce": (lambda t, x, i, s: x.scatter_reduce(0, i, s, "median"), X, I, S),
    "scatter_ on a leaf": (lambda t, x, i, s: x.scatter_(0, i, s), X, I, S),
    "index_select matrix": (lambda t, x, i: x.index_select(0, i), X, I),
    "index_select range": (lambda t, x: x.index_select(0, t.tensor([3])), X),
    "index_add shapes": (lambda t, x, i, s: x.index_add(0, i, s[:, :2]), X, V, S),
    "index_add count": (lambda t, x, i, s: x.index_add(0, i, s[:1]), X, V, S),
    "index_add types": (lambda t, x, i, s: x.index_add(0, i, s.float()), X, V, S),
    "index_fill": (lambda t, x, i, s: x.index_fill(0, i, s), X, V, S),
    "masked_fill mask": (lambda t, x, m: x.masked_fill(m.long(), 1.5), X, MASK),
    "masked_fill shapes": (lambda t, x, m: x.masked_fill(m[:2], 1.5), X, MASK),
    "masked_fill of a vector": (lambda t, x, m: x.masked_fill(m, x[0]), X, MASK),
    "masked_select mask": (lambda t, x: x.masked_select(x), X),
    "masked_scatter": (lambda t, x, m: x.masked_scatter(m, x[0]), X, MASK),
    "take range": (lambda t, x: x.take(t.tensor([12])), X),
    "select_scatter": (lambda t, x, s: x.select_scatter(s, 0, 1), X, S),
    "put counts": (lambda t, x: x.put(t.tensor([1, 2]), x[0, :1]), X),
    "take_along_dim": (lambda t, x, i: x.take_along_dim(i[0], 1), X, I),
    "where": (lambda t, x: t.where(x, x, x), X),
    "where shapes": (lambda t, x: t.where(x > 0, x, x[:, :2]), X),
}


@pytest.mark.oracle
@pytest.mark.parametrize("case", SAME)
def test_as_pytorch(case: str) -> None:
    torch = pytest.importorskip("torch")
    make, *arrays = SAME[case]
    agree(torch, make, *arrays, name=case not in OTHER_NAMES)


@pytest.mark.oracle
@pytest.mark.parametrize("case", REFUSED)
def test_refused_as_pytorch(case: str) -> None:
    torch = pytest.importorskip("torch")
    make, *arrays = REFUSED[case]
    agree(torch, make, *arrays)


@pytest.mark.oracle
def test_printed_as_pytorch() -> None:
    torch = pytest.importorskip("torch")
    printed_alike(torch, lambda t, x, i: x.requires_grad_().gather(0, i), X.astype(np.float32), I)
    printed_alike(torch, lambda t, x, m: x.requires_grad_().masked_select(m), X, MASK)
    printed_alike(torch, lambda t, x: t.nonzero(x > 0, as_tuple=True), X)
