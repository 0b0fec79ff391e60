"""The comparisons judges are written with. Each returns nothing or raises a `Fail` that says what differs and how."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import numpy as np

from tinygrad_edu.homework.judge.diagnosis import diagnose, nearly, of_factor
from tinygrad_edu.homework.judge.fail import MOST_SHOWN, Cause, Fail, shown
from tinygrad_edu.homework.kit.wire import Opaque

RTOL = 1e-6


def number(got: Any) -> np.ndarray | None:
    """What was observed as a float64 array, or None where it is no number or array of numbers."""
    if isinstance(got, bool) or got is None or isinstance(got, (str, dict, Opaque)):
        return None
    try:
        array = np.asarray(got)
        # (Integers beyond 64 bits make an array of objects.)
        if array.dtype.kind not in "biuf" and not (isinstance(got, int) and array.dtype.kind == "O"):
            return None
        return array.astype(np.float64)
    except (ValueError, TypeError, OverflowError):  # ragged lists, integers beyond float64
        return None


def close(
    got: Any,
    want: Any,
    label: str,
    where: str = "",
    rtol: float = RTOL,
    atol: float = 1e-12,
    cause: Cause | None = None,
) -> None:
    """Numbers or arrays that agree within `rtol`, shape included; nan agrees with nan.

    Raises:
        Fail: of kind `type`, `shape` or `value`.
    """
    wanted = np.asarray(want, dtype=np.float64)
    array = number(got)
    if array is None:
        raise Fail("type", label, shown(_tidy(wanted)), shown(got), where, cause)
    if array.shape != wanted.shape:
        raise Fail("shape", label, str(wanted.shape), str(array.shape), where, cause)
    if not _agree(array, wanted, rtol, atol):
        _differ("value", array, wanted, label, where, rtol, atol, cause or _counted(array, wanted, rtol, atol))


def grad_close(
    got: Any,
    want: Any,
    label: str,
    where: str = "",
    rtol: float = RTOL,
    atol: float = 1e-9,
    upstream: Any = None,
    parts: Sequence[Any] = (),
    batch: int = 0,
    cause: Cause | None = None,
) -> None:
    """A gradient that agrees; if it does not, the way in which it is wrong is named.

    Args:
        got: the observed gradient.
        want: the right one, from a formula or from central differences in float64.
        upstream: the gradient that arrived at the operation, to tell "passed on unchanged".
        parts: the contributions that are added up in `want`, to tell "overwritten instead of added up".
        batch: how many samples went through together, to tell "divided by their number".
        cause: why it is wrong, where the judge knows it.

    Raises:
        Fail: of kind `grad`, its cause from `judge/diagnosis.py`.
    """
    wanted = np.asarray(want, dtype=np.float64)
    array = number(got)
    if array is not None and array.shape == wanted.shape and _agree(array, wanted, rtol, atol):
        return
    cause = cause or diagnose(got if array is None else array, wanted, upstream, parts, batch)
    if array is None:
        raise Fail("grad", label, shown(_tidy(wanted)), shown(got), where, cause)
    if array.shape != wanted.shape:
        raise Fail("grad_shape", label, str(wanted.shape), str(array.shape), where, cause)
    _differ("grad", array, wanted, label, where, rtol, atol, cause)


def _agree(array: np.ndarray, wanted: np.ndarray, rtol: float, atol: float) -> bool:
    with np.errstate(all="ignore"):
        return bool(np.allclose(array, wanted, rtol=rtol, atol=atol, equal_nan=True))


def _differ(
    kind: str,
    array: np.ndarray,
    wanted: np.ndarray,
    label: str,
    where: str,
    rtol: float,
    atol: float,
    cause: Cause | None,
) -> NoReturn:
    with np.errstate(all="ignore"):
        wrong = ~np.isclose(array, wanted, rtol=rtol, atol=atol, equal_nan=True)
    table = [
        (str(list(map(int, index))), shown(float(wanted[tuple(index)])), shown(float(array[tuple(index)])))
        for index in np.argwhere(wrong)[:50]
    ]
    expected, got = shown(_tidy(wanted)), shown(_tidy(array))
    if array.size > MOST_SHOWN:
        first = tuple(int(i) for i in np.argwhere(wrong)[0])
        label = f"{label}[{', '.join(map(str, first))}]"
        expected, got = shown(float(wanted[first])), shown(float(array[first]))
    if expected == got:  # they differ beyond the digits shown
        expected, got = repr(_tidy(wanted)), repr(_tidy(array))
    raise Fail(kind, label, expected, got, where, cause, table=table)


def _counted(array: np.ndarray, wanted: np.ndarray, rtol: float, atol: float) -> Cause | None:
    """Why an array is wrong, as far as its numbers tell: by its precision, by a factor, in some places only."""
    if array.size < 2:
        return None
    if nearly(array, wanted):
        return Cause("precision")
    with np.errstate(all="ignore"):
        wrong = ~np.isclose(array, wanted, rtol=rtol, atol=atol, equal_nan=True)
    if wrong.all():
        return of_factor(array, wanted)
    return Cause("some", {"count": int(wrong.sum()), "size": array.size})


def _tidy(array: np.ndarray) -> Any:
    return array.item() if array.ndim == 0 else array


def equal(got: Any, want: Any, label: str, where: str = "", cause: Cause | None = None) -> None:
    """Texts, integers, booleans, None and lists of them that are the same; 1 and 1.0 are, 1 and True are not.

    Raises:
        Fail: of kind `value`.
    """
    if not _same(got, want):
        raise Fail("value", label, shown(want), shown(got), where, cause)


def _same(got: Any, want: Any) -> bool:
    if isinstance(got, np.ndarray):
        got = got.tolist()
    if isinstance(want, (list, tuple)):
        return isinstance(got, list) and len(got) == len(want) and all(map(_same, got, want))
    if isinstance(got, (list, dict, Opaque)) or isinstance(got, bool) != isinstance(want, bool):
        return False
    return bool(got == want)


def shape_is(got: Any, want: Sequence[int], label: str, where: str = "") -> None:
    """An array of this shape, whatever is in it.

    Raises:
        Fail: of kind `shape` or `type`.
    """
    array = number(got)
    if array is None:
        raise Fail("type", label, f"array of shape {tuple(want)}", shown(got), where)
    if array.shape != tuple(want):
        raise Fail("shape", label, str(tuple(want)), str(array.shape), where)


def raises(got: Any, kind: str | Sequence[str], label: str, contains: Sequence[str] = ()) -> None:
    """What `Tools.raised` saw is an exception of this type, or of one derived from it, and its text names these things.

    Args:
        kind: the name of a built-in exception, or several of which one must do.

    Raises:
        Fail: of kind `not_raised`, `raises` or `message`.
    """
    kinds = [kind] if isinstance(kind, str) else list(kind)
    expected = " / ".join(kinds)
    if not (isinstance(got, dict) and isinstance(got.get("raises"), list) and got["raises"]):
        value = got.get("value") if isinstance(got, dict) else got
        raise Fail("not_raised", label, expected, shown(value))
    if not set(kinds) & {name for name in got["raises"] if isinstance(name, str)}:
        raise Fail("raises", label, expected, f"{got['raises'][0]}: {got.get('text')}"[:200], frames=got.get("frames"))
    text = str(got.get("text"))
    missing = [word for word in contains if word not in text]
    if missing:
        raise Fail("message", label, ", ".join(missing), shown(text), frames=got.get("frames"))


def texts(got: Any, label: str, where: str = "") -> list[str]:
    """A list of texts, checked to be one.

    Raises:
        Fail: of kind `type`.
    """
    if not (isinstance(got, list) and all(isinstance(item, str) for item in got)):
        raise Fail("type", label, "a list of texts", shown(got), where)
    return got


def require(condition: object, says: str, label: str = "", where: str = "", **words: Any) -> None:
    """A rule of the exercise's own, with its sentence in the exercise's `text.toml` under `[says]`.

    Raises:
        Fail: of kind `says.<name>`.
    """
    if not condition:
        filled = {key: value if isinstance(value, (str, int)) else shown(value) for key, value in words.items()}
        raise Fail(f"says.{says}", label, where=where, words=filled)


def numeric_gradient(function: Callable[..., Any], *points: Any, step: float = 1e-6) -> list[np.ndarray]:
    """Central differences in float64 of a scalar function of arrays: good to about 9 digits away from kinks.

    >>> [round(float(g), 6) for g in numeric_gradient(lambda x, y: x * y, 2.0, 3.0)]
    [3.0, 2.0]
    """
    arrays = [np.array(point, dtype=np.float64) for point in points]
    found = []
    for array in arrays:
        grad = np.zeros_like(array)
        for index in np.ndindex(array.shape):
            middle = array[index]
            array[index] = middle + step
            high = function(*arrays)
            array[index] = middle - step
            low = function(*arrays)
            array[index] = middle
            grad[index] = (high - low) / (2 * step)
        found.append(grad)
    return found
