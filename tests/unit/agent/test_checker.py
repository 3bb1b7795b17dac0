"""What runs checks: requests and connections, in this network and in another, and what is told of them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import socket
import ssl
import sys
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from dcos_runtime.agent.checker import Checker
from dcos_runtime.agent.core.check_terms import CheckKind
from dcos_runtime.agent.core.effects import RunCheck, StopCheck
from dcos_runtime.agent.core.events import Checked
from tests.support.universe.pairs import pair

HEALTH, CHECK = CheckKind.HEALTH, CheckKind.CHECK
DEADLINE = 60.0
OWN = Path("/proc/self/ns/net")


class Lab:
    """A checker, and what it tells."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[Checked] = asyncio.Queue()
        self.task: bytes | None = None
        self.running: list[asyncio.Task[None]] = []
        self.checker = Checker(self.told.put_nowait, lambda container_id: self.task, {}, self._spawn, lambda _: None)
        self.number = 0

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        self.running.append(asyncio.create_task(work, name=name))
        return self.running[-1]

    def begin(self, task: dict[str, Any], kind: CheckKind = HEALTH, pid: int | None = None) -> None:
        self.number += 1
        self.task = json.dumps(task).encode()
        self.checker.begin(RunCheck("c", "linux", kind, self.number, pid or os.getpid()))

    async def answer(self) -> Checked:
        return await asyncio.wait_for(self.told.get(), DEADLINE)

    async def ask(self, task: dict[str, Any], kind: CheckKind = HEALTH, pid: int | None = None) -> Checked:
        self.begin(task, kind, pid)
        found = await self.answer()
        assert (found.container_id, found.kind, found.number) == ("c", kind, self.number)
        return found


def http(port: int, path: str | None = None, **more: Any) -> dict[str, Any]:
    return {"health_check": {"type": "HTTP", "http": {"port": port, "path": path, **more}}}


def tcp(port: int, **more: Any) -> dict[str, Any]:
    return {"health_check": {"type": "TCP", "tcp": {"port": port, **more}}}


async def web(answers: dict[str, bytes], host: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> int:
    """A server that gives each path its answer. Returns its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):  # a connection is all that was asked for
            path = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode()
            writer.write(answers.get(path, status(404)))
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, host, 0, ssl=tls)
    return int(server.sockets[0].getsockname()[1])


def status(code: int, *lines: str) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {code} Word", *lines, "Content-Length: 0", "", ""]).encode()


def in_loop(work: Callable[[Lab], Awaitable[None]]) -> None:
    async def run() -> None:
        await work(Lab())

    asyncio.run(run())


def test_a_request_gives_the_status_of_the_response() -> None:
    async def work(lab: Lab) -> None:
        port = await web({"/": status(200), "/a%20b?c=d": status(503), "/x": b"nonsense\r\n\r\n"})
        assert (await lab.ask(http(port))).value == 200
        assert (await lab.ask(http(port, "/a%20b?c=d"))).value == 503
        assert (await lab.ask(http(port, "/nowhere"))).value == 404
        nonsense = await lab.ask(http(port, "/x"))
        assert nonsense.value is None and nonsense.why and not nonsense.unknown
        check = {"check": {"type": "HTTP", "http": {"port": port}}}
        assert (await lab.ask(check, CHECK)).value == 200

    in_loop(work)


def test_redirects_are_followed_and_one_without_end_is_none() -> None:
    async def work(lab: Lab) -> None:
        answers = {"/": status(302, "Location: /next"), "/next": status(204), "/loop": status(307, "Location: /loop")}
        port = await web(answers)
        assert (await lab.ask(http(port))).value == 204
        loop = await lab.ask(http(port, "/loop"))
        assert loop.value is None and loop.why

    in_loop(work)


def test_a_certificate_need_not_be_trusted(tmp_path: Path) -> None:
    async def work(lab: Lab) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made = pair("nobody.example")
        (tmp_path / "both").write_text(f"{made.certificate}\n{made.key}\n")
        context.load_cert_chain(tmp_path / "both")
        port = await web({"/": status(201)}, tls=context)
        assert (await lab.ask(http(port, scheme="https"))).value == 201
        assert (await lab.ask(http(port))).value is None

    in_loop(work)


def test_a_connection_is_made_or_not() -> None:
    async def work(lab: Lab) -> None:
        port = await web({})
        assert (await lab.ask(tcp(port))).value == 1
        with socket.create_server(("127.0.0.1", 0)) as server:
            closed = server.getsockname()[1]
        assert (await lab.ask(tcp(closed))).value == 0
        refused = await lab.ask(http(closed))
        assert (refused.value, refused.why, refused.unknown) == (None, "connection refused", False)

    in_loop(work)


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
def test_by_ipv6_where_a_task_says_so() -> None:
    async def work(lab: Lab) -> None:
        try:
            port = await web({"/": status(200)}, "::1")
        except OSError:
            pytest.skip("the loopback interface has no IPv6 address here")
        assert (await lab.ask(http(port, protocol="IPv6"))).value == 200
        assert (await lab.ask(tcp(port, protocol="IPv6"))).value == 1
        assert (await lab.ask(tcp(port))).value == 0

    in_loop(work)


def test_a_check_that_is_given_up_tells_nothing_and_leaves_no_connection() -> None:
    async def work(lab: Lab) -> None:
        loop = asyncio.get_running_loop()
        with socket.create_server(("127.0.0.1", 0)) as silent:
            silent.setblocking(False)
            lab.begin(http(silent.getsockname()[1]))
            connection, _ = await asyncio.wait_for(loop.sock_accept(silent), DEADLINE)
            with connection:
                connection.setblocking(False)
                lab.checker.stop(StopCheck("c", HEALTH, lab.number))
                port = await web({"/": status(200)})
                assert (await lab.ask(http(port))).value == 200
                while await asyncio.wait_for(loop.sock_recv(connection, 1000), DEADLINE):
                    pass  # the request, and then its end

    in_loop(work)


def test_a_container_that_has_ended_and_a_task_that_is_gone_say_nothing() -> None:
    async def work(lab: Lab) -> None:
        ended = await asyncio.create_subprocess_exec("true")
        await ended.wait()
        assert (await lab.ask(tcp(1), pid=ended.pid)).unknown
        lab.begin(tcp(1))
        lab.task = None
        assert (await lab.answer()).unknown

    in_loop(work)


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("unshare") is None, reason="only root makes networks")
def test_a_container_with_a_network_of_its_own_is_asked_there() -> None:
    there = (
        "import socket, subprocess, sys;"
        "subprocess.run(['ip', 'link', 'set', 'lo', 'up'], check=True);"
        "server = socket.create_server(('127.0.0.1', 0)); print(server.getsockname()[1], flush=True)\n"
        "while True:\n connection, _ = server.accept(); connection.recv(1000);"
        " connection.sendall(b'HTTP/1.1 207 Here\\r\\nContent-Length: 0\\r\\n\\r\\n'); connection.close()"
    )

    async def work(lab: Lab) -> None:
        argv = ["unshare", "--net", sys.executable, "-c", there]
        process = await asyncio.create_subprocess_exec(*argv, stdout=asyncio.subprocess.PIPE)
        try:
            assert process.stdout is not None
            port = int(await asyncio.wait_for(process.stdout.readline(), DEADLINE))
            before = OWN.readlink()
            assert (await lab.ask(http(port), pid=process.pid)).value == 207
            assert (await lab.ask(tcp(port), pid=process.pid)).value == 1
            assert (await lab.ask(http(port))).value is None
            assert OWN.readlink() == before
        finally:
            process.kill()
            await process.wait()

    in_loop(work)
