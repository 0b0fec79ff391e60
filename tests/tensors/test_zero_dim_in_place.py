"""In-place operations on Tensors without dimensions, whose payload is a NumPy scalar until it is written to."""

import pytest

import tinygrad_edu as tg


@pytest.mark.parametrize(
    ("change", "gradient"),
    [
        (lambda y, x: y.mul_(x), 3.0),
        (lambda y, x: y.mul_(2 * x), 6.0),
        (lambda y, x: y.pow_(2), 3.0),
        (lambda y, x: y.add_(x), 2.0),
        (lambda y, x: y.clamp_(0, 9), 1.0),
        (lambda y, x: y.neg_(), -1.0),
    ],
)
def test_gradient(change, gradient) -> None:
    x = tg.tensor(1.5, requires_grad=True)
    y = x * 1
    change(y, x)
    y.backward()
    assert x.grad.item() == gradient


def test_nothing_is_assigned() -> None:
    x = tg.ones(2)
    with pytest.raises(TypeError, match="NoneType"):
        x[0] = None
    assert x.tolist() == [1.0, 1.0]


@pytest.mark.parametrize("call", [tg.equal, tg.allclose])
def test_comparing_whole_tensors_takes_tensors(call) -> None:
    with pytest.raises(TypeError, match="'other' must be Tensor, not int"):
        call(tg.ones(2), 3)
