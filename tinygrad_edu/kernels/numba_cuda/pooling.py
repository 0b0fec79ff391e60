"""Pooling over one to three dimensions and its ways back: a thread for each element of the result, no atomics.

Forwards a thread walks its window. Backwards windows overlap, so threads that each had a window would have to add to
the same elements; instead a thread has an element of the image and gathers from the windows that may contain it, which
are a few neighbours in each dimension. One writer per cell: cell q of a result is written by the one thread whose walk
over the grid meets q, once, after it has only read; nothing that a kernel reads is written by it. So sums are
taken in an order that is fixed, the specification's, and have its bits (float16 is added up in float32).

Images are of three dimensions here, (z, y, x); missing ones are in front, with size 1. With n elements, o windows and
k taps in a dimension, strided window i has tap t at i s - p + t d. So t = 0 ... k - 1 says that element e is in none
but the windows from ceil((e + p - (k - 1) d) / s) to floor((e + p) / s), and in those where d divides e + p - i s.
Adaptive window i goes from floor(i n / o) to before ceil((i + 1) n / o), so e is in those from floor(e o / n) to before
ceil((e + 1) o / n). Other windows are the specification's.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cuda.array import DeviceArray, empty
from tinygrad_edu.kernels.numba_cuda.blocks import by_rows
from tinygrad_edu.kernels.numba_cuda.runtime import compiled, functions, grid_for, launch
from tinygrad_edu.kernels.pooling import adaptive_windows
from tinygrad_edu.kernels.presence import simulated

__all__ = ["max_pool", "max_pool_back", "window_spread", "window_sum"]

Sizes = tuple[int, ...]

# e: where in its image an element stands; w: which window of its image; first and last: of windows, or of elements
_WINDOW = {
    "strided": """
        first{i} = w{i} * s{i} - p{i}
        last{i} = min(first{i} + (k{i} - 1) * d{i} + 1, n{i})
        if first{i} < 0:
            first{i} += SIZE(WHOLE(d{i} - 1 - first{i}) // WHOLE(d{i})) * d{i}""",
    "adaptive": """
        first{i} = w{i} * n{i} // o{i}
        last{i} = ((w{i} + 1) * n{i} + o{i} - 1) // o{i}""",
}
_WINDOWS_OF = {
    "strided": """
        last{i} = min(SIZE(WHOLE(e{i} + p{i}) // WHOLE(s{i})) + 1, o{i})
        first{i} = SIZE(WHOLE(max(e{i} + p{i} - (k{i} - 1) * d{i} + s{i} - 1, 0)) // WHOLE(s{i}))""",
    "adaptive": """
        first{i} = e{i} * o{i} // n{i}
        last{i} = ((e{i} + 1) * o{i} + n{i} - 1) // n{i}""",
}
_FORWARD = """
def kernel(count, {sizes}, A, at_a, {results}):
    {small}
    for k in range(cuda.grid(1), count, cuda.gridsize(1)):
        q = SIZE(k)
        w2 = SIZE(WHOLE(q) % WHOLE(o2))
        rest = SIZE(WHOLE(q) // WHOLE(o2))
        w1 = SIZE(WHOLE(rest) % WHOLE(o1))
        rest = SIZE(WHOLE(rest) // WHOLE(o1))
        w0 = SIZE(WHOLE(rest) % WHOLE(o0))
        image = at_a + SIZE(WHOLE(rest) // WHOLE(o0)) * (n0 * n1 * n2){bounds}
        {begin}
        e0 = first0  # (of a range with a step Numba would make a division)
        while e0 < last0:
            e1 = first1
            while e1 < last1:
                row = (e0 * n1 + e1) * n2
                e2 = first2
                while e2 < last2:
                    v = TYPE(A[image + row + e2])
                    {take}
                    e2 += d2
                e1 += d1
            e0 += d0
        {end}
"""
_BACK = """
def kernel(count, {sizes}, {arrays}, OUT):
    {small}
    for k in range(cuda.grid(1), count, cuda.gridsize(1)):
        q = SIZE(k)
        e2 = SIZE(WHOLE(q) % WHOLE(n2))
        rest = SIZE(WHOLE(q) // WHOLE(n2))
        e1 = SIZE(WHOLE(rest) % WHOLE(n1))
        rest = SIZE(WHOLE(rest) // WHOLE(n1))
        e0 = SIZE(WHOLE(rest) % WHOLE(n0))
        place = (e0 * n1 + e1) * n2 + e2
        image = SIZE(WHOLE(rest) // WHOLE(n0)) * (o0 * o1 * o2){bounds}
        total = ZERO
        for w0 in range({walk0}):
            if d0 == 1 or SIZE(WHOLE(e0 + p0 - w0 * s0) % WHOLE(d0)) == 0:
                for w1 in range({walk1}):
                    if d1 == 1 or SIZE(WHOLE(e1 + p1 - w1 * s1) % WHOLE(d1)) == 0:
                        row = image + (w0 * o1 + w1) * o2
                        for w2 in range({walk2}):
                            if d2 == 1 or SIZE(WHOLE(e2 + p2 - w2 * s2) % WHOLE(d2)) == 0:
                                {take}
        OUT[q] = STORE(total)
"""
_PARTS = {
    "max_pool": {
        "results": "OUT, WHERE",
        "begin": "best = LEAST\n        at = -1",
        # until there is one any element counts, even the least; then the first of equals, and the last nan
        "take": "if at < 0 or v > best or v != v:\n                        best = v\n"
                "                        at = row + e2",
        "end": "OUT[q] = STORE(best)\n        WHERE[q] = max(at, 0)",
    },
    "window_sum": {
        "results": "OUT", "begin": "total = ZERO", "take": "total += v", "end": "OUT[q] = STORE(total)",
    },
    "max_pool_back": {
        "arrays": "A, at_a, WHERE, at_where",
        "take": "if WHERE[at_where + row + w2] == place:\n"
                "                                    total += TYPE(A[at_a + row + w2])",
    },
    "window_spread": {"arrays": "A, at_a", "take": "total += TYPE(A[at_a + row + w2])"},
}  # fmt: skip
_SIZES = ", ".join(f"{name}{i}" for name in "nokspd" for i in range(3))
_SMALL = "; ".join(f"{name} = SIZE({name})" for name in _SIZES.split(", "))


@functools.cache
def _kernel(name: str, kind: str, stored: Any, narrow: bool) -> Any:
    back = name in ("max_pool_back", "window_spread")
    bounds = "".join((_WINDOWS_OF if back else _WINDOW)[kind].format(i=i) for i in range(3))
    # the specification adds tap after tap, and the later a tap the earlier its window; indices window after window
    order = "last{0} - 1, first{0} - 1, -1" if name == "window_spread" else "first{0}, last{0}"
    walks = {f"walk{i}": order.format(i) for i in range(3)}
    text = (_BACK if back else _FORWARD).format(sizes=_SIZES, small=_SMALL, bounds=bounds, **walks, **_PARTS[name])
    number = np.float32 if stored == np.float16 else stored.type
    least = -np.inf if stored.kind == "f" else np.iinfo(stored).min
    names = {**functions(), "TYPE": number, "ZERO": number(0), "LEAST": number(least), "STORE": stored.type}
    # whole numbers are divided without a sign, and by 32 bits where they fit: by 64 a card takes dozens of instructions
    kinds = (np.int32, np.uint32) if narrow else (np.int64, np.uint64)
    names["SIZE"], names["WHOLE"] = (int, int) if simulated() else kinds
    exec(compile(text, f"<cuda kernel: {name}, {kind}>", "exec"), names)
    return compiled(names["kernel"])


def _strided(pairs: Any, n: int, o: int) -> Sizes | None:
    """(n, o, k, s, p, d) of a dimension whose windows lie at equal steps; None if they do not, or one is empty."""
    s = pairs[0][1].step
    shifts = [at.start - out.start * s for out, at in pairs]
    d = shifts[1] - shifts[0] if len(pairs) > 1 else 1
    alike = d > 0 and shifts[0] <= 0 and all(at.step == s for _, at in pairs)
    alike = alike and shifts == list(range(shifts[0], shifts[0] + d * len(pairs), d))
    # the windows that have a tap lie side by side, and earlier ones the later the tap: together they must be all
    stops = [0, *[out.stop for out, _ in reversed(pairs) if out.stop > out.start]]
    starts = [*[out.start for out, _ in reversed(pairs) if out.stop > out.start], o]
    covered = all(start <= stop for start, stop in zip(starts, stops, strict=True))
    return (n, o, len(pairs), s, -shifts[0], d) if alike and covered else None


def _plan(windows: Any, size: Sizes, places: Sizes) -> tuple[str, Sizes] | None:
    """How the windows lie, and the kernel's numbers; None where the specification has to find that out."""
    if not 1 <= len(size) <= 3 or not len(windows) == len(size) == len(places) or 0 in size or not all(windows):
        return None
    if isinstance(windows[0][0][0], slice):
        kind, found = "strided", [_strided(*one) for one in zip(windows, size, places, strict=True)]
    elif isinstance(windows[0][0][0], np.ndarray):
        kind, found = "adaptive", [(n, o, 1, 0, 0, 1) for n, o in zip(size, places, strict=True)]
        for pairs, known in zip(windows, adaptive_windows(size, places), strict=True):
            alike = len(pairs) == len(known) and all(
                np.array_equal(a, b) for pair, other in zip(pairs, known, strict=True)
                for a, b in zip(pair, other, strict=True)
            )  # fmt: skip
            if not alike:
                return None
    else:
        return None
    whole = [(1, 1, 1, 1, 0, 1)] * (3 - len(size)) + found
    return None if None in whole else (kind, tuple(numbers[i] for i in range(6) for numbers in whole if numbers))


def _run(name: str, windows: Any, size: Sizes, places: Sizes, result: Sizes, *arrays: Any) -> Any:
    """The result, and where it was found; NotImplemented where the specification has to say what there is to say."""
    a = arrays[0]
    if any(x.__class__ is not DeviceArray or not x.size for x in arrays) or a.dtype.kind not in "fiu":
        return NotImplemented
    plan = _plan(windows, size, places)
    if plan is None or 0 in result:
        return NotImplemented
    lead = a.shape[: a.ndim - len(size)]
    results = [empty((*lead, *result), kind) for kind in (a.dtype, np.dtype(np.int64))[: 1 + (name == "max_pool")]]
    kind, numbers = plan
    rows = [by_rows(x) for x in arrays]  # (copies keep their memory until the launch)
    read = [part for x in rows for part in (x.block.typed(x.dtype), x.offset // x.itemsize)]
    count = math.prod(lead) * math.prod(result)
    written = [r.block.typed(r.dtype) for r in results]
    narrow = max(count, *(x.size for x in arrays)) < 1 << 31
    launch(_kernel(name, kind, a.dtype, narrow), *grid_for(count), count, *numbers, *read, *written)
    return results


def max_pool(a: Any, windows: Any, places: Sizes) -> Any:
    """The largest element of each window, and where it stands in its image, counted row by row."""
    found = _run("max_pool", windows, a.shape[a.ndim - len(places) :], places, places, a)
    return found if found is NotImplemented else tuple(found)


def window_sum(a: Any, windows: Any, places: Sizes) -> Any:
    """The sum of each window."""
    found = _run("window_sum", windows, a.shape[a.ndim - len(places) :], places, places, a)
    return found if found is NotImplemented else found[0]


def window_spread(g: Any, windows: Any, size: Sizes) -> Any:
    """Each element's sum of the values of the windows that have it."""
    found = _run("window_spread", windows, size, g.shape[g.ndim - len(size) :], size, g)
    return found if found is NotImplemented else found[0]


def max_pool_back(g: Any, where: Any, size: Sizes, apart: bool, windows: Any = None) -> Any:
    """Each element's sum of the values of the windows whose largest it was; without `windows` any may be its own."""
    if windows is None or where.shape != g.shape or where.dtype != np.int64:
        return NotImplemented
    found = _run("max_pool_back", windows, size, g.shape[g.ndim - len(size) :], size, g, where)
    return found if found is NotImplemented else found[0]
