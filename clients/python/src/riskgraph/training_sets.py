"""Point-in-time training sets: built by the server, read as a frame."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd

from .errors import RiskgraphError
from .frames import Decimals, frame_of_parquet
from .jobs import wait_for
from .transport import Transport

FIELDS = (
    "id name state progress rowCount features manifest downloadUrl error createdAt job { id } "
    "coverage { view present null stale notFound notComputed error } "
    "columns { name type nullRate distinct min max mean informationValue }"
)

_COVERAGE = ["view", "present", "null", "stale", "notFound", "notComputed", "error"]


class TrainingSet:
    """A training set of a server. It is read again when it is asked for something that it does not have yet."""

    def __init__(self, transport: Transport, answer: dict[str, Any]) -> None:
        self._transport = transport
        self._answer = answer

    @property
    def id(self) -> str:
        return str(self._answer["id"])

    @property
    def name(self) -> str:
        return str(self._answer["name"])

    @property
    def state(self) -> str:
        return str(self._answer["state"])

    @property
    def row_count(self) -> int | None:
        return self._answer.get("rowCount")

    @property
    def features(self) -> list[str]:
        """The features as view@version:feature, in the order of the columns."""
        return list(self._answer["features"])

    @property
    def manifest(self) -> dict[str, Any]:
        """How the set was made: enough to make it again. See ``content_hash`` and ``warnings`` in it."""
        return dict(self._answer.get("manifest") or {})

    @property
    def columns(self) -> pd.DataFrame:
        """The profile of each column: type, share of nulls, distinct values, range, mean, information value."""
        return pd.DataFrame(self._answer.get("columns") or []).set_index("name")

    @property
    def coverage(self) -> pd.DataFrame:
        """The rows by the status of each view: present, null, stale, notFound, notComputed, error."""
        counts = self._answer.get("coverage") or []
        return pd.DataFrame(counts, columns=_COVERAGE).set_index("view")

    def wait(self, timeout: float | None = None, progress: bool = True) -> TrainingSet:
        """Waits until the set is made.

        Args:
            timeout: Seconds to wait; ``None`` waits as long as it takes.
            progress: Whether to show the progress on standard error.

        Raises:
            RiskgraphError: The set cannot be made; the message says why.
            TimeoutError: It is not made yet; it goes on, and ``wait`` may be called again.
        """
        wait_for(self._transport, self._answer["job"]["id"], timeout, progress)
        self._read()
        return self

    def download(self, path: str | os.PathLike[str], *, deadline: float | None = None) -> Path:
        """Writes the file to ``path``, which is replaced once the file is whole.

        Args:
            path: Where to.
            deadline: Seconds until it is given up; ``None`` waits as long as the server sends.
        """
        url = self._answer.get("downloadUrl")
        if not url:
            self._read()
            url = self._answer.get("downloadUrl")
        if not url:
            hint = self._answer.get("error") or "wait() for it"
            raise RiskgraphError("CONFLICT", f"training set {self.id} has no file to read: it is {self.state}", hint)
        target = Path(path)
        part = target.with_name(f"{target.name}.{os.getpid()}.part")
        try:
            with self._transport.file(url, deadline) as chunks, part.open("wb") as out:
                for chunk in chunks:
                    out.write(chunk)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
        return target

    def to_pandas(self, decimals: Decimals = "float", categories: bool = True) -> pd.DataFrame:
        """The rows as a frame.

        Integers, floats and booleans are pandas' nullable types, instants have zone UTC, sequences are numpy arrays in which NaN is a masked
        place.

        Args:
            decimals: ``float`` gives what a learner takes, ``decimal`` the exact value.
            categories: Whether text becomes a category.
        """
        types = {column["name"]: column["type"] for column in self._answer.get("columns") or []}
        with tempfile.TemporaryDirectory(prefix="riskgraph-") as folder:
            frame = frame_of_parquet(str(self.download(Path(folder) / "set.parquet")), decimals, categories, types)
        frame.attrs["training_set"] = self.id
        frame.attrs["content_hash"] = self.manifest.get("contentHash")
        return frame

    def _read(self) -> None:
        answer = self._transport.read(f"query($id: ID!) {{ trainingSet(id: $id) {{ {FIELDS} }} }}", {"id": self.id})[
            "trainingSet"
        ]
        if answer is None:
            raise RiskgraphError("NOT_FOUND", f"the server has no training set {self.id}")
        self._answer = answer

    def __repr__(self) -> str:
        return f"TrainingSet({self.name!r}, id={self.id!r}, state={self.state}, rows={self.row_count})"
