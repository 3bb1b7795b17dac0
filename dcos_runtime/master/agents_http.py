"""The listener for our own daemons: the agents' protocol, `wire.internal`, and with TLS the public API beside it.

With TLS the protocol is for certificates of agents only, and an agent may only act for itself; the public API is for
the kinds that the admission rules name.
"""

from __future__ import annotations

import ipaddress

from aiohttp import web

from dcos_runtime import bodies, tls
from dcos_runtime.daemon import text_response
from dcos_runtime.guard.admission import Admission
from dcos_runtime.guard.users import UsersUnreachable
from dcos_runtime.leading.http import Api
from dcos_runtime.master.core.events import AgentConnect, AgentGone, AgentMessages
from dcos_runtime.master.position import MasterPosition
from dcos_runtime.master.scheduler_api import answered
from dcos_runtime.master.shell import MasterShell
from dcos_runtime.store.lease import NotLeading
from dcos_runtime.wire import codec, internal

MAX_BODY = 256 << 20
"""What an agent tells at once: all its tasks, when it connects (`wire.limits.MAX_AGENT_TASKS`), and their statuses."""
MAX_TOKEN = 64 << 10
HOLD_SECONDS = 25.0
"""How long an agent's request waits for a suspended leader. Agents wait 30 s for a response, then connect again."""


class AgentApi:
    """``public``: the API that is also served here, to our own daemons."""

    def __init__(self, position: MasterPosition, admission: Admission, public: Api[MasterShell] | None = None) -> None:
        self._position = position
        self._admission = admission
        self._public = public

    def application(self) -> web.Application:
        application = web.Application(client_max_size=MAX_BODY)
        application.router.add_post(f"{internal.PATH}/connect", self._connect)
        application.router.add_post(f"{internal.PATH}/messages", self._counted)
        if self._public is not None:
            application.router.add_post(internal.TOKEN_PATH, self._token)
            self._public.add_to(application)
        return application

    def _shell(self) -> MasterShell:
        shell = self._position.shell
        if shell is None or self._position.ending:
            raise web.HTTPServiceUnavailable(text="this master does not lead")
        return shell

    async def _token(self, request: web.Request) -> web.StreamResponse:
        _names(request)
        try:
            question = codec.decode(await bodies.read(request, MAX_TOKEN), internal.Token)
            return web.Response(status=200 if await self._admission.guard.knows_token(question.token) else 401)
        except bodies.BodyRefused as refusal:
            return text_response(refusal.text, refusal.status, refusal.headers)
        except codec.DecodeError:
            return text_response("a token is expected", 400)
        except UsersUnreachable as error:
            return text_response(str(error), 503)

    async def _counted(self, request: web.Request) -> web.StreamResponse:
        messages = self._position.queues.messages
        messages.add(id(request))
        try:
            return await self._messages(request)
        finally:
            messages.discard(id(request))

    async def _connect(self, request: web.Request) -> web.StreamResponse:
        names = _names(request)
        shell = self._shell()
        try:
            data = await bodies.read(request, MAX_BODY)
        except bodies.BodyRefused as refusal:
            return text_response(refusal.text, refusal.status, refusal.headers)
        address = _address(request, names)
        stream = shell.streams.open(f"the agent at {address}")
        try:
            try:
                reply = await shell.ask(
                    lambda number: AgentConnect(number, stream.number, data, address, names), HOLD_SECONDS
                )
            except NotLeading as error:
                return text_response(str(error), 503)
            if reply.status != 200:
                return answered(reply)
            response = web.StreamResponse(headers={"Content-Type": "application/recordio"})
            response.enable_chunked_encoding()
            await stream.write(request, response)
            return response
        finally:
            shell.streams.forget(stream)
            shell.feed(AgentGone(stream.number))

    async def _messages(self, request: web.Request) -> web.StreamResponse:
        names = _names(request)
        shell = self._shell()
        try:
            data = await bodies.read(request, MAX_BODY)
        except bodies.BodyRefused as refusal:
            return text_response(refusal.text, refusal.status, refusal.headers)
        try:
            reply = await shell.ask(lambda number: AgentMessages(number, data, names), HOLD_SECONDS)
            await shell.lease.hold(HOLD_SECONDS)
        except NotLeading as error:
            return text_response(str(error), 503)
        return answered(reply)


def _names(request: web.Request) -> tuple[str, ...] | None:
    """The addresses and names of the agent's certificate; None without TLS."""
    if not tls.is_tls(request):
        return None
    identity = tls.peer(request)
    if identity is None or identity.kind != "agent":
        raise web.HTTPForbidden(text=f"this is for agents; {identity or 'this certificate'} is not one")
    return tuple(sorted(identity.names - {f"{identity.kind}.dcos.internal"}))  # every agent has that name


def _address(request: web.Request, names: tuple[str, ...] | None) -> str:
    """The agent's address: its certificate's, or else the address that it connects from."""
    remote = request.remote or ""
    if names is None or remote in names:
        return remote
    return next(filter(_is_address, names), remote)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
