"""`Parameter`: a Tensor that a Module takes for one of its own, to be trained; `Buffer`: one that it only keeps.

Both have a form that waits for its shape: a placeholder in lazy layers until the first input has been seen.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from tinygrad_edu.tensors.creation import empty
from tinygrad_edu.tensors.data import default_float
from tinygrad_edu.tensors.dtype import BY_NUMPY
from tinygrad_edu.tensors.dtype import dtype as DType
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["Buffer", "Parameter", "Uninitialized", "UninitializedBuffer", "UninitializedParameter"]


def _share(out: Any, data: Any, kind: str) -> None:
    """Let `out` be a leaf on the memory of `data`."""
    if data is None:
        data = Tensor._wrap(np.empty(0, default_float()))
    if not isinstance(data, Tensor):
        raise TypeError(f"{kind}(): data must be a Tensor, got {type(data).__name__}: wrap it in tensor(...) first")
    out._data, out._counter = data._array(), data._counter
    out._node, out._requires, out._base = None, False, None


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


_stored: Any = Tensor.__dict__["_data"]  # where a Tensor keeps its array


class Uninitialized(Tensor):
    """A Tensor that knows its type, but no shape and no elements; :meth:`materialize` makes it an ordinary one."""

    __slots__ = ()
    becomes: type[Tensor] = Tensor

    def __init__(self, requires_grad: bool = False, device: Any = None, dtype: Any = None) -> None:
        Tensor.__init__(self)
        _stored.__set__(self, empty(0, device=device, dtype=dtype)._array())
        self._requires = requires_grad

    def materialize(self, shape: Any, device: Any = None, dtype: Any = None) -> None:
        """Give it a shape: from now on it is an ordinary parameter or buffer, with elements that mean nothing yet."""
        array = empty(tuple(shape), device=device, dtype=self.dtype if dtype is None else dtype)._array()
        self.__class__ = self.becomes  # type: ignore[assignment]
        self._data = array

    # (Every computation reads `_data`, and is refused here.)
    @property
    def _data(self) -> Any:
        raise ValueError(
            f"Attempted to use an uninitialized parameter or buffer ({type(self).__name__}). This error happens when "
            "you are using a `LazyModule`: call it with a dummy batch to initialize the parameters before you use them"
        )

    @_data.setter
    def _data(self, array: Any) -> None:
        _stored.__set__(self, array)

    @property
    def shape(self) -> Any:
        """Not known yet.

        Raises:
            RuntimeError: always.
        """
        raise RuntimeError(
            "Can't access the shape of an uninitialized parameter or buffer. This error usually happens in "
            "`load_state_dict` when trying to load an uninitialized parameter into an initialized one. Call `forward` "
            "to initialize the parameters before accessing their attributes."
        )

    @property
    def dtype(self) -> DType:
        """The data type that it will have."""
        return BY_NUMPY[_stored.__get__(self).dtype]

    @property
    def data(self) -> Any:
        """A Tensor of its type without elements."""
        return Tensor._wrap(_stored.__get__(self))

    @data.setter
    def data(self, value: Tensor) -> None:
        _stored.__set__(self, value._array())

    def is_floating_point(self) -> bool:
        """Whether the type that it will have is one of the floating-point types."""
        return self.dtype.is_floating_point

    def detach(self) -> Self:
        """Itself: there is nothing to share yet."""
        return self

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """Change the type that it will have, in place."""
        self.data = self.data.to(*args, **kwargs)
        return self

    def float(self) -> Self:
        """It will hold float32."""
        return self.to(BY_NUMPY[np.dtype(np.float32)])

    def double(self) -> Self:
        """It will hold float64."""
        return self.to(BY_NUMPY[np.dtype(np.float64)])

    def half(self) -> Self:
        """It will hold float16."""
        return self.to(BY_NUMPY[np.dtype(np.float16)])

    def cpu(self) -> Self:
        """It is there already."""
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        copied = type(self)(self._requires, dtype=self.dtype)
        memo[id(self)] = copied
        return copied

    def __reduce_ex__(self, protocol: Any) -> Any:
        return type(self), (self._requires, None, self.dtype)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class UninitializedParameter(Uninitialized, Parameter):
    """A parameter of a lazy layer, whose shape depends on the first input.

    >>> import tinygrad_edu as tg
    >>> layer = tg.nn.LazyLinear(3); layer.weight
    <UninitializedParameter>
    >>> _ = layer(tg.ones(2, 5)); layer.weight.shape
    torch.Size([3, 5])
    """

    __slots__ = ()
    becomes = Parameter

    def __init__(self, requires_grad: bool = True, device: Any = None, dtype: Any = None) -> None:
        Uninitialized.__init__(self, requires_grad, device, dtype)


class UninitializedBuffer(Uninitialized):
    """A buffer of a lazy layer, whose shape depends on the first input."""

    __slots__ = ()
