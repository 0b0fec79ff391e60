"""Runs jobs in processes of their own and yields what each observed, as it ends.

One supervisor process (`kit/supervise.py`) starts the jobs; it can be put into a sandbox as a whole. It is watched from
here: if it dies or stops, the job that was running is at fault, and the others are run by a new one.
"""

from __future__ import annotations

import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from tinygrad_edu.homework.runner import NoWorker
from tinygrad_edu.homework.runner.jobs import QUIET, Job, lay_out, sites, start_method
from tinygrad_edu.homework.runner.seen import Folder, Seen, read
from tinygrad_edu.homework.runner.watch import Watch

Launcher = Callable[[Path, list[str]], tuple[list[str], list[str]]]
"""(folder of the batch, sites) -> (command that runs `worker.py jobs.json`, sites as the command sees them).

A launcher whose processes do not end with its command has a method `end(folder)`."""

PATIENCE = 8.0  # seconds beyond a job's own limit after which the supervisor itself is taken for stopped


def plain(root: Path, site: list[str]) -> tuple[list[str], list[str]]:
    """No sandbox: the same Python, without this environment's libraries other than those the exercise allows."""
    worker = str(root / "kit" / "worker.py")
    return [sys.executable, "-I", "-S", "-B", worker, str(root / "jobs.json")], site


class Batch:
    """Jobs that are run together.

    Jobs with `waits` begin only after `release`; `skip` gives one up.
    """

    def __init__(
        self, jobs: Sequence[Job], at_once: int = 2, launcher: Launcher = plain, start: str | None = None
    ) -> None:
        self.jobs = list(jobs)
        self._at_once, self._launcher, self._start = at_once, launcher, start or start_method()
        self._released = {number for number, job in enumerate(self.jobs) if not job.waits}
        self._skipped: set[int] = set()
        self._round: Round | None = None

    def release(self, number: int) -> None:
        """Let a waiting job begin."""
        if number in self._released:
            return
        self._released.add(number)
        if self._round:
            self._round.mark(number, "go")

    def skip(self, number: int) -> None:
        """Give a waiting job up; it yields nothing."""
        if number in self._skipped:
            return
        self._skipped.add(number)
        if self._round:
            self._round.mark(number, "skip")

    def __iter__(self) -> Iterator[tuple[int, Seen]]:
        left = set(range(len(self.jobs)))
        while left - self._skipped:
            self._round = Round(
                self.jobs, sorted(left - self._skipped), self._released, self._at_once, self._launcher, self._start
            )
            ended = 0
            try:
                for number, seen in self._round:
                    left.discard(number)
                    ended += 1
                    yield number, seen
            finally:
                self._round.close()
                self._round = None
            if ended == 0 and left - self._skipped:
                # The supervisor came up with nothing at all: the environment is broken, not a job.
                raise NoWorker("the worker process does not start")


class Round:
    """One supervisor and its folder; iterating ends when it has done everything, or has died."""

    def __init__(
        self, jobs: list[Job], numbers: list[int], released: set[int], at_once: int, launcher: Launcher, start: str
    ) -> None:
        self.jobs, self.numbers = jobs, numbers
        self.root = Path(tempfile.mkdtemp(prefix="tinyedu-"))
        os.chmod(self.root, 0o755)  # a sandbox may run it as somebody else
        packages = dict.fromkeys(name for n in numbers for name in jobs[n].exercise.packages)
        command, site = launcher(self.root, sites(list(packages)))
        self.end_outside: Callable[[Path], None] | None = getattr(launcher, "end", None)
        lay_out([jobs[n] for n in numbers], self.root, site, at_once, start)
        self.folders = [Folder(self.root / "out" / str(place)) for place in range(len(numbers))]
        self.lost: set[int] = set()
        self.skipped: set[int] = set()
        self.released = {place for place, n in enumerate(numbers) if n in released}
        for place in self.released:
            self.mark(numbers[place], "go")
        extra: dict[str, Any] = {"start_new_session": True} if os.name == "posix" else {}
        self.errors = open(self.root / "supervisor.txt", "wb")  # noqa: SIM115  (closed in close())
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.errors,
            env={**os.environ, **QUIET, "PYTHONHASHSEED": "0"}, **extra,
        )  # fmt: skip
        self.watch = Watch(self.process.pid, self.root / "out", [jobs[n] for n in numbers], at_once)
        self.events: queue.Queue[dict[str, Any] | None] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def mark(self, number: int, what: str) -> None:
        if number in self.numbers:
            place = self.numbers.index(number)
            (self.released if what == "go" else self.skipped).add(place)
            try:
                self.folders[place].touch(what)
            except OSError:  # (an earlier job has taken the folder away: the supervisor will never hear of it)
                self.lost.add(place)

    def _listen(self) -> None:
        assert self.process.stdout is not None
        while line := self.process.stdout.readline(4096):
            with suppress(ValueError):
                event = json.loads(line)
                if isinstance(event, dict):
                    self.events.put(event)
        self.events.put(None)

    def __iter__(self) -> Iterator[tuple[int, Seen]]:
        running: dict[int, float] = {}
        open_jobs = set(range(len(self.numbers)))
        why = "supervisor"
        heard = time.monotonic()
        while True:
            for gone in self.lost & open_jobs - set(running):
                open_jobs.discard(gone)
                yield self.numbers[gone], read(self.folders[gone], {})
            if self.lost and not open_jobs - self.skipped:
                break
            if found := self.watch.beyond():
                why = found
                break
            try:
                event = self.events.get(timeout=0.5)
            except queue.Empty:
                # (Jobs that may run and do not: the supervisor is stopped, or a program took their folders away.)
                silent = not running and self.released & open_jobs and time.monotonic() > heard + PATIENCE
                if silent or any(time.monotonic() > deadline for deadline in running.values()):
                    why = "wall"
                    break
                continue
            heard = time.monotonic()
            if event is None:
                break
            place = event.get("job")
            if place not in open_jobs:
                continue
            job = self.jobs[self.numbers[place]]
            if event.get("event") == "start":
                running[place] = time.monotonic() + float(job.limits["wall"]) + PATIENCE
            elif event.get("event") == "end" and running.pop(place, None) is not None:
                open_jobs.discard(place)
                yield self.numbers[place], read(self.folders[place], event)
                heard = time.monotonic()
        self._end()
        for place in running:  # what was running when the supervisor ended has ended it
            yield self.numbers[place], read(self.folders[place], {"code": None, "seconds": 0.0, "why": why})

    def _end(self) -> None:
        if self.process.poll() is None:
            self.watch.end()
            if os.name == "posix":
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(self.process.pid, signal.SIGKILL)
            self.process.kill()
        if self.process.wait() != 0 and self.end_outside is not None:
            end, self.end_outside = self.end_outside, None
            end(self.root)

    def close(self) -> None:
        """End everything and remove the folder."""
        self._end()
        if self.process.stdout is not None:
            self.process.stdout.close()
        self.errors.close()
        shutil.rmtree(self.root, ignore_errors=True)
