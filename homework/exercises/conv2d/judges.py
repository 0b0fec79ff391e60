"""What exercise 09 asks for. The reference is the definition, one element of the kernel at a time."""

import numpy as np

from tinygrad_edu.homework.judge import Cause, check, close, equal, grad_close, raises, require


def _pair(value):
    return tuple(value) if isinstance(value, (tuple, list)) else (value, value)


def settings(options):
    """Stride, padding and dilation as pairs, and the number of groups."""
    chosen = [_pair(options.get(name, default)) for name, default in (("stride", 1), ("padding", 0), ("dilation", 1))]
    return (*chosen, options.get("groups", 1))


def fits(size, kernel, options):
    """Height and width of the result, by the formula of the statement."""
    stride, padding, dilation, _ = settings(options)
    return [
        (n + 2 * p - d * (k - 1) - 1) // s + 1
        for n, k, s, p, d in zip(size, kernel, stride, padding, dilation, strict=True)
    ]


def _reads(shape, weight, options):
    """(outputs, inputs, i, j, rows, columns): what one element of the kernel reads of the padded image."""
    (sh, sw), _, (dh, dw), groups = settings(options)
    height, width = fits(shape[2:], weight[2:], options)
    outs, ins = weight[0] // groups, weight[1]
    for q in range(groups):
        for i in range(weight[2]):
            for j in range(weight[3]):
                rows = slice(i * dh, i * dh + sh * (height - 1) + 1, sh)
                columns = slice(j * dw, j * dw + sw * (width - 1) + 1, sw)
                yield slice(q * outs, (q + 1) * outs), slice(q * ins, (q + 1) * ins), i, j, rows, columns


def _padded(x, options):
    (ph, pw) = settings(options)[1]
    return np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))


def convolved(x, w, b, options):
    """The result by the definition."""
    y = np.zeros((len(x), len(w), *fits(x.shape[2:], w.shape[2:], options))) + b[:, None, None]
    xp = _padded(x, options)
    for outs, ins, i, j, rows, columns in _reads(x.shape, w.shape, options):
        y[:, outs] += np.einsum("oc,nchw->nohw", w[outs, :, i, j], xp[:, ins, rows, columns])
    return y


def derivatives(g, x, w, options):
    """Those with respect to x, weight and bias."""
    xp = _padded(x, options)
    gx, gw = np.zeros_like(xp), np.zeros_like(w)
    for outs, ins, i, j, rows, columns in _reads(x.shape, w.shape, options):
        gx[:, ins, rows, columns] += np.einsum("oc,nohw->nchw", w[outs, :, i, j], g[:, outs])
        gw[outs, :, i, j] = np.einsum("nohw,nchw->oc", g[:, outs], xp[:, ins, rows, columns])
    ph, pw = settings(options)[1]
    return gx[:, :, ph : ph + x.shape[2], pw : pw + x.shape[3]], gw, g.sum(axis=(0, 2, 3))


def arrays(case):
    """x, weight, bias and the gradient of the result: the same numbers that the probe draws."""
    rng = np.random.default_rng(case["seed"])
    shapes = [case["x"], case["w"], [case["w"][0]], case["y"]]
    return [rng.standard_normal(tuple(shape)) for shape in shapes]


def _case(rng, x, outs, kernel, **options):
    w = [outs, x[1] // options.get("groups", 1), *kernel]
    y = [x[0], outs, *fits(x[2:], kernel, options)]
    return {"x": list(x), "w": w, "y": y, "options": options, "seed": 0 if rng is None else int(rng.integers(1, 2**31))}


def _named(options):
    return "".join(f", {key}={tuple(v) if isinstance(v, list) else v}" for key, v in options.items())


def _told(case):
    channels, (outs, _, *kernel) = case["x"][1], case["w"]
    return f"Conv2d({channels}, {outs}, {tuple(kernel)}{_named(case['options'])}), x: {tuple(case['x'])}"


def _sizes(rng, public):
    cases = [
        [28, 28, 5, {}], [28, 28, 5, {"padding": 2}], [28, 28, 3, {"stride": 2, "padding": 1}],
        [28, 20, [3, 5], {"stride": [2, 1], "padding": [0, 2]}], [9, 9, 3, {"dilation": 3}],
    ]  # fmt: skip
    if public:
        return {"cases": cases}
    return {"cases": [[int(rng.integers(8, 20)), int(rng.integers(8, 20)), kernel, o] for _, _, kernel, o in cases]}


@check("size", points=1, params=_sizes)
def size(o, p):
    for (height, width, kernel, options), got in zip(p["cases"], o["shapes"], strict=True):
        where = f"Conv2d(1, 1, {kernel}{_named(options)}), x: (1, 1, {height}, {width})"
        equal(got, [1, 1, *fits((height, width), _pair(kernel), options)], "y.shape", where)


@check(
    "cross_correlation",
    points=2,
    needs=["size"],
    params=lambda rng, public: {
        "x": np.arange(1, 17).reshape(4, 4).tolist() if public else rng.integers(-9, 10, (4, 4)).tolist(),
        "w": [[1, 0], [0, -1]] if public else [[1, 0], [2, -int(rng.integers(3, 7))]],
        "options": [{}, {"stride": 2}, {"dilation": 2}, {"padding": 1}],
    },
)
def cross_correlation(o, p):
    x, w = np.array(p["x"], dtype=float)[None, None], np.array(p["w"], dtype=float)[None, None]
    for options, got in zip(p["options"], o["results"], strict=True):
        close(
            got,
            convolved(x, w, np.zeros(1), options),
            "y",
            f"Conv2d(1, 1, 2{_named(options)}, bias=False), w = {p['w']}",
        )


@check(
    "params",
    points=1,
    params=lambda rng, public: {
        "cases": (
            [[1, 8, 3, {}], [8, 16, 3, {}], [4, 6, [3, 5], {"groups": 2}], [3, 5, 1, {"bias": False}]]
            if public
            else [[2, 5, [2, 4], {}], [6, 9, 3, {"groups": 3}], [2, 2, 3, {"bias": False}]]
        )
    },
)
def params(o, p):
    for (channels, outs, kernel, options), seen in zip(p["cases"], o["layers"], strict=True):
        where = f"layer = Conv2d({channels}, {outs}, {kernel}{_named(options)})"
        require(not (isinstance(seen, dict) and seen.get("none")), "none_listed", "layer.parameters()", where)
        shape = [outs, channels // options.get("groups", 1), *_pair(kernel)]
        equal(seen["weight"], shape, "layer.weight.shape", where)
        with_bias = options.get("bias", True)
        equal(seen["bias"], [outs] if with_bias else None, "layer.bias.shape", where)
        equal(seen["count"], int(np.prod(shape)) + outs * with_bias, "numbers in layer.parameters()", where)
        equal(seen["listed"], [True] * (1 + with_bias), "layer.parameters() is the weight and the bias", where)
        for name in ("weight", "bias")[: 1 + with_bias]:
            require(seen["needs"][name] is True, "not_trained", f"layer.{name}.requires_grad", where)
        require(seen["differ"] is True, "all_equal", "layer.weight", where)


def _forward(o, p):
    for case, got in zip(p["cases"], o["results"], strict=True):
        x, w, b, _ = arrays(case)
        require(got["kind"] == o["tensor"], "not_a_tensor", "layer(x)", _told(case), kind=str(got["kind"]))
        close(got["y"], convolved(x, w, b, case["options"]), "y", _told(case))


def _plain(rng, public):
    rng = None if public else rng
    return {"cases": [
        _case(rng, (2, 3, 5, 7), 4, (3, 3)),
        _case(rng, (1, 2, 6, 4), 3, (2, 3), stride=2),
        _case(rng, (2, 2, 4, 6), 2, (3, 2), padding=[2, 1]),
        _case(rng, (3, 1, 7, 5), 2, (1, 4), stride=[3, 1], padding=[0, 2]),
    ]}  # fmt: skip


@check("channels", points=2, needs=["cross_correlation"], params=_plain)
def channels(o, p):
    _forward(o, p)


def _ones(rng, public):
    ones = (
        [[5, 3, {}], [5, 3, {"padding": 1}], [5, 3, {"stride": 2}]] if public else [[6, 2, {}], [4, 3, {"padding": 2}]]
    )
    return {"ones": ones, **_plain(rng, public)}


@check("grad_input", points=2, needs=["channels"], params=_ones)
def grad_input(o, p):
    for (n, kernel, options), got in zip(p["ones"], o["ones"], strict=True):
        x, w = np.zeros((1, 1, n, n)), np.ones((1, 1, kernel, kernel))
        g = np.ones((1, 1, *fits((n, n), (kernel, kernel), options)))
        where = f"z = layer(x).sum(), kernel of ones {kernel}x{kernel}{_named(options)}, x: {n}x{n}"
        grad_close(got, derivatives(g, x, w, options)[0], "x.grad", where)
    _derived(o["grads"], o, p, "x")


def _derived(grads, o, p, name):
    cause = Cause("not_required", {"name": f"layer.{name}"}) if o["needs"].get(name) is False else None
    for case, got in zip(p["cases"], grads, strict=True):
        x, w, _, g = arrays(case)
        want = derivatives(g, x, w, case["options"])[("x", "weight", "bias").index(name)]
        grad_close(got, want, f"{name}.grad", _told(case), batch=len(x), cause=cause if got is None else None)


@check(
    "unused_border",
    points=1,
    needs=["grad_input"],
    params=lambda rng, public: (
        {"size": 6, "kernel": 3, "stride": 2} if public else {"size": 9, "kernel": 2, "stride": 3}
    ),
)
def unused_border(o, p):
    n, k = p["size"], p["kernel"]
    options = {"stride": p["stride"]}
    g = np.ones((1, 1, *fits((n, n), (k, k), options)))
    where = f"z = layer(x).sum(), kernel of ones {k}x{k}, stride {p['stride']}, x: {n}x{n}"
    grad_close(o["grad"], derivatives(g, np.zeros((1, 1, n, n)), np.ones((1, 1, k, k)), options)[0], "x.grad", where)


@check("grad_weight", points=2, needs=["channels"], params=_plain)
def grad_weight(o, p):
    _derived(o["grads"], o, p, "weight")


@check("grad_bias", points=1, needs=["channels"], params=_plain)
def grad_bias(o, p):
    _derived(o["grads"], o, p, "bias")


@check(
    "dilation_groups",
    points=2,
    needs=["grad_input", "grad_weight"],
    params=lambda rng, public: {
        "cases": [
            _case(None if public else rng, (2, 2, 7, 9), 3, (3, 2), dilation=[2, 3]),
            _case(None if public else rng, (2, 4, 5, 4), 6, (3, 3), groups=2, padding=1),
            _case(None if public else rng, (1, 3, 6, 6), 3, (2, 2), groups=3, stride=2, dilation=2),
            _case(None if public else rng, (2, 2, 6, 5), 6, (3, 1), groups=2, dilation=[1, 2]),
        ]
    },
)
def dilation_groups(o, p):
    _forward(o, p)
    for name in ("x", "weight", "bias"):
        _derived([seen[name] for seen in o["grads"]], o, p, name)


@check(
    "in_a_network",
    points=1,
    needs=["grad_input", "grad_weight", "grad_bias"],
    params=lambda rng, public: ({"seed": 5 if public else int(rng.integers(1, 2**31)), "steps": 8, "lr": 0.05}),
)
def in_a_network(o, p):
    where = "Conv2d(1, 3, 3, padding=1) - relu - Conv2d(3, 4, 3, stride=2) - relu - linear"
    equal(o["reached"], [True] * 5, "gradients reached: two weights, two biases, the linear layer", where)
    losses = [float(loss) for loss in o["losses"]]
    require(len(losses) == p["steps"] and all(np.isfinite(losses)), "not_finite", "the loss", where)
    wanted = _trained(p)
    close(losses[0], wanted[0], "the first loss", where)
    close(losses, wanted, "the losses of all steps", where, rtol=1e-5)


def _trained(p):
    """The losses of the same network, with the derivatives written out."""
    rng = np.random.default_rng(p["seed"])
    one, two = rng.standard_normal((3, 1, 3, 3)) * 0.4, rng.standard_normal((4, 3, 3, 3)) * 0.3
    head = rng.standard_normal((36, 2)) * 0.2
    x, target = rng.standard_normal((6, 1, 8, 8)), rng.standard_normal((6, 2))
    b_one, b_two, losses = np.zeros(3), np.zeros(4), []
    first, second = {"padding": 1}, {"stride": 2}
    for _ in range(p["steps"]):
        a = convolved(x, one, b_one, first)
        h = np.maximum(a, 0)
        c = convolved(h, two, b_two, second)
        flat = np.maximum(c, 0).reshape(6, 36)
        difference = flat @ head - target
        losses.append(float((difference**2).mean()))
        g = 2 * difference / difference.size
        g_flat = (g @ head.T).reshape(c.shape) * (c > 0)
        g_h, g_two, g_b_two = derivatives(g_flat, h, two, second)
        _, g_one, g_b_one = derivatives(g_h * (a > 0), x, one, first)
        for array, grad in ((head, flat.T @ g), (two, g_two), (b_two, g_b_two), (one, g_one), (b_one, g_b_one)):
            array -= p["lr"] * grad
    return losses


@check("errors", points=1, needs=["size"])
def errors(o, p):
    refused = ["ValueError", "RuntimeError"]
    raises(o["groups"], refused, "Conv2d(4, 6, 3, groups=4)", contains=["4", "6"])
    raises(o["inputs"], refused, "Conv2d(6, 4, 3, groups=4)", contains=["4", "6"])
    raises(o["channels"], refused, "Conv2d(3, 2, 3)(x)   x: (1, 5, 8, 8)", contains=["3", "5"])
    raises(o["large"], refused, "Conv2d(1, 1, 3, dilation=2)(x)   x: (1, 1, 6, 4)", contains=["5", "4"])
    raises(o["padded"], refused, "Conv2d(1, 1, 7, padding=1)(x)   x: (1, 1, 4, 9)", contains=["7"])
    fitting = ["Conv2d(1, 1, 3)(x)   x: (1, 1, 3, 3)", "Conv2d(1, 1, (6, 3), padding=1)(x)   x: (1, 1, 4, 5)"]
    for seen, where in zip(o["fits"], fitting, strict=True):
        require(isinstance(seen, dict) and "value" in seen, "refused", where)


@check("fast", points=0, needs=["channels"])
def fast(o, p):
    ratio = float(o["ratio"])
    require(ratio <= 30, "slow", "(8, 8, 28, 28) to 16 channels", ratio=f"{ratio:.0f}")
