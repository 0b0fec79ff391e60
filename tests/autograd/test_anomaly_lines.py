"""Anomaly mode points at the user's own line: for each way in which a backward pass makes a nan, beside PyTorch."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from typing import Any

import pytest

# Each is written on one line of its own, and its backward makes a nan there: 0 / 0, 0 * inf, inf - inf.
NANS: dict[str, Callable[[Any, Any], Any]] = {
    "sqrt": lambda lib, x: x.sqrt() * 0,
    "power": lambda lib, x: (x**0.5) * 0,
    "two tensors": lambda lib, x: x / x,
    "logarithm": lambda lib, x: x.log() * 0,
    "norm by hand": lambda lib, x: (x * x).sum().sqrt(),
    "where does not help": lambda lib, x: lib.where(x > 0, x.sqrt(), 0 * x),
    "a function": lambda lib, x: lib.rsqrt(x) * 0,
    "arccosine": lambda lib, x: (x + 1).acos() * 0,
    "in place": lambda lib, x: (x * 1).sqrt_().mul(0),
    "deeper": lambda lib, x: inner(lib, x),
    "a module": lambda lib, x: lib.nn.functional.normalize(x.reshape(1, 2).sqrt(), p=2.0) * 0,
}


def inner(lib: Any, x: Any) -> Any:
    y = x.sqrt()
    return y * 0


def told(lib: Any, make: Callable[[Any, Any], Any]) -> tuple[str, str, str]:
    """(the error, the function it names, the user's last line in the warning's traceback)."""
    x = lib.zeros(2, requires_grad=True)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with lib.autograd.detect_anomaly(), pytest.raises(RuntimeError, match="returned nan values") as error:
            make(lib, x).sum().backward()
    text = next(str(w.message) for w in caught if "Error detected in" in str(w.message))
    # Lines of this file only: PyTorch's traceback ends where its own Python ends, ours at the user's last line.
    here = [line.strip() for at, line in re.findall(r'File "([^"]+)", line \d+, in .+\n(.+)', text) if at == __file__]
    assert x.grad is None, "nothing is added to a leaf"
    return str(error.value), re.search(r"Error detected in (\w+)", text).group(1), here[-1]  # type: ignore[union-attr]


@pytest.mark.parametrize("name", NANS)
def test_the_users_line(name: str) -> None:
    import tinygrad_edu as tg

    error, function, line = told(tg, NANS[name])
    assert function in error
    wanted = "y = x.sqrt()" if name == "deeper" else f'"{name}": lambda'
    assert line.startswith(wanted), line


@pytest.mark.oracle
@pytest.mark.parametrize("name", NANS)
def test_as_pytorch_points(name: str) -> None:
    torch = pytest.importorskip("torch")
    import tinygrad_edu as tg

    ours, theirs = told(tg, NANS[name]), told(torch, NANS[name])
    assert ours[2] == theirs[2]
    assert ours[1] == theirs[1], "another operation is named"


def test_in_a_loop_it_is_the_iteration_that_failed() -> None:
    import tinygrad_edu as tg

    def step(x: Any) -> Any:
        return x.sqrt()

    w = tg.tensor([4.0, 0.0], requires_grad=True)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with tg.autograd.detect_anomaly(), pytest.raises(RuntimeError):
            first = step(w[:1])
            second = step(w[1:])  # this one
            (first.sum() + second.sum() * 0).backward()
    text = next(str(w.message) for w in caught if "Error detected in" in str(w.message))
    assert "second = step(w[1:])" in text and "first = step" not in text
