"""Deciding what an observation is worth: comparisons that explain themselves, and the table of an exercise's checks.

Judges run where no student code was ever loaded. An observation is what a hostile program may have written, so every
comparison takes anything and answers with a `Fail`, never with another exception.
"""

from tinygrad_edu.homework.judge.checks import Check, check, checks_of
from tinygrad_edu.homework.judge.comparisons import (
    close,
    equal,
    grad_close,
    numeric_gradient,
    raises,
    require,
    shape_is,
    texts,
)
from tinygrad_edu.homework.judge.fail import Cause, Fail

__all__ = [
    "Cause", "Check", "Fail", "check", "checks_of", "close", "equal", "grad_close", "numeric_gradient",
    "raises", "require", "shape_is", "texts",
]  # fmt: skip
