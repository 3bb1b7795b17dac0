"""The agents' listener: the internal protocol, `wire.internal`, on a port of its own."""

from __future__ import annotations

import logging

from aiohttp import web

from dcos_runtime.daemon import json_response, text_response
from dcos_runtime.master import body
from dcos_runtime.master.http import Role
from dcos_runtime.master.leader import Leader
from dcos_runtime.store.lease import LeaseOver
from dcos_runtime.wire import codec, internal

log = logging.getLogger(__name__)


class AgentApi:
    def __init__(self, role: Role) -> None:
        self._role = role

    def application(self) -> web.Application:
        application = web.Application(client_max_size=body.MAX_BODY)
        application.router.add_post(f"{internal.PATH}/connect", self._connect)
        application.router.add_post(f"{internal.PATH}/messages", self._messages)
        return application

    def _leader(self) -> Leader:
        if self._role.leader is None:
            raise web.HTTPServiceUnavailable(text="this master does not lead")
        return self._role.leader

    async def _connect(self, request: web.Request) -> web.StreamResponse:
        leader = self._leader()
        try:
            call = codec.decode(await body.read(request), internal.Connect)
        except body.Refused as refusal:
            return text_response(refusal.text, refusal.status)
        except codec.DecodeError as error:
            return text_response(str(error), 400)
        address = request.remote or ""
        stream = leader.streams.open(f"agent {call.agent.hostname} at {address}")
        try:
            try:
                answer = leader.do(lambda core, now: core.agent_connect(call, stream.number, address, now))
            except LeaseOver as error:
                return text_response(str(error), 503)
            except Exception:
                log.exception("agent %s could not be connected", call.agent.hostname)
                return text_response("the agent could not be connected; the master's log says why", 500)
            if answer.status != 200:
                log.warning("refused agent %s at %s: %s", call.agent.hostname, address, answer.text)
                return text_response(answer.text, answer.status)
            log.info("agent %s connected from %s", call.agent.hostname, address)
            response = web.StreamResponse(headers={"Content-Type": "application/recordio"})
            response.enable_chunked_encoding()
            await stream.write(request, response)
            return response
        finally:
            leader.streams.forget(stream)
            leader.note(lambda core, now: core.agent_gone(stream.number))

    async def _messages(self, request: web.Request) -> web.StreamResponse:
        leader = self._leader()
        try:
            batch = codec.decode(await body.read(request), internal.Batch)
        except body.Refused as refusal:
            return text_response(refusal.text, refusal.status)
        except codec.DecodeError as error:
            return text_response(str(error), 400)
        try:
            answer = leader.do(lambda core, now: core.agent_messages(batch, now))
        except LeaseOver as error:
            return text_response(str(error), 503)
        except Exception:
            log.exception("messages of agent %s could not be handled", batch.agent_id)
            return text_response("the messages could not be handled; the master's log says why", 500)
        if isinstance(answer, internal.Taken):
            return json_response(answer)
        return text_response(answer.text, answer.status)
