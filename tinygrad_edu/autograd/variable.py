"""`Variable`, the name that a Tensor with a gradient had in old PyTorch code."""

from __future__ import annotations

from typing import Any

from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["Variable"]


class _AnyTensor(type):
    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Tensor)


class Variable(metaclass=_AnyTensor):
    """``Variable(data, requires_grad=False)`` is a Tensor that shares the memory of `data`.

    >>> import tinygrad_edu as tg
    >>> x = Variable(tg.ones(2), requires_grad=True)
    >>> type(x).__name__, x.requires_grad, isinstance(x, Variable)
    ('Tensor', True, True)
    """

    def __new__(cls, data: Any = None, requires_grad: bool = False) -> Any:
        if data is None:
            data = Tensor()
        if not isinstance(data, Tensor):
            raise TypeError(f"Variable data has to be a tensor, but got {type(data).__name__}")
        return data.detach().requires_grad_(requires_grad)
