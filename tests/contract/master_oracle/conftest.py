"""A real Mesos 1.11.0 (`tests.support.mesos.oracle`) and our master, for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.mesos.oracle import Oracle
from tests.support.mesos.rawclient import Master
from tests.support.mesos.sides import Ours, Theirs


@pytest.fixture(scope="package")
def theirs() -> Iterator[Theirs]:
    oracle = Oracle(agents=1, allocation_interval="100ms")
    yield Theirs(oracle.port)
    oracle.stop()


@pytest.fixture(scope="package")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ours]:
    flags = ("--allocation_interval=100ms", "--agent_ping_timeout=1hrs")
    master = Master(tmp_path_factory.mktemp("oracle") / "work", *flags).start().leads()
    side = Ours(master)
    yield side
    side.agent.close()
    master.stop()
