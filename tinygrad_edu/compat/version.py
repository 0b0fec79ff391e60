"""`torch.__version__`: text that compares as a version does, as PyTorch's own."""

from __future__ import annotations

import re
from typing import Any

import tinygrad_edu

__all__ = ["FOLLOWED", "TorchVersion", "version_of"]

FOLLOWED = {"torch": "2.13.0", "torch.version": "2.13.0", "torchvision": "0.28.0"}
"""The versions whose behaviour is followed, and which `__version__` says."""
_OURS = tinygrad_edu.__version__


class TorchVersion(str):
    """A version as text; `<`, `>=` and the like compare its numbers, with text or with a tuple of numbers.

    What follows a "+" says who made it and is not compared.

    >>> now = TorchVersion("2.13.0+ours")
    >>> now >= "2.2", now >= (1, 13), now < "2.13.1", now == "2.13.0", now.split(".")[:2]
    (True, True, True, True, ['2', '13'])
    """

    def _compare(self, other: Any) -> int:
        ours, theirs = _numbers(self), _numbers(other)
        length = max(len(ours), len(theirs))
        ours, theirs = ours + (0,) * (length - len(ours)), theirs + (0,) * (length - len(theirs))
        return (ours > theirs) - (ours < theirs)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, (str, tuple, list)) and self._compare(other) == 0

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __lt__(self, other: Any) -> bool:
        return self._compare(other) < 0

    def __le__(self, other: Any) -> bool:
        return self._compare(other) <= 0

    def __gt__(self, other: Any) -> bool:
        return self._compare(other) > 0

    def __ge__(self, other: Any) -> bool:
        return self._compare(other) >= 0

    __hash__ = str.__hash__


def _numbers(version: Any) -> tuple[int, ...]:
    """The leading numbers of a version: "2.13.0+cpu" gives (2, 13, 0)."""
    if isinstance(version, str):
        version = re.match(r"\s*v?(\d+(?:\.\d+)*)", version)
        version = version[1].split(".") if version else ()
    return tuple(int(part) for part in version)


def version_of(followed: str) -> TorchVersion:
    """What `__version__` says: the version that is followed, and whose work this is.

    >>> version_of("2.13.0")
    '2.13.0+tinygrad.edu...'
    """
    return TorchVersion(f"{followed}+tinygrad.edu.{_OURS}")
