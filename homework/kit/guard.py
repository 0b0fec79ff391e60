"""What a job may not do: import the answers, use the network, take all memory. Against accidents, not against malice.

A student's own check trusts the student; grading puts all of this into a sandbox.
"""

from __future__ import annotations

import builtins
import contextlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any

try:
    import resource
except ImportError:  # Windows: the supervisor's clock is the only limit there
    resource = None  # type: ignore[assignment]


class ForbiddenImport(ImportError):
    """The exercise is to be solved without this library."""


COMPILED: dict[str, Any] = {}
"""Probes that the supervisor has compiled for all its forks. (Compiling a student's file there could end it.)"""


class Source(importlib.machinery.SourceFileLoader):
    """Loads Python source whatever its file is called, and writes nothing beside it."""

    def get_code(self, fullname: str) -> Any:
        path = self.get_filename(fullname)
        if path in COMPILED:
            return COMPILED[path]
        try:
            return self.source_to_code(self.get_data(path), path)
        except ValueError as error:  # a null byte, before Python 3.12; now a SyntaxError
            if isinstance(error, SyntaxError | UnicodeError):
                raise
            raise SyntaxError(str(error)) from None


class Finder(importlib.abc.MetaPathFinder):
    """Refuses the libraries that contain the answers, and finds the modules that an exercise builds on."""

    def __init__(self, forbid: Sequence[str], modules: dict[str, str]) -> None:
        self.forbid, self.modules = set(forbid), modules

    def find_spec(self, name: str, path: Any = None, target: ModuleType | None = None) -> Any:
        if name.partition(".")[0] in self.forbid:
            raise ForbiddenImport(name.partition(".")[0])
        if name in self.modules:
            return importlib.util.spec_from_loader(name, Source(name, self.modules[name]), origin=self.modules[name])
        return None


@contextlib.contextmanager
def imports(forbid: Sequence[str], modules: dict[str, str], folder: str) -> Iterator[None]:
    """Within the block imports obey the exercise's rules; files beside the student's hide nothing."""
    finder = Finder(forbid, modules)
    sys.meta_path.insert(0, finder)
    sys.path.append(folder)
    if not hasattr(builtins, "exit"):  # (-S leaves them out; a student expects them)
        setattr(builtins, "exit", sys.exit)  # noqa: B010
        setattr(builtins, "quit", sys.exit)  # noqa: B010
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        sys.path.remove(folder)


def limit_resources(limits: dict[str, Any]) -> None:
    """Limits of the operating system, where there are any: memory (MB), processor time, file size, no core file."""
    if resource is None:
        return
    megabyte = 1 << 20
    wanted = {
        "RLIMIT_CPU": int(limits["wall"]) + 3,
        "RLIMIT_FSIZE": 16 * megabyte,
        "RLIMIT_CORE": 0,
    }
    if limits.get("memory") and sys.platform == "linux":  # (macOS takes RLIMIT_AS and ignores it)
        wanted["RLIMIT_AS"] = limits["memory"] * megabyte
    for name, value in wanted.items():
        kind = getattr(resource, name)
        hard = resource.getrlimit(kind)[1]
        most = value if hard == resource.RLIM_INFINITY else min(value, hard)
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (most, most))


def end_with_parent() -> None:
    """On Linux, let this process be killed when its supervisor ends, however that happens."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError, ImportError):
            import ctypes

            ctypes.CDLL(None).prctl(1, 9, 0, 0, 0)  # PR_SET_PDEATHSIG, SIGKILL


def refuse_network() -> None:
    """A program that was copied from somewhere must not call home by accident."""

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event in ("socket.connect", "socket.getaddrinfo", "socket.bind", "socket.sendto"):
            raise PermissionError("the homework runs without a network")

    sys.addaudithook(hook)
