"""Runs beside the student's `modules.py`: builds modules of theirs and of ours, and asks them what they hold."""

import numpy as np


def _leaf(s):
    """A module of ours on top of the student's: one Parameter, and a product."""

    class Leaf(s.Module):
        def __init__(self, numbers):
            super().__init__()
            self.weight = s.Parameter(np.array(numbers, dtype=float))

        def forward(self, x):
            return x * self.weight

    return Leaf


def _named(module):
    return [[str(name), np.array(q.data)] for name, q in module.named_parameters()]


def parameter_names(s, p, t):
    Leaf = _leaf(s)

    class Block(s.Module):
        def __init__(self):
            super().__init__()
            self.first = Leaf([1.0])
            self.scale = s.Parameter(np.array([2.0]))
            self.factor = 3.0

    class Net(s.Module):
        def __init__(self):
            super().__init__()
            self.shift = s.Parameter(np.array([4.0]))
            self.plain = s.Tensor(np.array([5.0]))
            for name in p["blocks"]:
                setattr(self, name, Block())
            self.head = Leaf([6.0])

    t.doing("net = Net(); net.named_parameters(); net.parameters()")
    net = Net()
    named, listed = list(net.named_parameters()), list(net.parameters())
    kinds = [isinstance(q, s.Parameter) and isinstance(q, s.Tensor) and bool(q.requires_grad) for q in listed]
    alike = [a is b for (_, a), b in zip(named, listed, strict=False)]
    return {"named": _named(net), "kinds": kinds, "listed": alike, "count": len(listed)}


def shared(s, p, t):
    Leaf = _leaf(s)

    class Net(s.Module):
        def __init__(self):
            super().__init__()
            self.one, self.two = Leaf([1.0]), Leaf([2.0])
            self.two.weight = self.one.weight
            self.three = self.one

    t.doing("net.two.weight = net.one.weight; net.three = net.one; net.named_parameters()")
    return {"names": [str(name) for name, _ in Net().named_parameters()]}


def in_a_list(s, p, t):
    Leaf = _leaf(s)

    class Net(s.Module):
        def __init__(self, layers):
            super().__init__()
            self.layers = layers

    def build():
        return [str(name) for name, _ in Net([Leaf([1.0]), Leaf([2.0])]).named_parameters()]

    t.doing("self.layers = [Leaf(), Leaf()]; net.named_parameters()")
    return {"names": t.raised(build)}


def instances(s, p, t):
    Leaf = _leaf(s)
    t.doing("one, two = Leaf(), Leaf(); one.parameters()")
    one, two = Leaf([1.0]), Leaf([2.0, 2.0])
    seen = {"one": _named(one), "two": _named(two)}
    t.doing("one.weight = Parameter(...), again; one.parameters()")
    one.weight = s.Parameter(np.array([3.0]))
    seen["again"] = _named(one)

    class Early(s.Module):
        def __init__(self):
            self.weight = s.Parameter(np.array([1.0]))
            super().__init__()

    t.doing("an __init__ that sets self.weight before it calls super().__init__()")
    seen["early"] = t.raised(lambda: [str(name) for name, _ in Early().named_parameters()])
    return seen


def linear(s, p, t):
    seen = []
    for inputs, outputs, bias in p["cases"]:
        t.doing(f"layer = Linear({inputs}, {outputs}{'' if bias else ', bias=False'})")
        layer = s.Linear(inputs, outputs) if bias else s.Linear(inputs, outputs, bias=False)
        record = {
            "names": [str(name) for name, _ in layer.named_parameters()],
            "weight": list(layer.weight.data.shape),
            "bias": None if layer.bias is None else list(layer.bias.data.shape),
            "differ": bool(np.ptp(layer.weight.data) > 0),
        }
        rng = np.random.default_rng(p["seed"])
        w, b, x = rng.standard_normal((outputs, inputs)), rng.standard_normal(outputs), rng.standard_normal((4, inputs))
        layer.weight.data = w
        if layer.bias is not None:
            layer.bias.data = b
        input_ = s.Tensor(x, requires_grad=True)
        t.doing(f"y = layer(x) with x of shape (4, {inputs}); y.backward(g)")
        y = layer(input_)
        record["y"] = np.asarray(y.data)
        y.backward(rng.standard_normal((4, outputs)))
        record["grads"] = [input_.grad, layer.weight.grad] + ([layer.bias.grad] if bias else [])
        seen.append(record)
    return {"layers": seen}


def sequential(s, p, t):
    Leaf = _leaf(s)

    class Add(s.Module):
        def __init__(self, number):
            super().__init__()
            self.number = number

        def forward(self, x):
            return x + self.number

    t.doing("net = Sequential(Leaf(), Add(), Sequential(Leaf(), ReLU())); net(x)")
    net = s.Sequential(Leaf([p["a"]]), Add(p["b"]), s.Sequential(Leaf([p["c"]]), s.ReLU()))
    x = s.Tensor(np.array(p["x"]), requires_grad=True)
    y = net(x)
    t.doing("net(x).sum().backward()")
    y.sum().backward()
    return {"names": [str(name) for name, _ in net.named_parameters()], "y": np.asarray(y.data), "grad": x.grad}


def train_eval(s, p, t):
    Leaf = _leaf(s)
    t.doing("net = Sequential(Leaf(), Sequential(Leaf(), Dropout(0.5)))")
    parts = [Leaf([1.0]), Leaf([2.0]), s.Dropout(0.5)]
    inner = s.Sequential(parts[1], parts[2])
    net = s.Sequential(parts[0], inner)
    seen = {"first": [bool(m.training) for m in (net, inner, *parts)]}
    for name in ("eval", "train"):
        t.doing(f"net.{name}()")
        seen[f"{name} returns"] = getattr(net, name)() is net
        seen[name] = [bool(m.training) for m in (net, inner, *parts)]
    t.doing("net.train(False)")
    net.train(False)
    seen["train(False)"] = [bool(m.training) for m in (net, inner, *parts)]
    return seen


def dropout(s, p, t):
    x = s.Tensor(np.full(4000, 2.0), requires_grad=True)
    t.doing(f"layer = Dropout({p['p']}); layer(x) with 4000 numbers of 2, in training")
    layer = s.Dropout(p["p"])
    y = layer(x)
    y.sum().backward()
    dropped, slope = np.asarray(y.data), np.asarray(x.grad)
    seen = {
        "values": [float(v) for v in np.unique(np.round(dropped, 9))][:9],
        "zeros": round(float((dropped == 0).mean()), 1),
        "slopes": [float(v) for v in np.unique(np.round(slope, 9))][:9],
        "same places": bool(np.array_equal(dropped == 0, slope == 0)),
        "again": bool(np.array_equal(np.asarray(layer(x).data), dropped)),
    }
    t.doing(f"layer = Dropout({p['p']}).eval(); layer(x)")
    layer.eval()
    seen["eval"] = [float(v) for v in np.unique(np.asarray(layer(x).data))][:9]
    t.doing("Dropout(0.0)(x)")
    seen["never"] = [float(v) for v in np.unique(np.asarray(s.Dropout(0.0)(x).data))][:9]
    t.doing("Dropout()(x)")
    seen["default"] = [float(v) for v in np.unique(np.asarray(s.Dropout()(x).data))][:9]
    t.doing("Dropout(1.5), Dropout(-0.1)")
    seen["refused"] = [t.raised(lambda q=q: type(s.Dropout(q)).__name__) for q in (1.5, -0.1)]
    return seen


def _two_leaves(s, numbers):
    Leaf = _leaf(s)

    class Net(s.Module):
        def __init__(self):
            super().__init__()
            self.one, self.two = Leaf(numbers), Leaf([0.5])

    return Net()


def state_dict(s, p, t):
    net = _two_leaves(s, p["numbers"])
    before = list(net.parameters())
    t.doing("saved = net.state_dict()")
    saved = net.state_dict()
    seen = {"saved": {str(k): np.array(v) for k, v in saved.items()}}
    for q in net.parameters():
        q.data += 1  # in place: a state that is no copy goes with it
    seen["after a change"] = {str(k): np.array(v) for k, v in saved.items()}
    t.doing("net.load_state_dict(saved)")
    net.load_state_dict(saved)
    seen["loaded"] = _named(net)
    seen["same objects"] = [a is b for a, b in zip(before, net.parameters(), strict=False)]
    for q in net.parameters():
        q.data += 1
    seen["after another"] = {str(k): np.array(v) for k, v in saved.items()}
    return seen


def load_state(s, p, t):
    good = {"one.weight": np.array([7.0, 8.0]), "two.weight": np.array([9.0])}
    bad = {
        "missing": {"one.weight": good["one.weight"]},
        "unexpected": {**good, "three.weight": np.array([1.0])},
        "shape": {"one.weight": good["one.weight"], "two.weight": np.array([1.0, 2.0, 3.0])},
    }
    seen = {}
    for name, state in bad.items():
        net = _two_leaves(s, p["numbers"])
        t.doing(
            f"net.load_state_dict(state) with {sorted(state)} of shapes {[v.shape for _, v in sorted(state.items())]}"
        )
        seen[name] = {"raised": t.raised(lambda net=net, state=state: net.load_state_dict(state)), "then": _named(net)}
    return seen


def _loss(s, p, t, name):
    x, y = np.array(p["x"]), np.array(p["y"])
    seen = {}
    for reduction in ("mean", "sum", "none"):
        input_ = s.Tensor(x, requires_grad=True)
        t.doing(f"{name}({'' if reduction == 'mean' else f'reduction={reduction!r}'})(x, y), then backward")
        loss = getattr(s, name)() if reduction == "mean" else getattr(s, name)(reduction=reduction)
        value = loss(input_, y)
        seen[reduction] = {"value": np.asarray(value.data)}
        value.backward(np.ones(np.shape(value.data)))
        seen[reduction]["grad"] = input_.grad
    t.doing(f"{name}(reduction='average')")
    seen["average"] = t.raised(lambda: type(getattr(s, name)(reduction="average")).__name__)
    if name != "CrossEntropyLoss":
        flat = np.array(p["y"]).reshape(-1)
        t.doing(f"{name}()(x, y) with x of shape {x.shape}, y of shape {flat.shape}")
        seen["shapes"] = t.raised(lambda: float(getattr(s, name)()(s.Tensor(x), flat).data))
    return seen


def mse(s, p, t):
    return _loss(s, p, t, "MSELoss")


def cross_entropy(s, p, t):
    return _loss(s, p, t, "CrossEntropyLoss")


def bce(s, p, t):
    return _loss(s, p, t, "BCEWithLogitsLoss")


def weights(seed):
    """A state of Sequential(Linear(3, 5), ReLU(), Linear(5, 4)): the same numbers that the judge draws."""
    rng = np.random.default_rng(seed)
    shapes = {"0.weight": (5, 3), "0.bias": (5,), "2.weight": (4, 5), "2.bias": (4,)}
    state = {name: rng.standard_normal(shape) * 0.5 for name, shape in shapes.items()}
    return state, rng.standard_normal((6, 3)), rng.integers(0, 4, 6)


def in_training(s, p, t):
    state, x, labels = weights(p["seed"])
    t.doing("net = Sequential(Linear(3, 5), ReLU(), Linear(5, 4)); net.load_state_dict(state)")
    net = s.Sequential(s.Linear(3, 5), s.ReLU(), s.Linear(5, 4))
    net.load_state_dict(state)
    loss, losses = s.CrossEntropyLoss(), []
    for step in range(p["steps"]):
        t.doing(f"step {step + 1}: net.zero_grad(), CrossEntropyLoss()(net(x), labels).backward()")
        net.zero_grad()
        value = loss(net(s.Tensor(x)), labels)
        value.backward()
        losses.append(float(value.data))
        for q in net.parameters():
            q.data = q.data - p["lr"] * q.grad
    return {"losses": losses}


def picture(s, p, t):
    """A network of the student's modules: the names and shapes of its parameters."""

    class Digits(s.Module):
        def __init__(self):
            super().__init__()
            self.features = s.Sequential(s.Linear(64, 48), s.ReLU(), s.Dropout(0.2))
            self.middle = s.Sequential(s.Linear(48, 48), s.ReLU(), s.Sequential(s.Linear(48, 24), s.ReLU()))
            self.scale = s.Parameter(np.ones(24))
            self.head = s.Linear(24, 10)

    t.doing("net = Digits(); net.named_parameters()")
    return {"named": [[str(name), list(np.shape(q.data))] for name, q in Digits().named_parameters()]}
