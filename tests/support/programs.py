"""Programs that we and PyTorch both run: functions of the library, whose printed results are compared as text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tinygrad_edu as tg

Program = Callable[[Any], Any]


class Programs(dict[str, Program]):
    """A table of programs; the decorator ``@program`` adds one under its name."""

    def __call__(self, function: Program) -> Program:
        self[function.__name__] = function
        return function


def leaf(t: Any, *shape: int) -> Any:
    count = 1
    for size in shape:
        count *= size
    return (t.arange(count, dtype=t.float32).reshape(shape) / 4 + 0.5).requires_grad_()


def outcome(library: Any, function: Callable[[Any], Any]) -> tuple[str, Any]:
    try:
        result = function(library)
    except Exception as error:
        return "raises", error
    return "prints", "\n".join(map(repr, result)) if isinstance(result, tuple) else repr(result)


def compare(torch: Any, function: Program) -> None:
    """Both print the same, or where PyTorch raises, so do we, with an error of its kind that explains itself."""
    kind, expected = outcome(torch, function)
    found_kind, found = outcome(tg, function)
    assert found_kind == kind, f"PyTorch {kind} {expected!r}, we {found_kind} {found!r}"
    if kind == "prints":
        assert found == expected
    else:
        assert isinstance(found, type(expected)), f"PyTorch raises {expected!r}, we {found!r}"
        assert len(str(found)) > 15
