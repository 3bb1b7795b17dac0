"""What runs on a machine: whether its sockets and ports are well, and which ports are taken."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from pathlib import Path

import pytest

from dcos_installer.ansible.host.systemd import probed
from dcos_installer.secrets.authority import CertificateHolder, moment, new_key, self_signed
from tests.support.installer.folder_hosts import Host, answer, first, installed


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


@pytest.mark.parametrize(
    ("holder", "address", "path", "answer", "wrong"),
    [
        ("agent", "127.0.0.1", "", "", ""),
        ("agent", "127.0.0.1", "/health", "200 OK", ""),
        ("agent", "127.0.0.1", "/health", "503 Service Unavailable", "503 Service Unavailable: port 5051 is taken"),
        ("agent", "198.18.0.1", "/health", "200 OK", "IP address mismatch"),
        ("gateway", "127.0.0.1", "/health", "200 OK", "not that of a agent"),
        ("gateway", "127.0.0.1", "", "", "not that of a agent"),
        ("another cluster's agent", "127.0.0.1", "/health", "200 OK", "certificate verify failed"),
        ("plain HTTP", "", "/health", "200 OK", "does another process hold the port?"),
        ("SSH", "", "", "", "does another process hold the port?"),
    ],
)
def test_a_daemon_is_well_only_when_the_holder_of_its_port_has_its_certificate(
    tmp_path: Path, holder: str, address: str, path: str, answer: str, wrong: str
) -> None:
    """The certificate is that of the daemon's kind and host; whatever a stranger answers says nothing."""
    now = moment(time.time())
    ours, strange = (self_signed(new_key(), name, now) for name in ("c", "stranger"))
    (tmp_path / "ca.crt").write_text(ours.pem)
    (tmp_path / "tls-agent.pem").write_text(ours.issue(CertificateHolder("c", "agent", "a1", "127.0.0.1"), now))
    context = None
    if address:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.verify_mode = ssl.CERT_REQUIRED if path else ssl.CERT_OPTIONAL
        context.load_verify_locations(tmp_path / "ca.crt")
        kind = holder.rpartition(" ")[2]
        authority = ours if holder == kind else strange
        (tmp_path / "own.pem").write_text(authority.issue(CertificateHolder("c", kind, "a1", address), now))
        context.load_cert_chain(tmp_path / "own.pem")
    said = f"HTTP/1.1 {answer}\r\n\r\nport 5051 is taken" if answer else "SSH-2.0-stranger\r\n"
    with socket.create_server(("127.0.0.1", 0)) as server:
        answering = threading.Thread(target=_answer_once, args=(server, context, said.encode()))
        answering.start()
        place = f"127.0.0.1:{server.getsockname()[1]}"
        found = probed(f"https://agent@{place}{path}", str(tmp_path / "ca.crt"), str(tmp_path))
        answering.join()
    assert wrong in found if wrong else found == ""


def _answer_once(server: socket.socket, context: ssl.SSLContext | None, said: bytes) -> None:
    """Takes one connection and says what was told, with TLS when there is a context."""
    connection, _ = server.accept()
    with connection, contextlib.suppress(OSError):
        if context is None:
            connection.sendall(said)
            connection.recv(1)
            return
        with context.wrap_socket(connection, server_side=True) as tls:
            if tls.recv(4096):
                tls.sendall(said)


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
    found = answer(host, mode="facts")["facts"]["listening"]
    assert found == [
        "*:443",
        "*:80",
        "127.0.0.1:5001",
        "198.18.0.11:5050",
        "198.18.0.11:8080",
        "[00000000000000000000000001000000]:631",
    ]
    installed(host, first())
    assert answer(host, mode="facts")["facts"]["listening"] == []
