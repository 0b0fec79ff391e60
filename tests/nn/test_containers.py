"""Containers print, number, name, slice and save what they hold as PyTorch's do; the same program on both libraries."""

from collections import OrderedDict
from typing import Any

import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn


def sizes(modules: Any) -> list[int]:
    return [module.out_features for module in modules]


def chain() -> nn.Sequential:
    return nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 4), nn.Linear(4, 5))


def test_a_sequential_runs_its_modules_in_turn() -> None:
    net = nn.Sequential(nn.Flatten(), nn.Linear(6, 2), nn.ReLU())
    x = tg.ones(5, 2, 3)
    assert tg.equal(net(x), net[2](net[1](net[0](x))))
    assert list(net.state_dict()) == ["1.weight", "1.bias"]
    named = nn.Sequential(OrderedDict(hidden=nn.Linear(2, 3), act=nn.Tanh()))
    assert named.hidden is named[0] and list(named.state_dict()) == ["hidden.weight", "hidden.bias"]


def test_a_sequential_is_a_list() -> None:
    net = chain()
    assert sizes(net) == [3, 4, 5] and len(net) == 3 and net[-1].out_features == 5
    assert isinstance(net[1:], nn.Sequential) and net[1:][0] is net[1]
    assert list(net[1:].state_dict())[0] == "1.weight"  # names stay
    net[1] = nn.Linear(3, 7)
    assert sizes(net) == [3, 7, 5]
    del net[0]
    assert sizes(net) == [7, 5] and list(net.state_dict())[0] == "0.weight"
    assert net.append(nn.Linear(5, 1)) is net
    net.insert(0, nn.Linear(1, 1))
    net.extend([nn.Linear(1, 9)])
    assert sizes(net) == [1, 7, 5, 1, 9]
    assert net.pop(0).out_features == 1
    assert sizes(net + nn.Sequential(nn.Linear(1, 2))) == [7, 5, 1, 9, 2]
    assert len(net * 2) == 8
    for wrong in (9, -9):
        with pytest.raises(IndexError, match="out of range"):
            net[wrong]
    with pytest.raises(TypeError, match="not a Module subclass"):
        net.append(1)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="not a Module subclass"):
        nn.Sequential([nn.ReLU()])


def test_a_module_list_holds_parts() -> None:
    layers = nn.ModuleList([nn.Linear(1, i) for i in range(1, 4)])
    layers += [nn.Linear(1, 9)]
    assert sizes(layers) == [1, 2, 3, 9] and len(list(layers.parameters())) == 8
    assert sizes(layers[1:3]) == [2, 3] and isinstance(layers[:1], nn.ModuleList)
    layers.insert(1, nn.Linear(1, 5))
    assert sizes(layers.pop(slice(0, 2))) == [1, 5]
    del layers[1:]
    assert sizes(layers) == [2]
    assert sizes(layers + [nn.Linear(1, 4)]) == [2, 4]
    with pytest.raises(TypeError, match="extend"):
        layers.extend(1)  # type: ignore[arg-type]
    with pytest.raises(NotImplementedError, match="forward"):
        layers(1)


def test_a_module_dict_holds_parts() -> None:
    choice = nn.ModuleDict({"relu": nn.ReLU(), "line": nn.Linear(1, 2)})
    choice.update([("tanh", nn.Tanh())])
    assert list(choice) == list(choice.keys()) == ["relu", "line", "tanh"]
    assert "line" in choice and choice["line"] is choice.line and len(choice) == 3
    assert [name for name, _ in choice.items()] == list(choice)
    assert list(choice.values())[2] is choice.pop("tanh")
    del choice["relu"]
    assert list(choice.state_dict()) == ["line.weight", "line.bias"]
    for wrong, told in ((1, "iterable"), ([1], "should be Iterable"), ([(1, 2, 3)], "2 is required")):
        with pytest.raises((TypeError, ValueError), match=told):
            choice.update(wrong)
    choice.clear()
    assert len(choice) == 0


def test_parameter_lists_and_dicts_make_parameters() -> None:
    listed = nn.ParameterList([tg.ones(2), nn.Parameter(tg.zeros(1)), "text"])
    listed.append(tg.ones(3))
    assert len(listed) == 4 and [type(v).__name__ for v in listed] == ["Parameter", "Parameter", "str", "Parameter"]
    assert list(listed.state_dict()) == ["0", "1", "3"]
    listed[0] = tg.zeros(5)
    assert listed[0].shape == (5,) and len(listed[1:]) == 3
    with pytest.raises(IndexError):
        listed[4]
    named = nn.ParameterDict({"a": tg.ones(2)})
    named["b"] = tg.ones(1)
    named.update({"c": nn.Parameter(tg.ones(1))})
    assert list(named) == ["a", "b", "c"] and len(list(named.parameters())) == 3
    assert named.get("z") is None and named.setdefault("d", tg.ones(1)).requires_grad
    assert named.pop("a").shape == (2,) and "a" not in named
    with pytest.raises(KeyError):
        named["a"]


def build(nn: Any, tensor: Any) -> list[Any]:
    """The same containers from either library."""
    block = lambda: nn.Sequential(nn.Linear(2, 2, bias=False), nn.ReLU(inplace=True))  # noqa: E731
    net = nn.Module()
    net.body = nn.Sequential(OrderedDict(first=block(), second=nn.Dropout(0.1)))
    net.heads = nn.ModuleList([block(), block(), nn.Identity(), nn.LeakyReLU(0.2)])
    net.choice = nn.ModuleDict({"a": nn.Dropout2d(0.3, inplace=True), "b": nn.Embedding(3, 2, max_norm=1.0)})
    net.empty = nn.ModuleList()
    return [
        net,
        nn.Sequential(),
        nn.ModuleList([net.heads[0]] * 2),
        nn.ModuleDict(),
        nn.ParameterList([tensor([[1.0, 2.0]]), "x"]),
        nn.ParameterDict({"w": tensor([1.0])}),
        nn.Sequential(nn.CrossEntropyLoss(), nn.Softmax(dim=1), nn.BatchNorm2d(3), nn.LayerNorm(4)),
    ]


@pytest.mark.oracle
def test_they_print_and_save_as_pytorch_s() -> None:
    torch = pytest.importorskip("torch")
    for ours, theirs in zip(build(nn, tg.tensor), build(torch.nn, torch.tensor), strict=True):
        assert repr(ours) == repr(theirs)
        assert list(ours.state_dict()) == list(theirs.state_dict())
        assert [n for n, _ in ours.named_modules()] == [n for n, _ in theirs.named_modules()]
        assert [n for n, _ in ours.named_parameters()] == [n for n, _ in theirs.named_parameters()]


def test_parameter_dictionaries_are_joined_and_emptied() -> None:
    one, two = tg.nn.ParameterDict({"a": tg.zeros(1)}), tg.nn.ParameterDict({"b": tg.ones(1)})
    joined = one | two
    assert list(joined) == ["a", "b"] and joined["a"] is one["a"]
    one |= two
    assert list(one.copy()) == ["a", "b"] and one.popitem()[0] == "b" and list(one) == ["a"]
    with pytest.raises(KeyError):
        tg.nn.ParameterDict().popitem()
    with pytest.raises(TypeError):
        tg.nn.ModuleList()["a"]
