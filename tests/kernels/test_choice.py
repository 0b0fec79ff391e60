"""Which kernels compute: the setter, the context, the variable, sizes, and a Numba that cannot be imported."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec

import pytest

import tinygrad_edu as tg

has_numba = pytest.mark.skipif(find_spec("numba") is None, reason="Numba is not installed")


def run(program: str, **variables: str) -> str:
    """What a program prints in a process of its own."""
    environment = {k: v for k, v in os.environ.items() if k != "TINYEDU_BACKEND"} | variables
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=False)
    return (done.stdout + (done.stderr.strip().splitlines() or [""])[-1]).strip()


def test_set_and_put_back() -> None:
    before = tg.get_backend()
    with tg.use_backend("numpy"):
        assert tg.get_backend() == "numpy"
        with tg.use_backend(None):
            assert tg.get_backend() == ("numba" if find_spec("numba") else "numpy")
        assert tg.get_backend() == "numpy"
    assert tg.get_backend() == before
    with pytest.raises(ValueError, match="'numpy', 'numba', or None"):
        tg.set_backend("cuda")
    with pytest.raises(ValueError, match="Choose"), tg.use_backend("cuda"):
        pass
    assert tg.get_backend() == before


SMALL = "import sys, tinygrad_edu as t; t.rand(20, 20).softmax(1).sum(); print('numba' in sys.modules, t.get_backend())"
LARGE = SMALL.replace("20, 20", "200, 200")


@has_numba
def test_numba_is_imported_for_large_arrays_only() -> None:
    assert run(SMALL) == "False numba"
    assert run(LARGE) == "True numba"
    assert run(LARGE, TINYEDU_BACKEND="numpy") == "False numpy"
    assert run(LARGE, TINYEDU_BACKEND="numba") == "True numba"


def test_an_unknown_name_in_the_variable() -> None:
    assert "TINYEDU_BACKEND='fast' is unknown" in run(SMALL, TINYEDU_BACKEND="fast")


def test_a_numba_that_cannot_be_imported(tmp_path: object) -> None:
    (tmp_path / "numba.py").write_text("raise ImportError('Numba needs NumPy 0.9 or less')\n")  # type: ignore[operator]
    program = LARGE.replace("print(", "from tinygrad_edu.kernels.choice import why; print(why(), ")
    told = run(program, PYTHONPATH=str(tmp_path))
    assert told.startswith("NumPy computes everything: Numba cannot be imported: ImportError: Numba needs")
    assert told.endswith("numpy")
    refused = run("import tinygrad_edu as t; t.set_backend('numba')", PYTHONPATH=str(tmp_path))
    assert "RuntimeError: set_backend('numba'): Numba cannot be imported" in refused


def test_without_numba() -> None:
    hidden = "import sys; sys.modules['numba'] = None; import importlib.util as u; u.find_spec = lambda name: None\n"
    assert run(hidden + LARGE).endswith("numpy")


@has_numba
def test_a_home_that_cannot_be_written_to(tmp_path: object) -> None:
    blocked = tmp_path / "file"  # type: ignore[operator]
    blocked.write_text("")
    assert run(LARGE, TINYEDU_CACHE=str(blocked)) == "True numba"


@has_numba
@pytest.mark.skipif(sys.platform == "win32", reason="Windows names the folder itself")
def test_a_user_without_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    from pathlib import Path

    from tinygrad_edu.kernels.numba_cpu.compiler import cache_folder

    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    for name in ("TINYEDU_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    assert cache_folder() is None


ENDING = """
import atexit, threading
import tinygrad_edu as t

t.set_num_threads(2)
x = t.ones(1000, 1000)
x.softmax(1)
main = threading.current_thread()

def after():
    main.join()  # now Python starts no thread any more
    print(round(x.softmax(1).sum().item()), flush=True)

threading.Thread(target=after).start()
atexit.register(lambda: print(round(x.softmax(1).sum().item())))
"""


@has_numba
def test_computing_while_the_program_ends() -> None:
    assert run(ENDING).split() == ["1000", "1000"]


def test_the_usual_variable_for_threads() -> None:
    program = "import tinygrad_edu as t; print(t.get_num_threads())"
    assert run(program, OMP_NUM_THREADS="3") == "3"
    if hasattr(os, "sched_setaffinity"):  # on a shared machine a process has some of the processors
        one = f"import os; os.sched_setaffinity(0, {{{min(os.sched_getaffinity(0))}}}); {program}"
        assert run(one, OMP_NUM_THREADS="many") == "1"
        assert run(program, OMP_NUM_THREADS="many") == str(len(os.sched_getaffinity(0)))


def test_threads_are_told_to_blas() -> None:
    pools = pytest.importorskip("threadpoolctl")
    before = tg.get_num_threads()
    try:
        tg.set_num_threads(1)
        assert tg.get_num_threads() == 1
        assert {pool["num_threads"] for pool in pools.threadpool_info() if pool["user_api"] == "blas"} <= {1}
    finally:
        tg.set_num_threads(before)
