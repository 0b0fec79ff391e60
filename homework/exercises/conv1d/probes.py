"""Runs beside the student's `conv1d.py`: convolves small arrays and returns what comes out."""

import numpy as np


def length(s, p, t):
    seen = []
    for case in p["cases"]:
        t.doing("out_length({}, {}, stride={}, padding={}, dilation={})".format(*case))
        seen.append(int(s.out_length(*case)))
    length_, kernel = p["cases"][0][:2]
    t.doing(f"out_length({length_}, {kernel})")
    return {"lengths": seen, "plain": int(s.out_length(length_, kernel))}


def _told(x, w, options, more=""):
    named = "".join(f", {key}={value}" for key, value in options.items())
    return f"conv1d(x, w{more}{named})   x: {x.shape}, w: {w.shape}"


def values(s, p, t):
    x, w = np.array(p["x"], dtype=float).reshape(1, 1, -1), np.array(p["w"], dtype=float).reshape(1, 1, -1)
    kept = x.copy()
    seen = []
    for options in p["options"]:
        t.doing(_told(x, w, options))
        seen.append(np.asarray(s.conv1d(x, w, **options)))
    return {"results": seen, "kept": bool(np.array_equal(x, kept))}


def _arrays(case):
    rng = np.random.default_rng(case["seed"])
    n, c, length = case["x"]
    o, i, k = case["w"]
    return rng.standard_normal((n, c, length)), rng.standard_normal((o, i, k)), rng.standard_normal(o), rng


def _forward(s, p, t):
    seen = []
    for case in p["cases"]:
        x, w, b, _ = _arrays(case)
        t.doing(_told(x, w, case["options"], ", b"))
        seen.append(np.asarray(s.conv1d(x, w, b, **case["options"])))
    return {"results": seen}


def channels(s, p, t):
    return _forward(s, p, t)


def groups(s, p, t):
    return _forward(s, p, t)


def coverage(s, p, t):
    """The gradient of sum(y) for a kernel of ones: how many windows cover each place."""
    seen = []
    for length_, options in p["cases"]:
        x, w = np.zeros((1, 1, length_)), np.ones((1, 1, p["kernel"]))
        padding, stride = options.get("padding", 0), options.get("stride", 1)
        places = (length_ + 2 * padding - p["kernel"]) // stride + 1
        named = "".join(f", {key}={value}" for key, value in options.items())
        t.doing(f"conv1d_backward(ones, x, w{named})   x: {x.shape}, w: {w.shape}, all ones")
        seen.append(np.asarray(s.conv1d_backward(np.ones((1, 1, places)), x, w, **options)[0]))
    return {"grads": seen}


def _backward(s, p, t, which):
    seen = []
    for case in p["cases"]:
        x, w, _, rng = _arrays(case)
        g = rng.standard_normal(tuple(case["y"]))
        named = "".join(f", {key}={value}" for key, value in case["options"].items())
        t.doing(f"conv1d_backward(g, x, w{named})   g: {g.shape}, x: {x.shape}, w: {w.shape}")
        result = s.conv1d_backward(g, x, w, **case["options"])
        seen.append(np.asarray(result[which]))
    return {"grads": seen}


def grad_input(s, p, t):
    return _backward(s, p, t, 0)


def grad_weight(s, p, t):
    return _backward(s, p, t, 1)


def grad_bias(s, p, t):
    return _backward(s, p, t, 2)


def errors(s, p, t):
    def call(x, w, **options):
        return t.raised(lambda: s.conv1d(np.ones(x), np.ones(w), **options))

    t.doing("conv1d(...) where groups does not divide, where channels differ, where the kernel is too long")
    return {
        "groups": call((1, 5, 9), (4, 2, 3), groups=2),
        "outputs": call((1, 4, 9), (3, 2, 2), groups=2),
        "channels": call((1, 4, 9), (4, 3, 3)),
        "long": call((1, 1, 8), (1, 1, 3), dilation=4),
        "padded": call((1, 1, 4), (1, 1, 7), padding=1),
        "fits": [call((1, 1, 4), (1, 1, 4)), call((1, 1, 4), (1, 1, 6), padding=1)],
    }


def picture(s, p, t):
    seen = []
    for options in p["options"]:
        x, w = np.zeros((1, 1, p["length"])), np.arange(1.0, p["kernel"] + 1).reshape(1, 1, -1)
        t.doing(f"conv1d and conv1d_backward with {options}")
        places = np.asarray(s.conv1d(x, w, **options)).shape[2]
        rows = []
        for place in range(places):
            g = np.zeros((1, 1, places))
            g[0, 0, place] = 1.0
            rows.append(np.asarray(s.conv1d_backward(g, x, w, **options)[0]).ravel().tolist())
        seen.append(rows)
    return {"tables": seen}
