"""How processes that are started afresh (as on Windows and macOS), not forked, come to know PyTorch's names.

Such a process imports the main program again, in order to know its classes. Python looks for it by the name in the
`__spec__` of `__main__`: ours names `tinygrad_edu.compat.child`, which installs the names and then runs the script.
A notebook has no program to run again; its processes only install the names.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import ModuleSpec

__all__ = ["SCRIPT", "ChildSpec", "forget_children", "tell_children"]

SCRIPT = "TINYEDU_SCRIPT"
"""The environment variable that names the script to the processes it starts; empty for a notebook."""


class ChildSpec(ModuleSpec):
    """The `__spec__` of a main module whose processes begin with `child`."""

    def __init__(self) -> None:
        super().__init__("tinygrad_edu.compat.child", None)

    @property
    def parent(self) -> str:
        """Empty: a main program is in no package, and relative imports in it are errors as ever."""
        return ""


def tell_children() -> None:
    """Let processes that a notebook or a prompt starts know the names. A program's own begin with its own install()."""
    main = sys.modules["__main__"]
    if getattr(main, "__spec__", None) is None and not hasattr(main, "__file__"):
        main.__spec__ = ChildSpec()
        os.environ[SCRIPT] = ""


def forget_children() -> None:
    """Undo `tell_children`."""
    main = sys.modules["__main__"]
    if isinstance(main.__spec__, ChildSpec) and not os.environ.get(SCRIPT):
        main.__spec__ = None
        os.environ.pop(SCRIPT, None)
