"""Weights that are computed from other parameters before each call: of a length of their own, or of spectral norm 1.

The parameter gives its place to the ones it is made of; a hook before `forward` makes the weight, recorded, so that
gradients reach them.
"""

from __future__ import annotations

from typing import Any

from tinygrad_edu.engine.modes import no_grad
from tinygrad_edu.nn.parameter import Parameter
from tinygrad_edu.ops.norms import vector_norm
from tinygrad_edu.tensors.draws import randn
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["remove_spectral_norm", "remove_weight_norm", "spectral_norm", "weight_norm"]


class _Remade:
    """The hook: what makes a module's parameter `name`."""

    kind = ""

    def __init__(self, name: str) -> None:
        self.name = name

    def attach(self, module: Any) -> None:
        """Take the parameter's place: register what it is made of, and the hook."""
        for hook, _ in module._forward_pre_hooks.values():
            if isinstance(hook, type(self)) and hook.name == self.name:
                raise RuntimeError(f"Cannot register two {self.kind} hooks on the same parameter {self.name}")
        weight = getattr(module, self.name)
        if not isinstance(weight, Parameter):
            raise ValueError(f"{self.kind}: {self.name!r} of {type(module).__name__} is no Parameter")
        self.begin(module, weight)
        self(module, ())
        module.register_forward_pre_hook(self)

    def begin(self, module: Any, weight: Parameter) -> None:
        raise NotImplementedError

    def compute(self, module: Any) -> Tensor:
        raise NotImplementedError

    def end(self, module: Any) -> None:
        raise NotImplementedError

    def __call__(self, module: Any, _inputs: Any) -> None:
        setattr(module, self.name, self.compute(module))

    @classmethod
    def detach(cls, module: Any, name: str) -> Any:
        """Make the parameter an ordinary one again, with the value that it has."""
        for number, (hook, _) in list(module._forward_pre_hooks.items()):
            if isinstance(hook, cls) and hook.name == name:
                with no_grad():
                    value = hook.compute(module).clone()
                delattr(module, name)
                hook.end(module)
                module.register_parameter(name, Parameter(value))
                del module._forward_pre_hooks[number]
                return module
        raise ValueError(f"{cls.kind} of '{name}' not found in {module}")


def _length(v: Tensor, dim: int | None) -> Tensor:
    """The norm of all elements, or for each index along `dim`."""
    others = None if dim is None else tuple(d for d in range(v.ndim) if d != dim % v.ndim)
    found: Tensor = vector_norm(v, 2, others, dim is not None)
    return found


class WeightNorm(_Remade):
    kind = "weight_norm"

    def __init__(self, name: str, dim: int | None) -> None:
        super().__init__(name)
        self.dim = None if dim == -1 else dim  # as PyTorch has it

    def begin(self, module: Any, weight: Parameter) -> None:
        delattr(module, self.name)
        with no_grad():
            length = _length(weight, self.dim)
        module.register_parameter(f"{self.name}_g", Parameter(length))
        module.register_parameter(f"{self.name}_v", Parameter(weight.data))

    def compute(self, module: Any) -> Tensor:
        g, v = getattr(module, f"{self.name}_g"), getattr(module, f"{self.name}_v")
        found: Tensor = v * (g / _length(v, self.dim))
        return found

    def end(self, module: Any) -> None:
        delattr(module, f"{self.name}_g")
        delattr(module, f"{self.name}_v")


class SpectralNorm(_Remade):
    kind = "spectral_norm"

    def __init__(self, name: str, iterations: int, eps: float, dim: int) -> None:
        super().__init__(name)
        self.iterations, self.eps, self.dim = iterations, eps, dim

    def _matrix(self, weight: Tensor) -> Tensor:
        if self.dim:
            weight = weight.movedim(self.dim, 0)
        return weight.reshape(weight.shape[0], -1)

    def _unit(self, x: Tensor) -> Tensor:
        found: Tensor = x / vector_norm(x).clamp(min=self.eps)
        return found

    def begin(self, module: Any, weight: Parameter) -> None:
        rows, columns = self._matrix(weight.data).shape
        delattr(module, self.name)
        module.register_parameter(f"{self.name}_orig", weight)
        for letter, size in (("u", rows), ("v", columns)):
            module.register_buffer(f"{self.name}_{letter}", self._unit(randn(size, dtype=weight.dtype)))

    def compute(self, module: Any) -> Tensor:
        weight = getattr(module, f"{self.name}_orig")
        u, v = getattr(module, f"{self.name}_u"), getattr(module, f"{self.name}_v")
        matrix = self._matrix(weight)
        found: Tensor = weight / (u.clone() @ (matrix @ v.clone()))
        return found

    def __call__(self, module: Any, _inputs: Any) -> None:
        if module.training:
            with no_grad():
                matrix = self._matrix(getattr(module, f"{self.name}_orig"))
                u, v = getattr(module, f"{self.name}_u"), getattr(module, f"{self.name}_v")
                for _ in range(self.iterations):
                    v.copy_(self._unit(matrix.t() @ u))
                    u.copy_(self._unit(matrix @ v))
        super().__call__(module, _inputs)

    def end(self, module: Any) -> None:
        for ending in ("orig", "u", "v"):
            delattr(module, f"{self.name}_{ending}")


def weight_norm(module: Any, name: str = "weight", dim: int | None = 0) -> Any:
    """Make a weight of a length and a direction, ``g * v / |v|``, trained apart (Salimans and Kingma, 2016).

    Args:
        dim: each index along it has a length of its own; None for one length of all. The parameters are called
            ``weight_g`` and ``weight_v``.

    Raises:
        RuntimeError: the weight is normalised already; AttributeError: there is none.

    >>> import tinygrad_edu as tg
    >>> [name for name, _ in weight_norm(tg.nn.Linear(3, 2)).named_parameters()]
    ['bias', 'weight_g', 'weight_v']
    """
    WeightNorm(name, dim).attach(module)
    return module


def remove_weight_norm(module: Any, name: str = "weight") -> Any:
    """Make the weight an ordinary parameter again. Raises ValueError if it is one."""
    return WeightNorm.detach(module, name)


def spectral_norm(
    module: Any, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None
) -> Any:
    """Divide a weight by its greatest singular value, found step by step in training (Miyato et al., 2018).

    Args:
        n_power_iterations: steps of the power method at each call in training. dim: the outputs' dimension, by
            default 0, for transposed convolutions 1.

    Raises:
        ValueError: no step at all; RuntimeError: the weight is normalised already.
    """
    if n_power_iterations <= 0:
        raise ValueError(f"Expected n_power_iterations to be positive, but got n_power_iterations={n_power_iterations}")
    if dim is None:
        dim = 1 if type(module).__name__.startswith("ConvTranspose") else 0
    SpectralNorm(name, n_power_iterations, eps, dim).attach(module)
    return module


def remove_spectral_norm(module: Any, name: str = "weight") -> Any:
    """Make the weight, divided as it is, an ordinary parameter again. Raises ValueError if it is one."""
    return SpectralNorm.detach(module, name)
