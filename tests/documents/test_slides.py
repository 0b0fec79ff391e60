"""Document 4, the slides of a PyTorch tutorial (2024): every printed line, top to bottom.

What is not reproduced stands in not_reproduced.md.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as torch
from tinygrad_edu import nn
from tinygrad_edu.utils.data import DataLoader, Dataset


def test_ways_to_make_a_tensor() -> None:
    rows = [[1, 2], [3, 4]]
    assert torch.equal(torch.tensor(rows), torch.from_numpy(np.array(rows)))
    ones = torch.ones_like(torch.tensor(rows))
    random = torch.rand_like(torch.tensor(rows), dtype=torch.float)
    assert (ones.tolist(), ones.dtype) == ([[1, 1], [1, 1]], torch.int64)
    assert (random.shape, random.dtype) == ((2, 2), torch.float32)
    shape = (2, 3)
    assert torch.rand(shape).shape == torch.ones(shape).shape == torch.zeros(shape).shape == shape
    placed = torch.ones(shape, dtype=torch.float, device=torch.device("cpu"))
    assert placed.dtype is torch.float32 and placed.device.type == "cpu"


def test_operators_and_slices_print_as_on_the_slide() -> None:
    z = torch.ones(2, 2) + torch.ones(2, 2)
    assert str(z) == "tensor([[2., 2.],\n        [2., 2.]])"
    z[:, 1] = 0
    assert str(z) == "tensor([[2., 0.],\n        [2., 0.]])"


def test_a_tensor_says_where_it_is() -> None:
    tensor = torch.ones(4, 4)
    if torch.cuda.is_available():
        tensor = tensor.to("cuda")
    assert str(tensor.device) == "cpu"


def scaled_square() -> tuple[Any, Any, Any]:
    """x of ones, y = x + 2, z = 3 y²."""
    x = torch.ones(2, 2, requires_grad=True)
    y = x + 2
    return x, y, y * y * 3


def test_the_gradient_of_a_mean() -> None:
    x, y, z = scaled_square()
    out = z.mean()
    assert str(y) == "tensor([[3., 3.],\n        [3., 3.]], grad_fn=<AddBackward0>)"
    assert str(z) == "tensor([[27., 27.],\n        [27., 27.]], grad_fn=<MulBackward0>)"
    assert str(out) == "tensor(27., grad_fn=<MeanBackward0>)"
    out.backward()
    assert str(x.grad) == "tensor([[4.5000, 4.5000],\n        [4.5000, 4.5000]])"


@pytest.mark.parametrize(
    ("weights", "printed"),
    [
        (torch.ones(2, 2), "tensor([[18., 18.],\n        [18., 18.]])"),
        (torch.tensor([[1, 2], [3, 4]]), "tensor([[18., 36.],\n        [54., 72.]])"),
    ],
)
def test_a_gradient_weighted_by_a_tensor(weights: Any, printed: str) -> None:
    x, _, z = scaled_square()
    assert z.tolist() == [[27.0, 27.0], [27.0, 27.0]]
    z.backward(weights)
    assert str(x.grad) == printed


def test_backward_from_several_elements_needs_weights() -> None:
    with pytest.raises(RuntimeError, match="grad can be implicitly created only for scalar outputs"):
        scaled_square()[2].backward()


def test_the_gradient_of_a_product_by_its_matrix() -> None:
    w, x = torch.randn(3, 4, requires_grad=True), torch.tensor([1.0, 2.0, 3.0, 4.0])
    (w @ x).backward(torch.ones(3))
    assert w.grad.tolist() == [[1.0, 2.0, 3.0, 4.0]] * 3  # the rows are x
    columns, upstream = torch.randn(4, 5), torch.randn(3, 5)
    w.grad = None
    (w @ columns).backward(upstream)
    assert torch.allclose(w.grad, upstream @ columns.T)


def test_the_full_derivative_has_three_indices() -> None:
    w, x = torch.randn(3, 4), torch.tensor([1.0, 2.0, 3.0, 4.0])
    full = torch.autograd.functional.jacobian(lambda w: w @ x, w)
    wanted = torch.einsum("ij,k->ijk", torch.eye(3), x)
    assert full.shape == (3, 3, 4) and torch.equal(full, wanted)


def test_recording_can_be_switched_off() -> None:
    x = torch.ones(2, 2, requires_grad=True)
    assert x.requires_grad is True
    with torch.no_grad():
        assert (x**2).requires_grad is False
    assert x.detach().requires_grad is False


def test_the_graph_is_drawn(tmp_path: Path) -> None:
    from tinygrad_edu.viz import make_dot

    x = torch.ones(2, 2, requires_grad=True)
    y = x * x * x * x
    out = y.mean()
    out.backward()
    assert x.grad.tolist() == [[1.0, 1.0], [1.0, 1.0]]
    dot = make_dot(out, params={"x": x, "y": y})
    assert dot.source.count("MulBackward0") == 3 and "MeanBackward0" in dot.source and "AccumulateGrad" in dot.source
    file = Path(dot.render(str(tmp_path / "graph"), format="png"))
    assert file.read_bytes().startswith(b"\x89PNG")


def test_mnist_goes_through_the_network(mnist: Path) -> None:
    from tinygrad_edu.vision import datasets, transforms

    prepare = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])
    train = datasets.MNIST(root=mnist, train=True, download=False, transform=prepare)
    test = datasets.MNIST(root=mnist, train=False, download=False, transform=prepare)
    images, labels = next(iter(DataLoader(dataset=train, batch_size=64, shuffle=True)))
    assert (images.shape, labels.shape, len(test)) == ((64, 1, 28, 28), (64,), 10)
    assert images.min().item() == pytest.approx(-0.1307 / 0.3081, abs=1e-4)
    assert NeuralNetwork()(images).shape == (64, 10)


class Samples(Dataset):
    def __init__(self, data: Any, labels: Any, transform: Any = None) -> None:
        self.data, self.labels, self.transform = data, labels, transform

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> Any:
        sample = self.data[index]
        return (self.transform(sample) if self.transform else sample), self.labels[index]


def test_a_dataset_of_ones_own() -> None:
    dataset = Samples(torch.arange(10.0), torch.arange(10), transform=lambda x: x / 10)
    assert len(dataset) == 10 and dataset[3][0].item() == pytest.approx(0.3)
    batches = list(DataLoader(dataset, batch_size=4, shuffle=True))
    assert [len(labels) for _, labels in batches] == [4, 4, 2]
    assert sorted(torch.cat([labels for _, labels in batches]).tolist()) == list(range(10))


class NeuralNetwork(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.flatten = nn.Flatten()
        self.linear_relu_stack = nn.Sequential(
            nn.Linear(28 * 28, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10)
        )

    def forward(self, x: Any) -> Any:
        return self.linear_relu_stack(self.flatten(x))


def test_a_network_lists_its_parameters() -> None:
    model = NeuralNetwork()
    lines = [f"Layer: {name} | Size: {p.size()} | Values : {p[:2]}" for name, p in model.named_parameters()]
    assert lines[0].startswith("Layer: linear_relu_stack.0.weight | Size: torch.Size([512, 784]) | Values : tensor([[")
    assert [tuple(p.shape) for p in model.parameters()] == [(512, 784), (512,), (512, 512), (512,), (10, 512), (10,)]
    assert model(torch.rand(3, 28, 28)).shape == (3, 10)


def test_layers_give_the_shapes_of_the_slides() -> None:
    assert str(nn.Linear(20, 30)(torch.randn(128, 20)).size()) == "torch.Size([128, 30])"
    layer = nn.Conv1d(in_channels=3, out_channels=6, kernel_size=5)
    assert str(layer(torch.randn(10, 3, 50)).shape) == "torch.Size([10, 6, 46])"


@pytest.mark.parametrize("stride", [1, 3])
@pytest.mark.parametrize("padding", [0, 2])
@pytest.mark.parametrize(("dilation", "kernel"), [(1, 3), (2, 3), (3, 4)])
def test_the_formula_of_a_convolutions_length(stride: int, padding: int, dilation: int, kernel: int) -> None:
    layer = nn.Conv1d(1, 1, kernel, stride=stride, padding=padding, dilation=dilation)
    wanted = (17 + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1
    assert layer(torch.randn(1, 1, 17)).shape[-1] == wanted


def test_dilation_spreads_a_kernel_and_groups_keep_channels_apart() -> None:
    layer = nn.Conv1d(1, 1, 3, dilation=2, bias=False)
    layer.weight.data = torch.tensor([[[1.0, 2.0, 3.0]]])
    impulse = torch.zeros(1, 1, 9)
    impulse[0, 0, 4] = 1
    assert layer(impulse).flatten().tolist() == [3.0, 0.0, 2.0, 0.0, 1.0]
    grouped = nn.Conv1d(4, 8, 1, groups=2, bias=False)
    x = torch.zeros(1, 4, 1)
    x[0, :2] = 1
    assert grouped.weight.shape == (8, 2, 1)
    assert grouped(x)[0, :4].abs().min() > 0 and grouped(x)[0, 4:].tolist() == [[0.0]] * 4


def test_one_step_of_training() -> None:
    torch.manual_seed(0)
    model = NeuralNetwork()
    optimizer, loss_fn = torch.optim.SGD(model.parameters(), lr=1e-3), nn.CrossEntropyLoss()
    data, target = torch.rand(8, 28, 28), torch.arange(8)
    first = loss_fn(model(data), target)
    optimizer.zero_grad()
    first.backward()
    weight, grad = model.linear_relu_stack[0].weight.detach().clone(), model.linear_relu_stack[0].weight.grad
    optimizer.step()
    assert torch.allclose(model.linear_relu_stack[0].weight, weight - 1e-3 * grad)
    assert loss_fn(model(data), target).item() < first.item()
