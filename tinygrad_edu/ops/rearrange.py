"""Copies with the elements in other places: flipped, rolled, repeated, padded, or with triangles left out."""

from __future__ import annotations

from typing import Any

from tinygrad_edu.errors import DimError, ShapeError
from tinygrad_edu.kernels import kernels
from tinygrad_edu.ops.index import index_back
from tinygrad_edu.ops.reduce import sum as total
from tinygrad_edu.ops.registry import cases, structured
from tinygrad_edu.ops.shape import reshape, wrap_dim, wrap_dims
from tinygrad_edu.ops.views import diagonal


@structured(varargs=True, samples=cases(([(2, 3)], ((0,),)), ([(2, 3, 2)], ((0, -1),)), ([(3,)], ((),))))
def flip(input: Any, /, dims: Any) -> Any:
    """A copy with the order of some dimensions reversed."""
    return kernels.flip(input, wrap_dims(dims, len(input.shape), "flip") if input.shape else ())


@flip.vjp
def _(g: Any, _out: Any, _input: Any, dims: Any) -> Any:
    return flip(g, dims)


@structured(
    samples=cases(([(5,)], (2, None)), ([(2, 3)], (1, None)), ([(2, 3)], (-1, 1)), ([(2, 3)], ((1, 2), (0, 1))))
)
def roll(input: Any, /, shifts: Any, dims: Any = None) -> Any:
    """A copy shifted along dimensions; what leaves at the end comes in at the start. Without `dims` as if flat."""
    shifts = (shifts,) if isinstance(shifts, int) else tuple(shifts)
    if dims is None or dims == ():
        if len(shifts) != 1:
            raise ShapeError(f"roll: {len(shifts)} shifts {shifts} need as many dims; without dims there is one shift")
        return kernels.roll(input, shifts[0], None)
    dims = (dims,) if isinstance(dims, int) else tuple(dims)
    if len(dims) != len(shifts):
        raise ShapeError(f"roll: shifts and dimensions must align: {len(shifts)} shifts, {len(dims)} dims")
    input = kernels.ascontiguousarray(input) if input.ndim else input  # results lie by rows, as PyTorch's
    return kernels.roll(input, shifts, tuple(wrap_dim(d, len(input.shape), "roll") for d in dims))


@roll.vjp
def _(g: Any, _out: Any, _input: Any, shifts: Any, dims: Any) -> Any:
    return roll(g, -shifts if isinstance(shifts, int) else tuple(-s for s in shifts), dims)


def _matrices(input: Any, operation: str) -> None:
    if len(input.shape) < 2:
        raise ShapeError(f"{operation}: input tensor must have at least 2 dimensions, got shape {tuple(input.shape)}")


_triangles = cases(([(3, 3)], ()), ([(2, 4)], (1,)), ([(2, 3, 2)], (-1,)), ([(0, 3)], ()))


@structured(samples=_triangles)
def tril(input: Any, /, diagonal: int = 0) -> Any:
    """The lower triangles of matrices, zeros above; `diagonal` moves the border up (positive) or down."""
    _matrices(input, "tril")
    return kernels.tril(kernels.ascontiguousarray(input), diagonal)


@structured(samples=_triangles)
def triu(input: Any, /, diagonal: int = 0) -> Any:
    """The upper triangles of matrices, zeros below; `diagonal` moves the border up (positive) or down."""
    _matrices(input, "triu")
    return kernels.triu(kernels.ascontiguousarray(input), diagonal)


@tril.vjp
def _(g: Any, _out: Any, _input: Any, diagonal: int) -> Any:
    return tril(g, diagonal)


@triu.vjp
def _(g: Any, _out: Any, _input: Any, diagonal: int) -> Any:
    return triu(g, diagonal)


@structured(
    varargs=True,
    samples=cases(
        ([(3,)], ((2,),)), ([(2, 3)], ((2, 1, 2),)), ([(2, 2)], ((1, 3),)), ([()], ((2,),)), ([(2,)], ((0,),))
    ),
)
def repeat(input: Any, /, repeats: Any) -> Any:
    """A copy laid side by side `repeats` times along each dimension; more repeats than dimensions add some in front."""
    counts = tuple(repeats)
    if len(counts) < len(input.shape):
        raise ShapeError(
            "repeat: Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor: "
            f"{counts} for shape {tuple(input.shape)}"
        )
    if any(n < 0 for n in counts):
        raise ShapeError(f"repeat: negative counts are not possible: {counts}")
    return kernels.tile(input, counts)


@repeat.vjp
def _(g: Any, _out: Any, input_shape: Any, repeats: Any) -> Any:
    counts = tuple(repeats)
    sizes = (1,) * (len(counts) - len(input_shape)) + tuple(input_shape)
    pairs = tuple(n for pair in zip(counts, sizes, strict=True) for n in pair)
    if not pairs:
        return g
    return reshape(total(reshape(g, pairs), tuple(range(0, len(pairs), 2)), False), input_shape)


@structured(
    samples=cases(([(3,)], ()), ([(2,)], (1,)), ([(2, 3)], (-1, 0, 2)), ([(2, 2)], (0, -2, 0)), ([(0,)], ())),
)
def diag_embed(input: Any, /, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:
    """Matrices of zeros that have the input's last dimension on a diagonal."""
    if not input.shape:
        raise DimError("diag_embed: a 0-d tensor has no elements in a row to put on a diagonal: unsqueeze(0) it")
    ndim = len(input.shape) + 1
    first, second = wrap_dim(dim1, ndim, "diag_embed"), wrap_dim(dim2, ndim, "diag_embed")
    if first == second:
        raise ShapeError(f"diag_embed: diagonal dimensions cannot be identical {dim1}, {dim2}")
    shape = list(input.shape[:-1])
    for d in sorted((first, second)):
        shape.insert(d, input.shape[-1] + abs(offset))
    return kernels.diagonal_back(input, tuple(shape), offset, first, second)


@diag_embed.vjp
def _(g: Any, _out: Any, _input: Any, offset: int, dim1: int, dim2: int) -> Any:
    return diagonal(g, offset, dim1, dim2)


def _widths(pad: Any, ndim: int) -> tuple[tuple[int, int], ...]:
    """For each dimension what to add before and after; `pad` begins with the last dimension."""
    pairs = [(pad[i], pad[i + 1]) for i in range(0, len(pad), 2)]
    return ((0, 0),) * (ndim - len(pairs)) + tuple(reversed(pairs))


@structured(
    samples=cases(
        ([(3,)], ((1, 2), 0.0)), ([(2, 3)], ((1, 0, 2, 1), 1.5)), ([(2, 4)], ((-1, 2), 0.0)), ([()], ((), 0.0))
    ),
)
def constant_pad_nd(input: Any, /, pad: Any, value: Any = 0) -> Any:
    """A copy with constant elements around it: `pad` is (before, after) of the last dimension, then of the one before.

    Negative widths take elements away.
    """
    shape = input.shape
    if len(pad) % 2 or len(pad) > 2 * len(shape):
        raise ShapeError(
            f"constant_pad_nd: pad {tuple(pad)} must be pairs (before, after), at most one for each of the "
            f"{len(shape)} dimensions of shape {tuple(shape)}"
        )
    widths = _widths(pad, len(shape))
    if any(n + low + high < 0 or n < max(-low, -high) for n, (low, high) in zip(shape, widths, strict=True)):
        raise ShapeError(f"constant_pad_nd: pad {tuple(pad)} takes more away than shape {tuple(shape)} has")
    return kernels.pad_constant(input, widths, value)


@constant_pad_nd.vjp
def _(g: Any, _out: Any, _input: Any, pad: Any, _value: Any) -> Any:
    return constant_pad_nd(g, tuple(-n for n in pad), 0)


def _pad_name(node: Any) -> str:
    pad, mode = node.params
    words = {"reflect": "Reflection", "replicate": "Replication", "circular": "Circular"}
    return f"{words[mode]}Pad{len(pad) // 2}DBackward0"


@structured(
    label="{1} pad",
    method=False,
    grad_name=_pad_name,
    oracle="",
    samples=cases(
        ([(2, 4)], ((1, 2), "reflect")),
        ([(1, 3, 3)], ((1, 0, 2, 1), "replicate")),
        ([(1, 3)], ((2, 1), "circular")),
        ([(1, 5)], ((-1, 2), "reflect")),
    ),
)
def pad_with_itself(input: Any, /, pad: Any, mode: str) -> Any:
    """A copy with its own elements around it: mirrored, the border repeated, or as if it went round in a circle."""
    for dim, index in _sources(input.shape, pad, mode):
        input = input[(slice(None),) * dim + (kernels.asarray(index),)]
    return kernels.array(input)


def _sources(shape: Any, pad: Any, mode: str) -> list[tuple[int, list[int]]]:
    """For each padded dimension, which of its elements stands where."""
    found = []
    for dim, (low, high) in enumerate(_widths(pad, len(shape))):
        n = shape[dim]
        most = {"reflect": n - 1, "circular": n}.get(mode, max(low, high))
        if n == 0 or max(low, high) > most or n + low + high < 0:
            raise ShapeError(
                f"pad: {mode} padding ({low}, {high}) does not fit dimension {dim} of shape {tuple(shape)}: it must be "
                + {"reflect": "less than the size", "circular": "at most the size"}.get(mode, "of at least one element")
            )
        if low or high:
            found.append((dim, [_source(i, n, mode) for i in range(-low, n + high)]))
    return found


def _source(i: int, n: int, mode: str) -> int:
    if mode == "replicate":
        return min(max(i, 0), n - 1)
    return i % n if mode == "circular" else n - 1 - abs(n - 1 - abs(i))


@pad_with_itself.vjp
def _(g: Any, _out: Any, input_shape: Any, pad: Any, mode: str) -> Any:
    sources = _sources(input_shape, pad, mode)
    for dim, index in reversed(sources):
        shape = (*g.shape[:dim], input_shape[dim], *g.shape[dim + 1 :])
        g = index_back(g, shape, (slice(None),) * dim + (kernels.asarray(index),))
    return g


@structured(
    grad_name="Rot90Backward0",
    samples=cases(([(2, 3)], ()), ([(2, 3)], (2, (0, 1))), ([(2, 3, 2)], (-1, (0, 2))), ([(2, 2)], (4, (0, 1)))),
)
def rot90(input: Any, /, k: int = 1, dims: Any = (0, 1)) -> Any:
    """A copy turned by `k` quarter turns, from the first of two dimensions towards the second."""
    first, second = _plane(dims, len(input.shape))
    return kernels.array(kernels.rot90(input, k, (first, second)))


def _plane(dims: Any, ndim: int) -> tuple[int, int]:
    if len(dims) != 2 or ndim < 2:
        raise ShapeError(f"rot90: needs 2 dims and a tensor of at least 2 dimensions, got dims {dims} for {ndim}")
    first, second = (wrap_dim(d, ndim, "rot90") for d in dims)
    if first == second:
        raise ShapeError(f"rot90: expected rotation dims to be different, but got dim0 = {dims[0]}, dim1 = {dims[1]}")
    return first, second


@rot90.vjp
def _(g: Any, _out: Any, _input: Any, k: int, dims: Any) -> Any:
    return rot90(g, -k, dims)


__all__ = [
    "constant_pad_nd", "diag_embed", "flip", "pad_with_itself", "repeat", "roll", "rot90", "tril", "triu",
]  # fmt: skip
