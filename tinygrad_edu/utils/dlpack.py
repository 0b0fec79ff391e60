"""torch.utils.dlpack: sharing a Tensor's memory with another library through a capsule, the older way."""

from __future__ import annotations

from typing import Any

from tinygrad_edu.tensors.exchange import from_dlpack
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["from_dlpack", "to_dlpack"]


def to_dlpack(tensor: Tensor) -> Any:
    """A capsule that another library can take the Tensor's memory from, once.

    Raises:
        ExportError (a BufferError): the Tensor requires grad. TypeError: it is no Tensor.

    >>> import tinygrad_edu as tg
    >>> x = tg.zeros(2); y = from_dlpack(to_dlpack(x)); y[0] = 5; x
    tensor([5., 0.])
    """
    if not isinstance(tensor, Tensor):
        raise TypeError(f"to_dlpack(): argument must be Tensor, not {type(tensor).__name__}")
    return tensor.__dlpack__()
