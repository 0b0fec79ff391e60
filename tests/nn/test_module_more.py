"""Modules, continued: hooks around saving and loading, parts that are replaced, what there is nothing to do for."""

from typing import Any

import pytest

import tinygrad_edu as tg


def test_hooks_around_saving_and_loading() -> None:
    net = tg.nn.Sequential(tg.nn.Linear(2, 1), tg.nn.Linear(1, 1))
    log: list[Any] = []
    net.register_state_dict_pre_hook(lambda module, prefix, keep: log.append(("before", prefix, keep)))
    net[1].register_state_dict_post_hook(lambda module, state, prefix, meta: state.pop(f"{prefix}bias") and None)
    state = net.state_dict()
    assert list(state) == ["0.weight", "0.bias", "1.weight"] and log == [("before", "", False)]

    def rename(module: Any, state: Any, prefix: str, *rest: Any) -> None:
        log.append(prefix)
        state[f"{prefix}bias"] = state.pop("old")

    net[1].register_load_state_dict_pre_hook(rename)
    given = {**state, "old": tg.tensor([7.0])}
    assert net.load_state_dict(given) == ([], []) and net[1].bias.item() == 7 and "old" in given
    assert log[-1] == "1."
    handle = net.register_load_state_dict_post_hook(lambda module, keys: keys.missing_keys.clear())
    del given["0.bias"]
    assert net.load_state_dict(given) == ([], [])
    handle.remove()
    with pytest.raises(RuntimeError, match=r'Missing key\(s\) in state_dict: "0.bias"'):
        net.load_state_dict(given)
    net.register_load_state_dict_post_hook(lambda module, keys: keys)
    with pytest.raises(AssertionError, match="not expected to return"):
        net.load_state_dict({**given, "0.bias": tg.zeros(1)})


def test_a_part_is_put_in_the_place_of_another() -> None:
    net = tg.nn.Sequential(tg.nn.Linear(2, 1), tg.nn.Sequential(tg.nn.ReLU()))
    net.set_submodule("1.0", tg.nn.Tanh())
    assert isinstance(net[1][0], tg.nn.Tanh)
    for arguments, error in (
        (("", tg.nn.Tanh()), ValueError),
        (("1.0", 3), ValueError),
        (("x.y", tg.nn.Tanh()), AttributeError),
        (("1.7", tg.nn.Tanh(), True), AttributeError),
    ):
        with pytest.raises(error):
            net.set_submodule(*arguments)


def test_what_has_nothing_to_do_says_so() -> None:
    net = tg.nn.Linear(2, 1)
    assert net.share_memory() is net and tg.equal(net.to_empty(device="cpu").bias, net.bias)
    with pytest.warns(UserWarning, match="no compiler"):
        assert net.compile() is None
    with pytest.raises(tg.errors.DTypeError, match="bfloat16"):
        net.bfloat16()


def test_a_property_that_fails_is_not_taken_for_a_typo() -> None:
    class Net(tg.nn.Module):
        @property
        def size(self) -> Any:
            return self.missing

    with pytest.raises(AttributeError, match="the property of that name asked for something"):
        _ = Net().size
