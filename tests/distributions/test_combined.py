"""Distributions made of others: independent dimensions and mixtures, against PyTorch's."""

from typing import Any

import numpy as np
import pytest

import tinygrad_edu as tg
import tinygrad_edu.distributions as ours

DRAWS = 20_000


def close(mine: Any, yours: Any, what: str) -> None:
    a, b = mine.detach().numpy(), yours.detach().numpy()
    assert a.shape == b.shape and a.dtype == b.dtype, (what, a.shape, b.shape)
    np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-11, err_msg=what)


@pytest.mark.oracle
def test_independent_dimensions() -> None:
    torch = pytest.importorskip("torch")
    x = np.linspace(-1, 1, 24).reshape(4, 3, 2)
    pair = []
    for library in (tg, torch):
        lib = library.distributions
        d = lib.Independent(lib.Normal(library.zeros(3, 2).double(), library.ones(2).double()), 1)
        e = lib.Independent(lib.Normal(library.ones(3, 2).double(), 2 * library.ones(2).double()), 1)
        found = [d.log_prob(library.tensor(x)), d.entropy(), d.mean, d.variance, lib.kl_divergence(d, e)]
        pair.append((d, found))
    (mine, values), (yours, wanted) = pair
    assert repr(mine) == repr(yours) and (mine.batch_shape, mine.event_shape) == ((3,), (2,))
    for a, b in zip(values, wanted, strict=True):
        close(a, b, "Independent")
    assert mine.sample((5,)).shape == (5, 3, 2) and mine.expand((7, 3)).sample().shape == (7, 3, 2) and mine.has_rsample


@pytest.mark.oracle
@pytest.mark.parametrize("events", [0, 1])
def test_mixtures(events: int) -> None:
    torch = pytest.importorskip("torch")
    loc, scale, weights = np.array([[-2.0, 0.5], [1.0, 3.0], [0.0, 0.0]]), 0.7, np.array([0.2, 0.3, 0.5])
    x = np.array([[0.3, -1.0], [2.0, 0.1]])
    pair = []
    for library in (tg, torch):
        lib = library.distributions
        places = library.tensor(loc if events else loc.T.copy()).requires_grad_()
        parts = lib.Normal(places, scale)
        d = lib.MixtureSameFamily(
            lib.Categorical(library.tensor(weights)), lib.Independent(parts, 1) if events else parts
        )
        found = [d.log_prob(library.tensor(x)), d.mean, d.variance] + ([] if events else [d.cdf(library.tensor(x))])
        found[0].sum().backward()
        pair.append((d, [*found, places.grad]))
    (mine, values), (yours, wanted) = pair
    assert repr(mine) == repr(yours)
    assert repr(mine.support) == repr(yours.support)
    for a, b in zip(values, wanted, strict=True):
        close(a, b, "mixture")
    tg.manual_seed(4)
    drawn = mine.sample((DRAWS,))
    assert drawn.shape == (DRAWS, 2) and ((drawn.mean(0) - mine.mean).abs() < 0.06).all()
    assert mine.expand((4,) if events else (4, 2)).sample().shape == (4, 2)
    for bad in ((ours.Normal(0.0, 1.0), ours.Normal(tg.zeros(3), 1.0)), (ours.Categorical(tg.ones(2)), 3)):
        with pytest.raises(ValueError):
            ours.MixtureSameFamily(*bad)
    with pytest.raises(ValueError, match="does not equal"):
        ours.MixtureSameFamily(ours.Categorical(tg.ones(2)), ours.Normal(tg.zeros(3), 1.0))
