"""Weights made of other parameters: equal to PyTorch's over steps of training, removed again, and refused."""

from typing import Any

import numpy as np
import pytest

import tinygrad_edu as tg

LAYERS: list[tuple[str, tuple[Any, ...], tuple[int, ...]]] = [
    ("Linear", (3, 2), (4, 3)),
    ("Conv1d", (2, 3, 2), (2, 2, 5)),
    ("ConvTranspose1d", (2, 3, 2), (2, 2, 5)),
]
WAYS: list[tuple[str, dict[str, Any]]] = [
    ("weight_norm", {}),
    ("weight_norm", {"dim": None}),
    ("weight_norm", {"dim": 1}),
    ("spectral_norm", {}),
    ("spectral_norm", {"n_power_iterations": 3}),
]


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("way", "options"), WAYS)
@pytest.mark.parametrize(("name", "args", "shape"), LAYERS)
def test_training_equals_pytorch_s(name: str, args: Any, shape: Any, way: str, options: dict[str, Any]) -> None:
    torch = pytest.importorskip("torch")
    x = np.random.default_rng(1).standard_normal(shape)
    theirs = getattr(torch.nn.utils, way)(getattr(torch.nn, name)(*args).double(), **options)
    ours = getattr(tg.nn.utils, way)(getattr(tg.nn, name)(*args).double(), **options)
    assert [k for k, _ in ours.named_parameters()] == [k for k, _ in theirs.named_parameters()]
    assert repr(ours) == repr(theirs)
    ours.load_state_dict({key: tg.tensor(value.numpy().copy()) for key, value in theirs.state_dict().items()})
    steps = [
        (tg, ours, tg.optim.SGD(ours.parameters(), 0.1)),
        (torch, theirs, torch.optim.SGD(theirs.parameters(), 0.1)),
    ]
    for _ in range(3):
        outs = []
        for library, net, optimizer in steps:
            optimizer.zero_grad()
            out = net(library.tensor(x))
            (out * out).sum().backward()
            optimizer.step()
            outs.append(out.detach().numpy())
        np.testing.assert_allclose(*outs, rtol=1e-8, atol=1e-12)
    ours.eval(), theirs.eval()
    outs = [net(library.tensor(x)).detach().numpy() for library, net, _ in steps]
    np.testing.assert_allclose(*outs, rtol=1e-8, atol=1e-12)
    for library, net, _ in steps:
        getattr(library.nn.utils, f"remove_{way}")(net)
    np.testing.assert_allclose(ours.weight.detach().numpy(), theirs.weight.detach().numpy(), rtol=1e-8, atol=1e-12)
    assert sorted(ours.state_dict()) == ["bias", "weight"] and isinstance(ours.weight, tg.nn.Parameter)


def test_the_greatest_singular_value_becomes_1() -> None:
    net = tg.nn.utils.spectral_norm(tg.nn.Linear(6, 5).double(), n_power_iterations=200)
    net(tg.zeros(1, 6).double())
    assert tg.linalg.svdvals(net.weight)[0].item() == pytest.approx(1)


@pytest.mark.parametrize("way", ["weight_norm", "spectral_norm"])
def test_what_is_refused(way: str) -> None:
    utils = tg.nn.utils
    make, remove = getattr(utils, way), getattr(utils, f"remove_{way}")
    with pytest.raises(RuntimeError, match="Cannot register two"):
        make(make(tg.nn.Linear(3, 2)))
    with pytest.raises(ValueError, match="not found in Linear"):
        remove(tg.nn.Linear(3, 2))
    with pytest.raises(AttributeError, match="nothing"):
        make(tg.nn.Linear(3, 2), "nothing")
    with pytest.raises(ValueError, match="positive"):
        utils.spectral_norm(tg.nn.Linear(3, 2), n_power_iterations=0)
