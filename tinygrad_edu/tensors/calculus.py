"""Areas under samples, distances between rows, powers of samples, whole-number arithmetic: made of operations."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_edu.errors import DTypeError, ShapeError, broadcast_error
from tinygrad_edu.ops import elementwise, norms
from tinygrad_edu.ops.shape import cat, sum_to, wrap_dim
from tinygrad_edu.tensors.composed import composed, in_place
from tinygrad_edu.tensors.dtype import get_default_dtype
from tinygrad_edu.tensors.operands import common_type
from tinygrad_edu.tensors.record import record
from tinygrad_edu.tensors.tensor import Tensor

__all__: list[str] = []


def _areas(y: Any, x: Any, dx: Any, dim: int) -> tuple[Any, int]:
    """The areas between neighbouring samples: their mean times their distance."""
    dim = wrap_dim(dim, y.ndim, "trapezoid")
    size = y.shape[dim]
    count = max(size - 1, 0)
    means = (y.narrow(dim, min(1, size), count) + y.narrow(dim, 0, count)) / 2
    if x is None:
        return means * dx, dim
    if x.ndim == 1:
        x = x.reshape([-1 if d == dim else 1 for d in range(y.ndim)])
    along = dim - y.ndim
    if x.shape[along] != size:
        raise ShapeError(
            f"trapezoid: There must be one `x` value for each sample point: {x.shape[along]} for {size} samples "
            f"along dimension {dim} of shape {tuple(y.shape)}"
        )
    return means * (x.narrow(along, min(1, size), count) - x.narrow(along, 0, count)), dim


@composed("trapz", method=False)
def trapezoid(y: Tensor, x: Tensor | None = None, *, dx: float = 1, dim: int = -1) -> Any:
    """The area under samples along `dim`, with straight lines between them.

    Args:
        x: where the samples were taken; else they are `dx` apart.

    >>> import tinygrad_edu as tg; tg.trapezoid(tg.tensor([1.0, 5.0, 10.0]))
    tensor(10.5000)
    """
    areas, dim = _areas(y, x, dx, dim)
    return areas.sum(dim)


@composed(method=False)
def cumulative_trapezoid(y: Tensor, x: Tensor | None = None, *, dx: float = 1, dim: int = -1) -> Any:
    """The areas up to the second sample, the third, and so on: one less along `dim`."""
    areas, dim = _areas(y, x, dx, dim)
    return areas.cumsum(dim)


@composed
def sinc(input: Tensor) -> Any:
    """``sin(pi x) / (pi x)``, 1 at 0."""
    turned: Any = (input if input.is_floating_point() else input.float()) * math.pi
    at_zero = turned.detach().eq(0)._data
    safe = record(elementwise.choose, (1.0, turned), (at_zero,))
    return record(elementwise.choose, (1.0, safe.sin() / safe), (at_zero,))


@composed(method=False)
def pdist(input: Tensor, p: float = 2) -> Any:
    """The p-norm distances between all pairs of rows (N, M), N * (N - 1) / 2 of them: 0 and 1, 0 and 2, ..., 1 and 2.

    Raises:
        RuntimeError: no matrix of floating-point numbers, or a negative p.
    """
    if input.ndim != 2:
        raise ShapeError(f"pdist only supports 2D tensors, got: {input.ndim}D")
    if not input.is_floating_point():
        raise DTypeError(f"pdist only supports floating-point dtypes, got {input.dtype}")
    if p < 0:
        raise RuntimeError(f"pdist only supports non-negative p values, got {p}")
    first, second = np.triu_indices(input.shape[0], 1)
    apart: Any = input[Tensor._wrap(first)] - input[Tensor._wrap(second)]
    return record(norms.vector_norm, (apart,), (p, -1, False))


@composed(method=False)
def vander(x: Tensor, N: int | None = None, *, increasing: bool = False) -> Any:  # noqa: N803 - PyTorch's name
    """The powers of each number of a vector as a row: ``x**(N-1)`` to 1, or the other way round with `increasing`."""
    if x.ndim != 1:
        raise ShapeError(f"vander: x must be a one-dimensional tensor, got shape {tuple(x.shape)}")
    count = x.shape[0] if N is None else N
    if count < 0:
        raise RuntimeError(f"vander: N must be non-negative, got {count}")
    values: Any = x
    powers: list[Any] = [x.new_ones(x.shape)]
    for _ in range(count - 1):
        powers.append(powers[-1] * values)
    columns = [power.unsqueeze(1) for power in powers[:count]]
    if not columns:
        return x.new_zeros((x.shape[0], 0))
    return cat(columns if increasing else columns[::-1], 1)


@composed(function=False)
def sum_to_size(input: Tensor, *size: Any) -> Any:
    """The elements summed until the Tensor has another shape, from which it could be expanded."""
    shape = tuple(size[0]) if len(size) == 1 and isinstance(size[0], Sequence) else tuple(size)
    try:
        fits = np.broadcast_shapes(shape, input.shape) == tuple(input.shape)
    except ValueError:
        fits = False
    if not fits:
        raise ShapeError(f"sum_to_size: size {shape} is not expandable to size {tuple(input.shape)}")
    return record(sum_to, (input,), (shape,))


def _whole(operation: str, input: Tensor, other: Any, compute: Any) -> Tensor:
    if not isinstance(other, Tensor):
        raise TypeError(f"{operation}(): argument 'other' must be Tensor, not {type(other).__name__}")
    kind = common_type([input._data, other._data])
    if kind.kind not in "iu":
        raise DTypeError(f"{operation}: not implemented for {kind}: the arguments are integers")
    try:
        return Tensor._wrap(compute(input._data.astype(kind), other._data.astype(kind)))
    except ValueError:
        raise broadcast_error(operation, input.shape, other.shape) from None


@composed
def gcd(input: Tensor, other: Any) -> Any:
    """The greatest common divisors of integers."""
    return _whole("gcd", input, other, np.gcd)


@composed
def lcm(input: Tensor, other: Any) -> Any:
    """The least common multiples of integers."""
    return _whole("lcm", input, other, np.lcm)


@composed
def ldexp(input: Tensor, other: Tensor) -> Any:
    """``input * 2 ** other``."""
    if not isinstance(other, Tensor):
        raise TypeError(f"ldexp(): argument 'other' must be Tensor, not {type(other).__name__}")
    kind = input.dtype if input.is_floating_point() else get_default_dtype()
    power: Any = (other if other.is_floating_point() else other.to(kind)).exp2()
    return input * power


@composed
def is_signed(input: Tensor) -> bool:
    """Whether the type has negative numbers."""
    return input._data.dtype.kind in "if"


@composed(method=False)
def is_same_size(input: Tensor, other: Tensor) -> bool:
    """Whether two Tensors have one shape."""
    return tuple(input.shape) == tuple(other.shape)


@composed(method=False)
def unravel_index(indices: Tensor, shape: Any) -> tuple[Tensor, ...]:
    """The places, one Tensor for each dimension, of numbered elements of an array of a shape."""
    sizes = (shape,) if isinstance(shape, int) else tuple(shape)
    if indices._data.dtype.kind not in "iu":
        raise TypeError(f"unravel_index: expected 'indices' to be an integer dtype, got {indices.dtype}")
    count = math.prod(sizes)
    wrapped = np.where(indices._data < 0, indices._data + count, indices._data)
    if wrapped.size and (wrapped.min() < 0 or wrapped.max() >= count):
        raise ValueError(f"unravel_index: an index is out of bounds for shape {sizes}")
    return tuple(Tensor._wrap(np.asarray(place, np.int64)) for place in np.unravel_index(wrapped, sizes))


@composed
def renorm(input: Tensor, p: float, dim: int, maxnorm: float) -> Any:
    """Each slice along `dim` whose p-norm is above `maxnorm` is scaled down to it.

    Raises:
        RuntimeError: fewer than two dimensions, or a p or maxnorm that is no norm.

    >>> import tinygrad_edu as tg; tg.renorm(tg.tensor([[3.0, 4.0], [0.3, 0.4]]), 2, 0, 1.0)
    tensor([[0.6000, 0.8000],
            [0.3000, 0.4000]])
    """
    if input.ndim < 2:
        raise ShapeError(f"renorm: input needs at least 2 dimensions, got {input.ndim} dimensions")
    if p <= 0 or maxnorm < 0:
        raise RuntimeError(f"renorm: p must be positive and maxnorm not negative, got {p} and {maxnorm}")
    dim = wrap_dim(dim, input.ndim, "renorm")
    others = tuple(d for d in range(input.ndim) if d != dim)
    input = input.contiguous().clone()  # what the rules keep: `renorm_` writes over the Tensor itself
    sizes = record(norms.vector_norm, (input,), (p, others, True))
    above = (sizes.detach() > maxnorm)._data
    return input * record(elementwise.choose, (maxnorm / (sizes + 1e-7), 1.0), (above,))


@composed
def mvlgamma(input: Tensor, p: int) -> Any:
    """The logarithm of the multivariate gamma function of order p; it is defined for numbers above (p - 1) / 2.

    Raises:
        RuntimeError: p is below 1.
    """
    if p < 1:
        raise RuntimeError(f"mvlgamma: p has to be greater than or equal to 1, got {p}")
    parts: Any = input if input.is_floating_point() else input.float()
    total: Any = p * (p - 1) / 4 * math.log(math.pi)
    for i in range(p):
        total = total + (parts - i / 2).lgamma()
    return total


in_place("gcd", "lcm", "ldexp", "mvlgamma", "renorm", "sinc")
