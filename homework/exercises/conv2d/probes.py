"""Runs beside the student's `conv2d.py`: makes layers with known weights, convolves, calls backward."""

import time

import numpy as np


def _named(options):
    return "".join(f", {key}={value}" for key, value in options.items())


def _options(options):
    return {key: tuple(value) if isinstance(value, list) else value for key, value in options.items()}


def _layer(s, t, channels, outs, kernel, options, weight=None, bias=None):
    """A layer whose weights are ours."""
    kernel = tuple(kernel) if isinstance(kernel, list) else kernel
    t.doing(f"layer = Conv2d({channels}, {outs}, {kernel}{_named(options)})")
    layer = s.Conv2d(channels, outs, kernel, **_options(options))
    if weight is not None:
        layer.weight.data = np.array(weight, dtype=np.float64)
    if bias is not None:
        layer.bias.data = np.array(bias, dtype=np.float64)
    return layer


def size(s, p, t):
    seen = []
    for height, width, kernel, options in p["cases"]:
        layer = _layer(s, t, 1, 1, kernel, options)
        t.doing(f"layer(x) with x of shape (1, 1, {height}, {width})")
        seen.append(list(layer(s.Tensor(np.zeros((1, 1, height, width)))).data.shape))
    return {"shapes": seen}


def cross_correlation(s, p, t):
    x, w = np.array(p["x"], dtype=float)[None, None], np.array(p["w"], dtype=float)[None, None]
    seen = []
    for options in p["options"]:
        layer = _layer(s, t, 1, 1, 2, {**options, "bias": False}, w)
        t.doing("layer(x) with the 4x4 image of the statement")
        seen.append(np.asarray(layer(s.Tensor(x)).data))
    return {"results": seen}


def params(s, p, t):
    seen = []
    for channels, outs, kernel, options in p["cases"]:
        layer = _layer(s, t, channels, outs, kernel, options)
        t.doing("layer.parameters(), layer.weight, layer.bias")
        listed = list(layer.parameters())
        if any(q is None for q in listed):
            seen.append({"none": True})
            continue
        seen.append({
            "weight": list(layer.weight.data.shape),
            "bias": None if layer.bias is None else list(layer.bias.data.shape),
            "listed": [any(q is mine for mine in (layer.weight, layer.bias)) for q in listed],
            "count": int(sum(q.data.size for q in listed)),
            "needs": _needs(layer),
            "differ": bool(np.ptp(layer.weight.data) > 0),
        })  # fmt: skip
    return {"layers": seen}


def _needs(layer):
    """Which of the parameters require a gradient."""
    found = {"weight": layer.weight, "bias": layer.bias}
    return {name: bool(tensor.requires_grad) for name, tensor in found.items() if tensor is not None}


def arrays(case):
    """x, weight, bias and the gradient of the result: the same numbers that the judge draws."""
    rng = np.random.default_rng(case["seed"])
    shapes = [case["x"], case["w"], [case["w"][0]], case["y"]]
    return [rng.standard_normal(tuple(shape)) for shape in shapes]


def _made(s, t, case):
    x, w, b, g = arrays(case)
    channels = case["x"][1]
    layer = _layer(s, t, channels, case["w"][0], case["w"][2:], case["options"], w, b)
    return layer, s.Tensor(x, requires_grad=True), g


def _forward(s, p, t):
    seen = []
    for case in p["cases"]:
        layer, x, _ = _made(s, t, case)
        t.doing(f"layer(x) with x of shape {tuple(case['x'])}")
        y = layer(x)
        seen.append({"y": np.asarray(y.data), "kind": type(y).__name__})
    return {"results": seen, "tensor": s.Tensor.__name__}


def channels(s, p, t):
    return _forward(s, p, t)


def dilation_groups(s, p, t):
    return {**_forward(s, p, t), **_backward(s, p, t, "all")}


def grad_input(s, p, t):
    seen = []
    for size_, kernel, options in p["ones"]:
        layer = _layer(s, t, 1, 1, kernel, {**options, "bias": False}, np.ones((1, 1, kernel, kernel)))
        x = s.Tensor(np.zeros((1, 1, size_, size_)), requires_grad=True)
        t.doing("layer(x).sum().backward(), with a kernel of ones")
        layer(x).sum().backward()
        seen.append(x.grad)
    return {"ones": seen, **_backward(s, p, t, "x")}


def unused_border(s, p, t):
    layer = _layer(
        s, t, 1, 1, p["kernel"], {"stride": p["stride"], "bias": False}, np.ones((1, 1, p["kernel"], p["kernel"]))
    )
    x = s.Tensor(np.zeros((1, 1, p["size"], p["size"])), requires_grad=True)
    t.doing(f"layer(x).sum().backward(), x of shape (1, 1, {p['size']}, {p['size']})")
    layer(x).sum().backward()
    return {"grad": x.grad}


def _backward(s, p, t, which):
    seen, needs = [], {}
    for case in p["cases"]:
        layer, x, g = _made(s, t, case)
        needs = _needs(layer)
        t.doing(f"y = layer(x); y.backward(g) with x of shape {tuple(case['x'])}, g of shape {tuple(case['y'])}")
        layer(x).backward(g)
        grads = {"x": x.grad, "weight": layer.weight.grad, "bias": layer.bias.grad}
        seen.append(grads if which == "all" else grads[which])
    return {"grads": seen, "needs": needs}


def grad_weight(s, p, t):
    return _backward(s, p, t, "weight")


def grad_bias(s, p, t):
    return _backward(s, p, t, "bias")


def in_a_network(s, p, t):
    """conv - relu - conv - relu - linear, a square loss; steps against the gradient."""
    rng = np.random.default_rng(p["seed"])
    first = _layer(s, t, 1, 3, 3, {"padding": 1}, rng.standard_normal((3, 1, 3, 3)) * 0.4, np.zeros(3))
    second = _layer(s, t, 3, 4, 3, {"stride": 2}, rng.standard_normal((4, 3, 3, 3)) * 0.3, np.zeros(4))
    head = s.Tensor(rng.standard_normal((36, 2)) * 0.2, requires_grad=True)
    x, target = s.Tensor(rng.standard_normal((6, 1, 8, 8))), s.Tensor(rng.standard_normal((6, 2)))
    weights = [*first.parameters(), *second.parameters(), head]
    losses, reached = [], []
    for step in range(p["steps"]):
        t.doing(f"step {step + 1}: loss of Conv2d - relu - Conv2d - relu - linear, loss.backward()")
        hidden = second(first(x).relu()).relu().reshape(6, 36)
        difference = hidden @ head - target
        loss = (difference * difference).mean()
        losses.append(float(loss.data))
        for w in weights:
            w.zero_grad()
        loss.backward()
        reached = [w.grad is not None for w in weights]
        for w in weights:
            if w.grad is not None:
                w.data = w.data - p["lr"] * w.grad
    return {"losses": losses, "reached": reached}


def errors(s, p, t):
    def run(shape, *args, **options):
        return t.raised(lambda: s.Conv2d(*args, **options)(s.Tensor(np.ones(shape))).data.shape)

    t.doing("Conv2d with groups that do not divide, other channels, a kernel larger than the image")
    return {
        "groups": t.raised(lambda: type(s.Conv2d(4, 6, 3, groups=4)).__name__),
        "inputs": t.raised(lambda: type(s.Conv2d(6, 4, 3, groups=4)).__name__),
        "channels": run((1, 5, 8, 8), 3, 2, 3),
        "large": run((1, 1, 6, 4), 1, 1, 3, dilation=2),
        "padded": run((1, 1, 4, 9), 1, 1, 7, padding=1),
        "fits": [run((1, 1, 3, 3), 1, 1, 3), run((1, 1, 4, 5), 1, 1, (6, 3), padding=1)],
    }


def fast(s, p, t):
    layer = _layer(s, t, 8, 16, 3, {"padding": 1})
    x, g = np.random.default_rng(0).standard_normal((8, 8, 28, 28)), np.ones((8, 16, 28, 28))
    t.doing("forward and backward of (8, 8, 28, 28) to 16 channels")
    ours = min(_seconds(lambda: _columns(x, layer.weight.data, g)) for _ in range(3))
    theirs = min(_seconds(lambda: layer(s.Tensor(x, requires_grad=True)).backward(g)) for _ in range(2))
    return {"ratio": theirs / ours}


def _seconds(call):
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def _columns(x, w, g):
    """Windows as columns and two matrix products each way: what the student's time is compared with."""
    n, c, height, width = x.shape
    xp = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    view = np.lib.stride_tricks.sliding_window_view(xp, (3, 3), axis=(2, 3))
    matrix = view.transpose(1, 4, 5, 0, 2, 3).reshape(c * 9, -1)
    rolled = g.transpose(1, 0, 2, 3).reshape(len(w), -1)
    y = w.reshape(len(w), -1) @ matrix
    gw = rolled @ matrix.T
    back = (w.reshape(len(w), -1).T @ rolled).reshape(c, 3, 3, n, height, width)
    gx = np.zeros_like(xp)
    for i in range(3):
        for j in range(3):
            gx[:, :, i : i + height, j : j + width] += back[:, i, j].transpose(1, 0, 2, 3)
    return y, gw, gx


def picture(s, p, t):
    covered = []
    for options in p["coverage"]:
        layer = _layer(s, t, 1, 1, 3, {**options, "bias": False}, np.ones((1, 1, 3, 3)))
        x = s.Tensor(np.zeros((1, 1, p["size"], p["size"])), requires_grad=True)
        t.doing("layer(x).sum().backward()")
        layer(x).sum().backward()
        covered.append(np.asarray(x.grad)[0, 0])
    image = np.array(p["image"], dtype=float)
    layer = _layer(
        s, t, 1, len(p["filters"]), 3, {"padding": 1, "bias": False}, np.array(p["filters"], dtype=float)[:, None]
    )
    t.doing("layer(digit)")
    return {"coverage": covered, "maps": np.asarray(layer(s.Tensor(image[None, None])).data)[0]}
