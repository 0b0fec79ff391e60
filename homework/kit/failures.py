"""An exception of the student's as plain data: its kind, its text, and the frames of the student's own file."""

from __future__ import annotations

import errno
import linecache
import os
import traceback
from collections.abc import Sequence
from typing import Any

from .frames import frames_of, inside, text_of
from .guard import ForbiddenImport
from .tools import MissingName
from .wire import WireError


def describe(error: BaseException, student_folder: str, bases: Sequence[str] = ()) -> dict[str, Any]:
    """`{"kind", "type", "text", "frames"}`; frames run from the student's first to the last, without kit and libraries.

    The kinds: `todo` (NotImplementedError raised in the student's file), `missing` (a name), `syntax`, `forbidden`
    (an import), `memory`, `output` (a file grew too long), `exit`, `recursion`, `large` (the result cannot be sent),
    `base` (one of `bases`, the files that this exercise builds on, cannot be imported; the frame is its own), `error`.
    """
    frames = frames_of(error, student_folder)
    kind = "error"
    broken = _of_base(error, bases)
    if broken is not None:
        kind, frames = "base", [broken]
    elif isinstance(error, NotImplementedError) and frames and frames[-1]["raises"]:
        kind = "todo"
    elif isinstance(error, MissingName):
        kind = "missing"
    elif isinstance(error, SyntaxError):
        kind = "syntax"
        frames = [_syntax_frame(error)] if error.filename and inside(error.filename, student_folder) else frames
    elif isinstance(error, ForbiddenImport):
        kind = "forbidden"
    elif isinstance(error, MemoryError):
        kind = "memory"
    elif isinstance(error, OSError) and error.errno == errno.EFBIG:
        kind = "output"
    elif isinstance(error, (SystemExit, KeyboardInterrupt)):
        kind = "exit"
    elif isinstance(error, RecursionError):
        kind = "recursion"
    elif isinstance(error, WireError):
        kind = "large"
    text = error.msg if isinstance(error, SyntaxError) else text_of(error)
    return {"kind": kind, "type": type(error).__name__, "text": text, "frames": frames}


def _of_base(error: BaseException, bases: Sequence[str]) -> dict[str, Any] | None:
    """The line of an earlier exercise's file at which its import ended; None if every import went well."""
    if isinstance(error, SyntaxError) and error.filename in bases:
        return _syntax_frame(error)
    for frame, line in list(traceback.walk_tb(error.__traceback__))[::-1]:
        path = frame.f_code.co_filename
        if path in bases and frame.f_code.co_name == "<module>":
            code = linecache.getline(path, line).strip()[:200]
            return {"file": os.path.basename(path), "line": line, "function": "", "code": code, "raises": True}
    return None


def _syntax_frame(error: SyntaxError) -> dict[str, Any]:
    return {
        "file": os.path.basename(error.filename or ""),
        "line": error.lineno or 0,
        "function": "",
        "code": (error.text or "").strip()[:200],
        "raises": True,
    }
