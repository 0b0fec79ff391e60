"""Gradients held to a size: all of them together by their norm, or each element by itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tinygrad_edu.engine.modes import no_grad
from tinygrad_edu.ops.norms import vector_norm
from tinygrad_edu.tensors.creation import tensor
from tinygrad_edu.tensors.functions import stack
from tinygrad_edu.tensors.several import at_once, changed_at_once
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["clip_grad_norm_", "clip_grad_value_", "clip_grads_with_norm_", "get_total_norm"]


def _gradients(parameters: Any) -> list[Tensor]:
    listed: Iterable[Tensor] = [parameters] if isinstance(parameters, Tensor) else parameters
    return [param.grad for param in listed if param.grad is not None]


def get_total_norm(
    tensors: Any, norm_type: float = 2.0, error_if_nonfinite: bool = False, foreach: bool | None = None
) -> Tensor:
    """The norm of all elements of all Tensors, as if they were one vector.

    Raises:
        RuntimeError: it is nan or infinite, and `error_if_nonfinite` is set.
    """
    listed = [tensors] if isinstance(tensors, Tensor) else list(tensors)
    if not listed:
        return tensor(0.0)
    norm_type = float(norm_type)
    whole = at_once("all_norm", [t.detach() for t in listed]) if norm_type == 2 else NotImplemented
    if whole is not NotImplemented:
        return _finite(Tensor._wrap(whole), norm_type, error_if_nonfinite)
    with no_grad():
        norms = stack([vector_norm(t.detach(), norm_type) for t in listed])
        total: Tensor = vector_norm(norms, norm_type)
    return _finite(total, norm_type, error_if_nonfinite)


def _finite(total: Tensor, norm_type: float, error_if_nonfinite: bool) -> Tensor:
    """The norm itself, which has to be finite if that is asked for."""
    if error_if_nonfinite and not bool(total.isfinite()):
        raise RuntimeError(
            f"The total norm of order {norm_type} for gradients from `parameters` is non-finite, so it cannot be "
            "clipped. To disable this error and scale the gradients by the non-finite norm anyway, set "
            "`error_if_nonfinite=False`"
        )
    return total


def clip_grads_with_norm_(parameters: Any, max_norm: float, total_norm: Tensor, foreach: bool | None = None) -> None:
    """Multiply all gradients by ``max_norm / total_norm``, if that makes them smaller."""
    factor = (float(max_norm) / (total_norm + 1e-6)).clamp(max=1.0)
    gradients = _gradients(parameters)
    if gradients and changed_at_once("all_scaled", gradients, numbers=[factor._array()]):
        return
    with no_grad():
        for gradient in gradients:
            gradient.mul_(factor.to(gradient.dtype))


def clip_grad_norm_(
    parameters: Any,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Scale all gradients, in place, so that their common norm is at most `max_norm`; the norm before is returned.

    Raises:
        RuntimeError: the norm is nan or infinite, and `error_if_nonfinite` is set.

    >>> import tinygrad_edu as tg
    >>> x = tg.tensor([0.0, 0.0], requires_grad=True); x.grad = tg.tensor([3.0, 4.0])
    >>> clip_grad_norm_([x], max_norm=1.0)
    tensor(5.)
    >>> x.grad
    tensor([0.6000, 0.8000])
    """
    listed = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    total = get_total_norm(_gradients(listed), norm_type, error_if_nonfinite)
    clip_grads_with_norm_(listed, max_norm, total)
    return total


def clip_grad_value_(parameters: Any, clip_value: float, foreach: bool | None = None) -> None:
    """Hold every element of every gradient, in place, between ``-clip_value`` and ``clip_value``."""
    bound = float(clip_value)
    gradients = _gradients(parameters)
    if gradients and changed_at_once("all_clamped", gradients, numbers=(-bound, bound)):
        return
    with no_grad():
        for gradient in gradients:
            gradient.clamp_(-bound, bound)
