"""Code written for PyTorch, run as it stands: `import torch` gives tinygrad_edu.

>>> from tinygrad_edu import compat
>>> compat.install()
>>> import torch.nn.functional as F
>>> F.__name__
'tinygrad_edu.nn.functional'
>>> compat.uninstall()

The command `tinyedu run SCRIPT.py` does this for a script, `%load_ext tinygrad_edu` for a notebook. A PyTorch that is
installed is neither touched nor loaded.
"""

from __future__ import annotations

import sys
from typing import Any

from tinygrad_edu.compat.children import forget_children, tell_children
from tinygrad_edu.compat.finder import FirstFinder, LastFinder, explain_missing_names, restore
from tinygrad_edu.compat.names import TOPS

__all__ = ["install", "installed", "load_ipython_extension", "uninstall", "unload_ipython_extension"]

_finders = (FirstFinder(), LastFinder())
_before: list[bool] = []  # whether PyTorch's names have led here once already


def installed() -> bool:
    """Whether PyTorch's names lead here in this process."""
    return _finders[0] in sys.meta_path


def install() -> None:
    """From now on `import torch`, `torchvision`, `torchviz` and what is in them give our modules, in this process.

    A second call changes nothing.

    Raises:
        RuntimeError: one of them is imported already: its objects cannot be exchanged any more.
    """
    if installed():
        return
    loaded = sorted(top for top in TOPS if top in sys.modules)
    if loaded:
        raise RuntimeError(
            f"compat.install(): {loaded[0]} has been imported in this process already. Call install() before the first "
            "import of it; in a notebook, restart the kernel first"
        )
    sys.meta_path.insert(0, _finders[0])
    sys.meta_path.append(_finders[1])
    tell_children()
    if _before:  # a program may hold modules since the first time, and will not import them again
        explain_missing_names(sys.modules["tinygrad_edu"])


def uninstall() -> None:
    """Undo `install`: PyTorch's names are what they were. Modules that a program holds already stay ours."""
    for finder in _finders:
        if finder in sys.meta_path:
            sys.meta_path.remove(finder)
    forget_children()
    restore()
    _before.append(True)


def load_ipython_extension(ipython: Any = None) -> None:
    """What ``%load_ext tinygrad_edu`` calls."""
    install()


def unload_ipython_extension(ipython: Any = None) -> None:
    """What ``%unload_ext tinygrad_edu`` calls."""
    uninstall()
