"""A residual network with a decoder, trained for three steps: from the same weights the same losses as PyTorch's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_edu as tg


def network(t: Any) -> Any:
    nn, F = t.nn, t.nn.functional

    class Block(nn.Module):
        def __init__(self, inner: int, outer: int, stride: int) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(inner, outer, 3, stride, 1, bias=False)
            self.norm1 = nn.BatchNorm2d(outer)
            self.conv2 = nn.Conv2d(outer, outer, 3, padding=1, bias=False)
            self.norm2 = nn.BatchNorm2d(outer)
            self.short = nn.Sequential()
            if stride != 1 or inner != outer:
                self.short = nn.Sequential(nn.Conv2d(inner, outer, 1, stride, bias=False), nn.BatchNorm2d(outer))

        def forward(self, x: Any) -> Any:
            out = self.norm2(self.conv2(F.relu(self.norm1(self.conv1(x)))))
            return F.relu(out + self.short(x))

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stem = nn.Sequential(nn.Conv2d(3, 8, 7, 2, 3), nn.ReLU(), nn.MaxPool2d(3, 2, 1))
            self.blocks = nn.Sequential(Block(8, 8, 1), Block(8, 16, 2))
            self.decoder = nn.Sequential(
                nn.Upsample(scale_factor=2, mode="bilinear"),
                nn.ConvTranspose2d(16, 8, 4, 2, 1, groups=2),
                nn.InstanceNorm2d(8, affine=True),
                nn.ReflectionPad2d(1),
                nn.Conv2d(8, 4, 3, padding="same", groups=4),
            )
            self.pool = nn.AdaptiveAvgPool2d(1)
            self.head = nn.Linear(4, 5)

        def forward(self, x: Any) -> Any:
            return self.head(t.flatten(self.pool(self.decoder(self.blocks(self.stem(x)))), 1))

    return Net().double()


@pytest.mark.oracle
def test_three_steps_are_pytorch_s() -> None:
    torch = pytest.importorskip("torch")
    ours, theirs = network(tg), network(torch)
    assert repr(ours) == repr(theirs)
    ours.load_state_dict({key: tg.tensor(value.numpy()) for key, value in theirs.state_dict().items()})
    mine = tg.optim.SGD(ours.parameters(), lr=0.05, momentum=0.9)
    other = torch.optim.SGD(theirs.parameters(), lr=0.05, momentum=0.9)
    draws = np.random.default_rng(0)
    for _ in range(3):
        x, y = draws.standard_normal((4, 3, 21, 18)), draws.integers(0, 5, 4)
        losses = []
        for t, net, optimizer in ((tg, ours, mine), (torch, theirs, other)):
            optimizer.zero_grad()
            loss = t.nn.functional.cross_entropy(net(t.tensor(x)), t.tensor(y))
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        assert losses[0] == pytest.approx(losses[1], rel=1e-10)
    for (key, a), b in zip(ours.state_dict().items(), theirs.state_dict().values(), strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-8, atol=1e-10, err_msg=key)
