"""Real ZooKeepers with damaged data: what their logs say of it is understood, and an emptied member learns all anew."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kazoo.client import KazooClient

from dcos_installer.phases.checks.zookeeper_data import complaint
from tests.support.daemons.zookeeper_server import Ensemble, ZooKeeperServer

SECONDS = 240.0


def noise(data: Path) -> None:
    for path in data.iterdir():
        path.write_bytes(os.urandom(2000))


def emptied(data: Path) -> None:
    for path in data.iterdir():
        path.write_bytes(b"")


def no_folder(data: Path) -> None:
    shutil.rmtree(data)
    data.write_text("not a folder")


def epoch(data: Path) -> None:
    (data / "currentEpoch").write_text("no number\n")


@pytest.fixture(scope="module")
def ensemble(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ensemble]:
    made = Ensemble(tmp_path_factory.mktemp("ensemble"))
    try:
        made.start()
        yield made
    finally:
        made.kill()


def log_of(member: ZooKeeperServer) -> str:
    return (member.folder / "log").read_text(errors="replace")


@pytest.mark.parametrize("damage", [noise, emptied, no_folder, epoch])
def test_a_damaged_member_says_so_and_emptied_it_has_what_the_others_have(
    ensemble: Ensemble, damage: Callable[[Path], None]
) -> None:
    client = KazooClient(ensemble.hosts, timeout=30)
    client.start(SECONDS)
    try:
        node = f"/{damage.__name__}"
        patiently(client, client.ensure_path, node)  # these two may be repeated when an answer is lost
        patiently(client, client.set, node, b"kept")
        member = next(member for member in ensemble.members if member.mode() == "follower")
        member.kill()
        data = member.state / "version-2"
        damage(data)
        (member.folder / "log").write_text("")
        member.launch()
        wait_until(lambda: complaint(log_of(member)) != "", "the damaged member's complaint")
        why = complaint(log_of(member))
        member.kill()
        assert why and why.isprintable() and len(why) <= 160
        # As the repair does: the data moved aside, number and lists of members left.
        data.rename(member.state / f"damaged-{damage.__name__}")
        (member.folder / "log").write_text("")
        member.start()
        wait_until(lambda: member.mode() == "follower", "a member that follows")
        assert complaint(log_of(member)) == ""
        own = KazooClient(member.hosts, timeout=30)
        own.start(SECONDS)
        try:
            patiently(own, own.sync, node)
            assert patiently(own, own.get, node)[0] == b"kept"
        finally:
            own.stop()
            own.close()
    finally:
        client.stop()
        client.close()


def patiently(client: KazooClient, call: Callable[..., Any], *given: Any) -> Any:
    """A connection may break on a busy host; its session lives, and the call is made again."""
    return client.retry(call, *given)  # type: ignore[misc]  # kazoo declares it as None, and sets it later


def wait_until(done: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + SECONDS
    while not done():
        assert time.monotonic() < end, what
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("said", "understood"),
    [
        ("INFO QuorumPeerConfig - Reading configuration from: x\nINFO Leader - LEADING", ""),
        ("ERROR QuorumPeerMain - Unexpected exception, exiting abnormally\njava.net.BindException: in use", ""),
        ("ERROR exiting abnormally\nCaused by: java.io.IOException: No space left on device", ""),
        ("ERROR exiting abnormally\nCaused by: java.io.IOException: Found \x1b[2J", "java.io.IOException: Found ?[2J"),
        (
            "zookeeper prepare: /var/lib/dcos/zookeeper/conf: Permission denied",
            "/var/lib/dcos/zookeeper/conf: Permission",
        ),
        ("", ""),
    ],
)
def test_only_what_other_data_would_mend_counts_as_damage(said: str, understood: str) -> None:
    assert complaint(said).startswith(understood) and bool(complaint(said)) is bool(understood)
