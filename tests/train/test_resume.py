"""A run that was killed and resumed gives the numbers of one that was not; what does not fit is refused untouched."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import tinygrad_edu as torch
from tinygrad_edu import nn, optim
from tinygrad_edu.train import EarlyStopping, History, fit
from tinygrad_edu.utils.data import DataLoader, TensorDataset

# Everything random at once: dropout, batch statistics, two streams of shuffling, noise from three sources.
PROGRAM = """
import os, random, signal, sys
import numpy as np
import tinygrad_edu as torch
from tinygrad_edu import nn, optim
from tinygrad_edu.optim import lr_scheduler
from tinygrad_edu.train import Callback, CSVLog, EarlyStopping, Schedule, fit
from tinygrad_edu.utils.data import DataLoader, Dataset, WeightedRandomSampler

kill_at, workers = int(sys.argv[1]), int(sys.argv[2])
seed = int(sys.argv[3])  # what was drawn before fit must not matter to a resumed run
torch.manual_seed(0)
X = torch.randn(40, 5)
Y = (X.sum(1) > 0).long()

class Noisy(Dataset):
    def __init__(self):
        self.generator = torch.Generator().manual_seed(5)
        self.others = [np.random.default_rng(1), np.random.RandomState(2), random.Random(3)]
    def __len__(self):
        return 40
    def __getitem__(self, i):
        noise = random.random() + np.random.rand() + torch.randn(5, generator=self.generator) + torch.rand(1)
        noise = noise + float(self.others[0].random() + self.others[1].rand() + self.others[2].random())
        return X[i] + 0.01 * noise, Y[i]

class Shaky(nn.Module):
    def __init__(self):
        super().__init__()
        self.generator = torch.Generator().manual_seed(6)
    def forward(self, x):
        return x + 0.1 * torch.randn(x.shape, generator=self.generator)

class Gradients(Callback):
    def __init__(self):
        self.generator = torch.Generator().manual_seed(8)
    def on_backward_end(self, run):
        for parameter in run.model.parameters():
            parameter.grad += 0.01 * torch.randn(parameter.shape, generator=self.generator)

class Kill(Callback):
    def on_batch_end(self, run):
        if run.epoch == kill_at and run.batch == 2:
            os.kill(os.getpid(), signal.SIGKILL)

sampler = WeightedRandomSampler(torch.ones(40), 40, generator=torch.Generator().manual_seed(7))
data = DataLoader(Noisy(), 8, sampler=sampler, generator=torch.Generator().manual_seed(9), num_workers=workers)
valid = DataLoader(Noisy(), 8, shuffle=True)
model = nn.Sequential(nn.Linear(5, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.3), Shaky(), nn.Linear(8, 2))
optimizer = optim.Adam(model.parameters(), lr=0.01)
cycle = lr_scheduler.OneCycleLR(optimizer, 0.05, total_steps=40)
torch.manual_seed(seed); random.seed(seed); np.random.seed(seed)
history = fit(
    model, data, nn.CrossEntropyLoss(), optimizer, epochs=6, valid=valid, metrics=["accuracy"],
    callbacks=[Schedule(cycle, "batch"), EarlyStopping(patience=3), CSVLog("log.csv"), Gradients(), Kill()],
    checkpoint="run.tg", resume=True, progress=False,
)
for row in history:
    print({name: value for name, value in row.items() if name != "seconds"})
for name, tensor in model.state_dict().items():
    print(name, tensor.double().tolist())
for group in optimizer.state_dict()["param_groups"]:
    print(group)
print(torch.rand(2).tolist(), random.random(), np.random.rand())
"""


def run(folder: Path, kill_at: int, workers: int, seed: int) -> subprocess.CompletedProcess[str]:
    folder.mkdir(exist_ok=True)
    command = [sys.executable, "-c", PROGRAM, str(kill_at), str(workers), str(seed)]
    return subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", timeout=120)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal here")
@pytest.mark.parametrize("workers", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_a_killed_run_goes_on_to_the_same_numbers(tmp_path: Path, workers: int) -> None:
    whole = run(tmp_path / "whole", 0, workers, 3)
    assert whole.returncode == 0, whole.stderr
    killed = run(tmp_path / "killed", 4, workers, 3)
    assert killed.returncode == -signal.SIGKILL and killed.stdout == ""
    assert len((tmp_path / "killed" / "log.csv").read_text().splitlines()) == 4, "three epochs were done"
    resumed = run(tmp_path / "killed", 0, workers, 11)
    assert resumed.returncode == 0, resumed.stderr
    assert resumed.stdout == whole.stdout and len(whole.stdout.splitlines()) > 12
    again = run(tmp_path / "killed", 0, workers, 12)
    assert again.stdout == whole.stdout, "a finished run stays as it is"
    assert sorted(os.listdir(tmp_path / "killed")) == ["log.csv", "run.tg"]


def trained(path: Path, width: int = 3, optimizer: Any = optim.Adam, **options: Any) -> tuple[nn.Module, History]:
    torch.manual_seed(1)
    x = torch.randn(12, 2)
    model = nn.Sequential(nn.Linear(2, width), nn.Tanh(), nn.Linear(width, 1))
    data = DataLoader(TensorDataset(x, x.sum(1, keepdim=True)), 4, shuffle=True)
    settings = {"epochs": 2, "checkpoint": path, "progress": False, **options}
    return model, fit(model, data, nn.MSELoss(), optimizer(model.parameters(), lr=0.01), **settings)


def test_more_epochs_continue_the_run(tmp_path: Path) -> None:
    whole_model, whole = trained(tmp_path / "whole.tg", epochs=5)
    trained(tmp_path / "part.tg")
    model, history = trained(tmp_path / "part.tg", epochs=5, resume=True)
    assert history["loss"] == whole["loss"]
    assert all(a.equal(b) for a, b in zip(model.parameters(), whole_model.parameters(), strict=True))
    assert len(trained(tmp_path / "part.tg", epochs=3, resume=True)[1]) == 5, "done already"


def test_without_a_file_it_begins_and_without_resume_it_begins_anew(tmp_path: Path) -> None:
    _, first = trained(tmp_path / "run.tg", resume=True)
    _, second = trained(tmp_path / "run.tg")
    assert first["loss"] == second["loss"]


OTHERS = {
    "width": ({"width": 4}, RuntimeError, "size mismatch|shape"),
    "metrics": ({"metrics": ["mae"]}, ValueError, "the columns loss; this one has loss, mae"),
    "callbacks": ({"callbacks": [EarlyStopping("loss")]}, ValueError, "other callbacks"),
    "kind of optimizer": ({"optimizer": optim.SGD}, ValueError, "other optimizers: Adam; this one has SGD"),
    "options alike": ({"optimizer": optim.AdamW}, ValueError, "other optimizers: Adam; this one has AdamW"),
    "optimizer": ({"optimizer": lambda p, lr: optim.Adam([{"params": [x]} for x in p], lr=lr)}, ValueError, "groups"),
}


@pytest.mark.parametrize(("options", "error", "told"), OTHERS.values(), ids=OTHERS)
def test_a_file_of_another_run_is_refused(
    tmp_path: Path, options: dict[str, Any], error: type[Exception], told: str
) -> None:
    path = tmp_path / "run.tg"
    trained(path)
    kept = path.read_bytes()
    with pytest.raises(error, match=told):
        trained(path, resume=True, epochs=9, **options)
    assert path.read_bytes() == kept


def test_a_refused_file_leaves_the_model_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "run.tg"
    trained(path)
    state = torch.load(path)
    state["optimizer"]["param_groups"].append({})
    torch.save(state, path)
    torch.manual_seed(2)
    model = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with pytest.raises(ValueError, match="parameter groups"):
        fit(model, [], nn.MSELoss(), optim.Adam(model.parameters()), epochs=3, checkpoint=path, resume=True)
    assert all(before[name].equal(tensor) for name, tensor in model.state_dict().items())


def test_what_is_no_checkpoint_is_named(tmp_path: Path) -> None:
    path = tmp_path / "run.tg"
    torch.save({"weight": torch.ones(2)}, path)
    with pytest.raises(ValueError, match="no checkpoint of fit"):
        trained(path, resume=True)
    path.write_bytes(b"PK broken")
    with pytest.raises(RuntimeError, match="damaged|cut|not"):
        trained(path, resume=True)


CHANGED: dict[str, Any] = {
    "epoch": -1, "stop": 0, "history": [], "model": [], "callbacks": None, "streams": {},
    "columns": "loss", "kinds": [],
}  # fmt: skip


@pytest.mark.parametrize("gone", [True, False])
@pytest.mark.parametrize("key", CHANGED)
def test_a_changed_file_is_refused_by_the_name_of_what_is_wrong(tmp_path: Path, key: str, gone: bool) -> None:
    path = tmp_path / "run.tg"
    trained(path)
    state = torch.load(path)
    state[key] = CHANGED[key]
    if gone:
        del state[key]
    torch.save(state, path)
    kept = path.read_bytes()
    with pytest.raises(ValueError, match=f"is damaged, .*: see .*{key}"):
        trained(path, resume=True, epochs=9)
    assert path.read_bytes() == kept


def test_a_schedule_of_another_kind_is_refused(tmp_path: Path) -> None:
    def go(kind: Any, **options: Any) -> None:
        model = nn.Linear(2, 1)
        optimizer = optim.SGD(model.parameters(), 0.1)
        data = [(torch.ones(4, 2), torch.ones(4, 1))]
        fit(
            model, data, nn.MSELoss(), optimizer, epochs=2, scheduler=kind(optimizer, 1),
            checkpoint=tmp_path / "run.tg", progress=False, **options,
        )  # fmt: skip

    go(optim.lr_scheduler.StepLR)
    with pytest.raises(ValueError, match="other callbacks: Schedule of StepLR; this one has Schedule of CosineAnneal"):
        go(optim.lr_scheduler.CosineAnnealingLR, resume=True)


def test_halves_of_files_that_a_kill_left_are_swept(tmp_path: Path) -> None:
    (tmp_path / ".run.tg.0123abcd.part").write_bytes(b"PK half")
    others = [".other.tg.0123abcd.part", ".run.tg.part", "run.tg.0123abcd.part"]
    for other in others:
        (tmp_path / other).write_bytes(b"mine")
    trained(tmp_path / "run.tg", resume=True)
    assert sorted(os.listdir(tmp_path)) == sorted([*others, "run.tg"])


def test_workers_that_outlive_an_epoch_are_refused(tmp_path: Path) -> None:
    data = DataLoader(TensorDataset(torch.ones(4, 2), torch.ones(4, 1)), num_workers=1, persistent_workers=True)
    model = nn.Linear(2, 1)
    with pytest.raises(ValueError, match="persistent_workers"):
        fit(model, data, nn.MSELoss(), optim.SGD(model.parameters(), 0.1), epochs=1, checkpoint=tmp_path / "run.tg")
