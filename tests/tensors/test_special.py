"""torch.special's names are the operations that have other names elsewhere."""

from typing import Any

import numpy as np
import pytest

import tinygrad_edu as tg

TWO, DIM = {"xlogy"}, {"log_softmax": 0, "logsumexp": 0, "softmax": 0}


def run(library: Any, name: str) -> Any:
    x = library.tensor([0.2, 0.4, 0.7], dtype=library.float64)
    function = getattr(library.special, name)
    return np.asarray(function(x, x) if name in TWO else function(x, DIM[name]) if name in DIM else function(x))


@pytest.mark.oracle
@pytest.mark.parametrize("name", dir(tg.special))
def test_as_pytorch(name: str) -> None:
    torch = pytest.importorskip("torch")
    assert np.allclose(run(tg, name), run(torch, name), rtol=1e-10)


def test_they_are_the_operations() -> None:
    x = tg.tensor([0.25], requires_grad=True)
    assert tg.equal(tg.special.expit(x), x.sigmoid()) and tg.equal(tg.special.gammaln(x), x.lgamma())
    tg.special.logit(x).backward()
    assert x.grad.item() == pytest.approx(1 / (0.25 * 0.75))
    with pytest.raises(AttributeError, match="bessel"):
        _ = tg.special.bessel_j0
