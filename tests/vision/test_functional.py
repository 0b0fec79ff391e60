"""Transforms as functions: on Tensors what PyTorch's interpolate and grid_sample give, on images what Pillow gives.

torchvision cannot be installed beside every PyTorch, so it is no oracle here: the tables follow its documentation.
"""

import math
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.vision.transforms import InterpolationMode
from tinygrad_edu.vision.transforms import functional as F

RNG = np.random.default_rng(0)
BYTES = RNG.integers(0, 256, (3, 9, 12), np.uint8)
FLOATS = RNG.random((2, 3, 9, 12), np.float32)
MODES = InterpolationMode


def image(mode: str = "RGB") -> Any:
    Image = pytest.importorskip("PIL.Image")
    return Image.fromarray(np.ascontiguousarray(BYTES.transpose(1, 2, 0))).convert(mode)


def pixels(img: Any) -> Any:
    return np.asarray(img)


# --- conversions ---------------------------------------------------------------------------------------------------


def test_to_tensor_scales_bytes_and_keeps_the_rest() -> None:
    got = F.to_tensor(BYTES.transpose(1, 2, 0))
    assert got.dtype == tg.float32 and got.is_contiguous()
    assert np.array_equal(got.numpy(), BYTES.astype(np.float32) / np.float32(255))
    assert F.to_tensor(BYTES[0]).shape == (1, 9, 12)
    assert F.to_tensor(np.full((2, 2), 300, np.int32)).tolist() == [[[300, 300], [300, 300]]]
    assert F.to_tensor(np.full((2, 2, 1), 3.0)).dtype == tg.float64
    for wrong, error in (([1], TypeError), (tg.ones(2, 2), TypeError), (np.ones(3), ValueError)):
        with pytest.raises(error):
            F.to_tensor(wrong)


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "1", "I", "F", "LA", "CMYK", "I;16", "HSV", "YCbCr"])
def test_images_of_every_mode_go_there_and_back(mode: str) -> None:
    img = image("L").convert(mode) if mode in ("I", "F", "I;16", "1", "LA") else image(mode)
    exact, scaled = F.pil_to_tensor(img), F.to_tensor(img)
    assert exact.shape == scaled.shape == (len(img.getbands()), 9, 12)
    assert np.array_equal(exact.numpy().transpose(1, 2, 0).squeeze(), pixels(img).astype(exact.numpy().dtype))
    if exact.dtype == tg.uint8 and mode != "1":
        assert np.array_equal(scaled.numpy(), exact.numpy() / np.float32(255))
        assert np.array_equal(pixels(F.to_pil_image(exact, mode)), pixels(img))
        assert np.array_equal(pixels(F.to_pil_image(scaled, mode)), pixels(img))
    elif mode in ("I", "F"):
        assert F.to_pil_image(exact, mode).mode == mode
        assert np.array_equal(pixels(F.to_pil_image(exact, mode)), pixels(img))
    else:
        assert scaled.max().item() == (1.0 if mode == "1" else exact.max().item())


def test_to_pil_image_takes_arrays_and_refuses_what_has_no_mode() -> None:
    pytest.importorskip("PIL")
    assert F.to_pil_image(BYTES[0]).mode == "L" and F.to_pil_image(tg.zeros(2, 2)).mode == "L"
    assert F.to_pil_image(np.zeros((2, 2), np.float32)).mode == "F"
    assert F.to_pil_image(tg.tensor([[[0.0, 0.999, 1.0]]])).tobytes() == bytes([0, 254, 255])
    for wrong, error in (
        ("a", TypeError), (tg.ones(5, 2, 2), ValueError), (tg.ones(2), ValueError), (np.ones((2, 2, 3)), TypeError),
        (np.ones((2, 2), np.int64), TypeError),
    ):  # fmt: skip
        with pytest.raises(error):
            F.to_pil_image(wrong)
    for tensor, mode in ((tg.ones(3, 2, 2), "L"), (tg.ones(1, 2, 2), "RGB"), (tg.ones(4, 2, 2), "RGB")):
        with pytest.raises(ValueError):
            F.to_pil_image(tensor, mode)


def test_convert_image_dtype() -> None:
    cases: list[tuple[Any, Any, Any, list[Any]]] = [
        ([0, 255], tg.uint8, tg.float32, [0.0, 1.0]), ([0.0, 0.5, 1.0], tg.float32, tg.uint8, [0, 127, 255]),
        ([0, 255], tg.uint8, tg.int16, [0, 255 * 128]), ([0, 32767], tg.int16, tg.uint8, [0, 255]),
        ([0.5], tg.float32, tg.float64, [0.5]), ([7], tg.uint8, tg.uint8, [7]),
    ]  # fmt: skip
    for values, before, after, expected in cases:
        got = F.convert_image_dtype(tg.tensor(values, dtype=before), after)
        assert got.dtype == after and got.tolist() == expected
    for before, after in ((tg.float32, tg.int32), (tg.float32, tg.int64), (tg.float64, tg.int64)):
        with pytest.raises(RuntimeError, match="cannot be performed safely"):
            F.convert_image_dtype(tg.ones(1, dtype=before), after)


# --- places --------------------------------------------------------------------------------------------------------

PLACES: dict[str, list[tuple[Any, ...]]] = {
    "hflip": [()], "vflip": [()], "crop": [(2, 3, 4, 5), (0, 0, 9, 12), (-2, -1, 14, 15), (7, 10, 5, 5)],
    "center_crop": [(4,), ((5, 8),), ([3],), (15,), ((15, 4),), ((4, 17),)],
    "pad": [
        (2,), ((1, 3),), ([1, 2, 3, 4],), (2, 7), ((1, 2), 0, "edge"), (3, 0, "reflect"), (3, 0, "symmetric"),
        ((-1, 0, 2, -3), 5), ((-2, 1, 1, -1), 0, "reflect"),
    ],
    "five_crop": [(4,), ((3, 5),)], "ten_crop": [(4,), ((3, 5), True)],
}  # fmt: skip


@pytest.mark.parametrize("name", PLACES)
def test_tensors_and_images_move_alike(name: str) -> None:
    img = image()
    for arguments in PLACES[name]:
        ours, pillows = (getattr(F, name)(x, *arguments) for x in (tg.from_numpy(BYTES), img))
        if not isinstance(ours, tuple):
            ours, pillows = (ours,), (pillows,)
        for a, b in zip(ours, pillows, strict=True):
            assert np.array_equal(a.numpy().transpose(1, 2, 0), pixels(b)), arguments


def test_places_of_crops_and_frames() -> None:
    x = tg.arange(20).reshape(1, 4, 5)
    assert F.crop(x, 1, 2, 2, 2).tolist() == [[[7, 8], [12, 13]]]
    assert F.center_crop(x, (2, 1)).tolist() == [[[7], [12]]]
    assert F.hflip(x)[0, 0].tolist() == [4, 3, 2, 1, 0] and F.vflip(x)[0, :, 0].tolist() == [15, 10, 5, 0]
    assert [c.shape for c in F.ten_crop(x, 2)] == [(1, 2, 2)] * 10
    assert F.five_crop(x, 2)[3].tolist() == [[[13, 14], [18, 19]]]
    assert F.pad(x, (1, 0), padding_mode="symmetric")[0, 0].tolist() == [0, 0, 1, 2, 3, 4, 4]
    with pytest.raises(ValueError, match="bigger than input size"):
        F.five_crop(x, 9)
    for wrong, error in (
        (("a",), TypeError), (((1, 2, 3),), ValueError), ((1, {}), TypeError), ((1, 0, "wrap"), ValueError),
        ((1, 0, 3), TypeError), ((1, (1, 2)), ValueError), (((-3, 0), 0, "edge"), ValueError),
    ):  # fmt: skip
        with pytest.raises(error):
            F.pad(x, *wrong)
    for name in ("hflip", "vflip"):
        with pytest.raises(TypeError, match="PIL Image or Tensor"):
            getattr(F, name)(np.ones((2, 2)))
    with pytest.raises(TypeError, match="not a torch image"):
        F.hflip(tg.ones(3))


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGBA", "F"])
@pytest.mark.parametrize("padding_mode", ["constant", "edge", "reflect", "symmetric"])
def test_images_of_every_mode_get_a_frame(mode: str, padding_mode: str) -> None:
    img = image("L").convert(mode) if mode != "RGBA" else image(mode)
    framed = F.pad(img, 2, 0, padding_mode)
    assert framed.mode == mode and framed.size == (16, 13)
    assert np.array_equal(pixels(framed.crop((2, 2, 14, 11)).convert("RGB")), pixels(img.convert("RGB")))


def test_erase() -> None:
    x = tg.ones(3, 4, 5)
    out = F.erase(x, 1, 2, 2, 3, tg.tensor([[[2.0]], [[3.0]], [[4.0]]]))
    assert x.sum().item() == 60 and out.sum().item() == 60 + 6 * (1 + 2 + 3) and out[:, 1, 2].tolist() == [2, 3, 4]
    assert F.erase(x, 0, 0, 1, 1, 0.0, inplace=True) is x and x[:, 0, 0].tolist() == [0, 0, 0]
    with pytest.raises(TypeError):
        F.erase("picture", 0, 0, 1, 1, 0)  # type: ignore[arg-type]


# --- resampling ----------------------------------------------------------------------------------------------------

SIZES = [(9, 12), (4, 5), (20, 30), (3, 25), (18, 24), (1, 1), (7, 13)]


@pytest.mark.oracle
@pytest.mark.parametrize("mode", ["nearest", "nearest-exact", "bilinear", "bicubic"])
@pytest.mark.parametrize("antialias", [True, False])
def test_resized_tensors_are_pytorchs(mode: str, antialias: bool) -> None:
    torch = pytest.importorskip("torch")
    smooth = mode.startswith("bi")
    options: Any = {"align_corners": False, "antialias": antialias} if smooth else {}
    for size in SIZES:
        for array in (FLOATS, FLOATS.astype(np.float64), BYTES[None]):
            theirs = torch.from_numpy(array)
            if smooth and array.dtype == np.uint8:
                theirs = theirs.float()
            theirs = torch.nn.functional.interpolate(theirs, size=size, mode=mode, **options)
            if array.dtype == np.uint8:
                theirs = theirs.clamp(0, 255).round().byte()
            ours = F.resize(tg.from_numpy(array), size, MODES(mode), antialias=antialias)
            assert str(ours.dtype) == str(theirs.dtype) and ours.shape == tuple(theirs.shape)
            difference = np.abs(ours.numpy().astype(np.float64) - theirs.numpy()).max()
            assert difference <= (1 if array.dtype == np.uint8 else 3e-6), size  # a half may be rounded either way


@pytest.mark.parametrize("mode", ["nearest", "bilinear", "bicubic", "box", "hamming", "lanczos"])
def test_resized_images_are_pillows_and_tensors_near_them(mode: str) -> None:
    img, number = image(), {"nearest": 0, "lanczos": 1, "bilinear": 2, "bicubic": 3, "box": 4, "hamming": 5}[mode]
    for size in SIZES:
        got = F.resize(img, size, MODES(mode))
        assert np.array_equal(pixels(got), pixels(img.resize(size[::-1], number)))
        assert np.array_equal(pixels(got), pixels(F.resize(img, size, number)))
        if mode == "bilinear":  # (after the first of two passes Pillow cuts off what bicubic overshoots)
            tensor = F.resize(tg.from_numpy(BYTES), size, MODES(mode)).numpy().transpose(1, 2, 0)
            assert np.abs(tensor.astype(int) - pixels(got)).max() <= 1


def test_sizes_that_are_asked_for() -> None:
    x = tg.ones(1, 9, 12)
    cases: list[tuple[Any, Any, tuple[int, int]]] = [
        (3, None, (3, 4)), ([6], None, (6, 8)), ((5, 7), None, (5, 7)), (6, 7, (5, 7)), (9, None, (9, 12)),
    ]  # fmt: skip
    for size, most, expected in cases:
        assert F.resize(x, size, max_size=most).shape[-2:] == expected
        assert F.resize(x.transpose(-1, -2), size, max_size=most).shape[-2:] == (
            expected if isinstance(size, tuple) else expected[::-1]
        )
    refused: list[tuple[Any, Any, Any]] = [
        (6, 6, ValueError), ((5, 7), 9, ValueError), ((1, 2, 3), None, ValueError), (2.5, None, TypeError),
    ]  # fmt: skip
    for size, most, error in refused:
        with pytest.raises(error):
            F.resize(x, size, max_size=most)
    with pytest.raises(ValueError, match="not lanczos"):
        F.resize(x, 3, MODES.LANCZOS)
    with pytest.raises(TypeError, match="interpolation"):
        F.resize(x, 3, "bilinear")
    assert F.resized_crop(x, 1, 1, 4, 4, (2, 2)).tolist() == tg.ones(1, 2, 2).tolist()


def test_gradients_pass_through_places_and_sizes() -> None:
    x = tg.rand(1, 4, 4, dtype=tg.float64, requires_grad=True)
    chain = [
        lambda t: F.resize(t, (3, 5)), lambda t: F.rotate(t, 30, MODES.BILINEAR, fill=1.0), F.hflip,
        lambda t: F.pad(t, 1, padding_mode="reflect"), lambda t: F.gaussian_blur(t, 3),
        lambda t: F.center_crop(t, 9), lambda t: F.normalize(t, [0.5], [2.0]), lambda t: F.adjust_contrast(t, 0.5),
    ]  # fmt: skip
    for function in chain:
        assert tg.autograd.gradcheck(function, (x,)), function


# --- turning -------------------------------------------------------------------------------------------------------

TURNS: list[tuple[str, dict[str, Any]]] = [
    ("rotate", {"angle": 0}), ("rotate", {"angle": 90}), ("rotate", {"angle": -33.5}),
    ("rotate", {"angle": 20, "center": [2, 3]}), ("rotate", {"angle": 45, "expand": True}),
    ("rotate", {"angle": 90, "expand": True}), ("rotate", {"angle": 200, "fill": [0.1, 0.2, 0.3]}),
    ("affine", {"angle": 10, "translate": [2, -1], "scale": 1.3, "shear": [5, -8]}),
    ("affine", {"angle": -70, "translate": (0, 3), "scale": 0.6, "shear": 12.0, "fill": 0.5}),
    ("affine", {"angle": 15, "translate": (0, 0), "scale": 1.0, "shear": [0, 0], "center": [0, 0]}),
]  # fmt: skip


@pytest.mark.oracle
@pytest.mark.parametrize("mode", ["nearest", "bilinear"])
@pytest.mark.parametrize(("name", "options"), TURNS)
def test_turned_tensors_are_what_grid_sample_reads(name: str, options: dict[str, Any], mode: str) -> None:
    torch = pytest.importorskip("torch")
    options = dict(options)
    fill = options.pop("fill", None)
    ours = getattr(F, name)(tg.from_numpy(FLOATS), **options, fill=fill, interpolation=MODES(mode)).numpy()

    def homogeneous(a: float, b: float, c: float, d: float, x: float = 0.0, y: float = 0.0) -> Any:
        return np.array([[a, b, x], [c, d, y], [0, 0, 1.0]])

    turn = math.radians(-options["angle"] if name == "rotate" else options["angle"])
    shear = options.get("shear", [0, 0])
    along_x, along_y = (math.radians(s) for s in (shear if isinstance(shear, list) else [shear, 0]))
    center = options.get("center", (6.0, 4.5))
    middle = homogeneous(1, 0, 0, 1, center[0] - 6.0, center[1] - 4.5)
    forward = (
        homogeneous(1, 0, 0, 1, *options.get("translate", (0, 0))) @ middle
        @ homogeneous(math.cos(turn), -math.sin(turn), math.sin(turn), math.cos(turn))
        @ homogeneous(1, 0, -math.tan(along_y), 1) @ homogeneous(1, -math.tan(along_x), 0, 1)
        @ np.diag([options.get("scale", 1.0)] * 2 + [1]) @ np.linalg.inv(middle)
    )  # fmt: skip
    height, width = ours.shape[-2:]
    x, y = np.meshgrid(np.arange(width) - (width - 1) / 2, np.arange(height) - (height - 1) / 2)
    places = np.linalg.inv(forward) @ np.stack([x.ravel(), y.ravel(), np.ones(x.size)])
    grid = torch.from_numpy((places[:2].T / [6.0, 4.5]).reshape(1, height, width, 2)).expand(2, -1, -1, -1)
    source = torch.from_numpy(FLOATS).double()
    sampled = torch.nn.functional.grid_sample(
        torch.cat([source, torch.ones(2, 1, 9, 12).double()], 1), grid, mode=mode, align_corners=False
    )
    theirs, weight = sampled[:, :3], sampled[:, 3:]
    if fill is not None:
        theirs = theirs + (1 - weight) * torch.tensor(fill).reshape(-1, 1, 1)
    wrong = np.abs(ours - theirs.numpy()) > 1e-5
    if mode == "nearest" and options["angle"] == 90 and not options.get("expand"):
        return  # every place lies halfway between two pixels: rounding decides
    assert wrong.mean() < (0.02 if mode == "nearest" else 1e-9)
    if options.get("expand"):
        assert (height, width) == ((12, 9) if options["angle"] == 90 else (15, 16))


@pytest.mark.parametrize(("name", "options"), TURNS)
def test_turned_images_are_pillows_and_tensors_near_them(name: str, options: dict[str, Any]) -> None:
    img, options = image(), dict(options)
    fill = options.pop("fill", None)
    colour = None if fill is None else [int(255 * f) for f in fill] if isinstance(fill, list) else int(255 * fill)
    got = getattr(F, name)(img, **options, fill=colour)
    if name == "rotate":
        wanted = tuple(colour) if isinstance(colour, list) else colour
        center = options.get("center")
        theirs = img.rotate(options["angle"], 0, options.get("expand", False), center, fillcolor=wanted or (0, 0, 0))
        assert np.array_equal(pixels(got), pixels(theirs))
    tensor = getattr(F, name)(tg.from_numpy(BYTES), **options, fill=colour).numpy().transpose(1, 2, 0)
    assert tensor.shape == pixels(got).shape
    if name == "affine":
        assert (tensor != pixels(got)).any(-1).mean() < 0.1  # nearest pixels: rounding decides at the borders


def test_turns_that_make_no_sense() -> None:
    x = tg.ones(3, 4, 4)
    for call, error in (
        (lambda: F.rotate(x, "a"), TypeError), (lambda: F.rotate(x, 1, center=2), TypeError),
        (lambda: F.rotate(x, 1, MODES.BICUBIC), ValueError), (lambda: F.rotate(x, 1, fill=[1, 2]), ValueError),
        (lambda: F.rotate(image(), 1, fill=[1, 2]), ValueError), (lambda: F.affine(x, 1, 2, 1, 0), TypeError),
        (lambda: F.affine(x, 1, [1], 1, 0), ValueError), (lambda: F.affine(x, 1, [1, 1], 0, 0), ValueError),
        (lambda: F.affine(x, 1, [1, 1], 1, [1, 2, 3]), ValueError), (lambda: F.affine(x, 1, [1, 1], 1, "a"), TypeError),
    ):  # fmt: skip
        with pytest.raises(error):
            call()


# --- colours -------------------------------------------------------------------------------------------------------


def test_normalize() -> None:
    x = tg.from_numpy(FLOATS)
    mean, std = [0.1, 0.2, 0.3], (2.0, 4.0, 0.5)
    shape = (3, 1, 1)
    expected = (FLOATS - np.reshape(mean, shape).astype("f4")) / np.reshape(std, shape).astype("f4")
    assert np.allclose(F.normalize(x, mean, std).numpy(), expected, atol=1e-6) and np.array_equal(x.numpy(), FLOATS)
    copy = x.clone()
    assert F.normalize(copy, mean, std, inplace=True) is copy and np.allclose(copy.numpy(), expected, atol=1e-6)
    for wrong, error in ((BYTES, TypeError), (tg.from_numpy(BYTES), TypeError), (tg.ones(2, 2), ValueError)):
        with pytest.raises(error):
            F.normalize(wrong, mean, std)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="std evaluated to zero"):
        F.normalize(x, mean, [1.0, 0.0, 1.0])


def test_grey() -> None:
    img = image()
    assert F.to_grayscale(img).mode == F.rgb_to_grayscale(img).mode == "L"
    three = pixels(F.rgb_to_grayscale(img, 3))
    assert three.shape == (9, 12, 3) and (three[..., 0] == pixels(img.convert("L"))).all()
    tensor = F.rgb_to_grayscale(tg.from_numpy(BYTES), 3)
    assert tensor.dtype == tg.uint8 and np.abs(tensor.numpy().transpose(1, 2, 0).astype(int) - three).max() <= 1
    assert F.rgb_to_grayscale(tg.ones(1, 2, 2), 3).shape == (3, 2, 2)
    for call, error in (
        (lambda: F.to_grayscale(tg.ones(3, 2, 2)), TypeError), (lambda: F.rgb_to_grayscale(img, 2), ValueError),
        (lambda: F.rgb_to_grayscale(tg.ones(2, 2, 2)), TypeError),
    ):  # fmt: skip
        with pytest.raises(error):
            call()


COLOURS = {
    "adjust_brightness": (0.0, 0.5, 1.7), "adjust_contrast": (0.0, 0.5, 1.7), "adjust_saturation": (0.0, 0.5, 1.7),
    "adjust_gamma": (0.5, 1.0, 2.2), "adjust_hue": (-0.5, -0.2, 0.0, 0.3),
}  # fmt: skip


@pytest.mark.parametrize("name", COLOURS)
def test_tensors_and_images_change_colour_alike(name: str) -> None:
    img, function = image(), getattr(F, name)
    for factor in COLOURS[name]:
        by_pillow = pixels(function(img, factor)).astype(int)
        by_bytes = function(tg.from_numpy(BYTES), factor)
        by_floats = function(F.to_tensor(img), factor).numpy() * 255
        assert by_bytes.dtype == tg.uint8
        near = 12 if name == "adjust_hue" else 2  # Pillow's hue is a byte
        for other in (by_bytes.numpy().astype(int), by_floats):
            assert np.abs(other.transpose(1, 2, 0) - by_pillow).max() <= near, factor
    for wrong in (-1.0,):
        for picture in (img, tg.from_numpy(BYTES)):
            with pytest.raises(ValueError, match="negative|not in"):
                function(picture, wrong)
    assert function(tg.ones(1, 3, 3) * 0.5, 0.25).shape == (1, 3, 3) and function(image("L"), 0.25).mode == "L"


def test_invert_and_blur() -> None:
    img = image()
    assert np.array_equal(pixels(F.invert(img)), 255 - pixels(img))
    assert np.array_equal(F.invert(tg.from_numpy(BYTES)).numpy(), 255 - BYTES) and F.invert(tg.ones(1, 1)).item() == 0
    spike = tg.zeros(1, 7, 7)
    spike[0, 3, 3] = 1.0
    blurred = F.gaussian_blur(spike, (3, 5), (1.0, 2.0))[0]
    weights = np.exp(-0.5 * (np.arange(-2, 3) / 2.0) ** 2)
    assert np.allclose(blurred[1:6].sum(1).numpy(), weights / weights.sum(), atol=1e-6)
    assert np.count_nonzero(blurred.numpy()) == 15 and abs(blurred.sum().item() - 1) < 1e-6
    assert F.gaussian_blur(img, 3).mode == "RGB" and F.gaussian_blur(tg.ones(3, 4, 4), 3).allclose(tg.ones(3, 4, 4))
    for arguments, error in (((2,), ValueError), ((3, 0.0), ValueError), ((3.0,), TypeError), ((15,), ValueError)):
        with pytest.raises(error):
            F.gaussian_blur(spike, *arguments)


def test_what_a_picture_is() -> None:
    for picture in (image(), tg.from_numpy(BYTES)):
        assert F.get_dimensions(picture) == [3, 9, 12] and F.get_image_size(picture) == [12, 9]
        assert F.get_image_num_channels(picture) == 3


@pytest.mark.parametrize("size", [0, [0], (0, 4), (4, -1)])
def test_a_picture_without_a_side_is_refused(size: Any) -> None:
    with pytest.raises(ValueError, match="height and width must be > 0"):
        F.resize(tg.ones(1, 4, 5), size)
