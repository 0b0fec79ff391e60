"""The import hook: PyTorch's module names lead to our own module objects, under both names the same.

Two finders stand on `sys.meta_path`. The first one answers every name that begins with torch, torchvision or torchviz,
so that a PyTorch on the disk is never looked for. The last one is asked for `from torch.nn import Linaer` (Python then
tries whether a module `tinygrad_edu.nn.Linaer` exists, and nobody else has one), and says what is nearest.
"""

from __future__ import annotations

import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, TypeVar

from tinygrad_edu.compat.missing import no_attribute, no_import, no_module
from tinygrad_edu.compat.names import INNER, TOPS, find
from tinygrad_edu.compat.version import FOLLOWED, version_of

__all__ = ["FirstFinder", "LastFinder", "change", "explain_missing_names", "restore"]

_changed: dict[ModuleType, dict[str, Any]] = {}  # what our modules had under the names that are set below
_NOTHING = object()
_Error = TypeVar("_Error", bound=ImportError | AttributeError)


class FirstFinder(MetaPathFinder):
    """Finds our modules under PyTorch's names."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """None for names that are not PyTorch's.

        Raises:
            ModuleNotFoundError: a name of PyTorch's which is not here.
        """
        if fullname.partition(".")[0] not in TOPS:
            return None
        module = find(fullname)
        if module is None:
            raise no_module(fullname, sys.modules.get(fullname.rpartition(".")[0]))
        return ModuleSpec(fullname, _Same(fullname, module))


class _Same(Loader):
    """A loader that loads nothing: the module is there."""

    def __init__(self, alias: str, module: ModuleType) -> None:
        self.alias = alias
        self.module = module
        self.own_spec = module.__spec__

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return self.module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self.own_spec  # Python has just put the alias's in its place
        explain_missing_names(module)
        if self.alias in FOLLOWED:
            change(module, __version__=version_of(FOLLOWED[self.alias]))
        # Python now sets the module as an attribute of its parent. Where the parent has a function of that name
        # (autograd.gradcheck) it must not, and does not if the name is known already when the parent is loaded.
        for name, inner in list(sys.modules.items()):
            owner, _, part = name.rpartition(".")
            if owner == module.__name__ and vars(module).get(part, inner) is not inner:
                sys.modules.setdefault(f"{self.alias}.{part}", inner)
                explain_missing_names(inner)


class LastFinder(MetaPathFinder):
    """Explains a name that a `from` import did not find."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> None:
        """None, always; but for a `from` import in one of the modules that PyTorch's names lead to:

        Raises:
            ImportError: the module does not have that name.
        """
        owner, _, name = fullname.rpartition(".")
        if sys.modules.get(owner) in _changed and _is_from_import():
            raise _everywhere(no_import(sys.modules[owner], name))


def _is_from_import() -> bool:
    """Whether Python's import system asks on behalf of `from a import b` (and not of `import a.b`)."""
    frame = sys._getframe(2)
    while frame is not None and frame.f_code.co_filename.startswith("<frozen importlib"):
        if frame.f_code.co_name == "_handle_fromlist":
            return True
        frame = frame.f_back  # type: ignore[assignment]
    return False


def explain_missing_names(module: ModuleType) -> None:
    """Let a module say what is nearest to a name that it does not have, both as an attribute and in an import.

    So do the modules in it that are loaded, and those it loads when they are first asked for: `torch.nn.Linaer`.
    """
    for name, inner in list(sys.modules.items()):
        if name.startswith(f"{module.__name__}.") and name.split(".")[1] not in INNER:
            _explain(inner)
    _explain(module)


def _explain(module: ModuleType) -> None:
    if module in _changed:
        return
    own = vars(module).get("__getattr__")

    def __getattr__(name: str) -> Any:
        if own is not None:
            try:
                found = own(name)
                if isinstance(found, ModuleType) and found.__name__.startswith(f"{module.__name__}."):
                    explain_missing_names(found)
                return found
            except AttributeError:
                if name.startswith("_"):
                    raise
        elif name.startswith("_"):
            raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")
        raise _everywhere(no_attribute(module, name)) from None

    change(module, __getattr__=__getattr__)
    if not hasattr(module, "__path__"):
        change(module, __path__=[])  # Python asks the finders about names in packages only


def _everywhere(error: _Error) -> _Error:
    """The error as it is; but the modules that the search for the nearest name has loaded explain themselves too."""
    explain_missing_names(sys.modules["tinygrad_edu"])
    return error


def change(module: ModuleType, **names: Any) -> None:
    """Set names of a module until `restore`."""
    before = _changed.setdefault(module, {})
    for name, value in names.items():
        before.setdefault(name, vars(module).get(name, _NOTHING))
        setattr(module, name, value)


def restore() -> None:
    """Give every module back what it had, and forget PyTorch's names."""
    for module, before in _changed.items():
        for name, value in before.items():
            if value is _NOTHING:
                vars(module).pop(name, None)
            else:
                setattr(module, name, value)
    _changed.clear()
    for name in [name for name in sys.modules if name.partition(".")[0] in TOPS]:
        del sys.modules[name]
