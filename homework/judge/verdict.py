"""From what was seen to a verdict: the state, the points and, where something is wrong, the reason."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tinygrad_edu.homework.course import Mistake
from tinygrad_edu.homework.judge.checks import Check
from tinygrad_edu.homework.judge.fail import Cause, Fail
from tinygrad_edu.homework.kit.wire import Opaque
from tinygrad_edu.homework.runner.seen import Frame, Seen, frames_from

STATES = ("pass", "fail", "error", "timeout", "blocked", "todo")


@dataclass(frozen=True)
class Verdict:
    """The outcome of one check.

    Attributes:
        check: which one.
        state: one of `STATES`.
        seen: what happened; None for a blocked check.
        fail: what differs, for the state `fail`.
        mistake: the known mistake that gives exactly the same result.
        cause: the likely cause that the student's text tells, where neither `fail` nor a mistake does.
        line: the student's line it is about.
        callers: for an exception that was to be another one, the student's line that called `line`.
        waits_for: the checks that block it.
        twin: whether seeded numbers failed where the public ones passed.
        base_fails: whether the course's own solution fails as well on the earlier work of the student's that was used.
    """

    check: Check
    state: str
    seen: Seen | None = None
    fail: Fail | None = None
    mistake: Mistake | None = None
    cause: Cause | None = None
    line: Frame | None = None
    callers: tuple[Frame, ...] = ()
    waits_for: tuple[str, ...] = ()
    twin: bool = False
    base_fails: bool = False

    @property
    def earned(self) -> int:
        return self.check.points if self.state == "pass" else 0

    @property
    def seconds(self) -> float:
        return self.seen.seconds if self.seen else 0.0

    def but(self, **changes: Any) -> Verdict:
        return replace(self, **changes)


def decide(check: Check, seen: Seen, params: dict[str, Any]) -> Verdict:
    """The verdict on one observation. Returns for anything that a hostile program may have written."""
    if not seen.finished:
        kind = (seen.error or {}).get("kind", "ended")
        state = kind if kind in ("timeout", "todo") else "error"
        return Verdict(check, state, seen, line=seen.frames[-1] if seen.frames else None)
    try:
        with np.errstate(all="ignore"):
            check.judge(Observation(seen.observation), params)
    except Fail as fail:
        frames = frames_from(fail.frames)
        return Verdict(check, "fail", seen, fail, line=frames[-1] if frames else None, callers=frames[-2:-1])
    except Exception as error:  # not what the probe returns for any program that it was written for
        return Verdict(check, "fail", seen, Fail("malformed", got=type(error).__name__))
    return Verdict(check, "pass", seen)


class Observation(dict[str, Any]):
    """A dict that answers with a `Fail` for what is not in it, whatever the observation was."""

    def __init__(self, content: Any) -> None:
        super().__init__(content if isinstance(content, dict) else {})

    def __missing__(self, key: str) -> Any:
        raise Fail("malformed", got=str(key))


def same_as(check: Check, a: Seen, b: Seen, params: dict[str, Any]) -> bool:
    """Whether one program's outcome of a check is that of another; `Check.same` says what is compared."""
    if check.same == "failure" and a.finished and b.finished:
        one, other = decide(check, a, params).fail, decide(check, b, params).fail
        return one is not None and other is not None and _signature(one) == _signature(other)
    return alike(a, b)


def _signature(fail: Fail) -> tuple[Any, ...]:
    """What a failure says, but for the line of the text that it is about."""
    words = sorted((key, re.sub(r"line \d+: ", "", str(value))) for key, value in fail.words.items())
    return fail.kind, fail.label, fail.where, fail.expected, fail.got, words


THREAD = re.compile(r"tid=\[[^]]*\] ctaid=\[[^]]*\]: index \d+")
"""Where numba's CUDA simulator says an index is wrong. Which of many threads stumbles first is chance."""


def alike(a: Seen, b: Seen) -> bool:
    """Whether two programs did the same: equal results, or the same exception."""
    if a.finished and b.finished:
        return _same(a.observation, b.observation)
    if a.finished or b.finished or not a.error or not b.error or a.error["kind"] in ("timeout", "todo"):
        return False
    if bool(a.frames) != bool(b.frames):  # (one went wrong in the student's code, the other after it)
        return False
    texts = [THREAD.sub("", str(error.get("text"))) for error in (a.error, b.error)]
    return texts[0] == texts[1] and all(a.error.get(key) == b.error.get(key) for key in ("kind", "type"))


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _same(a: Any, b: Any) -> bool:
    # (Iterative: an observation may be deep.)
    pairs = [(a, b)]
    while pairs:
        x, y = pairs.pop()
        if isinstance(x, dict) and isinstance(y, dict):
            # (Two programs may raise the same exception from other lines.)
            places = {"frames"} if "raises" in x and "raises" in y else set()
            if x.keys() - places != y.keys() - places:
                return False
            pairs.extend((x[key], y[key]) for key in x.keys() - places)
        elif isinstance(x, list) and isinstance(y, list):
            if len(x) != len(y):
                return False
            pairs.extend(zip(x, y, strict=True))
        elif isinstance(x, np.ndarray) and isinstance(y, np.ndarray):
            if x.shape != y.shape or x.dtype.kind != y.dtype.kind:
                return False
            with np.errstate(all="ignore"):
                if not np.allclose(x, y, rtol=1e-9, atol=1e-12, equal_nan=True):
                    return False
        elif _number(x) and _number(y):  # (a gradient that begins with 0 or with 0.0 is the same mistake)
            with np.errstate(all="ignore"):
                if not np.isclose(x, y, rtol=1e-9, atol=1e-12, equal_nan=True):
                    return False
        elif isinstance(x, Opaque) and isinstance(y, Opaque):
            if x.type_name != y.type_name:
                return False
        elif type(x) is not type(y) or x != y:
            return False
    return True
