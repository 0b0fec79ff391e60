"""Areas, distances, powers and whole numbers: the same program on us and on PyTorch gives the same, and refuses it."""

from typing import Any

import numpy as np
import pytest

import tinygrad_edu as tg

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.oracle

DATA: dict[str, Any] = {
    "x": np.linspace(-1.5, 2.0, 12).reshape(3, 4) ** 2 - 0.3,
    "v": np.array([0.0, 0.5, 2.0, 3.5]),
    "s": np.array([[0.0, 1.0, 1.5, 4.0], [0.0, 0.5, 2.0, 2.5], [1.0, 2.0, 3.0, 5.0]]),
    "i": np.array([[12, -18, 7], [0, 30, 8]]),
    "j": np.array([8, 27, 21]),
    "empty": np.zeros((2, 0)),
}
SAME = """
t.trapezoid(x) | t.trapezoid(x, dx=0.5, dim=0) | t.trapz(x, v) | t.trapezoid(x, s) | t.trapz(v) | t.trapezoid(empty)
t.trapezoid(x, v[:3], dim=0) | t.cumulative_trapezoid(x) | t.cumulative_trapezoid(x, v) | t.trapezoid(i)
t.cumulative_trapezoid(x, dim=0, dx=2) | x.sinc() | t.sinc(v) | t.sinc(i) | t.pdist(x) | t.pdist(x, 1) | t.pdist(x, 3.0)
t.pdist(x, float("inf")) | t.pdist(x[:1]) | t.nn.functional.pdist(x) | t.vander(v) | t.vander(v, 2) | t.vander(v, N=0)
t.vander(v, 6, increasing=True) | t.vander(j) | x.sum_to_size(1, 4) | x.sum_to_size((3, 1)) | x.sum_to_size(4)
t.renorm(x, 2, 0, 0.5) | x.renorm(1, 1, 2.0) | x.clone().renorm_(3.0, -1, 1.0) | t.mvlgamma(v + 2, 3)
(v + 2).mvlgamma_(2) | x.sum_to_size(3, 4) | x.ldexp(i[:, :1][:1]) | t.ldexp(v, t.tensor([1, 2, 3, 0]))
"""
PLAIN = """
v.apply_(lambda n: n * 2 + 1) | j.apply_(lambda n: n / 2) | x.map_(x * 2, lambda a, b: a - b)
x.map_(v, lambda a, b: a * b) | x.map2_(x, v, lambda a, b, c: a + b * c) | x.t().apply_(abs)
i.gcd(j) | t.lcm(i, j) | x.is_signed() | t.is_signed(j.to(t.uint8)) | t.is_same_size(x, x) | t.is_same_size(x, v)
t.unravel_index(j, (4, 8)) | t.unravel_index(t.tensor(-1), 5) | t.logspace(0, 2, 5) | t.logspace(-1, 1, 3, base=2.0)
t.logspace(0, 3, 4, dtype=t.float64) | t.logspace(1, 1, 0) | t.scalar_tensor(3) | t.scalar_tensor(2.5, dtype=t.float64)
t.prelu(x, t.tensor([0.5], dtype=x.dtype)) | t.layer_norm(x, [4]) | t.threshold(x, 0.1, 9.0) | t.group_norm(x, 2)
t.celu(x) | t.selu(x) | t.cosine_similarity(x, x + 1) | t.pairwise_distance(x, x * 2) | t.rms_norm(x, [4])
"""
BAD = """
t.trapezoid(x, v[:2]) | t.pdist(v) | t.pdist(i) | t.pdist(x, -1.0) | t.vander(x) | t.vander(v, -1) | x.sum_to_size(2)
t.renorm(v, 2, 0, 1.0) | t.renorm(x, -1.0, 0, 1.0) | t.mvlgamma(v + 1, 0)
v.requires_grad_().apply_(abs) | v.apply_(3) | v.map_(j, pow)
x.gcd(j) | t.unravel_index(v, (2, 2)) | t.logspace(0, 1, -2)
"""


def programs(text: str) -> list[str]:
    return [p.strip() for p in text.replace("\n", " | ").split(" | ") if p.strip()]


def run(library: Any, program: str, grad: bool = False) -> tuple[Any, dict[str, Any]]:
    given = {name: library.tensor(value) for name, value in DATA.items()}
    if grad:
        for value in given.values():
            if value.is_floating_point():
                value.requires_grad_()
    return eval(program, {"t": library}, given), given


def check(mine: Any, yours: Any, what: str) -> None:
    if isinstance(yours, tuple):
        for a, b in zip(mine, yours, strict=True):
            check(a, b, what)
        return
    if not isinstance(yours, torch.Tensor):
        assert mine == yours, what
        return
    a, b = mine.detach().numpy(), yours.detach().numpy()
    assert a.shape == b.shape and a.dtype == b.dtype, (what, a.dtype, b.dtype)
    np.testing.assert_allclose(a, b, rtol=1e-6 if b.dtype == np.float32 else 1e-10, atol=1e-12, err_msg=what)


@pytest.mark.parametrize("program", programs(SAME) + programs(PLAIN))
def test_values(program: str) -> None:
    check(run(tg, program)[0], run(torch, program)[0], program)


@pytest.mark.parametrize("program", programs(SAME))
def test_gradients(program: str) -> None:
    if program.startswith("t.vander(v") and "N=0" not in program:
        pytest.skip("PyTorch's own fails: it multiplies in place")
    (mine, here), (yours, there) = run(tg, program, grad=True), run(torch, program, grad=True)
    if not yours.requires_grad:
        return
    (mine * mine).sum().backward(), (yours * yours).sum().backward()
    for name, leaf in there.items():
        if leaf.grad is not None and leaf.grad.isfinite().all():
            check(here[name].grad, leaf.grad, f"{program}: {name}")


@pytest.mark.parametrize("program", programs(BAD))
def test_refusals(program: str) -> None:
    with pytest.raises(Exception) as theirs:  # noqa: PT011
        run(torch, program)
    with pytest.raises(type(theirs.value)) as ours:
        run(tg, program)
    assert len(str(ours.value)) > 15


def test_an_index_that_is_too_large_is_refused() -> None:
    with pytest.raises(ValueError, match="out of bounds"):
        tg.unravel_index(tg.tensor([5]), 3)


def test_the_gradient_of_powers() -> None:
    v = tg.tensor([0.5, -2.0], dtype=tg.float64, requires_grad=True)
    assert tg.autograd.gradcheck(lambda v: tg.vander(v, 4), (v,))
