"""The moons network trained twice: with Value, number by number, and with Tensor, layer by layer.

Both begin with the same weights and see the same points, so that they print the same losses; what differs is the time.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tinygrad_edu import Value, float64, nn, no_grad, optim, tensor
from tinygrad_edu.cli.moons_net import MLP, PENALTY, loss_and_accuracy, rate

__all__ = ["ENGINES", "Step", "Trained", "train"]

LIMIT = 1e6  # a loss that begins near 1 and comes here does not come back

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Step:
    """Before the update of a step: loss, accuracy from 0 to 1, and the learning rate that follows."""

    step: int
    loss: float
    accuracy: float
    lr: float


@dataclass
class Trained:
    """A finished training."""

    engine: str
    steps: list[Step] = field(default_factory=list)
    layers: list[tuple[Array, Array]] = field(default_factory=list)
    """Weights (out, in) and biases (out) of each layer."""
    seconds: float = 0.0
    diverged: bool = False

    def scores(self, points: Array) -> Array:
        """The network's output for points (n, 2): shape (n,), positive for class +1."""
        x = points
        for number, (weight, bias) in enumerate(self.layers):
            x = x @ weight.T + bias
            if number < len(self.layers) - 1:
                x = np.maximum(x, 0)
        return x[:, 0]


Watch = Callable[[str, Step], None]
Layers = list[tuple[Array, Array]]
Engine = Callable[[MLP, list[list[float]], list[int], int, float, str], Iterator[tuple[Step, Layers]]]


def with_value(
    model: MLP, points: list[list[float]], labels: list[int], steps: int, lr: float, device: str
) -> Iterator[tuple[Step, Layers]]:
    """Every number a node of its own, as micrograd has it."""
    for k in range(steps + 1):
        loss, percent = loss_and_accuracy(Value, model, points, labels)
        yield Step(k, loss.data, percent / 100, rate(k, max(steps, 1), lr)), _numbers(model)
        for p in model.parameters():
            p.grad = 0.0
        loss.backward()
        for p in model.parameters():
            p.data -= rate(k, max(steps, 1), lr) * p.grad


def with_tensor(
    model: MLP, points: list[list[float]], labels: list[int], steps: int, lr: float, device: str
) -> Iterator[tuple[Step, Layers]]:
    """A layer is a node, and all points go through at once: the same network as PyTorch's code writes it."""
    sizes = [(weight.shape[1], weight.shape[0]) for weight, _ in _numbers(model)]
    linears = [nn.Linear(a, b, dtype=float64, device=device) for a, b in sizes]
    with no_grad():
        for linear, (weight, bias) in zip(linears, _numbers(model), strict=True):
            linear.weight.copy_(tensor(weight))
            assert linear.bias is not None
            linear.bias.copy_(tensor(bias))
    net = nn.Sequential(*(part for linear in linears for part in (linear, nn.ReLU())))[:-1]
    x = tensor(points, dtype=float64, device=device)
    y = tensor(labels, dtype=float64, device=device)[:, None]
    optimizer = optim.SGD(net.parameters(), lr=lr)
    for k in range(steps + 1):
        scores = net(x)
        loss = (1 - y * scores).relu().mean() + PENALTY * sum(p.square().sum() for p in net.parameters())
        accuracy = ((scores > 0) == (y > 0)).double().mean().item()
        optimizer.param_groups[0]["lr"] = rate(k, max(steps, 1), lr)
        yield Step(k, loss.item(), accuracy, optimizer.param_groups[0]["lr"]), [
            (linear.weight.detach().cpu().numpy().copy(), _bias(linear)) for linear in linears
        ]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


ENGINES: dict[str, Engine] = {"value": with_value, "tensor": with_tensor}


def train(
    engine: str,
    points: list[list[float]],
    labels: list[int],
    sizes: tuple[int, ...],
    steps: int,
    lr: float,
    seed: int,
    watch: Watch | None = None,
    device: str = "cpu",
) -> Trained:
    """Train from the weights of a seed; the last of `steps` + 1 rows is the result after all of them."""
    done = Trained(engine)
    model = MLP(Value, sizes, random.Random(seed))
    began = time.perf_counter()
    for step, done.layers in ENGINES[engine](model, points, labels, steps, lr, device):
        if not abs(step.loss) < LIMIT:  # nan is not less either
            done.diverged = True
            break
        done.steps.append(step)
        if watch is not None:
            watch(engine, step)
        if step.step == steps:
            break
    done.seconds = time.perf_counter() - began
    return done


def _numbers(model: MLP) -> list[tuple[Array, Array]]:
    return [
        (np.array([[w.data for w in weights] for weights, _ in layer]), np.array([bias.data for _, bias in layer]))
        for layer in model.layers
    ]


def _bias(linear: nn.Linear) -> Array:
    assert linear.bias is not None
    return linear.bias.detach().cpu().numpy().copy()
