"""The base class: groups, state, gradients, errors; and each formula's first step by hand."""

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.errors import OptimizerError

CLASSES = ["SGD", "Adagrad", "RMSprop", "Adadelta", "Adam", "AdamW", "NAdam", "RAdam", "Adamax", "Rprop"]


def leaf(*numbers: float, dtype: Any = None) -> Any:
    return tg.tensor(list(numbers), dtype=dtype or tg.float64, requires_grad=True)


def give_grad(x: Any, *numbers: float) -> None:
    x.grad = tg.tensor(list(numbers), dtype=x.dtype)


@pytest.mark.parametrize(
    ("name", "options", "length"),
    [
        ("SGD", {"lr": 0.1}, 0.1 * 4),
        ("SGD", {"lr": 0.1, "momentum": 0.9}, 0.1 * 4),
        ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True}, 0.1 * (4 + 0.9 * 4)),
        ("Adagrad", {"lr": 0.1}, 0.1),
        ("RMSprop", {"lr": 0.1}, 0.1 * 4 / (0.01 * 16) ** 0.5),
        ("Adadelta", {}, (1e-6 / (1e-6 + 0.1 * 16)) ** 0.5 * 4),
        ("Adam", {"lr": 0.1}, 0.1),
        ("AdamW", {"lr": 0.1, "weight_decay": 0.0}, 0.1),
        ("RAdam", {"lr": 0.1}, 0.1 * 4),
        ("Adamax", {"lr": 0.1}, 0.1),
        ("Rprop", {"lr": 0.1}, 0.1),
    ],
)
def test_first_step_by_hand(name: str, options: dict[str, Any], length: float) -> None:
    x = leaf(1.0)
    optimizer = getattr(tg.optim, name)([x], **options)
    give_grad(x, 4.0)
    optimizer.step()
    assert x.item() == pytest.approx(1.0 - length, abs=1e-6)


@pytest.mark.parametrize("name", CLASSES)
def test_parameters_without_a_gradient_stay(name: str) -> None:
    x, y = leaf(1.0), leaf(2.0)
    optimizer = getattr(tg.optim, name)([x, y], lr=0.1)
    give_grad(x, 1.0)
    optimizer.step()
    assert y.item() == 2.0
    assert x.item() != 1.0
    assert y not in optimizer.state


@pytest.mark.parametrize("name", CLASSES)
def test_state_is_tensors_and_a_step_makes_no_graph(name: str) -> None:
    x = leaf(1.0, 2.0)
    optimizer = getattr(tg.optim, name)([x], lr=0.1)
    before = x._counter[0]
    for _ in range(2):
        give_grad(x, 1.0, -1.0)
        optimizer.step()
    assert x.is_leaf
    assert x.grad_fn is None
    assert x._counter[0] == before + 2
    for value in optimizer.state[x].values():
        assert isinstance(value, tg.Tensor)
        assert not value.requires_grad
    if "step" in optimizer.state[x]:
        assert optimizer.state[x]["step"].item() == 2.0


@pytest.mark.parametrize("name", CLASSES)
def test_gradient_is_only_read(name: str) -> None:
    x = leaf(1.0, 2.0)
    options = {"momentum": 0.9} if name == "SGD" else {}  # its velocity begins as a copy of the gradient
    optimizer = getattr(tg.optim, name)([x], lr=0.1, **options)
    give_grad(x, 1.0, -1.0)
    for _ in range(3):
        optimizer.step()
    assert x.grad.tolist() == [1.0, -1.0]


def test_changes_the_memory_that_others_share() -> None:
    x = leaf(1.0, 2.0)
    shared = x.detach()
    give_grad(x, 1.0, 1.0)
    tg.optim.SGD([x], lr=0.5).step()
    assert shared.tolist() == [0.5, 1.5]


def test_zero_grad() -> None:
    x = leaf(1.0)
    optimizer = tg.optim.SGD([x], lr=0.1)
    give_grad(x, 3.0)
    kept = x.grad
    optimizer.zero_grad(set_to_none=False)
    assert x.grad is kept
    assert kept.tolist() == [0.0]
    optimizer.zero_grad()
    assert x.grad is None


def test_closure_runs_with_grad_and_its_loss_is_returned() -> None:
    x = leaf(3.0)
    optimizer = tg.optim.SGD([x], lr=0.5)

    def closure() -> Any:
        optimizer.zero_grad()
        loss = (x * x).sum()
        loss.backward()
        return loss

    with tg.no_grad():
        loss = optimizer.step(closure)
    assert loss.item() == 9.0
    assert x.tolist() == [0.0]


def test_the_learning_rate_may_change_on_the_way() -> None:
    x = leaf(1.0)
    optimizer = tg.optim.SGD([x], lr=0.1)
    optimizer.param_groups[0]["lr"] = 0.5
    give_grad(x, 1.0)
    optimizer.step()
    assert x.item() == 0.5


def test_momentum_may_be_switched_on_on_the_way() -> None:
    x = leaf(1.0)
    optimizer = tg.optim.RMSprop([x], lr=0.1)
    give_grad(x, 1.0)
    optimizer.step()
    optimizer.param_groups[0]["momentum"] = 0.9
    optimizer.step()
    assert "momentum_buffer" in optimizer.state[x]


def test_groups_names_and_single_tensors() -> None:
    x, y, z = leaf(1.0), leaf(2.0), leaf(3.0)
    optimizer = tg.optim.SGD([{"params": [("x", x)], "lr": 0.5}, {"params": [("y", y)]}], lr=0.1)
    optimizer.add_param_group({"params": [("z", z)], "momentum": 0.9})
    assert [group["lr"] for group in optimizer.param_groups] == [0.5, 0.1, 0.1]
    assert [group["param_names"] for group in optimizer.param_groups] == [["x"], ["y"], ["z"]]
    assert optimizer.state_dict()["param_groups"][2]["params"] == [2]
    single = tg.optim.SGD([{"params": x}], lr=0.1)
    assert single.param_groups[0]["params"] == [x]


def test_a_tensor_as_learning_rate() -> None:
    x = leaf(1.0)
    assert tg.optim.SGD([x], lr=tg.tensor(0.5)).param_groups[0]["lr"] == 0.5
    with pytest.raises(OptimizerError, match="1-element.*parameter groups"):
        tg.optim.SGD([x], lr=tg.tensor([0.5, 0.1]))


@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda state: pickle.loads(pickle.dumps(state))], ids=["copy", "pickle"]
)
def test_state_dict_round_trip_goes_on_exactly(name: str, copied: Any) -> None:
    options = {"momentum": 0.9} if name in ("SGD", "RMSprop") else {}
    x, y = leaf(1.0, 2.0, dtype=tg.float32), leaf(3.0, dtype=tg.float32)
    optimizer = getattr(tg.optim, name)([x, y], lr=0.1, **options)

    def run(optimizer: Any, x: Any, y: Any) -> None:
        for step in range(4):
            give_grad(x, step - 1.5, 1.0)
            give_grad(y, 0.5)
            optimizer.step()

    run(optimizer, x, y)
    saved = copied(optimizer.state_dict())
    x2, y2 = (param.detach().clone().requires_grad_() for param in (x, y))
    resumed = getattr(tg.optim, name)([x2, y2], lr=9.0)
    resumed.load_state_dict(saved)
    run(optimizer, x, y)
    run(resumed, x2, y2)
    assert x2.tolist() == x.tolist()
    assert y2.tolist() == y.tolist()


def test_loading_copies_the_state() -> None:
    x = leaf(1.0)
    optimizer = tg.optim.Adam([x], lr=0.1)
    give_grad(x, 1.0)
    optimizer.step()
    saved = optimizer.state_dict()
    other = tg.optim.Adam([leaf(1.0)], lr=0.1)
    other.load_state_dict(saved)
    before = other.state_dict()["state"][0]["exp_avg"].tolist()
    optimizer.step()
    assert other.state_dict()["state"][0]["exp_avg"].tolist() == before


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda s: {**s, "param_groups": []}, "different number of parameter groups"),
        (
            lambda s: {**s, "param_groups": [{**s["param_groups"][0], "params": [0, 1]}]},
            "doesn't match the size",
        ),
        (lambda s: {"state": {}}, "'param_groups'"),
        (lambda s: {**s, "param_groups": [{**s["param_groups"][0], "lr": -1}]}, "learning rate: -1"),
        (lambda s: {**s, "state": {0: {"exp_avg": tg.tensor([1.0, 2.0])}}}, r"exp_avg has shape \(2,\)"),
    ],
)
def test_a_state_that_does_not_fit_changes_nothing(change: Any, match: str) -> None:
    x = leaf(1.0)
    optimizer = tg.optim.Adam([x], lr=0.1)
    give_grad(x, 1.0)
    optimizer.step()
    before = repr(optimizer.state_dict())
    with pytest.raises(OptimizerError, match=match):
        optimizer.load_state_dict(change(optimizer.state_dict()))
    assert repr(optimizer.state_dict()) == before


@pytest.mark.parametrize(
    ("name", "options", "match"),
    [
        (
            "SGD",
            {"lr": -0.1},
            "Invalid learning rate: -0.1. SGD needs lr to be a finite number, 0 or greater",
        ),
        ("SGD", {"lr": float("nan")}, "Invalid learning rate: nan"),
        ("SGD", {"lr": float("inf")}, "Invalid learning rate: inf"),
        ("SGD", {"lr": "0.1"}, "Invalid learning rate: '0.1'"),
        ("SGD", {"momentum": -1}, "Invalid momentum value: -1"),
        ("SGD", {"nesterov": True}, "momentum is 0 and dampening 0"),
        (
            "Adam",
            {"betas": (1.0, 0.9)},
            r"Invalid beta parameter at index 0: 1.0. Adam needs betas\[0\] .* from 0 to 1",
        ),
        ("Adam", {"betas": (0.9, -0.1)}, "at index 1: -0.1"),
        ("Adam", {"betas": (0.9, float("nan"))}, "at index 1: nan"),
        ("AdamW", {"betas": 0.9}, "Invalid betas: 0.9. AdamW needs 2 numbers"),
        ("Adam", {"eps": -1}, "Invalid epsilon value: -1"),
        ("NAdam", {"momentum_decay": -1}, "Invalid momentum_decay value: -1"),
        ("RAdam", {"weight_decay": -1}, "Invalid weight_decay value: -1"),
        ("RMSprop", {"alpha": -1}, "Invalid alpha value: -1"),
        ("Adadelta", {"rho": 1.5}, "Invalid rho value: 1.5"),
        ("Adagrad", {"lr_decay": -1}, "Invalid lr_decay value: -1"),
        ("Adagrad", {"initial_accumulator_value": -1}, "Invalid initial_accumulator_value value: -1"),
        ("Rprop", {"etas": (1.5, 0.5)}, "Invalid eta values: 1.5, 0.5"),
        ("Adam", {"capturable": True}, "capturable=True is not supported"),
        ("SGD", {"differentiable": True}, "differentiable=True is not supported"),
    ],
)
def test_options_out_of_range(name: str, options: dict[str, Any], match: str) -> None:
    with pytest.raises(OptimizerError, match=match):
        getattr(tg.optim, name)([leaf(1.0)], **options)
    with pytest.raises(OptimizerError, match=match):
        getattr(tg.optim, name)([{"params": [leaf(1.0)], **options}])


def test_unusable_parameters() -> None:
    x = leaf(1.0)
    with pytest.raises(OptimizerError, match="empty parameter list"):
        tg.optim.SGD([], lr=0.1)
    with pytest.raises(TypeError, match=r"got one Tensor of shape \(1,\). Put it in a list"):
        tg.optim.SGD(x, lr=0.1)
    with pytest.raises(TypeError, match="one of the params is float"):
        tg.optim.SGD([1.0], lr=0.1)
    with pytest.raises(TypeError, match="a set"):
        tg.optim.SGD([{"params": {x}}], lr=0.1)
    with pytest.raises(TypeError, match="must be a dict, but got Tensor"):
        tg.optim.SGD([{"params": [x]}, leaf(2.0)], lr=0.1)
    with pytest.raises(OptimizerError, match="non-leaf"):
        tg.optim.SGD([x * 2], lr=0.1)
    with pytest.raises(OptimizerError, match="more than one parameter group"):
        tg.optim.SGD([{"params": [x]}, {"params": [x]}], lr=0.1)
    with pytest.raises(OptimizerError, match='needs the key "params"'):
        tg.optim.SGD([{"weights": [x]}], lr=0.1)
    with pytest.raises(OptimizerError, match="with/without names"):
        tg.optim.SGD([("x", x), leaf(2.0)], lr=0.1)
    with pytest.warns(UserWarning, match="duplicate parameters"):
        tg.optim.SGD([x, x], lr=0.1)


def test_a_failed_group_changes_nothing() -> None:
    x = leaf(1.0)
    optimizer = tg.optim.SGD([x], lr=0.1)
    with pytest.raises(OptimizerError):
        optimizer.add_param_group({"params": [leaf(2.0)], "lr": -1})
    assert len(optimizer.param_groups) == 1


def test_prints_its_options() -> None:
    text = repr(tg.optim.SGD([leaf(1.0)], lr=0.1))
    assert text.startswith("SGD (\nParameter Group 0\n    dampening: 0\n")
    assert "    lr: 0.1\n" in text


def test_a_subclass_without_a_formula_says_so() -> None:
    class Empty(tg.optim.Optimizer):
        pass

    x = leaf(1.0)
    give_grad(x, 1.0)
    with pytest.raises(NotImplementedError, match=r"Empty defines neither update\(\) nor step\(\)"):
        Empty([x], {"lr": 0.1}).step()


def test_overflow_warns_nobody() -> None:
    x = leaf(1e30, dtype=tg.float32)
    optimizer = tg.optim.Adam([x], lr=0.1)
    give_grad(x, 1e30)
    with np.errstate(all="raise"):  # the caller's own setting does not matter either
        optimizer.step()
    assert optimizer.state[x]["exp_avg_sq"].tolist() == [float("inf")]


@pytest.mark.parametrize("backend", ["numpy", None])
def test_a_learning_rate_of_numpy_or_a_tensor_is_that_number(backend: str | None) -> None:
    def stepped(lr: Any) -> Any:
        x = tg.linspace(-1, 1, 20000).requires_grad_()
        optimizer = tg.optim.Adam([x], lr=0.5)
        for _ in range(3):
            optimizer.param_groups[0]["lr"] = lr  # as a schedule that computes with NumPy does
            x.grad = x.detach() * 0.3
            optimizer.step()
        return x.detach().numpy()

    with tg.use_backend(backend):
        for lr in (np.float64(0.013), np.float32(0.013), tg.tensor(0.013)):
            np.testing.assert_array_equal(stepped(lr), stepped(float(lr)))


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("Adam", {"weight_decay": np.float64(0.1)}),
        ("Adam", {"betas": (np.float64(0.8), np.float64(0.9)), "eps": np.float64(1e-7)}),
        ("RMSprop", {"weight_decay": np.float64(0.1), "alpha": np.float64(0.9)}),
        ("SGD", {"momentum": np.float64(0.9), "dampening": np.float64(0.1)}),
        ("Rprop", {"etas": (np.float64(0.5), np.float64(1.2))}),
    ],
)
def test_options_of_numpy_are_those_numbers(kind: str, options: dict[str, Any]) -> None:
    def stepped(options: dict[str, Any]) -> Any:
        x = tg.linspace(-1, 1, 35).requires_grad_()
        optimizer = getattr(tg.optim, kind)([x], lr=0.01, **options)
        for _ in range(3):
            x.grad = x.detach() * 0.3
            optimizer.step()
        return x.detach().numpy()

    plain = {n: tuple(map(float, v)) if isinstance(v, tuple) else float(v) for n, v in options.items()}
    np.testing.assert_array_equal(stepped(options), stepped(plain))
