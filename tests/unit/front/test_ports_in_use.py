"""A daemon whose port, or socket, another process has says which process that is."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import web

from dcos_runtime import daemon
from dcos_runtime.auth import shell
from dcos_runtime.errors import Unstartable, explain
from dcos_runtime.listening import holders
from tests.support.documented import DAEMONS

HOLD = """
import socket, sys
held = socket.socket(socket.AF_UNIX if sys.argv[1] else socket.AF_INET)
held.bind(sys.argv[1] or ("127.0.0.1", 0))
held.listen()
print(held.getsockname()[1] if not sys.argv[1] else 0, flush=True)
sys.stdin.read()
"""


class Holder:
    def __init__(self, path: str = "") -> None:
        command = [sys.executable, "-c", HOLD, path, "holder"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())

    def end(self) -> None:
        self.process.communicate()


@pytest.fixture(scope="module")
def holder() -> Iterator[Holder]:
    made = Holder()
    yield made
    made.end()


async def test_a_listener_names_the_process_and_keeps_what_the_system_said(holder: Holder) -> None:
    for named in (True, False):
        with pytest.raises(Unstartable) as caught:
            async with daemon.listening(web.Application(), "127.0.0.1", holder.port, name_holder=named):
                raise AssertionError("it listens")
        message = explain(caught.value)
        assert caught.value.errno == errno.EADDRINUSE
        assert f"cannot listen on 127.0.0.1:{holder.port}: " in message and message.endswith(
            "; end it, or give another port"
        )
        assert (f"it is taken by pid {holder.process.pid} (" in message) is named
    with pytest.raises(Unstartable) as caught:
        async with daemon.listening(web.Application(), "198.18.255.1", holder.port):
            raise AssertionError("it listens")
    assert caught.value.errno == errno.EADDRNOTAVAIL and "an address of this machine" in explain(caught.value)


OWN = {
    "dcos-agent": ("--port={}", "--master=127.0.0.1:1", "--work_dir={}", "--launcher=posix"),
    "dcos-cosmos": ("--http_port={}", "--work_dir={}"),
    "dcos-marathon": ("--http_port={}", "--master=127.0.0.1:1", "--work_dir={}"),
    "dcos-master": ("--port={}", "--work_dir={}"),
}


@pytest.mark.parametrize("program", sorted({*DAEMONS} - {"dcos-auth"}))
def test_every_daemon_with_a_port_names_who_has_it(program: str, holder: Holder, tmp_path: Path) -> None:
    port, *others = OWN[program]
    argv = [port.format(holder.port), *(one.format(tmp_path) for one in others)]
    run = Path(sys.executable).with_name(program)
    done = subprocess.run([run, *argv], capture_output=True, text=True, timeout=120)
    assert done.returncode == 1, done.stderr
    assert f"taken by pid {holder.process.pid} (" in done.stderr, done.stderr


def test_the_process_that_listens_on_a_socket_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a socket"
    held = Holder(str(path))
    try:
        assert holders.of_socket(path).startswith(f"pid {held.process.pid} (")
        with pytest.raises(Unstartable) as caught:
            shell._make_room(path)
        assert f"cannot listen on {path}: pid {held.process.pid} (" in explain(caught.value)
    finally:
        held.end()
    assert holders.of_socket(path) == holders.UNSEEN


def test_a_process_does_not_name_itself() -> None:
    with socket.create_server(("127.0.0.1", 0)) as own:
        found = asyncio.run(asyncio.to_thread(holders.of_port, own.getsockname()[1]))
    assert str(os.getpid()) not in found
