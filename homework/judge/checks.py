"""The table of an exercise's checks: a judge is a function, the decorator says what surrounds it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

Params = Callable[[np.random.Generator, bool], dict[str, Any]]
Judge = Callable[[Any, dict[str, Any]], None]


@dataclass(frozen=True)
class Check:
    """One check of an exercise.

    Attributes:
        name: its id, never used again for another check.
        points: what it is worth; 0 for a stretch check (◆).
        needs: checks that must pass before this one is tried.
        wall: seconds after which it is stopped, or None for the exercise's own limit.
        params: makes the parameters of the probe: of `rng` alone, or the public ones where `public` is true.
        judge: decides; returns nothing, or raises `Fail`.
        twins: how many seeded repetitions grading adds, with parameters nobody has seen.
        probe: the name of the probe's function.
        part: for an exercise in parts, which one ("A").
        same: what makes a result equal to a known mistake's: "result", or "failure" where results are texts that no two
            programs write alike.
    """

    name: str
    points: int
    judge: Judge
    params: Params
    needs: tuple[str, ...] = ()
    wall: float | None = None
    twins: int = 1
    probe: str = ""
    part: str = ""
    same: str = "result"

    @property
    def stretch(self) -> bool:
        return self.points == 0


def _nothing(rng: np.random.Generator, public: bool) -> dict[str, Any]:
    return {}


def check(
    name: str,
    points: int,
    needs: Sequence[str] = (),
    params: Params = _nothing,
    wall: float | None = None,
    twins: int = 1,
    probe: str | None = None,
    part: str = "",
    same: str = "result",
) -> Callable[[Judge], Judge]:
    """Make a function `judge(o, p)` a check. `o` is the observation, `p` the parameters.

    The probe is the function of the same name in `probes.py` unless another is named.
    """

    def enter(judge: Judge) -> Judge:
        made = Check(
            name, points, judge, params, tuple(needs), wall, twins, probe or name.replace("-", "_"), part, same
        )
        judge.__dict__["check"] = made
        return judge

    return enter


def checks_of(module: ModuleType) -> dict[str, Check]:
    """The checks of a module of judges, in the order they are written."""
    found = [thing.check for thing in vars(module).values() if isinstance(getattr(thing, "check", None), Check)]
    return {made.name: made for made in found}
