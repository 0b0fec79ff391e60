"""save and load: what comes back, what is refused, and that a damaged file is never a wrong Tensor."""

import io
import math
import os
import pickle
from collections import Counter, OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import serialization
from tinygrad_edu.serialization import load, save


class Point:
    """A class of the user."""

    def __init__(self, x: Any) -> None:
        self.x = x


class Slotted:
    __slots__ = ("a",)


def through(thing: Any, **options: Any) -> Any:
    file = io.BytesIO()
    save(thing, file)
    return load(io.BytesIO(file.getvalue()), **options)


@pytest.mark.parametrize(
    "thing",
    [
        None, True, 3, -(2**80), 0.1, float("inf"), "text \ud800 \u00e9", b"\x00\xff", bytearray(b"x"), 2 + 3j, (),
        (1, (2,)), Counter("aab"),
        [1, [2, "a"]], {1: "a", "1": None, (1, 2): 2.5}, {1, 2}, frozenset([3]), OrderedDict(b=1, a=[2]),
        slice(1, None, 2), tg.float32, tg.bool, tg.bfloat16, tg.Size([2, 3]), tg.device("cpu"),
    ],
    ids=repr,
)  # fmt: skip
def test_data_comes_back(thing: Any) -> None:
    if thing is tg.bfloat16:
        with pytest.raises(RuntimeError):
            through(thing)
        return
    back = through(thing)
    assert back == thing and type(back) is type(thing)
    assert not isinstance(thing, OrderedDict) or list(back) == list(thing)


def test_nan_and_numpy() -> None:
    assert math.isnan(through(float("nan")))
    back = through(
        {"a": np.arange(6).reshape(2, 3).T, "s": np.float32(0.1), "t": np.array(["x"]), "e": np.zeros((0, 3))}
    )
    assert back["a"].tolist() == [[0, 3], [1, 4], [2, 5]] and back["t"].tolist() == ["x"]
    assert type(back["s"]) is np.float32 and back["s"] == np.float32(0.1) and back["e"].shape == (0, 3)


@pytest.mark.parametrize("name", ["float16", "float32", "float64", "int8", "int64", "uint8", "bool"])
@pytest.mark.parametrize("shape", [(), (0, 2), (3, 2)])
def test_tensors_come_back(name: str, shape: tuple[int, ...]) -> None:
    tensor = tg.ones(shape, dtype=getattr(tg, name))
    back = through(tensor)
    assert back.dtype == tensor.dtype and back.shape == tensor.shape and back.tolist() == tensor.tolist()


def test_gradients_classes_and_views() -> None:
    from tinygrad_edu.nn.parameter import Buffer, Parameter

    x = tg.arange(6.0).reshape(2, 3).requires_grad_()
    buffer = Buffer(tg.ones(2), persistent=False)
    back = through({"leaf": x, "result": (x * 2).t(), "p": Parameter(tg.ones(2)), "row": x.detach()[1], "b": buffer})
    assert back["leaf"].requires_grad and back["leaf"].is_leaf
    assert back["result"].requires_grad and back["result"].tolist() == (x * 2).t().tolist()
    assert type(back["p"]) is Parameter and back["row"].tolist() == [3, 4, 5]
    assert type(back["b"]) is Buffer and back["b"].persistent is False
    back["row"] += 1
    assert back["leaf"].tolist() == [[0, 1, 2], [4, 5, 6]]  # a view of the same memory, as it was


def test_what_was_one_object_is_one_again() -> None:
    tensor, listed = tg.ones(2), [1]
    listed.append(listed)  # type: ignore[arg-type]
    back = through([tensor, tensor, tensor.detach(), listed])
    assert back[0] is back[1] and back[3] is back[3][1]
    back[0].zero_()
    assert back[2].tolist() == [0, 0]  # the same memory


def test_other_classes_need_leave() -> None:
    with pytest.raises(pickle.UnpicklingError, match=r"Weights only load failed.*Point.*safe_globals\(\[Point\]\)"):
        through({"a": Point(1)})
    with serialization.safe_globals([Point]):
        assert through([Point(tg.ones(2))])[0].x.tolist() == [1, 1]
    assert serialization.get_safe_globals() == []
    assert through(Point((1, 2)), weights_only=False).x == (1, 2)
    slotted = Slotted()
    slotted.a = 5  # type: ignore[attr-defined]
    assert through(slotted, weights_only=False).a == 5
    with pytest.raises(pickle.UnpicklingError, match=r"posix|nt|os"):
        through(os.getcwd)


def test_allowing_one_class_allows_no_other() -> None:
    class_of_another_name = (Point, "old.place.Point")
    serialization.add_safe_globals([Point, class_of_another_name])
    try:
        assert through(Point(1)).x == 1
        with pytest.raises(pickle.UnpicklingError, match="Slotted"):
            through([Point(Slotted())])
    finally:
        serialization.clear_safe_globals()


def test_what_has_no_name_cannot_be_saved(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    save(1, path)
    for thing in (lambda: 1, Point(lambda: 1), (i for i in "a")):
        with pytest.raises(pickle.PicklingError):
            save([tg.ones(3), thing], path)
    assert load(path) == 1 and [file.name for file in tmp_path.iterdir()] == ["a.pt"]


def test_a_failure_while_writing_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.pt"
    save("old", path)

    def full(*args: Any, **kwargs: Any) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("numpy.lib.format.write_array", full)
    with pytest.raises(OSError, match="no space"):
        save(tg.ones(3), path)
    assert load(path) == "old" and len(list(tmp_path.iterdir())) == 1


def test_paths_and_files(tmp_path: Path) -> None:
    path = tmp_path / "state.pt"
    save({"a": 1}, str(path))
    save({"a": 2}, path)
    with open(path, "rb") as file:
        assert load(file, map_location="cpu") == load(path) == {"a": 2}
    with open(path, "wb") as file:
        save([3], file)
    assert load(path, map_location=lambda storage, location: storage, mmap=True) == [3]
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "missing.pt")
    with pytest.raises(FileNotFoundError, match=r"make it first.*nowhere"):
        save(1, tmp_path / "nowhere" / "a.pt")
    with pytest.raises(AttributeError, match="read"):
        load(3)  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match="cuda"):
        load(path, map_location="cuda")


@pytest.mark.skipif(os.name != "posix", reason="links and modes of POSIX")
def test_links_and_modes_stay(tmp_path: Path) -> None:
    real, link = tmp_path / "real.pt", tmp_path / "link.pt"
    save(1, real)
    real.chmod(0o640)
    link.symlink_to(real)
    save(2, link)
    assert link.is_symlink() and load(real) == 2 and real.stat().st_mode & 0o777 == 0o640


def test_equal_objects_give_equal_files() -> None:
    def content() -> bytes:
        file = io.BytesIO()
        save({"w": tg.ones(3), "n": [1.5]}, file)
        return file.getvalue()

    assert content() == content()


def test_a_damaged_file_is_an_error_or_means_the_same() -> None:
    file = io.BytesIO()
    save({"weight": tg.arange(4.0), "n": 7}, file)
    content = file.getvalue()
    for end in range(len(content)):
        with pytest.raises((RuntimeError, EOFError)):
            load(io.BytesIO(content[:end]))
    unharmed = 0
    for place in range(len(content)):
        changed = bytearray(content)
        changed[place] ^= 0x41
        try:
            back = load(io.BytesIO(bytes(changed)))
        except RuntimeError:
            continue
        unharmed += 1  # the date of a member, say
        assert back["weight"].tolist() == [0, 1, 2, 3] and back["n"] == 7
    assert unharmed < len(content) / 3


def test_files_of_others_are_named() -> None:
    for junk in (b"abc", b"PK\x03\x04", pickle.dumps([1]), b"\x93NUMPY"):
        with pytest.raises(RuntimeError, match="not a zip archive that save"):
            load(io.BytesIO(junk))
    with pytest.raises(EOFError):
        load(io.BytesIO())


def test_optimizer_and_scheduler_states_come_back() -> None:
    weight = tg.ones(3, requires_grad=True)
    optimizer = tg.optim.Adam([weight])
    weight.grad = tg.ones(3)
    optimizer.step()
    state = through(optimizer.state_dict())
    again = tg.optim.Adam([weight])
    again.load_state_dict(state)
    assert str(again.state_dict()) == str(optimizer.state_dict())


def test_safetensors_by_suffix(tmp_path: Path) -> None:
    path = tmp_path / "state.safetensors"
    names = ("float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "bool")
    state = {name: tg.arange(6).reshape(2, 3).t().to(getattr(tg, name)) for name in names}
    state |= {"scalar": tg.tensor(3.0), "none": tg.zeros(0, 2), "leaf": tg.ones(2, requires_grad=True)}
    save(state, path)
    back = load(path)
    assert list(back) == list(state)
    for name, tensor in state.items():
        assert back[name].dtype == tensor.dtype and back[name].shape == tensor.shape
        assert back[name].tolist() == tensor.tolist()
    back["scalar"] += 1  # in memory of its own
    for wrong in ([tg.ones(1)], {1: tg.ones(1)}, {"a": 1}, {"a": {"b": tg.ones(1)}}):
        with pytest.raises(TypeError, match="flat dict"):
            save(wrong, path)
    assert list(load(path)) == list(state)


def test_a_damaged_safetensors_file_is_an_error_or_means_the_same(tmp_path: Path) -> None:
    path = tmp_path / "state.safetensors"
    save({"weight": tg.arange(4.0), "n": tg.tensor(7)}, path)
    content = path.read_bytes()
    for end in range(1, len(content)):
        with pytest.raises(RuntimeError):
            load(io.BytesIO(content[:end]))
    for place in range(len(content)):
        changed = bytearray(content)
        changed[place] ^= 0x41
        try:
            back = load(io.BytesIO(bytes(changed)))
        except RuntimeError:
            continue
        if '"sha256"' in bytes(changed).decode("latin-1"):  # else it is a file of somebody else, without a checksum
            assert back["weight"].tolist() == [0, 1, 2, 3] and back["n"] == 7


@pytest.mark.oracle
def test_pytorch_reads_our_safetensors(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    theirs = pytest.importorskip("safetensors.torch")
    path = tmp_path / "state.safetensors"
    save({"w": tg.arange(6.0).reshape(2, 3), "b": tg.tensor([True])}, path)
    state = theirs.load_file(path)
    assert state["w"].tolist() == [[0, 1, 2], [3, 4, 5]] and state["b"].tolist() == [True]
    theirs.save_file(state, path)
    assert load(path)["w"].tolist() == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.oracle
def test_pytorch_refuses_with_the_same_types() -> None:
    torch = pytest.importorskip("torch")
    file = io.BytesIO()
    torch.save(Point(1), file)
    for library in (torch, tg):
        for options in ({}, {"weights_only": True}):
            with pytest.raises(pickle.UnpicklingError, match="Weights only load failed"):
                library.load(io.BytesIO(file.getvalue()), **options)
        with pytest.raises(EOFError):
            library.load(io.BytesIO())


@pytest.mark.oracle
def test_a_file_of_pytorch_is_read() -> None:
    torch = pytest.importorskip("torch")
    model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.ones(2, 3)).sum().backward()
    optimizer.step()
    base = torch.arange(6.0)
    saved = {
        "model": model.state_dict(), "optimizer": optimizer.state_dict(), "view": base.reshape(2, 3).t(), "base": base,
        "half": base.half(), "bools": base > 2, "empty": torch.zeros(0, 3), "scalar": torch.tensor(2),
        "parameter": torch.nn.Parameter(base), "size": torch.Size([2]), "dtype": torch.float64, "set": {1},
        "row": base[2:4], "text": ["a", 1.5, None],
    }  # fmt: skip
    file = io.BytesIO()
    torch.save(saved, file)
    back = load(io.BytesIO(file.getvalue()))
    assert list(back) == list(saved) and type(back["model"]) is OrderedDict
    for name, tensor in saved["model"].items():
        assert back["model"][name].tolist() == tensor.tolist() and str(back["model"][name].dtype) == str(tensor.dtype)
    moments = back["optimizer"]["state"][0]["exp_avg"]
    assert moments.tolist() == saved["optimizer"]["state"][0]["exp_avg"].tolist()
    for name in ("view", "base", "half", "bools", "empty", "scalar", "row", "parameter"):
        assert back[name].tolist() == saved[name].tolist() and back[name].shape == tuple(saved[name].shape)
    assert back["parameter"].requires_grad and back["dtype"] is tg.float64 and back["size"] == tg.Size([2])
    back["base"][0] = 9.0
    assert back["view"][0, 0] == 9.0  # one memory, as it was
    content = file.getvalue()
    for end in range(0, len(content), 97):
        with pytest.raises((RuntimeError, EOFError)):
            load(io.BytesIO(content[:end]))
    file = io.BytesIO()
    torch.save(torch.ones(2, dtype=torch.bfloat16), file)
    with pytest.raises(RuntimeError, match="BFloat16Storage"):
        load(io.BytesIO(file.getvalue()))
