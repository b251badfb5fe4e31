"""Requests to a server: one kept connection a thread, deadlines, and retries of what changes nothing."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO

import requests

from .errors import RiskgraphError

#: Answers after which the same read may be sent again: the server says that it did nothing.
_AGAIN = {429, 503}
#: The server ends a read at its deadline; a connection that is silent for longer than that is given up.
_GRACE_SECONDS = 5.0
#: What has no deadline, a change or a file, is given up when the server says nothing for so long.
_SILENT_SECONDS = 600.0

#: Text of a document in which a brace or a word means nothing: block strings, strings, comments.
_TEXT = re.compile(r'"""(?:\\"""|.)*?"""|"(?:\\.|[^"\\])*"|#[^\n\r]*', re.DOTALL)
#: What lies within braces that hold no others.
_INNERMOST = re.compile(r"\{[^{}]*\}")
#: An operation begins the document, or follows what ended before it.
_MUTATION = re.compile(r"(?:^|;)[\s,\ufeff]*mutation\b")


class Transport:
    """Sends GraphQL documents and reads files.

    Args:
        url: Where the server is.
        key: The API key, sent as a bearer token.
        deadline: Seconds within which a read must be answered; ``None`` leaves it to the server.
        attempts: How often a read is sent, the first time included. A change is sent once.
        ca: A file with the certificates to trust in place of the public ones.
    """

    def __init__(self, url: str, key: str, deadline: float | None, attempts: int, ca: str | None = None) -> None:
        self.url = url.rstrip("/")
        self._deadline = deadline
        self._attempts = attempts
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {key}"
        # A .netrc would replace the key without a word.
        self._session.trust_env = False
        if ca is not None:
            self._session.verify = ca

    def send(self, document: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Sends a document that the caller wrote: a change once, a read again where it is refused for now."""
        return self.change(document, variables) if _is_change(document) else self.read(document, variables)

    def read(self, document: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Asks a query; where the server refuses it before it begins, asks again."""
        headers = {} if self._deadline is None else {"X-Deadline-Ms": str(int(self._deadline * 1000))}
        for attempt in range(1, self._attempts + 1):
            try:
                response = self._post(document, variables, headers)
            except requests.exceptions.SSLError as cause:
                raise _untrusted(self.url) from cause
            except requests.ConnectionError as cause:
                if attempt == self._attempts:
                    raise _unreachable(self.url) from cause
                time.sleep(_pause(attempt, None))
                continue
            except requests.Timeout as cause:
                raise _silent(self.url) from cause
            if response.status_code not in _AGAIN or attempt == self._attempts:
                return _data_of(response)
            time.sleep(_pause(attempt, response.headers.get("Retry-After")))
        raise AssertionError("a read has at least one attempt")

    def change(self, document: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Sends a mutation once: an answer that is lost does not say whether it was done."""
        with _named(self.url):
            return _data_of(self._post(document, variables, {}))

    def upload(
        self,
        path: str,
        body: BinaryIO,
        content_type: str,
        params: Mapping[str, str],
        deadline: float | None = None,
    ) -> dict[str, Any]:
        """Sends a file as the body of a request, once.

        Args:
            deadline: Seconds until it is given up; ``None`` waits as long as the server takes what is sent.
        """
        until = _Until(self.url, deadline)
        with _named(self.url):
            response = self._session.post(
                self.url + path,
                data=body if deadline is None else _Body(body, until),
                params=dict(params),
                headers={"Content-Type": content_type},
                timeout=(10, until.silence()),
            )
        if response.status_code != 200:
            raise RiskgraphError.of_http(response.status_code, _json_of(response))
        answer: dict[str, Any] = response.json()
        return answer

    @contextmanager
    def file(self, path: str, deadline: float | None = None) -> Iterator[Iterator[bytes]]:
        """The chunks of a file of the server; a file that breaks off is an error, never a shorter file.

        Args:
            deadline: Seconds until it is given up; ``None`` waits as long as the server sends.
        """
        until = _Until(self.url, deadline)
        with _named(self.url):
            response = self._session.get(self.url + path, stream=True, timeout=(10, until.silence()))
        with response:
            if response.status_code != 200:
                raise RiskgraphError.of_http(response.status_code, _json_of(response))
            yield _chunks_of(response, until)

    def close(self) -> None:
        self._session.close()

    def _post(
        self, document: str, variables: Mapping[str, Any] | None, headers: Mapping[str, str]
    ) -> requests.Response:
        has_deadline = self._deadline is not None and "X-Deadline-Ms" in headers
        silent = (self._deadline or 0) + _GRACE_SECONDS if has_deadline else _SILENT_SECONDS
        return self._session.post(
            f"{self.url}/graphql",
            json={"query": document, "variables": dict(variables or {})},
            headers=dict(headers),
            timeout=(10, silent),
        )


class _Until:
    """How long a file may still take."""

    def __init__(self, url: str, deadline: float | None) -> None:
        self.url = url
        self._ends = None if deadline is None else time.monotonic() + deadline

    def check(self) -> None:
        if self._ends is not None and time.monotonic() >= self._ends:
            raise _silent(self.url)

    def silence(self) -> float:
        """Seconds for which the server may say nothing."""
        left = _SILENT_SECONDS if self._ends is None else self._ends - time.monotonic()
        return max(0.001, min(_SILENT_SECONDS, left))


class _Body:
    """A file that is sent until its deadline."""

    def __init__(self, body: BinaryIO, until: _Until) -> None:
        self._body = body
        self._until = until
        self._size = os.fstat(body.fileno()).st_size - body.tell()

    def __len__(self) -> int:
        return self._size

    def read(self, size: int = -1) -> bytes:
        self._until.check()
        return self._body.read(size)


def _chunks_of(response: requests.Response, until: _Until) -> Iterator[bytes]:
    chunks = response.iter_content(1 << 20)
    while True:
        with _named(until.url):
            chunk = next(chunks, None)
        if chunk is None:
            return
        until.check()
        yield chunk


@contextmanager
def _named(url: str) -> Iterator[None]:
    """Gives what goes wrong on the way to the server and back the errors of this package."""
    try:
        yield
    except requests.exceptions.SSLError as cause:
        raise _untrusted(url) from cause
    except requests.Timeout as cause:
        raise _silent(url) from cause
    except requests.exceptions.ChunkedEncodingError as cause:
        raise _broken_off(url) from cause
    except requests.ConnectionError as cause:
        # A body that is silent for too long ends as a lost connection.
        if "timed out" in str(cause).lower():
            raise _silent(url) from cause
        raise _unreachable(url) from cause


def _is_change(document: str) -> bool:
    """Whether a document holds a mutation, which must not be sent twice."""
    outer, braces = _TEXT.sub(" ", document), 1
    while braces:
        outer, braces = _INNERMOST.subn(";", outer)
    return _MUTATION.search(outer) is not None


def url_and_key(url: str | None, key: str | None) -> tuple[str, str]:
    """The server and the key that were given, or those of ``RISKGRAPH_URL`` and ``RISKGRAPH_KEY``.

    Raises:
        ValueError: There is no key.
    """
    key = key or os.environ.get("RISKGRAPH_KEY")
    if not key:
        raise ValueError("there is no API key: give key=…, or set RISKGRAPH_KEY to the key of a modeler")
    return url or os.environ.get("RISKGRAPH_URL") or "http://127.0.0.1:4000", key


def _data_of(response: requests.Response) -> dict[str, Any]:
    body = _json_of(response)
    if isinstance(body, dict) and body.get("errors"):
        raise RiskgraphError.of_graphql(body["errors"][0])
    if response.status_code != 200 or not isinstance(body, dict) or "data" not in body:
        raise RiskgraphError.of_http(response.status_code, body)
    data: dict[str, Any] = body["data"]
    return data


def _json_of(response: requests.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return None


def _pause(attempt: int, retry_after: str | None) -> float:
    if retry_after and retry_after.isdigit():
        return min(float(retry_after), 60.0)
    return float(min(0.2 * 2**attempt, 5.0))


def _untrusted(url: str) -> RiskgraphError:
    return RiskgraphError(
        "STORE_UNAVAILABLE",
        f"the certificate of {url} is not trusted",
        "give ca=…, or set RISKGRAPH_CA, to the file of the CA that signed it",
    )


def _unreachable(url: str) -> RiskgraphError:
    return RiskgraphError(
        "STORE_UNAVAILABLE", f"no server answers at {url}", "start it with `npm start`, or give url=…"
    )


def _broken_off(url: str) -> RiskgraphError:
    return RiskgraphError(
        "STORE_UNAVAILABLE", f"the answer of {url} broke off", "read it again; see the server's /readyz where it does so again"
    )


def _silent(url: str) -> RiskgraphError:
    return RiskgraphError(
        "TIMEOUT", f"{url} did not answer within the deadline", "give a longer deadline, or see the server's /readyz"
    )
