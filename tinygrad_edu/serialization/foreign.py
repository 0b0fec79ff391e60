"""Files that the real PyTorch saved: their Tensors and containers, without PyTorch and without running a program.

Such a file is a zip archive with a pickle and the memory of each storage. The pickle may call a handful of harmless
things, which are named here; anything else in it is refused before it is looked up.
"""

from __future__ import annotations

import io
import pickle
import pickletools
import zipfile
from collections import Counter, OrderedDict
from typing import Any, Literal

import numpy as np

from tinygrad_edu.serialization.archive import DAMAGE, opened
from tinygrad_edu.tensors import dtype as dtypes
from tinygrad_edu.tensors.device import device
from tinygrad_edu.tensors.size import Size
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["program_of", "read_foreign"]

_STORAGES = {
    "HalfStorage": "float16", "FloatStorage": "float32", "DoubleStorage": "float64", "CharStorage": "int8",
    "ShortStorage": "int16", "IntStorage": "int32", "LongStorage": "int64", "ByteStorage": "uint8",
    "BoolStorage": "bool",
}  # fmt: skip
_BUILTINS = {"set": set, "bytearray": bytearray, "complex": complex}
_REFUSED = "Weights only load failed"  # a name that is not allowed, as opposed to damage
_OLD = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19"  # how files of PyTorch before 1.6 begin: a number, pickled


def program_of(content: bytes) -> str | None:
    """The member that holds the pickle, if these are the bytes of a file of PyTorch's."""
    if content.startswith(_OLD):
        raise RuntimeError(
            "load: the file has PyTorch's format from before version 1.6. Load it with PyTorch, and save it again: "
            "torch.save(torch.load(path), path)."
        )
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return next((member for member in archive.namelist() if member.endswith("/data.pkl")), None)
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return None  # the reader of our own files says what is wrong


def read_foreign(content: bytes, program: str, name: str) -> Any:
    """The object in an archive whose pickle is the member `program`.

    Raises:
        pickle.UnpicklingError: the file names a class that is no Tensor, container or number. RuntimeError: a Tensor
            that reaches beyond its memory, or of a type that NumPy lacks.
    """
    folder = program.removesuffix("data.pkl")
    try:
        with opened(content) as archive:
            known = f"{folder}byteorder" in archive.namelist()
            big = known and archive.read(f"{folder}byteorder") == b"big"
            return _Restricted(archive, program, folder, big, name).load()
    except pickle.UnpicklingError as error:
        if str(error).startswith(_REFUSED):
            raise
        raise RuntimeError(f"load: {name}, a file of PyTorch, is damaged: {error}.") from error
    except (*DAMAGE, LookupError, TypeError, AttributeError, MemoryError, RecursionError) as error:
        raise RuntimeError(f"load: {name}, a file of PyTorch, is damaged: {error}.") from error


def _checked(program: bytes) -> bytes:
    """The pickle, if it ends where it should and does not number its objects higher than it can have any.

    (Pickle's memo is a table: one object with the number 2**31 would take all memory.)
    """
    for code, argument, _ in pickletools.genops(program):
        if code.name in ("PUT", "BINPUT", "LONG_BINPUT") and not 0 <= int(argument or 0) <= len(program):
            raise ValueError("an object's number is too high")
    return program


def _bytes(text: str, encoding: str) -> bytes:
    if encoding != "latin1":
        raise ValueError(f"bytes written as {encoding}")
    return text.encode("latin1")


class _Restricted(pickle.Unpickler):
    def __init__(self, archive: zipfile.ZipFile, program: str, folder: str, big: bool, name: str) -> None:
        super().__init__(io.BytesIO(_checked(archive.read(program))), encoding="utf-8")
        self._order: Literal[">", "<"] = ">" if big else "<"
        self._archive, self._folder, self._name = archive, folder, name
        self._memories: dict[str, np.ndarray[Any, Any]] = {}
        self._known: dict[str, Any] = {
            "collections.OrderedDict": OrderedDict,
            "collections.Counter": Counter,
            "_codecs.encode": _bytes,
            "torch.device": device,
            "torch.Size": Size,
            "torch._utils._rebuild_tensor_v2": self._tensor,
            "torch._utils._rebuild_parameter": self._parameter,
        }

    def find_class(self, module: str, name: str) -> Any:
        path = f"{module}.{name}"
        if module in ("__builtin__", "builtins") and name in _BUILTINS:
            return _BUILTINS[name]
        if path in self._known:
            return self._known[path]
        if module == "torch" and name.endswith("Storage"):
            return name
        if module == "torch" and isinstance(getattr(dtypes, name, None), dtypes.dtype):
            return getattr(dtypes, name)
        raise pickle.UnpicklingError(
            f"{_REFUSED}: Unsupported global: {path} in {self._name}, a file of PyTorch. Of those, "
            "Tensors, containers and numbers are read: save the state_dict() there, not the module."
        )

    def persistent_load(self, pid: Any) -> Any:
        _, storage, key, _, count = pid
        if storage not in _STORAGES:
            raise RuntimeError(f"load: {self._name} has a {storage}, which NumPy does not have. Save it as float32.")
        if key not in self._memories:
            kind = np.dtype(_STORAGES[storage])
            memory = np.frombuffer(self._archive.read(f"{self._folder}data/{key}"), kind.newbyteorder(self._order))
            if len(memory) != count:
                raise ValueError(f"storage {key} has {len(memory)} elements, not {count}")
            # (A byte that is neither 0 nor 1 is no bool that NumPy could work with.)
            self._memories[key] = memory.view(np.uint8) != 0 if kind.kind == "b" else memory.astype(kind)
        return self._memories[key]

    def _tensor(self, memory: Any, offset: int, size: Any, stride: Any, requires_grad: bool, *_: Any) -> Tensor:
        size, stride = tuple(size), tuple(stride)
        if len(size) != len(stride) or offset < 0 or min((*size, *stride), default=0) < 0:
            raise ValueError("a tensor with a negative size or stride")
        last = offset + sum((n - 1) * s for n, s in zip(size, stride, strict=True))
        if 0 not in size and last >= len(memory):
            raise ValueError("a tensor reaches beyond its storage")
        strides = tuple(s * memory.itemsize for s in stride)
        array = np.ndarray(size, memory.dtype, memory, 0 if 0 in size else offset * memory.itemsize, strides)
        tensor = Tensor._wrap(array)
        return tensor.requires_grad_() if requires_grad else tensor

    def _parameter(self, data: Tensor, requires_grad: bool, *_: Any) -> Any:
        from tinygrad_edu.nn.parameter import Parameter

        return Parameter(data, requires_grad)
