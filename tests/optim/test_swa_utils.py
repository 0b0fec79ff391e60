"""Averaged weights: a training run with each rule, beside PyTorch; the schedule; BatchNorm; what is refused."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.errors import OptimizerError
from tinygrad_edu.optim import swa_utils

DRAWS = np.random.default_rng(0).standard_normal((12, 5, 3))
RULES = {
    "default": lambda u: {},
    "swa": lambda u: {"avg_fn": u.get_swa_avg_fn()},
    "swa lists": lambda u: {"multi_avg_fn": u.get_swa_multi_avg_fn()},
    "ema": lambda u: {"avg_fn": u.get_ema_avg_fn(0.8)},
    "ema lists": lambda u: {"multi_avg_fn": u.get_ema_multi_avg_fn(0.8), "use_buffers": True},
    "own": lambda u: {"avg_fn": lambda mean, value, n: mean * n + value},
}


def model(library: Any) -> Any:
    net = library.nn.Sequential(library.nn.Linear(3, 4), library.nn.BatchNorm1d(4), library.nn.Linear(4, 1)).double()
    numbers = np.random.default_rng(1)
    for parameter in net.parameters():
        parameter.data.copy_(library.tensor(numbers.standard_normal(tuple(parameter.shape))))
    return net


def trained(library: Any, utils: Any, rule: str) -> dict[str, Any]:
    """Ten steps with an average that begins after the third, and BatchNorm's numbers computed anew."""
    net = model(library)
    averaged = utils.AveragedModel(net, **RULES[rule](utils))
    optimizer = library.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    schedule = utils.SWALR(optimizer, swa_lr=0.01, anneal_epochs=4)
    for step, x in enumerate(library.tensor(DRAWS)[:10]):
        optimizer.zero_grad()
        (net(x) ** 2).mean().backward()
        optimizer.step()
        if step >= 3:
            averaged.update_parameters(net)
            schedule.step()
    found = {f"before {key}": value for key, value in averaged.state_dict().items()}
    found = {key: value.clone() for key, value in found.items()}
    utils.update_bn([(x, 0) for x in library.tensor(DRAWS)], averaged)
    assert averaged.training and net[1].momentum == averaged.module[1].momentum == 0.1
    averaged.eval()
    return {**found, **averaged.state_dict(), "output": averaged(library.tensor(DRAWS[0])).detach()}


@pytest.mark.oracle
@pytest.mark.parametrize("rule", RULES)
def test_a_run_is_pytorch_s(rule: str) -> None:
    torch = pytest.importorskip("torch")
    import torch.optim.swa_utils as theirs

    ours, expected = trained(tg, swa_utils, rule), trained(torch, theirs, rule)
    assert list(ours) == list(expected)
    close = 1e-6 if rule == "swa lists" else 1e-9  # PyTorch computes the share 1 / (n + 1) in float32 there
    for name, value in expected.items():
        np.testing.assert_allclose(ours[name].numpy(), value.numpy(), rtol=close, atol=close / 10, err_msg=name)
        assert str(ours[name].dtype) == str(value.dtype)


@pytest.mark.oracle
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"anneal_strategy": "linear"},
        {"anneal_epochs": 0},
        {"anneal_epochs": 3, "last_epoch": 4},
        {"swa_lr": [0.5, 0.1]},
    ],
)
def test_the_schedule_over_50_epochs(options: dict[str, Any]) -> None:
    torch = pytest.importorskip("torch")
    import torch.optim.swa_utils as theirs

    def rates(library: Any, utils: Any) -> list[Any]:
        weights = [library.zeros(1, requires_grad=True) for _ in range(2)]
        groups = [{"params": [w], "initial_lr": 1.0} for w in weights]
        optimizer = library.optim.SGD(groups, lr=1.0)
        optimizer.param_groups[1]["lr"] = 0.3
        schedule = utils.SWALR(optimizer, **{"swa_lr": 0.05, **options})
        seen = [schedule.get_last_lr()]
        for epoch in range(50):
            optimizer.step()
            schedule.step()
            seen.append(schedule.get_last_lr())
            if epoch == 20:
                resumed = utils.SWALR(optimizer, **{"swa_lr": 0.05, **options})
                resumed.load_state_dict(schedule.state_dict())
                schedule = resumed
        return seen

    np.testing.assert_allclose(rates(tg, swa_utils), rates(torch, theirs), rtol=1e-12)


@pytest.mark.oracle
def test_names_and_signatures() -> None:
    pytest.importorskip("torch")
    import torch.optim.swa_utils as theirs

    assert sorted(swa_utils.__all__) == sorted(theirs.__all__)
    for name in theirs.__all__:
        ours, expected = (
            [(p.name, p.default) for p in inspect.signature(getattr(library, name)).parameters.values()]
            for library in (swa_utils, theirs)
        )
        assert ours == expected, name


def test_a_model_that_does_not_fit_changes_nothing() -> None:
    averaged = swa_utils.AveragedModel(tg.nn.Linear(2, 2))
    before = averaged.module.weight.tolist()
    with pytest.raises(OptimizerError, match="pass the model that the average was made from"):
        averaged.update_parameters(tg.nn.Linear(2, 3))
    assert averaged.module.weight.tolist() == before and averaged.n_averaged == 0


def test_what_is_refused() -> None:
    optimizer = tg.optim.SGD([tg.zeros(1, requires_grad=True)], lr=1.0)
    for options in ({"anneal_strategy": "cosine"}, {"anneal_epochs": -1}, {"anneal_epochs": 1.5}, {"swa_lr": [1, 2]}):
        with pytest.raises(OptimizerError, match="SWALR: expected"):
            swa_utils.SWALR(optimizer, **{"swa_lr": 0.1, **options})  # type: ignore[arg-type]
    assert "swa_lr" not in optimizer.param_groups[0]
    with pytest.raises(ValueError, match="decay"):
        swa_utils.get_ema_avg_fn(1.5)
    rule = swa_utils.get_swa_avg_fn()
    with pytest.raises(AssertionError, match="Only one"):
        swa_utils.AveragedModel(tg.nn.Linear(1, 1), avg_fn=rule, multi_avg_fn=swa_utils.get_swa_multi_avg_fn())


def test_a_loop_that_fails_gives_the_momentum_back() -> None:
    net = tg.nn.BatchNorm1d(2).eval()
    with pytest.raises(RuntimeError):
        swa_utils.update_bn([tg.zeros(3, 5)], net)
    assert net.momentum == 0.1 and not net.training
