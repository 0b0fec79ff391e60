"""What a job left behind, read with care: its file may hold anything."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tinygrad_edu.homework.kit import wire

MOST_RECORDS = 10_000
FRAME = re.compile(r'^  File "(?P<path>.*)", line (?P<line>\d+) in (?P<function>.*)$')


@dataclass(frozen=True)
class Frame:
    """A line of the student's file."""

    file: str
    line: int
    function: str
    code: str
    raises: bool = False


@dataclass(frozen=True)
class Seen:
    """What happened when a probe ran.

    Attributes:
        observation: what the probe returned; None unless `finished`.
        finished: whether the probe returned.
        error: `{"kind", "type", "text"}` where it did not.
        frames: the student's lines that lead to the error, or to where it was stopped.
        doing: the call that the probe named last.
        seconds: from the start of the process to its end.
        printed: the beginning of what the student's code printed.
    """

    observation: Any = None
    finished: bool = False
    error: dict[str, Any] | None = None
    frames: tuple[Frame, ...] = ()
    doing: str = ""
    seconds: float = 0.0
    printed: str = ""
    extra: dict[str, Any] = field(default_factory=dict)


class Replaced(OSError):
    """A job's folder is not the one that was made for it."""


class Folder:
    """A job's folder of results, which the job may have replaced by a link to one of ours, or removed.

    Made before anything of a student's runs; whatever stands in its place later is neither read nor written to.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._made = self._identity(os.lstat(path))

    @staticmethod
    def _identity(found: os.stat_result) -> tuple[int, int, bool]:
        return found.st_dev, found.st_ino, stat.S_ISDIR(found.st_mode)

    @contextmanager
    def opened(self) -> Iterator[tuple[str, int | None]]:
        """What a file's name is joined to, and the folder that it is relative to (None where a system has no such).

        Raises:
            Replaced: the folder is gone, or another.
        """
        if os.open not in os.supports_dir_fd:  # Windows: no sandbox there, and no links without special rights
            yield f"{self.path}{os.sep}", None
            return
        try:
            handle = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except OSError as error:
            raise Replaced(str(error)) from error
        try:
            if self._identity(os.fstat(handle)) != self._made:
                raise Replaced("another folder stands in its place")
            yield "", handle
        finally:
            os.close(handle)

    def touch(self, name: str) -> None:
        """Make an empty file.

        Raises:
            OSError: it cannot be made.
        """
        with self.opened() as (place, handle):
            careful = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
            os.close(os.open(place + name, os.O_WRONLY | os.O_CREAT | careful, 0o644, dir_fd=handle))

    def beginning(self, name: str, most: int) -> str:
        """The first bytes of a plain file as text; nothing where it is missing or anything else.

        Raises:
            Replaced: the folder is gone, or another.
        """
        # (A file may have been replaced by a link to one of ours, or by a pipe that never says anything.)
        careful = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        with self.opened() as (place, folder):
            try:
                handle = os.open(place + name, os.O_RDONLY | careful, dir_fd=folder)
                with open(handle, "rb") as file:
                    plain = stat.S_ISREG(os.fstat(handle).st_mode)
                    return file.read(most).decode("utf-8", "replace") if plain else ""
            except OSError:
                return ""


def read(folder: Folder, event: dict[str, Any]) -> Seen:
    """Make sense of a job's folder and the event that ended it; the exit code alone proves nothing."""
    try:
        return _read(folder, event)
    except Replaced:
        return Seen(error={"kind": "malformed", "type": "", "text": "its folder was replaced"})


def _read(folder: Folder, event: dict[str, Any]) -> Seen:
    doing, observation, finished, error = "", None, False, None
    seconds = event.get("seconds")
    seconds = float(seconds) if isinstance(seconds, (int, float)) else 0.0
    printed = folder.beginning("stdout.txt", 4000)
    frames: tuple[Frame, ...] = ()
    done = False
    try:
        for record in _records(folder.beginning("out.jsonl", wire.MOST_BYTES + 100_000)):
            ((kind, content),) = record.items()
            if kind == "doing":
                doing = str(content)[:300]
            elif kind == "observation":
                observation, finished = content, True
            elif kind == "error" and isinstance(content, dict):
                error = {key: str(content.get(key, "")) for key in ("kind", "type", "text")}
                frames = frames_from(content.get("frames"))
            elif kind == "done":
                done = True
    except (wire.WireError, AttributeError, ValueError) as problem:
        return Seen(None, False, {"kind": "malformed", "type": "", "text": str(problem)}, (), doing, seconds, printed)
    if error is not None:
        return Seen(None, False, error, frames, doing, seconds, printed)
    if finished and done:
        return Seen(observation, True, None, (), doing, seconds, printed)
    trace = folder.beginning("trace.txt", 100_000)
    why, code = event.get("why"), event.get("code")
    if why in ("output", "processes", "memory", "disk"):
        kind = why
    elif why == "wall" or trace.startswith("Timeout"):
        kind = "timeout"
    elif why == "supervisor":
        kind = "killed"
    elif isinstance(code, int) and (code < 0 or code > 128):
        kind = "crash"
        code = -code if code < 0 else code
    elif trace.startswith(("Fatal", "Windows fatal")):
        kind = "crash"
    else:
        kind = "ended"
    error = {"kind": kind, "type": "", "text": _signal(code) if kind == "crash" else ""}
    return Seen(None, False, error, _traced(trace), doing, seconds, printed)


def _records(text: str) -> list[dict[str, Any]]:
    records = []
    for line in text.splitlines()[:MOST_RECORDS]:
        record = wire.decode(line)
        if not isinstance(record, dict) or len(record) != 1:
            raise wire.WireError("a record is an object with one member")
        records.append(record)
    return records


def frames_from(found: Any) -> tuple[Frame, ...]:
    """What the kit told of the student's lines; whatever else may stand there is left out."""
    frames = []
    for item in found if isinstance(found, list) else []:
        if isinstance(item, dict):
            line = item.get("line")
            texts = [str(item.get(key, ""))[:200] for key in ("file", "function", "code")]
            frames.append(
                Frame(texts[0], line if isinstance(line, int) else 0, texts[1], texts[2], item.get("raises") is True)
            )
    return tuple(frames[:50])


def _traced(trace: str) -> tuple[Frame, ...]:
    """Frames from faulthandler's text, the outermost first as everywhere else; only those of the student's files."""
    frames = []
    for line in trace.splitlines()[:400]:
        match = FRAME.match(line)
        if match and Path(match["path"]).parent.name == "student":
            frames.append(Frame(Path(match["path"]).name, int(match["line"]), match["function"], ""))
        elif line.startswith("Thread") and frames:
            break
    return tuple(frames[::-1])


def _signal(code: Any) -> str:
    import signal

    try:
        return signal.Signals(code).name
    except (ValueError, TypeError):
        return f"exit code {code}"
