"""Products by tiles: every cell has one writer, and four neighbours are read at once where they lie for it."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from tinygrad_edu.kernels.devices import to_device, to_host
from tinygrad_edu.kernels.numba_cuda import convolution_text, matmul, tile_text, tiles, vectors

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
def taken(monkeypatch: pytest.MonkeyPatch) -> list[tile_text.Loads]:
    """The loads of the products that are launched."""
    found: list[tile_text.Loads] = []
    launch = matmul.launch_tiles

    def spy(loads: tile_text.Loads, *rest: Any) -> None:
        found.append(loads)
        launch(loads, *rest)

    monkeypatch.setattr(matmul, "launch_tiles", spy)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("layout", LAYOUTS)
def test_products_of_aligned_matrices(layout: Any, taken: Any) -> None:
    for rows, inner, columns, lead in ((36, 12, 12, ()), (4, 8, 4, (2,)), (40, 3, 12, ())):
        a, b = _matrix(rows, inner, layout[0], lead), _matrix(inner, columns, layout[1], lead)
        compared(np.matmul(moved(a), moved(b)), a @ b)
        # an inner dimension that is cut by a load counts only where loads go along it
        assert taken[-1].a.fours == (inner % 4 == 0 or layout == (True, False))


def test_a_product_in_fours(taken: Any) -> None:
    a, b = single(8, 12), single(12, 12)
    compared(np.matmul(moved(a), moved(b)), a @ b)
    assert taken[-1].a.fours and taken[-1].b.fours and taken[-1].store_fours
    cut = single(9, 12)[1:, 4:]  # begins aligned: still in fours
    compared(np.matmul(moved(cut), moved(b[4:])), cut @ b[4:])
    assert taken[-1].a.fours
    cut = single(8, 13)[:, 1:]  # neither its beginning nor its rows are aligned
    compared(np.matmul(moved(cut), moved(b)), cut @ b)
    assert not taken[-1].a.fours and not taken[-1].store_fours


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


ALL = [*tiles.TILES, *tiles.DOUBLE, tiles.TINY]
KNOWN = {"3 x 3": (3, 3, 1, 1, 1, 1), "1 x 1": (1,) * 6, "5 x 5": (5, 5, 2, 2, 1, 1), "1 x 2": (1, 2, 1, 1, 1, 1)}


def _all_loads() -> dict[str, tile_text.Loads]:
    found = {f"matmul {key}": matmul._loads(*key) for key in product((False, True), repeat=4)}
    for name, known in KNOWN.items():
        found[f"forward {name}"] = convolution_text.forward(known, 8, True, True)[0]
        found[f"to input {name}"] = convolution_text.to_input(known, 8, True)[0]
        for places in (5, 14, 24):
            found[f"to weight {name}, {places}"] = convolution_text.to_weight(known, places, True, True)
    return found


@pytest.mark.parametrize("tile", ALL, ids=str)
def test_one_writer_for_each_cell(tile: tiles.Tile) -> None:
    """The text's own lines say which elements a thread loads first, and who loads none."""
    for name, loads in _all_loads().items():
        sized = tiles.replace(tile, step=loads.step)
        for letter, reads, size in (("a", loads.a, tile.rows), ("b", loads.b, tile.columns)):
            operand = tile_text._Operand(reads, sized, letter, 0)
            place = "\n".join(operand.place()[:2])
            written: list[tuple[int, int]] = []
            for t in range(tile.threads):
                known: dict[str, Any] = {"t": t}
                exec(place, known)
                for across, further, tests in operand.steps:
                    if not all(eval(test, known) for test in tests):
                        continue
                    for w in range(operand.words):
                        row, k = known[f"{letter}_first"] + across, known[f"{letter}_inner"] + further
                        written.append((row, k + w) if reads.along_k else (row + w, k))
            assert sorted(written) == sorted(product(range(size), range(loads.step))), (name, letter)


@pytest.mark.parametrize("tile", ALL, ids=str)
def test_one_thread_for_each_result(tile: tiles.Tile) -> None:
    """The text's own lines say which thread has which cells."""
    source = tile_text.source(matmul._loads(True, False, False, False), tile).splitlines()
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


@pytest.mark.parametrize("tile", [t for t in ALL if t.threads >= 32], ids=str)
def test_reads_of_a_warp_are_joined(tile: tiles.Tile) -> None:
    """Half a warp reads at most 128 bytes of an operand, and pairs of threads read the same."""
    source = tile_text.source(matmul._loads(True, False, True, True), tile).splitlines()
    begin = next(i for i, line in enumerate(source) if line.startswith("    warp = "))
    place = "\n".join(line.strip() for line in source[begin : begin + 4])
    found = []
    for t in range(32):
        known: dict[str, Any] = {"t": t}
        exec(place, known)
        found.append((known["ty"], known["tx"]))
    assert all(found[t][0] == found[t ^ 2][0] and found[t][1] == found[t ^ 1][1] for t in range(32))
    for half in (found[:16], found[16:]):
        assert all(len(set(places)) <= 8 for places in zip(*half, strict=True))


def test_tiles_that_are_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    """For a card of 132 multiprocessors: no tile of more than twice the rows, and work for most of the card."""
    monkeypatch.setattr(tiles, "simulated", lambda: False)
    monkeypatch.setattr(tiles, "multiprocessors", lambda: 132)
    for sizes, batches, registers, most in (
        ((512, 512, 512), 1, 128, 8), ((256, 256, 64), 256, 128, 1), ((8192, 8192, 8192), 1, 128, 1),
        ((64, 100352, 288), 1, 160, 1), ((32, 100352, 576), 1, 160, 1), ((64, 288, 100352), 1, 160, 1000),
        ((64, 576, 100352), 1, 160, 1000), ((32, 9, 401408), 1, 160, 1000), ((64, 512, 784), 1, 128, 12),
    ):  # fmt: skip
        tile, parts = tiles.plan(sizes, batches, most, 4, registers)
        blocks = -(-sizes[0] // tile.rows) * -(-sizes[1] // tile.columns) * batches * parts
        assert tile.rows < 2 * max(sizes[0], 32) and blocks >= 66, (sizes, tile, parts)
        assert tiles.clocks(tile, sizes, batches, parts, registers) <= min(
            tiles.clocks(other, sizes, batches, 1, registers) for other in tiles.TILES
        )
    assert tiles.plan((8192, 8192, 8192), 1, 1, 4, 128) == (tiles.TILES[0], 1)
    assert tiles.plan((8192, 8192, 8192), 1, 1, 8, 128)[0] in tiles.DOUBLE
