"""What every demo does: --seed, --json, --backend and --device, one seed one result, bad values refused beforehand."""

import json
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[1]))

from support.demos import invoke, numbers

from tinygrad_edu.cli.demo import Demos
from tinygrad_edu.cli.objectives import Objective, paraboloid, rosenbrock
from tinygrad_edu.cli.paraboloid import rates
from tinygrad_edu.kernels import choice
from tinygrad_edu.optim import OPTIMIZERS, minimize

# A short run of each; a demo without an entry fails the first test.
QUICK: dict[str, tuple[str, ...]] = {
    "rosenbrock": ("--steps", "20"),
    "paraboloid": ("--steps", "20"),
    "moons": ("--engine", "tensor", "--steps", "5"),
    "regression": ("--epochs", "12"),
    "mnist": ("--epochs", "1", "--limit", "120"),
    "text": ("--steps", "20", "--window", "8", "--width", "8", "--layers", "1", "--batch-size", "4", "--length", "12"),
}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder without MNIST's files, and with one file."""
    (tmp_path / "file").write_text("mine")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_demo_is_here() -> None:
    assert set(QUICK) == set(Demos.homes)


@pytest.mark.parametrize("name", QUICK)
def test_one_seed_one_result(name: str) -> None:
    options = (name, *QUICK[name], "--json", "--quiet", "--backend", "numpy", "--device", "cpu")
    first, second, other = (invoke(*options, "--seed", seed) for seed in ("3", "3", "4"))
    assert first.exit_code == 0, first.output
    assert first.stderr == ""
    assert numbers(first.stdout) == numbers(second.stdout)
    assert numbers(first.stdout).replace('"seed": 3', '"seed": 4') != numbers(other.stdout)
    result = json.loads(first.stdout)
    assert result["schema"] == f"tinyedu.demo.{name}/1"
    assert (result["seed"], result["backend"], result["device"]) == (3, "numpy", "cpu")


@pytest.mark.parametrize("name", QUICK)
def test_a_backend_is_that_of_this_run_only(name: str) -> None:
    before = choice.get_backend()
    for backend in choice.BACKENDS if before == "numba" else ["numpy"]:
        result = json.loads(invoke(name, *QUICK[name], "--json", "--quiet", "--backend", backend).stdout)
        assert result["backend"] == backend and choice.get_backend() == before


REFUSED = {
    "backend": (["--backend", "jax"], "there is no 'jax' here", "there is numpy, numba"),
    "device": (["--device", "gpu"], "no kind of device is called 'gpu'", "cpu"),
    "device index": (["--device", "cpu:x"], "invalid device string", "cpu"),
    "seed": (["--seed", "-1"], "--seed: -1 is less than 0", "0 or more"),
    "large seed": (["--seed", str(2**64)], f"is more than {2**64 - 1}", "or less"),
    "seed word": (["--seed", "one"], "--seed: 'one' is not a whole number", "--seed 100"),
    "folder": (["--plot", "no/such/a.png"], "there is no folder", "can be written"),
}


@pytest.mark.parametrize("name", QUICK)
@pytest.mark.parametrize(("options", "message", "hint"), REFUSED.values(), ids=REFUSED)
def test_is_refused_before_anything_begins(
    name: str, options: list[str], message: str, hint: str, elsewhere: Path
) -> None:
    done = invoke(name, *options)
    assert done.exit_code == 2 and done.stdout == "", done.output
    lines = done.stderr.splitlines()
    assert len(lines) == 2 and lines[0].startswith("tinyedu: ") and message in lines[0]
    assert lines[1].startswith("hint: ") and hint in lines[1]
    assert [file.name for file in elsewhere.iterdir()] == ["file"]


@pytest.mark.parametrize("name", QUICK)
def test_a_gpu_that_is_not_there_is_refused_in_pytorch_s_words(name: str) -> None:
    import tinygrad_edu as tg

    if tg.cuda.is_available():
        pytest.skip("there is one")
    done = invoke(name, *QUICK[name], "--device", "cuda")
    assert done.exit_code == 2 and done.stdout == ""
    told, advice = done.stderr.splitlines()
    assert "--device" in told and "Torch not compiled with CUDA enabled" in told and "cpu" in advice


@pytest.mark.parametrize("name", ["rosenbrock", "paraboloid"])
def test_a_seed_draws_the_start_which_start_gives_otherwise(name: str) -> None:
    drawn = [json.loads(invoke(name, "--steps", "1", "--json", "--seed", seed).stdout) for seed in ("0", "1")]
    plain = json.loads(invoke(name, "--steps", "1", "--json").stdout)
    assert plain["seed"] is None and len({tuple(result["start"]) for result in (*drawn, plain)}) == 3
    told = invoke(name, "--steps", "1", "--seed", "1").stdout
    assert f"from ({drawn[1]['start'][0]:.4f}, {drawn[1]['start'][1]:.4f}), which seed 1 drew" in told
    both = invoke(name, "--seed", "1", "--start", "1", "1")
    assert both.exit_code == 2 and both.stdout == "" and "--seed draws where to begin" in both.stderr
    if name == "paraboloid":
        compared = json.loads(invoke(name, "--compare", "--seed", "1", "--json").stdout)
        assert compared["start"] == drawn[1]["start"]


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize(
    ("objective", "defaults", "steps"), [(rosenbrock(1, 5), {}, 300), (paraboloid(2), rates(2), 60)]
)
def test_from_a_random_start_every_optimizer_goes_down(
    objective: Objective, defaults: dict[str, float], steps: int, name: str
) -> None:
    corners = [(x1, x2) for x1 in objective.around[0] for x2 in objective.around[1]]
    for start in (*corners, objective.start(0)):
        result = minimize(objective.function, list(start), name, lr=defaults.get(name), steps=steps)
        assert result.status != "diverged" and result.value < result.values[0], start
