"""The lines of a student's program that an exception went through, without those of the kit and of libraries."""

from __future__ import annotations

import linecache
import os
import traceback
from typing import Any

MOST_FRAMES = 12


def frames_of(error: BaseException, folder: str) -> list[dict[str, Any]]:
    """From the student's first line to the last: `{"file", "line", "function", "code", "raises"}`."""
    # Walked by hand: extracting all of a RecursionError's thousand frames with their source takes long.
    found: list[dict[str, Any]] = []
    walk = list(traceback.walk_tb(error.__traceback__))
    last = walk[-1][0] if walk else None
    for frame, line in walk:
        path = frame.f_code.co_filename
        if not inside(path, folder):
            continue
        function = getattr(frame.f_code, "co_qualname", frame.f_code.co_name)
        found.append(
            {
                "file": os.path.basename(path),
                "line": line,
                "function": "" if function == "<module>" else function,
                "code": linecache.getline(path, line).strip()[:200],
                "raises": frame is last,
            }
        )
    return found if len(found) <= MOST_FRAMES else found[: MOST_FRAMES // 2] + found[-MOST_FRAMES // 2 :]


def inside(path: str, folder: str) -> bool:
    """Whether a file lies in a folder."""
    return os.path.abspath(path).startswith(os.path.abspath(folder) + os.sep)


def text_of(error: BaseException) -> str:
    """What an exception says."""
    try:
        return str(error)[:2000]
    except Exception as second:  # a __str__ of the student's that fails
        return f"(its text cannot be made: {type(second).__name__})"
