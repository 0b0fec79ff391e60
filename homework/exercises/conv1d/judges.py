"""What exercise 08 asks for. The reference is the definition, written as loops."""

import numpy as np

from tinygrad_edu.homework.judge import check, close, equal, grad_close, raises, require

TABLE = [[8, 3, 1, 0, 1], [8, 3, 2, 0, 1], [8, 3, 1, 1, 1], [8, 3, 1, 0, 2], [10, 3, 2, 1, 2], [7, 2, 2, 0, 1]]


def fits(length, kernel, stride=1, padding=0, dilation=1):
    """The formula of the statement."""
    return (length + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


def taps(x, w, stride=1, padding=0, dilation=1, groups=1):
    """Every (o, place, c, i, k, at): output `place` of channel o reads channel c at `at` with w[o, i, k]."""
    length, (outs, ins, kernel) = x[2], w
    for o in range(outs):
        first = o // (outs // groups) * ins
        for place in range(fits(length, kernel, stride, padding, dilation)):
            for i in range(ins):
                for k in range(kernel):
                    at = place * stride + k * dilation - padding
                    if 0 <= at < length:
                        yield o, place, first + i, i, k, at


def arrays(case):
    """The arrays that the probe draws, in the same order from the same seed."""
    rng = np.random.default_rng(case["seed"])
    n, c, length = case["x"]
    o, i, k = case["w"]
    x, w, b = rng.standard_normal((n, c, length)), rng.standard_normal((o, i, k)), rng.standard_normal(o)
    return x, w, b, rng.standard_normal(tuple(case["y"]))


def convolved(x, w, b, options):
    """The result by the definition."""
    stride, padding, dilation = options.get("stride", 1), options.get("padding", 0), options.get("dilation", 1)
    y = np.zeros((len(x), len(w), fits(x.shape[2], w.shape[2], stride, padding, dilation))) + b[:, None]
    for o, place, c, i, k, at in taps(x.shape, w.shape, **options):
        y[:, o, place] += w[o, i, k] * x[:, c, at]
    return y


def derivatives(g, x, w, options):
    """Those with respect to x, w and b: each tap passes g on."""
    gx, gw = np.zeros(x.shape), np.zeros(w.shape)
    for o, place, c, i, k, at in taps(x.shape, w.shape, **options):
        gx[:, c, at] += g[:, o, place] * w[o, i, k]
        gw[o, i, k] += (g[:, o, place] * x[:, c, at]).sum()
    return gx, gw, g.sum(axis=(0, 2))


def _case(rng, x, w, **options):
    stride, padding, dilation = options.get("stride", 1), options.get("padding", 0), options.get("dilation", 1)
    places = fits(x[2], w[2], stride, padding, dilation)
    seed = 0 if rng is None else int(rng.integers(1, 2**31))
    return {"x": list(x), "w": list(w), "y": [x[0], w[0], places], "options": options, "seed": seed}


def _named(options):
    return "".join(f", {key}={value}" for key, value in options.items())


def _told(case, call="conv1d(x, w, b"):
    return f"{call}{_named(case['options'])})   x: {tuple(case['x'])}, w: {tuple(case['w'])}"


def _lengths(rng, public):
    many = np.random.default_rng(3) if public else rng
    cases = []
    while len(cases) < 200:
        case = [int(many.integers(1, 40)), *(int(many.integers(1, 6)), int(many.integers(1, 5)))]
        case += [int(many.integers(0, 5)), int(many.integers(1, 4))]
        if case[0] + 2 * case[3] >= case[4] * (case[1] - 1) + 1:
            cases.append(case)
    return {"cases": (TABLE if public else []) + cases}


@check("length", points=1, params=_lengths)
def length(o, p):
    for case, got in zip(p["cases"], o["lengths"], strict=True):
        equal(got, fits(*case), "out_length({}, {}, stride={}, padding={}, dilation={})".format(*case))
    plain = p["cases"][0][:2]
    equal(o["plain"], fits(*plain), "out_length({}, {})".format(*plain))


OPTIONS = [{}, {"stride": 2}, {"dilation": 2}, {"padding": 1}, {"stride": 2, "padding": 1}]


@check(
    "values",
    points=1,
    needs=["length"],
    params=lambda rng, public: {
        "x": list(range(1, 9)) if public else [int(i) for i in rng.integers(1, 9, 8)],
        "w": [1, 0, -1] if public else [int(rng.integers(1, 5)), 0, -int(rng.integers(5, 9))],
        "options": OPTIONS,
    },
)
def values(o, p):
    x, w = np.array(p["x"], dtype=float).reshape(1, 1, -1), np.array(p["w"], dtype=float).reshape(1, 1, -1)
    for options, got in zip(p["options"], o["results"], strict=True):
        where = f"conv1d(x, w{_named(options)})   x = {p['x']}, w = {p['w']}"
        close(got, convolved(x, w, np.zeros(1), options), "y", where)
    equal(o["kept"], True, "x is what it was", "conv1d(x, w, …)")


def _forward(o, p):
    for case, got in zip(p["cases"], o["results"], strict=True):
        x, w, b, _ = arrays(case)
        close(got, convolved(x, w, b, case["options"]), "y", _told(case))


@check(
    "channels",
    points=1,
    needs=["values"],
    params=lambda rng, public: {
        "cases": [
            _case(rng if not public else None, (2, 3, 7), (4, 3, 3)),
            _case(rng if not public else None, (3, 2, 10), (5, 2, 4), stride=3, padding=2),
            _case(rng if not public else None, (1, 2, 9), (3, 2, 2), dilation=3),
        ]
    },
)
def channels(o, p):
    _forward(o, p)


@check(
    "groups",
    points=1,
    needs=["channels"],
    params=lambda rng, public: {
        "cases": [
            _case(rng if not public else None, (2, 4, 6), (6, 2, 3), groups=2),
            _case(rng if not public else None, (2, 3, 6), (3, 1, 2), groups=3),
            _case(rng if not public else None, (1, 2, 8), (6, 1, 3), groups=2, stride=2, padding=1),
        ]
    },
)
def groups(o, p):
    _forward(o, p)


@check(
    "coverage",
    points=1,
    params=lambda rng, public: (
        {"kernel": 3, "cases": [[5, {}], [5, {"stride": 2}], [6, {"stride": 2}], [4, {"padding": 1}]]}
        if public
        else {"kernel": 2, "cases": [[6, {}], [7, {"stride": 2}], [5, {"padding": 1}]]}
    ),
)
def coverage(o, p):
    for (length_, options), got in zip(p["cases"], o["grads"], strict=True):
        where = f"z = sum(conv1d(x, w{_named(options)})), w = {p['kernel']} ones, x of length {length_}"
        x, w = np.zeros((1, 1, length_)), np.ones((1, 1, p["kernel"]))
        places = fits(length_, p["kernel"], options.get("stride", 1), options.get("padding", 0))
        grad_close(got, derivatives(np.ones((1, 1, places)), x, w, options)[0], "dz/dx", where)


def _backward(rng, public):
    rng = None if public else rng
    return {"cases": [
        _case(rng, (2, 2, 6), (3, 2, 3)),
        _case(rng, (2, 2, 8), (3, 2, 3), stride=3),
        _case(rng, (2, 2, 7), (3, 2, 3), padding=2),
        _case(rng, (2, 2, 9), (3, 2, 3), dilation=3),
        _case(rng, (2, 4, 8), (6, 2, 3), groups=2, stride=2, padding=1, dilation=2),
        _case(rng, (3, 3, 5), (3, 1, 2), groups=3),
    ]}  # fmt: skip


def _derived(o, p, which, label):
    for case, got in zip(p["cases"], o["grads"], strict=True):
        x, w, _, g = arrays(case)
        want = derivatives(g, x, w, case["options"])[which]
        grad_close(got, want, label, _told(case, "conv1d_backward(g, x, w"), batch=len(x))


@check("grad_input", points=2, needs=["coverage", "groups"], params=_backward)
def grad_input(o, p):
    _derived(o, p, 0, "dz/dx")


@check("grad_weight", points=1, needs=["groups"], params=_backward)
def grad_weight(o, p):
    _derived(o, p, 1, "dz/dw")


@check("grad_bias", points=1, params=_backward)
def grad_bias(o, p):
    _derived(o, p, 2, "dz/db")


@check("errors", points=1, needs=["values"])
def errors(o, p):
    raises(o["groups"], "ValueError", "conv1d(x, w, groups=2)   x: (1, 5, 9), w: (4, 2, 3)", contains=["2", "5"])
    raises(o["outputs"], "ValueError", "conv1d(x, w, groups=2)   x: (1, 4, 9), w: (3, 2, 2)", contains=["2", "3"])
    raises(o["channels"], "ValueError", "conv1d(x, w)   x: (1, 4, 9), w: (4, 3, 3)", contains=["4", "3"])
    raises(o["long"], "ValueError", "conv1d(x, w, dilation=4)   x: (1, 1, 8), w: (1, 1, 3)", contains=["8"])
    raises(o["padded"], "ValueError", "conv1d(x, w, padding=1)   x: (1, 1, 4), w: (1, 1, 7)", contains=["7"])
    fitting = ["conv1d(x, w)   x: (1, 1, 4), w: (1, 1, 4)", "conv1d(x, w, padding=1)   x: (1, 1, 4), w: (1, 1, 6)"]
    for seen, where in zip(o["fits"], fitting, strict=True):
        require(isinstance(seen, dict) and "value" in seen, "refused", where)
