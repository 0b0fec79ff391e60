"""Determinants, inverses, linear systems and the Cholesky factor of matrices, or of batches of them.

What NumPy also has but whose derivatives we do not (qr, svd, eigh, lstsq) goes through :func:`values_only`.
Singular values have a first derivative, and no second one.
"""

from __future__ import annotations

from typing import Any

from tinygrad_edu.errors import DTypeError, NoDerivativeError, ShapeError
from tinygrad_edu.kernels import kernels
from tinygrad_edu.ops.linalg import matmul_error
from tinygrad_edu.ops.rearrange import tril
from tinygrad_edu.ops.reduce import sum as total
from tinygrad_edu.ops.registry import cases, structured
from tinygrad_edu.ops.shape import transpose, unsqueeze


def check_matrices(operation: str, *inputs: Any, square: bool = True) -> None:
    """Raise unless the inputs hold (square) matrices of floats in their last two dimensions."""
    for x in inputs:
        if x.dtype.kind != "f":
            raise DTypeError(f"{operation}: expected a floating point tensor as input, got {x.dtype}: use .float()")
        if len(x.shape) < 2:
            raise ShapeError(
                f"{operation}: The input tensor must have at least 2 dimensions, got shape {tuple(x.shape)}"
            )
        if square and x.shape[-1] != x.shape[-2]:
            rows, columns = x.shape[-2:]
            raise ShapeError(f"{operation}: A must be batches of square matrices, but these are {rows} by {columns}")


def turned(a: Any) -> Any:
    """The matrices transposed."""
    return transpose(a, -2, -1)


def _on_matrices(g: Any) -> Any:
    return unsqueeze(unsqueeze(g, -1), -1)


_square = cases(([(3, 3)], ()), ([(2, 2, 2)], ()), ([(1, 1)], ()), ([(0, 0)], ()))


@structured(grad_name="LinalgDetBackward0", samples=_square)
def det(input: Any, /) -> Any:
    """The determinant of square matrices (..., n, n)."""
    check_matrices("linalg.det", input)
    return kernels.det(input)


@det.vjp
def _(g: Any, _out: Any, a: Any) -> Any:
    return _on_matrices(g) * cofactor(a)


@structured(method=False, oracle="", samples=_square)
def cofactor(input: Any, /) -> Any:
    """The derivative of the determinant: ``det(A) * inv(A).T`` where A has an inverse, and defined where not."""
    return kernels.cofactor(input)


@cofactor.vjp
def _(g: Any, out: Any, a: Any) -> Any:
    # With X = inv(A).T, out = det(A) X and dX = -X dA.T X. A singular A has a first derivative, but no second here.
    x = turned(inv(a))
    return _on_matrices(total(g * out, (-2, -1), False)) * x - out @ turned(g) @ x


@structured(method=False, oracle="", grad_name="LinalgSlogdetBackward0", samples=_square)
def logabsdet(input: Any, /) -> Any:
    """``log(|det(A)|)`` of square matrices; -inf where they are singular."""
    check_matrices("linalg.slogdet", input)
    return kernels.slogdet(input)[1]


@logabsdet.vjp
def _(g: Any, _out: Any, a: Any) -> Any:
    return _on_matrices(g) * turned(inv(a))


@structured(method=False, oracle="", grad_name="LinalgSlogdetBackward0", samples=_square)
def sign_of_det(input: Any, /) -> Any:
    """The sign of the determinant, whose derivative is 0."""
    return kernels.slogdet(input)[0]


@sign_of_det.vjp
def _(g: Any, _out: Any, a: Any) -> Any:
    return a * (_on_matrices(g) * 0.0)


@structured(name="inverse", grad_name="LinalgInvExBackward0", samples=_square)
def inv(input: Any, /) -> Any:
    """The inverse of square matrices (..., n, n)."""
    check_matrices("linalg.inv", input)
    return kernels.inv(input)


@inv.vjp
def _(g: Any, out: Any, _input: Any) -> Any:
    return -(turned(out) @ g @ turned(out))


@structured(
    method=False,
    promote="same",
    oracle="linalg.solve",
    grad_name="LinalgSolveExBackward0",
    samples=cases(([(3, 3), (3, 2)], ()), ([(2, 2, 2), (2, 2, 1)], ()), ([(2, 2, 2), (1, 2, 3)], ())),
)
def solve(input: Any, other: Any, /) -> Any:
    """X with ``A @ X = B``, for square A (..., n, n) and B (..., n, k)."""
    check_matrices("linalg.solve", input)
    check_matrices("linalg.solve", other, square=False)
    if input.shape[-1] != other.shape[-2]:
        raise matmul_error(input.shape, other.shape, "linalg.solve")
    return kernels.solve(input, other)


@solve.vjp(uses=("out a", "a"))
def _(g: Any, out: Any, a: Any, _b: Any) -> Any:
    def to_b() -> Any:
        return solve(turned(a), g)

    return lambda: -(to_b() @ turned(out)), to_b


def _positive(x: Any) -> Any:
    """A symmetric matrix with eigenvalues above 1, made from any."""
    kind = getattr(x, "_data", x).dtype if hasattr(x, "dtype") else float
    one = kernels.beside(kernels.eye(x.shape[-1], dtype=kind), getattr(x, "_data", x))
    return x @ turned(x) + (x._wrap(one) if hasattr(x, "_wrap") else one)


@structured(
    grad_name="LinalgCholeskyExBackward0",
    method=False,
    oracle="linalg.cholesky",
    through=_positive,
    samples=cases(([(3, 3)], ()), ([(2, 2, 2)], ())),
)
def cholesky(input: Any, /) -> Any:
    """The lower triangular L with ``L @ L.T = A``, for symmetric positive-definite A (its lower triangle is read)."""
    check_matrices("linalg.cholesky", input)
    return kernels.cholesky(input)


@cholesky.vjp
def _(g: Any, out: Any, _input: Any) -> Any:
    # Murray (2016), Differentiation of the Cholesky decomposition, equations 9 and 10.
    middle = turned(out) @ tril(g)
    half = (tril(middle, 0) + tril(middle, -1)) * 0.5
    inverse = inv(out)
    share = turned(inverse) @ half @ inverse
    return (share + turned(share)) * 0.5


@structured(
    method=False,
    oracle="linalg.pinv",
    grad_name="LinalgPinvBackward0",
    samples=cases(([(3, 3)], ()), ([(2, 4)], ()), ([(4, 2)], ())),
)
def pinv(input: Any, /, rtol: Any = None) -> Any:
    """The pseudo-inverse: singular values up to `rtol` times the largest count as 0."""
    check_matrices("linalg.pinv", input, square=False)
    if rtol is None:
        rtol = max(input.shape[-2:]) * kernels.finfo(input.dtype).eps
    return kernels.pinv(input, rtol)


@pinv.vjp
def _(g: Any, out: Any, a: Any, _rtol: Any) -> Any:
    # Golub and Pereyra (1973), equation 4.12: valid as long as the rank stays the same.
    p, pt, gt = out, turned(out), turned(g)
    left, right = gt @ p, p @ gt
    return left @ pt - a @ (p @ (left @ pt)) + pt @ right - ((pt @ right) @ p) @ a - pt @ g @ pt


def _name(node: Any) -> str:
    return "".join(part.title() for part in node.params[1].replace(".", "_").split("_")) + "Backward0"


@structured(method=False, oracle="", values_only=True, grad_name=_name)
def values_only(input: Any, /, values: Any, name: str) -> Any:
    """A result whose derivative is not available: backward through it is an error that says so."""
    return values


@values_only.vjp
def _(_g: Any, _out: Any, _input: Any, _values: Any, name: str) -> Any:
    raise NoDerivativeError(
        f"{name}: its derivative is not available, only its values: detach() the input, or compute under no_grad(). "
        "(Of linalg, det, slogdet, inv, solve, cholesky, svdvals, pinv and norms have gradients.)"
    )


@structured(
    method=False, oracle="linalg.svdvals", values_only=True, grad_name="LinalgSvdBackward0",
    samples=cases(([(2, 3)], ()), ([(2, 3, 2)], ()), ([(0, 3)], ())),
)  # fmt: skip
def singular_values(input: Any, /) -> Any:
    """The singular values, from the largest on. A second derivative is an error that says so."""
    check_matrices("linalg.svdvals", input, square=False)
    return kernels.decompose("svd", input, compute_uv=False)


@singular_values.vjp
def _(g: Any, _out: Any, a: Any) -> Any:
    # dS = diag(Uᵀ dA V). The sum of all, the nuclear norm, gives U Vᵀ, whatever vectors equal values have.
    u, _, vh = kernels.decompose("svd", getattr(a, "_data", a), full_matrices=False)
    left, right = (values_only(a, part, "linalg.svdvals (a second derivative)") for part in (u, vh))
    return (left * unsqueeze(g, -2)) @ right
