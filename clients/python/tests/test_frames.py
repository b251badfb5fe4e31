"""What a value becomes on its way into a frame and out of it."""

from __future__ import annotations

import datetime as dt
import decimal

import numpy as np
import pandas as pd
import pytest

from riskgraph.frames import columns_of, frame_of, series_of


@pytest.mark.parametrize(
    ("kind", "sent", "dtype", "first"),
    [
        ("STRING", ["a", None], "string", "a"),
        ("BOOLEAN", [True, None], "boolean", True),
        ("INT32", [7, None], "Int32", 7),
        ("INT64", ["9007199254740993", None], "Int64", 9007199254740993),
        ("FLOAT64", [0.5, None], "Float64", 0.5),
        ("DATE", ["2026-02-28", None], "date32[day][pyarrow]", dt.date(2026, 2, 28)),
        ("TIMESTAMP", ["2026-02-28T16:00:00.000Z", None], "datetime64[ms, UTC]", pd.Timestamp("2026-02-28T16:00:00Z")),
    ],
)
def test_a_column_has_the_dtype_of_its_feature_type_and_keeps_its_missing_values(
    kind: str, sent: list, dtype: str, first: object
) -> None:
    series = series_of(kind, sent)
    assert str(series.dtype) == dtype
    assert series.iloc[0] == first
    assert pd.isna(series.iloc[1])


def test_a_decimal_is_exact_unless_a_float_is_asked_for() -> None:
    assert series_of("DECIMAL", ["0.10"]).iloc[0] == decimal.Decimal("0.10")
    assert str(series_of("DECIMAL", ["0.10", None], "float").dtype) == "Float64"


def test_a_sequence_is_a_numpy_array_in_which_nan_is_a_masked_place() -> None:
    first = series_of("ARRAY<INT32>", [[1, None, 3], None]).iloc[0]
    assert first.dtype == np.float64
    np.testing.assert_array_equal(first, [1, np.nan, 3])
    assert series_of("ARRAY<STRING>", [["a"]]).iloc[0].tolist() == ["a"]


def test_an_empty_table_keeps_the_types_of_its_columns() -> None:
    frame = frame_of([{"name": "n", "type": "INT64", "unit": "loans"}], [])
    assert str(frame["n"].dtype) == "Int64"
    assert frame.attrs["units"] == {"n": "loans"}


def test_a_spine_is_sent_without_losing_a_digit_an_instant_or_a_missing_value() -> None:
    frame = pd.DataFrame(
        {
            "customer_id": ["C1", "C2"],
            "event_timestamp": pd.to_datetime(["2026-03-01T09:00:00.000+08:00", "2026-03-01T09:00:00.123+08:00"]),
            "big": pd.array([2**53 + 1, None], dtype="Int64"),
            "amount": [decimal.Decimal("0.10"), None],
            "share": [0.5, np.nan],
            "day": [dt.date(2026, 2, 28), None],
            "kind": pd.Categorical(["a", None]),
        }
    )
    assert columns_of(frame) == {
        "customer_id": ["C1", "C2"],
        "event_timestamp": ["2026-03-01T01:00:00.000Z", "2026-03-01T01:00:00.123Z"],
        "big": ["9007199254740993", None],
        "amount": ["0.10", None],
        "share": [0.5, None],
        "day": ["2026-02-28", None],
        "kind": ["a", None],
    }


@pytest.mark.parametrize("value", [float("inf"), -np.float32("inf"), decimal.Decimal("Infinity"), [1.0, float("inf")]])
def test_a_number_without_an_end_is_refused_with_its_column(value: object) -> None:
    with pytest.raises(ValueError, match="(?i)column income has the value -?inf"):
        columns_of({"income": [value]})


def test_an_instant_without_a_zone_is_refused_with_its_column() -> None:
    with pytest.raises(ValueError, match="event_timestamp has an instant without a zone"):
        columns_of({"event_timestamp": [pd.Timestamp("2026-03-01")]})
