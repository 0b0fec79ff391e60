"""Anomaly mode: the line whose derivative is nan."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def expected_warning() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*Anomaly Detection has been enabled")
        yield


def test_says_that_it_is_on(lib: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        with pytest.warns(UserWarning, match="Anomaly Detection has been enabled"):
            lib.autograd.detect_anomaly()


def test_points_at_the_line(lib: Any) -> None:
    x = lib.zeros(1, requires_grad=True)

    def unlucky(x: Any) -> Any:
        return x.sqrt()  # the line

    with lib.autograd.detect_anomaly():
        y = unlucky(x) * 0
        message = "Function 'SqrtBackward0' returned nan values in its 0th output"
        with pytest.warns(UserWarning, match="Error detected in SqrtBackward0") as caught:
            with pytest.raises(RuntimeError, match=message):
                y.sum().backward()
    text = next(str(w.message) for w in caught if "SqrtBackward0" in str(w.message))
    assert "Traceback of forward call that caused the error" in text and "in unlucky" in text
    assert text.index("test_points_at_the_line") < text.index("in unlucky")
    assert x.grad is None
    (x.sqrt() * 0).sum().backward()
    assert x.grad.isnan().all(), "without the mode nan passes silently"


def test_the_last_line_is_the_users() -> None:
    import tinygrad_edu as tg

    x = tg.zeros(1, requires_grad=True)
    with tg.autograd.detect_anomaly():
        for result in (x.sqrt(), x.log_softmax(0), x + 1, tg.stack([x, x]), x.mean()):
            trace = result.grad_fn.metadata["traceback_"]
            assert "for result in" in trace[-1] and "tinygrad_edu/" not in trace[-1]


def test_without_looking_for_nan(lib: Any) -> None:
    x = lib.zeros(1, requires_grad=True)
    with lib.autograd.detect_anomaly(check_nan=False):
        (x.sqrt() * 0).sum().backward()
    assert x.grad.isnan().all()


def test_exceptions_are_explained_too(lib: Any) -> None:
    class Fails(lib.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 2

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            raise ZeroDivisionError("on purpose")

    x = lib.ones(1, requires_grad=True)
    with lib.autograd.detect_anomaly():
        y = Fails.apply(x)
        with pytest.warns(UserWarning, match="Error detected in FailsBackward"):
            with pytest.raises(ZeroDivisionError, match="on purpose"):
                y.backward()
    z = Fails.apply(x)
    with lib.autograd.detect_anomaly():
        with pytest.warns(UserWarning, match="(?i)no forward pass information"):
            with pytest.raises(ZeroDivisionError):
                z.backward()


def test_derivatives_of_derivatives_name_what_led_to_them(lib: Any) -> None:
    x = lib.zeros(1, requires_grad=True)
    with lib.autograd.detect_anomaly():
        (first,) = lib.autograd.grad((x**1.5).sum(), x, create_graph=True)
        with pytest.warns(UserWarning, match="Previous calculation was induced by PowBackward0"):
            with pytest.raises(RuntimeError, match="returned nan values"):
                (second,) = lib.autograd.grad(first.sum(), x, create_graph=True)
                lib.autograd.grad(second.sum() * 0, x)


def test_set_detect_anomaly(lib: Any) -> None:
    x = lib.zeros(1, requires_grad=True)
    assert not lib.is_anomaly_enabled()
    with lib.autograd.set_detect_anomaly(True, check_nan=False):
        assert lib.is_anomaly_enabled() and not lib.is_anomaly_check_nan_enabled()
        assert "traceback_" in (x + 1).grad_fn.metadata
        with lib.autograd.set_detect_anomaly(False):
            assert "traceback_" not in (x + 1).grad_fn.metadata
        assert "traceback_" in (x + 1).grad_fn.metadata
    assert "traceback_" not in (x + 1).grad_fn.metadata
    lib.autograd.set_detect_anomaly(True)
    try:
        assert "traceback_" in (x + 1).grad_fn.metadata
    finally:
        lib.autograd.set_detect_anomaly(False)
