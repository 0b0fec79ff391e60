"""The regression network of the book's chapters 6 to 8: by hand, then with modules, then with an optimizer.

100 observations of three features: y = 0.2 x1 - 1.3 x2 - 0.5 x3 + noise; 32 hidden units with ReLU; 200 epochs.
The three stages begin with the same weights, and the last two only say the same thing with less code: with plain SGD
their losses are those of the first.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tinygrad_edu import Tensor, nn, no_grad, optim, randn, zeros

__all__ = ["HIDDEN", "Stage", "Start", "by_hand", "run", "with_modules", "with_optimizer"]

HIDDEN = 32
LIMIT = 1e8  # mean squared errors begin near 50


@dataclass
class Start:
    """What all stages share: data, and weights (in, out) and biases (1, out) as the book draws them."""

    x: Tensor
    y: Tensor
    w1: Tensor = field(default_factory=lambda: randn(3, HIDDEN))
    b1: Tensor = field(default_factory=lambda: zeros(1, HIDDEN))
    w2: Tensor = field(default_factory=lambda: randn(HIDDEN, 1))
    b2: Tensor = field(default_factory=lambda: zeros(1, 1))

    def to(self, device: str) -> Start:
        """The same, on a device."""
        return Start(*(getattr(self, name).to(device) for name in ("x", "y", "w1", "b1", "w2", "b2")))


@dataclass
class Stage:
    """A finished stage: the loss before each epoch's update, and the predictions of the last epoch, (100, 1)."""

    name: str
    lr: float
    losses: list[float] = field(default_factory=list)
    predictions: Any = None
    diverged: bool = False
    seconds: float = 0.0


Epochs = Iterator[tuple[float, Tensor]]


def by_hand(start: Start, epochs: int, lr: float, optimizer: str) -> Epochs:
    """Chapter 6: tensors, a loss that is written out, and an update for each weight."""
    w1, b1, w2, b2 = (t.clone().requires_grad_() for t in (start.w1, start.b1, start.w2, start.b2))
    for _ in range(epochs):
        prediction = (start.x @ w1 + b1).relu() @ w2 + b2
        loss = ((prediction - start.y) ** 2).mean()
        yield loss.item(), prediction.detach()
        loss.backward()
        with no_grad():
            for weight in (w1, b1, w2, b2):
                assert weight.grad is not None
                weight -= lr * weight.grad
                weight.grad.zero_()


def with_modules(start: Start, epochs: int, lr: float, optimizer: str) -> Epochs:
    """Chapter 7: the layers are modules, which know their parameters."""
    net, loss_function = network(start), nn.MSELoss()
    for _ in range(epochs):
        prediction = net(start.x)
        loss = loss_function(prediction, start.y)
        yield loss.item(), prediction.detach()
        net.zero_grad()
        loss.backward()
        with no_grad():
            for parameter in net.parameters():
                assert parameter.grad is not None
                parameter.sub_(lr * parameter.grad)


def with_optimizer(start: Start, epochs: int, lr: float, optimizer: str) -> Epochs:
    """Chapter 8: an optimizer makes the updates."""
    net, loss_function = network(start), nn.MSELoss()
    entry = optim.OPTIMIZERS[optimizer]
    opt = entry.cls(net.parameters(), lr=lr, **entry.options)
    for _ in range(epochs):
        seen: list[tuple[float, Tensor]] = []

        def closure() -> Tensor:
            opt.zero_grad()
            prediction = net(start.x)
            loss = loss_function(prediction, start.y)
            seen.append((loss.item(), prediction.detach()))  # noqa: B023
            loss.backward()
            return loss

        opt.step(closure)
        yield seen[0]


def network(start: Start) -> nn.Module:
    """The network as modules, with the weights of the start: a Linear keeps them as (out, in)."""
    first, last = (nn.Linear(a, b).to(start.x.device) for a, b in ((3, HIDDEN), (HIDDEN, 1)))
    with no_grad():
        for layer, weight, bias in ((first, start.w1, start.b1), (last, start.w2, start.b2)):
            assert layer.bias is not None
            layer.weight.copy_(weight.T)
            layer.bias.copy_(bias[0])
    return nn.Sequential(first, nn.ReLU(), last)


def run(
    name: str, stage: Callable[[Start, int, float, str], Epochs], start: Start, epochs: int, lr: float,
    optimizer: str = "", watch: Callable[[str, int, float], None] | None = None,
) -> Stage:  # fmt: skip
    """Run a stage to its end, or until its loss is beyond `LIMIT`."""
    done = Stage(name, lr)
    began = time.perf_counter()
    for epoch, (loss, done.predictions) in enumerate(stage(start, epochs, lr, optimizer), 1):
        if not abs(loss) < LIMIT:  # nan is not less either
            done.diverged = True
            break
        done.losses.append(loss)
        if watch is not None:
            watch(name, epoch, loss)
    done.seconds = time.perf_counter() - began
    return done
