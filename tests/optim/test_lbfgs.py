"""L-BFGS and its line search: against PyTorch, step by step, and on their own."""

import copy
import math
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.errors import OptimizerError
from tinygrad_edu.optim.line_search import Probe, minimum_of_cubic, strong_wolfe


def rosenbrock(x: Any, y: Any) -> Any:
    """A valley in the first two coordinates and a bowl in the other three, over two parameters."""
    return (1 - x[0]) ** 2 + 5 * (x[1] - x[0] ** 2) ** 2 + ((y - 0.5) ** 2).sum() + (x[0] * y[0]) ** 2


def powers(x: Any, y: Any) -> Any:
    return (x**4).sum() + (x[0] + x[1] - 1) ** 2 + (y**2).sum() * 1e-2


def build(library: Any, options: dict[str, Any], dtype: str = "float64") -> tuple[list[Any], Any]:
    kind = getattr(library, dtype)
    x = library.tensor([-1.0, 1.0], dtype=kind, requires_grad=True)
    y = library.tensor([0.3, -2.0, 4.0], dtype=kind, requires_grad=True)
    return [x, y], library.optim.LBFGS([x, y], **options)


def closure_of(params: list[Any], optimizer: Any, function: Any, calls: list[int]) -> Any:
    def closure() -> Any:
        optimizer.zero_grad()
        loss = function(*params)
        loss.backward()
        calls[0] += 1
        return loss

    return closure


OPTIONS: list[dict[str, Any]] = [
    {"line_search_fn": "strong_wolfe", "max_iter": 3},
    {"line_search_fn": "strong_wolfe", "max_iter": 1, "max_eval": 25},
    {"line_search_fn": "strong_wolfe", "max_iter": 4, "history_size": 2, "lr": 0.5},
    {"line_search_fn": "strong_wolfe", "max_iter": 4, "lr": 30.0, "max_eval": 12},
    {"line_search_fn": "strong_wolfe", "max_iter": 5, "max_eval": 5},
    {"lr": 0.1, "max_iter": 5},
    {"lr": 0.05, "max_iter": 4, "history_size": 3},
    {"line_search_fn": "strong_wolfe"},
]


@pytest.mark.oracle
@pytest.mark.parametrize("function", [rosenbrock, powers])
@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: "-".join(map(str, options.values())))
def test_same_points_and_calls_as_pytorch(options: dict[str, Any], function: Any) -> None:
    torch = pytest.importorskip("torch")
    ours, optimizer = build(tg, options)
    theirs, oracle = build(torch, options)
    calls, calls_oracle = [0], [0]
    for _ in range(4):
        loss = optimizer.step(closure_of(ours, optimizer, function, calls))
        loss_oracle = oracle.step(closure_of(theirs, oracle, function, calls_oracle))
        assert loss.item() == pytest.approx(loss_oracle.item(), rel=1e-7, abs=1e-12)
        if loss.item() < 1e-12:
            break  # at the minimum rounding alone decides
        assert calls == calls_oracle
        for param, param_oracle in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(param.tolist(), param_oracle.tolist(), rtol=1e-6, atol=1e-7)
    state, state_oracle = optimizer.state[ours[0]], oracle.state[theirs[0]]
    assert state.keys() == state_oracle.keys() - {"al"}  # PyTorch also keeps a scratch list
    assert state["n_iter"] == state_oracle["n_iter"]
    assert state["func_evals"] == state_oracle["func_evals"] == calls[0]
    assert repr(optimizer) == repr(oracle)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_finds_the_minimum_of_the_valley(dtype: str) -> None:
    params, optimizer = build(tg, {"line_search_fn": "strong_wolfe", "max_iter": 100}, dtype)
    for _ in range(3):
        optimizer.step(closure_of(params, optimizer, powers, [0]))
    grads = np.concatenate([param.grad.numpy() for param in params])
    assert np.abs(grads).max() < 1e-4


def test_result_is_the_loss_before_the_step() -> None:
    params, optimizer = build(tg, {})
    expected = rosenbrock(*params).item()
    assert optimizer.step(closure_of(params, optimizer, rosenbrock, [0])).item() == expected


def test_at_the_minimum_nothing_moves() -> None:
    x = tg.tensor([0.0, 0.0], requires_grad=True)
    optimizer = tg.optim.LBFGS([x])
    optimizer.step(closure_of([x], optimizer, lambda x: (x**2).sum(), [0]))
    assert x.tolist() == [0.0, 0.0]


def test_a_parameter_without_a_gradient_stays() -> None:
    x, y = (tg.tensor([1.0], requires_grad=True) for _ in range(2))
    optimizer = tg.optim.LBFGS([x, y], line_search_fn="strong_wolfe")
    optimizer.step(closure_of([x], optimizer, lambda x: (x**2).sum(), [0]))
    assert y.tolist() == [1.0]
    assert x.item() == pytest.approx(0.0, abs=1e-6)


def test_state_dict_round_trip_goes_on_exactly() -> None:
    options = {"line_search_fn": "strong_wolfe", "max_iter": 3}
    params, optimizer = build(tg, options)
    optimizer.step(closure_of(params, optimizer, rosenbrock, [0]))
    saved = copy.deepcopy(optimizer.state_dict())
    others = [param.detach().clone().requires_grad_() for param in params]
    resumed = tg.optim.LBFGS(others)
    resumed.load_state_dict(saved)
    optimizer.step(closure_of(params, optimizer, rosenbrock, [0]))
    resumed.step(closure_of(others, resumed, rosenbrock, [0]))
    assert [param.tolist() for param in others] == [param.tolist() for param in params]


def test_minimize_with_it() -> None:
    result = tg.minimize(
        lambda x: (1 - x[0]) ** 2 + 5 * (x[1] - x[0] ** 2) ** 2,
        np.array([-1.0, 1.0]),
        tg.optim.LBFGS,
        steps=50,
        tol=1e-4,
        line_search_fn="strong_wolfe",
    )
    assert result.value < 1e-10
    assert result.steps < 50


def test_bad_use() -> None:
    x = tg.tensor([1.0], requires_grad=True)
    with pytest.raises(TypeError, match="needs a closure"):
        tg.optim.LBFGS([x]).step()
    with pytest.raises(OptimizerError, match="parameter groups"):
        tg.optim.LBFGS([{"params": [x]}, {"params": [tg.tensor([1.0], requires_grad=True)]}])
    with pytest.raises(OptimizerError, match="only 'strong_wolfe' is supported, but line_search_fn is 'wolfe'"):
        tg.optim.LBFGS([x], line_search_fn="wolfe")
    with pytest.raises(RuntimeError, match="only 'strong_wolfe' is supported"):  # PyTorch's type, at its first step
        tg.optim.LBFGS([x], line_search_fn="wolfe").step(lambda: x.sum())
    with pytest.raises(OptimizerError, match="Invalid learning rate"):
        tg.optim.LBFGS([x], lr=-1)


@pytest.mark.parametrize(
    ("phi", "slope"),
    [
        (lambda t: (t - 3) ** 2, lambda t: 2 * (t - 3)),
        (lambda t: -math.exp(-((t - 2) ** 2)), lambda t: 2 * (t - 2) * math.exp(-((t - 2) ** 2))),
        (lambda t: -t / (t * t + 2), lambda t: (t * t - 2) / (t * t + 2) ** 2),
        (lambda t: math.inf if t > 4 else (t - 1) ** 2, lambda t: math.inf if t > 4 else 2 * (t - 1)),
        (lambda t: math.nan if t > 4 else (t - 1) ** 2, lambda t: math.nan if t > 4 else 2 * (t - 1)),
    ],
)
@pytest.mark.parametrize("first", [1e-3, 0.1, 1.0, 10.0, 1000.0])
def test_line_search_meets_the_strong_wolfe_conditions(phi: Any, slope: Any, first: float) -> None:
    start = Probe(0.0, phi(0.0), slope(0.0))
    found, calls = strong_wolfe(
        lambda t: Probe(t, phi(t), slope(t)), start, first, largest=1.0, max_probes=50, tolerance_change=1e-12
    )
    assert found.value <= start.value + 1e-4 * found.t * start.slope
    assert abs(found.slope) <= 0.9 * abs(start.slope)
    assert calls <= 51


def test_minimum_of_cubic() -> None:
    a, b = Probe(0.0, 1.0, -2.0), Probe(3.0, 4.0, 4.0)  # (t - 1)²
    assert minimum_of_cubic(a, b, 0.0, 3.0) == pytest.approx(1.0)
    assert minimum_of_cubic(b, a, 0.0, 3.0) == pytest.approx(1.0)
    assert minimum_of_cubic(a, b, 1.5, 3.0) == 1.5
    assert minimum_of_cubic(a, Probe(3.0, math.inf, 1.0), 0.0, 3.0) == 1.5
    assert minimum_of_cubic(Probe(0.0, 0.0, 0.0), Probe(1.0, 0.0, 0.0), 0.0, 1.0) == 0.5
