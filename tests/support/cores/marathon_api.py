"""The init with its API over HTTP, a store in memory, and no master."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import aiohttp
from aiohttp.test_utils import TestServer
from yarl import URL

from dcos_runtime.guard.admission import Admission
from dcos_runtime.leading import http
from dcos_runtime.leading.position import Peer, Position
from dcos_runtime.leading.routes import Patterns
from dcos_runtime.leading.seat import Leadership
from dcos_runtime.marathon.core import events
from dcos_runtime.marathon.core.state import Settings
from dcos_runtime.marathon.events import Hub
from dcos_runtime.marathon.http.apps import Apps
from dcos_runtime.marathon.http.dialect import MarathonDialect
from dcos_runtime.marathon.http.system import ProcessInfo, System
from dcos_runtime.marathon.shell import InitShell
from dcos_runtime.stalls import Stalls
from dcos_runtime.store import StoreError
from dcos_runtime.store.lease import Forever
from dcos_runtime.wire.scheduler import Call, Event
from dcos_runtime.wire.tasks import TaskState, TaskStatus
from tests.support.cores.marathon_cluster import make_offer


class MemoryStore:
    """A store whose writes can be held up, or fail."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.open = asyncio.Event()
        self.open.set()
        self.broken = False
        self.writes = 0

    async def load(self) -> dict[str, bytes]:
        return dict(self.kept)

    async def write(self, changes: Mapping[str, bytes | None]) -> None:
        await self.open.wait()
        if self.broken:
            raise StoreError("the disk is full")
        self.writes += 1
        for key, value in changes.items():
            if value is None:
                self.kept.pop(key, None)
            else:
                self.kept[key] = value

    async def close(self) -> None: ...


class Calls:
    """Replaces the framework client: records the calls."""

    master = "http://master:5050"

    def __init__(self) -> None:
        self.sent: list[Call] = []

    def send(self, call: Call) -> bool:
        self.sent.append(call)
        return True


class Api:
    """The whole init, without its connection to a master."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.calls = Calls()
        self.position: Position[InitShell] = Position(Peer("here:8080", "here:8080", "here"))

    def running(self) -> InitShell:
        return self.position.leading_shell

    async def __aenter__(self) -> Api:
        config = {"framework_name": "marathon", "hostname": "here"}
        identity = ProcessInfo(address="here:8080", config=config, http_port=8080, zookeeper={})
        dialect = MarathonDialect()
        patterns = [*Apps(self.running).routes(), *System(self.running, identity, Stalls()).routes()]
        admission = Admission(None)
        self.server = TestServer(
            http.Api(self.position, Patterns(patterns, dialect.error), admission, dialect).application()
        )
        await self.server.start_server(auto_decompress=False)  # as the init listens
        self.http = aiohttp.ClientSession()
        return self

    async def lead(self) -> None:
        shell = await InitShell.load(Leadership(self.store, Forever()), Hub(), Settings())  # type: ignore[arg-type]  # a double has what is used of it
        shell.client = self.calls
        self.work = asyncio.create_task(shell.run())
        self.position.start(shell)
        shell.feed(events.Subscribed("fw", "master:5050", ("*",)))

    async def __aexit__(self, *_: object) -> None:
        await self.http.close()
        await self.server.close()
        if self.position.shell is not None:
            self.work.cancel()
            await asyncio.gather(self.work, return_exceptions=True)

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any, Mapping[str, str]]:
        data = body if isinstance(body, bytes | None) else json.dumps(body)
        if data is not None:
            headers = {"Content-Type": "application/json", **{k.replace("_", "-"): v for k, v in headers.items()}}
        # The path as given: the client must not normalize it.
        url = str(self.server.make_url("/")).rstrip("/") + path
        async with self.http.request(method, URL(url, encoded=True), data=data, headers=headers) as answer:
            text = await answer.text()
            try:
                return answer.status, json.loads(text), answer.headers
            except ValueError:
                return answer.status, text, answer.headers

    async def start_tasks(self, count: int) -> list[str]:
        """Offers enough for so many tasks and lets them run; returns their ids."""
        self.calls.sent.clear()
        for number in range(count):
            self.running().feed(offered(f"o{number}", f"a{number}"))
        names = []
        await self.until_stored()
        for call in self.calls.sent:
            if call.accept is not None:
                for info in call.accept.operations[0].launch.task_infos:
                    status = TaskStatus(
                        task_id=info.task_id, state=TaskState.TASK_RUNNING, agent_id=info.agent_id, uuid=b"u"
                    )
                    self.running().feed(events.Heard(Event(update=Event.Update(status=status))))
                    names.append(info.task_id.value)
        await self.until_stored()
        return names

    async def until_stored(self) -> None:
        """Returns when all decisions are stored and carried out."""
        await until(lambda: self.running().core.state.outbox.empty)


def offered(offer: str, agent: str) -> events.Heard:
    return events.Heard(Event(offers=Event.Offers(offers=[make_offer(offer, agent)])))


async def until(condition: Any) -> None:
    async with asyncio.timeout(240):
        while True:
            if condition():
                return
            await asyncio.sleep(0.01)
