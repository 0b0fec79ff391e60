"""Operations that move elements without changing them: reshape, permute, expand, join, and un-broadcast.

On arrays most of them are views: they cost nothing and share memory with their input.
"""

from __future__ import annotations

from typing import Any

from tinygrad_edu.errors import DimError, ShapeError
from tinygrad_edu.kernels import kernels
from tinygrad_edu.ops.registry import cases, structured


def wrap_dim(dim: int, ndim: int, operation: str) -> int:
    """A dimension counted from 0; negative ones count from the end.

    Raises:
        DimError: outside [-ndim, ndim - 1] (0-d tensors accept 0 and -1, as in PyTorch).
    """
    extent = ndim or 1
    if not -extent <= dim < extent:
        raise DimError(
            f"{operation}: dimension {dim} is out of range for a tensor of {ndim} dimensions "
            f"(expected {-extent} to {extent - 1})"
        )
    return dim % extent


def wrap_dims(dims: Any, ndim: int, operation: str) -> tuple[int, ...]:
    """Several dimensions counted from 0, each once."""
    wrapped = tuple(wrap_dim(d, ndim, operation) for d in dims)
    if len(set(wrapped)) != len(wrapped):
        raise ShapeError(f"{operation}: a dimension appears twice in {tuple(dims)}")
    return wrapped


@structured(
    label="sum to {0}",
    text="sum_to",
    promote="sum",
    method=False,
    grad_name="SumBackward1",
    oracle="sum_to_size",
    samples=cases(([(2, 3)], ((3,),)), ([(2, 3)], ((2, 1),)), ([(2, 3)], ((),))),
)
def sum_to(input: Any, /, shape: tuple[int, ...] = ()) -> Any:
    """Un-broadcast: add up what broadcasting from `shape` has repeated. The inverse of :func:`expand`."""
    return kernels.sum_to(input, shape)


@sum_to.vjp
def _(g: Any, _out: Any, input_shape: Any, shape: Any) -> Any:
    return expand(g, input_shape)


@structured(
    view=True,
    varargs=True,
    samples=cases(([(3,)], ((2, 3),)), ([(2, 1)], ((-1, 3),)), ([()], ((2,),))),
)
def expand(input: Any, /, size: Any) -> Any:
    """A view with dimensions of size 1 repeated; -1 keeps a size. Nothing is copied."""
    shape, size = input.shape, tuple(size)
    new = len(size) - len(shape)
    target = tuple(shape[i - new] if s == -1 and i >= new else s for i, s in enumerate(size))
    fits = new >= 0 and all(s in (1, t) for s, t in zip(shape, target[new:], strict=True))
    if not fits or any(t < 0 for t in target):
        raise ShapeError(
            f"expand: cannot expand shape {tuple(shape)} to {size}: only dimensions of size 1 can grow, and new ones "
            "come in front"
        )
    return kernels.broadcast_to(input, target)


@expand.vjp
def _(g: Any, _out: Any, input_shape: Any, _size: Any) -> Any:
    return sum_to(g, input_shape)


@structured(
    view=True,
    varargs=True,
    grad_name="ViewBackward0",
    samples=cases(([(2, 3)], ((3, 2),)), ([(2, 3)], (-1,)), ([()], ((1, 1),)), ([(0, 3)], ((3, 0),))),
)
def reshape(input: Any, /, shape: Any) -> Any:
    """The same elements, row by row, in another shape; one size may be -1. A view where that is possible."""
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    try:
        if not shape or min(shape) >= -1:
            return kernels.reshape(input, shape)
    except (ValueError, TypeError):
        pass
    return kernels.reshape(input, resolve_shape(input.shape, shape, "reshape"))  # says what is wrong


@reshape.vjp
def _(g: Any, _out: Any, input_shape: Any, _shape: Any) -> Any:
    return reshape(g, input_shape)


def resolve_shape(old: tuple[int, ...], new: tuple[int, ...], operation: str) -> tuple[int, ...]:
    """Replace the -1 in a new shape by what is left over.

    Raises:
        ShapeError: the sizes do not fit the number of elements.
    """
    total = 1
    for size in old:
        total *= size
    known, unknown = 1, 0
    for size in new:
        known, unknown = (known, unknown + 1) if size == -1 else (known * size, unknown)
    if unknown > 1 or any(size < -1 for size in new):
        raise ShapeError(f"{operation}: shape {new} is invalid: sizes are at least 0, and only one may be -1")
    if unknown and known == 0:
        raise ShapeError(f"{operation}: shape {new} is ambiguous: -1 could be anything beside a size of 0")
    if (total % known if unknown else total != known) != 0:
        raise ShapeError(f"{operation}: shape {new} is invalid for input of size {total} (shape {tuple(old)})")
    return tuple(total // known if size == -1 else size for size in new)


@structured(
    view=True,
    varargs=True,
    samples=cases(([(2, 3, 4)], ((2, 0, 1),)), ([(2, 3)], ((-1, 0),))),
)
def permute(input: Any, /, dims: Any) -> Any:
    """A view with the dimensions in another order."""
    try:
        return kernels.permute(input, tuple(dims))
    except ValueError:
        ndim = len(input.shape)
        order = wrap_dims(dims, ndim, "permute")  # says what is wrong
        if len(order) != ndim:
            raise ShapeError(f"permute: {len(order)} dimensions {tuple(dims)} given for a tensor of {ndim}") from None
        raise


@permute.vjp
def _(g: Any, _out: Any, input_shape: Any, dims: Any) -> Any:
    ndim = len(input_shape)
    inverse = [0] * ndim
    for i, d in enumerate(dims):
        inverse[d % ndim] = i
    return permute(g, tuple(inverse))


@structured(
    view=True,
    samples=cases(([(2, 3)], (0, 1)), ([(2, 3, 4)], (-1, 0))),
)
def transpose(input: Any, /, dim0: int, dim1: int) -> Any:
    """A view with two dimensions swapped."""
    ndim = len(input.shape)
    dim0, dim1 = wrap_dim(dim0, ndim, "transpose"), wrap_dim(dim1, ndim, "transpose")
    order = list(range(ndim))
    if ndim:
        order[dim0], order[dim1] = dim1, dim0
    return kernels.permute(input, tuple(order))


@transpose.vjp
def _(g: Any, _out: Any, _input: Any, dim0: int, dim1: int) -> Any:
    return transpose(g, dim0, dim1)


@structured(
    label="transpose",
    view=True,
    samples=cases(([(2, 3)], ()), ([(3,)], ()), ([()], ())),
)
def t(input: Any, /) -> Any:
    """The transpose of a matrix, as a view; vectors and numbers stay as they are."""
    ndim = len(input.shape)
    if ndim > 2:
        raise ShapeError(f"t() expects a tensor with <= 2 dimensions, but self is {ndim}D: use .mT or permute")
    return kernels.permute(input, tuple(range(ndim))[::-1])


@t.vjp
def _(g: Any, _out: Any, _input: Any) -> Any:
    return t(g)


def _squeeze_name(node: Any) -> str:
    dim = node.params[0]
    return "SqueezeBackward0" if dim is None else "SqueezeBackward1" if isinstance(dim, int) else "SqueezeBackward2"


@structured(
    view=True,
    grad_name=_squeeze_name,
    samples=cases(([(2, 1, 3)], (1,)), ([(1, 2, 1)], (None,)), ([(1, 2, 1)], ((0, 2),)), ([(2, 3)], (0,))),
)
def squeeze(input: Any, /, dim: Any = None) -> Any:
    """A view without its dimensions of size 1 (all of them, or those given)."""
    shape = input.shape
    dims = (
        range(len(shape)) if dim is None else wrap_dims((dim,) if isinstance(dim, int) else dim, len(shape), "squeeze")
    )
    return kernels.reshape(input, tuple(s for i, s in enumerate(shape) if s != 1 or i not in dims))


@squeeze.vjp
def _(g: Any, _out: Any, input_shape: Any, _dim: Any) -> Any:
    return reshape(g, input_shape)


@structured(
    view=True,
    samples=cases(([(2, 3)], (1,)), ([(2, 3)], (-1,)), ([()], (0,))),
)
def unsqueeze(input: Any, /, dim: int) -> Any:
    """A view with a dimension of size 1 put in at `dim`."""
    shape = input.shape
    dim = wrap_dim(dim, len(shape) + 1, "unsqueeze")
    return kernels.reshape(input, (*shape[:dim], 1, *shape[dim:]))


@unsqueeze.vjp
def _(g: Any, _out: Any, input_shape: Any, _dim: Any) -> Any:
    return reshape(g, input_shape)


def _shapes(operation: str, tensors: Any) -> list[tuple[int, ...]]:
    """The shapes of tensors that are to be joined."""
    for position, tensor in enumerate(tensors):
        if not hasattr(tensor, "shape"):
            raise TypeError(f"{operation}(): element {position} is a {type(tensor).__name__}: expected a Tensor")
    return [t.shape for t in tensors]


@structured(
    variadic=True,
    method=False,
    promote="arithmetic",
    samples=cases(([(2, 3), (1, 3)], (0,)), ([(2, 1), (2, 2), (2, 3)], (-1,)), ([(2, 0), (2, 2)], (1,))),
)
def cat(tensors: Any, /, dim: int = 0) -> Any:
    """Tensors joined along an existing dimension; all their other sizes are equal."""
    shapes = _shapes("cat", tensors)
    # PyTorch lets an empty 1-d tensor join anything
    kept = [s for s in shapes if s != (0,)] or shapes[:1]
    if any(len(s) == 0 for s in shapes):
        raise ShapeError("cat: a 0-d tensor cannot be joined: use stack, which makes the new dimension")
    dim = wrap_dim(dim, len(kept[0]), "cat")
    for s in kept:
        if len(s) != len(kept[0]) or any(i != dim and a != b for i, (a, b) in enumerate(zip(s, kept[0], strict=True))):
            raise ShapeError(f"cat: shapes {kept[0]} and {s} differ outside dimension {dim}: other sizes must be equal")
    return kernels.cat([t for t, s in zip(tensors, shapes, strict=True) if s != (0,) or s in kept], dim)


@cat.vjp
def _(g: Any, _out: Any, tensors_shape: Any, dim: int) -> Any:
    shares, start = [], 0
    dim = dim % len(g.shape)
    for shape in tensors_shape:
        if shape == (0,) and len(g.shape) > 1:
            shares.append(reshape(narrow(g, dim, 0, 0), (0,)))
            continue
        shares.append(narrow(g, dim, start, shape[dim]))
        start += shape[dim]
    return tuple(shares)


@structured(
    variadic=True,
    method=False,
    promote="arithmetic",
    samples=cases(([(2, 3), (2, 3)], (0,)), ([(2,), (2,), (2,)], (-1,)), ([(), ()], (0,))),
)
def stack(tensors: Any, /, dim: int = 0) -> Any:
    """Tensors of one shape joined along a new dimension."""
    shapes = set(_shapes("stack", tensors))
    if len(shapes) > 1:
        raise ShapeError(f"stack: all tensors need one shape, got {' and '.join(map(str, sorted(shapes)[:2]))}")
    return kernels.stack(tensors, wrap_dim(dim, len(shapes.pop()) + 1, "stack"))


@stack.vjp
def _(g: Any, _out: Any, tensors_shape: Any, dim: int) -> Any:
    dim = dim % len(g.shape)
    return tuple(squeeze(narrow(g, dim, i, 1), dim) for i in range(len(tensors_shape)))


@structured(
    view=True,
    grad_name="SliceBackward0",
    samples=cases(([(4, 3)], (0, 1, 2)), ([(2, 5)], (-1, 0, 3))),
)
def narrow(input: Any, /, dim: int, start: int, length: int) -> Any:
    """A view of `length` positions of one dimension, beginning at `start`."""
    shape = input.shape
    if not shape:
        raise ShapeError("narrow: a 0-d tensor has no dimension to narrow")
    dim = wrap_dim(dim, len(shape), "narrow")
    size = shape[dim]
    begin = start + size if start < 0 else start
    if not 0 <= begin <= size:
        raise DimError(f"narrow: start {start} is out of range for dimension {dim} of size {size}")
    if length < 0 or begin + length > size:
        raise ShapeError(f"narrow: start {start} and length {length} exceed dimension {dim} of size {size}")
    return kernels.narrow(input, dim, begin, length)


@narrow.vjp
def _(g: Any, _out: Any, input_shape: Any, dim: int, start: int, length: int) -> Any:
    return narrow_back(g, input_shape, dim, start)


@structured(
    method=False,
    oracle="",
    samples=cases(([(2, 3)], ((4, 3), 0, 1))),
)
def narrow_back(input: Any, /, shape: Any, dim: int, start: int) -> Any:
    """Zeros of `shape` with the input in its place along `dim`: the transpose of :func:`narrow`."""
    return kernels.narrow_back(input, tuple(shape), dim, start)


@narrow_back.vjp
def _(g: Any, _out: Any, input_shape: Any, _shape: Any, dim: int, start: int) -> Any:
    return narrow(g, dim, start, input_shape[dim])
