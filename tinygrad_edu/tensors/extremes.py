"""The largest and the smallest element: of all, along a dimension with their places, or of two Tensors; and argmax."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu.errors import DimError, DTypeError, ShapeError
from tinygrad_edu.ops import reduce
from tinygrad_edu.tensors.record import record
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["Extreme", "argextreme", "extreme", "max", "min"]


class Extreme(NamedTuple):
    """The largest or smallest elements along a dimension, and where they are."""

    values: Any
    indices: Any

    def __repr__(self) -> str:
        return f"torch.return_types.{type(self).__name__}(\nvalues={self.values!r},\nindices={self.indices!r})"


class max(Extreme):  # noqa: N801 - PyTorch prints this name
    __slots__ = ()


class min(Extreme):  # noqa: N801
    __slots__ = ()


def extreme(kind: Any, along: Any, whole: Any, pairwise: Any) -> Callable[..., Any]:
    def apply(self: Tensor, dim: Any = None, keepdim: bool = False, **names: Any) -> Any:
        if names.get("out", 0) is None:  # np.max(tensor, axis=1), which wants the values alone
            dims = names.get("axis", names.get("dim", dim))
            values = getattr(self, f"a{kind.__name__}")
            return values(() if dims is None else dims, names.get("keepdims", keepdim))
        dim, keepdim = names.pop("axis", names.pop("other", dim)), names.pop("keepdims", keepdim)
        if names:
            raise TypeError(f"{kind.__name__}() got an unexpected keyword argument {next(iter(names))!r}")
        if isinstance(dim, Tensor):
            return record(pairwise, (self, dim), ())
        if dim is None:
            if self._data.size == 0:
                raise ShapeError(
                    f"{kind.__name__}(): Expected reduction dim to be specified for input.numel() == 0: an empty one "
                    "has no largest or smallest element"
                )
            return record(whole, (self,), ())
        return kind(*record(along, (self,), (dim, keepdim)))

    apply.__doc__ = f"The {kind.__name__}imum of all elements; with `dim` (values, indices); with a Tensor by element."
    return apply


def argextreme(name: str) -> Callable[..., Any]:
    largest = name == "argmax"

    def apply(self: Tensor, dim: int | None = None, keepdim: bool = False, *, axis: int | None = None) -> Tensor:
        dim = axis if dim is None else dim
        if self._data.dtype.kind == "b":
            raise DTypeError(f"{name}(): does not support bool input: convert with .int()")
        if dim is None:
            if not self._data.size:
                raise DimError(f"{name}(): Expected reduction dim to be specified for input.numel() == 0")
            flat = self._data.argmax() if largest else self._data.argmin()
            if hasattr(flat, "block"):
                return Tensor._wrap(flat.reshape((1,) * self._data.ndim) if keepdim else flat)
            return Tensor._wrap(np.int64(flat).reshape((1,) * self._data.ndim) if keepdim else np.int64(flat))
        along = reduce.max_along if largest else reduce.min_along
        indices: Tensor = record(along, (self.detach(),), (dim, keepdim))[1]
        return indices

    apply.__doc__ = f"The index of the {'largest' if largest else 'smallest'} element; of equal ones the first."
    return apply
