"""Arithmetic typed by a user, computed with Values: parsed by Python, checked against a whitelist, never evaluated."""

from __future__ import annotations

import ast
import math
import operator
import re
import warnings
from collections.abc import Callable, Mapping
from typing import Any

from tinygrad_edu import Value
from tinygrad_edu.cli.problem import Problem, nearest

__all__ = ["FUNCTIONS", "compute", "parse_at"]

FUNCTIONS = ("exp", "log", "sqrt", "sin", "cos", "tanh", "sigmoid", "relu", "abs")
OPERATORS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
LONGEST = 2000  # characters
MOST = 300  # parts of the expression: what a PNG can show
DEEPEST = 60  # brackets in brackets
LARGEST_EXPONENT = 1000
ALLOWED = f"use numbers, names, + - * / **, brackets, and {', '.join(FUNCTIONS)} of one argument"
FIXES = (
    (re.compile(r"\^"), "a power is written **: x1**2"),
    (re.compile(r"\d\s*[A-Za-z_(]"), "a product needs its sign: 2*x1"),
    (re.compile(r"(?<![=<>!])=(?!=)"), "give values with --at x1=2, and only the expression here"),
    (re.compile(r"[×÷−·²³]"), "write * / - and **2"),
)


def compute(text: str, at: Mapping[str, float]) -> tuple[Value, dict[str, Value]]:
    """The expression as a Value, and its variables by name.

    >>> result, variables = compute("0.2*x1**2 + 0.2*x2**2 - 5", {"x1": 2.0, "x2": 2.0})
    >>> result.backward(); round(result.data, 4), round(variables["x1"].grad, 4)
    (-3.4, 0.8)

    Raises Problem where it is not arithmetic, too large, or has a variable without a value or a value too many.
    """
    tree = _parse(text)
    found: dict[str, Value] = {}
    result = _value(tree, at, found, 0)
    for name in at:
        if name not in found:
            here = f"its variables are {', '.join(found)}" if found else "it has no variables"
            raise Problem(f"--at {name}: there is no {name} in {text!r}", here)
    if not isinstance(result, Value):  # a number: still a graph, of one node
        result = Value(result)
    if result.name is None:
        result.name = "f"
    return result, found


def parse_at(given: str) -> tuple[str, float]:
    """``x1=2`` as a name and a number.

    >>> parse_at("x1=-0.5")
    ('x1', -0.5)
    """
    name, sign, number = (part.strip() for part in given.partition("="))
    if not sign or not name.isidentifier():
        raise Problem(f"--at {given!r} is not of the form NAME=NUMBER", "write for instance --at x1=2")
    if name in FUNCTIONS:
        raise Problem(f"--at {name}: {name} is a function here", "give the variable another name")
    try:
        value = float(number)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise Problem(f"--at {given!r}: {number!r} is not a finite number", f"write for instance --at {name}=2")
    return name, value


def _parse(text: str) -> ast.expr:
    if len(text) > LONGEST:
        raise Problem(f"the expression has {len(text)} characters", f"at most {LONGEST} are read; a file can hold more")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python's advice on odd literals; they are refused below
            tree = ast.parse(text.strip(), mode="eval").body
        size = sum(isinstance(node, ast.expr) for node in ast.walk(tree))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise Problem(f"{_short(text)} is not an arithmetic expression", _fix(text)) from None
    if size > MOST:
        raise Problem(f"the expression has {size} parts", f"at most {MOST} can be drawn")
    return tree


def _value(node: ast.expr, at: Mapping[str, float], found: dict[str, Value], depth: int) -> Any:
    """A Value, or a number for one that is written out: an operator makes it a node, an exponent stays one."""
    if depth > DEEPEST:
        raise Problem(f"the expression is nested more than {DEEPEST} deep", "write sums without so many brackets")
    match node:
        case ast.Constant(value=bool() | complex()):
            pass
        case ast.Constant(value=int() | float() as number):
            return _number(number)
        case ast.Name(id=name):
            return found[name] if name in found else found.setdefault(name, _variable(name, at))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            inner = _value(operand, at, found, depth + 1)
            return -inner
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _value(operand, at, found, depth + 1)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
            a, b = _value(left, at, found, depth + 1), _value(right, at, found, depth + 1)
            if isinstance(op, ast.Pow) and _constant(right):
                exponent = b.data if isinstance(b, Value) else b
                if abs(exponent) > LARGEST_EXPONENT:
                    raise Problem(f"the exponent {exponent:g} is too large", f"at most {LARGEST_EXPONENT} is allowed")
            return OPERATORS[type(op)](_node(a) if not isinstance(b, Value) else a, b)
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name in FUNCTIONS and not isinstance(
            argument, ast.Starred
        ):
            return getattr(_node(_value(argument, at, found, depth + 1)), name)()
        case ast.Call(func=ast.Name(id=name)) if name in FUNCTIONS:
            raise Problem(f"{name} takes one argument", f"write for instance {name}(x1)")
        case ast.Call(func=ast.Name(id=name)):
            near = nearest(name, FUNCTIONS)
            meant = f"did you mean {near}? " if near else ""
            raise Problem(f"unknown function {name}", f"{meant}There are {', '.join(FUNCTIONS)}")
    part = _short(ast.unparse(node))
    raise Problem(f"{part} is not arithmetic", _fix(ast.unparse(node)))


def _node(number: Any) -> Value:
    """A number as a node, so that the operation on it is drawn and computed as IEEE does: 1/0 is inf."""
    return number if isinstance(number, Value) else Value(number)


def _constant(node: ast.expr) -> bool:
    """Whether there is no variable in it."""
    return not any(isinstance(part, ast.Name) and part.id not in FUNCTIONS for part in ast.walk(node))


def _number(number: float) -> float:
    try:
        value = float(number)
    except OverflowError:
        value = math.inf
    if isinstance(number, int) and abs(number) <= 2**53:
        return number  # a whole exponent is drawn as one: **2
    if not math.isfinite(value):
        raise Problem("the expression has a number too large for a float", "the largest is about 1.8e308")
    return value


def _variable(name: str, at: Mapping[str, float]) -> Value:
    if name in FUNCTIONS:
        raise Problem(f"{name} is a function and needs its argument", f"write {name}(...)")
    if name not in at:
        given = f"given are {', '.join(at)}; " if at else ""
        raise Problem(f"unknown variable {name}", f"{given}say its value with --at {name}=NUMBER")
    return Value(at[name], name=name)


def _fix(text: str) -> str:
    return next((hint for pattern, hint in FIXES if pattern.search(text)), ALLOWED)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return repr(line if len(line) <= 60 else line[:57] + "...")
