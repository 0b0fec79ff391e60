"""A Tensor in Python's hands: numbers, sequences, formats, copies and pickles, threads."""

import copy
import pickle
import threading
from typing import Any

import pytest

import tinygrad_edu as tg


class Named(tg.Tensor):
    pass


def both(call: Any, torch: Any) -> None:
    """The same result, or the same type of error, from both libraries."""
    told = []
    for m in (tg, torch):
        try:
            told.append(repr(call(m)))
        except Exception as error:
            told.append(error)
    ours, theirs = told
    if isinstance(theirs, Exception):
        assert isinstance(ours, type(theirs)), (ours, theirs)
    else:
        assert ours == theirs


VALUES = {
    "0-d": lambda m: m.tensor(1.5),
    "0-d int": lambda m: m.tensor(2),
    "0-d bool": lambda m: m.tensor(True),
    "0-d grad": lambda m: m.tensor(1.5, requires_grad=True) * 2,
    "nan": lambda m: m.tensor(float("nan")),
    "inf": lambda m: m.tensor(float("inf")),
    "one": lambda m: m.tensor([1.5]),
    "one int": lambda m: m.tensor([[2]]),
    "two": lambda m: m.tensor([1.5, 2.5]),
    "matrix": lambda m: m.arange(6).reshape(3, 2),
    "none": lambda m: m.tensor([]),
}
PYTHON = {
    "bool": bool,
    "int": int,
    "float": float,
    "complex": complex,
    "index": lambda t: list(range(9))[t],
    "len": len,
    "list": list,
    "item": lambda t: t.item(),
    "tolist": lambda t: t.tolist(),
    "reversed": reversed,
    "format": lambda t: f"{t}",
    ".3f": lambda t: f"{t:.3f}",
    "d": lambda t: f"{t:d}",
    ">10": lambda t: f"{t:>10}",
    "str": str,
    "in": lambda t: 1.5 in t,
    "tensor in": lambda t: t in t,
    "text in": lambda t: "a" in t,
    "list in": lambda t: [1] in t,
    "round": round,
    "in a list": lambda t: [t, (t,)],
    "unpack": lambda t: (lambda a, b: (a, b))(*t),
}


@pytest.mark.oracle
@pytest.mark.parametrize("how", PYTHON)
@pytest.mark.parametrize("what", VALUES)
def test_python_sees_what_it_sees_in_pytorch(what: str, how: str) -> None:
    torch = pytest.importorskip("torch")
    both(lambda m: PYTHON[how](VALUES[what](m)), torch)


def test_hashes_are_identities() -> None:
    x, y = tg.ones(1), tg.ones(1)
    assert len({x, y, x}) == 2 and {x: 1}[x] == 1


def test_copies_carry_what_pytorchs_carry() -> None:
    x: Any = tg.tensor([1.0, 2.0], requires_grad=True)
    x.label = ["a"]
    (x * x).sum().backward()
    x.register_hook(lambda g: g)
    deep, shallow, back = copy.deepcopy(x), copy.copy(x), pickle.loads(pickle.dumps(x))
    for other in (deep, shallow, back):
        assert other.requires_grad and other.is_leaf and other.label == ["a"] and other.tolist() == [1, 2]
        assert other._hooks is None
    assert deep.grad is not x.grad and deep.grad.tolist() == [2, 4] and deep.label is not x.label
    assert shallow.grad is None and back.grad is None
    assert shallow.data_ptr() == x.data_ptr() and deep.data_ptr() != x.data_ptr() != back.data_ptr()
    result = x * 2
    assert pickle.loads(pickle.dumps(result)).is_leaf and copy.copy(result).requires_grad
    with pytest.raises(RuntimeError, match="graph leaves"):
        copy.deepcopy(result)


def test_copies_of_views_subclasses_and_cycles() -> None:
    whole = tg.arange(6).reshape(2, 3)
    for again in (copy.deepcopy(whole[1]), pickle.loads(pickle.dumps(whole[1]))):
        again[0] = 9
        assert again.tolist() == [9, 4, 5] and whole[1, 0].item() == 3 and again._base is None
    named = Named([1.0])
    assert type(copy.deepcopy(named)) is type(pickle.loads(pickle.dumps(named))) is type(copy.copy(named)) is Named
    x: Any = tg.ones(1)
    x.me = x
    deep = copy.deepcopy(x)
    assert deep.me is deep
    held = copy.deepcopy([x, x])
    assert held[0] is held[1]
    del x.me, deep.me, held
    assert pickle.loads(pickle.dumps(tg.ones(3).sum())).item() == 3.0
    assert pickle.loads(pickle.dumps(tg.ones(2, 3).t())).stride() in ((1, 2), (2, 1), (1, 3))


def test_threads_have_their_own_grad_mode_and_graphs() -> None:
    barrier = threading.Barrier(4, timeout=30)
    told: dict[int, Any] = {}

    def run(number: int) -> None:
        x = tg.tensor([float(number)], requires_grad=True)
        try:
            if number % 2:
                with tg.no_grad():
                    barrier.wait()
                    recorded = (x * 2).requires_grad
                    barrier.wait()
            else:
                barrier.wait()
                recorded = (x * 2).requires_grad
                barrier.wait()
            for _ in range(50):
                (x * x * number).sum().backward()
            told[number] = (recorded, tg.is_grad_enabled(), x.grad.item() if x.grad is not None else None)
        except Exception as error:
            told[number] = error

    with tg.no_grad():  # of this thread alone
        threads = [threading.Thread(target=run, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert told == {n: (n % 2 == 0, True, 50 * 2.0 * n * n) for n in range(4)}


def test_threads_that_add_to_one_leaf_lose_nothing() -> None:
    x = tg.zeros(3, requires_grad=True)
    barrier = threading.Barrier(4, timeout=30)

    def run() -> None:
        barrier.wait()
        for _ in range(200):
            (x * 1.0).sum().backward()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert x.grad is not None and x.grad.tolist() == [800.0] * 3


class Framed(tg.Tensor):
    def __repr__(self) -> str:
        return f"Framed containing:\n{super().__repr__()}"


def test_subclasses_print_their_name_or_frame_the_text() -> None:
    assert repr(Named([1.0, 2.0])) == "Named([1., 2.])" and repr([Named([1.0])]) == "[Named([1.])]"
    grid = Named([[1.0, 2.0], [3.0, 4.0]])
    assert repr(grid) == "Named([[1., 2.],\n       [3., 4.]])"
    assert repr(Framed([1.0])) == "Framed containing:\ntensor([1.])"
    assert repr([tg.tensor([1.0]), Framed([1.0])]) == "[tensor([1.]), Framed containing:\ntensor([1.])]"
    assert str({"a": tg.tensor(1.5)}) == "{'a': tensor(1.5000)}"
