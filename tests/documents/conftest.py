"""A small MNIST: files of the real one's form, so that its programs run without a download."""

from pathlib import Path

import numpy as np
import pytest


@pytest.fixture
def mnist(tmp_path: Path) -> Path:
    """A folder to give as `root`: 130 pictures for training, 10 for testing, where torchvision puts them."""
    pytest.importorskip("PIL")
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for part, count in (("train", 130), ("t10k", 10)):
        arrays = {
            f"{part}-images-idx3-ubyte": rng.integers(0, 256, (count, 28, 28), np.uint8),
            f"{part}-labels-idx1-ubyte": rng.integers(0, 10, count, np.uint8),
        }
        for name, array in arrays.items():
            head = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
            (raw / name).write_bytes(head + array.tobytes())
    return tmp_path
