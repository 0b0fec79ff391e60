"""A DataLoader's workers compute with compiled kernels, after fork and spawn, while the parent's threads do so too."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("numba")

PROGRAM = """
import sys
import threading
import tinygrad_edu as torch
from tinygrad_edu.kernels import threads
from tinygrad_edu.utils.data import DataLoader, Dataset

threads.WORTH = 1 << 12  # small arrays wake them too, in a spawned worker as well
torch.set_matmul("tile")  # in a spawned worker, too

class Computed(Dataset):
    def __len__(self):
        return 6

    def __getitem__(self, i):
        x = torch.full((400, 400), 1.0 + i)
        return (x @ x).mean() + x.softmax(1).sum()

if __name__ == "__main__":
    torch.set_num_threads(2)
    wanted = [Computed()[i].item() for i in range(6)]  # the threads of the parent have started
    wrong = []

    def busy():
        for _ in range(5):
            wrong.extend(i for i in range(6) if abs(Computed()[i].item() - wanted[i]) > 1e-3 * wanted[i])

    workers = [threading.Thread(target=busy) for _ in range(2)]
    loader = DataLoader(Computed(), batch_size=2, num_workers=2, multiprocessing_context=sys.argv[1])
    batches = iter(loader)
    for worker in workers:
        worker.start()
    got = [x for batch in batches for x in batch.tolist()]
    for worker in workers:
        worker.join()
    print(len(wrong), max(abs(a - b) / b for a, b in zip(got, wanted, strict=True)) < 1e-3, len(got))
"""


@pytest.mark.slow
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_workers_and_threads_compute_at_once(method: str, tmp_path: Path) -> None:
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"no {method} here")
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    done = subprocess.run([sys.executable, program, method], capture_output=True, text=True, check=False, timeout=300)
    assert done.stdout.split() == ["0", "True", "6"], done.stderr
