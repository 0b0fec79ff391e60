"""CIFAR-10 and CIFAR-100: 60000 colour pictures of 32 x 32, in files that Python 2 pickled.

A pickle is a program, so these are read by a reader that knows their few words and refuses every other.
"""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from tinygrad_edu.vision.datasets.archives import extract_archive
from tinygrad_edu.vision.datasets.download import check_integrity, fetch
from tinygrad_edu.vision.datasets.vision import Transform, VisionDataset
from tinygrad_edu.vision.pillow import pillow

__all__ = ["CIFAR10", "CIFAR100"]


class CIFAR10(VisionDataset):
    """Pictures of ten kinds of animals and vehicles (Krizhevsky, 2009): 50000 for training, 10000 for testing.

    The files lie in ``root/cifar-10-batches-py``, as torchvision puts them.

    Args:
        root: the folder that holds that folder.
        train: the training set, else the test set.
        transform, target_transform: what is done to a picture (an image of Pillow) and to its class (an int).
        download: fetch what is missing.

    Attributes:
        data: array (N, 32, 32, 3) of uint8. targets: list of N ints.
        classes: the names of the classes; class_to_idx: their numbers by name.

    Raises:
        RuntimeError: files are not there (says where to put them), damaged (says which), or cannot be fetched.
    """

    base_folder: ClassVar[str] = "cifar-10-batches-py"
    mirrors: ClassVar[list[str]] = ["https://www.cs.toronto.edu/~kriz/", "http://www.cs.toronto.edu/~kriz/"]
    filename: ClassVar[str] = "cifar-10-python.tar.gz"
    tgz_md5: ClassVar[str] = "c58f30108f718f92721af3b95e74349a"
    train_list: ClassVar[list[list[str]]] = [
        ["data_batch_1", "c99cafc152244af753f735de768cd75f"],
        ["data_batch_2", "d4bba439e000b95fd0a9bffe97cbabec"],
        ["data_batch_3", "54ebc095f3ab1f0389bbae665268c751"],
        ["data_batch_4", "634d18415352ddfa80567beed471001a"],
        ["data_batch_5", "482c414d41f54cd18b22e5b47cb7c3cb"],
    ]
    test_list: ClassVar[list[list[str]]] = [["test_batch", "40351d587109b95175f43aff81a1287e"]]
    meta: ClassVar[dict[str, str]] = {
        "filename": "batches.meta", "key": "label_names", "md5": "5ff9c542aee3614f3951f8cda6e48888",
    }  # fmt: skip

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
        self._check()
        folder = self._folder / self.base_folder
        parts, self.targets = [], []
        for name, _ in self.train_list if train else self.test_list:
            data, targets = _batch(folder / name)
            parts.append(data)
            self.targets += targets
        self.data = np.vstack(parts).reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
        self.classes = _names(folder / self.meta["filename"], self.meta["key"])
        self.class_to_idx = {name: i for i, name in enumerate(self.classes)}
        if self.targets and not 0 <= min(self.targets) <= max(self.targets) < len(self.classes):
            raise RuntimeError(f"{folder} is damaged: a label is not below {len(self.classes)}, the number of classes.")

    def _wrong(self) -> list[str]:
        """The files that are missing or damaged, each with what is wrong with it."""
        if not (self._folder / self.base_folder).is_dir():
            return [f"{self._folder / self.base_folder} is missing"]
        out = []
        for name, md5 in [*self.train_list, *self.test_list, [self.meta["filename"], self.meta["md5"]]]:
            file = self._folder / self.base_folder / name
            if not check_integrity(file, md5):
                out.append(f"{file} is {'damaged: its MD5 is not ' + md5 if file.exists() else 'missing'}")
        return out

    def _check(self) -> None:
        if wrong := self._wrong():
            raise RuntimeError(
                f"Dataset not found or corrupted: {'; '.join(wrong)}. You can use download=True to download it, or "
                f"unpack {self.filename} into {self._folder}."
            )

    def download(self) -> None:
        """Fetch and unpack the archive, unless every file is there and whole."""
        if not self._wrong():
            return
        packed = self._folder / self.filename
        fetch([mirror + self.filename for mirror in self.mirrors], packed, self.tgz_md5)
        extract_archive(packed, self._folder)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        """The picture as an image of Pillow, and its class as an int; both transformed."""
        return self._transformed(pillow().fromarray(self.data[index]), self.targets[index])

    def __len__(self) -> int:
        return len(self.data)

    def extra_repr(self) -> str:
        """Which of the two sets it is."""
        return f"Split: {'Train' if self.train is True else 'Test'}"


class CIFAR100(CIFAR10):
    """Pictures of a hundred kinds of things (Krizhevsky, 2009); the files are in ``root/cifar-100-python``."""

    base_folder: ClassVar[str] = "cifar-100-python"
    filename: ClassVar[str] = "cifar-100-python.tar.gz"
    tgz_md5: ClassVar[str] = "eb9058c3a382ffc7106e4002c42a8d85"
    train_list: ClassVar[list[list[str]]] = [["train", "16019d7e3df5f24257cddd939b257f8d"]]
    test_list: ClassVar[list[list[str]]] = [["test", "f0ef6b0ae62326f3e7ffdfab6717acfc"]]
    meta: ClassVar[dict[str, str]] = {
        "filename": "meta", "key": "fine_label_names", "md5": "7973b15100ade9c7d40fb424638fde48",
    }  # fmt: skip


class _Array:
    """Takes what a pickle says of an array of bytes, instead of NumPy, which would believe it."""

    content: np.ndarray[Any, Any]

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, kind, by_columns, raw = state
        if not isinstance(kind, _Kind) or kind.name != "u1":
            raise pickle.UnpicklingError("an array that is not of bytes")
        content = np.frombuffer(raw.encode("latin1") if isinstance(raw, str) else raw, np.uint8)
        self.content = content.reshape(shape, order="F" if by_columns else "C")


class _Kind:
    def __init__(self, name: str, *_: Any) -> None:
        self.name = name

    def __setstate__(self, state: Any) -> None:
        """Byte order and the like, which bytes do not have."""


def _latin1(text: str, encoding: str) -> bytes:
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"text in {encoding}")
    return text.encode("latin1")


_WORDS = {
    "numpy.core.multiarray._reconstruct": lambda *_: _Array(),
    "numpy._core.multiarray._reconstruct": lambda *_: _Array(),  # NumPy 2
    "numpy.ndarray": _Array,
    "numpy.dtype": _Kind,
    "_codecs.encode": _latin1,
}


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if f"{module}.{name}" not in _WORDS:
            raise pickle.UnpicklingError(f"it names {module}.{name}, which no file of CIFAR needs")
        return _WORDS[f"{module}.{name}"]


def _read(file: Path) -> dict[str, Any]:
    try:
        with open(file, "rb") as opened:
            content = _Reader(opened, encoding="latin1").load()
        if not isinstance(content, dict):
            raise TypeError("it holds no dict")
        return content
    except (pickle.UnpicklingError, ValueError, TypeError, EOFError, AttributeError, LookupError) as error:
        raise RuntimeError(f"{file} is damaged or no file of CIFAR: {error}.") from error


def _batch(file: Path) -> tuple[np.ndarray[Any, Any], list[int]]:
    entry = _read(file)
    data, labels = entry.get("data"), entry.get("labels", entry.get("fine_labels"))
    if not isinstance(data, _Array) or data.content.ndim != 2 or data.content.shape[1] != 3072:
        raise RuntimeError(f"{file} is damaged: its data are not rows of 3072 bytes.")
    if not isinstance(labels, list) or len(labels) != len(data.content) or not all(type(n) is int for n in labels):
        raise RuntimeError(f"{file} is damaged: it does not have a label for each of {len(data.content)} pictures.")
    return data.content, labels


def _names(file: Path, key: str) -> list[str]:
    names = _read(file).get(key)
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise RuntimeError(f"{file} is damaged: {key} is no list of names.")
    return names
