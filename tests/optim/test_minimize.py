"""`minimize` on the book's functions: its printed run, the table of optimizers, and how a run can end."""

from typing import Any

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.errors import GradError, OptimizerError
from tinygrad_edu.optim import LBFGS, OPTIMIZERS, minimize

START = [-1.0, 1.0]

# Keydana's book, section 5.2: the value and the gradient before every 100th update, as printed there.
PRINTED = {
    100: (0.3502924, -0.667685, -0.5771312),
    200: (0.07398106, -0.1603189, -0.2532476),
    300: (0.02483024, -0.07679074, -0.1373911),
    400: (0.009619333, -0.04347242, -0.08254051),
    500: (0.003990697, -0.02652063, -0.05206227),
    600: (0.001719962, -0.01683905, -0.03373682),
    700: (0.0007584976, -0.01095017, -0.02221584),
    800: (0.0003393509, -0.007221781, -0.01477957),
    900: (0.0001532408, -0.004811743, -0.009894371),
    1000: (6.962555e-05, -0.003222887, -0.006653666),
}


def rosenbrock(x: Any) -> Any:
    return (1 - x[0]) ** 2 + 5 * (x[1] - x[0] ** 2) ** 2


def bowl(x: Any) -> Any:
    return (x**2).sum()


def test_the_run_that_the_book_prints() -> None:
    seen = {}

    def note(step: int, x: np.ndarray, value: float, grad: np.ndarray, lr: float) -> None:
        if step % 100 == 0:
            seen[step] = (value, *grad.tolist())

    result = minimize(rosenbrock, START, "sgd", lr=0.01, steps=1000, callback=note)
    assert list(seen) == list(PRINTED)
    for step, expected in PRINTED.items():
        assert [f"{number:.7g}" for number in seen[step]] == [f"{number:.7g}" for number in expected]
    assert [f"{number:.4f}" for number in result.x.tolist()] == ["0.9918", "0.9830"]
    assert (result.status, result.steps, result.lr) == ("max_steps", 1000, 0.01)


def test_the_table_has_the_eleven_names() -> None:
    assert list(OPTIMIZERS) == "sgd momentum nesterov adagrad rmsprop adadelta adam adamw nadam radam lbfgs".split()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_default_rates_arrive(name: str) -> None:
    result = minimize(rosenbrock, START, name, steps=1000)
    assert result.value <= 1e-3
    if result.status != "converged":  # as lbfgs does, where the gradient is 0
        assert result.values[-50:].max() <= 1e-3  # not by a lucky swing


def test_points_values_and_gradients_belong_together() -> None:
    result = minimize(bowl, [3.0, 4.0], "sgd", lr=0.25, steps=3)
    assert result.trajectory.tolist() == [[3.0, 4.0], [1.5, 2.0], [0.75, 1.0], [0.375, 0.5]]
    assert result.values.tolist() == [25.0, 6.25, 1.5625, 0.390625]
    assert result.value == 0.390625
    assert result.x.tolist() == [0.375, 0.5]
    assert result.grad.tolist() == [0.75, 1.0]
    assert not result.x.requires_grad


def test_one_step_to_the_bottom() -> None:
    """The book's isotropic paraboloid: lr 2.5 from (6, 6) lands on (0, 0) at once."""
    result = minimize(lambda x: 0.2 * x[0] ** 2 + 0.2 * x[1] ** 2 - 5, [6.0, 6.0], "sgd", lr=2.5)
    assert (result.status, result.steps) == ("converged", 1)
    assert result.x.tolist() == [0.0, 0.0]


def test_tolerance() -> None:
    result = minimize(bowl, [3.0, 4.0], "sgd", lr=0.25, tol=2.5)
    assert (result.status, result.steps) == ("converged", 2)  # gradients 10, 5, 2.5
    assert minimize(bowl, [1e30], "sgd", lr=0.25, steps=1).status == "diverged"  # its value is inf in float32
    assert minimize(bowl, np.array([1e200]), "sgd", lr=0.5, tol=1.0, steps=1).status == "diverged"


def test_a_large_finite_gradient_is_no_divergence() -> None:
    result = minimize(lambda x: (x * 1e25).sum(), [1.0], "sgd", lr=1e-25, steps=1)
    assert result.status == "max_steps"


def test_divergence_is_a_status() -> None:
    result = minimize(rosenbrock, START, "sgd", lr=0.6, steps=1000)
    assert result.status == "diverged"
    assert 0 < result.steps < 30
    assert not np.isfinite(result.values[-1])
    assert np.isfinite(result.values[:-1]).all()
    assert len(result.trajectory) == result.steps + 1


def test_the_callback_sees_each_step_before_its_update_and_can_stop() -> None:
    seen: list[tuple[int, list[float], float, list[float], float]] = []

    def watch(step: int, x: np.ndarray, value: float, grad: np.ndarray, lr: float) -> bool:
        seen.append((step, x.tolist(), value, grad.tolist(), lr))
        x[:] = grad[:] = np.nan  # copies: this harms nobody
        return step == 3

    result = minimize(bowl, [4.0], "sgd", lr=0.25, callback=watch)
    assert seen == [(1, [4.0], 16.0, [8.0], 0.25), (2, [2.0], 4.0, [4.0], 0.25), (3, [1.0], 1.0, [2.0], 0.25)]
    assert (result.status, result.steps, result.x.tolist()) == ("stopped", 2, [1.0])


def test_no_steps() -> None:
    result = minimize(bowl, [2.0], steps=0)
    assert (result.status, result.steps, result.value, result.trajectory.tolist()) == (
        "max_steps",
        0,
        4.0,
        [[2.0]],
    )


@pytest.mark.parametrize(
    ("start", "dtype"),
    [
        ([1, 2], np.float32),
        ((1.0, 2.0), np.float32),
        (np.array([1, 2]), np.float32),
        (np.array([1.0, 2.0]), np.float64),
        (3.0, np.float32),
    ],
)
def test_where_to_begin(start: Any, dtype: Any) -> None:
    result = minimize(bowl, start, steps=2)
    assert result.trajectory.dtype == dtype
    assert result.trajectory.shape == (3, *np.shape(start))


def test_the_start_is_copied() -> None:
    start = tg.tensor([1.0, 2.0], dtype=tg.float64, requires_grad=True)
    result = minimize(bowl, start, steps=2)
    assert start.tolist() == [1.0, 2.0]
    assert start.grad is None
    assert result.x.dtype == tg.float64


def test_a_value_of_shape_one() -> None:
    assert minimize(lambda x: x**2, [3.0], "sgd", lr=0.5).x.tolist() == [0.0]


def test_classes_and_options() -> None:
    result = minimize(bowl, [1.0], tg.optim.SGD, lr=0.25, steps=2, momentum=0.5)
    assert result.trajectory.tolist() == [[1.0], [0.5], [0.0]]
    assert minimize(bowl, [1.0], "momentum", lr=0.25, steps=2, momentum=0.5).trajectory.tolist() == [
        [1.0],
        [0.5],
        [0.0],
    ]


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"optim": "adm"}, "unknown optimizer 'adm': did you mean 'adam'"),
        ({"optim": "zzzzzz"}, "unknown optimizer 'zzzzzz'. There are sgd"),
        ({"optim": 3}, "a name or an optimizer class"),
        ({"optim": "adam", "momentum": 0.9}, "adam has no option 'momentum'. Its options are lr, betas"),
        ({"lr": -1.0}, "Invalid learning rate: -1.0"),
        ({"steps": -1}, "steps must be 0 or more"),
        ({"tol": float("nan")}, "tol 0 or greater"),
        ({"x0": "here"}, "x0 must be numbers"),
    ],
)
def test_bad_arguments(arguments: dict[str, Any], match: str) -> None:
    with pytest.raises(OptimizerError, match=match):
        minimize(**{"fn": bowl, "x0": [1.0], **arguments})


def test_functions_that_cannot_be_followed() -> None:
    with pytest.raises(TypeError, match="returned float"):
        minimize(lambda x: bowl(x).item(), [1.0])  # type: ignore[arg-type,return-value]
    with pytest.raises(GradError, match="does not depend on x"):
        minimize(lambda x: bowl(x.detach()), [1.0])
    with pytest.raises(GradError, match=r"one number, but it returned shape \(2,\)"):
        minimize(lambda x: x * 2, [1.0, 2.0])
    other = tg.tensor([1.0], requires_grad=True)
    with pytest.raises(GradError, match="other Tensors only"):
        minimize(lambda x: bowl(other), [1.0])


def test_lbfgs_goes_by_closures_and_arrives_in_a_few_steps() -> None:
    """Both of the book's functions: the valley in about ten directions (5.3), the bowl in a few."""
    for fn, start, minimum in (
        (rosenbrock, START, [1.0, 1.0]),
        (lambda x: 0.2 * x[0] ** 2 + 2 * x[1] ** 2 - 5, [6.0, 6.0], [0.0, 0.0]),
    ):
        calls = 0

        def counted(x: Any, fn: Any = fn) -> Any:
            nonlocal calls
            calls += 1
            return fn(x)

        result = minimize(counted, np.array(start), "lbfgs", tol=1e-6, steps=50)
        assert result.status == "converged" and result.steps <= 25, result
        assert result.x.tolist() == pytest.approx(minimum, abs=1e-5)
        assert calls <= 26 * result.steps + 1 and result.trajectory.shape == (result.steps + 1, 2)
        assert (np.diff(result.values) <= 0).all(), "the line search never climbs"


def test_lbfgs_without_a_line_search_and_as_a_class() -> None:
    plain = minimize(bowl, np.array([3.0, 4.0]), "lbfgs", lr=0.5, line_search_fn=None, tol=1e-6, steps=100)
    assert plain.status == "converged"
    several = minimize(rosenbrock, np.array(START), LBFGS, line_search_fn="strong_wolfe", steps=2)
    assert several.value < 1e-10 and several.steps <= 2, "twenty iterations in each step"


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"steps": 1.5}, TypeError, "whole number"),
        ({"callback": 5}, TypeError, "callback must be a function"),
        ({"fn": 3}, TypeError, "fn must be a function"),
        ({"x0": None}, ValueError, "x0 must be numbers"),
    ],
)
def test_what_cannot_be_run_is_refused_before_the_first_step(arguments, error, words) -> None:
    with pytest.raises(error, match=words):
        minimize(**{"fn": lambda x: x.sum(), "x0": [1.0], **arguments})
