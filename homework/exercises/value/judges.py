"""What exercise 01 asks for. References are closed formulas; the composite expression is differentiated numerically."""

import math

from tinygrad_edu.homework.judge import check, close, equal, grad_close, numeric_gradient, require
from tinygrad_edu.homework.judge.fail import Cause


def _xy(rng, public):
    if public:
        return {"x": 2.0, "y": -3.0}
    return {"x": round(rng.uniform(0.5, 3), 3), "y": round(-rng.uniform(0.5, 3), 3)}


@check("forward", points=1, params=lambda rng, public: (
    {"a": 2.0, "b": -3.0} if public else {"a": round(rng.uniform(0.5, 3), 3), "b": round(-rng.uniform(0.5, 3), 3)}
))
def forward(o, p):
    a, b = p["a"], p["b"]
    want = {
        "a + b": a + b, "a - b": a - b, "a * b": a * b, "a / b": a / b, "a ** 3": a**3, "-a": -a,
        "a.exp()": math.exp(a), "a.relu()": max(a, 0.0), "(-a).relu()": max(-a, 0.0),
    }  # fmt: skip
    for text, value in want.items():
        close(o["results"][text], value, f"({text}).data", f"a = {a:g}, b = {b:g}")
    close(o["leaves"], [a, b], "[a.data, b.data]", "a + b, a - b, …")
    equal(o["parents"], ["a", "b"], "c.parents", "c = a * b")
    equal(o["leaf"], [], "a.parents", "a = Value(2.0)")
    require(isinstance(o["op"], str) and o["op"], "op_missing", "c.op", "c = a * b")


@check("mul", points=1, params=_xy)
def mul(o, p):
    where = f"z = x*y   at x = {p['x']:g}, y = {p['y']:g}"
    grad_close(o["top"], 1.0, "dz/dz", where)
    _each(o["grads"], {"dz/dx": p["y"], "dz/dy": p["x"]}, where)


@check("chain", points=1, needs=["mul"], params=lambda rng, public: {**_xy(rng, public), "k": 3.0 if public else 5.0})
def chain(o, p):
    x, y, k = p["x"], p["y"], p["k"]
    where = f"z = (x*y)*k   at x = {x:g}, y = {y:g}, k = {k:g}"
    _each(o["grads"], {"dz/dx": k * y, "dz/dy": k * x, "dz/dk": x * y}, where)


def _small(rng, public):
    # Between 0 and 1: there x**2 differs from 2*x, and x > 0 from x > 1.
    if public:
        return {"x": 0.5, "y": -3.0, "k": 5.0}
    return {"x": round(rng.uniform(0.2, 0.9), 3), "y": round(-rng.uniform(0.5, 3), 3), "k": 7.0}


@check("rules", points=1, needs=["forward", "mul"], params=_small)
def rules(o, p):
    x, y = p["x"], p["y"]
    want = {
        "x + y": [1.0, 1.0], "x - y": [1.0, -1.0], "x / y": [1 / y, -x / y**2], "x ** 3": [3 * x * x], "-x": [-1.0],
        "x.exp()": [math.exp(x)], "x.relu()": [1.0], "n.relu()": [0.0], "o.relu()": [0.0],
    }  # fmt: skip
    for text, grads in want.items():
        first = text[0] if text[0] in "no" else "x"
        at = {"n": f"n = {-x:g}", "o": "o = 0", "x": f"x = {x:g}, y = {y:g}" if "y" in text else f"x = {x:g}"}[first]
        names = [f"dz/d{first}", "dz/dy"][: len(grads)]
        _each(o[text], dict(zip(names, grads, strict=True)), f"z = {text}   at {at}")
    # The same, with a gradient that arrives and is not 1: a rule must multiply by it.
    for text, grads in want.items():
        if text[0] not in "no":
            names = ["dz/dx", "dz/dy"][: len(grads)]
            at = f"z = ({text}) * k   at x = {x:g}, y = {y:g}, k = {p['k']:g}"
            wanted = {name: p["k"] * grad for name, grad in zip(names, grads, strict=True)}
            local = dict(zip(names, grads, strict=True))
            _each(o[f"({text}) * k"], wanted, at, arrived=(p["k"], local))


def _three(rng, public):
    return {"x": 3.0 if public else round(rng.uniform(1, 4), 3)}


def _doublings(public_times, other):
    return lambda rng, public: {"x": 1.0, "times": public_times if public else other}


@check("reuse", points=1, needs=["mul"], params=_three)
def reuse(o, p):
    x = p["x"]
    where = f"y = x*x + x   at x = {x:g}"
    close(o["value"], x * x + x, "y.data", where)
    grad_close(o["grad"], 2 * x + 1, "dy/dx", where, parts=[x, 2 * x, 1.0])


@check("diamond_small", points=1, needs=["reuse"], params=_doublings(3, 4))
def diamond_small(o, p):
    _doubled(o, p)


@check("diamond", points=1, needs=["diamond_small"], params=_doublings(40, 43))
def diamond(o, p):
    _doubled(o, p)


def _doubled(o, p):
    where = f"y = x; for _ in range({p['times']}): y = y + y"
    close(o["value"], 2.0 ** p["times"] * p["x"], "y.data", where)
    grad_close(o["grad"], 2.0 ** p["times"], "dy/dx", where)


@check("reflected", points=1, needs=["rules"], params=_three)
def reflected(o, p):
    x = p["x"]
    want = {
        "2 + x": (2 + x, 1.0), "2 - x": (2 - x, -1.0), "2 * x": (2 * x, 2.0), "2 / x": (2 / x, -2 / x**2),
        "x + 2": (x + 2, 1.0), "x - 2": (x - 2, 1.0), "x * 2": (x * 2, 2.0), "x / 2": (x / 2, 0.5),
    }  # fmt: skip
    for text, (value, grad) in want.items():
        where = f"z = {text}   at x = {x:g}"
        pair = o[text]
        require(isinstance(pair, list) and len(pair) == 2, "pair", where)
        close(pair[0], value, "z.data", where)
        grad_close(pair[1], grad, "dz/dx", where)


def expression(a, b):
    """The expression g of the statement, on plain numbers."""
    c = a + b
    d = a * b + b**3
    c = c + (c + 1)
    c = c + (1 + c + (-a))
    d = d + (d * 2 + max(b + a, 0.0))
    d = d + (3 * d + max(b - a, 0.0))
    f = (c - d) ** 2
    return f / 2.0 + 10.0 / f


@check("micrograd", points=1, needs=["reuse", "reflected"], params=lambda rng, public: (
    {"a": -4.0, "b": 2.0} if public else {"a": round(-rng.uniform(3, 5), 3), "b": round(rng.uniform(1, 2), 3)}
))
def micrograd(o, p):
    where = f"g at a = {p['a']:g}, b = {p['b']:g}"
    close(o["g"], expression(p["a"], p["b"]), "g.data", where)
    want = numeric_gradient(expression, p["a"], p["b"])
    _each(o["grads"], {"dg/da": want[0], "dg/db": want[1]}, where, rtol=1e-5)


@check("long_chain", points=0, needs=["reuse"], params=lambda rng, public: {"x": 0.5, "times": 5000})
def long_chain(o, p):
    where = f"y = x; for _ in range({p['times']}): y = y + x"
    close(o["value"], p["x"] * (p["times"] + 1), "y.data", where)
    grad_close(o["grad"], p["times"] + 1, "dy/dx", where)


def _each(got, want, where, rtol=1e-6, arrived=None):
    """`arrived`: the gradient that arrives, and the local derivatives, to tell a rule that forgot to multiply."""
    require(isinstance(got, list) and len(got) == len(want), "pair", where)
    for (label, value), grad in zip(want.items(), got, strict=True):
        if arrived is not None and isinstance(grad, (int, float)) and abs(grad - arrived[1][label]) < 1e-9:
            close(grad, value, label, where, rtol=rtol, cause=Cause("upstream_ignored", {"arrived": f"{arrived[0]:g}"}))
        grad_close(grad, value, label, where, rtol=rtol)
