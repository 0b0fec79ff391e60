"""Columns and frames of pandas and Polars as arrays, without importing either: the column says what it holds.

Numbers and bools stay as they are. Categories become their codes, counted from 0 (R counts from 1), dates the days
since 1970-01-01, missing entries nan. Text is refused: which numbers stand for it is the user's decision.
"""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np

__all__ = ["from_table", "is_table"]

_libraries = ("pandas", "polars")
_day = 24 * 60 * 60 * 1_000_000  # in microseconds
_wider = {np.dtype(np.uint16): np.int32, np.dtype(np.uint32): np.int64}  # a Tensor has no such types


def is_table(data: Any) -> bool:
    """True for an object of pandas or Polars."""
    return type(data).__module__.partition(".")[0] in _libraries


def from_table(data: Any) -> np.ndarray[Any, Any]:
    """The numbers of a column, shape (rows,), or of a frame, shape (rows, columns), in the columns' common type.

    Integers with missing entries become float64, and so do dates with a time of day; other dates become int64. The
    codes of pandas' categories and of Polars' Enum are the library's; those of a Polars Categorical, which depend on
    what else the program has read, are counted anew, in the order in which the categories appear in the column.

    Raises:
        TypeError: a column of text, or of something else that is no number; the message shows how to encode it.
    """
    if hasattr(data, "collect"):
        raise TypeError("tensor: a LazyFrame holds no numbers yet: call .collect() on it first")
    convert = _of_polars if type(data).__module__.startswith("polars") else _of_pandas
    if not hasattr(data, "columns"):
        return convert(data)
    names = list(data.columns)
    if not names:
        return np.empty((len(data), 0))
    picked = [data.iloc[:, i] if hasattr(data, "iloc") else data[name] for i, name in enumerate(names)]
    return np.stack([convert(column) for column in picked], axis=1)


def _of_pandas(column: Any) -> np.ndarray[Any, Any]:
    if hasattr(column, "codes") and hasattr(column, "categories"):  # a Categorical, or an index of one
        return _codes(np.asarray(column.codes), np.asarray(column.codes) < 0)
    if not hasattr(column, "isna") or not hasattr(column, "to_numpy"):
        raise TypeError(f"tensor: pandas' {type(column).__name__} is no column: give a Series or a DataFrame")
    dtype = column.dtype
    missing = np.asarray(column.isna())
    if dtype.name == "category":
        codes = np.asarray(column.cat.codes)
        return _codes(codes, codes < 0)
    if dtype.kind == "M":
        if hasattr(column, "dt"):
            column = column.dt.tz_localize(None)
        elif getattr(column, "tz", None) is not None:
            column = column.tz_localize(None)
        return _days(column.to_numpy().astype("datetime64[us]").astype(np.int64), missing)
    if dtype.kind == "m":
        raise _refused(column, "time spans", "a number, for example column.dt.total_seconds()")
    if dtype.kind in "iufb":
        if missing.any():
            kind = np.float32 if getattr(dtype, "itemsize", 8) == 4 and dtype.kind == "f" else np.float64
            return np.asarray(column.to_numpy(dtype=kind, na_value=np.nan))
        return _known(np.asarray(column.to_numpy(dtype=getattr(dtype, "numpy_dtype", dtype))))
    return _objects(column, column.to_numpy(dtype=object), missing, 'column.astype("category"), or pandas.get_dummies')


def _of_polars(column: Any) -> np.ndarray[Any, Any]:
    kind = column.dtype.base_type().__name__
    missing = column.is_null().to_numpy()
    if kind in ("Categorical", "Enum"):
        codes = column.to_physical().fill_null(0).to_numpy().astype(np.int64)
        if kind == "Categorical":
            seen = {code: i for i, code in enumerate(dict.fromkeys(codes[~missing].tolist()))}
            codes = np.array([seen.get(code, 0) for code in codes.tolist()], np.int64)
        return _codes(codes, missing)
    if kind == "Datetime":
        return _days(column.dt.replace_time_zone(None).dt.epoch("us").to_numpy(), missing)
    if kind == "Date":
        return _with_missing(column.to_physical().fill_null(0).to_numpy().astype(np.int64), missing)
    if kind == "Boolean" and not missing.any():
        return np.array(column.to_numpy(), dtype=bool)
    if kind == "Boolean" or kind == "Decimal":
        return np.array([np.nan if x is None else float(x) for x in column.to_list()])
    if column.dtype.is_numeric() or kind == "Null":
        return _known(np.array(column.to_numpy(), dtype=np.float64 if kind == "Null" else None))
    if kind in ("Duration", "Time"):
        raise _refused(column, "times", "a number, for example column.dt.total_seconds() or column.dt.hour()")
    return _objects(column, column.to_list(), missing, "column.cast(polars.Categorical), or column.to_dummies()")


def _objects(column: Any, values: Any, missing: Any, encode: str) -> np.ndarray[Any, Any]:
    """A column of Python objects: numbers, bools and dates among missing entries are what they are."""
    present = [value for value, absent in zip(values, missing.tolist(), strict=True) if not absent]
    if present and all(isinstance(x, datetime.date) and not isinstance(x, datetime.datetime) for x in present):
        epoch = datetime.date(1970, 1, 1)
        days = [0 if absent else (x - epoch).days for x, absent in zip(values, missing.tolist(), strict=True)]
        return _with_missing(np.array(days, np.int64), missing)
    if all(isinstance(x, (bool, int, float, np.number, np.bool_)) for x in present):
        if not missing.any():
            return _known(np.array(present))
        return np.array([np.nan if absent else float(x) for x, absent in zip(values, missing.tolist(), strict=True)])
    text = any(isinstance(x, str) for x in present)
    raise _refused(
        column,
        "text" if text else f"objects of type {type(present[0]).__name__}",
        f"{encode} (one 0 or 1 for each category)" if text else "numbers",
        present,
    )


def _refused(column: Any, what: str, into: str, examples: Any = ()) -> TypeError:
    name = f"column {column.name!r}" if getattr(column, "name", None) else "the column"
    such = f" (such as {examples[0]!r})" if len(examples) else ""
    return TypeError(
        f"tensor: {name} holds {what}{such}, and a Tensor holds numbers: encode it first, by {into}; or leave it out"
    )


def _codes(codes: np.ndarray[Any, Any], missing: Any) -> np.ndarray[Any, Any]:
    return _with_missing(codes.astype(np.int64), missing)


def _days(microseconds: np.ndarray[Any, Any], missing: Any) -> np.ndarray[Any, Any]:
    """Days since 1970-01-01 of datetimes: whole ones as int64, with a time of day as float64."""
    microseconds = np.where(missing, 0, microseconds).astype(np.int64)
    if (microseconds % _day).any():
        return np.where(missing, np.nan, microseconds / _day)
    return _with_missing(microseconds // _day, missing)


def _with_missing(whole: np.ndarray[Any, Any], missing: Any) -> np.ndarray[Any, Any]:
    return np.where(missing, np.nan, whole.astype(np.float64)) if missing.any() else whole


def _known(numbers: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The numbers in a type that Tensors have: unsigned ones in the next wider signed type."""
    return numbers.astype(_wider[numbers.dtype]) if numbers.dtype in _wider else numbers
