"""Convolution layers without PyTorch: the lecture's figures, how weights begin, messages, and derivatives of orders."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.differences import TENSOR, check, numbers

import tinygrad_edu as tg

F = tg.nn.functional


def test_the_lecture_s_layer() -> None:
    """Three channels to six, kernel 5: a batch of 10 sequences of 50 comes out with 46 places."""
    layer = tg.nn.Conv1d(in_channels=3, out_channels=6, kernel_size=5)
    assert repr(layer) == "Conv1d(3, 6, kernel_size=(5,), stride=(1,))"
    assert layer(tg.randn(10, 3, 50)).shape == tg.Size([10, 6, 46])
    assert tuple(layer.weight.shape) == (6, 3, 5) and tuple(layer.bias.shape) == (6,)


def test_the_lecture_s_dilation() -> None:
    """A kernel [1, 2, 3] with dilation 2 does what [1, 0, 2, 0, 3] does."""
    x = tg.randn(2, 1, 9)
    apart = F.conv1d(x, tg.tensor([[[1.0, 2.0, 3.0]]]), dilation=2)
    filled = F.conv1d(x, tg.tensor([[[1.0, 0.0, 2.0, 0.0, 3.0]]]))
    assert tg.allclose(apart, filled)


def test_the_lecture_s_groups() -> None:
    """4 channels in, 8 out, 2 groups: the first four see channels 0 and 1 only, the others 2 and 3."""
    layer = tg.nn.Conv1d(4, 8, 3, groups=2)
    x = tg.randn(1, 4, 7, requires_grad=True)
    out = layer(x)
    out[:, :4].sum().backward()
    assert x.grad[:, :2].abs().min() > 0 and x.grad[:, 2:].abs().max() == 0
    x.grad = None
    layer(x)[:, 4:].sum().backward()
    assert x.grad[:, :2].abs().max() == 0 and x.grad[:, 2:].abs().min() > 0


@pytest.mark.parametrize("size", [5, 12, 28])
@pytest.mark.parametrize(("kernel", "stride", "padding", "dilation"), [(3, 1, 1, 1), (5, 2, 0, 1), (2, 3, 1, 2)])
def test_the_lecture_s_formula_for_the_size(size: int, kernel: int, stride: int, padding: int, dilation: int) -> None:
    places = math.floor((size + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1
    for spatial, name in ((1, "Conv1d"), (2, "Conv2d"), (3, "Conv3d")):
        layer = getattr(tg.nn, name)(1, 2, kernel, stride, padding, dilation)
        x = tg.ones(1, 1, *(size,) * spatial) if size < 28 or spatial < 3 else tg.ones(1, 1, size, 6, 6)
        assert layer(x).shape[2] == places


def test_an_edge_is_found() -> None:
    image = tg.zeros(1, 1, 3, 4)
    image[..., 2:] = 1
    sobel = tg.tensor([[[[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]]])
    assert F.conv2d(image, sobel).tolist() == [[[[4.0, 4.0]]]]
    assert F.conv2d(image, sobel, padding="same").shape == image.shape
    assert F.max_pool2d(image, (3, 2)).tolist() == [[[[0.0, 1.0]]]]


@pytest.mark.parametrize("name", [f"Conv{kind}{n}d" for kind in ("", "Transpose") for n in (1, 2, 3)])
def test_weights_begin_as_pytorch_s(name: str) -> None:
    """Uniform between ±1 / sqrt(fan in), where the fan in is what PyTorch takes for it: weight[0]'s elements."""
    tg.manual_seed(0)
    layer = getattr(tg.nn, name)(32, 64, 3, groups=2)
    bound = 1 / math.sqrt(layer.weight[0].numel())
    for values in (layer.weight.detach().numpy(), layer.bias.detach().numpy()):
        assert np.abs(values).max() <= bound
    weight = layer.weight.detach().numpy()
    assert abs(weight.std() / (bound / math.sqrt(3)) - 1) < 0.02 and abs(weight.mean()) < 0.05 * bound
    assert np.abs(weight).max() > 0.99 * bound


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: tg.nn.Conv1d(3, 6, 5)(tg.ones(10, 4, 50)), "to have 3 channels, but got 4 channels"),
        (lambda: tg.nn.Conv2d(1, 1, (3, 9))(tg.ones(1, 1, 5, 6)), r"\(5 x 6\). Kernel size: \(3 x 9\)"),
        (lambda: tg.nn.Conv1d(1, 1, 3, dilation=4)(tg.ones(1, 1, 8)), r"\(8\). Kernel size: \(9\)"),
        (lambda: tg.nn.Conv2d(1, 1, 3)(tg.ones(5, 6)), r"3D \(unbatched\) or 4D \(batched\) input to conv2d.*\[5, 6\]"),
        (lambda: tg.nn.ConvTranspose2d(2, 1, 3)(tg.ones(1, 3, 5, 6)), "to have 2 channels, but got 3 channels"),
        (lambda: F.conv1d(tg.ones(1, 1, 3), tg.ones(2, 1, 1), tg.ones(3)), r"1-dimensional with 2 elements.*\[3\]"),
        (lambda: tg.nn.Conv1d(1, 1, 2)(tg.ones(1, 1, 3).double()), "torch.float64.*weight type .torch.float32"),
        (lambda: F.max_pool2d(tg.ones(1, 1, 2, 5), 3), r"\[2, 5\].*\[3, 3\].*too small"),
        (lambda: F.max_pool1d(tg.ones(1, 1, 8), 3, padding=2), "pad=2, kernel_size=3"),
        (lambda: F.fold(tg.ones(1, 8, 5), 3, 2), r"2 \* 2 = 4.*input.size\(2\)=5"),
    ],
)
def test_messages_have_both_numbers(call: Any, told: str) -> None:
    with pytest.raises(RuntimeError, match=told):
        call()


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: tg.nn.Conv1d(3, 6, 5, groups=2), "in_channels must be divisible by groups"),
        (lambda: tg.nn.Conv2d(4, 5, 3, groups=2), "out_channels must be divisible by groups"),
        (lambda: tg.nn.Conv2d(4, 4, 3, groups=0), "groups must be a positive integer"),
        (lambda: tg.nn.Conv2d(4, 4, 3, padding="full"), "Invalid padding string"),
        (lambda: tg.nn.Conv2d(4, 4, 3, stride=2, padding="same"), "not supported for strided"),
        (lambda: tg.nn.Conv2d(4, 4, 3, padding_mode="mirror"), "padding_mode must be one of"),
        (lambda: tg.nn.ConvTranspose2d(4, 4, 3, padding_mode="reflect"), 'Only "zeros"'),
        (lambda: tg.nn.ConvTranspose1d(1, 1, 3, 2)(tg.ones(1, 1, 4), [12]), r"\[12\].*from \[9\] to \[10\]"),
        (lambda: tg.nn.ZeroPad2d((1, 2, 3)), "one number or 4"),
    ],
)
def test_what_cannot_be_is_a_value_error(make: Any, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        make()


def test_output_size_chooses() -> None:
    pool = tg.nn.Conv2d(1, 1, 3, stride=2, padding=1)
    back = tg.nn.ConvTranspose2d(1, 1, 3, stride=2, padding=1)
    x = tg.ones(2, 1, 12, 11)
    assert back(pool(x)).shape == (2, 1, 11, 11)
    assert back(pool(x), output_size=x.shape).shape == back(pool(x), (12, 11)).shape == x.shape


MAKE = numbers(-2, 2)


@pytest.mark.filterwarnings("ignore:Using")  # the advice about create_graph, and about even kernels
@pytest.mark.parametrize(
    "function",
    [
        lambda x: F.pixel_unshuffle(F.pixel_shuffle(x.reshape(1, 4, 2, 2), 2) * x.sum(), 2),
        lambda x: F.interpolate(x, scale_factor=1.5, mode="bicubic"),
        lambda x: F.adaptive_avg_pool2d(x, (3, 5)) * F.adaptive_max_pool2d(x, (3, 5)),
        lambda x: F.max_pool2d(x * x, 3, 1, 1),
        lambda x: F.fold(F.unfold(x * x, 2), (4, 4), 2),
        lambda x: F.conv2d(x, x[:, :, :2, 1:], padding="same"),
        lambda x: F.conv_transpose2d(x, x[:, :, 1:3], stride=2, output_padding=1),
        lambda x: F.instance_norm(F.avg_pool2d(x, 2, 1)),
    ],
)
def test_derivatives_of_two_orders(function: Any) -> None:
    check(TENSOR, function, [MAKE(1, 1, 4, 4)])


@pytest.mark.parametrize("spatial", [1, 2, 3])
def test_gradients_as_functions(spatial: int) -> None:
    how = {"stride": 2, "padding": (1,) * spatial, "dilation": 1, "groups": 2}
    x = tg.randn(2, 4, *(6, 5, 4)[:spatial], requires_grad=True)
    w = tg.randn(6, 2, *(3, 2, 3)[:spatial], requires_grad=True)
    out = getattr(F, f"conv{spatial}d")(x, w, None, **how)
    g = tg.randn(*out.shape)
    out.backward(g)
    assert tg.allclose(getattr(tg.nn.grad, f"conv{spatial}d_input")(x.shape, w, g, **how), x.grad)
    assert tg.allclose(getattr(tg.nn.grad, f"conv{spatial}d_weight")(x, w.shape, g, **how), w.grad)


@pytest.mark.parametrize("backend", ["numpy", None])
def test_a_transposed_one_may_leave_nothing(backend: str | None) -> None:
    x, weight = tg.ones(64, 3, 1, 300, requires_grad=True), tg.ones(3, 2, 2, 2, requires_grad=True)
    with tg.use_backend(backend):
        out = F.conv_transpose2d(x, weight, tg.ones(2), padding=(1, 0))
        assert out.shape == (64, 2, 0, 301)
        out.sum().backward()
    assert not x.grad.any() and not weight.grad.any()
    with pytest.raises(RuntimeError, match=r"an output of size \[-2, 299\] is not possible"):
        F.conv_transpose2d(x, weight, padding=(2, 1))


def test_numbers_become_tuples() -> None:
    from tinygrad_edu.nn.modules.utils import _pair, _reverse_repeat_tuple, _single, _triple

    assert (_single(3), _pair(3), _triple([1, 2, 3])) == ((3,), (3, 3), (1, 2, 3))
    assert _reverse_repeat_tuple((1, 2), 2) == (2, 2, 1, 1)


def test_a_graph_of_convolutions_frees_itself() -> None:
    import gc
    import weakref

    gc.disable()
    try:
        net = tg.nn.Sequential(tg.nn.Conv2d(1, 2, 3), tg.nn.ReLU(), tg.nn.MaxPool2d(2))
        out = net(tg.ones(1, 1, 6, 6))
        seen = weakref.ref(out.grad_fn)
        out.sum().backward()
        del out
        assert seen() is None
    finally:
        gc.enable()
