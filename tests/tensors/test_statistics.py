"""Elementwise forms, statistics, order and counting: the same program on us and on PyTorch gives the same."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as tg

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore::UserWarning")]

rng = np.random.default_rng(0)
DATA = {
    "x": rng.permutation(24).reshape(2, 3, 4) / 8 - 1.3,
    "y": rng.permutation(12).reshape(3, 4) / 4 - 1.4,
    "v": np.array([0.25, -1.5, 3.0, 2.0, -0.75]),
    "gaps": np.array([[1.0, math.nan, 3.0, 2.0], [math.nan, 5.0, 4.0, -1.0], [0.5, 0.25, 1.0, 2.5]]),
    "wild": np.array([math.nan, math.inf, -math.inf, -0.0, 2.5, -7.5]),
    "ties": np.array([[2.0, 1.0, 2.0, 1.0, 2.0], [3.0, 3.0, 0.0, 0.0, 1.0]]),
    "i": np.array([[7, -7, 3], [2, 0, -4]]),
    "n": np.array([3, 1, 1, 0, 5, 3]),
    "flags": np.array([[True, False], [False, False]]),
    "zero": np.zeros((2, 3)),
    "empty": np.zeros((0, 3)),
    "s": np.array(0.5),
}

SAME = """
x.diff() | i.diff(dim=0) | flags.diff() | t.diff(x, n=2, dim=1) | i.cov() | t.max(x, other=x * x) | x.argmax(axis=1)
x[0].cov() | t.cov(v, correction=0) | x[0].corrcoef() | v.corrcoef() | t.cdist(x, x * 2) | t.cdist(x[0], y, p=1.0)
t.searchsorted(t.tensor([1, 2, 4]), i) | t.searchsorted(y.sort().values, y, right=True) | t.isin(i, 3) | t.isin(i, n)
t.bucketize(v, t.tensor([0.0, 2.0], dtype=v.dtype)) | t.min(x, 0, True) | empty.std() | v[:1].var()
x.var() | x.var(1) | x.var((0, 2), keepdim=True) | x.var(False) | x.var(1, False, True) | x.std(dim=1, correction=0)
x.std(0, unbiased=False) | t.std(x, (0, 1), correction=2) | t.var(x, axis=1, keepdims=True) | s.var(correction=0)
t.var_mean(x) | t.std_mean(x, 1) | t.var_mean(x, (0, 2), correction=0, keepdim=True) | v[:1].std() | zero.std()
t.aminmax(x) | x.aminmax(dim=1) | x.aminmax(dim=0, keepdim=True) | i.aminmax() | gaps.nansum() | gaps.nansum(1)
gaps.nanmean() | gaps.nanmean(0) | t.nanmean(gaps, 1, keepdim=True) | x.norm() | x.norm(1) | x.norm("fro")
x.norm(p=3, dim=1) | x.norm(dim=(0, 2), keepdim=True) | x.norm(math.inf) | t.norm(x, p=-math.inf, dim=0) | x.norm(0)
v.dist(v * 2) | t.dist(x, y, 1) | x.dist(y, math.inf) | zero.norm() | t.norm(x, 2, 1, dtype=t.float64) | x.sort()
x.sort(0) | x.sort(1, descending=True) | x.sort(1, True) | t.sort(x, stable=True, dim=0) | ties.sort(stable=True)
ties.sort(descending=True, stable=True) | gaps.sort() | gaps.sort(descending=True) | i.sort(0) | s.sort()
empty.sort(0) | x.argsort() | x.argsort(0, True) | t.argsort(v, descending=True) | ties.argsort(stable=True)
x.msort() | x.topk(2) | x.topk(3, dim=1) | x.topk(2, 0, largest=False) | t.topk(v, 5) | i.topk(1) | x.topk(0)
s.topk(1) | x.kthvalue(2) | x.kthvalue(1, 0) | x.kthvalue(3, dim=1, keepdim=True) | v.kthvalue(4) | s.kthvalue(1)
x.median() | x.median(1) | x.median(dim=0, keepdim=True) | gaps.median() | gaps.median(1).values | i.median()
v.median(0) | gaps.nanmedian() | gaps.nanmedian(1) | gaps.nanmedian(0, keepdim=True) | x.nanmedian(2) | ties.mode()
i.mode(1) | x.mode(0) | x.quantile(0.3) | x.quantile(0.5, 1) | x.quantile(t.tensor([0.1, 0.9], dtype=x.dtype), dim=2)
x.quantile(1.0, keepdim=True) | x.quantile(t.tensor([0.2], dtype=x.dtype), dim=1, keepdim=True)
x.quantile(0.4, interpolation="lower") | s.quantile(0.3) | x.quantile(0.4, 2, interpolation="higher")
x.quantile(0.4, 2, interpolation="midpoint") | gaps.quantile(0.5, 1) | x.quantile(0.5, 1, interpolation="nearest")
gaps.nanquantile(0.5, 1) | gaps.nanquantile(0.2) | v.quantile(0)
x.quantile(t.tensor([0.2, 0.5], dtype=x.dtype), keepdim=True) | gaps.quantile(0.25) | t.quantile(x, 0.25, dim=-1)
x.cumsum(1) | i.cumsum(0) | flags.cumsum(1) | x.cumprod(2) | t.cumprod(zero, 1) | x.cummax(1) | ties.cummax(1)
ties.cummin(1) | wild.cummax(0).values | gaps.cummin(1) | x.logcumsumexp(1) | x.logsumexp((0, 2))
x.logsumexp(1, True) | i.logsumexp(1) | x.softmax(1) | t.softmax(x, dim=0) | x.log_softmax(-1) | t.log_softmax(x, 0)
i.softmax(0, dtype=t.float64) | x.sum(dtype=t.float64) | i.sum(1, dtype=t.float32) | i.mean(dtype=t.float32)
i.prod(0, dtype=t.float64) | i.cumsum(0, dtype=t.float32) | flags.any() | flags.all(1)
flags.any(dim=0, keepdim=True) | t.all(x) | x.any(1) | empty.any() | empty.all(0) | i.count_nonzero()
t.count_nonzero(i, dim=0) | x.count_nonzero((0, 2)) | flags.count_nonzero(1) | n.unique()
n.unique(return_inverse=True) | t.unique(n, return_counts=True) | n.unique(True, True, True) | ties.unique(dim=1)
ties.unique(dim=0, return_inverse=True, return_counts=True) | gaps.unique() | n.unique_consecutive(return_counts=True)
n.unique_consecutive(return_inverse=True) | ties.unique_consecutive(dim=1) | flags.unique() | n.bincount()
t.bincount(n, minlength=9) | n.bincount(t.tensor([1.0, 2, 3, 4, 5, 6])) | n.bincount(n) | n[:0].bincount()
x.histc(5) | t.histc(x, bins=4, min=-1, max=1) | v.histc() | zero.histc(3) | t.histogram(x, 4)
x.histogram(3, range=(-1.0, 1.0)) | t.histogram(v, t.tensor([-2.0, 0.0, 0.5, 3.0], dtype=v.dtype))
v.histogram(3, density=True) | x.histogram() | v.histogram(density=True)
v.histogram(2, weight=v * v) | x % 0.7 | x % -0.7 | i % 3 | i % -3 | 2 % (x + 5)
x // 0.6 | i // 2 | -7 // (i * i + 1) | t.remainder(i, 4) | 5 % i[0] | t.div(x, 0.3, rounding_mode="floor")
t.div(i, 2, rounding_mode="trunc") | i.div(2, rounding_mode="floor") | x.div(y) | t.floor_divide(x, 0.5) | x.fmod(0.4)
i.fmod(3) | i.fmod(t.tensor([2, -3, 4])) | i << 2 | i >> 1 | 1 << n | x.round() | v.round(decimals=1) | t.round(wild)
i.round() | x.ceil() | x.trunc() | x.fix() | x.frac() | i.ceil() | i.trunc() | t.round(x * 100, decimals=-1)
x.square() | i.square() | x.abs().float_power(0.5) | i.float_power(2) | x.sgn() | x.positive() | x.clamp(-0.5, 0.5)
x.clip(max=0) | x.clamp(min=y) | x.clamp(y, y + 0.2) | t.clamp(x, max=y) | x.clamp_min(0) | x.clamp_max(y)
x.lerp(y, 0.3) | x.lerp(x * 2, x) | t.lerp(x, y, 1.0) | x.addcmul(y, y, value=2) | t.addcdiv(x, y, y + 9, value=0.5)
wild.nan_to_num() | t.nan_to_num(wild, nan=1.0, posinf=9.0, neginf=-9.0) | wild.heaviside(v[0]) | wild.sign()
i.nan_to_num() | wild.isposinf() | wild.isneginf() | t.signbit(wild) | wild.isreal() | wild.isfinite()
x.isclose(x + 1e-9) | wild.isclose(wild) | t.isclose(wild, wild, equal_nan=True) | x.isclose(y, 0.1, 0.1)
i.logical_xor(i) | t.logical_and(x, y) | t.logical_not(i) | x.greater(y) | t.less_equal(x, y) | x.not_equal(y)
t.eq(x, 1.0) | x.ge(0.5) | x.subtract(y) | t.multiply(x, 2) | x.true_divide(2) | x.atan2(y) | t.arctan2(x, y)
x.hypot(y) | x.copysign(y) | x.copysign(-1.0) | t.fmax(x, y) | wild.fmin(v[0]) | t.xlogy(2, v.abs()) | x.logaddexp(y)
t.logaddexp2(x, y) | wild.exp2() | wild.expm1() | wild.log1p() | wild.log2() | wild.asinh() | wild.atanh()
wild.erf() | wild.erfc() | v.erfinv() | wild.lgamma() | wild.digamma() | v.logit() | (v / 4 + 0.4).logit(0.2)
wild.sinh() | wild.acosh() | v.polygamma(1) | (v + 2).polygamma(2) | t.polygamma(1, v + 2) | t.deg2rad(i)
x.rad2deg() | t.negative(x) | x.absolute() | x.arccos()
"""
PROGRAMS = [p.strip() for p in SAME.replace("\n", " | ").split(" | ") if p.strip()]

BAD = """
x.topk(9) | x.topk(-1) | x.kthvalue(0) | x.kthvalue(5, 2) | x.sort(3) | x.median(4) | x.cumsum(3) | x.softmax(7)
i.softmax(0) | i.var() | i.std(0) | i.norm() | i.nanmean() | i.quantile(0.5) | x.quantile(1.5) | empty.quantile(0.5)
x.quantile(0.5, interpolation="x") | x.quantile(t.tensor([[0.5]])) | i % 0 | i // 0 | i.fmod(0)
t.div(i, 0, rounding_mode="trunc") | t.div(x, 2, rounding_mode="up") | x.clamp() | x.lerp(i, 0.5) | i.lerp(i, 0.5)
i.bincount() | v.bincount() | (-n).bincount() | n.bincount(v) | i.histc() | wild.histc() | x.histc(0) | x.histogram(0)
i.logcumsumexp(0) | flags.median() | flags.round() | x.heaviside(i) | x.isclose(i) | x.addcmul(v, v) | x.atan2(v)
empty.median(0) | empty.mode(0) | empty.kthvalue(1, 0) | flags.positive() | i.frac() | i.hypot(i) | x << 1 | x.dist(v)
x.aminmax(dim=5) | empty.aminmax() | x.logsumexp(5) | x.polygamma(-1) | n.bincount(minlength=-1) | i.round(decimals=1)
x.norm("nuc", dim=5) | x.var((0, 0)) | x.mode(3) | x.cummax(3) | empty.topk(1, 0) | x.unique(dim=3) | s.diff() | x.cov()
t.cdist(x, y[:, :2]) | flags.argmax() | empty.argmax() | t.bucketize(v, x)
"""
REFUSED = [p.strip() for p in BAD.replace("\n", " | ").split(" | ") if p.strip()]


def run(library: Any, program: str, kind: str, grad: bool = False) -> Any:
    names: dict[str, Any] = {"t": library, "math": math}
    for name, array in DATA.items():
        if re.search(rf"\b{name}\b", program):
            leaf = library.tensor(array.astype(kind) if array.dtype.kind == "f" else array)
            names[name] = leaf.requires_grad_() if grad and array.dtype.kind == "f" else leaf
    return eval(program, names), names


def parts(result: Any) -> tuple[Any, ...]:
    return tuple(result) if isinstance(result, tuple) else (result,)


def compare(ours: Any, theirs: Any, what: str, tolerance: float) -> None:
    assert repr(ours.dtype) == repr(theirs.dtype), what
    assert tuple(ours.shape) == tuple(theirs.shape), what
    np.testing.assert_allclose(
        ours.detach().numpy(), theirs.detach().numpy(force=True), rtol=tolerance, atol=tolerance, err_msg=what
    )


@pytest.mark.parametrize("kind", ["float32", "float64"])
@pytest.mark.parametrize("program", PROGRAMS)
def test_values(program: str, kind: str) -> None:
    (ours, _), (theirs, _) = (run(library, program, kind) for library in (tg, torch))
    assert len(parts(ours)) == len(parts(theirs))
    for mine, other in zip(parts(ours), parts(theirs), strict=True):
        compare(mine, other, program, 1e-5 if other.dtype == torch.float32 else 1e-9)
    if type(theirs) is not tuple and isinstance(theirs, tuple):
        assert repr(theirs).partition("(")[0] == repr(ours).partition("(")[0]


@pytest.mark.parametrize("program", PROGRAMS)
def test_gradients(program: str) -> None:
    theirs, there = run(torch, program, "float64", grad=True)
    ours, here = run(tg, program, "float64", grad=True)
    for mine, other in zip(parts(ours), parts(theirs), strict=True):
        if not other.requires_grad or "NotImplemented" in repr(other.grad_fn):
            continue
        seed = np.linspace(0.5, 1.5, int(np.prod(other.shape))).reshape(tuple(other.shape))
        try:
            other.backward(torch.tensor(seed, dtype=other.dtype), retain_graph=True)
        except RuntimeError:
            continue  # PyTorch has no derivative of this
        assert mine.requires_grad, program
        mine.backward(tg.tensor(seed, dtype=mine.dtype), retain_graph=True)
        for name in DATA:
            if name in there and there[name].requires_grad:
                expected = there[name].grad
                if expected is not None:
                    compare(here[name].grad, expected, f"{program}: gradient of {name}", 1e-7)


@pytest.mark.parametrize("program", REFUSED)
def test_refusals(program: str) -> None:
    with pytest.raises(Exception) as expected:  # noqa: PT011 - PyTorch's own type
        run(torch, program, "float32")
    kind = RuntimeError if isinstance(expected.value, RuntimeError) else type(expected.value)
    with pytest.raises(kind) as found:
        run(tg, program, "float32")
    assert len(str(found.value)) > 20


def test_named_results_print_as_in_pytorch() -> None:
    for program in (
        "v.sort()",
        "v.topk(2)",
        "t.aminmax(v)",
        "v.median(0)",
        "v.histogram(2)",
        "n.mode()",
        "v.cummin(0)",
    ):
        assert repr(run(tg, program, "float32")[0]) == repr(run(torch, program, "float32")[0])


PRINTED = """
v.exp2() | v.expm1() | v.log1p() | v.sinh() | v.atan2(v) | v.hypot(v) | v.erf() | v.erfinv() | v.digamma() | v.logit()
v.ceil() | v.round() | v.round(decimals=1) | v.frac() | v.fmod(2) | v.fmod(v) | v % 2 | v % v
v.div(v, rounding_mode="floor") | v.square() | v.addcmul(v, v) | v.addcdiv(v, v) | v.lerp(v, 0.5) | v.lerp(v, v)
v.clamp(0, 1) | v.clamp_min(0) | v.clamp_max(v) | v.clamp(v, v) | v.nan_to_num() | v.fmax(v) | v.copysign(v)
v.cumsum(0) | v.cumprod(0) | v.logcumsumexp(0) | v.logsumexp(0) | v.softmax(0) | v.log_softmax(0) | v.var() | v.std()
v.nansum() | v.norm() | v.median() | v.nanmedian() | v.xlogy(v) | v.logaddexp(v) | v.deg2rad() | v.lgamma() | v.log2()
v.acos() | v.erfc() | v.trunc() | v.tan() | v.quantile(0.5) | v.dist(v * 2)
"""
OTHER_NAMES = {"v.quantile(0.5)", "v.dist(v * 2)"}  # made of operations here


@pytest.mark.parametrize("program", [p.strip() for p in PRINTED.replace("\n", " | ").split(" | ") if p.strip()])
def test_grad_fn_names(program: str) -> None:
    ours, theirs = (run(library, program, "float32", grad=True)[0].grad_fn.name() for library in (tg, torch))
    assert ours == theirs or program in OTHER_NAMES


def test_in_place_forms() -> None:
    for program in (
        "x.clamp_(0, 1)",
        "x.clip_(max=0.5)",
        "x.lerp_(y, 0.5)",
        "x.round_()",
        "x.remainder_(0.7)",
        "x.erf_()",
    ):
        (ours, here), (theirs, there) = (run(library, program, "float64") for library in (tg, torch))
        assert ours is here["x"]
        compare(here["x"], there["x"], program, 1e-12)
    for library in (tg, torch):
        x = library.tensor([5, 7])
        same = x
        x %= 4
        x //= 2
        x <<= 3
        assert same.tolist() == [0, 8] and same is x
