"""A set of pictures of one's own, made from VisionDataset as in torchvision."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tinygrad_edu.vision.datasets import VisionDataset


class Squares(VisionDataset):
    def __init__(self, root: Any, **options: Any) -> None:
        super().__init__(root, **options)
        self.numbers = [1, 2, 3]

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        image, target = self.numbers[index], self.numbers[index] ** 2
        return (image, target) if self.transforms is None else self.transforms(image, target)

    def __len__(self) -> int:
        return len(self.numbers)


def test_transforms_of_a_sample(tmp_path: Path) -> None:
    assert [Squares(tmp_path)[i] for i in range(3)] == [(1, 1), (2, 4), (3, 9)]
    each = Squares(tmp_path, transform=lambda x: -x, target_transform=str)
    assert each[2] == (-3, "9") and each.transform(2) == -2
    assert Squares(tmp_path, transforms=lambda x, y: (y, x))[2] == (9, 3)
    with pytest.raises(ValueError, match="Only transforms or transform/target_transform"):
        Squares(tmp_path, transforms=lambda x, y: (x, y), transform=abs)


def test_how_it_prints() -> None:
    text = repr(Squares("numbers", target_transform=str))
    assert text.startswith("Dataset Squares\n    Number of datapoints: 3\n    Root location: numbers\n")
    assert "Target transform: <class 'str'>" in text


def test_what_a_subclass_has_to_write() -> None:
    class Nothing(VisionDataset):
        pass

    with pytest.raises(NotImplementedError):
        len(Nothing("numbers"))
    with pytest.raises(NotImplementedError):
        Nothing("numbers")[0]
