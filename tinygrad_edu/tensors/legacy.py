"""PyTorch's old names: a class for each element type (``FloatTensor``), and what is said in terms of them."""

from __future__ import annotations

from typing import Any

from tinygrad_edu.errors import CudaError
from tinygrad_edu.tensors import dtype as types
from tinygrad_edu.tensors import methods
from tinygrad_edu.tensors.data import legacy_array
from tinygrad_edu.tensors.tensor import Tensor

__all__ = [
    "BoolTensor", "ByteTensor", "CharTensor", "DoubleTensor", "FloatTensor", "HalfTensor", "IntTensor", "LongTensor",
    "ShortTensor", "is_nonzero", "set_default_tensor_type", "typename",
]  # fmt: skip

assert methods  # it gives Tensor the conversions that type() needs


class Kind(type):
    """The class of the old classes: calling one makes a Tensor of its type, isinstance asks for that type.

    >>> LongTensor([1, 2]), isinstance(LongTensor([1, 2]), LongTensor), LongTensor
    (tensor([1, 2]), True, <class 'torch.LongTensor'>)
    """

    dtype: types.dtype

    def __call__(cls, *args: Any, device: Any = None) -> Any:
        if device is not None and str(device) != "cpu":
            raise CudaError(f"{cls.__name__}: legacy constructor expects device type: cpu, but {device} was passed")
        return _made(args, cls.dtype, cls.__name__)

    def __instancecheck__(cls, obj: object) -> bool:
        return isinstance(obj, Tensor) and obj.dtype is cls.dtype


def _made(args: tuple[Any, ...], dtype: types.dtype, name: str) -> Tensor:
    """Uninitialised memory for sizes, data for a sequence, the same memory for a Tensor of the type."""
    if len(args) == 1 and isinstance(args[0], Tensor):
        if args[0].dtype is not dtype:
            raise TypeError(f"{name}(): expected a Tensor of {dtype} (got {args[0].dtype}): convert it")
        return args[0].detach()
    return Tensor._wrap(legacy_array(args, dtype.numpy, name))


_kinds: dict[types.dtype, Kind] = {}


def _kind(name: str, dtype: types.dtype) -> Kind:
    doc = f"``{name}(2, 3)`` is uninitialised memory, ``{name}([1, 2])`` data, both of {dtype!r}."
    made = _kinds[dtype] = Kind(name, (), {"dtype": dtype, "__module__": "torch", "__doc__": doc, "is_cuda": False})
    return made


HalfTensor = _kind("HalfTensor", types.float16)
FloatTensor = _kind("FloatTensor", types.float32)
DoubleTensor = _kind("DoubleTensor", types.float64)
CharTensor = _kind("CharTensor", types.int8)
ShortTensor = _kind("ShortTensor", types.int16)
IntTensor = _kind("IntTensor", types.int32)
LongTensor = _kind("LongTensor", types.int64)
ByteTensor = _kind("ByteTensor", types.uint8)
BoolTensor = _kind("BoolTensor", types.bool_)
_by_name = {f"torch.{kind.__name__}": kind for kind in _kinds.values()}


def _named(name: str) -> Kind:
    if name.startswith("torch.cuda."):
        raise CudaError(f"{name}: Torch not compiled with CUDA enabled: Tensors live on the CPU, as torch.FloatTensor")
    if name not in _by_name:
        raise ValueError(f"invalid type: {name!r}: the names are {', '.join(_by_name)}")
    return _by_name[name]


def _type(self: Tensor, dtype: Any = None, non_blocking: bool = False) -> Any:
    """The old name of the Tensor's type; with `dtype` (a type, an old class or its name) the Tensor converted to it.

    >>> import tinygrad_edu as tg
    >>> tg.ones(2).type(), tg.ones(2).type("torch.LongTensor")
    ('torch.FloatTensor', tensor([1, 1]))
    """
    if dtype is None:
        return f"torch.{'cuda.' if hasattr(self._data, 'block') else ''}{_kinds[self.dtype].__name__}"
    kind = _named(dtype) if isinstance(dtype, str) else dtype
    return self.to(kind.dtype if isinstance(kind, Kind) else types.as_dtype(kind, "type"))


def _new(self: Tensor, *args: Any, device: Any = None) -> Tensor:
    """A Tensor of this one's type, made as the old classes make theirs: from sizes, or from data."""
    return _made(args, self.dtype, "new")


Tensor.type = _type  # type: ignore[attr-defined]
Tensor.new = _new  # type: ignore[attr-defined]


def typename(obj: Any) -> str:
    """The name of an object's type; of a Tensor the old one.

    >>> import tinygrad_edu as tg
    >>> typename(tg.ones(2)), typename(3)
    ('torch.FloatTensor', 'int')
    """
    if isinstance(obj, Tensor):
        return str(obj.type())
    named = obj if hasattr(obj, "__qualname__") else type(obj)
    module = getattr(named, "__module__", None)
    return named.__qualname__ if module in (None, "builtins") else f"{module}.{named.__qualname__}"


def set_default_tensor_type(t: Any) -> None:
    """The old way of :func:`~tinygrad_edu.set_default_dtype`, by class or name.

    Raises:
        TypeError: not a floating-point type.
    """
    kind = _named(t) if isinstance(t, str) else t
    if not isinstance(kind, Kind) or not kind.dtype.is_floating_point:
        raise TypeError(f"only floating-point types are supported as the default type, not {t!r}: say FloatTensor")
    types.set_default_dtype(kind.dtype)


def is_nonzero(input: Tensor) -> bool:
    """Whether the only element of a Tensor is not 0."""
    return bool(input)
