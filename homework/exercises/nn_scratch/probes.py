"""Runs beside the student's `nn_scratch.py`: builds networks with known parameters, takes losses, trains."""

import numpy as np

SQUARE = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]


def arrays(sizes, seed):
    """Weights and biases of a network: the same numbers that the judge draws."""
    rng = np.random.default_rng(seed)
    made = []
    for inputs, outputs in zip(sizes, sizes[1:], strict=False):
        made += [rng.standard_normal((inputs, outputs)) * 0.7, rng.standard_normal(outputs) * 0.5]
    return made


def samples(n, inputs, seed):
    return np.random.default_rng(seed).standard_normal((n, inputs))


def _params(s, sizes, seed):
    return [s.Tensor(array, requires_grad=True) for array in arrays(sizes, seed)]


def _value(loss):
    return np.asarray(loss.data).reshape(-1)


def count(s, p, t):
    seen = []
    for sizes in p["cases"]:
        t.doing(f"params = init({tuple(sizes)}, np.random.default_rng(0))")
        params = list(s.init(tuple(sizes), np.random.default_rng(0)))
        seen.append({
            "kinds": sorted({type(q).__name__ for q in params}),
            "shapes": [list(q.data.shape) for q in params],
            "count": int(sum(q.data.size for q in params)),
            "needs": all(bool(q.requires_grad) for q in params),
            "largest bias": float(max(np.abs(q.data).max() for q in params[1::2])),
        })  # fmt: skip
    return {"networks": seen, "tensor": s.Tensor.__name__}


def init_spread(s, p, t):
    def weights(seed):
        t.doing(f"init({tuple(p['sizes'])}, np.random.default_rng({seed}))")
        return [q.data for q in list(s.init(tuple(p["sizes"]), np.random.default_rng(seed)))[0::2]]

    first, again, other = weights(p["seed"]), weights(p["seed"]), weights(p["seed"] + 1)
    return {
        "deviations": [round(float(w.std() * np.sqrt(n)), 1) for w, n in zip(first, p["sizes"], strict=False)],
        "means": [round(float(w.mean() * np.sqrt(n)), 1) for w, n in zip(first, p["sizes"], strict=False)],
        "again": [bool(np.array_equal(a, b)) for a, b in zip(first, again, strict=False)],
        "other": [bool(np.array_equal(a, b)) for a, b in zip(first, other, strict=False)],
    }


def forward(s, p, t):
    seen = []
    for sizes in p["cases"]:
        x = samples(5, sizes[0], p["seed"] + 1)
        t.doing(f"forward(params, x) with layers of sizes {tuple(sizes)}, x of shape {x.shape}")
        y = s.forward(_params(s, sizes, p["seed"]), x)
        seen.append({"kind": type(y).__name__, "logits": np.asarray(y.data)})
    return {"results": seen, "tensor": s.Tensor.__name__}


def bce(s, p, t):
    z, y = np.array(p["logits"]).reshape(-1, 1), np.array(p["y"])
    n = len(y)
    seen = {}
    for name, logits, labels in (("zeros", np.zeros((n, 1)), y), ("row", z, y), ("column", z, y.reshape(-1, 1))):
        t.doing(f"bce_with_logits(logits, y) with logits of shape ({n}, 1), y of shape {labels.shape}")
        seen[name] = _value(s.bce_with_logits(s.Tensor(logits), labels))
    return seen


def cross_entropy(s, p, t):
    n, k = p["zeros"]
    t.doing(f"cross_entropy(logits, labels) with logits zeros of shape ({n}, {k})")
    zeros = _value(s.cross_entropy(s.Tensor(np.zeros((n, k))), np.arange(n) % k))
    z = np.array(p["logits"])
    t.doing(f"cross_entropy(logits, labels) with logits of shape {z.shape}, labels {p['labels']}")
    return {"zeros": zeros, "value": _value(s.cross_entropy(s.Tensor(z), np.array(p["labels"])))}


def _graded(s, t, name, z, labels):
    logits = s.Tensor(np.array(z, dtype=float), requires_grad=True)
    t.doing(f"loss = {name}(logits, y); loss.backward()")
    loss = getattr(s, name)(logits, np.array(labels))
    loss.backward()
    return {"value": _value(loss), "grad": logits.grad}


def overflow(s, p, t):
    return _both(s, p, t)


def loss_gradients(s, p, t):
    return _both(s, p, t)


def _both(s, p, t):
    two = _graded(s, t, "bce_with_logits", np.array(p["two"]).reshape(-1, 1), p["y"])
    return {"bce_with_logits": two, "cross_entropy": _graded(s, t, "cross_entropy", p["many"], p["labels"])}


def gradients(s, p, t):
    seen = {}
    for name, sizes, labels in (("bce_with_logits", p["two"], p["y"]), ("cross_entropy", p["many"], p["labels"])):
        params, x = _params(s, sizes, p["seed"]), samples(len(labels), sizes[0], p["seed"] + 1)
        t.doing(f"{name}(forward(params, x), y).backward() with layers of sizes {tuple(sizes)}")
        getattr(s, name)(s.forward(params, x), np.array(labels)).backward()
        seen[name] = [q.grad for q in params]
    return seen


def steps(s, p, t):
    params, x = _params(s, p["sizes"], p["seed"]), samples(6, p["sizes"][0], p["seed"] + 1)
    y = samples(6, p["sizes"][-1], p["seed"] + 2)
    t.doing(f"train(params, x, y, mean_square, lr={p['lr']}, steps={p['steps']})")
    losses = s.train(params, x, y, lambda z, want: ((z - want) ** 2).mean(), p["lr"], p["steps"])
    return {"losses": [float(v) for v in losses], "params": [np.array(q.data) for q in params]}


def _trained(s, p, t, loss, sizes, x, y):
    t.doing(f"params = init({tuple(sizes)}, np.random.default_rng({p['seed']}))")
    params = s.init(tuple(sizes), np.random.default_rng(p["seed"]))
    t.doing(f"train(params, x, y, {loss}, lr={p['lr']}, steps={p['steps']})")
    losses = [float(v) for v in s.train(params, np.array(x), np.array(y), getattr(s, loss), p["lr"], p["steps"])]
    t.doing("forward(params, x), after the training")
    logits = np.asarray(s.forward(params, np.array(x)).data)
    return {"count": len(losses), "first": losses[0], "last": losses[-1], "logits": logits}


def xor(s, p, t):
    return _trained(s, p, t, "bce_with_logits", (2, 8, 1), SQUARE, p["y"])


def overfit(s, p, t):
    return _trained(s, p, t, "cross_entropy", (2, 16, 3), p["x"], p["labels"])


def zero_start(s, p, t):
    seen = []
    for classes in p["classes"]:
        t.doing(f"loss_at_zero({classes})")
        seen.append(float(s.loss_at_zero(classes)))
    params = [s.Tensor(np.zeros_like(array), requires_grad=True) for array in arrays((2, 8, 1), 0)]
    t.doing(f"train(params, x, y, bce_with_logits, lr={p['lr']}, steps={p['steps']}) on XOR, all params 0")
    y = np.array([0.0, 1.0, 1.0, 0.0])
    losses = s.train(params, np.array(SQUARE), y, s.bce_with_logits, p["lr"], p["steps"])
    return {"predicted": seen, "losses": [float(v) for v in losses]}


def picture(s, p, t):
    """The probability of class 1 on a grid, every 100 steps."""
    side = np.linspace(-0.5, 1.5, p["cells"])
    grid = np.stack(np.meshgrid(side, side[::-1]), axis=-1).reshape(-1, 2)
    params = s.init((2, 8, 1), np.random.default_rng(p["seed"]))
    x, y = np.array(SQUARE), np.array([0.0, 1.0, 1.0, 0.0])
    seen = []
    for number in range(p["panels"]):
        t.doing(f"forward(params, x) after {100 * number} steps")
        z = np.asarray(s.forward(params, grid).data).reshape(p["cells"], p["cells"])
        t.doing("train(params, x, y, bce_with_logits, lr=0.1, steps=100) on XOR")
        losses = s.train(params, x, y, s.bce_with_logits, 0.1, 100)
        seen.append({"probability": 1 / (1 + np.exp(-np.clip(z, -50, 50))), "loss": float(losses[0])})
    return {"panels": seen}
