"""Whether arrays may live on a GPU, and how a kernel's call finds the one that computes there.

Where no GPU can be (no driver, no simulator) nothing here costs a call anything: kernels are then not wrapped at all.
"""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from tinygrad_edu.errors import DeviceError
from tinygrad_edu.kernels.presence import possible

__all__ = [
    "available", "draws", "exchange", "is_pinned", "maker", "own", "pinned", "possible", "random_words", "to_device",
    "to_host", "why_not", "wrapped",
]  # fmt: skip


def why_not() -> str:
    """Why no GPU can be used, in a sentence; empty where one can. Starts the driver."""
    if not possible():
        installed = find_spec("numba") is not None
        return "there is no NVIDIA driver" if installed else "Numba is not installed (pip install tinygrad-edu[cuda])"
    reason: str = import_module("tinygrad_edu.kernels.numba_cuda.runtime").why_not()
    return reason


def available() -> bool:
    """Whether arrays can live on a GPU here."""
    return possible() and not why_not()


def to_device(array: Any, non_blocking: bool = False) -> Any:
    """A copy of an array of the CPU on the GPU."""
    import_module("tinygrad_edu.kernels.numba_cuda")
    return import_module("tinygrad_edu.kernels.numba_cuda.array").from_host(array, non_blocking)


def to_host(array: Any) -> Any:
    """A copy of an array of the GPU on the CPU."""
    return import_module("tinygrad_edu.kernels.numba_cuda.array").to_host(array)


def own(name: str) -> Any:
    """The kernel of that name that has been written for the GPU, or None."""
    return import_module("tinygrad_edu.kernels.numba_cuda.chosen").own(name)


def random_words(seed: int, first: int, count: int) -> Any:
    """The words of blocks of the random stream, made on the GPU."""
    import_module("tinygrad_edu.kernels.numba_cuda")
    return import_module("tinygrad_edu.kernels.numba_cuda.philox").words(seed, first, count)


def draws() -> Any:
    """What makes random numbers on the GPU, whole distributions in one launch."""
    import_module("tinygrad_edu.kernels.numba_cuda")
    return import_module("tinygrad_edu.kernels.numba_cuda.draws")


def maker(name: str) -> Any:
    """What makes arrays on the GPU as NumPy's function of that name makes them on the CPU."""
    import_module("tinygrad_edu.kernels.numba_cuda")
    return import_module("tinygrad_edu.kernels.numba_cuda.making").FUNCTIONS[name]


def exchange() -> Any:
    """The ways in which memory of the GPU is shared with other libraries."""
    import_module("tinygrad_edu.kernels.numba_cuda")
    return import_module("tinygrad_edu.kernels.numba_cuda.exchange")


_pinned: Any = None  # the arrays in page-locked memory, by their owner's address


def pinned(array: Any) -> Any:
    """A copy of an array in page-locked memory; the simulator, which has no such memory, gives a plain copy."""
    global _pinned
    if _pinned is None:
        _pinned = weakref.WeakValueDictionary()
    cuda = import_module("tinygrad_edu.kernels.numba_cuda.runtime").cuda()
    out = cuda.pinned_array(array.shape, array.dtype) if array.size else array.copy()  # drivers pin no 0 bytes
    out[...] = array
    _pinned[id(out)] = out
    return out


def is_pinned(array: Any) -> bool:
    """Whether an array, or the one it is a view of, came from :func:`pinned`."""
    while array is not None and _pinned is not None:
        if _pinned.get(id(array)) is array:
            return True
        array = getattr(array, "base", None)
    return False


# What takes arrays of both devices: conversions, and indexing of an array of the GPU by those of the CPU.
_OF_BOTH = ("array", "asarray", "ascontiguousarray", "beside", "index_back")


_NO_ARRAYS = {int, float, bool, tuple, list, str, type(None)}


def _refuse_others(name: str, args: tuple[Any, ...]) -> None:
    """Refuse arrays of the CPU beside those of the GPU; numbers without dimensions may be anywhere.

    Raises:
        DeviceError: as PyTorch says it.
    """
    for x in args:
        kind = x.__class__
        if kind not in _NO_ARRAYS and hasattr(kind, "__array_interface__") and x.ndim:
            told = (
                "indices should be either on cpu or on the same device as the indexed tensor (cpu)"
                if name == "getitem"
                else "Expected all tensors to be on the same device, but found at least two devices, cuda:0 and cpu!"
            )
            raise DeviceError(f"{name}: {told} Move one with .to(device)")


def wrapped(name: str, plain: Callable[..., Any], specification: Any) -> Callable[..., Any]:
    """A kernel that computes where its arrays are: `plain` for those of the CPU, whose meaning is `specification`."""
    if not possible():
        return plain
    DeviceArray = import_module("tinygrad_edu.kernels.numba_cuda.array").DeviceArray
    found: list[Callable[..., Any]] = []

    def on_device() -> Callable[..., Any]:
        if not found:
            refuse = None if name in _OF_BOTH else functools.partial(_refuse_others, name)
            found.append(import_module("tinygrad_edu.kernels.numba_cuda").lookup(name, specification, refuse))
        return found[0]

    @functools.wraps(plain)
    def kernel(*args: Any, **options: Any) -> Any:
        for x in args:
            kind = x.__class__
            if kind is DeviceArray or (
                (kind is tuple or kind is list) and any(part.__class__ is DeviceArray for part in x)
            ):
                return on_device()(*args, **options)
        return plain(*args, **options)

    return kernel
