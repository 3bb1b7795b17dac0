"""Pages of the process and mistyped queries are answered as by a real Mesos."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.support.mesos.rawclient import request
from tests.support.mesos.sides import Ours, Side, Theirs, both, shown

pytestmark = pytest.mark.oracle

PATHS = (
    *("/files/browse", "/files/browse?path=", "/files/browse?path=/x", "/files/browse?path=/master/log"),
    *("/files/read", "/files/read?path=", "/files/read?path=/x", "/files/read?path=/x&offset=y"),
    *("/files/read?path=/x&length=y", "/files/read?path=/x&offset=1.5", "/files/read?path=/x&offset="),
    *("/files/read?path=/x&offset=-1", "/files/read?path=/x&offset=-2", "/files/read?path=/x&length=-2"),
    *("/files/read?offset=y", "/files/download", "/files/download?path=", "/files/download?path=/x", "/files"),
    *("/logging", "/logging/toggle", "/logging/toggle?jsonp=x", "/logging/toggle/x", "/logging/toggle?level=1"),
    *(
        "/logging/toggle?duration=2secs",
        "/logging/toggle?level=x&duration=1secs",
        "/logging/toggle?level=&duration=1secs",
    ),
    *(
        "/logging/toggle?level=1.5&duration=1secs",
        "/logging/toggle?level=-1&duration=x",
        "/logging/toggle?level=x&duration=x",
    ),
    *("/logging/toggle?level=1&duration=x", "/logging/toggle?level=1&duration=", "/logging/toggle?level=1&duration=5"),
    *("/logging/toggle?level=1&duration=5parsecs", "/logging/toggle?level=1&duration=-1secs"),
    *("/metrics/snapshot?timeout=x", "/metrics/snapshot?timeout=", "/metrics/snapshot?timeout=5"),
    *("/metrics/snapshot?timeout=5parsecs", "/metrics/snapshot?timeout=1.5.2secs", "/metrics/snapshot?timeout=-1secs"),
    *("/tasks?limit=x", "/tasks?limit=-1", "/tasks?offset=x", "/tasks?order=up", "/tasks?framework_id=none"),
    *("/slaves?slave_id=x", "/frameworks?framework_id=x", "/files/debug/x?jsonp=f"),
)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", PATHS)
def test_a_page_is_that_of_mesos(theirs: Theirs, ours: Ours, path: str, method: str) -> None:
    """But for what is in it: the oracle's agent is the same process, and has files."""

    def play(side: Side) -> Any:
        status, headers, text = shown(side, request(side.port, method, path))
        return status, headers, re.sub(r"\{.*\}", "{}", text)

    both(theirs, ours, play)


def test_the_level_is_toggled_and_told_alike(theirs: Theirs, ours: Ours) -> None:
    def play(side: Side) -> Any:
        received = []
        for query in ("?level=2&duration=1hrs", "", "?level=0&duration=1hrs", ""):
            answer = request(side.port, "GET", f"/logging/toggle{query}")
            received.append((answer.status, answer.text, answer.headers.get("content-type")))
        return received

    both(theirs, ours, play)
