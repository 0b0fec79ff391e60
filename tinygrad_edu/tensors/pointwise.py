"""Element by element, in PyTorch's signatures: bounds that may be Tensors, division with its roundings, other names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.engine.modes import recording
from tinygrad_edu.errors import DTypeError
from tinygrad_edu.ops import blend, compare, elementwise, rounding, special
from tinygrad_edu.ops.matrices import values_only
from tinygrad_edu.ops.registry import operations
from tinygrad_edu.tensors.composed import COMPOSED, apply, composed, in_place
from tinygrad_edu.tensors.data import fits
from tinygrad_edu.tensors.inplace import write
from tinygrad_edu.tensors.methods import scaled
from tinygrad_edu.tensors.record import record
from tinygrad_edu.tensors.shortcuts import binary, single
from tinygrad_edu.tensors.tensor import Tensor

__all__: list[str] = []

_USUAL = 65504.0  # the largest float16: every type of floats holds such a bound
_plain = (float, int, type(None))  # what does not change the type of a float Tensor
_divide, _hold = binary(elementwise.div), single(elementwise.clamp)


@composed(method=False, many=True)
def div(input: Any, other: Any, *, rounding_mode: str | None = None) -> Any:
    """The quotient; with `rounding_mode` "floor" rounded down, with "trunc" towards 0 (integers stay integers)."""
    if not isinstance(input, Tensor) and not (isinstance(other, Tensor) and isinstance(input, (bool, int, float))):
        raise TypeError(f"div(): argument 'input' must be Tensor, not {type(input).__name__}")
    if rounding_mode is None:
        if not isinstance(input, Tensor):
            return apply(elementwise.div, input, other)
        result = _divide(input, other)
        if result is NotImplemented:
            raise TypeError(f"div(): argument 'other' must be Tensor, not {type(other).__name__}")
        return result
    if rounding_mode not in ("floor", "trunc"):
        raise RuntimeError(
            f"div expected rounding_mode to be one of None, 'trunc', or 'floor' but found {rounding_mode!r}"
        )
    return apply(rounding.div_floor if rounding_mode == "floor" else rounding.div_trunc, input, other)


setattr(Tensor, "div", div)  # noqa: B010 - type checkers should not see it as an attribute of its own


@composed(method=False, many=True)
def rsub(input: Any, other: Any, *, alpha: Any = 1) -> Any:
    """``other - alpha * input``."""
    if not isinstance(input, Tensor):
        raise TypeError(f"rsub(): argument 'input' must be Tensor, not {type(input).__name__}")
    if alpha.__class__ is not int or alpha != 1:
        input = scaled("rsub", other, input, alpha)
    return apply(elementwise.rsub, input, other)


def _without_derivative(operation: Any) -> Any:
    """An operation that PyTorch has no derivative for: its result stands in the graph, and says so on the way back."""

    def call(input: Any, other: Any) -> Any:
        for name, given in (("input", input), ("other", other)):
            if not isinstance(given, (Tensor, bool, int, float, np.ndarray, np.generic)):
                raise TypeError(
                    f"{operation.name}(): argument {name!r} must be Tensor or Number, not {type(given).__name__}"
                )
        result = record(operation, (input, other), ())
        source = next((x for x in (input, other) if isinstance(x, Tensor) and x.requires_grad), None)
        if source is None or not recording():
            return result
        return apply(values_only, source, params=(result._data, operation.name))

    call.__name__ = call.__qualname__ = operation.name
    call.__doc__ = operation.__doc__
    COMPOSED[operation.name] = call
    setattr(Tensor, operation.name, call)
    return call


_floor_divide = _without_derivative(rounding.floor_divide)
_step = _without_derivative(blend.heaviside)


@composed(method=False, many=True)
def heaviside(input: Any, values: Any) -> Any:
    """0 for negative elements, 1 for positive ones, and `values` for zeros."""
    _tensors_only("heaviside", input=input, values=values)
    return _step(input, values)


@composed(method=False, many=True)
def isclose(input: Any, other: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> Any:
    """Whether elements differ by at most ``atol + rtol * |other|``."""
    _tensors_only("isclose", input=input, other=other)
    return apply(compare.isclose, input, other, params=(rtol, atol, equal_nan))


def _tensors_only(operation: str, **given: Any) -> None:
    for name, value in given.items():
        if not isinstance(value, Tensor):
            raise TypeError(f"{operation}(): argument {name!r} must be Tensor, not {type(value).__name__}")


setattr(Tensor, "heaviside", heaviside)  # noqa: B010
setattr(Tensor, "isclose", isclose)  # noqa: B010


@composed()
def square(input: Tensor) -> Any:
    """The elements times themselves."""
    return input**2


@composed(method=False, many=True)
def float_power(input: Any, exponent: Any) -> Any:
    """A power, computed and given as float64; one of the two may be a number."""
    for name, given in (("input", input), ("exponent", exponent)):
        if not isinstance(given, (Tensor, bool, int, float)):
            raise TypeError(f"float_power(): argument {name!r} must be Tensor or Number, not {type(given).__name__}")
    if not isinstance(input, Tensor):
        if not isinstance(exponent, Tensor):
            raise TypeError("float_power(): argument 'input' or 'exponent' must be Tensor, got two numbers")
        return float(input) ** exponent.double()
    return input.double() ** (exponent.double() if isinstance(exponent, Tensor) else float(exponent))


setattr(Tensor, "float_power", float_power)  # noqa: B010 - type checkers should not see it as an attribute of its own


@composed()
def clamp(input: Tensor, min: Any = None, max: Any = None) -> Any:
    """The input held between two bounds, numbers or Tensors; one of them may be left out."""
    if not isinstance(min, Tensor) and not isinstance(max, Tensor):
        if input._data.dtype.kind in "iu" and not isinstance(min, float) and not isinstance(max, float):
            held = [b if b is None else fits(b, input._data.dtype, "clamp") for b in (min, max)]
            return apply(elementwise.clamp, input, params=tuple(held))
        if min.__class__ in _plain and max.__class__ in _plain:
            if (min is None or -_USUAL < min < _USUAL) and (max is None or -_USUAL < max < _USUAL):
                return _hold(input, (min, max))
            if input._data.dtype.kind == "f":
                for bound in (min, max):
                    _ = bound is None or fits(bound, input._data.dtype, "clamp")
        return apply(elementwise.clamp, input, params=(min, max))
    if max is None:
        return apply(blend.clamp_min, input, min)
    if min is None:
        return apply(blend.clamp_max, input, max)
    if not isinstance(min, Tensor) or not isinstance(max, Tensor):
        given = [type(bound).__name__ for bound in (min, max)]
        raise TypeError(f"clamp(): both bounds are numbers or both are Tensors, got {given[0]} and {given[1]}")
    return apply(blend.clamp_between, input, min, max)


@composed()
def lerp(input: Tensor, end: Tensor, weight: Any) -> Any:
    """The point between two: the input for a `weight` of 0, `end` for 1; the weight is a number or a Tensor."""
    if isinstance(weight, Tensor):
        return apply(blend.lerp_by, input, end, weight)
    return apply(blend.lerp, input, end, params=(weight,))


@composed()
def positive(input: Tensor) -> Tensor:
    """The Tensor itself; bools have no sign."""
    if input._data.dtype.kind == "b":
        raise DTypeError("The `+` operator, on a bool tensor is not supported: convert with .int() first")
    return input


@composed()
def isreal(input: Tensor) -> Tensor:
    """True everywhere: complex numbers are not supported."""
    return Tensor._wrap(np.ones_like(input._data, dtype=bool))


def _operator(operation: Any, swapped: bool = False) -> Callable[..., Any]:
    def call(self: Tensor, other: Any) -> Any:
        if not isinstance(other, (Tensor, bool, int, float, np.ndarray, np.generic)):
            return NotImplemented
        if operation is rounding.floor_divide:
            return _floor_divide(other, self) if swapped else _floor_divide(self, other)
        return record(operation, (other, self) if swapped else (self, other), ())

    call.__doc__ = operation.__doc__
    return call


def _into_itself(name: str) -> Callable[..., Any]:
    operator = getattr(Tensor, f"__{name}__")

    def call(self: Tensor, other: Any) -> Any:
        result = operator(self, other)
        return result if result is NotImplemented else write(self, result, f"__i{name}__")

    return call


def alias(name: str, target: str) -> None:
    """Another name for a method, for its function, and for its in-place form if it has one."""
    method = getattr(Tensor, target)
    setattr(Tensor, name, method)
    if hasattr(Tensor, f"{target}_"):
        setattr(Tensor, f"{name}_", getattr(Tensor, f"{target}_"))

    def call(input: Tensor, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(input, Tensor):
            operation = operations().get(target)
            if operation is not None and operation.arity == 2 and args and isinstance(args[0], Tensor):
                return record(operation, *operation.bind((input, *args), kwargs))
            raise TypeError(f"{name}(): argument 'input' must be Tensor, not {type(input).__name__}")
        return method(input, *args, **kwargs)

    call.__doc__ = method.__doc__
    COMPOSED[name] = call


# Comparisons and running totals written back into the Tensor; the others have got theirs from the table.
in_place(
    "eq", "ne", "lt", "le", "gt", "ge", "logical_and", "logical_or", "logical_xor", "logical_not", "heaviside",
    "bitwise_not", "cumsum", "cumprod", "square",
)  # fmt: skip


def _float_power_(self: Tensor, exponent: Any) -> Tensor:
    """A power written into the Tensor itself, which is of float64, as the result is."""
    result = float_power(self, exponent)
    if self._data.dtype != np.float64:
        raise RuntimeError(
            f"the base given to float_power_ has dtype {self.dtype} but the operation's result requires dtype "
            "torch.float64: convert with .double(), or use float_power, which gives a new Tensor"
        )
    return write(self, result, "float_power_")


setattr(Tensor, "float_power_", _float_power_)  # noqa: B010

_aliases = """
absolute=abs negative=neg subtract=sub multiply=mul divide=div true_divide=div clip=clamp fix=trunc sgn=sign
arccos=acos arcsin=asin arctan=atan arccosh=acosh arcsinh=asinh arctanh=atanh arctan2=atan2
greater=gt greater_equal=ge less=lt less_equal=le not_equal=ne
"""
for _pair in _aliases.split():
    alias(*_pair.split("="))

for _name, _operation in (
    ("mod", rounding.remainder),
    ("floordiv", rounding.floor_divide),
    ("lshift", compare.bitwise_left_shift),
    ("rshift", compare.bitwise_right_shift),
):
    setattr(Tensor, f"__{_name}__", _operator(_operation))
    setattr(Tensor, f"__r{_name}__", _operator(_operation, swapped=True))
    setattr(Tensor, f"__i{_name}__", _into_itself(_name))


def polygamma(n: int, input: Tensor) -> Any:
    """The n-th derivative of digamma. (The function takes the order first; the method is ``x.polygamma(n)``.)"""
    return apply(special.polygamma, input, params=(n,))


COMPOSED["polygamma"] = polygamma
