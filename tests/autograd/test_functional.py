"""Jacobians, Hessians and their products: values, structure, and strictness."""

from __future__ import annotations

from typing import Any

import pytest


def vector(lib: Any, *numbers: float) -> Any:
    return lib.tensor(list(numbers), dtype=lib.float64)


def plain(x: Any) -> Any:
    return tuple(plain(y) for y in x) if isinstance(x, tuple) else x.tolist()


def power(x: Any) -> Any:
    return (x**3).sum()


def two(x: Any, y: Any) -> Any:
    return x * y.sum(), (x * x).sum() + y.sum()


class TestJacobian:
    def test_one_by_one(self, lib: Any) -> None:
        found = lib.autograd.functional.jacobian(lambda x: x**2, vector(lib, 1.0, 2.0))
        assert plain(found) == [[2.0, 0.0], [0.0, 4.0]] and not found.requires_grad

    def test_structure_and_shapes(self, lib: Any) -> None:
        x, y = vector(lib, 1.0, 2.0), lib.ones(1, 3, dtype=lib.float64)
        found = lib.autograd.functional.jacobian(two, (x, y))
        assert [[tuple(block.shape) for block in row] for row in found] == [[(2, 2), (2, 1, 3)], [(2,), (1, 3)]]
        assert plain(found) == (
            ([[3.0, 0.0], [0.0, 3.0]], [[[1.0] * 3], [[2.0] * 3]]),
            ([2.0, 4.0], [[1.0] * 3]),
        )
        assert plain(lib.autograd.functional.jacobian(lambda x: x.sum(), (x,))) == ([1.0, 1.0],)
        assert isinstance(lib.autograd.functional.jacobian(lambda x: (x,), x), tuple)

    def test_what_does_not_depend(self, lib: Any) -> None:
        jacobian, x, y = lib.autograd.functional.jacobian, vector(lib, 1.0, 2.0), vector(lib, 3.0)
        assert plain(jacobian(lambda x, y: x * 2, (x, y))[1]) == [[0.0], [0.0]]
        assert plain(jacobian(lambda x: lib.ones(1), x)) == [[0.0, 0.0]]
        with pytest.raises(RuntimeError, match="independent of input 1.*strict"):
            jacobian(lambda x, y: x * 2, (x, y), strict=True)
        with pytest.raises(RuntimeError, match="Output 0 .* does not require gradients"):
            jacobian(lambda x: lib.ones(1), x, strict=True)
        with pytest.raises(RuntimeError, match="independent of"):
            jacobian(lambda x: x * 2, x, strict=True, create_graph=True)

    def test_create_graph(self, lib: Any) -> None:
        x = vector(lib, 1.0, 2.0).requires_grad_()
        found = lib.autograd.functional.jacobian(lambda x: x**3, x, create_graph=True)
        assert lib.autograd.grad(found.sum(), x)[0].tolist() == [6.0, 12.0]

    def test_under_no_grad_and_without_touching_grad(self, lib: Any) -> None:
        x = vector(lib, 1.0, 2.0).requires_grad_()
        with lib.no_grad():
            assert plain(lib.autograd.functional.jacobian(lambda x: x.sum(), x)) == [1.0, 1.0]
        assert x.grad is None

    def test_refusals(self, lib: Any) -> None:
        jacobian, x = lib.autograd.functional.jacobian, vector(lib, 1.0)
        with pytest.raises(TypeError, match="inputs given to jacobian must be either a Tensor or a tuple"):
            jacobian(lambda x: x, [x])
        with pytest.raises(TypeError, match="outputs of the user-provided function"):
            jacobian(lambda x: 3, x)
        with pytest.raises(RuntimeError, match="not supported together"):
            jacobian(lambda x: x, x, strict=True, vectorize=True)


class TestHessian:
    def test_one_and_several(self, lib: Any) -> None:
        hessian = lib.autograd.functional.hessian
        assert plain(hessian(power, vector(lib, 1.0, 2.0))) == [[6.0, 0.0], [0.0, 12.0]]
        found = hessian(lambda x, y: (x * x * y).sum(), (vector(lib, 1.0, 2.0), vector(lib, 3.0)))
        assert plain(found) == (([[6.0, 0.0], [0.0, 6.0]], [[2.0], [4.0]]), ([[2.0, 4.0]], [[0.0]]))

    def test_refusals(self, lib: Any) -> None:
        hessian, x = lib.autograd.functional.hessian, vector(lib, 1.0, 2.0)
        with pytest.raises(RuntimeError, match="single element"):
            hessian(lambda x: x * x, x)
        with pytest.raises(RuntimeError, match="single Tensor"):
            hessian(lambda x: (x.sum(), x.sum()), x)
        with pytest.raises(RuntimeError, match="independent of"):
            hessian(lambda x: x.sum(), x, strict=True)

    def test_create_graph(self, lib: Any) -> None:
        x = vector(lib, 1.0, 2.0).requires_grad_()
        found = lib.autograd.functional.hessian(lambda x: (x**4).sum(), x, create_graph=True)
        assert lib.autograd.grad(found.sum(), x)[0].tolist() == [24.0, 48.0]


class TestProducts:
    def test_vjp(self, lib: Any) -> None:
        x, v = vector(lib, 1.0, 2.0), vector(lib, 1.0, 10.0)
        assert plain(lib.autograd.functional.vjp(lambda x: x**2, x, v)) == ([1.0, 4.0], [2.0, 40.0])
        value, product = lib.autograd.functional.vjp(power, x)
        assert value.item() == 9.0 and plain(product) == [3.0, 12.0] and not product.requires_grad
        found = lib.autograd.functional.vjp(two, (x, v), (v, vector(lib, 1.0).sum()))
        assert plain(found[1]) == ([13.0, 114.0], [22.0, 22.0])

    def test_jvp(self, lib: Any) -> None:
        x, v = vector(lib, 1.0, 2.0), vector(lib, 1.0, 10.0)
        assert plain(lib.autograd.functional.jvp(lambda x: x**2, x, v)) == ([1.0, 4.0], [2.0, 40.0])
        value, product = lib.autograd.functional.jvp(two, (x, v), (v, x))
        assert plain(value) == ([11.0, 22.0], 16.0) and plain(product) == ([14.0, 116.0], 45.0)
        assert plain(lib.autograd.functional.jvp(lambda x: x * 3, vector(lib, 1.0))[1]) == [3.0]

    def test_hvp_and_vhp(self, lib: Any) -> None:
        x, v = vector(lib, 1.0, 2.0), vector(lib, 1.0, 10.0)
        for name in ("hvp", "vhp"):
            value, product = getattr(lib.autograd.functional, name)(power, x, v)
            assert value.item() == 9.0 and plain(product) == [6.0, 120.0]
            both = getattr(lib.autograd.functional, name)(lambda x, y: (x * x * y).sum(), (x, v), (v, x))[1]
            assert plain(both) == ([4.0, 208.0], [2.0, 40.0])

    def test_create_graph(self, lib: Any) -> None:
        x, v = vector(lib, 1.0, 2.0).requires_grad_(), vector(lib, 1.0, 10.0).requires_grad_()
        for name, f, by_x, by_v in (
            ("vjp", lambda x: x**3, [6.0, 120.0], [3.0, 12.0]),
            ("jvp", lambda x: x**3, [6.0, 120.0], [3.0, 12.0]),
            ("vhp", power, [6.0, 60.0], [6.0, 12.0]),
            ("hvp", power, [6.0, 60.0], [6.0, 12.0]),
        ):
            product = getattr(lib.autograd.functional, name)(f, x, v, create_graph=True)[1]
            assert plain(lib.autograd.grad(product.sum(), (x, v))) == (by_x, by_v), name

    def test_vectors_that_do_not_fit(self, lib: Any) -> None:
        x = vector(lib, 1.0, 2.0)
        for name, f in (("vjp", lambda x: x * 2), ("jvp", lambda x: x * 2), ("vhp", power), ("hvp", power)):
            product = getattr(lib.autograd.functional, name)
            with pytest.raises(RuntimeError, match="v can only be None"):
                product(f, x)
            with pytest.raises(RuntimeError, match="invalid size: should be .*2.* but got .*3"):
                product(f, x, lib.ones(3))
            with pytest.raises(RuntimeError):
                product(f, x, (x, x))

    def test_strict(self, lib: Any) -> None:
        x, v = vector(lib, 1.0, 2.0), vector(lib, 1.0, 10.0)
        functional = lib.autograd.functional
        for name in ("vhp", "hvp"):
            assert plain(getattr(functional, name)(lambda x: x.sum(), x, v)[1]) == [0.0, 0.0]
            with pytest.raises(RuntimeError, match="strict"):
                getattr(functional, name)(lambda x: x.sum(), x, v, strict=True)
        for name in ("vjp", "jvp"):
            assert plain(getattr(functional, name)(lambda x: v * 1, x, v)[1]) == [0.0, 0.0]
            with pytest.raises(RuntimeError, match="strict"):
                getattr(functional, name)(lambda x: v * 1, x, v, strict=True)
