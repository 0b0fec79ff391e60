"""Every public name around nn has a case that is run, or says which test has it; one without fails the build.

The cases stand in `support.surface_cases`: expressions evaluated beside PyTorch, and expressions with the result they
must have. Where PyTorch is not installed the first kind must still evaluate. Rooms whose own tables are compared with
`__all__` are listed in COMPLETE.
"""

from __future__ import annotations

import inspect
import io
import json
import os
import pathlib
import pkgutil
import re
import sys
import zipfile
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support import surface_cases
from support.core_cases import BESIDE_CORE, OWN_CORE
from support.module_cases import BESIDE_MORE, OWN_MORE
from support.surface_cases import ELSEWHERE, Parts

import tinygrad_edu as tg

BESIDE = {**surface_cases.BESIDE, **BESIDE_CORE, **BESIDE_MORE}
OWN = {**surface_cases.OWN, **OWN_CORE, **OWN_MORE}
TESTS = Path(__file__).parents[1]

# The test that compares a table with all public names of a room.
COMPLETE = {
    "torch": "tensors/test_every_name.py::test_every_name_has_cases",
    "distributions": "distributions/test_distributions.py::test_every_distribution_is_in_the_table",
    "nn": "nn/test_against_pytorch.py::test_every_module_is_in_the_table",
    "nn (lazy)": "nn/test_lazy.py::test_every_lazy_layer_has_a_case",
    "nn.functional": "nn/test_every_function.py::test_every_function_has_rows",
    "optim": "optim/test_against_pytorch.py::test_every_optimizer_is_in_the_table",
    "optim.lr_scheduler": "optim/test_lr_scheduler.py::test_every_schedule_is_in_the_table",
    "vision.transforms": "vision/test_transforms.py::test_every_transform_is_in_the_table",
}
# Modules for the library's own use: what PyTorch has not, or (settings) gives out as names of torch itself.
INSIDE = """
absent errors kernels engine viz ops tensors compat homework cli settings value
autograd.function_node autograd.passes cuda.present
distributions.distribution distributions.draws distributions.odds distributions.pathwise
nn.functional.activations nn.functional.losses nn.functional.recurrent optim.together
nn.modules.from_table nn.modules.hooks nn.modules.registry nn.modules.state
optim.annealing optim.line_search optim.minimize optim.optimizer optim.options optim.schedule optim.state
optim.together
serialization.archive serialization.foreign serialization.memory serialization.places serialization.safetensors
serialization.structure train.history train.metrics train.progress train.state
utils.data.fetch utils.data.pinning utils.data.pool utils.data.worker utils.files utils.tensorboard.records
vision.datasets.archives vision.datasets.digits vision.datasets.download vision.datasets.idx vision.datasets.vision
vision.pillow vision.transforms.compose vision.transforms.conversion vision.transforms.images
vision.transforms.layout vision.transforms.places vision.transforms.resample vision.transforms.steps
"""
SHORT = {
    "nn.init": ("I", "nn.init"), "nn.utils.rnn": ("R", "nn.utils.rnn"), "utils.data": ("D", "utils.data"),
    "serialization": ("S", "serialization"), "optim.swa_utils": ("W", "optim.swa_utils"),
    "vision.utils": ("V", "vision.utils"), "vision.datasets": ("V", "vision.datasets"), "train": ("T", "train"),
    "vision.transforms.functional": ("F", "vision.transforms.functional"),
    "distributions.utils": ("U", "distributions.utils"),
}  # fmt: skip


def evaluate(library: Any, room: str, expression: str, folder: Path) -> Any:
    """An expression of a room with our library or with PyTorch, from the same seed."""
    library.manual_seed(0)
    names: dict[str, Any] = {
        "t": library, "p": Parts(library), "np": np, "io": io, "json": json, "path": str(folder / "file"),
        "os": os, "pathlib": pathlib, "zipfile": zipfile,
        "module": lambda name: import_module(f"{library.__name__}.{name}"),
    }  # fmt: skip
    if room in SHORT:
        short, module = SHORT[room]
        names[short] = import_module(f"{library.__name__}.{module}")
    if "PIL." in expression or "pil_image" in expression:
        names["PIL"] = pytest.importorskip("PIL.Image")
    return eval(expression, names)  # noqa: S307 - from this repository


def same(mine: Any, wanted: Any, what: str) -> None:
    """Equal in kind, type of numbers, shape and value; floats as far as float32 goes."""
    if hasattr(wanted, "detach"):
        assert str(mine.dtype) == str(wanted.dtype) and tuple(mine.shape) == tuple(wanted.shape), what
        np.testing.assert_allclose(mine.detach().numpy(), wanted.detach().numpy(), rtol=1e-5, atol=1e-6, err_msg=what)
    elif isinstance(wanted, dict):
        assert list(mine) == list(wanted), what
        for key in wanted:
            same(mine[key], wanted[key], what)
    elif isinstance(wanted, list | tuple):
        if hasattr(mine, "detach"):  # a tensor beside the numbers it must hold
            mine = mine.tolist()
        assert isinstance(mine, tuple) == isinstance(wanted, tuple) and len(mine) == len(wanted), (what, mine, wanted)
        for one, other in zip(mine, wanted, strict=True):
            same(one, other, what)
    elif isinstance(wanted, float):
        assert mine == pytest.approx(wanted, rel=1e-5, abs=1e-6), what
    else:
        assert mine == wanted, (what, mine, wanted)


def rows(table: dict[str, dict[str, Any]]) -> list[Any]:
    return [pytest.param(room, name, id=f"{room}.{name}") for room, cases in table.items() for name in cases]


@pytest.mark.parametrize(("room", "name"), rows(BESIDE))
def test_evaluates_without_pytorch(room: str, name: str, tmp_path: Path) -> None:
    result = evaluate(tg, room, BESIDE[room][name], tmp_path)
    assert result is not False and not (isinstance(result, tuple) and any(part is False for part in result))


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("room", "name"), rows(BESIDE))
def test_equals_pytorch(room: str, name: str, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    mine, theirs = (evaluate(library, room, BESIDE[room][name], tmp_path) for library in (tg, torch))
    same(mine, theirs, f"{room}.{name}")


@pytest.mark.parametrize(("room", "name"), rows(OWN))
def test_has_the_result_it_must_have(room: str, name: str, tmp_path: Path) -> None:
    expression, wanted = OWN[room][name]
    same(evaluate(tg, room, expression, tmp_path), wanted, f"{room}.{name}")


def elsewhere(room: str) -> dict[str, str]:
    return {name: test for names, test in ELSEWHERE.get(room, {}).items() for name in names.split()}


def cases_of(room: str) -> dict[str, str]:
    return {**BESIDE.get(room, {}), **{name: row[0] for name, row in OWN.get(room, {}).items()}}


def things(module: str, names: Iterable[str]) -> dict[int, str]:
    """The functions, classes and modules among names of a module, by their identity."""
    found = import_module(f"tinygrad_edu.{module}".rstrip("."))
    return {id(thing): name for name in names if callable(thing := getattr(found, name)) or inspect.ismodule(thing)}


def public_modules() -> list[str]:
    """What can be imported from the package and is not behind a name of INSIDE."""
    found = pkgutil.walk_packages(tg.__path__, "tinygrad_edu.")
    paths = [module.name.removeprefix("tinygrad_edu.") for module in found]
    return [path for path in paths if not any(f"{path}.".startswith(f"{inside}.") for inside in INSIDE.split())]


@pytest.mark.parametrize("room", sorted({*BESIDE, *OWN}))
def test_every_case_names_its_name(room: str) -> None:
    cases = cases_of(room)
    home = tg if room == "torch" else import_module(f"tinygrad_edu.{room}")
    public = {*home.__all__} if home is not tg else {*dir(tg), *dir(tg.Tensor)}
    assert {*cases, *elsewhere(room)} <= public
    idle = [name for name, expression in cases.items() if not re.search(rf"\b{name}\b", expression)]
    assert idle == []


def test_every_name_of_every_module_has_a_case() -> None:
    """A new name, or a new module, fails here until it has a case; a second name of one that has is enough."""
    tried = {room: {*cases_of(room), *elsewhere(room)} for room in {*BESIDE, *OWN}}
    known = set(things("", tg.__all__))
    for room in {*COMPLETE} - {"torch", "nn (lazy)"}:
        known |= set(things(room, import_module(f"tinygrad_edu.{room}").__all__))
    for room in {*tried} - {"torch"}:
        known |= set(things(room, tried[room]))
    missing = {}
    for module in public_modules():
        if module not in COMPLETE:
            names = set(import_module(f"tinygrad_edu.{module}").__all__) - tried.get(module, set())
            new = {name for name in names if not known & set(things(module, [name]))}
            if new:
                missing[module] = sorted(new)
    assert missing == {}, f"no case in tests/support: {missing}"


@pytest.mark.parametrize(
    ("name", "where"),
    [*COMPLETE.items(), *(pair for room in ELSEWHERE for pair in elsewhere(room).items())],
)
def test_the_tests_that_have_the_other_names_are_there(name: str, where: str) -> None:
    file, _, test = where.partition("::")
    source = (TESTS / file).read_text(encoding="utf-8")
    assert re.search(rf"^(def )?{test}\b", source, re.MULTILINE), where
    assert name in COMPLETE or re.search(rf"\b{name}\b", source), f"{name} is not in {file}"
