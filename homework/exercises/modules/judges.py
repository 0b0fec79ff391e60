"""What exercise 06 asks for: names, modes and states by rule, layers and losses by formula."""

import numpy as np

from tinygrad_edu.homework.judge import Fail, check, close, equal, grad_close, raises, require

NAMES = ["one.weight", "two.weight"]


@check(
    "parameter_names",
    points=1,
    params=lambda rng, public: {"blocks": ["body"] if public else [f"b{rng.integers(100)}", f"a{rng.integers(100)}"]},
)
def parameter_names(o, p):
    where = "net.named_parameters()"
    wanted = ["shift"]
    for block in p["blocks"]:
        wanted += [f"{block}.first.weight", f"{block}.scale"]
    wanted.append("head.weight")
    names = [name for name, _ in o["named"]]
    require(
        sorted(names) == sorted(wanted), "names", where, expected=", ".join(wanted), got=", ".join(names) or "nothing"
    )
    equal(names, wanted, "the order of the names", where)
    values = [4.0, *[1.0, 2.0] * len(p["blocks"]), 6.0]
    for (name, got), want in zip(o["named"], values, strict=True):
        close(got, [want], f"the data of {name}", where)
    equal(o["count"], len(wanted), "len(net.parameters())")
    equal(o["listed"], [True] * len(wanted), "parameters() are those of named_parameters()")
    equal(o["kinds"], [True] * len(wanted), "each is a Parameter and a Tensor with requires_grad")


@check("shared", points=1, needs=["parameter_names"])
def shared(o, p):
    where = "self.two.weight = self.one.weight; self.three = self.one"
    equal(o["names"], ["one.weight"], "the names in net.named_parameters()", where)


def _found_or_refused(seen, wanted, where):
    """The names, or an exception: anything but losing them silently."""
    if isinstance(seen, dict) and isinstance(seen.get("raises"), list) and seen["raises"]:
        return
    got = seen.get("value") if isinstance(seen, dict) else None
    if not isinstance(got, list):
        raise Fail("malformed", where)
    require(got == wanted, "lost", where, expected=", ".join(wanted), got=", ".join(map(str, got)) or "nothing")


@check("in_a_list", points=1, needs=["parameter_names"])
def in_a_list(o, p):
    _found_or_refused(o["names"], ["layers.0.weight", "layers.1.weight"], "self.layers = [Leaf(), Leaf()]")


@check("instances", points=1, needs=["parameter_names"])
def instances(o, p):
    for name, values in (("one", [[1.0]]), ("two", [[2.0, 2.0]]), ("again", [[3.0]])):
        where = {
            "one": "one, two = Leaf(), Leaf(); one.named_parameters()",
            "two": "one, two = Leaf(), Leaf(); two.named_parameters()",
            "again": "one.weight = Parameter(...), set for the second time; one.named_parameters()",
        }[name]
        equal([key for key, _ in o[name]], ["weight"], "the names", where)
        close(o[name][0][1], values[0], "the data of weight", where)
    _found_or_refused(o["early"], ["weight"], "self.weight = Parameter(...) before super().__init__()")


def _layers(rng, public):
    cases = (
        [[3, 2, True], [5, 4, False]]
        if public
        else [[int(n) for n in rng.integers(2, 9, 2)] + [b] for b in (True, False)]
    )
    return {"cases": cases, "seed": 5 if public else int(rng.integers(1, 2**31))}


@check("linear", points=1, needs=["parameter_names"], params=_layers)
def linear(o, p):
    for (inputs, outputs, bias), seen in zip(p["cases"], o["layers"], strict=True):
        where = f"layer = Linear({inputs}, {outputs}{'' if bias else ', bias=False'})"
        equal(seen["weight"], [outputs, inputs], "layer.weight.shape", where)
        equal(seen["bias"], [outputs] if bias else None, "layer.bias.shape", where)
        equal(seen["names"], ["weight", "bias"] if bias else ["weight"], "the names of its parameters", where)
        require(seen["differ"] is True, "all_equal", "layer.weight", where)
        rng = np.random.default_rng(p["seed"])
        w, b, x = rng.standard_normal((outputs, inputs)), rng.standard_normal(outputs), rng.standard_normal((4, inputs))
        g = rng.standard_normal((4, outputs))
        close(seen["y"], x @ w.T + (b if bias else 0), "layer(x)", where)
        wanted = {"x.grad": g @ w, "layer.weight.grad": g.T @ x, "layer.bias.grad": g.sum(axis=0)}
        for got, (label, want) in zip(seen["grads"], wanted.items(), strict=False):
            grad_close(got, want, label, where, upstream=g)


def _chain(rng, public):
    if public:
        return {"a": 2.0, "b": -1.0, "c": 3.0, "x": [1.0, -1.0]}
    a, b, c = (round(rng.uniform(0.5, 3), 3) for _ in range(3))
    return {"a": a, "b": -b, "c": c, "x": [round(2 * b / a, 3), -1.0]}


@check("sequential", points=1, needs=["parameter_names"], params=_chain)
def sequential(o, p):
    where = f"net = Sequential(* {p['a']:g}, + {p['b']:g}, Sequential(* {p['c']:g}, ReLU())), x = {p['x']}"
    equal(o["names"], ["0.weight", "2.0.weight"], "the names of its parameters", where)
    y = p["c"] * (p["a"] * np.array(p["x"]) + p["b"])
    close(o["y"], np.maximum(y, 0), "net(x)", where)
    grad_close(o["grad"], p["a"] * p["c"] * (y > 0), "x.grad", where)


@check("train_eval", points=1)
def train_eval(o, p):
    of = "training of net, a module inside, and three inside that"
    equal(o["first"], [True] * 5, of, "net = Sequential(Leaf(), Sequential(Leaf(), Dropout(0.5)))")
    equal(o["eval"], [False] * 5, of, "net.eval()")
    equal(o["train"], [True] * 5, of, "net.eval(); net.train()")
    equal(o["train(False)"], [False] * 5, of, "net.train(False)")
    for name in ("eval", "train"):
        equal(o[f"{name} returns"], True, f"net.{name}() returns net")


@check(
    "dropout",
    points=1,
    params=lambda rng, public: {"p": 0.4 if public else [0.2, 0.3, 0.6, 0.7][int(rng.integers(4))]},
)
def dropout(o, p):
    where = f"Dropout({p['p']:g})(x)   x: 4000 numbers of 2"
    scale = 1 / (1 - p["p"])
    close(o["eval"], [2.0], "the different values in it", f"{where}, after eval()")
    close(o["values"], [0.0, 2 * scale], "the different values in it", where, rtol=1e-5)
    close(o["zeros"], p["p"], "how much of it is 0, to one digit", where)
    close(o["slopes"], [0.0, scale], "the different values in x.grad of its sum", where, rtol=1e-5)
    equal(o["same places"], True, "x.grad is 0 where the result is 0", where)
    equal(o["again"], False, "a second call drops the same places", where)
    close(o["never"], [2.0], "the different values in it", "Dropout(0.0)(x)   x: 4000 numbers of 2")
    close(o["default"], [0.0, 4.0], "the different values in it", "Dropout()(x)   x: 4000 numbers of 2")
    require(isinstance(o["refused"], list) and len(o["refused"]) == 2, "malformed")
    for probability, seen in zip((1.5, -0.1), o["refused"], strict=True):
        raises(seen, "ValueError", f"Dropout({probability})")


def _numbers(rng, public):
    return {"numbers": [1.0, 2.0] if public else [round(rng.uniform(-9, 9), 2) for _ in range(2)]}


def _state(seen, numbers, where):
    equal(sorted(seen), NAMES, "its names", where)
    close(seen["one.weight"], numbers, 'state["one.weight"]', where)
    close(seen["two.weight"], [0.5], 'state["two.weight"]', where)


@check("state_dict", points=1, needs=["parameter_names"], params=_numbers)
def state_dict(o, p):
    _state(o["saved"], p["numbers"], "saved = net.state_dict()")
    _state(o["after a change"], p["numbers"], "saved = net.state_dict(); then the parameters were changed")
    where = "net.load_state_dict(saved)"
    _state(dict(o["loaded"]), p["numbers"], f"{where}; net.named_parameters()")
    equal(o["same objects"], [True, True], "the Parameters are the same objects as before", where)
    _state(o["after another"], p["numbers"], f"{where}; then the parameters were changed; saved")


@check("load_state", points=1, needs=["state_dict"], params=_numbers)
def load_state(o, p):
    kinds = {"missing": "KeyError", "unexpected": "KeyError", "shape": "ValueError"}
    told = {
        "missing": ["two.weight"],
        "unexpected": ["three.weight"],
        "shape": ["two.weight", "(1,)", "(3,)"],
    }
    for name, kind in kinds.items():
        raises(o[name]["raised"], kind, f"net.load_state_dict(state)   {name}", contains=told[name])
        _state(dict(o[name]["then"]), p["numbers"], "net.load_state_dict(state) was refused; net.named_parameters()")


def _pairs(rng, public):
    if public:
        return {"x": [[1.0], [2.0], [-1.0]], "y": [[0.5], [4.0], [-1.5]]}
    return {name: [[round(rng.uniform(-3, 3), 3)] for _ in range(4)] for name in "xy"}


def _graded(o, p, name, losses, slopes):
    """Values and gradients for each reduction, given the loss of every element and its gradient."""
    for reduction, value, factor in (
        ("mean", losses.mean(), 1 / losses.size), ("sum", losses.sum(), 1.0), ("none", losses, 1.0),
    ):  # fmt: skip
        where = (
            f"{name}({'' if reduction == 'mean' else f'reduction={reduction!r}'})(x, y)   x = {p['x']}, y = {p['y']}"
        )
        close(o[reduction]["value"], value, "loss", where)
        grad_close(o[reduction]["grad"], slopes * factor, "x.grad", where)
    raises(o["average"], "ValueError", f"{name}(reduction='average')", contains=["average"])
    if "shapes" in o:
        n = len(p["x"])
        raises(o["shapes"], "ValueError", f"{name}()(x, y)   x: ({n}, 1), y: ({n},)", contains=[f"({n}, 1)", f"({n},)"])


@check("mse", points=1, params=_pairs)
def mse(o, p):
    difference = np.array(p["x"]) - np.array(p["y"])
    require("shapes" in o, "malformed")
    _graded(o, p, "MSELoss", difference**2, 2 * difference)


def _classes(rng, public):
    if public:
        return {"x": [[1.0, 2.0, 0.0], [0.5, -1.0, 3.0]], "y": [1, 0]}
    return {"x": rng.uniform(-3, 3, (3, 4)).round(3).tolist(), "y": [int(k) for k in rng.integers(0, 4, 3)]}


@check("cross_entropy", points=1, params=_classes)
def cross_entropy(o, p):
    x, rows = np.array(p["x"]), np.arange(len(p["y"]))
    log_sum = np.logaddexp.reduce(x, axis=1)
    hot = np.eye(x.shape[1])[p["y"]]
    _graded(o, p, "CrossEntropyLoss", log_sum - x[rows, p["y"]], np.exp(x - log_sum[:, None]) - hot)


def _answers(rng, public):
    if public:
        return {"x": [[2.0], [-1.0], [0.0], [800.0]], "y": [[1.0], [0.0], [1.0], [0.0]]}
    x = [[round(rng.uniform(-3, 3), 3)], [round(rng.uniform(-3, 3), 3)], [0.0], [-float(rng.integers(750, 2000))]]
    return {"x": x, "y": [[1.0], [0.0], [1.0], [1.0]]}


@check("bce", points=1, params=_answers)
def bce(o, p):
    x, y = np.array(p["x"]), np.array(p["y"])
    require("shapes" in o, "malformed")
    _graded(o, p, "BCEWithLogitsLoss", np.logaddexp(0, x) - y * x, (1 + np.tanh(x / 2)) / 2 - y)


def weights(seed):
    """A state of Sequential(Linear(3, 5), ReLU(), Linear(5, 4)): the same numbers that the probe draws."""
    rng = np.random.default_rng(seed)
    shapes = {"0.weight": (5, 3), "0.bias": (5,), "2.weight": (4, 5), "2.bias": (4,)}
    state = {name: rng.standard_normal(shape) * 0.5 for name, shape in shapes.items()}
    return state, rng.standard_normal((6, 3)), rng.integers(0, 4, 6)


@check(
    "in_training",
    points=1,
    needs=["linear", "sequential", "state_dict", "cross_entropy"],
    params=lambda rng, public: {"seed": 3 if public else int(rng.integers(1, 2**31)), "steps": 5, "lr": 0.1},
)
def in_training(o, p):
    (w1, b1, w2, b2), x, labels = (
        list(part.values()) if isinstance(part, dict) else part for part in weights(p["seed"])
    )
    hot, wanted = np.eye(4)[labels], []
    for _ in range(p["steps"]):
        before = x @ w1.T + b1
        hidden = np.maximum(before, 0)
        z = hidden @ w2.T + b2
        log_p = z - np.logaddexp.reduce(z, axis=1, keepdims=True)
        wanted.append(-np.mean((log_p * hot).sum(axis=1)))
        g = (np.exp(log_p) - hot) / len(x)
        inside = (g @ w2) * (before > 0)
        w1, b1 = w1 - p["lr"] * inside.T @ x, b1 - p["lr"] * inside.sum(axis=0)
        w2, b2 = w2 - p["lr"] * g.T @ hidden, b2 - p["lr"] * g.sum(axis=0)
    where = "Sequential(Linear(3, 5), ReLU(), Linear(5, 4)), gradient descent"
    equal(len(o["losses"]), p["steps"], "the number of losses", where)
    for step, (got, want) in enumerate(zip(o["losses"], wanted, strict=True), 1):
        close(got, want, f"the loss before update {step}", where, rtol=1e-5)
