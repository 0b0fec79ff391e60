"""Numbers where Tensors are usual, alpha, bounds and derivatives that do not exist: beside PyTorch."""

from __future__ import annotations

from typing import Any

import pytest

import tinygrad_edu as tg

PROGRAMS = """
t.add(2, f, alpha=3) | t.sub(2, f, alpha=3) | t.add(f, f, alpha=1.5) | t.add(i, 1, alpha=1.5) | t.add(b, b, alpha=2)
t.add(i, b, alpha=2) | t.add(b, i, alpha=3) | t.add(f, 1, alpha=True) | t.add(b, b, alpha=True) | t.add(i8, b, alpha=2)
t.add(i8, i, alpha=2) | f.add(1, alpha="a") | f.sub(i, alpha=2) | f.sub_(1, alpha=3) | f.add_(f.clone(), alpha=2)
i.add_(1, alpha=2) | i.add_(1, alpha=1.5) | t.rsub(f, 3, alpha=2) | t.rsub(i, f, alpha=2) | t.rsub(i, 3, alpha=1.5)
t.rsub(f, "a") | t.div(2, f) | t.div(2, f, rounding_mode="floor") | t.div(-7, i, rounding_mode="trunc")
t.true_divide(2, f) | t.divide(2, f) | t.subtract(2, f) | t.multiply(2, f) | t.floor_divide(7, i) | t.mul(2, f)
t.remainder(7, i) | t.pow(2, f) | t.true_divide("a", f) | t.isclose(f, 1) | t.isclose(1, f) | t.isclose(f, f * 1)
t.heaviside(f, 1) | t.heaviside(1, f) | t.heaviside(f, f) | t.ldexp(f, 2) | t.ldexp(f, i) | t.ldexp(b, i) | t.gcd(i, 2)
t.gcd(i, i8) | t.gcd(i8, t.tensor([2, 4], dtype=t.uint8)) | t.gcd(i, b) | t.gcd(b, b) | t.gcd(f, f) | t.lcm(i, i8)
f.float_power_(2) | d.float_power_(2) | d.float_power_(i) | i.float_power_(2)
i.clamp(0, 2**70) | f.clamp(0, 2**1100) | f.clamp(0, 1e300) | f.clamp(min=-1e300) | d.clamp(0, 1e300)
f.half().clamp(0, 1e10)
i8.clamp(0, 300) | i8.clamp(-300, 3) | f.clamp(0, float("inf")) | f.clamp(float("nan"), 3) | i.clamp(0.5, 3)
i.clamp(t.tensor(0), t.tensor(1)) | t.tensor([3, 0], dtype=t.uint8).clamp(-1, 3)
f.clamp(-70000.0, 70000) | i.clamp(-5, 5)
f.requires_grad_("a") | f.bfloat16("a") | f.clamp_(0, 1e300) | i // 0 | f // 0 | f.floor_divide(f * 2) | 2 // f
"""
CASES = [case.strip() for line in PROGRAMS.strip().splitlines() for case in line.split(" | ")]


def run(t: Any, program: str) -> Any:
    around = {
        "t": t, "f": t.tensor([1.5, -2.0]), "d": t.tensor([1.5, 2.0], dtype=t.float64), "i": t.tensor([4, -3]),
        "i8": t.tensor([6, 9], dtype=t.int8), "b": t.tensor([True, False]),
    }  # fmt: skip
    return eval(program, around)


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("program", CASES)
def test_as_pytorch(program: str) -> None:
    torch = pytest.importorskip("torch")
    try:
        expected = run(torch, program)
    except Exception as error:
        with pytest.raises(type(error)) as ours:
            run(tg, program)
        assert len(str(ours.value)) > 15
        return
    found = run(tg, program)
    assert repr(found) == repr(expected)


@pytest.mark.parametrize("program", ["x // 2", "2 // x", "x.floor_divide(x)", "tg.heaviside(x, x)", "tg.unique(x)"])
def test_no_derivative_is_an_error_and_no_silent_zero(program: str) -> None:
    x = tg.tensor([1.5, 2.0], requires_grad=True)
    y = eval(program, {"x": x, "tg": tg})
    assert y.requires_grad
    with pytest.raises(NotImplementedError, match="its derivative is not available"):
        (y.sum() + x.sum()).backward()
    assert x.grad is None
    with tg.no_grad():
        assert not eval(program, {"x": x, "tg": tg}).requires_grad


@pytest.mark.parametrize("make", ["x.bfloat16()", "x.to(tg.bfloat16)", "tg.ones(2, dtype=tg.bfloat16)"])
def test_bfloat16_says_why(make: str) -> None:
    assert repr(tg.bfloat16) == "torch.bfloat16" and tg.bfloat16.itemsize == 2
    with pytest.raises(NotImplementedError, match="NumPy has no bfloat16"):
        eval(make, {"x": tg.ones(2), "tg": tg})


def test_a_gradient_may_be_deleted() -> None:
    x = tg.tensor([1.0], requires_grad=True)
    (x * 2).sum().backward()
    del x.grad
    assert x.grad is None


def test_a_number_that_does_not_fit_is_refused_in_silence(recwarn: pytest.WarningsRecorder) -> None:
    for make in (lambda: tg.full((2,), 1e300), lambda: tg.ones(2).fill_(1e300), lambda: tg.ones(2).clamp(0, 1e300)):
        with pytest.raises(RuntimeError, match="without overflow"):
            make()
    assert not recwarn.list
