"""Attention (Vaswani et al., 2017): each query takes a mean of the values, weighted by how well their keys fit it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygrad_edu.errors import DTypeError
from tinygrad_edu.nn.functional.layers import dropout, linear
from tinygrad_edu.ops import attention
from tinygrad_edu.tensors.functions import cat, where
from tinygrad_edu.tensors.grids import pad
from tinygrad_edu.tensors.placing import beside
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["multi_head_attention_forward", "scaled_dot_product_attention"]


def _additive(mask: Tensor, like: Tensor) -> Tensor:
    """What is added to the scores: -inf where a boolean mask is False."""
    if mask.dtype.is_floating_point:
        return mask.to(like.dtype)
    return Tensor._wrap(np.where(mask._data, 0, -np.inf).astype(like._data.dtype))


def _attend(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, dropout_p: float, scale: float
) -> tuple[Tensor, Tensor]:
    """The means (..., L, Ev) and the weights (..., L, S). A query that may look nowhere gets 0."""
    scores = (query * scale) @ key.transpose(-2, -1)
    if mask is None:
        weights = scores.softmax(-1)
    else:
        blind = mask.detach().eq(-math.inf).all(-1, keepdim=True)
        if bool(blind.any()):
            weights = where(blind, 0.0, (scores + where(blind, 0.0, mask)).softmax(-1))
        else:
            weights = (scores + mask).softmax(-1)
    if dropout_p:
        weights = dropout(weights, dropout_p)
    return weights @ value, weights


def _in_one_step(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, causal: bool, scale: float
) -> Tensor | None:
    """The means from the kernel that keeps no weights; None where it is not meant for the arguments.

    That is a mask that is learned, half precision on the CPU, and sizes that do not fit: the products say which.
    """
    given = [query, key, value]
    kind = query._data.__class__
    kept = "fd" if kind is np.ndarray else "efd"
    if not all(x._data.__class__ is kind and x._data.dtype.char in kept for x in given):
        return None
    if key.shape[-1] != query.shape[-1] or value.shape[-2] != key.shape[-2]:
        return None
    if mask is not None and (mask.requires_grad or mask._data.__class__ is not kind):
        return None
    try:
        lead = np.broadcast_shapes(*(tuple(x.shape[:-2]) for x in given))
        scores = (*lead, query.shape[-2], key.shape[-2])
        if mask is not None and np.broadcast_shapes(tuple(mask.shape), scores) != scores:
            return None
    except ValueError:
        return None
    q, k, v = (x if tuple(x.shape[:-2]) == lead else x.expand(*lead, *x.shape[-2:]) for x in given)
    out: Tensor = attention.attention(q, k, v, None if mask is None else mask._data, causal, scale)[0]
    return out


def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """``softmax(query @ key.T * scale + mask) @ value``: (..., L, E), (..., S, E), (..., S, Ev) give (..., L, Ev).

    Args:
        attn_mask: boolean, True where a query may look; or floating, added to the scores; broadcast to (..., L, S).
        dropout_p: the share of the weights that are dropped, always, not in training only.
        is_causal: a query looks at keys up to its own position only.
        scale: by default 1 / sqrt(E).
        enable_gqa: the heads (dimension -3) of query are a multiple of those of key and value, which are repeated.

    Raises:
        RuntimeError: fewer than 2 dimensions, different dtypes, sizes that do not fit, or `is_causal` with a mask.

    >>> import tinygrad_edu as tg
    >>> values = tg.tensor([[1.0], [3.0]])
    >>> scaled_dot_product_attention(tg.zeros(2, 4), tg.zeros(2, 4), values, is_causal=True)
    tensor([[1.],
            [2.]])
    """
    given = (query, key, value)
    if min(x.ndim for x in given) < 2:
        shapes = ", ".join(str(tuple(x.shape)) for x in given)
        raise RuntimeError(
            "scaled_dot_product_attention: Expected query, key, and value to all be at least 2 dimensional, got "
            + shapes
        )
    if len({x.dtype for x in given}) > 1:
        raise DTypeError(
            "scaled_dot_product_attention: Expected query, key, and value to have the same dtype, but got "
            + ", ".join(str(x.dtype) for x in given)
        )
    if enable_gqa:
        heads, of_keys = query.size(-3), key.size(-3)
        if heads % of_keys or heads % value.size(-3):
            raise RuntimeError(
                "scaled_dot_product_attention: Number of heads in key and value must divide the number of heads in "
                f"query, got {of_keys} and {value.size(-3)} for {heads}"
            )
        key = key.repeat_interleave(heads // of_keys, -3)
        value = value.repeat_interleave(heads // value.size(-3), -3)
    mask = None
    if attn_mask is not None:
        if is_causal:
            raise RuntimeError(
                "scaled_dot_product_attention: Explicit attn_mask should not be set when is_causal=True: put -inf, or "
                "False, above the diagonal of the mask"
            )
        if not attn_mask.dtype.is_floating_point and attn_mask._data.dtype.kind != "b":
            raise DTypeError(
                "Expected attn_mask dtype to be bool or float or to match query dtype, but got attn_mask.dtype: "
                f"{attn_mask.dtype} and query.dtype: {query.dtype} instead."
            )
        mask = _additive(attn_mask, query)
    if scale is None:
        scale = 1 / math.sqrt(query.size(-1)) if query.size(-1) else 1.0
    if not dropout_p:
        out = _in_one_step(query, key, value, mask, is_causal, scale)
        if out is not None:
            return out
    if is_causal:
        mask = _additive(beside(np.tri(query.size(-2), key.size(-2), dtype=bool), query), query)
    return _attend(query, key, value, mask, dropout_p, scale)[0]


# --- several heads --------------------------------------------------------------------------------------------------


def _check(condition: bool, complaint: str) -> None:
    if not condition:
        raise AssertionError(complaint)


def _check_ranks(query: Tensor, key: Tensor, value: Tensor, padding: Tensor | None, mask: Tensor | None) -> bool:
    """Whether there is a batch; the ranks of all arguments must agree on it."""
    _check(
        query.ndim in (2, 3),
        f"query should be unbatched 2D or batched 3D tensor but received {query.ndim}-D query tensor",
    )
    batched = query.ndim == 3
    start = f"For {'batched (3-D)' if batched else 'unbatched (2-D)'} `query`, expected"
    _check(
        key.ndim == value.ndim == query.ndim,
        f"{start} `key` and `value` to be {query.ndim}-D but found {key.ndim}-D and {value.ndim}-D tensors "
        "respectively",
    )
    if padding is not None:
        _check(
            padding.ndim == query.ndim - 1,
            f"{start} `key_padding_mask` to be `None` or {query.ndim - 1}-D but found {padding.ndim}-D tensor instead",
        )
    if mask is not None:
        found = f"`attn_mask` to be `None`, 2-D or 3-D but found {mask.ndim}-D tensor instead"
        _check(mask.ndim in (2, 3), f"{start} {found}")
    return batched


def masked_where_true(mask: Tensor | None, name: str, like: Tensor) -> Tensor | None:
    """A mask of this family, in which True (not False) means not to look, as what is added to the scores.

    Raises:
        AssertionError: it is neither boolean nor floating.
    """
    if mask is None or mask.dtype.is_floating_point:
        return mask
    _check(mask._data.dtype.kind == "b", f"only bool and floating types of {name} are supported")
    return _additive(mask.logical_not(), like)


def _projected(
    query: Tensor, key: Tensor, value: Tensor, weight: Tensor | None, separate: tuple[Any, ...], bias: Tensor | None
) -> list[Tensor]:
    """Query, key and value times their weights; in one product where they are the same."""
    if weight is None:
        given = (query, key, value)
        biases = (None,) * 3 if bias is None else bias.chunk(3)
        for name, part in zip("qkv", separate, strict=True):
            _check(part is not None, f"use_separate_proj_weight is True but {name}_proj_weight is None")
        return [linear(x, w, b) for x, w, b in zip(given, separate, biases, strict=True)]
    if query is key and key is value:
        return list(linear(query, weight, bias).chunk(3, -1))
    size = query.shape[-1]
    parts = weight.split([size, 2 * size] if key is value else [size] * 3)
    biases = (None,) * 3 if bias is None else bias.split([size, 2 * size] if key is value else [size] * 3)
    if key is value:
        return [linear(query, parts[0], biases[0]), *linear(key, parts[1], biases[1]).chunk(2, -1)]
    return [linear(x, w, b) for x, w, b in zip((query, key, value), parts, biases, strict=True)]


def multi_head_attention_forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: Tensor | None,
    in_proj_bias: Tensor | None,
    bias_k: Tensor | None,
    bias_v: Tensor | None,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: Tensor,
    out_proj_bias: Tensor | None,
    training: bool = True,
    key_padding_mask: Tensor | None = None,
    need_weights: bool = True,
    attn_mask: Tensor | None = None,
    use_separate_proj_weight: bool = False,
    q_proj_weight: Tensor | None = None,
    k_proj_weight: Tensor | None = None,
    v_proj_weight: Tensor | None = None,
    static_k: Tensor | None = None,
    static_v: Tensor | None = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
) -> tuple[Tensor, Tensor | None]:
    """Attention in several heads, each in a slice of the projections: what :class:`nn.MultiheadAttention` computes.

    Shapes: query (L, N, E), key (S, N, kdim), value (S, N, vdim), or without N. The other arguments are the module's.

    Raises:
        AssertionError, RuntimeError: ranks or sizes that do not fit, `is_causal` without a mask.
    """
    batched = _check_ranks(query, key, value, key_padding_mask, attn_mask)
    if not batched:
        same, alike = key is query, value is key  # one product does for all of them
        query = query.unsqueeze(1)
        key = query if same else key.unsqueeze(1)
        value = key if alike else value.unsqueeze(1)
        key_padding_mask = None if key_padding_mask is None else key_padding_mask.unsqueeze(0)
    length, batch, size = query.shape
    if is_causal and attn_mask is None:
        raise RuntimeError(
            "Need attn_mask if specifying the is_causal hint. You may use the Transformer module method "
            "`generate_square_subsequent_mask` to create this mask."
        )
    _check(size == embed_dim_to_check, f"was expecting embedding dimension of {embed_dim_to_check}, but got {size}")
    each = size // num_heads
    _check(each * num_heads == size, f"embed_dim {size} not divisible by num_heads {num_heads}")
    if use_separate_proj_weight:
        _check(
            key.shape[:2] == value.shape[:2],
            f"key's sequence and batch dims {key.shape[:2]} do not match value's {value.shape[:2]}",
        )
    else:
        _check(key.shape == value.shape, f"key shape {key.shape} does not match value shape {value.shape}")
    added = masked_where_true(attn_mask, "attn_mask", query)
    padding = masked_where_true(key_padding_mask, "key_padding_mask", query)
    if added is not None:
        wanted = (length, key.shape[0]) if added.ndim == 2 else (batch * num_heads, length, key.shape[0])
        if tuple(added.shape) != wanted:
            raise RuntimeError(f"The shape of the {added.ndim}D attn_mask is {added.shape}, but should be {wanted}.")
        if added.ndim == 3:
            added = added.reshape(batch, num_heads, length, -1)
    if padding is not None:
        _check(
            tuple(padding.shape) == (batch, key.shape[0]),
            f"Expected key_padded_mask.shape to be {(batch, key.shape[0])}, but got {tuple(padding.shape)}",
        )
    separate = (q_proj_weight, k_proj_weight, v_proj_weight)
    weight = None if use_separate_proj_weight else in_proj_weight
    q, k, v = _projected(query, key, value, weight, separate, in_proj_bias)
    extra = 0
    if bias_k is not None or bias_v is not None:
        _check(bias_k is not None and bias_v is not None, "bias_k and bias_v are set together")
        _check(static_k is None and static_v is None, "bias cannot be added to static key or value.")
        k, v = (cat([x, bias.repeat(1, batch, 1)]) for x, bias in ((k, bias_k), (v, bias_v)))  # type: ignore[union-attr]
        extra += 1

    def in_heads(x: Tensor) -> Tensor:
        return x.reshape(x.shape[0], batch, num_heads, each).permute(1, 2, 0, 3)

    q = in_heads(q)
    k, v = (
        in_heads(own) if static is None else static.reshape(batch, num_heads, -1, each)
        for own, static in ((k, static_k), (v, static_v))
    )
    if add_zero_attn:
        nothing = Tensor._wrap(np.zeros((batch, num_heads, 1, each), q._data.dtype))
        k, v = cat([k, nothing], 2), cat([v, nothing], 2)
        extra += 1
    if extra:  # everybody may look there
        added = None if added is None else pad(added, (0, extra))
        padding = None if padding is None else pad(padding, (0, extra))
    if padding is not None:
        padding = padding.reshape(batch, 1, 1, -1)
        added = padding if added is None else added + padding
    share = dropout_p if training else 0.0
    weights = None
    out = None if need_weights or share else _in_one_step(q, k, v, added, False, 1 / math.sqrt(each))
    if out is None:
        out, weights = _attend(q, k, v, added, share, 1 / math.sqrt(each))
    out = linear(out.permute(2, 0, 1, 3).reshape(length, batch, size), out_proj_weight, out_proj_bias)
    if not batched:
        out = out.squeeze(1)
    if weights is None or not need_weights:
        return out, None
    if average_attn_weights:
        weights = weights.mean(1)
    return out, weights if batched else weights.squeeze(0)
