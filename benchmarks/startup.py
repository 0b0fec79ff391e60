"""How long until the first result? Wall time of whole processes: imports, a first gradient, the demo.

`python -m benchmarks.startup` interleaves the commands and prints medians in milliseconds, with the limits
of the project: Value over bare Python at most 15 ms, import plus a matmul and its backward pass over
`import numpy` at most 80 ms, the Adam demo at most a second. Where Numba is
installed: its import; a first compiled kernel, with its machine code kept from before and without; and `tinyedu
warmup`, which compiles all of them (once, into an empty folder; `--no-warmup` leaves it out). A first round, not
counted, compiles byte code.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from statistics import median

from benchmarks import harness, page

TENSOR = """
import tinygrad_edu as tg
a = tg.ones(2, 3, requires_grad=True)
b = tg.ones(3, 2, requires_grad=True)
(a @ b).sum().backward()
"""

LARGE = "import tinygrad_edu as tg; tg.ones(200, 200).softmax(1)"  # large enough for a compiled kernel
COLD = f"""
import os, tempfile
with tempfile.TemporaryDirectory() as folder:
    os.environ["TINYEDU_CACHE"] = folder
    {LARGE}
"""

BARE, NUMPY, VALUE, FIRST_TENSOR = "bare Python", "import numpy", "Value(2.) * 3", "matmul and backward"
NUMBA, CACHED, COMPILED = "import numba", "large softmax, machine code cached", "large softmax, compiled anew"
DEMO, TORCH = "Adam demo, --quiet", "import torch"
WARMUP, WARM = "tinyedu warmup, all kernels compiled", "tinyedu warmup, all in the cache"


def commands() -> dict[str, list[str]]:
    """Name -> command line; no PyTorch and no compiled kernels where PyTorch or Numba is not installed.

    The demo runs as the installed program, as a user starts it.
    """
    python = sys.executable
    torch = {} if find_spec("torch") is None else {TORCH: [python, "-c", "import torch"]}
    numba = {NUMBA: "import numba", CACHED: LARGE, COMPILED: COLD} if find_spec("numba") else {}
    return {
        BARE: [python, "-c", "pass"],
        NUMPY: [python, "-c", "import numpy"],
        VALUE: [python, "-c", "from tinygrad_edu import Value; Value(2.) * 3"],
        FIRST_TENSOR: [python, "-c", TENSOR],
        DEMO: [str(Path(python).with_name("tinyedu")), "demo", "rosenbrock", "--optim", "adam", "--quiet"],
        **{name: [python, "-c", program] for name, program in numba.items()},
        **torch,
    }


def warmup_seconds(folder: str) -> float:
    """Seconds of `tinyedu warmup` that keeps its machine code in this folder."""
    tinyedu = str(Path(sys.executable).with_name("tinyedu"))
    return wall_seconds([tinyedu, "warmup"], {"TINYEDU_CACHE": folder})


def wall_seconds(command: list[str], settings: dict[str, str] | None = None) -> float:
    """Seconds from starting a process to its end; a process that fails raises.

    Writing byte code is allowed even where the caller's shell forbids it: an installed package has it.
    """
    environment = {**os.environ, **(settings or {})}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    start = time.perf_counter()
    subprocess.run(command, cwd=harness.ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--without", action="append", default=[], metavar="NAME", help="leave a command out")
    parser.add_argument("--no-warmup", action="store_true", help="do not compile all kernels")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--save", action="store_true", help="keep the result in benchmarks/results")
    options = parser.parse_args()
    began = harness.sources()
    chosen = {name: command for name, command in commands().items() if name not in options.without}
    samples: dict[str, list[float]] = {name: [] for name in chosen}
    for command in chosen.values():
        wall_seconds(command)  # compiles byte code, fills the disk cache
    for _ in range(options.rounds):
        for name, command in chosen.items():
            samples[name].append(1e3 * wall_seconds(command))
    ms = {name: median(times) for name, times in samples.items()}
    if NUMBA in chosen and not options.no_warmup:
        with tempfile.TemporaryDirectory() as folder:
            for name in (WARMUP, WARM):
                ms[name] = 1e3 * warmup_seconds(folder)
    limits = (
        ("Value over bare Python, ms", VALUE, BARE, 15.0),
        ("matmul and backward over import numpy, ms", FIRST_TENSOR, NUMPY, 80.0),
        ("Adam demo, ms", DEMO, None, 1000.0),
    )
    checks = [(what, ms[name] - (ms[base] if base else 0.0), limit) for what, name, base, limit in limits if name in ms]
    harness.report(
        "start-up",
        {name: {"median ms": ms[name], "over bare Python": ms[name] - ms.get(BARE, 0.0)} for name in ms},
        checks=checks,
        began=began,
        as_json=options.json,
        save="startup" if options.save else None,
    )
    if options.save:
        page.write()


if __name__ == "__main__":
    main()
