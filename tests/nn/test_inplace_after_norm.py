"""A norm does not need its result for its gradient: ReLU(inplace=True) may follow, as in the DCGAN tutorial."""

from collections.abc import Callable

import pytest

import tinygrad_edu as torch
from tinygrad_edu import nn

NORMS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "batch": (lambda: nn.BatchNorm2d(4), (3, 4, 2, 2)),
    "group": (lambda: nn.GroupNorm(2, 4), (3, 4, 2)),
    "layer": (lambda: nn.LayerNorm(4), (3, 4)),
    "rms": (lambda: nn.RMSNorm(4), (3, 4)),
}


@pytest.mark.parametrize("second", [False, True])
@pytest.mark.parametrize("name", NORMS)
def test_gradients_are_those_of_the_relu_that_makes_a_new_tensor(name: str, second: bool) -> None:
    make, shape = NORMS[name]
    norm = make()
    x = torch.randn(*shape, generator=torch.Generator().manual_seed(1), requires_grad=True)
    factor = torch.arange(float(x.numel())).view(shape)
    found = []
    for inplace in (False, True):
        loss = (nn.functional.relu(norm(x), inplace=inplace) * factor).sum()
        grads = torch.autograd.grad(loss, (x, *norm.parameters()), create_graph=second)
        found.append(torch.autograd.grad(grads[0].square().sum(), (x,)) if second else grads)
    assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(*found, strict=True))
