"""Scaled dot-product attention in one step, which keeps no scores: the logarithm of each row's sum is enough."""

from __future__ import annotations

from typing import Any

from tinygrad_edu.kernels import kernels
from tinygrad_edu.ops.linalg import matmul
from tinygrad_edu.ops.reduce import sum
from tinygrad_edu.ops.registry import structured
from tinygrad_edu.ops.shape import transpose
from tinygrad_edu.ops.statistics import softmax

__all__ = ["attention"]


def _samples(make: Any) -> Any:
    low = -float("inf")
    mask = kernels.asarray([[0.5, low, 0.0, -1.0], [low] * 4, [0.0, low, low, 2.0]])
    yield (make(3, 2), make(4, 2), make(4, 3)), (None, False, 0.7)
    yield (make(2, 1, 3, 2), make(2, 1, 3, 2), make(2, 1, 3, 1)), (None, True, 0.5)
    yield (make(2, 3, 2), make(2, 4, 2), make(2, 4, 2)), (mask, False, 1.5)
    yield (make(0, 2), make(4, 2), make(4, 1)), (None, False, 1.0)
    yield (make(2, 2), make(0, 2), make(0, 1)), (None, False, 1.0)


@structured(
    method=False,
    promote="same",
    grad_name="ScaledDotProductFlashAttentionForCpuBackward0",
    oracle="",
    samples=_samples,
)
def attention(query: Any, key: Any, value: Any, /, mask: Any, causal: bool, scale: float) -> Any:
    """``softmax(query @ key.T * scale + mask) @ value`` with the same leading dimensions; then the logarithms.

    The mask is an array that broadcasts to the scores, or None. A query whose scores are all -inf gets zeros.
    """
    return kernels.attention(query, key, value, mask, causal, scale)


@attention.vjp
def _(g: Any, out_rest: Any, query: Any, key: Any, value: Any, mask: Any, causal: bool, scale: float) -> Any:
    low = out_rest[1]
    if not hasattr(g, "_record"):
        return kernels.attention_back(g, query, key, value, low, mask, causal, scale)
    # recorded, so that it can be differentiated again: from the scores on
    dtype = getattr(query, "_data", query).dtype
    added, looks = kernels.attention_mask((query.shape[-2], key.shape[-2]), dtype, mask, causal)
    scaled = query * scale
    weights = softmax(matmul(scaled, transpose(key, -1, -2)) + added, -1) * looks
    share = matmul(g, transpose(value, -1, -2))
    share = weights * (share - sum(weights * share, -1, True))
    return (
        matmul(share, key) * scale, matmul(transpose(share, -1, -2), scaled), matmul(transpose(weights, -1, -2), g)
    )  # fmt: skip
