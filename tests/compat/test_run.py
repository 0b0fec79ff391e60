"""`tinyedu run` is `python SCRIPT.py` with PyTorch's names leading here: arguments, paths, exit codes, tracebacks."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-m", "tinygrad_edu.cli.main"]


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    plain = {"PYTHONUTF8": "1", "NO_COLOR": "1"}
    return subprocess.run(
        [*COMMAND, "run", *arguments], capture_output=True, encoding="utf-8", cwd=folder, env={**os.environ, **plain}
    )


def write(folder: Path, source: str, name: str = "script.py") -> str:
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(source, encoding="utf-8")
    return name


def test_a_script_finds_what_it_would_under_python(tmp_path: Path) -> None:
    write(tmp_path, "ANSWER = 42\n", "inner/helper.py")
    source = (
        '"""A docstring."""\n'
        "import sys\n"
        "from helper import ANSWER\n"
        "print(sys.argv, __name__, __doc__, ANSWER, sys.path[0], __file__)\n"
        "print(sys.modules['__main__'].ANSWER, __builtins__ is not None)\n"
    )
    name = write(tmp_path, source, "inner/script.py")
    arguments = ["--epochs", "3", "-x", "--help", "--", "a b"]
    ours = run(tmp_path, name, *arguments)
    theirs = subprocess.run([sys.executable, name, *arguments], capture_output=True, encoding="utf-8", cwd=tmp_path)
    assert theirs.returncode == 0 and ours.stdout == theirs.stdout, ours.stderr


@pytest.mark.parametrize(
    ("source", "code", "error"),
    [
        ("", 0, ""),
        ("import sys; sys.exit()", 0, ""),
        ("import sys; sys.exit(7)", 7, ""),
        ("raise SystemExit('no data')", 1, "no data\n"),
        ("import argparse\nargparse.ArgumentParser(prog='x').parse_args(['--lr'])", 2, "usage: x"),
        ("import atexit\natexit.register(print, 'end')\nimport sys; sys.exit(4)", 4, ""),
    ],
)
def test_exit_codes_are_the_scripts(source: str, code: int, error: str, tmp_path: Path) -> None:
    done = run(tmp_path, write(tmp_path, source))
    assert done.returncode == code and done.stderr.startswith(error)


def test_the_backend_is_for_the_script_and_its_processes(tmp_path: Path) -> None:
    source = "import os, sys\nprint(os.environ['TINYEDU_BACKEND'], sys.argv[1:])\n"
    done = run(tmp_path, "--backend", "numpy", write(tmp_path, source), "--backend", "other")
    assert done.stdout == "numpy ['--backend', 'other']\n", done.stderr
    refused = run(tmp_path, "--backend", "other", "script.py")
    assert refused.returncode == 2 and "no 'other' here" in refused.stderr


def test_a_traceback_begins_in_the_script(tmp_path: Path) -> None:
    source = "import torch\ndef train():\n    return torch.ones(2) @ torch.ones(3)\ntrain()\n"
    done = run(tmp_path, write(tmp_path, source))
    lines = done.stderr.splitlines()
    assert done.returncode == 1
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[1].strip() == f'File "{tmp_path / "script.py"}", line 4, in <module>'
    assert "train()" in lines[2] and "cli" not in done.stderr


def test_a_missing_name_ends_in_the_script(tmp_path: Path) -> None:
    done = run(tmp_path, write(tmp_path, "from torch.nn import Linaer\n"))
    lines = done.stderr.splitlines()
    assert done.returncode == 1
    assert [line.strip() for line in lines[1:3]] == [
        f'File "{tmp_path / "script.py"}", line 1, in <module>', "from torch.nn import Linaer",
    ]  # fmt: skip
    assert lines[-1].startswith("ImportError: cannot import name 'Linaer'") and "torch.nn.Linear" in lines[-1]
    assert len(lines) == 4


def test_a_syntax_error_shows_the_line_alone(tmp_path: Path) -> None:
    done = run(tmp_path, write(tmp_path, "x = (\n"))
    assert done.returncode == 1 and "SyntaxError" in done.stderr and "tinygrad_edu" not in done.stderr


def test_the_scripts_own_excepthook_is_used(tmp_path: Path) -> None:
    source = "import sys\nsys.excepthook = lambda kind, error, trace: print('hook', error, trace.tb_lineno)\n1 / 0\n"
    done = run(tmp_path, write(tmp_path, source))
    assert (done.returncode, done.stdout) == (1, "hook division by zero 3\n")


def test_other_encodings_are_read_as_python_does(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_bytes("# -*- coding: euc-jp -*-\nprint(len('学習'))\n".encode("euc-jp"))
    assert run(tmp_path, "script.py").stdout == "2\n"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nothing.py"], "cannot read 'nothing.py': no such file"),
        (["--nothing.py"], "no such file"),
        (["lesson.ipynb"], "%load_ext tinygrad_edu"),
        ([], "SCRIPT"),
    ],
)
def test_what_cannot_be_run_is_said(arguments: list[str], told: str, tmp_path: Path) -> None:
    done = run(tmp_path, *arguments)
    assert done.returncode == 2 and told in done.stderr and "Traceback" not in done.stderr


PROCESSES = """
import pickle
import sys
from concurrent.futures import ProcessPoolExecutor

import torch
import torch.multiprocessing as mp
from torch import nn
from torch.utils.data import DataLoader, Dataset


class Squares(Dataset):
    def __len__(self):
        return 6

    def __getitem__(self, i):
        return torch.tensor(float(i)) ** 2


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(1, 1)


def double(x):
    return x * 2


if __name__ == "__main__":
    how = sys.argv[1]
    for batch in DataLoader(Squares(), batch_size=3, num_workers=2, multiprocessing_context=how):
        print(batch)
    with ProcessPoolExecutor(1, mp_context=mp.get_context(how)) as pool:
        print(pool.submit(double, torch.ones(2)).result())
    copied = pickle.loads(pickle.dumps(Net()))
    print(type(copied) is Net, isinstance(copied.fc, nn.Linear))
"""


@pytest.mark.parametrize("how", ["spawn", pytest.param("forkserver", marks=pytest.mark.slow)])
def test_worker_processes_of_a_prompt_know_the_names(how: str, tmp_path: Path) -> None:
    import multiprocessing

    if how not in multiprocessing.get_all_start_methods():
        pytest.skip(f"this system does not start processes by {how}")
    module = "from torch.utils.data import Dataset\n\nclass Words(Dataset):\n"
    module += "    def __len__(self): return 2\n    def __getitem__(self, i): return ['a', 'b'][i]\n"
    write(tmp_path, module, "lesson.py")
    program = (
        "from tinygrad_edu import compat\ncompat.install()\n"
        "from torch.utils.data import DataLoader\nimport lesson, sys, os\n"
        f"print(list(DataLoader(lesson.Words(), num_workers=1, multiprocessing_context={how!r})))\n"
        "compat.uninstall()\nprint(sys.modules['__main__'].__spec__, 'TINYEDU_SCRIPT' in os.environ)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, encoding="utf-8", cwd=tmp_path)
    assert done.stdout == "[['a'], ['b']]\nNone False\n", done.stderr


@pytest.mark.parametrize("how", ["fork", "spawn", pytest.param("forkserver", marks=pytest.mark.slow)])
def test_worker_processes_know_the_scripts_classes(how: str, tmp_path: Path) -> None:
    import multiprocessing

    if how not in multiprocessing.get_all_start_methods():
        pytest.skip(f"this system does not start processes by {how}")
    done = run(tmp_path, write(tmp_path, PROCESSES), how)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "tensor([0., 1., 4.])\ntensor([ 9., 16., 25.])\ntensor([2., 2.])\nTrue True\n"


PICTURES = """
import os

import torch
import torchvision
import torchviz
from PIL import Image
from torch.utils.data import DataLoader
from torch.utils.tensorboard import SummaryWriter
from torchvision import datasets, transforms
from torchvision.utils import make_grid, save_image

for name, shade in (("dark", 20), ("light", 220)):
    os.makedirs(f"photos/{name}")
    for i in range(3):
        Image.new("RGB", (12, 10), (shade, shade + i, shade)).save(f"photos/{name}/{i}.png")
steps = [transforms.Resize((8, 8)), transforms.ToTensor(), transforms.Normalize([0.5] * 3, [0.5] * 3)]
transform = transforms.Compose(steps)
dataset = datasets.ImageFolder("photos", transform=transform)
print(dataset.classes, len(dataset), torchvision.__version__ >= "0.15")
images, labels = next(iter(DataLoader(dataset, batch_size=6)))
print(images.shape, labels)
writer = SummaryWriter("log")
writer.add_image("all", make_grid(images, nrow=3, normalize=True))
weight = torch.zeros(3 * 8 * 8, 2, requires_grad=True)
optimizer = torch.optim.SGD([weight], lr=0.1)
for step in range(20):
    loss = torch.nn.functional.cross_entropy(images.flatten(1) @ weight, labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    writer.add_scalar("loss", loss.item(), step)
writer.close()
save_image(images[0], "first.png")
torchviz.make_dot(loss, params={"weight": weight}).render("graph", format="png")
print(((images.flatten(1) @ weight).argmax(1) == labels).all().item(), sorted(os.listdir()))
"""


def test_a_script_with_pictures_logs_and_a_drawn_graph(tmp_path: Path) -> None:
    pytest.importorskip("PIL")
    done = run(tmp_path, write(tmp_path, PICTURES))
    assert done.returncode == 0, done.stderr
    first, second, last = done.stdout.splitlines()
    assert first == "['dark', 'light'] 6 True"
    assert second == "torch.Size([6, 3, 8, 8]) tensor([0, 0, 0, 1, 1, 1])"
    assert last == "True ['first.png', 'graph', 'graph.png', 'log', 'photos', 'script.py']"
