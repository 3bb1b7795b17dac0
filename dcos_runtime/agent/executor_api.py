"""The executor API, `/api/v1/executor`: the checks of a call in Mesos' order, and the stream of events."""

from __future__ import annotations

import asyncio

from aiohttp import web

from dcos_runtime import bodies, call_bodies
from dcos_runtime.agent import executor_peers
from dcos_runtime.agent.core import events, executor_calls
from dcos_runtime.agent.executor_peers import ExecutorPeers
from dcos_runtime.agent.executor_tokens import ExecutorTokens
from dcos_runtime.agent.shell import AgentShell
from dcos_runtime.call_bodies import JSON, PROTOBUF
from dcos_runtime.daemon import not_allowed, text_response
from dcos_runtime.wire import codec, protobuf
from dcos_runtime.wire.executor import Call, Event
from dcos_runtime.wire.limits import MAX_CALL

_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="mesos-agent-executor"'}


class ExecutorApi:
    """Answers the calls of custom executors. ``tokens``: they have to authenticate. Without them, a call is let in
    only when a process of the executor's own container sent it, which ``peers`` finds out.
    """

    def __init__(self, shell: AgentShell, tokens: ExecutorTokens | None, peers: ExecutorPeers) -> None:
        self._shell = shell
        self._tokens = tokens
        self._peers = peers

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Refusals are ``text/plain``; an accepted call gets 202 without a body."""
        named = self._authenticated(request)
        if isinstance(named, web.Response):
            return named
        if request.method != "POST":
            return not_allowed(request, "POST")
        if "Content-Type" not in request.headers:
            return text_response("Expecting 'Content-Type' to be present", 400)
        kind = call_bodies.content_type(request.headers["Content-Type"])
        if kind not in (JSON, PROTOBUF):
            return text_response(f"Expecting 'Content-Type' of {JSON} or {PROTOBUF}", 415)
        try:
            call = await _call(await bodies.read(request, MAX_CALL), kind)
        except bodies.BodyRefused as refusal:
            return text_response(refusal.text, refusal.status, refusal.headers)
        except codec.DecodeError as error:
            return text_response(str(error), 400)
        if error_text := executor_calls.invalid(call):
            return text_response(f"Failed to validate executor::Call: {error_text}", 400)
        if named is not None and not self._allowed(call, named):
            return text_response("The executor's token is not for this executor", 403)
        accepted = call_bodies.accepted(request.headers.get("Accept"))
        if call.type is Call.Type.SUBSCRIBE and accepted is None:
            return text_response(f"Expecting 'Accept' to allow '{PROTOBUF}' or '{JSON}'", 406)
        core = self._shell.core
        if (refused := executor_calls.refused(call, core.frameworks, core.executors)) is not None:
            return text_response(refused[1], refused[0])
        if named is None and not await self._is_its_own(request, call):
            return text_response(
                "The call does not come from a process of the executor's container. Only that one may speak for the"
                " executor; processes in other networks, and those whose files cannot be looked at, need a token"
                " (--authenticate_http_executors)",
                403,
            )
        if (refused := executor_calls.refused(call, core.frameworks, core.executors)) is not None:
            return text_response(refused[1], refused[0])  # it has ended meanwhile
        if call.type is Call.Type.SUBSCRIBE:
            return await self._subscribe(request, call, accepted or JSON)
        self._shell.feed(events.ExecutorCalled(call))
        return web.Response(status=202)

    async def _subscribe(self, request: web.Request, call: Call, kind: str) -> web.StreamResponse:
        if kind == PROTOBUF and not protobuf.loaded(Event):
            await asyncio.to_thread(protobuf.load, Event)
        encode = codec.encode if kind == JSON else protobuf.encode
        who = f"executor {call.executor_id.value!r} of framework {call.framework_id.value}"
        stream = self._shell.executors.open(who, encode)
        try:
            self._shell.feed(events.ExecutorSubscribed(stream.number, call))
            response = web.StreamResponse(headers={"Content-Type": kind})
            response.enable_chunked_encoding()
            await stream.write(request, response)
            return response
        finally:
            self._shell.executors.forget(stream)
            self._shell.feed(events.ExecutorClosed(stream.number))

    # --- who calls ----------------------------------------------------------------------------------------------------

    def _authenticated(self, request: web.Request) -> tuple[str, str, str] | web.Response | None:
        """What the token names; ``None`` where none is wanted. A response refuses the caller."""
        if self._tokens is None:
            if executor_peers.here(request):
                return None
            return text_response("Only executors on the agent's own machine are let in without a token", 403)
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "bearer" or not token:
            return text_response("401 Unauthorized.", 401, _CHALLENGE)
        named = self._tokens.names(token.strip())
        return named if named is not None else text_response("Invalid JWT: signature", 401, _CHALLENGE)

    async def _is_its_own(self, request: web.Request, call: Call) -> bool:
        """Whether the call comes from the container of the executor that it names, and that is still the one."""
        key = (call.framework_id.value, call.executor_id.value)
        container = self._shell.core.executors[key].container
        if not await self._peers.comes_from(request, container.container_id, container.launcher):
            return False
        after = self._shell.core.executors.get(key)
        return after is None or after.container.container_id == container.container_id

    def _allowed(self, call: Call, named: tuple[str, str, str]) -> bool:
        framework_id, executor_id, container_id = named
        if (call.framework_id.value, call.executor_id.value) != (framework_id, executor_id):
            return False
        executor = self._shell.core.executors.get((framework_id, executor_id))
        return executor is None or executor.container.container_id == container_id


async def _call(data: bytes, kind: str) -> Call:
    """Raises `codec.DecodeError`."""
    if kind == PROTOBUF and not protobuf.loaded(Call):
        await asyncio.to_thread(protobuf.load, Call)
    if len(data) <= call_bodies.AT_ONCE:
        return call_bodies.decode(data, Call, kind)
    return await asyncio.to_thread(call_bodies.decode, data, Call, kind)
