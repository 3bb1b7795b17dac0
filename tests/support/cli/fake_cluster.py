"""A small pretended cluster over real HTTP, and the result of a command line run inside the test's process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from aiohttp import web

from tests.support.cli.asked import Asked
from tests.support.cli.fake_cosmos import FakeCosmos


@dataclass
class Result:
    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    def json(self) -> Any:
        return json.loads(self.out)


class Server:
    """One HTTP server on a free port: `answer` may be replaced by a test; every request is kept in ``asked``."""

    def __init__(self, loop: asyncio.AbstractEventLoop, answer: Callable[[Asked], web.Response]) -> None:
        self.answer = answer
        self.asked: list[Asked] = []
        self.authorizations: list[str | None] = []
        self._loop = loop
        self._runner: web.AppRunner | None = None
        self.address = asyncio.run_coroutine_threadsafe(self._start(), loop).result(240)
        self.url = f"http://{self.address}"

    async def _start(self) -> str:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        return f"{host}:{port}"

    async def _handle(self, request: web.Request) -> web.Response:
        body = await request.json() if request.can_read_body else None
        asked = Asked(request.method, request.path, dict(request.query), body, request.headers)
        self.asked.append(asked)
        self.authorizations.append(request.headers.get("Authorization"))
        return self.answer(asked)

    def stop(self) -> None:
        if self._runner is not None:
            asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(240)
            self._runner = None


def reply(status: int = 200, body: Any = None, **headers: str) -> web.Response:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return web.Response(status=status, text="" if body is None else json.dumps(body), headers=names)


@dataclass
class Cluster:
    """A master, one agent a1 and the init. Tests change ``tasks``, ``files``, ``apps`` and the like; ``processes`` maps
    containers to what the agent tells of them, ``refused`` calls of the master's operator API to its answers,
    ``answers`` those that read to what they tell.
    """

    loop: asyncio.AbstractEventLoop
    tasks: list[dict[str, Any]] = field(default_factory=list)
    completed: list[dict[str, Any]] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    processes: dict[str, dict[str, Any]] = field(default_factory=dict)
    executors: list[dict[str, Any]] = field(default_factory=list)
    completed_executors: list[dict[str, Any]] = field(default_factory=list)
    apps: dict[str, dict[str, Any]] = field(default_factory=dict)
    deployments: list[dict[str, Any]] = field(default_factory=list)
    queue: list[dict[str, Any]] = field(default_factory=list)
    frameworks: list[dict[str, Any]] = field(default_factory=list)
    agents: list[dict[str, Any]] = field(default_factory=list)
    expected_agents: list[dict[str, Any]] = field(default_factory=list)
    refused: dict[str, tuple[int, str]] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)
    quotas: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.master = Server(self.loop, self.answer_master)
        self.agent = Server(self.loop, self.answer_agent)
        self.marathon = Server(self.loop, self.answer_marathon)
        self.agents.append(
            {
                "id": "S0",
                "hostname": "a1",
                "pid": f"slave(1)@{self.agent.address}",
                "active": True,
                "resources": {"cpus": 4.0, "mem": 1024.0, "disk": 2048.0, "ports": "[31000-32000]"},
                "used_resources": {"cpus": 0.5, "mem": 96.0, "disk": 0.0},
                "attributes": {"rack": "r1"},
            }
        )
        self.frameworks.append(
            {"id": "F0", "name": "marathon", "user": "root", "active": True, "webui_url": self.marathon.url}
        )

    @cached_property
    def cosmos(self) -> FakeCosmos:
        """Its package manager, which only some tests use."""
        return FakeCosmos(self.apps)

    def answer_cosmos(self, asked: Asked) -> web.Response:
        return self.cosmos.answer(asked)

    def stop(self) -> None:
        for server in (self.master, self.agent, self.marathon):
            server.stop()

    def task(self, task_id: str, *, state: str = "TASK_RUNNING", output: bytes | None = None, at: float = 1.0) -> None:
        """A task of the init on a1, in the state, with its sandbox when there is ``output``."""
        ended = state not in ("TASK_RUNNING", "TASK_STAGING")
        task = {
            "id": task_id,
            "name": task_id.partition(".")[0],
            "slave_id": "S0",
            "framework_id": "F0",
            "executor_id": "",
            "resources": {"cpus": 0.5, "mem": 96.0, "disk": 0.0},
            "state": state,
            "statuses": [{"state": state, "timestamp": at}],
        }
        (self.completed if ended else self.tasks).append(task)
        if output is not None:
            directory = f"/sandboxes/{task_id}"
            self.files[f"{directory}/stdout"] = output
            executor = {"id": task_id, "directory": directory, "container": f"container-of-{task_id}"}
            (self.completed_executors if ended else self.executors).append(executor)

    def end(self, task_id: str) -> None:
        """The task finishes."""
        for living, gone in ((self.tasks, self.completed), (self.executors, self.completed_executors)):
            for one in [one for one in living if one["id"] == task_id]:
                gone.append({**one, "state": "TASK_FINISHED"})  # first: a request in between must find it
                living.remove(one)

    def operated(self) -> list[Any]:
        """The calls of the master's operator API so far."""
        return [asked.body for asked in self.master.asked if asked.path == "/api/v1"]

    def quota(self, role: str, guarantee: Any = None, limit: Any = None, **consumed: float) -> None:
        self.quotas[role] = {"role": role, "guarantee": guarantee or {}, "limit": limit or {}, "consumed": consumed}

    def _set_quota(self, asked: Asked) -> web.Response:
        (config,) = asked.body["update_quota"]["quota_configs"]
        guarantees, limits = (
            {name: one["value"] for name, one in config[part].items()} for part in ("guarantees", "limits")
        )
        if guarantees.get("cpus", 0) > 4 and not asked.body["update_quota"]["force"]:
            return web.Response(
                status=400, text="Invalid QuotaConfig: too much (use 'force' flag to bypass this check)"
            )
        self.quota(config["role"], guarantees, limits)
        return reply()

    def answer_master(self, asked: Asked) -> web.Response:
        if asked.path == "/api/v1":
            if asked.body["type"] == "UPDATE_QUOTA":
                return self._set_quota(asked)
            if (kind := asked.body["type"]) in self.answers:
                return reply(200, {"type": kind, kind.lower(): self.answers[kind]})
            status, text = self.refused.get(asked.body["type"], (200, ""))
            return web.Response(status=status, text=text)
        if asked.path == "/roles":
            others = [{"name": "bare", "quota": {"role": "bare", "guarantee": {}, "limit": {}, "consumed": {}}}]
            return reply(
                body={"roles": [*({"name": one["role"], "quota": one} for one in self.quotas.values()), *others]}
            )
        if asked.path != "/state":
            return reply(404)
        frameworks = [{**one} for one in self.frameworks]
        if frameworks:
            frameworks[0] |= {"tasks": self.tasks, "completed_tasks": self.completed}
        return reply(
            body={
                "id": "M0",
                "pid": f"master@{self.master.address}",
                "hostname": "m1",
                "version": "1.11.0",
                "slaves": self.agents,
                "recovered_slaves": self.expected_agents,
                "frameworks": frameworks,
                "completed_frameworks": [],
            }
        )

    def answer_agent(self, asked: Asked) -> web.Response:
        if asked.path == "/slave(1)/state":
            framework = {"id": "F0", "executors": self.executors, "completed_executors": self.completed_executors}
            return reply(body={"id": "S0", "frameworks": [framework], "completed_frameworks": []})
        if asked.path == "/slave(1)/containers/processes":
            told = self.processes.get(asked.query["container_id"])
            return reply(404) if told is None else reply(body=told)
        data = self.files.get(asked.query.get("path", ""))
        if asked.path != "/files/read" or data is None:
            return reply(404)
        offset = int(asked.query["offset"])
        if offset < 0:
            return reply(body={"offset": len(data), "data": ""})
        piece = data[offset : offset + min(int(asked.query.get("length", 65536)), 65536)]
        # As in Mesos: the bytes unchanged, within the JSON text.
        text = json.dumps({"offset": offset, "data": piece.decode("utf-8", "surrogateescape")}, ensure_ascii=False)
        return web.Response(body=text.encode("utf-8", "surrogateescape"), content_type="application/json")

    def answer_marathon(self, asked: Asked) -> web.Response:
        path = asked.path
        if path == "/v2/apps" and asked.method == "GET":
            return reply(body={"apps": list(self.apps.values())})
        if path == "/v2/apps" and asked.method == "POST":
            app = {"instances": 1, "tasksRunning": 0, "tasks": [], **asked.body, "deployments": [{"id": "D1"}]}
            self.apps[app["id"]] = app
            return reply(201, app, Marathon_Deployment_Id="D1")
        if path == "/v2/deployments":
            return reply(body=self.deployments)
        if path == "/v2/tasks":
            return reply(body={"tasks": [task for app in self.apps.values() for task in app.get("tasks", [])]})
        if path == "/v2/queue":
            return reply(body={"queue": self.queue})
        if path == "/v2/info":
            return reply(body={"name": "marathon", "version": "1.11.24"})
        if path == "/ping":
            return web.Response(text="pong")
        app_id, _, verb = path.removeprefix("/v2/apps").partition("/restart")
        if path.startswith("/v2/apps/") and app_id in self.apps:
            if asked.method == "GET":
                return reply(body={"app": self.apps[app_id]})
            if asked.method == "PUT":
                self.apps[app_id] |= asked.body
            if asked.method == "DELETE":
                del self.apps[app_id]
            return reply(body={"version": "v", "deploymentId": f"D-{asked.method}{verb}"})
        return reply(404, {"message": f"App '{app_id}' does not exist"})
