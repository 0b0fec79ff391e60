"""Singular values and eigenvalues with their vectors on the GPU, by what they have to be: signs are open."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_edu as torch

_random = np.random.default_rng(3)
TALL, LOW = _random.standard_normal((3, 2)), np.outer([1.0, 2.0, 0.0], [1.0, -1.0, 3.0])
MATRICES = {
    "tall": TALL,
    "not of full rank": pytest.param(LOW, marks=pytest.mark.slow),
    "zero": np.zeros((2, 2)),
    "wide": pytest.param(_random.standard_normal((2, 2, 4)), marks=pytest.mark.slow),
    "float32": pytest.param(_random.standard_normal((5, 4)).astype(np.float32), marks=pytest.mark.slow),
}


def parametrized() -> Any:
    return pytest.mark.parametrize("a", MATRICES.values(), ids=list(MATRICES))


def host(tensor: Any) -> Any:
    assert tensor.is_cuda
    return tensor.cpu().numpy()


def orthonormal(columns: Any, close: float) -> None:
    one = np.broadcast_to(np.eye(columns.shape[-1]), (*columns.shape[:-2], *(columns.shape[-1],) * 2))
    np.testing.assert_allclose(columns.swapaxes(-1, -2) @ columns, one, atol=close)


@parametrized()
def test_singular_values(a: Any) -> None:
    close = 1e-12 if a.dtype == np.float64 else 1e-5
    for full in (True, False):
        u, s, vh = map(host, torch.linalg.svd(torch.tensor(a, device="cuda"), full_matrices=full))
        expected = np.linalg.svd(a, full)
        assert [x.shape for x in (u, s, vh)] == [x.shape for x in expected] and u.dtype == vh.dtype == a.dtype
        np.testing.assert_allclose(s, expected[1], atol=close)
        some = s.shape[-1]
        np.testing.assert_allclose(u[..., :some] * s[..., None, :] @ vh[..., :some, :], a, atol=close)
        orthonormal(u, close)
        orthonormal(vh.swapaxes(-1, -2), close)


@parametrized()
def test_eigenvalues(a: Any) -> None:
    square = a @ a.swapaxes(-1, -2)
    square = square - np.eye(square.shape[-1], dtype=a.dtype)  # of both signs
    close = 1e-11 if a.dtype == np.float64 else 1e-4
    values, vectors = map(host, torch.linalg.eigh(torch.tensor(square, device="cuda")))
    np.testing.assert_allclose(values, np.linalg.eigvalsh(square), atol=close)
    np.testing.assert_allclose(vectors * values[..., None, :] @ vectors.swapaxes(-1, -2), square, atol=close)
    orthonormal(vectors, close)


def test_least_squares() -> None:
    b = _random.standard_normal((3, 2))
    found = torch.linalg.lstsq(torch.tensor(TALL, device="cuda"), torch.tensor(b, device="cuda"), driver="gelsd")
    solution, residuals, rank, values = np.linalg.lstsq(TALL, b)
    assert found.rank.item() == rank
    for mine, theirs in (
        (found.solution, solution),
        (found.residuals, residuals),
        (found.singular_values, values),
    ):
        np.testing.assert_allclose(host(mine), theirs, atol=1e-12)


def test_what_has_no_inverse() -> None:
    singular = torch.tensor(LOW, device="cuda")
    for refused in (torch.linalg.inv, torch.linalg.cholesky, lambda a: torch.linalg.solve(a, a)):
        with pytest.raises(RuntimeError, match=r"singular|positive-definite"):
            refused(singular)
    assert torch.linalg.det(singular).item() == 0 and torch.linalg.slogdet(singular).logabsdet.item() == -np.inf
    singular.requires_grad_()
    torch.linalg.det(singular).backward()
    np.testing.assert_allclose(host(singular.grad), np.zeros((3, 3)), atol=1e-12)


def test_many_sorted_lines() -> None:
    edges, values = np.sort(_random.integers(0, 9, (2, 5)), 1), _random.integers(-1, 10, (2, 7))
    found = torch.searchsorted(torch.tensor(edges, device="cuda"), torch.tensor(values, device="cuda"), right=True)
    np.testing.assert_array_equal(host(found), [np.searchsorted(*x, "right") for x in zip(edges, values, strict=True)])
