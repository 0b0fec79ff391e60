"""The names that teaching code uses are all here, and docs/pytorch.md tells the truth about PyTorch's other names.

teaching_names.txt lists what 89 public teaching scripts use of PyTorch, by tracing them.
"""

import importlib
import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn, optim
from tinygrad_edu.compat.names import find
from tinygrad_edu.utils.data import DataLoader

TESTS = Path(__file__).parent
DOCS = TESTS.parents[1] / "docs"
_, MODULES, OBJECTS = (
    part.partition("]")[2].split() for part in (TESTS / "teaching_names.txt").read_text(encoding="utf-8").split("[")
)
NOT_PROVIDED = {
    "torch.distributed.destroy_process_group", "torch.distributed.init_process_group",
    "torch.nn.parallel.DistributedDataParallel", "torch.utils.data.distributed.DistributedSampler",
}  # fmt: skip


def surface() -> ModuleType:
    """docs/surface.py, which writes the page."""
    spec = importlib.util.spec_from_file_location("surface", DOCS / "surface.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def named(path: str) -> Any:
    """What a dotted name of PyTorch's leads to here: a module by its import path, else an attribute of one."""
    module = find(path)
    if module is not None:
        return module
    owner, _, name = path.rpartition(".")
    return getattr(named(owner), name)


@pytest.mark.parametrize("path", MODULES)
def test_a_name_that_lessons_use_is_here(path: str) -> None:
    found = named(path)
    assert getattr(found, "not_provided", False) == (path in NOT_PROVIDED)
    if path in NOT_PROVIDED:
        with pytest.raises(NotImplementedError, match="is not provided"):
            found()


def test_they_need_no_import_of_their_own() -> None:
    """`import torch` is enough for torch.cuda.amp.GradScaler, as in PyTorch; tensorboard wants its own there too."""
    program = (
        "import sys, tinygrad_edu as torch\n"
        "for path in sys.argv[1:]:\n"
        "    found = torch\n"
        "    for name in path.split('.')[1:]: found = getattr(found, name)\n"
    )
    paths = [path for path in MODULES if "tensorboard" not in path]
    done = subprocess.run([sys.executable, "-c", program, *paths], capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr


def objects() -> dict[str, Any]:
    """An object for each kind whose attributes lessons use."""
    x = tg.tensor([[1.0, 2.0]], requires_grad=True)
    weights = [nn.Parameter(tg.ones(2))]
    sgd = optim.SGD(weights, lr=0.1)
    context: dict[str, Any] = {}

    class Same(tg.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            context["ctx"] = ctx
            return x * 1

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            return grad

    kept = Same.apply(x)
    return {
        "Tensor": x, "Module": nn.Linear(1, 1), "Generator": tg.Generator(), "Linear": nn.Linear(1, 1),
        "Conv2d": nn.Conv2d(1, 1, 1), "BatchNorm2d": nn.BatchNorm2d(1), "LayerNorm": nn.LayerNorm(1),
        "Embedding": nn.Embedding(2, 1), "LazyLinear": nn.LazyLinear(1), "RNNBase": nn.LSTM(1, 1),
        "DataLoader": DataLoader([1, 2]), "Categorical": tg.distributions.Categorical(tg.ones(2)),
        "GradScaler": tg.cuda.amp.GradScaler(enabled=False), "Optimizer": sgd, "SGD": sgd, "Function": Same,
        "Adadelta": optim.Adadelta(weights), "Adam": optim.Adam(weights), "AdamW": optim.AdamW(weights),
        "LBFGS": optim.LBFGS(weights), "RMSprop": optim.RMSprop(weights), "FunctionCtx": context["ctx"],
        "LRScheduler": optim.lr_scheduler.StepLR(sgd, 1), "max": tg.max(x, dim=1), "sort": tg.sort(x), "_kept": kept,
        "_FunctionBase": context["ctx"], "grad_fn": (x * 2).grad_fn,
        "AccumulateGrad": (x * 2).grad_fn.next_functions[0][0],
    }  # fmt: skip


def test_what_lessons_use_of_objects_is_there() -> None:
    made, missing = objects(), []
    for path in OBJECTS:
        kind, _, name = path.partition(".")
        if name == "__name__":  # of the class
            # (The class of every grad_fn is Node; its name in PyTorch is what name() says.)
            assert made["grad_fn"].name() == "MulBackward0" if kind == "grad_fn" else getattr(nn, kind).__name__ == kind
            continue
        owner = made["AccumulateGrad"] if path == "grad_fn.variable" else made[kind]
        if not hasattr(owner, name):
            missing.append(path)
    assert missing == []


def test_the_page_says_what_is_here() -> None:
    module = surface()
    told = "docs/pytorch.md is not up to date: run python docs/surface.py"
    assert module.PAGE.read_text(encoding="utf-8") == module.page(), told


def test_the_three_states_of_a_name() -> None:
    module = surface()
    assert module.state("torch.nn", "Linear") == "here"
    assert module.state("torch.distributed", "init_process_group") == "raises"
    assert module.state("torch.nn", "Linaer") == "missing" and module.state("torch.nothing", "x") == "missing"


@pytest.mark.oracle
@pytest.mark.slow
def test_the_names_are_pytorchs() -> None:
    torch = pytest.importorskip("torch")
    if torch.__version__.split("+")[0] != "2.13.0":
        pytest.skip("the list of names is that of PyTorch 2.13.0")
    module = surface()
    listed = module.read_names()
    assert set(listed) == {*module.PLACES, *module.BY_HAND}
    assert {place: module.names_of_pytorch(place) for place in module.PLACES} == {
        place: listed[place] for place in module.PLACES
    }
    assert "torch" in sys.modules
