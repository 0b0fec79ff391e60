"""Runs jobs, each in a process of its own, two at a time, and ends what runs too long or prints too much.

Where there is fork (Linux), NumPy is imported once and every job starts from there in milliseconds; elsewhere every job
starts a Python of its own. Events go to standard output, one JSON line each: a job has begun, a job has ended. What a
job observed stands in files of its folder; nothing that it says here is needed to judge it.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
import time
from typing import Any

from . import child, guard, tree

GRACE = 1.0  # seconds between faulthandler's end and ours: faulthandler knows the line, we do not
TICK = 0.004
LOOK = 0.25  # seconds between two looks at what the jobs and all that they have started take together


def main(arguments: list[str]) -> None:
    """Entry point of `worker.py`; `arguments` are the jobs' file and perhaps `--job N`."""
    path = os.path.abspath(arguments[0])
    with open(path, encoding="utf-8") as file:
        settings = json.load(file)
    root = os.path.dirname(path)
    for folder in settings["site"]:
        # (A relative folder is one of the sandbox's.)
        sys.path.append(os.path.join(root, folder))
    if len(arguments) > 1:
        child.run(settings["jobs"][int(arguments[2])], root)  # does not return
    fork = settings["start"] == "fork" and hasattr(os, "fork")
    if fork:
        _adopt_orphans()
        import numpy  # noqa: F401  (so that no job has to)

        for probes in {os.path.join(root, job["probes"]) for job in settings["jobs"]}:
            guard.COMPILED[probes] = guard.Source("hwkit_probes", probes).get_code("hwkit_probes")
        gc.freeze()  # what is here now is left alone by the collector of every fork, so that its pages stay shared
    supervise(settings["jobs"], root, path, fork, settings["at_once"])


def supervise(jobs: list[dict[str, Any]], root: str, path: str, fork: bool, at_once: int) -> None:
    waiting = list(range(len(jobs)))
    ready: list[int] = []
    running: dict[int, Process] = {}
    looked = time.monotonic()
    while waiting or ready or running:
        for number in list(waiting):  # (most have been let go from the start: each is looked at once)
            for mark in ("skip", "go"):
                if _marked(jobs[number], root, mark):
                    waiting.remove(number)
                    if mark == "go":
                        ready.append(number)
                    break
        while ready and len(running) < at_once:
            number = ready.pop(0)
            _tell({"event": "start", "job": number})
            start = Forked if fork else Spawned
            running[number] = start(jobs[number], number, root, path)
        time.sleep(TICK)
        if time.monotonic() - looked > LOOK:
            _end_what_takes_too_much(list(running.values()))
            looked = time.monotonic()
        for number, process in list(running.items()):
            code = process.poll()
            if code is None:
                process.end_if_beyond_limits()
                continue
            del running[number]
            process.kill()  # what it may have left in its process group
            _end_orphans({other.pid for other in running.values()})
            _tell({"event": "end", "job": number, "code": code, "seconds": process.seconds(), "why": process.why})


def _marked(job: dict[str, Any], root: str, what: str) -> bool:
    """Whether whoever started us has let this job begin (`go`), or has given it up (`skip`)."""
    folder = os.path.join(root, job["folder"])
    if not os.path.isdir(folder) or os.path.islink(folder):
        return what == "go"  # another job took it away: it begins, and fails for want of it
    return os.path.exists(os.path.join(folder, what))


def _tell(event: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


def _adopt_orphans() -> None:
    """On Linux, become the parent of what a job's process leaves behind, so that it can be ended."""
    if sys.platform == "linux":
        try:
            import ctypes

            ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
        except (OSError, AttributeError):
            pass


def _end_what_takes_too_much(running: list[Process]) -> None:
    """End jobs whose processes are too many, or take more memory together than one of them may.

    What left its job's process tree is a child of ours by now: nobody knows whose it is, so it counts for every job.
    """
    parent_of = tree.parents()
    jobs = {process.pid for process in running}
    strays = [pid for pid, parent in parent_of.items() if parent == os.getpid() and pid not in jobs]
    loose = [pid for stray in strays for pid in tree.below(stray, parent_of)]
    for process in running:
        took = tree.taken(tree.below(process.pid, parent_of) + loose)
        memory = (process.job["limits"].get("memory") or 0) << 20
        why = tree.beyond(took, tree.MOST_PROCESSES, memory)
        if why is not None:
            process.why = process.why or why
            for pid in (*strays, process.pid):
                tree.end(pid)


def _end_orphans(known: set[int]) -> None:
    """End processes that a finished job left behind in groups of their own."""
    try:
        with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as file:
            orphans = {int(pid) for pid in file.read().split()} - known
    except OSError:
        return
    for pid in orphans:
        try:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass


class Process:
    """A running job, its clock and its limits."""

    pid: int

    def __init__(self, job: dict[str, Any], root: str) -> None:
        self.job = job
        self.folder = os.path.join(root, job["folder"])
        self.began = time.monotonic()
        self.why: str | None = None

    def seconds(self) -> float:
        return round(time.monotonic() - self.began, 3)

    def end_if_beyond_limits(self) -> None:
        """End the job if its time is over or its output files have grown too long."""
        if self.seconds() > self.job["limits"]["wall"] + GRACE:
            self.why = self.why or "wall"
            self.kill()
        for name in ("stdout.txt", "stderr.txt", "out.jsonl"):
            try:
                size = os.stat(os.path.join(self.folder, name)).st_size
            except OSError:
                continue
            if size > self.job["limits"]["output"]:
                self.why = self.why or "output"
                self.kill()

    def poll(self) -> int | None:
        raise NotImplementedError

    def kill(self) -> None:
        raise NotImplementedError


class Forked(Process):
    """A job in a fork of this process, in a process group of its own."""

    def __init__(self, job: dict[str, Any], number: int, root: str, path: str) -> None:
        super().__init__(job, root)
        self.pid = os.fork()
        if self.pid == 0:
            try:
                child.run(job, root)
            finally:
                os._exit(70)
        self.code: int | None = None

    def poll(self) -> int | None:
        if self.code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
        return self.code

    def kill(self) -> None:
        for end in (os.killpg, os.kill) if self.code is None else (os.killpg,):
            try:
                end(self.pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                pass


class Spawned(Process):
    """A job in a fresh Python (Windows, macOS: no fork, or none that is safe)."""

    def __init__(self, job: dict[str, Any], number: int, root: str, path: str) -> None:
        super().__init__(job, root)
        worker = os.path.join(os.path.dirname(os.path.abspath(__file__)), "worker.py")
        extra: dict[str, Any] = {"start_new_session": True} if os.name == "posix" else {}
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-B", worker, path, "--job", str(number)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **extra,
        )  # fmt: skip
        self.pid = self.process.pid

    def poll(self) -> int | None:
        return self.process.poll()

    def kill(self) -> None:
        if os.name == "posix":
            try:
                os.killpg(self.pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                pass
        elif self.process.poll() is None:
            # taskkill ends the children as well, which Popen.kill does not.
            subprocess.run(["taskkill", "/F", "/T", "/PID", str(self.pid)], capture_output=True, check=False)
            self.process.kill()
