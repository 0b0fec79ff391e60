"""Document 1, the appendix on NumPy and PyTorch of a book on language models: every printed line, top to bottom.

Its first half is NumPy's; each of those lines is checked for NumPy and for Tensors, which answer in the same way.
What is not reproduced stands in not_reproduced.md.
"""

from typing import Any

import numpy as np
import pytest

import tinygrad_edu as torch
import tinygrad_edu.nn.functional as F
from tinygrad_edu import nn
from tinygrad_edu.utils.data import DataLoader, Dataset

BOTH = pytest.mark.parametrize("make", [np.array, torch.tensor], ids=["numpy", "tensor"])


@BOTH
def test_shapes_and_types(make: Any) -> None:
    assert tuple(make([1, 2, 3, 4]).shape) == (4,)
    assert tuple(make([[11, 12, 13], [21, 22, 23]]).shape) == (2, 3)
    assert str(make([1, 2, 3]).dtype).removeprefix("torch.") == "int64"


@pytest.mark.parametrize("library", [np, torch], ids=["numpy", "tensor"])
def test_ranges(library: Any) -> None:
    assert library.arange(1, 10, 2).tolist() == [1, 3, 5, 7, 9]
    line = library.linspace(1, 10, 3)
    assert line.tolist() == [1.0, 5.5, 10.0]
    assert str(line.dtype) == ("float64" if library is np else "torch.float32")


def test_random_numbers_have_the_shape_that_is_asked_for() -> None:
    assert np.random.default_rng(0).standard_normal((3, 4, 5)).shape == torch.randn(3, 4, 5).shape == (3, 4, 5)


@BOTH
def test_slices_shapes_and_joining(make: Any) -> None:
    assert make([1, 2, 3, 4])[1:3].tolist() == [2, 3]
    grid = make([[1, 2, 3], [4, 5, 6]])
    assert tuple(grid.shape) == (2, 3)
    assert tuple(grid.reshape((3, 2)).shape) == (3, 2)
    assert grid.reshape((3, 2)).tolist() == [[1, 2], [3, 4], [5, 6]]
    assert tuple(grid.reshape(1, 6).shape) == (1, 6)
    with pytest.raises((ValueError, RuntimeError)):
        grid.reshape(2, 5)
    join = np.concatenate if make is np.array else torch.concatenate
    assert join((make([1, 2, 3]), make([4, 5, 6]))).tolist() == [1, 2, 3, 4, 5, 6]


@BOTH
def test_arithmetic(make: Any) -> None:
    a, b = make([1, 2, 3]), make([4, 5, 6])
    assert (a + b).tolist() == [5, 7, 9]
    assert (a * b).tolist() == [4, 10, 18]


@BOTH
def test_broadcasting(make: Any) -> None:
    row, grid = make([1, 2, 3]), make([[1, 2, 3], [4, 5, 6]])
    assert tuple(row.shape) == (3,) and tuple(grid.shape) == (2, 3)  # the page prints (1, 3) for the first
    assert (row + grid).tolist() == [[2, 4, 6], [5, 7, 9]]
    column = make([[1], [2], [3]])
    assert tuple(column.shape) == (3, 1)
    assert (row + column).tolist() == [[2, 3, 4], [3, 4, 5], [4, 5, 6]]
    with pytest.raises((ValueError, RuntimeError)):
        row + make([1, 2])


@pytest.mark.parametrize("draw", [lambda *s: np.random.default_rng(0).standard_normal(s), torch.randn])
def test_broadcasting_adds_dimensions_in_front(draw: Any) -> None:
    a, b = draw(2, 2, 3), draw(2, 3)
    assert (tuple(a.shape), tuple(b.shape)) == ((2, 2, 3), (2, 3))
    assert tuple((a + b).shape) == (2, 2, 3)


@pytest.mark.parametrize(("library", "make"), [(np, np.array), (torch, torch.tensor)], ids=["numpy", "tensor"])
def test_linear_algebra_and_sums(library: Any, make: Any) -> None:
    assert library.dot(make([1, 2, 3]), make([4, 5, 6])).item() == 32
    a, b = make([[1, 2, 3], [3, 4, 6]]), make([[7], [8], [9]])
    assert (tuple(a.shape), tuple(b.shape)) == ((2, 3), (3, 1))
    assert tuple(library.matmul(a, b).shape) == (2, 1)
    grid = make([[1, 2, 3], [4, 5, 6]])
    assert library.sum(grid, axis=0).tolist() == [5, 7, 9]
    assert library.sum(grid, axis=1).tolist() == [6, 15]
    for name, wanted in [("min", 1.0), ("max", 6.0), ("exp", np.exp(6)), ("log", np.log(6))]:
        values = getattr(library, name)(make([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]))
        assert values.reshape(-1)[-1].item() == pytest.approx(wanted)


def test_tensors_print_as_in_pytorch(capsys: pytest.CaptureFixture[str]) -> None:
    print(torch.tensor([1, 2, 3]))
    print(torch.tensor([1, 2, 3]) + torch.tensor([4, 5, 6]))
    total = torch.tensor([1, 2, 3]) + torch.tensor([[1], [2], [3]])
    print(total.shape)
    print(total.dtype)
    print(torch.LongTensor([1, 2, 3]))
    print(torch.FloatTensor([1, 2, 3]))
    print(torch.sum(torch.tensor([1, 2, 3])))
    assert capsys.readouterr().out.splitlines() == [
        "tensor([1, 2, 3])", "tensor([5, 7, 9])", "torch.Size([3, 3])", "torch.int64", "tensor([1, 2, 3])",
        "tensor([1., 2., 3.])", "tensor(6)",
    ]  # fmt: skip


def test_types_by_name_and_by_what_is_given() -> None:
    kinds = {"Int": torch.int32, "Long": torch.int64, "Float": torch.float32, "Double": torch.float64}
    assert all(getattr(torch, f"{name}Tensor")([1, 2]).dtype is dtype for name, dtype in kinds.items())
    assert torch.tensor([1]).dtype is torch.int64 and torch.tensor([1.5]).dtype is torch.float32


def test_a_batch_of_products_keeps_the_outer_sizes() -> None:
    # The page prints torch.Size([10, 3, 5]): a misprint, as the columns of the second factor are four.
    assert torch.bmm(torch.randn(10, 3, 2), torch.randn(10, 2, 4)).shape == (10, 3, 4)


def test_layers_take_one_or_a_batch() -> None:
    assert nn.Embedding(10, 3)(torch.LongTensor([1, 2])).shape == (2, 3)
    layer = nn.Linear(128, 64)
    assert str(layer(torch.randn(128)).shape) == "torch.Size([64])"
    assert str(layer(torch.randn(10, 128)).shape) == "torch.Size([10, 64])"


class CustomModel(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear1 = nn.Linear(128, 64)
        self.linear2 = nn.Linear(64, 10)

    def forward(self, x: Any) -> Any:
        return self.linear2(self.linear1(x))


def test_a_model_prints_its_layers() -> None:
    model = CustomModel()
    assert model(torch.randn(128)).shape == (10,) and model(torch.randn(5, 128)).shape == (5, 10)
    assert repr(model) == (
        "CustomModel(\n"
        "  (linear1): Linear(in_features=128, out_features=64, bias=True)\n"
        "  (linear2): Linear(in_features=64, out_features=10, bias=True)\n"
        ")"
    )


def stack_of(container: Any) -> nn.Module:
    """A model whose layers are kept in `container`: nn.ModuleList, or a plain list."""

    class CustomModel1(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            units = [128, 64, 32, 16, 10]
            self.layers = container(nn.Linear(a, b) for a, b in zip(units, units[1:], strict=False))

        def forward(self, x: Any) -> Any:
            for layer in self.layers:
                x = layer(x)
            return x

    return CustomModel1()


def test_a_list_of_modules_is_seen_and_a_plain_list_is_not() -> None:
    model = stack_of(nn.ModuleList)
    assert repr(model) == (
        "CustomModel1(\n"
        "  (layers): ModuleList(\n"
        "    (0): Linear(in_features=128, out_features=64, bias=True)\n"
        "    (1): Linear(in_features=64, out_features=32, bias=True)\n"
        "    (2): Linear(in_features=32, out_features=16, bias=True)\n"
        "    (3): Linear(in_features=16, out_features=10, bias=True)\n"
        "  )\n"
        ")"
    )
    assert len(list(model.parameters())) == 8
    plain = stack_of(list)
    assert repr(plain) == "CustomModel1()" and list(plain.parameters()) == []  # the page calls it CustomModel2
    assert plain(torch.randn(2, 128)).shape == (2, 10)


def test_a_module_and_its_function_agree() -> None:
    x = torch.randn(10)
    assert all(nn.ReLU()(x) == F.relu(x)) is True


def test_a_class_number_is_the_distribution_that_is_certain_of_it() -> None:
    criterion = nn.CrossEntropyLoss()
    predicted = torch.tensor([[0.1, 0.2, 0.7], [0.8, 0.1, 0.1]], requires_grad=True)
    by_number = criterion(predicted, torch.tensor([2, 0]))
    by_distribution = criterion(predicted, torch.tensor([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]))
    assert by_number.item() == pytest.approx(by_distribution.item()) == pytest.approx(0.7288, abs=1e-4)


class Pairs(Dataset):
    def __init__(self, data: Any, targets: Any) -> None:
        self.data, self.targets = data, targets

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> Any:
        return self.data[index], self.targets[index]


def test_a_training_loop_with_adamw_and_a_schedule() -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(60, 128, generator=generator)
    loader = DataLoader(Pairs(x, (x[:, 0] > 0).long()), batch_size=20)
    torch.manual_seed(0)
    model, criterion = CustomModel(), nn.CrossEntropyLoss()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.001)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=30, gamma=0.1)
    losses = []
    for _ in range(10):
        for inputs, targets in loader:
            optimizer.zero_grad()
            loss = criterion(model(inputs), targets)
            loss.backward()
            optimizer.step()
        losses.append(loss.item())
        scheduler.step()
    assert losses[-1] < losses[0] / 2
    assert scheduler.get_last_lr() == [0.001]  # thirty epochs have not passed


def test_a_loader_gives_batches() -> None:
    dataset = Pairs(torch.randn(100, 3, 32, 32), torch.randint(0, 10, (100,)))
    loader = DataLoader(dataset, batch_size=4, shuffle=True)
    shapes = {(str(data.shape), str(targets.shape)) for data, targets in loader}
    assert shapes == {("torch.Size([4, 3, 32, 32])", "torch.Size([4])")}
