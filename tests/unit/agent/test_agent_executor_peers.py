"""The other end of a connection is found in the kernel's tables, and nothing that resembles it."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from dcos_runtime.agent.executor_peers import client_socket

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made


def test_the_socket_of_a_client_is_found_and_not_the_servers(listener: socket.socket) -> None:
    with socket.create_connection(listener.getsockname()) as client:
        server, peer = listener.accept()
        with server:
            assert client_socket(peer, server.getsockname()) == os.fstat(client.fileno()).st_ino
            assert client_socket(server.getsockname(), peer) == os.fstat(server.fileno()).st_ino
            assert client_socket(("127.0.0.2", peer[1]), server.getsockname()) is None
            assert client_socket(peer, ("127.0.0.1", 1)) is None


def test_a_client_with_a_socket_of_ipv6_is_found(listener: socket.socket) -> None:
    if not socket.has_ipv6 or not Path("/proc/self/net/tcp6").exists():
        pytest.skip("no IPv6 here")
    with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as client:
        client.connect(("::ffff:127.0.0.1", listener.getsockname()[1]))
        server, peer = listener.accept()
        with server:
            assert client_socket(peer, server.getsockname()) == os.fstat(client.fileno()).st_ino


def test_a_client_that_has_closed_its_end_is_nobody(listener: socket.socket, tmp_path: Path) -> None:
    client = socket.create_connection(listener.getsockname())
    server, peer = listener.accept()
    with server:
        client.close()
        assert client_socket(peer, server.getsockname()) is None


def test_a_kernel_without_ipv6_will_do(tmp_path: Path) -> None:
    folder = tmp_path / "self" / "net"
    folder.mkdir(parents=True)
    line = "   0: 0100007F:1F90 0100007F:13BA 01 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 20 4\n"
    (folder / "tcp").write_text(HEAD + line)
    assert client_socket(("127.0.0.1", 8080), ("127.0.0.1", 5050), tmp_path) == 4711
    assert client_socket(("127.0.0.1", 5050), ("127.0.0.1", 8080), tmp_path) is None
