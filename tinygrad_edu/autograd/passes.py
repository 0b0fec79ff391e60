"""`grad` and `backward`: a backward pass from any number of Tensors, to any number of them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_edu.autograd.graph import GradientEdge
from tinygrad_edu.errors import GradError
from tinygrad_edu.tensors import gradients
from tinygrad_edu.tensors.gradients import seed_of
from tinygrad_edu.tensors.node import backward_pass
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["backward", "grad"]


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor] | dict[str, Tensor],
    grad_outputs: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> Any:
    """The derivative of the (summed) outputs with respect to each input; no ``grad`` is touched.

    Args:
        outputs: what is differentiated.
        inputs: what by: leaves or results, in the graph of the outputs; also a dictionary of them.
        grad_outputs: for each output a Tensor of its shape that weighs it; None for a single element means 1.
        retain_graph: keep what the graph has saved, for another pass; by default as `create_graph`.
        create_graph: record the derivatives too, so that they can be differentiated.
        only_inputs: deprecated, and ignored.
        allow_unused: give None for an input that the outputs do not depend on, instead of raising.
        is_grads_batched: not supported: call grad once for each, or use :func:`functional.jacobian`.
        materialize_grads: give zeros instead of None for such inputs.

    Returns:
        One Tensor for each input, with its shape and dtype: a tuple, or a dictionary if the inputs were one.

    Raises:
        GradError: an input is not used or needs no gradient, or what :meth:`Tensor.backward` refuses.

    >>> import tinygrad_edu as tg
    >>> x = tg.tensor(3.0, requires_grad=True)
    >>> (slope,) = grad(x**3, x, create_graph=True)
    >>> slope.item(), grad(slope, x)[0].item()
    (27.0, 18.0)
    """
    if materialize_grads and allow_unused is False:
        raise ValueError(
            "Expected allow_unused to be True or not passed when materialize_grads=True, but got: allow_unused=False."
        )
    if is_grads_batched:
        raise NotImplementedError(
            "grad(is_grads_batched=True) needs vmap, which is not part of this library: call grad() once for each "
            "gradient (with retain_graph=True), or use autograd.functional.jacobian"
        )
    if not only_inputs:
        warnings.warn(
            "only_inputs argument is deprecated and is ignored now (defaults to True). To accumulate gradient for "
            "other parts of the graph, please use torch.autograd.backward.",
            FutureWarning,
            stacklevel=2,
        )
    roots, targets = _tensors(outputs, "outputs"), _tensors(inputs, "inputs")
    if not targets:
        raise GradError("`inputs` argument to `grad()` cannot be empty.")
    weights = _weights(grad_outputs, roots)
    seeds = [seed_of(t, w, create_graph, i) for i, (t, w) in enumerate(zip(roots, weights, strict=True))]
    for target in targets:
        if not target.requires_grad:
            raise GradError(
                "One of the differentiated Tensors does not require grad: set requires_grad=True on it before it is "
                "used, so that what is computed from it is recorded"
            )
    keep = create_graph if retain_graph is None else retain_graph
    places: list[Any] = [t._node or t for t in targets]
    starts = [t._node or t for t in roots]
    caught = backward_pass(starts, seeds, create_graph, retain_graph=keep, captured=places)
    if not (allow_unused or materialize_grads) and any(place not in caught for place in places):
        raise GradError(
            "One of the differentiated Tensors appears to not have been used in the graph. Set allow_unused=True if "
            "this is the desired behavior: its gradient is then None."
        )
    given: set[int] = set()
    results: list[Any] = []
    for target, place in zip(targets, places, strict=True):
        gradient = caught.get(place)
        if gradient is None:
            results.append(Tensor._wrap(np.zeros_like(target._data)) if materialize_grads else None)
        elif create_graph:
            results.append(gradient)
        else:  # each its own memory, which can be written to
            if id(gradient) in given or (gradient.__class__ is np.ndarray and not gradient.flags.writeable):
                gradient = gradient.copy()
            given.add(id(gradient))
            results.append(Tensor._wrap(gradient))
    return dict(zip(inputs, results, strict=True)) if isinstance(inputs, dict) else tuple(results)


def backward(
    tensors: Tensor | Sequence[Tensor],
    grad_tensors: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    grad_variables: Any = None,
    inputs: Tensor | Sequence[Tensor] | dict[str, Tensor] | None = None,
) -> None:
    """Add the derivative of the (summed) tensors with respect to every leaf to the leaf's ``grad``.

    Args:
        tensors: what is differentiated.
        grad_tensors: for each a Tensor of its shape that weighs it; None for a single element means 1.
        retain_graph, create_graph, inputs: as for :meth:`Tensor.backward`.
        grad_variables: the old name of `grad_tensors`.

    Raises:
        GradError, ShapeError: as :meth:`Tensor.backward`.
    """
    if grad_variables is not None:
        warnings.warn("`grad_variables` is deprecated. Use `grad_tensors` instead.", FutureWarning, stacklevel=2)
        if grad_tensors is not None:
            raise GradError("`grad_tensors` and `grad_variables` (deprecated) arguments both passed: give one of them")
        grad_tensors = grad_variables
    roots = _tensors(tensors, "tensors")
    wanted = None if inputs is None else _tensors(inputs, "inputs")
    gradients.backward(roots, _weights(grad_tensors, roots), retain_graph, create_graph, wanted)


def _tensors(given: Any, name: str) -> tuple[Tensor, ...]:
    if isinstance(given, (Tensor, GradientEdge)):
        given = (given,)
    listed = tuple(given.values() if isinstance(given, dict) else given)
    listed = tuple([each.ownership_token if isinstance(each, GradientEdge) else each for each in listed])
    for each in listed:
        if not isinstance(each, Tensor):
            raise TypeError(f"{name} must be a Tensor or a sequence of Tensors, but it holds {type(each).__name__}")
    return listed


def _weights(given: Any, roots: Sequence[Tensor]) -> tuple[Any, ...]:
    listed = (None,) * len(roots) if given is None else (given,) if isinstance(given, Tensor) else tuple(given)
    if len(listed) != len(roots):
        raise GradError(f"got {len(roots)} tensors and {len(listed)} gradients: each tensor needs one (or None)")
    return listed
