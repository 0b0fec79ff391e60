"""Finds what a failed call went through in a student's file, from the text alone: nothing of it is executed."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from tinygrad_edu.homework.judge.fail import Cause, Fail
from tinygrad_edu.homework.runner.seen import Frame

MARK = "\ufeff"
"""The byte order mark, which some editors begin a file with."""


def locate(source: str, names: Sequence[str], file: str) -> Frame | None:
    """The line that defines the first of these names (`Value.__mul__`), or None.

    >>> locate("class A:\\n    def f(self):\\n        return 1\\n", ["A.f"], "a.py")
    Frame(file='a.py', line=2, function='A.f', code='def f(self):', raises=False)
    """
    try:
        tree = ast.parse(source.lstrip(MARK))
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


OPERATORS = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "truediv", ast.Pow: "pow", ast.MatMult: "matmul",
    ast.Lt: "lt", ast.LtE: "le", ast.Gt: "gt", ast.GtE: "ge", ast.Eq: "eq", ast.NotEq: "ne",
}  # fmt: skip
PROCEDURES = ("__init__", "backward", "step", "zero_grad")
"""What is called for what it does, and returns nothing."""
WALK = ("overwritten", "unreached", "zeros", "aliased")
"""Causes that lie where gradients are handed on, not in the derivative of one operation."""


def called(source: str, fail: Fail, names: Sequence[str], plain: Sequence[str] = ()) -> list[str]:
    """The names in the student's file that the failed call went through, the likeliest first; then `names`.

    The call is read from the failure's own text (`z = x - y`, `layer(x) with …`). An expression of one operation leads
    to that operation. One of several, or one that uses a value twice, leads to the operation that writes `.grad`,
    if the student's operations do so themselves; else to `names`, the check's own places, among them the walk.

    Args:
        source: the student's program.
        fail: what failed.
        names: where the check looks if the call does not tell.
        plain: variables of the check that are no objects of the student's, so that `v * x` is `x.__rmul__`.
    """
    try:
        program = ast.parse(source.lstrip(MARK))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return list(names)
    classes = [node for node in program.body if isinstance(node, ast.ClassDef)]
    wanted = {name.split(".")[0] for name in names}
    of_check = [node for node in classes if node.name in wanted] or classes
    expression = _expression(fail)
    if expression is None:
        return list(names)
    found: list[tuple[ast.AST | None, str]] = []
    for operation in _operations(expression, {node.name for node in classes}, plain):
        if not operation.startswith("."):
            found.append((_defined(program, operation), operation))
        for owner in of_check if operation.startswith(".") else ():
            found.append((_defined(owner, operation[1:]), f"{owner.name}{operation}"))
    found = [(node, name) for node, name in dict.fromkeys(found) if node is not None]
    used = [node.id for node in ast.walk(expression) if isinstance(node, ast.Name)]
    of_gradient = fail.kind.startswith("grad") or ".grad" in fail.label
    walk = of_gradient and (len(used) > len(set(used)) or (fail.cause is not None and fail.cause.key in WALK))
    if len(found) > 1 or walk:
        writing = [(node, name) for node, name in found if _writes(node, overwriting=False)]
        careless = [(node, name) for node, name in writing if _writes(node, overwriting=True)]
        found = careless or writing
        if walk and not found:
            found = [(None, f"{node.name}.backward") for node in of_check]
    return [name for _, name in found] + list(names)


def without_return(source: str, fail: Fail, names: Sequence[str], plain: Sequence[str] = ()) -> str | None:
    """The first function that the call went through and that returns nothing at all, `return` forgotten; or None.

    >>> source = "class A:\\n    def __mul__(self, other):\\n        A()\\n"
    >>> without_return(source, Fail("value", where="z = x * y; z.backward()"), [])
    'A.__mul__'
    """
    try:
        program = ast.parse(source.lstrip(MARK))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    for name in called(source, fail, names, plain):
        *owner, own = name.split(".")
        place: ast.AST | None = _defined(program, owner[0]) if owner else program
        made = _defined(place, own) if place is not None else None
        if isinstance(made, ast.FunctionDef) and own not in PROCEDURES and not _answers(made):
            return name
    return None


def of_error(source: str, text: str) -> Cause | None:
    """What two messages of Python's mean here, which tell a beginner nothing.

    >>> of_error("class A:\\n    def forward(self, x): ...\\n", "'A' object is not callable").key
    'no_call'
    """
    if "memoryview" in text:
        return Cause("memoryview")
    uncalled = re.fullmatch(r"'(\w+)' object is not callable", text)
    if uncalled:
        try:
            made = _defined(ast.parse(source.lstrip(MARK)), uncalled[1])
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
        if made is not None and _defined(made, "forward") and not _defined(made, "__call__"):
            return Cause("no_call", {"name": uncalled[1]})
    return None


def _answers(function: ast.FunctionDef) -> bool:
    """Whether it returns or yields anything, or says that it is not written; functions inside of it do not count."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.Yield, ast.YieldFrom)) or (isinstance(node, ast.Return) and node.value):
            return True
        if isinstance(node, ast.Raise) and node.exc is not None and "NotImplementedError" in ast.unparse(node.exc):
            return True
        if not isinstance(node, (ast.FunctionDef, ast.Lambda, ast.ClassDef)):
            waiting.extend(ast.iter_child_nodes(node))
    return False


def _expression(fail: Fail) -> ast.expr | None:
    """What was computed: `(a + b).data` and `f(x)` are labels; `z = x*y   at x = 2` is where the failure was."""
    # (`dz/dx` and `x.grad[0, 1]` are no calls: such a label is left for where it was.)
    texts = [fail.label, fail.where] if "(" in fail.label else [fail.where, fail.label]
    for text in texts if not re.search(r"\.grad|^d\w+/d\w+$", fail.label) else [fail.where]:
        text = re.split(r"   | with |, after ", text)[0].strip()
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        made: list[ast.expr] = []
        for node in tree.body:
            if isinstance(node, (ast.Assign, ast.Expr)) and any(map(_operates, ast.walk(node.value))):
                made.append(node.value)
        # (`z = …; z.backward(G)`: the call of backward is not what was computed.)
        made = [node for node in made if not (isinstance(node, ast.Call) and _name(node) == ".backward")] or made
        if len(made) == 1:
            return made[0]
    return None


def _operates(node: ast.AST) -> bool:
    return isinstance(node, (ast.BinOp, ast.UnaryOp, ast.Compare, ast.Call, ast.Subscript))


def _operations(expression: ast.expr, classes: set[str], plain: Sequence[str]) -> list[str]:
    """Names of functions, and of methods with a dot before them, inner operations first."""
    found = []
    for node in list(ast.walk(expression))[::-1]:
        if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
            left, right = _plain(node.left, plain), _plain(node.right, plain)
            if not (left and right):
                found.append(f".__{'r' if left else ''}{OPERATORS[type(node.op)]}__")
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and not _plain(node.operand, plain):
            found.append(".__neg__")
        elif isinstance(node, ast.Compare) and type(node.ops[0]) in OPERATORS:
            found.append(f".__{OPERATORS[type(node.ops[0])]}__")
        elif isinstance(node, ast.Subscript):
            found.append(".__getitem__")
        elif isinstance(node, ast.Call):
            name = _name(node)
            found.append(".__init__" if name in classes else name)
            if name in ("layer", "model", ""):  # (`Layer(3)(x)` ends in the call, not in the making)
                found = [".__call__", ".forward"]
    return [name for name in found if name]


def _plain(node: ast.expr, plain: Sequence[str]) -> bool:
    return not any(isinstance(inner, ast.Name) and inner.id not in plain for inner in ast.walk(node))


def _name(call: ast.Call) -> str:
    """`f`, or `.method`; nothing for what is called otherwise."""
    if isinstance(call.func, ast.Attribute):
        return "." + call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _defined(node: ast.AST, name: str) -> ast.AST | None:
    return next((child for child in ast.iter_child_nodes(node) if _defines(child, name)), None)


def _is_grad(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "grad"


def _writes(node: ast.AST | None, overwriting: bool) -> bool:
    """Whether this code sets an attribute `grad`; if `overwriting`, whether it forgets what was there."""
    for inner in ast.walk(node) if node is not None else ():
        if isinstance(inner, ast.AugAssign):
            if _is_grad(inner.target) and not overwriting:
                return True
        elif isinstance(inner, ast.Assign):
            for target in filter(_is_grad, inner.targets):
                kept = {ast.unparse(part) for part in ast.walk(inner.value) if isinstance(part, ast.Attribute)}
                if not overwriting or ast.unparse(target) not in kept:
                    return True
    return False
