"""Which of several gateways is asked: the first that lets us in, in an order that prefers the first."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from dcos_runtime.cli.connection.gateway import Gateways
from dcos_runtime.cli.connection.race import race
from dcos_runtime.cli.connection.trust import Trust
from tests.support.cli.fake_gateway import Authority, Gateway


@pytest.fixture
def silent() -> Iterator[str]:
    """A place like a machine that is off: a client hears nothing, not even a refusal."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        waiting = []
        for _ in range(4):
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(full.getsockname())
            waiting.append(one)
        yield f"https://127.0.0.1:{full.getsockname()[1]}"
        for one in waiting:
            one.close()


@pytest.fixture
def open_ports() -> Iterator[list[str]]:
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    yield [f"https://127.0.0.1:{listener.getsockname()[1]}" for listener in listeners]
    for listener in listeners:
        listener.close()


@pytest.fixture
def refusing() -> Iterator[str]:
    """A port at which nobody listens, and that nobody else gets meanwhile."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"https://127.0.0.1:{held.getsockname()[1]}"


def test_the_first_is_used_while_it_is_well(open_ports: list[str]) -> None:
    with race(open_ports, 30, head_start=30) as finish:
        assert finish.first == open_ports[0] and finish.failures == {}
        assert finish.take(open_ports[1]) is None
        opened = finish.take(open_ports[0])
        assert opened is not None and finish.take(open_ports[0]) is None
        with opened:
            assert opened.getpeername()[1] == int(open_ports[0].rpartition(":")[2])


def test_a_silent_one_is_passed_over_without_being_called_failed(silent: str, open_ports: list[str]) -> None:
    with race([silent, open_ports[0]], 30, head_start=0.05) as finish:
        assert finish.first == open_ports[0] and finish.failures == {}


def test_one_that_refuses_costs_no_head_start(refusing: str, open_ports: list[str]) -> None:
    with race([refusing, open_ports[0]], 30, head_start=3600) as finish:
        assert finish.first == open_ports[0]
        assert isinstance(finish.failures[refusing], ConnectionRefusedError)


def test_one_with_a_head_start_may_still_win_later(silent: str, refusing: str, open_ports: list[str]) -> None:
    with race([silent, refusing, open_ports[1]], 30, head_start=0.05) as finish:
        assert finish.first == open_ports[1] and set(finish.failures) == {refusing}


def test_when_nobody_opens_each_has_its_reason(silent: str, refusing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    nameless, known = "https://does-not-exist.invalid", socket.getaddrinfo

    def looked_up(host: str, *more: Any, **named: Any) -> Any:
        """How long a host's name servers take to say so, if it has any, is no question here."""
        if host in nameless:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return known(host, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", looked_up)
    with race([silent, refusing, nameless], 5.0, head_start=0.05) as finish:
        assert finish.first is None and finish.opened is None
        assert isinstance(finish.failures[silent], TimeoutError)
        assert isinstance(finish.failures[refusing], ConnectionRefusedError)
        assert isinstance(finish.failures[nameless], socket.gaierror)


def test_a_gateway_that_is_off_is_asked_last_from_then_on(
    silent: str, gateway: Gateway, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dcos_runtime.cli.connection.gateway.CONNECT_SECONDS", 3600.0)  # never waited for
    asked = Gateways([silent, gateway.url], Trust("", "test", authority.pem), None)
    for _ in range(3):
        assert asked.get(f"{silent}/metadata").url == f"{gateway.url}/metadata"
    assert len(gateway.asked) == 3
