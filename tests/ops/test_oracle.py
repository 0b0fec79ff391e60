"""One loop over the operation table against PyTorch: values, dtypes, gradients, and what is refused.

PyTorch's function is the one called as the operation (or as its ``oracle=``); ``oracle=""`` says that it has none.
"""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as tg
import tinygrad_edu.nn  # its losses are in the table
from tinygrad_edu.ops.operation import Operation
from tinygrad_edu.ops.registry import operations
from tinygrad_edu.tensors.tensor import Tensor

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.oracle

# (An operation of your own file is not expected to be in PyTorch.)
OURS = {name: op for name, op in operations().items() if op.function.__module__.startswith("tinygrad_edu.")}
COMPARED = {name: op for name, op in OURS.items() if op.oracle != ""}
TYPES = [np.float32, np.float64, np.int64, np.int32, np.uint8, np.bool_]
# We refuse bools where PyTorch refuses them in almost all cases (it has no kernel): True ** True, an empty product.
PRODUCTS = {"matmul", "bmm", "addmm", "addmv", "addbmm", "baddbmm"}
BOOLS_HERE = PRODUCTS | {"pow", "pow_scalar", "trace", "clamp_min", "clamp_max"}
LESS_EXACT = {"digamma": 1e-7}  # PyTorch's trigamma, its derivative
WRONG_THERE = {"atan2": np.uint8}  # PyTorch's derivative negates the bytes, which wraps around
TOLERANCE = {"torch.float32": 1e-5, "torch.float64": 1e-11}


def counterpart(operation: Operation) -> Callable[..., Any]:
    name = operation.oracle or operation.name
    room, _, last = name.rpartition(".")
    home = operator.attrgetter(room)(torch) if room else torch
    found = getattr(home, last, None) or getattr(torch.Tensor, name, None)
    assert found is not None, f"PyTorch has no {name}: say oracle='' in the definition of {operation.name}"

    def call(*inputs: Any, params: tuple[Any, ...]) -> Any:
        positional: list[Any] = [list(inputs)] if operation.variadic else list(inputs)
        named = {}
        for (key, default), value in zip(operation.parameters.items(), map(theirs, params), strict=False):
            if repr(default) == "<required>" or (isinstance(value, tuple) and not named):
                positional.append(value)
            elif value is not None and value is not False:
                named[key] = value
        return found(*positional, **named)

    return call


def draw(rng: Any, shape: tuple[int, ...], kind: Any, low: float, high: float) -> Any:
    """Numbers of a type, inside the operation's domain, laid out in memory at random."""
    if kind is np.bool_:
        array = rng.integers(0, 2, shape).astype(bool)
    elif np.issubdtype(kind, np.integer):
        least = max(math.ceil(low), 1) if kind is np.uint8 else math.ceil(low)
        array = rng.integers(least, max(math.floor(high), least) + 1, shape).astype(kind)
    else:
        array = rng.uniform(low, high, shape).astype(kind)
    array = np.asarray(array)
    if array.ndim < 2:
        return array
    order = rng.permutation(array.ndim)
    return np.ascontiguousarray(array.transpose(order)).transpose(np.argsort(order))


def cases_of(operation: Operation, rng: Any) -> Iterator[tuple[list[Any], tuple[Any, ...]]]:
    low, high = getattr(operation, "domain", (-2, 2))

    def make(kind: Any) -> Callable[..., Any]:
        return lambda *shape: draw(rng, shape, kind, low, high)

    samples = operation.samples
    if samples is not None:
        for kind in TYPES:
            for arrays, params in samples(make(kind)):
                if not (operation.elementwise and any(hasattr(p, "dtype") for p in params)):
                    yield [operation.through(a) for a in arrays] if operation.through else list(arrays), params
    if not operation.elementwise or any(repr(d) == "<required>" for d in operation.parameters.values()):
        return
    if samples is not None and (operation.parameters or operation.arity > 2):
        return
    params = tuple(operation.parameters.values())
    if operation.arity == 1:
        for kind, shape in itertools.product(TYPES, [(2, 3), (), (0,)]):
            yield [make(kind)(*shape)], params
        return
    for first, second in itertools.product(TYPES, TYPES):
        for shapes in [((2, 3), (3,)), ((2, 1), ()), ((), (2,)), ((), ())]:
            yield [make(first)(*shapes[0]), make(second)(*shapes[1])], params
    for first, number in itertools.product(TYPES, [True, 2, 1.5]):
        yield [make(first)(2, 3), number], params
        yield [make(first)(), number], params


def outcome(call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    try:
        return call(*args, **kwargs)
    except Exception as error:
        return error


def ours(x: Any) -> Any:
    return tg.tensor(x) if isinstance(x, np.ndarray) else x


def theirs(x: Any) -> Any:
    return torch.from_numpy(x.copy(order="K")) if isinstance(x, np.ndarray) else x


def difference(found: Any, expected: Any, tolerance: float = 0) -> str:
    """How our answer differs from PyTorch's; an empty string if it does not."""
    if isinstance(expected, Exception) or isinstance(found, Exception):
        if not (isinstance(expected, Exception) and isinstance(found, Exception)):
            return f"PyTorch gives {expected!r}, we {found!r}"
        # NotImplementedError is a RuntimeError: ours may be the more general one
        alike = isinstance(found, RuntimeError if isinstance(expected, RuntimeError) else type(expected))
        return "" if alike else f"PyTorch raises {expected!r}, we {found!r}"
    if isinstance(expected, tuple):
        return "".join(difference(f, e) for f, e in zip(found, expected, strict=True))
    if repr(found.dtype) != repr(expected.dtype):
        return f"dtype {found.dtype}, PyTorch {expected.dtype}"
    if tuple(found.shape) != tuple(expected.shape):
        return f"shape {found.shape}, PyTorch {expected.shape}"
    tolerance = max(tolerance, TOLERANCE.get(repr(expected.dtype), 0))
    mine, other = found.detach().numpy(), expected.detach().numpy()
    if not np.allclose(mine, other, rtol=tolerance, atol=tolerance, equal_nan=True):
        return f"values {mine}, PyTorch {other}"
    return ""


@pytest.mark.parametrize("name", COMPARED)
def test_values_types_and_refusals(name: str) -> None:
    operation = COMPARED[name]
    reference = counterpart(operation)
    compared, differences = 0, []
    for arrays, params in cases_of(operation, np.random.default_rng(len(name))):
        what = f"{name}({', '.join(describe(a) for a in arrays)}, {params})"
        expected = outcome(reference, *map(theirs, arrays), params=params)
        if isinstance(expected, TypeError) and not all(isinstance(a, np.ndarray) for a in arrays):
            continue  # PyTorch's function takes no plain number here; ours may
        inputs = [ours(a) for a in arrays]
        found = outcome(operation, inputs, *params) if operation.variadic else outcome(operation, *inputs, *params)
        if isinstance(expected, TypeError) and name in ("prod", "reshape"):
            continue  # several dimensions at once, a shape that is one integer: ours alone
        if name in BOOLS_HERE and all(np.asarray(a).dtype.kind == "b" for a in arrays):
            continue
        wrong = difference(found, expected)
        if wrong:
            differences.append(f"{what}: {wrong}")
        compared += 1
    assert compared
    assert not differences, "\n".join([f"{len(differences)} of {compared} cases differ:", *differences[:8]])


def describe(x: Any) -> str:
    return f"{x.dtype}{list(x.shape)}" if isinstance(x, np.ndarray) else repr(x)


@pytest.mark.parametrize("name", [n for n, op in COMPARED.items() if op.rule is not None])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_gradients(name: str, kind: Any) -> None:
    operation = COMPARED[name]
    reference = counterpart(operation)
    rng = np.random.default_rng(7)
    for arrays, params in cases_of(operation, rng):
        floats = [isinstance(a, np.ndarray) and a.dtype.kind == "f" for a in arrays]
        if not any(floats) or not all(a.dtype == kind for a, f in zip(arrays, floats, strict=True) if f):
            continue
        mine = [ours(a) for a in arrays]
        other = [theirs(a) for a in arrays]
        for group in (mine, other):
            for x, f in zip(group, floats, strict=True):
                if f:
                    x.requires_grad_()
        expected = outcome(reference, *other, params=params)
        if isinstance(expected, Exception):
            continue  # the test above compares what is refused
        if any(a.dtype == WRONG_THERE.get(name) for a in arrays if isinstance(a, np.ndarray)):
            continue
        found = operation(mine, *params) if operation.variadic else operation(*mine, *params)
        found, expected = (r[0] if isinstance(r, tuple) else r for r in (found, expected))
        what = f"{name}({', '.join(describe(a) for a in arrays)}, {params})"
        assert found.requires_grad == expected.requires_grad, what
        if not expected.requires_grad:
            continue
        seed = np.asarray(rng.uniform(0.5, 1.5, tuple(expected.shape))).astype(kind)
        found.backward(tg.tensor(seed))
        if outcome(expected.backward, torch.from_numpy(seed).to(expected.dtype)) is not None:
            continue  # PyTorch fails on its own result: a float to the power of a bool
        for x, y, f in zip(mine, other, floats, strict=True):
            if f:
                assert (x.grad is None) == (y.grad is None), what
                if y.grad is not None:
                    assert difference(x.grad, y.grad, LESS_EXACT.get(name, 0)) == "", f"gradient of {what}"


MISMATCHES: list[tuple[str, list[tuple[int, ...]], tuple[Any, ...]]] = [
    ("add", [(2, 3), (4,)], ()),
    ("mul", [(2, 3), (3, 2)], ()),
    ("maximum", [(2,), (3,)], ()),
    ("lt", [(2,), (3,)], ()),
    ("matmul", [(2, 3), (4, 5)], ()),
    ("matmul", [(2, 3), (4,)], ()),
    ("matmul", [(3,), (4,)], ()),
    ("matmul", [(), (4,)], ()),
    ("matmul", [(2, 3, 4), (3, 4, 5)], ()),
    ("reshape", [(2, 3)], ((4, 2),)),
    ("reshape", [(2, 3)], ((-1, -1),)),
    ("reshape", [(0, 3)], ((-1, 0),)),
    ("reshape", [(2, 3)], ((-2, 3),)),
    ("expand", [(2, 3)], ((4, 3),)),
    ("expand", [(3,)], ((-1, 3),)),
    ("expand", [(2, 3)], ((3,),)),
    ("permute", [(2, 3)], ((0, 0),)),
    ("permute", [(2, 3)], ((0,),)),
    ("permute", [(2, 3)], ((0, 2),)),
    ("transpose", [(2, 3)], (0, 2)),
    ("squeeze", [(2, 3)], (2,)),
    ("unsqueeze", [(2, 3)], (3,)),
    ("unsqueeze", [(2, 3)], (-4,)),
    ("cat", [(2, 3), (3, 2)], (0,)),
    ("cat", [(2, 3), (2,)], (0,)),
    ("cat", [(), ()], (0,)),
    ("cat", [(2,), (2,)], (1,)),
    ("stack", [(2, 3), (3, 2)], (0,)),
    ("stack", [(2,), (2,)], (2,)),
    ("narrow", [(4, 3)], (0, 2, 3)),
    ("narrow", [(4, 3)], (2, 0, 1)),
    ("narrow", [(4, 3)], (0, -5, 1)),
    ("narrow", [(4, 3)], (0, 0, -1)),
    ("narrow", [()], (0, 0, 1)),
    ("sum", [(2, 3)], (2, False)),
    ("sum", [(2, 3)], ((0, 0), False)),
    ("mean", [(2, 3)], (-3, False)),
    ("amax", [(0, 3)], (None, False)),
    ("amax", [(0, 3)], (0, False)),
    ("amax", [(2, 3)], (2, False)),
    ("amax", [(0, 3)], (1, False)),
    ("max_along", [(0, 3)], (0, False)),
    ("max_along", [(2, 3)], (2, False)),
    ("prod", [(2, 3)], (2, False)),
    ("clamp", [(2, 3)], (None, None)),
]


@pytest.mark.parametrize(("name", "shapes", "params"), MISMATCHES, ids=lambda x: str(x))
def test_shapes_that_do_not_fit_raise_what_pytorch_raises(name: str, shapes: Any, params: Any) -> None:
    operation = COMPARED[name]
    arrays = [np.ones(shape, np.float32) for shape in shapes]
    expected = outcome(counterpart(operation), *map(theirs, arrays), params=params)
    inputs = [tg.tensor(a, requires_grad=True) for a in arrays]
    found = outcome(operation, inputs, *params) if operation.variadic else outcome(operation, *inputs, *params)
    assert difference(found, expected) == ""
    if isinstance(found, Exception):
        assert len(str(found)) > 20
    assert all(isinstance(x, Tensor) and x.grad is None and x._counter == [0] for x in inputs)
