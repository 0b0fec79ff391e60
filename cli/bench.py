"""`tinyedu bench`: how long kernels and training steps take here, on the CPU or on a GPU; and how many launches."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import click

from tinygrad_edu.cli.options import Whole, common_options
from tinygrad_edu.cli.problem import Problem

__all__ = ["NETWORKS", "Row", "command", "kernels", "measured", "training_step"]

# Layers of a network in the sizes given, the shape of one sample, and how many samples are in a batch.
NETWORKS: dict[str, tuple[Callable[..., list[Any]], tuple[int, ...], int]] = {
    "MLP 784-512-512-10": (
        lambda nn, a, b: [nn.Linear(a, b), nn.ReLU(), nn.Linear(b, b), nn.ReLU(), nn.Linear(b, 10)],
        (784, 512),
        64,
    ),
    "CNN 1-32-64": (
        lambda nn, size, a, b, c: [
            nn.Conv2d(1, a, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(a, b, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(b * (size // 4) ** 2, c), nn.ReLU(), nn.Linear(c, 10),
        ],
        (28, 32, 64, 128),
        512,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One line of the report."""

    name: str
    seconds: float
    """The median of a call."""
    launches: int | None = None
    """Kernels of a GPU that a call launches; None on the CPU."""


def training_step(lib: Any, name: str, device: str, small: bool = False, optimizer: str = "Adam") -> Callable[[], Any]:
    """One training step of a network of `NETWORKS`, with this library or with PyTorch.

    Args:
        small: the same layers with few units and samples, for the simulator.
    """
    layers, sizes, batch = NETWORKS[name]
    if small:
        sizes, batch = tuple([8 if size == 28 else 2 + i for i, size in enumerate(sizes)]), 3
    lib.manual_seed(0)
    model = lib.nn.Sequential(*layers(lib.nn, *sizes)).to(device)
    shape = (batch, 1, sizes[0], sizes[0]) if name.startswith("CNN") else (batch, sizes[0])
    x, target = lib.randn(*shape).to(device), (lib.arange(batch) % 10).to(device)
    steps = getattr(lib.optim, optimizer)(model.parameters(), lr=1e-3)

    def step() -> Any:
        steps.zero_grad()
        loss = lib.nn.functional.cross_entropy(model(x), target)
        loss.backward()
        steps.step()
        return loss

    return step


def kernels(lib: Any, device: str) -> dict[str, Callable[[], Any]]:
    """Kernels by name, each ready to be called."""
    f = lib.nn.functional
    a, b = (lib.randn(1024, 1024).to(device) for _ in "ab")
    x, w = lib.randn(64, 32, 14, 14).to(device), lib.randn(64, 32, 3, 3).to(device)
    q = lib.randn(4, 8, 256, 64).to(device)
    return {
        "add 1024x1024": lambda: a + b,
        "sum of rows 1024x1024": lambda: a.sum(1),
        "softmax 1024x1024": lambda: a.softmax(1),
        "matmul 1024": lambda: a @ b,
        "conv2d 64x32x14x14 to 64": lambda: f.conv2d(x, w, padding=1),
        "attention 4x8x256x64": lambda: f.scaled_dot_product_attention(q, q, q),
    }


def measured(call: Callable[[], Any], synchronize: Callable[[], None], repeat: int) -> float:
    """The median time of a call, in seconds, after three that do not count."""
    for _ in range(3):
        call()
    synchronize()
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        call()
        synchronize()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def _rows(device: str, repeat: int) -> list[Row]:
    import tinygrad_edu as lib
    import tinygrad_edu.nn
    import tinygrad_edu.optim  # noqa: F401 - both are used by name

    work = kernels(lib, device)
    work |= {f"{name}, batch {NETWORKS[name][2]}, Adam step": training_step(lib, name, device) for name in NETWORKS}
    if device == "cpu":
        return [Row(name, measured(call, lambda: None, repeat)) for name, call in work.items()]
    from tinygrad_edu.kernels.numba_cuda.runtime import launches

    found = []
    for name, call in work.items():
        seconds, before = measured(call, lib.cuda.synchronize, repeat), launches.count
        call()
        found.append(Row(name, seconds, launches.count - before))
    return found


def _check_gpu() -> str:
    """The GPU's name. Raises Problem where none can be timed."""
    from tinygrad_edu.kernels import devices
    from tinygrad_edu.kernels.presence import simulated

    if not devices.available():
        raise Problem(
            f"--device cuda: no GPU can be used: {devices.why_not()}", "`tinyedu doctor` says what is missing", 3
        )
    if simulated():
        raise Problem(
            "--device cuda: this is Numba's simulator, whose times say nothing",
            "unset NUMBA_ENABLE_CUDASIM where there is a GPU",
            3,
        )
    import tinygrad_edu as lib

    return str(lib.cuda.get_device_name())


@click.command("bench")
@click.option("--device", default="cpu", show_default=True, type=click.Choice(["cpu", "cuda"]), help="Where it runs.")
@click.option("--repeat", default=20, show_default=True, type=Whole(1, 10000), help="Calls that are timed.")
@common_options
def command(device: str, repeat: int, as_json: bool) -> None:
    """Time kernels and training steps on this machine.

    A checkout has more: `python -m benchmarks.gpu` checks every kernel of a GPU and times it beside PyTorch.
    """
    place = _check_gpu() if device == "cuda" else "cpu"
    rows = _rows(device, repeat)
    if as_json:
        result = {"schema": "tinyedu.bench/1", "device": place, "repeat": repeat, "rows": [asdict(row) for row in rows]}
        click.echo(json.dumps(result, allow_nan=False, indent=2))
        return
    click.echo(f"on {place}, the median of {repeat} calls\n")
    for row in rows:
        more = "" if row.launches is None else f"  {row.launches:>4} launches"
        click.echo(f"{row.name:<42} {row.seconds * 1e6:>12,.0f} µs{more}")
