"""device: the name of the place where a tensor lives, as PyTorch writes it: "cpu" and, with a GPU, "cuda"."""

from __future__ import annotations

import re
from typing import Any

from tinygrad_edu.errors import CudaError, DeviceError, MpsError
from tinygrad_edu.kernels import devices

__all__ = [
    "as_device", "cpu", "chosen_default", "cuda", "device", "device_of", "get_default", "moved", "one_device", "pinned",
    "set_default",
]  # fmt: skip

# The kinds a script may name. Naming one is free; making a tensor there is where as_device says no.
KINDS = ("cpu", "cuda", "mps", "xpu", "hip", "xla", "hpu", "mtia", "ipu", "maia", "vulkan", "meta")
_FORM = re.compile(r"(?P<type>[a-z]+)(:(?P<index>0|[1-9][0-9]*))?", re.ASCII)
_LARGEST_INDEX = 127


class device:
    """``device("cpu")``, ``device("cuda:0")``, ``device("cuda", 1)``: a kind and perhaps a number. Immutable.

    "cuda" (whichever is current) and "cuda:0" are different names. Raises DeviceError (a RuntimeError) for a
    name that is none, TypeError for arguments of other types.

    >>> device("cuda", 1), str(device("cuda:1")), device("cpu") == device("cpu")
    (device(type='cuda', index=1), 'cuda:1', True)
    """

    __slots__ = ("type", "index")

    type: str
    index: int | None

    def __init__(self, type: str | device, index: int | None = None) -> None:
        if isinstance(type, device):
            if index is not None:
                raise TypeError(f"device(): {type!r} already is a device; an index cannot be added to it.")
            kind, number = type.type, type.index
        elif isinstance(type, str):
            kind, number = _parse(type, index)
        elif isinstance(type, int) and not isinstance(type, bool):
            if not devices.available():
                raise DeviceError(
                    f"device({type}): a bare number means an accelerator, and there is none. "
                    'Name the kind: device("cpu").'
                )
            kind, number = _parse("cuda", type)
        else:
            raise TypeError(f'device(): the name must be a string such as "cpu", not {type!r}.')
        object.__setattr__(self, "type", kind)
        object.__setattr__(self, "index", number)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"device: {name} cannot be changed; make another device.")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"device: {name} cannot be removed.")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, device):
            return NotImplemented
        return self.type == other.type and self.index == other.index

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __repr__(self) -> str:
        index = "" if self.index is None else f", index={self.index}"
        return f"device(type='{self.type}'{index})"

    def __enter__(self) -> device:
        """``with device("cuda"):`` makes new Tensors there, where no other device is named."""
        place = as_device(self, "device")  # may refuse: nothing has changed then
        _entered.append(_default[0])
        _default[0] = place
        return self

    def __exit__(self, *_: Any) -> None:
        _default[0] = _entered.pop()

    def __reduce__(self) -> tuple[Any, ...]:
        return device, (self.type,) if self.index is None else (self.type, self.index)


def _parse(text: str, index: int | None) -> tuple[str, int | None]:
    if index is not None and (isinstance(index, bool) or not isinstance(index, int)):
        raise TypeError(f"device({text!r}, {index!r}): the index must be an int, not {type(index).__name__}.")
    if not text:
        raise DeviceError('device(""): the name of a device must not be empty. Use "cpu".')
    kind, colon, _ = text.partition(":")
    if kind not in KINDS:
        raise DeviceError(
            f"device({text!r}): no kind of device is called {kind!r}. Expected one of {', '.join(KINDS)} "
            'at the start of the name, in lower case. Tensors live on "cpu".'
        )
    match = _FORM.fullmatch(text)
    if match is None:
        raise DeviceError(
            f'device({text!r}): invalid device string. Write "{kind}" or "{kind}:N" with a number '
            "from 0 without leading zeros."
        )
    if index is not None and colon:
        raise DeviceError(
            f"device({text!r}, {index}): the name includes an index already. Give it once: device({kind!r}, {index})."
        )
    number = index if match["index"] is None else int(match["index"])
    if number is not None and not 0 <= number <= _LARGEST_INDEX:
        raise DeviceError(
            f"device({text!r}, index {number}): the index must not be negative and at most {_LARGEST_INDEX}."
        )
    return kind, number


cpu, cuda = device("cpu"), device("cuda", 0)
_NOT_HERE = "Leave device out, or pass device=\"cpu\"; choose with 'cuda' if is_available() else 'cpu'."


def as_device(value: Any, operation: str) -> device:
    """The device a caller asked for, which must be one that can hold tensors: the CPU, or a GPU. None means the CPU.

    Raises DeviceError (for CUDA a CudaError, which is an AssertionError too) for the others and for names that are
    none, TypeError for what names no device.

    >>> as_device("cpu:0", "zeros"), as_device(None, "zeros")
    (device(type='cpu', index=0), device(type='cpu'))
    """
    if value is None:
        return _default[0]
    if value is cpu or value is cuda:
        return value
    asked = device(value)
    if asked.type == "cuda":
        if not devices.available():
            raise CudaError(
                f'{operation}: no tensor can live on "{asked}": Torch not compiled with CUDA enabled '
                f"({devices.why_not()}). {_NOT_HERE}"
            )
        if asked.index not in (None, 0):
            raise CudaError(
                f'{operation}: no tensor can live on "{asked}": CUDA error: invalid device ordinal. One GPU is used: '
                '"cuda:0"; choose which with CUDA_VISIBLE_DEVICES'
            )
        return cuda
    if asked.type == "mps":
        raise MpsError(
            f'{operation}: no tensor can live on "{asked}": PyTorch is not linked with support for mps devices. '
            f"{_NOT_HERE}"
        )
    if asked.type != "cpu" or asked.index not in (None, 0):
        raise DeviceError(
            f'{operation}: no tensor can live on "{asked}": this library computes on the CPU. {_NOT_HERE}'
        )
    return asked


_default = [cpu]
_entered: list[device] = []  # the defaults that the contexts entered will put back


def chosen_default() -> bool:
    """Whether new tensors are to be made elsewhere than on the CPU."""
    return _default[0].type != "cpu"


def set_default(place: device) -> None:
    """Make new tensors on this device, where no other is named."""
    _default[0] = place


def get_default() -> device:
    """The device on which new tensors are made."""
    return _default[0]


def device_of(data: Any) -> device:
    """Where an array lies."""
    return cuda if hasattr(data, "block") else cpu


def one_device(operation: str, *arrays: Any) -> None:
    """Refuse arrays of which some are on the CPU and some on a GPU.

    Raises:
        DeviceError: as PyTorch says it.
    """
    if len({hasattr(array, "block") for array in arrays}) > 1:
        raise DeviceError(
            f"{operation}: Expected all tensors to be on the same device, but found at least two devices, cuda:0 and "
            "cpu! Move one with .to(device)"
        )


def pinned(array: Any, operation: str) -> Any:
    """A copy of an array in page-locked memory.

    Raises:
        DeviceError: there is no GPU. RuntimeError: the array is on it already.
    """
    if not devices.available():
        raise DeviceError(
            f"{operation}: Cannot access accelerator device when none is available: leave pinning out on the CPU"
        )
    if hasattr(array, "block"):
        raise RuntimeError(f"{operation}: only dense CPU tensors can be pinned, and this one is on cuda")
    return devices.pinned(array)


def moved(data: Any, place: device, non_blocking: bool = False) -> Any:
    """The array on a device (as :func:`as_device` gives it); itself if it is there."""
    if (place is cuda) == hasattr(data, "block"):
        return data
    return devices.to_device(data, non_blocking) if place is cuda else devices.to_host(data)
