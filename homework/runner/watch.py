"""What a batch may take as a whole, looked at from outside of its box, where no program of a student's can stop it.

The supervisor in the box ends a job that takes too much (`kit/supervise.py`). A program could stop the supervisor; then
this ends the box: its processes, their memory together, and the files that it has written where we will read.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tinygrad_edu.homework.kit import tree
from tinygrad_edu.homework.runner.jobs import Job

LOOK = 0.5  # seconds between two looks; the supervisor looks more often, and knows which job it is
OVERHEAD = 512 << 20  # bytes for the supervisor, and for pages that count for two processes
MOST_WRITTEN, MOST_FILES = 512 << 20, 20_000


class Watch:
    """Looks at a process and its descendants.

    Args:
        process: the id of the command that was started.
        out: the folder that it may write to.
        jobs: what is run.
        at_once: how many of them at a time.
    """

    def __init__(self, process: int, out: Path, jobs: Sequence[Job], at_once: int) -> None:
        self.process, self.out = process, out
        limits = [int(job.limits.get("memory") or 0) for job in jobs]
        self.memory = 0 if 0 in limits else ((max(limits) << 20) * at_once + OVERHEAD)
        self.processes = tree.MOST_PROCESSES * at_once + 16
        self._next = 0.0

    def beyond(self) -> str | None:
        """Which limit is passed: "processes", "memory", "disk"; None if none is, or if it is too early to look."""
        if time.monotonic() < self._next or sys.platform != "linux":
            return None
        self._next = time.monotonic() + LOOK
        took = tree.taken(tree.below(self.process, tree.parents()))
        return tree.beyond(took, self.processes, self.memory) or ("disk" if self._wrote_too_much() else None)

    def _wrote_too_much(self) -> bool:
        written = files = 0
        waiting = [str(self.out)]
        while waiting:
            try:
                with os.scandir(waiting.pop()) as found:
                    for entry in found:
                        files += 1
                        if entry.is_dir(follow_symlinks=False):
                            waiting.append(entry.path)
                        else:
                            written += entry.stat(follow_symlinks=False).st_blocks * 512
                        if files > MOST_FILES or written > MOST_WRITTEN:
                            return True
            except OSError:  # (gone, or no longer a folder)
                continue
        return False

    def end(self) -> None:
        """End all that was started."""
        if sys.platform == "linux":
            tree.end(self.process, keep_root=True)
