"""The base of data sets of pictures: where they lie, what is done to a sample, and how they print."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tinygrad_edu.utils.data.dataset import Dataset

__all__ = ["StandardTransform", "VisionDataset"]

Transform = Callable[[Any], Any]


class VisionDataset(Dataset[Any]):
    """Samples (picture, target) by index; subclasses write ``__getitem__`` and ``__len__``.

    Args:
        root: the folder of the data.
        transforms: takes and gives both, picture and target. Or instead of it:
        transform, target_transform: for the one and for the other.

    Raises:
        ValueError: `transforms` together with one of the others.
    """

    _repr_indent = 4

    def __init__(
        self,
        root: str | os.PathLike[str] | None = None,
        transforms: Callable[[Any, Any], Any] | None = None,
        transform: Transform | None = None,
        target_transform: Transform | None = None,
    ) -> None:
        self.root: Any = os.path.expanduser(root) if isinstance(root, str) else root
        separate = transform is not None or target_transform is not None
        if transforms is not None and separate:
            raise ValueError("Only transforms or transform/target_transform can be passed as argument")
        self.transform, self.target_transform = transform, target_transform
        self.transforms = StandardTransform(transform, target_transform) if separate else transforms

    def __len__(self) -> int:
        raise NotImplementedError(f"{type(self).__name__} is a VisionDataset: it should implement __len__(self).")

    @property
    def _folder(self) -> Path:
        if self.root is None:
            raise TypeError(f"{type(self).__name__}: root, the folder of the data, is missing.")
        return Path(self.root)

    def _transformed(self, image: Any, target: Any) -> tuple[Any, Any]:
        if self.transform is not None:
            image = self.transform(image)
        if self.target_transform is not None:
            target = self.target_transform(target)
        return image, target

    def __repr__(self) -> str:
        body = [f"Number of datapoints: {len(self)}"]
        if self.root is not None:
            body.append(f"Root location: {self.root}")
        body += self.extra_repr().splitlines()
        if self.transforms is not None:
            body += repr(self.transforms).splitlines()
        return "\n".join([f"Dataset {type(self).__name__}", *(" " * self._repr_indent + line for line in body)])

    def extra_repr(self) -> str:
        """More lines for the printed form."""
        return ""


class StandardTransform:
    """A transform for the picture and one for the target, as one for both."""

    def __init__(self, transform: Transform | None = None, target_transform: Transform | None = None) -> None:
        self.transform, self.target_transform = transform, target_transform

    def __call__(self, input: Any, target: Any) -> tuple[Any, Any]:
        if self.transform is not None:
            input = self.transform(input)
        if self.target_transform is not None:
            target = self.target_transform(target)
        return input, target

    def __repr__(self) -> str:
        body = [type(self).__name__]
        for head, transform in (("Transform: ", self.transform), ("Target transform: ", self.target_transform)):
            if transform is not None:
                first, *rest = repr(transform).splitlines()
                body += [f"{head}{first}", *(" " * len(head) + line for line in rest)]
        return "\n".join(body)
