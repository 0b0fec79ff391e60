"""Pictures side by side: where each one stands, and what is in the file."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.vision.utils import make_grid, save_image


def test_where_each_picture_stands() -> None:
    x = tg.arange(1, 6).reshape(5, 1, 1, 1).expand(5, 3, 2, 3).float()
    grid = make_grid(x, nrow=2, padding=1, pad_value=9.0)
    assert grid.shape == (3, 10, 9)
    for k in range(5):
        top, left = 1 + 3 * (k // 2), 1 + 4 * (k % 2)
        assert grid[:, top : top + 2, left : left + 3].unique().tolist() == [k + 1]
    assert (grid == 9).sum().item() == 3 * (90 - 5 * 6)


def test_shapes_that_are_taken() -> None:
    assert make_grid(tg.ones(4, 5)).shape == (3, 4, 5) and make_grid(tg.ones(1, 4, 5)).shape == (3, 4, 5)
    assert make_grid(tg.ones(2, 4, 5)).shape == (2, 4, 5) and make_grid([tg.ones(1, 4, 5)] * 3).shape == (3, 8, 23)
    assert (
        make_grid(tg.ones(9, 3, 2, 2)).shape == (3, 10, 34) and make_grid(tg.ones(2, 1, 2, 2).byte()).dtype == tg.uint8
    )
    for wrong, error in ((3, TypeError), ([], TypeError), ([3], TypeError), (tg.ones(3), ValueError)):
        with pytest.raises(error):
            make_grid(wrong)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="value_range"):
        make_grid(tg.ones(2, 2), value_range=3)  # type: ignore[arg-type]


def test_normalizing() -> None:
    x = tg.tensor([[[[0.0, 2.0]]], [[[4.0, 8.0]]]], requires_grad=True)
    whole = make_grid(x, padding=0, normalize=True)[0, 0]
    each = make_grid(x, padding=0, normalize=True, scale_each=True)[0, 0]
    given = make_grid(x, padding=0, normalize=True, value_range=(2.0, 4.0))[0, 0]
    assert whole.tolist() == [0, 0.25, 0.5, 1] and each.tolist() == [0, 1, 0, 1] and given.tolist() == [0, 0, 1, 1]
    assert not whole.requires_grad and x.tolist() == [[[[0, 2]]], [[[4, 8]]]]


def test_what_is_in_the_file(tmp_path: Path) -> None:
    Image = pytest.importorskip("PIL.Image")
    x = tg.tensor([[[0.0, 0.5], [1.0, 7.0]], [[0.1, -3.0], [0.2, 0.3]], [[0.0, 0.0], [1.0, 1.0]]])
    expected = np.clip(x.numpy() * 255 + 0.5, 0, 255).astype(np.uint8).transpose(1, 2, 0)
    path = tmp_path / "a.png"
    save_image(x, path)
    file = io.BytesIO()
    save_image(x, file, format="png")
    for written in (path, file):
        assert np.array_equal(np.asarray(Image.open(written)), expected)
    save_image(tg.ones(5, 1, 4, 4), str(tmp_path / "b.PNG"), nrow=3)
    assert Image.open(tmp_path / "b.PNG").size == (20, 14)


def test_a_failure_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image = pytest.importorskip("PIL.Image")
    path = tmp_path / "a.png"
    save_image(tg.ones(2, 2), path)
    before = path.read_bytes()

    def fails(self: Any, file: Any, **options: Any) -> None:
        file.write(b"half")
        raise OSError("no space left")

    with pytest.raises(ValueError, match="unknown file extension"):
        save_image(tg.ones(2, 2), tmp_path / "a.picture")
    monkeypatch.setattr(Image.Image, "save", fails)
    with pytest.raises(OSError, match="no space"):
        save_image(tg.zeros(2, 2), path)
    assert path.read_bytes() == before and len(list(tmp_path.iterdir())) == 1
