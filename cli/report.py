"""What a demonstration says at the end: a summary for people or one JSON object, and why a run came no closer."""

from __future__ import annotations

import json
import math
import shutil
import textwrap
from collections.abc import Sequence
from typing import Any

import click

from tinygrad_edu.cli.descent import Descent, Job, Row
from tinygrad_edu.cli.objectives import Objective
from tinygrad_edu.cli.problem import Problem
from tinygrad_edu.kernels.choice import get_backend
from tinygrad_edu.optim.minimize import OPTIMIZERS

__all__ = [
    "as_json", "distance", "divergence", "finite", "header", "names", "pair", "row_text", "show", "summary", "why",
]  # fmt: skip

CLOSE = 1e-6  # heights below this count as arrived

WHY = {
    "adamw": (
        "weight decay pulls every step a little towards (0, 0), which holds it short of the minimum: more --steps "
        "at a moderate --lr come closer; adam has no decay"
    ),
    "rmsprop": (
        "it divides the gradient by its recent size, so its steps stay about lr long however flat it gets: "
        "a small lr arrives late, a large one rattles around the minimum"
    ),
    "adadelta": (
        "it chooses the length of its steps itself, from the steps before, and they grow until it overshoots: "
        "lr can only scale that"
    ),
    "adagrad": "it divides by all gradients so far, so its steps only ever shrink: give a larger --lr or more --steps",
    "sgd": "its steps are lr times the gradient, which is small where it is flat: more --steps, or --optim momentum",
}
STOPPED = {"converged": " (stopped there: the gradient is 0, or within --tol)"}
ELSE = "it is still on its way: give more --steps, or another --lr"
GROWS = "a momentum of 1 or more never fades, so its steps grow: give --momentum less than 1"


def number(value: float) -> str:
    """Seven significant digits, as many as a float32 holds.

    >>> number(0.35029241442680359)
    '0.3502924'
    """
    return f"{value:.7g}"


def pair(point: Sequence[float]) -> str:
    """A point with four decimals, as PyTorch prints tensors; very large numbers short.

    >>> pair((0.99182, -0.0000001))
    '(0.9918, -0.0000)'
    """
    return "(" + ", ".join(f"{x:.4f}" if abs(x) < 1e5 else f"{x:.4g}" for x in point) + ")"


def distance(objective: Objective, point: Sequence[float]) -> float:
    """From a point to the minimum."""
    return math.dist(point, objective.minimum)


def header() -> str:
    """The heads of the columns of `row_text`."""
    return f"{'step':>5} {'value':<12} {'gradient':<28} {'|grad|':<8} {'x':<16} lr"


def row_text(row: Row) -> str:
    """A step as a line of the table."""
    gradient = "(" + ", ".join(map(number, row.gradient)) + ")"
    return f"{row.step:>5} {number(row.value):<12} {gradient:<28} {row.norm:<8.3g} {pair(row.x):<16} {row.lr:g}"


def label(descent: Descent) -> str:
    """The run's settings, in words: ``momentum 0.9``."""
    return ", ".join(f"{name} {value}" for name, value in descent.job.options.items() if value is not True)


def names(jobs: Sequence[Job]) -> list[str]:
    """What to call each run: its optimizer, with the learning rate where the optimizer runs more than once.

    >>> names([Job("sgd", 0.25, {}), Job("sgd", 0.5, {}), Job("adam", 0.1, {})])
    ['sgd lr 0.25', 'sgd lr 0.5', 'adam']
    """
    optims = [job.optim for job in jobs]
    return [f"{job.optim} lr {job.lr:g}" if optims.count(job.optim) > 1 else job.optim for job in jobs]


def why(objective: Objective, descent: Descent) -> str:
    """Why this run is not at the minimum; empty if it is."""
    gap = descent.heights[-1]
    if descent.status == "diverged" or gap <= CLOSE:
        return ""
    if descent.status == "converged":
        return "it stopped where the gradient norm reached --tol; a smaller one goes on"
    if not descent.steps:
        return "it has not moved: give --steps 1 or more"
    if descent.job.lr == 0:
        return "with lr 0 every step is 0, however many: give a larger --lr"
    if _grows(descent.job):
        return GROWS
    if gap > descent.heights[0]:
        return "it is higher than where it began: its steps overshoot, further each time; lower --lr"
    if descent.job.optim not in ("adamw", "rmsprop", "adadelta") and _bounces(descent.trajectory[-11:].tolist()):
        return "its steps jump back and forth more than they get on: lower --lr"
    if descent.job.optim == "adamw" and not any(objective.minimum):
        return ELSE  # its decay pulls towards the minimum
    return WHY.get(descent.job.optim, ELSE)


def _grows(job: Job) -> bool:
    """Whether no learning rate is small enough for this."""
    return float(job.options.get("momentum", 0.0)) >= 1


def _bounces(points: Sequence[Sequence[float]]) -> bool:
    """Whether the way walked is several times the way made good."""
    walked = sum(math.dist(a, b) for a, b in zip(points, points[1:], strict=False))
    return walked > 3 * math.dist(points[0], points[-1])


def summary(objective: Objective, descents: Sequence[Descent], seed: int | None = None) -> str:
    """The result for people: a list for one run, a table for several."""
    head = f"f(x1, x2) = {objective.formula}, minimum {objective.least:g} at {_short(objective.minimum)}"
    if seed is not None:
        head += f"\nfrom {pair(descents[0].trajectory[0].tolist())}, which seed {seed} drew"
    if len(descents) == 1:
        return "\n".join([head, "", *_one(objective, descents[0])])
    lines = [
        head,
        "",
        f"{'optim':<8} {'lr':<6} {'point':<17} {'value':<12} {'|grad|':<8} {'distance':<8} {'steps':>5} {'seconds':>7}",
    ]
    for d in descents:
        lines.append(
            f"{d.job.optim:<8} {d.job.lr:<6g} {pair(d.point):<17} {number(d.value):<12} "
            f"{math.hypot(*d.gradient):<8.2e} {distance(objective, d.point):<8.2e} {d.steps:>5} {d.seconds:>7.3f}"
        )
    called = zip(names([d.job for d in descents]), (_note(objective, d) for d in descents), strict=True)
    notes = [f"{name}: {note}" for name, note in called if note]
    return "\n".join([*lines, *([""] if notes else []), *(_wrapped(note, "  ") for note in notes)])


def _one(objective: Objective, d: Descent) -> list[str]:
    settings = f", {label(d)}" if label(d) else ""
    facts = {
        "optimizer": f"{d.job.optim}, lr {d.job.lr:g}{settings}",
        "point": pair(d.point),
        "value": number(d.value),
        "|gradient|": f"{math.hypot(*d.gradient):.4g}",
        "distance": f"{distance(objective, d.point):.4g} from {_short(objective.minimum)}",
        "steps": f"{d.steps}" + STOPPED.get(d.status, ""),
        "seconds": f"{d.seconds:.3f}",
    }
    note = _note(objective, d)
    if note:
        facts["note"] = note
    return [_wrapped(f"{name:<11} {text}", " " * 12) for name, text in facts.items()]


def _wrapped(text: str, indent: str) -> str:
    width = min(100, shutil.get_terminal_size(fallback=(100, 24)).columns)
    return textwrap.fill(text, width, subsequent_indent=indent, break_on_hyphens=False)


def _note(objective: Objective, d: Descent) -> str:
    return f"diverged after step {d.steps}" if d.status == "diverged" else why(objective, d)


def _short(point: Sequence[float]) -> str:
    return "(" + ", ".join(f"{x:g}" for x in point) + ")"


def divergence(descents: Sequence[Descent]) -> Problem | None:
    """What to tell about the runs that diverged, with exit code 3; None if none did."""
    bad = [d for d in descents if d.status == "diverged"]
    if not bad:
        return None
    if any(d.steps == 0 for d in bad):
        return Problem(
            "f or its gradient is not finite at the start already", "choose a --start nearer to the minimum", code=3
        )
    told = "; ".join(
        f"{d.job.optim} diverged at step {d.steps} with lr {d.job.lr:g}: f = {number(d.value)} at {pair(d.point)}"
        for d in bad
    )
    if any(_grows(d.job) for d in bad):
        return Problem(told, GROWS, code=3)
    smaller = min(min(d.job.lr for d in bad) / 10, *(OPTIMIZERS[d.job.optim].lr for d in bad))
    other = "" if any(d.job.optim == "adam" for d in bad) else ", or --optim adam"
    return Problem(told, f"its steps are too long: try --lr {smaller:g}{other}", code=3)


def as_json(
    schema: str, objective: Objective, descents: Sequence[Descent], start: Any, plot: Any, seed: int | None, device: str
) -> str:
    """The whole result as one JSON object; what is not finite becomes null."""
    result = {
        "schema": schema,
        "function": {
            "formula": objective.formula,
            "parameters": objective.parameters,
            "minimum": list(objective.minimum),
            "minimum_value": objective.least,
        },
        "seed": seed,
        "backend": get_backend(),
        "device": device,
        "start": list(start),
        "dtype": "float32",
        "runs": [_run(objective, d) for d in descents],
        "plot": None if plot is None else str(plot),
    }
    return json.dumps(finite(result), allow_nan=False, indent=2)


def _run(objective: Objective, d: Descent) -> dict[str, Any]:
    return {
        "optim": d.job.optim,
        "lr": d.job.lr,
        "options": d.job.options,
        "status": d.status,
        "steps": d.steps,
        "point": list(d.point),
        "value": d.value,
        "gradient": list(d.gradient),
        "gradient_norm": math.hypot(*d.gradient),
        "distance": distance(objective, d.point),
        "seconds": d.seconds,
        "note": _note(objective, d) or None,
        "history": [
            {
                "step": row.step,
                "x": list(row.x),
                "value": row.value,
                "gradient": list(row.gradient),
                "gradient_norm": row.norm,
                "lr": row.lr,
            }
            for row in d.rows
        ],
    }


def finite(thing: Any) -> Any:
    """The same with None for every nan and inf: JSON has neither."""
    if isinstance(thing, dict):
        return {key: finite(value) for key, value in thing.items()}
    if isinstance(thing, list | tuple):
        return [finite(value) for value in thing]
    return None if isinstance(thing, float) and not math.isfinite(thing) else thing


def show(text: str) -> None:
    """Print a result on standard output, which carries nothing else."""
    click.echo(text)
