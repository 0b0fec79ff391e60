"""`tinyedu demo paraboloid`: the bowl, the ravine, and the book's figures."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tinygrad_edu.cli.main import main
from tinygrad_edu.cli.options import NAMES


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["demo", "paraboloid", *arguments])


def runs(*arguments: str) -> list[dict]:
    done = invoke(*arguments, "--json")
    assert done.exit_code == 0, done.output
    result = json.loads(done.stdout)
    assert result["schema"] == "tinyedu.demo.paraboloid/1"
    return result["runs"]


def test_the_bowl_takes_one_step() -> None:
    (run,) = runs("--lr", "2.5", "--steps", "1")
    assert (run["steps"], run["point"], run["value"]) == (1, [0.0, 0.0], -5.0)


@pytest.mark.parametrize("c", ["0.2", "2"])
def test_every_optimizer_descends_with_its_default(c: str) -> None:
    names = [argument for name in NAMES for argument in ("--optim", name)]
    for run in runs("--c", c, *names):
        assert run["value"] < -4, run["optim"]
        assert run["note"] or run["value"] <= -4.9999, run["optim"]


def test_compare_and_sweep_show_what_the_book_shows() -> None:
    compared = {run["optim"]: run for run in runs("--compare")}
    assert list(compared) == ["sgd", "momentum", "adagrad", "rmsprop", "adam"]
    assert (compared["momentum"]["lr"], compared["momentum"]["options"]["momentum"]) == (0.5, 0.1)
    assert compared["adagrad"]["lr"] == 3.7
    slow, zigzag, diverging = runs("--sweep-lr")
    assert slow["point"][0] > 1 and abs(slow["point"][1]) < 1e-3
    assert abs(zigzag["point"][1]) < 6 < abs(diverging["point"][1])


@pytest.mark.parametrize("arguments", [["--compare"], ["--sweep-lr"], ["--c", "2", "--lr", "0.6"]])
def test_pictures(arguments: list[str], tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    for ending, signature in (("png", b"\x89PNG"), ("svg", b"<?xml")):
        files = [tmp_path / f"{n}.{ending}" for n in (1, 2)]
        for file in files:
            done = invoke(*arguments, "--plot", str(file), "--quiet")
            assert done.exit_code == 0, done.output
        first, second = (file.read_bytes() for file in files)
        assert first.startswith(signature)
        assert first == second, "the same command draws the same bytes"


def test_runs_of_one_optimizer_are_told_apart_by_their_rates() -> None:
    done = invoke("--sweep-lr", "--c", "2")
    for rate in ("0.125", "0.475", "0.515"):
        assert f" sgd lr {rate}" in done.stderr.split("log f")[1], "the legend of the chart"
        assert f"\nsgd lr {rate}: " in done.stdout
    two = invoke("--optim", "sgd", "--optim", "adam", "--steps", "3")
    assert "s sgd, a adam" in two.stderr


def test_adamw_is_not_held_back_where_its_decay_pulls_to_the_minimum() -> None:
    (run,) = runs("--optim", "adamw", "--lr", "0.01")
    assert "decay" not in run["note"]
