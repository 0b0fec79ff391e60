"""All parameters as one vector, and back: for methods that think of a network as a point in space."""

from __future__ import annotations

from collections.abc import Iterable

from tinygrad_edu.tensors.functions import cat
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["parameters_to_vector", "vector_to_parameters"]


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """One vector of all elements; gradients flow through it."""
    vector: Tensor = cat([param.reshape(-1) for param in parameters])
    return vector


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Give the parameters the elements of a vector, piece by piece.

    Raises:
        TypeError: `vec` is no Tensor; RuntimeError: it is too short for them.
    """
    if not isinstance(vec, Tensor):
        raise TypeError(f"expected torch.Tensor, but got: {type(vec).__name__}")
    at = 0
    for param in parameters:
        size = param.numel()
        if at + size > vec.numel():
            raise RuntimeError(f"vector_to_parameters: {vec.numel()} elements do not suffice for the parameters")
        param.data = vec[at : at + size].view_as(param).data
        at += size
