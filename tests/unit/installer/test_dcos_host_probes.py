"""What runs on a machine: whether its sockets and doors are well, and which ports are taken."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from pathlib import Path

import pytest

from dcos_installer.ansible.host.systemd import probed
from dcos_installer.secrets.authority import Holder, moment, new_key, self_signed
from tests.unit.installer.folder_hosts import Host, answer, first, installed


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path / "host")


def test_a_unix_socket_is_well_when_somebody_listens_on_it(tmp_path: Path) -> None:
    path = tmp_path / "s"
    assert "No such file" in probed(f"unix://{path}")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        assert "refused" in probed(f"unix://{path}")
        server.listen()
        assert probed(f"unix://{path}") == ""


def test_a_door_with_tls_is_well_only_when_the_clusters_ca_vouches_for_who_holds_the_port(tmp_path: Path) -> None:
    now = moment(time.time())
    ours, strange = (self_signed(new_key(), name, now) for name in ("c", "stranger"))
    (tmp_path / "ca.crt").write_text(ours.pem)
    for authority, address, wrong in (
        (ours, "127.0.0.1", ""),
        (ours, "198.18.0.1", "IP address mismatch"),
        (strange, "127.0.0.1", "certificate verify failed"),
        (None, "", "does another process hold the port?"),
    ):
        with socket.create_server(("127.0.0.1", 0)) as server:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if authority else None
            if authority and context:
                (tmp_path / "own.pem").write_text(authority.issue(Holder("c", "gateway", "m1", address), now))
                context.load_cert_chain(tmp_path / "own.pem")
            answering = threading.Thread(target=_answer_once, args=(server, context))
            answering.start()
            found = probed(f"https://127.0.0.1:{server.getsockname()[1]}", str(tmp_path / "ca.crt"))
            answering.join()
        assert wrong in found if wrong else found == ""


def _answer_once(server: socket.socket, context: ssl.SSLContext | None) -> None:
    """Takes one connection; without a context, says what a stranger would."""
    connection, _ = server.accept()
    with connection:
        if context is None:
            connection.sendall(b"SSH-2.0-stranger\r\n")
            return
        with contextlib.suppress(OSError), context.wrap_socket(connection, server_side=True):
            pass


def test_sockets_that_listen_are_told_by_address_and_port_until_there_is_a_generation(host: Host) -> None:
    tables = {
        "tcp": "  0: 00000000:0050 00000000:0000 0A x\n  1: 0B0012C6:1F90 00000000:0000 0A x\n"
        "  2: 0100007F:1389 00000000:0000 0A x\n  3: 0B0012C6:1770 0C0012C6:0050 01 x\n",
        "tcp6": f"  0: {'0' * 32}:01BB {'0' * 32}:0000 0A x\n"
        f"  1: 0000000000000000FFFF00000B0012C6:13BA {'0' * 32}:0000 0A x\n"
        f"  2: 00000000000000000000000001000000:0277 {'0' * 32}:0000 0A x\n",
    }
    for name, lines in tables.items():
        table = host.path(f"/proc/net/{name}")
        table.parent.mkdir(parents=True, exist_ok=True)
        table.write_text("  sl  local_address rem_address   st\n" + lines)
    told = answer(host, mode="facts")["facts"]["listening"]
    assert told == [
        "*:443",
        "*:80",
        "127.0.0.1:5001",
        "198.18.0.11:5050",
        "198.18.0.11:8080",
        "[00000000000000000000000001000000]:631",
    ]
    installed(host, first())
    assert answer(host, mode="facts")["facts"]["listening"] == []
