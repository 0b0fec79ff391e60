"""The page add-an-operation keeps its promise: one file, and forward, gradient check, drawing and methods are there."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.differences import TENSOR, VALUE, check, layouts, numbers

import tinygrad_edu as tg
from tinygrad_edu.ops import registry
from tinygrad_edu.tensors.tensor import Tensor
from tinygrad_edu.value import Value

pytestmark = pytest.mark.filterwarnings("ignore:Using backward:UserWarning")  # PyTorch's advice, and ours

PAGE = Path(__file__).resolve().parents[2] / "docs" / "add-an-operation.md"


def forget(name: str) -> None:
    """Take a throw-away operation out of the table, the classes and the namespace again."""
    registry._operations.pop(name)
    vars(tg).pop(name, None)
    for owner, attribute in ((Tensor, name), (Tensor, f"{name}_"), (Value, name)):
        if attribute in vars(owner):
            delattr(owner, attribute)


def from_page(mark: str, file: Path) -> Iterator[ModuleType]:
    """The definitions in the page's block that contains `mark`, as a file of its own, imported."""
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.M | re.S)
    block = next(block for block in blocks if mark in block)
    file.write_text(block.partition("\n\n\nt = ")[0] + "\n", encoding="utf-8")  # without the example that follows
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module


@pytest.fixture
def bump(tmp_path: Path) -> Iterator[ModuleType]:
    """The page's first block, as a file of its own, imported."""
    yield from from_page("def bump(", tmp_path / "bump.py")
    forget("bump")


@pytest.fixture
def center(tmp_path: Path) -> Iterator[ModuleType]:
    """The page's operation on whole arrays."""
    yield from from_page("def center(", tmp_path / "center.py")
    forget("center")


def test_forward(bump: ModuleType) -> None:
    x = np.array([-1.0, 0.0, 0.5])
    assert bump.bump(0.0) == 1.0
    np.testing.assert_allclose(bump.bump(x), np.exp(-x * x))
    assert tg.tensor([0, 1]).bump().dtype is tg.float32, "promote='float' makes integers floats"
    with pytest.raises(TypeError, match="missing"):
        bump.bump()


def test_methods_and_function(bump: ModuleType) -> None:
    assert Value(0.0).bump().data == 1.0
    t = tg.tensor([0.0, 1.0])
    np.testing.assert_allclose(t.bump().numpy(), [1.0, np.exp(-1)], rtol=1e-6)
    assert tg.equal(tg.bump(t), t.bump())
    assert t.bump_() is t and t[0].item() == 1.0, "the in-place form comes with it"
    assert "falling to 0" in (Tensor.bump.__doc__ or "")
    with pytest.raises(TypeError):
        tg.bump(1.0)


def test_names_in_print_and_drawing(bump: ModuleType) -> None:
    t = tg.tensor(0.0, requires_grad=True)
    assert repr(t.bump()) == "tensor(1., grad_fn=<BumpBackward0>)"
    assert "bump" in t.bump().draw_graph().source
    assert "bump" in Value(0.5, name="x").bump().draw_graph().source
    assert Value(0.5).bump()._op == "bump"


@pytest.mark.parametrize("kind", [TENSOR, VALUE], ids=lambda kind: kind.name)
def test_gradient_check(bump: ModuleType, kind: object) -> None:
    for shape in [(2, 3), (0, 3), ()]:
        for _, array in layouts(numbers(-2, 2)(*shape)):
            check(kind, lambda x: x.bump(), [array])  # type: ignore[arg-type]


def test_one_on_whole_arrays(center: ModuleType) -> None:
    t = tg.tensor([1.0, 2.0, 6.0], requires_grad=True)
    assert repr(t.center()) == "tensor([-2., -1.,  3.], grad_fn=<CenterBackward0>)"
    assert tg.equal(tg.center(t), t.center()) and Value([1.0, 3.0]).center().data.tolist() == [-1.0, 1.0]
    assert "center" in t.center().draw_graph().source
    for kind in (TENSOR, VALUE):
        for arrays, params in center.center.samples(numbers(-2, 2)):
            for _, array in layouts(arrays[0]):
                check(kind, lambda x, params=params: center.center(x, *params), [array])


def test_a_wrong_rule_is_found(bump: ModuleType) -> None:
    bump.bump.partials(lambda out, a: -2 * a * a * out)
    with pytest.raises(AssertionError, match="first derivatives"):
        check(TENSOR, lambda x: bump.bump(x), [numbers(-2, 2)(3)])


def test_it_can_be_forgotten_and_its_name_is_taken_meanwhile(bump: ModuleType) -> None:
    with pytest.raises(ValueError, match="defined twice"):
        registry.elementwise(name="bump")(lambda input, /: input)
    forget("bump")
    assert not hasattr(Tensor, "bump") and not hasattr(Value, "bump") and not hasattr(tg, "bump")
    registry.elementwise(name="bump")(lambda input, /: input)  # the fixture forgets this one
