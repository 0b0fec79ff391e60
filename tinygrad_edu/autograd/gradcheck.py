"""`gradcheck`: derivatives against finite differences, element by element; `gradgradcheck`: second derivatives too."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.autograd.passes import grad
from tinygrad_edu.engine.modes import enable_grad
from tinygrad_edu.tensors.device import cpu, moved
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]


class GradcheckError(RuntimeError):
    """A derivative that differs from finite differences, or breaks another rule; the message shows both."""


def gradcheck(
    func: Callable[..., Any],
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
    masked: bool | None = None,
) -> bool:
    """Compare the derivatives of a function with central differences ``(f(x + eps) - f(x - eps)) / (2 eps)``.

    The defaults suit float64; with float32 the differences are too rough, and a warning says so.

    Args:
        func: takes the inputs, gives a Tensor or a tuple of them.
        inputs: a Tensor or a tuple; those that require grad are checked.
        eps: how far an element is moved.
        atol, rtol: how much the two may differ, as for :func:`allclose`.
        raise_exception: raise GradcheckError with both Jacobians; otherwise a failure gives False.
        nondet_tol: how much two backward passes over the same graph may differ.
        check_undefined_grad: accepted; the derivative of one output of several is always computed without gradients
            of the others.
        check_grad_dtypes: also check that a gradient has its input's type.
        check_backward_ad: False checks nothing.
        fast_mode: accepted; the whole Jacobian is checked all the same.
        masked: accepted; it concerns sparse Tensors only.
        check_batched_grad, check_batched_forward_grad, check_forward_ad: not supported.

    Raises:
        GradcheckError: the derivatives differ. ValueError: no input requires grad.

    >>> import tinygrad_edu as tg
    >>> x = tg.tensor([0.5, 1.0], dtype=tg.float64, requires_grad=True)
    >>> gradcheck(lambda x: (x.sin() * x).sum(), x)
    True
    """
    if check_forward_ad or check_batched_grad or check_batched_forward_grad:
        raise NotImplementedError(
            "gradcheck: forward mode and batched gradients are not part of this library: leave check_forward_ad, "
            "check_batched_grad and check_batched_forward_grad at False"
        )
    if not check_backward_ad:
        raise AssertionError("Expected at least one of check_forward_ad or check_backward_ad to be True")
    try:
        _check(func, _tuple(inputs), eps, atol, rtol, nondet_tol, check_grad_dtypes)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def gradgradcheck(
    func: Callable[..., Any],
    inputs: Any,
    grad_outputs: Any = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_fwd_over_rev: bool = False,
    check_rev_over_rev: bool = True,
    fast_mode: bool = False,
    masked: bool = False,
) -> bool:
    """Compare second derivatives: :func:`gradcheck` of the function that computes the gradient.

    Args:
        grad_outputs: what the outputs are weighed with; by default random numbers.
        gen_non_contig_grad_outputs: make those with gaps between their elements in memory.
        check_rev_over_rev: False checks nothing; check_fwd_over_rev: not supported.
        func, inputs and the others: as for :func:`gradcheck`.

    >>> import tinygrad_edu as tg
    >>> x = tg.tensor([0.5, 1.0], dtype=tg.float64, requires_grad=True)
    >>> gradgradcheck(lambda x: x**3, x)
    True
    """
    if check_fwd_over_rev:
        raise NotImplementedError("gradgradcheck: forward mode is not part of this library")
    if not check_rev_over_rev:
        raise AssertionError("Expected at least one of check_fwd_over_rev or check_rev_over_rev to be True")
    given = _tuple(inputs)
    if grad_outputs is None:
        weights = tuple(_random_like(o, gen_non_contig_grad_outputs) for o in _differentiable(_tuple(func(*given))))
    else:
        weights = _tuple(grad_outputs)
    count = len(weights)

    def slope(*args: Any) -> tuple[Tensor, ...]:
        xs = args[: len(args) - count]
        outputs = _differentiable(_tuple(func(*xs)))
        by = [x for x in xs if _wants(x)]
        found = grad(outputs, by, args[len(args) - count :], create_graph=True, allow_unused=True)
        return tuple(g for g in found if g is not None)

    return gradcheck(
        slope, given + weights, eps=eps, atol=atol, rtol=rtol, raise_exception=raise_exception, nondet_tol=nondet_tol,
        check_undefined_grad=check_undefined_grad, check_grad_dtypes=check_grad_dtypes,
        check_batched_grad=check_batched_grad, fast_mode=fast_mode, masked=masked,
    )  # fmt: skip


def _check(
    func: Callable[..., Any],
    inputs: tuple[Any, ...],
    eps: float,
    atol: float,
    rtol: float,
    nondet_tol: float,
    dtypes: bool,
) -> None:
    wanted = [x for x in inputs if _wants(x)]
    _check_inputs(inputs, wanted)
    with enable_grad():
        everything = _tuple(func(*inputs))
    for o in everything:
        if not isinstance(o, Tensor):
            raise AttributeError(f"gradcheck: func must return Tensors, got {type(o).__name__}")
    outputs = _differentiable(everything)
    # Outputs without a derivative are compared as well: their differences must be zero.
    floats = outputs or [o for o in everything if o._data.dtype.kind == "f"]
    numerical = _differences(func, inputs, wanted, floats, bool(outputs), eps)
    if not outputs:
        if any(block.any() for row in numerical for block in row):
            raise GradcheckError(
                "Numerical gradient for function expected to be zero: no output requires grad, but they change when "
                "an input does"
            )
        return
    for i, out in enumerate(outputs):
        found = _jacobians(out, wanted, dtypes)
        again = _jacobians(out, wanted, dtypes)
        for j, (block, repeated) in enumerate(zip(found, again, strict=True)):
            if not np.allclose(block, repeated, rtol=0, atol=nondet_tol, equal_nan=True):
                raise GradcheckError(
                    "Backward is not reentrant, i.e., running backward with same input and grad_output multiple times "
                    "gives different values, although analytical gradient matches numerical gradient. The tolerance "
                    f"for nondeterminism was {nondet_tol}."
                )
            if not np.allclose(block, numerical[i][j], rtol=rtol, atol=atol):
                raise GradcheckError(
                    f"Jacobian mismatch for output {i} with respect to input {j},\n"
                    f"numerical:{_shown(numerical[i][j], wanted[j])}\nanalytical:{_shown(block, wanted[j])}\n"
                )
    _check_zeros(outputs, wanted)


def _check_inputs(inputs: tuple[Any, ...], wanted: list[Tensor]) -> None:
    if not wanted:
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of them have requires_grad=True."
        )
    for i, x in enumerate(inputs):
        if not _wants(x):
            continue
        if x._data.dtype != np.float64:
            warnings.warn(
                f"Input #{i} requires gradient and is not a double precision floating point or complex. This check "
                "will likely fail if all the inputs are not of double precision floating point or complex. ",
                stacklevel=4,
            )
        if any(stride == 0 and size > 1 for stride, size in zip(x.stride(), x.shape, strict=True)):
            raise RuntimeError(
                f"The {i}th input has a dimension with stride 0. gradcheck only supports inputs that are "
                "non-overlapping to be able to compute the numerical gradients correctly. You should call .contiguous "
                "on the input before passing it to gradcheck."
            )


def _differences(
    func: Callable[..., Any],
    inputs: tuple[Any, ...],
    wanted: list[Tensor],
    outputs: list[Tensor],
    differentiable: bool,
    eps: float,
) -> list[list[Any]]:
    """For each output and input the matrix of differences: rows are the input's elements, columns the output's."""

    def values() -> list[Any]:
        with enable_grad():  # a function may use grad() itself
            found = [o for o in _tuple(func(*inputs)) if isinstance(o, Tensor)]
        found = _differentiable(found) if differentiable else [o for o in found if o._data.dtype.kind == "f"]
        return [np.array(moved(o._data, cpu), dtype=np.float64).reshape(-1) for o in found]

    table: list[list[Any]] = [[] for _ in outputs]
    for x in wanted:
        array = x._array()
        columns: list[list[Any]] = [[] for _ in outputs]
        for place in np.ndindex(*array.shape):
            before = array[place].item()
            try:  # behind the back of the version counter: everything is put back
                array[place] = before + eps
                high = values()
                array[place] = before - eps
                low = values()
            finally:
                array[place] = before
            for column, a, b in zip(columns, high, low, strict=True):
                if a.shape != b.shape:
                    raise AssertionError(
                        "Expected `func` to return outputs with the same shape when inputs are perturbed "
                        f"by {eps}, but got: shapes {a.shape} and {b.shape}."
                    )
                column.append((a - b) / (2 * eps))
        for row, column, out in zip(table, columns, outputs, strict=True):
            row.append(np.array(column).reshape(array.size, out._data.size))
    return table


def _jacobians(output: Tensor, wanted: list[Tensor], dtypes: bool) -> list[Any]:
    """The same from backward passes, one for each element of the output."""
    blocks = [np.zeros((x._data.size, output._data.size)) for x in wanted]
    for column, place in enumerate(np.ndindex(*output._data.shape)):
        seed = np.zeros_like(output._data)
        seed[place] = 1
        found = grad(output, wanted, Tensor._wrap(seed), retain_graph=True, allow_unused=True)
        for block, gradient, x in zip(blocks, found, wanted, strict=True):
            if gradient is None:
                continue
            if gradient.shape != x.shape:
                raise GradcheckError(f"Analytical gradient has incorrect size: {gradient.shape} for {x.shape}")
            if dtypes and gradient._data.dtype != x._data.dtype:
                raise GradcheckError(f"Gradient has dtype mismatch: {gradient.dtype} for {x.dtype}")
            block[:, column] = np.asarray(moved(gradient._data, cpu)).reshape(-1)
    return blocks


def _check_zeros(outputs: list[Tensor], wanted: list[Tensor]) -> None:
    """Zeros must give zeros: a rule that forgets to multiply by its gradient is right for a gradient of 1 only."""
    zeros = [Tensor._wrap(np.zeros_like(o._data)) for o in outputs]
    found = grad(outputs, wanted, zeros, retain_graph=True, allow_unused=True)
    if any(g is not None and np.any(g._data) for g in found):
        raise GradcheckError("backward not multiplied by grad_output")


def _tuple(x: Any) -> tuple[Any, ...]:
    return x if isinstance(x, tuple) else tuple(x) if isinstance(x, list) else (x,)


def _wants(x: Any) -> bool:
    return isinstance(x, Tensor) and x.requires_grad


def _differentiable(outputs: Any) -> list[Tensor]:
    return [o for o in outputs if _wants(o)]


def _random_like(output: Tensor, gaps: bool) -> Tensor:
    rng = np.random.default_rng(output._data.size)
    shape = output._data.shape
    numbers = rng.uniform(-1, 1, (*shape, 2))[..., 0] if gaps else rng.uniform(-1, 1, shape)
    return Tensor._wrap(np.asarray(numbers).astype(output._data.dtype, copy=not gaps)).requires_grad_()


def _shown(block: Any, like: Tensor) -> str:
    return repr(Tensor._wrap(block.astype(like._data.dtype)))
