"""Machine code in files: what is damaged is compiled again, and a folder that fills up or goes stops no program."""

from __future__ import annotations

import importlib.util
import shutil
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
