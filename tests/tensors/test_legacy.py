"""PyTorch's old type names, where a Tensor lies in memory, and what cuda, mps, backends and settings answer."""

import math
import pickle
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.errors import CudaError, DeviceError

NAMES = "Half Float Double Char Short Int Long Byte Bool".split()


@pytest.fixture
def float64_by_default() -> Iterator[None]:
    tg.set_default_dtype(tg.float64)
    yield
    tg.set_default_dtype(tg.float32)


@pytest.mark.parametrize("name", NAMES)
def test_every_old_class_makes_and_names_its_type(name: str) -> None:
    kind = getattr(tg, f"{name}Tensor")
    t = kind([1, 0])
    assert t.type() == tg.typename(t) == f"torch.{name}Tensor" and repr(kind) == f"<class 'torch.{name}Tensor'>"
    assert isinstance(t, kind) and isinstance(t, tg.Tensor) and not isinstance(3, kind)
    assert kind(2, 3).shape == (2, 3) and kind().shape == (0,) and kind(t).data_ptr() == t.data_ptr()
    assert tg.ones(2).type(kind).dtype is tg.ones(2).type(f"torch.{name}Tensor").dtype is t.dtype
    assert t.new([1]).dtype is t.dtype and t.new(2, 3).shape == (2, 3)


def test_what_the_old_classes_refuse() -> None:
    with pytest.raises(TypeError, match="sequence"):
        tg.FloatTensor(2.5)
    with pytest.raises(TypeError, match="expected a Tensor of torch.float32"):
        tg.FloatTensor(tg.arange(2))
    with pytest.raises(ValueError, match="invalid type: 'foo'"):
        tg.ones(1).type("foo")
    with pytest.raises(AssertionError, match="CUDA"):
        tg.ones(1).type("torch.cuda.FloatTensor")
    with pytest.raises(TypeError, match="floating-point"):
        tg.set_default_tensor_type(tg.LongTensor)


def test_the_default_type_reaches_creation_printing_and_promotion(float64_by_default: None) -> None:
    several = [tg.tensor(1.5), tg.ones(2), tg.arange(2.0), tg.Tensor([1]), tg.linspace(0, 1, 2), tg.rand(1), tg.eye(2)]
    for made in several:
        assert made.dtype is tg.float64 and "dtype" not in repr(made)
    assert (tg.arange(3) / 2).dtype is tg.float64 and (tg.tensor([1]) * 1.5).dtype is tg.float64
    single = tg.tensor([1.0], dtype=tg.float32)
    assert (single * 1.5).dtype is tg.float32 and repr(single) == "tensor([1.], dtype=torch.float32)"
    assert tg.tensor([np.float32(1)]).dtype is tg.float32 and tg.finfo().bits == 64
    tg.set_default_tensor_type("torch.FloatTensor")
    assert tg.get_default_dtype() is tg.float32


def test_storage() -> None:
    x = tg.arange(12).reshape(3, 4)
    assert x[1:, 2].storage_offset() == 6 and x.storage_offset() == 0 and x[1:].detach().storage_offset() == 4
    assert x[1].untyped_storage().data_ptr() == x.untyped_storage().data_ptr() == x.data_ptr()
    assert x[1].untyped_storage().nbytes() == x.nbytes == 96 and tg.is_storage(x.untyped_storage())
    assert x._is_view() and x[1]._is_view() and not tg.ones(2)._is_view() and not x.detach()._is_view()
    assert x.element_size() == 8 and x.ndimension() == 2 and tg.numel(x) == 12
    assert x.is_same_size(tg.ones(3, 4)) and not x.is_same_size(tg.ones(4, 3))


def test_memory_formats() -> None:
    x = tg.arange(24.0).reshape(1, 2, 3, 4).requires_grad_()
    last = x.contiguous(memory_format=tg.channels_last)
    assert last.stride() == (24, 1, 8, 2) and tg.equal(last, x) and last.is_contiguous(memory_format=tg.channels_last)
    assert not last.is_contiguous() and last.contiguous(memory_format=tg.channels_last) is last
    assert last.contiguous().is_contiguous() and x.contiguous() is x
    last.sum().backward()
    assert x.grad is not None and x.grad.shape == x.shape
    assert pickle.loads(pickle.dumps(tg.channels_last)) is tg.channels_last
    with pytest.raises(RuntimeError, match="rank 4"):
        tg.ones(2).contiguous(memory_format=tg.channels_last)
    with pytest.raises(TypeError, match="memory_format"):
        tg.ones(2).contiguous(memory_format=3)


def test_devices_answer_that_they_are_not_there() -> None:
    x = tg.ones(1)
    assert not (x.is_cuda or x.is_mps or x.is_meta or x.is_sparse or x.is_pinned())
    assert x.is_cpu and x.get_device() == -1 and x.cpu() is x
    assert not tg.cuda.is_available() and tg.cuda.device_count() == 0 and not tg.backends.mps.is_available()
    assert tg.cuda.manual_seed_all(1) is None and tg.cuda.memory_allocated() == 0 and tg.mps.device_count() == 0
    asked: Any
    for asked in (
        x.cuda,
        tg.cuda.current_device,
        tg.cuda.synchronize,
        lambda: x.to("cuda"),
        lambda: tg.ones(1, device="cuda:0"),
    ):
        for error in (CudaError, DeviceError, RuntimeError, AssertionError):
            with pytest.raises(error, match="Torch not compiled with CUDA enabled"):
                asked()
    for asked in (x.pin_memory, lambda: tg.tensor([1], pin_memory=True), lambda: x.to("mps"), tg.mps.synchronize):
        with pytest.raises(DeviceError):
            asked()
    for room in (tg.cuda, tg.mps):
        with pytest.raises(AttributeError, match="typo"):
            _ = room.typo


def test_backends_settings_and_constants() -> None:
    tg.backends.cudnn.deterministic = True
    assert tg.backends.cudnn.version() is None and not tg.backends.mkl.is_available()
    tg.backends.cudnn.deterministic = False
    assert (tg.pi, tg.e, tg.inf) == (math.pi, math.e, math.inf) and math.isnan(tg.nan) and tg.newaxis is None
    assert tg.compile(len) is len and tg.compile(mode="default")(len) is len
    before = tg.get_num_threads()
    tg.set_num_threads(3)
    assert tg.get_num_threads() == 3
    tg.set_num_threads(before)
    for wrong in (0, 1.5):
        with pytest.raises(RuntimeError, match="set_num_threads expects"):
            tg.set_num_threads(wrong)
    tg.use_deterministic_algorithms(True)
    assert tg.are_deterministic_algorithms_enabled()
    tg.use_deterministic_algorithms(False)
    assert tg.version.__version__ == tg.__version__ and tg.version.cuda is None
    assert tg.get_default_device() == tg.device("cpu")
    with pytest.raises(AssertionError):
        tg.set_default_device("cuda")


def test_forking_the_random_numbers() -> None:
    tg.manual_seed(1)
    wanted = tg.rand(3)
    tg.manual_seed(1)
    with tg.random.fork_rng():
        tg.rand(7)
    assert tg.equal(tg.rand(3), wanted)


@pytest.mark.oracle
def test_names_and_storage_as_in_pytorch() -> None:
    torch = pytest.importorskip("torch")

    def facts(m: Any) -> list[Any]:
        x = m.arange(24, dtype=m.float32).reshape(1, 2, 3, 4)
        several = [x, x[0, 1], x[:, :, 1:], x.permute(0, 2, 3, 1), x[..., 1], x.detach()[0, 1:], x.sum()]
        told = [[t.storage_offset(), t.stride(), t.is_contiguous(), t._is_view(), t.nbytes, t.type()] for t in several]
        return [*told, m.typename(x), m.typename([]), m.channels_last.__repr__(), repr(x.layout), x.is_leaf]

    assert facts(tg) == facts(torch)
