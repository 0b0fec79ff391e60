"""What exercise 10 asks for: right products, compiled loops of one's own, and rows that no two threads share."""

import ast

import numpy as np

from tinygrad_edu.homework.judge import check, close, equal, require

NOT_ALLOWED = {"dot", "matmul", "einsum", "inner", "vdot", "tensordot", "multi_dot"}


def matrices(case):
    """The same numbers that the probe draws."""
    rng = np.random.default_rng(case["seed"])
    n, m, k = case["shape"]
    return rng.standard_normal((n, m)), rng.standard_normal((m, k))


def _case(rng, public, *shape):
    return {"shape": list(shape), "seed": 1 if public else int(rng.integers(2, 2**31))}


def _shapes(rng, public):
    shapes = [(2, 3, 4), (5, 7, 3), (1, 6, 1), (4, 1, 5), (0, 3, 2), (3, 0, 2), (33, 17, 29)]
    return {"cases": [_case(rng, public, *shape) for shape in shapes]}


def _products(o, p):
    for case, got in zip(p["cases"], o["results"], strict=True):
        a, b = matrices(case)
        close(got, a @ b, "the product", f"a: {a.shape}, b: {b.shape}", rtol=1e-9, atol=1e-9)


@check("correct", points=1, params=_shapes)
def correct(o, p):
    _products(o, p)


@check(
    "layouts", points=1, wall=120, needs=["correct"], params=lambda rng, public: {"case": _case(rng, public, 6, 5, 4)}
)
def layouts(o, p):
    a, b = matrices(p["case"])
    close(o["transposed"], a @ b, "matmul(a, b)", "b is a transposed view", rtol=1e-9)
    close(o["steps"], a[::2] @ b[:, ::-1], "matmul(a[::2], b[:, ::-1])", "", rtol=1e-9)
    equal(o["dtype"], "float32", "dtype of the result", "float32 matrices")
    close(o["float32"], a.astype(np.float32) @ b.astype(np.float32), "matmul(a, b)", "float32", rtol=1e-4, atol=1e-5)


# (What the product is, is not looked at here: the numbers need no seed.)
@check("compiled", points=1, needs=["correct"], params=lambda rng, public: {"case": _case(rng, True, 3, 3, 3)})
def compiled(o, p):
    require(isinstance(o["signatures"], int) and o["signatures"] > 0, "not_compiled", "matmul")


def _tree(text):
    """The function's syntax tree; the text is the student's, and may be anything."""
    require(isinstance(text, str) and 0 < len(text) < 20_000, "no_source")
    lines = text.splitlines()
    margin = len(lines[0]) - len(lines[0].lstrip())
    try:
        tree = ast.parse("\n".join(line[margin:] for line in lines))
        depth = sum(1 for _ in ast.walk(tree))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        tree, depth = None, 0
    require(tree is not None and 0 < depth < 5000, "no_source")
    return tree


def _loops(node):
    return [inner for inner in ast.walk(node) if isinstance(inner, ast.For)]


@check("own_loops", same="failure", points=1, needs=["correct"])
def own_loops(o, p):
    for name in ("matmul", "matmul_parallel"):
        tree = _tree(o[name])
        for node in ast.walk(tree):
            product = isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.MatMult)
            called = getattr(getattr(node, "func", None), "attr", getattr(getattr(node, "func", None), "id", None))
            require(not product, "ready_made", name, what="@")
            require(called not in NOT_ALLOWED, "ready_made", name, what=f"{called}(…)")
        require(len(_loops(tree)) >= 2, "no_loops", name)


@check("loop_order", same="failure", points=1, needs=["own_loops"])
def loop_order(o, p):
    """Inside the innermost loop the last index of the result moves, and with it that of a row of b."""
    tree = _tree(o["matmul"])
    innermost = [loop for loop in _loops(tree) if not _loops_below(loop)]
    require(innermost, "no_loops", "matmul")
    moving = [loop.target.id for loop in innermost if isinstance(loop.target, ast.Name)]
    inside = [node for loop in innermost for node in ast.walk(loop) if isinstance(node, ast.AugAssign | ast.Assign)]
    writes = [node.target if isinstance(node, ast.AugAssign) else node.targets[0] for node in inside]
    last = [_indices(target)[-1] for target in writes if isinstance(target, ast.Subscript) and _indices(target)]
    along = [isinstance(i, ast.Slice) or (isinstance(i, ast.Name) and i.id in moving) for i in last]
    require(along and all(along), "order", "matmul")


def _loops_below(loop):
    return [inner for inner in ast.walk(loop) if isinstance(inner, ast.For) and inner is not loop]


def _indices(target):
    return list(target.slice.elts) if isinstance(target.slice, ast.Tuple) else [target.slice]


@check("fast", points=1, needs=["compiled"], params=lambda rng, public: {"case": _case(rng, True, 64, 64, 64)})
def fast(o, p):
    ratio = float(o["ratio"])
    require(ratio >= 50, "slow", "matmul of 64x64", ratio=f"{ratio:.0f}")


@check("parallel", same="failure", points=2, needs=["correct"], params=_shapes)
def parallel(o, p):
    """How it is written comes first: what threads that share a cell compute is chance, and often right."""
    require(o["flag"] is True, "no_flag", "matmul_parallel")
    tree = _tree(o["text"])
    shared = [loop for loop in _loops(tree) if _is_prange(loop.iter)]
    require(shared, "no_prange", "matmul_parallel")
    for loop in shared:
        outside = [other for other in _loops(tree) if other is not loop and loop in _loops_below(other)]
        require(not outside, "prange_inside", "matmul_parallel")
        row = loop.target.id if isinstance(loop.target, ast.Name) else None
        for node in ast.walk(loop):
            targets = [node.target] if isinstance(node, ast.AugAssign) else getattr(node, "targets", [])
            for target in targets:
                if isinstance(target, ast.Subscript):
                    first = _indices(target)[0]
                    require(isinstance(first, ast.Name) and first.id == row, "race", "matmul_parallel")
    _products(o, p)


def _is_prange(iterator):
    if not isinstance(iterator, ast.Call):
        return False
    return getattr(iterator.func, "attr", getattr(iterator.func, "id", None)) == "prange"
