"""The families of `benchmarks.growth`: each kind of work of the CPU table, at several sizes n."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.workloads import (
    batched,
    cnn,
    leaf,
    loader,
    lstm,
    mlp,
    small_mlp,
    there_and_back,
    tiny,
    transformer,
)  # fmt: skip

__all__ = ["BYTES", "FAMILIES", "FLOPS", "Family"]

Step = Callable[[], object]
FLOPS, BYTES = "best arithmetic, GFLOP/s", "copying, GB/s"


@dataclass(frozen=True)
class Family:
    """An operation at several sizes n, and the arithmetic (or the memory traffic) that one step cannot avoid."""

    name: str
    build: Callable[[Any, int], Step]
    sizes: tuple[int, ...]
    work: Callable[[int], float] | None = None  # none for steps that are of many kinds
    unit: str = ""
    operations: int = 1  # the step's time is divided by this
    workers: tuple[str, ...] = ("torch", "numpy", "numba")


def _matmul(lib: Any, n: int) -> Step:
    a, b = lib.randn(n, n), lib.randn(n, n)
    return lambda: a @ b


def _convolution(lib: Any, n: int) -> Step:
    x, w = leaf(lib, n, 32, 14, 14), leaf(lib, 64, 32, 3, 3)
    convolve = lib.nn.functional.conv2d
    return there_and_back(lambda x, w: convolve(x, w, padding=1), x, w, seed=lib.ones(n, 64, 14, 14))


def _sum(lib: Any, n: int) -> Step:
    x = lib.randn(n, 1024)
    return lambda: x.sum(1)


def _own(lib: Any, n: int) -> Step:
    a, b = lib.randn(n, n), lib.randn(n, n)
    if lib.__name__ == "torch":
        return lambda: a @ b
    chosen = lib.use_matmul("tile")

    def step() -> object:
        with chosen:
            return a @ b

    return step


def _conv1d(lib: Any, n: int) -> Step:
    x, w, convolve = leaf(lib, 64, 16, n), leaf(lib, 32, 16, 5), lib.nn.functional.conv1d
    return there_and_back(lambda x, w: convolve(x, w, padding=2), x, w, seed=lib.ones(64, 32, n))


def _layer_norm(lib: Any, n: int) -> Step:
    x, w, b, norm = leaf(lib, n, 512), leaf(lib, 512), leaf(lib, 512), lib.nn.functional.layer_norm
    return there_and_back(lambda x, w, b: norm(x, (512,), w, b), x, w, b, seed=lib.randn(n, 512))


def _gelu(lib: Any, n: int) -> Step:
    return there_and_back(lib.nn.functional.gelu, leaf(lib, n), seed=lib.ones(n))


def _softmax(lib: Any, n: int) -> Step:
    return there_and_back(lambda x: lib.nn.functional.softmax(x, dim=-1), leaf(lib, n, 512), seed=lib.randn(n, 512))


def _chain(lib: Any, n: int) -> Step:
    x, y = lib.randn(n), lib.randn(n)
    return lambda: (x * y + x).relu()


def _optimizer(lib: Any, name: str, n: int, **options: Any) -> Step:
    weight = lib.nn.Parameter(lib.randn(n))
    weight.grad = lib.randn(n)
    fused = {"fused": True} if lib.__name__ == "torch" else {}
    step: Step = getattr(lib.optim, name)([weight], lr=1e-4, **fused, **options).step
    return step


TENS = tuple(10**k for k in range(1, 7))
FAMILIES = [
    Family("matmul n x n", _matmul, (8, 16, 32, 64, 128, 256, 512, 1024, 2048), lambda n: 2.0 * n**3, FLOPS),
    Family("conv2d nx32x14x14 to 64, k3 p1, with backward", _convolution, (1, 4, 16, 64),
           lambda n: 3 * 2.0 * n * 64 * 32 * 9 * 14 * 14, FLOPS),
    Family("sum of (n, 1024) along 1", _sum, (1, 8, 64, 512, 4096), lambda n: 4.0 * n * 1024, BYTES),
    Family("softmax of (n, 512), with backward", _softmax, (1, 8, 64, 512, 4096), lambda n: 4.0 * 5 * n * 512, BYTES),
    Family("relu(x * y + x) of n", _chain, TENS, lambda n: 4.0 * 8 * n, BYTES),
    Family("Adam step, n parameters", lambda lib, n: _optimizer(lib, "Adam", n), TENS, lambda n: 4.0 * 7 * n, BYTES),
    Family("SGD-momentum step, n parameters", lambda lib, n: _optimizer(lib, "SGD", n, momentum=0.9), TENS,
           lambda n: 4.0 * 5 * n, BYTES),
    Family("own product 'tile' n x n", _own, (64, 128, 256, 512, 1024), lambda n: 2.0 * n**3, FLOPS,
           workers=("torch", "numba")),
    Family("batched matmul n x 8 x 64 x 64", batched, (1, 4, 16, 64), lambda n: 2.0 * n * 8 * 64**3, FLOPS),
    Family("conv1d 64x16xn to 32, k5, with backward", _conv1d, (16, 64, 256, 1024),
           lambda n: 3 * 2.0 * 64 * 32 * 16 * 5 * n, FLOPS),
    Family("layer norm of (n, 512), with backward", _layer_norm, (1, 8, 64, 512, 4096),
           lambda n: 4.0 * 5 * n * 512, BYTES),
    Family("gelu of n, with backward", _gelu, TENS, lambda n: 4.0 * 5 * n, BYTES),
    Family("tiny tensors, an operation, n elements", tiny, (1, 4, 16, 64, 256, 1024), operations=41),
    Family("MLP 2-16-16-2, Adam step, batch n", small_mlp, (10, 100, 1000, 10000)),
    Family("MLP 784-n-n-10, Adam step, batch 64", mlp, (16, 64, 256, 1024)),
    Family("the slides' CNN, Adam step, batch n", cnn, (1, 4, 16, 64)),
    Family("LSTM(28,128), Adam step, n steps", lstm, (1, 7, 28, 112)),
    Family("2-layer transformer, Adam step, n tokens", transformer, (4, 16, 64, 256)),
    Family("DataLoader epoch, n samples", loader, (64, 640, 6400)),
]  # fmt: skip
