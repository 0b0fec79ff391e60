"""`tinyedu warmup`: compile every fast kernel now, so that no program waits for it later."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import click

from tinygrad_edu.cli.options import common_options
from tinygrad_edu.cli.problem import Problem

__all__ = ["command"]


@click.command("warmup")
@common_options
def command(as_json: bool) -> None:
    """Compile all kernels and keep their machine code; what is kept already is only loaded."""
    from tinygrad_edu.kernels.choice import set_backend

    try:
        set_backend("numba")
    except RuntimeError as error:
        raise Problem(str(error), "without Numba everything works, on NumPy") from None
    from tinygrad_edu.kernels.numba_cpu.compiler import cache_folder, telling
    from tinygrad_edu.kernels.numba_cpu.warm import calls

    telling.told = True  # here it is no surprise
    start, work = time.perf_counter(), list(calls())
    if sys.stderr is not None and sys.stderr.isatty() and not as_json:
        with click.progressbar(work, label="compiling", file=sys.stderr, item_show_func=_name) as bar:
            for _, run in bar:
                run()
    else:
        for _, run in work:
            run()
    seconds, folder = time.perf_counter() - start, cache_folder()
    if as_json:
        result = {"schema": "tinyedu.warmup/1", "calls": len(work), "seconds": seconds, "folder": str(folder or "")}
        click.echo(json.dumps(result, allow_nan=False, indent=2))
        return
    kept = f"kept in {folder}" if folder else "and lost when this ends: there is no folder to keep them in"
    click.echo(f"{len(work)} kernels ready in {seconds:.1f} s, {kept}")


def _name(item: Any) -> str:
    return item[0] if item else ""
