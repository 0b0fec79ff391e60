"""Small fake nodes: drawings are tested without Value and Tensor, through the hooks that both offer."""

from itertools import count

import pytest

from tinygrad_edu.engine.graph import GraphNode

_numbers = count(1)


class FakeNode:
    """What `tinygrad_edu.engine.graph.collect` asks of a node, and nothing else."""

    def __init__(self, *inputs, op=None, style="tensor", **facts):
        self._inputs = inputs
        self._sequence = next(_numbers) if inputs else 0
        self._graph_style = style
        self.facts = {"op": op, "kind": "op" if op else "leaf", "shape": (), "dtype": "float32", **facts}

    def _graph_info(self):
        return GraphNode(key=id(self), **self.facts)


@pytest.fixture
def node():
    return FakeNode


@pytest.fixture
def paraboloid():
    """0.2*x1**2 + 0.2*x2**2 - 5 at (2, 2), with its gradients: the book's first function."""

    def build(style="tensor"):
        def make(*inputs, value, grad, name=None, op=None, needs=True, fn=None):
            facts = {"value": value, "grad": grad, "name": name, "requires_grad": needs, "op_name": fn}
            return FakeNode(*inputs, op=op, style=style, **facts)

        x1 = make(value=2.0, grad=0.8, name="x1")
        x2 = make(value=2.0, grad=0.8, name="x2")
        terms = []
        for x in (x1, x2):
            square = make(x, value=4.0, grad=0.2, op="**2", fn="PowBackward0")
            factor = make(value=0.2, grad=4.0, needs=False)
            terms.append(make(factor, square, value=0.8, grad=1.0, op="×", fn="MulBackward0"))
        both = make(*terms, value=1.6, grad=1.0, op="+", fn="AddBackward0")
        five = make(value=5.0, grad=-1.0, needs=False)
        return make(both, five, value=-3.4, grad=1.0, name="f", op="-", fn="SubBackward0")

    return build


@pytest.fixture
def network():
    """A loss of two layers on 64 samples: arrays shown by shape, modules as frames, one node used twice."""

    def leaf(name, *shape, needs=True, **facts):
        return FakeNode(name=name, shape=shape, requires_grad=needs, **facts)

    def op(sign, fn, *inputs, shape, **facts):
        return FakeNode(*inputs, op=sign, op_name=fn, shape=shape, **facts)

    def build():
        x, y = leaf("x", 64, 784, needs=False), leaf("y", 64, 1, needs=False)
        first, bias = leaf("W1", 784, 16), leaf("b1", 16)
        second, last = leaf("W2", 16, 1), leaf("b2", 1, value=[0.5], grad=[-0.25])
        h = op("@", "MmBackward0", x, first, shape=(64, 16), scope="layer1", saved=(("mat2", (784, 16)),))
        h = op("+", "AddBackward0", h, bias, shape=(64, 16), scope="layer1")
        h = op("relu", "ReluBackward0", h, shape=(64, 16), scope="layer1")
        out = op("@", "MmBackward0", h, second, shape=(64, 1), scope="layer2")
        out = op("+", "AddBackward0", out, last, shape=(64, 1), scope="layer2")
        error = op("-", "SubBackward0", out, y, shape=(64, 1))
        square = op("×", "MulBackward0", error, error, shape=(64, 1))
        return op("mean", "MeanBackward0", square, shape=(), value=0.1234, name="loss", attrs={"dim": None})

    return build


@pytest.fixture
def hostile():
    """Names with everything that means something in DOT, in XML, or on a terminal."""

    def build():
        names = [
            'a"b',
            "<x|{y}>",
            "two\nlines\\n",
            "é & ∂f/∂x → &amp;",
            "\\N \\G \\",
            "tab\tnul\0",
            "<b>bold</b>",
        ]
        return FakeNode(*(FakeNode(name=name, value=1.0) for name in names), op="+", value=7.0, name="Ω")

    return build
