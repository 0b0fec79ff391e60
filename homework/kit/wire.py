"""Observations and parameters as JSON: numbers, texts, lists, dicts and arrays, with limits; never pickle.

An array travels as `{"$array": [dtype, shape, base64 of its bytes]}`, a number that JSON lacks as `{"$float": "nan"}`,
and any other object only by name, as `{"$object": [type, repr]}`. What is read is treated as hostile.
"""

from __future__ import annotations

import base64
import json
import math
import re
from typing import Any

MOST_BYTES = 4_000_000  # of one observation as text
MOST_ITEMS = 200_000  # numbers, texts and containers in one observation
MOST_DEPTH = 20
MOST_TEXT = 100_000
MOST_DIGITS = 400  # of an integer
DTYPE = re.compile(r"[<>|=]?[biufc](1|2|4|8|16)")


class WireError(ValueError):
    """What was to be sent or was received breaks the format or its limits."""


class Opaque:
    """An object of which only the type's name and the beginning of its repr are known."""

    def __init__(self, type_name: str, text: str) -> None:
        self.type_name, self.text = type_name, text

    def __repr__(self) -> str:
        return f"<{self.type_name}>"


def encode(value: Any) -> str:
    """The JSON text of a value.

    Raises:
        WireError: it is too large or too deep.

    >>> encode({"x": [1, 2.5, None], "bad": float("inf")})
    '{"x": [1, 2.5, null], "bad": {"$float": "inf"}}'
    """
    text = json.dumps(_plain(value, 0, [MOST_ITEMS]), ensure_ascii=True)
    if len(text) > MOST_BYTES:
        raise WireError(f"the result has {len(text)} bytes, at most {MOST_BYTES} are allowed")
    return text


def _plain(value: Any, depth: int, left: list[int]) -> Any:
    left[0] -= 1
    if depth > MOST_DEPTH or left[0] < 0:
        raise WireError("the result is too deep or has too many parts")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value) if abs(value) < 10**MOST_DIGITS else _opaque(value, "a huge int")
    if isinstance(value, float) and not hasattr(value, "dtype"):
        return float(value) if math.isfinite(value) else {"$float": repr(float(value))}
    if isinstance(value, str):
        # (Lone surrogates cannot be printed or written to a file.)
        return str(value)[:MOST_TEXT].encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, (list, tuple)):
        return [_plain(item, depth + 1, left) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item, depth + 1, left) for key, item in value.items()}
    dtype = getattr(value, "dtype", None)
    if dtype is not None and type(value).__module__ == "numpy":
        array = _contiguous(value)
        if DTYPE.fullmatch(array.dtype.str):
            if array.nbytes > MOST_BYTES // 2:
                raise WireError(f"an array of {array.nbytes} bytes is too large to send")
            return {"$array": [array.dtype.str, list(array.shape), base64.b64encode(array.tobytes()).decode()]}
    return _opaque(value)


def _contiguous(value: Any) -> Any:
    import numpy as np

    return np.asarray(value)


def _opaque(value: Any, text: str | None = None) -> dict[str, list[str]]:
    if text is None:
        try:
            text = repr(value)[:200]
        except Exception as error:  # a repr of the student's that fails
            text = f"(its repr raises {type(error).__name__})"
    name = type(value).__name__
    if getattr(value, "dtype", None) is not None:
        name = f"{name} of dtype {value.dtype}"[:80]
    return {"$object": [name, text.encode("utf-8", "replace").decode("utf-8")]}


def decode(text: str) -> Any:
    """The value of a JSON text; arrays come back as NumPy arrays of their own memory.

    Raises:
        WireError: for anything that `encode` would not have written.

    >>> decode('{"a": {"$float": "-inf"}}')
    {'a': -inf}
    >>> decode('{"$array": ["<f8", [1000000], "AA=="]}')
    Traceback (most recent call last):
    ...
    tinygrad_edu.homework.kit.wire.WireError: the bytes of an array do not fit its shape
    """
    if len(text) > MOST_BYTES:
        raise WireError("the result is too large")
    try:
        return _rich(json.loads(text), 0, [MOST_ITEMS])
    except WireError:
        raise
    except (ValueError, RecursionError, TypeError, OverflowError) as error:
        raise WireError(f"the result is not in the expected form ({type(error).__name__})") from None


def _rich(value: Any, depth: int, left: list[int]) -> Any:
    left[0] -= 1
    if depth > MOST_DEPTH or left[0] < 0:
        raise WireError("the result is too deep or has too many parts")
    if isinstance(value, list):
        return [_rich(item, depth + 1, left) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((key, content),) = value.items()
        if key == "$float":
            return {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}.get(str(content), math.nan)
        if key == "$object" and isinstance(content, list) and len(content) == 2:
            return Opaque(str(content[0])[:80], str(content[1])[:200])
        if key == "$array":
            return _array(content)
    return {key: _rich(item, depth + 1, left) for key, item in value.items()}


def _array(content: Any) -> Any:
    import numpy as np

    if not (isinstance(content, list) and len(content) == 3):
        raise WireError("an array is sent as [dtype, shape, base64]")
    dtype, shape, data = content
    if not (isinstance(dtype, str) and DTYPE.fullmatch(dtype) and isinstance(data, str)):
        raise WireError("an array of this dtype is not allowed")
    if not (isinstance(shape, list) and len(shape) <= 32 and all(type(n) is int and 0 <= n < 2**40 for n in shape)):
        raise WireError("an array of this shape is not allowed")
    try:
        raw, kind = base64.b64decode(data, validate=True), np.dtype(dtype)
    except (ValueError, TypeError):
        raise WireError("the bytes of an array cannot be read") from None
    if math.prod(shape) * kind.itemsize != len(raw):
        raise WireError("the bytes of an array do not fit its shape")
    return np.frombuffer(raw, kind).reshape(shape).copy()
