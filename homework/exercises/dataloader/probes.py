"""Runs beside the student's `dataloader.py`: goes through small datasets and notes what comes, in which order."""

import numpy as np


class Counting:
    """A dataset of ours that notes which samples were asked for."""

    def __init__(self, size):
        self.size = size
        self.asked = []

    def __len__(self):
        return self.size

    def __getitem__(self, index):
        if not 0 <= index < self.size:
            raise IndexError(index)
        self.asked.append(int(index))
        return np.float32(index)


def _arrays(p):
    x = np.arange(p["n"] * 2, dtype=np.float32).reshape(p["n"], 2) * p["scale"]
    y = np.arange(p["n"], dtype=np.int64) + p["first"]
    return x, y


def dataset(s, p, t):
    x, y = _arrays(p)
    t.doing(f"data = TensorDataset(x, y) with x of shape {x.shape}, y of shape {y.shape}")
    data = s.TensorDataset(x, y)
    t.doing(f"len(data), data[{p['i']}]")
    sample = data[p["i"]]
    t.doing("alone = TensorDataset(x); len(alone), alone[0]")
    alone = s.TensorDataset(x)
    return {
        "length": len(data),
        "parts": len(sample),
        "x": np.asarray(sample[0]),
        "y": int(sample[1]),
        "kind": type(sample).__name__,
        "refused": t.raised(lambda: s.TensorDataset(x, y[:-1])),
        "alone": [len(alone), len(alone[0])],
    }


def collate(s, p, t):
    x, y = _arrays(p)
    t.doing("default_collate([(x[0], y[0]), (x[1], y[1]), (x[2], y[2])])")
    pair = s.default_collate([(x[i], y[i]) for i in range(3)])
    t.doing("default_collate([x[0], x[1]])")
    alone = s.default_collate([x[0], x[1]])
    t.doing("default_collate([((a, b), c), ((d, e), f)]) with numbers")
    nested = s.default_collate([((1.0, 2.0), 3), ((4.0, 5.0), 6)])
    return {
        "kind": type(pair).__name__,
        "x": np.asarray(pair[0]),
        "y": np.asarray(pair[1]),
        "dtypes": [str(np.asarray(part).dtype) for part in pair],
        "alone": np.asarray(alone),
        "nested": [np.asarray(nested[0][0]), np.asarray(nested[0][1]), np.asarray(nested[1])],
    }


def _epoch(loader):
    return [[int(v) for v in np.asarray(batch).ravel()] for batch in loader]


def batches(s, p, t):
    data = Counting(p["n"])
    t.doing(f"list(DataLoader(data, batch_size={p['batch']})) with {p['n']} samples")
    seen = _epoch(s.DataLoader(data, batch_size=p["batch"]))
    t.doing("list(DataLoader(data)) with 3 samples")
    return {"batches": seen, "default": _epoch(s.DataLoader(Counting(3)))}


def drop_last(s, p, t):
    seen = []
    for n, size in p["cases"]:
        t.doing(f"list(DataLoader(data, batch_size={size}, drop_last=True)) with {n} samples")
        seen.append([len(b) for b in _epoch(s.DataLoader(Counting(n), batch_size=size, drop_last=True))])
    return {"sizes": seen}


def length(s, p, t):
    seen = []
    for n, size in p["cases"]:
        t.doing(f"len(DataLoader(data, batch_size={size})) with {n} samples, and with drop_last=True")
        loaders = [s.DataLoader(Counting(n), batch_size=size, drop_last=drop) for drop in (False, True)]
        seen.append([len(loader) for loader in loaders])
    return {"lengths": seen}


def every_epoch(s, p, t):
    loader = s.DataLoader(Counting(p["n"]), batch_size=p["batch"])
    seen = []
    for epoch in (1, 2, 3):
        t.doing(f"for batch in loader: ...   in epoch {epoch}")
        seen.append(sorted(i for batch in _epoch(loader) for i in batch))
    t.doing("two iterators of one loader, in turn")
    one, other = iter(loader), iter(loader)
    pairs = [[int(np.asarray(next(it, -1)).ravel()[0]) for it in (one, other)] for _ in range(2)]
    return {"epochs": seen, "pairs": pairs}


def shuffle(s, p, t):
    def orders(**seed):
        loader = s.DataLoader(Counting(p["n"]), batch_size=p["batch"], shuffle=True, **seed)
        return [[i for batch in _epoch(loader) for i in batch] for _ in range(3)]

    t.doing(f"DataLoader(data, batch_size={p['batch']}, shuffle=True, seed=1), 3 epochs; again; and with seed=2")
    seen = {"first": orders(seed=1), "again": orders(seed=1), "other": orders(seed=2)}
    t.doing("DataLoader(data, shuffle=True) without a seed, and with seed=0")
    return {**seen, "default": orders() == orders(seed=0)}


def aligned(s, p, t):
    x, y = _arrays(p)
    t.doing("for xb, yb in DataLoader(TensorDataset(x, y), batch_size=4, shuffle=True, seed=3)")
    loader = s.DataLoader(s.TensorDataset(x, y), batch_size=4, shuffle=True, seed=3)
    xs, ys = [], []
    for xb, yb in loader:
        xs.append(np.asarray(xb))
        ys.append(np.asarray(yb))
    return {
        "x": np.concatenate(xs),
        "y": np.concatenate(ys),
        "dtypes": [str(xs[0].dtype), str(ys[0].dtype)],
        "kept": [bool(np.array_equal(a, b)) for a, b in zip((x, y), _arrays(p), strict=True)],
    }


def lazy(s, p, t):
    data = Counting(p["n"])
    t.doing(f"loader = DataLoader(data, batch_size={p['batch']}); it = iter(loader); next(it)")
    loader = s.DataLoader(data, batch_size=p["batch"])
    after_making = len(data.asked)
    it = iter(loader)
    next(it)
    after_one = list(data.asked)
    return {"making": after_making, "one": after_one}


def own_collate(s, p, t):
    t.doing("DataLoader(data, batch_size=3, collate=sum)")
    return {"sums": [float(b) for b in s.DataLoader(Counting(p["n"]), batch_size=3, collate=sum)]}


def corners(s, p, t):
    t.doing("list(DataLoader(an empty dataset, batch_size=4)), len(...)")
    empty = s.DataLoader(Counting(0), batch_size=4, shuffle=True)
    return {
        "empty": [len(list(empty)), len(empty)],
        "large": _epoch(s.DataLoader(Counting(3), batch_size=100)),
        "refused": t.raised(lambda: s.DataLoader(Counting(3), batch_size=0)),
    }


def picture(s, p, t):
    loader = s.DataLoader(Counting(p["n"]), batch_size=p["batch"], shuffle=True, seed=1)
    t.doing(f"{p['epochs']} epochs of DataLoader(data, batch_size={p['batch']}, shuffle=True, seed=1)")
    return {"epochs": [_epoch(loader) for _ in range(p["epochs"])]}
