"""One loop over the operation table: every derivative rule against finite differences, on Tensor and on Value.

An operation needs no test of its own: that it is in the table is enough to be checked here.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.differences import TENSOR, VALUE, Kind, check, layouts, numbers

import tinygrad_edu.nn  # noqa: F401 - its losses are in the table
from tinygrad_edu.ops.operation import Operation
from tinygrad_edu.ops.registry import operations
from tinygrad_edu.tensors.tensor import Tensor

pytestmark = pytest.mark.filterwarnings("ignore:Using backward:UserWarning")  # PyTorch's advice, and ours

DIFFERENTIABLE = {name: op for name, op in operations().items() if op.rule is not None and not op.values_only}


def shapes_for(arity: int) -> list[tuple[str, tuple[tuple[int, ...], ...]]]:
    """What an elementwise operation is tried on."""
    alike = [("equal", ((2, 3),) * arity), ("empty", ((0, 3),) * arity), ("0-d", ((),) * arity)]
    if arity != 2:
        return alike
    return [
        *alike,
        ("a row", ((2, 3), (3,))),
        ("a column", ((2, 1), (2, 3))),
        ("both grow", ((2, 1), (1, 3))),
        ("a number", ((2, 3), ())),
        ("empty and a number", ((0,), ())),
    ]


def cases_of(operation: Operation) -> Iterator[tuple[str, tuple[Any, ...], tuple[Any, ...]]]:
    """(what, arrays, parameters) for every way in which an operation is checked."""
    make = numbers(*getattr(operation, "domain", (-2, 2)))
    samples = list(operation.samples(make)) if operation.samples is not None else []
    for arrays, params in samples:
        yield f"shapes {[a.shape for a in arrays]}, parameters {params}", tuple(arrays), params
    if operation.elementwise:
        plain = [params for _, params in samples if not any(hasattr(p, "dtype") for p in params)]
        for params in plain or [tuple(operation.parameters.values())]:
            for what, shapes in shapes_for(operation.arity):
                yield f"{what}, parameters {params}", tuple(make(*shape) for shape in shapes), params
    elif not samples:
        pytest.fail(f"{operation.name} has a derivative but no samples=, so nothing would check it")


def run(kind: Kind, operation: Operation) -> None:
    for what, arrays, params in cases_of(operation):

        def apply(*leaves: Any, params: tuple[Any, ...] = params) -> Any:
            if operation.through is not None:
                leaves = tuple(map(operation.through, leaves))
            out = operation(list(leaves), *params) if operation.variadic else operation(*leaves, *params)
            return out[0] if isinstance(out, tuple) else out  # of several results the first has a derivative

        for layout, first in layouts(arrays[0]):
            others = [dict(layouts(a)).get(layout, a) for a in arrays[1:]]
            try:
                check(kind, apply, [first, *others])
            except Exception as error:
                error.add_note(f"{operation.name} on {kind.name}: {what}, {layout}")
                raise


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_tensor(name: str) -> None:
    run(TENSOR, DIFFERENTIABLE[name])


SEVERAL = [n for n, op in DIFFERENTIABLE.items() if op.variadic or op.arity > 1]


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("name", SEVERAL)
def test_an_input_alone_gets_the_same_gradient(name: str, create_graph: bool) -> None:
    """A rule keeps only what the wanted gradients need; it must not ask for the rest."""
    operation = DIFFERENTIABLE[name]
    for what, arrays, params in cases_of(operation):
        floating = [i for i, array in enumerate(arrays) if array.dtype.kind == "f"]

        def gradients(wanted: list[int], arrays: Any = arrays, params: Any = params) -> list[Any]:
            leaves = [TENSOR.leaf(array) if i in wanted else Tensor._wrap(array) for i, array in enumerate(arrays)]
            given = leaves if operation.through is None else list(map(operation.through, leaves))
            out = operation(given, *params) if operation.variadic else operation(*given, *params)
            out = out[0] if isinstance(out, tuple) else out
            out.sum().backward(create_graph=create_graph)
            return [None if leaf.grad is None else TENSOR.plain(leaf.grad) for leaf in leaves]

        try:
            together = gradients(floating)
            for i in floating:
                alone = gradients([i])[i]
                assert np.array_equal(alone, together[i], equal_nan=True)
        except Exception as error:
            error.add_note(f"{name}: {what}")
            raise


# A Value records at most two inputs, and one result.
FOR_VALUE = [n for n, op in DIFFERENTIABLE.items() if not op.variadic and op.arity <= 2]


def has_several_results(operation: Operation) -> bool:
    _, arrays, params = next(cases_of(operation))
    if operation.through is not None:
        arrays = tuple(map(operation.through, arrays))
    return isinstance(operation.compute(arrays, params), tuple)


@pytest.mark.parametrize("name", FOR_VALUE)
def test_value(name: str) -> None:
    if has_several_results(DIFFERENTIABLE[name]):
        with pytest.raises(TypeError, match="a Value holds one"):
            run(VALUE, DIFFERENTIABLE[name])
    else:
        run(VALUE, DIFFERENTIABLE[name])


def test_no_operation_escapes() -> None:
    assert len(DIFFERENTIABLE) > 40
    assert [n for n, op in DIFFERENTIABLE.items() if not op.elementwise and op.samples is None] == []
