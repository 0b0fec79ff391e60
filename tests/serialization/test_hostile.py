"""Files made to do harm, Tensors that share memory in odd ways, and programs that are killed while they save."""

import hashlib
import io
import json
import os
import pickle
import signal
import struct
import subprocess
import sys
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.serialization import load, save


def saved(thing: Any) -> bytes:
    file = io.BytesIO()
    save(thing, file)
    return file.getvalue()


def loaded(content: bytes, **options: Any) -> Any:
    return load(io.BytesIO(content), **options)


# --- memory that is shared -------------------------------------------------------------------------------------------

BASE = tg.arange(24.0).reshape(4, 6)
VIEWS: dict[str, Any] = {
    "the same": lambda b: b, "row": lambda b: b[1], "rows": lambda b: b[1:3], "column": lambda b: b[:, 2],
    "transposed": lambda b: b.t(), "steps": lambda b: b[::2, ::3], "one": lambda b: b[2, 3],
    "flat": lambda b: b.reshape(-1),
    "expanded": lambda b: b[:, :1].expand(4, 5), "empty": lambda b: b[:0],
}  # fmt: skip


@pytest.mark.parametrize("name", VIEWS)
def test_views_see_one_memory_again(name: str) -> None:
    for order in (("b", "v"), ("v", "b")):
        both = {"b": BASE, "v": VIEWS[name](BASE)}
        back = loaded(saved({key: both[key] for key in order}))
        assert back["b"].tolist() == BASE.tolist() and back["v"].tolist() == both["v"].tolist()
        assert back["v"].shape == both["v"].shape and back["v"].stride() == both["v"].stride()
        back["b"] += 100
        assert back["v"].tolist() == (both["v"] + 100).tolist()


@pytest.mark.oracle
@pytest.mark.parametrize("name", VIEWS)
def test_pytorch_shares_the_same(name: str) -> None:
    torch = pytest.importorskip("torch")
    base = torch.arange(24.0).reshape(4, 6)
    file = io.BytesIO()
    torch.save([VIEWS[name](base), base], file)
    theirs, ours = torch.load(io.BytesIO(file.getvalue())), loaded(file.getvalue())
    for view, whole in (theirs, ours):
        whole += 100
        assert view.tolist() == (VIEWS[name](base) + 100).tolist()


def test_what_does_not_overlap_is_stored_apart_and_small() -> None:
    large = tg.zeros(1000, 1000)
    assert len(saved(large[0])) < 10_000 and len(saved([large[0], large[5]])) < 15_000
    assert len(saved([large[:, 0], large[:, 999]])) < 15_000  # their spans overlap, but most of it is not theirs
    assert len(saved(tg.ones(1).expand(1000, 1000))) < 5_000
    half = [large[:, :600], large[:, 400:]]
    back = loaded(saved(half))
    back[0].fill_(7.0)
    assert back[1][:, :200].eq(7).all() and back[1][:, 200:].eq(0).all()
    array = np.arange(6)
    back = loaded(saved([array, array[::-2], tg.from_numpy(array)[2:]]))
    back[0][:] = 9
    assert back[1].tolist() == [9, 9, 9] and back[2].tolist() == [9] * 4


def test_tied_weights_stay_tied() -> None:
    one, two = tg.nn.Linear(3, 3), tg.nn.Linear(3, 3)
    two.weight = one.weight
    back = loaded(saved({"one": one.state_dict(), "two": two.state_dict()}))
    back["one"]["weight"].zero_()
    assert back["two"]["weight"].eq(0).all() and not back["two"]["bias"].eq(0).all()


def test_long_numbers() -> None:
    for number in (2**64, -(10**5000), 2**63):
        assert loaded(saved([number])) == [number]


# --- files made to do harm -------------------------------------------------------------------------------------------


def npy(array: Any, pickled: bool = False) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, array, allow_pickle=pickled)
    return file.getvalue()


def archive(description: Any, arrays: list[bytes], packed: bool = False) -> bytes:
    """A file with right checksums, whatever is in it."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED) as out:
        for i, array in enumerate(arrays):
            out.writestr(f"arrays/{i}.npy", array)
        if isinstance(description, dict):
            digests = [hashlib.sha256(array).hexdigest() for array in arrays]
            description = json.dumps({"format": "tinygrad_edu 1", "arrays": digests, **description}).encode()
        out.writestr("structure.json", description)
        out.writestr("structure.sha256", hashlib.sha256(description).hexdigest())
    return file.getvalue()


def rows(*entries: Any, **more: Any) -> bytes:
    return archive({"root": {"ref": 0}, "rows": list(entries), **more}, [npy(np.arange(16, dtype=np.uint8))])


HEAD = io.BytesIO()
np.lib.format.write_array_header_1_0(HEAD, {"descr": "<f8", "fortran_order": False, "shape": (10**13,)})  # type: ignore[arg-type]
ONE_TENSOR = {"root": {"ref": 0}, "rows": [["Tensor", 0, False]]}
DEEP = b'{"format":"tinygrad_edu 1","arrays":[],"rows":[],"root":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
ARGUMENTS = [{"ref": i} for i in range(1, 6)]
FILLING: list[Any] = [["tuple", []], ["dict", []], None, ["list", []], ["dict", []]]

HARM: dict[str, bytes] = {
    "a small file that unpacks to a large one": archive(ONE_TENSOR, [npy(np.zeros(10**5))], packed=True),
    "an array that says it is huge": archive(ONE_TENSOR, [HEAD.getvalue() + b"x" * 80]),
    "an array of objects": archive(ONE_TENSOR, [npy(np.array([None]), pickled=True)]),
    "deep JSON": archive(DEEP, []), "JSON of another kind": archive(b"[1]", []),
    "no such row": rows(), "a negative row": rows(["list", [{"ref": -1}]]), "rows that are no rows": rows(None, "x"),
    "a tuple in itself": rows(["tuple", [{"ref": 0}]]), "a kind of its own": rows(["gadget", 1]),
    "no such array": rows(["Tensor", 7, False]), "a negative array": rows(["Tensor", -1, False]),
    "a key that is no key": rows(["dict", [[{"ref": 1}, 1]]], ["list", []]),
    "gradients of bytes": rows(["Tensor", 0, True]),
    "a view beyond the memory": rows(["Tensor", [0, 8, "<f4", [3], [4]], False]),
    "a view before the memory": rows(["Tensor", [0, 0, "<f4", [2], [-4]], False]),
    "a view with a huge stride": rows(["Tensor", [0, 0, "<f4", [2], [2**62]], False]),
    "a view of objects": rows(["array", [0, 0, "|O", [1], [8]]]),
    "a view with a negative size": rows(["array", [0, 0, "<f4", [-1], [4]]]),
    "a view of no memory": rows(["array", [5, 0, "<f4", [1], [4]]]),
    "a call of a Tensor": rows(["call", {"ref": 6}, *ARGUMENTS], *FILLING, ["Tensor", 0, False]),
    "a call of text": rows(["call", "os.system", *ARGUMENTS], *FILLING),
    "an element type that is none": rows(["dtype", "np"]),
}  # fmt: skip


@pytest.mark.parametrize("case", HARM)
@pytest.mark.parametrize("trust", [None, False])
def test_a_malicious_file_is_an_error(case: str, trust: bool | None) -> None:
    with pytest.raises(RuntimeError):
        loaded(HARM[case], weights_only=trust)


def test_names_of_functions_are_refused() -> None:
    for name in ("os:system", "builtins:eval", "tinygrad_edu.serialization:load"):
        content = rows(["call", {"ref": 6}, *ARGUMENTS], *FILLING, ["global", name])
        with pytest.raises(pickle.UnpicklingError, match="Weights only load failed"):
            loaded(content)


def foreign(program: bytes, memory: bytes = b"\0" * 8, packed: bool = False) -> bytes:
    """A file in the form of PyTorch's."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED) as out:
        out.writestr("archive/data.pkl", program)
        out.writestr("archive/data/0", memory)
    return file.getvalue()


class Evil:
    def __reduce__(self) -> Any:
        return os.mkdir, ("trace",)


def test_a_malicious_file_of_pytorchs_form_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for protocol in (2, 4, 5):
        with pytest.raises(pickle.UnpicklingError, match="Weights only load failed.*mkdir"):
            loaded(foreign(pickle.dumps(Evil(), protocol)), weights_only=False)
    assert list(tmp_path.iterdir()) == []
    for content in (
        foreign(b"junk"), foreign(pickle.dumps([1, 2, 3], 2)[:-3]), foreign(b""),
        foreign(b"\x80\x02Nr" + struct.pack("<I", 2**31 - 1) + b"."),  # a memo of 2**31 entries
        foreign(b"\x80\x02\x8b" + struct.pack("<i", 2**30) + b"."),
        foreign(pickle.dumps([1], 2), b"\0" * 10**6, packed=True),
        foreign(b"\x80\x02X\x01\x00\x00\x00aQ."), foreign(b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n)R."),
    ):  # fmt: skip
        with pytest.raises(RuntimeError, match="damaged"):
            loaded(content)


def test_a_bool_is_0_or_1_whatever_the_file_says(tmp_path: Path) -> None:
    head = json.dumps({"a": {"dtype": "BOOL", "shape": [3], "data_offsets": [0, 3]}}).encode()
    back = loaded(len(head).to_bytes(8, "little") + head + b"\x00\x02\xff")
    assert back["a"].int().tolist() == [0, 1, 1]


@pytest.mark.parametrize(
    "header",
    [
        {"a": {"dtype": "U8", "shape": [-1], "data_offsets": [0, -1]}}, {"a": [1]}, {"__metadata__": 3, "a": {}},
        {"a": {"dtype": "U8", "shape": [2**40], "data_offsets": [0, 2**40]}},
        {"a": {"dtype": "U8", "shape": [2.0], "data_offsets": [0, 2]}},
        {"a": {"dtype": "U8", "shape": [2], "data_offsets": [1, 3]}},
        {"a": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}},
    ],
)  # fmt: skip
def test_a_safetensors_header_that_lies_is_an_error(header: Any) -> None:
    head = json.dumps(header).encode()
    with pytest.raises(RuntimeError, match="damaged safetensors"):
        loaded(len(head).to_bytes(8, "little") + head + b"\x01\x02")
    deep = b'{"a":' + b"[" * 100_000
    with pytest.raises(RuntimeError, match="damaged safetensors"):
        loaded(len(deep).to_bytes(8, "little") + deep)
    with pytest.raises(ValueError, match="__metadata__"):
        save({"__metadata__": tg.ones(1)}, "never.safetensors")


# --- the real PyTorch ------------------------------------------------------------------------------------------------


@pytest.mark.oracle
def test_more_of_what_pytorch_saves_and_how_it_breaks() -> None:
    torch = pytest.importorskip("torch")
    things = {
        "bytes": b"a\xff", "bytearray": bytearray(b"b"), "complex": 1 + 2j, "counter": Counter("aab"), "long": 2**100,
        "device": torch.device("cpu"), "bools": torch.tensor([True, False]),
    }  # fmt: skip
    for protocol in (2, 4, 5):
        file = io.BytesIO()
        torch.save(things, file, pickle_protocol=protocol)
        back = loaded(file.getvalue())
        assert [back[name] for name in ("bytes", "bytearray", "complex", "counter", "long")] == list(things.values())[
            :5
        ]
        assert str(back["device"]) == "cpu" and back["bools"].tolist() == [True, False]
    content = file.getvalue()
    for place in range(0, len(content), 7):
        changed = bytearray(content)
        changed[place] ^= 0x41
        try:
            back = loaded(bytes(changed))
        except (RuntimeError, pickle.UnpicklingError):
            continue
        assert back["bytes"] == b"a\xff" and back["bools"].tolist() == [True, False]  # a date, a name nobody reads
    file = io.BytesIO()
    torch.save(things, file, _use_new_zipfile_serialization=False)
    with pytest.raises(RuntimeError, match="format from before version 1.6"):
        loaded(file.getvalue())


@pytest.mark.oracle
def test_a_model_travels_to_pytorch_and_back(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    theirs_of = pytest.importorskip("safetensors.torch")
    ours = tg.nn.Sequential(tg.nn.Linear(4, 3), tg.nn.BatchNorm1d(3), tg.nn.Tanh(), tg.nn.Linear(3, 2))
    theirs = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.BatchNorm1d(3), torch.nn.Tanh(), torch.nn.Linear(3, 2))
    ours(tg.rand(8, 4))
    save(ours.state_dict(), tmp_path / "ours.safetensors")
    theirs.load_state_dict(theirs_of.load_file(tmp_path / "ours.safetensors"))
    x = np.random.default_rng(0).random((5, 4), np.float32)
    ours.eval(), theirs.eval()
    assert np.allclose(ours(tg.from_numpy(x)).detach().numpy(), theirs(torch.from_numpy(x)).detach().numpy(), atol=1e-6)
    theirs[0].weight.data.mul_(2)
    torch.save(theirs.state_dict(), tmp_path / "theirs.pt")
    ours.load_state_dict(load(tmp_path / "theirs.pt"))
    assert np.allclose(ours(tg.from_numpy(x)).detach().numpy(), theirs(torch.from_numpy(x)).detach().numpy(), atol=1e-6)


@pytest.mark.oracle
@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "NAdam"])
def test_a_training_that_pytorch_began_goes_on_here(name: str) -> None:
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    start, gradients = rng.random((3, 2), np.float32), rng.random((6, 3, 2), np.float32) - 0.5
    options = {"lr": 0.1, "momentum": 0.9} if name in ("SGD", "RMSprop") else {"lr": 0.1}
    theirs = torch.nn.Parameter(torch.from_numpy(start))
    their_optimizer = getattr(torch.optim, name)([theirs], **options)
    file = io.BytesIO()
    for step, gradient in enumerate(gradients):
        theirs.grad = torch.from_numpy(gradient)
        their_optimizer.step()
        if step == 2:
            torch.save({"weight": theirs.data, "optimizer": their_optimizer.state_dict()}, file)
    back = loaded(file.getvalue())
    ours = tg.nn.Parameter(back["weight"])
    optimizer = getattr(tg.optim, name)([ours], **options)
    optimizer.load_state_dict(back["optimizer"])
    for gradient in gradients[3:]:
        ours.grad = tg.from_numpy(gradient)
        optimizer.step()
    assert np.allclose(ours.detach().numpy(), theirs.detach().numpy(), rtol=0, atol=1e-6)


# --- killed ----------------------------------------------------------------------------------------------------------

KILLED = """
import os, sys
import tinygrad_edu as tg

def die(*_):
    os.kill(os.getpid(), 9)
setattr(os, sys.argv[2], die)
tg.save({"w": tg.ones(1000)}, sys.argv[1])
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs signals of POSIX")
@pytest.mark.parametrize("at", ["fsync", "replace"])
def test_a_program_killed_while_saving_leaves_the_old_file(tmp_path: Path, at: str) -> None:
    for name in ("state.pt", "state.safetensors"):
        path = tmp_path / name
        save({"w": tg.zeros(3)}, path)
        done = subprocess.run([sys.executable, "-c", KILLED, str(path), at], capture_output=True)
        assert done.returncode == -9 and load(path)["w"].tolist() == [0, 0, 0]
        save({"w": tg.ones(3)}, path)  # what was left behind is in nobody's way
        assert load(path)["w"].tolist() == [1, 1, 1]
