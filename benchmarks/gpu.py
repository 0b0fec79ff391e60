"""The kernels of the GPU: are they right, and how long do they take beside PyTorch's on the same card?

    python -m benchmarks.gpu                   check and time all
    python -m benchmarks.gpu --check --small   check only, on small shapes (this runs in Numba's simulator too)
    python -m benchmarks.gpu --only matmul     those whose name begins so
    python -m benchmarks.gpu --reads scalar    products and elementwise kernels read one element at a time, not four

Checked: against float64 on the CPU, with fresh random inputs; the memory of the result is filled with nan first, and
a nan in the result never passes. Timed: with the device's events, warm, the median of many calls, round several sets
of inputs that together are larger than the card's L2; TF32 is off. The shares are of the bandwidth of a copy and of
cuBLAS's float32 rate, both measured here first.
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import tinygrad_edu as tg
import tinygrad_edu.nn.functional as F
from tinygrad_edu.cli.bench import NETWORKS, training_step
from tinygrad_edu.kernels.presence import simulated


@dataclass(frozen=True)
class Work:
    """One row of the table.

    Args:
        shapes: of the inputs, then the small ones of `--small`.
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


def _gradient(lib: Any, value: Any, *inputs: Any) -> Any:
    """The gradients of what a computation gives, as one result."""
    leaves = [x.detach().requires_grad_() for x in inputs]
    value(*leaves).sum().backward()
    return leaves[-1].grad


def _step(optimizer: str) -> Callable[..., Any]:
    def compute(lib: Any, f: Any, p: Any, g: Any) -> Any:
        key = (lib.__name__, id(p))
        if key not in _OPTIMIZERS:
            p = p.detach().clone()
            p.grad = g
            options = {"lr": 0.01, **({"momentum": 0.9} if optimizer == "SGD" else {})}
            options |= {"fused": True} if lib is not tg and optimizer != "SGD" else {}
            _OPTIMIZERS[key] = (p, getattr(lib.optim, optimizer)([p], **options))
        p, made = _OPTIMIZERS[key]
        made.step()
        return p

    return compute


_OPTIMIZERS: dict[Any, Any] = {}
_N = 1 << 25  # elements: 128 MiB
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
    rows, images = (8192, 4096), (256, 64, 28, 28)
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

    rows, size = (8192, 4096), _N * _F
    return [
        Work("cross_entropy", (rows,), ((5, 7),), plain, size),
        Work("cross_entropy and back", (rows,), ((5, 7),), back, 3 * size),
        Work("cross_entropy of weighted, smoothed pictures", ((64, 21, 128, 128), (21,)), ((2, 3, 2, 4), (3,)), loss),
    ]


WORKS = [
    Work("add", ((_N,),) * 2, ((11,),) * 2, lambda lib, f, a, b: a + b, 3 * _N * _F),
    Work("exp", ((_N,),), ((11,),), lambda lib, f, a: a.exp(), 2 * _N * _F),
    Work("copy of a transpose", ((4096, 8192),), ((3, 7),), lambda lib, f, a: a.t().contiguous(), 2 * _N * _F),
    Work("sum of all", ((_N,),), ((37,),), lambda lib, f, a: a.sum(), _N * _F),
    Work("sum of rows", ((8192, 4096),), ((3, 17),), lambda lib, f, a: a.sum(1), _N * _F),
    Work("sum of columns", ((8192, 4096),), ((17, 3),), lambda lib, f, a: a.sum(0), _N * _F),
    Work("max of rows", ((8192, 4096),), ((3, 17),), lambda lib, f, a: a.amax(1), _N * _F),
    Work("argmax of rows", ((8192, 4096),), ((3, 17),), lambda lib, f, a: a.argmax(1).float(), _N * _F),
    Work("argmax of all", ((_N,),), ((37,),), lambda lib, f, a: a.argmax().float(), _N * _F),
    Work("cumsum of rows", ((8192, 4096),), ((3, 17),), lambda lib, f, a: a.cumsum(1), 2 * _N * _F),
    Work("cumsum of all", ((_N,),), ((37,),), lambda lib, f, a: a.cumsum(0), 3 * _N * _F, error=1e-4),
    Work("softmax", ((8192, 4096),), ((3, 17),), lambda lib, f, a: a.softmax(1), 2 * _N * _F),
    Work("log_softmax", ((8192, 4096),), ((3, 17),), lambda lib, f, a: a.log_softmax(1), 2 * _N * _F),
    *_norms(),
    *_losses(),
    Work("SGD step", ((_N,),) * 2, ((11,),) * 2, _step("SGD"), 5 * _N * _F),
    Work("Adam step", ((_N,),) * 2, ((11,),) * 2, _step("Adam"), 7 * _N * _F, error=1e-4),
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


def _inputs(work: Work, small: bool) -> list[Any]:
    random = np.random.default_rng()
    return [random.standard_normal(shape, np.float32) for shape in (work.small if small else work.shapes)]


def check(work: Work, small: bool) -> float:
    """The largest error beside float64 on the CPU, as a part of the largest number expected.

    Raises:
        AssertionError: it is too large, or the result has a nan.
    """
    arrays = _inputs(work, small)
    _OPTIMIZERS.clear()
    expected = work.compute(tg, F, *[tg.tensor(a.astype(np.float64)) for a in arrays]).detach().numpy()
    there = [tg.tensor(a).to("cuda") for a in arrays]
    first = work.compute(tg, F, *there).detach()
    first.fill_(math.nan)  # the next result of this size gets this memory
    del first
    _OPTIMIZERS.clear()
    found = work.compute(tg, F, *there).detach().cpu().numpy().astype(np.float64)
    _OPTIMIZERS.clear()
    assert found.shape == expected.shape, f"{work.name}: {found.shape} for {expected.shape}"
    assert np.isfinite(found).all(), f"{work.name}: the result has a nan or an infinity"
    error = float(np.abs(found - expected).max() / max(np.abs(expected).max(), 1e-30))
    assert error <= work.error, f"{work.name}: an error of {error:.1e}, allowed {work.error:.1e}"
    return error


def _seconds(call: Callable[[int], Any], event: Any, synchronize: Callable[[], None], budget: float = 0.3) -> float:
    """The median time of a call on the device; it is given a number that counts up."""
    for i in range(3):
        call(i)
    synchronize()
    times: list[float] = []
    stop = time.perf_counter() + budget
    while len(times) < 9 or (time.perf_counter() < stop and len(times) < 200):
        begin, end = event(enable_timing=True), event(enable_timing=True)
        begin.record()
        call(len(times))
        end.record()
        synchronize()
        times.append(begin.elapsed_time(end) / 1e3)
    return statistics.median(times)


def _timed(work: Work, torch: Any, cache: float) -> tuple[float, float]:
    """Seconds of ours and of PyTorch's."""
    arrays = _inputs(work, False)
    sets = min(8, 1 + math.ceil(2 * cache / sum(a.nbytes for a in arrays)))
    _OPTIMIZERS.clear()
    mine = [[tg.tensor(a).to("cuda") for a in arrays] for _ in range(sets)]
    ours = _seconds(lambda i: work.compute(tg, F, *mine[i % sets]), tg.cuda.Event, tg.cuda.synchronize)
    mine.clear()
    _OPTIMIZERS.clear()
    tg.cuda.empty_cache()
    theirs = [[torch.tensor(a, device="cuda") for a in arrays] for _ in range(sets)]
    f = torch.nn.functional
    other = _seconds(lambda i: work.compute(torch, f, *theirs[i % sets]), torch.cuda.Event, torch.cuda.synchronize)
    _OPTIMIZERS.clear()
    return ours, other


def _limits(torch: Any) -> tuple[float, float]:
    """The card's bandwidth, bytes read and written in a second of a copy; and the operations of cuBLAS's float32."""
    a, b = torch.empty(2, 1 << 28, device="cuda")
    x = torch.randn(8192, 8192, device="cuda")
    copy = _seconds(lambda i: b.copy_(a), torch.cuda.Event, torch.cuda.synchronize)
    product = _seconds(lambda i: x @ x, torch.cuda.Event, torch.cuda.synchronize)
    return 2 * 4 * 2.0**28 / copy, 2 * 8192.0**3 / product


def check_steps(small: bool) -> None:
    """The losses of three training steps of each network beside the CPU's. AssertionError where they differ."""
    for name in NETWORKS:
        losses = []
        for device in ("cpu", "cuda"):
            step = training_step(tg, name, device, small)
            losses.append([step().item() for _ in range(3)])
        assert np.allclose(*losses, rtol=1e-3), f"{name}: losses {losses[1]} for {losses[0]}"
        print(f"{name}, training steps: right", flush=True)


def measure_steps(torch: Any) -> None:
    """Print launches and microseconds of a training step, beside PyTorch's."""
    from tinygrad_edu.kernels.numba_cuda.runtime import launches

    print("\n| training step | launches | ours, µs | PyTorch, µs | ratio |\n|---|---|---|---|---|")
    for name, (_, _, batch) in NETWORKS.items():
        mine, theirs = (training_step(lib, name, "cuda") for lib in (tg, torch))
        ours = _seconds(lambda i, mine=mine: mine(), tg.cuda.Event, tg.cuda.synchronize)
        other = _seconds(lambda i, theirs=theirs: theirs(), torch.cuda.Event, torch.cuda.synchronize)
        before = launches.count
        mine()
        count = launches.count - before
        label = f"{name}, batch {batch}, Adam"
        print(f"| {label} | {count} | {ours * 1e6:.0f} | {other * 1e6:.0f} | {ours / other:.2f} |", flush=True)


def measure(works: list[Work]) -> None:
    """Print the table."""
    import torch

    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    properties = torch.cuda.get_device_properties(0)
    bandwidth, rate = _limits(torch)
    print(f"{properties.name}, PyTorch {torch.__version__}, {time.strftime('%Y-%m-%d')}")
    print(f"copy {bandwidth / 1e12:.2f} TB/s, cuBLAS float32 {rate / 1e12:.1f} TFLOP/s\n")
    print("| | ours, ms | PyTorch, ms | ratio | share of copy | share of float32 |\n|---|---|---|---|---|---|")
    for work in works:
        try:
            ours, other = _timed(work, torch, properties.L2_cache_size)
        except Exception as error:  # one that fails does not hide the others
            print(f"| {work.name} | {type(error).__name__} {str(error)[:200]!r} | | | | |", flush=True)
            continue
        of_copy = f"{work.traffic / ours / bandwidth:.0%}" if work.traffic else ""
        of_rate = f"{work.operations / ours / rate:.0%}" if work.operations else ""
        print(f"| {work.name} | {ours * 1e3:.3f} | {other * 1e3:.3f} | {ours / other:.2f} | {of_copy} | {of_rate} |",
              flush=True)  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Check and time the kernels of the GPU.")
    parser.add_argument("--check", action="store_true", help="check only")
    parser.add_argument("--small", action="store_true", help="check on small shapes")
    parser.add_argument("--only", default="", help="the works whose names begin so")
    parser.add_argument("--reads", choices=("vector", "scalar"), default="vector", help="how kernels read memory")
    options = parser.parse_args(arguments)
    if not tg.cuda.is_available():
        print("No GPU that can be used: `tinyedu doctor` says what is missing.", file=sys.stderr)
        return 2
    if simulated() and not (options.check and options.small):
        print("This is Numba's simulator: it has no time to measure. Use --check --small.", file=sys.stderr)
        return 2
    if options.reads == "scalar":
        from tinygrad_edu.kernels.numba_cuda import mapping, tiles

        tiles.scheme.run, mapping.widest = 1, 1
    works = [work for work in WORKS if work.name.startswith(options.only)]
    failed = 0
    for work in works:
        try:
            print(f"{work.name}: right, the largest error is {check(work, options.small):.1e}", flush=True)
        except Exception as error:
            failed += 1
            print(f"{work.name}: WRONG. {type(error).__name__}: {error}", flush=True)
    if not options.only or "training step".startswith(options.only):
        try:
            check_steps(options.small)
        except Exception as error:
            failed += 1
            print(f"training steps: WRONG. {type(error).__name__}: {error}", flush=True)
    if not options.check:
        measure(works)
        if not options.only or "training step".startswith(options.only):
            import torch

            measure_steps(torch)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
