"""Matrix products."""

from __future__ import annotations

import math
from typing import Any

from tinygrad_edu.errors import ShapeError
from tinygrad_edu.kernels import kernels
from tinygrad_edu.ops.registry import cases, structured
from tinygrad_edu.ops.shape import sum_to, transpose, unsqueeze


def matmul_error(a: tuple[int, ...], b: tuple[int, ...], operation: str = "matmul") -> ShapeError:
    """The error for shapes that no matrix product takes, in words."""
    a, b = tuple(a), tuple(b)
    if not a or not b:
        return ShapeError(f"{operation}: both arguments need at least 1 dimension, got {a} and {b}; use * for numbers")
    rows = b[-2] if len(b) > 1 else b[-1]
    if a[-1] != rows:
        where = "rows" if len(b) > 1 else "elements"
        across = "columns" if len(a) > 1 else "elements"
        return ShapeError(
            f"{operation}: shapes {a} and {b} cannot be multiplied: the first has {a[-1]} {across}, the second {rows} "
            f"{where}, and these must be equal. Is one of them missing a transpose?"
        )
    return ShapeError(f"{operation}: the batch dimensions of shapes {a} and {b} do not broadcast")


def product_share(a: Any, g: Any, b: Any, turned: bool = False) -> Any:
    """The gradient of the matrix b in ``a @ b``, for arrays: ``a.T @ g``, with the rows of a whole batch as one matrix.

    It lies in memory as b does, where that is known, else as `turned` says: of a weight that came transposed (as in
    ``x @ weight.T``) the gradient is then, turned back, in the weight's own order.
    """
    if len(a.shape) > 2:
        rows = math.prod(a.shape[:-1])
        a, g = kernels.reshape(a, (rows, a.shape[-1])), kernels.reshape(g, (rows, g.shape[-1]))
    flags = getattr(b, "flags", None)
    if turned if flags is None else not flags.c_contiguous:
        return kernels.matmul(g.T, a).T
    return kernels.matmul(a.T, g)


def _name(node: Any) -> str:
    """PyTorch has an operation for each pair of ranks, and takes all products of batches apart and together again."""
    ranks = [shape and len(shape) for shape in node.input_shapes]  # None for a constant
    if len(node.shape) == 0:
        return "DotBackward0"
    if len(node.shape) == 1:
        return "MvBackward0" if ranks[0] == 2 or ranks[1] == 1 else "SqueezeBackward4"
    return "MmBackward0" if len(node.shape) == 2 and set(ranks) <= {2, None} else "UnsafeViewBackward0"


@structured(
    label="@",
    promote="same",
    grad_name=_name,
    samples=cases(
        ([(2, 3), (3, 4)], ()),
        ([(3,), (3,)], ()),
        ([(2, 3), (3,)], ()),
        ([(3,), (3, 4)], ()),
        ([(2, 1, 2, 3), (4, 3, 2)], ()),
        ([(4, 2, 3), (3,)], ()),
        ([(0, 3), (3, 2)], ()),
    ),
)
def matmul(input: Any, other: Any, /) -> Any:
    """Matrix product: vectors, matrices, and batches of matrices that broadcast.

    (n) @ (n) gives a number, (m, n) @ (n) a vector, (m, n) @ (n, k) a matrix; leading dimensions are batches.
    """
    a, b = input.shape, other.shape
    if not a or not b or a[-1] != (b[-2] if len(b) > 1 else b[-1]):
        raise matmul_error(a, b)
    try:
        return kernels.matmul(input, other)
    except ValueError:
        raise matmul_error(a, b) from None


@matmul.vjp(uses=("b", "a"))
def _(g: Any, _out: Any, a: Any, b: Any) -> Any:
    n, m = len(a.shape), len(b.shape)
    if n >= 2 and m == 2 and not hasattr(g, "_record"):
        return lambda: kernels.matmul(g, b.T), lambda: product_share(a, g, b)
    if n == 2 and m == 2:
        return lambda: g @ transpose(b, 0, 1), lambda: transpose(a, 0, 1) @ g
    if n == 1 and m == 1:
        return lambda: g * b, lambda: g * a
    # A vector is a matrix with one row (left) or one column (right): multiply as matrices, then undo the shapes.
    # (Each share uses one of a and b; the other may not have been kept.)
    if n == 1:
        g = unsqueeze(g, -2)
    if m == 1:
        g = unsqueeze(g, -1)

    def left() -> Any:
        columns = unsqueeze(b, -1) if m == 1 else b
        share = g @ transpose(columns, -1, -2)
        return sum_to(share[..., 0, :] if n == 1 else share, a.shape)

    def right() -> Any:
        rows = unsqueeze(a, 0) if n == 1 else a
        share = transpose(rows, -1, -2) @ g
        return sum_to(share[..., 0] if m == 1 else share, b.shape)

    return left, right
