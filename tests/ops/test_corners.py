"""The corner cases of arithmetic: values and derivatives are the same on numbers, on arrays and in PyTorch."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import Value

pytestmark = pytest.mark.filterwarnings("ignore:Using backward:UserWarning")  # PyTorch's advice, and ours

inf, nan = math.inf, math.nan

# name: the function, its inputs, its value, its derivative with respect to each input
CORNERS: dict[str, tuple[Callable[..., Any], tuple[float, ...], float, tuple[float, ...]]] = {
    "1e200**2": (lambda x: x**2, (1e200,), inf, (2e200,)),
    "(-1e200)**3": (lambda x: x**3, (-1e200,), -inf, (inf,)),
    "0**-0.5": (lambda x: x**-0.5, (0.0,), inf, (-inf,)),
    "0**-1": (lambda x: x**-1, (0.0,), inf, (-inf,)),
    "(-0)**-1": (lambda x: x**-1, (-0.0,), -inf, (-inf,)),
    "0**0.5": (lambda x: x**0.5, (0.0,), 0.0, (inf,)),
    "(-1)**0.5": (lambda x: x**0.5, (-1.0,), nan, (nan,)),
    "0**0": (lambda x: x**0, (0.0,), 1.0, (0.0,)),
    "0**1": (lambda x: x**1, (0.0,), 0.0, (1.0,)),
    "0**2": (lambda x: x**2, (0.0,), 0.0, (0.0,)),
    "nan**0": (lambda x: x**0, (nan,), 1.0, (0.0,)),
    "0**0 of two": (lambda x, y: x**y, (0.0, 0.0), 1.0, (0.0, 0.0)),
    "0**2 of two": (lambda x, y: x**y, (0.0, 2.0), 0.0, (0.0, 0.0)),
    "0**-1 of two": (lambda x, y: x**y, (0.0, -1.0), inf, (-inf, -inf)),
    "(-1)**0.5 of two": (lambda x, y: x**y, (-1.0, 0.5), nan, (nan, nan)),
    "(-2)**2 of two": (lambda x, y: x**y, (-2.0, 2.0), 4.0, (-4.0, nan)),
    "1e200**2 of two": (lambda x, y: x**y, (1e200, 2.0), inf, (2e200, inf)),
    "2**x": (lambda x: 2**x, (3.0,), 8.0, (8 * math.log(2),)),
    "1/0": (lambda x, y: x / y, (1.0, 0.0), inf, (inf, -inf)),
    "-1/0": (lambda x, y: x / y, (-1.0, 0.0), -inf, (inf, inf)),
    "1/-0": (lambda x, y: x / y, (1.0, -0.0), -inf, (-inf, -inf)),
    "0/0": (lambda x, y: x / y, (0.0, 0.0), nan, (inf, nan)),
    "1/x at 0": (lambda x: 1 / x, (0.0,), inf, (-inf,)),
    "inf-inf": (lambda x, y: x - y, (inf, inf), nan, (1.0, -1.0)),
    "0*inf": (lambda x, y: x * y, (0.0, inf), nan, (inf, 0.0)),
    "log 0": (lambda x: x.log(), (0.0,), -inf, (inf,)),
    "log -1": (lambda x: x.log(), (-1.0,), nan, (-1.0,)),
    "log inf": (lambda x: x.log(), (inf,), inf, (0.0,)),
    "exp 1000": (lambda x: x.exp(), (1000.0,), inf, (inf,)),
    "exp -1000": (lambda x: x.exp(), (-1000.0,), 0.0, (0.0,)),
    "sqrt 0": (lambda x: x.sqrt(), (0.0,), 0.0, (inf,)),
    "sqrt -1": (lambda x: x.sqrt(), (-1.0,), nan, (nan,)),
    "sin inf": (lambda x: x.sin(), (inf,), nan, (nan,)),
    "tanh 1000": (lambda x: x.tanh(), (1000.0,), 1.0, (0.0,)),
    "sigmoid 1000": (lambda x: x.sigmoid(), (1000.0,), 1.0, (0.0,)),
    "sigmoid -1000": (lambda x: x.sigmoid(), (-1000.0,), 0.0, (0.0,)),
    "sigmoid nan": (lambda x: x.sigmoid(), (nan,), nan, (nan,)),
    "relu 0": (lambda x: x.relu(), (0.0,), 0.0, (0.0,)),
    "relu -0": (lambda x: x.relu(), (-0.0,), 0.0, (0.0,)),
    "relu nan": (lambda x: x.relu(), (nan,), nan, (1.0,)),
    "relu inf": (lambda x: x.relu(), (inf,), inf, (1.0,)),
    "abs 0": (lambda x: abs(x), (0.0,), 0.0, (0.0,)),
    "abs -inf": (lambda x: abs(x), (-inf,), inf, (-1.0,)),
    "sign nan": (lambda x: x.sign(), (nan,), 0.0, (0.0,)),
    "maximum tie": (lambda x, y: x.maximum(y), (2.0, 2.0), 2.0, (0.5, 0.5)),
    "minimum tie": (lambda x, y: x.minimum(y), (2.0, 2.0), 2.0, (0.5, 0.5)),
    "maximum nan": (lambda x, y: x.maximum(y), (nan, 2.0), nan, (1.0, 1.0)),
    "maximum of 2, nan": (lambda x, y: x.maximum(y), (2.0, nan), nan, (1.0, 1.0)),
    "minimum nan": (lambda x, y: x.minimum(y), (nan, nan), nan, (1.0, 1.0)),
    "clamp at its bound": (lambda x: x.clamp(0, 1), (1.0,), 1.0, (1.0,)),
    "clamp beyond it": (lambda x: x.clamp(0, 1), (2.0,), 1.0, (0.0,)),
    "clamp nan": (lambda x: x.clamp(0, 1), (nan,), nan, (0.0,)),
    "floor inf": (lambda x: x.floor(), (inf,), inf, (0.0,)),
    "reciprocal 0": (lambda x: x.reciprocal(), (0.0,), inf, (-inf,)),
    "rsqrt 0": (lambda x: x.rsqrt(), (0.0,), inf, (-inf,)),
}


def on_value(function: Callable[..., Any], inputs: tuple[float, ...]) -> tuple[Any, ...]:
    leaves = [Value(x) for x in inputs]
    out = function(*leaves)
    out.backward()
    assert type(out.data) is float and all(isinstance(leaf.grad, float) for leaf in leaves)
    return (out.data, *(leaf.grad for leaf in leaves))


def on_value_arrays(function: Callable[..., Any], inputs: tuple[float, ...]) -> tuple[Any, ...]:
    leaves = [Value(np.full(2, x)) for x in inputs]
    out = function(*leaves)
    out.sum().backward()
    return (out.data[1], *(leaf.grad[1] for leaf in leaves))


def on_tensors(function: Callable[..., Any], inputs: tuple[float, ...], shape: tuple[int, ...] = ()) -> tuple[Any, ...]:
    leaves = [tg.full(shape, x, dtype=tg.float64, requires_grad=True) for x in inputs]
    out = function(*leaves)
    out.sum().backward()
    return tuple(t.detach().numpy().reshape(-1)[0] for t in (out, *(leaf.grad for leaf in leaves)))


def twice_recorded(function: Callable[..., Any], inputs: tuple[float, ...]) -> tuple[Any, ...]:
    """The first derivatives again, as create_graph computes them."""
    leaves = [tg.tensor(x, dtype=tg.float64, requires_grad=True) for x in inputs]
    out = function(*leaves)
    out.backward(create_graph=True)
    return (out.item(), *(leaf.grad.item() for leaf in leaves))


WAYS: dict[str, Callable[..., Any]] = {
    "Value of a number": on_value,
    "Value of an array": on_value_arrays,
    "Tensor without dimensions": on_tensors,
    "Tensor of a matrix": lambda f, inputs: on_tensors(f, inputs, (2, 2)),
    "Tensor with create_graph": twice_recorded,
}


@pytest.mark.parametrize("name", CORNERS)
@pytest.mark.parametrize("way", WAYS)
def test_corner(name: str, way: str) -> None:
    function, inputs, value, derivatives = CORNERS[name]
    with np.errstate(all="raise"):  # the user's own setting must not matter
        found = WAYS[way](function, inputs)
    np.testing.assert_array_equal(found, (value, *derivatives), err_msg=f"{name} on a {way}: value, then derivatives")


@pytest.mark.oracle
@pytest.mark.parametrize("name", CORNERS)
def test_pytorch_says_the_same(name: str) -> None:
    torch = pytest.importorskip("torch")
    function, inputs, value, derivatives = CORNERS[name]
    leaves = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in inputs]
    out = function(*leaves)
    out.backward()
    found = (out.item(), *(leaf.grad.item() for leaf in leaves))
    np.testing.assert_allclose(found, (value, *derivatives), rtol=1e-15)


def test_ties_of_max_over_an_array_share_the_gradient() -> None:
    x = Value([1.0, 3.0, 3.0])
    x.max().backward()
    np.testing.assert_array_equal(x.grad, [0.0, 0.5, 0.5])
    t = tg.tensor([1.0, 3.0, 3.0], requires_grad=True)
    t.max().backward()
    assert t.grad.tolist() == [0.0, 0.5, 0.5]
    t.grad = None
    t.amax(0).backward()
    assert t.grad.tolist() == [0.0, 0.5, 0.5]
    t.grad = None
    t.max(dim=0).values.backward()
    assert t.grad.tolist() == [0.0, 1.0, 0.0], "with a dim the first of equals gets it, as its index says"


def test_nothing_warns(recwarn: pytest.WarningsRecorder) -> None:
    for function, inputs, *_ in CORNERS.values():
        for way in WAYS.values():
            way(function, inputs)
    assert [str(w.message) for w in recwarn if issubclass(w.category, RuntimeWarning)] == []
