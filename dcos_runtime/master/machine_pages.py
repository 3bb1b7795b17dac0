"""`/maintenance/schedule`, `/maintenance/status`, `/machine/down` and `/machine/up`: maintenance over Mesos' v0 pages,
with its texts. A body is JSON, whatever content type it comes with.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from aiohttp import web

from dcos_runtime import bodies, call_bodies
from dcos_runtime.master import forms
from dcos_runtime.master.answering import json_response
from dcos_runtime.master.core import maintenance
from dcos_runtime.master.core.events import MachinesAsked, ScheduleAsked
from dcos_runtime.master.scheduler_api import answered
from dcos_runtime.master.shell import MasterShell
from dcos_runtime.operating import NotPossible
from dcos_runtime.wire import codec
from dcos_runtime.wire.limits import MAX_CALL
from dcos_runtime.wire.maintenance import Schedule
from dcos_runtime.wire.operators import MachineID

MachinePage = Callable[[web.Request, MasterShell, str | None], Awaitable[web.StreamResponse]]
"""With the principal, if that is known."""

T = TypeVar("T")


async def schedule(request: web.Request, shell: MasterShell, principal: str | None) -> web.StreamResponse:
    async def shown(request: web.Request) -> web.StreamResponse:
        return json_response(codec.encode(shell.state.maintenance.plan.schedule), request)

    async def update(request: web.Request) -> web.StreamResponse:
        wanted, by = await _posted(request, Schedule), _by(request, principal)
        return answered(await shell.ask(lambda number: ScheduleAsked(number, wanted, by)))

    return await forms.answer(request, {"GET": shown, "POST": update})


async def status(request: web.Request, shell: MasterShell, principal: str | None) -> web.StreamResponse:
    async def shown(request: web.Request) -> web.StreamResponse:
        return json_response(codec.encode(maintenance.status(shell.state)), request)

    return await forms.answer(request, {"GET": shown})


async def down(request: web.Request, shell: MasterShell, principal: str | None) -> web.StreamResponse:
    return await _machines(request, shell, principal, down=True)


async def up(request: web.Request, shell: MasterShell, principal: str | None) -> web.StreamResponse:
    return await _machines(request, shell, principal, down=False)


async def _machines(
    request: web.Request, shell: MasterShell, principal: str | None, *, down: bool
) -> web.StreamResponse:
    async def change(request: web.Request) -> web.StreamResponse:
        machines, by = tuple(await _posted(request, list[MachineID])), _by(request, principal)
        return answered(await shell.ask(lambda number: MachinesAsked(number, machines, down, by)))

    return await forms.answer(request, {"POST": change})


def _by(request: web.Request, principal: str | None) -> str:
    return f"{principal or 'somebody'} at {request.remote}"


async def _posted(request: web.Request, kind: type[T]) -> T:
    """Raises `NotPossible` with Mesos' text, as far as it is known; `bodies.BodyRefused`."""
    data = await bodies.read(request, MAX_CALL)
    try:
        return call_bodies.decode_plain(data, kind)
    except codec.DecodeError as error:
        raise NotPossible(400, str(error)) from error
