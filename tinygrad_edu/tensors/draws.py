"""Random Tensors: uniform, normal, integers, permutations, and draws by probability.

All come from our own counter-based stream (:mod:`tinygrad_edu.tensors.random`): one seed gives the same numbers on
every platform and in every version. They are not PyTorch's numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.errors import DTypeError, broadcast_error
from tinygrad_edu.tensors import random, sampling
from tinygrad_edu.tensors.arguments import kinds_told
from tinygrad_edu.tensors.creation import creating, finish, like_options, numpy_type, place_of, shaped_like, sizes_of
from tinygrad_edu.tensors.data import default_float
from tinygrad_edu.tensors.device import as_device, moved
from tinygrad_edu.tensors.inplace import write
from tinygrad_edu.tensors.out import with_out
from tinygrad_edu.tensors.placing import beside
from tinygrad_edu.tensors.tensor import Tensor

__all__ = [
    "bernoulli", "get_rng_state", "multinomial", "normal", "rand", "rand_like", "randint", "randint_like", "randn",
    "randn_like", "randperm", "set_rng_state",
]  # fmt: skip


def _size(size: tuple[Any, ...] | None, names: dict[str, Any], operation: str) -> tuple[int, ...]:
    if "size" in names:
        size = (names.pop("size"),)
    if size is None:
        raise TypeError(f"{operation}() is missing the argument 'size': a single number has the size ()")
    if names:
        raise TypeError(f"{operation}() got an unexpected keyword argument {next(iter(names))!r}")
    return sizes_of(size, operation)


def _for(generator: random.Generator | None, place: Any) -> random.Generator | None:
    """The generator, which has to be one for the device.

    Raises:
        RuntimeError: it is one for another.
    """
    if isinstance(generator, random.Generator) and generator.device.type != place.type:
        raise RuntimeError(
            f"Expected a '{place.type}' device type for generator but found '{generator.device.type}': make it with "
            f"Generator(device={place.type!r})"
        )
    return generator


@creating
def rand(
    *size: Any,
    generator: random.Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    **names: Any,
) -> Tensor:
    """Numbers drawn evenly from [0, 1): ``rand(2, 3)`` or ``rand((2, 3))``.

    >>> import tinygrad_edu as tg
    >>> _ = tg.manual_seed(0)
    >>> tg.rand(3).shape
    torch.Size([3])
    """
    pinned = names.pop("pin_memory", False)
    shape = _size(size or None, names, "rand")
    kind, place = numpy_type(dtype, "rand", default_float()), as_device(device, "rand")
    values = sampling.uniform(_for(generator, place), shape, kind, place=place)
    return finish(values, device, requires_grad, "rand", pinned)


@creating
def randn(
    *size: Any,
    generator: random.Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    **names: Any,
) -> Tensor:
    """Numbers drawn from the normal distribution with mean 0 and standard deviation 1."""
    pinned = names.pop("pin_memory", False)
    shape = _size(size or None, names, "randn")
    kind, place = numpy_type(dtype, "randn", default_float()), as_device(device, "randn")
    values = sampling.normal(_for(generator, place), shape, kind, place=place)
    return finish(values, device, requires_grad, "randn", pinned)


@creating
def randint(
    low: int,
    high: Any = None,
    size: Any = None,
    *,
    generator: random.Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Integers drawn evenly from `low` (0 if left out) up to but not including `high`, in the given size.

    Raises:
        RuntimeError: the range is empty or does not fit the dtype.

    >>> bool((randint(0, 10, (100,)) < 10).all())
    True
    """
    if size is None:
        if not isinstance(high, (tuple, list)):
            raise TypeError("randint() takes (high, size) or (low, high, size), with size a tuple such as (2, 3)")
        low, high, size = 0, low, high
    elif high is None:
        low, high = 0, low
    kind = numpy_type(dtype, "randint", np.dtype(np.int64))
    place = as_device(device, "randint")
    generator = _for(generator, place)
    values = sampling.integers(generator, sizes_of((size,), "randint"), int(low), int(high), kind, place)
    return finish(values, device, requires_grad, "randint")


@creating
def randperm(
    n: int,
    *,
    generator: random.Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """The integers below `n` in random order."""
    place = as_device(device, "randperm")
    kind = numpy_type(dtype, "randperm", np.dtype(np.int64))
    values = sampling.permutation(_for(generator, place), n, kind, place)
    return finish(values, device, requires_grad, "randperm")


@with_out
def normal(
    mean: Any,
    std: Any = 1.0,
    size: Any = None,
    *,
    generator: random.Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    **names: Any,
) -> Tensor:
    """Normal draws: `mean` and `std` are Tensors (one draw for each element) or, with `size`, numbers.

    Raises:
        RuntimeError: a negative standard deviation, or shapes that do not broadcast.
        TypeError: numbers without a size, or `dtype`, `device`, `requires_grad` without one.

    >>> normal(0.0, 0.01, size=(2, 3), requires_grad=True).shape
    torch.Size([2, 3])
    """
    pinned = names.pop("pin_memory", False)
    if names:
        raise TypeError(f"normal() got an unexpected keyword argument {next(iter(names))!r}")
    spread = std._data if isinstance(std, Tensor) else std
    if np.any(np.less(spread, 0)):
        raise RuntimeError(f"normal expects all elements of std >= 0.0, got {np.min(spread)}")
    if size is not None:
        shape = sizes_of((size,), "normal")
        kind, place = numpy_type(dtype, "normal", default_float()), as_device(device, "normal")
        values = sampling.normal(_for(generator, place), shape, kind, float(mean), float(std), place)
        return finish(values, device, requires_grad, "normal", pinned)
    if dtype is not None or device is not None or requires_grad:
        raise TypeError("normal(): dtype, device and requires_grad go with a size; without, mean and std have theirs")
    centre = mean._data if isinstance(mean, Tensor) else mean
    if not isinstance(mean, Tensor) and not isinstance(std, Tensor):
        raise TypeError("normal(): with numbers for mean and std a size is needed: normal(0.0, 1.0, (2, 3))")
    kind = (mean if isinstance(mean, Tensor) else std)._data.dtype
    try:
        shape = np.broadcast_shapes(np.shape(centre), np.shape(spread))
    except ValueError:
        raise broadcast_error("normal", np.shape(centre), np.shape(spread)) from None
    place = next(x.device for x in (mean, std) if isinstance(x, Tensor))
    draws = sampling.normal(_for(generator, place), shape, kind, place=place)
    return Tensor._wrap((draws * spread + centre).astype(kind))


@shaped_like
def rand_like(
    input: Tensor,
    *,
    generator: random.Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Uniform draws with the shape and type of another Tensor."""
    place = as_device(device or place_of(input), "rand_like")
    made = sampling.uniform(_for(generator, place), *like_options(input, dtype, "rand_like"), place=place)
    return finish(made, device or place_of(input), requires_grad, "rand_like")


@shaped_like
def randn_like(
    input: Tensor,
    *,
    generator: random.Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Normal draws with the shape and type of another Tensor."""
    place = as_device(device or place_of(input), "randn_like")
    made = sampling.normal(_for(generator, place), *like_options(input, dtype, "randn_like"), place=place)
    return finish(made, device or place_of(input), requires_grad, "randn_like")


@shaped_like
def randint_like(
    input: Tensor,
    low: int,
    high: int | None = None,
    *,
    generator: random.Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Integers with the shape and type of another Tensor."""
    shape, kind = like_options(input, dtype, "randint_like")
    low, high = (0, low) if high is None else (low, high)
    place = as_device(device or place_of(input), "randint_like")
    made = sampling.integers(_for(generator, place), shape, low, high, kind, place)
    return finish(made, device or place_of(input), requires_grad, "randint_like")


@with_out
@kinds_told("bernoulli")
def bernoulli(input: Tensor, p: float | None = None, *, generator: random.Generator | None = None) -> Tensor:
    """1 with the probability that each element gives, or with `p` everywhere, else 0."""
    if p is not None:
        return input.detach().clone().bernoulli_(p, generator=generator)
    if input._data.dtype.kind != "f":
        raise DTypeError(f"bernoulli: not implemented for {input.dtype}: probabilities are floats, use .float()")
    chances = input._data
    generator = _for(generator, input.device)
    return Tensor._wrap(sampling.bernoulli(generator, chances, chances.shape, chances.dtype, input.device))


@with_out
def multinomial(
    input: Tensor, num_samples: int, replacement: bool = False, *, generator: random.Generator | None = None
) -> Tensor:
    """Indices drawn with probabilities in proportion to the weights of each row."""
    generator = _for(generator, input.device)
    return Tensor._wrap(sampling.multinomial(generator, input._array(), num_samples, replacement))


def get_rng_state() -> Tensor:
    """The state of the default generator, as a Tensor of uint8."""
    return Tensor._wrap(random.get_rng_state())


def set_rng_state(new_state: Tensor) -> None:
    """Put the default generator into a state that get_rng_state returned."""
    random.set_rng_state(new_state)


def _uniform(self: Tensor, low: float = 0.0, high: float = 1.0, *, generator: random.Generator | None = None) -> Tensor:
    """Fill the Tensor with uniform draws from [low, high)."""
    draws = sampling.uniform(_for(generator, self.device), self._data.shape, self._data.dtype, low, high, self.device)
    return write(self, beside(draws, self), "uniform_")


def _normal(self: Tensor, mean: float = 0.0, std: float = 1.0, *, generator: random.Generator | None = None) -> Tensor:
    """Fill the Tensor with normal draws."""
    draws = sampling.normal(_for(generator, self.device), self._data.shape, self._data.dtype, mean, std, self.device)
    return write(self, beside(draws, self), "normal_")


def _bernoulli(self: Tensor, p: float | Tensor = 0.5, *, generator: random.Generator | None = None) -> Tensor:
    """Fill the Tensor with ones and zeros: one with probability `p`, a number or a Tensor that broadcasts."""
    if isinstance(p, (int, float)) and not 0 <= p <= 1:
        raise RuntimeError(f"bernoulli_ expects p to be in [0, 1], but got p={p}")
    chance = p._array() if isinstance(p, Tensor) else np.float64(p)
    try:
        np.broadcast_to(chance, self._data.shape)
    except ValueError:
        raise broadcast_error("bernoulli_", self._data.shape, np.shape(chance)) from None
    chance = moved(chance, self.device) if np.ndim(chance) else chance
    draws = sampling.bernoulli(_for(generator, self.device), chance, self._data.shape, np.float32, self.device)
    return write(self, beside(draws.astype(self._data.dtype), self), "bernoulli_")


def _random(
    self: Tensor, from_: int = 0, to: int | None = None, *, generator: random.Generator | None = None
) -> Tensor:
    """Fill the Tensor with integers from `from_` up to, not including, `to`; by default all that its type holds.

    ``random_(5)`` means from 0 to 5. Floats are filled with the integers that they hold exactly.
    """
    kind = self._data.dtype
    if to is None and from_:
        from_, to = 0, from_
    if to is None:
        to = 2 ** (np.finfo(kind).nmant + 1) + 1 if kind.kind == "f" else 2 if kind.kind == "b" else np.iinfo(kind).max
    place, shape, whole = self.device, self._data.shape, np.dtype(np.int64)
    draws = sampling.integers(_for(generator, place), shape, int(from_), int(to), whole, place)
    return write(self, beside(draws.astype(kind), self), "random_")


def _from_uniform(name: str, formula: Any, doc: str, **defaults: float | None) -> Any:
    """A fill by the inverse of a distribution function: `formula` of uniform draws from [0, 1) and the parameters."""

    def fill(self: Tensor, *args: float, generator: random.Generator | None = None, **kwargs: float) -> Tensor:
        values = {**defaults, **dict(zip(defaults, args, strict=False)), **kwargs}
        if len(args) > len(defaults) or set(values) != set(defaults):
            raise TypeError(f"{name}() takes {', '.join(defaults)}, got {args} and {kwargs}")
        for parameter, value in values.items():
            if not isinstance(value, (int, float, np.number)):
                raise TypeError(f"{name}(): argument {parameter!r} must be float, not {type(value).__name__}")
        if self._data.dtype.kind != "f" and name != "geometric_":
            raise DTypeError(f"{name}: needs a floating-point tensor, got {self.dtype}: use .float() first")
        place = self.device
        uniform = sampling.uniform(_for(generator, place), self._data.shape, np.dtype(np.float64), place=place)
        with np.errstate(all="ignore"):
            draws = formula(uniform, **values)
        draws = draws if hasattr(draws, "block") else np.asarray(draws)
        return write(self, beside(draws.astype(self._data.dtype), self), name)

    fill.__doc__ = doc
    fill.__name__ = name
    return fill


def _exponential(u: Any, lambd: float) -> Any:
    if not lambd > 0:
        raise RuntimeError(f"exponential_ expects lambda > 0.0, but found lambda={lambd}")
    return -np.log1p(-u) / lambd


def _geometric(u: Any, p: float) -> Any:
    if not 0 < p < 1:
        raise RuntimeError(f"geometric_ expects p to be in (0, 1), but got p={p}")
    return np.maximum(np.ceil(np.log1p(-u) / np.log1p(-p)), 1)


def _cauchy(u: Any, median: float, sigma: float) -> Any:
    if not sigma > 0:
        raise RuntimeError(f"cauchy_ expects sigma > 0.0, but found sigma={sigma}")
    return median + sigma * np.tan(np.pi * (u - 0.5))


def _log_normal(
    self: Tensor, mean: float = 1.0, std: float = 2.0, *, generator: random.Generator | None = None
) -> Tensor:
    """Fill the Tensor with draws whose logarithm is normal, with this mean and standard deviation."""
    if not std > 0:
        raise RuntimeError(f"log_normal_ expects std > 0.0, but found std={std}")
    place, size, kind = self.device, self._data.shape, self._data.dtype
    draws = np.exp(sampling.normal(_for(generator, place), size, kind, mean, std, place))
    return write(self, beside(draws, self), "log_normal_")


_methods = {
    "uniform_": _uniform, "normal_": _normal, "bernoulli": bernoulli, "multinomial": multinomial,
    "bernoulli_": _bernoulli, "random_": _random, "log_normal_": _log_normal,
    "exponential_": _from_uniform(
        "exponential_", _exponential, "Fill the Tensor with draws of density lambd * exp(-lambd * x).", lambd=1.0
    ),
    "geometric_": _from_uniform(
        "geometric_", _geometric, "Fill the Tensor with how many trials of chance p the first success takes.", p=None
    ),
    "cauchy_": _from_uniform(
        "cauchy_", _cauchy, "Fill the Tensor with draws from the Cauchy distribution.", median=0.0, sigma=1.0
    ),
}  # fmt: skip
for _name, _function in _methods.items():
    setattr(Tensor, _name, kinds_told(_name)(_function))
