"""Functions and methods that are made of operations, on the GPU: the CPU's values and gradients, or a refusal by name.

The cases are those that are compared with PyTorch on the CPU: a name that gets one there is run here as well.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "nn"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tensors"))

from support.composed_cases import EXPRESSIONS
from support.oracle import parts_of
from test_every_function import TABLE
from test_every_name import INPUTS

import tinygrad_edu as torch

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.slow]
# What asks for a device, or leaves for the CPU: tests/cuda/test_tensors.py has that.
LEAVES = ("cuda", "cpu", "device", "numpy", "pin_memory", "is_pinned", "data_ptr", "map_(", "map2_(", "apply_(")
# Places repeat, and which of the values stays is open, as in PyTorch; so is what a negative float is as a byte.
OPEN = {"x.put(x, y)", "c.put_(x, y)", "x.scatter(1, i, y)", "c.scatter_(1, i, y)", "x.byte()"}


def outcome(make: Callable[..., Any], arrays: tuple[Any, ...], device: str) -> Any:
    """The parts of the result and the gradients, as arrays of the CPU; or the exception."""
    torch.manual_seed(0)
    random.seed(0)
    torch.set_default_device(device)
    try:
        leaves = [torch.tensor(a) for a in arrays]
        for leaf in leaves:
            if leaf.dtype.is_floating_point:
                leaf.requires_grad_()
        parts = parts_of(make(torch, *leaves))
        found: list[Any] = []
        total: Any = 0.0
        for part in parts:
            if isinstance(part, torch.Tensor):
                assert part.device.type == device, f"a result is on {part.device}"
                found.append(part.detach().cpu().numpy())
                if part.requires_grad:
                    weights = np.random.default_rng(1).uniform(0.5, 1.5, tuple(part.shape))
                    total = total + (part * torch.tensor(weights)).sum()
            else:
                found.append(part)
        if not isinstance(total, float):
            total.backward()
            found += [None if leaf.grad is None else leaf.grad.cpu().numpy() for leaf in leaves]
        return found
    except Exception as error:
        return error
    finally:
        torch.set_default_device("cpu")


def differs(make: Callable[..., Any], arrays: tuple[Any, ...]) -> str:
    """What is wrong on the GPU; empty if nothing is."""
    expected = outcome(make, arrays, "cpu")
    found = outcome(make, arrays, "cuda")
    if isinstance(found, NotImplementedError) and "no kernel" in str(found) and "cuda" in str(found):
        return ""
    if isinstance(expected, Exception):
        return "" if isinstance(found, Exception) else f"the CPU refuses: {expected!r}, the GPU gives {found}"
    if isinstance(found, Exception):
        return f"{type(found).__name__}: {found}"
    if len(found) != len(expected):
        return f"{len(found)} parts instead of {len(expected)}"
    for a, b in zip(found, expected, strict=True):
        if isinstance(b, np.ndarray):
            close = np.allclose(a, b, rtol=1e-6, atol=1e-6, equal_nan=True) if b.dtype.kind == "f" else (a == b).all()
            if a.dtype != b.dtype or a.shape != b.shape or not close:
                return f"{a} instead of {b}"
        elif (a is None) != (b is None):
            return f"{a} instead of {b}"
    return ""


def test_every_function_of_nn() -> None:
    told = [(f"{name}, row {i}", differs(make, tuple(arrays))) for i, (name, make, *arrays) in enumerate(TABLE)]
    wrong = [f"{case}: {what}" for case, what in told if what]
    assert not wrong, "\n".join(wrong)


def evaluated(expression: str) -> Callable[..., Any]:
    def make(library: Any, x: Any, y: Any, square: Any) -> Any:
        around = {
            "t": library, "x": x, "y": y, "c": x.clone(), "m": x.detach() > 0, "s": square.detach(),
            "i": library.tensor([[0, 1, 0], [1, 0, 0]]), "j": library.tensor([0, 1]),
        }  # fmt: skip
        return eval(expression, around)

    return make


@pytest.mark.parametrize("kind", ["float64", "int64"])
def test_every_name(kind: str) -> None:
    x, y = INPUTS[kind]
    arrays = (x, y, (np.arange(9.0).reshape(3, 3) % 5 + np.eye(3) * 3).astype(x.dtype))
    cases = [each for each in EXPRESSIONS if each not in OPEN and not any(word in each for word in LEAVES)]
    told = [(each, differs(evaluated(each), arrays)) for each in cases]
    wrong = [f"{case}: {what}" for case, what in told if what]
    assert not wrong, "\n".join(wrong)
