"""Columns of pandas and Polars become Tensors as the book's chapter 3 shows it for R: numbers, codes, days, nan."""

import datetime
import math
from typing import Any

import pytest

import tinygrad_edu as tg

DAYS = [datetime.date(2012, 6, 28), datetime.date(2012, 6, 29), datetime.date(1969, 12, 31)]


@pytest.fixture(params=["pandas", "polars"])
def library(request: pytest.FixtureRequest) -> Any:
    return pytest.importorskip(request.param)


def codes_of(library: Any, values: list[Any]) -> Any:
    is_pandas = library.__name__ == "pandas"
    return library.Series(values, dtype="category" if is_pandas else library.Categorical)


def test_numbers_and_bools_as_they_are(library: Any) -> None:
    for values, dtype in (([1, 2], tg.int64), ([1.5, 2.5], tg.float64), ([True, False], tg.bool)):
        t = tg.tensor(library.Series("c" if library.__name__ == "polars" else values, values))  # polars: name first
        assert t.dtype is dtype and t.tolist() == values
        assert tg.as_tensor(library.DataFrame({"c": values})["c"], dtype=tg.float32).dtype is tg.float32


def test_a_frame_is_rows_and_columns_of_one_type(library: Any) -> None:
    frame = library.DataFrame({"age": [118, 484], "width": [30.5, 58.0], "old": [False, True]})
    t = tg.tensor(frame)
    assert t.shape == (2, 3) and t.dtype is tg.float64 and t.tolist() == [[118, 30.5, 0], [484, 58, 1]]
    assert tg.tensor(frame, dtype=tg.float32, requires_grad=True).requires_grad
    assert tg.tensor(library.DataFrame({"a": [1, 2]})).dtype is tg.int64
    assert tg.tensor(library.DataFrame()).shape == (0, 0)


def test_categories_are_codes_from_0(library: Any) -> None:
    codes_of(library, ["of", "another", "column"])  # must not move the codes
    t = tg.tensor(codes_of(library, ["a", "b", "a", "c"]))
    assert t.dtype is tg.int64 and t.tolist() == [0, 1, 0, 2]
    with_missing = tg.tensor(codes_of(library, ["a", None, "b"])).tolist()
    assert math.isnan(with_missing[1]) and with_missing[::2] == [0.0, 1.0]


def test_dates_are_days_since_1970(library: Any) -> None:
    column = library.Series(DAYS) if library.__name__ == "pandas" else library.Series("d", DAYS)
    assert tg.tensor(column).tolist() == [15519, 15520, -1] and tg.tensor(column).dtype is tg.int64
    times = [datetime.datetime.combine(day, datetime.time(12)) for day in DAYS]
    frame = library.DataFrame({"at": times})
    assert tg.tensor(frame["at"]).tolist() == [15519.5, 15520.5, -0.5]
    midnights = library.DataFrame({"at": [datetime.datetime.combine(day, datetime.time()) for day in DAYS]})["at"]
    assert tg.tensor(midnights).tolist() == [15519, 15520, -1] and tg.tensor(midnights).dtype is tg.int64
    gaps = tg.tensor(library.DataFrame({"at": [DAYS[0], None]})["at"]).tolist()
    assert gaps[0] == 15519.0 and math.isnan(gaps[1])


def test_missing_is_nan(library: Any) -> None:
    for values in ([1, None, 3], [1.0, None, 3.0], [True, None, True]):
        got = tg.tensor(library.DataFrame({"c": values})["c"])
        assert got.dtype is tg.float64 and math.isnan(got[1].item()) and got[0].item() == 1.0
    assert tg.tensor(library.DataFrame({"c": [1, None, 3]})).isnan().tolist() == [[False], [True], [False]]


def test_text_is_refused_and_the_error_shows_how_to_encode_it(library: Any) -> None:
    frame = library.DataFrame({"age": [22], "location": ["south san francisco"]})
    with pytest.raises(TypeError, match=r"column 'location' holds text .*ategorical|category.*dummies"):
        tg.tensor(frame)
    with pytest.raises(TypeError, match="south san francisco"):
        tg.tensor(frame["location"])
    with pytest.raises(TypeError, match="total_seconds"):
        tg.tensor(library.DataFrame({"c": [datetime.timedelta(1)]})["c"])


def test_types_of_pandas_alone() -> None:
    pandas = pytest.importorskip("pandas")
    assert tg.tensor(pandas.Series([1, 2], dtype="Int64")).tolist() == [1, 2]
    assert tg.tensor(pandas.Series([1, None], dtype="Int64")).dtype is tg.float64
    assert tg.tensor(pandas.Series([True, False], dtype="boolean")).dtype is tg.bool
    assert tg.tensor(pandas.Categorical(["b", "a"])).tolist() == [1, 0]
    assert tg.tensor(pandas.Index([3, 4])).tolist() == [3, 4]
    assert tg.tensor(pandas.Series([1, 2], dtype="uint16")).dtype is tg.int32
    ordered = pandas.Categorical(["high", "low"], categories=["low", "high"], ordered=True)
    assert tg.tensor(pandas.Series(ordered)).tolist() == [1, 0]
    zoned = pandas.Series(pandas.to_datetime(["2012-06-28"]).tz_localize("UTC"))
    assert tg.tensor(zoned).tolist() == [15519]
    assert tg.tensor(pandas.to_datetime(["2012-06-28"])).tolist() == [15519]
    twice = pandas.DataFrame([[1, 2], [3, 4]], columns=["c", "c"])
    assert tg.tensor(twice).tolist() == [[1, 2], [3, 4]]


def test_types_of_polars_alone() -> None:
    polars = pytest.importorskip("polars")
    assert tg.tensor(polars.Series(["b", "a"], dtype=polars.Enum(["a", "b"]))).tolist() == [1, 0]
    assert tg.tensor(polars.Series([1, 2], dtype=polars.UInt32)).dtype is tg.int64
    assert tg.tensor(polars.Series([1, 2], dtype=polars.Float32)).dtype is tg.float32
    with pytest.raises(TypeError, match="collect"):
        tg.tensor(polars.DataFrame({"a": [1]}).lazy())
    writable = tg.tensor(polars.Series([1, 2]))
    writable[0] = 5
    assert writable.tolist() == [5, 2]
