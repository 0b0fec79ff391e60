"""How a Tensor leaves the library: as Python numbers and lists, as an ndarray, as text, as a copy or a pickle."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from tinygrad_edu.errors import GradError, ShapeError
from tinygrad_edu.tensors.printing import tensor_str

__all__ = ["Convertible"]

_bound = ("_base", "_chain", "_seen", "_hooks", "_metadata")  # attributes that belong to this Tensor, not to a copy


class Convertible:
    """The half of Tensor that Python and NumPy see."""

    __slots__ = ()

    if TYPE_CHECKING:
        _data: Any
        _node: Any
        _requires: bool
        _array: Any
        _refresh: Any
        dtype: Any

        def __getitem__(self, index: Any) -> Self: ...

    def item(self) -> Any:
        """The only element as a Python number.

        Raises:
            ShapeError: there are several elements, or none.
        """
        if self._data.size != 1:
            raise ShapeError(
                f"a Tensor with {self._data.size} elements (shape {tuple(self._data.shape)}) cannot be converted to "
                "Scalar: item() needs exactly one; index it or reduce it first, or use tolist()"
            )
        return self._data.item()

    def tolist(self) -> Any:
        """The elements as nested lists; a number for a Tensor without dimensions."""
        return self._data.tolist()

    def numpy(self, *, force: bool = False) -> np.ndarray[Any, Any]:
        """The array itself: no copy, changes are seen on both sides.

        Raises:
            GradError: the Tensor requires grad; ``detach()`` it first (or say ``force=True``).
        """
        if self._requires and not force:
            raise GradError(
                "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead: "
                "NumPy's operations would not be recorded"
            )
        array: np.ndarray[Any, Any] = self._array()
        return array

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        array = self.numpy()
        if dtype is not None and array.dtype != dtype:
            return array.astype(dtype)
        return array.copy() if copy else array

    def __len__(self) -> int:
        if not self._data.ndim:
            raise TypeError("len() of a 0-d tensor")
        return len(self._data)

    def __iter__(self) -> Iterator[Self]:
        if not self._data.ndim:
            raise TypeError("iteration over a 0-d tensor")
        return (self[i] for i in range(len(self._data)))

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
        return bool((self._data == (element._data if isinstance(element, Convertible) else element)).any())

    def __repr__(self) -> str:
        self._refresh()
        return tensor_str(
            self._data if self._data.__class__ is np.ndarray else np.asarray(self._data),
            self.dtype,
            requires_grad=self._requires and self._node is None,
            grad_fn_name=None if self._node is None else self._node.name(),
        )

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if not self._data.ndim and spec else format(repr(self), spec)

    __hash__ = object.__hash__

    def __reduce_ex__(self, protocol: Any) -> Any:
        if self._node is not None:
            raise GradError(
                "Only Tensors created explicitly by the user (graph leaves) can be copied or pickled: detach() it first"
            )
        attributes = {k: v for k, v in self.__dict__.items() if k not in _bound}
        return _rebuild, (type(self), np.array(self._data), self._requires, attributes)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        if self._node is not None:
            raise GradError(
                "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol: detach() it "
                "first"
            )
        attributes = {k: copy.deepcopy(v, memo) for k, v in self.__dict__.items() if k not in _bound}
        out = _rebuild(type(self), np.array(self._data), self._requires, attributes)
        memo[id(self)] = out
        return out


def _rebuild(kind: Any, data: Any, requires: bool, attributes: dict[str, Any]) -> Any:
    out = object.__new__(kind)
    out._data, out._node, out._requires, out._version = data, None, requires, [0]
    out.__dict__.update(attributes)
    return out
