"""Runs beside the student's `draw_graph.py`: makes tensors with the base, draws them, and returns DOT text."""

import numpy as np


def _source(drawn):
    """DOT text of what draw_graph returned: text, or an object of graphviz that holds it."""
    if isinstance(drawn, str):
        return drawn
    source = getattr(drawn, "source", None)
    return source if isinstance(source, str) else drawn


def _draw(s, result):
    tensor = s.Tensor
    method = getattr(tensor, "draw_graph", None)
    return _source(result.draw_graph() if callable(method) else s.draw_graph(result))


def _leaf(s, shape, name=""):
    return s.Tensor(np.linspace(0.5, 2.0, int(np.prod(shape))).reshape(shape), requires_grad=True, name=name)


def _layer(s, p):
    """relu(x @ w + b), and the operations' names as the base knows them."""
    names, (n, k, m) = p["names"], p["sizes"]
    x, w, b = _leaf(s, (n, k), names[0]), _leaf(s, (k, m), names[1]), _leaf(s, (1, m), names[2])
    product = x @ w
    total = product + b
    y = total.relu()
    return y, (x, w, b, product, total, y), [product.op, total.op, y.op]


def layer(s, p, t):
    y, _, ops = _layer(s, p)
    t.doing("y = (x @ w + b).relu(); y.draw_graph()")
    return {"dot": _draw(s, y), "ops": ops}


def twice(s, p, t):
    x = _leaf(s, (2, 3), p["name"])
    t.doing("y = x * x; y.draw_graph()")
    return {"dot": _draw(s, x * x)}


def shared(s, p, t):
    return _doubled(s, p, t)


def doublings(s, p, t):
    return _doubled(s, p, t)


def _doubled(s, p, t):
    y = _leaf(s, (2, 3), "x")
    for _ in range(p["times"]):
        y = y + y
    t.doing(f"y = x; {p['times']} times: y = y + y; y.draw_graph()")
    return {"dot": _draw(s, y)}


def equal_values(s, p, t):
    """Four leaves with the same numbers, and results with the same numbers."""
    a, b, c, d = (s.Tensor(np.full((2, 3), p["value"]), requires_grad=True) for _ in range(4))
    t.doing("y = (a + b) * (c + d), all with the same numbers; y.draw_graph()")
    return {"dot": _draw(s, (a + b) * (c + d))}


def names(s, p, t):
    seen = []
    for name in p["names"]:
        x = _leaf(s, (2, 3), name)
        t.doing(f"x = Tensor(…, name={name!r}); x.exp().draw_graph()")
        seen.append(_draw(s, x.exp()))
    return {"dots": seen}


def _grads(tensors):
    return [None if t.grad is None else np.array(t.grad) for t in tensors]


def _attributes(tensors):
    """The name, the operation and the names of all attributes of each tensor."""
    return [[str(getattr(t, "name", "")), str(t.op), *sorted(getattr(t, "__dict__", {}))] for t in tensors]


def pure(s, p, t):
    y, every, _ = _layer(s, p)
    leaves, kept = every[:3], _attributes(every)
    t.doing("y.draw_graph() before the backward pass")
    before = _draw(s, y)
    untouched, kept_after = _grads(every), _attributes(every)
    y.backward(np.ones(y.data.shape))
    grads, data = _grads(leaves), [np.array(leaf.data) for leaf in leaves]
    t.doing("y.draw_graph() after the backward pass")
    after = _draw(s, y)
    return {
        "before": before, "after": after, "untouched": untouched, "grads": grads, "grads_after": _grads(leaves),
        "attributes": kept, "attributes_after": kept_after,
        "data": data, "data_after": [np.array(leaf.data) for leaf in leaves],
    }  # fmt: skip


def picture(s, p, t):
    y, _, _ = _layer(s, p)
    t.doing("y = (x @ w + b).relu(); y.draw_graph()")
    return {"dot": _draw(s, (y * y).sum())}
