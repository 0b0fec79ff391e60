"""A line search: how far to go along a direction, so that the value falls and the slope flattens enough.

It looks at the function along one line only: phi(t) is the value at x + t · direction, and its slope is the
gradient there times the direction. Sources: J. Nocedal, S. Wright, "Numerical optimization", 2nd edition
2006, algorithms 3.5 (bracketing) and 3.6 (zoom), formula (3.59) (cubic interpolation); the safeguards are
those of M. Schmidt's minFunc, as in PyTorch.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

__all__ = ["Probe", "minimum_of_cubic", "strong_wolfe"]


class Probe(NamedTuple):
    """What is known at one distance along the line."""

    t: float
    value: float
    slope: float
    grad: Any = None
    """The full gradient there, which only the caller looks at."""


def minimum_of_cubic(a: Probe, b: Probe, low: float, high: float) -> float:
    """Where the cubic through two values and slopes has its minimum, kept between `low` and `high`.

    The middle between the two where it has none.

    >>> minimum_of_cubic(Probe(0.0, 1.0, -2.0), Probe(3.0, 4.0, 4.0), 0.0, 3.0)  # of (t - 1)²
    1.0
    """
    if a.t > b.t:
        a, b = b, a
    bend = a.slope + b.slope - 3 * (a.value - b.value) / (a.t - b.t)
    square = bend * bend - a.slope * b.slope
    if math.isfinite(square) and square >= 0:
        root = math.sqrt(square)
        steepness = b.slope - a.slope + 2 * root
        if steepness:
            return min(max(b.t - (b.t - a.t) * ((b.slope + root - bend) / steepness), low), high)
    return (low + high) / 2


def strong_wolfe(
    phi: Callable[[float], Probe],
    start: Probe,
    t: float,
    *,
    largest: float,
    max_probes: int,
    c1: float = 1e-4,
    c2: float = 0.9,
    tolerance_change: float = 1e-9,
) -> tuple[Probe, int]:
    """A probe that meets the strong Wolfe conditions, or the best one found, and how often phi was called.

    The conditions: value <= start.value + c1 · t · start.slope, and |slope| <= c2 · |start.slope|.

    Args:
        phi: evaluates the function at a distance.
        start: the probe at distance 0; its slope must be negative.
        t: the distance to try first.
        largest: the direction's largest entry, by magnitude: a bracket in which no entry of x could still
            change by tolerance_change is not divided further.
        max_probes: how often phi may be called after the first time.
    """

    def too_high(probe: Probe) -> bool:
        # Not "greater than": what is not a number counts as too high.
        return not probe.value <= start.value + c1 * probe.t * start.slope

    def flat(probe: Probe) -> bool:
        return abs(probe.slope) <= -c2 * start.slope

    # Go further and further until the minimum along the line must lie between two probes.
    previous, probe, calls = start, phi(t), 1
    while calls <= max_probes:
        if too_high(probe) or (calls > 2 and probe.value >= previous.value):
            low, high = previous, probe
            break
        if flat(probe):
            return probe, calls
        if probe.slope >= 0:
            low, high = sorted((previous, probe), key=_height)
            break
        t = minimum_of_cubic(previous, probe, probe.t + 0.01 * (probe.t - previous.t), probe.t * 10)
        previous, probe, calls = probe, phi(t), calls + 1
    else:
        return min(start, probe, key=_height), calls

    # Zoom: divide the bracket. Its end `low` always has fallen enough, but is not yet flat enough.
    stuck = False
    while calls <= max_probes and abs(high.t - low.t) * largest >= tolerance_change:
        left, right = min(low.t, high.t), max(low.t, high.t)
        t = minimum_of_cubic(low, high, left, right)
        margin = 0.1 * (right - left)
        close = min(right - t, t - left) < margin
        if close and (stuck or t >= right or t <= left):  # interpolation does not get away from the edge: help it
            t = right - margin if right - t < t - left else left + margin
            close = False
        stuck = close
        probe, calls = phi(t), calls + 1
        if too_high(probe) or probe.value >= low.value:
            high = probe
        else:
            if flat(probe):
                return probe, calls
            if probe.slope * (high.t - low.t) >= 0:
                high = low
            low = probe
    return low, calls


def _height(probe: Probe) -> float:
    return math.inf if math.isnan(probe.value) else probe.value
