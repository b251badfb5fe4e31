"""Background jobs of a server."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import Any, TextIO

from .errors import RiskgraphError
from .transport import Transport

FIELDS = "id name state progress result error"
_OPEN = {"WAITING", "ACTIVE"}
_POLL_SECONDS = 0.25
_SLOWEST_POLL_SECONDS = 2.0


@dataclass(frozen=True)
class Job:
    """A job as it was when it was read."""

    id: str
    name: str
    state: str
    #: 0 to 1.
    progress: float
    result: Any
    error: str | None

    @property
    def is_open(self) -> bool:
        return self.state in _OPEN


def wait_for(
    transport: Transport, job_id: str, timeout: float | None, progress: bool, out: TextIO | None = None
) -> Job:
    """Waits until a job has ended, and shows how far it is.

    Raises:
        RiskgraphError: The job failed or was cancelled.
        TimeoutError: It has not ended after ``timeout`` seconds; it goes on.
    """
    out = out or sys.stderr
    deadline = None if timeout is None else time.monotonic() + timeout
    pause = _POLL_SECONDS
    shown = ""
    while True:
        job = Job(**transport.read(f"query($id: ID!) {{ job(id: $id) {{ {FIELDS} }} }}", {"id": job_id})["job"])
        line = f"{job.name} {job.progress:.0%}"
        if progress and line != shown:
            out.write(f"\r{line}" if out.isatty() else f"{line}\n")
            out.flush()
            shown = line
        if not job.is_open:
            break
        if deadline is not None and time.monotonic() + pause > deadline:
            raise TimeoutError(f"job {job_id} has not ended after {timeout:g} s; it goes on")
        time.sleep(pause)
        pause = min(pause * 1.3, _SLOWEST_POLL_SECONDS)
    if progress and out.isatty():
        out.write("\n")
    if job.state != "COMPLETED":
        raise RiskgraphError(
            f"JOB_{job.state}", job.error or f"job {job_id} was {job.state.lower()}", f"see job {job_id}"
        )
    return job
