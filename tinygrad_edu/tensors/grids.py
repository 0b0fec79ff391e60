"""Grids, repetitions and borders: meshgrid, cartesian_prod, tile, flips, triangles' indices, one_hot, pad."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_edu.errors import DTypeError, ShapeError
from tinygrad_edu.kernels import kernels
from tinygrad_edu.ops import rearrange
from tinygrad_edu.ops.shape import stack, wrap_dim
from tinygrad_edu.tensors.composed import apply, composed, positions, tensors_of
from tinygrad_edu.tensors.creation import finish, numpy_type
from tinygrad_edu.tensors.device import cpu, device_of, moved
from tinygrad_edu.tensors.placing import beside
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["one_hot", "pad", "tril_indices", "triu_indices"]


@composed(many=True)
def meshgrid(*tensors: Any, indexing: str | None = None) -> tuple[Tensor, ...]:
    """For each of n vectors an n-dimensional grid of its values, as a view.

    Args:
        indexing: "ij": the first vector runs along dimension 0; "xy": along dimension 1, as in pictures.
    """
    given = tensors_of("meshgrid", tensors)
    for tensor in given:
        if tensor.ndim > 1:
            raise ShapeError(
                f"torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got shape {tuple(tensor.shape)}"
            )
    given = [tensor.reshape(-1) for tensor in given]
    if not given:
        raise ShapeError("meshgrid expects a non-empty TensorList")
    if indexing is None:
        warnings.warn(
            "torch.meshgrid: in an upcoming release, it will be required to pass the indexing argument.",
            UserWarning,
            stacklevel=4,
        )
    elif indexing not in ("ij", "xy"):
        raise RuntimeError(f"meshgrid: indexing must be one of 'xy' or 'ij', but received: {indexing}")
    if len({t.dtype for t in given}) > 1:
        raise DTypeError("meshgrid expects all tensors to have the same dtype")
    order = list(range(len(given)))  # the dimension that each vector runs along
    if indexing == "xy":
        order[:2] = order[1::-1]
    sizes = [given[i].numel() for i in order]  # (a swap is its own inverse)
    grids = []
    for t, d in zip(given, order, strict=True):
        shape = [1] * len(given)
        shape[d] = t.numel()
        grids.append(t.reshape(tuple(shape)).expand(*sizes))
    return tuple(grids)


@composed(many=True)
def cartesian_prod(*tensors: Any) -> Tensor:
    """All combinations of an element of each vector, one per row."""
    given = tensors_of("cartesian_prod", tensors)
    if any(t.ndim != 1 for t in given):
        raise ShapeError("cartesian_prod: Expect a 1D vector, but got other shapes")
    if len(given) == 1:
        return given[0]
    joined: Tensor = stack([g.reshape(-1) for g in meshgrid(*given, indexing="ij")], 1)
    return joined


@composed()
def combinations(input: Tensor, r: int = 2, with_replacement: bool = False) -> Tensor:
    """All ways to choose `r` elements of a vector, one per row, in the order of their places."""
    if input.ndim != 1:
        raise ShapeError(f"combinations: Expect a 1D vector, but got shape {tuple(input.shape)}")
    if r < 0:
        raise ShapeError(f"combinations: Expect a non-negative number, but got {r}")
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    rows = np.array(list(choose(range(len(input)), r)), np.int64).reshape(-1, r)
    if r == 0:
        return input[:0]
    columns = [input.index_select(0, beside(rows[:, i].copy(), input)) for i in range(r)]
    joined: Tensor = stack(columns, 1)
    return joined


@composed()
def tile(input: Tensor, *dims: Any) -> Tensor:
    """A copy laid side by side; as repeat, but fewer numbers than dimensions mean the last ones."""
    counts = tuple(dims[0]) if len(dims) == 1 and not isinstance(dims[0], int) else dims
    return input.repeat(*(1,) * (input.ndim - len(counts)), *counts) if counts or input.ndim else input.clone()


@composed()
def repeat_interleave(input: Tensor, repeats: Any = None, dim: int | None = None, *, output_size: Any = None) -> Tensor:
    """Each element `repeats` times in a row: one number for all, or one for each; without `dim` as if flat.

    Of one argument alone: each position as often as it says.
    """
    if repeats is None:
        counts = moved(positions("repeat_interleave", input), cpu)
        return beside(np.repeat(np.arange(counts.size), counts), input)
    if dim is None:
        input, dim = input.reshape(-1), 0
    dim = wrap_dim(dim, input.ndim, "repeat_interleave")
    counts = repeats if isinstance(repeats, int) else moved(positions("repeat_interleave", repeats), cpu)
    size = input.shape[dim] if input.ndim else 1
    if not isinstance(counts, int) and counts.ndim and counts.size not in (1, size):
        raise ShapeError(
            f"repeat_interleave: repeats must have the same size as input along dim, but got repeats.size(0) = "
            f"{counts.size} and input.size({dim}) = {size}"
        )
    if np.any(np.asarray(counts) < 0):
        raise ShapeError("repeat_interleave: repeats can not be negative")
    return input.index_select(dim, beside(np.repeat(np.arange(size), counts), input))


@composed()
def fliplr(input: Tensor) -> Tensor:
    """A copy with the order of the columns (dimension 1) reversed."""
    if input.ndim < 2:
        raise ShapeError(f"fliplr: Input must be >= 2-d, got {input.ndim}-d")
    return input.flip(1)


@composed()
def flipud(input: Tensor) -> Tensor:
    """A copy with the order of the rows (dimension 0) reversed."""
    if input.ndim < 1:
        raise ShapeError("flipud: Input must be >= 1-d, got 0-d")
    return input.flip(0)


def _triangle(name: str, pick: Any) -> Any:
    def function(row: int, col: int, offset: int = 0, *, dtype: Any = None, device: Any = None) -> Tensor:
        if row < 0 or col < 0:
            raise ShapeError(f"{name}: row and col must be non-negative, got {row} and {col}")
        kind = numpy_type(dtype, name, np.dtype(np.int64))
        places = np.argwhere(pick(np.ones((row, col), bool), offset)).T.astype(kind, order="C")
        return finish(places, device, False, name)

    function.__name__ = name
    side = "lower" if name == "tril_indices" else "upper"
    function.__doc__ = f"Rows and columns of the {side} triangle of a matrix of `row` by `col`, as a (2, n) Tensor."
    return composed(many=True)(function)


tril_indices, triu_indices = _triangle("tril_indices", np.tril), _triangle("triu_indices", np.triu)


@composed(many=True)
def one_hot(tensor: Any, num_classes: int = -1) -> Tensor:
    """For each class number a row of zeros with a one in its place, int64; by default as many as the largest needs.

    >>> import tinygrad_edu as tg
    >>> one_hot(tg.tensor([1, 0, 2]))
    tensor([[0, 1, 0],
            [1, 0, 0],
            [0, 0, 1]])
    """
    (tensor,) = tensors_of("one_hot", (tensor,))
    classes = tensor._array()
    if classes.dtype != np.int64:
        raise DTypeError(f"one_hot is only applicable to index tensor of type LongTensor, got {tensor.dtype}: .long()")
    if not classes.size and num_classes <= 0:
        raise RuntimeError("Can not infer total number of classes from empty tensor: give num_classes")
    if classes.size and classes.min() < 0:
        raise RuntimeError(f"Class values must be non-negative, got {classes.min()}")
    count = int(classes.max()) + 1 if num_classes == -1 else num_classes
    if count < 1:
        raise RuntimeError(f"one_hot: num_classes should be positive, got {num_classes}")
    if classes.size and classes.max() >= count:
        raise RuntimeError(f"Class values must be smaller than num_classes: {classes.max()} is not below {count}")
    rows = (classes[..., None] == moved(np.arange(count), device_of(classes))).astype(np.int64)
    return Tensor._wrap(kernels.ascontiguousarray(rows))


@composed(many=True)
def pad(input: Any, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Tensor:
    """A copy with elements put around it, or taken away where a width is negative.

    Args:
        pad: (before, after) of the last dimension, then of the one before it, and so on.
        mode: "constant" puts `value` (0), "reflect" mirrors without the border, "replicate" repeats the border,
            "circular" goes on at the other end.
    """
    (input,) = tensors_of("pad", (input,))
    widths = tuple(int(n) for n in pad)
    if len(widths) % 2 or len(widths) > 2 * input.ndim:
        raise ShapeError(
            f"pad: {widths} must be pairs (before, after), one at most for each dimension of shape {tuple(input.shape)}"
        )
    if mode == "constant":
        return apply(rearrange.constant_pad_nd, input, params=(widths, 0 if value is None else value))
    if mode not in ("reflect", "replicate", "circular"):
        raise NotImplementedError(f"Unrecognised padding mode {mode!r}: use constant, reflect, replicate or circular")
    if value:
        raise ValueError(f'Padding mode "{mode}" doesn\'t take in value argument')
    if input.ndim - len(widths) // 2 not in (1, 2) or not widths:
        raise NotImplementedError(
            f"pad: mode {mode!r} pads the last 1 of 2 or 3 dimensions, the last 2 of 3 or 4, or the last 3 of 4 or 5; "
            f"got {len(widths) // 2} pairs for shape {tuple(input.shape)}"
        )
    return apply(rearrange.pad_with_itself, input, params=(widths, mode))
