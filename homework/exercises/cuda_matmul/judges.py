"""What exercise 11 asks for: every cell once, ragged sizes, tiles really shared, and barriers on both sides."""

import re

import numpy as np

from tinygrad_edu.homework.judge import check, close, equal, require


def matrices(case):
    """The same numbers that the probe draws."""
    rng = np.random.default_rng(case["seed"])
    n, k, m = case["shape"]
    return np.round(rng.uniform(-3, 3, (n, k)), 2), np.round(rng.uniform(-3, 3, (k, m)), 2)


def _case(rng, public, *shape):
    return {"shape": list(shape), "seed": 1 if public else int(rng.integers(2, 2**31))}


@check(
    "vec_add",
    points=2,
    params=lambda rng, public: (
        {"cases": [[8, 4], [11, 4], [1, 8]], "scale": 1.0} if public else {"cases": [[7, 3], [9, 8]], "scale": 0.5}
    ),
)
def vec_add(o, p):
    for (n, threads), run in zip(p["cases"], o["runs"], strict=True):
        where = f"vec_add[{-(-n // threads)}, {threads}](x, y, out), {n} elements"
        close(run["result"], np.arange(n) * p["scale"] + np.arange(n)[::-1] * 2.0, "out", where)
        equal(run["written"], list(range(n)), "cells written, each once", where)


def _products(o, p, where):
    for case, got in zip(p["cases"], o["results"], strict=True):
        a, b = matrices(case)
        close(got, a @ b, "out", f"{where}, a: {a.shape}, b: {b.shape}", rtol=1e-9, atol=1e-9)


@check(
    "matmul_naive",
    points=3,
    needs=["vec_add"],
    params=lambda rng, public: {
        "side": 4,
        "cases": [_case(rng, public, 4, 4, 4), _case(rng, public, 5, 3, 6), _case(rng, public, 2, 5, 1)],
    },
)
def matmul_naive(o, p):
    _products(o, p, "matmul_naive")


@check(
    "matmul_tiled",
    points=3,
    needs=["matmul_naive"],
    params=lambda rng, public: {
        "cases": [_case(rng, public, 4, 4, 4), _case(rng, public, 4, 8, 4), _case(rng, public, 5, 6, 3)]
    },
)
def matmul_tiled(o, p):
    _products(o, p, "matmul_tiled")


def _lines(text):
    require(isinstance(text, str) and 0 < len(text) < 20_000, "no_source")
    return [line.partition("#")[0] for line in text.splitlines()]


@check(
    "shared",
    points=2,
    same="failure",
    needs=["matmul_tiled"],
    params=lambda rng, public: {"case": _case(rng, public, 8, 8, 8)},
)
def shared(o, p):
    where = "matmul_tiled, a: (8, 8), b: (8, 8)"
    arrays = [len(re.findall(r"shared\s*\.\s*array", line)) for line in _lines(o["text"])]
    require(sum(arrays) >= 2, "no_shared", where)
    require(max(arrays) < 2, "one_line", where)
    tile = o["tile"]
    require(isinstance(tile, int) and not isinstance(tile, bool) and 2 <= tile <= 8, "tile", where)
    n, k, m = p["case"]["shape"]
    most = n * k * m // tile
    for name, reads in zip("ab", o["reads"], strict=True):
        require(isinstance(reads, int) and reads <= most, "reads", where, name=name, count=reads, most=most)


@check(
    "barriers",
    points=2,
    same="failure",
    needs=["matmul_tiled"],
    params=lambda rng, public: {"case": _case(rng, public, 4, 12, 4)},
)
def barriers(o, p):
    a, b = matrices(p["case"])
    where = "matmul_tiled, a: (4, 12), b: (12, 4), three times"
    found = sum(len(re.findall(r"syncthreads\s*\(", line)) for line in _lines(o["text"]))
    require(found >= 2, "barrier_missing", where, count=found)
    for got in o["results"]:
        close(got, a @ b, "out", where, rtol=1e-9, atol=1e-9)
