"""What reviews have found: memory order of copies, graphs that must stay connected, masks of bytes, random fills."""

import warnings

import pytest

import tinygrad_edu as tg


def test_a_copy_of_what_overlaps_lies_row_by_row() -> None:
    spread = tg.arange(3.0).expand(2, 3).clone()
    assert spread.view(-1).tolist() == [0.0, 1.0, 2.0, 0.0, 1.0, 2.0]
    spread.reshape(-1)[0] = 9
    assert spread[0, 0].item() == 9
    assert tg.ones(2, 3, 3)[:, ::2].flip(0).is_contiguous()
    assert tg.arange(6.0).reshape(2, 3).t().clone().stride() == (1, 3), "a dense one keeps its order"


@pytest.mark.parametrize(
    ("function", "second"),
    [(lambda x: x.relu(), [0.0, 0.0]), (lambda x: x**2, [2.0, 2.0]), (lambda x: x**4, [3.0, 27.0])],
)
def test_derivatives_of_every_order_stay_connected(function, second) -> None:
    x = tg.tensor([0.5, 1.5], requires_grad=True)
    (first,) = tg.autograd.grad(function(x).sum(), x, create_graph=True)
    (again,) = tg.autograd.grad(first.sum(), x, create_graph=True)
    assert again.tolist() == second and again.requires_grad
    (third,) = tg.autograd.grad(again.sum(), x)
    assert third.shape == x.shape


def test_bytes_are_a_mask() -> None:
    with pytest.warns(UserWarning, match="uint8"):
        assert tg.arange(3.0)[tg.tensor([1, 0, 1], dtype=tg.uint8)].tolist() == [0.0, 2.0]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert tg.arange(3.0)[tg.tensor([True, False, True])].tolist() == [0.0, 2.0]


def test_hooks_return_tensors_of_the_same_type() -> None:
    for returned, error in ((3, TypeError), (tg.ones(2, dtype=tg.float64), RuntimeError), (tg.ones(3), RuntimeError)):
        x = tg.ones(2, requires_grad=True)
        x.register_hook(lambda g, returned=returned: returned)
        with pytest.raises(error):
            (x * 2).sum().backward()
        assert x.grad is None


@pytest.mark.parametrize(
    ("fill", "arguments", "mean", "within"),
    [
        ("exponential_", (2.0,), 0.5, 0.02),
        ("geometric_", (0.25,), 4.0, 0.15),
        ("bernoulli_", (0.3,), 0.3, 0.02),
        ("log_normal_", (0.0, 0.5), 1.1331, 0.05),
        ("random_", (5,), 2.0, 0.05),
        ("random_", (2, 4), 2.5, 0.05),
    ],
)
def test_fills(fill: str, arguments: tuple, mean: float, within: float) -> None:
    tg.manual_seed(1)
    x = tg.zeros(10_000)
    assert getattr(x, fill)(*arguments) is x and abs(x.mean().item() - mean) < within
    tg.manual_seed(1)
    assert tg.equal(getattr(tg.zeros(10_000), fill)(*arguments), x)


def test_cauchy() -> None:
    tg.manual_seed(1)
    assert abs(tg.zeros(10_001).cauchy_(3.0, 0.5).median().item() - 3.0) < 0.05


@pytest.mark.parametrize(
    "wrong",
    [
        lambda x: x.exponential_(0.0),
        lambda x: x.geometric_(1.5),
        lambda x: x.cauchy_(0, -1),
        lambda x: x.log_normal_(0, 0),
    ],
)
def test_fills_refuse(wrong) -> None:
    x = tg.zeros(2)
    with pytest.raises(RuntimeError, match="expects"):
        wrong(x)
    assert x.tolist() == [0.0, 0.0]
