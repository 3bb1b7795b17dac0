"""Weights of roles: read and set by calls, and by the page `/weights`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from aiohttp import web

from dcos_runtime import bodies, call_bodies
from dcos_runtime.master import forms
from dcos_runtime.master.answering import json_response
from dcos_runtime.master.core import acls
from dcos_runtime.master.core.events import WeightsAsked
from dcos_runtime.master.core.state import State
from dcos_runtime.master.operator_api.asked import Answer, Calls, OperatorCall
from dcos_runtime.master.scheduler_api import answered
from dcos_runtime.master.shell import MasterShell
from dcos_runtime.operating import NotPossible
from dcos_runtime.wire import codec
from dcos_runtime.wire.master import Call, Response
from dcos_runtime.wire.operators import WeightInfo


def _known(state: State, principal: str | None) -> list[WeightInfo]:
    """Those that the principal may see."""
    known = state.settings.acls
    return [
        WeightInfo(role=role, weight=float(weight))
        for role, weight in sorted(state.weights.items())
        if acls.permits(known, "view_roles", principal, role)
    ]


def _asked(given: Sequence[WeightInfo], by: str, principal: str | None) -> Callable[[int], WeightsAsked]:
    weights = tuple([(one.role or "", one.weight) for one in given])
    return lambda number: WeightsAsked(number, weights, by, principal)


# --- calls -----------------------------------------------------------------------------------------------------------


async def _get(asked: OperatorCall) -> Answer:
    known = _known(asked.state, asked.principal)
    if not known:
        return Response(type=Response.Type.GET_WEIGHTS)  # as Mesos: the type only
    return Response(type=Response.Type.GET_WEIGHTS, get_weights=Response.GetWeights(weight_infos=known))


async def _update(asked: OperatorCall) -> Answer:
    return await asked.change(_asked(asked.wants(Call.UpdateWeights).weight_infos, asked.by, asked.principal))


CALLS: Calls = {Call.Type.GET_WEIGHTS: _get, Call.Type.UPDATE_WEIGHTS: _update}


# --- the page --------------------------------------------------------------------------------------------------------


async def handle(request: web.Request, shell: MasterShell, principal: str | None) -> web.StreamResponse:
    async def shown(request: web.Request) -> web.StreamResponse:
        return json_response(codec.encode(_known(shell.state, principal)), request)

    async def update(request: web.Request) -> web.StreamResponse:
        data = await bodies.read(request, forms.LARGEST)
        text = data.decode(errors="replace")
        try:
            given = call_bodies.decode_plain(data, list[WeightInfo])
        except call_bodies.NoDocument as error:
            raise NotPossible(400, f"Failed to parse update weights request JSON '{text}': {error}") from error
        except codec.DecodeError as error:
            raise NotPossible(400, f"Failed to convert weights JSON array to protobuf '{text}': {error}") from error
        return answered(await shell.ask(_asked(given, f"{principal or 'somebody'} at {request.remote}", principal)))

    return await forms.answer(request, {"GET": shown, "PUT": update})
