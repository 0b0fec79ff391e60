"""One loop over the operation table: what an operation must refuse, by the right type of error and in words.

What is bad follows from the definition: no Tensor at all, shapes that do not broadcast, a dimension that is not there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as tg
import tinygrad_edu.distributions  # noqa: F401 - their operations are in the table too
import tinygrad_edu.nn.functional  # noqa: F401
from tinygrad_edu.ops.operation import Operation
from tinygrad_edu.ops.registry import operations
from tinygrad_edu.tensors.tensor import Tensor

TABLE = {name: op for name, op in operations().items() if op.function.__module__.startswith("tinygrad_edu.")}


FOR_INTEGERS = {name for name in TABLE if name.startswith("bitwise_")}


# Steps of other operations and of their rules, of one input: what calls them has looked at it. Users have no name for
# them, so what is refused of them is a call without an input, and a keyword that they lack.
CALLED_WHEN_CHECKED = set(
    """
    avg_pool avg_pool_back col2im dropped im2col max_pool max_pool_back max_pool_picked max_unpool pick_negative
    resample resample_back softmax_cross_entropy
    above between cast cofactor contiguous_copy cumsum_back diagonal_back exclusive_prod getitem index_back
    index_fill_with logabsdet masked_fill_with median_along nanmedian_along narrow_back pad_with_itself piece put_along
    scaled_by scatter_with sign_of_det slot spread_places standard_gamma standardised sum_to take_along to_device
    unfold_back values_only
    """.split()
)


def example(operation: Operation) -> tuple[list[Any], tuple[Any, ...]]:
    """Inputs and parameters that are right."""
    if operation.samples is None:
        kind = tg.int64 if operation.name in FOR_INTEGERS else tg.float32
        return [tg.ones(2, 3, dtype=kind) for _ in range(operation.arity)], tuple(operation.parameters.values())
    rng = np.random.default_rng(0)
    arrays, params = next(iter(operation.samples(lambda *shape: np.asarray(rng.uniform(0.2, 0.8, shape)))))
    if operation.through is not None:
        arrays = tuple(operation.through(a) for a in arrays)
    return [tg.tensor(a) for a in arrays], params


def call(operation: Operation, inputs: list[Any], params: tuple[Any, ...]) -> Any:
    name = operation.method_name
    if isinstance(name, str) and not operation.variadic and isinstance(inputs[0], Tensor):
        tensors = [tg.tensor(p) if isinstance(p, np.ndarray) else p for p in params]
        return getattr(inputs[0], name)(*inputs[1:], *tensors)
    return operation(inputs, *params) if operation.variadic else operation(*inputs, *params)


def bad_calls(operation: Operation) -> Iterator[tuple[str, type[Exception], list[Any], tuple[Any, ...]]]:
    inputs, params = example(operation)
    if len(inputs) > 1:
        yield "an input that is text", TypeError, [*inputs[:-1], "text"], params
    if operation.elementwise and operation.arity > 1:
        longer = [tg.ones(4, dtype=inputs[0].dtype)] * (operation.arity - 1)
        yield "shapes that do not broadcast", RuntimeError, [tg.ones(2, 3, dtype=inputs[0].dtype), *longer], params
    called_by_users = isinstance(operation.method_name, str) or operation.oracle != ""
    if "dim" in operation.parameters and called_by_users:  # rules and methods call the others, after they have checked
        at = list(operation.parameters).index("dim")
        yield "a dimension that is not there", IndexError, inputs, (*params[:at], 9, *params[at + 1 :])


def public(operation: Operation) -> Any:
    """What users call by the operation's name, or by that of its oracle in PyTorch: a function, if there is one."""
    for path in (operation.oracle or operation.name, operation.method_name, f"nn.functional.{operation.name}"):
        found: Any = tg
        for part in path.split(".") if isinstance(path, str) else ():
            found = getattr(found, part, None)
        if callable(found) and found is not tg:
            return found
    return None


def test_each_has_a_bad_input() -> None:
    without = {name for name, op in TABLE.items() if public(op) is None and not list(bad_calls(op))}
    assert without == CALLED_WHEN_CHECKED, "give them a case in bad_calls"


@pytest.mark.parametrize("name", TABLE)
def test_what_is_no_tensor_is_refused(name: str) -> None:
    function = public(TABLE[name])
    if function is None:
        return
    inputs, params = example(TABLE[name])
    tensors = [tg.tensor(p) if isinstance(p, np.ndarray) else p for p in params]
    with pytest.raises(TypeError) as found:
        function(*(params if name == "polygamma" else ()), "text", *inputs[1:], *tensors)
    assert len(str(found.value)) > 20, found.value


@pytest.mark.parametrize("name", TABLE)
def test_refused(name: str) -> None:
    operation = TABLE[name]
    inputs, params = example(operation)
    call(operation, inputs, params)  # the example itself is taken
    with pytest.raises(TypeError, match="missing|takes|argument"):
        operation()
    with pytest.raises(TypeError, match="unexpected keyword"):
        operation(*([inputs] if operation.variadic else inputs), *params, nonsense=1)
    for what, kind, bad, parameters in bad_calls(operation):
        with pytest.raises(kind) as found:
            call(operation, bad, parameters)
        assert len(str(found.value)) > 20, f"{name}, {what}: {found.value}"
    assert all(x._counter == [0] for x in inputs if isinstance(x, Tensor))
