"""A daemon with a leader, as small as possible: counters that all clients may read and raise."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from aiohttp import web

from dcos_runtime.daemon import json_response
from dcos_runtime.flags.leading import PlainLeaderFlags, plain_leader_flags
from dcos_runtime.leading.main import Daemon, Here
from dcos_runtime.leading.position import Position
from dcos_runtime.leading.routes import Parts, Pattern, route
from dcos_runtime.leading.seat import Leadership
from dcos_runtime.leading.shell import Shell
from tests.support.toy.core import Add, CounterCore, Event, Recovered


class CounterShell(Shell[Event]):
    core: CounterCore


class Counters(Daemon[CounterShell, PlainLeaderFlags]):
    summary = "Counters that anybody may read and raise."
    kind = "counters"
    flags = plain_leader_flags("dcos-counters", http_port=7000, tls_port=7443)

    def routes(self, position: Position[CounterShell], here: Here[PlainLeaderFlags]) -> Sequence[Pattern]:
        async def show(request: web.Request, parts: Parts) -> web.StreamResponse:
            return json_response(position.leading_shell.core.counts)

        async def add(request: web.Request, parts: Parts) -> web.StreamResponse:
            reply = await position.leading_shell.ask(lambda number: Add(number, parts["name"]))
            return web.Response(status=reply.status, body=reply.body)

        return [route("GET", "/counts", show), route("POST", "/counts/{=name}", add)]

    async def start(self, leadership: Leadership, here: Here[PlainLeaderFlags]) -> CounterShell:
        shell = CounterShell(CounterCore(), leadership)
        shell.start(Recovered(tuple((await leadership.store.load()).items())))
        return shell


if __name__ == "__main__":
    sys.exit(Counters().main())
