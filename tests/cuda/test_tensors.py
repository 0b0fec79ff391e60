"""What a program does with Tensors on the GPU: moving, printing, indexing, changing, training, saving, refusals."""

from __future__ import annotations

import copy
import gc
import io
import pickle
import re
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as torch
from tinygrad_edu import nn


def drawn(*shape: int, seed: int = 0) -> Any:
    return torch.tensor(np.random.default_rng(seed).normal(size=shape).astype(np.float32))


def same(mine: Any, theirs: Any, tolerance: float = 1e-5) -> None:
    assert mine.device.type == "cuda" and theirs.device.type == "cpu"
    assert mine.dtype == theirs.dtype and mine.shape == theirs.shape
    np.testing.assert_allclose(mine.detach().cpu().numpy(), theirs.detach().numpy(), rtol=tolerance, atol=tolerance)


def test_there_and_back() -> None:
    x = drawn(3, 4)
    there = x.cuda()
    assert there.is_cuda and not there.is_cpu and str(there.device) == "cuda:0" and there.get_device() == 0
    assert there.to("cuda") is there and there.cuda(0) is there and x.cpu() is x
    assert torch.equal(there.cpu(), x) and torch.equal(there.T.cpu(), x.T)
    assert there.to("cuda", torch.float64).dtype == torch.float64
    assert x.to(there).is_cuda and x.to(device="cuda", non_blocking=True).is_cuda


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "bool"])
def test_every_type_moves_and_computes(dtype: str) -> None:
    x = torch.tensor([[0, 1, 2], [3, 0, 5]]).to(getattr(torch, dtype))
    same(x.cuda(), x)
    same(x.cuda() * 2 == 2, x * 2 == 2)
    same(x.cuda().sum(1), x.sum(1))
    same(x.cuda().to(torch.float32), x.to(torch.float32))


RANDOM: list[Any] = [
    lambda d: torch.rand(7, device=d),
    lambda d: torch.rand(3, 2, device=d, dtype=torch.float64),
    lambda d: torch.randn(5, device=d, dtype=torch.float64),
    lambda d: torch.randn(5, 3, device=d),
    lambda d: torch.empty(5, device=d).uniform_(-2, 3),
    lambda d: torch.empty(5, device=d).normal_(1, 2),
    lambda d: torch.randint(0, 100, (9,), device=d),
    lambda d: torch.randperm(6, device=d),
    lambda d: torch.bernoulli(torch.full((20,), 0.3, device=d)),
    lambda d: nn.functional.dropout(torch.ones(20, device=d), 0.4),
    lambda d: torch.multinomial(torch.ones(5, device=d), 3),
]


def test_creation() -> None:
    for make in (torch.zeros, torch.ones, torch.empty, torch.rand, torch.randn):
        made = make(2, 3, device="cuda")
        assert made.device == torch.device("cuda:0") and made.shape == (2, 3)
    like = torch.ones(2, 2, device="cuda")
    for made in (
        torch.zeros_like(like),
        torch.rand_like(like),
        like.new_zeros(3),
        like.new_tensor([1.0]),
        like.clone(),
    ):
        assert made.is_cuda
    same(torch.arange(5, device="cuda"), torch.arange(5))
    same(torch.eye(3, device="cuda"), torch.eye(3))
    same(torch.full((2,), 7, device="cuda"), torch.full((2,), 7))
    torch.manual_seed(3)
    here = torch.randn(5)
    torch.cuda.manual_seed_all(3)
    same(torch.randn(5, device="cuda"), here)
    for draw in RANDOM:
        torch.manual_seed(5)
        expected = draw("cpu")
        torch.manual_seed(5)
        assert torch.equal(draw("cuda").cpu(), expected)  # one stream, the same bits
    assert torch.tensor(like).is_cuda and torch.as_tensor([1.0], device="cuda").is_cuda


def test_default_device() -> None:
    torch.set_default_device("cuda")
    try:
        assert torch.zeros(2).is_cuda and torch.get_default_device() == torch.device("cuda:0")
    finally:
        torch.set_default_device("cpu")
    assert torch.zeros(2).is_cpu


def test_printing() -> None:
    assert repr(torch.tensor([1.0, 2.0], device="cuda")) == "tensor([1., 2.], device='cuda:0')"
    grown = torch.tensor(2.0, device="cuda", requires_grad=True) * 2
    assert repr(grown) == "tensor(4., device='cuda:0', grad_fn=<MulBackward0>)"
    assert f"{grown.detach():.1f}" == "4.0" and grown.item() == 4.0 and grown.tolist() == 4.0


def test_gradients_stay_on_their_devices() -> None:
    leaf = drawn(3, 2).requires_grad_()
    loss = (leaf.cuda() * 2).pow(2).sum()
    loss.backward()
    same(torch.ones(1, device="cuda"), torch.ones(1))
    assert leaf.grad.is_cpu and torch.allclose(leaf.grad, leaf.detach() * 8)
    there = drawn(3, 2).cuda().requires_grad_()
    for _ in range(2):
        (there * there).sum().backward()
    assert there.grad.is_cuda and torch.allclose(there.grad.cpu(), there.detach().cpu() * 4)


def test_second_derivatives() -> None:
    x = torch.tensor([1.0, 2.0], device="cuda", requires_grad=True)
    (first,) = torch.autograd.grad((x**3).sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x)
    assert second.tolist() == [6.0, 12.0]


def test_gradcheck() -> None:
    x = drawn(2, 3).double().cuda().requires_grad_()
    w = drawn(3, 2, seed=1).double().cuda().requires_grad_()
    assert torch.autograd.gradcheck(lambda x, w: torch.tanh(x @ w).sum(0), (x, w))


INDICES: list[Any] = [
    1, -1, slice(1, 3), (slice(None), 0), (slice(None, None, 2), slice(1, None)), [0, 2], ([0, 2], [1, 3]),
    (slice(None), [3, 0, 0]), None, (..., 1), ([[0, 1], [2, 0]],), (1, [0, 1]),
]  # fmt: skip


@pytest.mark.parametrize("index", INDICES, ids=range(len(INDICES)))
def test_indexing_and_assignment(index: Any) -> None:
    x = drawn(3, 4)
    same(x.cuda()[index], x[index])
    here, there = x.clone(), x.cuda()
    here[index], there[index] = 7.0, 7.0
    same(there, here)
    unique = x.clone()
    there = unique.cuda()
    value = torch.zeros_like(unique[index])
    unique[index], there[index] = value, value.cuda()
    same(there, unique)


def test_masks_and_index_tensors() -> None:
    x = drawn(3, 4)
    there = x.cuda()
    same(there[there > 0], x[x > 0])
    same(there[x.gt(0)], x[x > 0])  # an index may be on the CPU
    places = torch.tensor([2, 0])
    same(there[places.cuda(), places.cuda()], x[places, places])
    here, moved = x.clone(), there.clone()
    here[x > 0] *= 2
    moved[there > 0] *= 2
    same(moved, here)
    same(torch.nonzero(there > 0), torch.nonzero(x > 0))
    with pytest.raises(IndexError, match="index 3 is out of bounds for dimension 0 with size 3"):
        there[torch.tensor([0, 3]).cuda()]


def test_in_place() -> None:
    x = drawn(3, 4)
    there = x.clone().cuda()
    view = there[1]
    version = there._version
    for tensor in (x, there):
        tensor += 1
        tensor.mul_(2)
        tensor[0].zero_()
        tensor.T[2] -= 5
    same(there, x)
    same(view, x[1])  # looks at the same memory
    assert there._version > version
    there.copy_(torch.ones(3, 4))
    same(there, torch.ones(3, 4))
    leaf = torch.ones(2, device="cuda", requires_grad=True)
    y = leaf * leaf
    z = y * y
    y += 1
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.sum().backward()


def test_mixed_devices_are_refused() -> None:
    here, there = drawn(2, 2), drawn(2, 2).cuda()
    message = "Expected all tensors to be on the same device, but found at least two devices, cuda:0 and cpu!"
    for mix in (lambda: here + there, lambda: there @ here, lambda: torch.cat([here, there]), lambda: there.mul_(here)):
        with pytest.raises(RuntimeError, match=re.escape(message)):
            mix()
    assert (there * torch.tensor(2.0)).is_cuda  # a number may be anywhere
    with pytest.raises(TypeError, match="can't convert cuda:0 device type tensor to numpy"):
        there.numpy()
    with pytest.raises(TypeError, match="can't convert cuda:0"):
        np.asarray(there)


def test_what_is_not_there_is_named() -> None:
    with pytest.raises(NotImplementedError, match="no kernel for this on cuda"):
        np.interp(torch.ones(2, device="cuda")._data, [0, 1], [2, 3])
    with pytest.raises(RuntimeError, match='no tensor can live on "cuda:7"'):
        torch.zeros(1, device="cuda:7")


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(1, 2, 3, padding=1, bias=False), nn.BatchNorm2d(2)
        self.out = nn.Linear(2 * 2 * 2, 3)

    def forward(self, x: Any) -> Any:
        x = nn.functional.max_pool2d(torch.relu(self.norm(self.conv(x))), 2)
        return self.out(x.flatten(1))


@pytest.mark.parametrize("optimizer", ["SGD", "Adam", "AdamW"])
def test_training(optimizer: str) -> None:
    torch.manual_seed(0)
    here = Net()
    there = copy.deepcopy(here).to("cuda")
    assert all(p.is_cuda and p.is_leaf and p.requires_grad for p in there.parameters())
    x, target = drawn(4, 1, 4, 4), torch.tensor([0, 2, 1, 1])
    steps = []
    for model, device in ((here, "cpu"), (there, "cuda")):
        options = {"momentum": 0.9} if optimizer == "SGD" else {}
        opt = getattr(torch.optim, optimizer)(model.parameters(), lr=0.05, **options)
        losses = []
        for _ in range(3):
            opt.zero_grad()
            loss = nn.functional.cross_entropy(model(x.to(device)), target.to(device))
            loss.backward()
            opt.step()
            losses.append(loss.item())
        steps.append(losses)
    np.testing.assert_allclose(steps[1], steps[0], rtol=1e-4)
    for mine, theirs in zip(there.state_dict().values(), here.state_dict().values(), strict=True):
        same(mine, theirs, 2e-4)


def test_saving_and_loading(tmp_path: Any) -> None:
    model = nn.Linear(2, 2).to("cuda")
    file = tmp_path / "model.pt"
    torch.save(model.state_dict(), file)
    other = nn.Linear(2, 2)
    other.load_state_dict(torch.load(file, map_location="cpu"))
    assert other.weight.is_cpu and torch.equal(other.weight, model.weight.cpu())
    assert torch.load(file)["weight"].is_cuda
    assert torch.load(file, map_location="cuda")["weight"].is_cuda
    buffer = io.BytesIO()
    torch.save(torch.ones(2, device="cuda"), buffer)
    buffer.seek(0)
    assert torch.load(buffer, map_location=torch.device("cpu")).is_cpu
    again = pickle.loads(pickle.dumps(model.weight))
    assert again.is_cuda and torch.equal(again.cpu(), model.weight.cpu())
    assert copy.deepcopy(model).weight.is_cuda


def test_optimizer_state_follows() -> None:
    model = nn.Linear(2, 1).to("cuda")
    opt = torch.optim.Adam(model.parameters())
    model(torch.ones(1, 2, device="cuda")).sum().backward()
    opt.step()
    fresh = nn.Linear(2, 1)
    moved = torch.optim.Adam(fresh.parameters())
    moved.load_state_dict(opt.state_dict())
    assert all(v.is_cpu for state in moved.state.values() for v in state.values() if isinstance(v, torch.Tensor))


def test_memory_is_counted_and_kept() -> None:
    torch.cuda.empty_cache()
    before = torch.cuda.memory_allocated()
    x = torch.ones(1000, device="cuda")
    assert torch.cuda.memory_allocated() - before >= 4000
    assert torch.cuda.max_memory_allocated() >= torch.cuda.memory_allocated() > 0
    del x
    assert torch.cuda.memory_allocated() == before
    calls = torch.cuda.memory_stats()["num_device_alloc"]
    torch.ones(1000, device="cuda")
    assert torch.cuda.memory_stats()["num_device_alloc"] == calls  # the block of before


def test_a_training_loop_does_not_come_to_the_driver_again() -> None:
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1)).to("cuda")
    opt = torch.optim.Adam(model.parameters())
    x = drawn(5, 4).cuda()
    calls = []
    for _ in range(4):
        opt.zero_grad()
        model(x).pow(2).mean().backward()
        opt.step()
        calls.append(torch.cuda.memory_stats()["num_device_alloc"])
    assert calls[1:] == [calls[1]] * 3


def test_memory_that_the_collector_finds_in_a_cycle_can_be_used_again() -> None:
    ring: list[Any] = [torch.ones(3, device="cuda")]
    ring.append(ring)
    del ring
    gc.collect()  # on a GPU it runs Numba's finalizers before ours
    assert (torch.ones(3, device="cuda") * 2).tolist() == [2, 2, 2]


def test_out_of_memory_is_an_error_after_which_the_process_goes_on() -> None:
    from tinygrad_edu.kernels.numba_cuda.memory import pool

    torch.cuda.empty_cache()
    pool.limit = pool.reserved + (1 << 20)
    try:
        with pytest.raises(torch.cuda.OutOfMemoryError, match="CUDA out of memory. Tried to allocate 4.00 MiB"):
            torch.empty(1 << 20, device="cuda")
        assert torch.ones(3, device="cuda").sum().item() == 3
    finally:
        pool.limit = None
    assert torch.empty(1 << 20, device="cuda").numel() == 1 << 20


def test_the_module_of_cuda() -> None:
    cuda = torch.cuda
    assert cuda.is_available() and cuda.device_count() == 1 and cuda.current_device() == 0
    assert isinstance(cuda.get_device_name(), str) and len(cuda.get_device_capability()) == 2
    assert cuda.get_device_properties(0).total_memory >= cuda.mem_get_info()[0] > 0
    start, end = cuda.Event(enable_timing=True), cuda.Event(enable_timing=True)
    start.record()
    before = cuda.launches()
    x = torch.ones(4, device="cuda") * 2
    end.record()
    cuda.synchronize()
    assert start.elapsed_time(end) >= 0 and cuda.launches() > before and x.sum().item() == 8
    with pytest.raises(ValueError, match="enable_timing"):
        cuda.Event().elapsed_time(end)
    with cuda.stream(cuda.Stream()) as nothing, cuda.device(0):
        assert nothing is None and (torch.ones(2, device="cuda") + 1).tolist() == [2.0, 2.0]
    cuda.set_device(0)
    pinned = torch.ones(3).pin_memory()
    assert pinned.is_pinned() and not torch.ones(3).is_pinned() and pinned.cuda(non_blocking=True).sum().item() == 3


def test_cuda_array_interface() -> None:
    x = torch.arange(6, device="cuda").reshape(2, 3)
    told = x.T.__cuda_array_interface__
    assert told["shape"] == (3, 2) and told["strides"] == (8, 24) and told["typestr"] == "<i8" and told["version"] == 3
    assert told["data"][0] == x.data_ptr() and x.__cuda_array_interface__["strides"] is None
    with pytest.raises(AttributeError):
        torch.ones(2).__cuda_array_interface__  # noqa: B018


class Lender:
    """Another library's array, as far as the protocol shows it."""

    def __init__(self, tensor: Any) -> None:
        self.tensor = tensor
        self.__cuda_array_interface__ = tensor.__cuda_array_interface__


def test_memory_is_shared_with_other_libraries() -> None:
    x = torch.arange(12, device="cuda").reshape(3, 4)
    assert x.__dlpack_device__() == (2, 0)
    for lent in (torch.from_dlpack(x), torch.from_dlpack(x.T), torch.as_tensor(Lender(x[:, 1::2]))):
        x[1, 1] += 100
        assert lent.is_cuda and 105 in lent.flatten().tolist()
        x[1, 1] -= 100
    same(torch.from_dlpack(x.T), torch.arange(12).reshape(3, 4).T)
    same(torch.tensor(Lender(x), dtype=torch.float32), torch.arange(12.0).reshape(3, 4))
    capsule = x.__dlpack__()
    before = torch.cuda.memory_allocated()
    del x, lent
    assert torch.cuda.memory_allocated() == before  # the capsule keeps the memory
    del capsule
    assert torch.cuda.memory_allocated() < before


@pytest.mark.parametrize(
    "options", [{}, {"is_causal": True}, {"attn_mask": np.tri(5, dtype=bool)[:, ::-1] | np.eye(5, dtype=bool)}]
)
def test_attention_in_one_step(options: dict[str, Any]) -> None:
    results = []
    for device in ("cpu", "cuda"):
        leaves = [drawn(2, 2, 5, 3, seed=i).to(device).requires_grad_() for i in range(3)]
        given = {k: torch.tensor(v.copy(), device=device) if k == "attn_mask" else v for k, v in options.items()}
        out = nn.functional.scaled_dot_product_attention(*leaves, **given)
        assert type(out.grad_fn).__name__ == "ScaledDotProductFlashAttentionForCpuBackward0"
        out.square().sum().backward()
        results.append([out, *(leaf.grad for leaf in leaves)])
    for theirs, mine in zip(*results, strict=True):
        same(mine, theirs)
