"""In-place forms that PyTorch has only in part: each does what the function does, in the Tensor's own memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import tinygrad_edu as tg
import tinygrad_edu.nn.functional as F

x = [-1.5, -0.25, 0.5, 2.0]
y = [1.0, -0.5, 0.25, -3.0]
FORMS: dict[str, tuple[Callable[[Any], Any], tuple[Any, ...]]] = {
    "logaddexp_": (lambda t: tg.logaddexp(t, tg.tensor(y)), (tg.tensor(y),)),
    "logaddexp2_": (lambda t: tg.logaddexp2(t, tg.tensor(y)), (tg.tensor(y),)),
    "maximum_": (lambda t: tg.maximum(t, tg.tensor(y)), (tg.tensor(y),)),
    "minimum_": (lambda t: tg.minimum(t, tg.tensor(y)), (tg.tensor(y),)),
    "fmax_": (lambda t: tg.fmax(t, tg.tensor(y)), (tg.tensor(y),)),
    "fmin_": (lambda t: tg.fmin(t, tg.tensor(y)), (tg.tensor(y),)),
    "rsub_": (lambda t: tg.rsub(t, tg.tensor(y)), (tg.tensor(y),)),
    "hardshrink_": (lambda t: F.hardshrink(t), ()),
}
FUNCTIONS: dict[str, tuple[Callable[[Any], Any], tuple[Any, ...]]] = {
    "celu_": (F.celu, (1.0,)),
    "selu_": (F.selu, ()),
    "threshold_": (lambda t: F.threshold(t, 0.1, 7.0), (0.1, 7.0)),
    "rrelu_": (lambda t: F.rrelu(t), ()),
}


def check(result: Any, c: Any, leaf: Any, wanted: Any, expected: Any) -> None:
    assert result is c and c._version == 1
    assert tg.allclose(c, wanted)
    c.sum().backward(), wanted.sum().backward()
    assert tg.allclose(leaf.grad, expected.grad)


@pytest.mark.parametrize("name", FORMS)
def test_methods(name: str) -> None:
    function, arguments = FORMS[name]
    leaf, other = tg.tensor(x, requires_grad=True), tg.tensor(x, requires_grad=True)
    c = leaf * 1
    check(getattr(c, name)(*arguments), c, leaf, function(other), other)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name: str) -> None:
    function, arguments = FUNCTIONS[name]
    leaf, other = tg.tensor(x, requires_grad=True), tg.tensor(x, requires_grad=True)
    c = leaf * 1
    check(getattr(tg, name)(c, *arguments), c, leaf, function(other), other)


@pytest.mark.parametrize("name", [*FORMS, *FUNCTIONS])
def test_a_leaf_is_refused(name: str) -> None:
    leaf = tg.tensor(x, requires_grad=True)
    arguments = (FORMS.get(name) or FUNCTIONS[name])[1]
    with pytest.raises(RuntimeError, match="leaf Variable that requires grad"):
        getattr(leaf, name)(*arguments) if name in FORMS else getattr(tg, name)(leaf, *arguments)
    assert leaf.tolist() == x
