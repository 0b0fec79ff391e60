"""Which digits `tinyedu demo mnist` learns from: MNIST where its files are, else 8 x 8 digits that come with us."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tinygrad_edu import from_numpy
from tinygrad_edu.cli.problem import Problem
from tinygrad_edu.utils.data import TensorDataset
from tinygrad_edu.vision.datasets import MNIST, Digits, idx

__all__ = ["Pictures", "find", "network"]

PARTS = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"), ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
SPLIT = 8000  # of the 10,000 test pictures for training, where there are no others
USUAL = Path("data")  # torchvision's users have it there


@dataclass(frozen=True)
class Pictures:
    """Digits to learn from and to be tested on: pictures (N, H, W) of uint8, classes (N,) of int64."""

    name: str
    train: tuple[Any, Any]
    test: tuple[Any, Any]

    @property
    def size(self) -> int:
        """The side of a picture, in pixels."""
        return int(self.train[0].shape[1])

    def datasets(self) -> tuple[TensorDataset, TensorDataset]:
        """Inputs of float32 (N, 1, H, W) with mean 0 and deviation 1 over the training pictures, and classes."""
        mean, deviation = self.train[0].mean() / 255, self.train[0].std() / 255

        def scaled(pictures: Any) -> Any:
            return ((pictures / 255 - mean) / deviation).astype(np.float32)[:, None]

        return (
            TensorDataset(from_numpy(scaled(self.train[0])), from_numpy(self.train[1])),
            TensorDataset(from_numpy(scaled(self.test[0])), from_numpy(self.test[1])),
        )


def find(folder: Path | None, limit: int | None = None) -> Pictures:
    """The digits in a folder, in `data`, or those that come with the package; at most `limit` of them for training.

    Raises Problem where the folder that was named has no MNIST, or files are damaged.
    """
    for root in (USUAL,) if folder is None else (folder,):
        has_train, has_test = (_has(root, names) for names in PARTS)
        if has_test:
            return _limited(_mnist(root, has_train), limit)
    if folder is not None:
        raise Problem(
            f"--data: there is no MNIST in {str(folder)!r}",
            "it needs t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, plain or as .gz, and may have train files; "
            "without --data the 8 x 8 digits that come with tinygrad_edu are taken",
        )
    train, test = Digits(train=True), Digits(train=False)
    found = [(np.array(part.data), np.array(part.targets)) for part in (train, test)]
    return _limited(Pictures("the 8 x 8 digits that come with tinygrad_edu", found[0], found[1]), limit)


def _has(root: Path, names: tuple[str, str]) -> bool:
    return all(idx.find(name, root / "MNIST" / "raw", root) for name in names)


def _mnist(root: Path, has_train: bool) -> Pictures:
    try:
        test = MNIST(root, train=False)
        train = MNIST(root, train=True) if has_train else None
    except (RuntimeError, OSError) as error:
        raise Problem(f"--data: {error}", "get the file again") from error
    pictures, classes = np.array(test.data), np.array(test.targets)
    where = f"MNIST in {os.fspath(root)!r}"
    if train is not None:
        return Pictures(where, (np.array(train.data), np.array(train.targets)), (pictures, classes))
    cut = SPLIT if len(pictures) > SPLIT else len(pictures) * 4 // 5
    if not 0 < cut < len(pictures):
        raise Problem(f"--data: {where} has {len(pictures)} pictures", "it takes two at the least")
    name = f"{where}, test files alone: the first {cut} to learn from, the last {len(pictures) - cut} to be tested on"
    return Pictures(name, (pictures[:cut], classes[:cut]), (pictures[cut:], classes[cut:]))


def _limited(found: Pictures, limit: int | None) -> Pictures:
    pictures, classes = found.train
    return found if limit is None else Pictures(found.name, (pictures[:limit], classes[:limit]), found.test)


def network(model: str, size: int) -> Any:
    """The lectures' networks for pictures (N, 1, size, size): "mlp" size²-512-512-10, "cnn" 32 and 64 channels."""
    from tinygrad_edu import nn

    if model == "mlp":
        return nn.Sequential(
            nn.Flatten(),
            nn.Linear(size * size, 512), nn.ReLU(),
            nn.Linear(512, 512), nn.ReLU(),
            nn.Linear(512, 10),
        )  # fmt: skip
    return nn.Sequential(
        nn.Conv2d(1, 32, kernel_size=3, stride=1, padding=1), nn.ReLU(), nn.MaxPool2d(2, 2),
        nn.Conv2d(32, 64, kernel_size=3, stride=1, padding=1), nn.ReLU(), nn.MaxPool2d(2, 2),
        nn.Flatten(),
        nn.Linear(64 * (size // 4) ** 2, 128), nn.ReLU(),
        nn.Linear(128, 10),
    )  # fmt: skip
