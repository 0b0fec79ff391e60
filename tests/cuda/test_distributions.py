"""What is drawn for parameters on a GPU is drawn there, with the numbers of the CPU."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as torch
from tinygrad_edu import nn
from tinygrad_edu.kernels.numba_cuda import array as arrays

D = torch.distributions

DRAWN: dict[str, Callable[[Any], Any]] = {
    "Bernoulli": lambda p: D.Bernoulli(p).sample((4,)),
    "Beta": lambda p: D.Beta(p, 2 * p).sample((2,)),
    "Binomial": lambda p: D.Binomial(5, p).sample((2,)),
    "Categorical": lambda p: D.Categorical(p).sample((4,)),
    "Chi2": lambda p: D.Chi2(p).sample(),
    "Dirichlet": lambda p: D.Dirichlet(p).sample(),
    "Exponential": lambda p: D.Exponential(p).rsample((2,)),
    "Gamma": lambda p: D.Gamma(p, 0.5).sample((2,)),
    "Geometric": lambda p: D.Geometric(p).sample((2,)),
    "Laplace": lambda p: D.Laplace(p, p).rsample(),
    "Multinomial": lambda p: D.Multinomial(6, p).sample(),
    "MultivariateNormal": lambda p: D.MultivariateNormal(p, torch.eye(3, device=p.device)).rsample(),
    "Normal": lambda p: D.Normal(0.0, p).rsample((2,)),
    "OneHotCategorical": lambda p: D.OneHotCategorical(p).sample(),
    "Poisson": lambda p: D.Poisson(p).sample((3,)),
    "Uniform": lambda p: D.Uniform(p, 1.0).rsample((2,)),
    "gumbel_softmax": lambda p: nn.functional.gumbel_softmax(p, hard=True),
    "rrelu": lambda p: nn.functional.rrelu(-p, training=True),
    "orthogonal": lambda p: nn.init.orthogonal_(torch.empty(3, 4, device=p.device)).abs(),
    "sparse": lambda p: nn.init.sparse_(torch.empty(6, 3, device=p.device), 0.5),
    "trunc_normal": lambda p: nn.init.trunc_normal_(torch.empty(30, device=p.device), a=-1, b=1),
}


@pytest.mark.parametrize("name", DRAWN)
def test_drawn_there(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = torch.tensor([0.2, 0.7, 0.4])
    torch.manual_seed(3)
    expected = DRAWN[name](numbers)
    there = numbers.cuda()
    copied: list[int] = []
    plain = arrays.from_host
    monkeypatch.setattr(arrays, "from_host", lambda a, *rest: (copied.append(np.size(a)), plain(a, *rest))[1])
    torch.manual_seed(3)
    found = DRAWN[name](there)
    assert found.is_cuda and found.shape == expected.shape and not [n for n in copied if n >= expected.numel() > 1]
    np.testing.assert_allclose(found.cpu().numpy(), expected.numpy(), rtol=1e-5, atol=1e-6)
