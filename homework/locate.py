"""Finds where a name is defined in a student's file, from the text alone: nothing of it is executed."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from tinygrad_edu.homework.runner.seen import Frame


def locate(source: str, names: Sequence[str], file: str) -> Frame | None:
    """The line that defines the first of these names (`Value.__mul__`), or None.

    >>> locate("class A:\\n    def f(self):\\n        return 1\\n", ["A.f"], "a.py")
    Frame(file='a.py', line=2, function='A.f', code='def f(self):', raises=False)
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    lines = source.splitlines()
    for name in names:
        line = _line(tree, name.split("."))
        if line:
            return Frame(file, line, name, lines[line - 1].strip()[:200])
    return None


def _line(tree: ast.AST, path: list[str]) -> int | None:
    node: ast.AST = tree
    for part in path:
        found = next((child for child in ast.iter_child_nodes(node) if _defines(child, part)), None)
        if found is None:
            return None
        node = found
    return getattr(node, "lineno", None)


def _defines(node: ast.AST, name: str) -> bool:
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return node.name == name
    if isinstance(node, ast.Assign):  # __radd__ = __add__
        return any(isinstance(target, ast.Name) and target.id == name for target in node.targets)
    return False
