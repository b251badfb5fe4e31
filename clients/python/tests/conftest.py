"""A server that runs: RISKGRAPH_URL and RISKGRAPH_KEY say which."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from riskgraph import Riskgraph


@pytest.fixture(scope="session")
def rg() -> Iterator[Riskgraph]:
    if "RISKGRAPH_URL" not in os.environ or "RISKGRAPH_KEY" not in os.environ:
        pytest.skip("set RISKGRAPH_URL and RISKGRAPH_KEY to a server of `npm run demo`")
    with Riskgraph() as client:
        yield client
