"""Document 5, a translation of PyTorch's first tutorials (tensors, autograd): every printed line, top to bottom.

Where the page prints random numbers they are entered here as data, so that what is computed from them can be compared.
What is not reproduced stands in not_reproduced.md.
"""

import numpy as np
import pytest

import tinygrad_edu as torch

SUM = [
    [-0.4647, 1.3950, -0.4282], [1.8951, 0.7929, 1.8287], [0.6629, 0.9020, -1.1435], [1.2521, 0.6579, 1.3717],
    [1.1686, -1.1220, 1.6196],
]  # fmt: skip
SUM_PRINTED = (
    "tensor([[-0.4647,  1.3950, -0.4282],\n        [ 1.8951,  0.7929,  1.8287],\n"
    "        [ 0.6629,  0.9020, -1.1435],\n        [ 1.2521,  0.6579,  1.3717],\n"
    "        [ 1.1686, -1.1220,  1.6196]])"
)
TABLE = [
    [-0.4510, 0.2800, 0.1055], [-0.3795, -1.1968, 0.2691], [0.9133, -1.2371, 0.9872], [1.8379, 1.4533, 0.4116],
    [-0.5310, 1.2762, -0.5901],
]  # fmt: skip
SIXTEEN = [
    -0.0941, -1.7758, -0.2859, -2.2382, 0.0138, 2.3766, 0.7874, 0.8522, 0.9718, -1.2113, 0.3079, 1.7919, 0.3283,
    1.4063, 1.4154, 1.5530,
]  # fmt: skip


def test_tensors_of_every_kind() -> None:
    assert torch.empty(5, 3).shape == (5, 3)
    uniform = torch.rand(5, 3)
    assert uniform.shape == (5, 3) and bool((uniform >= 0).all() and (uniform < 1).all())
    zeros = torch.zeros(5, 3, dtype=torch.long)
    assert str(zeros) == "tensor([[0, 0, 0],\n" + "        [0, 0, 0],\n" * 3 + "        [0, 0, 0]])"
    assert str(zeros.dtype) == "torch.int64"
    assert str(torch.tensor([5.5, 3])) == "tensor([5.5000, 3.0000])"


def test_tensors_like_another() -> None:
    ones = torch.tensor([5.5, 3]).new_ones(5, 3, dtype=torch.double)
    rows = "        [1., 1., 1.],\n" * 3
    assert str(ones) == f"tensor([[1., 1., 1.],\n{rows}        [1., 1., 1.]], dtype=torch.float64)"
    normal = torch.randn_like(ones, dtype=torch.float)
    assert normal.dtype is torch.float32 and str(normal.size()) == "torch.Size([5, 3])"


def test_four_ways_to_add_print_the_same() -> None:
    x = torch.tensor(SUM) / 2
    y = torch.tensor(SUM) - x
    result = torch.empty(5, 3)
    torch.add(x, y, out=result)
    in_place = y.clone()
    in_place.add_(x)
    assert {str(x + y), str(torch.add(x, y)), str(result), str(in_place)} == {SUM_PRINTED}
    y.copy_(x)
    assert torch.equal(x, y) and y.t_().shape == (3, 5)


def test_a_column_of_a_table() -> None:
    table = torch.tensor(TABLE)
    assert str(table[:, 1]) == "tensor([ 0.2800, -1.1968, -1.2371,  1.4533,  1.2762])"
    assert str(table) == (
        "tensor([[-0.4510,  0.2800,  0.1055],\n        [-0.3795, -1.1968,  0.2691],\n"
        "        [ 0.9133, -1.2371,  0.9872],\n        [ 1.8379,  1.4533,  0.4116],\n"
        "        [-0.5310,  1.2762, -0.5901]])"
    )


def test_other_shapes_of_sixteen_numbers() -> None:
    x = torch.tensor(SIXTEEN).view(4, 4)
    y, z = x.view(16), x.view(-1, 8)
    assert f"{x.size()} {y.size()} {z.size()}" == "torch.Size([4, 4]) torch.Size([16]) torch.Size([2, 8])"
    assert str(y) == (
        "tensor([-0.0941, -1.7758, -0.2859, -2.2382,  0.0138,  2.3766,  0.7874,  0.8522,\n"
        "         0.9718, -1.2113,  0.3079,  1.7919,  0.3283,  1.4063,  1.4154,  1.5530])"
    )
    assert str(z) == (
        "tensor([[-0.0941, -1.7758, -0.2859, -2.2382,  0.0138,  2.3766,  0.7874,  0.8522],\n"
        "        [ 0.9718, -1.2113,  0.3079,  1.7919,  0.3283,  1.4063,  1.4154,  1.5530]])"
    )


def test_one_element_as_a_number() -> None:
    x = torch.tensor([-1.996762990951538])
    assert (str(x), x.item()) == ("tensor([-1.9968])", -1.996762990951538)


def test_memory_is_shared_with_numpy() -> None:
    a = torch.ones(5)
    b = a.numpy()
    assert (str(a), str(b)) == ("tensor([1., 1., 1., 1., 1.])", "[1. 1. 1. 1. 1.]")
    a.add_(1)
    assert (str(a), str(b)) == ("tensor([2., 2., 2., 2., 2.])", "[2. 2. 2. 2. 2.]")
    c = np.ones(5)
    d = torch.from_numpy(c)
    np.add(c, 1, out=c)
    assert (str(c), str(d)) == ("[2. 2. 2. 2. 2.]", "tensor([2., 2., 2., 2., 2.], dtype=torch.float64)")


def test_to_takes_a_device_and_a_type() -> None:
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    z = torch.tensor([2.3518]).to(device)
    assert str(z.to("cpu", torch.double).dtype) == "torch.float64"
    assert str(torch.tensor([2.3518], dtype=torch.double)) == "tensor([2.3518], dtype=torch.float64)"


def test_a_recorded_computation() -> None:
    x = torch.ones(2, 2, requires_grad=True)
    assert str(x) == "tensor([[1., 1.],\n        [1., 1.]], requires_grad=True)"
    y = x + 2
    assert str(y) == "tensor([[3., 3.],\n        [3., 3.]], grad_fn=<AddBackward0>)"
    assert repr(y.grad_fn).startswith("<AddBackward0 object at 0x")
    z = y * y * 3
    out = z.mean()
    assert str(z) == "tensor([[27., 27.],\n        [27., 27.]], grad_fn=<MulBackward0>)"
    assert str(out) == "tensor(27., grad_fn=<MeanBackward0>)"
    out.backward()
    assert str(x.grad) == "tensor([[4.5000, 4.5000],\n        [4.5000, 4.5000]])"


def test_recording_can_begin_later() -> None:
    a = torch.tensor([[1.5, -0.5], [2.0, 0.25]])
    a = (a * 3) / (a - 1)
    assert a.requires_grad is False
    a.requires_grad_(True)
    assert a.requires_grad is True
    assert repr((a * a).sum().grad_fn).startswith("<SumBackward0 object at 0x")


def test_doubling_until_the_norm_is_a_thousand() -> None:
    last = torch.tensor([319.9040, -732.8150, 1116.2251])  # as printed: ten doublings and the first one
    x = (last / 1024).requires_grad_()
    y = x * 2
    while y.data.norm() < 1000:
        y = y * 2
    assert str(y) == "tensor([ 319.9040, -732.8150, 1116.2251], grad_fn=<MulBackward0>)"
    y.backward(torch.tensor([0.1, 1.0, 0.0001], dtype=torch.float))
    assert str(x.grad) == "tensor([1.0240e+02, 1.0240e+03, 1.0240e-01])"


def test_recording_can_be_stopped() -> None:
    x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    assert (x.requires_grad, (x**2).requires_grad) == (True, True)
    with torch.no_grad():
        assert (x**2).requires_grad is False
    y = x.detach()
    assert (x.requires_grad, y.requires_grad) == (True, False)
    assert str(x.eq(y).all()) == "tensor(True)"
    with pytest.raises(RuntimeError, match="does not require grad"):
        y.sum().backward()
