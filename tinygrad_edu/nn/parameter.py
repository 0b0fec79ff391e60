"""`Parameter`: a Tensor that a Module takes for one of its own, to be trained; `Buffer`: one that it only keeps."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.tensors.data import default_float
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["Buffer", "Parameter"]


def _share(out: Any, data: Any, kind: str) -> None:
    """Let `out` be a leaf on the memory of `data`."""
    if data is None:
        data = Tensor._wrap(np.empty(0, default_float()))
    if not isinstance(data, Tensor):
        raise TypeError(f"{kind}(): data must be a Tensor, got {type(data).__name__}: wrap it in tensor(...) first")
    out._data, out._counter = data._array(), data._counter
    out._node, out._requires = None, False


class Parameter(Tensor):
    """A Tensor that becomes part of ``module.parameters()`` when it is assigned to an attribute of a Module.

    It shares the memory of `data`, and requires a gradient also when it is made under ``no_grad()``.

    Raises:
        TypeError: `data` is no Tensor; GradError: it holds integers and `requires_grad` was not switched off.

    >>> import tinygrad_edu as tg
    >>> Parameter(tg.tensor([1.0, 2.0]))
    Parameter containing:
    tensor([1., 2.], requires_grad=True)
    """

    __slots__ = ()

    def __init__(self, data: Any = None, requires_grad: bool = True) -> None:
        _share(self, data, "Parameter")
        self.requires_grad_(requires_grad)

    def __repr__(self) -> str:
        return f"Parameter containing:\n{super().__repr__()}"


class Buffer(Tensor):
    """A Tensor that becomes a buffer when it is assigned to an attribute of a Module: kept and saved, not trained.

    Args:
        persistent: whether it belongs to the module's ``state_dict()``.
    """

    __slots__ = ()

    def __init__(self, data: Any = None, *, persistent: bool = True) -> None:
        _share(self, data, "Buffer")
        self.persistent = persistent

    def __repr__(self) -> str:
        return f"Buffer containing:\n{super().__repr__()}"
