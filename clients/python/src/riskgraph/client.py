"""The client: one method for each thing that a modeler does."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import pandas as pd

from . import spines, training_sets
from .frames import Decimals, columns_of, frame_of, series_of
from .jobs import FIELDS as JOB_FIELDS
from .jobs import Job, wait_for
from .spines import LabelSpine, Spine
from .training_sets import TrainingSet
from .transport import Transport, url_and_key

Columns = pd.DataFrame | Mapping[str, Sequence[Any]]
Instant = str | dt.datetime
Day = str | dt.date
StalePolicy = Literal["RETURN", "NULL"]
HistoryPolicy = Literal["STORED", "COMPUTE"]


class Riskgraph:
    """A Riskgraph server.

    Args:
        url: Where it is; without it ``RISKGRAPH_URL``, or ``http://127.0.0.1:4000``.
        key: The API key; without it ``RISKGRAPH_KEY``.
        deadline: Seconds within which a read must be answered; ``None`` leaves it to the server, and gives a silent one up after ten minutes.
        attempts: How often the client sends a read that the server refuses for now, the first time included. It sends a change once.
        ca: A file with the certificates of a CA of your own; without it ``RISKGRAPH_CA``, or the public ones.
    """

    def __init__(
        self,
        url: str | None = None,
        key: str | None = None,
        *,
        deadline: float | None = 60.0,
        attempts: int = 4,
        ca: str | os.PathLike[str] | None = None,
    ) -> None:
        url, key = url_and_key(url, key)
        trusted = ca or os.environ.get("RISKGRAPH_CA")
        self._transport = Transport(url, key, deadline, attempts, None if trusted is None else os.fspath(trusted))

    def __enter__(self) -> Riskgraph:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connection."""
        self._transport.close()

    def search(
        self, text: str | None = None, *, entity: str | None = None, tag: str | None = None, owner: str | None = None
    ) -> pd.DataFrame:
        """Finds features by words of their names and descriptions, a row a feature, its reference as the index."""
        found: list[dict[str, Any]] = []
        before = None
        while True:
            page = self._transport.read(
                """query($search: String, $entity: String, $tag: String, $owner: String, $before: ID) {
                  features(search: $search, entity: $entity, tag: $tag, owner: $owner, before: $before, limit: PAGE) {
                    reference feature { type unit description tags } view { entity owner } } }""".replace(
                    "PAGE", str(_PAGE)
                ),
                {"search": text, "entity": entity, "tag": tag, "owner": owner, "before": before},
            )["features"]
            found += [{"reference": one["reference"], **one["feature"], **one["view"]} for one in page]
            if len(page) < _PAGE:
                break
            before = page[-1]["reference"]
        names = ["reference", "type", "unit", "description", "entity", "owner", "tags"]
        return pd.DataFrame(found, columns=names).set_index("reference")

    def features(
        self,
        spine: Columns,
        features: Sequence[str] | None = None,
        *,
        service: str | None = None,
        statuses: bool = False,
        event_times: bool = False,
        stale: StalePolicy = "RETURN",
        decimals: Decimals = "decimal",
    ) -> pd.DataFrame:
        """Features as they were known at each row's instant.

        Args:
            spine: The join keys, ``event_timestamp`` with a zone, and pass-through columns, which are also the request inputs of on-demand
                features. At most 10,000 rows; :meth:`training_set` takes more.
            features: References, view@version:feature. Give these or a service.
            service: A service, name@version.
            statuses: Whether to add ``<column>__status``.
            event_times: Whether to add ``<column>__event_time``.
            stale: Whether a value older than the ``maxAge`` of its view is given or is NULL.
            decimals: What a DECIMAL becomes.

        Returns:
            A row for each row of the spine, in its order, with the index of the spine where it is a frame.
        """
        answer = self._transport.read(
            """query($service: String, $features: [String!], $spine: JSONObject!, $statuses: Boolean!, $times: Boolean!, $stale: StalePolicy!) {
              historicalFeatures(service: $service, features: $features, spine: $spine, includeStatuses: $statuses, includeEventTimes: $times,
                stalePolicy: $stale) { columns { name type unit description masked } rows } }""",
            {
                "service": service,
                "features": _list(features),
                "spine": columns_of(spine),
                "statuses": statuses,
                "times": event_times,
                "stale": stale,
            },
        )["historicalFeatures"]
        return _indexed(frame_of(answer["columns"], answer["rows"], decimals), spine)

    def training_set(
        self,
        spine: Columns | str | Spine | LabelSpine,
        features: Sequence[str] | None = None,
        *,
        name: str,
        service: str | None = None,
        label: str | None = None,
        as_of: Instant | None = None,
        statuses: bool = False,
        event_times: bool = False,
        stale: StalePolicy = "RETURN",
        allow_stale: bool = False,
        history: HistoryPolicy = "STORED",
        wait: bool = True,
        progress: bool = True,
    ) -> TrainingSet:
        """Builds a training set that cannot leak the future.

        Args:
            spine: Rows as :meth:`features` takes them, a SELECT of the join keys and ``event_timestamp`` over the source tables, what
                :meth:`upload_spine` gave, or a ``LabelSpine``: the observations of a label. A frame of more than 10,000 rows, or with a column ``target``, is uploaded.
            features: References, view@version:feature. Give these or a service.
            name: What the set is called.
            service: A service, name@version.
            label: A label to join: its value, and when it was known. A ``LabelSpine`` brings its own where no other is named.
            as_of: What was known then; without it, now.
            statuses: Whether to add the status of each value.
            event_times: Whether to add the event time of each view.
            stale: Whether a value older than the ``maxAge`` of its view is given or is NULL.
            allow_stale: Whether to make the set though a view was not computed, or long ago, at the instants of many rows.
            history: ``COMPUTE`` computes the as-ofs first that the rows need and that are missing, within what the operator allows.
            wait: Whether to wait until the set is made.
            progress: Whether to show the progress on standard error.

        Raises:
            RiskgraphError: The set is refused or cannot be made; the message says why.
        """
        rows = self._rows_of(spine)
        answer = self._transport.change(
            f"mutation($input: TrainingSetInput!) {{ createTrainingSet(input: $input) {{ {training_sets.FIELDS} }} }}",
            {
                "input": {
                    **rows,
                    "name": name,
                    "service": service,
                    "features": _list(features),
                    "label": label,
                    "asOf": _instant(as_of),
                    "includeStatuses": statuses,
                    "includeEventTimes": event_times,
                    "stalePolicy": stale,
                    "allowStale": allow_stale,
                    "history": history,
                    "format": "PARQUET",
                }
            },
        )["createTrainingSet"]
        made = TrainingSet(self._transport, answer)
        return made.wait(progress=progress) if wait else made

    def upload_spine(
        self,
        spine: pd.DataFrame | str | os.PathLike[str],
        *,
        target: str | None = None,
        deadline: float | None = None,
    ) -> Spine:
        """Uploads the rows of training sets, however many: a frame, or a Parquet, CSV or Arrow file.

        Args:
            spine: The join keys, ``event_timestamp`` with a zone, and pass-through columns.
            target: The column with an outcome of your own, beside ``known_at``; without it ``target``, where there is one.
            deadline: Seconds until the upload is given up; ``None`` waits as long as the server takes what is sent.

        Returns:
            What the server took, with the rows that it refused.
        """
        return spines.upload(self._transport, spine, target, deadline)

    def _rows_of(self, spine: Columns | str | Spine | LabelSpine) -> dict[str, Any]:
        if isinstance(spine, str):
            return {"spineSql": spine}
        if isinstance(spine, Spine):
            return {"spineId": spine.id}
        if isinstance(spine, LabelSpine):
            return {"spineFromLabel": spine.label}
        if isinstance(spine, pd.DataFrame) and (len(spine) > _INLINE_ROWS or "target" in spine.columns):
            uploaded = self.upload_spine(spine)
            uploaded.refuse_partial()
            return {"spineId": uploaded.id}
        return {"spine": columns_of(spine)}

    def open_training_set(self, id: str) -> TrainingSet:
        """A training set that was created before."""
        made = TrainingSet(self._transport, {"id": id})
        made._read()
        return made

    def backfill_estimate(self, views: Sequence[str], start: Day, end: Day) -> dict[str, Any]:
        """What a backfill of the views would compute and store, both days included."""
        estimate: dict[str, Any] = self._transport.read(
            """query($views: [String!]!, $from: Date!, $to: Date!) {
              backfillEstimate(views: $views, from: $from, to: $to) {
                asOfs rows seconds notes views { view from asOfs done empty rows seconds clampedTo } } }""",
            {"views": list(views), "from": _day(start), "to": _day(end)},
        )["backfillEstimate"]
        return estimate

    def online(
        self,
        entities: Columns,
        features: Sequence[str] | None = None,
        *,
        service: str | None = None,
        request: Columns | None = None,
        statuses: bool = False,
        stale: StalePolicy = "RETURN",
        decimals: Decimals = "decimal",
    ) -> pd.DataFrame:
        """The newest features, as a decision reads them, with the index of the entities; ``statuses`` adds a column with each value's status."""
        answer = self._transport.read(
            """query($service: String, $features: [String!], $entities: JSONObject!, $request: JSONObject, $stale: StalePolicy!) {
              onlineFeatures(service: $service, features: $features, entities: $entities, request: $request, stalePolicy: $stale) {
                columns { name type values statuses } } }""",
            {
                "service": service,
                "features": _list(features),
                "entities": columns_of(entities),
                "request": None if request is None else columns_of(request),
                "stale": stale,
            },
        )["onlineFeatures"]
        frame = pd.DataFrame(columns_of(entities))
        for column in answer["columns"]:
            frame[column["name"]] = series_of(column["type"], column["values"], decimals)
            if statuses:
                frame[f"{column['name']}__status"] = pd.Categorical(column["statuses"])
        return _indexed(frame, entities)

    def score(
        self, model: str, entities: Columns, *, request: Columns | None = None, explain: bool = False
    ) -> pd.DataFrame:
        """Scores rows now, a row each.

        Args:
            model: ``name`` for its champion, or ``name@version``.
            entities: The join keys of each row.
            request: The request inputs of on-demand features.
            explain: Whether to add ``contributions``, a dictionary of feature and the log-odds of bad that it adds: above 0 is riskier.

        Returns:
            The entities, with their index, and ``status``, ``probability`` of bad (0 to 1), ``points`` (high is safe), ``band``, ``missing``, ``stale``, ``error``.
        """
        answer = self._transport.read(
            """query($model: String!, $entities: JSONObject!, $request: JSONObject, $explain: Boolean!) {
              score(model: $model, entities: $entities, request: $request, explain: $explain) {
                model { name version }
                scores { status probability points band missing stale oldestInput error scoredAt contributions { feature contribution } } } }""",
            {
                "model": model,
                "entities": columns_of(entities),
                "request": None if request is None else columns_of(request),
                "explain": explain,
            },
        )["score"]
        scores = answer["scores"]
        frame = pd.DataFrame(columns_of(entities))
        for name, kind in _SCORE.items():
            frame[name] = series_of(kind, [score[name] for score in scores])
        frame["status"] = frame["status"].astype("category")
        for name in ("missing", "stale"):
            frame[name] = pd.Series([score[name] for score in scores], dtype=object)
        if explain:
            parts = [
                {part["feature"]: part["contribution"] for part in score["contributions"] or []} for score in scores
            ]
            frame["contributions"] = pd.Series(parts, dtype=object)
        frame.attrs["model"] = f"{answer['model']['name']}@{answer['model']['version']}"
        return _indexed(frame, entities)

    def indicators(
        self,
        names: Sequence[str],
        start: Day,
        end: Day,
        *,
        by: Sequence[str] | None = None,
        grain: str = "MONTH",
        filters: Sequence[Mapping[str, Any]] | None = None,
        compare: str | None = None,
        components: bool = False,
        as_of: Instant | None = None,
        decimals: Decimals = "decimal",
    ) -> pd.DataFrame:
        """Management indicators by period and group; why a cell is empty is in ``frame.attrs["nulls"]``."""
        answer = self._transport.read(
            """query($names: [String!]!, $by: [String!], $grain: TimeGrain!, $from: Date!, $to: Date!, $filters: [IndicatorFilter!],
                $compare: Comparison, $components: Boolean!, $asOf: DateTime) {
              indicatorTable(names: $names, by: $by, grain: $grain, from: $from, to: $to, filters: $filters, compare: $compare,
                components: $components, asOf: $asOf) {
                columns { name type unit description masked } rows nulls { row column reason } dataThrough } }""",
            {
                "names": list(names),
                "by": _list(by),
                "grain": grain,
                "from": _day(start),
                "to": _day(end),
                "filters": _list(filters),
                "compare": compare,
                "components": components,
                "asOf": _instant(as_of),
            },
        )["indicatorTable"]
        frame = frame_of(answer["columns"], answer["rows"], decimals)
        frame.attrs["nulls"] = answer["nulls"]
        frame.attrs["data_through"] = answer["dataThrough"]
        return frame

    def job(self, id: str) -> Job | None:
        """A background job as it is now; ``None`` where there is no such job."""
        answer = self._transport.read(f"query($id: ID!) {{ job(id: $id) {{ {JOB_FIELDS} }} }}", {"id": id})["job"]
        return None if answer is None else Job(**answer)

    def wait_for(self, job: Job | str, *, timeout: float | None = None, progress: bool = True) -> Job:
        """Waits until a job has ended.

        Raises:
            RiskgraphError: It failed or was cancelled.
            TimeoutError: It has not ended after ``timeout`` seconds; it goes on.
        """
        return wait_for(self._transport, job if isinstance(job, str) else job.id, timeout, progress)

    def graphql(self, document: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The data of any query or mutation, for what has no method here. It sends a document with a mutation once."""
        return self._transport.send(document, variables)


def _indexed(frame: pd.DataFrame, rows: Columns) -> pd.DataFrame:
    """The frame with the index of the rows that it answers."""
    if isinstance(rows, pd.DataFrame):
        frame.index = rows.index
    return frame


#: The most rows that a request holds.
_INLINE_ROWS = 10_000
#: The most that a page of the catalogue holds.
_PAGE = 500

_SCORE: dict[str, str] = {
    "status": "STRING",
    "probability": "FLOAT64",
    "points": "INT32",
    "band": "STRING",
    "error": "STRING",
    "oldestInput": "TIMESTAMP",
    "scoredAt": "TIMESTAMP",
}


def _list(values: Sequence[Any] | None) -> list[Any] | None:
    return None if values is None else list(values)


def _day(day: Day) -> str:
    return day if isinstance(day, str) else day.isoformat()[:10]


def _instant(instant: Instant | None) -> str | None:
    if instant is None or isinstance(instant, str):
        return instant
    if pd.isna(instant):
        raise ValueError("as_of is NaT: give an instant, or None for what is known now")
    if instant.tzinfo is None:
        raise ValueError("as_of has no zone: write it as '2026-03-01T09:00:00+08:00', or give it a tzinfo")
    return instant.isoformat(timespec="milliseconds")
