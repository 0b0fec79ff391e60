"""What NumPy's functions, operators and methods do with a `DeviceArray`.

NumPy asks the array itself (``__array_ufunc__``, ``__array_function__``), so that ``np.exp(a)`` and ``np.where(...)``
in the specification and in the rules of `ops` compute on the device without knowing of it. What has no kernel raises
NotImplementedError with its name: nothing is computed on the CPU instead.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cuda import counting, indexing, orthogonal, products, reductions, triangular
from tinygrad_edu.kernels.numba_cuda.array import DeviceArray, one_device
from tinygrad_edu.kernels.numba_cuda.elementwise import apply, mapped
from tinygrad_edu.kernels.numba_cuda.functions import FUNCTIONS
from tinygrad_edu.kernels.numba_cuda.making import astype, copied

__all__ = ["install"]

# NumPy's decompositions by their names in np.linalg.
LINALG: dict[str, Callable[..., Any]] = {
    **{name: getattr(triangular, name) for name in ("cholesky", "det", "inv", "slogdet", "solve")},
    **{name: getattr(orthogonal, name) for name in orthogonal.__all__},
}


def _array_ufunc(self: DeviceArray, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
    name = ufunc.__name__
    out = options.pop("out", None)
    out = out[0] if isinstance(out, tuple) else out
    if out is not None:
        one_device(out)
    if options.get("where", True) is not True:
        raise NotImplementedError(f"{name} with where= on cuda: choose with np.where afterwards")
    options.pop("where", None)
    for ignored in ("casting", "order", "subok", "signature"):
        options.pop(ignored, None)
    if method == "__call__":
        dtype = options.pop("dtype", None)
        if name == "matmul":
            return products.product(inputs[0], inputs[1], out)
        if name == "frexp":
            kind = inputs[0].dtype
            return (
                mapped("frexp(a)[0]", inputs, (kind,), kind),
                mapped("frexp(a)[1]", inputs, (kind,), np.dtype(np.int32)),
            )
        if name == "divmod":
            return apply("floor_divide", *inputs), apply("remainder", *inputs)
        return apply(name, *inputs, out=out, dtype=dtype)
    if method == "reduce":
        return reductions.reduce(name, inputs[0], options.get("axis", 0), options.get("dtype"), out,
                                 bool(options.get("keepdims")), options.get("initial"))  # fmt: skip
    if method == "accumulate":
        return reductions.accumulate(name, inputs[0], options.get("axis", 0), options.get("dtype"), out)
    if method == "at":
        return indexing.combine_at(name, *inputs)
    if method == "outer":
        a, b = inputs
        return apply(name, a.reshape(a.shape + (1,) * b.ndim), b, out=out)
    raise NotImplementedError(
        f"{name}.{method}: there is no kernel for this on cuda. Move the tensor with .cpu() first"
    )


def _array_function(self: DeviceArray, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
    name = function.__name__
    module = getattr(function, "__module__", "") or ""
    found = LINALG.get(name) if "linalg" in module else FUNCTIONS.get(name) if "fft" not in module else None
    if found is None:
        raise NotImplementedError(f"{name}: there is no kernel for this on cuda. Move the tensor with .cpu() first")
    return found(*args, **kwargs)


def _binary(name: str, reflected: bool = False) -> Callable[..., Any]:
    def operator(self: DeviceArray, other: Any) -> Any:
        if not isinstance(other, (DeviceArray, bool, int, float, np.ndarray, np.generic)):
            return NotImplemented
        return apply(name, other, self) if reflected else apply(name, self, other)

    return operator


def _in_place(name: str) -> Callable[..., Any]:
    def operator(self: DeviceArray, other: Any) -> Any:
        return apply(name, self, other, out=self)

    return operator


def _unary(name: str) -> Callable[..., Any]:
    return lambda self: apply(name, self)


def _method(name: str) -> Callable[..., Any]:
    function = FUNCTIONS[name]
    return lambda self, *args, **options: function(self, *args, **options)


def _matmul(self: DeviceArray, other: Any) -> Any:
    return products.product(self, other)


assert counting  # it fills the table of functions


def install() -> None:
    """Give `DeviceArray` its operators and methods."""
    own: dict[str, Any] = {
        "__array_ufunc__": _array_ufunc,
        "__array_function__": _array_function,
        "__getitem__": indexing.getitem,
        "__setitem__": indexing.setitem,
        "__matmul__": _matmul,
        "__rmatmul__": lambda self, other: products.product(other, self),
        "__neg__": _unary("negative"),
        "__pos__": lambda self: self,
        "__abs__": _unary("absolute"),
        "__invert__": _unary("invert"),
        "copy": lambda self, order="C": FUNCTIONS["array"](self, order="C"),
        "astype": astype,
        "copied": copied,
        "fill": lambda self, value: indexing.setitem(self, Ellipsis, value),
    }
    operators = {
        "add": "add", "sub": "subtract", "mul": "multiply", "truediv": "divide", "floordiv": "floor_divide",
        "mod": "remainder", "pow": "power", "and": "bitwise_and", "or": "bitwise_or", "xor": "bitwise_xor",
        "lshift": "left_shift", "rshift": "right_shift",
    }  # fmt: skip
    for short, name in operators.items():
        own[f"__{short}__"], own[f"__r{short}__"] = _binary(name), _binary(name, reflected=True)
        own[f"__i{short}__"] = _in_place(name)
    for short, name in {"eq": "equal", "ne": "not_equal", "lt": "less", "le": "less_equal", "gt": "greater",
                        "ge": "greater_equal"}.items():  # fmt: skip
        own[f"__{short}__"] = _binary(name)
    for name in ("sum", "prod", "max", "min", "all", "any", "mean", "var", "std", "cumsum", "cumprod", "argmax",
                 "argmin", "argsort", "take", "repeat", "clip", "nonzero", "diagonal", "round", "dot"):  # fmt: skip
        own[name] = _method(name)
    for name, value in own.items():
        setattr(DeviceArray, name, value)
