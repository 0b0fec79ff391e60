"""`Tensor`: an array with a dtype, a device and a memory of how it was made.

The class itself holds what a Tensor *is*: its payload, its place in the graph, conversions and printing. What can be
*computed* with it comes from the operation table (:mod:`tinygrad_edu.tensors.methods` attaches one method for each).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from tinygrad_edu.engine.modes import enable_grad
from tinygrad_edu.errors import DTypeError, GradError, ShapeError
from tinygrad_edu.tensors.data import legacy_array
from tinygrad_edu.tensors.device import device as Device
from tinygrad_edu.tensors.dtype import BY_NUMPY
from tinygrad_edu.tensors.dtype import dtype as DType
from tinygrad_edu.tensors.hooks import RemovableHandle, run_hooks
from tinygrad_edu.tensors.node import Node, backward_pass
from tinygrad_edu.tensors.printing import tensor_str
from tinygrad_edu.tensors.size import Size, size_of

__all__ = ["Tensor"]

TYPE_CHECKING = False
_cpu = Device("cpu")


class Tensor:
    """A multi-dimensional array whose operations can be differentiated.

    Make one with :func:`tinygrad_edu.tensor`, :func:`~tinygrad_edu.zeros` and their kin.

    >>> import tinygrad_edu as tg
    >>> x = tg.tensor([1.0, 2.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad
    tensor([2., 4.])
    """

    # The four things that every result needs are slots; what few Tensors have (a gradient, hooks, attributes set by
    # the user) lives in __dict__ and costs the others nothing.
    __slots__ = ("__dict__", "__weakref__", "_data", "_node", "_requires", "_version")

    __array_ufunc__ = None  # ndarray * tensor asks the Tensor
    __array_priority__ = 1000
    _inputs: tuple[Any, ...] = ()  # a leaf takes part in the graph as its own node, the oldest of all
    _sequence = 0
    _grad: Tensor | None = None
    _base: Tensor | None = None  # of a view: the Tensor whose memory it looks at,
    _chain: tuple[Any, ...] = ()  # the operations that lead from there to here,
    _seen = 0  # and the base's _history when this view took its place in the graph
    _history = 0  # how often a recorded in-place operation has changed this Tensor's place in the graph
    _unrecorded = False  # a view that was made under no_grad()
    _hooks: dict[int, Any] | None = None
    _retains = False

    _data: Any  # an ndarray, or a NumPy scalar: a computed result without dimensions
    _node: Node | None
    _requires: bool
    _version: list[int]

    def __init__(self, *args: Any) -> None:
        """``Tensor(2, 3)`` is uninitialised memory of that shape, ``Tensor([1, 2])`` float32 data, as in PyTorch."""
        self._data = legacy_array(args, np.dtype(np.float32), "Tensor")
        self._node, self._requires, self._version = None, False, [0]

    # --- making one around an array --------------------------------------------------------------------------------

    @staticmethod
    def _wrap(data: Any) -> Tensor:
        """A Tensor around an array (or NumPy scalar) that needs no gradient; the array is not copied."""
        out = object.__new__(Tensor)
        out._data = data
        out._node = None
        out._requires = False
        out._version = [0]
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
        if data.__class__ is not np.ndarray:
            self._data = data = np.array(data)
        return data

    # --- what it is ------------------------------------------------------------------------------------------------

    @property
    def dtype(self) -> DType:
        """The data type, such as ``torch.float32``."""
        return BY_NUMPY[self._data.dtype]

    @property
    def device(self) -> Device:
        """Where the data lies."""
        return _cpu

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
        strides = tuple(s // self._data.itemsize for s in self._array().strides)
        return strides if dim is None else strides[dim]

    def is_contiguous(self) -> bool:
        """True if the elements lie in memory row by row."""
        return bool(self._data.flags.c_contiguous)

    def data_ptr(self) -> int:
        """The address of the first element."""
        return int(self._array().ctypes.data)

    def is_floating_point(self) -> bool:
        """True for float16, float32 and float64."""
        return bool(self._data.dtype.kind == "f")

    def is_complex(self) -> bool:
        """False: complex numbers are not supported."""
        return False

    # --- its place in the graph --------------------------------------------------------------------------------------

    def _refresh(self) -> None:
        """A view whose base has been changed in place follows it to its new place in the graph."""
        base = self._base
        if base is not None and self._seen != base._history:
            self._seen = base._history
            current: Tensor = base
            with enable_grad():
                for operation, params in self._chain:
                    current = Tensor._record(operation, (current,), params)
            self._node, self._requires = current._node, current._requires

    @property
    def requires_grad(self) -> bool:
        """Whether operations on this Tensor are recorded."""
        self._refresh()
        return self._requires

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self.requires_grad_(value)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Ask for a gradient, or no longer, and return self.

        Raises:
            GradError: integers and bools have no gradient; a result cannot be told to forget its history.
        """
        if requires_grad and self._data.dtype.kind != "f":
            raise GradError(
                f"only Tensors of floating point dtype can require gradients, this one is {self.dtype}: "
                "make it from floats (1.0 instead of 1) or convert it with .float() first"
            )
        if not requires_grad and self._node is not None:
            raise GradError(
                "you can only change requires_grad flags of leaf variables: this Tensor is the result of an operation. "
                "Use detach() for a copy that does not require grad."
            )
        self._requires = self._requires or bool(requires_grad) if self._node is not None else bool(requires_grad)
        return self

    @property
    def is_leaf(self) -> bool:
        """True if no recorded operation made this Tensor."""
        self._refresh()
        return self._node is None

    @property
    def grad_fn(self) -> Node | None:
        """The node of the operation that made this Tensor; None for a leaf."""
        self._refresh()
        return self._node

    @property
    def grad(self) -> Tensor | None:
        """The gradient that backward() has added up here; None before."""
        return self._grad

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if value is not None:
            if not isinstance(value, Tensor):
                raise TypeError(f"assigned grad expected to be a Tensor or None but got {type(value).__name__}")
            if value._data.shape != self._data.shape:
                raise ShapeError(
                    f"assigned grad has data of a different size: shape {tuple(value.shape)}, but the Tensor has "
                    f"{tuple(self.shape)}"
                )
            if value._data.dtype != self._data.dtype:
                raise DTypeError(f"assigned grad has dtype {value.dtype}, but the Tensor has {self.dtype}")
        self._grad = value

    @property
    def data(self) -> Tensor:
        """The same memory without history; changes to it are not recorded."""
        out = Tensor._wrap(self._array())
        return out

    @data.setter
    def data(self, value: Tensor) -> None:
        if not isinstance(value, Tensor):
            raise TypeError(f"data must be a Tensor, got {type(value).__name__}")
        self._data = value._array()
        self._version = [0]

    def detach(self) -> Tensor:
        """The same memory without history. Changes through either are seen, and noticed, by both."""
        out = Tensor._wrap(self._array())
        out._version = self._version
        return out

    def retain_grad(self) -> None:
        """Keep the gradient of a Tensor that is not a leaf in its ``grad``."""
        if not self._requires:
            raise GradError("can't retain_grad on Tensor that has requires_grad=False: nothing is recorded for it")
        if self._node is None or self._retains:
            return
        self._retains = True
        weak = _weak(self)

        def keep(gradient: Tensor) -> None:
            tensor = weak()
            if tensor is not None:
                held = tensor._grad
                tensor._grad = gradient if held is None else held + gradient

        self.register_hook(keep)

    @property
    def retains_grad(self) -> bool:
        """True if this is not a leaf and its gradient is kept."""
        return self._retains

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> RemovableHandle:
        """Call `hook` with this Tensor's gradient whenever it is computed; what it returns takes its place."""
        if not self._requires:
            raise GradError("cannot register a hook on a tensor that doesn't require gradient")
        self._refresh()
        place: Any = self._node or self
        if place._hooks is None:
            place._hooks = {}
        return RemovableHandle(place._hooks, hook)

    def _run_hooks(self, gradient: Any, create_graph: bool) -> Any:
        return run_hooks(self._hooks, gradient, create_graph, Tensor._at)

    def backward(
        self,
        gradient: Tensor | None = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Tensor | Sequence[Tensor] | None = None,
    ) -> None:
        """Add the derivative of this Tensor with respect to every leaf to the leaf's ``grad``.

        Args:
            gradient: what the derivative is multiplied by, with this Tensor's shape; 1 for a single element.
            retain_graph: keep what the graph has saved, for another pass; by default as `create_graph`.
            create_graph: record the derivatives too, so that they can be differentiated.
            inputs: the Tensors to compute gradients for; by default all leaves.

        Raises:
            GradError: nothing to differentiate, no `gradient` for a Tensor of several elements, or a graph that
                has been freed; ShapeError: a `gradient` of another shape.
        """
        seed = seed_of(self, gradient, create_graph)
        keep = create_graph if retain_graph is None else retain_graph
        root: Any = self._node or self
        if inputs is None:
            backward_pass([root], [seed], create_graph, retain_graph=keep)
            return
        wanted = [inputs] if isinstance(inputs, Tensor) else list(inputs)
        if not wanted:
            raise GradError("inputs argument to backward cannot be empty")
        places: list[Any] = [t._node or t for t in wanted]
        caught = backward_pass([root], [seed], create_graph, retain_graph=keep, captured=places)
        for tensor, place in zip(wanted, places, strict=True):
            if place in caught:
                tensor._accumulate([caught[place]], create_graph)

    def _accumulate(self, handed: list[Any], create_graph: bool) -> None:
        """Add a gradient to ``grad``. It comes in a list, so that a reference count can tell whether it is shared."""
        gradient = handed.pop()
        held = self._grad
        if create_graph:
            self._grad = gradient if held is None else held + gradient
        elif held is None:
            # 2: the name here and getrefcount's argument. A view, a seed or another leaf's gradient is copied.
            if gradient.__class__ is np.ndarray:
                if gradient.base is not None or sys.getrefcount(gradient) > 2 or not gradient.flags.writeable:
                    gradient = gradient.copy()
            self._grad = Tensor._wrap(gradient)
        elif held._requires or held._data.__class__ is not np.ndarray:
            self._grad = held + Tensor._wrap(gradient)
        else:
            np.add(held._data, gradient, out=held._data)
            held._version[0] += 1

    # --- leaving the library -----------------------------------------------------------------------------------------

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

    def __iter__(self) -> Iterator[Tensor]:
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
        return bool((self._data == (element._data if isinstance(element, Tensor) else element)).any())

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
        return _rebuild, (type(self), np.array(self._data), self._requires, dict(self.__dict__))

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        if self._node is not None:
            raise GradError(
                "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol: detach() it "
                "first"
            )
        import copy

        attributes = {k: copy.deepcopy(v, memo) for k, v in self.__dict__.items() if k != "_base"}
        out = _rebuild(type(self), np.array(self._data), self._requires, attributes)
        memo[id(self)] = out
        return out

    # --- drawing -----------------------------------------------------------------------------------------------------

    def draw_graph(self, **options: Any) -> Any:
        """The graph that led to this Tensor, as a ``graphviz.Digraph`` that draws itself without Graphviz installed.

        Args:
            options: those of :func:`tinygrad_edu.viz.draw_graph` (direction, gradients, max_nodes, highlight, ...).
        """
        from tinygrad_edu.viz import draw_graph

        return draw_graph(self, **options)

    def _graph_node(self) -> Any:
        return self._node or self

    def _graph_info(self) -> Any:
        from tinygrad_edu.engine.graph import GraphNode

        small = self._data.size <= 16
        grad = self._grad
        return GraphNode(
            key=id(self),
            kind="leaf" if self._node is None else "output",
            name=getattr(self, "name", None),
            value=self._data.tolist() if small else None,
            shape=tuple(self._data.shape),
            dtype=repr(self.dtype).removeprefix("torch."),
            grad=grad._data.tolist() if grad is not None and small else None,
            requires_grad=self._requires,
        )

    def _graph_gradients(self) -> dict[int, Any]:
        """The gradient of every node behind this Tensor, by graph key, computed without touching any ``grad``."""
        from tinygrad_edu.engine.order import topological

        root: Any = self._node or self
        nodes = topological(root)
        seed = seed_of(self, None, False)
        if any(node.saved is None for node in nodes if isinstance(node, Node)):
            raise GradError(
                "draw_graph(gradients=True) runs backward again, but a backward() has already freed this graph: draw "
                "first, or say backward(retain_graph=True)"
            )
        caught = backward_pass([root], [seed], False, retain_graph=True, captured=nodes)
        return {id(node): gradient.tolist() for node, gradient in caught.items() if gradient.size <= 16}

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


def _weak(tensor: Tensor) -> Callable[[], Tensor | None]:
    import weakref

    return weakref.ref(tensor)


def _rebuild(kind: Any, data: Any, requires: bool, attributes: dict[str, Any]) -> Any:
    out = object.__new__(kind)
    out._data, out._node, out._requires, out._version = data, None, requires, [0]
    out.__dict__.update(attributes)
    return out


def seed_of(root: Tensor, gradient: Tensor | None, create_graph: bool) -> Any:
    """The gradient that a backward pass starts from: an array, or a Tensor with create_graph.

    Raises:
        GradError, ShapeError: see :meth:`Tensor.backward`.
    """
    data = root._data
    root._refresh()
    if not root._requires:
        raise GradError(
            "element 0 of tensors does not require grad and does not have a grad_fn: nothing that led to it was made "
            "with requires_grad=True, or it was computed under no_grad() or detached"
        )
    if gradient is None:
        if data.size != 1:
            raise GradError(
                f"grad can be implicitly created only for scalar outputs: this Tensor has shape {tuple(data.shape)}. "
                "Call .sum() or .mean() first, or pass gradient= with that shape"
            )
        seed = np.ones_like(data)
        return Tensor._wrap(seed) if create_graph else seed
    if not isinstance(gradient, Tensor):
        raise TypeError(f"gradients can be either Tensors or None, but got {type(gradient).__name__}")
    if gradient._data.shape != data.shape:
        raise ShapeError(
            f"Mismatch in shape: grad_output[0] has a shape of {gradient.shape} and output[0] has a shape of "
            f"{root.shape}: the gradient must have the shape of the Tensor that backward() is called on"
        )
    if create_graph:
        return gradient if gradient._data.dtype == data.dtype else gradient.to(root.dtype)
    return gradient._data.astype(data.dtype, copy=False)


# Graphs are differentiated through Tensors when create_graph is on; the node is told how to make them.
Node.lift = Tensor._at
