"""Machine code: damaged files are compiled again, a full disk stops no program, and a fork waits for the compiler."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("numba")

from tinygrad_edu.kernels.numba_cpu import compiler

Fresh = Callable[[], Any]


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fresh:
    """Makes a kernel as a program that has just begun finds it; its code is kept in ``tmp_path / "code"``."""
    source = tmp_path / "small.py"
    source.write_text("def twice(x):\n    return x + x\n")
    spec = importlib.util.spec_from_file_location("small", source)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(compiler, "_folder", tmp_path / "code")
    return lambda: compiler.compiled(module.twice)


def loaded(kernel: Any) -> bool:
    """Call it; whether its code came from a file."""
    assert kernel(1.5) == 3.0
    return sum(kernel.stats.cache_hits.values()) == 1


@pytest.mark.parametrize("damage", [b"", b"\x80\x05", b"something else"])
@pytest.mark.parametrize("ending", ["nbi", "nbc"])
def test_damaged_files_are_made_again(ending: str, damage: bytes, fresh: Fresh, tmp_path: Path) -> None:
    assert [loaded(fresh()), loaded(fresh())] == [False, True]
    (file,) = (tmp_path / "code").rglob(f"*.{ending}")
    file.write_bytes(damage)
    assert [loaded(fresh()), loaded(fresh())] == [False, True]


def test_what_cannot_be_written_is_not_kept(fresh: Fresh, tmp_path: Path) -> None:
    kernel = fresh()
    shutil.rmtree(tmp_path / "code")
    (tmp_path / "code").write_text("a file where the folder was")
    assert not loaded(kernel)


def test_a_full_disk(fresh: Fresh, tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    kernel = fresh()
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        assert not loaded(kernel)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [loaded(fresh()), loaded(fresh())] == [False, True]
    assert not list((tmp_path / "code").rglob("*.tmp.*"))


FORKED = """
import multiprocessing, os, threading
import numba
from numba.core.compiler_lock import global_compiler_lock
from tinygrad_edu.kernels.numba_cpu import compiler

held, forking = threading.Event(), threading.Event()
os.register_at_fork(before=forking.set)  # runs before what was registered earlier

def compile_for_long():
    with global_compiler_lock:
        held.set()
        forking.wait()

def child():
    assert numba.njit(lambda x: x + 1)(1) == 2

thread = threading.Thread(target=compile_for_long)
thread.start()
held.wait()
process = multiprocessing.get_context("fork").Process(target=child, daemon=True)
process.start()
process.join(60)
print(process.exitcode)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_child_may_be_forked_while_a_thread_compiles() -> None:
    done = subprocess.run([sys.executable, "-c", FORKED], capture_output=True, text=True, check=False, timeout=120)
    assert done.stdout.split() == ["0"], done.stderr
