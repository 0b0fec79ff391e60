"""What exercise 07 asks for: which samples come, how many at a time, in which order, and when they are read."""

import numpy as np

from tinygrad_edu.homework.judge import check, close, equal, raises, require, shape_is


def _arrays(rng, public):
    if public:
        return {"n": 10, "scale": 1.0, "first": 0, "i": 3}
    n = int(rng.integers(8, 14))
    return {"n": n, "scale": 0.5, "first": int(rng.integers(1, 9)), "i": int(rng.integers(0, n))}


def _made(p):
    x = np.arange(p["n"] * 2).reshape(p["n"], 2) * p["scale"]
    return x, np.arange(p["n"]) + p["first"]


@check("dataset", points=1, params=_arrays)
def dataset(o, p):
    x, y = _made(p)
    where = f"data = TensorDataset(x, y), x of shape {x.shape}"
    equal(o["length"], p["n"], "len(data)", where)
    equal(o["kind"], "tuple", f"type of data[{p['i']}]", where)
    equal(o["parts"], 2, f"len(data[{p['i']}])", where)
    close(o["x"], x[p["i"]], f"data[{p['i']}][0]", where)
    close(o["y"], y[p["i"]], f"data[{p['i']}][1]", where)
    raises(o["refused"], "ValueError", f"TensorDataset(x, y[:-1]), lengths {p['n']} and {p['n'] - 1}",
           contains=[str(p["n"]), str(p["n"] - 1)])  # fmt: skip
    equal(o["alone"], [p["n"], 1], "[len(alone), len(alone[0])]", "alone = TensorDataset(x)")


@check("collate", points=1, params=_arrays)
def collate(o, p):
    x, y = _made(p)
    where = "default_collate([(x[0], y[0]), (x[1], y[1]), (x[2], y[2])])"
    equal("tuple" if o["kind"] == "list" else o["kind"], "tuple", "type of the batch", where)  # (PyTorch: a list)
    close(o["x"], x[:3], "batch[0]", where)
    close(o["y"], y[:3], "batch[1]", where)
    equal(o["dtypes"], ["float32", "int64"], "dtypes", where)
    close(o["alone"], x[:2], "the batch", "default_collate([x[0], x[1]])")
    where = "default_collate([((1.0, 2.0), 3), ((4.0, 5.0), 6)])"
    require(isinstance(o["nested"], list) and len(o["nested"]) == 3, "malformed", where)
    for got, want, label in zip(o["nested"], ([1, 4], [2, 5], [3, 6]), ("[0][0]", "[0][1]", "[1]"), strict=True):
        close(got, want, f"batch{label}", where)


def _sizes(rng, public):
    return {"n": 10, "batch": 3} if public else {"n": int(rng.integers(8, 20)), "batch": int(rng.integers(3, 6))}


def _chunks(n, size):
    return [list(range(i, min(i + size, n))) for i in range(0, n, size)]


@check("batches", points=1, params=_sizes)
def batches(o, p):
    where = f"DataLoader(data, batch_size={p['batch']}), {p['n']} samples"
    want = _chunks(p["n"], p["batch"])
    require(isinstance(o["batches"], list), "malformed", where)
    equal([len(b) if isinstance(b, list) else -1 for b in o["batches"]], [len(b) for b in want], "batch sizes", where)
    equal(o["batches"], want, "samples", where)
    equal(o["default"], [[0], [1], [2]], "samples", "DataLoader(data), 3 samples")


def _cases(rng, public):
    if public:
        return {"cases": [[10, 3], [9, 3], [2, 3]]}
    return {"cases": [[int(rng.integers(6, 30)), int(rng.integers(2, 6))] for _ in range(3)]}


@check("drop_last", points=1, needs=["batches"], params=_cases)
def drop_last(o, p):
    require(isinstance(o["sizes"], list) and len(o["sizes"]) == len(p["cases"]), "malformed", "drop_last=True")
    for (n, size), got in zip(p["cases"], o["sizes"], strict=True):
        where = f"DataLoader(data, batch_size={size}, drop_last=True), {n} samples"
        equal(got, [size] * (n // size), "batch sizes", where)


@check("length", points=1, needs=["batches"], params=_cases)
def length(o, p):
    require(isinstance(o["lengths"], list) and len(o["lengths"]) == len(p["cases"]), "malformed", "len(loader)")
    for (n, size), got in zip(p["cases"], o["lengths"], strict=True):
        where = f"{n} samples, batch_size={size}"
        equal(got, [-(-n // size), n // size], "[len(loader), len(loader with drop_last)]", where)


@check("every_epoch", points=1, needs=["batches"], params=_sizes)
def every_epoch(o, p):
    where = f"three times `for batch in loader`, {p['n']} samples"
    require(isinstance(o["epochs"], list) and len(o["epochs"]) == 3, "malformed", where)
    for number, seen in enumerate(o["epochs"], 1):
        equal(seen, list(range(p["n"])), f"samples of epoch {number}, sorted", where)
    equal(o["pairs"], [[0, 0], [p["batch"], p["batch"]]], "first sample of each batch", "two iterators, in turn")


@check(
    "shuffle",
    points=1,
    needs=["every_epoch"],
    params=lambda rng, public: (
        {"n": 20, "batch": 6} if public else {"n": int(rng.integers(20, 40)), "batch": int(rng.integers(3, 9))}
    ),
)
def shuffle(o, p):
    where = f"DataLoader(data, batch_size={p['batch']}, shuffle=True, seed=1), {p['n']} samples"
    every = list(range(p["n"]))
    require(isinstance(o["first"], list) and len(o["first"]) == 3, "malformed", where)
    for number, order in enumerate(o["first"], 1):
        require(isinstance(order, list) and all(type(i) is int for i in order), "malformed", where)
        equal(sorted(order), every, f"samples of epoch {number}, sorted", where)
    require(o["first"][0] != every, "not_shuffled", "", where)
    require(o["first"][0] != o["first"][1] and o["first"][1] != o["first"][2], "same_order", "", where)
    require(o["again"] == o["first"], "not_repeatable", "", where)
    require(o["other"] != o["first"], "seed_ignored", "", where)
    followers = sum(
        after == before + 1 for order in o["first"] for before, after in zip(order, order[1:], strict=False)
    )
    require(followers < 3 * p["n"] / 2, "batches_shuffled", "", where)
    equal(o["default"], True, "the same orders without a seed as with seed=0", "DataLoader(data, shuffle=True)")


@check("aligned", points=1, needs=["dataset", "collate", "shuffle"], params=_arrays)
def aligned(o, p):
    x, y = _made(p)
    where = "for xb, yb in DataLoader(TensorDataset(x, y), batch_size=4, shuffle=True, seed=3)"
    shape_is(o["x"], x.shape, "all xb, one below the other", where)
    shape_is(o["y"], y.shape, "all yb, one behind the other", where)
    got_x, got_y = np.asarray(o["x"], dtype=float), np.asarray(o["y"], dtype=float)
    close(np.sort(got_y), y, "the labels, sorted", where)
    wrong = int((got_x[:, 0] != (got_y - p["first"]) * 2 * p["scale"]).sum())
    require(wrong == 0, "torn_apart", "", where, count=wrong, size=p["n"])
    equal(o["dtypes"], ["float32", "int64"], "dtypes of xb, yb", where)
    equal(o["kept"], [True, True], "x and y are what they were", where)


@check("lazy", points=1, needs=["batches"], params=_sizes)
def lazy(o, p):
    where = f"loader = DataLoader(data, batch_size={p['batch']}); next(iter(loader))"
    equal(o["making"], 0, "samples read when the loader is made", where)
    equal(o["one"], list(range(p["batch"])), "samples read for the first batch", where)


@check(
    "own_collate",
    points=0,
    needs=["batches"],
    params=lambda rng, public: ({"n": 7 if public else int(rng.integers(7, 15))}),
)
def own_collate(o, p):
    want = [float(sum(chunk)) for chunk in _chunks(p["n"], 3)]
    close(o["sums"], want, "the batches", f"DataLoader(data, batch_size=3, collate=sum), samples 0 … {p['n'] - 1}")


@check("corners", points=1, needs=["length"])
def corners(o, p):
    equal(o["empty"], [0, 0], "[number of batches, len(loader)]", "an empty dataset")
    equal(o["large"], [[0, 1, 2]], "the batches", "3 samples, batch_size=100")
    raises(o["refused"], "ValueError", "DataLoader(data, batch_size=0)", contains=["0"])
