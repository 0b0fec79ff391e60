"""What homework 2 asks for: the structure of the drawing, not its looks. Operations may stand in nodes of their own,
or in the label of their result."""

import re

import numpy as np

from tinygrad_edu.homework.exercises.draw_graph.dot import DotError, plain, read
from tinygrad_edu.homework.judge import Fail, check, close, equal, require


def _drawing(text, where):
    """The parsed drawing, or a Fail that says why there is none."""
    require(isinstance(text, str), "no_dot", where, got=text)
    try:
        return read(text)
    except DotError as error:
        raise Fail("says.bad_dot", where, words={"why": str(error)}) from None


def _names(label, name):
    """Whether a label shows this name as a word."""
    return name in re.split(r"\W+", label)


class Tensors:
    """The tensors of a drawing: node -> parents, with nodes of operations taken out of the way.

    `count` tensors and `ops` operations are expected: the drawing has `count` nodes if operations stand in labels, or
    `count + ops` if they have nodes of their own.
    """

    def __init__(self, drawing, count, ops, where):
        self.drawing = drawing
        nodes = len(drawing.labels)
        require(nodes in (count, count + ops), "node_count", where, tensors=count, ops=ops, nodes=nodes)
        self.op_nodes = self._operations() if nodes == count + ops else set()
        if self.op_nodes is None or len(self.op_nodes) not in (0, ops) or (nodes != count) != bool(self.op_nodes):
            raise Fail("says.bipartite", where)
        tails = {tail for tail, _, _ in drawing.edges}
        lost = [node for node in self.op_nodes if node not in tails]
        require(not lost, "op_nowhere", where, tensors=count, ops=ops, nodes=nodes)
        self.parents, self.labels, self.op_labels, self.double = {}, {}, {}, {}
        for node, label in drawing.labels.items():
            if node in self.op_nodes:
                continue
            incoming = drawing.parents(node)
            self.labels[node] = self.op_labels[node] = plain(label)
            if len(incoming) == 1 and incoming[0] in self.op_nodes:
                (operation,) = incoming
                self.op_labels[node] = plain(drawing.labels[operation])
                incoming = drawing.parents(operation)
                self.double[node] = self._marked(operation)
            else:
                self.double[node] = self._marked(node)
            self.parents[node] = incoming

    def _operations(self):
        """In a drawing whose nodes alternate: those that are an odd number of edges away from the leaves."""
        parity = {node: 0 for node in self.drawing.labels if not self.drawing.parents(node)}
        waiting = list(parity)
        children = {}
        for tail, head, _ in self.drawing.edges:
            children.setdefault(tail, []).append(head)
        while waiting:
            node = waiting.pop()
            for child in children.get(node, ()):
                if child not in parity:
                    parity[child] = 1 - parity[node]
                    waiting.append(child)
                elif parity[child] == parity[node]:
                    return None
        return {node for node, odd in parity.items() if odd}

    def _marked(self, node):
        """Whether a single edge into this node says that it stands for two (×2, 2x, 2)."""
        return any(head == node and "2" in label for _, head, label in self.drawing.edges)

    def shape(self, node, leaves, depth=0):
        """The structure below a node as nested tuples: a leaf is its name, the rest a sorted tuple of the parents'."""
        if depth > 12:
            raise Fail("says.cycle", "y.draw_graph()")
        if not self.parents.get(node):
            return next((name for name in leaves if _names(self.labels.get(node, ""), name)), "?")
        return tuple(sorted((self.shape(parent, leaves, depth + 1) for parent in self.parents[node]), key=repr))

    def results(self):
        """The nodes that lead nowhere."""
        used = {parent for parents in self.parents.values() for parent in parents}
        return [node for node in self.parents if node not in used]


def _layer(rng, public):
    if public:
        return {"names": ["x", "weight", "bias"], "sizes": [2, 3, 5]}
    n, k, m = (int(v) for v in rng.permutation([2, 3, 4, 5, 6, 7, 8, 9])[:3])
    tag = int(rng.integers(10, 99))
    return {"names": [f"in{tag}", f"weight{tag}", f"bias{tag}"], "sizes": [n, k, m]}


LAYER = "y = (x @ w + b).relu(); y.draw_graph()"


@check("parses", same="failure", points=1, params=_layer, probe="layer")
def parses(o, p):
    drawing = _drawing(o["dot"], LAYER)
    require(drawing.edges, "no_edges", LAYER)


@check("nodes", same="failure", points=1, params=_layer, probe="layer", needs=["parses"])
def nodes(o, p):
    drawing = _drawing(o["dot"], LAYER)
    Tensors(drawing, 6, 3, LAYER)
    for name in p["names"]:
        count = sum(_names(plain(label), name) for label in drawing.labels.values())
        require(count == 1, "leaf_once", LAYER, name=name, count=count)


@check("edges", same="failure", points=2, params=_layer, probe="layer", needs=["nodes"])
def edges(o, p):
    x, w, b = p["names"]
    tensors = Tensors(_drawing(o["dot"], LAYER), 6, 3, LAYER)
    results = tensors.results()
    at_end = [name for name in p["names"] if any(_names(tensors.labels[node], name) for node in results)]
    require(not at_end, "reversed", LAYER)
    require(len(results) == 1, "one_result", LAYER, count=len(results))
    found = tensors.shape(results[0], p["names"])
    inner = tuple(sorted([x, w], key=repr))
    want = (tuple(sorted([inner, b], key=repr)),)
    if found != want:
        raise Fail("says.structure", LAYER, words={"want": _told(want), "got": _told(found)})


def _told(shape):
    """Nested tuples as a formula: ((x, w), b)."""
    return shape if isinstance(shape, str) else "(" + ", ".join(_told(part) for part in shape) + ")"


@check("labels", same="failure", points=2, params=_layer, probe="layer", needs=["edges"])
def labels(o, p):
    x, w, b = p["names"]
    n, k, m = p["sizes"]
    tensors = Tensors(_drawing(o["dot"], LAYER), 6, 3, LAYER)
    require(isinstance(o["ops"], list) and len(o["ops"]) == 3, "no_dot", LAYER, got=o["ops"])
    node = tensors.results()[0]
    for op, shape in [(o["ops"][2], (n, m)), (o["ops"][1], (n, m)), (o["ops"][0], (n, m))]:
        require(str(op) in tensors.op_labels[node], "op_missing", LAYER, op=str(op), shown=tensors.op_labels[node])
        _shape_in(tensors.labels[node], shape)
        inner = [parent for parent in tensors.parents[node] if tensors.parents[parent]]
        node = inner[0] if inner else node
    for node, parents in tensors.parents.items():
        if not parents:
            label = tensors.labels[node]
            for name, shape in {x: (n, k), w: (k, m), b: (1, m)}.items():
                if _names(label, name):
                    _shape_in(label, shape)


def _shape_in(label, shape):
    wanted = r"\D{1,3}".join(map(str, shape))
    require(re.search(rf"(?<!\d){wanted}(?!\d)", label), "shape_missing", LAYER, shape=str(shape), shown=label)


def _square(rng, public):
    return {"name": "x" if public else f"v{rng.integers(10, 99)}"}


@check("twice", same="failure", points=1, params=_square, needs=["edges"])
def twice(o, p):
    where = "y = x * x; y.draw_graph()"
    tensors = Tensors(_drawing(o["dot"], where), 2, 1, where)
    result = tensors.results()
    require(len(result) == 1 and tensors.parents[result[0]], "one_result", where, count=len(result))
    count = len(tensors.parents[result[0]])
    require(count == 2 or tensors.double[result[0]], "two_edges", where, count=count)


@check("shared", same="failure", points=1, params=lambda rng, public: {"times": 3}, needs=["nodes"])
def shared(o, p):
    _doubled(o, p)


def _forty(rng, public):
    return {"times": 40 if public else 37}


@check("doublings", same="failure", points=1, params=_forty, needs=["shared"])
def doublings(o, p):
    _doubled(o, p)


def _doubled(o, p):
    times = p["times"]
    where = f"y = x; for _ in range({times}): y = y + y   y.draw_graph()"
    require(isinstance(o["dot"], str), "no_dot", where, got=o["dot"])
    Tensors(_drawing(o["dot"], where), times + 1, times, where)


def _number(rng, public):
    return {"value": 2.0 if public else float(rng.integers(3, 9))}


@check("equal_values", same="failure", points=1, params=_number, needs=["nodes"])
def equal_values(o, p):
    where = "y = (a + b) * (c + d), all with the same numbers; y.draw_graph()"
    Tensors(_drawing(o["dot"], where), 7, 3, where)


def _odd_names(rng, public):
    odd = ['say "hi"', "a<b>", "two\nlines", "重み", "{x|y}", "a\\b"]
    return {"names": odd if public else [f"{name}{rng.integers(10, 99)}" for name in odd]}


@check("names", same="failure", points=1, params=_odd_names, needs=["nodes"])
def names(o, p):
    require(isinstance(o["dots"], list) and len(o["dots"]) == len(p["names"]), "no_dot", "names", got=o["dots"])
    for name, text in zip(p["names"], o["dots"], strict=True):
        where = f"x = Tensor(…, name={name!r}); x.exp().draw_graph()"
        drawing = _drawing(text, where)
        wanted = "".join(name.split())
        shown = ["".join(plain(label).split()) for label in drawing.labels.values()]
        # (A newline may be drawn as a line break, as a space or as the two signs \\n.)
        fits = any(wanted in label or _flat(name) in label for label in shown)
        require(fits, "name_lost", where, name=name.replace("\n", " "))
        for node in drawing.records:
            label = drawing.labels.get(node, "")
            bare = "".join(sign for sign in name if sign in "{}|<>" and f"\\{sign}" not in label)
            require(not bare or wanted not in "".join(plain(label).split()), "record_sign", where, sign=bare)


def _flat(name):
    return "".join(repr(name)[1:-1].split())


@check("pure", points=1, same="failure", params=_layer, needs=["nodes"])
def pure(o, p):
    where = "y.draw_graph()"
    for key in ("grads_after", "data_after", "grads", "data"):
        require(isinstance(o[key], list) and len(o[key]) == 3, "no_dot", where, got=o[key])
    for key in ("untouched", "attributes", "attributes_after"):
        require(isinstance(o[key], list) and len(o[key]) == 6, "no_dot", where, got=o[key])
    require(all(grad is None or not np.any(grad) for grad in o["untouched"][:3]), "grad_changed", where)
    require(all(grad is None or not np.any(grad) for grad in o["untouched"][3:]), "result_changed", where)
    for before, after in zip(o["attributes"], o["attributes_after"], strict=True):
        equal(after, before, "name, op and attributes of a tensor", "before and after y.draw_graph()")
    for name, before, after in zip(p["names"], o["grads"], o["grads_after"], strict=True):
        require(before is None or after is not None, "grad_changed", where)
        if before is not None:
            close(after, before, f"{name}.grad", "before and after y.draw_graph()")
    for name, before, after in zip(p["names"], o["data"], o["data_after"], strict=True):
        close(after, before, f"{name}.data", "before and after y.draw_graph()")
    for text in (o["before"], o["after"]):
        Tensors(_drawing(text, where), 6, 3, where)
