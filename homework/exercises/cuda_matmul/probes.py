"""Runs beside the student's `cuda_matmul.py`: launches its kernels in the simulator and counts what they touch."""

import itertools

import numpy as np
from numba import cuda


class Counting(np.ndarray):
    """An array in global memory that counts its reads, and notes which cells are written."""

    def __array_finalize__(self, other):
        self.counter, self.written = itertools.count(), []

    def __getitem__(self, index):
        next(self.counter)  # (one step of the interpreter: threads do not lose counts)
        return super().__getitem__(index)

    def __setitem__(self, index, value):
        self.written.append(index)
        super().__setitem__(index, value)


def _counted(array):
    device = cuda.to_device(np.ascontiguousarray(array))
    device._ary = device._ary.view(Counting)
    return device


def _reads(device):
    return next(device._ary.counter)


def _result(device):
    return np.array(device._ary.view(np.ndarray))


def vec_add(s, p, t):
    seen = []
    for n, threads in p["cases"]:
        x, y = np.arange(n) * p["scale"], np.arange(n)[::-1] * 2.0
        out = _counted(np.full(n, -1.0))
        blocks = -(-n // threads)
        t.doing(f"vec_add[{blocks}, {threads}](x, y, out) with {n} elements")
        s.vec_add[blocks, threads](cuda.to_device(x), cuda.to_device(y), out)
        written = sorted(int(np.asarray(index).ravel()[0]) for index in out._ary.written)
        seen.append({"result": _result(out), "written": written})
    return {"runs": seen}


def _matrices(case):
    rng = np.random.default_rng(case["seed"])
    n, k, m = case["shape"]
    return np.round(rng.uniform(-3, 3, (n, k)), 2), np.round(rng.uniform(-3, 3, (k, m)), 2)


def _launch(s, t, name, a, b, side):
    """One launch with enough blocks in both directions, whichever of them the student takes for rows."""
    blocks = max(-(-a.shape[0] // side), -(-b.shape[1] // side), 1)
    out = _counted(np.full((a.shape[0], b.shape[1]), 7.0))
    da, db = _counted(a), _counted(b)
    t.doing(f"{name}[({blocks}, {blocks}), ({side}, {side})](a, b, out) with a: {a.shape}, b: {b.shape}")
    getattr(s, name)[(blocks, blocks), (side, side)](da, db, out)
    return out, _reads(da), _reads(db)


def matmul_naive(s, p, t):
    return {"results": [_result(_launch(s, t, "matmul_naive", *_matrices(c), p["side"])[0]) for c in p["cases"]]}


def matmul_tiled(s, p, t):
    return {"results": [_result(_launch(s, t, "matmul_tiled", *_matrices(c), s.TILE)[0]) for c in p["cases"]]}


def shared(s, p, t):
    a, b = _matrices(p["case"])
    out, reads_a, reads_b = _launch(s, t, "matmul_tiled", a, b, s.TILE)
    return {"reads": [reads_a, reads_b], "text": _text(s, t), "tile": int(s.TILE)}


def barriers(s, p, t):
    a, b = _matrices(p["case"])
    results = [_result(_launch(s, t, "matmul_tiled", a, b, s.TILE)[0]) for _ in range(3)]
    return {"results": results, "text": _text(s, t)}


def _text(s, t):
    kernel = s.matmul_tiled
    return t.source(getattr(kernel, "fn", getattr(kernel, "py_func", kernel)))


def picture(s, p, t):
    a, b = np.ones((p["n"], p["n"])), np.ones((p["n"], p["n"]))
    _, *naive = _launch(s, t, "matmul_naive", a, b, s.TILE)
    _, *tiled = _launch(s, t, "matmul_tiled", a, b, s.TILE)
    n = p["elements"]
    out = _counted(np.zeros(n))
    t.doing("vec_add, watched")
    s.vec_add[-(-n // p["threads"]), p["threads"]](cuda.to_device(np.arange(n) * 1.0), cuda.to_device(np.zeros(n)), out)
    written = [int(np.asarray(index).ravel()[0]) for index in out._ary.written]
    return {"naive": naive, "tiled": tiled, "tile": int(s.TILE), "written": written}
