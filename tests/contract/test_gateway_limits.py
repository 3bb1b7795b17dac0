"""What one address can hold of the gateway: heads that never end, and requests that do not."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from dcos_runtime.listening.connections import MOST_HEADERS
from tests.support.daemons.gateway import template
from tests.support.daemons.gateway_backends import Made, made_gateway

LIMIT = 8
_TRICKLE = b"GET /mesos/state HTTP/1.1\r\nHost: x\r\nX-Slow: "


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    if os.geteuid() != 0:
        pytest.skip("needs root: tasks get an address of their own")
    with made_gateway(tmp_path_factory.mktemp("gateway"), address_connections=LIMIT) as made:
        yield made


def connection(made: Made) -> ssl.SSLSocket:
    plain = socket.create_connection(("127.0.0.1", made.gateway.port), timeout=240)
    return made.gateway.tls.wrap_socket(plain, server_hostname="127.0.0.1")


def test_a_head_that_never_ends_is_cut_off_however_busily_it_comes(made: Made) -> None:
    with contextlib.ExitStack() as stack:
        slow: list[socket.socket] = [stack.enter_context(connection(made)) for _ in range(50)]
        bare = socket.create_connection(("127.0.0.1", made.gateway.port), timeout=240)
        stack.enter_context(bare)  # it does not even begin its handshake
        for one in slow:
            one.sendall(_TRICKLE)
        assert made.gateway.get("/health").status == 200
        left, deadline = {*slow, bare}, time.monotonic() + 240
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
    deadline = time.monotonic() + 240
    while made.gateway.get("/mesos/state", admin).status != 200:
        assert time.monotonic() < deadline
        time.sleep(0.2)


KEEPS = """
import select, socket
listener = socket.create_server(("198.19.253.1", 443))
kept = [listener]
print("listening", flush=True)
while True:
    for one in select.select(kept, [], [])[0]:
        if one is listener:
            kept.append(listener.accept()[0])
        elif not one.recv(100):  # its client is gone
            kept.remove(one)
            one.close()
"""

OPENS = """
import socket, time
def tried():
    one = socket.socket()
    one.settimeout(240)
    try:
        one.connect(("198.19.253.1", 443))
    except ConnectionError:
        return None
    return one
kept = []
while (one := tried()) is not None and len(kept) < 100:
    kept.append(one)
print(len(kept), flush=True)
kept.pop().close()
deadline = time.monotonic() + 240
while tried() is None and time.monotonic() < deadline:
    time.sleep(0.2)
print(time.monotonic() < deadline)
"""


def test_one_address_has_so_many_connections_open_and_no_more() -> None:
    """The role's own rules, between two network namespaces."""
    if os.geteuid() != 0:
        pytest.skip("needs root: it makes network namespaces")
    here, there = (f"dcos-limits-{os.getpid()}-{end}" for end in ("gateway", "client"))
    rules = template("limits.nft.j2", ports={"http": 80, "https": 443}, options={"address_connections": LIMIT})
    inside = ["ip", "netns", "exec"]
    with contextlib.ExitStack() as stack:
        for name in (here, there):
            subprocess.run(["ip", "netns", "add", name], check=True)
            stack.callback(subprocess.run, ["ip", "netns", "delete", name], check=True)
        subprocess.run(
            ["ip", "-n", here, "link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", there],
            check=True,
        )
        for name, address in ((here, "198.19.253.1/24"), (there, "198.19.253.2/24")):
            subprocess.run(["ip", "-n", name, "address", "add", address, "dev", "cable"], check=True)
            subprocess.run(["ip", "-n", name, "link", "set", "dev", "cable", "up"], check=True)
        for _ in range(2):  # loaded again it is the same table
            subprocess.run([*inside, here, "nft", "-f", "-"], input=rules, text=True, check=True)
        keeps = stack.enter_context(
            subprocess.Popen([*inside, here, sys.executable, "-uc", KEEPS], stdout=subprocess.PIPE, text=True)
        )
        stack.callback(keeps.kill)
        assert keeps.stdout and keeps.stdout.readline() == "listening\n"
        opened = subprocess.run(
            [*inside, there, sys.executable, "-c", OPENS], capture_output=True, text=True, timeout=600
        )
        assert (opened.stdout.split(), opened.stderr) == ([str(LIMIT), "True"], "")


@pytest.mark.parametrize("path", ["/health", "/mesos/state", "/service/x/"])
def test_a_request_has_as_many_headers_as_at_the_daemons_and_no_more(made: Made, path: str) -> None:
    token = made.gateway.token()

    def asked(count: int) -> tuple[int, str]:
        more = {f"X-{number}": "y" for number in range(count)}
        answer = made.gateway.get(path, {**token, **more})
        return answer.status, answer.text

    own = 8  # at most: what the client sends by itself
    assert asked(MOST_HEADERS - own)[0] != 431
    for count in (MOST_HEADERS + 1, 2 * MOST_HEADERS + 44):
        status, told = asked(count)
        assert (status, f"more than {MOST_HEADERS} headers" in told) == (431, True), told
