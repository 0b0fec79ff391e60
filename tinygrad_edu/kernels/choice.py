"""Which kernels compute: plain NumPy, or the compiled ones in `numba_cpu` for arrays that are worth it.

The compiled ones are the default where Numba is installed. Below the sizes in WORTH NumPy runs, and Numba is not even
imported, so that small programs start at once; the sizes are fixed, so that the same input gives the same bits.
``TINYEDU_BACKEND=numpy`` or ``numba``, :func:`set_backend` and :class:`use_backend` choose otherwise.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from types import TracebackType
from typing import Any

from tinygrad_edu.errors import ChoiceError
from tinygrad_edu.kernels.allocation import keep_memory

__all__ = [
    "BACKENDS", "WORTH", "compiled_kernels", "dispatched", "failure", "get_backend", "set_backend", "use_backend",
    "why", "worthwhile",
]  # fmt: skip

BACKENDS = ("numpy", "numba")

# Kernel -> the number of elements of its first array from which the compiled one is used. A module of `numba_cpu`
# with the kernel's name in its __all__ has it; one that is not meant for the arguments returns NotImplemented.
WORTH = {
    "softmax": 1 << 14, "log_softmax": 1 << 14, "softmax_back": 1 << 14, "log_softmax_back": 1 << 14,
    "logsumexp": 1 << 14, "sum": 1 << 14, "mean": 1 << 14, "var": 1 << 14, "deviation": 1 << 14, "amax": 1 << 14,
    "amin": 1 << 14, "extreme_along": 1 << 14, "logsumexp_back": 1 << 14,
    "batch_norm": 1 << 14, "batch_norm_back": 1 << 14, "group_norm": 1 << 14, "group_norm_back": 1 << 14,
    "rms_norm": 1 << 14, "rms_norm_back": 1 << 14,
    "attention": 1 << 14, "attention_back": 1 << 14,
    "index_back": 1 << 14, "put_along": 1 << 14,
    "dropout": 1 << 14, "dropout_back": 1 << 14,
    "cross_entropy": 1 << 14, "cross_entropy_back": 1 << 14,
    "standardised": 1 << 14, "standardised_back": 1 << 14, "layer_norm": 1 << 14, "layer_norm_back": 1 << 14,
    "silu": 1 << 14, "silu_back": 1 << 14, "gelu": 1 << 14, "gelu_back": 1 << 14, "relu_back": 1 << 14,
    "lstm_step": 1 << 14, "lstm_back": 1 << 14, "gru_step": 1 << 14, "gru_back": 1 << 14,
    "convolution": 1 << 14, "convolution_input": 1 << 14, "convolution_weight": 1 << 14,
    "max_pool": 1 << 14, "max_pool_back": 1 << 14, "window_sum": 1 << 14, "window_spread": 1 << 14,
    "adam_step": 1 << 14, "sgd_step": 1 << 14, "rmsprop_step": 1 << 14, "adagrad_step": 1 << 14,
    "adadelta_step": 1 << 14, "adamax_step": 1 << 14, "nadam_step": 1 << 14, "radam_step": 1 << 14,
    "rprop_step": 1 << 14,  # of steps: the elements of a group of parameters
}  # fmt: skip


class _Choice:
    """What was asked for, and what came of it."""

    def __init__(self) -> None:
        self.asked = os.environ.get("TINYEDU_BACKEND", "").strip().lower()
        self.failure = ""  # why Numba cannot be used
        self.functions: dict[str, Any] | None = None  # the compiled kernels, once they are loaded
        self.compiled = False
        self.large = False  # whether there has been a large array
        self.decide()

    def decide(self) -> None:
        if self.asked not in ("", *BACKENDS):
            raise ChoiceError(f"TINYEDU_BACKEND={self.asked!r} is unknown. Write one of {', '.join(BACKENDS)}")
        if self.functions is None and not self.failure and find_spec("numba") is None:
            self.failure = "Numba is not installed"
        self.compiled = self.asked != "numpy" and not self.failure

    def begin(self) -> None:
        """The first large array: from now on memory is kept."""
        self.large = True
        keep_memory()

    def load(self) -> dict[str, Any]:
        """The compiled kernels by name; none where Numba cannot be imported, which is then remembered."""
        if self.functions is None:
            try:
                self.functions = import_module("tinygrad_edu.kernels.numba_cpu").functions()
            except Exception as error:  # its complaints about versions come as ImportError, SystemError, ...
                self.failure = " ".join(f"Numba cannot be imported: {type(error).__name__}: {error}".split())[:300]
                self.functions = {}
                self.decide()
        return self.functions


_choice = _Choice()


def get_backend() -> str:
    """What computes large arrays on the CPU: "numba" or "numpy".

    >>> with use_backend("numpy"):
    ...     get_backend()
    'numpy'
    """
    return "numba" if _choice.compiled else "numpy"


def set_backend(name: str | None) -> None:
    """Choose the kernels of the whole process: "numpy", "numba", or None for what is best here.

    Raises:
        ValueError: another name; RuntimeError: Numba is not installed, or cannot be imported.
    """
    if name is not None and name not in BACKENDS:
        raise ChoiceError(f"set_backend: {name!r} is unknown. Choose one of {', '.join(map(repr, BACKENDS))}, or None")
    if name == "numba":
        if reason := failure():
            raise RuntimeError(f"set_backend('numba'): {reason}. Try: pip install tinygrad-edu[numba]")
    _choice.asked = name or ""
    _choice.decide()


class use_backend:  # noqa: N801 - a context manager is called like a function
    """``with use_backend("numpy"):`` chooses the kernels inside; see :func:`set_backend`. Not only in this thread."""

    def __init__(self, name: str | None) -> None:
        self.name = name
        self._before: list[str] = []

    def __enter__(self) -> None:
        before = _choice.asked
        set_backend(self.name)
        self._before.append(before)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _choice.asked = self._before.pop()
        _choice.decide()


def why() -> str:
    """What is active, and why, in one line."""
    how = f"TINYEDU_BACKEND or set_backend says {_choice.asked}" if _choice.asked else "the default"
    if _choice.failure:
        asked = f", though {how}" if _choice.asked == "numba" else ""
        return f"NumPy computes everything{asked}: {_choice.failure}"
    if not _choice.compiled:
        return f"NumPy computes everything: {how}"
    least = min(WORTH.values())
    return f"compiled kernels compute arrays of {least} elements and more, NumPy the others ({how})"


def failure() -> str:
    """Why Numba cannot be used; empty if it can. It is imported to find out."""
    if not _choice.failure:
        _choice.load()
    return _choice.failure


def compiled_kernels() -> dict[str, Any] | None:
    """The compiled kernels by name, or None where NumPy shall compute everything."""
    return (_choice.load() or None) if _choice.compiled else None


def worthwhile(name: str, elements: int) -> Any:
    """The compiled kernel of that name for so many elements, or None where NumPy shall compute."""
    if elements < WORTH[name]:
        return None
    if not _choice.large:
        _choice.begin()
    return _choice.load().get(name) if _choice.compiled else None


def dispatched(name: str, plain: Callable[..., Any]) -> Callable[..., Any]:
    """A kernel that runs the compiled function of that name where it is worth it, and else the plain one."""
    least = WORTH.get(name)
    if least is None:
        return plain
    choice = _choice

    @functools.wraps(plain)
    def kernel(a: Any, *rest: Any, **options: Any) -> Any:
        if getattr(a, "size", 0) >= least:
            if not choice.large:
                choice.begin()
            if choice.compiled:
                functions = choice.functions if choice.functions is not None else choice.load()
                if name in functions:
                    result = functions[name](a, *rest, **options)
                    if result is not NotImplemented:
                        return result
        return plain(a, *rest, **options)

    return kernel
