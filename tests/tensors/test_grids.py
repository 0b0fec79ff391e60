"""Grids, repetitions, borders and one-hot rows: as PyTorch's."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.differences import TENSOR, check
from support.oracle import agree, numbers, printed_alike

import tinygrad_edu as tg

N = numbers


def padded(t: Any, x: Any, *args: Any, **options: Any) -> Any:
    """Our pad stands in the top namespace as long as there is no nn.functional beside it."""
    return (t.pad if t is tg else t.nn.functional.pad)(x, *args, **options)


def hot(t: Any, x: Any, *args: Any) -> Any:
    return (t.one_hot if t is tg else t.nn.functional.one_hot)(x, *args)


SAME: dict[str, tuple[Any, ...]] = {
    "tril": (lambda t, x: x.tril(), N(3, 3)),
    "tril above": (lambda t, x: t.tril(x, diagonal=1), N(2, 3, 4)),
    "triu below": (lambda t, x: t.triu(x, -1), N(3, 2)),
    "triu_": (lambda t, x: (x * 1).triu_(), N(3, 3)),
    "tril_ of integers": (lambda t, x: x.tril_(-1), np.arange(9).reshape(3, 3)),
    "mask": (lambda t, x: t.ones(3, 3).tril().bool(), N(1)),
    "tril_indices": (lambda t, x: t.tril_indices(3, 4, 1), N(1)),
    "triu_indices": (lambda t, x: t.triu_indices(row=3, col=2, offset=-1, dtype=t.int32), N(1)),
    "roll": (lambda t, x: x.roll(2), N(2, 3)),
    "roll of two": (lambda t, x: t.roll(x, shifts=(1, -1), dims=(0, 1)), N(2, 3)),
    "flip": (lambda t, x: x.flip(0, 1), N(2, 3)),
    "flip of a list": (lambda t, x: t.flip(x, [0]), N(2, 3)),
    "fliplr": (lambda t, x: t.fliplr(x), N(2, 3)),
    "flipud": (lambda t, x: x.flipud(), N(3)),
    "rot90": (lambda t, x: t.rot90(x), N(2, 3)),
    "rot90 back": (lambda t, x: x.rot90(-1, (1, 2)), N(2, 3, 4)),
    "repeat": (lambda t, x: x.repeat(2, 1, 3), N(2, 3)),
    "repeat of a list": (lambda t, x: x.repeat([2, 2]), N(3)),
    "tile": (lambda t, x: x.tile(2), N(2, 3)),
    "tile more": (lambda t, x: t.tile(x, (2, 1, 2)), N(2, 3)),
    "meshgrid": (lambda t, x, y: t.meshgrid(x, y, indexing="ij"), N(2), N(3)),
    "meshgrid xy": (lambda t, x, y, z: t.meshgrid([x, y, z], indexing="xy"), N(2), N(3), N(2)),
    "meshgrid of numbers": (lambda t, x, y: t.meshgrid(x, y, indexing="ij")[1], N(), N(3)),
    "cartesian_prod": (lambda t, x, y: t.cartesian_prod(x, y), N(2), N(3)),
    "combinations": (lambda t, x: t.combinations(x), N(4)),
    "combinations of three": (lambda t, x: t.combinations(x, r=3, with_replacement=True), N(3)),
    "pad": (lambda t, x: padded(t, x, (1, 2)), N(2, 3)),
    "pad rows": (lambda t, x: padded(t, x, (0, 0, 1, 0), value=2.5), N(2, 3)),
    "pad away": (lambda t, x: padded(t, x, (-1, 1, 2, -1), "constant", 1), N(3, 3)),
    "pad integers": (lambda t, x: padded(t, x, (1, 1)), np.arange(3)),
    "reflect": (lambda t, x: padded(t, x, (2, 1), mode="reflect"), N(2, 4)),
    "reflect 2d": (lambda t, x: padded(t, x, (1, 2, 1, 0), "reflect"), N(1, 2, 3, 4)),
    "replicate": (lambda t, x: padded(t, x, (2, 1), "replicate"), N(1, 2, 3)),
    "replicate 2d": (lambda t, x: padded(t, x, (0, 2, 3, 1), "replicate"), N(2, 3, 4)),
    "one_hot": (lambda t, x: hot(t, x), np.array([[1, 0], [2, 2]])),
    "one_hot of five": (lambda t, x: hot(t, x, 5), np.array([1, 0, 2])),
    "one_hot of a number": (lambda t, x: hot(t, x, 3), np.array(2)),
    "repeat_interleave of counts": (lambda t, x: x.repeat_interleave(t.tensor([1, 0, 2]), dim=1), N(2, 3)),
    "repeat_interleave alone": (lambda t, x: t.repeat_interleave(x), np.array([1, 0, 3])),
}  # fmt: skip

# PyTorch makes these of other operations than we do.
OTHERWISE: dict[str, tuple[Any, ...]] = {
    "repeat_interleave": (lambda t, x: x.repeat_interleave(2), N(2, 3)),
    "repeat_interleave rows": (lambda t, x: t.repeat_interleave(x, 3, dim=0), N(2, 3)),
    "circular": (lambda t, x: padded(t, x, (1, 2), mode="circular"), N(1, 2, 3)),
    "circular 2d": (lambda t, x: padded(t, x, (1, 2, 0, 1), mode="circular"), N(1, 2, 3)),
    "combinations of none": (lambda t, x: t.combinations(x, 5).detach(), N(4)),
}

REFUSED: dict[str, tuple[Any, ...]] = {
    "tril of a vector": (lambda t, x: x.tril(), N(3)),
    "tril_ of a leaf": (lambda t, x: x.tril_(), N(3, 3)),
    "roll": (lambda t, x: x.roll((1, 2), 0), N(3, 3)),
    "roll dim": (lambda t, x: x.roll(1, 2), N(3, 3)),
    "flip twice": (lambda t, x: x.flip(0, 0), N(3, 3)),
    "flip dim": (lambda t, x: x.flip(2), N(3, 3)),
    "fliplr": (lambda t, x: x.fliplr(), N(3)),
    "flipud": (lambda t, x: x.flipud(), N()),
    "rot90": (lambda t, x: x.rot90(1, (0, 0)), N(3, 3)),
    "repeat": (lambda t, x: x.repeat(2), N(3, 3)),
    "repeat negative": (lambda t, x: x.repeat(-1), N(3)),
    "repeat_interleave": (lambda t, x: x.repeat_interleave(t.tensor([1, 2])), N(3)),
    "repeat_interleave negative": (lambda t, x: x.repeat_interleave(-1), N(3)),
    "meshgrid": (lambda t, x: t.meshgrid(x, x, indexing="yx"), N(3)),
    "meshgrid types": (lambda t, x: t.meshgrid(x, x.float(), indexing="ij"), N(3)),
    "cartesian_prod": (lambda t, x: t.cartesian_prod(x, x), N(3, 3)),
    "combinations": (lambda t, x: t.combinations(x), N(3, 3)),
    "combinations negative": (lambda t, x: t.combinations(x, -1), N(3)),
    "diag_embed": (lambda t, x: t.diag_embed(x, dim1=0, dim2=0), N(3, 3)),
    "pad odd": (lambda t, x: padded(t, x, (1, 1, 1)), N(3, 3)),
    "pad long": (lambda t, x: padded(t, x, (1, 1, 1, 1)), N(3)),
    "pad away": (lambda t, x: padded(t, x, (-2, -2)), N(3)),
    "reflect too far": (lambda t, x: padded(t, x, (3, 1), "reflect"), N(2, 3)),
    "circular too far": (lambda t, x: padded(t, x, (4, 1), "circular"), N(1, 2, 3)),
    "reflect of dims": (lambda t, x: padded(t, x, (1, 1, 1, 1), "reflect"), N(3, 3)),
    "pad mode": (lambda t, x: padded(t, x, (1, 1), "mirror"), N(3, 3)),
    "one_hot of floats": (lambda t, x: hot(t, x), N(3)),
    "one_hot negative": (lambda t, x: hot(t, x), np.array([-1, 0])),
    "one_hot too few": (lambda t, x: hot(t, x, 2), np.array([2, 0])),
    "tril_indices": (lambda t, x: t.tril_indices(-1, 2), N(3)),
}  # fmt: skip


@pytest.mark.oracle
@pytest.mark.parametrize("case", [*SAME, *OTHERWISE])
def test_as_pytorch(case: str) -> None:
    torch = pytest.importorskip("torch")
    make, *arrays = {**SAME, **OTHERWISE}[case]
    agree(torch, make, *arrays, name=case in SAME)


@pytest.mark.oracle
@pytest.mark.parametrize("case", REFUSED)
def test_refused_as_pytorch(case: str) -> None:
    torch = pytest.importorskip("torch")
    make, *arrays = REFUSED[case]
    agree(torch, make, *arrays)


@pytest.mark.oracle
def test_printed_as_pytorch() -> None:
    torch = pytest.importorskip("torch")
    printed_alike(torch, lambda t, x: t.triu_indices(3, 3), N(1))
    printed_alike(torch, lambda t, x: x.requires_grad_().repeat(2, 1), N(2, 3))


@pytest.mark.parametrize("case", ["repeat_interleave", "circular", "reflect 2d", "combinations", "meshgrid xy"])
def test_derivatives_of_two_orders(case: str) -> None:
    make, *arrays = {**SAME, **OTHERWISE}[case]

    def first(*leaves: Any) -> Any:
        out = make(tg, *leaves)
        return out[0] if isinstance(out, tuple) else out

    check(TENSOR, first, [a / 10 for a in arrays])


def test_grids_are_views_and_their_order_must_be_named() -> None:
    x = tg.arange(3.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (grid, _) = tg.meshgrid(x, x, indexing="ij")
    with pytest.warns(UserWarning, match="indexing") as caught:
        tg.meshgrid(x, x)
    assert caught[0].filename == __file__, "the warning points at the caller's line"
    x.add_(1)
    assert grid[:, 0].tolist() == [1.0, 2.0, 3.0]
