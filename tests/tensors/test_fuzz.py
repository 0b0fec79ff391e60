"""Random programs, printed tensors and subscripts beside PyTorch: a few hundred from fixed seeds.

``TINYGRAD_EDU_FUZZ=5000`` tries that many of each; a failure names its seed and the program.
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.random_programs import SUBSCRIPT_DIFFERS, program_of, subscript_of, to_print

import tinygrad_edu as tg

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore")]

COUNT = int(os.environ.get("TINYGRAD_EDU_FUZZ", "0"))


def search(count: int, difference: Callable[[int], str]) -> None:
    found = [f"seed {seed}: {told}" for seed in range(COUNT or count) if (told := difference(seed))]
    assert not found, "\n".join([f"{len(found)} differ:", *found[:8]])


def close(a: Any, b: Any) -> bool:
    if a is None or b is None:
        return a is b
    return np.shape(a) == np.shape(b) and np.allclose(a, b, rtol=1e-9, equal_nan=True)


def outcome(run: Callable[[], Any]) -> Any:
    try:
        return run()
    except Exception as error:
        return error


def refused_alike(ours: Any, theirs: Any) -> str | None:
    """None if neither raised; else how the errors differ, or an empty text."""
    if not isinstance(ours, Exception) and not isinstance(theirs, Exception):
        return None
    alike = isinstance(theirs, Exception) and isinstance(ours, type(theirs))
    return "" if alike else f"PyTorch {theirs!r:.200}, we {ours!r:.200}"


# programs of views and in-place operations


def run_program(t: Any, program: list[str], names: list[str]) -> Any:
    base = t.tensor(np.linspace(0.3, 2.1, 12).reshape(2, 3, 2), requires_grad=True)
    w = t.tensor(1.5, dtype=t.float64, requires_grad=True)
    around = {"t": t, "w": w, "a": base * 1}
    for line in program:
        exec(line, around)
    seen, total = [], None
    for name in names:
        x = around.get(name)
        if x is not None:
            strides = x.stride() if x._is_view() and 1 not in x.shape else None
            seen.append(((name, tuple(x.shape), strides, x.requires_grad, x._version), x.detach().tolist()))
            if x.requires_grad:
                weights = t.tensor(np.linspace(0.5, 1.5, max(1, x.numel())).reshape(tuple(x.shape)))
                total = (x * weights).sum() + (0 if total is None else total)
    if total is not None:
        total.backward()
    return seen, [None if leaf.grad is None else leaf.grad.tolist() for leaf in (base, w)]


def test_programs() -> None:
    def difference(seed: int) -> str:
        program, names = program_of(random.Random(seed), torch)
        ours, theirs = (outcome(lambda t=t: run_program(t, program, names)) for t in (tg, torch))
        told = refused_alike(ours, theirs)
        if told is None:
            same = all(a[0] == b[0] and close(a[1], b[1]) for a, b in zip(ours[0], theirs[0], strict=True))
            told = "" if same and all(map(close, ours[1], theirs[1])) else f"{ours}, PyTorch {theirs}"
        return told and f"{told:.600}\n    {program}"

    search(250, difference)


# subscripts, read and written


def run_subscript(t: Any, code: str, value: Any) -> Any:
    x = t.tensor(np.arange(24.0).reshape(2, 3, 4) + 0.5, requires_grad=True)
    v = t.tensor(np.array(value), requires_grad=True) if isinstance(value, (list, float)) else value
    around = {"t": t, "np": np, "x": x, "v": v}
    if value is None:
        y = eval(code, around)
    else:
        around["x"] = y = x * 1
        exec(f"{code} = v", around)
    if y.numel():
        (y * t.tensor(np.linspace(1, 2, y.numel()).reshape(tuple(y.shape)))).sum().backward()
    grads = [leaf.grad for leaf in (x, v) if isinstance(leaf, t.Tensor)]
    return tuple(y.shape), y.tolist(), [None if g is None else g.tolist() for g in grads]


def test_subscripts() -> None:
    def difference(seed: int) -> str:
        code, value = subscript_of(random.Random(seed))
        if code.count("...") > 1 or any(part in code for part in SUBSCRIPT_DIFFERS):
            return ""
        ours, theirs = (outcome(lambda t=t: run_subscript(t, code, value)) for t in (tg, torch))
        told = refused_alike(ours, theirs)
        if told is None:
            same = ours[0] == theirs[0] and close(ours[1], theirs[1]) and all(map(close, ours[2], theirs[2]))
            told = "" if same else f"{ours}, PyTorch {theirs}"
        elif told and isinstance(ours, Exception) and isinstance(theirs, Exception):
            told = ""  # of two things that are wrong the other one is told
        return told and f"{told:.400}\n    {code} = {value}"

    search(500, difference)


# printing


def printed(t: Any, array: Any, options: dict[str, Any], seed: int) -> str:
    t.set_printoptions(profile="default", sci_mode=None)
    try:
        t.set_printoptions(**options)
        x = t.tensor(array)
        if array.dtype.kind == "f" and seed % 5 < 2:
            x.requires_grad_()
            x = x * 1 if seed % 3 == 0 else x
        return repr(x.transpose(0, 1) if seed % 7 == 0 and x.ndim >= 2 else x)
    finally:
        t.set_printoptions(profile="default", sci_mode=None)


def test_printing() -> None:
    def difference(seed: int) -> str:
        array, options = to_print(seed)
        ours, theirs = printed(tg, array, options, seed), printed(torch, array, options, seed)
        return "" if ours == theirs else f"{array.dtype} {array.shape} {options}\n{ours:.300}\nPyTorch\n{theirs:.300}"

    search(150, difference)
