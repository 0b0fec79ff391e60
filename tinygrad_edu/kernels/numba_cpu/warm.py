"""Calling every compiled kernel once for each type, so that its machine code is compiled and kept."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tinygrad_edu.kernels.numba_cpu import functions

__all__ = ["calls"]


def calls() -> Iterator[tuple[str, Callable[[], Any]]]:
    """(what it is, a function that runs it) for each kernel and each of float32 and float64."""
    table = functions()
    for dtype in (np.float32, np.float64):
        for name, arguments in _arguments(dtype):
            yield f"{name}, {np.dtype(dtype)}", functools.partial(table[name], *arguments)


def _arguments(dtype: Any) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """A small call of every kernel; a test holds this list against the kernels."""
    x = np.ones((2, 3), dtype)
    for name in ("softmax", "log_softmax"):
        yield name, (x, 1)
        yield f"{name}_back", (x, x, 1)
    sums, cell = np.ones((2, 12), dtype), x
    yield "lstm_step", (sums, cell)
    yield "lstm_back", (sums, cell, cell, cell, cell)
    yield "gru_step", (sums[:, :9].copy(), sums[:, :9].copy(), cell)
    yield "gru_back", (sums[:, :9].copy(), sums[:, :9].copy(), cell, cell)
    yield "silu", (x,)
    yield "silu_back", (x, x)
    yield "relu_back", (x, x)
    for kind in ("none", "tanh") if dtype == np.float32 else ():
        yield "gelu", (x, kind)
        yield "gelu_back", (x, x, kind)
    for axes in ((1,), (0,)):  # rows, columns
        for name in ("logsumexp", "sum", "mean", "amax", "amin"):
            yield name, (x, axes, False)
        yield "var", (x, axes, 1, False)
        yield "extreme_along", (x, axes[0], False, True)
        scale = np.ones(x.shape[1 - axes[0]], dtype)
        yield "deviation", (x, scale, axes)
        yield "logsumexp_back", (x, scale, scale, axes)
    yield "layer_norm", (x, x[0].copy(), x[0].copy(), 1e-5)
    yield "layer_norm_back", (x, x, x[:, :1].copy(), x[:, :1].copy(), x[0].copy(), 1e-5)
    yield "standardised", (x, (1,), 1e-5)
    yield "standardised_back", (x, x, x[:, :1].copy(), (1,), 1e-5)
    heads = (x, np.ones((4, 3), dtype), np.ones((4, 3), dtype))
    yield "attention", (*heads, None, False, 0.5)
    yield "attention_back", (x, *heads, x[:, 0].copy(), None, False, 0.5)
    yield from _images(dtype)
    for stack in (x, x.reshape(2, 1, 3)):
        yield "matmul_plain", (stack, np.ones((3, 2), dtype))
        yield "matmul_tile", (stack, np.ones((3, 2), dtype))
    yield from _channels(dtype)
    yield from _scattered(dtype)
    yield from _steps(dtype)


def _steps(dtype: Any) -> Iterator[tuple[str, tuple[Any, ...]]]:
    p, g, m, v = ([np.ones((2, 3), dtype)] for _ in range(4))  # of a group with one parameter
    betas = (0.9, 0.999)
    yield "adam_step", (p, g, m, v, 1.0, 0.1, betas, 1e-8, 0.0, False)
    yield "adam_step", (p, g, m, v, v, 1.0, 0.1, betas, 1e-8, 0.0, False)
    yield "sgd_step", (p, g, v, 0.1, 0.9, 0.0, 0.0, False)
    yield "sgd_step", (p, g, 0.1, 0.0, 0.0, 0.0, False)
    yield "rmsprop_step", (p, g, v, 0.99, 0.1, 1e-8, 0.0, 0.0, False)
    yield "rmsprop_step", (p, g, v, m, 0.99, 0.1, 1e-8, 0.0, 0.0, True)
    yield "adagrad_step", (p, g, v, 0.1, 1e-8, 0.0)
    yield "adadelta_step", (p, g, v, m, 0.9, 0.1, 1e-6, 0.0)
    yield "adamax_step", (p, g, m, v, betas, 0.1, 1e-8, 0.0)
    yield "nadam_step", (p, g, m, v, [], betas, 0.1, (0.1, 0.1), 0.9, 1e-8, 0.0, 1.0)
    yield "radam_step", (p, g, m, v, betas, 0.1, True, 1e-8, 0.0, 1.0)
    yield "rprop_step", (p, g, m, v, (0.5, 1.2), (1e-6, 50.0))


def _channels(dtype: Any) -> Iterator[tuple[str, tuple[Any, ...]]]:
    each = np.ones(3, dtype)
    for x in (np.ones((2, 3), dtype), np.ones((2, 3, 4), dtype)):  # without and with places
        place = np.zeros((2, *x.shape[2:]), dtype)
        target = place.astype(np.int64)
        yield "cross_entropy", (x, target, each, -100, 0.0)
        yield "cross_entropy_back", (x, place, target, place, place, each, -100, 0.0)
        yield "batch_norm", (x, each, each, 1e-5)
        yield "batch_norm_back", (x, x, each, each, each, 1e-5)
    yield "group_norm", (x, each, each, 3, 1e-5)
    yield "group_norm_back", (x, x, np.ones((2, 3), dtype), np.ones((2, 3), dtype), each, 1e-5)
    yield "rms_norm", (x, np.ones(4, dtype), 1e-5)
    yield "rms_norm_back", (x, x, np.ones((2, 3, 1), dtype), np.ones(4, dtype))


def _scattered(dtype: Any) -> Iterator[tuple[str, tuple[Any, ...]]]:
    x = np.ones((2, 3), dtype)
    yield "index_back", (x, (2, 3), (np.zeros(2, np.int64),))
    yield "dropout", (x, 0, 0, 0.5)
    yield "dropout_back", (x, np.ones(x.shape, np.bool_), 0.5)
    yield "put_along", (x, np.zeros((2, 3), np.int64), 1, (2, 4))


def _images(dtype: Any) -> Iterator[tuple[str, tuple[Any, ...]]]:
    image, one = np.ones((1, 4, 4, 4), dtype), (1, 1)
    for channels in (16, 1):  # side by side in a vector, or too few for one
        weight, how = np.ones((channels, 4, 1, 1), dtype), (one, (0, 0), one, 1)
        out = np.ones((1, channels, 4, 4), dtype)
        yield "convolution", (image, weight, None, *how)
        yield "convolution_input", (out, weight, (4, 4), *how)
        yield "convolution_weight", (out, image, one, *how)
    windows = ([(slice(0, 4), slice(0, 4, 1))],) * 2
    yield "max_pool", (image, windows, (4, 4))
    yield "max_pool_back", (image, np.zeros(image.shape, np.int64), (4, 4), False)
    yield "window_sum", (image, windows, (4, 4))
    yield "window_spread", (image, windows, (4, 4))
