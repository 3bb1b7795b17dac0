"""Two package managers on a real ZooKeeper: the leader is killed at work, and what was started is finished."""

from __future__ import annotations

import contextlib
import http.client
import random
import threading
import time
from collections.abc import Iterator

import pytest

from tests.support.cosmos.client import Client
from tests.support.cosmos.pair import Pair, Storm, pair
from tests.support.daemons.byhand import wait_for


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with pair(tmp_path_factory.mktemp("pair")) as one:
        yield one
        for daemon in one.daemons:
            text = daemon.log.read_text()
            assert "Traceback" not in text, text


def test_what_was_begun_is_finished_or_was_not_begun_when_the_leader_is_killed(made: Pair) -> None:
    storm = Storm(made, seed=11)
    storm.run("plain", "commons")
    print("\n".join(storm.told))


def test_of_several_apps_all_are_uninstalled_or_none_when_the_leader_is_killed(made: Pair) -> None:
    chance = random.Random(11)
    names = [f"many-{number}" for number in range(4)]
    for _ in range(2):
        leader = made.leader()
        client = Client(leader.url)
        for name in names:
            installed = lambda name=name: client.install("hello-world", appId=f"/{name}").status in (200, 409)  # noqa: E731, B023 - called here
            wait_for(installed, 60, f"an answer that {name} is there")
        asking = threading.Thread(target=_all_of_them, args=(client,))
        asking.start()
        time.sleep(chance.random() * 0.15)
        leader.kill()
        asking.join(300)
        wait_for(made.idle, 120)
        leader.start()
        left = wait_for(lambda: [[name for name in names if made.app(name) is not None]], 60, "an answer about each")
        assert left[0] in ([], names)


def _all_of_them(client: Client) -> None:
    with contextlib.suppress(OSError, http.client.HTTPException):
        client.uninstall("hello-world", all=True)
