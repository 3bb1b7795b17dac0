"""Hosts that take connections and say nothing, or cannot be reached: all are asked at once, and within a bound."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dcos_installer import status
from dcos_installer.at_once import MOST, TooLate, at_once
from dcos_installer.daemon_client import Asker
from dcos_installer.errors import InstallerError
from dcos_installer.phases.checks.init import init
from dcos_installer.phases.checks.kernel import leader
from dcos_installer.phases.checks.login import silent_gateways
from tests.support.installer.cheap_roots import cheap_roots
from tests.support.installer.pretended import PretendedContext, deployed, pretend, spec_of

pytestmark = pytest.mark.usefixtures(cheap_roots.__name__)

LONG = 240.0


@pytest.fixture
def three(tmp_path: Path) -> PretendedContext:
    return deployed(pretend(tmp_path, spec_of(tmp_path, masters=3)))


@pytest.fixture
def never() -> Iterator[threading.Event]:
    """What a silent host waits for."""
    event = threading.Event()
    yield event
    event.set()


def test_what_is_late_is_told_as_such_and_keeps_nobody_waiting(never: threading.Event) -> None:
    def fails() -> str:
        raise ValueError("no")

    begun = time.monotonic()
    work: dict[str, Callable[[], Any]] = {"a": lambda: "x", "b": never.wait, "c": fails}
    found: dict[str, Any] = at_once(work, 3.0)
    assert time.monotonic() - begun < LONG
    assert list(found) == ["a", "b", "c"] and found["a"] == "x"
    assert isinstance(found["b"], TooLate) and "3 s" in found["b"].what
    assert isinstance(found["c"], ValueError)


def test_the_first_that_tells_enough_is_the_last_that_is_waited_for(never: threading.Event) -> None:
    found = at_once({"a": never.wait, "b": lambda: True}, enough=bool)
    assert found["b"] is True and isinstance(found["a"], TooLate)


def test_all_are_carried_out_and_only_so_many_at_the_same_time() -> None:
    under_way, most, mutex = 0, 0, threading.Lock()

    def part() -> int:
        nonlocal under_way, most
        with mutex:
            under_way += 1
            most = max(most, under_way)
        time.sleep(0.005)
        with mutex:
            under_way -= 1
        return 1

    found = at_once(dict.fromkeys(range(5 * MOST), part))
    assert list(found.values()) == [1] * (5 * MOST)
    assert 1 < most <= MOST


ASKED: dict[str, Callable[[Any, PretendedContext], Any]] = {
    "the kernel's leader": lambda ask, ctx: leader(ask, ctx.spec, ctx.services),
    "the init's leader": lambda ask, ctx: init(ask, ctx.spec, ctx.services),
    "gateways": lambda ask, ctx: silent_gateways(ask, ctx.spec, ctx.services),
}


@pytest.mark.parametrize("what", ASKED)
def test_masters_are_asked_at_once(three: PretendedContext, what: str) -> None:
    """None of them gets an answer before all have been asked."""
    whole, together = three.ask, threading.Barrier(3, timeout=LONG)
    first = threading.local()

    def ask(url: str, **more: Any) -> Any:
        if not getattr(first, "over", False):
            first.over = True
            together.wait()
        return whole(url, **more)

    ASKED[what](ask, three)
    assert not together.broken


@pytest.mark.parametrize("what", ["the kernel's leader", "the init's leader"])
def test_a_leader_that_answers_is_found_beside_a_silent_master(
    three: PretendedContext, never: threading.Event, what: str
) -> None:
    whole = three.ask
    leading = ASKED[what](whole, three)

    def ask(url: str, **more: Any) -> Any:
        if not any(f"{host.address}:" in url for host in [leading]):
            never.wait()
        return whole(url, **more)

    assert ASKED[what](ask, three) == leading


def test_status_ends_in_time_and_names_each_silent_host(
    three: PretendedContext, never: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither SSH nor a daemon of m2 ever comes back, not even with an error."""
    monkeypatch.setattr(status, "SECONDS", 8.0)  # for all that answer, on a busy host
    address, whole, remote = three.spec.host("m2").address, three.ask, three.remote

    def ask(url: str, **more: Any) -> Any:
        if f"{address}:" in url or url.startswith(f"https://{address}/"):
            never.wait()
        return whole(url, **more)

    def reached(host: Any) -> Any:
        if host.name == "m2":
            never.wait()
        return remote(host)

    three.ask = ask
    monkeypatch.setattr(three, "remote", reached)
    begun = time.monotonic()
    found = status.read(three)
    assert time.monotonic() - begun < LONG
    assert "m2: no answer within" in "\n".join(found.problems)
    for called in ("package manager", "agent", "master"):
        told = [problem for problem in found.problems if f"the {called} of " in problem]
        assert all(" of m2 " in problem for problem in told)
    assert [host.problem != "" for host in found.hosts] == [host.name == "m2" for host in found.hosts]
    assert found.data["leader"] and found.data["init"]


def test_a_daemon_that_takes_a_connection_and_says_nothing_is_waited_for_so_long(tmp_path: Path) -> None:
    state = deployed(pretend(tmp_path, spec_of(tmp_path))).state
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        ask = Asker(state.secrets, seconds=0.3)
        port = listener.getsockname()[1]
        begun = time.monotonic()
        for url in (f"http://127.0.0.1:{port}/", f"zookeeper://127.0.0.1:{port}/srvr"):
            with pytest.raises(InstallerError, match="was not answered"):
                ask(url)
        assert time.monotonic() - begun < LONG
