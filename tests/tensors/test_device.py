"""Devices: names parse, compare and print as in PyTorch; only the CPU holds tensors."""

import copy
import pickle
from typing import Any

import pytest

import tinygrad_edu as tg
from tinygrad_edu.errors import DeviceError
from tinygrad_edu.tensors.device import as_device, cpu, device

VALID: list[tuple[Any, ...]] = [
    ("cpu",), ("cpu:0",), ("cuda",), ("cuda:0",), ("cuda:12",), ("mps",), ("meta",), ("cuda", 1), ("cuda", None),
]  # fmt: skip
INVALID: list[tuple[Any, ...]] = [
    ("foo",), ("CPU",), ("",), ("cuda:",), ("cuda:-1",), ("cuda:x",), ("cuda:01",), ("cuda:0:1",), ("cuda:1.5",),
    ("cuda:0", 1), ("cuda", -1), (" cpu",), ("cpu ",),
]  # fmt: skip


def test_printing() -> None:
    assert repr(device("cpu")) == "device(type='cpu')" and str(device("cpu")) == "cpu"
    assert repr(device("cuda:1")) == "device(type='cuda', index=1)" and str(device("cuda", 1)) == "cuda:1"


def test_comparing() -> None:
    assert device("cpu") == device("cpu") == device(device("cpu")) == cpu
    assert device("cuda:1") == device("cuda", 1) == device(type="cuda", index=1)
    assert device("cuda") != device("cuda:0") and device("cpu") != "cpu"
    assert len({device("cuda:1"), device("cuda", 1), device("cuda")}) == 2


@pytest.mark.parametrize("args", INVALID, ids=repr)
def test_names_that_are_none(args: tuple[Any, ...]) -> None:
    with pytest.raises(DeviceError, match="device"):
        device(*args)


def test_errors_say_what_to_do() -> None:
    with pytest.raises(RuntimeError, match=r"no kind of device is called 'gpu'. Expected one of cpu, cuda"):
        device("gpu:0")
    with pytest.raises(RuntimeError, match="largest|at most 127"):
        device("cuda:300")
    with pytest.raises(RuntimeError, match="accelerator"):
        device(0)  # type: ignore[arg-type]
    wrong: list[tuple[Any, ...]] = [(None,), (1.5,), ("cuda", "1"), ("cuda", True), (cpu, 0), (True,)]
    for args in wrong:
        with pytest.raises(TypeError, match="device"):
            device(*args)


def test_immutable_and_copied() -> None:
    place = device("cuda:1")
    with pytest.raises(AttributeError, match="cannot be changed"):
        place.index = 2
    with pytest.raises(AttributeError, match="cannot be removed"):
        del place.type
    assert pickle.loads(pickle.dumps(place)) == place == copy.deepcopy(place)
    assert pickle.loads(pickle.dumps(cpu)) == cpu


def test_where_tensors_can_live() -> None:
    assert as_device(None, "zeros") is cpu and as_device("cpu", "zeros") == cpu
    assert as_device(device("cpu:0"), "zeros").index == 0
    for name in ("cuda", "mps", "meta", "cpu:1"):
        with pytest.raises(DeviceError, match="zeros: no tensor can live on"):
            as_device(name, "zeros")
    with pytest.raises(DeviceError, match="nonsense"):
        as_device("nonsense", "zeros")


@pytest.mark.oracle
def test_as_pytorch() -> None:
    torch = pytest.importorskip("torch")
    for args in VALID:
        ours, theirs = device(*args), torch.device(*args)
        assert (repr(ours), str(ours), ours.type, ours.index) == (
            repr(theirs),
            str(theirs),
            theirs.type,
            theirs.index,
        )
        for other in VALID:
            assert (ours == device(*other)) == (theirs == torch.device(*other))
    for args in INVALID:
        with pytest.raises(RuntimeError):
            torch.device(*args)


DRAWS = [
    "rand(3)", "randn(3)", "randint(9, (3,))", "randperm(5)", "normal(0.0, 1.0, (3,))", "zeros(3)", "tensor([1.0])",
    "rand_like(ones(3))", "randn_like(ones(3))", "randint_like(ones(3), 9)",
]  # fmt: skip


@pytest.mark.parametrize("place", ["cpu", "cpu:0", tg.device("cpu"), tg.device("cpu", 0)], ids=repr)
@pytest.mark.parametrize("call", DRAWS)
def test_the_cpu_by_any_of_its_names(call: str, place: Any) -> None:
    """A script names the CPU by a string or an object of its own: the same numbers as without a name."""
    starts = ("rand", "normal", "zeros", "tensor", "ones")
    names: dict[str, Any] = {name: getattr(tg, name) for name in dir(tg) if name.startswith(starts)}
    tg.manual_seed(2)
    plain = eval(call, names)
    tg.manual_seed(2)
    named = eval(f"{call[:-1]}, device=place)", {**names, "place": place})
    assert named.tolist() == plain.tolist() and named.device == tg.device("cpu")
    try:
        tg.set_default_device(place)
        tg.manual_seed(2)
        assert eval(call, names).tolist() == plain.tolist()
    finally:
        tg.set_default_device(None)


def test_a_device_that_is_not_there_changes_no_default() -> None:
    from tinygrad_edu.tensors import device as module

    before = list(module._entered), list(module._default)
    with pytest.raises(RuntimeError), tg.device("mps"):
        pass
    assert (module._entered, module._default) == before
