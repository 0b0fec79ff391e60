"""Products by tiles: every cell has one writer, and four neighbours are read at once where they lie for it."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from tinygrad_edu.kernels.devices import to_device, to_host
from tinygrad_edu.kernels.numba_cuda import matmul, tiles, vectors

LAYOUTS = list(product((False, True), repeat=2))  # whether each operand is transposed


_random = np.random.default_rng(11)


def single(*shape: int) -> Any:
    return _random.standard_normal(shape).astype(np.float32)


def moved(a: Any) -> Any:
    """On the device as it lies."""
    base = a if a.base is None else a.base
    offset = a.__array_interface__["data"][0] - base.__array_interface__["data"][0]
    there = to_device(base)
    assert there.strides == base.strides
    return there.on(a.shape, a.strides, there.offset + offset)


def compared(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(to_host(found), expected, rtol=2e-5, atol=2e-5)


def _matrix(rows: int, columns: int, transposed: bool, lead: tuple[int, ...] = ()) -> Any:
    return single(*lead, columns, rows).swapaxes(-1, -2) if transposed else single(*lead, rows, columns)


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[tiles.Loads]:
    """The loads of the products that are launched."""
    found: list[tiles.Loads] = []
    launch = matmul.launch_tiles

    def spy(loads: tiles.Loads, *rest: Any) -> None:
        found.append(loads)
        launch(loads, *rest)

    monkeypatch.setattr(matmul, "launch_tiles", spy)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("run", [4, 1])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_products_of_aligned_matrices(layout: Any, run: int, taken: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiles.scheme, "run", run)
    for rows, inner, columns, lead in ((36, 12, 12, ()), (4, 8, 4, (2,)), (40, 3, 12, ())):
        a, b = _matrix(rows, inner, layout[0], lead), _matrix(inner, columns, layout[1], lead)
        compared(np.matmul(moved(a), moved(b)), a @ b)
        # an inner dimension that is cut by a load counts only where loads go along it
        assert bool(taken[-1].a_four) == (inner % 4 == 0 or layout == (True, False))


def test_a_product_in_fours(taken: Any) -> None:
    a, b = single(8, 12), single(12, 12)
    compared(np.matmul(moved(a), moved(b)), a @ b)
    assert taken[-1].a_four and taken[-1].b_four and taken[-1].store_four
    cut = single(9, 12)[1:, 4:]  # begins aligned: still in fours
    compared(np.matmul(moved(cut), moved(b[4:])), cut @ b[4:])
    assert taken[-1].a_four
    cut = single(8, 13)[:, 1:]  # neither its beginning nor its rows are aligned
    compared(np.matmul(moved(cut), moved(b)), cut @ b)
    assert not taken[-1].a_four and not taken[-1].store_four


def test_what_lies_in_fours() -> None:
    for array, axis, expected in (
        (single(3, 8), 1, True),
        (single(3, 8), 0, False),  # neighbours lie apart
        (single(3, 6), 1, False),  # the last load is cut
        (single(8, 3).T, 1, False),  # rows are side by side, elements of a row are not
        (single(3, 10)[:, :8], 1, False),  # the second row begins in between
        (single(1, 10)[:, :8], 1, True),  # there is none
        (single(3, 12)[:, 4:], 1, True),
        (single(3, 12)[:, 2:10], 1, False),  # the first begins in between
        (single(3, 8).astype(np.float64), 1, True),
    ):
        assert vectors.in_fours(moved(array), axis) is expected, (array.shape, array.strides, axis)
    assert vectors.in_fours(moved(single(8)).on((3, 8), (0, 4)), 1)  # broadcast


@pytest.mark.parametrize("tile", [tiles.LARGE, tiles.WIDE, tiles.SMALL, tiles.TINY])
@pytest.mark.parametrize("run", [4, 1])
def test_one_writer_for_each_cell(tile: tiles.Tile, run: int) -> None:
    tile = tiles.replace(tile, run=run)
    for along, four, letter in product((False, True), (False, True), "ab"):
        if letter == "b" and not four and tile.columns > tile.threads:
            continue
        loads = matmul._loads(along, along, four)
        operand = tiles._Operand(loads, tile, letter, 0)
        written: list[tuple[int, int]] = []
        for t in range(tile.threads):
            side, other = t % operand.groups * operand.words, t // operand.groups
            first, inner = (other, side) if along else (side, other)
            for across, further in operand.steps:
                for w in range(operand.words):
                    written.append((first + across + (0 if along else w), inner + further + (w if along else 0)))
        size = tile.rows if letter == "a" else tile.columns
        assert sorted(written) == sorted(product(range(size), range(tile.step)))


@pytest.mark.parametrize("tile", [tiles.LARGE, tiles.WIDE, tiles.SMALL, tiles.TINY])
@pytest.mark.parametrize("run", [4, 1])
def test_one_thread_for_each_result(tile: tiles.Tile, run: int) -> None:
    """The text's own lines say which thread has which cells."""
    source = tiles._source(matmul._loads(True, False, False), tiles.replace(tile, run=run)).splitlines()
    begin = next(i for i, line in enumerate(source) if line.startswith("    warp = "))
    place = "\n".join(line.strip() for line in source[begin : begin + 4])
    rows = [line.strip() for line in source if line.startswith("        r = cuda.blockIdx.y")]
    columns = [line.strip() for line in source if line.startswith("    c = cuda.blockIdx.x")]
    cuda = type("cuda", (), {"blockIdx": type("blockIdx", (), {"x": 0, "y": 0})})
    cells = []
    for t in range(tile.threads):
        known: dict[str, Any] = {"t": t, "cuda": cuda}
        exec(place, known)
        mine = [[eval(line.split(" = ")[1], known) for line in sorted(set(lines))] for lines in (rows, columns)]
        cells += list(product(*mine))
    assert sorted(cells) == sorted(product(range(tile.rows), range(tile.columns)))
