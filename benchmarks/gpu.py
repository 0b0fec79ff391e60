"""The kernels of the GPU: are they right, and how long do they take beside PyTorch's on the same card?

    python -m benchmarks.gpu                   check and time all
    python -m benchmarks.gpu --check --small   check only, on small shapes (this runs in Numba's simulator too)
    python -m benchmarks.gpu --only matmul     those whose name begins so
    python -m benchmarks.gpu --minutes 8       begin no row after 8 minutes; the most important ones come first
    python -m benchmarks.gpu --json FILE       write the figures there as well, after every row
    python -m benchmarks.gpu --save            write them to benchmarks/results and docs/gpu.md
    python -m benchmarks.gpu --reads scalar    elementwise kernels read one element at a time, not four

Checked: against float64 on the CPU, with fresh random inputs; the memory of the result is filled with nan first, and
a nan in the result never passes. Timed: with the device's events, warm, the median of several rounds; a round is as
many calls in a row as take 20 ms (at most 50, and as many for PyTorch), so that the device has work while Python
prepares the next call. Calls go round several sets of inputs that together are larger than the card's L2; TF32 is off.
"Host" is how long a call takes to return: where that is the longer one, Python is what is measured. The shares are of
the bandwidth of a copy and of cuBLAS's float32 rate, both measured here first.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import tinygrad_edu as tg
import tinygrad_edu.nn.functional as F
from benchmarks.gpu_works import OPTIMIZERS, WORKS, Work
from tinygrad_edu.cli.bench import NETWORKS, training_step
from tinygrad_edu.kernels.presence import simulated

ROUND, MOST = 0.02, 50  # seconds and calls of a round
FIRST = 8  # works before the training steps


class Took(NamedTuple):
    """Seconds of a call: on the device, and until it returns; and how many were put in a row."""

    device: float
    host: float
    calls: int


def _inputs(shapes: tuple[tuple[int, ...], ...]) -> list[Any]:
    random = np.random.default_rng()
    return [random.standard_normal(shape, np.float32) for shape in shapes]


def check(work: Work, small: bool) -> float:
    """The largest error beside float64 on the CPU, as a part of the largest number expected.

    Raises:
        AssertionError: it is too large, or the result has a nan.
    """
    arrays = _inputs(work.small if small else work.checked)
    OPTIMIZERS.clear()
    expected = work.compute(tg, F, *[tg.tensor(a.astype(np.float64)) for a in arrays]).detach().numpy()
    there = [tg.tensor(a).to("cuda") for a in arrays]
    first = work.compute(tg, F, *there).detach()
    first.fill_(math.nan)  # the next result of this size gets this memory
    del first
    OPTIMIZERS.clear()
    found = work.compute(tg, F, *there).detach().cpu().numpy().astype(np.float64)
    OPTIMIZERS.clear()
    assert found.shape == expected.shape, f"{work.name}: {found.shape} for {expected.shape}"
    assert np.isfinite(found).all(), f"{work.name}: the result has a nan or an infinity"
    error = float(np.abs(found - expected).max() / max(np.abs(expected).max(), 1e-30))
    assert error <= work.error, f"{work.name}: an error of {error:.1e}, allowed {work.error:.1e}"
    return error


def timed(call: Callable[[int], Any], cuda: Any, calls: int = 0, budget: float = 0.3) -> Took:
    """The median time of a call, which is given a number that counts up.

    Args:
        cuda: the library's module, with events.
        calls: how many in a row; 0: as many as take `ROUND`, at most `MOST`.
        budget: seconds for all rounds; there are five at least.
    """
    for i in range(3):
        call(i)
    cuda.synchronize()
    if not calls:
        start = time.perf_counter()
        call(0)
        cuda.synchronize()
        calls = max(1, min(MOST, math.ceil(ROUND / (time.perf_counter() - start))))
    device, host = [], []
    stop = time.perf_counter() + budget
    while len(device) < 5 or (time.perf_counter() < stop and len(device) < 50):
        begin, end = cuda.Event(enable_timing=True), cuda.Event(enable_timing=True)
        begin.record()
        start = time.perf_counter()
        for i in range(calls):
            call(i)
        host.append((time.perf_counter() - start) / calls)
        end.record()
        cuda.synchronize()
        device.append(begin.elapsed_time(end) / 1e3 / calls)
    return Took(statistics.median(device), statistics.median(host), calls)


def beside(work: Work, torch: Any, cache: float) -> tuple[Took, Took]:
    """What ours and PyTorch's take. Inputs are drawn on the device."""
    sets = min(8, 1 + math.ceil(2 * cache / sum(4 * math.prod(shape) for shape in work.shapes)))
    found: list[Took] = []
    for lib, f in ((tg, F), (torch, torch.nn.functional)):
        OPTIMIZERS.clear()
        inputs = [[lib.randn(*shape, device="cuda") for shape in work.shapes] for _ in range(sets)]

        def call(i: int, lib: Any = lib, f: Any = f, inputs: Any = inputs) -> Any:
            return work.compute(lib, f, *inputs[i % sets])

        found.append(timed(call, lib.cuda, found[0].calls if found else 0))
        inputs.clear()
        OPTIMIZERS.clear()
        lib.cuda.empty_cache()
    return found[0], found[1]


def limits(torch: Any) -> tuple[float, float]:
    """The card's bandwidth, bytes read and written in a second of a copy; and the operations of cuBLAS's float32."""
    a, b = torch.empty(2, 1 << 28, device="cuda")
    x = torch.randn(8192, 8192, device="cuda")
    copy = timed(lambda i: b.copy_(a), torch.cuda).device
    product = timed(lambda i: x @ x, torch.cuda).device
    return 2 * 4 * 2.0**28 / copy, 2 * 8192.0**3 / product


def check_step(name: str, small: bool) -> None:
    """The losses of three training steps of a network beside the CPU's. AssertionError where they differ."""
    losses = []
    for device in ("cpu", "cuda"):
        step = training_step(tg, name, device, small)
        losses.append([step().item() for _ in range(3)])
    assert np.allclose(*losses, rtol=1e-3), f"{name}: losses {losses[1]} for {losses[0]}"


def measured_step(name: str, torch: Any) -> tuple[Took, Took, int]:
    """What a training step takes, ours and PyTorch's, and how many kernels ours launches."""
    from tinygrad_edu.kernels.numba_cuda.runtime import launches

    mine, theirs = (training_step(lib, name, "cuda") for lib in (tg, torch))
    ours = timed(lambda i: mine(), tg.cuda)
    other = timed(lambda i: theirs(), torch.cuda, ours.calls)
    before = launches.count
    mine()
    return ours, other, launches.count - before


class Report:
    """The figures so far; a file has them after every row, so that what is stopped has not run for nothing."""

    def __init__(self, torch: Any, path: Path | None) -> None:
        properties = torch.cuda.get_device_properties(0)
        self.cache, self.path = properties.L2_cache_size, path
        self.bandwidth, self.rate = limits(torch)
        self.document: dict[str, Any] = {
            "title": "GPU beside PyTorch",
            "machine": {
                "date": time.strftime("%Y-%m-%d"), "card": properties.name, "torch": torch.__version__,
                "copy TB/s": self.bandwidth / 1e12, "float32 TFLOP/s": self.rate / 1e12,
            },
            "results": {},
        }  # fmt: skip
        print(json.dumps(self.document["machine"]))

    def add(self, name: str, ours: Took, other: Took, **more: float) -> None:
        """A row: milliseconds, and shares of what the card can do."""
        row = {"ours": ours.device * 1e3, "torch": other.device * 1e3, "host": ours.host * 1e6,
               "torch host": other.host * 1e6, **more}  # fmt: skip
        self.document["results"][name] = row
        print(f"{name}: {json.dumps({key: float(f'{value:.3g}') for key, value in row.items()})}, "
              f"{ours.device / other.device:.2f} times PyTorch's", flush=True)  # fmt: skip
        if self.path is not None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.write_text(json.dumps(self.document, indent=1) + "\n", encoding="utf-8")


def one(work: Work, torch: Any, report: Report) -> None:
    """Time a work."""
    ours, other = beside(work, torch, report.cache)
    more = {"share of copy": work.traffic / ours.device / report.bandwidth} if work.traffic else {}
    if work.operations:
        more["share of float32"] = work.operations / ours.device / report.rate
    report.add(work.name, ours, other, **more)


def run(options: argparse.Namespace, torch: Any, report: Report | None) -> int:
    """Check, and time where there is a report. Gives how many rows failed."""
    rows: list[tuple[str, Any]] = [(work.name, work) for work in WORKS if work.name.startswith(options.only)]
    steps = [(f"training step, {name}, batch {NETWORKS[name][2]}, Adam", name) for name in reversed(NETWORKS)]
    rows[FIRST:FIRST] = [step for step in steps if step[0].startswith(options.only)]
    stop, failed, left = time.monotonic() + 60 * options.minutes, 0, []
    for name, work in rows:
        if time.monotonic() > stop:
            left.append(name)
            continue
        try:
            if isinstance(work, Work):
                print(f"{name}: right, the largest error is {check(work, options.small):.1e}", flush=True)
                if report is not None:
                    one(work, torch, report)
            else:
                check_step(work, options.small)
                print(f"{name}: right", flush=True)
                if report is not None:
                    ours, other, count = measured_step(work, torch)
                    report.add(name, ours, other, launches=count)
        except Exception as error:  # one that fails does not hide the others
            failed += 1
            print(f"{name}: WRONG. {type(error).__name__}: {str(error)[:500]}", flush=True)
    if left:
        print(f"Not run, after {options.minutes} minutes: {', '.join(left)}")
    return failed


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Check and time the kernels of the GPU.")
    parser.add_argument("--check", action="store_true", help="check only")
    parser.add_argument("--small", action="store_true", help="check on small shapes")
    parser.add_argument("--only", default="", help="the rows whose names begin so")
    parser.add_argument("--minutes", type=float, default=math.inf, help="begin no row after so many")
    parser.add_argument("--json", type=Path, help="a file for the figures")
    parser.add_argument("--save", action="store_true", help="to benchmarks/results and docs/gpu.md")
    parser.add_argument("--reads", choices=("vector", "scalar"), default="vector", help="how kernels read memory")
    options = parser.parse_args(arguments)
    if not tg.cuda.is_available():
        print("No GPU that can be used: `tinyedu doctor` says what is missing.", file=sys.stderr)
        return 2
    if simulated() and not (options.check and options.small):
        print("This is Numba's simulator: it has no time to measure. Use --check --small.", file=sys.stderr)
        return 2
    if options.reads == "scalar":
        from tinygrad_edu.kernels.numba_cuda import mapping

        mapping.widest = 1
    torch = report = None
    if not options.check:
        import torch  # type: ignore[no-redef]

        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False  # type: ignore[attr-defined]
        from benchmarks.harness import RESULTS

        report = Report(torch, RESULTS / "gpu.json" if options.save else options.json)
    failed = run(options, torch, report)
    if options.save and report is not None:
        from benchmarks.page import write

        write()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
