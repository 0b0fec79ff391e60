"""Pictures of one's own: a folder for each class."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from tinygrad_edu.vision.datasets.vision import Transform, VisionDataset
from tinygrad_edu.vision.pillow import pillow

__all__ = [
    "IMG_EXTENSIONS",
    "DatasetFolder",
    "ImageFolder",
    "default_loader",
    "find_classes",
    "make_dataset",
    "pil_loader",
]

IMG_EXTENSIONS = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")
Path = str | os.PathLike[str]


def find_classes(directory: Path) -> tuple[list[str], dict[str, int]]:
    """The names of the folders in a folder, in order, and the number of each.

    Raises:
        FileNotFoundError: there are none.
    """
    classes = sorted(entry.name for entry in os.scandir(directory) if entry.is_dir())
    if not classes:
        raise FileNotFoundError(f"Couldn't find any class folder in {os.fspath(directory)}.")
    return classes, {name: i for i, name in enumerate(classes)}


def make_dataset(
    directory: Path,
    class_to_idx: dict[str, int] | None = None,
    extensions: str | tuple[str, ...] | None = None,
    is_valid_file: Callable[[str], bool] | None = None,
    allow_empty: bool = False,
) -> list[tuple[str, int]]:
    """(path, class) of every file below the folders of the classes, in order.

    Raises:
        ValueError: not exactly one of `extensions` and `is_valid_file`, or no classes. FileNotFoundError: a class
            without a file, unless `allow_empty`.
    """
    root = os.path.expanduser(directory)
    if class_to_idx is None:
        class_to_idx = find_classes(root)[1]
    elif not class_to_idx:
        raise ValueError("'class_to_index' must have at least one entry to collect any samples.")
    if (extensions is None) == (is_valid_file is None):
        raise ValueError("Both extensions and is_valid_file cannot be None or not None at the same time")
    endings = (extensions,) if isinstance(extensions, str) else tuple(extensions or ())

    def wanted(path: str) -> bool:
        return is_valid_file(path) if is_valid_file is not None else path.lower().endswith(endings)

    found: list[tuple[str, int]] = []
    empty: list[str] = []
    for name in sorted(class_to_idx):
        before = len(found)
        for folder, _, files in sorted(os.walk(os.path.join(root, name), followlinks=True)):
            paths = (os.path.join(folder, file) for file in sorted(files))
            found += [(path, class_to_idx[name]) for path in paths if wanted(path)]
        if len(found) == before:
            empty.append(name)
    if empty and not allow_empty:
        told = f" Supported extensions are: {', '.join(endings)}" if extensions is not None else ""
        raise FileNotFoundError(f"Found no valid file for the classes {', '.join(empty)}.{told}")
    return found


def default_loader(path: str) -> Any:
    """A picture file as an image of Pillow in red, green and blue.

    Raises:
        OSError: it is damaged or no picture; names it.
    """
    Image = pillow()
    try:
        with open(path, "rb") as file, Image.open(file) as image:
            return image.convert("RGB")
    except FileNotFoundError:
        raise
    except (OSError, SyntaxError, ValueError, EOFError) as error:  # Pillow's for damage of various kinds
        raise OSError(f"{path} is damaged, or no picture that Pillow reads: {error}") from error


pil_loader = default_loader  # torchvision has others beside it


class DatasetFolder(VisionDataset):
    """Files in ``root/CLASS/...``: samples (what `loader` makes of a file, the number of its class).

    Args:
        root: the folder of the classes' folders; folders inside of those belong to the class.
        loader: makes a sample of a path.
        extensions: the endings of the files to take; or `is_valid_file`: says so of a path.
        allow_empty: classes without a file are no error.

    Attributes:
        classes: the names of the folders, in order; class_to_idx: their numbers.
        samples: list of (path, class). targets: list of the classes.

    Raises:
        FileNotFoundError: no class, or a class without a file.
    """

    def __init__(
        self,
        root: Path,
        loader: Callable[[str], Any],
        extensions: tuple[str, ...] | None = None,
        transform: Transform | None = None,
        target_transform: Transform | None = None,
        is_valid_file: Callable[[str], bool] | None = None,
        allow_empty: bool = False,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        classes, class_to_idx = self.find_classes(self.root)
        self.samples = self.make_dataset(self.root, class_to_idx, extensions, is_valid_file, allow_empty)
        self.loader, self.extensions = loader, extensions
        self.classes, self.class_to_idx = classes, class_to_idx
        self.targets = [target for _, target in self.samples]

    @staticmethod
    def make_dataset(
        directory: Path,
        class_to_idx: dict[str, int],
        extensions: tuple[str, ...] | None = None,
        is_valid_file: Callable[[str], bool] | None = None,
        allow_empty: bool = False,
    ) -> list[tuple[str, int]]:
        """(path, class) of every file; override it for another arrangement."""
        return make_dataset(directory, class_to_idx, extensions, is_valid_file, allow_empty)

    def find_classes(self, directory: Path) -> tuple[list[str], dict[str, int]]:
        """The classes and their numbers; override it for other names."""
        return find_classes(directory)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        """The loaded file and its class, both transformed."""
        path, target = self.samples[index]
        return self._transformed(self.loader(path), target)

    def __len__(self) -> int:
        return len(self.samples)


class ImageFolder(DatasetFolder):
    """Pictures in ``root/CLASS/...``; see `DatasetFolder`. The pictures are loaded when they are asked for."""

    def __init__(
        self,
        root: Path,
        transform: Transform | None = None,
        target_transform: Transform | None = None,
        loader: Callable[[str], Any] = default_loader,
        is_valid_file: Callable[[str], bool] | None = None,
        allow_empty: bool = False,
    ) -> None:
        endings = IMG_EXTENSIONS if is_valid_file is None else None
        super().__init__(root, loader, endings, transform, target_transform, is_valid_file, allow_empty)
        self.imgs = self.samples
