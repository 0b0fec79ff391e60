"""Lazy layers print, save, load, convert and refuse as PyTorch's; the first input makes ordinary ones of them."""

from __future__ import annotations

import copy
import inspect
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as tg

LINE, IMAGE, VOLUME = (3, 2, 7), (3, 2, 6, 5), (2, 2, 4, 3, 5)

CASES: dict[str, tuple[tuple[Any, ...], dict[str, Any], tuple[int, ...]]] = {
    "LazyLinear": ((4,), {}, (2, 3, 5)),
    "LazyConv1d": ((4, 3), {"stride": 2, "padding": 1}, LINE),
    "LazyConv2d": ((4, (3, 2)), {"groups": 2, "bias": False}, IMAGE),
    "LazyConv3d": ((4, 3), {"padding": "same"}, VOLUME),
    "LazyConvTranspose1d": ((4, 3), {"stride": 2, "output_padding": 1}, LINE),
    "LazyConvTranspose2d": ((4, (3, 2)), {"groups": 2, "bias": False}, IMAGE[1:]),
    "LazyConvTranspose3d": ((3, 2), {"dilation": 2}, VOLUME),
    "LazyBatchNorm1d": ((), {"eps": 1e-3}, LINE),
    "LazyBatchNorm2d": ((), {"affine": False}, IMAGE),
    "LazyBatchNorm3d": ((), {"track_running_stats": False}, VOLUME),
    "LazyInstanceNorm1d": ((), {}, LINE),
    "LazyInstanceNorm2d": ((), {"affine": False}, IMAGE),
    "LazyInstanceNorm3d": ((), {"bias": False}, VOLUME),
}


def made(library: Any, name: str) -> Any:
    args, options, _ = CASES[name]
    return getattr(library.nn, name)(*args, **options)


def test_every_lazy_layer_has_a_case() -> None:
    assert {n for n in tg.nn.__all__ if n.startswith("Lazy")} == set(CASES)


@pytest.mark.oracle
@pytest.mark.parametrize("name", CASES)
def test_as_pytorch(name: str) -> None:
    torch = pytest.importorskip("torch")
    ours, theirs = made(tg, name).double(), made(torch, name).double()
    mine, yours = (
        [(p.name, p.default, p.kind) for p in inspect.signature(type(layer)).parameters.values()]
        for layer in (ours, theirs)
    )
    assert mine == yours
    assert repr(ours) == repr(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    x = np.random.default_rng(1).standard_normal(CASES[name][2])
    assert tuple(ours(tg.tensor(x)).shape) == tuple(theirs(torch.tensor(x)).shape)
    assert repr(ours) == repr(theirs) and type(ours).__name__ == type(theirs).__name__
    assert not isinstance(ours, tg.nn.modules.lazy.LazyModuleMixin)
    for key, value in theirs.state_dict().items():
        assert tuple(ours.state_dict()[key].shape) == tuple(value.shape)
        assert repr(ours.state_dict()[key].dtype) == repr(value.dtype)
    ours.load_state_dict({key: tg.tensor(value.numpy()) for key, value in theirs.state_dict().items()})
    np.testing.assert_allclose(
        ours(tg.tensor(x)).detach().numpy(), theirs(torch.tensor(x)).detach().numpy(), rtol=1e-9, atol=1e-11
    )


@pytest.mark.parametrize("name", CASES)
def test_loads_copies_and_becomes_ordinary(name: str) -> None:
    x = tg.tensor(np.random.default_rng(1).standard_normal(CASES[name][2]), dtype=tg.float32)
    first = made(tg, name)
    twin, loaded = copy.deepcopy(first), made(tg, name)
    assert repr(twin) == repr(first) and twin.has_uninitialized_params() == first.has_uninitialized_params()
    params = list(first.parameters())
    first.eval()(x)
    assert all(a is b for a, b in zip(params, first.parameters(), strict=True)), "an optimizer may hold them already"
    assert all(type(p) is tg.nn.Parameter and p.is_leaf and p.requires_grad for p in params)
    loaded.load_state_dict(first.state_dict())
    assert not loaded.has_uninitialized_params()
    assert tg.equal(loaded.eval()(x), first(x)) and repr(loaded) == repr(first)


def test_begins_as_the_ordinary_layer_does() -> None:
    x = tg.ones(2, 5)
    layers = []
    for make in (lambda: tg.nn.LazyLinear(3), lambda: tg.nn.Linear(5, 3)):
        layer = make()
        tg.manual_seed(7)
        layer(x) if isinstance(layer, tg.nn.LazyLinear) else layer.reset_parameters()
        layers.append(layer)
    assert tg.equal(layers[0].weight, layers[1].weight) and tg.equal(layers[0].bias, layers[1].bias)


def test_what_has_no_shape_yet_is_not_computed_with() -> None:
    layer = tg.nn.LazyLinear(3)
    assert repr(layer.weight) == "<UninitializedParameter>" and layer.weight.dtype is tg.float32
    with pytest.raises(RuntimeError, match="Can't access the shape"):
        _ = layer.weight.shape
    for use in (lambda w: w + 1, lambda w: w.numel(), lambda w: w.t(), lambda w: 2 * w, lambda w: w.sum(), tg.exp):
        with pytest.raises(ValueError, match="uninitialized"):
            use(layer.weight)
    with pytest.raises(RuntimeError, match="Can't access the shape"):
        tg.nn.Linear(2, 3).load_state_dict(layer.state_dict())
    with pytest.raises(ValueError, match="uninitialized"):
        layer.forward(tg.ones(2, 5))
    assert layer.has_uninitialized_params()


@pytest.mark.parametrize(
    ("make", "shape", "kind"),
    [
        (lambda: tg.nn.LazyConv2d(3, 2), (3, 3), RuntimeError),
        (lambda: tg.nn.LazyConv1d(4, 2, groups=2), (1, 3, 5), ValueError),
        (lambda: tg.nn.LazyBatchNorm2d(), (3, 3), ValueError),
        (lambda: tg.nn.LazyLinear(3), (), IndexError),
    ],
)
def test_an_input_that_does_not_fit_changes_nothing(make: Any, shape: Any, kind: Any) -> None:
    layer = make()
    before = repr(layer)
    with pytest.raises(kind):
        layer(tg.ones(*shape) if shape else tg.tensor(1.0))
    assert layer.has_uninitialized_params() and repr(layer) == before


def test_a_lazy_layer_of_your_own() -> None:
    class Scale(tg.nn.modules.lazy.LazyModuleMixin, tg.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.factor = tg.nn.UninitializedParameter()

        def initialize_parameters(self, input: Any) -> None:
            if self.has_uninitialized_params():
                self.factor.materialize(input.shape[-1:])
                tg.nn.init.ones_(self.factor)

        def forward(self, input: Any) -> Any:
            return input * self.factor

    net = tg.nn.Sequential(tg.nn.LazyLinear(4), Scale(), tg.nn.ReLU())
    optimizer = tg.optim.SGD(net.parameters(), lr=0.1)
    net(tg.ones(2, 3)).sum().backward()
    optimizer.step()
    assert [tuple(p.shape) for p in net.parameters()] == [(4, 3), (4,), (4,)]
    assert net(tg.ones(2, 3)).shape == (2, 4)
