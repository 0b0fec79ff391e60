"""Transforms as objects: how they print, what they refuse, and that their chance is seeded and goes everywhere."""

import pickle
import warnings
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.utils.data import DataLoader
from tinygrad_edu.vision import transforms as T
from tinygrad_edu.vision.transforms import functional as F

X = tg.arange(3 * 8 * 10).reshape(3, 8, 10).float() / 240

# Each name: what to call it with, and what torchvision prints.
PRINTED: list[tuple[str, tuple[Any, ...], dict[str, Any], str]] = [
    ("ToTensor", (), {}, "ToTensor()"), ("PILToTensor", (), {}, "PILToTensor()"),
    ("ConvertImageDtype", (tg.float32,), {}, "ConvertImageDtype()"), ("ToPILImage", (), {}, "ToPILImage()"),
    ("ToPILImage", ("L",), {}, "ToPILImage(mode=L)"),
    ("Normalize", ((0.5,), (0.25,)), {}, "Normalize(mean=(0.5,), std=(0.25,))"),
    ("Resize", (4,), {}, "Resize(size=4, interpolation=bilinear, max_size=None, antialias=True)"),
    ("Resize", ((4, 5), T.InterpolationMode.NEAREST), {},
     "Resize(size=(4, 5), interpolation=nearest, max_size=None, antialias=True)"),
    ("CenterCrop", (4,), {}, "CenterCrop(size=(4, 4))"), ("FiveCrop", (4,), {}, "FiveCrop(size=(4, 4))"),
    ("TenCrop", ((4, 5),), {}, "TenCrop(size=(4, 5), vertical_flip=False)"),
    ("Pad", (2,), {}, "Pad(padding=2, fill=0, padding_mode=constant)"),
    ("Grayscale", (), {}, "Grayscale(num_output_channels=1)"), ("Lambda", (abs,), {}, "Lambda()"),
    ("RandomCrop", (4,), {"padding": 1}, "RandomCrop(size=(4, 4), padding=1)"),
    ("RandomHorizontalFlip", (), {}, "RandomHorizontalFlip(p=0.5)"),
    ("RandomVerticalFlip", (0.25,), {}, "RandomVerticalFlip(p=0.25)"),
    ("RandomResizedCrop", (4,), {}, "RandomResizedCrop(size=(4, 4), scale=(0.08, 1.0), ratio=(0.75, 1.3333), "
     "interpolation=bilinear, antialias=True)"),
    ("RandomRotation", (15,), {},
     "RandomRotation(degrees=[-15.0, 15.0], interpolation=nearest, expand=False, fill=0)"),
    ("RandomRotation", ((0, 9),), {"center": (1, 1)},
     "RandomRotation(degrees=[0.0, 9.0], interpolation=nearest, expand=False, center=(1, 1), fill=0)"),
    ("RandomAffine", (5,), {}, "RandomAffine(degrees=[-5.0, 5.0])"),
    ("RandomAffine", (5, (0.1, 0.2), (0.5, 2), 3), {"fill": 1, "interpolation": T.InterpolationMode.BILINEAR},
     "RandomAffine(degrees=[-5.0, 5.0], translate=(0.1, 0.2), scale=(0.5, 2), shear=[-3.0, 3.0], "
     "interpolation=bilinear, fill=1)"),
    ("RandomGrayscale", (), {}, "RandomGrayscale(p=0.1)"), ("RandomInvert", (), {}, "RandomInvert(p=0.5)"),
    ("ColorJitter", (0.5, (0.5, 1.5), 0, 0.25), {},
     "ColorJitter(brightness=(0.5, 1.5), contrast=(0.5, 1.5), saturation=None, hue=(-0.25, 0.25))"),
    ("GaussianBlur", (3,), {}, "GaussianBlur(kernel_size=(3, 3), sigma=(0.1, 2.0))"),
    ("RandomErasing", (), {}, "RandomErasing(p=0.5, scale=(0.02, 0.33), ratio=(0.3, 3.3), value=0, inplace=False)"),
    ("Compose", ([T.ToTensor(), T.Normalize([0.5], [0.5])],), {},
     "Compose(\n    ToTensor()\n    Normalize(mean=[0.5], std=[0.5])\n)"),
    ("RandomApply", ([T.Grayscale()],), {}, "RandomApply(\n    p=0.5\n    Grayscale(num_output_channels=1)\n)"),
    ("RandomOrder", ([T.ToTensor()],), {}, "RandomOrder(\n    ToTensor()\n)"),
    ("RandomChoice", ([T.ToTensor()],), {}, "RandomChoice(\n    ToTensor()\n)(p=None)"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "arguments", "options", "printed"), PRINTED)
def test_they_print_as_in_torchvision(name: str, arguments: Any, options: Any, printed: str) -> None:
    assert repr(getattr(T, name)(*arguments, **options)) == printed


@pytest.mark.parametrize(("name", "arguments", "options", "printed"), PRINTED)
def test_they_travel_to_worker_processes(name: str, arguments: Any, options: Any, printed: str) -> None:
    assert repr(pickle.loads(pickle.dumps(getattr(T, name)(*arguments, **options)))) == printed


def test_every_transform_is_in_the_table() -> None:
    assert {row[0] for row in PRINTED} == set(T.__all__) - {"InterpolationMode", "functional"}


REFUSED: list[tuple[Any, Any]] = [
    (TypeError, lambda: T.Lambda(3)), (TypeError, lambda: T.Resize("a")), (ValueError, lambda: T.Resize((1, 2, 3))),
    (ValueError, lambda: T.CenterCrop((1, 2, 3))), (ValueError, lambda: T.Pad((1, 2, 3))),
    (TypeError, lambda: T.Pad("a")), (ValueError, lambda: T.Pad(1, padding_mode="wrap")),
    (ValueError, lambda: T.RandomCrop(9)(X)), (ValueError, lambda: T.RandomRotation(-1)),
    (ValueError, lambda: T.RandomRotation((1, 2, 3))), (TypeError, lambda: T.RandomRotation(None)),
    (TypeError, lambda: T.RandomRotation(1, center=2)), (ValueError, lambda: T.RandomRotation(1, center=(1,))),
    (TypeError, lambda: T.RandomRotation(1, fill={})), (TypeError, lambda: T.RandomAffine(1, translate=1)),
    (ValueError, lambda: T.RandomAffine(1, translate=(1, 2))), (ValueError, lambda: T.RandomAffine(1, scale=(0, 1))),
    (ValueError, lambda: T.RandomAffine(1, shear=(1, 2, 3))), (TypeError, lambda: T.RandomResizedCrop(4, scale=1)),
    (ValueError, lambda: T.RandomErasing(p=2)), (ValueError, lambda: T.RandomErasing(scale=(0, 2))),
    (ValueError, lambda: T.RandomErasing(value="a")), (TypeError, lambda: T.RandomErasing(value=None)),
    (ValueError, lambda: T.RandomErasing(p=1, value=(1, 2))(X)), (TypeError, lambda: T.RandomErasing(p=1)("a")),
    (ValueError, lambda: T.ColorJitter(-1)), (ValueError, lambda: T.ColorJitter(hue=0.6)),
    (ValueError, lambda: T.ColorJitter((2, 1))), (TypeError, lambda: T.ColorJitter("a")),
    (ValueError, lambda: T.GaussianBlur(2)), (ValueError, lambda: T.GaussianBlur(3, -1)),
    (TypeError, lambda: T.GaussianBlur(3, (1, 2, 3))), (TypeError, lambda: T.ConvertImageDtype("float32")),
    (TypeError, lambda: T.RandomChoice(3)), (ValueError, lambda: T.RandomChoice([abs], p=[1, 2])),
]  # fmt: skip


@pytest.mark.parametrize(("error", "call"), REFUSED)
def test_arguments_that_make_no_sense(error: Any, call: Any) -> None:
    with pytest.raises(error):
        call()


def test_a_range_the_wrong_way_round_warns() -> None:
    for make in (lambda: T.RandomResizedCrop(4, scale=(1, 0.5)), lambda: T.RandomErasing(ratio=(3, 0.3))):
        with pytest.warns(UserWarning, match="of kind"):
            make()


RANDOM = {
    "RandomCrop": T.RandomCrop(4, padding=2), "RandomHorizontalFlip": T.RandomHorizontalFlip(),
    "RandomVerticalFlip": T.RandomVerticalFlip(), "RandomResizedCrop": T.RandomResizedCrop(5),
    "RandomRotation": T.RandomRotation(40), "RandomAffine": T.RandomAffine(40, (0.2, 0.2), (0.5, 2), (-9, 9, -9, 9)),
    "RandomGrayscale": T.RandomGrayscale(0.5), "ColorJitter": T.ColorJitter(0.5, 0.5, 0.5, 0.2),
    "GaussianBlur": T.GaussianBlur(3), "RandomErasing": T.RandomErasing(), "RandomInvert": T.RandomInvert(),
    "RandomApply": T.RandomApply([F.hflip]), "RandomChoice": T.RandomChoice([F.hflip, F.vflip]),
    "RandomOrder": T.RandomOrder([T.Pad((1, 0)), T.Resize((5, 6)), F.hflip]),
}  # fmt: skip


@pytest.mark.parametrize("name", RANDOM)
@pytest.mark.parametrize("kind", ["float32", "uint8", "image"])
def test_chance_is_repeated_by_the_seed(name: str, kind: str) -> None:
    picture: Any = X if kind == "float32" else (X * 255).byte()
    if kind == "image":
        pytest.importorskip("PIL")
        if name == "RandomErasing":
            return
        picture = F.to_pil_image(picture)

    def draw() -> list[Any]:
        tg.manual_seed(0)
        return [np.asarray(RANDOM[name](picture)).tolist() for _ in range(24)]

    first = draw()
    assert first == draw()
    assert 2 <= len({str(each) for each in first}) and "nan" not in str(first)


def test_a_random_transform_has_a_seed_case_each() -> None:
    assert {name for name in T.__all__ if name.startswith(("Random", "Color", "Gauss"))} == set(RANDOM)


def test_crops_go_everywhere_and_no_further() -> None:
    x = tg.arange(12).reshape(1, 3, 4)
    tg.manual_seed(0)
    corners = {T.RandomCrop(2)(x)[0, 0, 0].item() for _ in range(100)}
    assert corners == {0, 1, 2, 4, 5, 6}
    assert T.RandomCrop((5, 6), pad_if_needed=True)(x).shape == (1, 5, 6)
    assert T.RandomCrop((3, 4))(x) is not None and T.RandomCrop((3, 4))(x).tolist() == x.tolist()
    for _ in range(50):
        top, left, height, width = T.RandomResizedCrop.get_params(X, (0.2, 0.5), (0.5, 2.0))
        assert 0 <= top <= 8 - height and 0 <= left <= 10 - width and 0.4 <= width / height <= 2.5
    assert T.RandomResizedCrop.get_params(tg.ones(1, 2, 40), (0.9, 1.0), (0.5, 2.0)) == (0, 18, 2, 4)
    assert T.RandomResizedCrop.get_params(tg.ones(1, 40, 2), (0.9, 1.0), (0.5, 2.0)) == (18, 0, 4, 2)


def test_probabilities_of_zero_and_one() -> None:
    for _ in range(20):
        assert T.RandomHorizontalFlip(0.0)(X) is X and T.RandomApply([F.hflip], p=0.0)(X) is X
        assert T.RandomVerticalFlip(1.0)(X).tolist() == F.vflip(X).tolist()
        assert T.RandomChoice([F.hflip, F.vflip], p=[0.0, 1.0])(X).tolist() == F.vflip(X).tolist()
        assert T.RandomErasing(p=0.0)(X) is X and T.RandomGrayscale(0.0)(X) is X


def test_erasing_puts_what_it_is_told() -> None:
    tg.manual_seed(1)
    for value, expected in ((7, {7.0}), ((1.0, 2.0, 3.0), {1.0, 2.0, 3.0})):
        out = T.RandomErasing(p=1, value=value)(tg.full((3, 20, 20), -5.0))
        share = (out != -5).float().mean().item()
        assert set(out[out != -5].tolist()) == expected and 0.01 < share < 0.36
    noise = T.RandomErasing(p=1, value="random")(tg.full((3, 20, 20), -5.0))
    assert len(set(noise.flatten().tolist())) > 20
    x = tg.zeros(3, 20, 20)
    assert T.RandomErasing(p=1, value=1, inplace=True)(x) is x and x.sum().item() > 0


def test_a_pipeline_of_a_lecture_in_worker_processes() -> None:
    pytest.importorskip("PIL")
    steps = T.Compose([
        T.ToPILImage(), T.Resize(12), T.RandomCrop(8, padding=1), T.RandomHorizontalFlip(), T.RandomRotation(15),
        T.ToTensor(), T.Normalize((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)), T.RandomErasing(),
    ])  # fmt: skip
    data = [(X * 255).byte()] * 6

    class Pictures:
        def __len__(self) -> int:
            return 6

        def __getitem__(self, index: int) -> Any:
            return steps(data[index]), index

    for workers in (0, 2):
        tg.manual_seed(3)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            batches = list(DataLoader(Pictures(), batch_size=3, num_workers=workers))
        assert [b[0].shape for b in batches] == [(3, 3, 8, 8)] * 2 and batches[1][1].tolist() == [3, 4, 5]
        assert -1.0 <= min(b[0].min().item() for b in batches) and max(b[0].max().item() for b in batches) <= 1.0


def test_modules_among_them_fit_into_sequential() -> None:
    chain = tg.nn.Sequential(T.CenterCrop(4), T.Normalize([0.0], [1.0]))
    assert chain(X).shape == (3, 4, 4)
