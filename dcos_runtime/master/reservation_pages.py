"""`/reserve`, `/unreserve`, `/create-volumes` and `/destroy-volumes`: what `/api/v1` does, asked for by a form with the
agent's ``slaveId`` and resources in JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from aiohttp import web

from dcos_runtime import call_bodies
from dcos_runtime.master import forms
from dcos_runtime.master.core.events import OperationAsked
from dcos_runtime.master.scheduler_api import answered
from dcos_runtime.master.shell import MasterShell
from dcos_runtime.operating import NotPossible
from dcos_runtime.wire import codec
from dcos_runtime.wire.cluster import Offer
from dcos_runtime.wire.resources import Resource

Operation = Offer.Operation
Type = Operation.Type


class _Page(NamedTuple):
    """``field``: of the form, with the resources; ``refusal``: how the text begins when they cannot be read."""

    field: str
    refusal: str
    operation: Callable[[list[Resource]], Operation]


PAGES: Mapping[str, _Page] = {
    "/reserve": _Page(
        "resources",
        "Error parsing",
        lambda given: Operation(type=Type.RESERVE, reserve=Operation.Reserve(resources=given)),
    ),
    "/unreserve": _Page(
        "resources",
        "Error in parsing",
        lambda given: Operation(type=Type.UNRESERVE, unreserve=Operation.Unreserve(resources=given)),
    ),
    "/create-volumes": _Page(
        "volumes",
        "Error in parsing",
        lambda given: Operation(type=Type.CREATE, create=Operation.Create(volumes=given)),
    ),
    "/destroy-volumes": _Page(
        "volumes",
        "Error in parsing",
        lambda given: Operation(type=Type.DESTROY, destroy=Operation.Destroy(volumes=given)),
    ),
}


async def handle(request: web.Request, shell: MasterShell, principal: str | None, path: str) -> web.StreamResponse:
    """``path``: of `PAGES`."""
    page = PAGES[path]

    async def operate(request: web.Request) -> web.StreamResponse:
        form = await forms.posted(request)
        agent_id, given = forms.wanted(form, "slaveId"), forms.wanted(form, page.field)
        try:
            resources = call_bodies.decode_plain(given.encode(), list[Resource])
        except codec.DecodeError as error:
            text = f"{page.refusal} '{page.field}' query parameter in the request body: {error}"
            raise NotPossible(400, text) from error
        operation, by = page.operation(resources), f"{principal or 'somebody'} at {request.remote}"
        return answered(await shell.ask(lambda number: OperationAsked(number, agent_id, operation, principal, by)))

    return await forms.answer(request, {"POST": operate})
