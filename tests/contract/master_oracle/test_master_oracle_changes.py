"""Operators change reservations as with a real Mesos."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dcos_runtime.wire import internal
from tests.support.mesos import operator_changes
from tests.support.mesos.rawclient import Master, request
from tests.support.mesos.sides import Ours, Side, Theirs, shown

pytestmark = pytest.mark.oracle


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ours]:
    """Its agent knows operations."""
    work: Path = tmp_path_factory.mktemp("changes") / "work"
    master = Master(work, "--allocation_interval=100ms", "--agent_ping_timeout=1hrs").start().leads()
    side = Ours(master, version=max(internal.SPOKEN))
    yield side
    side.agent.close()
    master.stop()


def answer(side: Side, asked: operator_changes.Request) -> Any:
    method, path, headers, body = asked
    sent = request(side.port, method, path, headers, body.replace(b"AGENT", side.agent_id.encode()))
    status, answered, text = shown(side, sent)
    text = re.sub(r"at slave\(1\)@[^)]*\)", "at …", text)
    if status == 409:  # what there is, in no order
        have, _, wanted = text.partition(" does not contain ")
        text = f"{sorted(have.split('; '))} does not contain {wanted}"
    if status == 200:
        text = re.sub(r"\{.*\}", lambda found: json.dumps(_in_order(json.loads(found[0]))), text)
    return status, answered, text


def _in_order(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _in_order(item) for name, item in sorted(value.items())}
    if isinstance(value, list):
        return sorted(map(_in_order, value), key=json.dumps)
    return value


def test_each_request_about_reservations_is_answered_as_by_mesos(theirs: Theirs, own: Ours) -> None:
    for asked in operator_changes.RESERVATIONS:
        assert answer(own, asked) == answer(theirs, asked), asked


def test_each_request_about_weights_is_answered_as_by_mesos(theirs: Theirs, own: Ours) -> None:
    for asked in operator_changes.WEIGHTS:
        assert answer(own, asked) == answer(theirs, asked), asked


def test_each_request_about_quotas_is_answered_as_by_mesos(theirs: Theirs, own: Ours) -> None:
    for asked in operator_changes.QUOTAS:
        assert answer(own, asked) == answer(theirs, asked), asked
