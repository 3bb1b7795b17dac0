"""The contender on a clock of the test's, with a ZooKeeper that answers at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from kazoo.exceptions import BadVersionError, NoNodeError

from dcos_runtime.store.election import ZooKeeperContender
from dcos_runtime.store.lease import BEAT, Lease, LeaseState

NODE = "json.info_0000000001"
PATH = "/mesos"
EPOCH = "/dcos/mesos/epoch"


class ZooKeeper:
    """A session whose connection was opened at ``opened``, and what stands there."""

    timeout = 10.0

    def __init__(self, now: float) -> None:
        self.now = now
        self.opened = now
        self.reconnected = 0
        self.takes = 0.0
        self.versions = {f"{PATH}/{NODE}": 0, EPOCH: 3}
        self.nodes = [NODE]

    def listen(self, _: Callable[[str], None]) -> None:
        pass

    async def connected(self) -> None:
        pass

    def reconnect(self) -> None:
        self.reconnected += 1
        self.now += self.takes
        self.opened = self.now

    async def call(self, work: Any) -> Any:
        return NODE if work.__name__ == "_enter" else list(self.nodes)

    def confirm(self, checks: Sequence[tuple[str, int]]) -> asyncio.Future[None]:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.now += self.takes
        for path, version in checks:
            if path not in self.versions:
                future.set_exception(NoNodeError(path))
                return future
            if version not in (-1, self.versions[path]):
                future.set_exception(BadVersionError(path))
                return future
        future.set_result(None)
        return future


def standing(zookeeper: ZooKeeper) -> ZooKeeperContender:
    session: Any = zookeeper
    contender = ZooKeeperContender(session, PATH, b"m1")
    contender.lease = Lease(lambda: zookeeper.now)
    return contender


@pytest.mark.parametrize("age", [0.0, 0.3, 0.5, 0.6, 0.75, 0.9, 0.97, 0.98, 1.5, 100.0])
async def test_whoever_is_elected_is_not_suspended_while_zookeeper_answers_every_beat(age: float) -> None:
    zookeeper = ZooKeeper(1000.0)
    zookeeper.now += age * zookeeper.timeout  # the connection's age at the election
    contender = standing(zookeeper)
    await contender.elected()
    assert contender.lease.valid()
    for _ in range(40):
        zookeeper.now += zookeeper.timeout * BEAT
        assert contender.lease.valid()
        await contender._confirm()
    assert not contender.lease.suspensions
    assert zookeeper.reconnected <= 1
    await contender.close()


async def test_a_zookeeper_that_is_slow_is_not_connected_to_for_ever_before_an_election() -> None:
    zookeeper = ZooKeeper(1000.0)
    zookeeper.takes = 0.3 * zookeeper.timeout  # a connection and a confirmation leave little of a session
    contender = standing(zookeeper)
    async with asyncio.timeout(240):
        await contender.elected()
    assert contender.lease.valid() and zookeeper.reconnected <= 1
    await contender.close()


@pytest.mark.parametrize(
    ("happens", "why"),
    [
        (lambda zk: zk.versions.pop(f"{PATH}/{NODE}"), "our node at /mesos was taken away"),
        (lambda zk: zk.versions.pop(EPOCH), "/dcos/mesos/epoch, which names the owner of the store, was removed"),
        (lambda zk: zk.versions.update({EPOCH: 4}), "another has taken over since: /dcos/mesos/epoch was changed"),
    ],
)
async def test_the_reason_names_what_was_taken(happens: Callable[[ZooKeeper], None], why: str) -> None:
    zookeeper = ZooKeeper(1000.0)
    contender = standing(zookeeper)
    await contender.elected()
    contender.guard(EPOCH, 3)
    happens(zookeeper)
    await contender._beat()
    assert contender.lease.state is LeaseState.OVER
    assert contender.lease.why == why
    await contender.close()
