"""Images read at places of one's own: a grid of places, and the picture seen through it (spatial transformers).

Places are (x, y[, z]) between -1 and 1, the two edges of a dimension (Jaderberg et al., 2015).
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from tinygrad_edu.errors import ShapeError
from tinygrad_edu.tensors.functions import functional, where
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["affine_grid", "grid_sample"]

_ = functional  # importing it gives Tensor its methods


def affine_grid(theta: Tensor, size: Any, align_corners: bool | None = None) -> Tensor:
    """The places that an affine map sends a regular grid to: (N, 2, 3) and (N, C, H, W) give (N, H, W, 2).

    Args:
        theta: a matrix for each sample, (N, 2, 3) for images or (N, 3, 4) for volumes. size: of the result.
        align_corners: -1 and 1 are the centres of the outer elements, not their outer edges.

    Raises:
        ValueError: matrices of another shape; ShapeError: not as many as there are samples.
        NotImplementedError: another number of sizes.
    """
    spatial = len(size) - 2
    if spatial not in (2, 3):
        raise NotImplementedError(
            f"affine_grid only supports 4D and 5D sizes, for 2D and 3D affine transforms, respectively, got {size}"
        )
    if not theta.is_floating_point():
        raise ValueError(f"Expected theta to have floating point type, but got {theta.dtype}")
    if tuple(theta.shape[1:]) != (spatial, spatial + 1):
        raise ValueError(
            f"Expected a batch of {spatial}D affine matrices of shape Nx{spatial}x{spatial + 1} for size {tuple(size)}"
            f". Got {tuple(theta.shape)}."
        )
    if theta.shape[0] != size[0]:
        raise ShapeError(f"affine_grid: expected a matrix for each of {size[0]} samples, got {theta.shape[0]}")
    lines = []
    for n in reversed(tuple(size[2:])):
        inset = 0 if align_corners else 1 / n
        lines.append(np.linspace(-1 + inset, 1 - inset, n) if n > 1 else np.zeros(1))
    grids = np.meshgrid(*reversed(lines), indexing="ij")[::-1]
    base = np.stack([*grids, np.ones(grids[0].shape)], -1).astype(theta._data.dtype)
    flat = Tensor._wrap(base.reshape(1, -1, spatial + 1))
    out: Tensor = (flat @ theta.transpose(1, 2)).reshape(size[0], *size[2:], spatial)
    return out


def grid_sample(
    input: Tensor,
    grid: Tensor,
    mode: str = "bilinear",
    padding_mode: str = "zeros",
    align_corners: bool | None = None,
) -> Tensor:
    """The input read at the grid's places: (N, C, H, W) and (N, h, w, 2) give (N, C, h, w); or volumes.

    Args:
        grid: (x, y) or (x, y, z) for each place of the result, -1 to 1 from edge to edge.
        mode: "bilinear" between the neighbours, "nearest", or for images "bicubic" (Keys, 1981, with a = -0.75).
        padding_mode: beyond the edges are "zeros", the "border" again, or a "reflection".
        align_corners: -1 and 1 are the centres of the outer elements, not their outer edges.

    Raises:
        ValueError: an unknown mode; ShapeError: shapes that do not fit, or mode "bicubic" for volumes.
    """
    if mode not in ("bilinear", "nearest", "bicubic"):
        raise ValueError(
            "nn.functional.grid_sample(): expected mode to be 'bilinear', 'nearest' or 'bicubic', but got: "
            f"'{mode}'"
        )
    if padding_mode not in ("zeros", "border", "reflection"):
        raise ValueError(
            "nn.functional.grid_sample(): expected padding_mode to be 'zeros', 'border', or 'reflection', but got: "
            f"'{padding_mode}'"
        )
    spatial = input.ndim - 2
    if spatial not in (2, 3) or grid.ndim != input.ndim or grid.shape[0] != input.shape[0]:
        raise ShapeError(
            "grid_sample(): expected 4D or 5D input and grid with same number of dimensions and batch size, but got "
            f"input with sizes {list(input.shape)} and grid with sizes {list(grid.shape)}"
        )
    if grid.shape[-1] != spatial:
        raise ShapeError(f"grid_sample(): expected grid to have size {spatial} in last dimension, got {grid.shape[-1]}")
    size, align = tuple(input.shape[2:]), bool(align_corners)
    free = [_place(grid[..., spatial - 1 - d], n, align) for d, n in enumerate(size)]
    if mode == "bicubic":
        if spatial != 2:
            raise ShapeError("grid_sampler(): bicubic interpolation only supports 4D input")
        return _weighted(input, free, _cubic, lambda at, n: np.rint(_inside(at, n, padding_mode, align)._data))
    places = [_inside(place, n, padding_mode, align) for place, n in zip(free, size, strict=True)]
    if mode == "nearest":
        nothing = where(Tensor._wrap(np.zeros(grid.shape[:-1], bool)), grid[..., 0], 0.0)  # the grid's gradient is 0
        return _picked(input, [np.rint(p._data) for p in places]) + nothing.unsqueeze(1)
    return _weighted(input, places, lambda t: {0: 1 - t, 1: t}, lambda at, n: at._data)


def _weighted(input: Tensor, places: list[Tensor], shares: Any, found: Any) -> Tensor:
    """The neighbours of each place, weighted: `shares` gives for the way t past an element its neighbours' weights.

    `found` says where a neighbour (a whole position) is read, in a dimension of n elements.
    """
    size = tuple(input.shape[2:])
    lower = [np.floor(p._data) for p in places]
    weights = [shares(p - Tensor._wrap(low)) for p, low in zip(places, lower, strict=True)]
    total: Any = None
    for corner in itertools.product(weights[0], repeat=len(places)):
        share: Any = 1
        for step, weight in zip(corner, weights, strict=True):
            share = share * weight[step]
        at = [found(Tensor._wrap(low + step), n) for low, step, n in zip(lower, corner, size, strict=True)]
        part = _picked(input, at) * share.unsqueeze(1)
        total = part if total is None else total + part
    return total


def _cubic(t: Tensor, a: float = -0.75) -> dict[int, Tensor]:
    """The weights of the four neighbours of a place that is t past the second of them."""

    def near(x: Tensor) -> Tensor:
        return ((a + 2) * x - (a + 3)) * x * x + 1

    def far(x: Tensor) -> Tensor:
        return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a

    return {-1: far(t + 1), 0: near(t), 1: near(1 - t), 2: far(2 - t)}


def _place(x: Tensor, n: int, align: bool) -> Tensor:
    """From -1 to 1 to positions counted in elements."""
    return (x + 1) * ((n - 1) / 2) if align else ((x + 1) * n - 1) / 2


def _inside(x: Tensor, n: int, padding_mode: str, align: bool) -> Tensor:
    if padding_mode == "reflection":
        low, span = (0.0, n - 1.0) if align else (-0.5, float(n))
        if span == 0:
            return x * 0
        folded = (x - low).abs()
        turns = np.floor(folded._data / span)
        rest = folded - Tensor._wrap((turns * span).astype(folded._data.dtype))
        odd = Tensor._wrap((turns % 2).astype(folded._data.dtype))
        x = rest * (1 - odd) + (span - rest) * odd + low
    return x if padding_mode == "zeros" else x.clamp(0, n - 1)


def _picked(input: Tensor, at: list[Any]) -> Tensor:
    """The elements at whole positions (N, *places) of each sample; zeros where there are none."""
    size = input.shape[2:]
    valid = np.ones(at[0].shape, bool)
    flat = np.zeros(at[0].shape, np.int64)
    for position, n in zip(at, size, strict=True):
        valid &= (position >= 0) & (position < n)
        flat = flat * n + np.clip(np.nan_to_num(position, nan=-1), 0, n - 1).astype(np.int64)
    samples, channels = input.shape[:2]
    index = np.broadcast_to(flat.reshape(samples, 1, -1), (samples, channels, flat[0].size))
    rows = input.reshape(samples, channels, -1).gather(2, Tensor._wrap(np.ascontiguousarray(index)))
    picked: Tensor = rows.reshape(samples, channels, *at[0].shape[1:])
    return picked * Tensor._wrap(valid[:, None].astype(input._data.dtype))
