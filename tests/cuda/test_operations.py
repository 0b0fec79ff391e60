"""Every operation of the table on the GPU: values and gradients are those of the CPU."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.differences import numbers

import tinygrad_edu as torch
import tinygrad_edu.nn  # noqa: F401 - its losses are in the table
from tinygrad_edu.ops.operation import Operation
from tinygrad_edu.ops.registry import operations
from tinygrad_edu.tensors.device import cpu, cuda
from tinygrad_edu.tensors.tensor import Tensor

TABLE = operations()


def all_of(operation: Operation) -> list[tuple[tuple[Any, ...], tuple[Any, ...]]]:
    """Inputs and parameters of all cases."""
    make = numbers(*getattr(operation, "domain", (-2, 2)), seed=1)
    samples = [(tuple(arrays), params) for arrays, params in operation.samples(make)] if operation.samples else []
    if operation.elementwise and not samples:
        shapes = [(2, 3)] if operation.arity < 2 else [(2, 1), *[(2, 3)] * (operation.arity - 1)]
        samples = [(tuple(make(*shape) for shape in shapes), tuple(operation.parameters.values()))]
    return samples


def cases_of(operation: Operation) -> list[tuple[tuple[Any, ...], tuple[Any, ...]]]:
    """Two cases are enough usually, as the kernels have tests of their own."""
    return all_of(operation)[:2]


def moved(thing: Any, device: str) -> Any:
    """Arrays among parameters on the device."""
    if isinstance(thing, np.ndarray):
        return Tensor._wrap(thing).to(device)
    return type(thing)(moved(part, device) for part in thing) if type(thing) in (tuple, list) else thing


def run(operation: Operation, arrays: tuple[Any, ...], params: tuple[Any, ...], device: str) -> list[Any]:
    """The results and gradients as arrays of the CPU."""
    leaves = [torch.tensor(a, device=device) for a in arrays]
    differentiable = operation.rule is not None and not operation.values_only
    for leaf in leaves:
        if leaf.is_floating_point() and differentiable:
            leaf.requires_grad_()
    inputs = tuple(leaves if operation.through is None else map(operation.through, leaves))
    placed = (cuda, cpu) if operation.name == "to_device" and device == "cuda" else moved(params, device)
    if operation.name == "to_device":
        inputs = tuple(leaf.cpu() for leaf in inputs)
    out = operation(list(inputs), *placed) if operation.variadic else operation(*inputs, *placed)
    parts = list(out) if isinstance(out, tuple) else [out]
    for part in parts:
        assert part.device.type == device, f"a result is on {part.device}"
    found = [part.detach().cpu().numpy() for part in parts]
    if parts[0].requires_grad:
        weights = torch.tensor(np.linspace(0.5, 1.5, parts[0].numel()).reshape(tuple(parts[0].shape)), device=device)
        (parts[0] * weights).sum().backward()
        for leaf in leaves:
            if leaf.grad is not None:
                assert leaf.grad.device.type == device
            found.append(None if leaf.grad is None else leaf.grad.cpu().numpy())
    return found


def same(mine: list[Any], theirs: list[Any]) -> None:
    assert len(mine) == len(theirs)
    for a, b in zip(mine, theirs, strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            assert a.dtype == b.dtype and a.shape == b.shape
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9)


def _compared(name: str, cases: list[Any]) -> None:
    operation = TABLE[name]
    for arrays, params in cases:
        if name.startswith("bitwise"):
            arrays = tuple(a.astype(np.int64) + 3 for a in arrays)
        expected = run(operation, arrays, params, "cpu")
        same(run(operation, arrays, params, "cuda"), expected)


@pytest.mark.parametrize("name", TABLE)
def test_operation(name: str) -> None:
    _compared(name, cases_of(TABLE[name]))


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in TABLE if len(all_of(TABLE[name])) > 2])
def test_operation_in_every_further_case(name: str) -> None:
    _compared(name, all_of(TABLE[name])[2:])


def test_a_copy_lives_until_the_launch_it_was_made_for() -> None:
    """Scores and the costs' gradient both lie column by column: each has a copy, in memory of its own."""
    scores, slopes = np.arange(12.0).reshape(3, 2, 2) % 5, np.arange(1.0, 7.0).reshape(2, 3)
    gradients = []
    for device in ("cpu", "cuda"):
        a = torch.tensor(scores, device=device).transpose(1, 2).requires_grad_(True)
        classes = torch.tensor([[0, 1], [1, 0], [1, 1]], device=device)
        cost = torch.nn.functional.cross_entropy(a, classes, reduction="none")
        cost.backward(torch.tensor(slopes, device=device).T)
        gradients.append(a.grad.cpu().numpy())
    np.testing.assert_allclose(gradients[1], gradients[0], rtol=1e-12)


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN", "LSTMCell", "GRUCell", "RNNCell"])
def test_a_recurrent_layer_begins_where_its_input_is(kind: str) -> None:
    torch.manual_seed(0)
    layer = getattr(torch.nn, kind)(2, 3).double()
    x = torch.randn(*((2, 2) if kind.endswith("Cell") else (4, 2, 2)), dtype=torch.float64)
    found = []
    for device in ("cpu", "cuda"):
        layer.to(device)
        layer.zero_grad()
        out = layer(x.to(device))
        first = out[0] if isinstance(out, tuple) else out
        first.sum().backward()
        found.append([first.detach().cpu().numpy(), *(p.grad.cpu().numpy() for p in layer.parameters())])
    same(found[1], found[0])


@pytest.mark.parametrize(("lengths", "enforce_sorted"), [((4, 2, 1), True), ((1, 4, 2), False)])
@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_packed_sequences(kind: str, lengths: tuple[int, ...], enforce_sorted: bool) -> None:
    torch.manual_seed(0)
    layer = getattr(torch.nn, kind)(2, 3, num_layers=2, bidirectional=True).double()
    x, found = torch.randn(4, 3, 2, dtype=torch.float64), []
    tools = torch.nn.utils.rnn
    for device in ("cpu", "cuda"):
        layer.to(device)
        layer.zero_grad()
        packed = tools.pack_padded_sequence(x.to(device), torch.tensor(lengths), enforce_sorted=enforce_sorted)
        states, last = layer(packed)
        out = tools.pad_packed_sequence(states)[0]
        (out.square().sum() + (last[0] if kind == "LSTM" else last).sum()).backward()
        found.append([out.detach().cpu().numpy(), *(p.grad.cpu().numpy() for p in layer.parameters())])
    same(found[1], found[0])
