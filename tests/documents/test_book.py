"""Document 3, a book on torch for R, chapters 3 to 8: every printed line, top to bottom, in Python's conventions.

R counts from 1, fills matrices by columns and prints Tensors in another way; here stand the values. Random numbers
from which others are computed are entered as data. What is not reproduced stands in not_reproduced.md.
"""

import datetime
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as torch
import tinygrad_edu.nn.functional as F
from tinygrad_edu import Value, nn

# Chapter 3: tensors.


def test_a_single_number() -> None:
    t = torch.tensor([1.0])
    assert (t.dtype, t.device.type, t.shape) == (torch.float32, "cpu", (1,))
    assert t.to(torch.int).dtype is torch.int32
    assert t.view(1, 1).shape == (1, 1) and t.view(1, 1).tolist() == [[1.0]]


def test_tensors_from_values() -> None:
    t = torch.arange(1, 6)
    assert (t.tolist(), t.dtype) == ([1, 2, 3, 4, 5], torch.int64)
    nine = torch.arange(1, 10)
    assert nine.view(1, 9).tolist() == [[1, 2, 3, 4, 5, 6, 7, 8, 9]]
    assert nine.view(3, 3).tolist() == [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
    by_columns = torch.arange(1, 25).view(2, 3, 4).permute(2, 1, 0)  # as R fills an array
    assert by_columns.shape == (4, 3, 2)
    assert by_columns.tolist() == [
        [[1, 13], [5, 17], [9, 21]],
        [[2, 14], [6, 18], [10, 22]],
        [[3, 15], [7, 19], [11, 23]],
        [[4, 16], [8, 20], [12, 24]],
    ]
    assert by_columns[:, :, 1].tolist() == [[13, 17, 21], [14, 18, 22], [15, 19, 23], [16, 20, 24]]  # R's slice , , 2


def test_tensors_from_a_shape() -> None:
    assert torch.randn(3, 3).shape == torch.rand(3, 3).shape == (3, 3)
    assert torch.zeros(2, 5).tolist() == [[0.0] * 5] * 2
    assert torch.ones(2, 2).tolist() == [[1.0, 1.0], [1.0, 1.0]]
    assert torch.eye(5).tolist() == [[float(i == j) for j in range(5)] for i in range(5)]
    assert torch.diag(torch.tensor([1.0, 2.0, 3.0])).tolist() == [[1, 0, 0], [0, 2, 0], [0, 0, 3]]


def test_a_quarterly_series_by_years() -> None:
    from tinygrad_edu.vision.datasets import johnson_johnson

    series = johnson_johnson()
    assert (series.shape, series.dtype) == ((84,), torch.float32)
    first = "tensor([0.7100, 0.6300, 0.8500, 0.4400, 0.6100, 0.6900, 0.9200, 0.5500])"
    assert str(series[:8]) == first
    years = {1960 + row: [f"{value:.2f}" for value in values] for row, values in enumerate(series.view(21, 4).tolist())}
    assert " ".join(years[1964] + years[1970]) == "0.92 1.00 1.24 1.00 2.79 3.42 3.69 3.60"
    assert " ".join(years[1978] + years[1980]) == "11.88 12.06 12.15 8.91 16.20 14.67 16.02 11.61"


def test_tables_with_words_are_refused_and_numbers_for_words_are_not() -> None:
    with pytest.raises((TypeError, ValueError)):
        torch.tensor([["1", 118.0, 30.0]])
    with pytest.raises((TypeError, ValueError)):
        torch.tensor(["south san francisco", "oakland"])
    rows = [(1, 118, 30), (1, 484, 58), (1, 664, 87), (1, 1004, 115), (1, 1231, 120), (1, 1372, 142)]
    assert torch.tensor(rows, dtype=torch.float32).shape == (6, 3)
    assert torch.tensor([1, 2, 3]).tolist() == [1, 2, 3]  # the levels of a factor


def test_dates_are_days_since_1970() -> None:
    days = ["2012-06-28", "2012-06-29", "2012-06-27", "2012-06-28", "2012-06-27", "2012-06-29"]
    counted = torch.tensor([(datetime.date.fromisoformat(day) - datetime.date(1970, 1, 1)).days for day in days])
    assert counted.tolist() == [15519, 15520, 15518, 15519, 15518, 15520]


def test_missing_values_are_nan() -> None:
    t = torch.tensor([1.0, float("nan"), 3.0])
    assert str(t) == "tensor([1., nan, 3.])"
    assert torch.nanquantile(t, 0.5).item() == 2.0


def test_sums_as_functions_methods_and_in_place() -> None:
    a, b = torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0])
    assert torch.add(a, b).tolist() == a.add(b).tolist() == [4.0, 6.0]
    assert a.tolist() == [1.0, 2.0]
    assert a.add_(b).tolist() == [4.0, 6.0] and a.tolist() == [4.0, 6.0]


def test_products() -> None:
    a, b = torch.arange(1, 4), torch.arange(4, 7)
    assert torch.dot(a, b).item() == 32 and torch.dot(a.t(), b).item() == 32
    assert torch.dot(a, b).dtype is torch.int64
    assert torch.matmul(torch.arange(1, 13).view(4, 3), a).tolist() == [14, 32, 50, 68]
    assert torch.multiply(a, b).tolist() == [4, 10, 18]


def test_sums_along_dimensions() -> None:
    table = torch.outer(torch.arange(1, 4), torch.arange(1, 7))
    assert table.sum().item() == 126
    assert table.sum(dim=0).tolist() == [6, 12, 18, 24, 30, 36]  # R's dim = 1
    assert table.sum(dim=1).tolist() == [21, 42, 63]


MEASURED = [
    [[1.9553, 1.2027], [-0.8558, -1.0039], [0.4926, 1.2381]],
    [[0.3585, 0.9544], [1.2182, 0.3400], [0.6938, 0.7367]],
    [[0.4309, 0.7197], [-0.4150, 0.0674], [0.6159, 0.7150]],
    [[-0.5407, 1.8086], [-0.2738, 1.2252], [1.6848, -0.1087]],
]


def test_means_of_four_people_three_times_and_two_features() -> None:
    series = torch.tensor(MEASURED)
    assert series.shape == (4, 3, 2)
    assert series.mean(dim=(0, 1)).tolist() == pytest.approx([0.4471, 0.6579], abs=1e-4)
    people = [[0.5307, 0.4790], [0.7568, 0.6770], [0.2106, 0.5007], [0.2901, 0.9750]]
    assert np.allclose(series.mean(dim=1).numpy(), people, atol=1e-4)


def test_indices_and_slices() -> None:
    t = torch.arange(1, 10).view(3, 3)
    assert t[0].tolist() == [1, 2, 3]
    assert t[0:1].tolist() == [[1, 2, 3]] and t[0:1].shape == (1, 3)  # drop = FALSE
    assert torch.rand(3, 3, 3)[:2, 1:, 1:].shape == (2, 2, 2)
    assert torch.arange(1, 5)[-1].item() == 4
    wide = torch.arange(1, 21).view(2, 10)
    assert wide[:, 0:8:2].tolist() == [[1, 3, 5, 7], [11, 13, 15, 17]]


def test_an_ellipsis_stands_for_all_other_dimensions() -> None:
    # (The page's columns are mixed up; this order agrees with its last print.)
    block = torch.tensor([[[0.8004, 0.9370], [0.5911, 0.8937]], [[0.2913, -0.5378], [1.3889, -0.4108]]])
    assert str(block[..., 1]) == "tensor([[ 0.9370,  0.8937],\n        [-0.5378, -0.4108]])"
    shapes = [torch.randn(*size)[0, ...].shape for size in ((2, 2), (2, 2, 2), (2, 2, 2, 2))]
    assert shapes == [(2,), (2, 2), (2, 2, 2)]


def test_views_share_memory() -> None:
    t1 = torch.zeros(24)
    t2 = t1.view(2, 12)
    assert t1.data_ptr() == t2.data_ptr() and t2.shape == (2, 12)
    t = torch.arange(1, 16).view(3, 5)
    assert t.tolist() == [[1, 2, 3, 4, 5], [6, 7, 8, 9, 10], [11, 12, 13, 14, 15]] and t.stride() == (5, 1)
    tall = t.view(5, 3)
    assert tall.tolist()[1] == [4, 5, 6] and tall.stride() == (3, 1)
    turned = t.t()
    assert turned.tolist() == [[1, 6, 11], [2, 7, 12], [3, 8, 13], [4, 9, 14], [5, 10, 15]]
    assert turned.data_ptr() == t.data_ptr() and turned.stride() == (1, 5)


def test_single_dimensions_come_and_go() -> None:
    t = torch.tensor([0.6654, 0.2579, 0.7345])
    assert str(t.unsqueeze(0)) == "tensor([[0.6654, 0.2579, 0.7345]])"
    assert t.unsqueeze(1).shape == (3, 1) and t.unsqueeze(0).squeeze(0).shape == (3,)


def test_a_view_that_cannot_be_and_a_copy_that_can() -> None:
    t = torch.arange(1, 16).view(3, 5).t()
    told = r"view size .*is not compatible with input tensor's size .*and stride .*Use \.reshape\(\.\.\.\)"
    with pytest.raises(RuntimeError, match=told):
        t.view(15)
    assert t.reshape(15).data_ptr() != t.data_ptr()


def test_broadcasting_a_row() -> None:
    m = torch.arange(1, 16).view(3, 5)
    row = torch.arange(1, 6).view(1, 5)
    assert (m.shape, row.shape) == ((3, 5), (1, 5))
    wanted = [[2, 4, 6, 8, 10], [7, 9, 11, 13, 15], [12, 14, 16, 18, 20]]
    assert (m + row).tolist() == (m + row.view(5)).tolist() == wanted
    assert (torch.randn(3, 5) * 0.5).shape == (3, 5)


def test_the_rules_of_broadcasting() -> None:
    assert (torch.zeros(3, 7, 1) + torch.zeros(1, 5)).shape == (3, 7, 5)
    with pytest.raises(RuntimeError):
        torch.zeros(4, 3, 2, 1).add(torch.ones(4, 3, 2))


# Chapter 4: automatic differentiation.


def paraboloid(kind: Any) -> list[Any]:
    """x1 and x2, then the nodes of 0.2 x1² + 0.2 x2² - 5."""
    x1, x2 = (kind(2.0) if kind is Value else torch.tensor([2.0], requires_grad=True) for _ in range(2))
    x3, x4 = x1**2, x2**2
    x5, x6 = x3 * 0.2, x4 * 0.2
    return [x1, x2, x3, x4, x5, x6, x5 + x6 - 5]


def test_the_gradient_of_a_paraboloid() -> None:
    x1, x2, x3, _, _, _, x7 = paraboloid(torch.tensor)
    assert str(x7) == "tensor([-3.4000], grad_fn=<SubBackward0>)" and x7.requires_grad is True
    x7.backward()
    assert (str(x1.grad), str(x2.grad)) == ("tensor([0.8000])", "tensor([0.8000])")
    with pytest.warns(UserWarning, match="not a leaf"):
        assert x3.grad is None


def test_gradients_on_the_way_are_kept_when_asked_for() -> None:
    nodes = paraboloid(torch.tensor)
    for node in nodes[2:6]:
        node.retain_grad()
    nodes[6].backward()
    assert [node.grad.item() for node in nodes[2:6]] == pytest.approx([0.2, 0.2, 1.0, 1.0])
    assert [node.grad_fn.name() for node in nodes[2:6]] == ["PowBackward0"] * 2 + ["MulBackward0"] * 2


def test_values_keep_every_gradient() -> None:
    nodes = paraboloid(Value)
    nodes[6].backward()
    assert nodes[6].data == pytest.approx(-3.4)
    assert [node.grad for node in nodes[:6]] == pytest.approx([0.8, 0.8, 0.2, 0.2, 1.0, 1.0])


# Chapter 5: walking down Rosenbrock's valley with a = 1 and b = 5.

ROWS = {
    100: (0.3502924, -0.667685, -0.5771312), 200: (0.07398106, -0.1603189, -0.2532476),
    300: (0.02483024, -0.07679074, -0.1373911), 400: (0.009619333, -0.04347242, -0.08254051),
    500: (0.003990697, -0.02652063, -0.05206227), 600: (0.001719962, -0.01683905, -0.03373682),
    700: (0.0007584976, -0.01095017, -0.02221584), 800: (0.0003393509, -0.007221781, -0.01477957),
    900: (0.0001532408, -0.004811743, -0.009894371), 1000: (6.962555e-05, -0.003222887, -0.006653666),
}  # fmt: skip


def test_a_thousand_steps_with_tensors() -> None:
    x = torch.tensor([-1.0, 1.0], requires_grad=True)
    for step in range(1, 1001):
        value = (1 - x[0]) ** 2 + 5 * (x[1] - x[0] ** 2) ** 2
        value.backward()
        if step in ROWS:
            assert (value.item(), *x.grad.tolist()) == pytest.approx(ROWS[step], rel=2e-4)
        with torch.no_grad():
            x.sub_(0.01 * x.grad)
            x.grad.zero_()
    assert str(x) == "tensor([0.9918, 0.9830], requires_grad=True)"


def test_a_thousand_steps_with_values() -> None:
    x1, x2 = Value(-1.0), Value(1.0)
    for step in range(1, 1001):
        value = (1 - x1) ** 2 + 5 * (x2 - x1**2) ** 2
        x1.grad = x2.grad = 0.0
        value.backward()
        if step in ROWS:
            # The book's numbers have single precision; Values have double.
            assert (value.data, x1.grad, x2.grad) == pytest.approx(ROWS[step], rel=1e-3)
        x1.data -= 0.01 * x1.grad
        x2.data -= 0.01 * x2.grad
    assert (x1.data, x2.data) == pytest.approx((0.9918, 0.9830), abs=5e-5)


# Chapter 6: a network from scratch.


def observations() -> tuple[Any, Any]:
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(100, 3, generator=generator)
    y = x @ torch.tensor([[0.2], [-1.3], [-0.5]]) + 0.5 * torch.randn(100, 1, generator=generator)
    return x, y


def test_a_prediction_by_a_matrix_and_a_bias() -> None:
    x, _ = observations()
    assert x.shape == (100, 3)
    w, b = torch.randn(3, 1, requires_grad=True), torch.zeros(1, 1, requires_grad=True)
    assert (x.matmul(w) + b).shape == (100, 1) and (x.matmul(w) + b).grad_fn.name() == "AddBackward0"


def test_relu_is_not_linear() -> None:
    a, b = torch.tensor([1.0, 2.0, 3.0]), torch.tensor([1.0, -2.0, 3.0])
    assert torch.relu(a + b).tolist() == [2.0, 0.0, 6.0]
    assert (torch.relu(a) + torch.relu(b)).tolist() == [2.0, 2.0, 6.0]


def test_the_mean_squared_error_of_a_hundredth() -> None:
    y = torch.ones(5)
    assert (y + 0.01 - y).pow(2).mean().item() == pytest.approx(9.99999e-05, rel=2e-6)
    assert F.mse_loss(y + 0.01, y).item() == pytest.approx(9.99999e-05, rel=2e-6)


def test_the_network_from_scratch_learns() -> None:
    x, y = observations()
    generator = torch.Generator().manual_seed(2)
    shapes = [(3, 32), (1, 32), (32, 1), (1, 1)]
    w1, b1, w2, b2 = parameters = [torch.randn(*shape, generator=generator, requires_grad=True) for shape in shapes]
    losses = []
    for _ in range(200):
        loss = (((x @ w1 + b1).relu() @ w2 + b2 - y) ** 2).mean()
        losses.append(loss.item())
        loss.backward()
        with torch.no_grad():
            for p in parameters:
                p -= 1e-2 * p.grad
                p.grad.zero_()
    logged = losses[9::10]
    assert len(logged) == 20 and logged == sorted(logged, reverse=True) and logged[-1] < logged[0] / 3


# Chapter 7: modules.


def test_a_linear_module_and_what_it_holds() -> None:
    layer = nn.Linear(5, 16)
    assert (layer.weight.shape, layer.bias.shape) == ((16, 5), (16,))
    assert layer.weight.requires_grad and bool((layer.weight.abs() <= 5**-0.5).all())
    output = layer(torch.randn(50, 5))
    assert output.shape == (50, 16) and output.grad_fn.name() == "AddmmBackward0"
    output.mean().backward()
    rows = layer.weight.grad
    assert rows.shape == (16, 5) and torch.allclose(rows, rows[:1].expand(16, 5))  # every unit counts the same


def test_a_sequence_of_modules() -> None:
    model = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 1))
    output = model(torch.randn(5, 10))
    assert output.shape == (5, 1) and output.grad_fn.name() == "AddmmBackward0"
    output.mean().backward()
    assert all(p.grad is not None for p in model.parameters())


class OwnLinear(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.randn(inputs, outputs))
        self.b = nn.Parameter(torch.zeros(outputs))

    def forward(self, x: Any) -> Any:
        return x @ self.w + self.b


def test_a_module_of_ones_own() -> None:
    layer = OwnLinear(7, 1)
    assert sum(p.numel() for p in layer.parameters()) == 8
    assert {name: tuple(p.shape) for name, p in layer.named_parameters()} == {"w": (7, 1), "b": (1,)}


# Chapter 8: optimizers, on 0.2 x1² + c x2² - 5.


def descend(make: Any, c: float, steps: int, start: tuple[float, float] = (6.0, 6.0)) -> Any:
    x = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    optimizer = make([x])
    for _ in range(steps):
        optimizer.zero_grad()
        (0.2 * x[0] ** 2 + c * x[1] ** 2 - 5).backward()
        optimizer.step()
    return x.detach()


def test_one_step_to_the_bottom_of_a_round_bowl() -> None:
    assert descend(lambda x: torch.optim.SGD(x, lr=2.5), 0.2, 1).tolist() == pytest.approx([0, 0], abs=1e-12)


def test_a_ravine_is_slow_then_zigzags_then_is_left() -> None:
    slow, zigzag, away = (descend(lambda x, lr=lr: torch.optim.SGD(x, lr=lr), 2.0, 7) for lr in (0.1, 0.45, 0.55))
    assert 0 < slow[1] < 0.2 and slow[0] > 4
    assert zigzag[1] < 0 and abs(zigzag[1]) < 6  # an odd number of steps: on the other side
    assert abs(away[1]) > 6


def by_formula(name: str, lr: float, steps: int) -> Any:
    """Formulas 8.1 to 8.6, from (6, 6)."""
    x, v, s = np.array([6.0, 6.0]), np.zeros(2), np.zeros(2)
    for _ in range(steps):
        g = np.array([0.4, 4.0]) * x
        if name == "momentum":
            v = 0.1 * v + lr * g
            x = x - v
        else:
            s = s + g**2 if name == "adagrad" else 0.9 * s + 0.1 * g**2
            x = x - lr / (1e-10 + np.sqrt(s)) * g
    return x


@pytest.mark.parametrize(
    ("name", "lr", "make"),
    [
        ("momentum", 0.5, lambda x: torch.optim.SGD(x, lr=0.5, momentum=0.1)),
        ("adagrad", 3.7, lambda x: torch.optim.Adagrad(x, lr=3.7, eps=1e-10)),
        ("rmsprop", 0.3, lambda x: torch.optim.RMSprop(x, lr=0.3, alpha=0.9, eps=1e-10)),
    ],
)
def test_an_optimizer_is_its_formula(name: str, lr: float, make: Any) -> None:
    assert descend(make, 2.0, 20).tolist() == pytest.approx(by_formula(name, lr, 20).tolist(), rel=1e-9, abs=1e-12)


def test_momentum_and_adam_beat_plain_descent_in_the_ravine() -> None:
    plain = descend(lambda x: torch.optim.SGD(x, lr=0.22), 2.0, 30)
    for make in (lambda x: torch.optim.SGD(x, lr=0.5, momentum=0.1), lambda x: torch.optim.Adagrad(x, lr=3.7)):
        assert descend(make, 2.0, 30).norm() < plain.norm()
    assert descend(lambda x: torch.optim.Adam(x, lr=0.5), 2.0, 60).norm() < 0.5
