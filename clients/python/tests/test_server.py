"""The client against a server that runs."""

from __future__ import annotations

import datetime as dt
import http.server
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from riskgraph import Riskgraph, RiskgraphError
from riskgraph.transport import Transport

FEATURES = ["loan_behaviour@1:max_dpd_3m", "customer_profile@1:monthly_income"]


@pytest.fixture(scope="module")
def spine(rg: Riskgraph) -> pd.DataFrame:
    """Ten customers of whom a loan is known, a day ago."""
    yesterday = (dt.datetime.now(dt.UTC) - dt.timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    rows = f"SELECT DISTINCT customer_id, toDateTime64('{yesterday}', 3) AS event_timestamp FROM loans ORDER BY customer_id LIMIT 10"
    made = rg.training_set(rows, FEATURES, name="python_spine", progress=False)
    return made.to_pandas(categories=False)[["customer_id", "event_timestamp"]]


def test_search_finds_a_feature_by_a_word_of_its_description(rg: Riskgraph) -> None:
    found = rg.search("dpd", entity="customer")
    assert "loan_behaviour@1:max_dpd_3m" in found.index
    assert found.loc["loan_behaviour@1:max_dpd_3m", "type"] == "INT32"


def test_a_training_set_from_a_frame_has_the_values_that_a_read_of_the_same_rows_has(
    rg: Riskgraph, spine: pd.DataFrame
) -> None:
    read = rg.features(spine, FEATURES, statuses=True)
    made = rg.training_set(spine, FEATURES, name="python_frame", statuses=True, progress=False).to_pandas(
        decimals="decimal", categories=False
    )
    assert len(made) == len(spine) == 10
    both = read.merge(made, on="customer_id", suffixes=("", "_set"))
    for name in ("loan_behaviour__max_dpd_3m", "customer_profile__monthly_income"):
        assert both[name].tolist() == both[f"{name}_set"].tolist()
    assert str(made["loan_behaviour__max_dpd_3m"].dtype) == "Int32"
    assert str(made["event_timestamp"].dtype).startswith("datetime64[ms, UTC")


def test_a_training_set_is_opened_again_with_its_hash(rg: Riskgraph, spine: pd.DataFrame) -> None:
    made = rg.training_set(spine, FEATURES, name="python_again", progress=False)
    again = rg.open_training_set(made.id)
    assert again.manifest["contentHash"] == made.manifest["contentHash"]
    assert again.row_count == 10


def test_scores_and_online_features_come_a_row_for_each_entity(rg: Riskgraph, spine: pd.DataFrame) -> None:
    customers = spine[["customer_id"]]
    scores = rg.score("b_score", customers, explain=True)
    assert scores["customer_id"].tolist() == customers["customer_id"].tolist()
    scored = scores[scores["status"] == "SCORED"]
    assert len(scored) > 0
    assert scored["probability"].between(0, 1).all()
    online = rg.online(customers, FEATURES, statuses=True)
    assert set(online["loan_behaviour@1:max_dpd_3m__status"]) <= {"PRESENT", "NULL", "STALE", "NOT_FOUND"}


def test_indicators_come_as_exact_numbers_with_the_reason_of_each_empty_cell(rg: Riskgraph) -> None:
    table = rg.indicators(["overdue_balance_rate_30"], "2026-01-01", "2026-01-31", components=True)
    assert list(table.columns) == [
        "period",
        "overdue_balance_rate_30",
        "overdue_balance_rate_30__num",
        "overdue_balance_rate_30__den",
    ]


def test_a_refusal_has_code_and_hint(rg: Riskgraph) -> None:
    with pytest.raises(RiskgraphError) as refused:
        rg.features({"customer_id": ["C1"], "event_timestamp": ["2026-03-01T00:00:00Z"]}, ["loan_behaviour@1:nothing"])
    assert refused.value.code in {"BAD_USER_INPUT", "NOT_FOUND"}
    assert refused.value.hint
    with pytest.raises(RiskgraphError, match="UNAUTHENTICATED"):
        Riskgraph(key="nobody-has-this-key-of-forty-characters!").search("dpd")


def test_a_set_that_cannot_be_made_says_why(rg: Riskgraph) -> None:
    with pytest.raises(RiskgraphError) as refused:
        rg.training_set("SELECT customer_id FROM loans", FEATURES, name="python_refused", progress=False)
    assert "event_timestamp" in str(refused.value)


def test_a_frame_beyond_a_request_is_uploaded_and_its_coverage_is_there(rg: Riskgraph, spine: pd.DataFrame) -> None:
    many = pd.concat([spine] * 1_001, ignore_index=True)
    made = rg.training_set(many, FEATURES, name="python_upload", allow_stale=True, progress=False)
    assert made.row_count == 10_010
    assert made.manifest["spine"]["id"]
    assert (made.coverage.sum(axis=1) == 10_010).all()
    few = rg.training_set(spine, FEATURES, name="python_few", allow_stale=True, progress=False).to_pandas(categories=False)
    first = made.to_pandas(categories=False).head(10)
    assert first["loan_behaviour__max_dpd_3m"].tolist() == few["loan_behaviour__max_dpd_3m"].tolist()


def test_an_upload_names_the_rows_that_are_refused(rg: Riskgraph, spine: pd.DataFrame) -> None:
    taken = rg.upload_spine(pd.concat([spine, pd.DataFrame({"customer_id": ["C1"]})], ignore_index=True))
    assert (taken.rows, taken.rejected) == (10, 1)
    assert taken.refused == [{"line": 11, "column": "event_timestamp", "reason": "has no value"}]
    with pytest.raises(RiskgraphError, match="1 rows of the spine are refused; row 11"):
        taken.refuse_partial()


def test_online_features_and_scores_have_the_index_of_the_frame(rg: Riskgraph, spine: pd.DataFrame) -> None:
    rows = spine[["customer_id"]].set_index(pd.Index([f"row {at}" for at in range(10)]))
    assert rg.online(rows, FEATURES).index.tolist() == rows.index.tolist()
    scores = rg.score("b_score", rows, explain=True)
    assert scores.index.tolist() == rows.index.tolist()
    assert scores["customer_id"].tolist() == rows["customer_id"].tolist()


def test_the_file_of_a_ca_of_ones_own_is_what_is_trusted(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="nothing.pem"):
        Riskgraph("https://127.0.0.1:9", "any-key", attempts=1, ca=tmp_path / "nothing.pem").search()


def test_a_server_that_is_not_there_is_named() -> None:
    with pytest.raises(RiskgraphError, match="no server answers at http://127.0.0.1:9"):
        Riskgraph("http://127.0.0.1:9", "any-key", attempts=1).search()


def test_a_server_that_is_silent_is_a_timeout_with_a_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("riskgraph.transport._GRACE_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(RiskgraphError, match="TIMEOUT: .* did not answer within the deadline"):
            Riskgraph(url, "any-key", deadline=0.1).search()


def test_a_file_that_breaks_off_or_takes_too_long_is_an_error_of_this_package(tmp_path: Path) -> None:
    def answer(text: bytes, stay: float) -> Transport:
        server = socket.create_server(("127.0.0.1", 0))

        def serve() -> None:
            with server, server.accept()[0] as connection:
                connection.recv(65_536)
                connection.sendall(text)
                time.sleep(stay)

        threading.Thread(target=serve, daemon=True).start()
        return Transport(f"http://127.0.0.1:{server.getsockname()[1]}", "any-key", None, 1)

    begun = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
    with (
        pytest.raises(RiskgraphError, match="STORE_UNAVAILABLE: the answer of .* broke off"),
        answer(begun, 0).file("/a") as chunks,
    ):
        list(chunks)
    with (
        pytest.raises(RiskgraphError, match="TIMEOUT: .* did not answer within the deadline"),
        answer(begun, 5).file("/a", 0.2) as chunks,
    ):
        list(chunks)
    body = tmp_path / "body"
    body.write_bytes(b"x" * 10)
    with body.open("rb") as spine, pytest.raises(RiskgraphError, match="TIMEOUT"):
        answer(b"", 5).upload("/spines", spine, "text/csv", {}, deadline=0.2)


@pytest.fixture
def busy() -> Iterator[tuple[str, list[str]]]:
    """A server that answers everything with OVERLOADED: where it is, and the path of each request."""
    asked: list[str] = []

    class Busy(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.path)
            self.rfile.read(int(self.headers["Content-Length"]))
            body = b'{"errors": [{"message": "busy", "extensions": {"code": "OVERLOADED"}}]}'
            self.send_response(503)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return None

    server = http.server.HTTPServer(("127.0.0.1", 0), Busy)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/risk/", asked
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("document", "sent"),
    [
        ("mutation { applyRegistry { id } }", 1),
        ("fragment F on Job { id } mutation($a: In = {b: 1}) { applyRegistry { ...F } }", 1),
        ("# a }\nquery { job(id: \"} mutation {\") { id } }", 2),
        ('{ job(id: """} mutation \\""" {""") { mutation } }', 2),
    ],
)
def test_a_document_with_a_mutation_is_sent_once_and_a_query_again(
    busy: tuple[str, list[str]], document: str, sent: int
) -> None:
    url, asked = busy
    with Riskgraph(url, "any-key", attempts=2) as client, pytest.raises(RiskgraphError, match="OVERLOADED"):
        client.graphql(document)
    assert asked == ["/risk/graphql"] * sent


def test_an_instant_that_is_missing_is_refused_before_it_means_now() -> None:
    with Riskgraph("http://127.0.0.1:9", "any-key") as client, pytest.raises(ValueError, match="as_of is NaT"):
        client.indicators(["new_loans"], "2026-01-01", "2026-01-31", as_of=pd.NaT)
