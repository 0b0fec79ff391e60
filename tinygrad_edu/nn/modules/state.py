"""Saving and loading: a module's Tensors by their paths, and back, all of them or with a list of what is wrong."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from tinygrad_edu.engine.modes import no_grad
from tinygrad_edu.nn.modules.registry import Registry
from tinygrad_edu.nn.parameter import Parameter, Uninitialized
from tinygrad_edu.tensors.hooks import RemovableHandle
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["IncompatibleKeys", "Stateful"]

_EXTRA = "_extra_state"


class IncompatibleKeys(NamedTuple):
    """What ``load_state_dict(strict=False)`` did not find, and what it found no place for."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return f"_IncompatibleKeys(missing_keys={self.missing_keys}, unexpected_keys={self.unexpected_keys})"


class Stateful(Registry):
    """The part of Module that is saved and loaded."""

    if TYPE_CHECKING:
        _state_dict_pre_hooks: dict[int, Any]
        _state_dict_hooks: dict[int, Any]
        _load_state_dict_pre_hooks: dict[int, Any]
        _load_state_dict_post_hooks: dict[int, Any]

    def get_extra_state(self) -> Any:
        """What else is saved with this module; a subclass that defines it defines `set_extra_state` too."""
        raise RuntimeError("define get_extra_state and set_extra_state in the subclass to save more than Tensors")

    def set_extra_state(self, state: Any) -> None:
        """Take back what `get_extra_state` gave."""
        raise RuntimeError("define get_extra_state and set_extra_state in the subclass to load more than Tensors")

    def _saves_more(self) -> bool:
        return type(self).get_extra_state is not Stateful.get_extra_state

    def _own_state(self) -> Iterator[tuple[str, Tensor]]:
        """The Tensors that this module itself saves."""
        for name, param in self._parameters.items():
            if param is not None:
                yield name, param
        for name, buffer in self._buffers.items():
            if buffer is not None and name not in self._non_persistent_buffers_set:
                yield name, buffer

    def state_dict(self, *, destination: Any = None, prefix: str = "", keep_vars: bool = False) -> dict[str, Any]:
        """All parameters and persistent buffers by their paths, sharing the module's memory.

        Args:
            keep_vars: give the parameters themselves, not Tensors without history on their memory.

        >>> import tinygrad_edu as tg; list(tg.nn.Linear(2, 1).state_dict())
        ['weight', 'bias']
        """
        found: dict[str, Any] = OrderedDict() if destination is None else destination
        for hook in list(self._state_dict_pre_hooks.values()):
            hook(self, prefix, keep_vars)
        for name, tensor in self._own_state():
            found[prefix + name] = tensor if keep_vars else tensor.detach()
        if self._saves_more():
            found[prefix + _EXTRA] = self.get_extra_state()
        for name, module in self._modules.items():
            if module is not None:
                module.state_dict(destination=found, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
        for hook in list(self._state_dict_hooks.values()):
            if hook(self, found, prefix, {}) is not None:
                raise RuntimeError("state_dict post-hook must return None: it changes the dictionary that it is given")
        return found

    def register_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, prefix, keep_vars)`` before this module's Tensors are collected."""
        return RemovableHandle(self._state_dict_pre_hooks, hook)

    def register_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, state_dict, prefix, local_metadata)`` after that; it may change the dictionary."""
        return RemovableHandle(self._state_dict_hooks, hook)

    def register_load_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call a hook before loading, which may rename or change what is to be loaded.

        Args:
            hook: ``hook(module, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys,
                error_msgs)``; the dictionary is a copy, the lists are added to.
        """
        return RemovableHandle(self._load_state_dict_pre_hooks, hook)

    def register_load_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, incompatible_keys)`` after loading; it may take names out of the two lists."""
        return RemovableHandle(self._load_state_dict_post_hooks, hook)

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        """Copy Tensors into the parameters and buffers of the same paths. Nothing is changed if anything is wrong.

        Args:
            strict: the names must be the same on both sides; else the differences are returned.
            assign: let the Tensors take the place of the module's own, with their types.

        Returns:
            (missing_keys, unexpected_keys).

        Raises:
            RuntimeError: every missing and unexpected name, and every shape that does not fit, is listed.
            TypeError: `state_dict` is no dictionary.
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict)}.")
        state_dict = OrderedDict(state_dict)
        unexpected: list[str] = []
        missing: list[str] = []
        wrong: list[str] = []
        ready, known = [], set()
        owners = list(self.named_modules(remove_duplicate=False))
        for path, owner in owners:
            prefix = f"{path}." if path else ""
            for hook in list(owner._load_state_dict_pre_hooks.values()):
                hook(owner, state_dict, prefix, {}, strict, missing, unexpected, wrong)
            for name, tensor in owner._own_state():
                known.add(prefix + name)
                if prefix + name not in state_dict:
                    missing.append(prefix + name)
                    continue
                given = state_dict[prefix + name]
                complaint = _misfit(prefix + name, tensor, given)
                if complaint:
                    wrong.append(complaint)
                else:
                    ready.append((owner, name, tensor, given))
            if owner._saves_more():
                known.add(prefix + _EXTRA)
                if prefix + _EXTRA not in state_dict:
                    missing.append(prefix + _EXTRA)
        unexpected += [key for key in state_dict if key not in known]
        keys = IncompatibleKeys(missing, unexpected)
        forgiving = any(owner._load_state_dict_post_hooks for _, owner in owners)  # they may clear the lists
        self._complain(keys if strict and not forgiving else IncompatibleKeys([], []), wrong)
        with no_grad():
            for owner, name, tensor, given in ready:
                if assign:
                    _replace(owner, name, tensor, given)
                    continue
                if isinstance(tensor, Uninitialized):
                    if isinstance(given, Uninitialized):
                        continue
                    tensor.materialize(given.shape)
                tensor.copy_(given)
        for path, owner in owners:
            key = f"{path}.{_EXTRA}" if path else _EXTRA
            if owner._saves_more() and key in state_dict:
                owner.set_extra_state(state_dict[key])
        for _, owner in reversed(owners):  # what is inside comes first
            for hook in list(owner._load_state_dict_post_hooks.values()):
                if hook(owner, keys) is not None:
                    raise AssertionError(
                        "Hooks registered with ``register_load_state_dict_post_hook`` are not expected to return new "
                        "values, if incompatible_keys need to be modified, it should be done inplace."
                    )
        self._complain(keys if strict else IncompatibleKeys([], []), [])
        return keys

    def _complain(self, keys: IncompatibleKeys, wrong: list[str]) -> None:
        """Raise an error that lists all that is wrong, if anything is."""
        problems = list(wrong)
        if keys.missing_keys:
            problems.insert(0, f"Missing key(s) in state_dict: {_quoted(keys.missing_keys)}. ")
        if keys.unexpected_keys:
            problems.insert(0, f"Unexpected key(s) in state_dict: {_quoted(keys.unexpected_keys)}. ")
        if problems:
            raise RuntimeError("\n\t".join([f"Error(s) in loading state_dict for {type(self).__name__}:", *problems]))


def _quoted(names: list[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _misfit(name: str, tensor: Tensor, given: Any) -> str:
    """What is wrong with a Tensor that is to be loaded; nothing if it fits."""
    if not isinstance(given, Tensor):
        return (
            f'While copying the parameter named "{name}", expected torch.Tensor or Tensor-like object from checkpoint '
            f"but received {type(given)}"
        )
    if isinstance(tensor, Uninitialized):  # it takes any shape
        return ""
    if given.shape == tensor.shape or (tensor.ndim == 0 and given.shape == (1,)):
        return ""
    return (
        f"size mismatch for {name}: copying a param with shape {given.shape} from checkpoint, the shape in current "
        f"model is {tensor.shape}."
    )


def _replace(owner: Registry, name: str, tensor: Tensor, given: Tensor) -> None:
    if not isinstance(tensor, Parameter):
        setattr(owner, name, given)
        return
    if not isinstance(given, Parameter):
        given = Parameter(given, requires_grad=tensor.requires_grad)
    else:
        given.requires_grad_(tensor.requires_grad)
    setattr(owner, name, given)
