"""torch.special: functions of mathematics under the names that SciPy gives them; they are operations of `ops/`."""

from __future__ import annotations

from typing import Any

from tinygrad_edu.tensors.functions import functional

# The name here: the operation's own.
_NAMES = {
    "digamma": "digamma", "erf": "erf", "erfc": "erfc", "erfinv": "erfinv", "exp2": "exp2", "expit": "sigmoid",
    "expm1": "expm1", "gammaln": "lgamma", "log1p": "log1p", "log_softmax": "log_softmax", "logit": "logit",
    "logsumexp": "logsumexp", "psi": "digamma", "round": "round", "softmax": "softmax", "xlogy": "xlogy",
}  # fmt: skip
__all__ = list(_NAMES)  # noqa: PLE0605


def __getattr__(name: str) -> Any:
    """The function form of the operation.

    >>> import tinygrad_edu as tg
    >>> tg.special.expit(tg.tensor([0.0]))
    tensor([0.5000])
    """
    if name not in _NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    function = globals()[name] = functional(_NAMES[name])
    return function


def __dir__() -> list[str]:
    return sorted(_NAMES)
