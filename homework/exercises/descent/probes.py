"""Runs beside the student's `descent.py`: walks with it, and returns the points."""

import numpy as np


class Parameter:
    """What an optimizer moves: a number or an array, and its gradient."""

    def __init__(self, data, grad=None):
        self.data = data
        self.grad = grad


def rosenbrock(s, p, t):
    seen = []
    for x1, x2 in p["points"]:
        t.doing(f"y = rosenbrock(Value({x1}), Value({x2})); y.backward()")
        a, b = s.Value(x1), s.Value(x2)
        y = s.rosenbrock(a, b)
        y.backward()
        seen.append([y.data, a.grad, b.grad])
    t.doing("rosenbrock(0.5, 2.0), with plain numbers")
    return {"values": seen, "plain": float(s.rosenbrock(0.5, 2.0))}


def _bowl(x1, x2):
    """A function of ours, so that these checks do not depend on the student's rosenbrock."""
    return (1 - x1) ** 2 + 5 * (x2 - x1 * x1) ** 2


def one_step(s, p, t):
    return _walk(s, p, t)


def three_steps(s, p, t):
    return _walk(s, p, t)


def thousand_steps(s, p, t):
    seen = _walk(s, p, t)
    return {"count": len(seen["losses"]), "loss": seen["losses"][-1], "point": seen["points"][-1]}


def _walk(s, p, t):
    t.doing(f"minimise(rosenbrock, start={tuple(p['start'])}, lr={p['lr']}, steps={p['steps']})")
    losses, points = s.minimise(_bowl, tuple(p["start"]), p["lr"], p["steps"])
    return {"losses": [float(x) for x in losses], "points": [[float(x) for x in point] for point in points]}


def _paraboloid(params):
    """The gradient of 0.2 x1^2 + 2 x2^2 - 5."""
    x1, x2 = params
    x1.grad, x2.grad = 0.4 * float(x1.data), 4.0 * float(x2.data)


def _down(s, p, t, name, **options):
    params = [Parameter(x) for x in p["start"]]
    shown = ", ".join(["[x1, x2]", f"lr={p['lr']}", *(f"{key}={value}" for key, value in options.items())])
    t.doing(f"{name}({shown})")
    optimizer = getattr(s, name)(params, p["lr"], **options)
    points = []
    for step in range(p["steps"]):
        _paraboloid(params)
        t.doing(f"{name}({shown}): step() number {step + 1} on 0.2*x1**2 + 2*x2**2 - 5")
        optimizer.step()
        points.append([float(x.data) for x in params])
    return {"points": points}


def sgd(s, p, t):
    return _down(s, p, t, "SGD")


def momentum(s, p, t):
    return _down(s, p, t, "SGD", momentum=p["momentum"])


def adagrad(s, p, t):
    return _down(s, p, t, "Adagrad")


def rmsprop(s, p, t):
    return _down(s, p, t, "RMSProp", alpha=p["alpha"])


def adam(s, p, t):
    return _down(s, p, t, "Adam")


def epsilon(s, p, t):
    seen = {}
    for name in ("Adagrad", "RMSProp", "Adam"):
        t.doing(f"{name}([x], lr=1.0, eps={p['eps']}); x.data = 0.0, x.grad = {p['grad']}; step()")
        x = Parameter(0.0, p["grad"])
        getattr(s, name)([x], 1.0, eps=p["eps"]).step()
        seen[name] = float(x.data)
    return seen


def stability(s, p, t):
    t.doing(f"largest_stable_lr({tuple(p['curvatures'])})")
    limit = float(s.largest_stable_lr(tuple(p["curvatures"])))
    walks = []
    for factor in (0.98, 1.02):
        params = [Parameter(1.0) for _ in p["curvatures"]]
        t.doing(f"SGD with lr = {factor} * largest_stable_lr(...), 20 steps on 1/2 (c1 x1^2 + c2 x2^2)")
        optimizer = s.SGD(params, factor * limit)
        for _ in range(20):
            for x, c in zip(params, p["curvatures"], strict=True):
                x.grad = c * float(x.data)
            optimizer.step()
        walks.append(max(abs(float(x.data)) for x in params))
    return {"limit": limit, "walks": walks}


def zero_grad(s, p, t):
    seen = {}
    for name in ("SGD", "Adagrad", "RMSProp", "Adam"):
        params = [Parameter(1.0, p["grad"]), Parameter(np.ones((2, 3)), np.full((2, 3), p["grad"])), Parameter(2.0)]
        t.doing(f"{name}(params, lr=0.1).zero_grad()")
        getattr(s, name)(params, 0.1).zero_grad()
        seen[name] = [0.0 if q.grad is None else float(np.max(np.abs(q.grad))) for q in params]
    return seen


def two_parameters(s, p, t):
    """An array and a number, moved with momentum; the gradient's array is used again, as frameworks do."""
    w, b = Parameter(np.array(p["w"])), Parameter(p["b"])
    w.grad = np.zeros_like(w.data)
    t.doing(f"SGD([w, b], lr={p['lr']}, momentum={p['momentum']}), w.data of shape {w.data.shape}, b.data a number")
    optimizer = s.SGD([w, b], p["lr"], momentum=p["momentum"])
    seen = []
    for step, (scale, of_b) in enumerate(p["grads"], 1):
        w.grad[...] = scale * np.arange(w.data.size).reshape(w.data.shape)
        b.grad = of_b
        t.doing(f"step() number {step}, with other gradients in the same array w.grad")
        optimizer.step()
        seen.append({"w": np.array(w.data, dtype=float), "b": float(b.data)})
    return {"steps": seen}


def skips_none(s, p, t):
    seen = {}
    for name in ("SGD", "Adagrad", "RMSProp", "Adam"):
        still, moves = Parameter(p["x"]), Parameter(p["x"], 1.0)
        t.doing(f"{name}([still, moves], lr=0.1).step() with still.grad = None, moves.grad = 1.0")
        getattr(s, name)([still, moves], 0.1).step()
        seen[name] = [float(still.data), float(moves.data)]
    return seen


def picture(s, p, t):
    t.doing("minimise(rosenbrock, (-1.0, 1.0), 0.01, 1000)")
    _, valley = s.minimise(_bowl, (-1.0, 1.0), 0.01, 1000)
    walks = {"valley": [[float(x) for x in point] for point in valley[::5]]}
    chosen = {
        "SGD": ("SGD", 0.4, {}),
        "momentum": ("SGD", 0.1, {"momentum": 0.9}),
        "Adagrad": ("Adagrad", 0.4, {}),
        "RMSProp": ("RMSProp", 0.4, {}),
        "Adam": ("Adam", 0.4, {}),
    }
    for title, (name, lr, options) in chosen.items():
        seen = _down(s, {"start": [-5.0, -2.0], "lr": lr, "steps": 20}, t, name, **options)
        walks[title] = [[-5.0, -2.0], *seen["points"]]
    return walks
