"""`--here`: the probe in this very process and on the student's own file, so that breakpoint() and debuggers work.

No limits, no time-out, no copy: an endless loop is ended with Ctrl-C.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tinygrad_edu.homework.course import Exercise
from tinygrad_edu.homework.kit import child, wire
from tinygrad_edu.homework.runner.seen import Frame, Seen

if TYPE_CHECKING:
    from tinygrad_edu.homework.judge.verdict import Verdict
    from tinygrad_edu.homework.session import Program


def check_here(exercise: Exercise, program: Program, seed: int, only: list[str], path: Path) -> Iterator[Verdict]:
    """The verdicts of these checks (all if none are named); `path` is the student's file."""
    from tinygrad_edu.homework.judge.verdict import decide
    from tinygrad_edu.homework.session import params_for, with_code

    with tempfile.TemporaryDirectory(prefix="tinyedu-") as folder:
        base = {}
        for module, source in program.base.items():
            base[module] = str(Path(folder) / f"{module}.py")
            Path(base[module]).write_text(source, encoding="utf-8", errors="surrogateescape")
        for name in only or list(exercise.checks):
            check = exercise.checks[name]
            params = params_for(exercise, check, seed)
            job = {
                "file": str(path), "module": exercise.module, "probes": str(exercise.folder / "probes.py"),
                "probe": check.probe, "params": wire.encode(params), "base": base, "forbid": list(exercise.forbid),
            }  # fmt: skip
            doing = [""]
            began = time.monotonic()
            record = child.observe(job, "", lambda text, doing=doing: doing.append(text))
            seconds = time.monotonic() - began
            for module in (exercise.module, *base):  # the next check starts afresh
                sys.modules.pop(module, None)
            if "error" in record:
                error = record["error"]
                frames = tuple(Frame(**frame) for frame in error.pop("frames"))
                seen = Seen(None, False, error, frames, doing[-1], seconds)
            else:
                # (Through the wire, so that the judge sees what it always sees.)
                seen = Seen(wire.decode(wire.encode(record["observation"])), True, doing=doing[-1], seconds=seconds)
            yield decide(check, with_code(seen, exercise, program), params)
