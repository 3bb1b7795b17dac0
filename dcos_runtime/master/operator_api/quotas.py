"""Quotas of roles: read and set by calls, and by the page `/quota`."""

from __future__ import annotations

import re

from aiohttp import web

from dcos_runtime import bodies, call_bodies
from dcos_runtime.core.resources import THOUSANDTHS
from dcos_runtime.master import forms
from dcos_runtime.master.answering import json_response
from dcos_runtime.master.core import acls
from dcos_runtime.master.core.allocator import Quantities, Quota
from dcos_runtime.master.core.events import QuotaRemovalAsked, QuotaRequested, QuotasAsked
from dcos_runtime.master.core.state import State
from dcos_runtime.master.operator_api.asked import Answer, Calls, OperatorCall
from dcos_runtime.master.scheduler_api import answered
from dcos_runtime.master.shell import MasterShell
from dcos_runtime.operating import NotPossible
from dcos_runtime.wire import codec
from dcos_runtime.wire.common import Value
from dcos_runtime.wire.master import Call, Response
from dcos_runtime.wire.quota import QuotaConfig, QuotaInfo, QuotaRequest, QuotaStatus
from dcos_runtime.wire.resources import Resource


def _known(state: State, principal: str | None) -> QuotaStatus:
    """Those that the principal may see."""
    known = state.settings.acls
    quotas = [
        (role, quota)
        for role, quota in sorted(state.allocator.quotas().items())
        if acls.permits(known, "get_quotas", principal, role)
    ]
    return QuotaStatus(
        infos=[QuotaInfo(role=role, guarantee=_resources(quota.guarantees)) for role, quota in quotas],
        configs=[_config(role, quota) for role, quota in quotas],
    )


def _config(role: str, quota: Quota) -> QuotaConfig:
    return QuotaConfig(role=role, guarantees=_scalars(quota.guarantees), limits=_scalars(quota.limits))


def _scalars(quantities: Quantities) -> dict[str, Value.Scalar]:
    return {name: Value.Scalar(value=amount / THOUSANDTHS) for name, amount in quantities.items()}


def _resources(quantities: Quantities) -> list[Resource]:
    return [Resource(name=name, type=Value.Type.SCALAR, scalar=one) for name, one in _scalars(quantities).items()]


# --- calls -----------------------------------------------------------------------------------------------------------


async def _get(asked: OperatorCall) -> Answer:
    return Response(
        type=Response.Type.GET_QUOTA, get_quota=Response.GetQuota(status=_known(asked.state, asked.principal))
    )


async def _update(asked: OperatorCall) -> Answer:
    part = asked.wants(Call.UpdateQuota)
    configs = tuple(part.quota_configs)
    return await asked.change(lambda number: QuotasAsked(number, configs, bool(part.force), asked.by, asked.principal))


async def _set(asked: OperatorCall) -> Answer:
    quota = asked.wants(Call.SetQuota).quota_request
    return await asked.change(lambda number: QuotaRequested(number, quota, asked.by, asked.principal))


async def _remove(asked: OperatorCall) -> Answer:
    role = asked.wants(Call.RemoveQuota).role
    return await asked.change(lambda number: QuotaRemovalAsked(number, role, by=asked.by, principal=asked.principal))


CALLS: Calls = {
    Call.Type.GET_QUOTA: _get,
    Call.Type.UPDATE_QUOTA: _update,
    Call.Type.SET_QUOTA: _set,
    Call.Type.REMOVE_QUOTA: _remove,
}


# --- the page --------------------------------------------------------------------------------------------------------


async def handle(request: web.Request, shell: MasterShell, principal: str | None) -> web.StreamResponse:
    """The role whose quota is removed is in the path: ``/quota/<role>``."""
    by = f"{principal or 'somebody'} at {request.remote}"

    async def shown(request: web.Request) -> web.StreamResponse:
        return json_response(codec.encode(_known(shell.state, principal)), request)

    async def add(request: web.Request) -> web.StreamResponse:
        data = await bodies.read(request, forms.LARGEST)
        text = data.decode(errors="replace")
        try:
            quota = call_bodies.decode_plain(data, QuotaRequest)
        except call_bodies.NoDocument as error:
            raise NotPossible(400, f"Failed to parse set quota request JSON '{text}': {error}") from error
        except codec.DecodeError as error:
            raise NotPossible(400, f"Failed to validate set quota request JSON '{text}': {error}") from error
        return answered(await shell.ask(lambda number: QuotaRequested(number, quota, by, principal)))

    async def remove(request: web.Request) -> web.StreamResponse:
        found = re.fullmatch(r"/*(?:master/+)?quota(?:\.json)?(?:/+(.*))?", request.path, re.DOTALL)
        role = (found[1] if found is not None else None) or ""
        if not role:
            text = "Failed to parse remove quota request for path '/master/quota': expected 3 tokens, found 2 tokens"
            raise NotPossible(400, text)
        what = f"quota for path '/master/quota/{role}'"
        return answered(await shell.ask(lambda number: QuotaRemovalAsked(number, role, what, by, principal)))

    return await forms.answer(request, {"GET": shown, "POST": add, "DELETE": remove})
