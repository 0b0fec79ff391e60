"""Runs the optimizers on an objective and keeps what there is to tell about each run."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from tinygrad_edu import tensor, zeros
from tinygrad_edu.cli.objectives import Objective
from tinygrad_edu.cli.problem import Problem
from tinygrad_edu.optim import minimize
from tinygrad_edu.optim.minimize import OPTIMIZERS

__all__ = ["Descent", "Job", "Row", "Watcher", "descend", "jobs"]


@dataclass(frozen=True)
class Job:
    """An optimizer with the options it is to run with."""

    optim: str
    lr: float
    options: dict[str, Any]


@dataclass(frozen=True)
class Row:
    """One step as it is printed: everything before the step's update, numbers of float32."""

    step: int
    x: tuple[float, float]
    value: float
    gradient: tuple[float, float]
    lr: float

    @property
    def norm(self) -> float:
        """The gradient's Euclidean norm."""
        return math.hypot(*self.gradient)


@dataclass(frozen=True)
class Descent:
    """A finished run."""

    job: Job
    status: str
    """As in `MinimizeResult`: "max_steps", "converged" or "diverged"."""
    steps: int
    point: tuple[float, float]
    value: float
    gradient: tuple[float, float]
    seconds: float
    trajectory: Any
    """The points, ndarray of shape (steps + 1, 2)."""
    heights: list[float]
    """The function's value above its minimum at these points, in float64."""
    rows: list[Row] = field(default_factory=list)


class Watcher(Protocol):
    """Who wants to see a run while it goes."""

    def begin(self, job: Job) -> None:
        """A run begins."""

    def step(self, row: Row) -> None:
        """A step is about to be done."""

    def end(self, descent: Descent) -> None:
        """The run is over."""


def jobs(
    optims: Sequence[str],
    rates: Sequence[float],
    momentum: float | None,
    betas: tuple[float, float] | None,
    defaults: dict[str, float] | None = None,
) -> list[Job]:
    """What to run. Raises Problem where an option belongs to none of the optimizers or is out of range.

    >>> jobs(["adam"], [], None, None)
    [Job(optim='adam', lr=0.05, options={})]
    """
    if len(rates) not in (0, 1, len(optims)):
        raise Problem(
            f"--lr is given {len(rates)} times for {len(optims)} optimizers",
            "give it once for all, or once for each --optim in their order",
        )
    found = []
    for number, name in enumerate(optims):
        entry = OPTIMIZERS[name]
        options = dict(entry.options)
        for option, given in (("momentum", momentum), ("betas", betas)):
            if given is None:
                continue
            if not entry.accepts(option):
                able = ", ".join(other for other, its in OPTIMIZERS.items() if its.accepts(option))
                raise Problem(f"{name} has no {option}", f"leave --{option} away, or choose one of {able}")
            options[option] = given
        lr = (defaults or {}).get(name, entry.lr) if not rates else rates[number if len(rates) > 1 else 0]
        entry.cls([zeros(2, requires_grad=True)], lr=lr, **options)  # raises here, before anything has run
        found.append(Job(name, lr, options))
    return found


def descend(
    objective: Objective,
    job: Job,
    start: tuple[float, float],
    steps: int,
    tol: float = 0.0,
    every: int | None = None,
    watcher: Watcher | None = None,
    device: str = "cpu",
) -> Descent:
    """Run one optimizer from `start` on a device; keep a row every `every` steps (by default ten in all)."""
    stride = every or max(1, steps // 10)
    rows: list[Row] = []

    def watch(step: int, x: Any, value: float, grad: Any, lr: float) -> None:
        if watcher is None and step % stride:
            return
        row = Row(step, tuple(x.tolist()), value, tuple(grad.tolist()), lr)
        if step % stride == 0:
            rows.append(row)
        if watcher is not None:
            watcher.step(row)

    if watcher is not None:
        watcher.begin(job)
    began = time.perf_counter()
    x0 = tensor(start, device=device)
    result = minimize(
        objective.function, x0, job.optim, lr=job.lr, steps=steps, tol=tol, callback=watch, **job.options
    )
    seconds = time.perf_counter() - began
    done = Descent(
        job=job,
        status=result.status,
        steps=result.steps,
        point=tuple(result.x.tolist()),
        value=result.value,
        gradient=tuple(result.grad.tolist()),
        seconds=seconds,
        trajectory=result.trajectory,
        heights=heights(objective, result.trajectory),
        rows=rows,
    )
    if watcher is not None:
        watcher.end(done)
    return done


def heights(objective: Objective, points: Any) -> list[float]:
    """The function above its minimum at the points, shape (n, 2): in float64, since f near -5 hides small heights."""
    import numpy as np

    with np.errstate(all="ignore"):  # a run that diverges overflows here too
        values = objective.function(np.asarray(points, dtype=np.float64).T) - objective.least
    return [float(value) for value in values]
