"""Runs beside the student's `tensor.py`: small tensors, a given upstream gradient, and the arrays that come back."""

import numpy as np


def _array(thing):
    """An array of what the student's attribute holds; what is no array travels as its type's name."""
    if thing is None or isinstance(thing, (bool, int, float, str)):
        return thing
    if isinstance(thing, np.ndarray) or hasattr(thing, "__array__"):
        return np.asarray(thing)
    return thing


def _data(tensor):
    return _array(tensor.data)


def _leaf(s, array):
    return s.Tensor(np.array(array), requires_grad=True)


def _back(s, t, text, arrays, function, upstream):
    """Build function(*tensors), send `upstream` back, and return the value and every gradient."""
    leaves = [_leaf(s, array) for array in arrays]
    t.doing(text)
    z = function(*leaves)
    value = _data(z)
    t.doing(f"z = {text}; z.backward(G)   G: {np.shape(upstream)}")
    z.backward(np.array(upstream))
    return {"value": value, "grads": [_array(leaf.grad) for leaf in leaves]}


def strides(s, p, t):
    seen = []
    for shape in p["shapes"]:
        t.doing(f"strides_of({tuple(shape)})")
        seen.append(_ints(s.strides_of(tuple(shape))))
    return {"strides": seen}


def _ints(thing):
    """A shape or strides as a list; NumPy integers in it count as integers."""
    return [int(n) if isinstance(n, np.integer) else n for n in thing] if isinstance(thing, (tuple, list)) else thing


def broadcast_shape(s, p, t):
    seen = []
    for a, b in p["pairs"]:
        t.doing(f"broadcast_shape({tuple(a)}, {tuple(b)})")
        seen.append(_ints(s.broadcast_shape(tuple(a), tuple(b))))
    bad_a, bad_b = map(tuple, p["bad"])
    t.doing(f"broadcast_shape({bad_a}, {bad_b})")
    return {"shapes": seen, "bad": t.raised(lambda: s.broadcast_shape(bad_a, bad_b))}


def unbroadcast(s, p, t):
    seen = []
    for shape in p["shapes"]:
        t.doing(f"unbroadcast(G, {tuple(shape)})   G: {p['grad'].shape}")
        seen.append(_array(s.unbroadcast(p["grad"].copy(), tuple(shape))))
    return {"grads": seen}


ELEMENTWISE = {
    "x + y": lambda x, y: x + y,
    "x - y": lambda x, y: x - y,
    "x * y": lambda x, y: x * y,
    "x / y": lambda x, y: x / y,
    "y ** 3": lambda y: y**3,
    "y ** -0.5": lambda y: y**-0.5,
    "-x": lambda x: -x,
    "x.exp()": lambda x: x.exp(),
    "y.log()": lambda y: y.log(),
    "x.relu()": lambda x: x.relu(),
    "x.tanh()": lambda x: x.tanh(),
}


def elementwise(s, p, t):
    seen = {}
    for text, function in ELEMENTWISE.items():
        arrays = [p[name] for name in ("x", "y") if name in text.replace("exp", "")]
        seen[text] = _back(s, t, text, arrays, function, p["g"])
    t.doing("x = Tensor([1, 2, 3], requires_grad=True); z = x * 0.5; z.backward(G)")
    x = s.Tensor([1, 2, 3], requires_grad=True)
    z = x * 0.5
    z.backward(np.ones(3))
    seen["ints"] = {"value": _data(z), "grads": [_array(x.grad)]}
    return seen


def compare(s, p, t):
    x, y = s.Tensor(p["x"].copy()), s.Tensor(p["y"].copy())
    seen = {}
    steps = {
        "x > y": lambda: x > y, "x < y": lambda: x < y, "x >= y": lambda: x >= y, "x <= y": lambda: x <= y,
        "x == y": lambda: x == y, "x != y": lambda: x != y, "x > 0.5": lambda: x > 0.5,
    }  # fmt: skip
    for text, step in steps.items():
        t.doing(text)
        result = step()
        seen[text] = _array(result.data if isinstance(result, s.Tensor) else result)
    t.doing("z = x * x; z.backward(G); x is still usable in a set")
    x = _leaf(s, p["x"])
    z = x * x
    z.backward(np.ones_like(p["x"]))
    seen["grad"] = _array(x.grad)
    return seen


def add_broadcast(s, p, t):
    return {
        "x + b": _back(s, t, "x + b", [p["x"], p["b"]], lambda x, b: x + b, p["g"]),
        "x * c": _back(s, t, "x * c", [p["x"], p["c"]], lambda x, c: x * c, p["g"]),
        "k - x": _back(s, t, "k - x", [p["k"], p["x"]], lambda k, x: k - x, p["g"]),
    }


def matmul(s, p, t):
    return _back(s, t, "a @ b", [p["a"], p["b"]], lambda a, b: a @ b, p["g"])


def left_operand(s, p, t):
    seen = {}
    v = p["v"]
    steps = {
        "2 + x": lambda x: 2 + x, "2 - x": lambda x: 2 - x, "2 * x": lambda x: 2 * x, "2 / x": lambda x: 2 / x,
        "v * x": lambda x: v * x, "v - x": lambda x: v - x,
    }  # fmt: skip
    for text, step in steps.items():
        x = _leaf(s, p["x"])
        t.doing(f"{text}   x: Tensor of shape {p['x'].shape}" + ("; v: NumPy array" if "v" in text else ""))
        z = step(x)
        if not isinstance(z, s.Tensor):
            seen[text] = {"type": type(z).__name__, "of": type(z.flat[0]).__name__ if isinstance(z, np.ndarray) else ""}
            continue
        z.backward(np.ones_like(p["x"]))
        seen[text] = {"type": "Tensor", "value": _data(z), "grads": [_array(x.grad)]}
    return seen


def reduce(s, p, t):
    seen = {}
    for name in ("sum", "mean", "max"):
        for axis, keepdims in p["cases"]:
            text = f"x.{name}()" if axis is None and not keepdims else f"x.{name}(axis={axis}, keepdims={keepdims})"
            g = p["g"][f"{axis},{keepdims}"]

            def function(x, name=name, axis=axis, keepdims=keepdims):
                if axis is None and not keepdims:
                    return getattr(x, name)()
                return getattr(x, name)(axis=axis, keepdims=keepdims)

            seen[text] = _back(s, t, text, [p["x"]], function, g)
    return seen


def view_ops(s, p, t):
    x, v = p["x"], p["v"]
    return {
        "x.reshape(4, 6)": _back(s, t, "x.reshape(4, 6)", [x], lambda x: x.reshape(4, 6), p["g"].reshape(4, 6)),
        "x.reshape(-1)": _back(s, t, "x.reshape(-1)", [x], lambda x: x.reshape(-1), p["g"].reshape(-1)),
        "x.transpose(0, 2)": _back(
            s, t, "x.transpose(0, 2)", [x], lambda x: x.transpose(0, 2), p["g"].reshape(4, 3, 2)
        ),
        "x[1]": _back(s, t, "x[1]", [x], lambda x: x[1], p["g"][0]),
        "x[:, 1:, ::2]": _back(s, t, "x[:, 1:, ::2]", [x], lambda x: x[:, 1:, ::2], p["g"][:, 1:, ::2]),
        "v[[0, 0, 1]]": _back(s, t, "v[[0, 0, 1]]", [v], lambda v: v[[0, 0, 1]], np.ones(3)),
    }


def accumulate(s, p, t):
    x, y = _leaf(s, p["x"]), _leaf(s, p["y"])
    g = p["g"].copy()
    z = (x + y) + x
    t.doing("z = (x + y) + x; z.backward(G)")
    z.backward(g)
    once = [_array(x.grad), _array(y.grad)]
    once = [None if grad is None else np.array(grad) for grad in once]
    shared = _shared(s, p, t)
    w = x * x
    u = w * y
    t.doing("x.zero_grad(); y.zero_grad(); w = x * x; u = w * y; u.backward(G); u.backward(G)")
    x.zero_grad()
    y.zero_grad()
    zeroed = _array(x.grad)
    zeroed = None if zeroed is None else np.array(zeroed)
    u.backward(p["g"].copy())
    u.backward(p["g"].copy())
    return {"once": once, "zeroed": zeroed, "twice": [_array(x.grad), _array(y.grad)], "g": g,
            "between": [_array(w.grad), _array(u.grad)], "shared": shared}


def _shared(s, p, t):
    """Which of the arrays around z = x + y are the same memory: who writes into one changes both."""
    x, y, g = _leaf(s, p["x"]), _leaf(s, p["y"]), p["g"].copy()
    t.doing("z = x + y; z.backward(G)")
    z = x + y
    z.backward(g)
    held = {"x.grad": x.grad, "y.grad": y.grad, "z.grad": z.grad, "G": g}
    arrays = {name: _array(array) for name, array in held.items() if isinstance(_array(array), np.ndarray)}
    names = list(arrays)
    return [[a, b] for i, a in enumerate(names) for b in names[i + 1 :] if np.shares_memory(arrays[a], arrays[b])]


def no_grad(s, p, t):
    x = _leaf(s, p["x"])
    t.doing("with no_grad(): y = x * 2")
    with s.no_grad():
        y = x * 2
    inside = {"parents": len(y.parents), "requires_grad": y.requires_grad}
    came_out = False
    try:
        with s.no_grad():
            raise KeyError("on purpose")
    except KeyError:
        came_out = True
    t.doing("y = x * 2 after the block")
    y = x * 2
    after = {"parents": len(y.parents) > 0, "requires_grad": y.requires_grad, "came_out": came_out}
    t.doing("with no_grad(): (with no_grad(): pass); y = x * 2")
    with s.no_grad():
        with s.no_grad():
            pass
        y = x * 2
    return {"inside": inside, "after": after, "nested": y.requires_grad}


def detach(s, p, t):
    x = _leaf(s, p["x"])
    t.doing("d = (x * x).detach()")
    d = (x * x).detach()
    seen = {"parents": len(d.parents), "requires_grad": d.requires_grad, "value": _data(d)}
    t.doing("z = x * x.detach(); z.backward(G)")
    z = x * x.detach()
    z.backward(np.ones_like(p["x"]))
    return {**seen, "grad": _array(x.grad)}


def custom(s, p, t):
    x, y = s.Tensor(np.array(p["x"]), requires_grad=True), s.Tensor(np.array(p["y"]), requires_grad=True)

    def hypot(a, b):
        u, v = np.asarray(a.data), np.asarray(b.data)
        length = np.hypot(u, v)
        return s.Tensor.custom(length, (a, b), lambda g: [g * u / length, g * v / length])

    t.doing("h = Tensor.custom(np.hypot(x.data, y.data), (x, y), rule)")
    h = hypot(x, y)
    t.doing("z = h*h + 3*h; z.backward(np.ones(3))")
    (h * h + 3 * h).backward(np.ones(3))
    t.doing("Tensor.custom(...) with parents of which one, and none, requires a gradient")
    plain = s.Tensor(np.array(p["y"]))
    needs = [bool(hypot(x, plain).requires_grad), bool(hypot(plain, plain).requires_grad)]
    return {"value": _data(h), "grads": [_array(x.grad), _array(y.grad)], "needs": needs}


def non_scalar(s, p, t):
    x = _leaf(s, p["x"])
    t.doing("y = x * 2; y.backward()")
    y = x * 2
    seen = {"vector": t.raised(lambda: y.backward())}
    t.doing("y = (x * 2).sum(); y.backward()")
    x = _leaf(s, p["x"])
    (x * 2).sum().backward()
    return {**seen, "grad": _array(x.grad)}


COMPOSITE = {  # (bounded, so that differences are precise)
    "add": lambda a, b: (a + b) * 0.5,
    "sub": lambda a, b: (a - b) * 0.5,
    "mul": lambda a, b: a.tanh() * b.tanh(),
    "div": lambda a, b: a / (b * b + 1.0),
    "tanh": lambda a, b: a.tanh(),
    "exp": lambda a, b: a.tanh().exp(),
    "mean": lambda a, b: a - a.mean(axis=1, keepdims=True),
    "matmul": lambda a, b: (a @ a.transpose(0, 1) @ b).tanh(),
}


def composite(s, p, t):
    """A program of operations on a growing list of tensors; the judge runs the same on arrays."""
    values = [_leaf(s, array) for array in p["leaves"]]
    leaves = list(values)
    for op, i, j in p["program"]:
        a, b = values[i], values[j]
        t.doing(f"v{len(values)} = {op} of v{i} and, where it takes two, v{j}")
        values.append(COMPOSITE[op](a, b))
    t.doing("z = the sum of the last v; z.backward()")
    z = values[-1].sum()
    z.backward()
    return {"value": _data(z), "grads": [_array(leaf.grad) for leaf in leaves]}


def shares_memory(s, p, t):
    x = s.Tensor(p["x"].copy())
    t.doing("x.transpose(0, 2), x[1], x.reshape(-1)")
    views = {"x.transpose(0, 2)": x.transpose(0, 2), "x[1]": x[1], "x.reshape(-1)": x.reshape(-1)}
    return {name: bool(np.shares_memory(np.asarray(x.data), np.asarray(v.data))) for name, v in views.items()}


def long_chain(s, p, t):
    x = _leaf(s, p["x"])
    t.doing(f"y = x; {p['times']} times: y = y + x; y.backward(G)")
    y = x
    for _ in range(p["times"]):
        y = y + x
    y.backward(np.ones_like(p["x"]))
    return {"grad": _array(x.grad)}


def picture(s, p, t):
    """What the student's unbroadcast and gradients make of a broadcast: for the drawing of shapes."""
    x, b = _leaf(s, p["x"]), _leaf(s, p["b"])
    z = x * b + b
    z.backward(p["g"].copy())
    return {
        "x": _array(x.data), "b": _array(b.data), "z": _data(z), "g": p["g"],
        "x_grad": _array(x.grad), "b_grad": _array(b.grad),
        "summed": _array(s.unbroadcast(p["g"].copy(), p["b"].shape)),
    }  # fmt: skip
