"""What a process and all that it started take together, read from /proc, and how to end them all.

Limits of the system hold for one process each. A program that starts many stays below every one of them, so the sum is
looked at from outside, a few times in a second. Where there is no /proc (macOS, Windows), nothing is known.
"""

from __future__ import annotations

import os
import signal
from typing import NamedTuple

MOST_PROCESSES = 64  # of one job; threads are none
PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


class Taken(NamedTuple):
    """Processes, and the bytes of memory that no file can give back."""

    processes: int
    memory: int


def parents() -> dict[int, int]:
    """Process -> its parent, of everything that is running and visible; empty where /proc is not."""
    found = {}
    try:
        names = os.listdir("/proc")
    except OSError:
        return {}
    for name in names:
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:
                    # pid (name) state ppid …; the name may hold anything, brackets too
                    found[int(name)] = int(file.read(4096).rpartition(b")")[2].split()[1])
            except (OSError, IndexError, ValueError):
                continue  # it has ended in between
    return found


def below(root: int, parent_of: dict[int, int]) -> list[int]:
    """`root`, if it runs, and its descendants."""
    children: dict[int, list[int]] = {}
    for process, parent in parent_of.items():
        children.setdefault(parent, []).append(process)
    found = [root] if root in parent_of else []
    for process in found:
        found += children.get(process, [])
    return found


def taken(processes: list[int]) -> Taken:
    """What these take together. (Pages that a fork shares with its parent count for both.)"""
    pages = 0
    for process in processes:
        try:
            with open(f"/proc/{process}/statm", "rb") as file:
                _, resident, shared = file.read(200).split()[:3]
            pages += int(resident) - int(shared)
        except (OSError, ValueError):
            continue
    return Taken(len(processes), pages * PAGE)


def beyond(took: Taken, most_processes: int, most_memory: int) -> str | None:
    """Which limit is passed: "processes", "memory" (bytes; 0 is no limit), or None."""
    if took.processes > most_processes:
        return "processes"
    return "memory" if 0 < most_memory < took.memory else None


def end(root: int, keep_root: bool = False, sweeps: int = 200) -> None:
    """End a process and all that it started, however fast they start others.

    They are stopped before they are ended: what is stopped starts nothing, and stays the child of its parent. The
    root is the last, so that what loses its parent does not get out of sight; `keep_root` leaves it to the caller,
    stopped.
    """
    me = os.getpid()
    _send(root, signal.SIGSTOP)
    for _ in range(sweeps):
        alive = [process for process in below(root, parents()) if process not in (root, me)]
        alive = [process for process in alive if not _ended(process)]
        if not alive:
            break
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for process in alive:
                _send(process, number)
    if not keep_root:
        _send(root, signal.SIGKILL)


def _ended(process: int) -> bool:
    """Whether it only waits for its parent to ask how it ended."""
    try:
        with open(f"/proc/{process}/stat", "rb") as file:
            return file.read(4096).rpartition(b")")[2].split()[:1] in ([b"Z"], [b"X"])
    except OSError:
        return True


def _send(process: int, number: int) -> None:
    try:
        os.kill(process, number)
    except (ProcessLookupError, PermissionError):
        pass
