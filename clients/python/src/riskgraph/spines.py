"""Uploaded spines: rows of training sets that are too many for a request."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from .errors import RiskgraphError
from .transport import Transport

_TYPES = {
    ".parquet": "application/vnd.apache.parquet",
    ".csv": "text/csv",
    ".arrow": "application/vnd.apache.arrow.file",
    ".feather": "application/vnd.apache.arrow.file",
    ".arrows": "application/vnd.apache.arrow.stream",
}
#: A server takes no batch of any size.
_BATCH_ROWS = 100_000


@dataclass(frozen=True)
class LabelSpine:
    """The observations of a label as rows of a training set, sampled and split as its definition says."""

    #: name@version of a label that is defined on the server.
    label: str


@dataclass(frozen=True)
class Spine:
    """What a server took of an upload."""

    id: str
    rows: int
    #: The type of each column by its name.
    columns: dict[str, str]
    #: Column with the outcome of each row; ``None`` where there is none.
    target: str | None
    #: Number of rows that are not in the spine, and the first 20 of them with ``line``, ``column`` and ``reason``.
    rejected: int
    refused: list[dict[str, Any]]
    #: When the spine is dropped, unless a training set is made from it until then.
    expires_at: str

    def refuse_partial(self) -> None:
        """Raises a RiskgraphError where a row was refused."""
        if self.rejected == 0:
            return
        first = self.refused[0]
        raise RiskgraphError(
            "BAD_USER_INPUT",
            f"{self.rejected} rows of the spine are refused; row {first['line']}: {first['column'] or ''} {first['reason']}",
            "correct them, or upload_spine() and make the set of the rows that are taken",
        )


def upload(
    transport: Transport,
    spine: pd.DataFrame | str | os.PathLike[str],
    target: str | None,
    deadline: float | None = None,
) -> Spine:
    params = {} if target is None else {"target": target}
    if isinstance(spine, pd.DataFrame):
        with tempfile.TemporaryDirectory(prefix="riskgraph-") as folder:
            path = Path(folder) / "spine.arrows"
            _write(spine, path)
            return _send(transport, path, params, deadline)
    return _send(transport, Path(spine), params, deadline)


def _write(frame: pd.DataFrame, path: Path) -> None:
    for name in frame.columns:
        dtype = frame[name].dtype
        if isinstance(dtype, pd.DatetimeTZDtype) or getattr(dtype, "kind", "") != "M":
            continue
        raise ValueError(
            f"column {name} has an instant without a zone: use {name}.dt.tz_localize('Asia/Shanghai') or the zone it was written in"
        )
    table = pa.Table.from_pandas(frame, preserve_index=False)
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.OSFile(str(path), "wb") as out, pa.ipc.new_stream(out, table.schema, options=options) as writer:
        writer.write_table(table, max_chunksize=_BATCH_ROWS)


def _send(transport: Transport, path: Path, params: dict[str, str], deadline: float | None) -> Spine:
    kind = _TYPES.get(path.suffix.lower())
    if kind is None:
        raise ValueError(f"{path.name} ends in no format: the names of files end in {', '.join(_TYPES)}")
    with path.open("rb") as body:
        answer = transport.upload("/spines", body, kind, params, deadline)
    return Spine(
        id=answer["id"],
        rows=answer["rows"],
        columns={column["name"]: column["type"] for column in answer["columns"]},
        target=answer["target"],
        rejected=answer["rejected"],
        refused=answer["refused"],
        expires_at=answer["expiresAt"],
    )
