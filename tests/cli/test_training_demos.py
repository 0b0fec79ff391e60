"""The demos that train: micrograd's losses, the book's stages, one seed one result, JSON, pictures, what is refused."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).resolve().parents[1]))

from support.demos import HEAD, invoke, numbers

from tinygrad_edu.cli.options import BACKENDS
from tinygrad_edu.kernels import choice

QUICK: dict[str, tuple[str, ...]] = {
    "moons": ("--engine", "tensor", "--steps", "12"),
    "regression": ("--epochs", "12"),
    "text": ("--steps", "20", "--window", "8", "--width", "8", "--layers", "1", "--batch-size", "4", "--length", "12"),
}
KEYS = {
    "moons": {"points", "network", "steps", "runs"},
    "regression": {"observations", "network", "epochs", "stages"},
    "text": {"data", "characters", "vocabulary", "parameters", "steps", "loss", "valid_loss", "seconds", "samples",
             "history"},
}


@pytest.mark.parametrize("name", QUICK)
def test_one_seed_one_result(name: str) -> None:
    first, second, other = (invoke(name, *QUICK[name], "--json", "--seed", seed) for seed in ("3", "3", "4"))
    assert first.exit_code == 0, first.output
    assert numbers(first.stdout) == numbers(second.stdout)
    assert numbers(first.stdout).replace('"seed": 3', '"seed": 4') != numbers(other.stdout)
    result = json.loads(first.stdout)
    assert result["schema"] == f"tinyedu.demo.{name}/1" and result["seed"] == 3
    assert set(result) == HEAD | KEYS[name]


@pytest.mark.parametrize("name", QUICK)
def test_the_result_for_people_is_on_standard_output_and_progress_is_not(name: str) -> None:
    done = invoke(name, *QUICK[name])
    assert done.exit_code == 0 and done.stdout and "loss" in done.stderr and "hint: --plot" in done.stderr
    quiet = invoke(name, *QUICK[name], "--quiet")
    assert numbers(quiet.stdout) == numbers(done.stdout) and quiet.stderr == ""
    assert invoke(name, *QUICK[name], "--json", "--quiet").stderr == ""


@pytest.mark.parametrize("name", QUICK)
def test_pictures_go_to_a_folder_that_is_made(name: str, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    folder = tmp_path / "pictures"
    done = invoke(name, *QUICK[name], "--json", "--plot", str(folder))
    assert done.exit_code == 0, done.output
    files = [Path(file) for file in json.loads(done.stdout)["plots"]]
    assert files and sorted(files) == sorted(folder.iterdir())
    assert all(file.read_bytes().startswith(b"\x89PNG") for file in files)


def test_the_backends_are_those_of_the_library() -> None:
    assert BACKENDS == choice.BACKENDS


def test_a_backend_that_cannot_be_imported_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice._choice, "failure", "Numba is not installed")
    done = invoke("moons", "--backend", "numba")
    assert done.exit_code == 2 and done.stdout == ""
    assert done.stderr.splitlines()[0] == "tinyedu: --backend numba: Numba is not installed"
    assert "pip install" in done.stderr.splitlines()[1]


def test_moons_gives_the_losses_of_the_public_notebook_with_both_engines() -> None:
    result = json.loads(invoke("moons", "--steps", "100", "--engine", "tensor", "--json").stdout)
    (run,) = result["runs"]
    wanted = {0: (0.8958441028683222, 0.5), 1: (1.7235905336972022, 0.81), 10: (0.24507023853658053, 0.91),
              50: (0.09875114765619622, 0.96), 99: (0.010978370135492717, 1.0)}  # fmt: skip
    for step, (loss, accuracy) in wanted.items():
        row = run["history"][step]
        assert row["loss"] == pytest.approx(loss, rel=1e-6) and row["accuracy"] == accuracy, step
    both = json.loads(invoke("moons", "--steps", "3", "--json").stdout)["runs"]
    assert [run["engine"] for run in both] == ["value", "tensor"]
    for by_value, by_tensor in zip(both[0]["history"], both[1]["history"], strict=True):
        assert by_value["loss"] == pytest.approx(by_tensor["loss"], rel=1e-12)
        assert by_value["accuracy"] == by_tensor["accuracy"]


def test_moons_draws_the_border_in_characters() -> None:
    done = invoke("moons", "--engine", "tensor", "--steps", "60", "--quiet")
    rows = [line for line in done.stdout.splitlines() if line and set(line) <= set(" ·○●")]
    assert len(rows) >= 18
    inside = "".join(rows)
    assert inside.count("○") > 20 and inside.count("●") > 20 and 200 < inside.count("·") < 1200


def test_regression_says_one_thing_three_times() -> None:
    stages = json.loads(invoke("regression", "--json").stdout)["stages"]
    assert [stage["name"] for stage in stages] == ["scratch", "modules", "sgd", "adam"]
    by_hand, modules, sgd, adam = (stage["losses"] for stage in stages)
    assert len(by_hand) == 200
    assert by_hand == pytest.approx(modules, rel=1e-5) and by_hand == pytest.approx(sgd, rel=1e-5)
    # The book's losses (chapter 6), 78.9 after 10 epochs and 9.9 after 200, are other draws of the same quantities.
    assert 20 < by_hand[9] < 120 and by_hand[199] < 0.4 * by_hand[9]
    assert all(late < early for early, late in zip(by_hand[9::10], by_hand[19::10], strict=False))
    assert adam[-1] < 1.0


@pytest.mark.parametrize("optim", ["lbfgs", "sgd", "adamw"])
def test_regression_takes_any_optimizer(optim: str) -> None:
    stages = json.loads(invoke("regression", "--optim", optim, "--epochs", "8", "--json").stdout)["stages"]
    assert stages[-1]["losses"][-1] < stages[-1]["losses"][0]


@pytest.mark.parametrize(
    ("arguments", "told", "advice"),
    [
        (("moons", "--engine", "tensor", "--lr", "1000"), "tensor diverged at step 1 with lr 1000", "--lr 1"),
        (("regression", "--lr", "1"), "scratch diverged at epoch 3 with lr 1", "--lr 0.1"),
        (("regression", "--optim", "sgd", "--optim-lr", "1"), "sgd 2 diverged", "--optim-lr 0.1"),
    ],
)
def test_a_training_that_runs_away_ends_with_3(arguments: tuple[str, ...], told: str, advice: str) -> None:
    done = invoke(*arguments, "--quiet")
    assert done.exit_code == 3 and told in done.stderr and advice in done.stderr and done.stdout
    result = json.loads(invoke(*arguments, "--json").stdout)
    runs: list[Any] = result.get("runs") or result["stages"]
    assert "diverged" in [run["status"] for run in runs]


def test_text_learns_and_writes_what_it_was_given(tmp_path: Path) -> None:
    (tmp_path / "ab.txt").write_text("abcd\n" * 60, encoding="utf-8")
    options = ("--steps", "150", "--window", "8", "--width", "16", "--layers", "1", "--lr", "0.02", "--length", "40")
    done = invoke("text", "--data", str(tmp_path / "ab.txt"), *options, "--json")
    result = json.loads(done.stdout)
    assert result["vocabulary"] == 5 and len(result["history"]) == 10 and result["steps"] == 150
    assert result["valid_loss"] < 0.2 < result["history"][0]["loss"]
    assert len(result["samples"]) == 2 and all(len(text) == 40 and "abcd\nabcd" in text for text in result["samples"])


TEXTS = {
    "missing": (["--data", "none.txt"], "cannot read 'none.txt'", "text file"),
    "binary": (["--data", "bytes"], "is not UTF-8", "UTF-8"),
    "short": (["--data", "short"], "has 30 characters", "--window"),
    "few": (["--data", "few"], "--data: few has 5 characters", "hint: give a longer text$"),
    "empty": (["--data", "empty"], "--data: empty has 0 characters", "hint: give a longer text$"),
    "width": (["--width", "6"], "--width: 6 is not a multiple of 4", "give 8"),
    "steps": (["--steps", "3"], "--steps: 3 is less than 20", ""),
}


@pytest.mark.parametrize(("options", "message", "hint"), TEXTS.values(), ids=TEXTS)
def test_text_refuses(
    options: list[str], message: str, hint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\x00")
    for name, length in {"short": 30, "few": 5, "empty": 0}.items():
        (tmp_path / name).write_text("x" * length)
    done = invoke("text", *options)
    assert done.exit_code == 2 and done.stdout == ""
    told, advice = done.stderr.splitlines()
    assert message in told and re.search(hint, advice)


def test_a_mark_of_the_byte_order_is_no_character(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("吾輩は猫である。\n" * 40, encoding="utf-8")
    (tmp_path / "marked").write_text("吾輩は猫である。\n" * 40, encoding="utf-8-sig")
    plain, marked = (
        json.loads(invoke("text", *QUICK["text"], "--json", "--data", str(tmp_path / name)).stdout)
        for name in ("plain", "marked")
    )
    assert plain["vocabulary"] == marked["vocabulary"] == 9 and plain["samples"] == marked["samples"]


@pytest.mark.skipif(os.name == "nt", reason="no SIGINT to send there")
def test_control_c_ends_quietly() -> None:
    command = [sys.executable, "-m", "tinygrad_edu.cli.main", "demo", "moons", "--engine", "value", "--steps", "100000"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8")
    assert process.stderr is not None
    assert "step" in process.stderr.readline()  # it trains
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130 and out == "" and err.splitlines()[-1] == "tinyedu: stopped"
    assert "Traceback" not in err
