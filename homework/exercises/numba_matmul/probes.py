"""Runs beside the student's `numba_matmul.py`: multiplies, times, and looks at how it was compiled and written."""

import time

import numpy as np


def _matrices(case):
    rng = np.random.default_rng(case["seed"])
    n, m, k = case["shape"]
    return rng.standard_normal((n, m)), rng.standard_normal((m, k))


def correct(s, p, t):
    seen = []
    for case in p["cases"]:
        a, b = _matrices(case)
        t.doing(f"matmul(a, b) with a: {a.shape}, b: {b.shape}")
        seen.append(np.asarray(s.matmul(a, b)))
    return {"results": seen}


def layouts(s, p, t):
    a, b = _matrices(p["case"])
    t.doing("matmul(a, b) with b a transposed view")
    seen = {"transposed": np.asarray(s.matmul(a, np.ascontiguousarray(b.T).T))}
    t.doing("matmul(a[::2], b[:, ::-1]): every second row, columns backwards")
    seen["steps"] = np.asarray(s.matmul(a[::2], b[:, ::-1]))
    t.doing("matmul(a, b) in float32")
    single = np.asarray(s.matmul(a.astype(np.float32), b.astype(np.float32)))
    return {**seen, "float32": single.astype(np.float64), "dtype": str(single.dtype)}


def compiled(s, p, t):
    a, b = _matrices(p["case"])
    t.doing("matmul(a, b), then matmul.nopython_signatures")
    s.matmul(a, b)
    return {"signatures": len(getattr(s.matmul, "nopython_signatures", ()))}


def _text(s, t, name):
    function = getattr(s, name)
    return t.source(getattr(function, "py_func", function))


def own_loops(s, p, t):
    one = np.ones((1, 1))
    for name in ("matmul", "matmul_parallel"):
        t.doing(f"{name}(np.ones((1, 1)), np.ones((1, 1))), then its source")
        getattr(s, name)(one, one)
    return {"matmul": _text(s, t, "matmul"), "matmul_parallel": _text(s, t, "matmul_parallel")}


def loop_order(s, p, t):
    t.doing("matmul(np.ones((1, 1)), np.ones((1, 1))), then its source")
    s.matmul(np.ones((1, 1)), np.ones((1, 1)))
    return {"matmul": _text(s, t, "matmul")}


def _seconds(call, repeat):
    best = float("inf")
    for _ in range(repeat):
        start = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - start)
    return best


def fast(s, p, t):
    a, b = _matrices(p["case"])
    t.doing("matmul(a, b) with 64x64, compiled; then the same loops in plain Python")
    s.matmul(a, b)
    quick = _seconds(lambda: s.matmul(a, b), 5)

    def plain():
        rows, columns, out = a.tolist(), b.tolist(), np.zeros((64, 64)).tolist()
        for i in range(64):
            for k in range(64):
                for j in range(64):
                    out[i][j] += rows[i][k] * columns[k][j]

    return {"ratio": _seconds(plain, 1) / quick}


def parallel(s, p, t):
    seen = []
    for case in p["cases"]:
        a, b = _matrices(case)
        t.doing(f"matmul_parallel(a, b) with a: {a.shape}, b: {b.shape}")
        seen.append(np.asarray(s.matmul_parallel(a, b)))
    options = getattr(s.matmul_parallel, "targetoptions", {})
    flag = bool(options.get("parallel")) if isinstance(options, dict) else False
    return {"results": seen, "flag": flag, "text": _text(s, t, "matmul_parallel")}


def picture(s, p, t):
    import numba

    found = {"python": [], "matmul": [], "matmul_parallel": [], "BLAS": []}
    plain = getattr(s.matmul, "py_func", None)
    for n in p["sizes"]:
        a, b = np.ones((n, n)), np.ones((n, n))
        t.doing(f"matmul of {n}x{n}, timed")
        for name, call in (("matmul", s.matmul), ("matmul_parallel", s.matmul_parallel), ("BLAS", np.matmul)):
            call(a, b)
            found[name].append(_seconds(lambda call=call, a=a, b=b: call(a, b), 3))
        if plain is not None and n <= p["python"]:
            found["python"].append(_seconds(lambda a=a, b=b: plain(a, b), 1))
    return {**found, "threads": int(numba.get_num_threads())}
