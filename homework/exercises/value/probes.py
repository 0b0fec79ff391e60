"""Runs beside the student's `value.py`: builds small expressions, calls backward, and returns the numbers."""

import math


def _grads(*values):
    return [v.grad for v in values]


def forward(s, p, t):
    t.doing(f'a = Value({p["a"]}, "a")')
    a, b = s.Value(p["a"], "a"), s.Value(p["b"], "b")
    steps = {
        "a + b": lambda: a + b,
        "a - b": lambda: a - b,
        "a * b": lambda: a * b,
        "a / b": lambda: a / b,
        "a ** 3": lambda: a**3,
        "-a": lambda: -a,
        "a.exp()": lambda: a.exp(),
        "a.relu()": lambda: a.relu(),
        "(-a).relu()": lambda: (-a).relu(),
    }
    results = {}
    for text, step in steps.items():
        t.doing(f"{text}   at a = {p['a']}, b = {p['b']}")
        results[text] = step().data
    t.doing("c = a * b; c.parents, c.op")
    c = a * b
    parents = [("a" if q is a else "b" if q is b else "another Value") for q in c.parents]
    return {"results": results, "leaves": [a.data, b.data], "parents": parents, "op": c.op, "leaf": list(a.parents)}


def mul(s, p, t):
    t.doing(f'x = Value({p["x"]}, "x")')
    x, y = s.Value(p["x"], "x"), s.Value(p["y"], "y")
    t.doing("z = x * y; z.backward()")
    z = x * y
    z.backward()
    return {"grads": _grads(x, y), "top": z.grad}


def chain(s, p, t):
    x, y, three = s.Value(p["x"]), s.Value(p["y"]), s.Value(p["k"])
    t.doing(f"z = (x * y) * Value({p['k']}); z.backward()")
    z = (x * y) * three
    z.backward()
    return {"grads": _grads(x, y, three)}


def rules(s, p, t):
    steps = {
        "x + y": lambda x, y: x + y,
        "x - y": lambda x, y: x - y,
        "x / y": lambda x, y: x / y,
        "x ** 3": lambda x, y: x**3,
        "-x": lambda x, y: -x,
        "x.exp()": lambda x, y: x.exp(),
        "x.relu()": lambda x, y: x.relu(),
        "n.relu()": -p["x"],
        "o.relu()": 0.0,
    }
    seen = {}
    for text, step in steps.items():
        x, y = s.Value(p["x"], "x"), s.Value(p["y"], "y")
        t.doing(f"z = {text}; z.backward()   at x = {p['x']}, y = {p['y']}, n = {-p['x']}, o = 0.0")
        if isinstance(step, float):
            x = s.Value(step, text[0])
            z = x.relu()
        else:
            z = step(x, y)
        z.backward()
        seen[text] = _grads(x, y) if "y" in text else _grads(x)
    for text, step in steps.items():
        x, y = s.Value(p["x"], "x"), s.Value(p["y"], "y")
        if isinstance(step, float):
            continue
        t.doing(f"z = ({text}) * Value({p['k']:g}); z.backward()   at x = {p['x']}, y = {p['y']}")
        z = step(x, y) * s.Value(p["k"])
        z.backward()
        seen[f"({text}) * k"] = _grads(x, y) if "y" in text else _grads(x)
    return seen


def reuse(s, p, t):
    x = s.Value(p["x"], "x")
    t.doing(f"y = x*x + x; y.backward()   at x = {p['x']:g}")
    y = x * x + x
    y.backward()
    return {"value": y.data, "grad": x.grad}


def diamond_small(s, p, t):
    return _doublings(s, p, t)


def diamond(s, p, t):
    return _doublings(s, p, t)


def _doublings(s, p, t):
    x = s.Value(p["x"], "x")
    t.doing(f"y = x; {p['times']} times: y = y + y; y.backward()")
    y = x
    for _ in range(p["times"]):
        y = y + y
    y.backward()
    return {"value": y.data, "grad": x.grad}


def reflected(s, p, t):
    steps = {
        "2 + x": lambda x: 2 + x,
        "2 - x": lambda x: 2 - x,
        "2 * x": lambda x: 2 * x,
        "2 / x": lambda x: 2 / x,
        "x + 2": lambda x: x + 2,
        "x - 2": lambda x: x - 2,
        "x * 2": lambda x: x * 2,
        "x / 2": lambda x: x / 2,
    }
    seen = {}
    for text, step in steps.items():
        x = s.Value(p["x"], "x")
        t.doing(f"z = {text}; z.backward()   at x = {p['x']}")
        z = step(x)
        z.backward()
        seen[text] = [z.data, x.grad]
    return seen


def micrograd(s, p, t):
    a, b = s.Value(p["a"], "a"), s.Value(p["b"], "b")
    t.doing(f"the expression g of the statement at a = {p['a']:g}, b = {p['b']:g}")
    c = a + b
    d = a * b + b**3
    c = c + (c + 1)
    c = c + (1 + c + (-a))
    d = d + (d * 2 + (b + a).relu())
    d = d + (3 * d + (b - a).relu())
    e = c - d
    f = e**2
    g = f / 2.0
    g = g + 10.0 / f
    t.doing("g.backward()")
    g.backward()
    return {"g": g.data, "grads": _grads(a, b)}


def long_chain(s, p, t):
    x = s.Value(p["x"], "x")
    t.doing(f"y = x; {p['times']} times: y = y + x; y.backward()")
    y = x
    for _ in range(p["times"]):
        y = y + x
    y.backward()
    return {"value": y.data, "grad": x.grad}


def picture(s, p, t):
    """The graph of y = x*x + x*w as the student's own objects hold it, with data, grad and the order of visit."""
    x, w = s.Value(p["x"], "x"), s.Value(p["w"], "w")
    y = (x * x + x * w).exp()
    order = _watch_order(s, y)
    nodes, numbers, waiting = [], {}, [y]
    while waiting and len(nodes) < 100:
        node = waiting.pop()
        if id(node) in numbers:
            continue
        numbers[id(node)] = len(nodes)
        nodes.append(node)
        waiting.extend(node.parents)
    return {
        "nodes": [[str(getattr(n, "name", "")), str(n.op), float(n.data), float(n.grad)] for n in nodes],
        "edges": [[numbers[id(q)], numbers[id(n)]] for n in nodes for q in n.parents if id(q) in numbers],
        "order": [numbers[i] for i in order if i in numbers],
    }


def _watch_order(s, y):
    """Call y.backward() and note the order in which nodes receive their final gradient, whatever the class is like."""
    last = {}
    clock = [0]
    plain = s.Value.__setattr__

    def noting(self, name, value):
        plain(self, name, value)
        if name == "grad" and isinstance(value, (int, float)) and not math.isnan(value) and value != 0:
            clock[0] += 1
            last[id(self)] = clock[0]

    s.Value.__setattr__ = noting
    try:
        y.backward()
    finally:
        s.Value.__setattr__ = plain
    return sorted(last, key=last.get)
