"""The two functions to walk down, written once: they take a Tensor of two numbers as well as a grid of points."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["Objective", "paraboloid", "rosenbrock"]

# From anywhere here every optimizer goes down with its default rate, as a test sees to.
AROUND_THE_VALLEY = (-1.25, 1.25), (0.0, 1.5)
AROUND_THE_BOWL = (-6.0, 6.0), (-6.0, 6.0)


@dataclass(frozen=True)
class Objective:
    """A function of two numbers and where its minimum lies."""

    name: str
    formula: str
    """For people, in ASCII."""
    parameters: dict[str, float]
    function: Callable[[Any], Any]
    """Of x with x[0] and x[1]: a Tensor of shape (2,), or arrays of shape (2, ...)."""
    minimum: tuple[float, float]
    around: tuple[tuple[float, float], tuple[float, float]]
    """The least and greatest x1, and x2, of a random start."""
    least: float
    """The value at the minimum: heights are measured from it, so that they have a logarithm."""

    def start(self, seed: int) -> tuple[float, float]:
        """A random point to begin at, uniform over `around`; the same for the same seed."""
        from tinygrad_edu import Generator, rand

        parts = rand(2, generator=Generator().manual_seed(seed)).tolist()
        low, high = zip(*self.around, strict=True)
        x1, x2 = (a + (b - a) * part for a, b, part in zip(low, high, parts, strict=True))
        return x1, x2

    @property
    def height(self) -> str:
        """What the logarithm is taken of, for axis labels."""
        return "f" if self.least == 0 else f"f {-self.least:+g}".replace("+", "+ ").replace("-", "- ")


def rosenbrock(a: float, b: float) -> Objective:
    """(a - x1)^2 + b (x2 - x1^2)^2: a curved valley, its floor nearly level, with the minimum 0 at (a, a^2).

    >>> rosenbrock(1.0, 5.0).formula, rosenbrock(1.0, 5.0).function((-1.0, 1.0))
    ('(1 - x1)^2 + 5 (x2 - x1^2)^2', 4.0)
    """

    def function(x: Any) -> Any:
        x1, x2 = x[0], x[1]
        return (a - x1) ** 2 + b * (x2 - x1**2) ** 2

    formula = f"({a:g} - x1)^2 + {b:g} (x2 - x1^2)^2"
    return Objective("rosenbrock", formula, {"a": a, "b": b}, function, (a, a * a), AROUND_THE_VALLEY, 0.0)


def paraboloid(c: float) -> Objective:
    """0.2 x1^2 + c x2^2 - 5: a bowl where c = 0.2, a ravine where c is larger; the minimum -5 is at (0, 0)."""

    def function(x: Any) -> Any:
        return 0.2 * x[0] ** 2 + c * x[1] ** 2 - 5

    return Objective("paraboloid", f"0.2 x1^2 + {c:g} x2^2 - 5", {"c": c}, function, (0.0, 0.0), AROUND_THE_BOWL, -5.0)
