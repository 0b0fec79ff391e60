"""Samples of Gamma, Chi2, Beta and Dirichlet move with their parameters: how far, and what that does on average."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import tinygrad_edu as tg
from tinygrad_edu.distributions import Beta, Chi2, Dirichlet, Gamma, Independent
from tinygrad_edu.distributions.pathwise import gamma_slope

SIZES = [0.01, 0.3, 1.0, 2.5, 9.0, 60.0, 700.0, 9000.0, 20000.0, 1e6]


@pytest.mark.parametrize("a", SIZES)
def test_the_slope_moves_the_moments_as_they_must(a: float) -> None:
    """The mean a and the second moment a + a² of Gamma(a) have the derivatives E[dz/da] and E[2 z dz/da]."""
    # Over log z, where the density is smooth at 0 too.
    s = np.linspace(max(-12 / min(a, 1) - 20, -700), np.log(a + 40 * np.sqrt(a) + 60), 40001)
    if a > 100:
        s = np.linspace(np.log(a - 12 * np.sqrt(a)), np.log(a + 12 * np.sqrt(a)), 4001)
    z = np.exp(s)
    density = np.exp(a * s - z - tg.lgamma(tg.tensor(a, dtype=tg.float64)).item())
    slope = gamma_slope(np.full_like(z, a), z)
    assert (slope > 0).all()
    tolerance = 1e-6 if a < 1e5 else 1e-4  # the density has lost digits there
    assert (slope * density).sum() * (s[1] - s[0]) == pytest.approx(1, rel=tolerance)
    assert (2 * z * slope * density).sum() * (s[1] - s[0]) == pytest.approx(1 + 2 * a, rel=tolerance)


def test_the_formulas_meet_where_they_change() -> None:
    for a in (0.05, 1.0, 30.0, 5000.0):
        edge = a + 1
        below, above = gamma_slope(np.full(2, a), np.array([edge, edge * (1 + 1e-12)]))
        assert below == pytest.approx(above, rel=1e-9), a
    below, above = gamma_slope(np.array([1e4 * (1 - 1e-12), 1e4]), np.array([10150.0, 10150.0]))
    assert below == pytest.approx(above, rel=1e-8)


@pytest.mark.parametrize("a", SIZES)
def test_the_slope_is_that_of_the_quantile(a: float) -> None:
    special = pytest.importorskip("scipy.special")
    z = special.gammaincinv(a, np.linspace(0.02, 0.98, 25))
    z = z[z > 1e-250]
    step = a * 1e-5
    share = special.gammainc(a, z)
    wanted = (special.gammaincinv(a + step, share) - special.gammaincinv(a - step, share)) / (2 * step)
    rtol = 1e-6 if a >= 0.1 else 1e-5  # where z falls as share^(1/a), the difference quotient itself is off by this
    np.testing.assert_allclose(gamma_slope(np.full_like(z, a), z), wanted, rtol=rtol)


@pytest.mark.oracle
@pytest.mark.parametrize("a", SIZES)
def test_the_slope_is_pytorch_s_as_far_as_that_goes(a: float) -> None:
    torch = pytest.importorskip("torch")
    z = np.maximum(np.random.default_rng(0).gamma(a, size=500), 1e-300)
    theirs = torch._standard_gamma_grad(torch.full((500,), a, dtype=torch.float64), torch.tensor(z)).numpy()
    np.testing.assert_allclose(gamma_slope(np.full_like(z, a), z), theirs, rtol=2e-3)  # theirs are fits


# A distribution, its parameters, and a moment with its derivatives in the parameters.
MOMENTS: dict[str, tuple[Any, list[Any], Any, list[Any]]] = {
    "Gamma": (Gamma, [3.0, 2.0], lambda z: z.mean(), [0.5, -0.75]),
    "Gamma, second": (Gamma, [0.7, 2.0], lambda z: (z**2).mean(), [(1 + 2 * 0.7) / 4, -2 * (0.7 + 0.49) / 8]),
    "Chi2": (Chi2, [3.0], lambda z: z.mean(), [1.0]),
    "Beta": (Beta, [2.0, 3.0], lambda z: z.mean(), [3 / 25, -2 / 25]),
    "Dirichlet": (Dirichlet, [[2.0, 1.0, 2.0]], lambda z: z[..., 0].mean(), [[3 / 25, -2 / 25, -2 / 25]]),
}


@pytest.mark.parametrize("name", MOMENTS)
def test_gradients_of_means_are_those_of_the_formulas(name: str) -> None:
    make, params, moment, wanted = MOMENTS[name]
    tg.manual_seed(3)
    leaves = [tg.tensor(value, requires_grad=True, dtype=tg.float64) for value in params]
    distribution = make(*leaves)
    assert distribution.has_rsample
    moment(distribution.rsample((20000,))).backward()
    for leaf, value in zip(leaves, wanted, strict=True):
        np.testing.assert_allclose(leaf.grad.numpy(), value, rtol=0.05, atol=0.003)


def test_shapes_types_and_what_is_not_recorded() -> None:
    a = tg.tensor([[0.5], [2.0]], requires_grad=True)
    drawn = Gamma(a, tg.tensor([1.0, 2.0, 3.0])).rsample((4,))
    assert drawn.shape == (4, 2, 3) and drawn.dtype == tg.float32
    drawn.sum().backward()
    assert a.grad.shape == (2, 1) and (a.grad > 0).all()
    assert not Gamma(a, 1.0).sample().requires_grad
    with tg.no_grad():
        assert not Gamma(a, 1.0).rsample().requires_grad
    assert Independent(Beta(a, 1.0), 1).rsample().requires_grad
    assert Gamma(tg.tensor(1.0), tg.tensor(2.0, requires_grad=True)).rsample().requires_grad, "by its rate"
    assert Dirichlet(tg.full((2, 3), 1e-3, requires_grad=True)).rsample((500,)).isfinite().all()


def test_one_seed_gives_the_numbers_of_sample() -> None:
    a = tg.tensor([0.5, 4.0], requires_grad=True)
    for make in (lambda: Gamma(a, 2.0), lambda: Beta(a, 2.0), lambda: Dirichlet(a)):
        tg.manual_seed(5)
        first = make().sample((3,))
        tg.manual_seed(5)
        assert tg.equal(first, make().rsample((3,)).detach())


def test_a_second_derivative_is_refused_as_in_pytorch() -> None:
    a = tg.tensor(2.0, requires_grad=True)
    (first,) = tg.autograd.grad(Gamma(a, 1.0).rsample() ** 2, a, create_graph=True)
    with pytest.raises(RuntimeError, match="standard_gamma_grad"):
        first.backward()
