"""Hosts that hang while a command runs, on the way or at its end: TCP does not see it, the sign of life does."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator

import pytest

from dcos_installer.hosts import connection
from dcos_installer.hosts.connection import HostConnection
from dcos_installer.hosts.route import Hop
from tests.support.daemons.byhand import wait_for
from tests.support.installer.sshd import LoopbackHost, LoopbackHosts, loopback_hosts, needs_sshd

pytestmark = needs_sshd


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoopbackHosts]:
    with loopback_hosts(tmp_path_factory.mktemp("hosts"), "[masters]\n{m1}\n[agents]\n{a1}\n") as made:
        yield made


@pytest.fixture
def opened(hosts: LoopbackHosts, monkeypatch: pytest.MonkeyPatch) -> Iterator[HostConnection]:
    """To a1 through m1. Not given up before a test wants that: on a busy host, too, nothing is heard for a while."""
    monkeypatch.setattr(connection, "_ALIVE_SECONDS", 0.4)
    monkeypatch.setattr(connection, "_DEAD_SECONDS", 600.0)
    made = HostConnection([hop(hosts, hosts["m1"]), hop(hosts, hosts["a1"])], 60.0)
    made.open()
    yield made
    made.close()


def hop(hosts: LoopbackHosts, one: LoopbackHost) -> Hop:
    known = hosts.dot_ssh / "known_hosts"
    return Hop(one.address, one.port, "root", (hosts.folder / "id",), (known,), one.address, use_agent=False)


def test_a_command_that_says_nothing_for_long_goes_on(opened: HostConnection) -> None:
    """Each sign of life is heard, so the silence that counts never lasts."""
    session = opened.run("read line; echo $line")
    packetizer = opened._made[-1].transport.packetizer
    for number in range(5):
        before = packetizer.heard
        wait_for(lambda before=before: packetizer.heard > before, 60, f"sign of life {number}")  # type: ignore[misc]  # mypy infers no lambda with a default
        assert not session.ended and opened.lost == ""
    assert session.write(b"done\n")
    session.end_input()
    said = b""
    while (data := session.read()) != b"":
        said += data or b""
    assert (said, session.exit_code(), opened.lost) == (b"done\n", 0, "")


@pytest.mark.parametrize("hangs", ["m1", "a1"])
def test_whoever_hangs_on_the_way_the_connection_is_given_up(
    hosts: LoopbackHosts, opened: HostConnection, monkeypatch: pytest.MonkeyPatch, hangs: str
) -> None:
    process = hosts[hangs].process
    assert process is not None
    session = opened.run("echo here; exec sleep 600")
    while not (said := session.read()):
        assert said is None, "the command has ended"
    assert said == b"here\n"
    sessions = descendants(process.pid)
    for one in sessions:
        with contextlib.suppress(ProcessLookupError):  # a helper of sshd, which has ended
            os.kill(one, signal.SIGSTOP)
    monkeypatch.setattr(connection, "_DEAD_SECONDS", 3.0)
    try:
        while session.read() != b"":
            pass
        assert session.exit_code() is None
        assert "nothing was heard of it for" in opened.lost
    finally:
        for one in sessions:
            with contextlib.suppress(ProcessLookupError):
                os.kill(one, signal.SIGCONT)


def descendants(pid: int) -> list[int]:
    done = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True)
    found = [int(one) for one in done.stdout.split()]
    return [*found, *(below for one in found for below in descendants(one))]
