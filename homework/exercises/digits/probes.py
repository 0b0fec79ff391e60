"""Runs beside the student's `digits.py`: builds, trains, predicts. The labels of what is predicted are not here."""

import numpy as np


def _net(s, t, seed):
    t.doing(f"net = build({seed})")
    return s.build(seed)


def _logits(s, t, net, images):
    t.doing(f"net.eval()(prepare(images)) with {len(images)} images")
    net.eval()
    return np.array(net(s.prepare(images)).data)


def _train(s, t, net, p, epochs):
    t.doing(f"train(net, images, labels, epochs={epochs}, seed={p['seed']}) with {len(p['labels'])} images")
    return [float(loss) for loss in s.train(net, p["images"], p["labels"], epochs, p["seed"])]


def _predict(s, t, net, images):
    t.doing(f"predict(net, images) with {len(images)} images")
    return np.asarray(s.predict(net, images))


def prepare(s, p, t):
    t.doing(f"prepare(images) with images of shape {p['images'].shape}, dtype uint8")
    together = np.asarray(s.prepare(p["images"]).data)
    alone = [np.asarray(s.prepare(p["images"][i : i + 1]).data) for i in range(len(p["images"]))]
    return {"together": together, "alone": np.concatenate(alone)}


def build(s, p, t):
    nets = [_net(s, t, seed) for seed in (p["seed"], p["seed"], p["seed"] + 1)]
    states = [[np.array(q.data) for q in net.parameters()] for net in nets]
    return {
        "shapes": [list(array.shape) for array in states[0]],
        "logits": _logits(s, t, nets[0], p["images"]).shape,
        "again": all(np.array_equal(a, b) for a, b in zip(states[0], states[1], strict=True)),
        "other": all(np.array_equal(a, b) for a, b in zip(states[0], states[2], strict=True)),
    }


def overfit_batch(s, p, t):
    net = _net(s, t, p["seed"])
    losses = _train(s, t, net, p, p["epochs"])
    seen = {"count": len(losses), "first": losses[0], "last": losses[-1], "logits": _logits(s, t, net, p["images"])}
    single = {**p, "images": p["images"][:1], "labels": p["labels"][:1]}
    return {**seen, "single": _train(s, t, _net(s, t, p["seed"]), single, 1)}


def alone(s, p, t):
    net = _net(s, t, p["seed"])
    _train(s, t, net, p, 2)
    together = _predict(s, t, net, p["images"])
    t.doing("predict(net, images[i : i + 1]) for each image")
    single = [np.asarray(s.predict(net, p["images"][i : i + 1])).reshape(-1) for i in range(len(p["images"]))]
    return {"together": together, "single": np.concatenate(single)}


def checkpoint(s, p, t):
    net = _net(s, t, p["seed"])
    _train(s, t, net, p, 2)
    before = _logits(s, t, net, p["images"])
    t.doing("save(net, 'net.npz'); again = load('net.npz')")
    s.save(net, "net.npz")
    again = s.load("net.npz")
    return {"before": before, "after": _logits(s, t, again, p["images"])}


def shuffled(s, p, t):
    net = _net(s, t, p["seed"])
    _train(s, t, net, p, 4)
    return {"answers": _predict(s, t, net, p["test"])}


def learns(s, p, t):
    net = _net(s, t, p["seed"])
    losses = _train(s, t, net, p, int(s.EPOCHS))
    return {"losses": losses, "answers": _predict(s, t, net, p["test"])}


def picture(s, p, t):
    net = _net(s, t, p["seed"])
    losses = _train(s, t, net, p, int(s.EPOCHS))
    filters = [np.array(q.data) for q in net.parameters() if np.ndim(q.data) == 4][:1]
    logits = _logits(s, t, net, p["test"])
    return {"losses": losses, "answers": _predict(s, t, net, p["test"]), "logits": logits, "filters": filters}
