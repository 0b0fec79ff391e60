"""One job in its own process: limits, the student's file, one probe, and what it saw on disk; then the end.

The order matters: outputs are led to files, the limits are set and the clock is armed before any of the student's code
is read, so that an endless loop at the top of the file ends like any other.
"""

from __future__ import annotations

import faulthandler
import importlib.util
import os
import sys
import types
from typing import Any

from . import failures, guard, wire
from .tools import Subject, Tools


class Outlet:
    """The file a job writes its records to, one JSON line each."""

    def __init__(self, path: str) -> None:
        self.file = open(path, "w", encoding="utf-8")  # noqa: SIM115  (open until the process ends)

    def write(self, kind: str, content: Any) -> None:
        self.file.write(f'{{"{kind}": {wire.encode(content)}}}\n')
        self.file.flush()


def run(job: dict[str, Any], root: str) -> None:
    """Do the job and end the process. `root` is the folder that the paths of the job start from."""
    folder = os.path.join(root, job["folder"])
    if os.path.islink(folder):  # an earlier job put it there; nothing is written to where it leads
        os._exit(70)
    if hasattr(os, "setsid"):
        try:
            os.setsid()
        except PermissionError:  # a process started for this job alone leads its group already
            pass
    guard.end_with_parent()
    _lead_outputs(folder)
    trace = open(os.path.join(folder, "trace.txt"), "w", encoding="utf-8")  # noqa: SIM115
    faulthandler.enable(file=trace)
    faulthandler.dump_traceback_later(job["limits"]["wall"], exit=True, file=trace)
    out = Outlet(os.path.join(folder, "out.jsonl"))
    os.environ.update(job["environment"])
    for name in job["imports"]:  # before the limit on memory: what a compiler reserves is not the student's doing
        importlib.import_module(name)
    guard.limit_resources(job["limits"])
    guard.refuse_network()
    os.chdir(os.path.join(folder, "cwd"))
    code = 1
    try:
        record = observe(job, root, lambda text: out.write("doing", text))
        for kind, content in record.items():
            out.write(kind, content)
        out.write("done", True)
        code = 0
    finally:
        sys.stdout.flush()
        os._exit(code)


def observe(job: dict[str, Any], root: str, tell: Any) -> dict[str, Any]:
    """Load the student's file, run the probe, and return `{"observation": ...}` or `{"error": ...}`."""
    student = os.path.join(root, job["file"])
    modules = {name: os.path.join(root, path) for name, path in job["base"].items()}
    with guard.imports(job["forbid"], modules, os.path.dirname(student)):
        try:
            subject = Subject(load(student, job["module"]))
            probes = load(os.path.join(root, job["probes"]), "hwkit_probes")
            tools = Tools(tell, os.path.dirname(student))
            seen = getattr(probes, job["probe"])(subject, wire.decode(job["params"]), tools)
            wire.encode(seen)
        except BaseException as error:  # SystemExit and KeyboardInterrupt included: the student's, not ours
            return {"error": failures.describe(error, os.path.dirname(student), list(modules.values()))}
        return {"observation": seen}


def load(path: str, name: str) -> types.ModuleType:
    """Execute a file as the module `name`; its traceback lines can be shown."""
    spec = importlib.util.spec_from_loader(name, guard.Source(name, path), origin=path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    module.__file__ = path
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _lead_outputs(folder: str) -> None:
    """Standard input gives nothing; standard output and error go to files of the job's folder."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    for number, name in ((1, "stdout.txt"), (2, "stderr.txt")):
        os.dup2(os.open(os.path.join(folder, name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
