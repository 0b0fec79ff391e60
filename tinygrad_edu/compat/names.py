"""Where a module of PyTorch's stands here: `torch.nn.functional` is `tinygrad_edu.nn.functional`, and so on."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType

__all__ = ["INNER", "TOPS", "find", "pytorch_name", "translated"]

# The longest beginning that stands here decides; what follows it is the same in both.
RENAMED = {
    "torch": "tinygrad_edu",
    "torch.functional": "tinygrad_edu",
    "torch.optim.adamw": "tinygrad_edu.optim.adam",
    "torch.return_types": "tinygrad_edu.tensors.return_types",
    "torch.utils.data._utils": "tinygrad_edu.utils.data",
    "torchvision": "tinygrad_edu.vision",
    "torchviz": "tinygrad_edu.viz",
    "torchviz.dot": "tinygrad_edu.viz.torchviz",
}
# Rooms of the house that PyTorch does not have.
INNER = frozenset("absent cli compat engine errors homework kernels ops tensors train value".split())
TOPS = frozenset(name for name in RENAMED if "." not in name)


def translated(name: str) -> str:
    """The name here of a module of PyTorch's, whether it exists or not.

    >>> translated("torch.utils.data.dataloader"), translated("torchvision.transforms")
    ('tinygrad_edu.utils.data.dataloader', 'tinygrad_edu.vision.transforms')
    """
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        ours = RENAMED.get(".".join(parts[:end]))
        if ours is not None:
            return ".".join([ours, *parts[end:]])
    raise ValueError(f"{name!r} is no name of PyTorch's")


def pytorch_name(name: str) -> str:
    """What PyTorch calls one of our modules; our own name for what it does not have.

    >>> pytorch_name("tinygrad_edu.nn.modules"), pytorch_name("tinygrad_edu.viz")
    ('torch.nn.modules', 'torchviz')
    """
    for ours, theirs in _backwards():
        if name == ours or name.startswith(f"{ours}."):
            return theirs + name[len(ours) :]
    return name


def _backwards() -> Iterator[tuple[str, str]]:
    yield "tinygrad_edu.vision", "torchvision"
    yield "tinygrad_edu.viz", "torchviz"
    yield "tinygrad_edu", "torch"


def find(name: str) -> ModuleType | None:
    """Our module for a name of PyTorch's, imported; None where there is none.

    `torch.backends.cudnn` and the like are modules that stand in another one, not in a file.

    Raises:
        ImportError: the module is there, but something that it imports is not.
    """
    ours = translated(name)
    if ours in sys.modules:
        return sys.modules[ours]
    try:
        return import_module(ours)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{ours}.".startswith(f"{error.name}."):
            raise
    above, _, part = name.rpartition(".")
    owner = find(above) if above else None
    inner = vars(owner).get(part) if owner is not None else None
    return inner if isinstance(inner, ModuleType) else None
