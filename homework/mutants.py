"""Small wrong variants of a solution, made by machine: good checks notice every one that computes something else."""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from tinygrad_edu.homework.course import Exercise
from tinygrad_edu.homework.matrix import outcomes
from tinygrad_edu.homework.session import reference_base, with_needs

SWAPPED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.Pow: ast.Mult,
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One variant: what was changed (`line 12: + becomes -`) and the program."""

    what: str
    source: str


def mutants(source: str) -> Iterator[Mutant]:
    """Every variant of a program that differs from it in one place. What makes the text of an error is left alone.

    >>> [m.what for m in mutants("def f(x):\\n    return x + 1\\n")]
    ['line 2: Add becomes Sub', 'line 2: 1 becomes 2']
    """
    tree = ast.parse(source)
    met: Counter[str] = Counter()
    words = {id(part) for node in ast.walk(tree) if isinstance(node, ast.Raise) for part in ast.walk(node)}
    for number, node in enumerate(ast.walk(tree)):
        if id(node) in words:
            continue
        for what, change in _changes(node):
            changed = copy.deepcopy(tree)
            change(_numbered(changed, number))
            name = f"line {_line(tree, number)}: {what}"
            met[name] += 1
            which = f" (no. {met[name]})" if met[name] > 1 else ""
            yield Mutant(name + which, ast.unparse(ast.fix_missing_locations(changed)))


def _numbered(tree: ast.AST, number: int) -> ast.AST:
    return next(node for n, node in enumerate(ast.walk(tree)) if n == number)


def _line(tree: ast.AST, number: int) -> int:
    return int(getattr(_numbered(tree, number), "lineno", 0))


Change = Callable[[ast.AST], None]


def _changes(node: ast.AST) -> Iterator[tuple[str, Change]]:
    """What can be changed at one node: (in words, function that changes the same node of a copy)."""
    if isinstance(node, (ast.BinOp, ast.AugAssign, ast.BoolOp)) and type(node.op) in SWAPPED:
        yield _swap(node.op, "op")
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in SWAPPED:
        new = SWAPPED[type(node.ops[0])]
        yield f"{type(node.ops[0]).__name__} becomes {new.__name__}", lambda n: setattr(n, "ops", [new()])
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield "the minus is dropped", lambda n: setattr(n, "op", ast.UAdd())
    if isinstance(node, ast.Attribute) and node.attr == "T" and isinstance(node.ctx, ast.Load):
        yield ".T is dropped", lambda n: setattr(n, "attr", "real")
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)) and not isinstance(node.value, bool):
        more = node.value + 1
        yield f"{node.value} becomes {more}", lambda n: setattr(n, "value", more)
    if isinstance(node, ast.AugAssign):
        yield "added up becomes overwritten", _overwrite


def _swap(op: ast.AST, field: str) -> tuple[str, Change]:
    new = SWAPPED[type(op)]
    return f"{type(op).__name__} becomes {new.__name__}", lambda n: setattr(n, field, new())


def _overwrite(node: ast.AST) -> None:
    """Make `x += y` the same node with `x = y`: an AugAssign whose left side does not count."""
    assert isinstance(node, ast.AugAssign)
    node.value = ast.BinOp(left=node.value, op=ast.Sub(), right=copy.deepcopy(node.target))
    for target in ast.walk(node.value):
        if hasattr(target, "ctx"):
            target.ctx = ast.Load()
    node.op = ast.Add()


def survivors(exercise: Exercise, but: Collection[str] = ()) -> list[str]:
    """The mutants of the solution that pass every check; those of `but` are not tried.

    The checks are tried one after the other, each on all mutants that are still alive in one batch: most die at once.
    """
    base = reference_base(exercise)
    alive = [mutant for mutant in mutants(exercise.solution) if mutant.what not in but]
    for check in with_needs(exercise, exercise.checks):
        found = outcomes(exercise, [mutant.source for mutant in alive], checks=[check], base=base)
        alive = [mutant for mutant, outcome in zip(alive, found, strict=True) if outcome[check].state == "pass"]
    return [mutant.what for mutant in alive]
