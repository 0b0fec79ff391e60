"""out=: results written into Tensors that exist, resized with a warning, never recorded."""

import warnings
from typing import Any

import pytest

import tinygrad_edu as tg


def test_the_result_goes_where_it_is_wanted() -> None:
    a, c = tg.tensor([1.0, 2.0]), tg.zeros(2)
    assert tg.add(a, a, out=c) is c and c.tolist() == [2.0, 4.0] and c._counter[0] == 1
    assert tg.mul(a, a, out=a) is a and a.tolist() == [1.0, 4.0], "also over an operand"
    grid = tg.zeros(2, 3)
    tg.exp(tg.zeros(2), out=grid[:, 1])
    assert grid.tolist() == [[0, 1, 0], [0, 1, 0]]
    assert tg.add(a, a, out=tg.empty(2, dtype=tg.float64)).dtype is tg.float64
    assert tg.cat([a, a], out=tg.empty(4)).tolist() == [1, 4, 1, 4]
    assert tg.matmul(tg.eye(2), a, out=tg.empty(2)).tolist() == [1, 4]
    assert tg.add(a, a, out=None).tolist() == [2.0, 8.0]


def test_functions_that_make_tensors() -> None:
    t = tg.ones(2)
    assert tg.zeros(2, out=t) is t and t.tolist() == [0, 0]
    assert tg.arange(3, out=tg.empty(0)).tolist() == [0.0, 1.0, 2.0]
    assert tg.full((2,), 7, out=t).tolist() == [7, 7] and tg.eye(1, out=tg.empty(1, 1)).tolist() == [[1]]


def test_several_results() -> None:
    values, places = tg.empty(0), tg.empty(0, dtype=tg.int64)
    found = tg.max(tg.tensor([[1.0, 3.0], [2.0, 0.0]]), 1, out=(values, places))
    assert found.values is values and values.tolist() == [3, 2] and places.tolist() == [1, 0]
    with pytest.raises(TypeError, match="2 Tensors"):
        tg.max(tg.ones(2, 2), 0, out=(values,))


def test_another_shape_is_resized_with_a_warning() -> None:
    c = tg.empty(3)
    with pytest.warns(UserWarning, match=r"resized since it had shape \[3\].*\[2\]"):
        tg.add(tg.ones(2), 1, out=c)
    assert c.tolist() == [2, 2]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert tg.add(tg.ones(2), 1, out=tg.empty(0)).shape == (2,)


@pytest.mark.parametrize(
    ("out", "error", "told"),
    [
        (lambda: 3, TypeError, "argument 'out' must be Tensor, not int"),
        (lambda: tg.zeros(2, dtype=tg.int64), RuntimeError, "can't be cast"),
        (lambda: tg.zeros(2, requires_grad=True), RuntimeError, "don't support automatic differentiation"),
        (lambda: tg.zeros(1).expand(2), RuntimeError, "single memory location"),
        (lambda: tg.zeros(3, 3)[0], RuntimeError, "a view cannot be resized"),
    ],
)
def test_what_it_refuses(out: Any, error: type[Exception], told: str) -> None:
    target = out()
    with pytest.raises(error, match=told):
        tg.add(tg.ones(2), 1, out=target)
    assert not isinstance(target, tg.Tensor) or target.sum().item() == 0, "nothing has been changed"


def test_operands_that_need_a_gradient() -> None:
    x = tg.ones(2, requires_grad=True)
    for call in (lambda: tg.exp(x, out=tg.empty(2)), lambda: tg.cat([x, x], out=tg.empty(4))):
        with pytest.raises(RuntimeError, match="out=... arguments don't support"):
            call()
    with tg.no_grad():
        assert tg.exp(x, out=tg.empty(2)).requires_grad is False


@pytest.mark.parametrize(
    "call",
    [
        lambda m, out: m.where(m.eye(2) > 0, m.ones(2, 2), m.zeros(1), out=out),
        lambda m, out: m.rand(2, 2, out=out),
        lambda m, out: m.randn(2, 2, out=out),
        lambda m, out: m.randint(5, (2, 2), out=out),
        lambda m, out: m.normal(0.0, 1.0, (2, 2), out=out),
        lambda m, out: m.bernoulli(m.eye(2), out=out),
        lambda m, out: m.linalg.inv(m.eye(2), out=out),
        lambda m, out: m.linalg.solve(m.eye(2), m.ones(2, 2), out=out),
        lambda m, out: m.linalg.cholesky(m.eye(2), out=out),
        lambda m, out: m.linalg.multi_dot([m.ones(2, 3), m.ones(3, 2)], out=out),
        lambda m, out: m.linalg.matmul(m.ones(2, 3), m.ones(3, 2), out=out),
    ],
)
@pytest.mark.parametrize("library", ["tinygrad_edu", pytest.param("torch", marks=pytest.mark.oracle)])
def test_wherever_pytorch_has_it(call: Any, library: str) -> None:
    m = pytest.importorskip(library)
    target = m.empty(2, 2).fill_(-9.0)
    assert call(m, target) is target and (target > -9).all()


def test_draws_and_pairs() -> None:
    places = tg.empty(0, dtype=tg.int64)
    assert tg.randperm(3, out=places) is places and sorted(places.tolist()) == [0, 1, 2]
    assert tg.multinomial(tg.eye(2)[1], 1, out=places[:0]).tolist() == [1]
    q, r = tg.empty(2, 2), tg.empty(2, 2)
    assert tg.linalg.qr(tg.eye(2), out=(q, r)).R is r and abs(r).tolist() == [[1, 0], [0, 1]]
    with pytest.raises(TypeError, match=r"linalg\.qr\(\): argument 'out' must be Tensor"):
        tg.linalg.qr(tg.eye(2), out=(1, 2))
    with pytest.raises(TypeError, match="generator"):
        tg.rand(3, generator=3)
