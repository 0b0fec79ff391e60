"""Results are printed with the ``grad_fn`` names that PyTorch prints: the outputs of lectures must not change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import tinygrad_edu as tg

# What makes the result: a function of the library and two matrices; and the name that is printed.
NAMES: list[tuple[str, Callable[..., Any], str]] = [
    ("a + b", lambda t, a, b: a + b, "AddBackward0"),
    ("a + 1", lambda t, a, b: a + 1, "AddBackward0"),
    ("1 + a", lambda t, a, b: 1 + a, "AddBackward0"),
    ("a - b", lambda t, a, b: a - b, "SubBackward0"),
    ("2 - a", lambda t, a, b: 2 - a, "RsubBackward1"),
    ("a * b", lambda t, a, b: a * b, "MulBackward0"),
    ("2 * a", lambda t, a, b: 2 * a, "MulBackward0"),
    ("a / b", lambda t, a, b: a / b, "DivBackward0"),
    ("a / 2", lambda t, a, b: a / 2, "DivBackward0"),
    ("2 / a", lambda t, a, b: 2 / a, "MulBackward0"),
    ("a ** 2", lambda t, a, b: a**2, "PowBackward0"),
    ("a ** b", lambda t, a, b: a**b, "PowBackward1"),
    ("-a", lambda t, a, b: -a, "NegBackward0"),
    ("abs(a)", lambda t, a, b: abs(a), "AbsBackward0"),
    ("a @ b", lambda t, a, b: a @ b, "MmBackward0"),
    ("a @ vector", lambda t, a, b: a @ b[0], "MvBackward0"),
    ("vector @ a", lambda t, a, b: b[0] @ a, "SqueezeBackward4"),
    ("vector @ vector", lambda t, a, b: a[0] @ b[0], "DotBackward0"),
    ("batches", lambda t, a, b: a.expand(3, 2, 2) @ b.expand(3, 2, 2), "UnsafeViewBackward0"),
    ("four dimensions", lambda t, a, b: a.expand(3, 1, 2, 2) @ b.expand(4, 2, 2), "UnsafeViewBackward0"),
    ("batch @ matrix", lambda t, a, b: a.expand(3, 2, 2) @ b, "UnsafeViewBackward0"),
    ("batch @ vector", lambda t, a, b: a.expand(3, 2, 2) @ b[0], "UnsafeViewBackward0"),
    ("exp", lambda t, a, b: a.exp(), "ExpBackward0"),
    ("log", lambda t, a, b: a.log(), "LogBackward0"),
    ("sqrt", lambda t, a, b: a.sqrt(), "SqrtBackward0"),
    ("rsqrt", lambda t, a, b: a.rsqrt(), "RsqrtBackward0"),
    ("reciprocal", lambda t, a, b: a.reciprocal(), "ReciprocalBackward0"),
    ("sin", lambda t, a, b: a.sin(), "SinBackward0"),
    ("cos", lambda t, a, b: a.cos(), "CosBackward0"),
    ("tan", lambda t, a, b: a.tan(), "TanBackward0"),
    ("tanh", lambda t, a, b: a.tanh(), "TanhBackward0"),
    ("sigmoid", lambda t, a, b: a.sigmoid(), "SigmoidBackward0"),
    ("relu", lambda t, a, b: a.relu(), "ReluBackward0"),
    ("sign", lambda t, a, b: a.sign(), "SignBackward0"),
    ("floor", lambda t, a, b: a.floor(), "FloorBackward0"),
    ("clamp", lambda t, a, b: a.clamp(0, 1), "ClampBackward1"),
    ("clamp below", lambda t, a, b: a.clamp(min=0), "ClampBackward1"),
    ("maximum", lambda t, a, b: t.maximum(a, b), "MaximumBackward0"),
    ("minimum", lambda t, a, b: t.minimum(a, b), "MinimumBackward0"),
    ("where", lambda t, a, b: t.where(a > 1, a, b), "WhereBackward0"),
    ("sum", lambda t, a, b: a.sum(), "SumBackward0"),
    ("sum(0)", lambda t, a, b: a.sum(0), "SumBackward1"),
    ("mean", lambda t, a, b: a.mean(), "MeanBackward0"),
    ("mean(0)", lambda t, a, b: a.mean(0), "MeanBackward1"),
    ("prod", lambda t, a, b: a.prod(), "ProdBackward0"),
    ("prod(0)", lambda t, a, b: a.prod(0), "ProdBackward1"),
    ("max", lambda t, a, b: a.max(), "MaxBackward1"),
    ("min", lambda t, a, b: a.min(), "MinBackward1"),
    ("max(0)", lambda t, a, b: a.max(0).values, "MaxBackward0"),
    ("min(0)", lambda t, a, b: a.min(0).values, "MinBackward0"),
    ("amax", lambda t, a, b: a.amax(0), "AmaxBackward0"),
    ("amin", lambda t, a, b: a.amin(0), "AminBackward0"),
    ("reshape", lambda t, a, b: a.reshape(4), "ViewBackward0"),
    ("view", lambda t, a, b: a.view(4), "ViewBackward0"),
    ("t", lambda t, a, b: a.t(), "TBackward0"),
    ("T", lambda t, a, b: a.T, "PermuteBackward0"),
    ("transpose", lambda t, a, b: a.transpose(0, 1), "TransposeBackward0"),
    ("permute", lambda t, a, b: a.permute(1, 0), "PermuteBackward0"),
    ("expand", lambda t, a, b: a.expand(3, 2, 2), "ExpandBackward0"),
    ("squeeze", lambda t, a, b: a[:, :1].squeeze(), "SqueezeBackward0"),
    ("squeeze(1)", lambda t, a, b: a[:, :1].squeeze(1), "SqueezeBackward1"),
    ("squeeze of two", lambda t, a, b: a[:, :1].squeeze((0, 1)), "SqueezeBackward2"),
    ("unsqueeze", lambda t, a, b: a.unsqueeze(0), "UnsqueezeBackward0"),
    ("cat", lambda t, a, b: t.cat([a, b]), "CatBackward0"),
    ("stack", lambda t, a, b: t.stack([a, b]), "StackBackward0"),
    ("narrow", lambda t, a, b: a.narrow(0, 0, 1), "SliceBackward0"),
    ("a[0]", lambda t, a, b: a[0], "SelectBackward0"),
    ("a[0, 1]", lambda t, a, b: a[0, 1], "SelectBackward0"),
    ("a[:1]", lambda t, a, b: a[:1], "SliceBackward0"),
    ("a[:, 1]", lambda t, a, b: a[:, 1], "SelectBackward0"),
    ("a[None]", lambda t, a, b: a[None], "UnsqueezeBackward0"),
    ("a[a > 1]", lambda t, a, b: a[a > 1], "IndexBackward0"),
    ("a[[0, 0]]", lambda t, a, b: a[[0, 0]], "IndexBackward0"),
    ("clone", lambda t, a, b: a.clone(), "CloneBackward0"),
    ("double", lambda t, a, b: a.double(), "ToCopyBackward0"),
    ("in place", lambda t, a, b: (a + 0).mul_(2), "MulBackward0"),
    ("written into", lambda t, a, b: written(a + 0), "CopySlices"),
]


def written(x: Any) -> Any:
    x[0] = 1.0
    return x


def name_of(library: Any, make: Callable[..., Any]) -> str:
    a = library.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    b = library.tensor([[2.0, 1.0], [1.0, 2.0]], requires_grad=True)
    printed = repr(make(library, a, b))
    return printed.partition("grad_fn=<")[2].partition(">")[0]


@pytest.mark.parametrize(("make", "name"), [row[1:] for row in NAMES], ids=[row[0] for row in NAMES])
def test_name(make: Callable[..., Any], name: str) -> None:
    assert name_of(tg, make) == name


@pytest.mark.oracle
@pytest.mark.parametrize(("make", "name"), [row[1:] for row in NAMES], ids=[row[0] for row in NAMES])
def test_pytorch_prints_the_same(make: Callable[..., Any], name: str) -> None:
    torch = pytest.importorskip("torch")
    assert name_of(torch, make) == name


def test_printing_of_leaves_and_results() -> None:
    x = tg.tensor([1.0, -2.0], requires_grad=True)
    assert repr(x) == "tensor([ 1., -2.], requires_grad=True)"
    assert repr(x - 2.4) == "tensor([-1.4000, -4.4000], grad_fn=<SubBackward0>)"
    assert repr((x * x).sum()) == "tensor(5., grad_fn=<SumBackward0>)"
    assert repr(x.detach()) == "tensor([ 1., -2.])"
    assert str(x.double() * 2) == "tensor([ 2., -4.], dtype=torch.float64, grad_fn=<MulBackward0>)"
    assert f"{x.sum():.2f}" == "-1.00"


def test_the_graph_can_be_followed() -> None:
    x = tg.tensor([1.0], requires_grad=True)
    y = (x * 2 + 1).grad_fn
    assert y is not None and y.name() == "AddBackward0"
    (mul, number), (constant, _) = y.next_functions
    assert mul.name() == "MulBackward0" and number == 0 and constant is None
    ((leaf, _), _) = mul.next_functions
    assert leaf.name() == "AccumulateGrad" and leaf.variable is x and leaf.next_functions == ()
    assert repr(y).startswith("<AddBackward0 object at 0x")


def test_the_class_of_a_node_bears_its_name_too() -> None:
    x = tg.ones(2, 3, requires_grad=True)
    y = (x * 2).sum()
    assert type(y.grad_fn).__name__ == "SumBackward0"
    assert [type(node).__name__ for node, _ in y.grad_fn.next_functions] == ["MulBackward0"]
    assert type(y.grad_fn) is type((x + 1).sum().grad_fn)
    y.backward()  # looking at the nodes has not changed what they do
    assert x.grad.tolist() == [[2.0] * 3] * 2


def test_looking_at_nodes_changes_no_gradient_of_any_order() -> None:
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    (first,) = tg.autograd.grad((x**3).sum(), x, create_graph=True)
    assert type(first.grad_fn).__name__ == first.grad_fn.name()
    first.sum().backward()
    assert x.grad.tolist() == [6.0, 12.0]
