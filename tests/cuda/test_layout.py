"""Writing into part of a Tensor on the GPU, and how results lie there: as on the CPU."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_edu as torch
from tinygrad_edu import nn


def drawn() -> Any:
    return torch.tensor(np.random.default_rng(0).normal(size=(2, 3)).astype(np.float32))


@pytest.mark.parametrize(
    "write",
    [
        lambda y: y.__setitem__(0, 3.0),
        lambda y: y.view(6)[1:3].fill_(3.0),
        lambda y: y.view(6)[1:3].copy_(y[1, 0]),
        lambda y: y.T[0].mul_(5.0),
        lambda y: y.put_(torch.tensor([1], device=y.device), torch.ones(1, device=y.device)),
    ],
)
def test_what_is_written_over_gets_no_gradient(write: Any) -> None:
    results = []
    for device in ("cpu", "cuda"):
        x = drawn().to(device).requires_grad_()
        y = x * 1
        write(y)
        (gradient,) = torch.autograd.grad(y.square().sum(), x, create_graph=True)
        results.append([gradient, *torch.autograd.grad(gradient.square().sum(), x)])
    for theirs, mine in zip(*results, strict=True):
        np.testing.assert_allclose(mine.detach().cpu().numpy(), theirs.detach().numpy(), rtol=1e-5)


def test_results_lie_as_on_the_cpu() -> None:
    x = torch.arange(6.0).view(2, 3)
    for call in (
        torch.zeros_like, torch.rand_like, lambda x: x.softmax(0), lambda x: x.cumsum(0), lambda x: x.roll(1, 0),
        lambda x: x.topk(1, 0).values, lambda x: x.masked_fill(x > 2, 0.0), lambda x: nn.functional.one_hot(x.long()),
        lambda x: nn.functional.layer_norm(x, (2,)),
    ):  # fmt: skip
        assert call(x.cuda().T).stride() == call(x.T).stride()


def operands() -> dict[str, Any]:
    """Operands of shape (2, 3, 4), or that broadcast to it, in every way in which they may lie."""
    random = np.random.default_rng(3)
    return {
        "rows": random.normal(size=(2, 3, 4)),
        "turned": random.normal(size=(2, 4, 3)).swapaxes(1, 2),
        "first last": random.normal(size=(3, 4, 2)).transpose(2, 0, 1),
        "a row": random.normal(size=(2, 1, 4)),
        "a column": random.normal(size=(3, 1)),
        "every second": random.normal(size=(2, 3, 8))[..., ::2],
        "number": 1.5,
    }


@pytest.mark.parametrize("first", operands())
@pytest.mark.parametrize("second", operands())
def test_three_operands(first: str, second: str) -> None:
    """Each reads its own: kernels for transposed operands took the third one's strides for a place."""
    from tinygrad_edu.kernels.devices import to_device, to_host
    from tinygrad_edu.kernels.numba_cuda.elementwise import mapped

    def there(thing: Any) -> Any:
        if not isinstance(thing, np.ndarray):
            return thing
        owner = thing if thing.base is None else thing.base
        whole = to_device(owner)
        return whole if owner is thing else whole.on(thing.shape, thing.strides, whole.offset)

    kind = np.dtype(np.float64)
    some = operands()
    for third in some:
        a, b, c, d = (some[name] for name in (first, second, third, "turned"))
        found = mapped("a * b - c / d", tuple(map(there, (a, b, c, d))), (kind,) * 4, kind)
        np.testing.assert_allclose(to_host(found), a * b - c / d, rtol=1e-12, err_msg=third)
        if any(isinstance(x, np.ndarray) for x in (a, b, c)):
            found = mapped("a * b - c", tuple(map(there, (a, b, c))), (kind,) * 3, kind)
            np.testing.assert_allclose(to_host(found), a * b - c, rtol=1e-12, err_msg=third)
