"""MNIST and the sets of its form: 70000 grey pictures of 28 x 28, in four IDX files."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from tinygrad_edu.tensors.creation import from_numpy
from tinygrad_edu.tensors.tensor import Tensor
from tinygrad_edu.vision.datasets import idx
from tinygrad_edu.vision.datasets.archives import gunzip
from tinygrad_edu.vision.datasets.download import fetch
from tinygrad_edu.vision.datasets.vision import Transform, VisionDataset
from tinygrad_edu.vision.pillow import pillow

__all__ = ["MNIST", "FashionMNIST", "KMNIST"]


class MNIST(VisionDataset):
    """Handwritten digits (LeCun, Cortes and Burges, 1998): 60000 for training, 10000 for testing.

    The files, plain or as .gz, lie in ``root/MNIST/raw``, as torchvision puts them, or in `root` itself.

    Args:
        root: the folder that holds them.
        train: the training set, else the test set.
        transform, target_transform: what is done to a picture (an image of Pillow) and to its class (an int).
        download: fetch what is missing.

    Attributes:
        data: Tensor (N, 28, 28) of uint8, 0 for background. targets: Tensor (N,) of int64.
        classes: the names of the classes; class_to_idx: their numbers by name.

    Raises:
        RuntimeError: the files are not there (says where to put them), damaged (says which), or cannot be fetched.
    """

    mirrors: ClassVar[list[str]] = [
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
        "http://yann.lecun.com/exdb/mnist/",
    ]
    resources: ClassVar[list[tuple[str, str]]] = [
        ("train-images-idx3-ubyte.gz", "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
        ("train-labels-idx1-ubyte.gz", "d53e105ee54ea40749a09fcbcd1e9432"),
        ("t10k-images-idx3-ubyte.gz", "9fb629c4189551a2d022fa330f9573f3"),
        ("t10k-labels-idx1-ubyte.gz", "ec29112dd5afa0611ce80d1b7f02629c"),
    ]
    classes: ClassVar[list[str]] = [
        "0 - zero", "1 - one", "2 - two", "3 - three", "4 - four",
        "5 - five", "6 - six", "7 - seven", "8 - eight", "9 - nine",
    ]  # fmt: skip

    def __init__(
        self,
        root: str | os.PathLike[str],
        train: bool = True,
        transform: Transform | None = None,
        target_transform: Transform | None = None,
        download: bool = False,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.train = train
        if download:
            self.download()
        self.data, self.targets = self._load_data()

    @property
    def raw_folder(self) -> str:
        """Where the downloaded files lie."""
        return os.fspath(self._folder / type(self).__name__ / "raw")

    @property
    def class_to_idx(self) -> dict[str, int]:
        """The number of each class by its name."""
        return {name: i for i, name in enumerate(self.classes)}

    def _names(self, train: bool) -> tuple[str, str]:
        names = [name.removesuffix(".gz") for name, _ in self.resources]
        return (names[0], names[1]) if train else (names[2], names[3])

    def _found(self, train: bool) -> list[Path | None]:
        return [idx.find(name, self.raw_folder, self._folder) for name in self._names(train)]

    def download(self) -> None:
        """Fetch the files of both sets, if those of the wanted one are not all there."""
        if all(self._found(self.train)):
            return
        sums = dict(self.resources)
        # The wanted set comes last: while it is not whole, the next run fetches what was missed of the other, too.
        for train in (not self.train, self.train):
            for name, file in zip(self._names(train), self._found(train), strict=True):
                if file is None:
                    packed = Path(self.raw_folder) / f"{name}.gz"
                    fetch([f"{mirror}{name}.gz" for mirror in self.mirrors], packed, sums[f"{name}.gz"])
                    gunzip(packed, Path(self.raw_folder) / name)

    def _load_data(self) -> tuple[Tensor, Tensor]:
        images, labels = self._found(self.train)
        if images is None or labels is None:
            names = " and ".join(f"{name} (or {name}.gz)" for name in self._names(self.train))
            raise RuntimeError(
                f"Dataset not found. You can use download=True to download it, or put {names} into {self.raw_folder} "
                f"or {self._folder}."
            )
        data, targets = idx.read(images), idx.read(labels)
        for file, array, dims in ((images, data, 3), (labels, targets, 1)):
            if array.ndim != dims or array.dtype != np.uint8:
                raise RuntimeError(
                    f"{file} holds {array.dtype} of shape {array.shape}, not bytes in {dims} dimensions."
                )
        if len(data) != len(targets):
            raise RuntimeError(f"{images} holds {len(data)} pictures, but {labels} {len(targets)} labels.")
        if targets.max(initial=0) >= len(self.classes):
            raise RuntimeError(f"{labels} is damaged: it holds the label {targets.max()}, one too large.")
        return from_numpy(data), from_numpy(targets.astype(np.int64))

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        """The picture as an image of Pillow, and its class as an int; both transformed."""
        image = pillow().fromarray(self.data[index].numpy())
        return self._transformed(image, int(self.targets[index]))

    def __len__(self) -> int:
        return len(self.data)

    def extra_repr(self) -> str:
        """Which of the two sets it is."""
        return f"Split: {'Train' if self.train is True else 'Test'}"

    def __getattr__(self, name: str) -> Any:
        if name in ("train_data", "test_data", "train_labels", "test_labels"):  # the names of torchvision 0.1
            now = "data" if name.endswith("data") else "targets"
            warnings.warn(f"{name} has been renamed {now}", stacklevel=2)
            return getattr(self, now)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")


class FashionMNIST(MNIST):
    """Pieces of clothing (Xiao, Rasul and Vollgraf, 2017), in the form of MNIST, in ``root/FashionMNIST/raw``."""

    mirrors: ClassVar[list[str]] = [
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    ]
    resources: ClassVar[list[tuple[str, str]]] = [
        ("train-images-idx3-ubyte.gz", "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
        ("train-labels-idx1-ubyte.gz", "25c81989df183df01b3e8a0aad5dffbe"),
        ("t10k-images-idx3-ubyte.gz", "bef4ecab320f06d8554ea6380940ec79"),
        ("t10k-labels-idx1-ubyte.gz", "bb300cfdad3c16e7a12a480ee83cd310"),
    ]
    classes: ClassVar[list[str]] = [
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    ]  # fmt: skip


class KMNIST(MNIST):
    """Ten Japanese characters of old books (Clanuwat et al., 2018), in the form of MNIST, in ``root/KMNIST/raw``."""

    mirrors: ClassVar[list[str]] = [
        "https://codh.rois.ac.jp/kmnist/dataset/kmnist/",
        "http://codh.rois.ac.jp/kmnist/dataset/kmnist/",
    ]
    resources: ClassVar[list[tuple[str, str]]] = [
        ("train-images-idx3-ubyte.gz", "bdb82020997e1d708af4cf47b453dcf7"),
        ("train-labels-idx1-ubyte.gz", "e144d726b3acfaa3e44228e80efcd344"),
        ("t10k-images-idx3-ubyte.gz", "5c965bf0a639b31b8f53240b1b52f4d7"),
        ("t10k-labels-idx1-ubyte.gz", "7320c461ea6c1c855c0b718fb2a4b134"),
    ]
    classes: ClassVar[list[str]] = ["o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"]
