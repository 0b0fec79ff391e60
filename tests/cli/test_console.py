"""What the console gets: doctor, the chart, plain text for old encodings, and a quick start."""

import json
import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

from tinygrad_edu.cli import doctor
from tinygrad_edu.cli.chart import chart, chart_text, fits
from tinygrad_edu.cli.main import main


def tinyedu(*arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "tinygrad_edu.cli.main", *arguments]
    return subprocess.run(command, capture_output=True, env={**os.environ, **environment})


def test_doctor_reports_every_check() -> None:
    done = CliRunner().invoke(main, ["doctor", "--json"])
    result = json.loads(done.stdout)
    assert done.exit_code == 0 and result["schema"] == "tinyedu.doctor/1"
    names = [check["name"] for check in result["checks"]]
    assert names == ["Python", "NumPy", "Numba", "CUDA", "Graph renderer", "Fonts", "Matplotlib", "PyTorch"]
    for check in result["checks"]:
        assert check["found"] and (check["ok"] or check["advice"])
    assert "Python" in CliRunner().invoke(main, ["doctor"]).stdout


def test_doctor_tells_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "find_spec", lambda name: None)
    assert doctor.numba().advice == 'pip install "tinygrad-edu[numba]"'
    assert doctor.plots().advice == 'pip install "tinygrad-edu[plot]"'
    assert not doctor.oracle().ok


def test_a_missing_matplotlib_is_told_before_the_run(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    from tinygrad_edu.viz import plots

    monkeypatch.setattr(plots, "find_spec", lambda name: None)
    done = CliRunner().invoke(main, ["demo", "rosenbrock", "--plot", f"{tmp_path}/x.png"])
    assert done.exit_code == 2 and done.stdout == ""
    assert 'pip install "tinygrad-edu[plot]"' in done.stderr


def test_a_console_without_braille_gets_ascii() -> None:
    done = tinyedu("demo", "rosenbrock", "--steps", "20", PYTHONIOENCODING="cp932", PYTHONUTF8="0")
    assert done.returncode == 0, done.stderr
    assert done.stdout.isascii() and done.stderr.isascii() and b"1e+01 +" in done.stderr
    graph = tinyedu("graph", "x*x - 1", "--at", "x=3", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert graph.returncode == 0 and graph.stdout.isascii()


def test_version_and_help() -> None:
    assert "0." in CliRunner().invoke(main, ["--version"]).stdout
    for command in ([], ["demo"], ["demo", "rosenbrock"], ["demo", "paraboloid"], ["graph"], ["doctor"]):
        done = CliRunner().invoke(main, [*command, "--help"])
        assert done.exit_code == 0 and "Usage:" in done.stdout


def test_rich_and_matplotlib_stay_away_from_a_quiet_run() -> None:
    program = (
        "import sys\nfrom tinygrad_edu.cli.main import main\n"
        "try: main(['demo', 'rosenbrock', '--quiet', '--steps', '2'])\nexcept SystemExit: pass\n"
        "sys.exit(bool({'rich', 'matplotlib', 'numba', 'wasmtime'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program], capture_output=True).returncode == 0


def test_the_chart_shows_falls_swings_and_nothing_at_all() -> None:
    assert chart_text(chart([[1.0, 1e-3]], 1, braille=False, width=10, height=4)).count("*") == 10
    assert chart([[float("nan"), float("inf")]], 1)
    assert chart([[0.0, 0.0]], 1) and chart([[1.0]], 0)
    two = chart_text(chart([[1.0, 1.0], [1e-3, 1e-3]], 1, braille=False, letters="ab"))
    assert "a" in two and "b" in two
    assert fits("⣿", "utf-8") and not fits("⣿", "cp932") and not fits("x⣿", None)


def test_the_chart_labels_what_its_rows_stand_for() -> None:
    rows = chart_text(chart([[10.0, 1.0]], 1, braille=False, height=8)).splitlines()
    labels = [float(row.split()[0]) for row in rows if "e+" in row]
    assert labels == [10.0, 3.0, 1.0]
    assert "1e+308" in chart_text(chart([[1e308, 1.0]], 1))
