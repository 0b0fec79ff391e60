"""More lines for the table of test_kernels.py, which reads these as its own, as does for_a_card.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

_random = np.random.default_rng(6)


def made(*shape: int) -> Any:
    return _random.standard_normal(shape)


# Of each optimizer's step: how many columns of arrays it has, and its numbers.
STEPS: dict[str, list[tuple[int, tuple[Any, ...]]]] = {
    "adam_step": [
        (4, (3.0, 0.1, (0.9, 0.99), 1e-8, 0.01, False)), (4, (3.0, 0.1, (0.9, 0.99), 1e-8, 0.01, True)),
        (5, (2.0, 0.1, (0.9, 0.99), 1e-8, 0.0, False)),
    ],
    "sgd_step": [
        (3, (0.1, 0.9, 0.2, 0.01, False)), (3, (0.1, 0.9, 0.0, 0.0, True)), (2, (0.1, 0.0, 0.0, 0.3, False)),
    ],
    "rmsprop_step": [
        (5, (0.9, 0.1, 1e-8, 0.9, 0.1, True)), (3, (0.9, 0.1, 1e-8, 0.0, 0.0, False)),
        (4, (0.9, 0.1, 1e-8, 0.9, 0.0, False)), (4, (0.9, 0.1, 1e-8, 0.0, 0.1, True)),
    ],
    "adagrad_step": [(3, (0.1, 1e-8, 0.1))],
    "adadelta_step": [(4, (0.9, 1.0, 1e-6, 0.1))],
    "adamax_step": [(4, ((0.9, 0.99), 0.1, 1e-8, 0.1))],
    "nadam_step": [(4, ([], (0.9, 0.99), 0.1, (0.2, 0.3), 0.4, 1e-8, 0.1, 0.9))],
    "radam_step": [(4, ((0.9, 0.99), 0.1, True, 1e-8, 0.1, 1.0)), (4, ((0.9, 0.99), 0.1, False, 1e-8, 0.0, 0.9))],
    "rprop_step": [(4, ((0.5, 1.2), (1e-6, 0.9)))],
}  # fmt: skip


def steps(name: str) -> Iterator[tuple[Any, ...]]:
    """Parameters of many sizes, those of no elements and of more than a block takes; nan; other orders in memory."""
    for columns, numbers in STEPS[name]:
        for kind in (np.float32, np.float64):
            shapes = [(3, 5), (19,), (0,), (), (1, 8), (2, 1, 3)]
            if kind == np.float64:
                shapes += [(n, 2) for n in range(1, 25)]
            arrays = [[abs(made(*shape)).astype(kind) for shape in shapes] for _ in range(columns)]
            arrays[1] = [g - kind(0.5) if g.ndim else np.asarray(g) for g in arrays[1]]
            arrays[1][0] = arrays[1][0].reshape(5, 3).T  # a gradient that lies in another order
            arrays[1][1][2:5] = 0, np.nan, np.inf
            arrays = [[np.asarray(a, kind) for a in column] for column in arrays]
            yield (*arrays, *numbers)
        crooked = [[np.arange(1, 14).astype(np.float32)[1:], np.ones(4, np.float32)] for _ in range(columns)]
        yield (*crooked, *numbers)  # the first does not begin at a multiple of 16 bytes


CASES: dict[str, Callable[[], Any]] = {
    **{name: lambda name=name: steps(name) for name in STEPS},
}


def dropouts(back: bool) -> Iterator[tuple[Any, ...]]:
    """Inputs of a multiple of four elements, and of others; in other orders; the last block of a stream."""
    for a, seed, first, p in (
        (made(3, 5), 7, 0, 0.5), (made(4, 6).astype(np.float32), 2**64 - 1, 2**64 - 3, 0.3), (made(6, 2).T, 1, 5, 0.9),
        (made(8).astype(np.float32)[1:], 3, 1, 0.2), (made(2, 3), 0, 0, 1.0), (made(0, 3), 0, 0, 0.5),
        (made(2, 4).astype(np.float16), 5, 2, 0.4),
    ):  # fmt: skip
        yield (a, a > 0, p) if back else (a, seed, first, p)


CASES |= {"dropout": lambda: dropouts(False), "dropout_back": lambda: dropouts(True)}


def together(several: Any, to_device: Any) -> None:
    """Every kernel for many arrays at once: for_a_card.py compiles them. What they do: test_several.py."""
    for kind in (np.float32, np.float64):
        arrays, others = ([to_device(made(*shape).astype(kind)) for shape in ((3, 7), (5,))] for _ in "ab")
        assert several.all_filled(arrays, 0.0) is None
        several.all_clamped(arrays, -1.0, 1.0)
        several.all_scaled(arrays, several.all_norm(arrays))
        several.all_negated(arrays)
        several.all_averaged(arrays, others, 3.0)
        several.all_faded(arrays, others, 0.9)


def drawn(draws: Any, sequences: Any) -> None:
    """Every kernel that makes numbers: for_a_card.py compiles them. What they make: test_random.py, test_making.py."""
    for kind in map(np.dtype, (np.float32, np.float64, np.int64, np.int32)):
        sequences.arange(1, 9, 2, dtype=kind)
        sequences.linspace(1, 9, 4, dtype=kind)
    sequences.linspace(3, 3, 5)
    for kind in map(np.dtype, (np.float32, np.float64)):
        draws.uniform(1, 0, (5,), kind, 0.0, 1.0)
        draws.uniform(1, 0, (5,), kind, -1.0, 2.0)
        draws.normal(1, 0, (5,), kind, 0.0, 1.0)
    for low, high, each in ((0, 10, 1), (0, 2**32, 1), (-5, 2**40 + 1, 2), (-(2**63), 2**63, 2)):
        draws.integers(1, 0, 5, low, high - low, each)
    draws.chances(1, 0, (5,), 0.5, np.dtype(np.float32))
