"""Every optimizer, with every option, against PyTorch's: one table, 50 steps, float64 and float32."""

import inspect
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.module_cases import BESIDE_MORE, OWN_MORE

import tinygrad_edu as tg

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.oracle

STEPS = 50
TOLERANCE = {"float64": 1e-10, "float32": 1e-5}
SHAPES = [(2,), (3, 4), (), (1, 2, 3), (0,)]

# Options that choose an implementation, not a formula: accepted, and without effect here.
WITHOUT_EFFECT = {"foreach", "fused", "capturable", "differentiable"}

CASES: dict[str, list[dict[str, Any]]] = {
    "SGD": [
        {},
        {"lr": 0.1, "momentum": 0.9},
        {"lr": 0.1, "momentum": 0.9, "dampening": 0.4, "weight_decay": 0.03},
        {"lr": 0.1, "momentum": 0.8, "nesterov": True, "weight_decay": 0.03},
        {"lr": 0.01, "maximize": True, "momentum": 0.5},
    ],
    "Adagrad": [
        {},
        {"lr": 0.5, "lr_decay": 0.1, "weight_decay": 0.03},
        {"lr": 0.2, "initial_accumulator_value": 0.7, "eps": 1e-3, "maximize": True},
    ],
    "RMSprop": [
        {},
        {"lr": 0.05, "alpha": 0.8, "eps": 1e-3, "weight_decay": 0.03},
        {"lr": 0.01, "momentum": 0.9},
        {"lr": 0.01, "centered": True, "eps": 1e-2},
        {"lr": 0.01, "centered": True, "momentum": 0.7, "eps": 1e-2, "maximize": True},
    ],
    "Adadelta": [
        {},
        {"lr": 2.0, "rho": 0.7, "eps": 1e-3, "weight_decay": 0.03},
        {"lr": 0.5, "maximize": True},
    ],
    "Adam": [
        {},
        {"lr": 0.1, "betas": (0.7, 0.95), "eps": 1e-3},
        {"lr": 0.1, "weight_decay": 0.03},
        {"lr": 0.1, "weight_decay": 0.3, "decoupled_weight_decay": True},
        {"lr": 0.1, "amsgrad": True},
        {"lr": 0.1, "amsgrad": True, "maximize": True, "weight_decay": 0.1},
    ],
    "AdamW": [
        {},
        {"lr": 0.1, "betas": (0.7, 0.95), "eps": 1e-3, "weight_decay": 0.3},
        {"lr": 0.1, "amsgrad": True, "maximize": True},
    ],
    "Adamax": [
        {},
        {"lr": 0.1, "betas": (0.7, 0.95), "eps": 1e-3, "weight_decay": 0.03},
        {"lr": 0.1, "maximize": True},
    ],
    "Rprop": [
        {},
        {"lr": 0.1, "etas": (0.3, 1.5), "step_sizes": (0.02, 0.4)},
        {"lr": 0.001, "maximize": True},
    ],
    "NAdam": [
        {},
        {"lr": 0.1, "betas": (0.7, 0.95), "eps": 1e-3, "weight_decay": 0.03},
        {"lr": 0.1, "momentum_decay": 0.1, "weight_decay": 0.3, "decoupled_weight_decay": True},
        {"lr": 0.1, "maximize": True},
    ],
    "RAdam": [
        {},
        {"lr": 0.1, "betas": (0.7, 0.95), "eps": 1e-3, "weight_decay": 0.03},
        {"lr": 0.1, "weight_decay": 0.3, "decoupled_weight_decay": True},
        {"lr": 0.1, "maximize": True},
    ],
}
TABLE = [(name, options) for name, cases in CASES.items() for options in cases]
IDS = [f"{name}-{'-'.join(options) or 'defaults'}" for name, options in TABLE]


def gradient(array: np.ndarray, step: int) -> np.ndarray:
    """A smooth pull towards 0.3 that wobbles from step to step, the same for both libraries."""
    places = np.arange(array.size, dtype=np.float64).reshape(array.shape)
    wobble = np.cos(1.3 * step + 0.7 * places)
    return np.asarray(np.tanh(array.astype(np.float64) - 0.3) + 0.5 * wobble, dtype=array.dtype)


def build(name: str, options: dict[str, Any], dtype: str) -> tuple[list[Any], Any, list[Any], Any]:
    """Our parameters and optimizer, and PyTorch's, from the same numbers."""
    draws = np.random.default_rng(7)
    starts = [np.asarray(draws.standard_normal(shape), dtype=dtype) for shape in SHAPES]
    ours = [tg.from_numpy(np.array(start)).requires_grad_() for start in starts]
    theirs = [torch.tensor(start, requires_grad=True) for start in starts]
    optimizer, oracle = (getattr(lib.optim, name)(p, **options) for lib, p in ((tg, ours), (torch, theirs)))
    return ours, optimizer, theirs, oracle


def walk(ours: list[Any], optimizer: Any, theirs: list[Any], oracle: Any, steps: Any = range(STEPS)) -> None:
    for step in steps:
        for param, param_oracle in zip(ours, theirs, strict=True):
            param.grad = tg.from_numpy(gradient(param.detach().numpy(), step))
            param_oracle.grad = torch.tensor(gradient(param_oracle.detach().numpy(), step))
        optimizer.step()
        oracle.step()


def assert_close(actual: Any, expected: Any, tolerance: float) -> None:
    expected = expected.detach().numpy()
    assert actual.detach().numpy().dtype == expected.dtype
    scale = float(np.abs(expected).max(initial=0.0))
    np.testing.assert_allclose(actual.detach().numpy(), expected, rtol=tolerance, atol=tolerance * scale)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("name", "options"), TABLE, ids=IDS)
def test_fifty_steps(name: str, options: dict[str, Any], dtype: str) -> None:
    ours, optimizer, theirs, oracle = build(name, options, dtype)
    walk(ours, optimizer, theirs, oracle)
    for param, param_oracle in zip(ours, theirs, strict=True):
        assert_close(param, param_oracle, TOLERANCE[dtype])
        state, state_oracle = optimizer.state[param], oracle.state[param_oracle]
        assert state.keys() == state_oracle.keys()
        for key, value in state_oracle.items():
            assert tuple(state[key].shape) == tuple(value.shape)
            assert_close(state[key], value, TOLERANCE[dtype] * 10)


@pytest.mark.parametrize(("name", "options"), TABLE, ids=IDS)
def test_prints_as_pytorch(name: str, options: dict[str, Any]) -> None:
    _, optimizer, _, oracle = build(name, options, "float32")
    assert repr(optimizer) == repr(oracle)


@pytest.mark.parametrize(("name", "options"), TABLE, ids=IDS)
def test_state_dict_has_pytorch_layout(name: str, options: dict[str, Any]) -> None:
    ours, optimizer, theirs, oracle = build(name, options, "float64")
    walk(ours, optimizer, theirs, oracle, range(2))
    state, expected = optimizer.state_dict(), oracle.state_dict()
    assert state["param_groups"] == expected["param_groups"]
    assert [list(group) for group in state["param_groups"]] == [list(group) for group in expected["param_groups"]]
    assert list(state["state"]) == list(expected["state"])


@pytest.mark.parametrize(("name", "options"), TABLE, ids=IDS)
def test_goes_on_from_a_state_that_pytorch_saved(name: str, options: dict[str, Any]) -> None:
    ours, optimizer, theirs, oracle = build(name, options, "float64")
    walk(ours, optimizer, theirs, oracle, range(5))
    saved = oracle.state_dict()
    as_ours = {
        number: {key: tg.from_numpy(value.numpy().copy()) for key, value in entries.items()}
        for number, entries in saved["state"].items()
    }
    fresh = getattr(tg.optim, name)(ours, lr=123.0)
    fresh.load_state_dict({"state": as_ours, "param_groups": saved["param_groups"]})
    walk(ours, fresh, theirs, oracle, range(5, 25))
    for param, param_oracle in zip(ours, theirs, strict=True):
        assert_close(param, param_oracle, TOLERANCE["float64"])


@pytest.mark.parametrize("name", CASES)
def test_signature_is_pytorch_s(name: str) -> None:
    ours = inspect.signature(getattr(tg.optim, name)).parameters
    theirs = inspect.signature(getattr(torch.optim, name)).parameters
    assert [(p.name, p.default, p.kind) for p in ours.values()] == [
        (p.name, p.default, p.kind) for p in theirs.values()
    ]


@pytest.mark.parametrize("name", CASES)
def test_every_option_is_in_the_table(name: str) -> None:
    options = set(inspect.signature(getattr(tg.optim, name)).parameters) - {"params"} - WITHOUT_EFFECT
    assert options == {option for case in CASES[name] for option in case}


def test_every_optimizer_is_in_the_table() -> None:
    assert {*tg.optim.__all__} == {*CASES, *BESIDE_MORE["optim"], *OWN_MORE["optim"]}


def test_groups_with_options_of_their_own() -> None:
    starts = [np.array([1.0, 2.0]), np.array([3.0])]
    ours = [tg.from_numpy(start.copy()).requires_grad_() for start in starts]
    theirs = [torch.tensor(start, requires_grad=True) for start in starts]
    groups = [({"lr": 0.2}, 0), ({"momentum": 0.5, "weight_decay": 0.1}, 1)]
    optimizer = tg.optim.SGD([{"params": [ours[i]], **options} for options, i in groups], lr=0.1)
    oracle = torch.optim.SGD([{"params": [theirs[i]], **options} for options, i in groups], lr=0.1)
    walk(ours, optimizer, theirs, oracle)
    for param, param_oracle in zip(ours, theirs, strict=True):
        assert_close(param, param_oracle, 1e-10)


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        ([], {}),
        ([1.0], {}),
        ("leaf", {"lr": -0.1}),
        ("leaf", {"weight_decay": -1}),
        ("leaf", {"momentum": -1}),
        ("leaf", {"nesterov": True}),
        ("non-leaf", {}),
        ("bare", {}),
        ("set", {}),
        ("two groups", {}),
        ("half named", {}),
    ],
)
def test_same_kind_of_error(arguments: Any, options: dict[str, Any]) -> None:
    """What PyTorch refuses is refused with the same type, and the message holds the words of PyTorch's."""

    def attempt(library: Any) -> Exception:
        x = library.tensor([1.0], requires_grad=True)
        given = {
            "leaf": [x],
            "non-leaf": [x * 2],
            "bare": x,
            "set": [{"params": {x}}],
            "two groups": [{"params": [x]}, {"params": [x]}],
            "half named": [("x", x), library.tensor([1.0], requires_grad=True)],
        }
        with pytest.raises((TypeError, ValueError)) as caught:
            library.optim.SGD(given[arguments] if isinstance(arguments, str) else arguments, **options)
        return caught.value

    ours, theirs = attempt(tg), attempt(torch)
    assert isinstance(ours, type(theirs))
    words = str(theirs).split(", but")[0].split(". ")[0].removesuffix(".")
    assert words in str(ours)
    assert len(str(ours)) > len(words) + 10  # ours also says what to do
