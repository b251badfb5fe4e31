"""What the rows of a training set are asked for as."""

from __future__ import annotations

from riskgraph import LabelSpine, Riskgraph


def test_the_observations_of_a_label_are_asked_for_by_its_name() -> None:
    client = Riskgraph("http://127.0.0.1:1", "a-key")
    assert client._rows_of(LabelSpine("dpd30_6m@1")) == {"spineFromLabel": "dpd30_6m@1"}
