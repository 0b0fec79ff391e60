"""Lazy layers: what can be read off the first input is not asked for; with that input they become ordinary layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinygrad_edu.nn.parameter import Uninitialized, UninitializedBuffer, UninitializedParameter

__all__ = ["LazyModuleMixin"]


class LazyModuleMixin:
    """Stands before the layer's class: ``class LazyLinear(LazyModuleMixin, Linear)``.

    A subclass makes its parameters :class:`UninitializedParameter` and defines ``initialize_parameters(input)``, which
    gives them their shapes.

    Attributes:
        cls_to_become: the ordinary class, that of the object from the first call on.
    """

    cls_to_become: type[Any] | None = None

    if TYPE_CHECKING:
        _parameters: dict[str, Any]
        _buffers: dict[str, Any]

    def has_uninitialized_params(self) -> bool:
        """Whether something still waits for its shape."""
        return any(isinstance(x, Uninitialized) for kept in (self._parameters, self._buffers) for x in kept.values())

    def initialize_parameters(self, *args: Any, **kwargs: Any) -> None:
        """Give the parameters their shapes, from the first call's arguments; every subclass says how."""
        raise NotImplementedError(f"initialize_parameters is not implemented for {type(self).__name__}")

    def _wait(self, *names: str, buffers: bool = False, device: Any = None, dtype: Any = None) -> None:
        """Let these parameters (or buffers) wait for the first input."""
        for name in names:
            kind = UninitializedBuffer if buffers else UninitializedParameter
            setattr(self, name, kind(device=device, dtype=dtype))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        kind = type(self)
        self.initialize_parameters(*args, **kwargs)
        if self.has_uninitialized_params():
            raise RuntimeError(f"module {kind.__name__} has not been fully initialized by its initialize_parameters()")
        if self.cls_to_become is None:
            return super().__call__(*args, **kwargs)  # type: ignore[misc]
        self.__class__ = self.cls_to_become
        return self(*args, **kwargs)
