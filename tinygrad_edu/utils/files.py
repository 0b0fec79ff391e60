"""Writing a file in one step: under another name first, then renamed, so that nobody ever sees half of it."""

from __future__ import annotations

import glob
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from errno import ENOENT
from typing import IO, Any

__all__ = ["opened_for_writing", "sweep"]


@contextmanager
def opened_for_writing(f: Any, operation: str = "save") -> Iterator[IO[bytes]]:
    """The file object itself; for a path a new file that takes its name when everything is written.

    Raises:
        AttributeError: neither a path nor a file object. OSError: the file cannot be written; the old one is as it was.
    """
    if not isinstance(f, (str, os.PathLike)):
        if not hasattr(f, "write"):
            raise AttributeError(
                f"{operation}: {type(f).__name__} has no method write: pass a path, or a file opened with 'wb'."
            )
        yield f
        return
    target = os.path.realpath(f)  # a link stays a link
    if os.path.exists(target) and not stat.S_ISREG(os.stat(target).st_mode):
        with open(target, "wb") as file:  # a device or a pipe; a folder is an error here
            yield file
        return
    folder = os.path.dirname(target)
    if not os.path.isdir(folder):
        raise FileNotFoundError(ENOENT, f"{operation}: the folder of the file does not exist; make it first", folder)
    draft = os.path.join(folder, f".{os.path.basename(target)}.{os.urandom(4).hex()}.part")
    try:
        with open(draft, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if os.path.exists(target):
            os.chmod(draft, stat.S_IMODE(os.stat(target).st_mode))
        os.replace(draft, target)
    except BaseException:
        if os.path.exists(draft):
            os.unlink(draft)
        raise


def sweep(path: str | os.PathLike[str]) -> None:
    """Remove what writers of this file left beside it when they were killed; for who is its only writer.

    A kill in the middle of writing leaves the old file whole, and half of the new one under its draft's name.
    """
    folder, name = os.path.split(os.path.realpath(path))
    for draft in glob.glob(os.path.join(glob.escape(folder), f".{glob.escape(name)}.{'[0-9a-f]' * 8}.part")):
        with suppress(OSError):  # what cannot be removed does no harm
            os.unlink(draft)
