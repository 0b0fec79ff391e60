"""`tinyedu demo mnist`: files, splits, both networks, resuming, what is refused; on small files in MNIST's form."""

import gzip
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.append(str(Path(__file__).resolve().parents[1]))

from support.demos import HEAD, invoke, numbers


def _idx(array: np.ndarray[Any, Any]) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + b"".join(size.to_bytes(4, "big") for size in array.shape) + array.tobytes()


@pytest.fixture
def little_mnist(tmp_path: Path) -> Path:
    """A folder with MNIST's test files: 60 pictures of 8 x 8, a bright row or column where the class is."""
    folder = tmp_path / "mnist"
    folder.mkdir()
    classes = (np.arange(60) % 10).astype(np.uint8)
    pictures = np.random.default_rng(0).integers(0, 40, (60, 8, 8)).astype(np.uint8)
    for picture, digit in zip(pictures, classes, strict=True):
        picture[int(digit) % 8, :] = 250
        picture[:, int(digit) // 2] = 250
    (folder / "t10k-images-idx3-ubyte.gz").write_bytes(gzip.compress(_idx(pictures)))
    (folder / "t10k-labels-idx1-ubyte").write_bytes(_idx(classes))
    return folder


MNIST = ("mnist", "--batch-size", "8", "--epochs", "2", "--json", "--quiet")


@pytest.mark.parametrize("model", ["mlp", "cnn"])
def test_mnist_learns_from_the_files_it_is_given(little_mnist: Path, model: str) -> None:
    done = invoke(*MNIST, "--data", str(little_mnist), "--model", model)
    assert done.exit_code == 0, done.output
    result = json.loads(done.stdout)
    assert (result["training"], result["test"]) == (48, 12), "the test pictures alone are shared out"
    assert "the first 48 to learn from, the last 12" in result["data"]
    assert np.array(result["confusion"]).sum() == 12
    right = np.trace(np.array(result["confusion"]))
    assert result["accuracy"] == pytest.approx(right / 12) and 12 - right == len(result["mistakes"])
    assert result["history"][-1]["loss"] < result["history"][0]["loss"]
    assert set(result) == HEAD | {
        "data", "training", "test", "model", "parameters", "optim", "lr", "epochs", "accuracy", "loss", "confusion",
        "mistakes", "history", "seconds",
    }  # fmt: skip
    assert numbers(invoke(*MNIST, "--data", str(little_mnist), "--model", model).stdout) == numbers(done.stdout)


def test_mnist_takes_the_training_files_where_they_are(little_mnist: Path) -> None:
    for name in ("images-idx3-ubyte.gz", "labels-idx1-ubyte"):
        (little_mnist / f"train-{name}").write_bytes((little_mnist / f"t10k-{name}").read_bytes())
    result = json.loads(invoke(*MNIST, "--data", str(little_mnist), "--limit", "50").stdout)
    assert (result["training"], result["test"]) == (50, 60) and "alone" not in result["data"]


@pytest.mark.parametrize("optim", ["momentum", "adagrad", "radam"])
def test_mnist_takes_any_optimizer_for_batches(little_mnist: Path, optim: str) -> None:
    rows = json.loads(invoke(*MNIST, "--data", str(little_mnist), "--optim", optim).stdout)["history"]
    assert rows[-1]["loss"] < rows[0]["loss"]


def test_mnist_tells_people_what_it_read(little_mnist: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    folder = tmp_path / "pictures"
    done = invoke("mnist", "--data", str(little_mnist), "--epochs", "1", "--limit", "4", "--plot", str(folder))
    assert done.exit_code == 0, done.output
    assert "test accuracy" in done.stdout and "truth  answer" in done.stdout and "epoch 1/1" in done.stderr
    names = {"mnist-history.png", "mnist-confusion.png", "mnist-mistakes.png"}
    assert {file.name for file in folder.iterdir()} == names


def test_mnist_goes_on_where_it_was_stopped(
    little_mnist: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    data = ("--data", str(little_mnist))
    whole = json.loads(invoke(*MNIST, *data).stdout)
    killer = """import os
from tinygrad_edu.cli.main import main
from tinygrad_edu.cli.reading import SameSettings
SameSettings.on_batch_end = lambda self, run: run.epoch == 2 and os._exit(9)
"""
    done = subprocess.run([sys.executable, "-c", killer + "main()", "demo", *MNIST, *data, "--resume"])
    assert done.returncode == 9 and (tmp_path / "mnist-mlp.tg").exists()
    resumed = json.loads(invoke(*MNIST, *data, "--resume").stdout)
    for result in (whole, resumed):
        del result["seconds"]
    assert resumed == whole
    other = invoke(*MNIST, *data, "--resume", "--lr", "0.5")
    assert other.exit_code == 2 and other.stdout == ""
    assert "the run there has lr 0.001, this one 0.5" in other.stderr and "hint: delete 'mnist-mlp.tg'" in other.stderr


DIGITS = {
    "no folder": (["--data", "nowhere"], "there is no MNIST in 'nowhere'", "t10k-images-idx3-ubyte"),
    "lbfgs": (["--optim", "lbfgs"], "lbfgs wants all pictures", "adam"),
    "epochs": (["--epochs", "0"], "--epochs: 0 is less than 1", ""),
    "model": (["--model", "rnn"], "'rnn' is not one of", "--help"),
    "checkpoint": (["--checkpoint", "no/run.tg", "--data", "mnist"], "there is no folder 'no'", ""),
    "damaged": (["--data", "damaged"], "damaged", "again"),
    "backend": (["--backend", "jax"], "there is no 'jax' here", ""),
    "cuda": (["--device", "cuda"], "Torch not compiled with CUDA enabled", "cpu"),
}


@pytest.mark.parametrize(("options", "message", "hint"), DIGITS.values(), ids=DIGITS)
def test_mnist_refuses(
    options: list[str], message: str, hint: str, little_mnist: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    damaged = tmp_path / "damaged"
    shutil.copytree(little_mnist, damaged)
    packed = damaged / "t10k-images-idx3-ubyte.gz"
    packed.write_bytes(packed.read_bytes()[:-9])
    done = invoke("mnist", *options)
    assert done.exit_code == 2 and done.stdout == "", done.output
    told, advice = done.stderr.splitlines()
    assert message in told and hint in advice


@pytest.mark.parametrize(("optim", "rate"), [("sgd", "1e6"), ("adam", "1e30")])
def test_mnist_that_runs_away_ends_with_3(little_mnist: Path, optim: str, rate: str) -> None:
    done = invoke("mnist", "--data", str(little_mnist), "--optim", optim, "--lr", rate, "--quiet")
    assert done.exit_code == 3 and "the loss is" in done.stderr and "hint: try --lr" in done.stderr


def test_mnist_falls_back_to_digits_that_need_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = json.loads(invoke("mnist", "--epochs", "2", "--limit", "300", "--json", "--quiet").stdout)
    assert "8 x 8 digits that come with tinygrad_edu" in result["data"]
    assert (result["training"], result["test"]) == (300, 360)
    assert result["accuracy"] > 0.5


def _real_mnist() -> Path | None:
    """The real digits: where TINYEDU_DATA says, or beside the project."""
    project = Path(__file__).parents[2]
    places = [Path(os.environ["TINYEDU_DATA"])] if "TINYEDU_DATA" in os.environ else []
    places += [project / "shared" / "data", project.parent / "shared" / "data", project / "data"]
    folders = [place / "mnist" for place in places]
    return next((folder for folder in folders if (folder / "t10k-images-idx3-ubyte.gz").exists()), None)


@pytest.mark.slow
@pytest.mark.parametrize(("model", "least"), [("mlp", 0.945), ("cnn", 0.97)])
def test_real_digits_are_read_well_within_five_epochs(model: str, least: float) -> None:
    folder = _real_mnist()
    if folder is None:
        pytest.skip("the real digits are not here: TINYEDU_DATA names the folder that has mnist/")
    result = json.loads(invoke("mnist", "--data", str(folder), "--model", model, "--json", "--quiet").stdout)
    assert result["epochs"] == 5 and result["accuracy"] >= least
