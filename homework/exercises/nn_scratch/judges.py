"""What exercise 05 asks for: formulas of the losses, and central differences of the whole network."""

import numpy as np

from tinygrad_edu.homework.judge import check, close, equal, grad_close, numeric_gradient, require, shape_is

XOR = [0.0, 1.0, 1.0, 0.0]


def arrays(sizes, seed):
    """Weights and biases of a network: the same numbers that the probe draws."""
    rng = np.random.default_rng(seed)
    made = []
    for inputs, outputs in zip(sizes, sizes[1:], strict=False):
        made += [rng.standard_normal((inputs, outputs)) * 0.7, rng.standard_normal(outputs) * 0.5]
    return made


def samples(n, inputs, seed):
    return np.random.default_rng(seed).standard_normal((n, inputs))


def logits_of(params, x):
    """The network by its definition."""
    for i in range(0, len(params), 2):
        x = (np.tanh(x) if i else x) @ params[i] + params[i + 1]
    return x


def two_classes(z, y):
    """The loss of n logits, and its gradient."""
    z, y = np.asarray(z, dtype=float).reshape(-1), np.asarray(y, dtype=float)
    probability = (1 + np.tanh(z / 2)) / 2
    return np.mean(np.logaddexp(0, z) - y * z), ((probability - y) / len(y)).reshape(-1, 1)


def many_classes(z, labels):
    """The loss of (n, k) logits, and its gradient."""
    z, n = np.asarray(z, dtype=float), len(labels)
    log_sum = np.logaddexp.reduce(z, axis=1, keepdims=True)
    return np.mean(log_sum[:, 0] - z[np.arange(n), labels]), (np.exp(z - log_sum) - np.eye(z.shape[1])[labels]) / n


LOSSES = {"bce_with_logits": two_classes, "cross_entropy": many_classes}


@check(
    "count",
    points=1,
    params=lambda rng, public: {
        "cases": [[2, 16, 16, 1], [784, 100, 10]]
        if public
        else [[int(n) for n in rng.integers(2, 30, 4)], [int(n) for n in rng.integers(2, 90, 2)]]
    },
)
def count(o, p):
    for sizes, seen in zip(p["cases"], o["networks"], strict=True):
        where = f"params = init({tuple(sizes)}, rng)"
        equal(seen["kinds"], [o["tensor"]], "the types in params", where)
        shapes = [list(array.shape) for array in arrays(sizes, 0)]
        equal(len(seen["shapes"]), len(shapes), "len(params)", where)
        for number, (got, want) in enumerate(zip(seen["shapes"], shapes, strict=True)):
            equal(got, want, f"params[{number}].shape", where)
        equal(seen["count"], sum(int(np.prod(shape)) for shape in shapes), "how many numbers there are", where)
        equal(seen["needs"], True, "every parameter has requires_grad", where)
        close(seen["largest bias"], 0.0, "the largest |b|", where)


@check(
    "init_spread",
    points=1,
    needs=["count"],
    params=lambda rng, public: {
        "sizes": [400, 100, 60] if public else [int(rng.integers(200, 400)), int(rng.integers(60, 120)), 60],
        "seed": 1 if public else int(rng.integers(1, 2**31)),
    },
)
def init_spread(o, p):
    where = f"init({tuple(p['sizes'])}, np.random.default_rng({p['seed']}))"
    equal(o["again"], [True, True], "the weights are the same for an equal generator", where)
    for layer, (spread, mean) in enumerate(zip(o["deviations"], o["means"], strict=True)):
        name = f"W{layer + 1}"
        close(spread, 1.0, f"standard deviation of {name}, times sqrt({p['sizes'][layer]})", where)
        close(mean, 0.0, f"mean of {name}, times sqrt({p['sizes'][layer]})", where)
    equal(o["other"], [False, False], "the weights are the same for another generator", where)


def _seeded(rng, public):
    return 3 if public else int(rng.integers(1, 2**31))


@check(
    "forward",
    points=1,
    params=lambda rng, public: {"cases": [[3, 2], [3, 4, 2], [2, 5, 4, 1]], "seed": _seeded(rng, public)},
)
def forward(o, p):
    for sizes, seen in zip(p["cases"], o["results"], strict=True):
        where = f"forward(params, x)   layers of sizes {tuple(sizes)}, x: (5, {sizes[0]})"
        equal(seen["kind"], o["tensor"], "the type of the result", where)
        close(seen["logits"], logits_of(arrays(sizes, p["seed"]), samples(5, sizes[0], p["seed"] + 1)), "logits", where)


def _two(rng, public):
    if public:
        return {"logits": [2.0, -1.0, 0.5], "y": [1.0, 0.0, 0.0]}
    return {"logits": [round(rng.uniform(-3, 3), 3) for _ in range(4)], "y": [0.0, 1.0, 1.0, 0.0]}


@check("bce", points=1, params=_two)
def bce(o, p):
    n = len(p["y"])
    close(o["zeros"], [np.log(2)], "loss", f"bce_with_logits(zeros, y)   zeros: ({n}, 1)")
    where = f"bce_with_logits(logits, y)   logits = {p['logits']} as a column, y = {p['y']}"
    value = two_classes(p["logits"], p["y"])[0]
    close(o["column"], [value], "loss", f"{where}, y: ({n}, 1)")
    close(o["row"], [value], "loss", f"{where}, y: ({n},)")


def _many(rng, public):
    if public:
        return {"zeros": [3, 10], "logits": [[1.0, 2.0, 0.0], [0.5, -1.0, 3.0]], "labels": [1, 0]}
    logits = [[round(rng.uniform(-3, 3), 3) for _ in range(4)] for _ in range(3)]
    return {"zeros": [4, int(rng.integers(3, 30))], "logits": logits, "labels": [int(k) for k in rng.integers(0, 4, 3)]}


@check("cross_entropy", points=1, params=_many)
def cross_entropy(o, p):
    n, k = p["zeros"]
    close(o["zeros"], [np.log(k)], "loss", f"cross_entropy(zeros, labels)   zeros: ({n}, {k})")
    where = f"cross_entropy(logits, labels)   logits = {p['logits']}, labels = {p['labels']}"
    close(o["value"], [many_classes(p["logits"], p["labels"])[0]], "loss", where)


def _large(rng, public):
    big = 1000.0 if public else float(rng.integers(800, 3000))
    return {
        "two": [big, -big, big, -big], "y": [1.0, 0.0, 0.0, 1.0],
        "many": [[big, -big, 0.0], [0.0, big, -big], [-big, -big, -big]], "labels": [0, 2, 1],
    }  # fmt: skip


def _mild(rng, public):
    if public:
        two, many = [0.0, 1.5, -2.0, 0.0], [[0.0, 0.0, 0.0], [1.0, -0.5, 2.0]]
    else:
        two = [0.0, *(round(rng.uniform(-2, 2), 3) for _ in range(2)), 0.0]
        many = [[0.0, 0.0, 0.0], [round(rng.uniform(-2, 2), 3) for _ in range(3)]]
    return {"two": two, "y": [1.0, 0.0, 1.0, 0.0], "many": many, "labels": [2, 0]}


def _told(name, p):
    if name == "cross_entropy":
        return f"cross_entropy(logits, y)   logits = {p['many']}, y = {p['labels']}"
    return f"bce_with_logits(logits, y)   logits = {p['two']} as a column, y = {p['y']}"


@check("loss_gradients", points=1, needs=["bce", "cross_entropy"], params=_mild)
def loss_gradients(o, p):
    for name, z, y in (("bce_with_logits", p["two"], p["y"]), ("cross_entropy", p["many"], p["labels"])):
        grad_close(o[name]["grad"], LOSSES[name](z, y)[1], "logits.grad", _told(name, p))


@check("overflow", points=1, needs=["loss_gradients"], params=_large)
def overflow(o, p):
    for name, z, y in (("bce_with_logits", p["two"], p["y"]), ("cross_entropy", p["many"], p["labels"])):
        value, grad = LOSSES[name](z, y)
        close(o[name]["value"], [value], "loss", _told(name, p))
        grad_close(o[name]["grad"], grad, "logits.grad", _told(name, p))


@check(
    "gradients",
    points=1,
    needs=["forward", "loss_gradients"],
    params=lambda rng, public: {
        "two": [3, 4, 1],
        "y": [1.0, 0.0, 1.0, 0.0, 0.0],
        "many": [2, 5, 3],
        "labels": [0, 2, 1, 1],
        "seed": _seeded(rng, public),
    },  # fmt: skip
)
def gradients(o, p):
    for name, sizes, y in (("bce_with_logits", p["two"], p["y"]), ("cross_entropy", p["many"], p["labels"])):
        x, of = samples(len(y), sizes[0], p["seed"] + 1), LOSSES[name]
        wanted = numeric_gradient(
            lambda *params, x=x, y=y, of=of: of(logits_of(params, x), y)[0], *arrays(sizes, p["seed"])
        )
        where = f"{name}(forward(params, x), y).backward()   layers of sizes {tuple(sizes)}"
        require(isinstance(o[name], list) and len(o[name]) == len(wanted), "malformed", where)
        for number, (got, want) in enumerate(zip(o[name], wanted, strict=True)):
            label = f"{'Wb'[number % 2]}{number // 2 + 1}.grad"
            grad_close(got, want, label, where, rtol=1e-5, atol=1e-8)


@check(
    "steps",
    points=1,
    needs=["forward"],
    params=lambda rng, public: {"sizes": [2, 3, 2], "lr": 0.1, "steps": 3, "seed": _seeded(rng, public)},
)
def steps(o, p):
    params, x = arrays(p["sizes"], p["seed"]), samples(6, p["sizes"][0], p["seed"] + 1)
    y, losses = samples(6, p["sizes"][-1], p["seed"] + 2), []

    def loss(*params):
        return np.mean((logits_of(params, x) - y) ** 2)

    for _ in range(p["steps"]):
        losses.append(float(loss(*params)))
        changes = numeric_gradient(loss, *params)
        params = [array - p["lr"] * change for array, change in zip(params, changes, strict=True)]
    where = (
        f"train(params, x, y, mean_square, lr={p['lr']:g}, steps={p['steps']})   layers of sizes {tuple(p['sizes'])}"
    )
    equal(len(o["losses"]), p["steps"], "the number of losses", where)
    for step, (got, want) in enumerate(zip(o["losses"], losses, strict=True), 1):
        close(got, want, f"the loss before update {step}", where, rtol=1e-5)
    require(len(o["params"]) == len(params), "malformed", where)
    for number, (got, want) in enumerate(zip(o["params"], params, strict=True)):
        close(got, want, f"{'Wb'[number % 2]}{number // 2 + 1}.data afterwards", where, rtol=1e-5)


def _learned(o, p, where):
    """The losses came down below 0.05."""
    equal(o["count"], p["steps"], "the number of losses", where)
    first, last = float(o["first"]), float(o["last"])
    require(last < 0.05, "not_learned", "the last loss", where, first=round(first, 6), last=round(last, 6))


@check(
    "xor",
    points=1,
    needs=["init_spread", "gradients", "steps"],
    wall=12.0,
    params=lambda rng, public: {
        "seed": 7 if public else int(rng.integers(1, 2**31)),
        "y": XOR if public else [1.0, 0.0, 0.0, 1.0],
        "answers": [0, 1, 1, 0] if public else [1, 0, 0, 1],
        "lr": 1.0,
        "steps": 1000,
    },
)
def xor(o, p):
    where = f"train(init((2, 8, 1), rng), x, y, bce_with_logits, lr=1, steps=1000)   y = {p['y']}"
    _learned(o, p, where)
    shape_is(o["logits"], (4, 1), "forward(params, x)", where)
    equal((o["logits"][:, 0] > 0).astype(int), p["answers"], "the answers after the training", where)


def _hexagon(rng, public):
    """Six points on a circle, whose classes no straight lines separate."""
    angles = np.arange(6) * np.pi / 3
    x = np.stack([np.cos(angles), np.sin(angles)], axis=1) * 2
    if not public:
        x = x + rng.uniform(-0.2, 0.2, x.shape)
    labels = [0, 1, 2, 0, 1, 2]
    seed = 7 if public else int(rng.integers(1, 2**31))
    return {"x": np.round(x, 3).tolist(), "labels": labels, "seed": seed, "lr": 0.5, "steps": 300}


@check("overfit", points=1, needs=["init_spread", "gradients", "steps"], wall=8.0, params=_hexagon)
def overfit(o, p):
    where = f"train(init((2, 16, 3), rng), x, y, cross_entropy, lr=0.5, steps=300)   6 points, y = {p['labels']}"
    _learned(o, p, where)
    shape_is(o["logits"], (6, 3), "forward(params, x)", where)
    equal(o["logits"].argmax(axis=1), p["labels"], "the answers after the training", where)


@check(
    "zero_start",
    points=1,
    needs=["bce", "steps"],
    params=lambda rng, public: {
        "classes": [2, 10] if public else [2, int(rng.integers(3, 50))], "lr": 0.5, "steps": 50,
    },
)  # fmt: skip
def zero_start(o, p):
    for classes, got in zip(p["classes"], o["predicted"], strict=True):
        close(got, np.log(classes), f"loss_at_zero({classes})", rtol=1e-4)
    where = "train(params, x, y, bce_with_logits, lr=0.5, steps=50) on XOR   all params 0"
    equal(len(o["losses"]), p["steps"], "the number of losses", where)
    for step, got in enumerate(o["losses"], 1):
        close(got, np.log(2), f"the loss before update {step}", where)
