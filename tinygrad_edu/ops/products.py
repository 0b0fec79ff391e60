"""Products beside ``@``: sums with a product added, batches, traces, the cross product, and any contraction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tinygrad_edu.errors import ShapeError
from tinygrad_edu.kernels import kernels
from tinygrad_edu.ops.linalg import matmul_error, product_share
from tinygrad_edu.ops.registry import cases, structured
from tinygrad_edu.ops.shape import expand, transpose, unsqueeze, wrap_dim
from tinygrad_edu.ops.views import diagonal_back


def check_ranks(operation: str, shapes: Any, ranks: tuple[int, ...]) -> None:
    """Raise unless each operand has the number of dimensions that the operation is for."""
    for shape, rank in zip(shapes, ranks, strict=True):
        if len(shape) != rank:
            kind = {1: "a vector", 2: "a matrix", 3: "a batch of matrices"}[rank]
            raise ShapeError(
                f"{operation}: expected {kind} ({rank}D tensor), got shape {tuple(shape)}; matmul takes operands of "
                "any rank"
            )


@structured(promote="same", label="bmm", samples=cases(([(2, 3, 4), (2, 4, 2)], ()), ([(0, 2, 3), (0, 3, 1)], ())))
def bmm(input: Any, mat2: Any, /) -> Any:
    """Products of matrices one by one: (b, n, m) and (b, m, k) give (b, n, k). Nothing broadcasts."""
    check_ranks("bmm", (input.shape, mat2.shape), (3, 3))
    if input.shape[0] != mat2.shape[0] or input.shape[2] != mat2.shape[1]:
        raise matmul_error(input.shape, mat2.shape, "bmm")
    return kernels.matmul(input, mat2)


@bmm.vjp(uses=("b", "a"))
def _(g: Any, _out: Any, a: Any, b: Any) -> Any:
    return lambda: bmm(g, transpose(b, 1, 2)), lambda: bmm(transpose(a, 1, 2), g)


def _plus(operation: str, input: Any, product: Any, beta: Any, alpha: Any) -> Any:
    """``beta * input + alpha * product``; with beta 0 nan and inf in the input do not count."""
    kind = product.dtype
    if beta == 1 and alpha == 1 and kind == input.dtype and kind.kind == "f" and input.shape == product.shape[-1:]:
        product += input  # the usual bias; the product is nobody else's
        return product
    try:
        input = kernels.broadcast_to(input, product.shape)
    except ValueError:
        raise ShapeError(
            f"{operation}: the input of shape {tuple(input.shape)} must be expandable to the product's shape "
            f"{tuple(product.shape)}"
        ) from None
    if product.dtype.kind != "f":
        beta, alpha = int(beta), int(alpha)  # as PyTorch converts them
    if alpha != 1:
        product = (alpha * product).astype(kind, copy=False)
    if beta == 0:
        return product
    return ((input if beta == 1 else beta * input) + product).astype(kind, copy=False)


def _scaled(g: Any, factor: Any) -> Any:
    return g if factor == 1 else g * factor


def _with_product(
    name: str, ranks: tuple[int, ...], input: Any, a: Any, b: Any, beta: Any, alpha: Any, batches: bool = False
) -> Any:
    """``beta * input + alpha * (a @ b)``; with `batches` the products of a batch are summed."""
    check_ranks(name, (a.shape, b.shape), ranks)
    if a.shape[-1] != b.shape[-2 if len(b.shape) > 1 else -1] or a.shape[:-2] != b.shape[:-2]:
        raise matmul_error(a.shape, b.shape, name)
    product = kernels.matmul(a, b)
    if batches:
        product = kernels.sum(product, (0,), False).astype(product.dtype)
    return _plus(name, input, product, beta, alpha)


def _shares(g: Any, a: Any, b: Any, beta: Any, alpha: Any, batches: bool = False) -> tuple[Any, ...]:
    """The gradients of :func:`_with_product`."""

    def spread() -> Any:
        return _scaled(expand(g, (a.shape[0], *g.shape)) if batches else g, alpha)

    if not batches and alpha == 1 and len(a.shape) == len(b.shape) == 2 and not hasattr(g, "_record"):
        return lambda: _scaled(g, beta), lambda: kernels.matmul(g, b.T), lambda: product_share(a, g, b, True)

    def to_a() -> Any:
        return unsqueeze(spread(), -1) * b if len(b.shape) == 1 else spread() @ transpose(b, -1, -2)

    return lambda: _scaled(g, beta), to_a, lambda: transpose(a, -1, -2) @ spread()


def _tried_on(*shapes: tuple[int, ...]) -> Any:
    return cases((shapes, (1, 1)), (shapes, (0.5, 2)), ([(), *shapes[1:]], (1, 1)), (shapes, (0, 1)))


@structured(promote="same", samples=_tried_on((2, 3), (2, 4), (4, 3)))
def addmm(input: Any, mat1: Any, mat2: Any, /, beta: Any = 1, alpha: Any = 1) -> Any:
    """``beta * input + alpha * (mat1 @ mat2)`` of matrices; the input broadcasts."""
    return _with_product("addmm", (2, 2), input, mat1, mat2, beta, alpha)


@addmm.vjp(uses=("", "b", "a"))
def _(g: Any, _out: Any, _input: Any, a: Any, b: Any, beta: Any, alpha: Any) -> Any:
    return _shares(g, a, b, beta, alpha)


@structured(promote="same", samples=_tried_on((2,), (2, 4), (4,)))
def addmv(input: Any, mat: Any, vec: Any, /, beta: Any = 1, alpha: Any = 1) -> Any:
    """``beta * input + alpha * (mat @ vec)`` of a matrix and a vector; the input broadcasts."""
    return _with_product("addmv", (2, 1), input, mat, vec, beta, alpha)


@addmv.vjp(uses=("", "b", "a"))
def _(g: Any, _out: Any, _input: Any, a: Any, b: Any, beta: Any, alpha: Any) -> Any:
    return _shares(g, a, b, beta, alpha)


@structured(promote="same", samples=_tried_on((2, 2, 3), (2, 2, 4), (2, 4, 3)))
def baddbmm(input: Any, batch1: Any, batch2: Any, /, beta: Any = 1, alpha: Any = 1) -> Any:
    """``beta * input + alpha * (batch1 @ batch2)``, matrix by matrix; the input broadcasts."""
    return _with_product("baddbmm", (3, 3), input, batch1, batch2, beta, alpha)


@baddbmm.vjp(uses=("", "b", "a"))
def _(g: Any, _out: Any, _input: Any, a: Any, b: Any, beta: Any, alpha: Any) -> Any:
    return _shares(g, a, b, beta, alpha)


@structured(promote="same", samples=_tried_on((2, 3), (2, 2, 4), (2, 4, 3)))
def addbmm(input: Any, batch1: Any, batch2: Any, /, beta: Any = 1, alpha: Any = 1) -> Any:
    """``beta * input`` plus alpha times the sum of the products ``batch1 @ batch2``; the input broadcasts."""
    return _with_product("addbmm", (3, 3), input, batch1, batch2, beta, alpha, batches=True)


@addbmm.vjp(uses=("", "b", "a"))
def _(g: Any, _out: Any, _input: Any, a: Any, b: Any, beta: Any, alpha: Any) -> Any:
    return _shares(g, a, b, beta, alpha, batches=True)


@structured(samples=cases(([(3, 3)], ()), ([(2, 4)], ()), ([(0, 0)], ())), promote="sum")
def trace(input: Any, /) -> Any:
    """The sum of a matrix's diagonal."""
    if len(input.shape) != 2:
        raise ShapeError(f"trace: expected a matrix, got shape {tuple(input.shape)}")
    return kernels.trace(input)


@trace.vjp
def _(g: Any, _out: Any, input_shape: Any) -> Any:
    n = min(input_shape)
    return diagonal_back(expand(g, (n,)), input_shape, 0, 0, 1)


@structured(
    name="cross",
    grad_name="LinalgCrossBackward0",
    promote="same",
    oracle="linalg.cross",
    method=False,
    samples=cases(([(2, 3), (2, 3)], (-1,)), ([(3, 2), (3, 1)], (0,))),
)
def cross(input: Any, other: Any, /, dim: int = -1) -> Any:
    """The cross product of vectors of 3 elements along a dimension; the other dimensions broadcast."""
    a, b = input.shape, other.shape
    rank = max(len(a), len(b))
    dim = wrap_dim(dim, rank, "cross") - rank
    if len(a) != len(b):
        raise ShapeError(f"cross: inputs must have the same number of dimensions, got shapes {tuple(a)} and {tuple(b)}")
    if not all(s[dim] == 3 for s in (a, b)):
        raise ShapeError(f"cross: inputs of shapes {tuple(a)} and {tuple(b)} must have 3 elements in dimension {dim}")
    return kernels.ascontiguousarray(kernels.cross(input, other, axis=dim))


@cross.vjp(uses=("b", "a"))
def _(g: Any, _out: Any, a: Any, b: Any, dim: int) -> Any:
    rank = max(len(a.shape), len(b.shape))
    dim = dim if dim < 0 else dim - rank
    return lambda: cross(b, g, dim), lambda: cross(g, a, dim)


@structured(
    variadic=True,
    method=False,
    label="einsum",
    promote="same",
    oracle="",
    samples=cases(
        ([(2, 3), (3, 4)], ("ab,bc->ac",)),
        ([(2, 3), (2, 3)], ("ab,ab->",)),
        ([(2, 3), (3,), (2, 4)], ("ab,b,ac->cb",)),
        ([(2, 1), (2, 3)], ("ab,ab->ba",)),
    ),
)
def contract(operands: Any, /, equation: str) -> Any:
    """A product of several tensors, summed over the letters that the result does not have.

    No letter occurs twice in an operand, and each occurs in another operand or in the result (einsum sees to that).
    """
    size = 0
    for x in operands:
        size += x.size
    return kernels.einsum(equation, *operands, optimize=len(operands) > 2 or size > 1024)


@contract.vjp
def _(g: Any, _out: Any, operands: Any, equation: str) -> Any:
    given, result = equation.split("->")
    letters = given.split(",")

    def to(i: int) -> Callable[[], Any]:
        others = [x for j, x in enumerate(operands) if j != i]
        names = [result, *(x for j, x in enumerate(letters) if j != i)]
        # A size of 1 has been broadcast: its gradient comes out larger, and is un-broadcast by whoever asked.
        return lambda: contract([g, *others], f"{','.join(names)}->{letters[i]}")

    return tuple(to(i) for i in range(len(operands)))


__all__ = ["addbmm", "addmm", "addmv", "baddbmm", "bmm", "check_ranks", "contract", "cross", "trace"]
