"""A notebook's kernel that is restarted in the middle of its work, and a program that is killed while it compiles.

What comes after them finds the machine code that they left, and computes the same bits, beside Numba's own parallel
loops. Those run on the threading layer that pip gives; ours do not, so no layer can end the process.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("numba")

CELL = """
import hashlib, threading
import numba, numpy as np
import tinygrad_edu as torch
from tinygrad_edu.kernels import threads as sharing
from tinygrad_edu.kernels.numba_cpu import attention, compiler, norms, rows

torch.set_num_threads(2)
sharing.WORTH = 1 << 12  # small arrays wake them too

@numba.njit(parallel=True)
def own(x):
    total = 0.0
    for i in numba.prange(x.size):
        total += x[i]
    return total

def work():
    torch.manual_seed(0)
    x = torch.randn(400, 1000, requires_grad=True)
    y = torch.nn.functional.layer_norm(x.softmax(1), (1000,), torch.ones(1000), torch.zeros(1000))
    q = y.reshape(8, 50, 1000)
    torch.nn.functional.scaled_dot_product_attention(q, q, q, is_causal=True).square().sum().backward()
    return x.grad.numpy().tobytes()

assert own(np.ones(100_000)) == 100_000  # the layer's threads run beside ours
whole = work()
found = []
rows_of = lambda: found.append(torch.ones(400, 1000).softmax(1).sum().item())
threads = [threading.Thread(target=rows_of) for _ in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
used = [attention._forward, attention._backward, rows._softmax_rows, norms._scaled_forward]
compiled = sum(sum(kernel.stats.cache_misses.values()) for kernel in used)
loaded = sum(sum(kernel.stats.cache_hits.values()) for kernel in used)
print(len(found), round(found[0]), numba.threading_layer() in ("omp", "tbb", "workqueue"), compiled, loaded, end=" ")
print(hashlib.sha256(whole).hexdigest(), flush=True)
"""
FOREVER = """
def forever():
    while True:
        work()

threading.Thread(target=forever, daemon=True).start()
print("busy", flush=True)
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "TINYEDU_CACHE": str(tmp_path / "cache"), "TINYEDU_BACKEND": "numba"}


@pytest.fixture
def notebook(environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    client = pytest.importorskip("jupyter_client")
    pytest.importorskip("ipykernel")
    for name in ("JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
    manager = client.KernelManager(kernel_name="python3")
    manager.start_kernel(env={**environment, "IPYTHONDIR": str(tmp_path / "IPYTHONDIR")})
    yield manager
    manager.shutdown_kernel(now=True)


def said(manager: Any, code: str) -> list[str]:
    """What a cell prints."""
    client = manager.blocking_client()
    client.start_channels()
    texts: list[str] = []
    try:
        client.wait_for_ready(timeout=120)
        reply = client.execute_interactive(
            code,
            output_hook=lambda message: texts.append(message["content"].get("text", "")),
            timeout=240,
        )
        assert reply["content"]["status"] == "ok", reply["content"]
    finally:
        client.stop_channels()
    return "".join(texts).split()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_restarted_kernel_goes_on_with_the_machine_code_it_left(notebook: Any) -> None:
    first = said(notebook, CELL)
    assert first[:3] == ["4", "400", "True"]
    assert int(first[3]) >= 4  # its cache was empty
    for now in (False, True):
        assert said(notebook, FOREVER) == ["busy"]  # it is stopped while two threads of ours compute
        notebook.restart_kernel(now=now)
        again = said(notebook, CELL)
        assert again[3] == "0" and int(again[4]) >= 4  # nothing was compiled
        assert [*again[:3], again[5]] == [*first[:3], first[5]]


@pytest.mark.slow
def test_a_program_killed_while_it_compiles_leaves_a_cache_that_works(
    environment: dict[str, str], tmp_path: Path
) -> None:
    program = tmp_path / "program.py"
    program.write_text(CELL)
    command = [sys.executable, str(program)]
    killed = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    folder, begun = tmp_path / "cache", time.monotonic()
    while not list(folder.rglob("*.nbc")) and killed.poll() is None and time.monotonic() - begun < 120:
        pass  # until the first machine code is there, and the others are being compiled
    killed.kill()
    killed.wait()
    results = []
    for _ in range(2):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == 0, done.stderr
        results.append(done.stdout.split())
    assert results[1][3] == "0" and int(results[1][4]) >= 4
    assert results[0][5] == results[1][5]
