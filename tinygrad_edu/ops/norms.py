"""The p-norm of vectors, for any p, with PyTorch's derivatives where it has a corner: 0 at 0, and ties share."""

from __future__ import annotations

import math
from typing import Any

from tinygrad_edu.errors import ShapeError
from tinygrad_edu.kernels import kernels
from tinygrad_edu.ops.elementwise import choose, sign
from tinygrad_edu.ops.reduce import axes, spread
from tinygrad_edu.ops.registry import cases, structured


@structured(
    method=False,
    grad_name="LinalgVectorNormBackward0",
    oracle="linalg.vector_norm",
    promote="floating",
    samples=cases(
        ([(2, 3)], (2, None, False)),
        ([(2, 3)], (1, 0, False)),
        ([(2, 3)], (3, -1, True)),
        ([(2, 3, 2)], (math.inf, (0, 2), False)),
        ([(4,)], (-math.inf, None, False)),
        ([(2, 3)], (1.5, 1, False)),
        ([(2, 3)], (-2, None, True)),
        ([()], (2, None, False)),
    ),
)
def vector_norm(input: Any, /, ord: Any = 2, dim: Any = None, keepdim: bool = False) -> Any:
    """``sum(|x| ** ord) ** (1 / ord)`` over the dimensions `dim`; inf: the largest, -inf: the smallest |x|, 0: how many
    are not zero."""
    dims = axes(dim, input.ndim, "vector_norm")
    if (ord < 0 or ord == math.inf) and any(input.shape[d] == 0 for d in dims):
        raise ShapeError(f"vector_norm: order {ord} has no value for no elements: shape {tuple(input.shape)}")
    return kernels.vector_norm(input, ord, dims, keepdim)


@vector_norm.vjp
def _(g: Any, out: Any, input: Any, ord: Any, dim: Any, keepdim: bool) -> Any:
    shape = input.shape
    g, out = (spread(x, shape, dim, keepdim, "vector_norm") for x in (g, out))
    if ord == 0:
        return choose(g, 0.0, kernels.full_like(_plain(out), False, dtype=bool))
    if ord == 1:
        return g * sign(input)
    if ord in (math.inf, -math.inf):
        hit = _plain(abs(input) == out)
        return g * sign(input) * kernels.share(hit, kernels.sum(hit, axes(dim, len(shape), "vector_norm"), True))
    norm = choose(out, 1.0, _plain(out != 0))
    if ord == 2:
        return input * (g / norm)
    size = choose(abs(input), 1.0, _plain(input != 0))
    share = g * sign(input) * (size / norm) ** (ord - 1)
    return choose(share, 0.0, _plain(out != 0))


def _plain(x: Any) -> Any:
    return getattr(x, "_data", x)
