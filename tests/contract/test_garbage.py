"""Clients without a credential cannot make a daemon's memory grow: bytes that are no request are not kept."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.support.daemons.authority import Authority
from tests.support.daemons.byhand import PATIENCE, Daemon, free_port
from tests.support.daemons.gateway import Gateway
from tests.support.universe.serving import serving, small_tree

CONNECTIONS = 40
AT_ONCE = 20
MOST_GROWTH = 24 << 20
"""Bytes. Of what is sent before a daemon cuts a connection off, a part of one would be more."""

PIECE = b"x" * (1 << 20)
GET = b"GET %b HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n%b\r\n"
LINES = b"".join(b"X-%d: %b\r\n" % (number, b"y" * 8000) for number in range(120))
KINDS = {
    "nothing but garbage": b"",
    "behind a request": GET % (b"/health", b""),
    "behind a stream": GET % (b"/v2/events", b""),
    "behind a wish to speak something else": GET % (b"/v2/events", b"Connection: Upgrade\r\nUpgrade: x\r\n"),
    "in place of a chunk": b"POST /v2/apps HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
    "behind a large head": GET % (b"/v2/events", LINES),
    "behind requests that wait": GET % (b"/v2/events", b"") + (GET % (b"/ping", LINES[:60_000])) * 40,
    "behind a request for much": GET % (b"/universe.json", b""),
    "behind very many requests": GET % (b"/v2/events", b"") + (GET % (b"/ping", b"")) * 3_000,
}


@contextlib.contextmanager
def _daemon(folder: Path, program: str, *flags: str) -> Iterator[tuple[Any, int, Path]]:
    (folder / "work").mkdir()
    one = Daemon(program, [program, f"--work_dir={folder / 'work'}", *flags], folder / "log").start()
    try:
        assert one.process is not None
        yield ("127.0.0.1", int(one.url.rpartition(":")[2])), one.process.pid, one.log
    finally:
        one.stop()


@contextlib.contextmanager
def _auth(folder: Path) -> Iterator[tuple[Any, int, Path]]:
    gateway = Gateway(folder / "gateway", Authority(folder / "ca"), master_port=free_port(), init_port=free_port())
    gateway.start_auth()
    process: Any = gateway._auth
    try:
        yield str(gateway.socket), process.pid, folder / "gateway" / "auth.log"
    finally:
        gateway.stop()


@contextlib.contextmanager
def _serve(folder: Path) -> Iterator[tuple[Any, int, Path]]:
    log = folder / "log"
    log.touch()
    with serving(small_tree(folder / "tree", "one", padding=1 << 20)) as server:
        yield ("127.0.0.1", server.port), server.process.pid, log


NO_MASTER = "--master=127.0.0.1:{port}"
DAEMONS: dict[str, Callable[[Path], contextlib.AbstractContextManager[tuple[Any, int, Path]]]] = {
    "master": lambda folder: _daemon(folder, "dcos-master", "--ip=127.0.0.1", f"--port={free_port()}"),
    "agent": lambda folder: _daemon(
        folder,
        "dcos-agent",
        NO_MASTER.format(port=free_port()),
        "--ip=127.0.0.1",
        f"--port={free_port()}",
        "--launcher=posix",
        "--resources=cpus:1;mem:64",
    ),
    "init": lambda folder: _daemon(folder, "dcos-marathon", NO_MASTER.format(port=free_port()), "--http_port=0"),
    "cosmos": lambda folder: _daemon(folder, "dcos-cosmos", "--http_port=0"),
    "auth": _auth,
    "the repository's server": _serve,
}


def _resident(pid: int) -> int:
    text = Path(f"/proc/{pid}/statm").read_text()
    return int(text.split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _send(address: Any, begin: bytes) -> int:
    """Until the daemon has had enough, or takes nothing more; the bytes it took."""
    sent = 0
    with socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET) as client:
        client.settimeout(60 * PATIENCE)
        client.connect(address)
        client.settimeout(0.2)
        with contextlib.suppress(OSError):
            client.sendall(begin)
            while sent < 32 * len(PIECE):
                sent += client.send(PIECE)
    return sent


@pytest.mark.parametrize("name", DAEMONS)
def test_no_daemon_grows_by_what_is_no_request(name: str, tmp_path: Path) -> None:
    with DAEMONS[name](tmp_path) as (address, pid, log):
        for begin in KINDS.values():
            _send(address, begin)
        before = peak = _resident(pid)
        for kind, begin in KINDS.items():
            with ThreadPoolExecutor(AT_ONCE) as clients:
                sent = [clients.submit(_send, address, begin) for _ in range(CONNECTIONS)]
                for one in sent:
                    one.result()
                    peak = max(peak, _resident(pid))
            grown = peak - before
            assert grown < MOST_GROWTH, f"{grown >> 20} MiB {kind}, of {CONNECTIONS} connections"
            print(name, kind, grown >> 20, "MB")
        assert "Traceback" not in log.read_text(errors="replace")
