"""Changes of a Tensor's own geometry: ``t_``, ``squeeze_``, ``as_strided_``, ``resize_`` and kin move no element.

A view knows how it lies in memory and follows its base by that, whatever the base has become meanwhile: older views
stay what they were, and gradients find their places.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.engine.modes import enable_grad
from tinygrad_edu.errors import GradError, ShapeError
from tinygrad_edu.kernels import kernels
from tinygrad_edu.ops.views import as_strided
from tinygrad_edu.tensors import memory, parts
from tinygrad_edu.tensors.inplace import may_change
from tinygrad_edu.tensors.memory import contiguous_format, preserve_format
from tinygrad_edu.tensors.tensor import Tensor

__all__: list[str] = []

assert memory and parts  # what is made here in-place was attached to Tensor by them


def _turn(self: Tensor, result: Tensor) -> Tensor:
    """Let a Tensor become the view of itself that `result` is."""
    self._data = result._array()
    self._counter[0] += 1
    if result._requires and result._node is not self._node:
        self._move(result._node, True)
        if self._base is None:
            self._history += 1  # views of it will notice
    elif self._base is not None:
        self._seen = -1  # turned under no_grad: it will follow its base from its new place in memory
    return self


def _turned(name: str) -> Callable[..., Tensor]:
    function = getattr(Tensor, name)

    def call(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        may_change(self, False, f"{name}_")
        if self._node is None or self._base is not None:
            return _turn(self, function(self, *args, **kwargs))
        with enable_grad():  # a result follows in any mode: its gradient would have the shape from before
            return _turn(self, function(self, *args, **kwargs))

    call.__name__ = call.__qualname__ = f"{name}_"
    call.__doc__ = f"{function.__doc__}\n\nThis form turns the Tensor itself; views made before stay as they are."
    return call


def _resize(self: Tensor, *sizes: Any, memory_format: Any = contiguous_format) -> Tensor:
    """Give the Tensor another size, row by row in its memory; new elements, if any, are uninitialised.

    Raises:
        GradError: the Tensor requires grad. RuntimeError: the memory is too small, and others look at it too (views,
            detached Tensors, a NumPy array), so that it cannot be replaced by a larger one.
    """
    if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)):
        sizes = tuple(sizes[0])
    if self.requires_grad:
        raise GradError("resize_: cannot resize variables that require grad: make a Tensor of the wanted size")
    if memory_format not in (contiguous_format, preserve_format):
        raise RuntimeError(f"resize_: unsupported memory format {memory_format!r}: elements are laid out row by row")
    for size in sizes:
        if not isinstance(size, int):
            raise TypeError(f"resize_(): argument 'size' must be tuple of ints, not {type(size).__name__}")
        if size < 0:
            raise ShapeError(f"resize_: Trying to create tensor with negative dimension {size}: {list(sizes)}")
    if self._data.shape == sizes:
        return self
    may_change(self, False, "resize_")
    owner, offset = kernels.storage(self._array())
    count = math.prod(sizes)
    if offset + count <= owner.size or not count:
        strides = tuple(math.prod(sizes[i + 1 :]) for i in range(len(sizes)))
        return _turn(self, self._record(as_strided, (self,), (sizes, strides, offset)))
    # 3: this name, self._data, and the argument of getrefcount. More than that, and others look at this memory.
    if owner is not self._data or sys.getrefcount(owner) > 3 or owner.base is not None:
        raise RuntimeError(
            f"resize_: the storage is not resizable: {count} elements at offset {offset} need more than its "
            f"{owner.size}, and other Tensors or arrays look at the same memory: clone() before resize_()"
        )
    larger = np.empty(count, owner.dtype)
    larger[: owner.size] = owner.ravel(order="K")
    self._data = larger.reshape(sizes)
    self._counter[0] += 1
    return self


def _resize_as(self: Tensor, the_template: Tensor, memory_format: Any = contiguous_format) -> Tensor:
    """Give the Tensor the size of another one: see :meth:`resize_`."""
    return _resize(self, tuple(the_template._data.shape), memory_format=memory_format)


def _detach(self: Tensor) -> Tensor:
    """Forget the history: the Tensor becomes a leaf that requires no grad.

    Raises:
        GradError: the Tensor is a view. Its base would go on with the history.
    """
    if self._base is not None:
        raise GradError("detach_: Can't detach views in-place. Use detach() instead, which makes another Tensor")
    self._node, self._requires = None, False
    self._retains = False
    return self


def _fill_diagonal(self: Tensor, fill_value: Any, wrap: bool = False) -> Tensor:
    """Fill the main diagonal with one number; `wrap`: in a tall matrix the diagonal begins anew below its end.

    Raises:
        RuntimeError: fewer than 2 dimensions, or more of them that are not all of one size.
    """
    if isinstance(fill_value, Tensor):
        if fill_value._data.ndim:
            raise TypeError(
                f"fill_diagonal_(): argument 'fill_value' must be Number, not a Tensor of {fill_value.shape}"
            )
        fill_value = fill_value.item()
    shape = self._data.shape
    if len(shape) < 2:
        raise ShapeError(f"fill_diagonal_: dimensions must larger than 1, this one has shape {tuple(shape)}")
    if len(shape) > 2 and len(set(shape)) > 1:
        raise ShapeError(f"fill_diagonal_: all dimensions of input must be of equal length, got {tuple(shape)}")
    length = min(shape)
    starts = range(0, shape[0], shape[1] + 1) if wrap and len(shape) == 2 and shape[1] else (0,)
    places = [(start + i, *(i,) * (len(shape) - 1)) for start in starts for i in range(min(length, shape[0] - start))]
    may_change(self, self._requires, "fill_diagonal_")
    if places:
        self[tuple(np.array(places).T)] = fill_value
    else:
        self._counter[0] += 1
    return self


def _set(self: Tensor, source: Any = None, *_args: Any, **_options: Any) -> Any:
    """Look at the storage of another Tensor: not supported.

    Raises:
        TypeError: the source is no Tensor. NotImplementedError: always else.
    """
    if source is not None and not hasattr(source, "data_ptr"):
        raise TypeError(f"set_(): argument 'source' must be Tensor, not {type(source).__name__}")
    raise NotImplementedError("set_() is not supported: assign to .data, or make a Tensor that shares the memory")


for _name in ("t", "transpose", "swapaxes", "swapdims", "squeeze", "unsqueeze", "as_strided"):
    setattr(Tensor, f"{_name}_", _turned(_name))
for _name, _function in {
    "resize_": _resize,
    "resize_as_": _resize_as,
    "detach_": _detach,
    "fill_diagonal_": _fill_diagonal,
    "set_": _set,
}.items():
    _function.__name__ = _function.__qualname__ = _name
    setattr(Tensor, _name, _function)
