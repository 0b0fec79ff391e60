"""Views, splits, stacks: as in PyTorch, and every view shares its memory with the Tensor that it looks at."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.oracle import agree, numbers

import tinygrad_edu as tg

Make = Callable[..., Any]

VIEWS: dict[str, tuple[Make, tuple[int, ...]]] = {
    "flatten": (lambda t, x: x.flatten(), (2, 3, 4)),
    "flatten some": (lambda t, x: t.flatten(x, 1), (2, 3, 4)),
    "flatten of a vector": (lambda t, x: x.flatten() * 1, (3,)),
    "flatten of a number": (lambda t, x: x.flatten(), ()),
    "ravel": (lambda t, x: x.ravel(), (2, 3)),
    "unflatten": (lambda t, x: x.unflatten(1, (2, -1)), (3, 4)),
    "unflatten by keyword": (lambda t, x: t.unflatten(x, dim=-1, sizes=(2, 2)), (3, 4)),
    "view with -1": (lambda t, x: x.view(-1, 2), (3, 4)),
    "view_as": (lambda t, x: x.view_as(t.zeros(4, 3)), (3, 4)),
    "select": (lambda t, x: x.select(1, -1), (3, 4)),
    "select function": (lambda t, x: t.select(x, 0, 1), (3,)),
    "narrow": (lambda t, x: x.narrow(1, 1, 2), (3, 4)),
    "split": (lambda t, x: x.split(2), (5, 2)),
    "split along 1": (lambda t, x: t.split(x, 3, dim=1), (2, 7)),
    "split by keyword": (lambda t, x: t.split(x, split_size_or_sections=2), (4,)),
    "split method by keyword": (lambda t, x: x.split(split_size=3, dim=0), (4,)),
    "tensor_split by keyword": (lambda t, x: t.tensor_split(x, sections=3) + t.tensor_split(x, indices=(1,)), (4,)),
    "swapdims by keyword": (lambda t, x: x.swapdims(dim0=0, dim1=1), (2, 3)),
    "flatten by keyword": (lambda t, x: t.flatten(input=x, start_dim=1), (2, 3, 2)),
    "split sizes": (lambda t, x: x.split([1, 3], 1), (3, 4)),
    "split_with_sizes": (lambda t, x: x.split_with_sizes([1, 2]), (3, 4)),
    "chunk": (lambda t, x: x.chunk(3), (7, 2)),
    "chunk too many": (lambda t, x: x.chunk(5, -1), (2, 3)),
    "tensor_split": (lambda t, x: x.tensor_split(3), (7, 2)),
    "tensor_split at": (lambda t, x: x.tensor_split((1, 5), 1), (2, 7)),
    "tensor_split beyond": (lambda t, x: x.tensor_split((3, 1, 9)), (5,)),
    "hsplit": (lambda t, x: x.hsplit(2), (3, 4)),
    "hsplit of a vector": (lambda t, x: t.hsplit(x, [1, 3]), (4,)),
    "vsplit": (lambda t, x: t.vsplit(x, 2), (4, 2)),
    "dsplit": (lambda t, x: t.dsplit(x, 2), (1, 2, 4)),
    "unbind": (lambda t, x: x.unbind(), (3, 2)),
    "unbind along 1": (lambda t, x: t.unbind(x, dim=-1), (3, 2)),
    "diagonal": (lambda t, x: x.diagonal(), (3, 4)),
    "diagonal offset": (lambda t, x: x.diagonal(-1, 1, 2), (2, 3, 4)),
    "movedim": (lambda t, x: x.movedim(0, -1), (2, 3, 4)),
    "movedim of two": (lambda t, x: t.movedim(x, (0, 2), (1, 0)), (2, 3, 4)),
    "moveaxis": (lambda t, x: t.moveaxis(x, 2, 0), (2, 3, 4)),
    "swapaxes": (lambda t, x: x.swapaxes(0, 2), (2, 3, 4)),
    "swapdims": (lambda t, x: t.swapdims(x, 0, 1), (2, 3)),
    "T": (lambda t, x: x.T, (2, 3)),
    "mT": (lambda t, x: x.mT, (2, 3, 4)),
    "H": (lambda t, x: x.H, (2, 3)),
    "mH": (lambda t, x: x.mH, (2, 3, 4)),
    "adjoint": (lambda t, x: x.adjoint(), (2, 3)),
    "as_strided": (lambda t, x: x.as_strided((2, 2), (4, 1), 1), (3, 4)),
    "as_strided overlapping": (lambda t, x: t.as_strided(x, (3, 3), (1, 1)), (6,)),
    "as_strided of a view": (lambda t, x: x[1:].as_strided((2, 2), (1, 4)), (3, 4)),
    "as_strided of a transpose": (lambda t, x: x.T.as_strided((2, 2), (4, 1), 2), (3, 4)),
    "unfold": (lambda t, x: x.unfold(1, 3, 2), (2, 7)),
    "squeeze": (lambda t, x: x.squeeze(), (1, 3, 1)),
    "squeeze of some": (lambda t, x: x.squeeze((0, 1)), (1, 3, 1)),
    "unsqueeze": (lambda t, x: x.unsqueeze(-1), (3, 2)),
    "expand_as": (lambda t, x: x.expand_as(t.zeros(2, 3)), (3,)),
    "broadcast_to": (lambda t, x: t.broadcast_to(x, (2, 3)), (1, 3)),
    "atleast_1d": (lambda t, x: t.atleast_1d(x), ()),
    "atleast_2d": (lambda t, x: t.atleast_2d(x), (3,)),
    "atleast_3d": (lambda t, x: t.atleast_3d(x), (3,)),
    "atleast_3d of a matrix": (lambda t, x: t.atleast_3d([x, x]), (3, 2)),
}

COPIES: dict[str, tuple[Make, list[tuple[int, ...]]]] = {
    "hstack": (lambda t, x, y: t.hstack([x, y]), [(2, 3), (2, 1)]),
    "hstack of vectors": (lambda t, x, y: t.hstack((x, y)), [(2,), (3,)]),
    "vstack": (lambda t, x, y: t.vstack([x, y]), [(2, 3), (1, 3)]),
    "vstack of vectors": (lambda t, x, y: t.vstack([x, y]), [(3,), (3,)]),
    "row_stack": (lambda t, x, y: t.row_stack([x, y]), [(3,), (2, 3)]),
    "dstack": (lambda t, x, y: t.dstack([x, y]), [(2, 3), (2, 3)]),
    "column_stack": (lambda t, x, y: t.column_stack([x, y]), [(3,), (3, 2)]),
    "column_stack of numbers": (lambda t, x, y: t.column_stack([x, y]), [(), ()]),
    "broadcast_tensors": (lambda t, x, y: t.broadcast_tensors(x, y), [(3, 1), (2,)]),
    "stack": (lambda t, x, y: t.stack([x, y], -1), [(3,), (3,)]),
}

REFUSED: dict[str, tuple[Make, tuple[int, ...]]] = {
    "flatten backwards": (lambda t, x: x.flatten(1, 0), (2, 3)),
    "flatten beyond": (lambda t, x: x.flatten(2), (2, 3)),
    "unflatten": (lambda t, x: x.unflatten(1, (2, 2)), (2, 3)),
    "select": (lambda t, x: x.select(0, 2), (2, 3)),
    "select of a number": (lambda t, x: x.select(0, 0), ()),
    "split negative": (lambda t, x: x.split(-1), (4,)),
    "split zero": (lambda t, x: x.split(0), (4,)),
    "split sizes": (lambda t, x: x.split([1, 2]), (4,)),
    "split of a number": (lambda t, x: x.split(1), ()),
    "chunk": (lambda t, x: x.chunk(0), (4,)),
    "chunk dim": (lambda t, x: x.chunk(2, 1), (4,)),
    "tensor_split": (lambda t, x: x.tensor_split(0), (4,)),
    "hsplit": (lambda t, x: x.hsplit(3), (2, 4)),
    "vsplit of a vector": (lambda t, x: x.vsplit(2), (4,)),
    "unbind of a number": (lambda t, x: x.unbind(), ()),
    "diagonal": (lambda t, x: x.diagonal(0, 1, 1), (2, 3)),
    "diagonal of a vector": (lambda t, x: x.diagonal(), (3,)),
    "movedim": (lambda t, x: x.movedim((0, 1), (0,)), (2, 3)),
    "movedim twice": (lambda t, x: x.movedim((0, 0), (0, 1)), (2, 3)),
    "swapaxes": (lambda t, x: x.swapaxes(0, 2), (2, 3)),
    "H": (lambda t, x: x.H, (2, 3, 4)),
    "mT of a vector": (lambda t, x: x.mT, (3,)),
    "as_strided beyond": (lambda t, x: x.as_strided((3, 3), (3, 1)), (2, 3)),
    "as_strided lengths": (lambda t, x: x.as_strided((3,), (3, 1)), (2, 3)),
    "as_strided negative": (lambda t, x: x.as_strided((2,), (-1,)), (2, 3)),
    "unfold size": (lambda t, x: x.unfold(0, 4, 1), (3,)),
    "unfold step": (lambda t, x: x.unfold(0, 2, 0), (3,)),
    "expand": (lambda t, x: t.broadcast_to(x, (2, 4)), (3,)),
    "broadcast_tensors": (lambda t, x: t.broadcast_tensors(x, t.zeros(2)), (3,)),
    "hstack": (lambda t, x: t.hstack([x, t.zeros(3, 3)]), (2, 3)),
    "no tensor": (lambda t, x: t.flatten([1.0]), (2, 3)),
    "view": (lambda t, x: x.T.view(-1), (2, 3)),
}


@pytest.mark.oracle
@pytest.mark.parametrize("name", VIEWS)
def test_views_as_pytorch(name: str) -> None:
    torch = pytest.importorskip("torch")
    make, shape = VIEWS[name]
    agree(torch, make, numbers(*shape))


@pytest.mark.oracle
@pytest.mark.parametrize("name", COPIES)
def test_copies_as_pytorch(name: str) -> None:
    torch = pytest.importorskip("torch")
    make, shapes = COPIES[name]
    agree(torch, make, *(numbers(*shape, seed=i) for i, shape in enumerate(shapes)))


@pytest.mark.oracle
@pytest.mark.parametrize("name", REFUSED)
def test_refused_as_pytorch(name: str) -> None:
    torch = pytest.importorskip("torch")
    make, shape = REFUSED[name]
    agree(torch, make, numbers(*shape))


def written(library: Any, make: Make, shape: tuple[int, ...]) -> tuple[Any, ...]:
    """Change a view of an intermediate result in place, and differentiate what comes of it."""
    leaf = library.tensor(numbers(*shape), requires_grad=True)
    x = leaf * 2
    out = make(library, x)
    view = out[-1] if isinstance(out, (tuple, list)) else out
    if view.numel() == 0 or 0 in view.stride():
        return ()
    with library.no_grad():
        before = x.clone()
    view.mul_(3)
    strides, places = tuple(view.stride()), view.data_ptr() - x.data_ptr()
    assert view._version == x._version
    (x * x).sum().backward()
    return strides, places, x.detach().numpy(), view.detach().numpy(), leaf.grad.numpy(), before.numpy()


# PyTorch forbids in-place changes of one of several views made at once; those that overlap it leaves undefined.
SEVERAL = {n for n in VIEWS if "split" in n or "chunk" in n or "unbind" in n} | {"as_strided overlapping", "unfold"}
ONCE = [n for n in VIEWS if n not in SEVERAL and n not in ("flatten of a vector", "atleast_3d of a matrix", "T")]


@pytest.mark.oracle
@pytest.mark.parametrize("name", ONCE)
def test_in_place_changes_of_views_as_pytorch(name: str) -> None:
    torch = pytest.importorskip("torch")
    make, shape = VIEWS[name]
    for found, expected in zip(written(tg, make, shape), written(torch, make, shape), strict=True):
        np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize("name", [n for n in VIEWS if n not in ("flatten of a vector",)])
def test_views_share_memory_and_see_changes(name: str) -> None:
    make, shape = VIEWS[name]
    x = tg.tensor(numbers(*shape))
    out = make(tg, x)
    for view in out if isinstance(out, (tuple, list)) else [out]:
        if not view.numel():
            continue
        assert np.shares_memory(view.numpy(), x.numpy())
        assert view._counter is x._counter
    before = [v.tolist() for v in (out if isinstance(out, (tuple, list)) else [out])]
    x.add_(1000)
    after = [v.tolist() for v in (out if isinstance(out, (tuple, list)) else [out])]
    assert after != before


def test_a_piece_changed_in_place_reaches_the_gradient() -> None:
    leaf = tg.ones(2, 4, requires_grad=True)
    x = leaf * 2
    left, right = x.tensor_split(2, 1)
    right.mul_(5)
    (x * tg.arange(8.0).reshape(2, 4)).sum().backward()
    assert leaf.grad.tolist() == [[0.0, 2.0, 20.0, 30.0], [8.0, 10.0, 60.0, 70.0]]
    assert left.grad_fn is not None and right.sum().item() == 40.0
