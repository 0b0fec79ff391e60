"""Copies of Tensors that share memory: deepcopy keeps the sharing and the strides, as PyTorch's does."""

from __future__ import annotations

import copy
import pickle
import sys
from pathlib import Path
from typing import Any

import pytest

import tinygrad_edu as tg

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.programs import Programs, compare, leaf

program = Programs()


def lies(x: Any) -> tuple[Any, ...]:
    return tuple(x.shape), x.stride(), x.storage_offset(), x.untyped_storage().nbytes()


@program
def views_copied_together(t: Any) -> Any:
    x = t.arange(6.0)
    copied = copy.deepcopy({"part": x[1:3], "whole": x, "matrix": x.view(2, 3).t()})
    copied["whole"][1] = 50
    return *copied.values(), x, *map(lies, copied.values())


@program
def a_view_copied_alone(t: Any) -> Any:
    x = t.arange(6.0)
    y = copy.deepcopy(x[2:4])
    y += 1
    return y, x, lies(y), y._is_view()


@program
def one_tensor_twice(t: Any) -> Any:
    x = t.arange(3.0)
    first, second, other = copy.deepcopy([x, x, x.detach()])
    first[0] = 9
    return first is second, first is other, other


@program
def strides(t: Any) -> Any:
    x = t.arange(24.0).view(2, 3, 4)
    made = [x.t() if x.ndim == 2 else x.permute(2, 0, 1), x[:, 1], x[..., ::2], t.ones(1).expand(3), x[0, 0, 0]]
    return tuple(lies(copy.deepcopy(y)) for y in made)


@program
def leaves_and_gradients(t: Any) -> Any:
    x = leaf(t, 2, 3)
    (x * x).sum().backward()
    y, z = copy.deepcopy(x), pickle.loads(pickle.dumps(x))
    y.grad[0] = 0
    return y, y.grad, x.grad, z, z.grad, y.is_leaf


@program
def tied_parameters(t: Any) -> Any:
    first, second = t.nn.Linear(3, 3), t.nn.Linear(3, 3)
    second.weight = first.weight
    both = t.nn.Sequential(first, second)
    copied = copy.deepcopy(both)
    return copied[0].weight is copied[1].weight, copied[0].weight is first.weight, type(copied[0].weight).__name__


@program
def pickled_views_are_apart(t: Any) -> Any:
    x = t.arange(6.0)
    part, whole = pickle.loads(pickle.dumps([x[1:3], x]))
    whole[1] = 50
    return part, whole


@program
def copies_of_results_are_refused(t: Any) -> Any:
    copy.deepcopy(leaf(t, 3) * 2)


@program
def a_shallow_copy_shares(t: Any) -> Any:
    x = t.arange(3.0)
    copy.copy(x)[0] = 9
    return x


@pytest.mark.oracle
@pytest.mark.parametrize("name", program)
def test_as_pytorch(name: str) -> None:
    torch = pytest.importorskip("torch")
    compare(torch, program[name])


def test_a_view_is_pickled_without_the_rest_of_its_memory() -> None:
    x = tg.zeros(100_000)
    assert len(pickle.dumps(x[:3])) < 2_000
