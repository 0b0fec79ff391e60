"""Imports go down only: the floors of the house, checked on the syntax tree of every module.

An import inside a function, or in a block for type checkers, counts as an import. Two rooms of one floor do
not import each other; inside a room any order is allowed as long as no two modules need each other.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
PACKAGE = "tinygrad_edu"
SOURCES = {PACKAGE: PROJECT / PACKAGE} | {f"{PACKAGE}.{name}": PROJECT / name for name in ("cli", "homework")}
ROOT = "(the package itself)"  # tinygrad_edu/__init__.py: the public names, for users and for the front ends

FLOORS = {
    "errors": 0,
    "absent": 1, "engine": 1,
    "viz": 2, "kernels": 2,
    "ops": 3,
    "value": 4, "tensors": 4,
    "amp": 5, "autograd": 5, "backends": 5, "distributed": 5, "mps": 5, "multiprocessing": 5, "onnx": 5,
    "random": 5, "settings": 5, "special": 5,
    "distributions": 5, "linalg": 5, "nn": 5, "utils": 5,
    "cuda": 6, "optim": 6, "serialization": 6, "vision": 6,
    "accelerator": 7, ROOT: 7,
    "version": 8,
    "train": 8, "compat": 8,
    "homework": 9,
    "cli": 10,
}  # fmt: skip


def room_of(module: str) -> str:
    """The room a module belongs to: the first name below the package."""
    return module.split(".")[1] if "." in module else ROOT


def imported(source: str, module: str, is_package: bool, modules: set[str]) -> Iterator[tuple[str, int]]:
    """Every module of the package that this source imports, anywhere in it, with the line."""

    def resolve(name: str, part: str | None = None) -> str:
        """The module that `from name import part` loads: the part where it is a module, else its owner."""
        return f"{name}.{part}" if part and f"{name}.{part}" in modules else name

    here = module.split(".") if is_package else module.split(".")[:-1]
    for node in ast.walk(ast.parse(source)):
        found = []
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(here[: len(here) - node.level + 1]) if node.level else ""
            owner = ".".join(part for part in (base, node.module) if part)
            found = [resolve(owner, alias.name) for alias in node.names]
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = getattr(node.func, "attr", getattr(node.func, "id", None))
            if called in ("import_module", "__import__"):
                name = str(node.args[0].value)
                dots = len(name) - len(name.lstrip("."))
                found = [".".join(here[: len(here) - dots + 1] + [name[dots:]]) if dots else name]
        for name in found:
            if name == PACKAGE or name.startswith(PACKAGE + "."):
                yield name, getattr(node, "lineno", 0)


def violations(sources: dict[str, tuple[str, bool]]) -> list[str]:
    """What breaks the rule, one line each; `sources` maps module names to (source, is a package)."""
    bad, graph = [], {}
    for module, (source, is_package) in sources.items():
        own = room_of(module)
        if own not in FLOORS:
            bad.append(f"{module}: the room {own!r} stands on no floor; give it one in FLOORS")
            continue
        names = set(imported(source, module, is_package, set(sources)))
        graph[module] = sorted({n for n, _ in names if n in sources and n != module and room_of(n) == own})
        for name, line in sorted(names):
            room = room_of(name)
            if room != own and FLOORS.get(room, 99) >= FLOORS[own]:
                floors = f"floor {FLOORS[own]} imports floor {FLOORS.get(room)}"
                bad.append(f"{module}:{line} imports {name} ({own} imports {room}: {floors})")
    return bad + [f"in a circle: {' -> '.join(circle)}" for circle in circles(graph)]


def circles(graph: dict[str, list[str]]) -> Iterator[list[str]]:
    """One circle through each module that can be reached from itself, each circle once."""
    seen: set[frozenset[str]] = set()
    for start in graph:
        paths = [[start]]
        visited: set[str] = set()
        while paths:
            path = paths.pop()
            for name in graph.get(path[-1], ()):
                if name == start and frozenset(path) not in seen:
                    seen.add(frozenset(path))
                    yield [*path, start]
                elif name not in visited:
                    visited.add(name)
                    paths.append([*path, name])


def sources_on_disk() -> dict[str, tuple[str, bool]]:
    found = {}
    for package, folder in SOURCES.items():
        for file in sorted(folder.rglob("*.py")):
            parts = [package, *file.relative_to(folder).with_suffix("").parts]
            is_package = parts[-1] == "__init__"
            module = ".".join(parts[:-1] if is_package else parts)
            found[module] = (file.read_text(encoding="utf-8"), is_package)
    return found


def test_imports_go_down_only() -> None:
    assert violations(sources_on_disk()) == []


MODULES = {
    "tinygrad_edu": ("from tinygrad_edu.value import Value", True),
    "tinygrad_edu.errors": ("", False),
    "tinygrad_edu.engine": ("", True),
    "tinygrad_edu.engine.order": ("from ..errors import GradError", False),
    "tinygrad_edu.engine.modes": ("", False),
    "tinygrad_edu.viz": ("", True),
    "tinygrad_edu.kernels": ("", True),
    "tinygrad_edu.value": ("import tinygrad_edu.engine.order\nfrom . import errors, viz", False),
    "tinygrad_edu.optim": ("", True),
    "tinygrad_edu.cli": ("import tinygrad_edu as tg\nfrom .main import main", True),
    "tinygrad_edu.cli.main": ("from tinygrad_edu.optim import SGD", False),
}


def test_a_lawful_house_passes() -> None:
    assert violations(MODULES) == []


@pytest.mark.parametrize(
    ("module", "source", "told"),
    [
        ("engine.order", "def f():\n    from tinygrad_edu.optim import SGD", "imports tinygrad_edu.optim"),
        ("engine.order", "from ..optim import SGD", "imports tinygrad_edu.optim"),
        ("engine.order", "from .. import value", "imports tinygrad_edu.value"),
        ("engine.order", "from tinygrad_edu import Value", "imports tinygrad_edu "),
        ("engine.order", "import_module('tinygrad_edu.value')", "imports tinygrad_edu.value"),
        ("engine.order", "importlib.import_module('..value', __package__)", "imports tinygrad_edu.value"),
        ("viz", "if TYPE_CHECKING:\n    import tinygrad_edu.kernels", "imports tinygrad_edu.kernels"),
        ("optim", "from tinygrad_edu.cli.main import main", "imports tinygrad_edu.cli.main"),
        ("engine.modes", "from .modes2 import a", None),
        ("attic", "", "stands on no floor"),
    ],
)
def test_a_made_up_violation_is_found(module: str, source: str, told: str | None) -> None:
    found = violations({**MODULES, f"tinygrad_edu.{module}": (source, module in ("viz", "optim"))})
    assert found == [] if told is None else told in "\n".join(found)


def test_a_made_up_circle_inside_a_room_is_found() -> None:
    circle = {
        "tinygrad_edu.engine.order": ("from .modes import a", False),
        "tinygrad_edu.engine.modes": ("def f():\n    from . import order", False),
    }
    assert "in a circle" in "\n".join(violations({**MODULES, **circle}))
