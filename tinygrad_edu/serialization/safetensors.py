"""The safetensors format: a dict of Tensors by name that other libraries read too, PyTorch's among them.

Eight bytes with the length of a JSON header, the header with type, shape and place of each Tensor, then the numbers.
The format has no checksum; we put one into its free metadata, and check it where it stands.
"""

from __future__ import annotations

import hashlib
import json
from math import prod
from typing import Any

import numpy as np

from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["is_safetensors", "pack", "unpack"]

_NAMES = {
    "F16": "float16", "F32": "float32", "F64": "float64", "I8": "int8", "I16": "int16", "I32": "int32", "I64": "int64",
    "U8": "uint8", "BOOL": "bool",
}  # fmt: skip
_TYPES = {name: np.dtype(numpy).newbyteorder("<") for name, numpy in _NAMES.items()}
_OF = {np.dtype(numpy): name for name, numpy in _NAMES.items()}


def is_safetensors(content: bytes) -> bool:
    """Whether these may be the bytes of such a file."""
    return content[8:9] == b"{" and int.from_bytes(content[:8], "little") <= 100_000_000  # the format's own limit


def pack(tensors: Any) -> bytes:
    """The bytes of a file with these Tensors.

    Raises:
        TypeError: not a dict whose keys are text and whose values are Tensors. ValueError: a name of the format's own.
    """
    if not isinstance(tensors, dict) or not all(
        isinstance(k, str) and isinstance(v, Tensor) for k, v in tensors.items()
    ):
        raise TypeError(
            "save: a .safetensors file holds a flat dict from names to Tensors; use another suffix for more."
        )
    if "__metadata__" in tensors:
        raise ValueError(
            "save: '__metadata__' is no name for a Tensor in a .safetensors file; the format uses it itself."
        )
    entries: dict[str, Any] = {}
    parts: list[bytes] = []
    at = 0
    for name, tensor in tensors.items():
        array = tensor._array()
        parts.append(array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes())
        place = [at, at + len(parts[-1])]
        entries[name] = {"dtype": _OF[array.dtype], "shape": list(array.shape), "data_offsets": place}
        at = place[1]
    data = b"".join(parts)
    header = {"__metadata__": {"format": "pt", "sha256": _digest(entries, data)}, **entries}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # the numbers start at a multiple of eight
    return len(text).to_bytes(8, "little") + text + data


def unpack(content: bytes, file: str) -> dict[str, Tensor]:
    """The Tensors of such a file.

    Raises:
        RuntimeError: the file is cut or changed, or has a type that NumPy lacks.
    """
    start = 8 + int.from_bytes(content[:8], "little")
    data = content[start:]
    try:
        entries = json.loads(content[8:start])
        metadata = entries.pop("__metadata__", {})
        out: dict[str, Tensor] = {}
        end = 0
        for name, entry in sorted(entries.items(), key=lambda item: item[1]["data_offsets"]):
            first, last = entry["data_offsets"]
            if entry["dtype"] not in _TYPES:
                raise RuntimeError(f"load: {name!r} in {file} has type {entry['dtype']}, which NumPy does not have.")
            kind, shape = _TYPES[entry["dtype"]], entry["shape"]
            if min([first, *shape]) < 0:
                raise ValueError(f"{name!r} has a negative size")
            if first != end or last - first != prod(shape) * kind.itemsize or last > len(data):
                raise ValueError(f"the place of {name!r} does not fit its shape or the file")
            end = last
            array = np.frombuffer(data[first:last], kind).reshape(shape)
            if kind.kind == "b":  # a byte that is neither 0 nor 1 is no bool that NumPy could work with
                array = array.view(np.uint8) != 0
            out[name] = Tensor._wrap(array.astype(_NAMES[entry["dtype"]]))
        if end != len(data):
            raise ValueError("it is longer than its header says")
        if metadata.get("sha256", (seal := _digest(entries, data))) != seal:
            raise ValueError("its checksum is wrong")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise RuntimeError(f"load: {file} is a damaged safetensors file: {error}.") from error
    return {name: out[name] for name in entries}


def _digest(entries: dict[str, Any], data: bytes) -> str:
    digest = hashlib.sha256(json.dumps(entries).encode())
    digest.update(data)
    return digest.hexdigest()
