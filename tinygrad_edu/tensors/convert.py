"""How Python sees a Tensor: as a number, a sequence, text, a copy or a pickle."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from tinygrad_edu.errors import ElementCountError, GradError, ShapeError
from tinygrad_edu.kernels import kernels
from tinygrad_edu.ops.views import lies
from tinygrad_edu.tensors.device import cpu, moved
from tinygrad_edu.tensors.gradients import Differentiable
from tinygrad_edu.tensors.interop import Exchangeable
from tinygrad_edu.tensors.printing import tensor_str

__all__ = ["Convertible"]


class Convertible(Exchangeable):
    """The half of Tensor that Python and NumPy see."""

    __slots__ = ()

    if TYPE_CHECKING:
        _data: Any
        _node: Any
        _requires: bool
        _grad: Any
        _refresh: Any
        dtype: Any

        def __getitem__(self, index: Any) -> Self: ...
        def flip(self, dim: int) -> Self: ...
        def unbind(self, dim: int) -> tuple[Self, ...]: ...

    def item(self) -> Any:
        """The only element as a Python number.

        Raises:
            ElementCountError: there are several elements, or none.
        """
        if self._data.size != 1:
            raise ElementCountError(
                f"a Tensor with {self._data.size} elements (shape {tuple(self._data.shape)}) cannot be converted to "
                "Scalar: item() needs exactly one; index it or reduce it first, or use tolist()"
            )
        return self._data.item()

    def tolist(self) -> Any:
        """The elements as nested lists; a number for a Tensor without dimensions."""
        return self._data.tolist()

    def __len__(self) -> int:
        if not self._data.ndim:
            raise TypeError("len() of a 0-d tensor")
        return len(self._data)

    def __iter__(self) -> Iterator[Self]:
        if not self._data.ndim:
            raise TypeError("iteration over a 0-d tensor")
        return iter(self.unbind(0))

    def __delitem__(self, index: Any) -> None:
        raise TypeError("Tensor does not support deleting items: index what is to stay, or use torch.cat()")

    def __bool__(self) -> bool:
        if self._data.size != 1:
            raise ShapeError(
                f"Boolean value of Tensor with {'no values' if self._data.size == 0 else 'more than one value'} is "
                f"ambiguous (shape {tuple(self._data.shape)}): use .any(), .all(), or compare one element"
            )
        return bool(self._data.item())

    def __int__(self) -> int:
        return int(self.item())

    def __float__(self) -> float:
        return float(self.item())

    def __index__(self) -> int:
        if self._data.dtype.kind not in "iub" or self._data.size != 1:
            raise TypeError("only integer tensors of a single element can be converted to an index")
        return int(self._data.item())

    def __contains__(self, element: Any) -> bool:
        if not isinstance(element, (Convertible, bool, int, float, np.generic)):
            raise RuntimeError(
                f"Tensor.__contains__ only supports Tensor or scalar, but you passed in a {type(element)}: compare "
                "with == and ask .any() for more"
            )
        equal: Any = self == element
        return bool(equal.any())

    def __reversed__(self) -> Self:
        """The Tensor with its first dimension in reverse order, as PyTorch gives it (not an iterator)."""
        return self.flip(0) if self._data.ndim else self

    def __repr__(self) -> str:
        self._refresh()
        kind = type(self)
        return tensor_str(
            self._data if self._data.__class__ is np.ndarray else np.asarray(moved(self._data, cpu)),
            self.dtype,
            device="cuda:0" if hasattr(self._data, "block") else "cpu",
            requires_grad=self._requires and self._node is None,
            grad_fn_name=None if self._node is None else self._node.name(),
            # A subclass with a text of its own builds on that of a plain Tensor, as Parameter does.
            name=kind.__name__ if kind.__repr__ is Convertible.__repr__ and kind.__name__ != "Tensor" else "tensor",
        )

    def __format__(self, spec: str) -> str:
        if not self._data.ndim:
            return format(self._data.item(), spec)
        if spec:
            raise TypeError(
                f"unsupported format string passed to {type(self).__name__}.__format__: {spec!r} formats one number, "
                f"and this Tensor has shape {tuple(self._data.shape)}; index or .item() it, or use set_printoptions()"
            )
        return repr(self)

    __hash__ = object.__hash__

    def _own_attributes(self) -> dict[str, Any]:
        """What the user has attached, without the Tensor's place in the graph, its gradient and hooks."""
        place = vars(Differentiable)
        return {name: value for name, value in self.__dict__.items() if not (name[0] == "_" and name in place)}

    def __reduce_ex__(self, protocol: Any) -> Any:
        """A pickle holds the elements, ``requires_grad`` and what the user has attached: no gradient, no graph.

        As in PyTorch, two views of one Tensor are independent of each other when they come back.
        """
        return _rebuild, (type(self), self._array(), self.requires_grad), self._own_attributes() or None

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)

    def __copy__(self) -> Self:
        """A leaf on the same memory."""
        out: Self = _rebuild(type(self), self._array(), self.requires_grad)
        out._counter = self._counter
        out.__setstate__(self._own_attributes())
        return out

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """A leaf with a copy of the memory, of the gradient and of what the user has attached.

        Tensors that share memory share its copy, if they are copied together.
        """
        self._refresh()
        if self._node is not None:
            raise GradError(
                "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol: detach() it "
                "first"
            )
        array = self._array()
        owner = kernels.storage(array)[0]
        key = id(getattr(owner, "block", owner))
        copied = memo.get(key)
        if copied is None:
            copied = memo[key] = np.copy(owner)  # in the order in which it lies
            memo.setdefault(id(memo), []).append(owner)  # keeps it alive, and its id its own
        size, stride, offset = lies(array)
        whole = copied.shape == size and copied.strides == array.strides
        data = copied if whole else kernels.as_strided(copied, size, stride, offset)
        out: Self = _rebuild(type(self), data, self._requires)
        memo[id(self)] = out  # before the attributes, which may refer to this Tensor
        out.__setstate__(copy.deepcopy(self._own_attributes(), memo))
        if self._grad is not None:
            out._grad = copy.deepcopy(self._grad, memo)
        return out


def _rebuild(kind: Any, data: Any, requires: bool) -> Any:
    out = object.__new__(kind)
    out._data, out._node, out._requires, out._counter, out._base = data, None, requires, [0], None
    return out
