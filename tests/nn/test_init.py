"""Initialisations: the spread, bounds and structure that each promises, at fixed seeds; PyTorch's gains and errors."""

import math
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.nn import init


def filled(fill: Any, *args: Any, shape: Any = (200, 300), **options: Any) -> np.ndarray:
    weight = tg.nn.Parameter(tg.empty(*shape))
    out = fill(weight, *args, generator=tg.Generator().manual_seed(1), **options)
    assert out is weight and weight.is_leaf and weight.requires_grad
    return weight.detach().numpy()


@pytest.mark.parametrize(
    ("fill", "options", "std"),
    [
        (init.normal_, {"mean": 0.0, "std": 0.3}, 0.3),
        (init.xavier_normal_, {"gain": 2.0}, 2 * math.sqrt(2 / 500)),
        (init.kaiming_normal_, {"nonlinearity": "relu"}, math.sqrt(2 / 300)),
        (init.kaiming_normal_, {"a": 0.5, "mode": "fan_out"}, math.sqrt(2 / 1.25 / 200)),
    ],
)
def test_normal_draws_have_their_spread(fill: Any, options: Any, std: float) -> None:
    values = filled(fill, **options)
    assert abs(values.std() / std - 1) < 0.02 and abs(values.mean()) < 0.02 * std * 5


@pytest.mark.parametrize(
    ("fill", "options", "bound"),
    [
        (init.uniform_, {"a": -0.5, "b": 0.5}, 0.5),
        (init.xavier_uniform_, {}, math.sqrt(6 / 500)),
        (init.kaiming_uniform_, {"a": math.sqrt(5)}, 1 / math.sqrt(300)),
    ],
)
def test_uniform_draws_have_their_bounds(fill: Any, options: Any, bound: float) -> None:
    values = filled(fill, **options)
    assert np.abs(values).max() <= bound < np.abs(values).max() * 1.001
    assert abs(values.std() / (bound / math.sqrt(3)) - 1) < 0.02


def test_truncated_draws_stay_inside() -> None:
    values = filled(init.trunc_normal_, 0.0, 1.0, -0.5, 1.0)
    assert values.min() >= -0.5 and values.max() <= 1.0
    with pytest.raises(ValueError, match="no values"), pytest.warns(UserWarning, match="2 std"):
        filled(init.trunc_normal_, 0.0, 0.001, 1.0, 2.0)
    with pytest.warns(UserWarning, match="2 std"):
        filled(init.trunc_normal_, 3.0, 0.5, 1.0, 1.9)


@pytest.mark.parametrize("shape", [(4, 6), (6, 4), (3, 2, 2)])
def test_orthogonal_rows_or_columns(shape: Any) -> None:
    matrix = filled(init.orthogonal_, 2.0, shape=shape).reshape(shape[0], -1)
    product = matrix @ matrix.T if shape[0] <= matrix.shape[1] else matrix.T @ matrix
    np.testing.assert_allclose(product, 4 * np.eye(len(product)), atol=1e-5)


def test_structured_ones() -> None:
    assert init.eye_(tg.empty(2, 3)).tolist() == [[1, 0, 0], [0, 1, 0]]
    assert init.constant_(tg.empty(2), 0.3).tolist() == pytest.approx([0.3, 0.3])
    assert init.ones_(tg.empty(1)).tolist() == [1] and init.zeros_(tg.empty(1)).tolist() == [0]
    kernel = init.dirac_(tg.empty(4, 2, 3), groups=2)
    assert kernel[:, :, 1].tolist() == [[1, 0], [0, 1], [1, 0], [0, 1]] and float(kernel.sum()) == 4
    sparse = filled(init.sparse_, 0.25, shape=(10, 5))
    assert (np.count_nonzero(sparse == 0, axis=0) == 3).all()


def test_what_does_not_fit_is_refused() -> None:
    for call in (
        lambda: init.xavier_uniform_(tg.empty(3)),
        lambda: init.eye_(tg.empty(3)),
        lambda: init.orthogonal_(tg.empty(3)),
        lambda: init.sparse_(tg.empty(3), 0.1),
        lambda: init.dirac_(tg.empty(3, 3)),
        lambda: init.dirac_(tg.empty(3, 3, 3), groups=2),
        lambda: init.kaiming_normal_(tg.empty(3, 3), mode="fan"),
        lambda: init.calculate_gain("nothing"),
        lambda: init.calculate_gain("leaky_relu", True),
    ):
        with pytest.raises(ValueError):
            call()
    with pytest.warns(UserWarning, match="no-op"):
        init.kaiming_uniform_(tg.empty(0, 3))
    with pytest.warns(FutureWarning, match="deprecated"):
        init.xavier_normal(tg.empty(2, 2))


def test_layers_begin_with_pytorch_s_distributions() -> None:
    tg.manual_seed(0)
    layer = tg.nn.Linear(400, 300)
    for values in (layer.weight, layer.bias):
        assert 0.98 / 20 < float(values.abs().max()) <= 1 / 20
    assert abs(float(layer.weight.detach().numpy().std()) * 20 * math.sqrt(3) - 1) < 0.02
    table = tg.nn.Embedding(300, 300, padding_idx=2).weight.detach().numpy()
    assert not table[2].any() and abs(table[3:].std() - 1) < 0.02
    bound = float(tg.nn.Bilinear(100, 9, 9).weight.abs().max())
    assert 0.098 < bound <= 0.1
    norm = tg.nn.BatchNorm1d(3)
    assert norm.weight.tolist() == [1, 1, 1] and norm.bias.tolist() == [0, 0, 0]
    assert norm.running_var.tolist() == [1, 1, 1] and norm.num_batches_tracked.item() == 0


@pytest.mark.oracle
def test_gains_are_pytorch_s() -> None:
    torch = pytest.importorskip("torch")
    for name in [*init._GAINS, "leaky_relu"]:
        assert init.calculate_gain(name) == torch.nn.init.calculate_gain(name)
    assert init.calculate_gain("leaky_relu", 0.3) == torch.nn.init.calculate_gain("leaky_relu", 0.3)
    assert set(init.__all__) <= set(dir(torch.nn.init))
