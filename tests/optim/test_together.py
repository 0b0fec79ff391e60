"""Small parameters are stepped as one: the same bits as each for itself, whatever happens to them in between."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.kernels.threads import _cut
from tinygrad_edu.optim.together import Packed

SHAPES = ((), (3,), (2, 5), (1,), (0,), (4, 1, 2))
OPTIMIZERS: dict[str, tuple[Any, dict[str, Any]]] = {
    "SGD": (tg.optim.SGD, {"lr": 0.1}),
    "SGD, momentum": (tg.optim.SGD, {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.1, "maximize": True}),
    "Adam": (tg.optim.Adam, {"lr": 0.1}),
    "Adam, amsgrad": (tg.optim.Adam, {"lr": 0.1, "amsgrad": True, "weight_decay": 0.1}),
    "AdamW": (tg.optim.AdamW, {"lr": 0.1, "maximize": True}),
    "RMSprop": (tg.optim.RMSprop, {"lr": 0.1, "momentum": 0.5, "centered": True}),
    "Adagrad": (tg.optim.Adagrad, {"lr": 0.1, "lr_decay": 0.1, "initial_accumulator_value": 0.2}),
    "Adadelta": (tg.optim.Adadelta, {}),
    "Adamax": (tg.optim.Adamax, {"lr": 0.1}),
    "NAdam": (tg.optim.NAdam, {"lr": 0.1}),
    "RAdam": (tg.optim.RAdam, {"lr": 0.1}),
    "Rprop": (tg.optim.Rprop, {"lr": 0.1}),
}


def made(name: str, together: bool, dtype: Any = tg.float32) -> tuple[list[Any], Any]:
    """Parameters, and an optimizer that packs them or does not."""
    generator = tg.Generator().manual_seed(0)
    params = [tg.rand(shape, generator=generator, dtype=dtype).requires_grad_() for shape in SHAPES]
    kind, options = OPTIMIZERS[name]
    optimizer = kind(params, **options)
    if not together:
        optimizer.elementwise = False
    return params, optimizer


def steps(params: list[Any], optimizer: Any, numbers: range, without: Any = ()) -> None:
    for number in numbers:
        generator = tg.Generator().manual_seed(number)
        for i, param in enumerate(params):
            grad = tg.randn(tuple(param.shape), generator=generator, dtype=param.dtype)
            if param.ndim == 2:
                grad[0, :3] = tg.tensor([0.0, float("inf"), float("nan")])
            param.grad = None if i in without else grad
        optimizer.step()


def packed(optimizer: Any) -> bool:
    return any(isinstance(unit, Packed) for plan in (optimizer._plans or {}).values() for unit in plan.units)


def arrays(params: list[Any], optimizer: Any) -> list[Any]:
    state = [(name, t) for param in params for name, t in sorted(optimizer.state.get(param, {}).items())]
    return [*(p.detach().numpy() for p in params), *(np.append(t.numpy(), len(name)) for name, t in state)]


def same(one: Any, other: Any) -> None:
    for a, b in zip(arrays(*one), arrays(*other), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("dtype", [tg.float32, tg.float64])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_same_bits_as_each_for_itself(name: str, dtype: Any) -> None:
    together, alone = made(name, True, dtype), made(name, False, dtype)
    for pair in (together, alone):
        steps(*pair, range(7))
    assert packed(together[1]) and not packed(alone[1])
    same(together, alone)


def loaded(params: list[Any], optimizer: Any) -> None:
    optimizer.load_state_dict(copy.deepcopy(optimizer.state_dict()))


def momentum_from_now_on(params: list[Any], optimizer: Any) -> None:
    for group in optimizer.param_groups:
        group["momentum"], group["amsgrad"] = 0.5, True


def other_memory(params: list[Any], optimizer: Any) -> None:
    params[2].data = params[2].detach().clone()
    params[5].data = params[5].detach().permute(2, 1, 0).clone().permute(2, 1, 0)  # in another order


def state_written_to(params: list[Any], optimizer: Any) -> None:
    for value in optimizer.state.get(params[1], {}).values():
        value.zero_()


def state_replaced(params: list[Any], optimizer: Any) -> None:
    for state in optimizer.state.values():
        for key in state:
            state[key] = state[key].clone()


def state_lost(params: list[Any], optimizer: Any) -> None:
    optimizer.state.pop(params[1], None)


def all_state_lost(params: list[Any], optimizer: Any) -> None:
    optimizer.state.clear()


def another_group(params: list[Any], optimizer: Any) -> None:
    more = [tg.ones(2, requires_grad=True), tg.ones(3, requires_grad=True)]
    optimizer.add_param_group({"params": more, "lr": 0.3})
    params += more


def some_without_gradient(params: list[Any], optimizer: Any) -> None:
    steps(params, optimizer, range(20, 23), without=(1, 5))


EVENTS: list[Callable[[list[Any], Any], None]] = [
    loaded, momentum_from_now_on, other_memory, state_written_to, state_replaced, state_lost, all_state_lost,
    another_group, some_without_gradient,
]  # fmt: skip


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("name", ["SGD", "SGD, momentum", "Adam", "NAdam"])
def test_whatever_happens_in_between(name: str, event: Callable[[list[Any], Any], None]) -> None:
    together, alone = made(name, True), made(name, False)
    for pair in (together, alone):
        steps(*pair, range(3))
        event(*pair)
        steps(*pair, range(3, 6))
    same(together, alone)


def test_a_copy_goes_its_own_way() -> None:
    params, optimizer = made("Adam", True)
    steps(params, optimizer, range(3))
    twins, twin = copy.deepcopy((params, optimizer))
    before = [a.copy() for a in arrays(params, optimizer)]
    steps(twins, twin, range(3, 6))
    for a, b in zip(before, arrays(params, optimizer), strict=True):
        np.testing.assert_array_equal(a, b)
    steps(params, optimizer, range(3, 6))
    same((params, optimizer), (twins, twin))


def test_parameters_that_share_memory_are_stepped_one_after_the_other() -> None:
    whole = tg.ones(6)
    params = [whole.numpy()[:4], whole.numpy()[2:]]
    tensors = [tg.from_numpy(a).requires_grad_() for a in params]
    optimizer = tg.optim.SGD(tensors, lr=1.0)
    for _ in range(2):
        for t in tensors:
            t.grad = tg.ones(4)
        optimizer.step()
    assert whole.tolist() == [-1, -1, -3, -3, -1, -1]


def test_a_formula_over_a_whole_parameter_is_not_given_several() -> None:
    class Normed(tg.optim.SGD):
        def update(self, param: Any, grad: Any, state: Any, group: Any) -> None:
            param -= grad / np.linalg.norm(grad)

    params = [tg.zeros(2, requires_grad=True) for _ in range(2)]
    for param in params:
        param.grad = tg.tensor([3.0, 4.0])
    Normed(params).step()
    assert all(np.allclose(p.detach().numpy(), [-0.6, -0.8]) for p in params)


def test_every_parameter_notices_that_it_has_changed() -> None:
    params, optimizer = made("Adam", True)
    steps(params, optimizer, range(1))
    before = [param._version for param in params]
    steps(params, optimizer, range(1, 3))
    assert [param._version - old for param, old in zip(params, before, strict=True)] == [2] * len(params)


def test_threads_share_out_every_element_once() -> None:
    table = np.array([[5, 1000, 5000], [1, 2000, 6000], [0, 2500, 6500], [7, 3000, 7000]])
    every = [(a + 4 * i, b + 4 * i) for n, a, b in table.tolist() for i in range(n)]
    for parts in range(1, 14):
        cuts = [_cut(table, 13 * i // parts, 13 * (i + 1) // parts, 4) for i in range(parts)]
        found = [(a + 4 * i, b + 4 * i) for cut in cuts for n, a, b in cut.tolist() for i in range(n)]
        assert found == every
        assert [int(cut[:, 0].sum()) for cut in cuts] == [13 * (i + 1) // parts - 13 * i // parts for i in range(parts)]
