"""The measuring tools say what they measured: ratios in the table, limits judged, failures not left out."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[2]))  # benchmarks/ is not installed; last, so that tinygrad_edu is

from benchmarks import harness, moons, tensor_designs
from benchmarks.scalar_designs import DESIGNS


def test_table_puts_the_ratio_to_the_baseline_behind_the_figure() -> None:
    text = harness.table({"torch": {"add": 200.0}, "ours": {"add": 50.0, "mul": 1.5}}, baseline="torch")
    rows = [line.split() for line in text.splitlines()]
    assert rows == [["torch", "ours"], ["add", "200", "50", "(0.25)"], ["mul", "-", "1.5"]]


def test_a_contender_prints_its_figures_as_the_last_line() -> None:
    program = "print('noise'); print('{\"seconds\": 2.0}')"
    assert harness.run(harness.Contender("echo", ("-c", program))) == {"seconds": 2.0}


def test_threads_are_set_by_the_environment() -> None:
    program = "import os, json; print(json.dumps({'threads': float(os.environ['OPENBLAS_NUM_THREADS'])}))"
    assert harness.run(harness.Contender("echo", ("-c", program)), threads=2) == {"threads": 2.0}


def test_a_contender_that_fails_is_an_error_that_names_it() -> None:
    with pytest.raises(RuntimeError, match="broken: .* ended with 1: ValueError: no such thing"):
        harness.compare([harness.Contender("broken", ("-c", "raise ValueError('no such thing')"))])


def test_compare_takes_the_median_of_the_rounds() -> None:
    program = "import json; print(json.dumps({'one': 1.0}))"
    results = harness.compare([harness.Contender("a", ("-c", program))], rounds=2)
    assert results == {"a": {"one": 1.0}}


def test_report_judges_limits_and_names_the_machine(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(harness, "doubts", lambda began, load=None: [])  # whatever else this machine is doing
    checks = [("below", 1.0, 2.0), ("above", 3.0, 2.0)]
    harness.report("title", {"a": {"x": 1.0}}, began="", checks=checks, as_json=True)
    document = json.loads(capsys.readouterr().out)
    assert [check["ok"] for check in document["checks"]] == [True, False]
    assert {"processor", "cores", "python", "date"} <= set(document["machine"])


def test_code_edited_during_the_run_is_neither_judged_nor_saved(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(harness, "RESULTS", tmp_path)
    checks = [("below", 1.0, 2.0)]
    harness.report("title", {"a": {"x": 1.0}}, began="another program", checks=checks, save="kept")
    assert list(tmp_path.iterdir()) == []
    text = capsys.readouterr().out
    assert "NOT JUDGED, NOT SAVED: the source changed during the run" in text
    assert "ok  " not in text


def test_a_busy_machine_is_a_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(harness, "sources", lambda: "same")
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setattr(os, "getloadavg", lambda: (3.2, 0.0, 0.0), raising=False)
    assert harness.doubts("same") == ["load 3.2 on 2 cores: other programs took part of the time"]
    monkeypatch.setattr(os, "getloadavg", lambda: (1.0, 0.0, 0.0), raising=False)
    assert harness.doubts("same") == []


@pytest.mark.parametrize("name", sorted(set(DESIGNS) - {"closure"}))
def test_scalar_designs_agree_with_the_closure_engine(name: str) -> None:
    def gradients(value: type) -> list[float]:
        a, b = value(0.5), value(-1.5)
        c = a * b + a
        d = (c * c + b).relu() + c.relu() + a * a
        d.backward()
        return [float(d.data), float(a.grad), float(b.grad)]

    assert gradients(DESIGNS[name]) == pytest.approx(gradients(DESIGNS["closure"]))


def test_tensor_designs_agree_with_the_gradient_by_hand() -> None:
    expected = tensor_designs.STEPS["numpy_floor"]()[0]()
    for name, make in tensor_designs.STEPS.items():
        assert make()[0]() == pytest.approx(expected, rel=1e-5), name


def test_moons_are_balanced_and_the_same_every_time() -> None:
    points, labels = moons.make_moons()
    assert len(points) == 100 and labels.count(1) == labels.count(-1) == 50
    assert (points, labels) == moons.make_moons()
    # the first point as scikit-learn 1.x draws it with this seed
    assert points[0] == pytest.approx([1.1221146075409685, 0.08147717341718697], rel=1e-12)
