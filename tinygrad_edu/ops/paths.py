"""Random numbers that move with a parameter: how far is known where they were drawn, and nowhere else."""

from __future__ import annotations

from typing import Any

from tinygrad_edu.ops.matrices import values_only
from tinygrad_edu.ops.registry import structured

__all__ = ["standard_gamma"]


@structured(method=False, oracle="", promote="same", values_only=True, grad_name="StandardGammaBackward0")
def standard_gamma(concentration: Any, /, drawn: Any, slope: Any) -> Any:
    """Numbers `drawn` for these concentrations, all of one shape, with dz/da = `slope` (Figurnov et al., 2018).

    A second derivative is an error that says so, as in PyTorch.
    """
    return drawn


@standard_gamma.vjp
def _(g: Any, _out: Any, concentration: Any, _drawn: Any, slope: Any) -> Any:
    return g * values_only(concentration, slope, "standard_gamma_grad")
