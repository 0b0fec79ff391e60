"""What the random comparisons with PyTorch try: programs of views and in-place operations, subscripts, printing.

Everything comes from a seed. PyTorch tells, while a program is made, which lines are possible; one in ten of the
impossible ones stays, for its error.
"""

from __future__ import annotations

import random
from typing import Any

import numpy as np

__all__ = ["SUBSCRIPT_DIFFERS", "program_of", "subscript_of", "to_print"]

_IN_PLACE = """
v.mul_(2) | v.add_(w) | v.mul_(w) | v.zero_() | v.exp_() | v.pow_(2) | v.copy_(w) | v.fill_(3.0) | v[0:1] = 5.0
v.t_() | v.unsqueeze_(0) | v.squeeze_() | v.transpose_(0, -1) | v.sigmoid_() | v += 1 | v *= v | v.relu_() | v.gt_(1.0)
v.masked_fill_(v > 1, 0.0) | v.clamp_(min=0.5) | v.sub_(v.detach()) | v.div_(w + 2) | v[..., 0] = w
v.index_fill_(0, t.tensor([0]), 2.0) | with t.no_grad(): v.mul_(2)
"""
IN_PLACE = [line.strip() for lines in _IN_PLACE.strip().splitlines() for line in lines.split(" | ")]


def _views(r: random.Random, x: Any) -> list[str]:
    made = ["[..., None]", f".unsqueeze({r.randint(0, x.ndim)})", "[::2]", ".squeeze()", ".reshape(-1)", ".view(-1)"]
    if x.ndim >= 1:
        i = r.randrange(x.ndim)
        if x.shape[i]:
            made += [f".select({i}, {r.randrange(x.shape[i])})", f".narrow({i}, 0, {max(1, x.shape[i] - 1)})"]
        made += ["[0:1]", ".unfold(0, 1, 1)", ".detach()", ".expand(2, *{}.shape)"]
    if x.ndim >= 2:
        order = list(range(x.ndim))
        r.shuffle(order)
        made += [f".transpose({r.randrange(x.ndim)}, {r.randrange(x.ndim)})", f".permute({order})"]
        made += [".flatten(0, 1)", ".diagonal()", ".as_strided((2,), (1,))", ".mT"]
    return made


def program_of(r: random.Random, torch: Any) -> tuple[list[str], list[str]]:
    """(lines, the names that they define): views of views of `a`, changed in place, with `w` as a number."""
    around = {"t": torch, "w": torch.tensor(1.5), "a": torch.zeros(2, 3, 2)}
    lines, names = [], ["a"]
    for k in range(r.randint(3, 9)):
        source, new, kind = r.choice(names), f"v{k}", r.random()
        if kind < 0.5:
            line = f"{new} = {source}{r.choice(_views(r, around[source]))}".replace("{}", source)
        elif kind < 0.9:
            line = r.choice(IN_PLACE)
            line = " ".join(source if word == "v" else word for word in line.split(" "))
            line = line.replace("v.", f"{source}.").replace("v[", f"{source}[").replace("(v ", f"({source} ")
        else:
            line = f"{new} = {source} * {r.choice(['2', source])} + 1"
        try:
            exec(line, around)
        except Exception:
            if r.random() < 0.9:
                continue
        lines.append(line)
        if new in around:
            names.append(new)
    return lines, names


# A mask of uint8 is deprecated in PyTorch, and reads otherwise than it writes; we take it as a mask in both.
# Two dots are counted otherwise there. What cannot be read at all, it may still write to if nothing is written.
SUBSCRIPT_DIFFERS = ("uint8", "5:-5", "[]")


def _item(r: random.Random, n: int) -> str:
    def some(count: int) -> list[int]:
        return [r.randint(-n, n - 1) for _ in range(count)]

    ends = [r.choice(["", str(r.randint(-n - 1, n + 1))]) for _ in range(2)]
    step = r.choice(["", ":1", ":2", ":3", ":", ":-1"])
    kinds = [
        str(r.randint(-n - 1, n)), str(r.randint(-n, n - 1)), f"{ends[0]}:{ends[1]}{step}", f"{ends[0]}:{ends[1]}",
        "None", "...", str(some(r.randint(0, 3))), f"t.tensor({some(2)})", f"t.tensor({[[i] for i in some(2)]})",
        f"t.tensor({[bool(r.getrandbits(1)) for _ in range(n)]})", f"t.tensor({some(1)[0]})",
        r.choice(["True", "t.tensor(True)", "range(2)", "1.5", "np.int64(1)", "t.tensor([0.5])", "(0, 1)"]),
        f"np.array({[abs(i) % n for i in some(2)]})", "t.tensor([1], dtype=t.int8)", "[[True]]",
    ]  # fmt: skip
    return r.choice(kinds)


def subscript_of(r: random.Random) -> tuple[str, Any]:
    """(an expression such as ``x[0, ..., [1, 2]]``, what is assigned to it or None)."""
    items = [_item(r, (2, 3, 4, 4)[k]) for k in range(r.randint(1, 4))]
    values = [9.0, [1.0], [1.0, 2.0], [1.0, 2.0, 3.0, 4.0], [[1.0], [2.0]], [[[1.0, 2.0, 3.0, 4.0]]], 5, True]
    return f"x[{', '.join(items)}]", r.choice(values) if r.random() < 0.5 else None


_OPTIONS: tuple[dict[str, Any], ...] = (
    {}, {}, {}, {"precision": 0}, {"precision": 2}, {"precision": 7}, {"linewidth": 20}, {"linewidth": 60},
    {"linewidth": 200}, {"threshold": 5}, {"threshold": 50}, {"edgeitems": 1, "threshold": 10},
    {"edgeitems": 4, "threshold": 10}, {"sci_mode": True}, {"sci_mode": False}, {"profile": "short"},
    {"profile": "full"}, {"sci_mode": True, "precision": 2, "linewidth": 50},
)  # fmt: skip


def to_print(seed: int) -> tuple[Any, dict[str, Any]]:
    """(an array, printing options): all types, sizes to 1200, tiny and huge numbers, nan, inf and negative zero."""
    r, numbers = random.Random(seed), np.random.default_rng(seed)
    ndim = r.randint(0, 4)
    shape = tuple(r.choice([0, 1, 2, 3, 5, 12, 40, 1200] if ndim <= 2 else [1, 2, 3, 4, 8]) for _ in range(ndim))
    if np.prod(shape) > 30_000:
        shape = shape[:1]
    kind = r.choice(["f4", "f8", "f2", "i8", "i4", "i1", "u1", "b"])
    if kind == "b":
        array = numbers.random(shape) < 0.5
    elif kind[0] != "f":
        array = numbers.integers(0 if kind == "u1" else -100, r.choice([10, 100, 127]), shape)
    else:
        small = [1.0, 1e-5, 1e3, 100.0, 3.0]
        sizes = small if kind == "f2" else [*small, 1e-8, 1e8, 1e38, 12345.678]
        array = numbers.standard_normal(shape) * r.choice(sizes)
        if r.random() < 0.3:
            array = np.round(array)
        if r.random() < 0.3:
            special = r.choice([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-45, 1e20, 1e300])
            array = np.where(numbers.random(shape) < 0.2, special, array)
    with np.errstate(all="ignore"):
        return np.asarray(array).astype({"b": "bool"}.get(kind, kind)), r.choice(_OPTIONS)
