"""What the CPU table measures: training steps, layers, reductions and optimizers, written once for both libraries.

A workload is a function that is given the library (`torch` or `tinygrad_edu`: they have the same names) and returns
one step without arguments. Inputs are float32 and drawn with the library's own seed: only their shapes matter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = [
    "WORKLOADS", "Workload", "batched", "cnn", "leaf", "loader", "lstm", "mlp", "small_mlp", "there_and_back",
    "tiny", "transformer",
]  # fmt: skip

Step = Callable[[], object]


@dataclass(frozen=True)
class Workload:
    """One row of the table: how to build its step, and the ratios to PyTorch that the project reaches for."""

    name: str
    build: Callable[[Any], Step]
    reach: float | None = None
    stretch: float | None = None
    threads: int = 1
    operations: int = 1  # the step's time is divided by this
    workers: tuple[str, ...] = ("torch", "numpy", "numba")  # who can run it at all


WORKLOADS: dict[str, Workload] = {}


def row(
    name: str, reach: float | None = None, stretch: float | None = None, *, threads: int = 1, operations: int = 1,
    workers: tuple[str, ...] = Workload.workers,
) -> Callable[[Callable[[Any], Step]], Callable[[Any], Step]]:  # fmt: skip
    """Decorator: the function below it builds the step of this row."""

    def add(build: Callable[[Any], Step]) -> Callable[[Any], Step]:
        WORKLOADS[name] = Workload(name, build, reach, stretch, threads, operations, workers)
        return build

    return add


def there_and_back(function: Callable[..., Any], *leaves: Any, seed: Any = None) -> Step:
    """Forward, then backward with a gradient that was made beforehand (a `sum` would be measured along with it)."""

    def step() -> object:
        for leaf in leaves:
            leaf.grad = None
        out = function(*leaves)
        out.backward(seed)
        return out

    return step


def leaf(lib: Any, *shape: int) -> Any:
    """A leaf of random numbers that wants a gradient."""
    return lib.randn(*shape, requires_grad=True)


def training(lib: Any, model: Any, loss: Callable[[Any], Any], optimizer: str = "Adam", **options: Any) -> Step:
    """A step as every lecture writes it: gradients to none, loss, backward, update."""
    walker = getattr(lib.optim, optimizer)(model.parameters(), **options)

    def step() -> object:
        walker.zero_grad()
        value = loss(model)
        value.backward()
        walker.step()
        return value

    return step


# --- tiny tensors -----------------------------------------------------------------------------------------------------

for _size in (4, 16):

    @row(f"tiny tensors, {_size} elements, an operation", 0.75, 0.55, operations=41)
    def tiny(lib: Any, size: int = _size) -> Step:
        x, w, b = (lib.full((size,), fill, requires_grad=True) for fill in (1.0, 0.9, 0.1))

        def step() -> object:
            x.grad = w.grad = b.grad = None
            y = x
            for _ in range(20):
                y = y * w + b
            y.sum().backward()
            return w.grad

        return step


# --- training steps ---------------------------------------------------------------------------------------------------


@row("MLP 2-16-16-2, batch 100, Adam step", 0.6, 0.4)
def small_mlp(lib: Any, batch: int = 100) -> Step:
    nn = lib.nn
    model = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 2))
    x, y = lib.randn(batch, 2), lib.randint(0, 2, (batch,))
    return training(lib, model, lambda m: nn.functional.cross_entropy(m(x), y), lr=0.01)


@row("MLP 784-512-512-10, batch 64, Adam step", 1.0, 0.8)
def mlp(lib: Any, width: int = 512) -> Step:
    nn = lib.nn
    model = nn.Sequential(nn.Linear(784, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 10))
    x, y = lib.randn(64, 784), lib.randint(0, 10, (64,))
    return training(lib, model, lambda m: nn.functional.cross_entropy(m(x), y))


@row("the slides' CNN 1-32-64, 28x28, batch 64, Adam step", 1.4, 1.1)
def cnn(lib: Any, batch: int = 64) -> Step:
    nn = lib.nn
    model = nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(64 * 7 * 7, 128), nn.ReLU(), nn.Linear(128, 10),
    )  # fmt: skip
    x, y = lib.randn(batch, 1, 28, 28), lib.randint(0, 10, (batch,))
    return training(lib, model, lambda m: nn.functional.cross_entropy(m(x), y))


@row("LSTM(28,128), 28 steps, batch 64, Adam step", 1.5, 1.1)
def lstm(lib: Any, steps: int = 28) -> Step:
    nn = lib.nn

    class Reader(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.lstm = nn.LSTM(28, 128, batch_first=True)
            self.head = nn.Linear(128, 10)

        def forward(self, x: Any) -> Any:
            return self.head(self.lstm(x)[0][:, -1])

    x, y = lib.randn(64, steps, 28), lib.randint(0, 10, (64,))
    return training(lib, Reader(), lambda m: nn.functional.cross_entropy(m(x), y))


@row("2-layer transformer, width 128, 64 tokens, batch 16, Adam step", 1.5, 1.2)
def transformer(lib: Any, tokens: int = 64) -> Step:
    nn = lib.nn
    block = nn.TransformerEncoderLayer(128, 4, 512, dropout=0.0, batch_first=True, norm_first=True)
    model = nn.Sequential(
        nn.Embedding(65, 128), nn.TransformerEncoder(block, 2, enable_nested_tensor=False), nn.Linear(128, 65)
    )
    x, y = lib.randint(0, 65, (16, tokens)), lib.randint(0, 65, (16 * tokens,))
    return training(lib, model, lambda m: nn.functional.cross_entropy(m(x).reshape(-1, 65), y))


# --- convolutions -----------------------------------------------------------------------------------------------------

_Options = dict[str, int]
_CONVOLUTIONS: list[tuple[str, tuple[int, ...], tuple[int, ...], _Options, float | None, float | None]] = [
    ("conv2d 64x32x14x14 to 64, k3 p1", (64, 32, 14, 14), (64, 32, 3, 3), {}, 1.45, 1.25),
    ("conv2d 16x64x56x56 to 64, k3 p1", (16, 64, 56, 56), (64, 64, 3, 3), {}, 1.45, 1.25),
    ("conv2d 64x32x14x14 to 64, k3 p1, stride 2", (64, 32, 14, 14), (64, 32, 3, 3), {"stride": 2}, 2.0, 1.5),
    ("conv2d 64x32x14x14 to 64, k3 p1, groups 4", (64, 32, 14, 14), (64, 8, 3, 3), {"groups": 4}, 1.3, 1.1),
    ("conv2d 64x32x14x14 to 64, k3 p2, dilation 2", (64, 32, 14, 14), (64, 32, 3, 3), {"dilation": 2, "padding": 2}, 1.7, 1.4),  # noqa: E501
    ("conv1d 64x16x256 to 32, k5", (64, 16, 256), (32, 16, 5), {"padding": 2}, 1.2, 1.0),
    ("conv3d 8x16x8x16x16 to 32, k3 p1", (8, 16, 8, 16, 16), (32, 16, 3, 3, 3), {}, None, None),
    ("conv3d 8x16x8x16x16 to 32, k3 p1, stride 2", (8, 16, 8, 16, 16), (32, 16, 3, 3, 3), {"stride": 2}, None, None),
]  # fmt: skip

for _name, _x, _w, _options, _reach, _stretch in _CONVOLUTIONS:

    @row(_name, _reach, _stretch)
    def _convolution(
        lib: Any, shape: tuple[int, ...] = _x, kernel: tuple[int, ...] = _w, options: _Options = _options
    ) -> Step:
        convolve = getattr(lib.nn.functional, f"conv{len(shape) - 2}d")
        x, w, b = leaf(lib, *shape), leaf(lib, *kernel), leaf(lib, kernel[0])
        settings = {"padding": 1, **options}
        seed = lib.ones_like(convolve(x, w, b, **settings))
        return there_and_back(lambda x, w, b: convolve(x, w, b, **settings), x, w, b, seed=seed)


# --- matrix products --------------------------------------------------------------------------------------------------

for _n in (256, 512, 1024, 2048):

    @row(f"matmul {_n}x{_n}", 1.1, 1.05)
    def _matmul(lib: Any, n: int = _n) -> Step:
        a, b = leaf(lib, n, n), leaf(lib, n, n)
        return there_and_back(lambda a, b: a @ b, a, b, seed=lib.ones(n, n))


for _kind, _reach, _stretch in (("plain", 3.5, 2.5), ("tile", 1.35, 1.15)):
    for _n in (256, 512, 1024, 2048):

        @row(f"own product {_kind!r} {_n}x{_n}, forward", _reach, _stretch, workers=("torch", "numba"))
        def _own(lib: Any, n: int = _n, kind: str = _kind) -> Step:
            a, b = lib.randn(n, n), lib.randn(n, n)
            if lib.__name__ == "torch":
                return lambda: a @ b
            chosen = lib.use_matmul(kind)

            def step() -> object:
                with chosen:
                    return a @ b

            return step


@row("batched matmul 32x8x64x64, 2 threads, forward", 1.0, 0.9, threads=2)
def batched(lib: Any, batch: int = 32) -> Step:
    a, b = lib.randn(batch, 8, 64, 64), lib.randn(batch, 8, 64, 64)
    return lambda: a @ b


# --- reductions, softmax, norms, activations --------------------------------------------------------------------------


def _reduction(name: str, dim: int, reach: float | None = None, stretch: float | None = None) -> None:
    @row(f"{name} of (1024, 1024) along {dim}", reach, stretch)
    def build(lib: Any) -> Step:
        x = leaf(lib, 1024, 1024)

        def call(x: Any) -> Any:
            out = getattr(x, name)(dim)
            return out.values if name == "max" else out

        return there_and_back(call, x, seed=lib.ones(1024))


for _name in ("sum", "mean", "var", "logsumexp"):
    for _dim in (0, 1):
        _reduction(_name, _dim, 1.05, 0.9)
_reduction("max", 1, 1.45, 1.2)
_reduction("max", 0)


def _scattered(name: str) -> None:
    @row(f"{name} of (64, 32, 28, 28) along 0, 2, 3")
    def build(lib: Any) -> Step:
        return there_and_back(lambda x: getattr(x, name)((0, 2, 3)), leaf(lib, 64, 32, 28, 28), seed=lib.ones(32))


for _name in ("sum", "var", "logsumexp", "amax"):
    _scattered(_name)

for _name in ("softmax", "log_softmax"):

    @row(f"{_name} of (1024, 512)", 1.4, 1.1)
    def _soft(lib: Any, name: str = _name) -> Step:
        function = getattr(lib.nn.functional, name)
        return there_and_back(lambda x: function(x, dim=-1), leaf(lib, 1024, 512), seed=lib.randn(1024, 512))


for _name, _heads, _causal in (
    ("attention of 16 x 4 x 64 x 32", (16, 4, 64, 32), False),
    ("attention of 1 x 4 x 1024 x 64", (1, 4, 1024, 64), False),
    ("attention of 4 x 6 x 256 x 64, causal", (4, 6, 256, 64), True),
):

    @row(_name)
    def _attention(lib: Any, shape: tuple[int, ...] = _heads, causal: bool = _causal) -> Step:
        attend = lib.nn.functional.scaled_dot_product_attention
        q, k, v = (leaf(lib, *shape) for _ in range(3))
        return there_and_back(lambda q, k, v: attend(q, k, v, is_causal=causal), q, k, v, seed=lib.randn(*shape))


@row("layer norm of (1024, 512)", 1.4, 1.1)
def _layer_norm(lib: Any) -> Step:
    x, w, b = leaf(lib, 1024, 512), leaf(lib, 512), leaf(lib, 512)
    norm = lib.nn.functional.layer_norm
    return there_and_back(lambda x, w, b: norm(x, (512,), w, b), x, w, b, seed=lib.randn(1024, 512))


def _norm(name: str, shape: tuple[int, ...], call: Callable[..., Any]) -> None:
    @row(name)
    def build(lib: Any) -> Step:
        x, w, b = leaf(lib, *shape), leaf(lib, shape[1]), leaf(lib, shape[1])
        return there_and_back(lambda x, w, b: call(lib.nn.functional, x, w, b), x, w, b, seed=lib.randn(*shape))


_norm("batch norm of (1024, 512)", (1024, 512), lambda F, x, w, b: F.batch_norm(x, None, None, w, b, True))
_norm("batch norm of (32, 64, 28, 28)", (32, 64, 28, 28), lambda F, x, w, b: F.batch_norm(x, None, None, w, b, True))
_norm("group norm, 8 groups, of (32, 64, 28, 28)", (32, 64, 28, 28), lambda F, x, w, b: F.group_norm(x, 8, w, b))


@row("RMS norm of (1024, 512)")
def _rms_norm(lib: Any) -> Step:
    norm = lib.nn.functional.rms_norm
    return there_and_back(
        lambda x, w: norm(x, (512,), w, 1e-5), leaf(lib, 1024, 512), leaf(lib, 512), seed=lib.randn(1024, 512)
    )


for _name, _shape, _smoothing in (
    ("cross-entropy of (512, 1000)", (512, 1000), 0.0),
    ("cross-entropy of (512, 1000), labels smoothed", (512, 1000), 0.1),
    ("cross-entropy of (8, 20, 64, 64)", (8, 20, 64, 64), 0.0),
):

    @row(_name)
    def _cross_entropy(lib: Any, shape: tuple[int, ...] = _shape, smoothing: float = _smoothing) -> Step:
        target, loss = lib.randint(0, shape[1], (shape[0], *shape[2:])), lib.nn.functional.cross_entropy
        return there_and_back(lambda x: loss(x, target, label_smoothing=smoothing), leaf(lib, *shape))


@row("dropout of 10^6")
def _dropout(lib: Any) -> Step:
    dropout = lib.nn.functional.dropout
    return there_and_back(lambda x: dropout(x, 0.3), leaf(lib, 1000000), seed=lib.ones(1000000))


@row("embedding (10000, 128) of 64 x 128 indices")
def _embedding(lib: Any) -> Step:
    indices, embedding = lib.randint(0, 10000, (64, 128)), lib.nn.functional.embedding
    return there_and_back(lambda w: embedding(indices, w), leaf(lib, 10000, 128), seed=lib.randn(64, 128, 128))


for _name in ("gelu", "silu"):

    @row(f"{_name} of 10^6", 0.8, 0.5)
    def _activation(lib: Any, name: str = _name) -> Step:
        return there_and_back(getattr(lib.nn.functional, name), leaf(lib, 1000000), seed=lib.ones(1000000))


# --- optimizers and data ----------------------------------------------------------------------------------------------


def _optimizer(lib: Any, name: str, **options: Any) -> Step:
    """The step alone, over 10^6 parameters in 8 tensors; PyTorch's fastest variant is its fused one."""
    weights = [lib.nn.Parameter(lib.randn(250, 500)) for _ in range(8)]
    for weight in weights:
        weight.grad = lib.randn(250, 500)
    fused = {"fused": True} if lib.__name__ == "torch" and name in ("Adam", "SGD") else {}  # others have none
    step: Step = getattr(lib.optim, name)(weights, lr=1e-4, **fused, **options).step
    return step


@row("Adam step, 10^6 parameters, against fused", 0.95, 0.8)
def _adam(lib: Any) -> Step:
    return _optimizer(lib, "Adam")


@row("SGD-momentum step, 10^6 parameters, against fused", 0.95, 0.8)
def _sgd(lib: Any) -> Step:
    return _optimizer(lib, "SGD", momentum=0.9)


@row("RMSprop step, 10^6 parameters")
def _rmsprop(lib: Any) -> Step:
    return _optimizer(lib, "RMSprop")


@row("DataLoader epoch, TensorDataset 4000x784, batch 64", 0.6, 0.4)
def loader(lib: Any, samples: int = 4000) -> Step:
    from importlib import import_module

    data = import_module(f"{lib.__name__}.utils.data")
    loader = data.DataLoader(
        data.TensorDataset(lib.randn(samples, 784), lib.randint(0, 10, (samples,))), batch_size=64, shuffle=True
    )

    def step() -> object:
        return sum(len(x) for x, _ in loader)

    return step
