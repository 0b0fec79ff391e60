"""The tables of docs/cpu-speed.md and docs/gpu.md are those of benchmarks/results, and say what is missed."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks import page
from benchmarks.growth import FAMILIES, with_shares

MACHINE = {"date": "today", "processor": "P", "cores": 2, "system": "S", "python": "3", "numpy": "2"}


def test_the_page_shows_the_figures_that_are_saved() -> None:
    names = set()
    for path in page.PAGES:
        text = path.read_text(encoding="utf-8")
        assert page.made(text) == text, "python -m benchmarks.page writes the tables anew"
        names |= {name for _, name, _ in page.BLOCK.findall(text)}
    assert names == set(page.MAKERS)


def saved(folder: Path, name: str, results: object, title: str = "") -> str:
    document = {"title": title, "machine": MACHINE, "results": results}
    (folder / f"{name}.json").write_text(json.dumps(document))
    return page.block(name, folder)


def test_what_has_not_been_measured_is_said(tmp_path: Path) -> None:
    assert page.block("cpu-threads", tmp_path) == "Not measured yet: `python -m benchmarks.cpu --save`."


def test_a_row_that_is_behind_is_bold_and_explained(tmp_path: Path) -> None:
    rows = {"silu of 10^6": 100.0, "gelu of 10^6": 1000.0}
    ours = {"silu of 10^6": 81.0, "gelu of 10^6": 790.0}
    text = saved(tmp_path, "cpu", {page.TORCH: rows, page.NUMPY: rows, page.NUMBA: ours})
    assert "| silu of 10^6 | 100 | 1 | **0.81** | 0.8 | 0.5 |" in text
    assert "| gelu of 10^6 | 1,000 | 1 | 0.79 | 0.8 | 0.5 |" in text
    assert "- silu of 10^6: " in text and "- gelu" not in text


def test_a_row_that_numpy_has_not(tmp_path: Path) -> None:
    name = "own product 'tile' 512x512, forward"
    text = saved(tmp_path, "cpu", {page.TORCH: {name: 10.0}, page.NUMPY: {}, page.NUMBA: {name: 11.0}})
    assert f"| {name} | 10 | - | 1.1 | 1.35 | 1.15 |" in text


def test_the_other_tables(tmp_path: Path) -> None:
    columns = {"1 thread": {"a": 4.0}, "2 threads": {"a": 2.5}, "gain": {"a": 1.6}, "PyTorch's gain": {}}
    assert "| a | 4 | 2.5 | 1.6 | - |" in saved(tmp_path, "cpu-threads", columns)
    times = {f"{family.name}: {n}": 1.0 for family in FAMILIES for n in family.sizes}
    shares = with_shares(times, {family.unit: 1.0 for family in FAMILIES})
    text = saved(tmp_path, "growth-1", {page.TORCH: shares, page.NUMBA: shares}, "how; best here: 90 GFLOP/s")
    assert "Shares are of the best here: 90 GFLOP/s." in text
    assert "| matmul n x n: 8 | 1 | - | 1 | 102 % | 102 % |" in text
    assert "| x | 30 | 10 |" in saved(tmp_path, "startup", {"x": {"median ms": 30.0, "over bare Python": 10.0}})


def test_a_card(tmp_path: Path) -> None:
    card = {"date": "today", "card": "C", "torch": "2", "copy TB/s": 4.2, "float32 TFLOP/s": 51.0}
    row = {"ours": 0.5, "torch": 0.25, "host": 12.0, "torch host": 6.5}
    results = {"add": row | {"share of copy": 0.6}, "step": row | {"launches": 9}}
    (tmp_path / "gpu.json").write_text(json.dumps({"title": "", "machine": card, "results": results}))
    text = page.block("gpu", tmp_path)
    assert "today: C, PyTorch 2, TF32 off; a copy moves 4.2 TB/s, cuBLAS reaches 51 TFLOP/s" in text
    assert "| add | 0.500 | 0.250 | 2.00 | 60 % |  | 12 | 6.5 |" in text
    assert "| step (9 launches) | 0.500 | 0.250 | 2.00 |  |  | 12 | 6.5 |" in text


def test_every_explanation_belongs_to_a_row() -> None:
    assert all(any(name.startswith(start) for name in page.WORKLOADS) for start in page.BINDS)
