"""What `benchmarks.gpu` checks and times: one `Work` for each row of its table, the most important ones first."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import tinygrad_edu as tg

__all__ = ["OPTIMIZERS", "WORKS", "Work"]


@dataclass(frozen=True)
class Work:
    """One row of the table.

    Args:
        shapes: of the inputs that are timed, then the small ones of `--small`.
        compute: from the library's functions (`lib`, and `f` for nn.functional) and the inputs to the result.
        traffic: bytes that must be read and written; `operations`: additions and multiplications; 0: not of interest.
        error: what the largest difference may be, as a part of the largest expected number.
    """

    name: str
    shapes: tuple[tuple[int, ...], ...]
    small: tuple[tuple[int, ...], ...]
    compute: Callable[..., Any]
    traffic: float = 0
    operations: float = 0
    error: float = 1e-5

    @property
    def checked(self) -> tuple[tuple[int, ...], ...]:
        """The shapes that are checked on a card: fewer elements where the CPU would take long, and no round number."""
        large = [math.prod(shape) > 1 << 26 for shape in self.shapes]
        return tuple([(s[0] // 31 + 3, *s[1:]) if cut else s for s, cut in zip(self.shapes, large, strict=True)])


def _gradient(lib: Any, value: Any, *inputs: Any) -> Any:
    """The gradients of what a computation gives, as one result."""
    leaves = [x.detach().requires_grad_() for x in inputs]
    value(*leaves).sum().backward()
    return leaves[-1].grad


def _step(optimizer: str) -> Callable[..., Any]:
    def compute(lib: Any, f: Any, p: Any, g: Any) -> Any:
        key = (lib.__name__, id(p))
        if key not in OPTIMIZERS:
            p = p.detach().clone()
            p.grad = g
            options = {"lr": 0.01, **({"momentum": 0.9} if optimizer == "SGD" else {})}
            options |= {"fused": True} if lib is not tg and optimizer != "SGD" else {}
            OPTIMIZERS[key] = (p, getattr(lib.optim, optimizer)([p], **options))
        p, made = OPTIMIZERS[key]
        made.step()
        return p

    return compute


OPTIMIZERS: dict[Any, Any] = {}
_N = 1 << 27  # elements: 512 MiB, of which the L2 holds little
_LONG, _ROWS = (_N,), (_N >> 12, 1 << 12)
_F = 4.0  # bytes of a float32


def _matmul(n: int) -> Work:
    return Work(
        f"matmul {n}", ((n, n), (n, n)), ((9, 7), (7, 10)), lambda lib, f, a, b: a @ b, operations=2.0 * n**3
    )  # fmt: skip


def _convolutions(n: int, c: int, o: int, size: int) -> list[Work]:
    x, w = (n, c, size, size), (o, c, 3, 3)
    small = ((2, 3, 5, 6), (4, 3, 3, 3))
    operations = 2.0 * n * size * size * o * c * 9
    label = f"{n}x{c}x{size}x{size} to {o}"

    def forward(lib: Any, f: Any, x: Any, w: Any) -> Any:
        return f.conv2d(x, w, padding=1)

    def to_weight(lib: Any, f: Any, x: Any, w: Any) -> Any:
        return _gradient(lib, lambda w: f.conv2d(x, w, padding=1), w)

    def to_input(lib: Any, f: Any, x: Any, w: Any) -> Any:
        return _gradient(lib, lambda x: f.conv2d(x, w, padding=1), x)

    return [
        Work(f"conv2d {label}", (x, w), small, forward, operations=operations),
        Work(f"conv2d and its weight's gradient {label}", (x, w), small, to_weight, operations=2 * operations),
        Work(f"conv2d and its input's gradient {label}", (x, w), small, to_input, operations=2 * operations),
    ]


def _pulled(value: Callable[..., Any]) -> Callable[..., Any]:
    """From a value of arrays to the gradient of the last, with another gradient for each element of the value."""

    def compute(lib: Any, f: Any, *inputs: Any) -> Any:
        leaves = [x.detach().requires_grad_() for x in inputs]
        out = value(lib, f, *leaves)
        out.backward(leaves[0].detach() if out.shape == leaves[0].shape else out.detach())
        return lib.cat([leaf.grad.flatten() for leaf in leaves])

    return compute


def _norms() -> list[Work]:
    rows, images = _ROWS, (256, 64, 28, 28)
    found = []
    for name, shape, small, weights, value in (
        ("layer_norm", rows, (3, 17), 2, lambda lib, f, a, w, b: f.layer_norm(a, tuple(w.shape), w, b)),
        ("rms_norm", rows, (3, 17), 1, lambda lib, f, a, w: f.rms_norm(a, tuple(w.shape), w)),
        ("batch_norm", images, (5, 3, 2, 3), 2, lambda lib, f, a, w, b: f.batch_norm(a, None, None, w, b, True)),
        ("group_norm", images, (3, 8, 1, 3), 2, lambda lib, f, a, w, b: f.group_norm(a, 4, w, b)),
    ):
        each, traffic = (shape, small), math.prod(shape) * _F
        inputs, tiny = ((s, *[(s[1],)] * weights) for s in each)
        found.append(Work(name, inputs, tiny, value, 2 * traffic))
        # the way there, three readings and one writing back, and the leaves copied into one result
        found.append(Work(f"{name} and back", inputs, tiny, _pulled(value), 7 * traffic, error=1e-4))
    return found


def _losses() -> list[Work]:
    """The classes are made of the scores themselves; every seventh place is ignored."""

    def loss(lib: Any, f: Any, a: Any, w: Any) -> Any:
        classes = a.detach().argmax(1)
        places = lib.arange(classes.numel(), device=a.device).reshape(classes.shape)
        target = lib.where(places % 7 == 0, -100, (classes + places) % a.shape[1])
        return f.cross_entropy(a, target, w.detach().abs() + 0.5, label_smoothing=0.1, reduction="none")

    def plain(lib: Any, f: Any, a: Any) -> Any:
        target = lib.arange(a.shape[0], device=a.device) % a.shape[1]
        return f.cross_entropy(a, target, reduction="none")

    def back(lib: Any, f: Any, a: Any) -> Any:
        return _gradient(lib, lambda a: plain(lib, f, a), a)

    rows, size = _ROWS, _N * _F
    return [
        Work("cross_entropy", (rows,), ((5, 7),), plain, size),
        Work("cross_entropy and back", (rows,), ((5, 7),), back, 3 * size),
        Work("cross_entropy of weighted, smoothed pictures", ((64, 21, 128, 128), (21,)), ((2, 3, 2, 4), (3,)), loss),
    ]


_ROWS_OF_THE_TABLE = [
    Work("add", (_LONG,) * 2, ((11,),) * 2, lambda lib, f, a, b: a + b, 3 * _N * _F),
    Work("exp", (_LONG,), ((11,),), lambda lib, f, a: a.exp(), 2 * _N * _F),
    Work("copy of a transpose", ((1 << 14, 1 << 13),), ((3, 7),), lambda lib, f, a: a.t().contiguous(), 2 * _N * _F),
    Work("sum of all", (_LONG,), ((37,),), lambda lib, f, a: a.sum(), _N * _F),
    Work("sum of rows", (_ROWS,), ((3, 17),), lambda lib, f, a: a.sum(1), _N * _F),
    Work("sum of columns", (_ROWS,), ((17, 3),), lambda lib, f, a: a.sum(0), _N * _F),
    Work("max of rows", (_ROWS,), ((3, 17),), lambda lib, f, a: a.amax(1), _N * _F),
    Work("argmax of rows", (_ROWS,), ((3, 17),), lambda lib, f, a: a.argmax(1).float(), _N * _F),
    Work("argmax of all", (_LONG,), ((37,),), lambda lib, f, a: a.argmax().float(), _N * _F),
    Work("cumsum of rows", (_ROWS,), ((3, 17),), lambda lib, f, a: a.cumsum(1), 2 * _N * _F),
    Work("cumsum of all", (_LONG,), ((37,),), lambda lib, f, a: a.cumsum(0), 3 * _N * _F, error=1e-4),
    Work("softmax", (_ROWS,), ((3, 17),), lambda lib, f, a: a.softmax(1), 2 * _N * _F),
    Work("log_softmax", (_ROWS,), ((3, 17),), lambda lib, f, a: a.log_softmax(1), 2 * _N * _F),
    *_norms(),
    *_losses(),
    Work("SGD step", (_LONG,) * 2, ((11,),) * 2, _step("SGD"), 5 * _N * _F),
    Work("Adam step", (_LONG,) * 2, ((11,),) * 2, _step("Adam"), 7 * _N * _F, error=1e-4),
    *(_matmul(n) for n in (512, 2048, 4096, 8192)),
    Work(
        "batched matmul", ((256, 256, 64), (256, 64, 256)), ((3, 5, 4), (3, 4, 6)), lambda lib, f, a, b: a @ b,
        operations=2.0 * 256**3 * 64,
    ),
    *_convolutions(512, 32, 64, 14),
    *_convolutions(32, 64, 64, 56),
    Work(
        "max_pool2d", ((256, 64, 28, 28),), ((2, 3, 5, 6),), lambda lib, f, a: f.max_pool2d(a, 2),
        256 * 64 * 28 * 28 * _F * 1.25,
    ),
    Work(
        "attention", ((8, 16, 1024, 64),) * 3, ((1, 2, 5, 3),) * 3,
        lambda lib, f, q, k, v: f.scaled_dot_product_attention(q, k, v), operations=4.0 * 8 * 16 * 1024**2 * 64,
    ),
    Work(
        "attention, causal", ((8, 16, 1024, 64),) * 3, ((1, 2, 5, 3),) * 3,
        lambda lib, f, q, k, v: f.scaled_dot_product_attention(q, k, v, is_causal=True),
        operations=2.0 * 8 * 16 * 1024**2 * 64,
    ),
    Work(
        "attention and back", ((8, 16, 1024, 64),) * 3, ((1, 2, 5, 3),) * 3,
        _pulled(lambda lib, f, q, k, v: f.scaled_dot_product_attention(q, k, v)),
        operations=14.0 * 8 * 16 * 1024**2 * 64, error=1e-4,
    ),
]  # fmt: skip

# What is to be known first, should there be no time for all.
IMPORTANT = ("add", "exp", "sum of", "softmax", "layer_norm", "Adam step", "SGD step", "matmul", "conv2d")


def _rank(work: Work) -> int:
    return next((i for i, start in enumerate(IMPORTANT) if work.name.startswith(start)), len(IMPORTANT))


WORKS = sorted(_ROWS_OF_THE_TABLE, key=_rank)
