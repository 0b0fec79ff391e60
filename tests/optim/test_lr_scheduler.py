"""Schedules: every one against PyTorch's over 50 epochs, resumed, restarted and interfered with; and their errors."""

import copy
import inspect
import pickle
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.module_cases import BESIDE_MORE

import tinygrad_edu as tg
from tinygrad_edu.errors import OptimizerError

EPOCHS = 50


def half(epoch: int) -> float:
    return 0.5 + 0.5 / (1 + epoch)


def wave(epoch: int) -> float:
    return 1.0 + 0.1 * (epoch % 3 - 1)


# Name and arguments; where a schedule has parts, a function that makes it from the module and the optimizer.
CASES: list[tuple[str, dict[str, Any] | Callable[[Any, Any], Any]]] = [
    ("StepLR", {"step_size": 7}),
    ("StepLR", {"step_size": 1, "gamma": 0.9}),
    ("MultiStepLR", {"milestones": [3, 10, 10, 30], "gamma": 0.5}),
    ("ExponentialLR", {"gamma": 0.93}),
    ("ConstantLR", {}),
    ("ConstantLR", {"factor": 0.2, "total_iters": 13}),
    ("LinearLR", {}),
    ("LinearLR", {"start_factor": 1.0, "end_factor": 0.1, "total_iters": 20}),
    ("PolynomialLR", {}),
    ("PolynomialLR", {"total_iters": 30, "power": 2.5}),
    ("LambdaLR", {"lr_lambda": half}),
    ("LambdaLR", {"lr_lambda": [half, wave]}),
    ("MultiplicativeLR", {"lr_lambda": wave}),
    ("CosineAnnealingLR", {"T_max": 50}),
    ("CosineAnnealingLR", {"T_max": 12, "eta_min": 0.003}),
    ("CosineAnnealingWarmRestarts", {"T_0": 7}),
    ("CosineAnnealingWarmRestarts", {"T_0": 3, "T_mult": 2, "eta_min": 0.01}),
    ("OneCycleLR", {"max_lr": 0.5, "total_steps": 60}),
    ("OneCycleLR", {"max_lr": [0.5, 0.1], "epochs": 6, "steps_per_epoch": 10, "anneal_strategy": "linear"}),
    ("OneCycleLR", {"max_lr": 0.5, "total_steps": 51, "three_phase": True, "pct_start": 0.2, "div_factor": 10.0}),
    ("OneCycleLR", {"max_lr": 0.5, "total_steps": 60, "cycle_momentum": False, "final_div_factor": 100.0}),
    ("OneCycleLR", {"max_lr": 0.5, "total_steps": 60, "base_momentum": 0.7, "max_momentum": [0.9, 0.8]}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 7}),
    (
        "CyclicLR",
        {"base_lr": [0.01, 0.02], "max_lr": 0.1, "step_size_up": 4, "step_size_down": 9, "mode": "triangular2"},
    ),
    (
        "CyclicLR",
        {
            "base_lr": 0.01,
            "max_lr": [0.1, 0.3],
            "step_size_up": 5,
            "mode": "exp_range",
            "gamma": 0.97,
            "base_momentum": 0.5,
            "max_momentum": 0.95,
        },
    ),
    (
        "CyclicLR",
        {
            "base_lr": 0.01,
            "max_lr": 0.1,
            "step_size_up": 5,
            "scale_fn": half,
            "scale_mode": "iterations",
            "cycle_momentum": False,
        },
    ),
    (
        "SequentialLR",
        lambda s, o: s.SequentialLR(o, [s.LinearLR(o, total_iters=5), s.CosineAnnealingLR(o, T_max=20)], [5]),
    ),
    (
        "SequentialLR",
        lambda s, o: s.SequentialLR(
            o,
            [s.ConstantLR(o, factor=0.1), s.ExponentialLR(o, gamma=0.9), s.CosineAnnealingWarmRestarts(o, T_0=4)],
            milestones=[10, 30],
        ),
    ),
    ("ChainedScheduler", lambda s, o: s.ChainedScheduler([s.ConstantLR(o), s.ExponentialLR(o, gamma=0.9)])),
]
IDS = [f"{name}-{index}" for index, (name, _) in enumerate(CASES)]
REDUCE_CASES: list[dict[str, Any]] = [
    {"patience": 2},
    {"mode": "max", "factor": 0.5, "patience": 1, "threshold": 0.1, "cooldown": 3},
    {"threshold_mode": "abs", "threshold": 0.05, "patience": 0, "min_lr": 1e-3},
    {"mode": "max", "threshold_mode": "abs", "min_lr": [1e-2, 1e-4], "eps": 1e-5, "patience": 3},
]


def make_optimizer(library: Any, name: str = "SGD", **options: Any) -> Any:
    groups = [
        {"params": [library.zeros(2, requires_grad=True)]},
        {"params": [library.ones(1, requires_grad=True)], "lr": 0.02},
    ]
    return getattr(library.optim, name)(groups, lr=0.1, **options)


def make(library: Any, case: tuple[str, Any], optimizer: Any) -> Any:
    name, arguments = case
    schedules = library.optim.lr_scheduler
    return arguments(schedules, optimizer) if callable(arguments) else getattr(schedules, name)(optimizer, **arguments)


def now(optimizer: Any) -> list[float]:
    """Every number that a schedule may have changed."""
    values = []
    for group in optimizer.param_groups:
        values += [group["lr"], group.get("momentum", 0.0), *group.get("betas", ())]
    return values


def run(optimizer: Any, scheduler: Any, epochs: int) -> list[list[float]]:
    seen = [now(optimizer)]
    for _ in range(epochs):
        optimizer.step()
        scheduler.step()
        seen.append(now(optimizer))
        assert scheduler.get_last_lr() == [group["lr"] for group in optimizer.param_groups]
    return seen


def assert_same(ours: list[list[float]], theirs: list[list[float]]) -> None:
    assert len(ours) == len(theirs)
    for mine, expected in zip(ours, theirs, strict=True):
        assert mine == pytest.approx(expected, rel=1e-10, abs=1e-15)


@pytest.fixture
def torch() -> Any:
    return pytest.importorskip("torch")


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("name", "options"), [("SGD", {"momentum": 0.9}), ("Adam", {})])
@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_fifty_epochs(torch: Any, case: tuple[str, Any], name: str, options: dict[str, Any]) -> None:
    optimizer, oracle = make_optimizer(tg, name, **options), make_optimizer(torch, name, **options)
    ours = run(optimizer, make(tg, case, optimizer), EPOCHS)
    theirs = run(oracle, make(torch, case, oracle), EPOCHS)
    assert_same(ours, theirs)


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_rates_changed_by_hand_are_treated_alike(torch: Any, case: tuple[str, Any]) -> None:
    results = []
    for library in (tg, torch):
        optimizer = make_optimizer(library, momentum=0.9)
        scheduler = make(library, case, optimizer)
        seen = run(optimizer, scheduler, 6)
        optimizer.param_groups[0]["lr"] *= 0.5
        results.append(seen + run(optimizer, scheduler, 20))
    assert_same(*results)


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", [case for case in CASES if not callable(case[1])], ids=lambda case: case[0])
def test_beginning_at_a_later_epoch(torch: Any, case: tuple[str, Any]) -> None:
    results = []
    for library in (tg, torch):
        optimizer = make_optimizer(library, momentum=0.9)
        run(optimizer, make(library, case, optimizer), 8)
        name, arguments = case
        resumed = make(library, (name, {**arguments, "last_epoch": 8}), optimizer)
        results.append(run(optimizer, resumed, 20))
    assert_same(*results)


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["StepLR", "MultiStepLR", "ExponentialLR", "LinearLR", "PolynomialLR", "LambdaLR"])
def test_jumping_to_an_epoch(torch: Any, name: str) -> None:
    case = next(case for case in CASES if case[0] == name)
    optimizer, oracle = make_optimizer(tg), make_optimizer(torch)
    scheduler, expected = make(tg, case, optimizer), make(torch, case, oracle)
    for epoch in (3, 17, 4, 0):
        scheduler.step(epoch)
        expected.step(epoch)
        assert_same([now(optimizer)], [now(oracle)])


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore")
def test_fractions_of_an_epoch(torch: Any) -> None:
    for arguments in ({"T_0": 4}, {"T_0": 2, "T_mult": 3}):
        optimizer, oracle = make_optimizer(tg), make_optimizer(torch)
        scheduler = tg.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, **arguments)
        expected = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(oracle, **arguments)
        for tenth in range(300):
            scheduler.step(tenth / 10)
            expected.step(tenth / 10)
            assert_same([now(optimizer)], [now(oracle)])


@pytest.mark.oracle
@pytest.mark.parametrize("arguments", REDUCE_CASES, ids=str)
def test_plateaus(torch: Any, arguments: dict[str, Any]) -> None:
    optimizer, oracle = make_optimizer(tg), make_optimizer(torch)
    scheduler = tg.optim.lr_scheduler.ReduceLROnPlateau(optimizer, **arguments)
    expected = torch.optim.lr_scheduler.ReduceLROnPlateau(oracle, **arguments)
    for epoch in range(EPOCHS):
        measure = [5.0, 4.0, 3.99, 3.9, float("nan"), 3.95, 4.2][epoch % 7] / (1 + epoch // 20)
        scheduler.step(tg.tensor(measure, dtype=tg.float64))
        expected.step(measure)
        assert_same([now(optimizer)], [now(oracle)])
        assert scheduler.num_bad_epochs == expected.num_bad_epochs


@pytest.mark.oracle
@pytest.mark.parametrize("name", tg.optim.lr_scheduler.__all__)
def test_signature_is_pytorch_s(torch: Any, name: str) -> None:
    ours, theirs = (
        [(p.name, p.default) for p in inspect.signature(getattr(library.optim.lr_scheduler, name)).parameters.values()]
        for library in (tg, torch)
    )
    assert ours == theirs


def test_every_schedule_is_in_the_table() -> None:
    assert {*dict(CASES), *BESIDE_MORE["optim.lr_scheduler"]} == set(tg.optim.lr_scheduler.__all__)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda s: pickle.loads(pickle.dumps(s))], ids=["copy", "pickle"])
@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_state_dict_round_trip_goes_on_exactly(case: tuple[str, Any], copied: Any) -> None:
    optimizer = make_optimizer(tg, momentum=0.9)
    scheduler = make(tg, case, optimizer)
    run(optimizer, scheduler, 17)
    saved = copied({"optimizer": optimizer.state_dict(), "scheduler": scheduler.state_dict()})
    resumed_optimizer = make_optimizer(tg, momentum=0.9)
    resumed = make(tg, case, resumed_optimizer)
    resumed_optimizer.load_state_dict(saved["optimizer"])
    resumed.load_state_dict(saved["scheduler"])
    assert run(resumed_optimizer, resumed, 30) == run(optimizer, scheduler, 30)


def test_a_plateau_state_round_trip() -> None:
    optimizer = make_optimizer(tg)
    scheduler = tg.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=3)
    for _ in range(3):
        scheduler.step(1.0)
    other = tg.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=3)
    other.load_state_dict(copy.deepcopy(scheduler.state_dict()))
    other.step(1.0)
    other.step(1.0)
    assert other.get_last_lr() == pytest.approx([0.01, 0.002])


class Slope:
    """A rule that remembers something: its attributes are saved, a plain function's are not."""

    def __init__(self, steepness: float) -> None:
        self.steepness = steepness

    def __call__(self, epoch: int) -> float:
        return 1 - self.steepness * epoch


def test_callable_objects_are_saved_with_the_state() -> None:
    optimizer = make_optimizer(tg)
    scheduler = tg.optim.lr_scheduler.LambdaLR(optimizer, Slope(0.1))
    saved = scheduler.state_dict()
    other = tg.optim.lr_scheduler.LambdaLR(optimizer, Slope(0.5))
    other.load_state_dict(saved)
    optimizer.step()
    other.step()
    assert other.get_last_lr() == pytest.approx([0.09, 0.018])


def test_a_step_that_comes_before_the_optimizer_s_warns() -> None:
    optimizer = make_optimizer(tg)
    scheduler = tg.optim.lr_scheduler.StepLR(optimizer, 1)
    with pytest.warns(UserWarning, match=r"before `optimizer.step\(\)`"):
        scheduler.step()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        optimizer = make_optimizer(tg)
        scheduler = tg.optim.lr_scheduler.StepLR(optimizer, 1)
        optimizer.step()
        scheduler.step()


@pytest.mark.parametrize(
    ("name", "arguments", "match"),
    [
        ("StepLR", {"step_size": 0}, "step_size of 1 or more, but got 0"),
        ("ConstantLR", {"factor": 2}, "factor above 0 and at most 1, but got 2"),
        ("LinearLR", {"start_factor": 0}, "start_factor above 0"),
        ("LinearLR", {"end_factor": 2}, "end_factor between 0 and 1"),
        ("LambdaLR", {"lr_lambda": [half]}, "Expected 2 lr_lambdas, but got 1"),
        ("CosineAnnealingWarmRestarts", {"T_0": 0}, "positive integer T_0, but got 0"),
        ("CosineAnnealingWarmRestarts", {"T_0": 1, "T_mult": 0.5}, "integer T_mult of 1 or more"),
        ("OneCycleLR", {"max_lr": 1.0}, "either total_steps or both"),
        ("OneCycleLR", {"max_lr": 1.0, "total_steps": 0}, "positive number of steps"),
        ("OneCycleLR", {"max_lr": 1.0, "total_steps": 5, "pct_start": 2}, "pct_start between 0 and 1"),
        ("OneCycleLR", {"max_lr": 1.0, "total_steps": 5, "anneal_strategy": "sin"}, "'cos' or 'linear', but got 'sin'"),
        ("OneCycleLR", {"max_lr": [1.0], "total_steps": 5}, "expected 2 values for max_lr"),
        ("ReduceLROnPlateau", {"factor": 1.5}, "a factor below 1"),
        ("ReduceLROnPlateau", {"mode": "least"}, "mode 'min' or 'max'"),
        ("ReduceLROnPlateau", {"min_lr": [1.0]}, "expected 2 min_lrs"),
    ],
)
def test_bad_arguments(name: str, arguments: dict[str, Any], match: str) -> None:
    optimizer = make_optimizer(tg)
    before = repr(optimizer)
    with pytest.raises(OptimizerError, match=match):
        getattr(tg.optim.lr_scheduler, name)(optimizer, **arguments)
    assert repr(optimizer) == before


def test_bad_combinations() -> None:
    schedules = tg.optim.lr_scheduler
    optimizer, other = make_optimizer(tg), make_optimizer(tg)
    step = schedules.StepLR(optimizer, 1)
    with pytest.raises(TypeError, match="list is not an Optimizer"):
        schedules.StepLR([], 1)
    with pytest.raises(OptimizerError, match="2 schedulers need 1 milestones"):
        schedules.SequentialLR(optimizer, [step, step], [])
    with pytest.raises(OptimizerError, match="same optimizer"):
        schedules.ChainedScheduler([step, schedules.StepLR(other, 1)])
    with pytest.raises(OptimizerError, match="ReduceLROnPlateau"):
        schedules.ChainedScheduler([schedules.ReduceLROnPlateau(optimizer)])
    with pytest.raises(OptimizerError, match="at least one scheduler"):
        schedules.ChainedScheduler([])
    with pytest.raises(OptimizerError, match="List all parts in one"):
        schedules.SequentialLR(optimizer, [schedules.ChainedScheduler([step])], [])
    with pytest.raises(KeyError, match="initial_lr"):
        schedules.StepLR(make_optimizer(tg), 1, last_epoch=3)
    with pytest.raises(OptimizerError, match="neither momentum nor betas"):
        schedules.OneCycleLR(make_optimizer(tg, "Adagrad"), max_lr=1.0, total_steps=5)
    short = schedules.OneCycleLR(optimizer, max_lr=1.0, total_steps=2, cycle_momentum=False)
    with pytest.raises(OptimizerError, match="Tried to step 3 times"):
        for _ in range(4):
            optimizer.step()
            short.step()
