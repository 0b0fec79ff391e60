"""Where an operation lets no gradient through, an infinite one does not get through either: 0 times inf is not nan.

What is written over lets none through: that is how a mask keeps nan out (``y[mask] = 0``).
"""

import math
from collections.abc import Callable
from typing import Any

import pytest

import tinygrad_edu as tg

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.oracle



def written(write: Callable[[Any], Any]) -> Callable[[Any, Any, Any], Any]:
    """What is left of x where `write` has put something else in place."""

    def call(m: Any, x: Any, o: Any) -> Any:
        y = x.clone()
        write(y)
        return y

    return call


VALUES = [-8.0, -3.0, -1.0, -0.3, 0.0, 0.3, 1.0, 3.0, 7.0, 9.0]

# m is the library, x the input, o zeros beside it
CASES: dict[str, Callable[[Any, Any, Any], Any]] = {
    "abs": lambda m, x, o: x.abs(),
    "ceil": lambda m, x, o: x.ceil(),
    "clamp": lambda m, x, o: x.clamp(-1, 1),
    "clamp by tensors": lambda m, x, o: m.clamp(x, o - 1, o + 1),
    "clamp_max": lambda m, x, o: x.clamp_max(0.0),
    "clamp_min": lambda m, x, o: x.clamp_min(0.0),
    "cummax": lambda m, x, o: x.cummax(0).values,
    "div floor": lambda m, x, o: m.div(x, 2.0, rounding_mode="floor"),
    "div trunc": lambda m, x, o: m.div(x, 2.0, rounding_mode="trunc"),
    "floor": lambda m, x, o: x.floor(),
    "fmax": lambda m, x, o: m.fmax(x, o),
    "gather": lambda m, x, o: x.gather(0, m.tensor([1, 2])),
    "hardshrink": lambda m, x, o: m.nn.functional.hardshrink(x),
    "hardsigmoid": lambda m, x, o: m.nn.functional.hardsigmoid(x),
    "hardtanh": lambda m, x, o: m.nn.functional.hardtanh(x),
    "leaky_relu": lambda m, x, o: m.nn.functional.leaky_relu(x),
    "masked_fill": lambda m, x, o: x.masked_fill(x > 0, 1.0),
    "max": lambda m, x, o: x.max(),
    "max along": lambda m, x, o: x.max(0).values,
    "maximum": lambda m, x, o: m.maximum(x, o),
    "median": lambda m, x, o: x.median(),
    "min": lambda m, x, o: x.min(),
    "minimum": lambda m, x, o: m.minimum(o, x),
    "product with a mask": lambda m, x, o: x * (x > 0),  # a product: nan in both
    "relu": lambda m, x, o: x.relu(),
    "relu6": lambda m, x, o: m.nn.functional.relu6(x),
    "round": lambda m, x, o: x.round(),
    "sign": lambda m, x, o: x.sign(),
    "softshrink": lambda m, x, o: m.nn.functional.softshrink(x),
    "sort": lambda m, x, o: x.sort().values,
    "threshold": lambda m, x, o: m.nn.functional.threshold(x, 0.5, 2.0),
    "trunc": lambda m, x, o: x.trunc(),
    "index_copy": lambda m, x, o: x.index_copy(0, m.tensor([1, 2]), o[:2]),
    "index_fill": lambda m, x, o: x.index_fill(0, m.tensor([1, 2]), 3.0),
    "masked_scatter": lambda m, x, o: x.masked_scatter(x > 0, o),
    "put": lambda m, x, o: x.put(m.tensor([1, 2]), o[:2]),
    "scatter": lambda m, x, o: x.scatter(0, m.tensor([1, 2]), o[:2]),
    "scatter of a number": lambda m, x, o: x.scatter(0, m.tensor([1, 2]), 3.0),
    "scatter_reduce amax": lambda m, x, o: x.scatter_reduce(0, m.tensor([1, 2]), o[:2], "amax", include_self=False),
    "select_scatter": lambda m, x, o: x.view(5, 2).select_scatter(o[:2], 0, 1),
    "slice_scatter": lambda m, x, o: x.slice_scatter(o[:2], 0, 1, 3),
    "tril": lambda m, x, o: x.view(2, 5).tril(),
    "triu": lambda m, x, o: x.view(2, 5).triu(),
    "pad": lambda m, x, o: m.nn.functional.pad(x, (1, -2)),
    "masked_select": lambda m, x, o: x.masked_select(x > 0),
    "topk": lambda m, x, o: x.topk(2).values,
    "kthvalue": lambda m, x, o: x.kthvalue(2).values,
    "mode": lambda m, x, o: x.mode().values,
    "roll": lambda m, x, o: x.roll(1),
    "unfold": lambda m, x, o: x.unfold(0, 3, 2),
    "as_strided": lambda m, x, o: x.as_strided((2, 2), (3, 1)),
    "diff": lambda m, x, o: x.view(2, 5)[:, :1].diff(),
    "quantile": lambda m, x, o: x.quantile(0.0),
    "amax": lambda m, x, o: x.amax(),
    "nan_to_num": lambda m, x, o: (x / 0.0).nan_to_num(0.0),
    "nansum": lambda m, x, o: (x.sqrt() + 0.0).nansum(),
    "dropout": lambda m, x, o: m.nn.functional.dropout(x, 1.0),
    "written row": written(lambda y: y.view(5, 2).select(0, 1).fill_(3.0)),
    "written slice": written(lambda y: y.__setitem__(slice(2, 4), 3.0)),
    "written under a mask": written(lambda y: y.__setitem__(y > 0, 3.0)),
    "written at places": written(lambda y: y.__setitem__([1, 2], 3.0)),
    "written whole": written(lambda y: y.zero_()),
    "copied into a view": written(lambda y: y[3:6].copy_(y[:3] * 0)),
    "filled diagonal": written(lambda y: y.view(5, 2).fill_diagonal_(2.0)),
    "where": lambda m, x, o: m.where(x > 0, x, o),
}


def gradients(m: Any, call: Callable[..., Any], dtype: str, create_graph: bool) -> Any:
    dtype = getattr(m, dtype)
    x = m.tensor(VALUES, dtype=dtype, requires_grad=True)
    y = call(m, x, m.zeros(len(VALUES), dtype=dtype))
    (gradient,) = m.autograd.grad(y, x, m.full_like(y, math.inf), create_graph=create_graph)
    return gradient.tolist()


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_an_infinite_gradient_goes_where_pytorch_sends_it(name: str, dtype: str, create_graph: bool) -> None:
    expected = gradients(torch, CASES[name], dtype, create_graph)
    assert repr(gradients(tg, CASES[name], dtype, create_graph)) == repr(expected)
