"""The file: a zip archive of arrays in NumPy's own format, and one JSON text that says what they are for.

Every array stands in the JSON with its SHA-256, and the JSON's own digest is in a member beside it, so that a changed
byte anywhere in the data is found. A path is written under another name first and then renamed.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from typing import Any

import numpy as np

from tinygrad_edu.utils.files import opened_for_writing

__all__ = ["DAMAGE", "content_of", "name_of", "opened", "read", "write"]

FORMAT = "tinygrad_edu 1"
DAMAGE = (zipfile.BadZipFile, zipfile.LargeZipFile, ValueError, NotImplementedError, EOFError)
_DAY = (1980, 1, 1, 0, 0, 0)  # one date for every member: the same object gives the same bytes


def write(f: Any, description: dict[str, Any], arrays: list[np.ndarray[Any, Any]]) -> None:
    """Write a description and the arrays that it refers to."""
    with opened_for_writing(f) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        digests = []
        for i, array in enumerate(arrays):
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, np.asanyarray(array), allow_pickle=False)
            content = buffer.getbuffer()
            digests.append(hashlib.sha256(content).hexdigest())
            archive.writestr(zipfile.ZipInfo(f"arrays/{i}.npy", _DAY), content)
        text = json.dumps({"format": FORMAT, "arrays": digests, **description}).encode()
        archive.writestr(zipfile.ZipInfo("structure.json", _DAY), text)
        archive.writestr(zipfile.ZipInfo("structure.sha256", _DAY), hashlib.sha256(text).hexdigest())


def name_of(f: Any) -> str:
    """What to call a file in a message."""
    return f"{os.fspath(f)!r}" if isinstance(f, (str, os.PathLike)) else "the file"


def read(content: bytes, name: str) -> tuple[dict[str, Any], list[np.ndarray[Any, Any]]]:
    """The description and the arrays of a file, all checked.

    Raises:
        RuntimeError: the file is cut, changed, or none of ours. EOFError: it is empty.
    """
    if not content:
        raise EOFError(f"load: {name} is empty: ran out of input.")
    try:
        with opened(content) as archive:
            text = archive.read("structure.json")
            if hashlib.sha256(text).hexdigest() != archive.read("structure.sha256").decode():
                raise RuntimeError(f"load: {name} is damaged: the checksum of its structure is wrong.")
            description = json.loads(text)
            if description["format"] != FORMAT:
                raise RuntimeError(f"load: {name} has format {description['format']!r}; this version reads {FORMAT!r}.")
            return description, [_array(archive, i, d, name) for i, d in enumerate(description["arrays"])]
    except (*DAMAGE, KeyError, TypeError, RecursionError, MemoryError) as error:
        raise RuntimeError(
            f"load: {name} is damaged, cut short, or not a zip archive that save() has written: {error}."
        ) from error


def opened(content: bytes) -> zipfile.ZipFile:
    """The archive in these bytes, none of whose members can be larger than they are.

    Raises:
        ValueError, or one of DAMAGE: it is no archive, or its members are packed or lie over each other.
    """
    archive = zipfile.ZipFile(io.BytesIO(content))
    members = archive.infolist()
    if any(member.compress_type != zipfile.ZIP_STORED for member in members):
        raise ValueError("its members are packed; saving stores them as they are")
    if sum(member.file_size for member in members) > len(content):
        raise ValueError("its members say they are larger than the file")
    return archive


def _array(archive: zipfile.ZipFile, i: int, digest: str, name: str) -> np.ndarray[Any, Any]:
    content = archive.read(f"arrays/{i}.npy")
    if hashlib.sha256(content).hexdigest() != digest:
        raise RuntimeError(f"load: {name} is damaged: the checksum of array {i} is wrong.")
    array: np.ndarray[Any, Any] = np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)
    return array


def content_of(f: Any) -> bytes:
    """All bytes of a path or a file object."""
    if isinstance(f, (str, os.PathLike)):
        with open(f, "rb") as file:
            return file.read()
    if not hasattr(f, "read"):
        raise AttributeError(f"load: {type(f).__name__} has no method read: pass a path, or a file opened with 'rb'.")
    content = f.read()
    if not isinstance(content, (bytes, bytearray)):
        raise TypeError("load: the file gives text, not bytes: open it with 'rb'.")
    return bytes(content)
