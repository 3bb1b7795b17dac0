"""What one address can hold of the gateway: heads that never end, and requests that do not."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import ssl
import time
from collections.abc import Iterator

import pytest

from tests.contract.front_door.made import Made, front_door

LIMIT = 8
_TRICKLE = b"GET /mesos/state HTTP/1.1\r\nHost: x\r\nX-Slow: "


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    if os.geteuid() != 0:
        pytest.skip("needs root: tasks get an address of their own")
    with front_door(tmp_path_factory.mktemp("gateway"), address_connections=LIMIT) as made:
        yield made


def connection(made: Made) -> ssl.SSLSocket:
    plain = socket.create_connection(("127.0.0.1", made.gateway.port), timeout=60)
    return made.gateway.tls.wrap_socket(plain, server_hostname="127.0.0.1")


def test_a_head_that_never_ends_is_cut_off_however_busily_it_comes(made: Made) -> None:
    with contextlib.ExitStack() as stack:
        slow: list[socket.socket] = [stack.enter_context(connection(made)) for _ in range(50)]
        bare = socket.create_connection(("127.0.0.1", made.gateway.port), timeout=60)
        stack.enter_context(bare)  # it does not even begin its handshake
        for one in slow:
            one.sendall(_TRICKLE)
        assert made.gateway.get("/health").status == 200
        left, deadline = {*slow, bare}, time.monotonic() + 60
        while left:
            assert time.monotonic() < deadline, f"{len(left)} are still open"
            for one in list(left):
                try:
                    if one is not bare:
                        one.sendall(b"x")
                    if select.select([one], [], [], 0)[0] and not one.recv(4096):
                        left.discard(one)
                except OSError:
                    left.discard(one)
            time.sleep(0.5)


def test_one_address_has_so_many_requests_under_way_and_no_more(made: Made) -> None:
    admin = made.gateway.token()
    head = f"GET /mesos/stream HTTP/1.1\r\nHost: x\r\nAuthorization: {admin['Authorization']}\r\n\r\n".encode()
    with contextlib.ExitStack() as stack:
        for _ in range(LIMIT):
            stream = stack.enter_context(connection(made))
            stream.sendall(head)
            assert stream.recv(4096).startswith(b"HTTP/1.1 200")
        for path in ("/mesos/state", "/health", "/service/x/"):
            answer = made.gateway.get(path, admin)
            assert (answer.status, answer.headers["Retry-After"]) == (429, "1"), path
            assert "from your address are under way" in answer.json["description"]
    deadline = time.monotonic() + 60
    while made.gateway.get("/mesos/state", admin).status != 200:
        assert time.monotonic() < deadline
        time.sleep(0.2)
