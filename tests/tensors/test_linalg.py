"""linalg: values, gradients of two orders where there are any, clear errors where not, and printing as PyTorch's."""

from __future__ import annotations

import math
import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.differences import TENSOR, check
from support.oracle import agree, printed_alike

import tinygrad_edu as tg
from tinygrad_edu.errors import GradError, LinAlgError

rng = np.random.default_rng(3)
A = rng.uniform(-1, 1, (3, 3)) + 2 * np.eye(3)
BATCH = rng.uniform(-1, 1, (2, 3, 3)) + 2 * np.eye(3)
TALL, WIDE = rng.uniform(-1, 1, (4, 2)), rng.uniform(-1, 1, (2, 4))
VECTOR = rng.uniform(-1, 1, 3)
B = rng.uniform(-1, 1, (3, 2))
SINGULAR = np.array([[1.0, 2.0], [2.0, 4.0]])
SPD = BATCH @ np.swapaxes(BATCH, 1, 2) + np.eye(3)


def symmetric(t: Any, x: Any) -> Any:
    return x @ x.mT + t.eye(3, dtype=x.dtype)


# Results with gradients.
SAME: dict[str, tuple[Any, ...]] = {
    "det": (lambda t, x: t.linalg.det(x), A),
    "det of a batch": (lambda t, x: x.det(), BATCH),
    "det of nothing": (lambda t, x: t.det(x), np.zeros((0, 0))),
    "slogdet": (lambda t, x: t.linalg.slogdet(x), A),
    "slogdet method": (lambda t, x: x.slogdet(), -BATCH),
    "logdet": (lambda t, x: x.logdet(), SPD),
    "inv": (lambda t, x: t.linalg.inv(x), A),
    "inverse": (lambda t, x: x.inverse(), BATCH),
    "solve": (lambda t, x, y: t.linalg.solve(x, y), A, B),
    "solve a vector": (lambda t, x, y: t.linalg.solve(x, y), A, VECTOR),
    "solve a batch": (lambda t, x, y: t.linalg.solve(x, y), BATCH, B),
    "solve vectors of a batch": (lambda t, x, y: t.linalg.solve(x, y), BATCH, BATCH[:, 0].copy()),
    "solve from the left": (lambda t, x, y: t.linalg.solve(x, y, left=False), A, B.T.copy()),
    "solve_triangular": (lambda t, x, y: t.linalg.solve_triangular(x, y, upper=True), A, B),
    "solve_triangular lower": (lambda t, x, y: t.linalg.solve_triangular(x, y, upper=False, unitriangular=True), A, B),
    "solve_triangular right": (lambda t, x, y: t.linalg.solve_triangular(x, y, upper=True, left=False), A, B.T.copy()),
    "cholesky": (lambda t, x: t.linalg.cholesky(symmetric(t, x)), A),
    "cholesky of a batch": (lambda t, x: t.linalg.cholesky(x), SPD),
    "cholesky upper": (lambda t, x: t.linalg.cholesky(symmetric(t, x), upper=True), A),
    "cholesky method": (lambda t, x: symmetric(t, x).cholesky(), A),
    "cholesky reads the lower triangle": (lambda t, x: t.linalg.cholesky(x.tril()).detach(), SPD),
    "pinv": (lambda t, x: t.linalg.pinv(x), TALL),
    "pinv wide": (lambda t, x: t.linalg.pinv(x), WIDE),
    "pinv of a singular matrix": (lambda t, x: t.linalg.pinv(x.detach()), SINGULAR),
    "pinv rtol": (lambda t, x: t.linalg.pinv(x.detach(), rtol=0.5), A),
    "pinverse": (lambda t, x: x.pinverse(), TALL),
    "norm": (lambda t, x: t.linalg.norm(x), A),
    "norm of a vector": (lambda t, x: t.linalg.norm(x, 3), VECTOR),
    "norm of rows": (lambda t, x: t.linalg.norm(x, dim=1, keepdim=True), A),
    "norm 0": (lambda t, x: t.linalg.norm(x.detach(), 0), VECTOR),
    "norm inf": (lambda t, x: t.linalg.norm(x, math.inf), VECTOR),
    "norm -inf": (lambda t, x: t.linalg.vector_norm(x, -math.inf), VECTOR),
    "norm half": (lambda t, x: t.linalg.vector_norm(x, 0.5), VECTOR),
    "norm at 0": (lambda t, x: t.linalg.norm(x), np.zeros(3)),
    "norm 3 at 0": (lambda t, x: t.linalg.norm(x, 3), np.array([0.0, 0.0])),
    "norm 3 with a 0": (lambda t, x: t.linalg.norm(x, 3), np.array([0.0, 2.0])),
    "norm inf with ties": (lambda t, x: t.linalg.norm(x, math.inf), np.array([2.0, -2.0, 1.0])),
    "norm of a dtype": (lambda t, x: t.linalg.vector_norm(x, dtype=t.float64), VECTOR.astype(np.float32)),
    "fro": (lambda t, x: t.linalg.matrix_norm(x), BATCH),
    "norm fro": (lambda t, x: t.linalg.norm(x, "fro"), A),
    "matrix inf": (lambda t, x: t.linalg.matrix_norm(x, math.inf), BATCH),
    "matrix 1": (lambda t, x: t.linalg.norm(x, 1), A),
    "matrix -1 kept": (lambda t, x: t.linalg.matrix_norm(x, -1, keepdim=True), BATCH),
    "matrix -inf of dims": (lambda t, x: t.linalg.matrix_norm(x, -math.inf, dim=(0, 2)), BATCH),
    "diagonal": (lambda t, x: t.linalg.diagonal(x, offset=1), BATCH),
}  # fmt: skip

NAMES_DIFFER = {n for n in SAME if n.startswith(("solve", "matrix", "logdet", "cholesky upper", "pinverse"))} | {
    "cholesky reads the lower triangle", "cholesky method", "norm of a dtype",
}  # fmt: skip

# Results whose gradients PyTorch has and we do not: compared without.
VALUES: dict[str, tuple[Any, ...]] = {
    "qr": (lambda t, x: t.linalg.qr(x), TALL),
    "qr complete": (lambda t, x: t.linalg.qr(x, mode="complete"), TALL),
    "qr r": (lambda t, x: t.linalg.qr(x, "r").R, WIDE),
    "qr old": (lambda t, x: x.qr(), BATCH),
    "svdvals": (lambda t, x: t.linalg.svdvals(x), BATCH),
    "svd": (lambda t, x: t.linalg.svd(x).S, TALL),
    "svd product": (lambda t, x: remade(t.linalg.svd(x, full_matrices=False)), WIDE),
    "svd full": (lambda t, x: [p.shape for p in t.linalg.svd(x)], WIDE),
    "svd old": (lambda t, x: [p.shape for p in x.svd()], TALL),
    "eigvalsh": (lambda t, x: t.linalg.eigvalsh(x), SPD),
    "eigh": (lambda t, x: t.linalg.eigh(x).eigenvalues, SPD),
    "eigh upper": (lambda t, x: t.linalg.eigh(x, UPLO="U")[1].abs(), SPD[0]),
    "lstsq": (lambda t, x, y: t.linalg.lstsq(x, y), TALL, rng.uniform(-1, 1, (4, 2))),
    "lstsq residuals": (lambda t, x, y: t.linalg.lstsq(x, y, driver="gelsd"), TALL, rng.uniform(-1, 1, (4, 2))),
    "lstsq square": (lambda t, x, y: t.linalg.lstsq(x, y).solution, A, B),
    "lstsq wide": (lambda t, x, y: t.linalg.lstsq(x, y).solution, WIDE, rng.uniform(-1, 1, (2, 1))),
    "lstsq of a batch": (lambda t, x, y: t.linalg.lstsq(x, y).solution, BATCH, BATCH + 1),
    "matrix_rank": (lambda t, x: t.linalg.matrix_rank(x), SINGULAR),
    "matrix_rank of a batch": (lambda t, x: t.linalg.matrix_rank(x), BATCH),
    "matrix_rank atol": (lambda t, x: t.linalg.matrix_rank(x, atol=10.0), A),
    "nuclear": (lambda t, x: t.linalg.matrix_norm(x, "nuc"), BATCH),
    "spectral": (lambda t, x: t.linalg.norm(x, 2), A),
    "least": (lambda t, x: t.linalg.matrix_norm(x, -2, keepdim=True), BATCH),
    "cond": (lambda t, x: t.linalg.cond(x), A),
    "cond 1": (lambda t, x: t.linalg.cond(x, 1), A),
    "cond of a singular matrix": (lambda t, x: t.linalg.cond(x, "fro"), SINGULAR),
}  # fmt: skip

REFUSED: dict[str, tuple[Any, ...]] = {
    "det of a vector": (lambda t, x: t.linalg.det(x[0]), A),
    "det of no square": (lambda t, x: x.det(), TALL),
    "det of integers": (lambda t, x: t.det(x.long()), A),
    "inv of a singular matrix": (lambda t, x: t.linalg.inv(x), SINGULAR),
    "inv of no square": (lambda t, x: x.inverse(), TALL),
    "inv of halves": (lambda t, x: t.linalg.inv(x.half()), A),
    "solve of a singular matrix": (lambda t, x: t.linalg.solve(x, x), SINGULAR),
    "solve of shapes": (lambda t, x: t.linalg.solve(x, x[:2]), A),
    "solve of types": (lambda t, x: t.linalg.solve(x, x.float()), A),
    "cholesky": (lambda t, x: t.linalg.cholesky(-x), SPD),
    "cholesky of no square": (lambda t, x: t.linalg.cholesky(x), TALL),
    "qr mode": (lambda t, x: t.linalg.qr(x, "economic"), A),
    "qr of a vector": (lambda t, x: t.linalg.qr(x), VECTOR),
    "svd of integers": (lambda t, x: t.linalg.svd(x.long()), A),
    "eigh of no square": (lambda t, x: t.linalg.eigh(x), TALL),
    "lstsq": (lambda t, x: t.linalg.lstsq(x, x[:2]), A),
    "norm of integers": (lambda t, x: t.linalg.norm(x.long()), A),
    "norm order": (lambda t, x: t.linalg.norm(x, 3), A),
    "norm of three dims": (lambda t, x: t.linalg.norm(x, 2), BATCH),
    "matrix_norm of a vector": (lambda t, x: t.linalg.matrix_norm(x), VECTOR),
    "norm of nothing": (lambda t, x: t.linalg.vector_norm(x, math.inf), np.zeros(0)),
}  # fmt: skip


def remade(parts: Any) -> Any:
    u, s, vh = parts
    return u @ s.diag_embed() @ vh


@pytest.mark.oracle
@pytest.mark.parametrize("case", SAME)
def test_as_pytorch(case: str) -> None:
    torch = pytest.importorskip("torch")
    make, *arrays = SAME[case]
    agree(torch, make, *arrays, name=case not in NAMES_DIFFER)


@pytest.mark.oracle
@pytest.mark.parametrize("case", VALUES)
def test_values_as_pytorch(case: str) -> None:
    torch = pytest.importorskip("torch")
    make, *arrays = VALUES[case]
    for kind in (np.float64, np.float32):
        agree(torch, lambda t, *xs: make(t, *(x.detach() for x in xs)), *(a.astype(kind) for a in arrays))


@pytest.mark.oracle
@pytest.mark.parametrize("case", REFUSED)
def test_refused_as_pytorch(case: str) -> None:
    torch = pytest.importorskip("torch")
    make, *arrays = REFUSED[case]
    agree(torch, make, *arrays)


@pytest.mark.oracle
def test_printed_as_pytorch() -> None:
    torch = pytest.importorskip("torch")
    eye = 2 * np.eye(2, dtype=np.float32)
    for make in (
        lambda t, x: t.linalg.eigh(x),
        lambda t, x: t.linalg.svd(x),
        lambda t, x: t.linalg.slogdet(x),
        lambda t, x: t.slogdet(x),
        lambda t, x: t.linalg.lstsq(x, x),
        lambda t, x: t.linalg.qr(x * -1),
        lambda t, x: t.linalg.inv(x.requires_grad_()),
    ):
        printed_alike(torch, make, eye)


@pytest.mark.parametrize("case", [n for n in SAME if n.startswith(("solve", "cholesky", "logdet", "matrix"))])
def test_derivatives_of_two_orders(case: str) -> None:
    make, *arrays = SAME[case]
    if "reads" not in case and "cholesky of a batch" != case and not case.startswith("matrix"):
        check(TENSOR, lambda *xs: make(tg, *xs), arrays)


@pytest.mark.parametrize(
    "make",
    [
        lambda x: tg.linalg.qr(x).R,
        lambda x: tg.linalg.svd(x).U,
        lambda x: tg.linalg.svd(x)[2],
        lambda x: tg.linalg.eigh(x).eigenvectors,
        lambda x: tg.linalg.eigvalsh(x),
        lambda x: tg.linalg.lstsq(x, x).solution,
        lambda x: tg.linalg.lstsq(x.detach(), x).solution,
    ],
)
def test_values_only_say_so_in_backward(make: Any) -> None:
    x = tg.tensor(SPD[0], requires_grad=True)
    out = make(x)
    assert out.requires_grad
    with pytest.raises(GradError, match="derivative is not available.*detach"):
        out.sum().backward()
    with tg.no_grad():
        assert not make(x).requires_grad


SINGULAR_VALUES = {
    "svdvals": lambda t, x: t.linalg.svdvals(x),
    "nuclear": lambda t, x: t.linalg.matrix_norm(x, "nuc"),
    "nuclear of other dims": lambda t, x: t.linalg.matrix_norm(x.unsqueeze(1), "nuc", dim=(0, 2)),
    "norm of a Tensor": lambda t, x: x.norm("nuc"),
    "largest": lambda t, x: t.linalg.norm(x, 2),
    "least": lambda t, x: t.linalg.matrix_norm(x, -2, keepdim=True),
    "cond": lambda t, x: t.linalg.cond(x),
}


@pytest.mark.parametrize("case", SINGULAR_VALUES)
@pytest.mark.parametrize("array", [TALL, WIDE, SPD[0]], ids=["tall", "wide", "square"])
def test_singular_values_have_a_first_derivative(case: str, array: Any) -> None:
    make = SINGULAR_VALUES[case]
    x = tg.tensor(array, requires_grad=True)
    assert tg.autograd.gradcheck(lambda x: make(tg, x), (x,))
    torch = pytest.importorskip("torch")
    other = torch.tensor(array, requires_grad=True)
    out, expected = make(tg, x), make(torch, other)
    weights = np.arange(1.0, 1.0 + out.numel()).reshape(tuple(out.shape))
    (out * tg.tensor(weights)).sum().backward()
    (expected * torch.tensor(weights)).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), other.grad.numpy(), rtol=1e-9, atol=1e-12)


def test_singular_values_say_that_there_is_no_second_derivative() -> None:
    x = tg.tensor(TALL, requires_grad=True)
    (first,) = tg.autograd.grad(x.norm("nuc"), x, create_graph=True)
    with pytest.raises(GradError, match="second derivative.*not available.*detach"):
        first.sum().backward()
    assert x.grad is None


def test_complex_results_are_refused_in_words() -> None:
    for function in (tg.linalg.eig, tg.linalg.eigvals):
        with pytest.raises(RuntimeError, match="complex numbers, which are not supported: use linalg.eig"):
            function(tg.tensor(A))


def test_names_are_listed() -> None:
    assert {"einsum", "gather", "meshgrid", "one_hot", "linalg", "hstack"} <= set(dir(tg))
    assert {"solve", "norm", "LinAlgError"} <= set(dir(tg.linalg))


def test_errors_of_matrices_have_their_own_type() -> None:
    with pytest.raises(tg.linalg.LinAlgError, match="singular"):
        tg.tensor(SINGULAR).inverse()
    assert issubclass(LinAlgError, RuntimeError)


def test_the_determinant_of_a_singular_matrix_has_a_gradient() -> None:
    x = tg.tensor(SINGULAR, requires_grad=True)  # (PyTorch gives 0)
    x.det().backward()
    np.testing.assert_allclose(x.grad.numpy(), [[4.0, -2.0], [-2.0, 1.0]], atol=1e-12)


def test_named_results_can_be_pickled() -> None:
    found = pickle.loads(pickle.dumps(tg.linalg.eigh(tg.eye(2))))
    assert type(found).__name__ == "linalg_eigh" and found.eigenvalues.tolist() == [1.0, 1.0]
