"""Numbers (tensors without dimensions) of the CPU beside tensors of the GPU: they may be anywhere, as in PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_edu as torch

NUMBERS: list[Any] = [
    lambda x, n: x + n,
    lambda x, n: n - x,
    lambda x, n: x * n,
    lambda x, n: n / x,
    lambda x, n: x**n,
    lambda x, n: torch.maximum(x, n),
    lambda x, n: torch.where(x > 0, x, n),
    lambda x, n: x.clone().mul_(n),
    lambda x, n: x.masked_fill(x > 0, n),
    lambda x, n: (x @ x) * n,
]


@pytest.mark.parametrize("kind", ["float32", "float64", "int64"])
def test_a_number_of_the_cpu_beside_tensors_of_the_gpu(kind: str) -> None:
    """The result is on the GPU and of the tensor's type; each gradient is where its tensor is, as in PyTorch."""

    def run(make: Any, device: str) -> list[Any]:
        x = torch.tensor([1.5, 0.5, 3.0], device=device, requires_grad=True)
        n = torch.tensor(2, dtype=getattr(torch, kind))
        if kind != "int64":
            n.requires_grad_()
        out = make(x, n)
        out.sum().backward()
        assert out.device.type == x.grad.device.type == device
        assert n.grad is None or (n.grad.device.type == "cpu" and n.grad.dtype == n.dtype)
        return [out.dtype, out.tolist(), x.grad.tolist(), None if n.grad is None else n.grad.item()]

    for i, make in enumerate(NUMBERS):
        for one, other in zip(run(make, "cuda"), run(make, "cpu"), strict=True):
            assert one == other or np.allclose(one, other, 1e-6), f"line {i}"


def test_gradients_of_numbers_go_on_on_the_cpu() -> None:
    x, v = torch.tensor([1.0, 2.0]).cuda(), torch.tensor([1.0, -2.0, 3.0], requires_grad=True)
    (x * (v * v).sum()).sum().backward()
    assert v.grad.tolist() == [6.0, -12.0, 18.0] and v.grad.device.type == "cpu"
    n = torch.tensor(2.0, requires_grad=True)
    (first,) = torch.autograd.grad((x * n**3).sum(), n, create_graph=True)
    (second,) = torch.autograd.grad(first, n)
    assert first.device.type == second.device.type == "cpu" and (first.item(), second.item()) == (36.0, 36.0)
    with pytest.raises(RuntimeError, match="at least two devices, cuda:0 and cpu!"):
        torch.tensor(1.0).add_(x[0])
    assert (torch.tensor(7) % (x[1] + 1).long()).item() == 1 and (x.long() % torch.tensor(2)).tolist() == [1, 0]
