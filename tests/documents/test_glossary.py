"""Document 2, a student's glossary of PyTorch in 21 entries: what each entry's code computes, top to bottom.

Most of its programs print what a random start gives; of these the shapes, the form of the line and the behaviour are
checked. What is not reproduced stands in not_reproduced.md.
"""

import re
from pathlib import Path
from typing import Any

import pytest

import tinygrad_edu as torch
import tinygrad_edu.nn.functional as F
from tinygrad_edu import nn, optim
from tinygrad_edu.utils.data import DataLoader, Dataset, TensorDataset


def descend(model: nn.Module, x: Any, y: Any, optimizer: Any, steps: int) -> list[float]:
    """The loss before each of `steps` steps, by the loop that the entries share."""
    criterion, losses = nn.MSELoss(), []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def test_pytorch_a_line_is_fitted() -> None:
    torch.manual_seed(0)

    class Line(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(1, 1)

        def forward(self, x: Any) -> Any:
            return self.linear(x)

    model = Line()
    x = torch.tensor([[1.0], [2.0], [3.0], [4.0]])
    losses = descend(model, x, 2 * x, optim.SGD(model.parameters(), lr=0.01), 1000)
    lines = [f"Epoch [{step}/1000], Loss: {losses[step - 1]:.4f}" for step in range(100, 1001, 100)]
    assert len(lines) == 10 and all(re.fullmatch(r"Epoch \[\d+00/1000\], Loss: \d\.\d{4}", line) for line in lines)
    assert losses[-1] < 0.01 and model(torch.tensor([[5.0]])).item() == pytest.approx(10, abs=0.3)


def test_tensor_shape_element_and_sum() -> None:
    image = torch.rand((3, 224, 224))
    assert str(image.shape) == "torch.Size([3, 224, 224])"
    assert image[0, 0, 0].shape == () and 0 <= image[0, 0, 0].item() < 1
    vector, matrix = torch.tensor([1, 2, 3]), torch.tensor([[1, 2, 3], [4, 5, 6]])
    assert (vector + vector).tolist() == [2, 4, 6] and matrix.shape == (2, 3)


def test_autograd_of_a_square() -> None:
    x = torch.tensor(2.0, requires_grad=True)
    (x**2).backward()
    assert str(x.grad) == "tensor(4.)"


def test_nn_a_network_for_mnist() -> None:
    class Network(nn.Module):
        def __init__(self, inputs: int, hidden: int, outputs: int) -> None:
            super().__init__()
            self.fc1, self.relu, self.fc2 = nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, outputs)

        def forward(self, x: Any) -> Any:
            return self.fc2(self.relu(self.fc1(x)))

    torch.manual_seed(0)
    model = Network(784, 500, 10)
    assert sum(p.numel() for p in model.parameters()) == 784 * 500 + 500 + 500 * 10 + 10
    x, labels = torch.rand(16, 784), torch.arange(16) % 10
    criterion, optimizer = nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr=0.01)
    before = criterion(model(x), labels)
    before.backward()
    optimizer.step()
    assert criterion(model(x), labels).item() < before.item()


def test_optim_a_random_input_each_time() -> None:
    torch.manual_seed(0)
    model = nn.Linear(10, 1)
    optimizer = optim.SGD(model.parameters(), lr=0.01)
    lines = []
    for epoch in range(100):
        (loss,) = descend(model, torch.randn(10), torch.tensor([1.0]), optimizer, 1)
        lines.append(f"Epoch [{epoch + 1}/100], Loss: {loss:.4f}")
    assert all(re.fullmatch(r"Epoch \[\d+/100\], Loss: \d+\.\d{4}", line) for line in lines)


@pytest.mark.parametrize("workers", [0, 2])
def test_dataloader_of_mnist_in_sixty_fours(mnist: Path, workers: int) -> None:
    from tinygrad_edu.vision import datasets, transforms

    prepare = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.5,), (0.5,))])
    dataset = datasets.MNIST(root=mnist, train=True, transform=prepare, download=False)
    batches = list(DataLoader(dataset=dataset, batch_size=64, shuffle=True, num_workers=workers))
    assert [tuple(images.shape) for images, _ in batches] == [(64, 1, 28, 28)] * 2 + [(2, 1, 28, 28)]
    assert all(-1 <= images.min().item() and images.max().item() <= 1 for images, _ in batches)


class Pairs(Dataset):
    def __init__(self, data: Any, labels: Any) -> None:
        self.data, self.labels = data, labels

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> Any:
        return self.data[index], self.labels[index]


def test_dataset_tells_its_size_and_a_sample() -> None:
    dataset = Pairs(torch.randn(100, 3, 32, 32), torch.randint(0, 10, (100,)))
    sample, label = dataset[0]
    assert f"Dataset size: {len(dataset)}" == "Dataset size: 100"
    told = f"Sample shape: {sample.shape}, Label: {label}"
    assert re.fullmatch(r"Sample shape: torch\.Size\(\[3, 32, 32\]\), Label: \d", told)


def test_tensor_operations() -> None:
    a, b = torch.tensor([[1, 2], [3, 4]]), torch.tensor([[5, 6], [7, 8]])
    assert str(a + b) == "tensor([[ 6,  8],\n        [10, 12]])"
    assert str(a * b) == "tensor([[ 5, 12],\n        [21, 32]])"
    assert str(torch.matmul(a, b)) == "tensor([[19, 22],\n        [43, 50]])"
    assert str(a.view(4)) == "tensor([1, 2, 3, 4])"


def test_cuda_tensors_on_a_machine_without() -> None:
    x = torch.tensor([1.0, 2.0, 3.0])
    assert f"CPU Tensor: {x}" == "CPU Tensor: tensor([1., 2., 3.])"
    told = "CUDA Tensor" if torch.cuda.is_available() else "CUDA is not available."
    assert told == "CUDA is not available."
    with pytest.raises(AssertionError, match="CUDA"):
        x.to("cuda")


def test_computational_graph_of_a_sum_of_squares() -> None:
    x, y = torch.tensor(2.0, requires_grad=True), torch.tensor(3.0, requires_grad=True)
    z = x**2 + y**2
    z.backward()
    assert (str(x.grad), str(y.grad)) == ("tensor(4.)", "tensor(6.)")
    assert [node.name() for node, _ in z.grad_fn.next_functions] == ["PowBackward0", "PowBackward0"]


def test_gradient_descent_by_hand() -> None:
    x = torch.tensor(10.0, requires_grad=True)
    for _ in range(100):
        x = x - 0.1 * (2 * x)
        x.grad = None
    assert x.item() == pytest.approx(10 * 0.8**100, rel=1e-4)  # each step leaves four fifths


def test_module_with_two_layers() -> None:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.hidden_layer, self.output_layer = nn.Linear(10, 5), nn.Linear(5, 1)

        def forward(self, x: Any) -> Any:
            return self.output_layer(torch.relu(self.hidden_layer(x)))

    out = Model()(torch.randn(1, 10))
    assert re.fullmatch(r"tensor\(\[\[ ?-?\d\.\d{4}\]\], grad_fn=<AddmmBackward0>\)", str(out))


def test_sequential_a_convolutional_network() -> None:
    model = nn.Sequential(
        nn.Conv2d(in_channels=1, out_channels=32, kernel_size=3, stride=1, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(kernel_size=2, stride=2),
        nn.Conv2d(in_channels=32, out_channels=64, kernel_size=3, stride=1, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(kernel_size=2, stride=2),
        nn.Flatten(),
        nn.Linear(64 * 7 * 7, 128),
        nn.ReLU(),
        nn.Linear(128, 10),
    )
    assert repr(model).splitlines() == [
        "Sequential(",
        "  (0): Conv2d(1, 32, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))",
        "  (1): ReLU()",
        "  (2): MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)",
        "  (3): Conv2d(32, 64, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))",
        "  (4): ReLU()",
        "  (5): MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)",
        "  (6): Flatten(start_dim=1, end_dim=-1)",
        "  (7): Linear(in_features=3136, out_features=128, bias=True)",
        "  (8): ReLU()",
        "  (9): Linear(in_features=128, out_features=10, bias=True)",
        ")",
    ]
    assert model(torch.rand(2, 1, 28, 28)).shape == (2, 10)


def test_loss_function_of_four_predictions() -> None:
    loss = nn.MSELoss()(torch.tensor([2.5, 0.0, 2.1, 7.8]), torch.tensor([3.0, -0.5, 2.0, 7.0]))
    assert f"MSE Loss: {loss.item():.4f}" == "MSE Loss: 0.2875"


def test_sgd_takes_one_step() -> None:
    torch.manual_seed(0)
    model = nn.Linear(10, 1)
    x, y = torch.randn(10), torch.randn(1)
    loss = F.mse_loss(model(x), y)
    loss.backward()
    wanted = model.weight.detach() - 0.01 * model.weight.grad
    optim.SGD(model.parameters(), lr=0.01).step()
    assert torch.allclose(model.weight, wanted)


def test_adam_lowers_the_loss() -> None:
    torch.manual_seed(0)
    model = nn.Linear(10, 1)
    losses = descend(model, torch.randn(32, 10), torch.randn(32, 1), optim.Adam(model.parameters(), lr=0.001), 100)
    assert losses[-1] < losses[0] and re.fullmatch(r"Epoch 100, Loss: \d+\.\d+", f"Epoch 100, Loss: {losses[-1]}")


def test_batch_processing_in_sixteens() -> None:
    loader = DataLoader(TensorDataset(torch.randn(100, 10), torch.randint(0, 2, (100,))), batch_size=16, shuffle=True)
    lines = [f"{data.shape} {labels.shape}" for data, labels in loader]
    assert lines == ["torch.Size([16, 10]) torch.Size([16])"] * 6 + ["torch.Size([4, 10]) torch.Size([4])"]


@pytest.fixture
def picture() -> Any:
    image = pytest.importorskip("PIL.Image")
    return image.linear_gradient("L").convert("RGB").resize((100, 80))


def test_data_augmentation_on_small_pictures(picture: Any) -> None:
    from tinygrad_edu.vision import transforms

    augment = transforms.Compose(
        [
            transforms.RandomHorizontalFlip(p=0.5),
            transforms.RandomRotation(degrees=15),
            transforms.ToTensor(),
            transforms.Normalize((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
        ]
    )
    torch.manual_seed(0)
    made = [augment(picture.resize((32, 32))) for _ in range(8)]
    assert {tuple(tensor.shape) for tensor in made} == {(3, 32, 32)}
    assert all(-1 <= tensor.min().item() and tensor.max().item() <= 1 for tensor in made)
    assert len({tensor.sum().item() for tensor in made}) > 1  # not the same twice


def test_custom_dataset_of_picture_files(picture: Any, tmp_path: Path) -> None:
    from PIL import Image

    from tinygrad_edu.vision import transforms

    class Pictures(Dataset):
        def __init__(self, paths: list[Path], labels: list[int], transform: Any = None) -> None:
            self.paths, self.labels, self.transform = paths, labels, transform

        def __len__(self) -> int:
            return len(self.paths)

        def __getitem__(self, index: int) -> Any:
            image = Image.open(self.paths[index])
            return (self.transform(image) if self.transform else image), self.labels[index]

    paths = [tmp_path / f"{number}.png" for number in range(3)]
    for path in paths:
        picture.save(path)
    assert Pictures(paths, [0, 1, 2])[1][0].size == (100, 80)
    batch, labels = next(iter(DataLoader(Pictures(paths, [0, 1, 2], transforms.ToTensor()), batch_size=3)))
    assert batch.shape == (3, 3, 80, 100) and labels.tolist() == [0, 1, 2]


def test_transforms_to_a_tensor_of_256_by_256(picture: Any) -> None:
    from tinygrad_edu.vision import transforms

    prepare = transforms.Compose(
        [
            transforms.Resize((256, 256)),
            transforms.RandomHorizontalFlip(),
            transforms.ToTensor(),
            transforms.Normalize(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225]),
        ]
    )
    assert str(prepare(picture).shape) == "torch.Size([3, 256, 256])"


def test_forward_method_of_three_layers() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc1, self.fc2, self.fc3 = nn.Linear(784, 128), nn.Linear(128, 64), nn.Linear(64, 10)

        def forward(self, x: Any) -> Any:
            return self.fc3(F.relu(self.fc2(F.relu(self.fc1(x)))))

    out = Net()(torch.randn(1, 784))
    assert out.shape == (1, 10) and str(out).startswith("tensor([[") and "grad_fn=<AddmmBackward0>" in str(out)


def test_backward_method_reaches_weights_and_inputs() -> None:
    model = nn.Linear(1, 1)
    optimizer = optim.SGD(model.parameters(), lr=0.01)
    inputs = torch.tensor([[1.0], [2.0], [3.0]], requires_grad=True)
    targets = torch.tensor([[2.0], [4.0], [6.0]])
    weight, bias = model.weight.item(), model.bias.item()
    nn.MSELoss()(model(inputs), targets).backward()
    errors = [(weight * x + bias - 2 * x) for x in (1.0, 2.0, 3.0)]
    slope = sum(2 / 3 * error * x for error, x in zip(errors, (1.0, 2.0, 3.0), strict=True))
    assert model.weight.grad.item() == pytest.approx(slope, rel=1e-5)
    assert inputs.grad.flatten().tolist() == pytest.approx([2 / 3 * error * weight for error in errors], rel=1e-4)
    optimizer.step()
    assert model.weight.item() == pytest.approx(weight - 0.01 * slope, rel=1e-5)
    optimizer.zero_grad()
    assert model.weight.grad is None
