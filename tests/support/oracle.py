"""The same expression with our library and with PyTorch: values, types, shapes, gradients and refusals agree."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import tinygrad_edu as tg

TOLERANCE = {"torch.float32": 1e-5, "torch.float64": 1e-10}


def numbers(*shape: int, seed: int = 0, kind: Any = np.float64) -> Any:
    """Numbers without ties, some of them negative."""
    rng = np.random.default_rng(seed + len(shape))
    drawn = rng.permutation(int(np.prod(shape))).reshape(shape) - np.prod(shape) / 3
    return np.asarray(drawn + (0.3 if np.dtype(kind).kind == "f" else 0)).astype(kind)


def parts_of(result: Any) -> list[Any]:
    """The Tensors in a result, and what else it holds."""
    if isinstance(result, (tuple, list)):
        return [part for item in result for part in parts_of(item)]
    return [result]


def run(library: Any, make: Callable[..., Any], arrays: Sequence[Any]) -> tuple[Any, list[Any]]:
    """The result (or the exception), and the leaves that it was made from."""
    leaves = [library.tensor(a) for a in arrays]
    for leaf in leaves:
        if leaf.dtype.is_floating_point:
            leaf.requires_grad_()
    try:
        return make(library, *leaves), leaves
    except Exception as error:
        return error, leaves


def agree(torch: Any, make: Callable[..., Any], *arrays: Any, name: bool = True) -> None:
    """Assert that both libraries give the same; `name`: the results print the same grad_fn too."""
    (found, mine), (expected, other) = run(tg, make, arrays), run(torch, make, arrays)
    if isinstance(expected, Exception):
        assert isinstance(found, Exception), f"PyTorch raises {expected!r}, we give {found!r}"
        kinds = (RuntimeError,) if isinstance(expected, RuntimeError) else (type(expected),)
        assert isinstance(found, kinds), f"PyTorch raises {expected!r}, we {found!r}"
        assert len(str(found)) > 20
        return
    if isinstance(found, Exception):
        raise found
    assert type(found).__name__ == type(expected).__name__
    ours, theirs = parts_of(found), parts_of(expected)
    assert len(ours) == len(theirs)
    losses: list[Any] = [0.0, 0.0]
    for i, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        if not isinstance(b, torch.Tensor):
            assert a == b
            continue
        assert repr(a.dtype) == repr(b.dtype) and tuple(a.shape) == tuple(b.shape), f"part {i}: {a}, PyTorch {b}"
        tolerance = TOLERANCE.get(repr(b.dtype), 0)
        plain = b.detach().numpy()
        np.testing.assert_allclose(a.detach().numpy(), plain, rtol=tolerance, atol=tolerance)
        assert a.requires_grad == b.requires_grad, f"part {i}"
        if not b.requires_grad:
            continue
        if name:
            assert str(a.grad_fn.name()) == b.grad_fn.name(), f"part {i}"
        weights = np.random.default_rng(i).uniform(0.5, 1.5, tuple(b.shape)).astype(plain.dtype)
        losses = [losses[0] + (a * tg.tensor(weights)).sum(), losses[1] + (b * torch.tensor(weights)).sum()]
    if isinstance(losses[0], float):
        return
    losses[0].backward()
    losses[1].backward()
    for x, y in zip(mine, other, strict=True):
        assert (x.grad is None) == (y.grad is None)
        if y.grad is not None:
            tolerance = TOLERANCE[repr(y.dtype)]
            np.testing.assert_allclose(x.grad.numpy(), y.grad.numpy(), rtol=tolerance, atol=tolerance)


def printed_alike(torch: Any, make: Callable[..., Any], *arrays: Any) -> None:
    """Assert that both libraries print the result the same, character by character."""
    results = [make(library, *[library.tensor(a) for a in arrays]) for library in (tg, torch)]
    assert repr(results[0]) == repr(results[1])
