"""Real digits without a network: 1797 of 8 x 8 pixels, which scikit-learn carries in its package."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from tinygrad_edu.tensors.creation import from_numpy
from tinygrad_edu.vision.datasets.vision import Transform, VisionDataset
from tinygrad_edu.vision.pillow import pillow

__all__ = ["Digits"]


class Digits(VisionDataset):
    """Handwritten digits (Alpaydin and Kaynak, 1998): the first 1437 for training, the last 360 for testing.

    Takes the arguments of MNIST, so that one can stand for the other; `root` and `download` have no effect.

    Attributes:
        data: Tensor (N, 8, 8) of uint8, 0 for background, 255 where the original has 16. targets: Tensor (N,) of int64.
        classes: "0" to "9"; class_to_idx: their numbers.

    Raises:
        ModuleNotFoundError: scikit-learn is not installed; it comes with the extra `data`.
    """

    classes = [str(digit) for digit in range(10)]
    class_to_idx = {str(digit): digit for digit in range(10)}

    def __init__(
        self,
        root: str | os.PathLike[str] | None = None,
        train: bool = True,
        transform: Transform | None = None,
        target_transform: Transform | None = None,
        download: bool = False,
    ) -> None:
        super().__init__(None, transform=transform, target_transform=target_transform)
        self.train = train
        try:
            from sklearn.datasets import load_digits
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(
                "The 8 x 8 digits come with scikit-learn, which is not installed. Install the extra: "
                "pip install 'tinygrad_edu[data]'.",
                name="sklearn",
            ) from error
        found = load_digits()
        part = slice(None, 1437) if train else slice(1437, None)
        self.data = from_numpy(np.rint(found.images[part] * (255 / 16)).astype(np.uint8))
        self.targets = from_numpy(found.target[part].astype(np.int64))

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        """The picture as an image of Pillow, and its class as an int; both transformed."""
        image = pillow().fromarray(self.data[index].numpy())
        return self._transformed(image, int(self.targets[index]))

    def __len__(self) -> int:
        return len(self.data)

    def extra_repr(self) -> str:
        """Which of the two sets it is."""
        return f"Split: {'Train' if self.train is True else 'Test'}"
