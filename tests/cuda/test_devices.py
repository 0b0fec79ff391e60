"""Where Tensors are made and what may meet: creation, pinned memory, generators, and errors where devices mix."""

from __future__ import annotations

import copy
import gc
import pickle
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as torch
from tinygrad_edu import nn
from tinygrad_edu.kernels.numba_cuda import array as arrays
from tinygrad_edu.kernels.numba_cuda.memory import pool
from tinygrad_edu.utils import dlpack
from tinygrad_edu.utils.data import DataLoader, TensorDataset

MADE_THERE = {
    "zeros": lambda: torch.zeros(3, 5, device="cuda"),
    "ones": lambda: torch.ones(3, 5, dtype=torch.int64, device="cuda"),
    "empty": lambda: torch.empty(3, 5, device="cuda"),
    "full": lambda: torch.full((3, 5), 2.5, device="cuda"),
    "zeros_like": lambda: torch.zeros_like(torch.ones(3, 5), device="cuda"),
    "ones_like": lambda: torch.ones_like(torch.ones(3, 5), device="cuda"),
    "full_like": lambda: torch.full_like(torch.ones(3, 5), 2.0, device="cuda"),
    "empty_like": lambda: torch.empty_like(torch.ones(3, 5), device="cuda"),
    "rand": lambda: torch.rand(3, 5, device="cuda"),
    "randn": lambda: torch.randn(3, 5, device="cuda"),
    "new_zeros": lambda: torch.ones(1, device="cuda").new_zeros((3, 5)),
}


@pytest.mark.parametrize("name", MADE_THERE)
def test_made_there_and_not_copied(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    gc.collect()
    before = pool.allocated
    copied: list[int] = []
    plain = arrays.from_host
    monkeypatch.setattr(arrays, "from_host", lambda a, *rest: (copied.append(np.size(a)), plain(a, *rest))[1])
    made = MADE_THERE[name]()
    assert made.is_cuda and made.shape == (3, 5) and not [n for n in copied if n >= 15]
    if not name.startswith(("empty", "rand")):
        assert len(set(made.flatten().tolist())) == 1
    del made
    gc.collect()  # what compiling leaves behind may hold arrays in cycles
    assert pool.allocated == before


def test_more_than_there_is() -> None:
    for make in (torch.empty, torch.zeros):
        with pytest.raises(torch.OutOfMemoryError, match="CUDA out of memory. Tried to allocate 4096.00 GiB"):
            make(1 << 40, device="cuda")
    assert (torch.ones(3, device="cuda") * 2).sum().item() == 6


def test_a_part_of_the_memory() -> None:
    torch.cuda.set_per_process_memory_fraction(0.0)
    try:
        torch.cuda.empty_cache()
        with pytest.raises(torch.cuda.OutOfMemoryError):
            torch.ones(1 << 20, device="cuda")
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert torch.ones(1 << 10, device="cuda").sum().item() == 1 << 10
    for wrong, error in ((2.0, ValueError), (1, TypeError)):
        with pytest.raises(error):
            torch.cuda.set_per_process_memory_fraction(wrong)


def test_a_device_as_a_context() -> None:
    here = torch.ones(2)
    with torch.device("cuda"):
        assert torch.ones(2).is_cuda and torch.rand(2).is_cuda and torch.tensor([1]).is_cuda
        assert not torch.zeros_like(here).is_cuda
        with torch.device("cpu"):
            assert not torch.ones(2).is_cuda
        assert torch.arange(2).is_cuda
    assert not torch.ones(2).is_cuda
    with pytest.raises(RuntimeError), torch.device("cuda:1"):
        pass
    assert not torch.ones(2).is_cuda


def test_asarray() -> None:
    assert torch.asarray([1, 2], device="cuda").is_cuda and torch.asarray(np.ones(2), device="cuda").is_cuda
    there = torch.ones(2, device="cuda")
    assert torch.asarray(there) is there and not torch.asarray(there, device="cpu").is_cuda
    with pytest.raises(ValueError, match="can't alias"):
        torch.asarray(there, device="cpu", copy=False)


def test_pinned_memory() -> None:
    for made in (
        torch.zeros(2, pin_memory=True), torch.empty(2, pin_memory=True), torch.tensor([1.0, 2.0], pin_memory=True),
        torch.rand(2, pin_memory=True), torch.ones(2).pin_memory(),
    ):  # fmt: skip
        assert made.is_pinned() and made[:1].is_pinned()
        assert made.to("cuda", non_blocking=True).tolist() == made.tolist()
    assert not torch.zeros(2).is_pinned() and not torch.zeros(2, device="cuda").is_pinned()
    with pytest.raises(RuntimeError, match="only dense CPU|Only dense CPU"):
        torch.zeros(2, device="cuda", pin_memory=True)
    there = torch.ones(2, device="cuda")
    target = torch.empty(2, pin_memory=True)
    assert target.copy_(there, non_blocking=True).tolist() == [1, 1] and target.is_pinned()


def test_a_loader_pins_its_batches() -> None:
    data = TensorDataset(torch.arange(4.0), torch.arange(4))
    for x, y in DataLoader(data, batch_size=2, pin_memory=True):
        assert x.is_pinned() and y.is_pinned() and x.tolist() == y.tolist()
    samples = [{"x": torch.ones(2), "name": "a", "more": (torch.ones(1), 3)}]
    (batch,) = DataLoader(samples, pin_memory=True, collate_fn=lambda found: found[0])
    assert batch["x"].is_pinned() and batch["name"] == "a" and batch["more"][0].is_pinned() and batch["more"][1] == 3
    loader = DataLoader(data, batch_size=2, pin_memory=True)
    assert len(iter(loader)) == len(loader) == 2
    assert not next(iter(DataLoader(data, batch_size=2)))[0].is_pinned()


DRAWS = {
    "rand": lambda g, d: torch.rand(3, generator=g, device=d),
    "randn": lambda g, d: torch.randn(3, generator=g, device=d),
    "randint": lambda g, d: torch.randint(0, 9, (3,), generator=g, device=d),
    "randperm": lambda g, d: torch.randperm(5, generator=g, device=d),
    "normal": lambda g, d: torch.normal(0.0, 1.0, (3,), generator=g, device=d),
    "normal of means": lambda g, d: torch.normal(torch.zeros(3, device=d), torch.ones(3, device=d), generator=g),
    "uniform_": lambda g, d: torch.empty(3, device=d).uniform_(generator=g),
    "bernoulli": lambda g, d: torch.bernoulli(torch.full((9,), 0.5, device=d), generator=g),
    "multinomial": lambda g, d: torch.multinomial(torch.ones(4, device=d), 2, generator=g),
    "exponential_": lambda g, d: torch.empty(3, device=d).exponential_(generator=g),
}


@pytest.mark.parametrize("name", DRAWS)
def test_a_generator_is_of_a_device(name: str) -> None:
    draw: Any = DRAWS[name]
    here, there = torch.Generator().manual_seed(3), torch.Generator("cuda").manual_seed(3)
    found = draw(there, "cuda")
    assert found.is_cuda and torch.allclose(found.cpu().double(), draw(here, "cpu").double())
    for generator, device in ((here, "cuda"), (there, "cpu")):
        state = generator.get_state()
        with pytest.raises(RuntimeError, match=f"Expected a '{device}' device type for generator but found"):
            draw(generator, device)
        assert (generator.get_state() == state).all()  # refused before anything was drawn
    copies = [copy.deepcopy(there), pickle.loads(pickle.dumps(there)), there.clone_state()]
    expected = draw(there, "cuda")
    for other in copies:
        assert other.device.type == "cuda" and torch.equal(draw(other, "cuda"), expected)


MIXED = {
    "cuda by cpu gather": lambda x, y: y.gather(0, torch.tensor([0])),
    "cpu by cuda index": lambda x, y: x[torch.tensor([0], device="cuda")],
    "cpu by cuda mask": lambda x, y: x[y > 0],
    "values under a mask": lambda x, y: y.__setitem__(y > 0, x),
    "embedding": lambda x, y: nn.functional.embedding(torch.tensor([0]), y[None]),
    "index_select": lambda x, y: y.index_select(0, torch.tensor([0])),
    "scatter_add": lambda x, y: y.scatter_add(0, torch.tensor([0]), y),
    "cross_entropy": lambda x, y: nn.functional.cross_entropy(y[None], torch.tensor([1])),
    "lerp": lambda x, y: torch.lerp(x, y, 0.5),
    "sum into": lambda x, y: torch.add(y, y, out=torch.empty(3)),
}


@pytest.mark.parametrize("name", MIXED)
def test_devices_do_not_mix(name: str) -> None:
    x, y = torch.ones(3), torch.arange(1.0, 4.0, device="cuda")
    with pytest.raises(RuntimeError, match="same device|[Ee]xpected .*cuda"):
        MIXED[name](x, y)
    assert y.tolist() == [1, 2, 3] and x.tolist() == [1, 1, 1]


def test_what_may_mix() -> None:
    y = torch.ones(3, device="cuda")
    assert (y * torch.tensor(2.0)).tolist() == [2, 2, 2]
    assert y[torch.tensor([0, 1])].tolist() == [1, 1]  # an index of the CPU, as in PyTorch
    y[1:] = torch.tensor([5.0, 6.0])  # a copy
    y[torch.tensor([True, False, False], device="cuda")] = torch.tensor(7.0)
    assert y.tolist() == [7, 5, 6] and y.copy_(torch.zeros(3)).tolist() == [0, 0, 0]


def test_names_of_types() -> None:
    assert torch.ones(1, device="cuda").type() == "torch.cuda.FloatTensor"
    assert torch.ones(1).type() == "torch.FloatTensor"


def test_capsules() -> None:
    y = torch.arange(6.0, device="cuda").reshape(2, 3)
    capsule = dlpack.to_dlpack(y)
    z = dlpack.from_dlpack(capsule)
    z[0, 1] = 8
    assert z.is_cuda and y[0, 1].item() == 8
    with pytest.raises(RuntimeError, match="only once"):
        dlpack.from_dlpack(capsule)


OPTIMIZERS: dict[str, list[dict[str, Any]]] = {
    "SGD": [{}, {"momentum": 0.9, "nesterov": True}],
    "Adam": [{}, {"amsgrad": True}],
    "AdamW": [{}],
    "RMSprop": [{}, {"centered": True, "momentum": 0.9}],
    **{name: [{}] for name in ("Adagrad", "Adadelta", "Adamax", "NAdam", "RAdam", "Rprop")},
    "LBFGS": [{"max_iter": 2}],
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer(name: str) -> None:
    for options in OPTIMIZERS[name]:
        ends = []
        for device in ("cpu", "cuda"):
            x = torch.tensor([[1.0, -2.0, 3.0]], device=device, requires_grad=True)
            optimizer = getattr(torch.optim, name)([x], lr=0.1, **options)
            for _ in range(2):

                def loss(x: Any = x, optimizer: Any = optimizer) -> Any:
                    optimizer.zero_grad()
                    value = (x**2).sum()
                    value.backward()
                    return value

                optimizer.step(loss)
            ends.append(x.detach().cpu().numpy())
        np.testing.assert_allclose(*ends, rtol=1e-5)


@pytest.mark.parametrize("kind", [torch.float32, torch.int64, torch.uint8])
def test_signs(kind: Any) -> None:
    x = torch.tensor([0, 3, 7]).to(kind) if kind is torch.uint8 else torch.tensor([-2, 0, 3]).to(kind)
    assert np.sign(x.cuda()._data).dtype == x.numpy().dtype
    assert x.cuda().sign().tolist() == x.sign().tolist()


def test_repeats_on_the_device() -> None:
    x = torch.arange(6.0, device="cuda").reshape(3, 2)
    counts = torch.tensor([1, 2, 0], device="cuda")
    assert x.repeat_interleave(counts, 0).tolist() == [[0, 1], [2, 3], [2, 3]]
    assert torch.repeat_interleave(counts).is_cuda and torch.repeat_interleave(counts).tolist() == [0, 1, 1]
    assert torch.combinations(torch.arange(3, device="cuda")).tolist() == [[0, 1], [0, 2], [1, 2]]
