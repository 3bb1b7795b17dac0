"""A gateway in front of a master, an init, an agent and services that return the request that they got."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aiohttp import WSMsgType, web

from tests.support.daemons.authority import Authority
from tests.support.daemons.byhand import wait_for
from tests.support.daemons.gateway import PASSWORD, Answer, Backend, Gateway, echo, server_tls, started, task_address

AGENT = "11111111-2222-4333-8444-555555555555-S0"
OTHER = "11111111-2222-4333-8444-555555555555-S1"


class Made:
    """A gateway, in front of a master, an init, an agent and two services."""

    def __init__(self, folder: Path, task_host: str) -> None:
        self.authority = Authority(folder / "authority")
        self.task_host = task_host
        self.master = Backend(self._master, server_tls(self.authority, "master"))
        self.init = Backend(self._init, server_tls(self.authority, "marathon"))
        self.agent = Backend(echo, server_tls(self.authority, "agent", "127.0.0.5"), ip="127.0.0.5")
        self.task = Backend(self._task, ip=task_host)
        self.apps: list[dict[str, Any]] = []
        self.frameworks: list[dict[str, Any]] = []
        self.more_agents: list[dict[str, Any]] = []
        self.state: dict[str, Any] = {"leader": "master@127.0.0.1:5050"}
        self.released = asyncio.Event()
        self.folder = folder
        self.gateway: Gateway

    def parts(self) -> Iterator[Any]:
        yield from (self.master, self.init, self.agent, self.task)

    def app(self, name: str, *, host: str = "", port: int = 0, **more: Any) -> dict[str, Any]:
        return {
            "id": f"/{name}",
            "labels": {"DCOS_SERVICE_NAME": name, **more.pop("labels", {})},
            "tasks": [
                {
                    "id": f"{name}.1",
                    "state": more.pop("state", "TASK_RUNNING"),
                    "host": host or self.task_host,
                    "ports": [port or self.task.port],
                    **more,
                }
            ],
        }

    async def _master(self, request: web.Request) -> web.StreamResponse:
        if request.raw_path.startswith("/slaves"):
            agent = {"id": AGENT, "pid": "slave(1)@127.0.0.5:5051", "active": True, "attributes": {"public_ip": "true"}}
            # The places of services: one low port is offered to tasks there.
            other = {"id": OTHER, "pid": f"slave(1)@{self.task_host}:6051", "active": True, "attributes": {}}
            other["resources"] = {"cpus": 1.0, "ports": "[1-1, 31000-32000]"}
            return web.json_response({"slaves": [agent, other, *self.more_agents]})
        if request.raw_path == "/state" and request.headers.get("X-Dcos-User") is None:
            return web.json_response(self.state)
        if request.raw_path == "/state-summary" and request.headers.get("X-Dcos-User") is None:
            return web.json_response({"frameworks": self.frameworks})
        if request.raw_path == "/stream":
            return await self._stream(request)
        if request.raw_path == "/redirect":
            return web.Response(status=307, headers={"Location": "//127.0.0.9:5050/state"})
        if request.raw_path == "/error":
            return web.Response(status=403, text="the master's own words")
        return await echo(request)

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for number in range(1000):
            await response.write(b"%d\n" % number)
            await asyncio.sleep(0.05)
        return response

    async def _init(self, request: web.Request) -> web.StreamResponse:
        if request.raw_path.startswith("/v2/apps?label=DCOS_SERVICE_NAME"):
            return web.json_response({"apps": self.apps})
        return await echo(request)

    async def _task(self, request: web.Request) -> web.StreamResponse:
        if request.raw_path == "/accelerate":
            return web.Response(headers={"X-Accel-Redirect": "/mesos/secret", "Set-Cookie": "own=1; Path=/"})
        if request.raw_path == "/away":
            return web.Response(status=302, headers={"Location": f"http://{self.task_host}:{self.task.port}/there"})
        if request.raw_path == "/elsewhere":
            return web.Response(status=302, headers={"Location": "//elsewhere.example/there"})
        if request.raw_path == "/socket":
            websocket = web.WebSocketResponse()
            await websocket.prepare(request)
            async for message in websocket:
                if message.type is WSMsgType.TEXT:
                    await websocket.send_str(f"heard {message.data}")
            return websocket
        return await echo(request)


@contextlib.contextmanager
def made_gateway(folder: Path, **more: Any) -> Iterator[Made]:
    """All of it, started. Afterwards no log contains a token or a password."""
    with task_address() as address:
        made = Made(folder, address)
        with started(*made.parts()):
            made.gateway = Gateway(
                folder / "gateway",
                made.authority,
                master_port=made.master.port,
                init_port=made.init.port,
                agent_port=made.agent.port,
                **more,
            )
            with started(made.gateway):
                yield made
                logs = made.gateway.logs()
                assert PASSWORD not in logs
                assert "eyJ" not in logs, "every token begins so"


def headers_of(seen: dict[str, Any]) -> dict[str, str]:
    return dict(seen["headers"])


def until(made: Made, path: str, headers: dict[str, str], status: int, seconds: float = 180) -> Answer:
    """The gateway's knowledge of services is up to a second old."""
    found: list[Answer] = []

    def look() -> bool:
        found.append(made.gateway.get(path, headers))
        return found[-1].status == status

    try:
        wait_for(look, seconds, f"{path} answering {status}")
    except AssertionError as error:
        raise AssertionError(f"{error}: {found[-1]}" if found else str(error)) from None
    return found[-1]
