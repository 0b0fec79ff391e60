"""Runs a function of the user's own file, and tells a fault in it from a fault of ours."""

from __future__ import annotations

import importlib.util
import inspect
import sys
import traceback
from collections.abc import Mapping
from contextlib import redirect_stdout
from pathlib import Path
from types import ModuleType
from typing import Any

from tinygrad_edu import Value
from tinygrad_edu.cli.problem import Problem, nearest

__all__ = ["call"]


def call(file: Path, name: str, at: Mapping[str, float]) -> Any:
    """What ``name`` in ``file`` returns, called with the values of ``at`` as Values by their names.

    Raises Problem where there is no such file or function, where its parameters and `at` do not match, where the
    user's code raises, and where it returns nothing that can be drawn.
    """
    module = _load(file)
    function = getattr(module, name, None)
    if not callable(function):
        known = [key for key, value in vars(module).items() if inspect.isfunction(value)]
        near = nearest(name, known)
        there = f"did you mean {near}?" if near else f"it has {', '.join(known) or 'no functions'}"
        raise Problem(f"there is no function {name} in {str(file)!r}", there)
    arguments = {key: Value(number, name=key) for key, number in at.items()}
    try:
        inspect.signature(function).bind(**arguments)
    except TypeError as error:
        raise Problem(f"{name} cannot be called: {error}", "give each of its parameters a value: --at x1=2") from None
    try:
        with redirect_stdout(sys.stderr):  # standard output carries nothing but our result
            result = function(**arguments)
    except (Exception, SystemExit) as error:
        raise _fault(error, file) from error
    if not any(hasattr(result, needed) for needed in ("_graph_info", "_graph_node", "source")):
        kind = type(result).__name__
        raise Problem(f"{name} returned {kind}, which has no graph", "return a Value, a Tensor, or a graphviz graph")
    return result


def _load(file: Path) -> ModuleType:
    if not file.is_file():
        raise Problem(f"there is no file {str(file)!r}", "check the name")
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None and spec.loader is not None  # the name ends in .py
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(file.resolve().parent))  # so that it finds its neighbours, as when run by itself
    try:
        with redirect_stdout(sys.stderr):
            spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise _fault(error, file) from error
    return module


def _fault(error: BaseException, file: Path) -> Problem:
    """An error inside the user's code: which line of their file, and what."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if Path(frame.filename).resolve() == file.resolve()]
    if isinstance(error, SyntaxError):
        lines.append(error.lineno)
    where = f", line {lines[-1]}" if lines else ""
    return Problem(
        f"{file}{where}: {type(error).__name__}: {error}", "this came from your file; --debug shows the traceback"
    )
