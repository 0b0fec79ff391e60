"""IDX, the format of MNIST: four bytes that give type and number of dimensions, the sizes, then the numbers."""

from __future__ import annotations

import gzip
import os
import zlib
from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np

__all__ = ["find", "read"]

_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def read(path: str | os.PathLike[str]) -> np.ndarray[Any, Any]:
    """The array in an IDX file, packed with gzip or not; whatever its name.

    Raises:
        RuntimeError: the file is damaged, cut short, or no IDX file. OSError: it cannot be read.

    >>> from pathlib import Path
    >>> content = bytes([0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 3, 7, 8, 9])
    >>> _ = Path("numbers.idx").write_bytes(content)
    >>> read("numbers.idx")
    array([[7, 8, 9]], dtype=uint8)
    """
    with open(path, "rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        try:
            if packed:
                with gzip.open(file, "rb") as unpacked:
                    return _parse(unpacked)  # type: ignore[arg-type]
            return _parse(file)
        except (ValueError, EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise RuntimeError(
                f"{os.fspath(path)} is damaged, or no IDX file: {error}. Delete it and get it again."
            ) from error


def _parse(file: IO[bytes]) -> np.ndarray[Any, Any]:
    head = _take(file, 4)
    if head[:2] != b"\0\0" or head[2] not in _TYPES:
        raise ValueError(f"it begins with {head.hex()}, not with 0000, a type and a number of dimensions")
    kind = np.dtype(_TYPES[head[2]])
    shape = [int(size) for size in np.frombuffer(_take(file, 4 * head[3]), ">u4")]
    content = file.read(prod(shape) * kind.itemsize + 1)  # one more: nothing may follow (and gzip checks its sum)
    if len(content) != prod(shape) * kind.itemsize:
        told = "longer" if len(content) > prod(shape) * kind.itemsize else "shorter"
        raise ValueError(f"it is {told} than its sizes {shape} say")
    return np.frombuffer(content, kind).reshape(shape).astype(kind.newbyteorder("="))


def _take(file: IO[bytes], count: int) -> bytes:
    taken = file.read(count)
    if len(taken) != count:
        raise ValueError("it ends in its head")
    return taken


def find(name: str, *folders: str | os.PathLike[str]) -> Path | None:
    """The file of this name, plain or with .gz, in the first of the folders that has it."""
    for folder in folders:
        for file in (Path(folder) / name, Path(folder) / f"{name}.gz"):
            if file.is_file():
                return file
    return None
