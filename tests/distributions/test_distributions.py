"""Distributions against PyTorch's, from one table; their draws against their own law, under fixed seeds; their errors.

A distribution without a row fails the build.
"""

import copy
import inspect
import math
import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.module_cases import BESIDE_MORE

import tinygrad_edu as tg
import tinygrad_edu.distributions as ours

MATRIX = np.array([[2.0, 0.5], [0.5, 1.0]])
WEIGHTS = np.array([[0.2, 0.3, 0.5], [0.0, 0.6, 0.4]])
# Name: the parameters, and outcomes to take the log probability of.
CASES: dict[str, list[tuple[dict[str, Any], Any]]] = {
    "Normal": [
        ({"loc": np.array([0.0, 1.0]), "scale": np.array([1.0, 0.3])}, np.array([[0.5, -2.0]])),
        ({"loc": 1.0, "scale": np.array([2.0])}, np.array([3.0])),
    ],
    "LogNormal": [({"loc": np.array([0.0, 0.4]), "scale": np.array(0.6)}, np.array([0.5, 2.0]))],
    "HalfNormal": [({"scale": np.array([0.5, 2.0])}, np.array([0.5, 1.0]))],
    "Uniform": [({"low": np.array([0.0, -1.0]), "high": np.array([2.0, 3.0])}, np.array([0.5, 2.9]))],
    "Exponential": [({"rate": np.array([0.5, 3.0])}, np.array([0.1, 2.0]))],
    "Laplace": [({"loc": np.array([0.0, 1.0]), "scale": np.array([1.0, 0.3])}, np.array([0.5, -2.0]))],
    "Cauchy": [({"loc": np.array([0.0, 1.0]), "scale": np.array([1.0, 0.3])}, np.array([0.5, -2.0]))],
    "Gumbel": [({"loc": np.array([0.0, 1.0]), "scale": np.array([1.0, 0.3])}, np.array([0.5, 0.2]))],
    "Gamma": [({"concentration": np.array([0.4, 3.0]), "rate": np.array([1.0, 2.5])}, np.array([0.5, 2.0]))],
    "Chi2": [({"df": np.array([1.0, 5.0])}, np.array([0.5, 2.0]))],
    "Beta": [({"concentration1": np.array([0.5, 3.0]), "concentration0": np.array([0.7, 2.0])}, np.array([0.2, 0.8]))],
    "Dirichlet": [({"concentration": np.array([[0.5, 1.0, 4.0], [1.0, 1.0, 1.0]])}, np.array([0.2, 0.3, 0.5]))],
    "Bernoulli": [
        ({"probs": np.array([0.2, 0.9])}, np.array([1.0, 0.0])),
        ({"logits": np.array([-0.3, 2.0])}, np.array([1.0, 1.0])),
    ],
    "Geometric": [
        ({"probs": np.array([0.2, 0.9])}, np.array([3.0, 0.0])),
        ({"logits": np.array([-0.3, 2.0])}, np.array([1.0, 0.0])),
    ],
    "Binomial": [
        ({"total_count": 5, "probs": np.array([0.2, 0.9])}, np.array([3.0, 0.0])),
        ({"total_count": 4, "logits": np.array([-0.3, 2.0])}, np.array([1.0, 4.0])),
    ],
    "Poisson": [({"rate": np.array([0.3, 20.0])}, np.array([0.0, 25.0]))],
    "Categorical": [
        ({"probs": np.array([[1.0, 2.0, 5.0], [0.0, 0.6, 0.4]])}, np.array([2, 1])),
        ({"logits": np.array([0.3, -1.0, 2.0])}, np.array([0, 1, 2])),
    ],
    "OneHotCategorical": [
        ({"probs": WEIGHTS}, np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0]])),
        ({"logits": np.array([0.3, -1.0, 2.0])}, np.eye(3)),
    ],
    "OneHotCategoricalStraightThrough": [({"probs": WEIGHTS}, np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0]]))],
    "Multinomial": [
        ({"total_count": 5, "probs": WEIGHTS}, np.array([[1.0, 2.0, 2.0], [0.0, 4.0, 1.0]])),
        ({"total_count": 3, "logits": np.array([0.3, -1.0, 2.0])}, np.array([1.0, 0.0, 2.0])),
    ],
    "MultivariateNormal": [
        ({"loc": np.zeros(2), "covariance_matrix": MATRIX}, np.array([[0.5, -1.0], [2.0, 1.0]])),
        ({"loc": np.zeros((3, 2)), "precision_matrix": MATRIX}, np.array([0.5, -1.0])),
        ({"loc": np.ones(2), "scale_tril": np.stack([np.linalg.cholesky(MATRIX), np.eye(2)])}, np.array([0.5, -1.0])),
    ],
}  # fmt: skip
TABLE = [(name, *row) for name, rows in CASES.items() for row in rows]
IDS = [f"{name}-{i}" for name, rows in CASES.items() for i in range(len(rows))]
LESS_PRECISE = {
    "Multinomial",
    "Gamma",
    "Chi2",
    "Beta",
    "Dirichlet",
}  # digamma and a logarithm in float32 have their own error


def test_every_distribution_is_in_the_table() -> None:
    assert set(ours.__all__) == {*CASES, *BESIDE_MORE["distributions"]}


def build(library: Any, name: str, params: dict[str, Any], grad: bool = False) -> tuple[Any, list[Any]]:
    given = {key: library.tensor(value) if isinstance(value, np.ndarray) else value for key, value in params.items()}
    leaves = [value.requires_grad_() for value in given.values() if grad and not isinstance(value, (int, float))]
    return getattr(library.distributions, name)(**given), leaves


def close(mine: Any, yours: Any, what: str, rtol: float = 1e-9) -> None:
    a, b = mine.detach().numpy(), yours.detach().numpy()
    assert a.shape == b.shape and a.dtype == b.dtype, (what, a.shape, b.shape, a.dtype, b.dtype)
    np.testing.assert_allclose(a, b, rtol=rtol, atol=1e-11, err_msg=what)


def either(compute: Any) -> Any:
    """What is computed, or None where the library has not got it."""
    try:
        return compute()
    except NotImplementedError:
        return None


@pytest.mark.oracle
@pytest.mark.parametrize(("name", "params", "outcome"), TABLE, ids=IDS)
def test_formulas_equal_pytorch_s(name: str, params: dict[str, Any], outcome: np.ndarray) -> None:
    torch = pytest.importorskip("torch")
    mine, my_leaves = build(tg, name, params, grad=True)
    yours, your_leaves = build(torch, name, params, grad=True)
    rtol = 1e-6 if name in LESS_PRECISE else 1e-9
    plain = [repr(build(library, name, params)[0]) for library in (tg, torch)]
    assert plain[0] == plain[1] or plain[1] == f"{name}()"  # PyTorch shows nothing where it has another one inside
    assert (mine.batch_shape, mine.event_shape) == (tuple(yours.batch_shape), tuple(yours.event_shape))
    supports = [repr(build(library, name, params)[0].support) for library in (tg, torch)]
    assert supports[0] == supports[1]
    assert mine.has_enumerate_support == yours.has_enumerate_support
    for what in ("mean", "variance", "stddev", "mode"):
        a, b = either(lambda what=what: getattr(mine, what)), either(lambda what=what: getattr(yours, what))
        if a is not None and b is not None:
            close(a, b, what, rtol)
    for what in ("entropy", "perplexity", "enumerate_support"):
        a, b = either(lambda what=what: getattr(mine, what)()), either(lambda what=what: getattr(yours, what)())
        assert (a is None) == (b is None), what
        if a is not None:
            close(a, b, what, rtol)
    value = (tg.tensor(outcome), torch.tensor(outcome))
    a, b = mine.log_prob(value[0]), yours.log_prob(value[1])
    close(a, b, "log_prob")
    a.sum().backward(), b.sum().backward()
    for x, y in zip(my_leaves, your_leaves, strict=True):
        close(x.grad, y.grad, "gradient", rtol)
    for what in ("cdf", "icdf"):
        given = value if what == "cdf" else (tg.full((2,), 0.3).double(), torch.full((2,), 0.3).double())
        a = either(lambda what=what, given=given: getattr(mine, what)(given[0]))
        if a is not None:
            close(a, getattr(yours, what)(given[1]), what)
    wide = (4, *mine.batch_shape)
    if len(value[0].shape) - len(mine.event_shape) <= len(wide) - 1:
        close(mine.expand(wide).log_prob(value[0]), yours.expand(wide).log_prob(value[1]), "expanded")


@pytest.mark.oracle
@pytest.mark.parametrize("name", CASES)
def test_divergences_equal_pytorch_s(name: str) -> None:
    torch = pytest.importorskip("torch")
    if name in ("Multinomial", "OneHotCategoricalStraightThrough", "Cauchy", "Gumbel"):
        pytest.skip("no formula")
    params, _ = CASES[name][0]
    other = {k: v if k == "total_count" or "matrix" in k else v * 0.8 + 0.05 for k, v in params.items()}
    if name in ("Categorical", "OneHotCategorical"):
        other = {"probs": np.array([[1.0, 1.0, 2.0], [1.0, 5.0, 5.0]])}
    (p, _), (q, _) = build(tg, name, params, grad=True), build(tg, name, other)
    (s, _), (t, _) = build(torch, name, params), build(torch, name, other)
    rtol = 1e-6 if name in LESS_PRECISE else 1e-9
    close(ours.kl_divergence(p, q), torch.distributions.kl_divergence(s, t), "p from q", rtol)
    close(ours.kl_divergence(q, p), torch.distributions.kl_divergence(t, s), "q from p", rtol)
    nothing = ours.kl_divergence(p, p).detach()
    assert tg.allclose(nothing, tg.zeros_like(nothing), atol=1e-9)


# --- draws ----------------------------------------------------------------------------------------------------------

DRAWS = 20_000


@pytest.mark.parametrize(("name", "params", "outcome"), TABLE, ids=IDS)
def test_draws_have_the_mean_and_the_spread(name: str, params: dict[str, Any], outcome: np.ndarray) -> None:
    tg.manual_seed(7)
    d, _ = build(tg, name, params)
    drawn = d.sample((DRAWS,))
    assert drawn.shape == (DRAWS, *d.batch_shape, *d.event_shape)
    assert not drawn.requires_grad and bool(d.support.check(drawn).all())
    if name == "Cauchy":  # has none
        assert d.mean.isnan().all() and d.variance.isinf().all()
        return
    if name == "Categorical":
        drawn = tg.nn.functional.one_hot(drawn, 3).double()
        mean, spread = d.probs, d.probs * (1 - d.probs)
    else:
        mean, spread = d.mean, d.variance
    off = (drawn.mean(0) - mean).abs() / (spread / DRAWS).sqrt().clamp(min=1e-12)
    assert (off < 4.5).all(), off  # the seed is fixed: 4.5 standard errors never happen by accident
    close(drawn.var(0), spread.expand(*drawn.shape[1:]), "variance", rtol=0.12)


CONTINUOUS = [
    "Gumbel",
    "Normal",
    "LogNormal",
    "HalfNormal",
    "Uniform",
    "Exponential",
    "Laplace",
    "Gamma",
    "Chi2",
    "Beta",
]


@pytest.mark.parametrize("name", CONTINUOUS)
def test_draws_follow_their_density(name: str) -> None:
    """The greatest distance between the shares drawn and the density added up (Kolmogorov, Smirnov)."""
    tg.manual_seed(3)
    params, _ = CASES[name][0]
    d, _ = build(tg, name, params)
    drawn = np.sort(d.sample((DRAWS,)).numpy()[:, 1])
    edges = np.linspace(drawn[0], drawn[-1], 40_001)
    middles = (edges[1:] + edges[:-1]) / 2
    one, _ = build(tg, name, {key: value if value.ndim == 0 else value[1:] for key, value in params.items()})
    density = one.log_prob(tg.tensor(middles)[:, None]).exp().numpy()[:, 0]
    law = np.cumsum(density) * (edges[1] - edges[0])
    share = np.searchsorted(drawn, edges[1:], side="right") / DRAWS
    assert np.abs(share - law).max() < 1.63 / math.sqrt(DRAWS) + 2e-3


@pytest.mark.parametrize("name", ["Bernoulli", "Geometric", "Binomial", "Poisson"])
def test_draws_come_as_often_as_their_probability_says(name: str) -> None:
    tg.manual_seed(5)
    params, _ = CASES[name][0]
    d, _ = build(tg, name, params)
    drawn = d.sample((DRAWS,)).numpy()
    top = {"Bernoulli": 1, "Binomial": 5}.get(name, 40)
    values = np.arange(top + 1.0)
    probability = d.log_prob(tg.tensor(values)[:, None].expand(-1, 2)).exp().numpy()
    share = (drawn[None] == values[:, None, None]).mean(1)
    error = np.sqrt(probability * (1 - probability) / DRAWS)
    assert (np.abs(share - probability) < 4.5 * error + 1e-9 + 2 / DRAWS).all()


def test_a_large_rate_and_a_certain_success() -> None:
    tg.manual_seed(1)
    many = ours.Poisson(tg.tensor([2000.0])).sample((2000,))
    assert abs(many.mean().item() - 2000) < 4.5 and 1700 < many.var().item() < 2300
    assert (ours.Geometric(1.0).sample((5,)) == 0).all() and ours.Geometric(1.0).log_prob(tg.tensor(0.0)) == 0
    assert (ours.Poisson(0.0).sample((5,)) == 0).all()


def test_samples_carry_gradients_where_they_can() -> None:
    for name, params in (("Normal", {"loc": 1.0, "scale": 2.0}), ("Uniform", {"low": 1.0, "high": 2.0})):
        leaves = {key: tg.tensor(value, requires_grad=True) for key, value in params.items()}
        tg.manual_seed(2)
        drawn = getattr(ours, name)(**leaves).rsample((1000,))
        drawn.mean().backward()
        first, second = leaves.values()
        a, b = first.grad.item(), second.grad.item()
        if name == "Normal":  # mean = loc + scale * (mean of the noise)
            assert a == pytest.approx(1) and b == pytest.approx((drawn.mean().item() - 1) / 2, rel=1e-4)
        else:
            assert a + b == pytest.approx(1)
    weights = tg.tensor([0.2, 0.8], requires_grad=True)
    straight = ours.OneHotCategoricalStraightThrough(weights).rsample()
    straight[0].backward()
    assert weights.grad is not None and sorted(straight.tolist()) == [0.0, 1.0]
    for d in (ours.Bernoulli(0.5), ours.Categorical(tg.ones(2)), ours.Poisson(1.0)):
        assert not d.has_rsample
        with pytest.raises(NotImplementedError, match="no rsample"):
            d.rsample()


def test_the_policy_gradient_of_a_lecture() -> None:
    logits = tg.zeros(1, 2, requires_grad=True)
    d = ours.Categorical(logits=logits)
    action = d.sample()
    (-d.log_prob(action) * 3.0).sum().backward()
    chosen = action.item()
    assert logits.grad[0, chosen].item() == pytest.approx(-1.5) and logits.grad[0, 1 - chosen].item() == 1.5


# --- shapes, copies, errors -----------------------------------------------------------------------------------------


def test_copies_and_pickles() -> None:
    for name, params, outcome in TABLE:
        d, _ = build(tg, name, params)
        for other in (copy.deepcopy(d), pickle.loads(pickle.dumps(d))):
            assert tg.equal(other.log_prob(tg.tensor(outcome)), d.log_prob(tg.tensor(outcome))), name


@pytest.mark.oracle
@pytest.mark.parametrize("name", [*CASES, "Independent", "MixtureSameFamily", "Distribution"])
def test_signatures(name: str) -> None:
    torch = pytest.importorskip("torch")
    mine, yours = (
        list(inspect.signature(getattr(lib, name)).parameters.values()) for lib in (ours, torch.distributions)
    )
    assert [(p.name, p.default) for p in mine] == [(p.name, p.default) for p in yours]


D = Any
REFUSED: list[tuple[str, Any]] = [
    ("scale", lambda t, d: d.Normal(0.0, -1.0)),
    ("one scale", lambda t, d: d.Normal(t.zeros(2), t.tensor([1.0, -1.0]))),
    ("nan", lambda t, d: d.Normal(math.nan, 1.0)),
    ("outcome", lambda t, d: d.Bernoulli(0.5).log_prob(t.tensor(2.0))),
    ("both", lambda t, d: d.Bernoulli(0.5, 0.5)),
    ("neither", lambda t, d: d.Categorical()),
    ("no row", lambda t, d: d.Categorical(t.tensor(1.0))),
    ("class", lambda t, d: d.Categorical(t.ones(3)).log_prob(t.tensor(3))),
    ("weight", lambda t, d: d.Categorical(probs=t.tensor([-1.0, 2.0]))),
    ("number", lambda t, d: d.Normal(0.0, 1.0).log_prob(1.0)),
    ("text", lambda t, d: d.Normal("a", 1.0)),
    ("shape", lambda t, d: d.Normal(t.zeros(2), 1.0).log_prob(t.zeros(3))),
    ("bounds", lambda t, d: d.Uniform(1.0, 0.0)),
    ("never", lambda t, d: d.Geometric(0.0)),
    ("rate", lambda t, d: d.Exponential(0.0)),
    ("dimensions", lambda t, d: d.Independent(d.Normal(0.0, 1.0), 1)),
    ("no matrix", lambda t, d: d.MultivariateNormal(t.zeros(2))),
    ("negative", lambda t, d: d.MultivariateNormal(t.zeros(2), -t.eye(2))),
    ("lopsided", lambda t, d: d.MultivariateNormal(t.zeros(2), scale_tril=t.ones(2, 2))),
    ("event", lambda t, d: d.Multinomial(3, t.ones(2)).log_prob(t.ones(3))),
    ("count", lambda t, d: d.Multinomial(3, t.ones(2)).log_prob(t.tensor([4.0, 0.0]))),
    ("no gradient", lambda t, d: d.Bernoulli(0.5).rsample()),
    ("no formula", lambda t, d: d.kl_divergence(d.Normal(0.0, 1.0), d.Poisson(1.0))),
]


@pytest.mark.oracle
@pytest.mark.parametrize("attempt", [row[1] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_is_refused(attempt: Any) -> None:
    torch = pytest.importorskip("torch")
    caught = []
    for library in (tg, torch):
        with pytest.raises((ValueError, NotImplementedError)) as error:
            attempt(library, library.distributions)
        caught.append(error.value)
    assert type(caught[0]) is type(caught[1]), caught


def test_errors_name_the_rule_and_checks_can_be_switched_off() -> None:
    with pytest.raises(ValueError, match=r"parameter scale .* GreaterThan\(lower_bound=0.0\)"):
        ours.Normal(0.0, -1.0)
    assert ours.Normal(0.0, -1.0, validate_args=False).scale == -1
    ours.Distribution.set_default_validate_args(False)
    try:
        assert ours.Bernoulli(0.5).log_prob(tg.tensor(2.0)) < 1
    finally:
        ours.Distribution.set_default_validate_args(True)
    with pytest.raises(ValueError, match="True or False"):
        ours.Distribution.set_default_validate_args("no")  # type: ignore[arg-type]


def test_a_distribution_of_ones_own() -> None:
    class Certain(ours.Distribution):
        arg_constraints = {"value": ours.constraints.real}

        def __init__(self, value: Any) -> None:
            self.value = value
            super().__init__(value.shape)

    @ours.register_kl(Certain, ours.Normal)
    def _(p: Any, q: Any) -> Any:
        return -q.log_prob(p.value)

    d = Certain(tg.tensor([1.0, 2.0]))
    assert repr(d) == "Certain(value: torch.Size([2]))" and d.expand((3, 2)).value.shape == (3, 2)
    assert ours.kl_divergence(d, ours.Normal(0.0, 1.0)).shape == (2,)
    with pytest.raises(NotImplementedError):
        d.log_prob(tg.tensor(1.0))
    with pytest.raises(NotImplementedError, match="entropy"):
        d.entropy()
