"""Printing, character by character: a frozen corpus that needs no PyTorch, and hundreds of arrays against it.

golden/printing.txt holds what PyTorch 2.13 printed for the cases below; the oracle test compares it with the
PyTorch at hand as well.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinygrad_edu.tensors import dtype as types
from tinygrad_edu.tensors import printing

GOLDEN = Path(__file__).with_name("golden") / "printing.txt"
NAN, INF = float("nan"), float("inf")


def f32(values: Any) -> np.ndarray[Any, Any]:
    return np.array(values, np.float32)


def wave(*shape: int) -> np.ndarray[Any, Any]:
    """Numbers without a pattern that the eye or a formatter could like, from arithmetic alone."""
    n = int(np.prod(shape))
    return f32([(k * 7919 % 1013) / 1013 - 0.5 for k in range(n)]).reshape(shape)


# name: (array, options of set_printoptions, keywords of tensor_str)
CASES: dict[str, tuple[np.ndarray[Any, Any], dict[str, Any], dict[str, Any]]] = {
    "whole floats": (f32([1, 2, -30]), {}, {}),
    "fractions": (f32([1, 2.5, -30]), {}, {}),
    "scalar": (f32(-3.4), {}, {"grad_fn_name": "SubBackward0"}),
    "scalar int": (np.array(7), {}, {}),
    "scalar bool": (np.array(True), {}, {}),
    "scalar large": (f32(1e8), {}, {}),
    "scalar larger": (f32(1e10), {}, {}),
    "scalar inf double": (np.array(INF), {}, {}),
    "ratio asks for science": (f32([1e-3, 12.5]), {}, {}),
    "whole ratio asks for science": (f32([1e10, 1]), {}, {}),
    "small asks for science": (f32([1e-5, 5e-5]), {}, {}),
    "just not small": (f32([1e-4 + 1e-8, 5e-4]), {}, {}),
    "six digits": (f32([999999, 1000]), {}, {}),
    "nan": (f32([NAN, 1]), {}, {}),
    "inf": (f32([INF, -INF, 1.5]), {}, {}),
    "only inf and nan": (f32([INF, NAN]), {}, {}),
    "negative zero": (f32([-0.0, 0.0]), {}, {}),
    "empty": (f32([]), {}, {}),
    "empty matrix": (np.zeros((0, 3), np.float32), {}, {"requires_grad": True}),
    "empty ints": (np.zeros((2, 0), np.int64), {}, {}),
    "empty doubles": (np.zeros(0), {}, {}),
    "half": (np.array([0.1, 65504], np.float16), {}, {}),
    "double": (np.array([[0.1, 0.2]]), {}, {}),
    "ints": (np.array([[-1, 20000], [3, 4]]), {}, {}),
    "int32": (np.array([1, 2], np.int32), {}, {}),
    "bytes": (np.array([0, 255], np.uint8), {}, {}),
    "bools": (np.array([[True, False], [True, True]]), {}, {}),
    "all true": (np.array([True, True]), {}, {}),
    "leaf": (f32([1.5]), {}, {"requires_grad": True}),
    "cube": (wave(2, 3, 2), {}, {}),
    "four dimensions": (wave(2, 2, 2, 2), {}, {}),
    "long row": (wave(25), {}, {}),
    "suffix on its own line": (wave(7).astype(np.float64), {}, {"grad_fn_name": "MulBackward0"}),
    "suffix at the edge": (wave(6), {}, {"grad_fn_name": "MulBackward0"}),
    "large ints": (np.arange(2000), {}, {}),
    "large floats": (np.arange(2000, dtype=np.float32) / 3, {}, {}),
    "large matrix": (wave(40, 50), {}, {"grad_fn_name": "MulBackward0"}),
    "tall": (wave(1200, 1), {}, {}),
    "small threshold": (wave(3, 9, 9), {"threshold": 5, "edgeitems": 1}, {}),
    "no edges": (np.ones((4, 4)), {"threshold": 1, "edgeitems": 0}, {}),
    "two digits": (wave(5), {"precision": 2}, {}),
    "no digits": (f32([1.5, 2.5]), {"precision": 0}, {}),
    "narrow": (np.arange(30), {"linewidth": 30}, {}),
    "science always": (f32([1, 2.5]), {"sci_mode": True}, {}),
    "science never": (f32([1e-10, 1e10]), {"sci_mode": False}, {}),
    "profile short": (wave(30, 40), {"profile": "short"}, {}),
    "profile full": (np.arange(1100), {"profile": "full", "linewidth": 200}, {}),
}


@pytest.fixture(autouse=True)
def options_restored() -> Iterator[None]:
    yield
    printing.set_printoptions(profile="default")
    types.set_default_dtype(types.float32)


def ours(array: Any, options: dict[str, Any], keywords: dict[str, Any]) -> str:
    printing.set_printoptions(profile="default")
    printing.set_printoptions(**options)
    return printing.tensor_str(array, **keywords)


def theirs(torch: Any, array: Any, options: dict[str, Any], keywords: dict[str, Any]) -> str:
    tensor = torch.from_numpy(np.array(array))
    name = keywords.get("grad_fn_name")
    if name or keywords.get("requires_grad"):
        tensor.requires_grad_()
    if name:
        tensor = {"MulBackward0": lambda: tensor * 1, "SubBackward0": lambda: tensor - 0}[name]()
    torch.set_printoptions(profile="default")
    torch.set_printoptions(**options)
    try:
        return str(tensor)
    finally:
        torch.set_printoptions(profile="default")


def golden() -> dict[str, str]:
    parts = GOLDEN.read_text(encoding="utf-8").split("=== ")[1:]
    return {name: text.rstrip("\n") for name, text in (part.split("\n", 1) for part in parts)}


def test_the_corpus_is_complete() -> None:
    assert list(golden()) == list(CASES)


@pytest.mark.parametrize("name", CASES)
def test_frozen_corpus(name: str) -> None:
    assert ours(*CASES[name]) == golden()[name]


@pytest.mark.oracle
@pytest.mark.parametrize("name", CASES)
def test_frozen_corpus_is_what_pytorch_prints(name: str) -> None:
    torch = pytest.importorskip("torch")
    assert theirs(torch, *CASES[name]) == golden()[name]


def random_array(random: np.random.Generator, kind: str, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """An array with one of the features that printing depends on: size of the numbers, spread, specials."""
    if kind == "bool":
        return np.asarray(random.random(shape) < 0.5)
    if kind in ("int64", "int32", "uint8", "int8"):
        sign = 1 if kind == "uint8" else random.choice([-1, 1])
        return np.asarray(random.integers(0, 100, shape) * sign).astype(kind)
    numbers = np.asarray(random.standard_normal(shape) * 10.0 ** random.integers(-12, 12))
    feature = random.integers(0, 6)
    special = random.choice([NAN, INF, -INF, -0.0, 0.0], shape)
    if feature == 1:
        numbers = np.rint(random.standard_normal(shape) * 10.0 ** random.integers(0, 10))
    elif feature == 2:
        numbers = numbers * 10.0 ** random.integers(-3, 4, shape)
    elif feature in (3, 4):
        numbers = np.where(random.random(shape) < (0.3 if feature == 3 else 0.9), special, numbers)
    with np.errstate(all="ignore"):
        return np.asarray(numbers).astype(kind)


def random_options(random: np.random.Generator) -> dict[str, Any]:
    if random.random() < 0.6:
        return {}
    return {
        "precision": int(random.integers(0, 8)),
        "threshold": int(random.choice([0, 1, 5, 100, 1000])),
        "edgeitems": int(random.integers(0, 5)),
        "linewidth": int(random.choice([1, 20, 40, 80, 120])),
        "sci_mode": [None, True, False][random.integers(3)],
    }


@pytest.mark.oracle
@pytest.mark.parametrize("seed", range(10))
def test_random_arrays_as_pytorch(seed: int) -> None:
    torch = pytest.importorskip("torch")
    random = np.random.default_rng(seed)
    for _ in range(70):
        kind = str(random.choice(["float32", "float64", "float16", "int64", "int32", "uint8", "int8", "bool"]))
        dims = int(random.integers(0, 5))
        sizes = [0, 1, 2, 3, 7, 8, 40, 300] if dims < 3 else [0, 1, 2, 3, 7]
        array = random_array(random, kind, tuple(map(int, random.choice(sizes, dims))))
        states: list[dict[str, Any]] = [{}, {"requires_grad": True}, {"grad_fn_name": "MulBackward0"}]
        keywords = states[random.integers(3 if array.dtype.kind == "f" else 1)]
        options = random_options(random)
        assert ours(array, options, keywords) == theirs(torch, array, options, keywords)


@pytest.mark.oracle
def test_default_type_as_pytorch() -> None:
    torch = pytest.importorskip("torch")
    arrays = [np.array([1.5], kind) for kind in ("float16", "float32", "float64", "int64", "int32", "bool")]
    arrays += [array[:0] for array in arrays]
    for name in ("float64", "float16", "float32"):
        torch.set_default_dtype(getattr(torch, name))
        types.set_default_dtype(getattr(types, name))
        try:
            for array in arrays:
                assert ours(array, {}, {}) == theirs(torch, array, {}, {})
        finally:
            torch.set_default_dtype(torch.float32)


def test_default_type_is_not_named() -> None:
    types.set_default_dtype(types.float64)
    assert printing.tensor_str(np.array([1.5])) == "tensor([1.5000])"
    assert printing.tensor_str(f32([1.5])) == "tensor([1.5000], dtype=torch.float32)"


def test_numpy_numbers_and_other_places() -> None:
    assert printing.tensor_str(np.float32(3)) == "tensor(3.)"
    assert printing.tensor_str(f32([1]), types.float32, device="cuda:0") == "tensor([1.], device='cuda:0')"
    assert printing.tensor_str(f32([[1, 2], [3, 4]]).T) == "tensor([[1., 3.],\n        [2., 4.]])"


def test_options_stay_or_go_back() -> None:
    printing.set_printoptions(precision=2, sci_mode=True)
    assert printing.tensor_str(f32([1.5])) == "tensor([1.50e+00])"
    printing.set_printoptions(linewidth=100)  # precision stays, sci_mode is automatic again, as in PyTorch
    assert printing.tensor_str(f32([1.5])) == "tensor([1.50])"
    assert printing.get_printoptions()["linewidth"] == 100
    printing.set_printoptions(profile="default")
    assert printing.get_printoptions() == {
        "precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80, "sci_mode": None,
    }  # fmt: skip


def test_wrong_options_change_nothing() -> None:
    before = printing.get_printoptions()
    with pytest.raises(ValueError, match="no profile is called 'long'"):
        printing.set_printoptions(profile="long", precision=2)
    with pytest.raises(ValueError, match="edgeitems must not be negative"):
        printing.set_printoptions(precision=2, edgeitems=-1)
    wrong: Any = "4"
    with pytest.raises(TypeError, match="precision must be a whole number"):
        printing.set_printoptions(precision=wrong)
    with pytest.raises(ValueError, match="threshold"):
        printing.set_printoptions(threshold=NAN)
    assert printing.get_printoptions() == before
