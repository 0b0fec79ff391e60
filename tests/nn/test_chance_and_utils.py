"""What chance decides in layers (dropping, random slopes, Gumbel draws), and the helpers of nn.utils."""

from typing import Any

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.nn import functional as F
from tinygrad_edu.nn import utils


@pytest.fixture(autouse=True)
def seeded() -> None:
    tg.manual_seed(3)


def test_dropout_keeps_the_mean_and_passes_in_evaluation() -> None:
    layer = nn.Dropout(0.25)
    x = tg.ones(100, 100, requires_grad=True)
    out = layer(x)
    kept = out.detach().numpy()
    assert set(np.unique(kept)) == {np.float32(0), np.float32(1) / np.float32(0.75)}
    assert abs((kept == 0).mean() - 0.25) < 0.02
    out.sum().backward()
    assert np.array_equal(x.grad.numpy(), kept)
    assert layer.eval()(x) is x
    assert F.dropout(x, 1.0).detach().numpy().max() == 0
    assert F.dropout(x, 0.0) is x
    y = tg.ones(4)
    assert F.dropout(y, 0.5, inplace=True) is y
    for make in (lambda: nn.Dropout(1.5), lambda: F.dropout(x, -0.1)):
        with pytest.raises(ValueError, match="between 0 and 1"):
            make()


@pytest.mark.parametrize(
    ("layer", "shape", "leading"),
    [
        (nn.Dropout1d(), (50, 4, 6), 2),
        (nn.Dropout1d(), (50, 6), 1),
        (nn.Dropout2d(), (50, 4, 3, 2), 2),
        (nn.Dropout3d(), (50, 4, 3, 2, 2), 2),
    ],
)
def test_channels_are_dropped_whole(layer: Any, shape: Any, leading: int) -> None:
    out = layer(tg.ones(*shape)).numpy().reshape(*shape[:leading], -1)
    assert (out == out[..., :1]).all() and set(np.unique(out)) == {0.0, 2.0}


def test_alpha_dropout_keeps_mean_and_variance() -> None:
    out = nn.AlphaDropout(0.3)(tg.randn(300, 300)).numpy()
    assert abs(out.mean()) < 0.02 and abs(out.var() - 1) < 0.02


def test_feature_alpha_dropout_drops_whole_channels_so_too() -> None:
    out = nn.FeatureAlphaDropout(0.3)(tg.randn(300, 300, 1).expand(-1, -1, 4)).numpy()
    assert (out == out[..., :1]).all()
    assert abs(out.mean()) < 0.02 and abs(out.var() - 1) < 0.02


def test_random_slopes() -> None:
    x = -tg.ones(1000)
    slopes = -nn.RReLU(0.1, 0.3)(x).numpy()
    assert 0.1 <= slopes.min() < 0.11 and 0.29 < slopes.max() < 0.3
    assert nn.RReLU(0.1, 0.3).eval()(x)[0].item() == pytest.approx(-0.2)
    assert repr(nn.RReLU()) == "RReLU(lower=0.125, upper=0.3333333333333333)"


def test_gumbel_draws_follow_the_probabilities() -> None:
    logits = tg.tensor([0.0, 1.0, 2.0]).expand(4000, 3)
    hard = F.gumbel_softmax(logits, hard=True)
    assert set(np.unique(hard.numpy().round(5))) == {0.0, 1.0}
    expected = np.exp([0, 1, 2]) / np.exp([0, 1, 2]).sum()
    assert np.abs(hard.numpy().mean(0) - expected).max() < 0.03
    assert F.gumbel_softmax(logits, tau=0.5).sum(-1).numpy() == pytest.approx(np.ones(4000), abs=1e-5)


def test_batch_norm_learns_the_running_values() -> None:
    norm = nn.BatchNorm1d(2, momentum=None)
    batches = [tg.randn(50, 2) * 3 + 1 for _ in range(4)]
    for batch in batches:
        norm(batch)
    together = np.stack([b.numpy() for b in batches])
    np.testing.assert_allclose(norm.running_mean.numpy(), together.mean((0, 1)), rtol=1e-5)
    np.testing.assert_allclose(norm.running_var.numpy(), together.var(1, ddof=1).mean(0), rtol=1e-5)
    assert norm.num_batches_tracked.item() == 4
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        norm(tg.ones(1, 2))
    with pytest.raises(ValueError, match="expected 2D or 3D input"):
        norm(tg.ones(2))
    with pytest.raises(RuntimeError, match="3 elements not 2"):
        norm(tg.ones(5, 3))


def gradients(lib: Any) -> list[Any]:
    params = [lib.tensor([3.0, 0.0]).requires_grad_(), lib.tensor([[4.0]]).requires_grad_(), lib.ones(1)]
    params[0].grad, params[1].grad = lib.tensor([3.0, 0.0]), lib.tensor([[4.0]])
    return params


def test_gradients_are_clipped() -> None:
    params = gradients(tg)
    assert utils.clip_grad_norm_(params, 1.0).item() == pytest.approx(5.0)
    assert params[0].grad.tolist() == pytest.approx([0.6, 0.0], rel=1e-5)
    assert params[1].grad.item() == pytest.approx(0.8, rel=1e-5)
    assert utils.clip_grad_norm_(params, 10.0, norm_type=float("inf")).item() == pytest.approx(0.8, rel=1e-5)
    assert utils.clip_grad_norm_([], 1.0).item() == 0
    utils.clip_grad_value_(params, 0.7)
    assert params[0].grad.tolist() == pytest.approx([0.6, 0.0], rel=1e-5) and params[1].grad.item() == pytest.approx(
        0.7
    )
    params[0].grad = tg.tensor([float("nan"), 0.0])
    with pytest.raises(RuntimeError, match="non-finite"):
        utils.clip_grad_norm_(params, 1.0, error_if_nonfinite=True)


@pytest.mark.oracle
@pytest.mark.parametrize("order", [1.0, 2.0, 3.5, float("inf")])
def test_clipping_is_pytorch_s(order: float) -> None:
    torch = pytest.importorskip("torch")
    ours, theirs = gradients(tg), gradients(torch)
    total, expected = (lib.nn.utils.clip_grad_norm_(p, 0.5, order) for lib, p in ((tg, ours), (torch, theirs)))
    assert total.item() == pytest.approx(expected.item(), rel=1e-6)
    for a, b in zip(ours[:2], theirs[:2], strict=True):
        np.testing.assert_allclose(a.grad.numpy(), b.grad.numpy(), rtol=1e-6)


def test_parameters_become_a_vector_and_come_back() -> None:
    net = nn.Linear(2, 3)
    vector = utils.parameters_to_vector(net.parameters())
    assert vector.shape == (9,) and vector.requires_grad
    weight = net.weight
    utils.vector_to_parameters(tg.arange(9.0), net.parameters())
    assert net.weight is weight and net.weight.tolist() == [[0, 1], [2, 3], [4, 5]] and net.bias.tolist() == [6, 7, 8]
    with pytest.raises(TypeError, match="expected torch.Tensor"):
        utils.vector_to_parameters([1.0], net.parameters())  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match="do not suffice"):
        utils.vector_to_parameters(tg.ones(3), net.parameters())


def test_deep_paths_resolve() -> None:
    from tinygrad_edu.nn.modules.activation import ReLU
    from tinygrad_edu.nn.modules.container import ModuleList
    from tinygrad_edu.nn.modules.dropout import Dropout
    from tinygrad_edu.nn.modules.linear import Linear, NonDynamicallyQuantizableLinear
    from tinygrad_edu.nn.modules.normalization import LayerNorm
    from tinygrad_edu.nn.modules.sparse import Embedding
    from tinygrad_edu.nn.utils.clip_grad import clip_grad_norm_

    assert nn.modules.linear.Linear is Linear is nn.Linear and issubclass(NonDynamicallyQuantizableLinear, Linear)
    for found in (ReLU, ModuleList, Dropout, LayerNorm, Embedding):
        assert getattr(nn, found.__name__) is found
    assert clip_grad_norm_ is utils.clip_grad_norm_


def test_a_network_learns() -> None:
    net = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 2))
    x = tg.randn(200, 2)
    y = (x[:, 0] * x[:, 1] > 0).long()
    optimizer = tg.optim.Adam(net.parameters(), lr=0.05)
    for _ in range(150):
        optimizer.zero_grad()
        loss = nn.CrossEntropyLoss()(net(x), y)
        loss.backward()
        optimizer.step()
    assert float((net(x).argmax(1) == y).float().mean()) > 0.95


@pytest.mark.parametrize("shape", [(2,), (3, 2), (4, 3, 2)])
@pytest.mark.parametrize("bias", [True, False])
def test_a_linear_layer_says_which_types_do_not_fit(shape: Any, bias: bool) -> None:
    layer = nn.Linear(2, 1, bias=bias)
    with pytest.raises(NotImplementedError, match=r"linear: .* input is torch.float64 .* torch.float32: .*x\.to"):
        layer(tg.ones(*shape, dtype=tg.float64))


def test_the_names_that_programs_ask_layers_for() -> None:
    from tinygrad_edu.nn.modules.batchnorm import _BatchNorm
    from tinygrad_edu.nn.modules.conv import _ConvNd

    assert isinstance(nn.Conv2d(1, 1, 1), _ConvNd) and isinstance(nn.ConvTranspose1d(1, 1, 1), _ConvNd)
    assert isinstance(nn.BatchNorm1d(1), _BatchNorm) and not isinstance(nn.Linear(1, 1), (_ConvNd, _BatchNorm))
