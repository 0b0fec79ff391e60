"""Anomaly mode: whether nodes remember the line that recorded them, and the backward pass looks for nan.

The mode is one for the whole process, as in PyTorch: a backward pass may run in another thread than the forward one.
"""

from __future__ import annotations

import sys
import traceback
import warnings
from types import TracebackType
from typing import Any

__all__ = [
    "check_nan",
    "detect_anomaly",
    "enabled",
    "forward_call",
    "is_anomaly_check_nan_enabled",
    "is_anomaly_enabled",
    "set_detect_anomaly",
    "watch",
]

enabled = False
check_nan = True
observed = False  # whether new nodes are to be looked at: in this mode, or because there are saved-tensor hooks
_watchers = 0


def watch(change: int) -> None:
    """Count those, besides this mode, who want to see new nodes."""
    global observed, _watchers
    _watchers += change
    observed = enabled or _watchers > 0


def is_anomaly_enabled() -> bool:
    """True where anomaly mode is on."""
    return enabled


def is_anomaly_check_nan_enabled() -> bool:
    """True if anomaly mode, where it is on, looks for nan."""
    return check_nan


def _set(mode: bool, nan: bool) -> None:
    global enabled, check_nan
    enabled, check_nan = bool(mode), bool(nan)
    watch(0)


class set_detect_anomaly:  # noqa: N801 - PyTorch's name
    """Switches anomaly mode on or off at once; as a context manager, puts the old setting back at the end.

    Args:
        mode: on or off.
        check_nan: whether a nan that a backward rule returns is an error.
    """

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self._before = (enabled, is_anomaly_check_nan_enabled())
        _set(mode, check_nan)

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _set(*self._before)


class detect_anomaly:  # noqa: N801 - PyTorch's name
    """Find the line whose derivative is nan: nodes remember where they were recorded, and the backward pass looks.

    With this on, a rule that returns nan (or raises) is an error, and a warning shows the line of the forward
    computation that it belongs to. Everything becomes several times slower, so a warning says that it is on.

    Args:
        check_nan: whether nan is looked for; without it only exceptions are explained.

    >>> import warnings, tinygrad_edu as tg
    >>> x = tg.tensor([0.0], requires_grad=True)
    >>> with warnings.catch_warnings(action="ignore"), tg.autograd.detect_anomaly():
    ...     (x.sqrt() * 0).sum().backward()
    Traceback (most recent call last):
    tinygrad_edu.errors.GradError: Function 'SqrtBackward0' returned nan values in its 0th output.
    """

    def __init__(self, check_nan: bool = True) -> None:
        self.check_nan = check_nan
        self._before: list[tuple[bool, bool]] = []
        warnings.warn(
            "Anomaly Detection has been enabled. This mode will increase the runtime and should only be enabled for "
            "debugging.",
            stacklevel=2,
        )

    def __enter__(self) -> None:
        self._before.append((enabled, is_anomaly_check_nan_enabled()))
        _set(True, self.check_nan)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _set(*self._before.pop())


def forward_call() -> list[str]:
    """The stack of the running call, formatted, down to the last line that is not this package's own."""
    frame: Any = sys._getframe(1)
    package = __name__.partition(".")[0]
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == package:
        frame = frame.f_back
    return traceback.format_stack(frame)
