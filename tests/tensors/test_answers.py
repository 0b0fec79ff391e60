"""Answers beside PyTorch's: values, types, strides, or the refusal. Each line is something a user once tried."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as tg

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.oracle


def _with(made: Any, change: Callable[[Any], Any]) -> Any:
    change(made)
    return made


BY_ROWS: dict[str, Callable[[Any, Any], Any]] = {
    "softmax": lambda m, x: x.softmax(0),
    "log_softmax": lambda m, x: x.log_softmax(-1),
    "cumsum": lambda m, x: x.cumsum(0),
    "cumprod": lambda m, x: x.cumprod(1),
    "cummax": lambda m, x: x.cummax(0).indices,
    "logcumsumexp": lambda m, x: x.logcumsumexp(0),
    "masked_fill": lambda m, x: x.masked_fill(x > 2, 0.0),
    "scatter": lambda m, x: x.scatter(0, m.zeros(1, 1, 1).long(), 5.0),
    "scatter_add": lambda m, x: x.scatter_add(0, m.zeros(1, 1, 1).long(), m.ones(1, 1, 1)),
    "index_add": lambda m, x: x.index_add(0, m.tensor([0]), m.ones(1, *x.shape[1:])),
    "roll": lambda m, x: x.roll(1, 0),
    "tril": lambda m, x: x.tril(),
    "topk": lambda m, x: x.topk(2, -1).values,
    "topk in front": lambda m, x: x.contiguous().topk(2, -1).indices,
    "renorm": lambda m, x: x.renorm(2, 0, 1.0),
    "cross": lambda m, x: x.cross(x + 1, dim=x.shape.index(3)),
    "one_hot": lambda m, x: m.nn.functional.one_hot(x.long()),
    "layer_norm": lambda m, x: m.nn.functional.layer_norm(x, x.shape[-1:]),
    "where": lambda m, x: m.where(x > 2)[1],
}


def _shuffled(call: Callable[[Any, Any], Any]) -> Callable[[Any], Any]:
    return lambda m: [
        call(m, x).is_contiguous()
        for x in (m.arange(24.0).view(2, 3, 4).permute(2, 0, 1), m.arange(24.0).view(2, 3, 4).transpose(1, 2))
    ]


CASES: dict[str, Callable[[Any], Any]] = {
    # sums in a type of one's own: what does not fit wraps around
    "sum int32": lambda m: m.arange(6).sum(dtype=m.int32),
    "sum uint8": lambda m: m.arange(600).sum(dtype=m.uint8),
    "sum bool": lambda m: m.arange(6).view(2, 3).sum(1, dtype=m.bool),
    "sum None": lambda m: m.arange(6, dtype=m.int8).sum(dtype=None),
    "sum float64": lambda m: m.arange(3.0, requires_grad=True).sum(dtype=m.float64),
    "prod int32": lambda m: m.arange(1, 30).prod(dtype=m.int32),
    "cumsum int8": lambda m: m.arange(60).cumsum(0, dtype=m.int8),
    "cumprod int16": lambda m: m.arange(1, 20).cumprod(0, dtype=m.int16),
    # strides, also where there are no neighbours
    "stride of none": lambda m: m.zeros(2, 0, 3).stride(),
    "stride in front": lambda m: m.arange(24).view(4, 6)[None].stride(),
    "stride behind": lambda m: m.arange(24).view(4, 6)[..., None].stride(),
    "stride expanded": lambda m: m.arange(24).view(4, 6).narrow(0, 0, 1).expand(3, 1, 6).stride(),
    "nonzero in a row": lambda m: [i.is_contiguous() for i in m.where(m.eye(3))],
    # results lie by rows where PyTorch's do, so that view() works on them
    **{f"by rows: {name}": _shuffled(call) for name, call in BY_ROWS.items()},
    # and elsewhere as the input lies
    "zeros_like": lambda m: m.zeros_like(m.arange(24.0).view(2, 3, 4).permute(2, 0, 1)).stride(),
    "rand_like": lambda m: m.rand_like(m.arange(24.0).view(2, 3, 4).transpose(1, 2)).stride(),
    "full_like": lambda m: m.full_like(m.arange(24).view(4, 6).t(), 3, dtype=m.float64),
    "ones_like with gaps": lambda m: m.ones_like(m.arange(24.0).view(4, 6)[:, ::2]).stride(),
    "empty_like expanded": lambda m: m.empty_like(m.ones(3).expand(2, 3)).stride(),
    # bytes read as another type
    "view int32": lambda m: m.arange(4.0).view(m.int32),
    "view int64": lambda m: m.arange(4.0).view(m.int64),
    "view uint8": lambda m: m.arange(2.0).view(m.uint8),
    "view by name": lambda m: m.ones(2).view(dtype=m.int32),
    "view size by name": lambda m: m.ones(2, 3).view(size=(6,)),
    "view transposed": lambda m: m.arange(6.0).view(2, 3).t().view(m.int32),
    "view half a column": lambda m: m.arange(6.0).view(2, 3).t().view(m.int16),
    "view odd": lambda m: m.arange(3.0).view(m.int64),
    "view odd offset": lambda m: m.arange(8.0).view(2, 4)[:, 1:3].view(m.int64),
    "view odd rows": lambda m: m.arange(6.0).view(2, 3)[:, :2].view(m.int64),
    "view no dimension": lambda m: m.tensor(1.0).view(m.float64),
    "view shares": lambda m: _with(m.zeros(2), lambda x: x.view(m.int32).add_(1065353216)),
    "view counts": lambda m: _with(m.zeros(2), lambda x: x.view(m.int32).add_(1))._version,
    "view keeps no history": lambda m: m.ones(2, requires_grad=True).view(m.int32).requires_grad,
    # positions from the end
    "index_fill": lambda m: m.zeros(2, 3).index_fill(1, m.tensor([-1, 0]), 3),
    "index_fill too far": lambda m: m.zeros(2, 3).index_fill(1, m.tensor([-4]), 3),
    "index_copy": lambda m: m.zeros(2, 3).index_copy(1, m.tensor([-1]), m.ones(2, 1)),
    # numbers in lists bring their types along, and Tensors of one element are numbers
    "list float64": lambda m: m.tensor([2, np.float64(1)]),
    "list nested": lambda m: m.tensor([[1.0, 2.0], [np.float64(2), 1.0]]),
    "list float32": lambda m: m.tensor([np.float32(1), 2.0]),
    "list int64": lambda m: m.tensor([np.int64(2), 1.0]),
    "list int8": lambda m: m.tensor([np.int8(2), True]),
    "list uint8": lambda m: m.tensor([np.uint8(3), np.float16(2)]),
    "list of Tensors": lambda m: m.tensor([m.tensor(1.5, dtype=m.float64), 2.0]),
    "list of a half": lambda m: m.tensor([m.tensor(1.5, dtype=m.float16), 2]),
    "list of a byte": lambda m: m.tensor([m.tensor(1, dtype=m.int8)]),
    "list of one each": lambda m: m.tensor([m.tensor([1.0]), m.tensor([[2.0]]), 3.0]),
    "list of lists of one": lambda m: m.tensor([[m.tensor([1.0])], [m.tensor([2.0])]]),
    "Tensor of one each": lambda m: m.Tensor([m.tensor([1.0]), m.tensor([2.0])]),
    "list, type given": lambda m: m.tensor([np.float64(1.5)], dtype=m.float16),
    "as_tensor": lambda m: m.as_tensor([np.float64(1.5)]),
    # what cannot be
    "int data": lambda m: setattr(m.ones(2, requires_grad=True), "data", m.arange(2)),
    "int data without gradient": lambda m: _with(m.ones(2), lambda x: setattr(x, "data", m.arange(2))),
    "in, no shape": lambda m: m.tensor([1, 2]) in m.arange(4),
    "gradcheck of a number": lambda m: m.autograd.gradcheck(
        lambda x: 3, m.ones(2, dtype=m.float64, requires_grad=True)
    ),
}


def told(m: Any, call: Callable[[Any], Any]) -> Any:
    try:
        result = call(m)
    except Exception as error:
        return [c.__name__ for c in type(error).__mro__ if c.__module__ == "builtins"]
    return (repr(result), tuple(result.stride())) if isinstance(result, m.Tensor) else repr(result)


@pytest.mark.parametrize("name", CASES)
def test_as_pytorch(name: str) -> None:
    ours, theirs = told(tg, CASES[name]), told(torch, CASES[name])
    assert set(theirs) <= set(ours) if isinstance(theirs, list) else ours == theirs


def _doubles(name: str) -> dict[str, Any]:
    return {"forward": staticmethod(lambda ctx, x: x * 2), name: staticmethod(lambda ctx, g: g * 5)}


@pytest.mark.parametrize("m", [tg, torch], ids=["ours", "PyTorch"])
def test_a_function_has_a_backward_or_a_vjp(m: Any) -> None:
    for name in ("backward", "vjp"):
        x = m.ones(2, requires_grad=True)
        type("Doubled", (m.autograd.Function,), _doubles(name)).apply(x).sum().backward()
        assert x.grad.tolist() == [5.0, 5.0]
    both = type("Both", (m.autograd.Function,), _doubles("backward") | _doubles("vjp"))
    with pytest.raises(RuntimeError, match="both"):
        both.apply(m.ones(2, requires_grad=True)).sum().backward()
