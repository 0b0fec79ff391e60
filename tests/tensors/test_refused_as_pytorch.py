"""Numbers and types that do not fit, and rare forms of arguments: the same result, or an error of PyTorch's type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import tinygrad_edu as tg
import tinygrad_edu.nn.functional

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore::UserWarning")]


def bytes_(t: Any, *numbers: int) -> Any:
    return t.tensor(numbers or (0, 0), dtype=t.uint8)


NUMBERS: dict[str, Callable[[Any], Any]] = {
    "300 in uint8": lambda t: t.tensor([300], dtype=t.uint8),
    "-1 in uint8": lambda t: t.tensor([-1], dtype=t.uint8),
    "-255 in uint8": lambda t: t.tensor([-255], dtype=t.uint8),
    "-256 in uint8": lambda t: t.tensor([-256], dtype=t.uint8),
    "-255.5 in uint8": lambda t: t.tensor([-255.5], dtype=t.uint8),
    "255.9 in uint8": lambda t: t.tensor([255.9], dtype=t.uint8),
    "a scalar": lambda t: t.tensor(300, dtype=t.uint8),
    "nested": lambda t: t.tensor([[1, 2], [3, 400]], dtype=t.uint8),
    "200 in int8": lambda t: t.tensor([200], dtype=t.int8),
    "2.9 in int8": lambda t: t.tensor([2.9, -1.5], dtype=t.int8),
    "2**40 in int32": lambda t: t.tensor([2**40], dtype=t.int32),
    "2**70": lambda t: t.tensor([2**70]),
    "2**63": lambda t: t.tensor(2**63),
    "2**70 in float32": lambda t: t.tensor([2**70], dtype=t.float32),
    "nan in int64": lambda t: t.tensor([float("nan")], dtype=t.int64),
    "inf in int32": lambda t: t.tensor([float("inf")], dtype=t.int32),
    "1e300 in float32": lambda t: t.tensor([1e300], dtype=t.float32),
    "300 in bool": lambda t: t.tensor([2.9, 0.0, 300], dtype=t.bool),
    "an array": lambda t: t.tensor(t.tensor([300]).numpy(), dtype=t.uint8),
    "as_tensor": lambda t: t.as_tensor([300], dtype=t.uint8),
    "new_tensor": lambda t: bytes_(t).new_tensor([300]),
    "ByteTensor": lambda t: t.ByteTensor([300]),
    "converted": lambda t: t.tensor([300, -1]).to(t.uint8),
    "full uint8": lambda t: t.full((2,), 300, dtype=t.uint8),
    "full -1": lambda t: t.full((2,), -1, dtype=t.uint8),
    "full int8": lambda t: t.full((2,), -200, dtype=t.int8),
    "full int32": lambda t: t.full((2,), 1e10, dtype=t.int32),
    "full nan": lambda t: t.full((2,), float("nan"), dtype=t.int64),
    "full float32": lambda t: t.full((2,), 1e300, dtype=t.float32),
    "full float16": lambda t: t.full((2,), 1e6, dtype=t.float16),
    "full inf": lambda t: t.full((2,), float("inf"), dtype=t.float16),
    "full_like": lambda t: t.full_like(bytes_(t), 300),
    "new_full": lambda t: bytes_(t).new_full((2,), 300),
    "fill_": lambda t: bytes_(t).fill_(300),
    "fill_ int8": lambda t: t.zeros(2, dtype=t.int8).fill_(-129),
    "fill_ 2**70": lambda t: t.zeros(2, dtype=t.int64).fill_(2**70),
    "fill_ a fraction": lambda t: t.zeros(2, dtype=t.int64).fill_(0.5),
    "fill_ a bool": lambda t: t.zeros(2, dtype=t.bool).fill_(7),
    "fill_ 1e300": lambda t: t.zeros(2).fill_(1e300),
    "assigned": lambda t: bytes_(t).__setitem__(0, 300),
    "masked_fill": lambda t: bytes_(t).masked_fill(t.tensor([True, False]), 300),
    "masked_fill_": lambda t: bytes_(t).masked_fill_(t.tensor([True, False]), 300),
    "masked_fill 1e300": lambda t: t.zeros(2).masked_fill(t.tensor([True, False]), 1e300),
    "masked_fill float16": lambda t: t.zeros(2, dtype=t.float16).masked_fill(t.tensor([True, False]), -1e9),
    "index_fill": lambda t: bytes_(t).index_fill(0, t.tensor([0]), 300),
    "scatter": lambda t: bytes_(t).scatter(0, t.tensor([0]), 300),
    "where": lambda t: t.where(t.tensor([True]), t.zeros(1, dtype=t.uint8), 300),
    "clamp": lambda t: bytes_(t).clamp(0, 300),
    "pad": lambda t: t.nn.functional.pad(bytes_(t), (1, 1), value=300),
    "plus 300": lambda t: (bytes_(t) + 300, bytes_(t) - 1, bytes_(t, 2, 3) * 300, 300 - bytes_(t)),
    "compared": lambda t: (bytes_(t) == 300, bytes_(t) < -1, bytes_(t) <= 300),
    "float16 plus 1e6": lambda t: t.zeros(2, dtype=t.float16) + 1e6,
    "full of a text": lambda t: t.full((2,), "a"),
    "full of None": lambda t: t.full((2,), None),
    "full of a number of sizes": lambda t: t.full(3, 1),
    "full of a text of sizes": lambda t: t.full("a", 1),
    "full without a value": lambda t: t.full("a"),
    "full of a tensor": lambda t: t.full((2,), t.tensor(3.0)),
    "full of float sizes": lambda t: t.full((2.0,), 1),
    "del": lambda t: t.ones(2).__delitem__(0),
}

INTEGERS = (
    "mean std var softmax(0) log_softmax(0) logsumexp(0) floor ceil round trunc frac norm nanmean logcumsumexp(0) "
    "normal_ uniform_ exponential_ histc bernoulli erf exp log1p rsqrt sigmoid tanh reciprocal lgamma digamma"
).split()
BOOLS = (
    "neg abs mean std median min max max(0) argmax argmin sort cumsum(0) cumprod(0) prod floor ceil round trunc frac "
    "topk(1) kthvalue(1) mode nansum aminmax cummax(0) sign square sqrt relu tril dot tanh"
).split()
FLOATS = ("bincount", "__invert__", "bitwise_not")
ON_INTEGERS = (
    "relu relu6 hardtanh sigmoid tanh tanhshrink softsign celu selu elu gelu silu mish softplus logsigmoid hardsigmoid "
    "hardswish leaky_relu rrelu softshrink hardshrink glu"
).split()


def called(x: Any, text: str) -> Any:
    name, _, rest = text.partition("(")
    if name == "dot":
        return x.dot(x)
    if name == "tril":
        return x.view(1, -1).tril()
    return getattr(x, name)(*([int(rest[:-1])] if rest else []))


TYPES: dict[str, Callable[[Any], Any]] = {
    **{f"int {m}": lambda t, m=m: called(t.arange(4), m) for m in INTEGERS},
    **{f"bool {m}": lambda t, m=m: called(t.tensor([True, False]), m) for m in BOOLS},
    **{f"float {m}": lambda t, m=m: called(t.ones(2), m) for m in FLOATS},
    **{f"F.{m}": lambda t, m=m: getattr(t.nn.functional, m)(t.arange(4)) for m in ON_INTEGERS},
    "and": lambda t: t.ones(2) & t.ones(2),
    "shift": lambda t: t.ones(2) << 1,
    "bool minus bool": lambda t: t.tensor([True]) - t.tensor([True]),
    "mm of two types": lambda t: t.mm(t.ones(2, 2), t.ones(2, 2, dtype=t.float64)),
    "mm of bools": lambda t: t.mm(t.ones(2, 2).bool(), t.ones(2, 2).bool()),
    "inv": lambda t: t.linalg.inv(t.arange(4).view(2, 2)),
    "det": lambda t: t.det(t.arange(4).view(2, 2)),
    "cholesky": lambda t: t.linalg.cholesky(t.arange(4).view(2, 2)),
    "quantile": lambda t: t.quantile(t.arange(4), 0.5),
    "histogram": lambda t: t.histogram(t.arange(4), 2),
    "multinomial": lambda t: t.multinomial(t.arange(4), 1),
    "randn": lambda t: t.randn(2, dtype=t.int64),
    "rand": lambda t: t.rand(2, dtype=t.int64),
    "embedding": lambda t: t.nn.functional.embedding(t.ones(2), t.ones(2, 2)),
    "cross_entropy": lambda t: t.nn.functional.cross_entropy(t.ones(2, 2), t.ones(2)),
    "nll_loss": lambda t: t.nn.functional.nll_loss(t.ones(2, 2), t.ones(2)),
    "lerp": lambda t: t.lerp(t.arange(2), t.arange(2), 0.5),
    "lerp of two types": lambda t: t.lerp(t.ones(2), t.ones(2, dtype=t.float64), 0.5),
    "addcdiv": lambda t: t.addcdiv(t.arange(2), t.arange(2), t.arange(2)),
    "gather": lambda t: t.gather(t.arange(2), 0, t.ones(2)),
    "index_select": lambda t: t.arange(2).index_select(0, t.ones(2)),
    "scatter": lambda t: t.arange(2).scatter(0, t.tensor([0]), t.ones(1)),
    "masked_fill": lambda t: t.arange(2).masked_fill(t.arange(2), 1),
    "masked_select": lambda t: t.arange(2).masked_select(t.arange(2)),
    "indexed by floats": lambda t: t.arange(2)[t.ones(2)],
    "a negative power": lambda t: t.arange(2) ** -1,
    "hypot": lambda t: t.hypot(t.arange(2), t.arange(2)),
    "logaddexp": lambda t: t.logaddexp(t.arange(2), t.arange(2)),
    "fmod": lambda t: t.fmod(t.tensor([True]), t.tensor([True])),
    "remainder": lambda t: t.remainder(t.tensor([True]), t.tensor([True])),
}


MATRIX: dict[str, Callable[[Any], Any]] = {
    "nuc": lambda t: three(t).norm("nuc"),
    "nuc of many": lambda t: t.norm(t.arange(12.0).view(2, 2, 3), "nuc", dim=(1, 2)),
    "nuc, keepdim": lambda t: t.norm(three(t), "nuc", keepdim=True),
    "nuc of a vector": lambda t: t.ones(3).norm("nuc"),
    "sublists": lambda t: t.einsum(three(t), [0, 1], three(t), [2, 1], [0, 2]),
    "sublists without a result": lambda t: t.einsum(three(t), [0, 1], three(t), [2, 1]),
    "sublists, capitals first": lambda t: t.einsum(three(t), [30, 1]),
    "sublists with dots": lambda t: t.einsum(three(t), [..., 1], three(t), [..., 1], [...]),
    "sublists out of range": lambda t: t.einsum(three(t), [0, 60]),
    "sublists that are none": lambda t: t.einsum(three(t), 1),
}


# Arguments of the wrong kind: PyTorch looks at them first, before shapes, types and what is recorded.
KINDS: dict[str, Callable[[Any], Any]] = {
    **{
        f"{m} along a Tensor": lambda t, m=m: getattr(three(t), m)(t.ones(7))
        for m in (
            "sum mean prod var std any all amax argmax median sort cumsum softmax unsqueeze unbind select topk"
        ).split()
    },
    **{
        f"{m} of a text": lambda t, m=m: getattr(three(t), m)("a")
        for m in (
            "sum mean sort cumsum softmax unsqueeze unbind split_with_sizes view_as reshape_as expand_as type_as "
            "clamp bernoulli uniform_ normal_ random_ bernoulli_ log_normal_ exponential_ geometric_ cauchy_ copy_"
        ).split()
    },
    **{f"{m} without a size": lambda t, m=m: getattr(t, m)() for m in "zeros ones empty rand randn".split()},
    **{f"{m} without a size": lambda t, m=m: getattr(t.ones(1), m)() for m in "new_zeros new_ones new_empty".split()},
    "where of a list": lambda t: t.where([True], t.ones(1), t.ones(1)),
    "where of a text": lambda t: t.where(t.tensor([True]), "a", t.ones(1)),
    "allclose of other shapes": lambda t: t.allclose(t.ones(2, 3), t.ones(7)),
    "allclose with a Tensor": lambda t: t.allclose(three(t), three(t), three(t)),
    "allclose below 0": lambda t: t.allclose(three(t), three(t), rtol=-1.0),
    "broadcast_shapes of a Tensor": lambda t: t.broadcast_shapes(t.ones(2)),
    "broadcast_shapes below 0": lambda t: t.broadcast_shapes((-2,)),
    "bernoulli with p": lambda t: t.bernoulli(three(t), 9),
    "bernoulli_ of another shape": lambda t: three(t).bernoulli_(t.ones(7) / 2),
    "text": lambda t: t.tensor("a"),
    "texts": lambda t: t.tensor(["a"]),
    "numbers and text": lambda t: t.tensor([1, "a"]),
    "bytes": lambda t: t.tensor([b"a"]),
    "a dict": lambda t: t.tensor({}),
    "an object": lambda t: t.tensor([object()]),
    "None": lambda t: t.tensor([1.0, None]),
    "arange to 2**63": lambda t: t.arange(2**63),
    "arange to 2**70": lambda t: t.arange(2**70),
    "arange to 1e30": lambda t: t.arange(1e30),
    "arange to inf": lambda t: t.arange(float("inf")),
    "arange to a text": lambda t: t.arange("a"),
    "linspace from a text": lambda t: t.linspace("a", 1, 3),
    "linspace of 2**70": lambda t: t.linspace(0, 1, 2**70),
    "logspace from a Tensor": lambda t: t.logspace(t.ones(3), 1, 3),
    "scalar_tensor": lambda t: t.scalar_tensor("a"),
    "more than fits": lambda t: t.full((2**40, 2**40), 1),
    "a size of 2**70": lambda t: t.ones(2**70),
    "ones on mps": lambda t: t.ones(2, device="mps"),
    "tensor on mps": lambda t: t.tensor([1], device="mps"),
    "copy_ of a number": lambda t: three(t).copy_(9),
}


def three(t: Any) -> Any:
    return t.arange(6.0).view(2, 3)


def outcome(library: Any, make: Callable[[Any], Any]) -> Any:
    try:
        return make(library)
    except Exception as error:
        return error


@pytest.mark.parametrize("name", [*NUMBERS, *TYPES, *MATRIX, *KINDS])
def test_refused_or_equal(name: str) -> None:
    make = {**NUMBERS, **TYPES, **MATRIX, **KINDS}[name]
    found, expected = outcome(tg, make), outcome(torch, make)
    if isinstance(expected, Exception):
        assert isinstance(found, type(expected)), f"PyTorch raises {expected!r}, we {found!r}"
        assert len(str(found)) > 20
    elif name.split()[-1] in ("bernoulli", "multinomial"):
        assert not isinstance(found, Exception)
    else:
        assert repr(found) == repr(expected)
