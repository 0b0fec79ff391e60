"""Products of Tensors, einsum among them: values, gradients of two orders, and refusals as PyTorch's."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.differences import TENSOR, check
from support.oracle import agree, numbers

import tinygrad_edu as tg

N = numbers

SAME: dict[str, tuple[Any, ...]] = {
    "dot": (lambda t, x, y: t.dot(x, y), N(3), N(3, seed=1)),
    "mv": (lambda t, x, y: x.mv(y), N(2, 3), N(3)),
    "mm": (lambda t, x, y: t.mm(x, y), N(2, 3), N(3, 4)),
    "bmm": (lambda t, x, y: t.bmm(x, y), N(2, 2, 3), N(2, 3, 1)),
    "outer": (lambda t, x, y: t.outer(x, y), N(3), N(2)),
    "ger": (lambda t, x, y: x.ger(y), N(3), N(2)),
    "addmm": (lambda t, x, y, z: t.addmm(x, y, z, beta=0.5, alpha=2), N(4), N(2, 3), N(3, 4)),
    "addmm without input": (lambda t, x, y, z: t.addmm(x / 0, y, z, beta=0).detach(), N(4), N(2, 3), N(3, 4)),
    "addmm by keyword": (lambda t, x, y, z: t.addmm(input=x, mat1=y, mat2=z, alpha=2), N(4), N(2, 3), N(3, 4)),
    "addmm_": (lambda t, x, y, z: (x * 1).addmm_(y, z), N(2, 4), N(2, 3), N(3, 4)),
    "addmv": (lambda t, x, y, z: x.addmv(y, z, alpha=3), N(2), N(2, 3), N(3)),
    "baddbmm": (lambda t, x, y, z: t.baddbmm(x, y, z), N(2, 1, 2), N(2, 2, 3), N(2, 3, 2)),
    "addbmm": (lambda t, x, y, z: t.addbmm(x, y, z, beta=2), N(2, 2), N(3, 2, 3), N(3, 3, 2)),
    "trace": (lambda t, x: x.trace(), N(3, 4)),
    "trace of integers": (lambda t, x: t.trace(x), np.arange(6, dtype=np.int32).reshape(2, 3)),
    "diag of a vector": (lambda t, x: t.diag(x), N(3)),
    "diag of a vector, above": (lambda t, x: x.diag(1), N(3)),
    "diag_embed": (lambda t, x: t.diag_embed(x, offset=-1, dim1=0), N(2, 3)),
    "diagflat": (lambda t, x: t.diagflat(x, 1), N(2, 2)),
    "cross": (lambda t, x, y: t.cross(x, y, dim=1), N(2, 3), N(2, 3, seed=1)),
    "linalg.cross": (lambda t, x, y: t.linalg.cross(x, y), N(1, 3), N(2, 3, seed=1)),
}  # fmt: skip

# PyTorch makes these of other operations than we do, and prints the last one's name.
OTHERWISE: dict[str, tuple[Any, ...]] = {
    "vdot": (lambda t, x, y: t.vdot(x, y), N(3), N(3, seed=1)),
    "inner": (lambda t, x, y: t.inner(x, y), N(2, 3), N(4, 3)),
    "inner of vectors": (lambda t, x, y: t.inner(x, y), N(3), N(3)),
    "inner with a number": (lambda t, x, y: t.inner(x, y), N(2, 3), N()),
    "addr": (lambda t, x, y, z: x.addr(y, z, beta=2, alpha=3), N(2, 3), N(2), N(3)),
    "addr_": (lambda t, x, y, z: (x * 1).addr_(y, z), N(2, 3), N(2), N(3)),
    "tensordot": (lambda t, x, y: t.tensordot(x, y), N(2, 3, 4), N(3, 4, 2)),
    "tensordot of one": (lambda t, x, y: t.tensordot(x, y, dims=1), N(2, 3), N(3, 4)),
    "tensordot of none": (lambda t, x, y: t.tensordot(x, y, dims=0), N(2), N(3)),
    "tensordot of lists": (lambda t, x, y: t.tensordot(x, y, dims=([1, 0], [0, 2])), N(2, 3, 4), N(3, 2, 2)),
    "tensordot of everything": (lambda t, x, y: t.tensordot(x, y, dims=2), N(2, 3), N(2, 3)),
    "kron": (lambda t, x, y: t.kron(x, y), N(2, 3), N(2, 2)),
    "kron of ranks": (lambda t, x, y: t.kron(x, y), N(3), N(2, 2)),
    "matrix_power": (lambda t, x: x.matrix_power(3), N(2, 2)),
    "matrix_power 5": (lambda t, x: t.matrix_power(x, 5), N(2, 2, 2)),
    "matrix_power 0": (lambda t, x: x.detach().matrix_power(0), N(3, 3)),
    "matrix_power -2": (lambda t, x: t.linalg.matrix_power(x, -2), N(2, 2)),
    "multi_dot": (lambda t, x, y, z: t.linalg.multi_dot([x, y, z]), N(2, 5), N(5, 3), N(3, 4)),
    "multi_dot of vectors": (lambda t, x, y, z: t.linalg.multi_dot([x, y, z]), N(5), N(5, 3), N(3)),
    "chain_matmul": (lambda t, x, y, z: t.chain_matmul(x, y, z), N(4, 2), N(2, 5), N(5, 1)),
    "block_diag": (lambda t, x, y, z: t.block_diag(x, y, z), N(2, 3), N(2), N()),
    "diag of a matrix": (lambda t, x: x.diag(-1), N(3, 4)),
    "vecdot": (lambda t, x, y: t.linalg.vecdot(x, y), N(2, 3), N(2, 3, seed=1)),
    "matmul": (lambda t, x, y: t.linalg.matmul(x, y), N(2, 3), N(3, 1)),
}  # fmt: skip

REFUSED: dict[str, tuple[Any, ...]] = {
    "dot of matrices": (lambda t, x: t.dot(x, x), N(2, 3)),
    "dot of lengths": (lambda t, x: t.dot(x[0], x[:, 0]), N(2, 3)),
    "dot of types": (lambda t, x: t.dot(x, x.float()), N(3)),
    "mv": (lambda t, x: x.mv(x), N(2, 3)),
    "mv of lengths": (lambda t, x: x.mv(x[:, 0]), N(2, 3)),
    "mm": (lambda t, x: x.mm(x), N(2, 3)),
    "mm of a batch": (lambda t, x: x.mm(x), N(2, 2, 2)),
    "bmm": (lambda t, x: t.bmm(x, x[:1]), N(2, 3, 3)),
    "outer": (lambda t, x: t.outer(x, x), N(2, 3)),
    "inner": (lambda t, x: t.inner(x, x[0, :2]), N(2, 3)),
    "addmm": (lambda t, x: t.addmm(x[0], x, x), N(2, 3)),
    "addmm input": (lambda t, x: t.addmm(t.zeros(4, dtype=x.dtype), x, x.T), N(2, 3)),
    "trace": (lambda t, x: x.trace(), N(2, 3, 1)),
    "diag": (lambda t, x: x.diag(), N(2, 3, 1)),
    "tensordot": (lambda t, x: t.tensordot(x, x, dims=1), N(2, 3)),
    "cross": (lambda t, x: t.cross(x, x, dim=0), N(2, 3)),
    "matrix_power": (lambda t, x: x.matrix_power(2), N(2, 3)),
    "multi_dot of one": (lambda t, x: t.linalg.multi_dot([x]), N(2, 3)),
    "einsum count": (lambda t, x: t.einsum("ij,jk", x), N(2, 3)),
    "einsum letters": (lambda t, x: t.einsum("ijk", x), N(2, 3)),
    "einsum too few": (lambda t, x: t.einsum("i", x), N(2, 3)),
    "einsum sizes": (lambda t, x: t.einsum("ij,jk", x, x), N(2, 3)),
    "einsum unknown": (lambda t, x: t.einsum("ij->ik", x), N(2, 3)),
    "einsum twice": (lambda t, x: t.einsum("ij->ii", x), N(2, 3)),
    "einsum diagonal": (lambda t, x: t.einsum("ii", x), N(2, 3)),
    "einsum signs": (lambda t, x: t.einsum("i1", x), N(2, 3)),
    "einsum types": (lambda t, x: t.einsum("ij,ij", x, x.float()), N(2, 3)),
}

EINSUM: list[tuple[str, list[tuple[int, ...]]]] = [
    ("ij,jk->ik", [(2, 3), (3, 4)]),
    ("ij,jk", [(2, 3), (3, 4)]),
    ("ji", [(2, 3)]),
    ("ij->", [(2, 3)]),
    ("ij->j", [(2, 3)]),
    ("ij->ji", [(2, 3)]),
    ("i,i", [(3,), (3,)]),
    ("i,i->i", [(3,), (3,)]),
    ("i,j->ij", [(3,), (2,)]),
    ("ii", [(3, 3)]),
    ("ii->i", [(3, 3)]),
    ("iij->j", [(3, 3, 2)]),
    ("iji->ij", [(2, 3, 2)]),
    ("bij,bjk->bik", [(2, 2, 3), (2, 3, 2)]),
    ("...ij,...jk->...ik", [(2, 2, 3), (2, 3, 2)]),
    ("...ij,...jk->...ik", [(2, 2, 3), (3, 2)]),
    ("...i->...", [(2, 3, 4)]),
    ("i...->...", [(2, 3, 4)]),
    ("...ij->...ji", [(2, 3, 4)]),
    ("i...j->j...", [(2, 3, 4)]),
    ("...,...", [(2, 3), (3,)]),
    ("...i,i", [(2, 3), (3,)]),
    ("...ii->...i", [(2, 3, 3)]),
    ("ij,ij,ij->", [(2, 3), (2, 3), (2, 3)]),
    ("ij,j,jk->ik", [(2, 3), (3,), (3, 2)]),
    ("ik,jkl,il->ij", [(2, 3), (4, 3, 2), (2, 2)]),
    ("ij,kl->", [(2, 3), (3, 2)]),
    ("ij,kl->ijkl", [(2, 3), (1, 2)]),
    ("bhqd,bhkd->bhqk", [(2, 2, 3, 4), (2, 2, 5, 4)]),
    (" i j , j k -> i k ", [(2, 3), (3, 4)]),
    ("Ab,bC->CA", [(2, 3), (3, 4)]),
    ("ij,ij->ij", [(2, 1), (2, 3)]),
    (",i->i", [(), (3,)]),
    ("ij,jk->ik", [(0, 3), (3, 4)]),
    ("ab,cd,ef->fa", [(2, 2), (2, 1), (1, 3)]),
]


@pytest.mark.oracle
@pytest.mark.parametrize("case", [*SAME, *OTHERWISE])
def test_as_pytorch(case: str) -> None:
    torch = pytest.importorskip("torch")
    make, *arrays = {**SAME, **OTHERWISE}[case]
    agree(torch, make, *arrays, name=case in SAME)


@pytest.mark.oracle
@pytest.mark.parametrize("case", REFUSED)
def test_refused_as_pytorch(case: str) -> None:
    torch = pytest.importorskip("torch")
    make, *arrays = REFUSED[case]
    agree(torch, make, *arrays)


@pytest.mark.oracle
@pytest.mark.parametrize(("equation", "shapes"), EINSUM, ids=lambda x: str(x))
def test_einsum_as_pytorch(equation: str, shapes: list[tuple[int, ...]]) -> None:
    torch = pytest.importorskip("torch")
    arrays = [numbers(*shape, seed=i) for i, shape in enumerate(shapes)]
    agree(torch, lambda t, *operands: t.einsum(equation, *operands), *arrays, name=False)
    singles = [a.astype(np.float32) for a in arrays]
    agree(torch, lambda t, *operands: t.einsum(equation, list(operands)), *singles, name=False)


@pytest.mark.parametrize(("equation", "shapes"), EINSUM, ids=lambda x: str(x))
def test_einsum_gives_what_numpy_gives_with_derivatives(equation: str, shapes: list[tuple[int, ...]]) -> None:
    arrays = [np.asarray(numbers(*shape, seed=i) / 10) for i, shape in enumerate(shapes)]
    found = tg.einsum(equation, *map(tg.tensor, arrays))
    np.testing.assert_allclose(found.numpy(), np.einsum(equation, *arrays), atol=1e-12)
    if sum(a.size for a in arrays) < 20:
        check(TENSOR, lambda *operands: tg.einsum(equation, *operands), arrays)


def test_a_chain_is_multiplied_in_the_cheapest_order() -> None:
    tall, wide, row = tg.ones(100, 2), tg.ones(2, 100), tg.ones(100, 1)
    shapes: list[Any] = []
    out = tg.linalg.multi_dot([tall.requires_grad_(), wide, row])
    node: Callable[..., Any] | Any = out.grad_fn
    while node is not None and hasattr(node, "input_shapes"):
        shapes.append(tuple(node.shape))
        node = next((n for n, _ in node.next_functions if n is not None), None)
    assert shapes == [(100, 1)], "wide @ row comes first: tall is multiplied once, with a column"
    assert out.tolist() == [[200.0]] * 100
