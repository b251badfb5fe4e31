"""Data frames from what a server answers, and columns for it from data frames."""

from __future__ import annotations

import datetime as dt
import decimal
import math
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

#: What an exact decimal becomes: ``decimal`` keeps it, ``float`` rounds it to what a model takes.
Decimals = Literal["decimal", "float"]

#: Beyond it a JSON number is rounded by most readers, so a server takes text.
_EXACT_IN_JSON = 2**53

_SCALARS: dict[str, str] = {
    "STRING": "string",
    "BOOLEAN": "boolean",
    "INT32": "Int32",
    "INT64": "Int64",
    "FLOAT32": "Float32",
    "FLOAT64": "Float64",
    "DATE": "date32[day][pyarrow]",
    "TIMESTAMP": "datetime64[ms, UTC]",
}

#: What a frame says of its columns, and the field of the API that says it.
_ATTRIBUTES = {"units": "unit", "descriptions": "description", "masked": "masked"}

_NUMPY: dict[str, str] = {
    "INT32": "float64",
    "INT64": "float64",
    "FLOAT32": "float32",
    "FLOAT64": "float64",
    "DECIMAL": "float64",
}


def frame_of(columns: list[dict[str, Any]], rows: list[list[Any]], decimals: Decimals = "decimal") -> pd.DataFrame:
    """A table of the API as a frame; units and descriptions of its columns are in ``frame.attrs``."""
    cells = list(zip(*rows, strict=True)) if rows else [()] * len(columns)
    frame = pd.DataFrame(
        {
            column["name"]: series_of(column["type"], values, decimals)
            for column, values in zip(columns, cells, strict=True)
        }
    )
    for attribute, field in _ATTRIBUTES.items():
        frame.attrs[attribute] = {column["name"]: column[field] for column in columns if column.get(field)}
    return frame


def series_of(kind: str, values: Iterable[Any], decimals: Decimals = "decimal") -> pd.Series[Any]:
    """The values of one column of a feature type as a series whose missing values are ``<NA>``."""
    values = list(values)
    if kind.startswith("ARRAY<"):
        element = kind.removeprefix("ARRAY<").removesuffix(">")
        return pd.Series(
            [None if value is None else _array(element, value, decimals) for value in values], dtype=object
        )
    if kind == "DECIMAL":
        if decimals == "float":
            return pd.Series([None if value is None else float(value) for value in values], dtype="Float64")
        return pd.Series([None if value is None else decimal.Decimal(value) for value in values], dtype=object)
    if kind == "TIMESTAMP":
        return pd.Series(pd.to_datetime(pd.Series(values, dtype=object), utc=True, format="ISO8601")).astype(
            "datetime64[ms, UTC]"
        )
    if kind == "DATE":
        return pd.Series(
            [None if value is None else dt.date.fromisoformat(value) for value in values],
            dtype=pd.ArrowDtype(pa.date32()),
        )
    if kind == "INT64":
        return pd.Series([None if value is None else int(value) for value in values], dtype="Int64")
    return pd.Series(values, dtype=_SCALARS.get(kind, "object"))


def _array(element: str, values: list[Any], decimals: Decimals) -> np.ndarray[Any, Any]:
    if element == "DECIMAL" and decimals == "decimal":
        return np.array([None if value is None else decimal.Decimal(value) for value in values], dtype=object)
    if element in _NUMPY:
        return np.array([np.nan if value is None else float(value) for value in values], dtype=_NUMPY[element])
    return np.array(values, dtype=object)


def frame_of_parquet(path: str, decimals: Decimals, categories: bool, types: Mapping[str, str]) -> pd.DataFrame:
    """The file of a training set as a frame.

    Args:
        path: Where the file is.
        decimals: What a DECIMAL becomes.
        categories: Whether text becomes a category, as most learners take it.
        types: The feature type of each column by its name.
    """
    frame: pd.DataFrame = pq.read_table(path).to_pandas(
        types_mapper=_MAPPER.get, timestamp_as_object=False, date_as_object=False
    )
    for name in frame.columns:
        kind = types.get(name, "")
        if kind == "DECIMAL" and decimals == "float":
            frame[name] = pd.array([None if pd.isna(value) else float(value) for value in frame[name]], dtype="Float64")
        elif kind.startswith("ARRAY<"):
            element = kind.removeprefix("ARRAY<").removesuffix(">")
            frame[name] = pd.Series(
                [None if value is None else _array(element, list(value), decimals) for value in frame[name]],
                dtype=object,
            )
        elif categories and kind == "STRING":
            frame[name] = frame[name].astype("category")
    return frame


_MAPPER: dict[Any, Any] = {
    pa.int8(): pd.Int8Dtype(),
    pa.int16(): pd.Int16Dtype(),
    pa.int32(): pd.Int32Dtype(),
    pa.int64(): pd.Int64Dtype(),
    pa.float32(): pd.Float32Dtype(),
    pa.float64(): pd.Float64Dtype(),
    pa.bool_(): pd.BooleanDtype(),
    pa.string(): pd.StringDtype(),
    pa.date32(): pd.ArrowDtype(pa.date32()),
}


def columns_of(frame: pd.DataFrame | Mapping[str, Any]) -> dict[str, list[Any]]:
    """The columns of a frame as a server takes them in JSON.

    Raises:
        ValueError: An instant has no zone, or a value has no form in JSON.
    """
    columns = {name: frame[name] for name in frame.columns} if isinstance(frame, pd.DataFrame) else frame
    return {str(name): [_json(str(name), value) for value in values] for name, values in columns.items()}


def _json(name: str, value: Any) -> Any:
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, np.generic):
        value = value.item() if not isinstance(value, np.datetime64) else pd.Timestamp(value)
    if isinstance(value, float) and np.isnan(value):
        return None
    if isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return value if abs(value) <= _EXACT_IN_JSON else str(value)
    if isinstance(value, float | decimal.Decimal) and math.isinf(value):
        raise ValueError(f"column {name} has the value {value}, which has no form in JSON")
    if isinstance(value, float):
        return value
    if isinstance(value, decimal.Decimal):
        return None if value.is_nan() else format(value, "f")
    if isinstance(value, dt.datetime):
        if value.tzinfo is None:
            raise ValueError(
                f"column {name} has an instant without a zone: use {name}.dt.tz_localize('Asia/Shanghai') or the zone it was written in"
            )
        return value.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, list | tuple | np.ndarray):
        return [_json(name, element) for element in value]
    raise ValueError(f"column {name} has a value of type {type(value).__name__}, which has no form in JSON")
