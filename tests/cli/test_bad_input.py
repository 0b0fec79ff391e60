"""Wrong usage: one line and a hint on standard error, exit code 2, no traceback, nothing on standard output."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from tinygrad_edu.cli.main import main

DEMO = ("demo", "rosenbrock")
CASES = {
    "unknown optimizer": ([*DEMO, "--optim", "adma"], "unknown optimizer 'adma'", "did you mean adam?"),
    "no momentum": ([*DEMO, "--optim", "adam", "--momentum", "0.9"], "adam has no momentum", "sgd, momentum"),
    "no betas": ([*DEMO, "--optim", "sgd", "--betas", "0.9", "0.9"], "sgd has no betas", "adam"),
    "betas": ([*DEMO, "--betas", "0.9", "1.5"], "betas", ""),
    "lr < 0": ([*DEMO, "--lr", "-1"], "--lr: -1 is less than 0", "0 or more"),
    "lr nan": ([*DEMO, "--lr", "nan"], "--lr: nan is not a finite number", ""),
    "lr word": ([*DEMO, "--lr", "fast"], "--lr: 'fast' is not a number", ""),
    "two rates": ([*DEMO, "--lr", "1", "--lr", "2"], "--lr is given 2 times for 1 optimizers", ""),
    "steps": ([*DEMO, "--steps", "-1"], "--steps: -1 is less than 0", ""),
    "every": ([*DEMO, "--every", "0"], "--every: 0 is less than 1", ""),
    "start": ([*DEMO, "--start", "a", "b"], "--start: 'a' is not a number", ""),
    "start of one": ([*DEMO, "--start", "1"], "--start", "--help"),
    "b": ([*DEMO, "--b", "0"], "--b: 0 is not above 0", ""),
    "ending": ([*DEMO, "--plot", "path.gif"], "cannot tell a format from 'path.gif'", ".png, .svg"),
    "folder": ([*DEMO, "--plot", "no/such/path.png"], "there is no folder", "can be written"),
    "option": ([*DEMO, "--setps", "3"], "no such option --setps", "--steps"),
    "command": (["dome"], "dome", "demo, run, graph, doctor"),
    "huge batch": (["demo", "mnist", "--batch-size", "9" * 24], "is more than 1000000000", "or less"),
    "huge points": (["demo", "moons", "--points", "9" * 24], "is more than 1000000", "or less"),
    "huge observations": (["demo", "regression", "--observations", "9" * 24], "is more than 1000000", "or less"),
    "huge width": (["demo", "text", "--width", "9" * 24], "is more than 4096", "or less"),
    "huge layers": (["demo", "text", "--layers", "9" * 24], "is more than 100", "or less"),
    "cold": (["demo", "text", "--temperature", "1e-320"], "--temperature: 1e-320 is less than 0.001", "0.001 or more"),
    "checkpoint ''": (["demo", "mnist", "--checkpoint", ""], "--checkpoint: cannot write '.': it is a folder", ""),
    "checkpoint": (["demo", "mnist", "--checkpoint", "no/a.tg"], "there is no folder", "can be written"),
    "two pictures": (["demo", "paraboloid", "--compare", "--sweep-lr"], "two different pictures", "one of them"),
    "own choice": (["demo", "paraboloid", "--compare", "--lr", "1"], "--lr does not go with --compare", ""),
    "c": (["demo", "paraboloid", "--c", "-2"], "--c: -2 is not above 0", ""),
    "power": (["graph", "x^2", "--at", "x=1"], "'x ^ 2' is not arithmetic", "**"),
    "call": (["graph", "__import__('os')"], "unknown function __import__", "exp"),
    "attribute": (["graph", "(1).real"], "is not arithmetic", ""),
    "statement": (["graph", "import os"], "is not an arithmetic expression", ""),
    "product": (["graph", "2x", "--at", "x=1"], "is not an arithmetic expression", "2*x1"),
    "comparison": (["graph", "x < 1", "--at", "x=1"], "is not arithmetic", ""),
    "variable": (["graph", "x + y", "--at", "x=1"], "unknown variable y", "--at y=NUMBER"),
    "left over": (["graph", "x", "--at", "x=1", "--at", "z=1"], "there is no z", "x"),
    "at": (["graph", "x", "--at", "x"], "not of the form NAME=NUMBER", "--at x1=2"),
    "at word": (["graph", "x", "--at", "x=one"], "'one' is not a finite number", ""),
    "at twice": (["graph", "x", "--at", "x=1", "--at", "x=2"], "given twice", ""),
    "exponent": (["graph", "x**9**9", "--at", "x=1"], "exponent", "1000"),
    "depth": (["graph", "(" * 500 + "x" + ")" * 500, "--at", "x=1"], "", ""),
    "minuses": (["graph", " " + "-" * 200 + "x", "--at", "x=1"], "nested", ""),
    "length": (["graph", "x+" * 2000 + "x", "--at", "x=1"], "characters", ""),
    "parts": (["graph", "+".join("x" * 200), "--at", "x=1"], "parts", ""),
    "graph ending": (["graph", "x", "--at", "x=1", "-o", "x.bmp"], "cannot tell a format", ".png"),
    "no file": (["graph", "missing.py:f"], "there is no file", ""),
    "no dot": (["graph", "missing.dot", "-o", "x.png"], "cannot read 'missing.dot'", ""),
}


@pytest.mark.parametrize(("arguments", "message", "hint"), CASES.values(), ids=CASES)
def test_is_told_in_a_line_and_a_hint(
    arguments: list[str], message: str, hint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 2, done.output
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert len(lines) == 2, done.stderr
    assert lines[0].startswith("tinyedu: ") and message in lines[0]
    assert lines[1].startswith("hint: ") and hint in lines[1]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [(["--optim", "adma"], 2, "unknown optimizer"), (["--optim", "sgd", "--lr", "1", "--quiet"], 3, "sgd diverged")],
)
def test_debug_adds_the_traceback_and_keeps_the_exit_code(arguments: list[str], code: int, told: str) -> None:
    done = CliRunner().invoke(main, [*DEMO, *arguments, "--debug"])
    assert done.exit_code == code
    lines = done.stderr.splitlines()
    assert lines[0].startswith("Traceback") and lines[-3].startswith("tinygrad_edu.cli.problem.Problem: " + told)
    assert lines[-2].startswith(f"tinyedu: {told}") and lines[-1].startswith("hint: ")


def test_a_file_is_not_touched_by_the_check(tmp_path: Path) -> None:
    kept = tmp_path / "old.png"
    kept.write_bytes(b"old")
    done = CliRunner().invoke(main, [*DEMO, "--optim", "adam", "--momentum", "1", "--plot", str(kept)])
    assert done.exit_code == 2 and kept.read_bytes() == b"old"


def test_a_checkpoint_is_not_written_over_a_file_that_is_none(tmp_path: Path) -> None:
    thesis = tmp_path / "thesis.docx"
    thesis.write_bytes(b"PK\x03\x04 years of work")
    done = CliRunner().invoke(main, ["demo", "mnist", "--limit", "8", "--checkpoint", str(thesis)])
    assert done.exit_code == 2 and done.stdout == ""
    assert "is there already, and is no checkpoint" in done.stderr and "another file" in done.stderr
    assert thesis.read_bytes() == b"PK\x03\x04 years of work"


@pytest.mark.parametrize("demo", ["mnist", "text"])
def test_a_network_that_the_last_step_spoiled_has_diverged(demo: str) -> None:
    small = {"mnist": ["--limit", "64", "--epochs", "1"], "text": ["--steps", "20", "--width", "4", "--layers", "1"]}
    done = CliRunner().invoke(main, ["demo", demo, *small[demo], "--lr", "1e308", "--quiet"])
    assert done.exit_code == 3 and done.stdout == "" and "hint: try --lr 1e+307" in done.stderr


def test_too_little_memory_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise MemoryError("Unable to allocate 9 PiB")

    monkeypatch.setattr("tinygrad_edu.cli.moons_net.make_moons", full)
    done = CliRunner().invoke(main, ["demo", "moons"])
    assert done.exit_code == 2, done.stderr
    assert done.stderr.splitlines()[-2:] == [
        "tinyedu: there is not enough memory: Unable to allocate 9 PiB", "hint: choose smaller numbers"
    ]  # fmt: skip


def test_a_folder_in_place_of_a_file(tmp_path: Path) -> None:
    folder = tmp_path / "folder.png"
    folder.mkdir()
    done = CliRunner().invoke(main, [*DEMO, "--plot", str(folder)])
    assert done.exit_code == 2 and "it is a folder" in done.stderr
