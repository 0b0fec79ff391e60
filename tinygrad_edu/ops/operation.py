"""What an operation is: its meaning, its derivative rule, and what that rule needs saved.

Two kinds exist. An *elementwise* operation gives its scalar meaning and its local derivatives; broadcasting and the
chain rule are the same for all of them and live elsewhere. A *structured* one (a sum, a matrix product, a view)
gives a computation on whole arrays and a vector-Jacobian product.

Derivative rules are written with ordinary operators and registered operations. They therefore run on plain numbers
and arrays (first derivatives, fast) as well as on recorded nodes (``create_graph=True``, any order). A rule takes
the output, then the inputs, then the parameters. Its argument names say what has to be kept for it:

* ``a``        the value is saved when the operation is recorded;
* ``_a``       the value is not needed, so it is not kept alive;
* ``a_shape``  only the shape is kept;
* ``a_layout`` the array is kept for its place in memory: its values may change meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from typing import Any, ClassVar

from tinygrad_edu.errors import EmptyListError

__all__ = ["Absent", "Bound", "Elementwise", "Operation", "Structured"]

NOTHING, WHOLE, SHAPE, ABSENT, LAYOUT, REST = 0, 1, 2, 3, 4, 5  # what a rule is given of an argument


class Absent:
    """Stands in a rule for an array that was not saved, because the gradient that uses it is not wanted."""

    __slots__ = ("ndim", "shape")

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape
        self.ndim = len(shape)


_missing: Any = type("missing", (), {"__repr__": lambda self: "<required>"})()

# Names that NumPy users and older PyTorch code write for the same parameter.
_aliases = {"axis": "dim", "axes": "dim", "keepdims": "keepdim", "tensor": "input"}

class Operation:
    """The parts that both kinds share: name, signature, labels and the rule with what it needs saved."""

    elementwise: ClassVar[bool]

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        name: str | None = None,
        label: str | None = None,
        text: str | None = None,
        grad_name: str | Callable[..., str] | None = None,
        variadic: bool = False,
        varargs: bool = False,
        method: bool | str = True,
        promote: str = "keep",
        samples: Callable[..., Iterator[Any]] | None = None,
        oracle: str | None = None,
        through: Callable[..., Any] | None = None,
        values_only: bool = False,
        casts: bool = False,
    ) -> None:
        self.function = function
        self.name = name or function.__name__
        self.label = label or self.name
        self.text = text or self.label
        self.grad_name = grad_name or "".join(word.capitalize() for word in self.name.split("_")) + "Backward0"
        self.variadic = variadic
        self.varargs = varargs
        self.method_name = self.name if method is True else method
        self.promote = promote
        self.samples = samples
        self.oracle = oracle
        self.through = through
        self.values_only = values_only
        self.casts = casts  # the method takes dtype=, to which the input is converted first
        self.rule: Callable[..., Any] | None = None
        self.saves_output = NOTHING
        self.saves: tuple[int, ...] = ()
        # Positional-only arguments are the differentiable inputs, the others are parameters. (The code object says
        # so too, and inspect.signature would cost every user of Value 7 ms of imports.)
        code = function.__code__
        names = code.co_varnames[: code.co_argcount]
        self.arity = code.co_posonlyargcount
        self.input_names = names[: self.arity]
        given = function.__defaults__ or ()
        self._defaults = (_missing,) * (len(names) - self.arity - len(given)) + given
        self.parameters = dict(zip(names[self.arity :], self._defaults, strict=True))
        self._position = {name: i for i, name in enumerate(names)}
        # what completes a call with so many positional arguments, where that can be told beforehand
        required = self.arity + self._defaults.count(_missing)
        self._tails = {n: self._defaults[n - self.arity :] for n in range(required, len(names) + 1) if not variadic}
        self.__wrapped__ = function  # inspect.signature and doctest look here
        self.__doc__, self.__name__, self.__qualname__ = function.__doc__, self.name, self.name
        self.__module__ = function.__module__

    def __repr__(self) -> str:
        return f"<operation {self.name}({', '.join(self._position)})>"

    def _take_rule(self, rule: Callable[..., Any], leading: int, uses: tuple[str, ...]) -> None:
        """Remember a rule, and read from its argument names what has to be saved for it."""
        code = rule.__code__
        names = code.co_varnames[leading : code.co_argcount]
        endings = {"shape": SHAPE, "layout": LAYOUT, "rest": REST}  # rest: (None, the results after the first)
        wanted = [NOTHING if n[0] == "_" else endings.get(n.rpartition("_")[2], WHOLE) for n in names]
        self.rule = rule
        self.saves_output = wanted[0]
        self.saves = tuple(wanted[1 : 1 + self.arity])
        self._rule_names = names[: 1 + self.arity]
        self._uses = tuple(use.split() for use in uses)
        self._saving: dict[tuple[bool, ...], tuple[int, tuple[int, ...]]] = {}

    def saving(self, needs: tuple[bool, ...]) -> tuple[int, tuple[int, ...]]:
        """What to save of the output and of each input, if only some of the inputs want a gradient."""
        found = self._saving.get(needs)
        if found is None:
            kinds = (self.saves_output, *(self.saves * len(needs) if self.variadic else self.saves))
            if self._uses:
                used = {name for need, names in zip(needs, self._uses, strict=True) if need for name in names}
                kinds = tuple(k if n in used else ABSENT for k, n in zip(kinds, self._rule_names, strict=True))
                kinds = (NOTHING if kinds[0] == ABSENT else kinds[0], *kinds[1:])
            found = self._saving[needs] = (kinds[0], kinds[1:])
        return found

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """Split a call's arguments into the inputs and the parameters, defaults filled in.

        Raises:
            TypeError: an argument is missing, unknown, or given twice.
        """
        arity, given = self.arity, len(args)
        if self.varargs and given > arity and (given > arity + 1 or isinstance(args[arity], int)):
            args, given = (*args[:arity], tuple(args[arity:])), arity + 1  # x.permute(1, 0) means x.permute((1, 0))
        tail = self._tails.get(given)
        if tail is not None and not kwargs:  # the usual call
            return args[:arity], args[arity:] + tail
        if given > len(self._position):
            raise TypeError(f"{self.name}() takes {len(self._position)} arguments {list(self._position)}, got {given}")
        if tail is not None:
            filled = [*args, *tail]
        else:
            filled = [*args, *[_missing] * (arity - given)]
            filled += self._defaults[len(filled) - arity :]
        for key, value in kwargs.items():
            position = self._position.get(key)
            if position is None:
                position = self._position.get(_aliases.get(key, key))
            if position is None and value is None and key in ("out", "dtype"):
                continue  # np.sum(tensor) calls tensor.sum(axis=None, dtype=None, out=None)
            if position is None:
                raise TypeError(
                    f"{self.name}() got an unexpected keyword argument {key!r}; it takes {list(self._position)}"
                )
            if position < given:
                raise TypeError(f"{self.name}() got two values for {list(self._position)[position]!r}")
            filled[position] = value
        args = tuple(filled)
        if tail is None:
            missing = [name for name, value in zip(self._position, args, strict=True) if value is _missing]
            if missing:
                raise TypeError(f"{self.name}() is missing {', '.join(map(repr, missing))}")
        inputs = args[:arity]
        if self.variadic:
            first = inputs[0]
            if not isinstance(first, (tuple, list)):
                raise TypeError(f"{self.name}() takes a tuple or list of tensors, got {type(first).__name__}")
            inputs = tuple(first)
            if not inputs:
                raise EmptyListError(f"{self.name}() expects at least one tensor, got an empty {type(first).__name__}")
        return inputs, args[arity:]

    def completed(self, given: int) -> tuple[Any, ...] | None:
        """The defaults that complete a call with so many positional arguments; None if it lacks more."""
        return self._tails.get(given)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Apply the operation: recorded if an input is a Value or a Tensor, at once on plain numbers and arrays."""
        inputs, params = self.bind(args, kwargs)
        for x in inputs:
            record = getattr(x, "_record", None)
            if record is not None:
                return record(self, inputs, params)
        return self.compute(inputs, params)

    def compute(self, inputs: tuple[Any, ...], params: tuple[Any, ...]) -> Any:
        """The result for plain numbers and arrays; nothing is recorded."""
        raise NotImplementedError


class Elementwise(Operation):
    """Acts on each element alone: a scalar meaning and local derivatives say everything."""

    elementwise = True

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        array: Any = None,
        back: str | None = None,
        gate: bool = False,
        domain: tuple[float, float] = (-2, 2),
        **rest: Any,
    ):
        rest.setdefault("promote", "arithmetic")
        super().__init__(function, **rest)
        self.scalar = function
        self.domain = domain
        self._array = array
        self.back: Any = back
        self.gate = gate
        self.plain = back is None and not gate  # the chain rule as it stands: a product

    @property
    def array(self) -> Callable[..., Any]:
        """The same computation on arrays: named in the definition, looked up on first use (scalars need no NumPy)."""
        if isinstance(self._array, str):
            kernels = import_module("tinygrad_edu.kernels")
            self._array = kernels.elementwise(self._array)
        return self._array or self.scalar

    def multiplied(self, g: Any, kept: Any, params: tuple[Any, ...]) -> Any:
        """The gradient times the local derivative in one step, by the kernel that ``back`` names; for arrays.

        `kept` is the output or the input, whichever the rule saves.
        """
        if self.back.__class__ is str:
            self.back = getattr(import_module("tinygrad_edu.kernels").kernels, self.back)
        return self.back(g, kept, *params)

    def partials(self, rule: Any = None, *, uses: tuple[str, ...] = ()) -> Any:
        """Decorator: the local derivatives, ``rule(out, *inputs, *params)``, one for each input.

        A derivative may be given as a function without arguments, which is called only where it is needed.

        Args:
            uses: for each input, the names of the rule's arguments that its derivative needs, if that is not all of
                them: ``x * 2`` then keeps nothing of x.
        """
        if rule is None:
            return lambda rule: self.partials(rule, uses=uses)
        self._take_rule(rule, 0, uses)
        self.derivatives = rule if self.arity > 1 else lambda *args: (rule(*args),)
        self.local = self.derivatives  # the same, with nothing left to call
        if any(hasattr(constant, "co_code") for constant in rule.__code__.co_consts):
            self.local = lambda *args: tuple(d() if d.__class__ is _function else d for d in rule(*args))
        return rule

    def compute(self, inputs: tuple[Any, ...], params: tuple[Any, ...]) -> Any:
        # A parameter may be an array too (a condition). NumPy's numbers have a dtype and count as arrays.
        for x in inputs + params:
            if x.__class__ is not float and hasattr(x, "dtype"):
                return self.array(*inputs, *params)
        return self.scalar(*inputs, *params)


class Structured(Operation):
    """Acts on whole arrays: a computation and a vector-Jacobian product."""

    elementwise = False

    def __init__(self, function: Callable[..., Any], *, view: bool = False, several: str = "", **rest: Any):
        self.view = view  # the result may share its input's memory
        self.several = several  # of a view that is one of several: which function gives them
        super().__init__(function, **rest)

    def vjp(self, rule: Any = None, *, uses: tuple[str, ...] = ()) -> Any:
        """Decorator: ``rule(g, out, *inputs, *params)`` gives a gradient for each input.

        A gradient may be given as a function without arguments: it is called only if that input needs one. `uses`
        is as for :meth:`Elementwise.partials`.
        """
        if rule is None:
            return lambda rule: self.vjp(rule, uses=uses)
        self._take_rule(rule, 1, uses)
        return rule

    def gradients(
        self, g: Any, out: Any, inputs: tuple[Any, ...], params: tuple[Any, ...], places: Sequence[Any]
    ) -> tuple[Any, ...]:
        """Run the rule. `places` are those of the inputs; where one is None its gradient is not computed."""
        rule: Any = self.rule
        shares = rule(g, out, inputs, *params) if self.variadic else rule(g, out, *inputs, *params)
        if shares.__class__ is not tuple:
            return (shares() if shares.__class__ is _function else shares,)
        for share in shares:
            if share.__class__ is _function:
                return tuple(
                    [
                        None if place is None else share() if share.__class__ is _function else share
                        for place, share in zip(places, shares)  # noqa: B905 - strict is slow
                    ]
                )
        return shares

    def compute(self, inputs: tuple[Any, ...], params: tuple[Any, ...]) -> Any:
        return self.function(inputs, *params) if self.variadic else self.function(*inputs, *params)


_function = type(lambda: None)


class Bound:
    """An operation together with its parameters: what a recorded node refers to."""

    __slots__ = ("operation", "params")

    def __init__(self, operation: Operation, params: tuple[Any, ...]) -> None:
        self.operation = operation
        self.params = params

    @property
    def text(self) -> str:
        """The operation as a program would write it: ``+``, ``**2``, ``ReLU``."""
        return self.operation.text.format(*self.params)

    @property
    def label(self) -> str:
        """The operation as a drawing shows it: ``×``, ``**2``, ``sum``."""
        return self.operation.label.format(*self.params)
