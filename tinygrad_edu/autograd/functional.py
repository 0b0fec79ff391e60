"""Jacobians, Hessians and their products with vectors, of functions of Tensors.

``func(*inputs)`` takes one Tensor or several and returns one or several; results have the structure of what they
belong to: a Tensor where there was a Tensor, a tuple where there was a tuple. A Jacobian-vector product is made of two
backward passes: the derivative of vᵀJ with respect to v, times a vector, is J times that vector.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.autograd.passes import grad
from tinygrad_edu.engine.modes import enable_grad, is_grad_enabled
from tinygrad_edu.errors import GradError, ShapeError
from tinygrad_edu.tensors.functions import stack
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]


def vjp(func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> Any:
    """The function's value and vᵀJ: a vector times its Jacobian.

    Args:
        func: a function of Tensors.
        inputs: a Tensor or a tuple of them.
        v: with the structure and shapes of the output; may be left out for a single element.
        create_graph: make the results differentiable.
        strict: raise where an output does not depend on an input, instead of giving zeros.

    Returns:
        (output, product); the product has the structure of the inputs.

    >>> import tinygrad_edu as tg
    >>> vjp(lambda x: x**2, tg.tensor([1.0, 2.0]), tg.tensor([1.0, 10.0]))
    (tensor([1., 4.]), tensor([ 2., 40.]))
    """
    with enable_grad():
        single, xs = _prepared(inputs, "inputs", "vjp", create_graph)
        one, outputs = _called(func, xs, "vjp", strict)
        weights = _vectors(v, outputs, one, "vjp", "the user-provided function returns", create_graph)
        products = _sweep(outputs, xs, weights, create_graph, strict, _INDEPENDENT)
    return _structured(outputs, one, create_graph), _structured(products, single, create_graph)


def jvp(func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> Any:
    """The function's value and Jv: its Jacobian times a vector.

    Args:
        v: with the structure and shapes of the inputs; may be left out for a single element.
        func, inputs, create_graph, strict: as for :func:`vjp`.

    Returns:
        (output, product); the product has the structure of the output.

    >>> import tinygrad_edu as tg
    >>> jvp(lambda x: (x**2).sum(), tg.tensor([1.0, 2.0]), tg.tensor([1.0, 10.0]))
    (tensor(5.), tensor(42.))
    """
    with enable_grad():
        single, xs = _prepared(inputs, "inputs", "jvp", create_graph)
        vector = _vectors(v, xs, single, "jvp", "the input to the user-provided function is", create_graph)
        one, outputs = _called(func, xs, "jvp", strict)
        probes = tuple(Tensor._wrap(np.zeros_like(o._data)).requires_grad_() for o in outputs)
        rows = _sweep(outputs, xs, probes, True, strict, _INDEPENDENT)
        products = _sweep(rows, probes, vector, create_graph, strict, _TRICK)
    return _structured(outputs, one, create_graph), _structured(products, one, create_graph)


def hvp(func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> Any:
    """The value of a function that gives one number, and its Hessian times a vector.

    Arguments are those of :func:`jvp`. :func:`vhp` does the same in less time, the Hessian being symmetric.

    >>> import tinygrad_edu as tg
    >>> hvp(lambda x: (x**3).sum(), tg.tensor([1.0, 2.0]), tg.tensor([1.0, 1.0]))
    (tensor(9.), tensor([ 6., 12.]))
    """
    with enable_grad():
        single, xs = _prepared(inputs, "inputs", "hvp", create_graph)
        vector = _vectors(v, xs, single, "hvp", "the input to the user-provided function is", create_graph)
        outputs = _number(func, xs, "hvp", strict)
        slopes = _sweep(outputs, xs, (None,), True, strict, _INDEPENDENT)
        probes = tuple(Tensor._wrap(np.zeros_like(x._data)).requires_grad_() for x in xs)
        rows = _sweep(slopes, xs, probes, True, strict, _HESSIAN)
        products = _sweep(rows, probes, vector, create_graph, strict, _TRICK)
    return _structured(outputs, True, create_graph), _structured(products, single, create_graph)


def vhp(func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> Any:
    """The value of a function that gives one number, and a vector times its Hessian.

    Arguments are those of :func:`jvp`.
    """
    with enable_grad():
        single, xs = _prepared(inputs, "inputs", "vhp", create_graph)
        vector = _vectors(v, xs, single, "vhp", "the input to the user-provided function is", create_graph)
        outputs = _number(func, xs, "vhp", strict)
        slopes = _sweep(outputs, xs, (None,), True, strict, _INDEPENDENT)
        products = _sweep(slopes, xs, vector, create_graph, strict, _HESSIAN)
    return _structured(outputs, True, create_graph), _structured(products, single, create_graph)


def jacobian(
    func: Callable[..., Any],
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:
    """The derivative of every element of the output with respect to every element of the inputs.

    Args:
        func, inputs, create_graph, strict: as for :func:`vjp`.
        vectorize: accepted, and computed row by row all the same.
        strategy: "reverse-mode"; forward mode is not supported.

    Returns:
        A Tensor of the output's shape followed by the input's; a tuple over several inputs; for several outputs a
        tuple of those.

    >>> import tinygrad_edu as tg
    >>> jacobian(lambda x: x**2, tg.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    if strategy not in ("reverse-mode", "forward-mode"):
        raise ValueError(f'Expected strategy to be either "forward-mode" or "reverse-mode". Got: {strategy!r}')
    if strategy == "forward-mode":
        raise NotImplementedError('jacobian: strategy="forward-mode" is not supported; use "reverse-mode"')
    if strict and vectorize:
        raise RuntimeError("jacobian: `strict=True` and `vectorize=True` are not supported together: choose one")
    with enable_grad():
        single, xs = _prepared(inputs, "inputs", "jacobian", create_graph)
        one, outputs = _called(func, xs, "jacobian", strict)
        table = [_rows(out, xs, i, create_graph, strict) for i, out in enumerate(outputs)]
    blocks = tuple(_structured(row, single, create_graph) for row in table)
    return blocks[0] if one else blocks


def hessian(
    func: Callable[..., Any],
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:
    """The second derivatives of a function that gives one number: the Jacobian of its gradient.

    Returns:
        A Tensor of the input's shape twice over; for several inputs a tuple of tuples of them.

    >>> import tinygrad_edu as tg
    >>> hessian(lambda x: (x**3).sum(), tg.tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    single = isinstance(inputs, Tensor)

    def slope(*xs: Tensor) -> Any:
        outputs = _number(func, xs, "hessian", strict)
        slopes = _sweep(outputs, xs, (None,), True, strict, _INDEPENDENT)
        return slopes[0] if single else slopes

    return jacobian(slope, inputs, create_graph, strict, vectorize, outer_jacobian_strategy)


# --- what they share -----------------------------------------------------------------------------------------------

_INDEPENDENT = "The output of the user-provided function is independent of input {}."
_HESSIAN = "The jacobian of the user-provided function is independent of input {}."
_TRICK = "The gradient with respect to the input is independent of entry {} in the grad_outputs."
_STRICT = " This is not allowed in strict mode."


def _tuple(given: Any, name: str, function: str) -> tuple[bool, tuple[Tensor, ...]]:
    """Whether there was a single Tensor, and a tuple of them in any case."""
    single = isinstance(given, Tensor)
    listed = (given,) if single else given
    if not isinstance(listed, tuple):
        raise TypeError(
            f"The {name} given to {function} must be either a Tensor or a tuple of Tensors but the given {name} has "
            f"type {type(given).__name__}."
        )
    for i, x in enumerate(listed):
        if not isinstance(x, Tensor):
            raise TypeError(
                f"The {name} given to {function} must be either a Tensor or a tuple of Tensors but the value at index "
                f"{i} of the given {name} has type {type(x).__name__}."
            )
    return single, listed


def _prepared(given: Any, name: str, function: str, create_graph: bool) -> tuple[bool, tuple[Tensor, ...]]:
    """Stand-ins for the inputs that want gradients: in the caller's graph if that is to be differentiated on."""
    single, listed = _tuple(given, name, function)
    if create_graph:
        return single, tuple(x.view_as(x) if x.requires_grad else x.detach().requires_grad_() for x in listed)
    return single, tuple(x.detach().requires_grad_() for x in listed)


def _called(
    func: Callable[..., Any], xs: tuple[Tensor, ...], function: str, strict: bool
) -> tuple[bool, tuple[Tensor, ...]]:
    one, outputs = _tuple(func(*xs), "outputs of the user-provided function", function)
    for i, out in enumerate(outputs):
        if strict and not out.requires_grad:
            raise GradError(
                f"Output {i} of the user-provided function does not require gradients. The outputs must be computed in "
                "a differentiable manner from the input when running in strict mode."
            )
    return one, outputs


def _number(func: Callable[..., Any], xs: tuple[Tensor, ...], function: str, strict: bool) -> tuple[Tensor, ...]:
    one, outputs = _called(func, xs, function, strict)
    if not one:
        raise RuntimeError(f"The function given to {function} should return a single Tensor")
    if outputs[0].numel() != 1:
        raise ShapeError(
            f"The Tensor returned by the function given to {function} should contain a single element, it has shape "
            f"{tuple(outputs[0].shape)}: sum it, or use jacobian"
        )
    return (outputs[0].squeeze(),)


def _vectors(
    v: Any, others: tuple[Tensor, ...], single: bool, function: str, what: str, create_graph: bool
) -> tuple[Tensor, ...]:
    """The vector that is multiplied, with the shapes of what it stands beside."""
    if v is None:
        if len(others) != 1 or others[0].numel() != 1:
            raise RuntimeError(
                f"{function}: The vector v can only be None if {what} a single Tensor with a single element."
            )
        return (Tensor._wrap(np.ones_like(others[0]._data)),)
    _, vector = _tuple(v, "v", function)
    if not create_graph:
        vector = tuple(x.detach() for x in vector)
    if len(vector) != len(others):
        raise RuntimeError(f"v is a tuple of invalid length: should be {len(others)} but got {len(vector)}.")
    for i, (mine, other) in enumerate(zip(vector, others, strict=True)):
        if mine.shape != other.shape:
            entry = "" if single else f"Entry {i} in "
            raise ShapeError(f"{entry}v has invalid size: should be {other.shape} but got {mine.shape}.")
    return vector


def _sweep(
    outputs: tuple[Tensor, ...],
    xs: tuple[Tensor, ...],
    weights: tuple[Any, ...],
    create_graph: bool,
    strict: bool,
    problem: str,
) -> tuple[Tensor, ...]:
    """One backward pass; zeros (or an error) for what the outputs do not depend on."""
    used = [(o, w) for o, w in zip(outputs, weights, strict=True) if o.requires_grad]
    found: tuple[Any, ...] = (None,) * len(xs)
    if used:
        found = grad(
            [o for o, _ in used], xs, [w for _, w in used], retain_graph=True, create_graph=create_graph,
            allow_unused=True,
        )  # fmt: skip
    for i, gradient in enumerate(found):
        if strict and (gradient is None or (create_graph and not gradient.requires_grad)):
            raise GradError(problem.format(i) + _STRICT)
    return tuple(Tensor._wrap(np.zeros_like(x._data)) if g is None else g for g, x in zip(found, xs, strict=True))


def _rows(output: Tensor, xs: tuple[Tensor, ...], number: int, create_graph: bool, strict: bool) -> tuple[Tensor, ...]:
    """The Jacobian of one output with respect to each input."""
    rows: list[tuple[Tensor, ...]] = []
    shape = output._data.shape
    for place in np.ndindex(*shape):
        chosen = np.zeros(shape, output._data.dtype)
        chosen[place] = 1
        found = _sweep((output,), xs, (Tensor._wrap(chosen),), create_graph, strict, f"Output {number} of the user-"
                       "provided function is independent of input {}.")  # fmt: skip
        rows.append(found)
    blocks = []
    for i, x in enumerate(xs):
        sizes = (*shape, *x._data.shape)
        if not rows:
            blocks.append(Tensor._wrap(np.zeros(sizes, x._data.dtype)))
        elif create_graph:
            blocks.append(stack([row[i] for row in rows]).reshape(sizes))
        else:
            blocks.append(Tensor._wrap(np.stack([np.asarray(row[i]._data) for row in rows]).reshape(sizes)))
    return tuple(blocks)


def _structured(tensors: tuple[Tensor, ...], single: bool, create_graph: bool) -> Any:
    """As the user gave it: one Tensor or a tuple; without history unless that was asked for."""
    if not (create_graph and is_grad_enabled()):
        tensors = tuple(t.detach() for t in tensors)
    return tensors[0] if single else tensors
