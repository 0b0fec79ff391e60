"""A Tensor among NumPy's arrays, and among other libraries' by way of DLPack: the same memory, never a silent copy.

``array * tensor`` is what ``tensor * array`` is: our operation, recorded. NumPy's other functions compute on the arrays
and give a Tensor; since nothing records what they do, they refuse one that needs a gradient.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_edu.errors import ExportError, GradError
from tinygrad_edu.kernels.devices import exchange, to_host

__all__ = ["Exchangeable"]

# Behind each operator that an array has: the method of a Tensor on its left, and of one on its right.
_operators: dict[Any, tuple[str, str]] = {
    getattr(np, ufunc): (f"__{left}__", f"__{right}__")
    for ufunc, left, right in (
        ("add", "add", "radd"),
        ("subtract", "sub", "rsub"),
        ("multiply", "mul", "rmul"),
        ("true_divide", "truediv", "rtruediv"),
        ("floor_divide", "floordiv", "rfloordiv"),
        ("remainder", "mod", "rmod"),
        ("power", "pow", "rpow"),
        ("matmul", "matmul", "rmatmul"),
        ("bitwise_and", "and", "rand"),
        ("bitwise_or", "or", "ror"),
        ("bitwise_xor", "xor", "rxor"),
        ("left_shift", "lshift", "rlshift"),
        ("right_shift", "rshift", "rrshift"),
        ("equal", "eq", "eq"),
        ("not_equal", "ne", "ne"),
        ("less", "lt", "gt"),
        ("less_equal", "le", "ge"),
        ("greater", "gt", "lt"),
        ("greater_equal", "ge", "le"),
        ("negative", "neg", "neg"),
        ("positive", "pos", "pos"),
        ("absolute", "abs", "abs"),
        ("invert", "invert", "invert"),
    )
}
# NumPy's names where PyTorch has others.
_renamed = {
    "arccos": "acos", "arccosh": "acosh", "arcsin": "asin", "arcsinh": "asinh", "arctan": "atan", "arctan2": "atan2",
    "arctanh": "atanh", "conjugate": "conj", "rint": "round",
}  # fmt: skip


class Exchangeable:
    """The part of Tensor that NumPy and DLPack talk to."""

    __slots__ = ()

    if TYPE_CHECKING:
        _data: Any
        _counter: Any
        _array: Any
        _wrap: Any
        requires_grad: bool

    __array_priority__ = 1000

    def numpy(self, *, force: bool = False) -> np.ndarray[Any, Any]:
        """The array itself: no copy, changes are seen on both sides.

        Raises:
            GradError: the Tensor requires grad; ``detach()`` it first (or say ``force=True``).
        """
        if self.requires_grad and not force:
            raise GradError(
                "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead: "
                "NumPy's operations would not be recorded"
            )
        array: np.ndarray[Any, Any] = self._array()
        if hasattr(array, "block"):
            if not force:
                raise TypeError(
                    "can't convert cuda:0 device type tensor to numpy. "
                    "Use Tensor.cpu() to copy the tensor to host memory first."
                )
            array = to_host(array)
        return array

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        """How other libraries of CUDA read this Tensor's memory; there is none on the CPU."""
        if not hasattr(self._data, "block"):
            raise AttributeError("Can't get __cuda_array_interface__ on non-CUDA tensor: use tensor.cuda() first")
        if self.requires_grad:
            raise RuntimeError("Can't get __cuda_array_interface__ on Variable that requires grad: use tensor.detach()")
        told: dict[str, Any] = self._data.__cuda_array_interface__
        return told

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        """What ``np.asarray(tensor)`` gives: the Tensor's own memory, if the type asked for is its own."""
        array = self.numpy()
        if dtype is not None and array.dtype != dtype:
            if copy is False:
                raise ValueError(f"a {array.dtype} Tensor cannot become an array of {np.dtype(dtype)} without a copy")
            return array.astype(dtype)
        return array.copy() if copy else array

    def __array_wrap__(self, array: Any, context: Any = None, return_scalar: bool = False) -> Any:
        """NumPy's functions that are no ufuncs give a Tensor for a Tensor: ``np.cumsum(t)``, ``np.clip(t, 0, 1)``."""
        return self._from_numpy(array)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        """NumPy was called with a Tensor: our operator where there is one, else NumPy on the arrays.

        Raises:
            GradError: a Tensor needs a gradient, and NumPy's function would lose it.
        """
        if method == "__call__" and not options and ufunc in _operators:
            return _operator(ufunc, inputs)
        out = options.get("out", ())
        for each in (*inputs, *out):
            if isinstance(each, Exchangeable) and each.requires_grad:
                raise _unrecorded(ufunc, method, type(self))
        if out:
            options["out"] = tuple(o._array() if isinstance(o, Exchangeable) else o for o in out)
        results = getattr(ufunc, method)(*(x._array() if isinstance(x, Exchangeable) else x for x in inputs), **options)
        written = (*out, *inputs[:1]) if method == "at" else out
        for each in written:
            if isinstance(each, Exchangeable):
                each._counter[0] += 1
        if method == "at":
            return None
        if ufunc.nout == 1:
            return out[0] if out and out[0] is not None else self._from_numpy(results)
        places = out or (None,) * ufunc.nout
        return tuple(
            self._from_numpy(r) if place is None else place for r, place in zip(results, places, strict=True)
        )

    def _from_numpy(self, result: Any) -> Any:
        from tinygrad_edu.tensors.data import checked

        return self._wrap(checked(result))

    def __dlpack__(self, *, stream: Any = None, **options: Any) -> Any:
        """A capsule with which another library can use this Tensor's memory.

        Raises:
            ExportError (a BufferError): the Tensor requires grad.
        """
        if self.requires_grad:
            raise ExportError(
                "Can't export tensors that require gradient, use tensor.detach(): what the other library does with the "
                "memory would not be recorded"
            )
        array = self._array()
        if hasattr(array, "block"):
            return exchange().capsule_of(array)
        return array.__dlpack__(stream=stream, **options)

    def __dlpack_device__(self) -> tuple[int, int]:
        """DLPack's number for the CPU (or a GPU), and the index 0."""
        if hasattr(self._data, "block"):
            return int(exchange().ON_CUDA), 0
        kind, index = self._array().__dlpack_device__()
        return int(kind), int(index)


def _operator(ufunc: Any, inputs: tuple[Any, ...]) -> Any:
    """Apply the operator that a ufunc stands for. NumPy's numbers stay numbers, lists and arrays become Tensors."""
    left, right = _operators[ufunc]
    if len(inputs) == 1:
        return getattr(inputs[0], left)()
    one, other = inputs
    if not isinstance(one, Exchangeable) and not isinstance(one, (np.generic, bool, int, float)):
        one = other._from_numpy(np.asarray(one))
    if isinstance(one, Exchangeable):
        apply, argument = getattr(one, left, None), other
        if not isinstance(other, (Exchangeable, np.generic, bool, int, float)):
            argument = one._from_numpy(np.asarray(other))
    else:
        apply, argument = getattr(other, right, None), one
    return NotImplemented if apply is None else apply(argument)


def _unrecorded(ufunc: Any, method: str, kind: Any) -> GradError:
    name = _renamed.get(ufunc.__name__, ufunc.__name__)
    ours = f"use tinygrad_edu.{name}(t), or " if method == "__call__" and hasattr(kind, name) else "use "
    called = f"np.{ufunc.__name__}" + ("" if method == "__call__" else f".{method}")
    return GradError(
        f"{called}: Can't call numpy() on Tensor that requires grad, for NumPy's functions are not recorded: {ours}"
        "t.detach() if no gradient is to flow through here"
    )
