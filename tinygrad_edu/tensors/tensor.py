"""`Tensor`: an array with a dtype, a device and a memory of how it was made.

The class here holds what a Tensor *is*: its payload, type and shape. Its place in the graph is in `gradients`, its
ways out of the library in `convert`, its pictures in `drawing`. What can be *computed* with it comes from the
operation table (:mod:`tinygrad_edu.tensors.methods` attaches one method for each).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_edu.engine import modes
from tinygrad_edu.kernels import kernels
from tinygrad_edu.tensors.convert import Convertible
from tinygrad_edu.tensors.data import default_float, legacy_array
from tinygrad_edu.tensors.device import cpu as _cpu
from tinygrad_edu.tensors.device import device as Device
from tinygrad_edu.tensors.device import device_of
from tinygrad_edu.tensors.drawing import Drawable
from tinygrad_edu.tensors.dtype import BY_NUMPY
from tinygrad_edu.tensors.dtype import dtype as DType
from tinygrad_edu.tensors.gradients import Differentiable
from tinygrad_edu.tensors.node import Node
from tinygrad_edu.tensors.place import Place
from tinygrad_edu.tensors.size import Size, size_of
from tinygrad_edu.tensors.untracked import untrack

__all__ = ["Tensor"]

class Tensor(Differentiable, Convertible, Drawable):
    """A multi-dimensional array whose operations can be differentiated.

    Make one with :func:`tinygrad_edu.tensor`, :func:`~tinygrad_edu.zeros` and their kin.

    >>> import tinygrad_edu as tg
    >>> x = tg.tensor([1.0, 2.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad
    tensor([2., 4.])
    """

    # The five things that every operation asks for are slots; what few Tensors have (a gradient, hooks, attributes set
    # by the user) lives in __dict__ and costs the others nothing.
    __slots__ = ("__dict__", "__weakref__", "_base", "_counter", "_data", "_node", "_requires")

    _data: Any  # an ndarray, a NumPy scalar (a computed result without dimensions), or an array of the GPU
    _node: Node | None
    _requires: bool
    _counter: list[int]
    _base: Any  # of a view: the Tensor whose memory it looks at

    def __init__(self, *args: Any) -> None:
        """``Tensor(2, 3)`` is uninitialised memory of that shape, ``Tensor([1, 2])`` data of the default float type."""
        self._data = legacy_array(args, default_float(), "Tensor")
        self._node, self._requires, self._counter, self._base = None, False, [0], None
        untrack(self)

    # --- making one around an array --------------------------------------------------------------------------------

    @staticmethod
    def _wrap(data: Any) -> Tensor:
        """A Tensor around an array (or NumPy scalar) that needs no gradient; the array is not copied."""
        out = object.__new__(Tensor)
        out._data = data
        out._base = None
        out._node = None
        out._requires = False
        out._counter = [0]
        if modes.inference_used:
            untrack(out)
        return out

    @staticmethod
    def _at(data: Any, place: Any = None) -> Tensor:
        """A Tensor that holds a saved array and stands at a place of the graph: a node, a leaf, or None."""
        if isinstance(place, Tensor) and place._data is data:
            return place
        out = Tensor._wrap(data)
        if place is not None:
            out._requires = True
            out._node = place
        return out

    def _array(self) -> Any:
        """The writable array behind this Tensor; a scalar result gets memory of its own first."""
        data = self._data
        if data.__class__ is not np.ndarray and isinstance(data, np.generic):
            self._data = data = np.array(data)
        return data

    # --- what it is ------------------------------------------------------------------------------------------------

    @property
    def _version(self) -> int:
        """How often this Tensor's memory has been changed in place (views count together)."""
        return self._counter[0]

    @property
    def dtype(self) -> DType:
        """The data type, such as ``torch.float32``."""
        return BY_NUMPY[self._data.dtype]

    @property
    def device(self) -> Device:
        """Where the data lies."""
        data = self._data
        return _cpu if data.__class__ is np.ndarray else device_of(data)

    @property
    def shape(self) -> Size:
        """The sizes of all dimensions."""
        return size_of(self._data.shape)

    def size(self, dim: int | None = None) -> Any:
        """The shape, or the size of one dimension."""
        if dim is None:
            return self.shape
        from tinygrad_edu.ops.shape import wrap_dim

        return self._data.shape[wrap_dim(dim, self._data.ndim, "size")]

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return int(self._data.ndim)

    def dim(self) -> int:
        """The number of dimensions."""
        return int(self._data.ndim)

    def numel(self) -> int:
        """The number of elements."""
        return int(self._data.size)

    nelement = numel

    def element_size(self) -> int:
        """Bytes per element."""
        return int(self._data.itemsize)

    @property
    def itemsize(self) -> int:
        """Bytes per element."""
        return int(self._data.itemsize)

    def stride(self, dim: int | None = None) -> Any:
        """How many elements lie between neighbours along each dimension (or one)."""
        array = self._array()
        strides, step = [s // array.itemsize for s in array.strides], 1
        for d in range(len(strides) - 1, -1, -1):  # NumPy leaves 0 where there are no neighbours; PyTorch counts on
            if not strides[d] and (array.shape[d] == 1 or not array.size):
                strides[d] = step
            step = strides[d] * max(array.shape[d], 1)
        return tuple(strides) if dim is None else strides[dim]

    def data_ptr(self) -> int:
        """The address of the first element."""
        return int(kernels.address(self._array()))

    def is_floating_point(self) -> bool:
        """True for float16, float32 and float64."""
        return bool(self._data.dtype.kind == "f")

    def is_complex(self) -> bool:
        """False: complex numbers are not supported."""
        return False

    if TYPE_CHECKING:  # the operations, which are attached from their table

        def __getattr__(self, name: str) -> Any: ...

        _record: Any

        def __add__(self, other: Any) -> Tensor: ...
        def __radd__(self, other: Any) -> Tensor: ...
        def __sub__(self, other: Any) -> Tensor: ...
        def __rsub__(self, other: Any) -> Tensor: ...
        def __mul__(self, other: Any) -> Tensor: ...
        def __rmul__(self, other: Any) -> Tensor: ...
        def __truediv__(self, other: Any) -> Tensor: ...
        def __rtruediv__(self, other: Any) -> Tensor: ...
        def __pow__(self, other: Any) -> Tensor: ...
        def __matmul__(self, other: Any) -> Tensor: ...
        def __neg__(self) -> Tensor: ...
        def __getitem__(self, index: Any) -> Tensor: ...
        def __setitem__(self, index: Any, value: Any) -> None: ...
        def __lt__(self, other: Any) -> Tensor: ...
        def __le__(self, other: Any) -> Tensor: ...
        def __gt__(self, other: Any) -> Tensor: ...
        def __ge__(self, other: Any) -> Tensor: ...


# Graphs are differentiated through Tensors when create_graph is on; the node is told how to make them.
Place.lift = Tensor._at
