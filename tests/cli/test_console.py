"""What the console gets: doctor, the chart, plain text for old encodings, and a quick start."""

import io
import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from click.testing import CliRunner

from tinygrad_edu.cli import doctor
from tinygrad_edu.cli.chart import chart, chart_text, fits
from tinygrad_edu.cli.main import main

TINYEDU = (sys.executable, "-m", "tinygrad_edu.cli.main")


def tinyedu(*arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*TINYEDU, *arguments], capture_output=True, env={**os.environ, **environment})


def test_doctor_reports_every_check() -> None:
    done = CliRunner().invoke(main, ["doctor", "--json"])
    result = json.loads(done.stdout)
    assert done.exit_code == 0 and result["schema"] == "tinyedu.doctor/1"
    names = [check["name"] for check in result["checks"]]
    devices = ["CUDA", "CUDA toolkit"]
    assert names == ["Python", "NumPy", "Numba", *devices, "Graph renderer", "Fonts", "Matplotlib", "PyTorch"]
    for check in result["checks"]:
        assert check["found"] and (check["ok"] or check["advice"])
    assert "Python" in CliRunner().invoke(main, ["doctor"]).stdout


def test_doctor_knows_the_simulator() -> None:
    pytest.importorskip("numba")
    for value, found in (("1", "simulated: NUMBA_ENABLE_CUDASIM=1"), ("0", "")):
        done = tinyedu("doctor", "--json", NUMBA_ENABLE_CUDASIM=value)
        (check,) = [check for check in json.loads(done.stdout)["checks"] if check["name"] == "CUDA"]
        assert check["found"].startswith(found) and (check["ok"] or (not found and check["advice"]))


def test_bench_times_the_cpu_and_refuses_the_simulator() -> None:
    done = tinyedu("bench", "--repeat", "1", "--json")
    result = json.loads(done.stdout)
    assert result["schema"] == "tinyedu.bench/1" and result["device"] == "cpu" and len(result["rows"]) > 6
    assert all(row["seconds"] > 0 and row["launches"] is None for row in result["rows"])
    simulated = b"simulator" if find_spec("numba_cuda") else b"no GPU can be used"
    for simulator, message in (("0", b"no GPU can be used"), ("1", simulated)):
        done = tinyedu("bench", "--device", "cuda", NUMBA_ENABLE_CUDASIM=simulator)
        if done.returncode:  # there may be a GPU
            assert done.returncode == 3 and message in done.stderr and done.stdout == b""


@pytest.mark.parametrize("name", ["TINYEDU_BACKEND", "TINYEDU_MATMUL"])
def test_an_unknown_choice_in_the_environment_is_the_users_to_mend(name: str) -> None:
    done = tinyedu("doctor", **{name: "fast"})
    assert done.returncode == 2 and name.encode() in done.stderr and b"hint: " in done.stderr
    assert b"fault of tinyedu" not in done.stderr


@pytest.mark.parametrize("numba", ["raise SystemError('built for another NumPy')", "__version__ = '0.30'"])
def test_doctor_tells_of_a_numba_that_does_not_work(numba: str, tmp_path: Path) -> None:
    (tmp_path / "numba.py").write_text(numba)
    done = tinyedu("doctor", PYTHONPATH=str(tmp_path))
    assert b"NumPy computes everything: Numba cannot be imported: " in done.stdout, done.stderr
    assert b"pip install --upgrade numba" in done.stdout and not done.stderr


def test_doctor_tells_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "find_spec", lambda name: None)
    # By the packages' own names: tinygrad_edu itself may have come from a folder, and not from an index.
    assert doctor.numba().advice == "pip install numba scipy threadpoolctl"
    assert doctor.plots().advice == "pip install matplotlib"
    assert not doctor.oracle().ok


def test_a_missing_matplotlib_is_told_before_the_run(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    from tinygrad_edu.viz import canvas

    monkeypatch.setattr(canvas, "find_spec", lambda name: None)
    done = CliRunner().invoke(main, ["demo", "rosenbrock", "--plot", f"{tmp_path}/x.png"])
    assert done.exit_code == 2 and done.stdout == ""
    assert "hint: Install it with: pip install matplotlib" in done.stderr


def test_a_console_without_braille_gets_ascii() -> None:
    done = tinyedu("demo", "rosenbrock", "--steps", "20", PYTHONIOENCODING="cp932", PYTHONUTF8="0")
    assert done.returncode == 0, done.stderr
    assert done.stdout.isascii() and done.stderr.isascii() and b"1e+01 +" in done.stderr
    graph = tinyedu("graph", "x*x - 1", "--at", "x=3", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert graph.returncode == 0 and graph.stdout.isascii()


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "cp932", "ascii"])
def test_a_file_name_that_the_console_cannot_show_is_written_and_told(encoding: str, tmp_path: Path) -> None:
    file = tmp_path / "重é.svg"
    done = tinyedu("graph", "x", "--at", "x=1", "-o", str(file), PYTHONIOENCODING=encoding, PYTHONUTF8="0")
    assert (done.returncode, done.stderr) == (0, b"") and file.exists()
    assert done.stdout.startswith(b"wrote ")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
@pytest.mark.parametrize("arguments", [["doctor"], ["demo", "rosenbrock", "--quiet"], ["--help"], ["graph", "1/0"]])
def test_a_full_disk_is_told_in_a_line_and_not_as_our_fault(arguments: list[str]) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run([*TINYEDU, *arguments], stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 1
    told = [line for line in done.stderr.decode().splitlines() if not line.startswith("note: ")]
    assert told == ["tinyedu: cannot write to standard output: no space left on device"]


def test_output_that_is_not_open_for_writing_is_told() -> None:
    with open(os.devnull, "rb") as reading:
        done = subprocess.run([*TINYEDU, "doctor"], stdout=reading, stderr=subprocess.PIPE)
    assert done.returncode == 1
    assert done.stderr.decode().startswith("tinyedu: cannot write to standard output: ")


@pytest.mark.parametrize("command", ["doctor", "demo moons --steps 1 --points 4 --engine tensor --quiet"])
def test_a_closed_pipe_is_silent_and_no_error(command: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([*TINYEDU, *command.split()], stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    assert (done.stderr, done.returncode) == (b"", 0)


@pytest.mark.skipif(os.name == "nt", reason="the shell's way to close a stream")
@pytest.mark.parametrize("closed", [">&-", "2>&-"])
def test_a_stream_that_the_shell_closed_stops_nothing(closed: str) -> None:
    command = f'"$0" -m tinygrad_edu.cli.main demo rosenbrock --steps 20 {closed}'
    done = subprocess.run(["sh", "-c", command, sys.executable], capture_output=True)
    assert done.returncode == 0, done.stderr
    assert b"unexpected" not in done.stderr


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


def test_the_live_chart_has_one_style_for_each_run_of_cells() -> None:
    from rich.console import Console

    from tinygrad_edu.cli.live import styled

    rows = chart([[1.0, 1e-3]], 1, width=64)
    console = Console(file=io.StringIO(), force_terminal=True, color_system="truecolor", width=120)
    for row in rows:
        console.print(styled(row, lambda number: "#56B4E9"))
    printed = console.file.getvalue()
    assert [styled(row, str).plain for row in rows] == ["".join(cell.character for cell in row) for row in rows]
    assert printed.count("\x1b[0m") <= 2 * len(rows), "an axis and a curve in each row"


def test_tables_fit_eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    done = CliRunner().invoke(main, ["demo", "rosenbrock", "--optim", "sgd", "--optim", "adamw", "--every", "100"])
    lines = done.stdout.splitlines()
    assert [line for line in lines if len(line) > 80] == []
    assert any(line.endswith("seconds") for line in lines) and any(line.startswith("adamw: ") for line in lines)


@pytest.mark.parametrize(("columns", "bar"), [(60, 0), (80, 18), (120, 20)])
def test_a_narrow_terminal_gives_up_the_bar_before_the_numbers(columns: int, bar: int) -> None:
    from rich.console import Console

    from tinygrad_edu.cli.descent import Job, Row
    from tinygrad_edu.cli.live import Live
    from tinygrad_edu.cli.objectives import rosenbrock

    live = Live(rosenbrock(1.0, 5.0), [Job("adam", 0.05, {})], 1000, None)
    live.console = Console(file=io.StringIO(), width=columns)
    live.bar, live.coloured = "=", True
    text = live._line(0, Row(1000, (-0.9964, 0.9926), 1.323757e-05, (-1e-5, 1e-5), 0.05)).plain
    assert text.count("=") == bar
    assert text.index("lr 0.05") + len("lr 0.05") <= columns


def test_the_chart_labels_what_its_rows_stand_for() -> None:
    rows = chart_text(chart([[10.0, 1.0]], 1, braille=False, height=8)).splitlines()
    labels = [float(row.split()[0]) for row in rows if "e+" in row]
    assert labels == [10.0, 3.0, 1.0]
    assert "1e+308" in chart_text(chart([[1e308, 1.0]], 1))
