"""``gradcheck`` and ``gradgradcheck``: what passes, what is found wrong, and how it is reported."""

from __future__ import annotations

from typing import Any

import pytest


def leaf(lib: Any, *numbers: float) -> Any:
    return lib.tensor(list(numbers), dtype=lib.float64, requires_grad=True)


def square(lib: Any, factor: float = 2.0, second: float = 0.0) -> Any:
    """x**2 with a derivative that is right for ``factor=2`` and a second one that is right for ``second=0``."""

    class Square(lib.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            (x,) = ctx.saved_tensors
            return g * factor * (x + second * (x - x.detach()))

    return Square.apply


def test_right_ones_pass(lib: Any) -> None:
    check, grad_check = lib.autograd.gradcheck, lib.autograd.gradgradcheck
    x, y = leaf(lib, 0.5, -1.0), lib.tensor([[1.5], [0.3]], dtype=lib.float64, requires_grad=True)
    for f in (lambda x, y: (x * y).tanh(), lambda x, y: (x.sin() * 2, (x @ y).sum(), y.argmax()), lambda x, y: y**3):
        assert check(f, (x, y)) is True
    for f in (lambda x, y: (x * y).tanh(), lambda x, y: (x @ y, x.exp() * y)):
        assert grad_check(f, (x, y)) is True
    assert check(square(lib), x) and grad_check(square(lib), [x])
    assert grad_check(square(lib), x, lib.ones(2, dtype=lib.float64, requires_grad=True))
    assert grad_check(square(lib), x, gen_non_contig_grad_outputs=True)
    assert x.tolist() == [0.5, -1.0] and x.grad is None


def test_constants_and_other_things_are_left_alone(lib: Any) -> None:
    x, c = leaf(lib, 0.5), lib.ones(1)
    assert lib.autograd.gradcheck(lambda x, c, n: x * c * n, (x, c, 3))


def test_a_wrong_derivative_is_shown(lib: Any) -> None:
    x = leaf(lib, 1.0, 2.0)
    with pytest.raises(lib.autograd.gradcheck.__globals__["GradcheckError"]) as caught:
        lib.autograd.gradcheck(square(lib, 3.0), x)
    text = str(caught.value)
    assert isinstance(caught.value, RuntimeError)
    assert text.startswith(
        "Jacobian mismatch for output 0 with respect to input 0,\nnumerical:tensor([[2.0000, 0.0000]"
    )
    assert "analytical:tensor([[3., 0.],\n        [0., 6.]], dtype=torch.float64)" in text
    assert lib.autograd.gradcheck(square(lib, 3.0), x, raise_exception=False) is False
    assert lib.autograd.gradcheck(square(lib, 2.001), x, atol=1e-2)


def test_which_one_is_wrong(lib: Any) -> None:
    wrong = square(lib, 3.0)
    with pytest.raises(RuntimeError, match="output 1 with respect to input 1"):
        lib.autograd.gradcheck(lambda x, y: (x * y, wrong(y)), (leaf(lib, 1.0), leaf(lib, 2.0)))


def test_a_wrong_second_derivative(lib: Any) -> None:
    x = leaf(lib, 1.0)
    assert lib.autograd.gradcheck(square(lib, second=1.0), x)
    with pytest.raises(RuntimeError, match="Jacobian mismatch"):
        lib.autograd.gradgradcheck(square(lib, second=1.0), x)
    assert not lib.autograd.gradgradcheck(square(lib, second=1.0), x, raise_exception=False)


def test_a_forgotten_derivative(lib: Any) -> None:
    with pytest.raises(RuntimeError, match="Numerical gradient for function expected to be zero"):
        lib.autograd.gradcheck(lambda x: x.detach() * 2, leaf(lib, 1.0))
    with pytest.raises(RuntimeError, match="Jacobian mismatch"):
        lib.autograd.gradcheck(lambda x, y: x * y.detach(), (leaf(lib, 1.0), leaf(lib, 2.0)))
    assert lib.autograd.gradcheck(lambda x: (x > 0).double(), leaf(lib, 1.0))


def test_a_derivative_that_changes(lib: Any) -> None:
    times: list[float] = []

    class Moody(lib.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 2

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            times.append(1.0)
            return g * (2 + 1e-9 * len(times))

    with pytest.raises(RuntimeError, match="Backward is not reentrant"):
        lib.autograd.gradcheck(Moody.apply, leaf(lib, 1.0))
    assert lib.autograd.gradcheck(Moody.apply, leaf(lib, 1.0), nondet_tol=1e-6)


def test_a_rule_that_forgets_its_gradient(lib: Any) -> None:
    class Forgets(lib.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 2

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g * 0 + 2

    with pytest.raises(RuntimeError, match="not multiplied by grad_output"):
        lib.autograd.gradcheck(Forgets.apply, leaf(lib, 1.0))


def test_a_rule_that_needs_all_gradients(lib: Any) -> None:
    class Pair(lib.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.set_materialize_grads(False)
            return x * 2, x * 3

        @staticmethod
        def backward(ctx: Any, g: Any, h: Any) -> Any:
            if g is None or h is None:
                raise RuntimeError("nothing there")
            return g * 2 + h * 3

    with pytest.raises(RuntimeError, match="nothing there"):
        lib.autograd.gradcheck(Pair.apply, leaf(lib, 1.0))


def test_inputs_that_cannot_be_checked(lib: Any) -> None:
    with pytest.raises(ValueError, match="at least one input tensor to require gradient"):
        lib.autograd.gradcheck(lambda x: x, lib.ones(1, dtype=lib.float64))
    with pytest.warns(UserWarning, match="Input #0 requires gradient and is not a double"):
        lib.autograd.gradcheck(lambda x: x * 2, lib.ones(1, requires_grad=True), atol=1.0)
    wide = lib.ones(1, dtype=lib.float64).expand(3).requires_grad_()
    with pytest.raises(RuntimeError, match="0th input has a dimension with stride 0"):
        lib.autograd.gradcheck(lambda x: x * 2, wide)


def test_what_is_not_supported_says_so() -> None:
    import tinygrad_edu as tg

    for option in ("check_forward_ad", "check_batched_grad", "check_batched_forward_grad"):
        with pytest.raises(NotImplementedError, match="gradcheck"):
            tg.autograd.gradcheck(lambda x: x, leaf(tg, 1.0), **{option: True})
    with pytest.raises(NotImplementedError):
        tg.autograd.gradgradcheck(lambda x: x, leaf(tg, 1.0), check_fwd_over_rev=True)
    assert issubclass(tg.autograd.GradcheckError, RuntimeError)
