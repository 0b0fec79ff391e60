"""The gradient of a gradient is connected to the input wherever PyTorch's is, and zeros are zeros and not an error."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as tg

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore::UserWarning")]

ACTIVATIONS = (
    "relu relu6 leaky_relu hardtanh hardshrink softshrink tanhshrink hardswish elu celu selu gelu silu mish softplus "
    "softsign logsigmoid tanh sigmoid rrelu"
).split()
METHODS = (
    "sign floor ceil round trunc frac relu square neg exp sum mean prod max min amax amin median std var norm "
    "nan_to_num expm1 sgn erf rsqrt reciprocal"
).split()

CASES: dict[str, Callable[..., Any]] = {
    **{name: lambda t, F, x, name=name: getattr(F, name)(x) for name in ACTIVATIONS},
    **{f"x.{name}()": lambda t, F, x, name=name: getattr(x, name)() for name in METHODS},
    "threshold": lambda t, F, x: F.threshold(x, 0.1, 7.0),
    "prelu": lambda t, F, x: F.prelu(x, t.tensor([0.2], dtype=t.float64)),
    "clamp": lambda t, F, x: x.clamp(-1, 1),
    "clamp_min": lambda t, F, x: x.clamp_min(0),
    "maximum": lambda t, F, x: t.maximum(x, x * 0.5),
    "max along": lambda t, F, x: x.view(2, 3).max(1)[0],
    "sort": lambda t, F, x: x.sort()[0],
    "cumprod": lambda t, F, x: x.cumprod(0),
    "where": lambda t, F, x: t.where(x > 0, x, 2 * x),
    "remainder": lambda t, F, x: t.remainder(x, 2.0),
    "masked_fill": lambda t, F, x: x.masked_fill(x > 0, 0.0),
    "index": lambda t, F, x: x[1:],
    "smooth_l1": lambda t, F, x: F.smooth_l1_loss(x, x.detach() * 0),
    "huber": lambda t, F, x: F.huber_loss(x, x.detach() * 0),
    "hinge": lambda t, F, x: F.hinge_embedding_loss(x, t.sign(x.detach())),
    "glu": lambda t, F, x: F.glu(x),
    "softmax": lambda t, F, x: F.softmax(x, 0),
    "pad": lambda t, F, x: F.pad(x, (1, 1)),
}


def second(library: Any, functional: Any, make: Callable[..., Any]) -> tuple[bool, Any]:
    x = library.tensor([-4.0, -1.5, -0.3, 0.2, 1.7, 5.0], dtype=library.float64, requires_grad=True)
    (slope,) = library.autograd.grad(make(library, functional, x).sum(), x, create_graph=True)
    if not slope.requires_grad:
        return False, None
    (bend,) = library.autograd.grad(slope.sum(), x, allow_unused=True)
    return True, bend


@pytest.mark.parametrize("name", CASES)
def test_second_order(name: str) -> None:
    found, bend = second(tg, import_module("tinygrad_edu.nn.functional"), CASES[name])
    expected, other = second(torch, torch.nn.functional, CASES[name])
    assert found == expected and (bend is None) == (other is None)
    if other is not None:
        np.testing.assert_allclose(bend.numpy(), other.numpy(), rtol=1e-10, atol=1e-12)


BENDS: dict[str, Callable[..., Any]] = {
    "leaky_relu": lambda F, x: F.leaky_relu(x),
    "hardtanh": lambda F, x: F.hardtanh(x),
    "relu6": lambda F, x: F.relu6(x),
    "threshold": lambda F, x: F.threshold(x, 0.5, 7.0),
    "threshold without end": lambda F, x: F.threshold(x, -float("inf"), 7.0),
    "hardshrink": lambda F, x: F.hardshrink(x),
    "softshrink": lambda F, x: F.softshrink(x),
    "prelu": lambda F, x: F.prelu(x, x.detach()[:1] * 0 + 0.25),
    "rrelu": lambda F, x: F.rrelu(x),
}


@pytest.mark.parametrize("name", BENDS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_bends_themselves(name: str, dtype: str) -> None:
    # (At nan PyTorch's other slopes depend on the type, and on where in the array it stands.)
    at_nan = [float("nan")] if name in ("leaky_relu", "threshold") else []
    numbers = [*at_nan, 0.0, float("inf"), -float("inf"), -1.0, 1.0, 0.5, -0.5, 6.0]
    results = []
    for library, functional in ((tg, import_module("tinygrad_edu.nn.functional")), (torch, torch.nn.functional)):
        x = library.tensor(numbers, dtype=getattr(library, dtype), requires_grad=True)
        y = BENDS[name](functional, x)
        y.sum().backward()
        results.append((repr(y.dtype), y.tolist(), x.grad.tolist()))
    assert results[0][0] == results[1][0]
    np.testing.assert_allclose(results[0][1], results[1][1], rtol=1e-6)
    np.testing.assert_array_equal(results[0][2], results[1][2])
