"""What a whole class did: how many pass each check, and which of the known mistakes they made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from tinygrad_edu.homework.grading.report import Result


@dataclass
class CheckStatistics:
    """One check over all students who handed the exercise in.

    Attributes:
        states: how many ended in which state.
        mistakes: how many gave the result of which known mistake.
    """

    exercise: str
    check: str
    states: Counter[str] = field(default_factory=Counter)
    mistakes: Counter[str] = field(default_factory=Counter)

    @property
    def handed_in(self) -> int:
        return sum(self.states.values())

    @property
    def pass_rate(self) -> float:
        """From 0 to 1, of those who handed in."""
        return self.states["pass"] / self.handed_in if self.handed_in else 0.0


def statistics(results: Sequence[Result]) -> list[CheckStatistics]:
    """Per check, in the order of the results."""
    found: dict[tuple[str, str], CheckStatistics] = {}
    for result in results:
        for slug, row in result.exercises.items():
            for check in row["checks"]:
                key = slug, check["name"]
                one = found.setdefault(key, CheckStatistics(*key))
                one.states[check["state"]] += 1
                if check["mistake"]:
                    one.mistakes[check["mistake"]] += 1
    return list(found.values())
