"""What homework 1 asks for. References are formulas on NumPy arrays; composites are differentiated numerically."""

import numpy as np

from tinygrad_edu.homework.judge import (
    check,
    close,
    equal,
    grad_close,
    numeric_gradient,
    raises,
    require,
)
from tinygrad_edu.homework.judge.fail import Cause


def _away(rng, *shape):
    """Numbers of both signs, at least 0.2 away from 0 and from each other by chance."""
    return np.round(rng.choice([-1.0, 1.0], shape) * rng.uniform(0.2, 2.0, shape), 3)


def _positive(rng, *shape):
    return np.round(rng.uniform(0.5, 2.0, shape), 3)


def _both(o, key, value, grads, names, upstream=None):
    """The value and the gradients of one expression `z = key`."""
    seen = o[key]
    require(isinstance(seen, dict) and isinstance(seen.get("grads"), list), "form", key)
    require(len(seen["grads"]) == len(grads), "form", key)
    where = f"z = {key}   " + "   ".join(f"{name}: {np.shape(grad)}" for name, grad in zip(names, grads, strict=True))
    close(seen.get("value"), value, "z.data", where)
    for name, got, want in zip(names, seen["grads"], grads, strict=True):
        grad_close(got, want, f"{name}.grad", where, upstream=upstream)


# Part A: shapes


def _shapes(rng, public):
    if public:
        return {"shapes": [[2, 3, 4], [5], [], [3, 1], [1, 1, 7]]}
    return {"shapes": [[int(n) for n in rng.integers(1, 9, rng.integers(1, 5))] for _ in range(4)]}


@check("strides", points=1, part="A", params=_shapes)
def strides(o, p):
    require(isinstance(o["strides"], list) and len(o["strides"]) == len(p["shapes"]), "form", "strides_of")
    for shape, got in zip(p["shapes"], o["strides"], strict=True):
        want = [int(np.prod(shape[i + 1 :])) for i in range(len(shape))]
        equal(got, want, f"strides_of({tuple(shape)})")


def _pairs(rng, public):
    if public:
        pairs = [[[3, 1], [4]], [[2, 3], [2, 3]], [[], [3, 2]], [[5, 1, 4], [3, 1]], [[1], [6]]]
        return {"pairs": pairs, "bad": [[2], [3]]}
    pairs = []
    for _ in range(5):
        shape = rng.integers(2, 6, 3)
        pairs.append([[int(n) if rng.random() < 0.6 else 1 for n in shape] for _ in range(2)])
        pairs[-1][1] = pairs[-1][1][int(rng.integers(0, 3)) :]
    return {"pairs": pairs, "bad": [[4, int(rng.integers(2, 4))], [7]]}


@check("broadcast_shape", points=1, part="A", params=_pairs)
def broadcast_shape(o, p):
    require(isinstance(o["shapes"], list) and len(o["shapes"]) == len(p["pairs"]), "form", "broadcast_shape")
    for (a, b), got in zip(p["pairs"], o["shapes"], strict=True):
        equal(got, list(np.broadcast_shapes(tuple(a), tuple(b))), f"broadcast_shape({tuple(a)}, {tuple(b)})")
    a, b = map(tuple, p["bad"])
    raises(o["bad"], ["ValueError", "RuntimeError"], f"broadcast_shape({a}, {b})", contains=[str(a), str(b)])


def _to_shapes(rng, public):
    grad = np.ones((3, 4)) if public else _away(rng, 3, 4)
    return {"grad": grad, "shapes": [[3, 1], [1, 4], [4], [], [3, 4], [1], [1, 1]]}


@check("unbroadcast", points=2, part="A", params=_to_shapes)
def unbroadcast(o, p):
    require(isinstance(o["grads"], list) and len(o["grads"]) == len(p["shapes"]), "form", "unbroadcast")
    for shape, got in zip(p["shapes"], o["grads"], strict=True):
        grad_close(got, _summed(p["grad"], tuple(shape)), f"unbroadcast(G, {tuple(shape)})", "G: (3, 4)")


def _summed(grad, shape):
    """The sum of `grad` over what broadcasting added to `shape` or stretched."""
    lead = grad.ndim - len(shape)
    axes = tuple(range(lead)) + tuple(i + lead for i, n in enumerate(shape) if n == 1)
    return grad.sum(axis=axes, keepdims=True).reshape(shape) if axes else grad


# Part B: arithmetic


def _xy(rng, public):
    return {"x": _away(rng, 3, 4), "y": _positive(rng, 3, 4), "g": _away(rng, 3, 4)}


@check("elementwise", points=2, part="B", params=_xy)
def elementwise(o, p):
    x, y, g = p["x"], p["y"], p["g"]
    for key, value, slopes, names in [
        ("x + y", x + y, [1.0, 1.0], "xy"),
        ("x - y", x - y, [1.0, -1.0], "xy"),
        ("x * y", x * y, [y, x], "xy"),
        ("x / y", x / y, [1 / y, -x / y**2], "xy"),
        ("y ** 3", y**3, [3 * y**2], "y"),
        ("y ** -0.5", y**-0.5, [-0.5 * y**-1.5], "y"),
        ("-x", -x, [-1.0], "x"),
        ("x.exp()", np.exp(x), [np.exp(x)], "x"),
        ("y.log()", np.log(y), [1 / y], "y"),
        ("x.relu()", np.maximum(x, 0), [(x > 0) * 1.0], "x"),
        ("x.tanh()", np.tanh(x), [1 - np.tanh(x) ** 2], "x"),
    ]:
        _both(o, key, value, [g * slope for slope in slopes], names, upstream=g)
    seen = o["ints"]
    require(isinstance(seen, dict) and isinstance(seen.get("grads"), list) and seen["grads"], "form", "x * 0.5")
    where, ints = "x = Tensor([1, 2, 3], requires_grad=True); z = x * 0.5", Cause("integers")
    close(seen.get("value"), [0.5, 1.0, 1.5], "z.data", where, cause=ints)
    if seen["grads"][0] is not None and np.shape(seen["grads"][0]) == (3,):
        close(seen["grads"][0], [0.5, 0.5, 0.5], "x.grad", where, cause=ints)
    grad_close(seen["grads"][0], [0.5, 0.5, 0.5], "x.grad", where)


def _comparable(rng, public):
    x = np.array([0.2, 1.0, -1.5, 2.0]) if public else _away(rng, 4)
    y = x.copy()
    y[::2] += 0.25
    y[3] -= 0.5
    return {"x": x, "y": y}


@check("compare", points=1, part="B", params=_comparable)
def compare(o, p):
    x, y = p["x"], p["y"]
    for text, want in {
        "x > y": x > y, "x < y": x < y, "x >= y": x >= y, "x <= y": x <= y, "x == y": x == y, "x != y": x != y,
        "x > 0.5": x > 0.5,
    }.items():  # fmt: skip
        close(o[text], want, text, f"x = {x.tolist()}, y = {y.tolist()}")
    grad_close(o["grad"], 2 * x, "x.grad", "z = x * x", parts=[x, 2 * x])


def _broadcasting(rng, public):
    g = np.ones((5, 4)) if public else _away(rng, 5, 4)
    return {"x": _away(rng, 5, 4), "b": _away(rng, 4), "c": _away(rng, 5, 1), "k": np.array(1.5), "g": g}


@check("add_broadcast", points=2, part="B", needs=["elementwise"], params=_broadcasting)
def add_broadcast(o, p):
    x, b, c, k, g = p["x"], p["b"], p["c"], p["k"], p["g"]
    _both(o, "x + b", x + b, [g, g.sum(0)], "xb", upstream=g)
    _both(o, "x * c", x * c, [g * c, (g * x).sum(1, keepdims=True)], "xc", upstream=g)
    _both(o, "k - x", k - x, [g.sum(), -g], "kx", upstream=g)


@check(
    "matmul",
    points=2,
    part="B",
    params=lambda rng, public: {"a": _away(rng, 2, 3), "b": _away(rng, 3, 4), "g": _away(rng, 2, 4)},
)
def matmul(o, p):
    a, b, g = p["a"], p["b"], p["g"]
    where = "z = a @ b   a: (2, 3)   b: (3, 4)"
    close(o["value"], a @ b, "z.data", where)
    require(isinstance(o["grads"], list) and len(o["grads"]) == 2, "form", where)
    grad_close(o["grads"][0], g @ b.T, "a.grad", where)
    grad_close(o["grads"][1], a.T @ g, "b.grad", where)


@check(
    "left_operand",
    points=1,
    part="B",
    needs=["elementwise"],
    params=lambda rng, public: {"x": _positive(rng, 2), "v": np.array([1.0, 2.0]) if public else _away(rng, 2)},
)
def left_operand(o, p):
    x, v = p["x"], p["v"]
    for text, value, slope in [
        ("2 + x", 2 + x, 1.0), ("2 - x", 2 - x, -1.0), ("2 * x", 2 * x, 2.0), ("2 / x", 2 / x, -2 / x**2),
        ("v * x", v * x, v), ("v - x", v - x, -1.0),
    ]:  # fmt: skip
        seen = o[text]
        require(isinstance(seen, dict), "form", text)
        kind, of = str(seen.get("type")), str(seen.get("of", ""))
        require(kind == "Tensor", "no_tensor", text, got=f"{kind} of {of}" if of else kind)
        _both(o, text, value, [slope * np.ones(2)], "x")


# Part C: reductions and views


def _reducible(rng, public):
    x = rng.permutation(12).reshape(3, 4) * 0.5 - 2.2  # (no two are equal: max has one place)
    cases = [[None, False], [0, False], [1, False], [1, True], [None, True]]
    g = {f"{axis},{keep}": _away(rng, *x.sum(axis=axis, keepdims=keep).shape) for axis, keep in cases}
    return {"x": x, "cases": cases, "g": g}


@check("reduce", points=2, part="C", needs=["elementwise"], params=_reducible)
def reduce(o, p):
    x = p["x"]
    for name in ("sum", "mean", "max"):
        for axis, keep in p["cases"]:
            text = f"x.{name}()" if axis is None and not keep else f"x.{name}(axis={axis}, keepdims={keep})"
            g = p["g"][f"{axis},{keep}"]
            value = getattr(x, name)(axis=axis, keepdims=keep)
            wide = g if axis is None or keep else np.expand_dims(g, axis)
            grad = np.broadcast_to(wide, x.shape)
            if name == "mean":
                grad = grad / (x.size if axis is None else x.shape[axis])
            elif name == "max":
                grad = grad * (x == x.max(axis=axis, keepdims=True))
            _both(o, text, value, [grad], "x")


def _viewed(rng, public):
    return {"x": _away(rng, 2, 3, 4), "v": _away(rng, 3), "g": _away(rng, 2, 3, 4)}


@check("view_ops", points=2, part="C", needs=["elementwise"], params=_viewed)
def view_ops(o, p):
    x, v, g = p["x"], p["v"], p["g"]
    _both(o, "x.reshape(4, 6)", x.reshape(4, 6), [g], "x")
    _both(o, "x.reshape(-1)", x.reshape(-1), [g], "x")
    _both(o, "x.transpose(0, 2)", x.swapaxes(0, 2), [g.reshape(4, 3, 2).swapaxes(0, 2)], "x")
    row, part = np.zeros_like(x), np.zeros_like(x)
    row[1] = g[0]
    part[:, 1:, ::2] = g[:, 1:, ::2]
    _both(o, "x[1]", x[1], [row], "x")
    _both(o, "x[:, 1:, ::2]", x[:, 1:, ::2], [part], "x")
    _both(o, "v[[0, 0, 1]]", v[[0, 0, 1]], [np.array([2.0, 1.0, 0.0])], "v")


# Part D: the walk


@check(
    "accumulate",
    points=2,
    part="D",
    needs=["elementwise"],
    params=lambda rng, public: {"x": _away(rng, 3), "y": _away(rng, 3), "g": _away(rng, 3)},
)
def accumulate(o, p):
    x, y, g = p["x"], p["y"], p["g"]
    require(all(isinstance(o[key], list) and len(o[key]) == 2 for key in ("once", "twice")), "form", "z = (x + y) + x")
    where = "z = (x + y) + x; z.backward(G)"
    grad_close(o["once"][0], 2 * g, "x.grad", where, parts=[g, g])
    if o["once"][1] is not None and np.shape(o["once"][1]) == (3,):
        close(o["once"][1], g, "y.grad", where, cause=Cause("aliased"))
    grad_close(o["once"][1], g, "y.grad", where)
    close(o["g"], g, "G", f"{where}   G itself must not change", cause=Cause("aliased"))
    zeroed = o["zeroed"]
    require(zeroed is None or not np.any(np.asarray(zeroed, dtype=float)), "not_zeroed", "x.grad", "x.zero_grad()")
    where = "w = x * x; u = w * y; u.backward(G), twice"
    once = [2 * x * y * g, x * x * g]
    require(isinstance(o["between"], list) and len(o["between"]) == 2, "form", where)
    for name, got, part in zip("xy", o["twice"], once, strict=True):
        if _saw_the_first(got, part):
            close(got, 2 * part, f"{name}.grad", where, cause=Cause("second_pass"))
        grad_close(got, 2 * part, f"{name}.grad", where, parts=[part, part])
    for name, got, part in zip("wu", o["between"], [g * y, g], strict=True):
        if got is not None:  # (as in PyTorch, results may keep none)
            grad_close(got, 2 * part, f"{name}.grad", where, parts=[part, part])
    pairs = o["shared"]
    require(isinstance(pairs, list) and all(isinstance(pair, list) for pair in pairs), "form", "z = x + y")
    told = " and ".join(map(str, pairs[0])) if pairs else ""
    require(not pairs, "shared", "z = x + y; z.backward(G)", which=told)


def _saw_the_first(got, part):
    """Whether the second pass sent on what the first had left: more than two times the gradient of one."""
    numbers = isinstance(got, np.ndarray) and got.dtype.kind == "f" and got.shape == part.shape
    return numbers and bool((np.abs(got) > np.abs(2 * part) * (1 + 1e-6)).all())


@check("no_grad", points=1, part="D", params=lambda rng, public: {"x": _away(rng, 3)})
def no_grad(o, p):
    require(all(isinstance(o[key], dict) for key in ("inside", "after")), "form", "y = x * 2")
    where = "with no_grad(): y = x * 2"
    equal(o["inside"].get("parents"), 0, "len(y.parents)", where)
    equal(o["inside"].get("requires_grad"), False, "y.requires_grad", where)
    where = "y = x * 2, after a block with no_grad() in which an exception was raised"
    equal(o["after"].get("requires_grad"), True, "y.requires_grad", where)
    equal(o["after"].get("parents"), True, "len(y.parents) > 0", where)
    equal(o["after"].get("came_out"), True, "the exception came out of the block", where)
    where = "y = x * 2 in a block with no_grad(), after another such block inside it has ended"
    equal(o["nested"], False, "y.requires_grad", where)


@check("detach", points=1, part="D", params=lambda rng, public: {"x": _away(rng, 3)})
def detach(o, p):
    where = "d = (x * x).detach()"
    close(o["value"], p["x"] ** 2, "d.data", where)
    equal(o["parents"], 0, "len(d.parents)", where)
    equal(o["requires_grad"], False, "d.requires_grad", where)
    grad_close(o["grad"], p["x"], "x.grad", "z = x * x.detach(); z.backward(G)   G: ones")


@check(
    "custom",
    points=1,
    part="D",
    needs=["accumulate"],
    params=lambda rng, public: {"x": _away(rng, 3), "y": _away(rng, 3)},
)
def custom(o, p):
    x, y = np.array(p["x"]), np.array(p["y"])
    h = np.hypot(x, y)
    where = "h = Tensor.custom(hypot(x, y), (x, y), rule); z = h*h + 3*h; z.backward(G)   G: ones"
    close(o["value"], h, "h.data", where)
    grad_close(o["grads"][0], (2 * h + 3) * x / h, "x.grad", where)
    grad_close(o["grads"][1], (2 * h + 3) * y / h, "y.grad", where)
    equal(o["needs"], [True, False], "h.requires_grad", "where x requires a gradient; where neither does")


@check("non_scalar", points=1, part="D", params=lambda rng, public: {"x": _away(rng, 3)})
def non_scalar(o, p):
    raises(o["vector"], "RuntimeError", "y = x * 2; y.backward()   y: (3,)   y.backward")
    grad_close(o["grad"], [2.0, 2.0, 2.0], "x.grad", "y = (x * 2).sum(); y.backward()")


OPS = {
    "add": lambda a, b: (a + b) * 0.5,
    "sub": lambda a, b: (a - b) * 0.5,
    "mul": lambda a, b: np.tanh(a) * np.tanh(b),
    "div": lambda a, b: a / (b * b + 1.0),
    "tanh": lambda a, b: np.tanh(a),
    "exp": lambda a, b: np.exp(np.tanh(a)),
    "mean": lambda a, b: a - a.mean(axis=1, keepdims=True),
    "matmul": lambda a, b: np.tanh(a @ a.T @ b),
}
OF_TWO = ("add", "sub", "mul", "div", "matmul")


def _program(rng, public):
    """Six operations at random; the last one uses the newest value, so that nothing is left out."""
    program = []
    for n in range(6):
        op = str(rng.choice(list(OPS)))
        program.append([op, n + 1, int(rng.integers(0, n + 2))])
    return {"leaves": [_away(rng, 2, 3), _away(rng, 2, 3)], "program": program}


def _run(program, leaves):
    values = list(leaves)
    for op, i, j in program:
        values.append(OPS[op](values[i], values[j]))
    return values[-1].sum()


@check(
    "composite",
    points=2,
    part="D",
    params=_program,
    twins=3,
    needs=["elementwise", "add_broadcast", "matmul", "reduce", "view_ops"],
)
def composite(o, p):
    steps = [f"{op}(v{i}, v{j})" if op in OF_TWO else f"{op}(v{i})" for op, i, j in p["program"]]
    where = "; ".join(f"v{n} = {step}" for n, step in enumerate(steps, 2))
    close(o["value"], _run(p["program"], p["leaves"]), "z.data", where, rtol=1e-9)
    want = numeric_gradient(lambda *leaves: _run(p["program"], leaves), *p["leaves"])
    require(isinstance(o["grads"], list) and len(o["grads"]) == 2, "form", where)
    for n, (got, grad) in enumerate(zip(o["grads"], want, strict=True)):
        if n == 1 or np.abs(grad).max() > 0:
            grad_close(got, grad, f"v{n}.grad", where, rtol=1e-5, atol=1e-6)


# Stretch


@check("shares_memory", points=0, part="C", needs=["view_ops"], params=_viewed)
def shares_memory(o, p):
    for name in ("x.transpose(0, 2)", "x[1]", "x.reshape(-1)"):
        equal(o[name], True, f"np.shares_memory(x.data, {name}.data)")


@check(
    "long_chain",
    points=0,
    part="D",
    needs=["accumulate"],
    params=lambda rng, public: {"x": _away(rng, 2), "times": 3000},
)
def long_chain(o, p):
    grad_close(o["grad"], [p["times"] + 1.0] * 2, "x.grad", f"y = x; for _ in range({p['times']}): y = y + x")
