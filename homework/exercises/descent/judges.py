"""What exercise 04 asks for. The references are the update rules themselves, written for two numbers."""

import math

import numpy as np

from tinygrad_edu.homework.judge import check, close, equal, grad_close, require

VALLEY = "rosenbrock from ({}, {}) with lr {:g}"
BOWL = "0.2*x1**2 + 2*x2**2 - 5 from ({:g}, {:g}), lr {:g}"


def valley(x1, x2):
    """The function of the statement and its gradient, in closed form."""
    inner = x2 - x1 * x1
    return (1 - x1) ** 2 + 5 * inner**2, -2 * (1 - x1) - 20 * x1 * inner, 10 * inner


def _points(rng, public):
    if public:
        return {"points": [[-1.0, 1.0], [0.0, 0.0], [2.0, 2.0]]}
    return {"points": [[round(rng.uniform(-2, 2), 3), round(rng.uniform(-2, 2), 3)] for _ in range(3)]}


@check("rosenbrock", points=1, params=_points)
def rosenbrock(o, p):
    for (x1, x2), got in zip(p["points"], o["values"], strict=True):
        where = f"y = rosenbrock(x1, x2)   at x1 = {x1:g}, x2 = {x2:g}"
        value, d1, d2 = valley(x1, x2)
        require(isinstance(got, list) and len(got) == 3, "malformed", where)
        close(got[0], value, "y.data", where)
        grad_close(got[1], d1, "dy/dx1", where)
        grad_close(got[2], d2, "dy/dx2", where)
    close(o["plain"], valley(0.5, 2.0)[0], "rosenbrock(0.5, 2.0)")


def _start(steps):
    def params(rng, public):
        if public:
            return {"start": [-1.0, 1.0], "lr": 0.01, "steps": steps}
        start = [round(rng.uniform(-1.2, -0.8), 3), round(rng.uniform(0.8, 1.2), 3)]
        return {"start": start, "lr": round(rng.uniform(0.008, 0.012), 4), "steps": steps}

    return params


def descended(p):
    """(losses, points) of plain gradient descent on the valley."""
    x1, x2 = p["start"]
    losses, points = [], [[x1, x2]]
    for _ in range(p["steps"]):
        value, d1, d2 = valley(x1, x2)
        losses.append(value)
        x1, x2 = x1 - p["lr"] * d1, x2 - p["lr"] * d2
        points.append([x1, x2])
    return losses, points


def _walked(o, p):
    where = VALLEY.format(*p["start"], p["lr"])
    losses, points = descended(p)
    equal(len(o["points"]), p["steps"] + 1, "len(points)", where)
    for step, (got, want) in enumerate(zip(o["points"], points, strict=True)):
        close(got, want, f"points[{step}]", where, rtol=1e-5)
    equal(len(o["losses"]), p["steps"], "len(losses)", where)
    for step, (got, want) in enumerate(zip(o["losses"], losses, strict=True)):
        close(got, want, f"losses[{step}]", where, rtol=1e-5)


@check("one_step", points=1, needs=["rosenbrock"], params=_start(1))
def one_step(o, p):
    _walked(o, p)


@check("three_steps", points=1, needs=["one_step"], params=_start(3))
def three_steps(o, p):
    _walked(o, p)


@check("thousand_steps", points=1, needs=["three_steps"], params=_start(1000))
def thousand_steps(o, p):
    where = VALLEY.format(*p["start"], p["lr"])
    losses, points = descended(p)
    equal(o["count"], p["steps"], "len(losses)", where)
    close(o["point"], points[-1], "points[-1]", where, rtol=1e-3)
    close(o["loss"], losses[-1], "losses[-1], the loss before the last update", where, rtol=1e-3)


def plain(g, state, t, p):
    """How far each optimizer moves against the gradient g, in the first place where its memory is one number."""
    return p["lr"] * g


def with_momentum(g, state, t, p):
    state["v"] = p["momentum"] * state.get("v", 0.0) + g
    return p["lr"] * state["v"]


def by_sum_of_squares(g, state, t, p):
    state["s"] = state.get("s", 0.0) + g * g
    return p["lr"] * g / (math.sqrt(state["s"]) + p.get("eps", 1e-10))


def by_mean_of_squares(g, state, t, p):
    state["s"] = p["alpha"] * state.get("s", 0.0) + (1 - p["alpha"]) * g * g
    return p["lr"] * g / (math.sqrt(state["s"]) + p.get("eps", 1e-8))


def adaptive(g, state, t, p):
    state["m"] = 0.9 * state.get("m", 0.0) + 0.1 * g
    state["v"] = 0.999 * state.get("v", 0.0) + 0.001 * g * g
    mean, square = state["m"] / (1 - 0.9**t), state["v"] / (1 - 0.999**t)
    return p["lr"] * mean / (math.sqrt(square) + p.get("eps", 1e-8))


def _bowl(lr, **options):
    def params(rng, public):
        if public:
            return {"start": [-5.0, -2.0], "lr": lr, "steps": 20, **options}
        start = [round(rng.uniform(-6, -4), 3), round(rng.uniform(-3, -1.5), 3)]
        return {"start": start, "lr": round(lr * rng.uniform(0.8, 1.1), 4), "steps": 20, **options}

    return params


def followed(start, steps, rule, p):
    """The points after each step of a rule on 0.2 x1^2 + 2 x2^2 - 5."""
    xs, states, points = list(start), [{}, {}], []
    for t in range(1, steps + 1):
        for i, slope in enumerate((0.4, 4.0)):
            xs[i] -= rule(slope * xs[i], states[i], t, p)
        points.append(list(xs))
    return points


def _followed(o, p, rule):
    """The first point, then the twentieth: the first says which term is wrong, the last that nothing is forgotten."""
    points = followed(p["start"], p["steps"], rule, p)
    where = BOWL.format(*p["start"], p["lr"])
    equal(len(o["points"]), p["steps"], "len(points)", where)
    for step in (0, 1, p["steps"] - 1):
        # Where x has come down to nearly 0, what matters is that it is nearly 0.
        close(o["points"][step], points[step], f"(x1, x2) after step {step + 1}", where, rtol=1e-5, atol=1e-6)


@check("sgd", points=1, params=_bowl(0.4))
def sgd(o, p):
    _followed(o, p, plain)


@check("momentum", points=1, needs=["sgd"], params=_bowl(0.1, momentum=0.9))
def momentum(o, p):
    _followed(o, p, with_momentum)


@check("adagrad", points=1, needs=["sgd"], params=_bowl(0.4))
def adagrad(o, p):
    _followed(o, p, by_sum_of_squares)


@check("rmsprop", points=1, needs=["sgd"], params=_bowl(0.4, alpha=0.9))
def rmsprop(o, p):
    _followed(o, p, by_mean_of_squares)


@check("adam", points=1, needs=["sgd"], params=_bowl(0.4))
def adam(o, p):
    _followed(o, p, adaptive)


@check(
    "epsilon",
    points=1,
    needs=["adagrad", "rmsprop", "adam"],
    params=lambda rng, public: (
        {"eps": 0.5, "grad": 2.0} if public else {"eps": 0.3, "grad": round(rng.uniform(1, 3), 3)}
    ),
)
def epsilon(o, p):
    known = {"lr": 1.0, "eps": p["eps"], "alpha": 0.9}
    for name, rule in (("Adagrad", by_sum_of_squares), ("RMSProp", by_mean_of_squares), ("Adam", adaptive)):
        where = f"{name}([x], lr=1.0, eps={p['eps']:g})   at x = 0, x.grad = {p['grad']:g}"
        close(o[name], -rule(p["grad"], {}, 1, known), "x after 1 step", where)


@check(
    "stability",
    points=1,
    needs=["sgd"],
    params=lambda rng, public: (
        {"curvatures": [0.4, 4.0]} if public else {"curvatures": [round(rng.uniform(1, 9), 3) for _ in range(3)]}
    ),
)
def stability(o, p):
    where = f"largest_stable_lr({tuple(p['curvatures'])})"
    close(o["limit"], 2 / max(p["curvatures"]), "the learning rate", where)
    require(o["walks"][0] < 1, "runs_away", where, reached=o["walks"][0])
    require(o["walks"][1] > 1, "comes_near", where, reached=o["walks"][1])


@check("zero_grad", points=1, params=lambda rng, public: {"grad": 3.0 if public else round(rng.uniform(1, 9), 2)})
def zero_grad(o, p):
    for name in ("SGD", "Adagrad", "RMSProp", "Adam"):
        close(o[name], [0.0, 0.0, 0.0], "the largest |grad| of each parameter", f"{name}(params, lr=0.1).zero_grad()")


def _two(rng, public):
    draw = (lambda low, high: round(float(rng.uniform(low, high)), 3)) if not public else None
    return {
        "w": [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]],
        "b": -1.0 if public else draw(-2, 2),
        "lr": 0.1,
        "momentum": 0.9 if public else draw(0.5, 0.95),
        "grads": [[1.0, 2.0], [0.5, -1.0], [2.0, 0.25]],
    }


@check("two_parameters", points=1, needs=["momentum"], params=_two)
def two_parameters(o, p):
    w, b = np.array(p["w"]), p["b"]
    of_w, of_b = np.zeros_like(w), 0.0
    where = f"SGD([w, b], lr={p['lr']:g}, momentum={p['momentum']:g})"
    equal(len(o["steps"]), len(p["grads"]), "the number of steps", where)
    for step, ((scale, grad), got) in enumerate(zip(p["grads"], o["steps"], strict=True), 1):
        of_w = p["momentum"] * of_w + scale * np.arange(w.size).reshape(w.shape)
        of_b = p["momentum"] * of_b + grad
        w, b = w - p["lr"] * of_w, b - p["lr"] * of_b
        close(got["w"], w, f"w.data after step {step}", where)
        close(got["b"], b, f"b.data after step {step}", where)


@check(
    "skips_none",
    points=1,
    needs=["sgd"],
    params=lambda rng, public: {"x": 5.0 if public else round(rng.uniform(1, 9), 2)},
)
def skips_none(o, p):
    for name in ("SGD", "Adagrad", "RMSProp", "Adam"):
        where = f"{name}([still, moves], lr=0.1).step()   with still.grad = None"
        require(isinstance(o[name], list) and len(o[name]) == 2, "malformed", where)
        close(o[name][0], p["x"], "still.data", where)
        require(o[name][1] < p["x"], "did_not_move", "moves.data", where)
