"""How a tensor prints: columns of equal width, the middle of large tensors left out, facts in the suffix.

Three decisions, in this order: which elements are shown, how one number is written (the same way for all of
them, chosen from the values shown), and where lines break.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, isfinite
from typing import Any

import numpy as np

from tinygrad_edu.tensors.dtype import BY_NUMPY, bool_, dtype, get_default_dtype, int64

__all__ = ["get_printoptions", "set_printoptions", "tensor_str"]


@dataclass
class Options:
    """What set_printoptions sets; the values of the class are PyTorch's defaults."""

    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: bool | None = None


_PROFILES = {"default": Options(), "short": Options(precision=2, edgeitems=2), "full": Options(threshold=inf)}
_options = Options()


def get_printoptions() -> dict[str, Any]:
    """The options in force, by the names that set_printoptions takes."""
    return dict(vars(_options))


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Choose how tensors print; what is left None stays, but ``sci_mode`` goes back to automatic.

    Args: digits after the point; the number of elements above which the middle is left out; how many are
    shown at each end then; characters per line; a profile ("default", "short", "full") applied before the
    others; whether to write 1.0000e+00 always, never, or (None) when the values ask for it. Raises ValueError
    for an unknown profile or a negative number, TypeError for what is no number.

    >>> set_printoptions(precision=2); tensor_str(np.float32([1, 2.5]))
    'tensor([1.00, 2.50])'
    >>> set_printoptions(profile="default")
    """
    if profile is not None and profile not in _PROFILES:
        raise ValueError(f"set_printoptions: no profile is called {profile!r}. Use one of {', '.join(_PROFILES)}.")
    given = {"precision": precision, "threshold": threshold, "edgeitems": edgeitems, "linewidth": linewidth}
    chosen = {name: value for name, value in given.items() if value is not None}
    for name, value in chosen.items():
        if not isinstance(value, (int, np.integer)) and not (name == "threshold" and isinstance(value, float)):
            raise TypeError(f"set_printoptions: {name} must be a whole number, not {value!r}.")
        if not value >= 0:
            raise ValueError(f"set_printoptions: {name} must not be negative, got {value}.")
    start = vars(_PROFILES[profile]) if profile is not None else {}
    for name, value in {**start, **chosen, "sci_mode": sci_mode}.items():
        setattr(_options, name, value)


def tensor_str(
    array: Any,
    dtype: dtype | None = None,
    *,
    requires_grad: bool = False,
    grad_fn_name: str | None = None,
    device: str = "cpu",
    name: str = "tensor",
) -> str:
    """The text of ``repr(tensor)``, character for character what PyTorch prints.

    Args: the elements (an array or a NumPy scalar), their element type (that of the array if None), whether
    the tensor is a leaf that requires grad, the name of its ``grad_fn`` if it has one, the device's name, and
    what stands before the bracket (a subclass prints its own name).

    >>> print(tensor_str(np.float32([[1, 2], [3, 4.5]]), grad_fn_name="MulBackward0"))
    tensor([[1.0000, 2.0000],
            [3.0000, 4.5000]], grad_fn=<MulBackward0>)
    """
    array = np.asarray(array)
    kind = BY_NUMPY[array.dtype] if dtype is None else dtype
    prefix = f"{name}("
    summarised = array.size > _options.threshold
    if array.size == 0:
        body = "[]"
    elif summarised and _options.edgeitems == 0 and array.ndim:
        body = "[...]"
    else:
        shown, cut = _edges(array, _options.edgeitems) if summarised else (array, (False,) * array.ndim)
        write, width = _number_writer(shown)
        body = _rows(shown.tolist(), cut, write, width, len(prefix))

    facts = [] if device == "cpu" else [f"device='{device}'"]
    if array.ndim != 1 if array.size == 0 else _options.edgeitems == 0:
        facts.append(f"size={array.shape}")
    # What a reader would guess from the digits alone is not said; an empty tensor has no digits to guess
    # from.
    obvious = {get_default_dtype()} if array.size == 0 else {get_default_dtype(), int64, bool_}
    if kind not in obvious:
        facts.append(f"dtype={kind}")
    if grad_fn_name is not None:
        facts.append(f"grad_fn=<{grad_fn_name}>")
    elif requires_grad:
        facts.append("requires_grad=True")
    return _with_facts(prefix + body, facts, len(prefix))


def _edges(array: np.ndarray[Any, Any], count: int) -> tuple[np.ndarray[Any, Any], tuple[bool, ...]]:
    """The corners of a large array (`count` at each end of a dimension), and which dimensions were cut."""
    cut = tuple(size > 2 * count for size in array.shape)
    for axis, is_cut in enumerate(cut):
        if is_cut:
            ends = np.r_[0:count, array.shape[axis] - count : array.shape[axis]]
            array = array.take(ends, axis)
    return array, cut


def _number_writer(shown: np.ndarray[Any, Any]) -> tuple[Callable[[Any], str], int]:
    """The function that writes one number, and the width to which all are padded."""
    if shown.dtype.kind != "f":
        # The longest is one of the extremes: -10 and 9; True (the least) and False where both occur.
        return str, max(len(str(shown.min())), len(str(shown.max())))
    values = shown.astype(np.float64).ravel()
    values = values[np.isfinite(values) & (values != 0)]  # zero, inf and nan neither choose the style nor the width
    whole = np.all(values == np.rint(values))
    style = f".{_options.precision}f"
    scientific = _options.sci_mode if values.size else False
    if scientific is None:
        smallest, largest = float(np.abs(values).min()), float(np.abs(values).max())
        scientific = largest / smallest > 1000 or largest > 1e8 or (not whole and smallest < 1e-4)
    if scientific:
        style = f".{_options.precision}e"
    elif whole:
        style = ".0f"

    def write(value: float) -> str:
        text = format(value, style)
        return text + "." if whole and not scientific and isfinite(value) else text

    return write, max((len(write(value)) for value in values.tolist()), default=1)


def _rows(values: Any, cut: tuple[bool, ...], write: Callable[[Any], str], width: int, indent: int) -> str:
    """Brackets around the rows: numbers fill lines up to the line width, rows are parted by blank lines."""
    if not cut:
        return write(values).rjust(width)
    edge = _options.edgeitems
    if len(cut) == 1:
        texts = [write(value).rjust(width) for value in values]
        if cut[0]:
            texts.insert(edge, " ...")
        per_line = max(1, (_options.linewidth - indent) // (width + 2))
        lines = [", ".join(texts[start : start + per_line]) for start in range(0, len(texts), per_line)]
        gap = "\n"
    else:
        lines = [_rows(row, cut[1:], write, width, indent + 1) for row in values]
        if cut[0]:
            lines.insert(edge, "...")
        gap = "\n" * (len(cut) - 1)
    return "[" + ("," + gap + " " * (indent + 1)).join(lines) + "]"


def _with_facts(text: str, facts: list[str], indent: int) -> str:
    """Append the facts, each on the last line if it fits there, else on a new one; close the bracket."""
    used = len(text) - text.rfind("\n") + 1
    for fact in facts:
        if used + len(fact) + 2 > _options.linewidth:
            text += ",\n" + " " * indent + fact
            used = indent + len(fact)
        else:
            text += ", " + fact
            used += len(fact) + 2
    return text + ")"
