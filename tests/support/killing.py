"""Ends a process by SIGKILL right before its n-th step that changes what is on disk, for every n until it survives.

A step is an opening for writing, a rename, a removal, a new folder, a change of mode, an fsync, and the middle of each
write. What happens at one step is the same each time: there is no clock in it.
"""

from __future__ import annotations

import io
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

EVENTS = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "os.truncate", "os.link", "os.symlink"}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
MOST = 200


class Torn:
    """A file whose every write has a middle."""

    def __init__(self, file: Any, step: Callable[[], None]) -> None:
        self.file, self.step = file, step

    def write(self, content: Any) -> int:
        half = len(content) // 2
        self.file.write(content[:half])
        self.file.flush()
        self.step()
        self.file.write(content[half:])
        return len(content)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)

    def __enter__(self) -> Torn:
        return self

    def __exit__(self, *error: object) -> None:
        self.file.close()


def die_before(number: int) -> None:
    """From here on, count the steps of this process, and end it right before the one with this number."""
    count = 0

    def step() -> None:
        nonlocal count
        count += 1
        if count == number:
            os.kill(os.getpid(), signal.SIGKILL)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event in EVENTS or (event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITING):
            step()

    def torn(function: Callable[..., Any]) -> Callable[..., Any]:
        def opened(file: Any, mode: str = "r", *more: Any, **named: Any) -> Any:
            made = function(file, mode, *more, **named)
            return Torn(made, step) if set(mode) & set("wax+") else made

        return opened

    fsync = os.fsync

    def counted_fsync(handle: int) -> None:
        step()
        fsync(handle)

    import builtins

    os.fsync = counted_fsync
    os.fdopen, io.open, builtins.open = torn(os.fdopen), torn(io.open), torn(builtins.open)
    sys.addaudithook(hook)


def until_it_survives(prepare: Callable[[int], Callable[[], object]]) -> int:
    """Run `prepare(n)()` in a process that is killed before its n-th step, for n = 1, 2, ..., until it is not.

    Returns:
        the number of the run that came to its end; `prepare` itself runs here, and undisturbed.
    """
    for number in range(1, MOST):
        action = prepare(number)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                die_before(number)
                action()
                code = 0
            finally:
                os._exit(code)
        status = os.waitpid(child, 0)[1]
        if os.WIFEXITED(status):
            if os.WEXITSTATUS(status) != 0:
                raise RuntimeError(f"run {number} failed without being killed")
            return number
        if os.WTERMSIG(status) != signal.SIGKILL:
            raise RuntimeError(f"run {number} ended by signal {os.WTERMSIG(status)}")
    raise RuntimeError(f"still killed at step {MOST}")
