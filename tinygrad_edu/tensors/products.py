"""Products of Tensors by name: dot, mv, mm, outer, tensordot, kron, powers and chains of matrices, cross."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from tinygrad_edu.errors import DTypeError, ShapeError
from tinygrad_edu.ops import linalg, products
from tinygrad_edu.ops.products import check_ranks
from tinygrad_edu.ops.shape import cat, wrap_dims
from tinygrad_edu.tensors.composed import apply, composed, in_place, tensors_of
from tinygrad_edu.tensors.creation import eye
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["cross", "matrix_power", "multi_dot"]


def _both(name: str, input: Tensor, other: Any, ranks: tuple[int, int]) -> None:
    tensors_of(name, (input, other))
    check_ranks(name, (input.shape, other.shape), ranks)
    if input.dtype is not other.dtype:
        raise DTypeError(
            f"{name}: expected both tensors to have the same dtype, but got {input.dtype} and {other.dtype}"
        )


@composed()
def dot(input: Tensor, tensor: Any) -> Tensor:
    """The sum of the products of two vectors' elements."""
    _both("dot", input, tensor, (1, 1))
    if input.shape != tensor.shape:
        raise ShapeError(
            f"dot: inconsistent tensor size, expected tensor [{len(input)}] and src [{len(tensor)}] to have the same "
            "number of elements"
        )
    return apply(linalg.matmul, input, tensor)


@composed()
def vdot(input: Tensor, other: Any) -> Tensor:
    """As dot, for real numbers."""
    return dot(input, other)


@composed()
def mv(input: Tensor, vec: Any) -> Tensor:
    """A matrix (n, m) times a vector (m)."""
    _both("mv", input, vec, (2, 1))
    return apply(linalg.matmul, input, vec)


@composed()
def mm(input: Tensor, mat2: Any) -> Tensor:
    """A matrix (n, m) times a matrix (m, k). Nothing broadcasts."""
    _both("mm", input, mat2, (2, 2))
    return apply(linalg.matmul, input, mat2)


@composed()
def inner(input: Tensor, other: Any) -> Tensor:
    """The products summed over both last dimensions; numbers simply multiply."""
    tensors_of("inner", (input, other))
    if not input.ndim or not other.ndim:
        return input * other
    if input.shape[-1] != other.shape[-1]:
        raise ShapeError(
            f"inner: the last dimension must match on both input tensors but got shapes {tuple(input.shape)} and "
            f"{tuple(other.shape)}"
        )
    if input.ndim == other.ndim == 1:
        return dot(input, other)
    return tensordot(input, other, ([-1], [-1]))


@composed("ger")
def outer(input: Tensor, vec2: Any) -> Tensor:
    """All products of an element of one vector with one of another: (n) and (m) give (n, m)."""
    tensors_of("outer", (input, vec2))
    check_ranks("outer", (input.shape, vec2.shape), (1, 1))
    return input.unsqueeze(1) * vec2


@composed()
def addr(input: Tensor, vec1: Any, vec2: Any, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """``beta * input + alpha * outer(vec1, vec2)``."""
    product = outer(vec1, vec2)
    product = product if alpha == 1 else product * alpha
    if beta == 0:
        return product
    return (input if beta == 1 else input * beta) + product


@composed(many=True)
def tensordot(a: Any, b: Any, dims: int | Sequence[Sequence[int]] = 2) -> Tensor:
    """Products summed over pairs of dimensions: the last `dims` of a with the first of b, or two lists of them."""
    tensors_of("tensordot", (a, b))
    if isinstance(dims, Tensor):
        dims = dims.tolist()
    if isinstance(dims, int):
        if dims < 0 or dims > min(a.ndim, b.ndim):
            raise ShapeError(f"tensordot expects dims >= 0 and at most the dimensions of both, but got dims={dims}")
        dims = (range(a.ndim - dims, a.ndim), range(dims))
    first, second = ([d] if isinstance(d, int) else list(d) for d in dims)
    first, second = list(wrap_dims(first, a.ndim, "tensordot")), list(wrap_dims(second, b.ndim, "tensordot"))
    if len(first) != len(second):
        raise ShapeError(f"tensordot: both dimension lists should have the same length: {first} and {second}")
    for i, (d, e) in enumerate(zip(first, second, strict=True)):
        n, m = a.shape[d], b.shape[e]
        if n != m and n == 1:  # a size of 1 counts for all
            b = b.sum(e, keepdim=True)
        elif n != m and m == 1:
            a = a.sum(d, keepdim=True)
        elif n != m:
            raise ShapeError(
                f"tensordot: contracted dimensions need to match, but first has size {n} in dim {d} and second has "
                f"size {m} in dim {e} (pair {i})"
            )
    rest_a = [d for d in range(a.ndim) if d not in first]
    rest_b = [d for d in range(b.ndim) if d not in second]
    size = math.prod(a.shape[d] for d in first)
    rows, columns = [a.shape[d] for d in rest_a], [b.shape[d] for d in rest_b]
    left = a.permute((*rest_a, *first)).reshape(math.prod(rows), size)
    right = b.permute((*second, *rest_b)).reshape(size, math.prod(columns))
    return (left @ right).reshape((*rows, *columns))


@composed()
def kron(input: Tensor, other: Any) -> Tensor:
    """Kronecker's product: each element of the first times the whole second, side by side."""
    tensors_of("kron", (input, other))
    rank = max(input.ndim, other.ndim)
    first = (1,) * (rank - input.ndim) + tuple(input.shape)
    second = (1,) * (rank - other.ndim) + tuple(other.shape)
    spread = [n for size in first for n in (size, 1)]
    inner = [n for size in second for n in (1, size)]
    product = input.reshape(tuple(spread)) * other.reshape(tuple(inner))
    return product.reshape(tuple(n * m for n, m in zip(first, second, strict=True)))


@composed()
def matrix_power(input: Tensor, n: int) -> Tensor:
    """Square matrices multiplied with themselves `n` times; a negative `n` takes the inverse."""
    if input.ndim < 2 or input.shape[-1] != input.shape[-2]:
        raise ShapeError(f"linalg.matrix_power: A must be batches of square matrices, got shape {tuple(input.shape)}")
    if not isinstance(n, int):
        raise TypeError(f"matrix_power(): argument 'n' must be int, not {type(n).__name__}")
    base = input.inverse() if n < 0 else input
    n, result = abs(n), None
    while n:
        if n & 1:
            result = base if result is None else result @ base
        n >>= 1
        base = base @ base if n else base
    if result is None:
        return eye(input.shape[-1], dtype=input.dtype).expand(*input.shape).clone()
    return result if result is not input else input.clone()


def multi_dot(tensors: Sequence[Tensor]) -> Tensor:
    """A chain of products of matrices, in the order that needs the fewest multiplications.

    The first and the last may be vectors.

    >>> import tinygrad_edu as tg
    >>> a, b, c = tg.ones(2, 10), tg.ones(10, 3), tg.ones(3, 1)
    >>> tg.linalg.multi_dot([a, b, c]).tolist()
    [[30.0], [30.0]]
    """
    given = tensors_of("multi_dot", (tensors,))
    if len(given) < 2:
        raise ShapeError(f"multi_dot(): expected at least 2 tensors but got {len(given)}")
    row, column = given[0].ndim == 1, given[-1].ndim == 1
    if row:
        given[0] = given[0].unsqueeze(0)
    if column:
        given[-1] = given[-1].unsqueeze(-1)
    check_ranks("multi_dot", [t.shape for t in given], (2,) * len(given))
    out = _product(given, _cuts([given[0].shape[0], *(t.shape[1] for t in given)]), 0, len(given) - 1)
    if column:
        out = out.squeeze(-1)
    return out.squeeze(0) if row else out


def _cuts(sizes: list[int]) -> dict[tuple[int, int], int]:
    """Where to cut each part of a chain in two (Cormen et al., Introduction to Algorithms, section 15.2)."""
    count = len(sizes) - 1
    cost, cuts = {(i, i): 0 for i in range(count)}, {}
    for length in range(2, count + 1):
        for i in range(count - length + 1):
            j = i + length - 1
            cost[i, j], cuts[i, j] = min(
                (cost[i, k] + cost[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1], k) for k in range(i, j)
            )
    return cuts


def _product(chain: list[Tensor], cuts: dict[tuple[int, int], int], i: int, j: int) -> Tensor:
    if i == j:
        return chain[i]
    k = cuts[i, j]
    return mm(_product(chain, cuts, i, k), _product(chain, cuts, k + 1, j))


@composed(many=True)
def chain_matmul(*matrices: Any) -> Tensor:
    """A chain of products of matrices, in the order that needs the fewest multiplications."""
    given = tensors_of("chain_matmul", matrices)
    return given[0] if len(given) == 1 else multi_dot(given)


@composed()
def cross(input: Tensor, other: Any, dim: int | None = None) -> Tensor:
    """The cross product of vectors of 3 elements along `dim`, by default the first dimension of size 3."""
    tensors_of("cross", (input, other))
    if dim is None:
        threes = [d for d, n in enumerate(input.shape) if n == 3]
        if not threes:
            raise ShapeError(f"cross: no dimension of size 3 in input of shape {tuple(input.shape)}")
        dim = threes[0]
    return apply(products.cross, input, other, params=(dim,))


@composed()
def diag(input: Tensor, diagonal: int = 0) -> Tensor:
    """Of a vector the matrix that has it on a diagonal, of a matrix a copy of a diagonal."""
    if input.ndim == 1:
        return input.diag_embed(diagonal)
    if input.ndim != 2:
        raise ShapeError(f"diag(): Supports 1D or 2D tensors. Got {input.ndim}D: see diagonal and diag_embed")
    return input.diagonal(diagonal).clone()


@composed()
def diagflat(input: Tensor, offset: int = 0) -> Tensor:
    """The matrix that has all elements, row by row, on a diagonal."""
    return input.reshape(-1).diag_embed(offset)


@composed(many=True)
def block_diag(*tensors: Any) -> Tensor:
    """A matrix of zeros with the given ones along its diagonal."""
    given = tensors_of("block_diag", tensors)
    blocks = [t.reshape(1, -1) if t.ndim < 2 else t for t in given]
    check_ranks("block_diag", [t.shape for t in blocks], (2,) * len(blocks))
    width, start, rows = sum(t.shape[1] for t in blocks), 0, []
    for block in blocks:
        rows.append(block.constant_pad_nd((start, width - start - block.shape[1])))
        start += block.shape[1]
    joined: Tensor = cat(rows, 0)
    return joined


in_place("addmm", "addmv", "baddbmm", "addbmm", "addr", "tril", "triu")
