"""Masks are moved as numbers are: the scatter family takes boolean Tensors, as PyTorch's does; adding is "or"."""

from typing import Any

import pytest

import tinygrad_edu as tg

MASK = [[True, False, True], [False, False, True]]
OTHER = [[True, True, False], [False, True, False]]
PLACES = [[0, 2, 1], [1, 1, 0]]

MOVES: dict[str, tuple[Any, list[list[bool]]]] = {
    "scatter": (lambda x, y, i, r: x.scatter(1, i, y), [[True, False, True], [False, True, True]]),
    "scatter_": (lambda x, y, i, r: x.clone().scatter_(1, i, y), [[True, False, True], [False, True, True]]),
    "scatter of a number": (lambda x, y, i, r: x.scatter(1, i, True), [[True, True, True], [True, True, True]]),
    "scatter_add": (lambda x, y, i, r: x.scatter_add(1, i, y), [[True, False, True], [False, True, True]]),
    "index_copy": (lambda x, y, i, r: x.index_copy(0, r, y), OTHER),
    "index_add": (lambda x, y, i, r: x.index_add(0, r, y), [[True, True, True], [False, True, True]]),
    "masked_scatter": (lambda x, y, i, r: x.masked_scatter(y, y), [[True, True, True], [False, False, True]]),
    "put_": (lambda x, y, i, r: x.clone().put_(r, y[0, 1:]), [[True, False, True], [False, False, True]]),
}


def run(library: Any, name: str) -> Any:
    x, y, i = (library.tensor(rows) for rows in (MASK, OTHER, PLACES))
    return MOVES[name][0](x, y, i, library.tensor([0, 1]))


@pytest.mark.parametrize("name", MOVES)
def test_masks_are_moved(name: str) -> None:
    moved = run(tg, name)
    assert (moved.tolist(), moved.dtype) == (MOVES[name][1], tg.bool)


@pytest.mark.oracle
@pytest.mark.parametrize("name", MOVES)
def test_as_pytorch_moves_them(name: str) -> None:
    torch = pytest.importorskip("torch")
    assert run(torch, name).tolist() == MOVES[name][1]


def test_what_has_no_meaning_for_masks_is_refused() -> None:
    with pytest.raises(RuntimeError, match="bool"):
        tg.addmm(tg.ones(2, 2, dtype=tg.bool), tg.ones(2, 2, dtype=tg.bool), tg.ones(2, 2, dtype=tg.bool))
    with pytest.raises(RuntimeError, match="same dtype"):
        tg.tensor(MASK).scatter(1, tg.tensor(PLACES), tg.ones(2, 3))
