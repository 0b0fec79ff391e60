"""`compiled`: the decorator of every compiled kernel, and where the machine code is kept between programs.

Compiling takes a second or so, loading what was compiled some milliseconds. Numba keeps it in files that it writes
atomically and reads only for the same processor, version and source, so programs may share the folder. Where none can
be written to, kernels are compiled anew in each program; what is damaged in it is made again.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numba
from numba.core import config, event
from numba.core.compiler_lock import global_compiler_lock as compiling

__all__ = ["CHECKED", "FAST", "cache_folder", "compiled", "compiled_exactly", "inlined"]

# Sums may be reordered, which makes vectors of them. Not among the flags: those for which nan and inf do not exist.
FAST = {"reassoc", "contract", "nsz", "arcp"}
CHECKED = bool(os.environ.get("TINYEDU_BOUNDS_CHECK"))  # every index is checked, for the tests


def cache_folder() -> Path | None:
    """The folder for machine code, made if it was not there; None if none can be written to.

    ``TINYEDU_CACHE`` names another one than the usual for this system.
    """
    try:
        folder = _base() / "numba"
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".writable-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except (OSError, RuntimeError):  # RuntimeError: a user without a home, as in many containers
        return None
    return folder


def _base() -> Path:
    named = os.environ.get("TINYEDU_CACHE")
    if named:
        return Path(named)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "tinygrad_edu"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "tinygrad_edu"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tinygrad_edu"


_folder = None if CHECKED else cache_folder()

if hasattr(os, "register_at_fork"):
    # A child forked while another thread compiles would wait for ever for that thread, which it does not have.
    os.register_at_fork(before=compiling.acquire, after_in_parent=compiling.release, after_in_child=compiling.release)


def compiled(function: Callable[..., Any]) -> Any:
    """Decorator: compile at the first call, run without Python's lock, divide as NumPy does (1 / 0 is inf)."""
    return _compile(function, FAST)


def compiled_exactly(function: Callable[..., Any]) -> Any:
    """The same for a kernel whose operations are all rounded as NumPy rounds them."""
    return _compile(function, False)


def inlined(function: Callable[..., Any]) -> Any:
    """Decorator for a sum that several kernels need: it is written into each of them before they are compiled.

    Of a function that is called, a process that compiles it may use another copy than one that loads it, with the
    terms in another order: the bits would differ between the two.
    """
    return numba.njit(inline="always", nogil=True, error_model="numpy", fastmath=FAST, boundscheck=CHECKED)(function)


def _compile(function: Callable[..., Any], fastmath: Any) -> Any:
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": fastmath, "boundscheck": CHECKED}
    settings: Any = config
    before = settings.CACHE_DIR  # the user's own functions are cached where the user wants
    settings.CACHE_DIR = str(_folder or "")
    try:
        dispatcher: Any = numba.njit(cache=_folder is not None, **options)(function)
    finally:
        settings.CACHE_DIR = before
    if _folder is not None:
        _make_optional(dispatcher._cache)
    return dispatcher


def _make_optional(cache: Any) -> None:
    """Let files that are damaged, or cannot be written, cost a compilation, and not the program."""
    load, save = cache.load_overload, cache.save_overload

    def load_overload(*key: Any) -> Any:
        try:
            return load(*key)
        except Exception:  # of a file that was cut off, as where a disk was full: any error that pickle knows
            with suppress(OSError):
                cache.flush()
            return None

    def save_overload(*made: Any) -> None:
        with suppress(OSError):  # a full disk, a quota, a folder that is gone
            save(*made)

    cache.load_overload, cache.save_overload = load_overload, save_overload


class _Tell(event.Listener):
    """Says once, on a terminal, why a program waits."""

    def __init__(self) -> None:
        self.told = False

    def on_start(self, event: Any) -> None:
        function = getattr(event.data.get("dispatcher"), "py_func", None)
        ours = str(getattr(function, "__module__", "")).startswith("tinygrad_edu.")
        if ours and not self.told and sys.stderr is not None and sys.stderr.isatty():
            self.told = True
            print("tinygrad_edu: compiling kernels, this once (all of them: tinyedu warmup)", file=sys.stderr)

    def on_end(self, event: Any) -> None:
        pass


telling = _Tell()
event.register("numba:compile", telling)
