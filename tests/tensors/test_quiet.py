"""NumPy's warnings stay off inside operations, whoever computes there, and the user's own settings stay as they are."""

import gc
import warnings

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.kernels.numpy import quiet


def test_no_warning_reaches_the_user() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        x = tg.tensor([0.0, -1.0, 1e30], requires_grad=True)
        ((x / 0.0).sum() + x.log().sum() + (x * x * x).exp().sum()).backward()
        tg.tensor(0.0).log(), tg.tensor(1e38) * 1e38, tg.tensor([1e300]), tg.tensor([1e300], dtype=tg.float16)


def test_the_users_own_error_state_is_kept() -> None:
    with np.errstate(all="raise"):
        assert tg.isinf(tg.tensor([1e38]) * 1e38).item()
        with pytest.raises(FloatingPointError):
            np.float32(1e38) * np.float32(1e38)


def test_operations_may_run_inside_operations() -> None:
    """A rule that computes with Tensors, or a finalizer that the collector runs meanwhile."""
    x = tg.ones(3, requires_grad=True)

    def inside() -> tuple[tg.Tensor, ...]:
        return x * 2 + 1, x @ x, x[0], x.reshape(3, 1), -x, x**2, x.sum(), tg.cat([x, x])

    nested = quiet.run(inside)
    for got, wanted in zip(nested, inside(), strict=True):
        assert tg.equal(got, wanted) and got.requires_grad
    with pytest.raises(RuntimeError, match=r"\(3,\) and \(2,\)"):
        quiet.run(lambda: x + tg.ones(2))


def test_a_finalizer_may_use_tensors() -> None:
    results = []

    class Last:
        def __init__(self) -> None:
            self.me = self  # only the collector can free it

        def __del__(self) -> None:
            results.append((tg.ones(2) * 3).sum().item())

    Last()
    quiet.run(gc.collect)
    assert 6.0 in results
