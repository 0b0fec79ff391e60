"""`import torch` leads to our own module objects, missing names are explained, and uninstall leaves no trace."""

import importlib
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import tinygrad_edu
from tinygrad_edu import compat
from tinygrad_edu.compat.finder import _changed
from tinygrad_edu.compat.version import TorchVersion


@pytest.fixture
def installed() -> Iterator[None]:
    """PyTorch's names lead here during the test; the real modules, loaded by other tests, come back afterwards."""
    held = {name: sys.modules.pop(name) for name in list(sys.modules) if name.split(".")[0].startswith("torch")}
    compat.install()
    yield
    compat.uninstall()
    sys.modules.update(held)


def python(program: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, encoding="utf-8", cwd=folder)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("torch", "tinygrad_edu"),
        ("torch.nn", "tinygrad_edu.nn"),
        ("torch.nn.functional", "tinygrad_edu.nn.functional"),
        ("torch.nn.modules.linear", "tinygrad_edu.nn.modules.linear"),
        ("torch.nn.modules.sparse", "tinygrad_edu.nn.modules.sparse"),
        ("torch.nn.parallel", "tinygrad_edu.nn.parallel"),
        ("torch.optim", "tinygrad_edu.optim"),
        ("torch.optim.adamw", "tinygrad_edu.optim.adam"),
        ("torch.optim.lr_scheduler", "tinygrad_edu.optim.lr_scheduler"),
        ("torch.utils.data", "tinygrad_edu.utils.data"),
        ("torch.utils.data.dataloader", "tinygrad_edu.utils.data.dataloader"),
        ("torch.utils.data.distributed", "tinygrad_edu.utils.data.distributed"),
        ("torch.utils.data._utils.collate", "tinygrad_edu.utils.data.collate"),
        ("torch.utils.tensorboard", "tinygrad_edu.utils.tensorboard"),
        ("torch.autograd", "tinygrad_edu.autograd"),
        ("torch.autograd.functional", "tinygrad_edu.autograd.functional"),
        ("torch.cuda.amp", "tinygrad_edu.cuda.amp"),
        ("torch.backends.cudnn", "tinygrad_edu.backends.cudnn"),
        ("torch.backends.cuda.matmul", "tinygrad_edu.backends.cuda.matmul"),
        ("torch.serialization", "tinygrad_edu.serialization"),
        ("torch.onnx", "tinygrad_edu.onnx"),
        ("torch.distributed", "tinygrad_edu.distributed"),
        ("torch.multiprocessing", "tinygrad_edu.multiprocessing"),
        ("torchvision", "tinygrad_edu.vision"),
        ("torchvision.datasets", "tinygrad_edu.vision.datasets"),
        ("torchviz", "tinygrad_edu.viz"),
    ],
)
def test_a_name_of_pytorch_is_our_own_module(theirs: str, ours: str, installed: None) -> None:
    module = importlib.import_module(theirs)
    assert module.__name__ == ours
    if "backends." not in ours:
        assert module is importlib.import_module(ours)
        assert module.__spec__ is not None and module.__spec__.name == ours


def test_classes_are_the_same_under_both_names(installed: None) -> None:
    namespace: dict[str, object] = {}
    exec("import torch\nfrom torch.nn.modules.linear import Linear\nlayer = Linear(2, 1)", namespace)
    assert namespace["torch"] is tinygrad_edu
    assert isinstance(namespace["layer"], tinygrad_edu.nn.Linear)
    assert type(namespace["layer"]).__module__ == "tinygrad_edu.nn.modules.linear"  # so that pickles need no hook


def test_importing_a_module_never_replaces_a_name_of_its_parent() -> None:
    """`import torch.autograd.gradcheck` must leave the function `torch.autograd.gradcheck` where it is."""
    program = (
        "import sys, pkgutil, importlib, tinygrad_edu\n"
        "from tinygrad_edu import compat\n"
        "compat.install()\n"
        "names = [m.name for m in pkgutil.walk_packages(tinygrad_edu.__path__, 'tinygrad_edu.')]\n"
        "for name in [n for n in names if not n.endswith(('.child', '__main__'))]:\n"
        "    parent, _, part = name.rpartition('.')\n"
        "    try: importlib.import_module(name)\n"
        "    except ImportError: continue  # an extra that is not installed\n"
        "    before = getattr(sys.modules[parent], part, None)\n"
        "    importlib.import_module('torch' + name.removeprefix('tinygrad_edu'))\n"
        "    if getattr(sys.modules[parent], part, None) is not before: print(name)\n"
    )
    done = python(program, Path.cwd())
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


@pytest.mark.parametrize(
    ("statement", "kind", "told"),
    [
        ("torch.nn.Linaer", AttributeError, "module 'torch.nn' has no attribute 'Linaer'.*nearest.* torch.nn.Linear"),
        ("torch.Linear", AttributeError, "nearest that it has is torch.nn.Linear"),
        ("torch.qqqqqqqq", AttributeError, "does not have it. It has nothing of a similar name"),
        ("from torch import Adamm", ImportError, "cannot import name 'Adamm' from 'torch'.* torch.optim.Adam"),
        ("from torch.nn import Linaer", ImportError, "from 'torch.nn'.* torch.nn.Linear"),
        ("from torch.nn.modules.linear import Liner", ImportError, "torch.nn.modules.linear.Linear"),
        ("from torchviz import make_dott", ImportError, "torchviz.make_dot"),
        ("import torch.jit", ModuleNotFoundError, "No module named 'torch.jit'"),
        ("import torch.optim.lr_schedule", ModuleNotFoundError, "nearest.* torch.optim.lr_scheduler"),
        ("import torch.nn.Linear", ModuleNotFoundError, "No module named 'torch.nn.Linear'"),
    ],
)
def test_a_missing_name_is_explained(
    statement: str, kind: type[Exception], told: str, installed: None
) -> None:
    import torch

    with pytest.raises(kind, match=told) as caught:
        exec(statement, {"torch": torch})
    assert type(caught.value) is kind
    assert getattr(torch.nn, "Linaer", None) is None and not hasattr(torch, "__wrapped__")


def test_uninstall_leaves_no_trace(installed: None) -> None:
    import torch
    import torchvision

    assert torch.__version__.startswith("2.") and torchvision.__version__.startswith("0.")
    exec("import torch.nn.modules.linear, torch.autograd.gradcheck, torchviz")
    compat.uninstall()
    assert [name for name in sys.modules if name.partition(".")[0] in ("torch", "torchvision", "torchviz")] == []
    assert _changed == {} and not compat.installed()
    assert tinygrad_edu.__version__ == "0.1.0" or not isinstance(tinygrad_edu.__version__, TorchVersion)
    assert not hasattr(tinygrad_edu.nn.modules.linear, "__path__")
    with pytest.raises(ImportError):
        importlib.import_module("tinygrad_edu.nn.Linaer")
    compat.uninstall()


def test_install_twice_is_install_once(installed: None) -> None:
    finders = list(sys.meta_path)
    compat.install()
    assert sys.meta_path == finders


def test_install_after_an_import_of_pytorch_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", sys)
    with pytest.raises(RuntimeError, match="imported in this process already"):
        compat.install()
    assert not compat.installed()


def test_a_pytorch_on_the_disk_is_neither_loaded_nor_touched(tmp_path: Path) -> None:
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "__init__.py").write_text("raise SystemExit('the other torch was loaded')")
    (tmp_path / "torch" / "jit.py").write_text("raise SystemExit('the other torch was loaded')")
    program = (
        "from tinygrad_edu import compat\n"
        "compat.install()\n"
        "import torch, torch.nn, torch.utils.data\n"
        "try:\n    import torch.jit\nexcept ModuleNotFoundError as error:\n    print(error.name)\n"
        "print(torch.__file__ == __import__('tinygrad_edu').__file__)\n"
        "compat.uninstall()\n"
        "import torch\n"
    )
    done = python(program, tmp_path)
    assert done.stdout.split() == ["torch.jit", "True"]
    assert "the other torch was loaded" in done.stderr  # only after uninstall()


@pytest.mark.oracle
@pytest.mark.slow
def test_the_real_pytorch_stays_on_the_disk(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    program = (
        "from tinygrad_edu import compat\n"
        "compat.install()\n"
        "import sys, torch, torch.nn.functional, torch.optim\n"
        "torch.ones(2, requires_grad=True).sum().backward()\n"
        "print([m for m in sys.modules.values() if 'site-packages/torch/' in str(getattr(m, '__file__', ''))])\n"
        "compat.uninstall()\n"
        "import torch\n"
        "print(torch._C is not None)\n"
    )
    done = python(program, tmp_path)
    assert done.stdout.split() == ["[]", "True"], done.stderr


def test_the_notebook_extension(tmp_path: Path) -> None:
    pytest.importorskip("IPython")
    program = (
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "shell = InteractiveShell.instance()\n"
        "shell.run_line_magic('load_ext', 'tinygrad_edu')\n"
        "import torch\n"
        "print(torch.tensor([1.0]).mul(2))\n"
        "shell.run_line_magic('unload_ext', 'tinygrad_edu')\n"
        "from tinygrad_edu import compat\n"
        "print(compat.installed())\n"
    )
    done = python(program, tmp_path)
    assert done.stdout.splitlines() == ["tensor([2.])", "False"], done.stderr


@pytest.mark.parametrize("other", ["1.13.1", "2.2", "2.13.0+cu121", (2, 13), "2.13.1", "2.14", "3", "10.0"])
def test_versions_compare_as_numbers(other: object) -> None:
    version = TorchVersion("2.13.0+tinygrad.edu.0.1.0")
    text = ".".join(map(str, other)) if isinstance(other, tuple) else str(other)
    numbers = [int(part) for part in text.partition("+")[0].split(".")]
    numbers += [0] * (3 - len(numbers))
    assert (version < other, version == other, version >= other, version != other) == (
        [2, 13, 0] < numbers, [2, 13, 0] == numbers, [2, 13, 0] >= numbers, [2, 13, 0] != numbers,
    )  # fmt: skip


def test_every_module_of_ours_has_a_name_to_be_found_by() -> None:
    names = [module.name for module in pkgutil.iter_modules(tinygrad_edu.__path__)]
    assert {"compat", "nn", "utils"} <= set(names) & set(dir(tinygrad_edu))


def test_the_nearest_name_is_told_again_after_a_search_and_after_a_second_install() -> None:
    program = """
from tinygrad_edu import compat
compat.install()
import torch, torch.nn
def told(look):
    try:
        look()
    except AttributeError as error:
        print(str(error).rpartition(" ")[2])
told(lambda: torch.sofmax)
told(lambda: torch.optim.Addam)
compat.uninstall()
compat.install()
told(lambda: torch.nn.Conv4d)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == ["torch.softmax.", "torch.optim.Adam.", "torch.nn.Conv3d."]
