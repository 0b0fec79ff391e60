"""What is said about a name of PyTorch's that is not here: that it is not, and the nearest that is."""

from __future__ import annotations

from difflib import SequenceMatcher, get_close_matches
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

from tinygrad_edu.compat.names import pytorch_name

__all__ = ["nearest", "no_attribute", "no_import", "no_module"]

# Where a name is looked for that stands somewhere else: torch.Linear is torch.nn.Linear.
PLACES = (
    "tinygrad_edu", "tinygrad_edu.nn", "tinygrad_edu.nn.functional", "tinygrad_edu.optim",
    "tinygrad_edu.optim.lr_scheduler", "tinygrad_edu.utils.data", "tinygrad_edu.linalg", "tinygrad_edu.autograd",
)  # fmt: skip
ABSENT = "tinygrad_edu, which stands in for PyTorch here, does not have it."
LIKE, VERY_LIKE = 0.6, 0.85  # difflib's measure of likeness (1: the same): in the module itself, and elsewhere


def nearest(module: ModuleType | None, name: str) -> str:
    """The full name of what is most like `name`, in `module` or, if it stands elsewhere, there; empty if nothing is.

    >>> import tinygrad_edu.nn as nn
    >>> nearest(nn, "LayerNorn"), nearest(nn, "relu"), nearest(nn, "Adam"), nearest(nn, "quantum_teleporter")
    ('torch.nn.LayerNorm', 'torch.nn.ReLU', 'torch.optim.Adam', '')
    """
    own = _names(module) if module is not None else {}
    if module is not None and name.lower() in own:
        return _full(module, own[name.lower()])
    known = {place: _names(place) for place in map(import_module, PLACES)}
    for place, names in known.items():
        if name in names.values():
            return _full(place, name)
    like = [(_likeness(name, close), module, own[close]) for close in get_close_matches(name.lower(), own, 1, LIKE)]
    for place, names in known.items():
        for close in get_close_matches(name.lower(), names, 1, VERY_LIKE):
            like.append((_likeness(name, close) - 0.05, place, names[close]))
    return _full(*max(like, key=lambda each: each[0])[1:]) if like else ""


def _likeness(name: str, other: str) -> float:
    return SequenceMatcher(None, name.lower(), other).ratio()


def nearest_module(module: ModuleType | None, name: str) -> str:
    """The same among the modules that are in `module`."""
    names = [found.name for found in iter_modules(getattr(module, "__path__", None) or [])]
    close = get_close_matches(name.lower(), names, 1, LIKE + 0.1)
    return _full(module, close[0]) if module is not None and close else ""


def _names(module: ModuleType) -> dict[str, str]:
    """The public names of a module by their lower-case spelling."""
    listed = dir(module) if "__dir__" in vars(module) else getattr(module, "__all__", dir(module))
    return {name.lower(): name for name in listed if not name.startswith("_")}


def _full(module: ModuleType | None, name: str) -> str:
    return f"{pytorch_name(module.__name__)}.{name}" if module is not None else name


def _advice(near: str) -> str:
    return f"The nearest that it has is {near}." if near else "It has nothing of a similar name."


def no_attribute(module: ModuleType, name: str) -> AttributeError:
    """For ``torch.nn.Linaer``."""
    where = pytorch_name(module.__name__)
    told = f"module {where!r} has no attribute {name!r}: {ABSENT} "
    return AttributeError(told + _advice(nearest(module, name)), name=name)


def no_import(module: ModuleType, name: str) -> ImportError:
    """For ``from torch.nn import Linaer``."""
    where = pytorch_name(module.__name__)
    told = f"cannot import name {name!r} from {where!r}: {ABSENT} "
    return ImportError(told + _advice(nearest(module, name)), name=where, path=getattr(module, "__file__", None))


def no_module(name: str, module: ModuleType | None) -> ModuleNotFoundError:
    """For ``import torch.jit``; `module` is the one it would be in."""
    told = f"No module named {name!r}: {ABSENT} "
    return ModuleNotFoundError(told + _advice(nearest_module(module, name.rpartition(".")[2])), name=name)
