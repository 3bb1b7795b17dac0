"""`/api/v1` of an agent: the checks of a call in Mesos' order, and its answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from aiohttp import web

from dcos_runtime import bodies, call_bodies
from dcos_runtime.agent import pools
from dcos_runtime.agent.containers.base import LaunchError
from dcos_runtime.agent.containers.sessions import SessionStreams, TerminalSize
from dcos_runtime.agent.core.container_ids import text as spelled
from dcos_runtime.agent.core.model import Exit
from dcos_runtime.agent.core.records import NestedRecord, Stage
from dcos_runtime.agent.files import Busy, NotThere, PathNotAllowed, SandboxFiles
from dcos_runtime.agent.nested import NestedContainers
from dcos_runtime.agent.operator_api import state_messages as shown
from dcos_runtime.agent.operator_api.commands import (
    Commands,
    check_id,
    command_of,
    reading,
    wait_status,
)
from dcos_runtime.agent.views import AgentViewer
from dcos_runtime.call_bodies import JSON, PROTOBUF, RECORDIO
from dcos_runtime.daemon import not_allowed, text_response
from dcos_runtime.listening.connections import Connection
from dcos_runtime.operating import ENCODERS, LoggingLevel, NotPossible, part_of
from dcos_runtime.running import now
from dcos_runtime.wire import codec, protobuf, recordio
from dcos_runtime.wire.agent import Call, ProcessIO, Response
from dcos_runtime.wire.common import CommandInfo, ContainerID, DurationInfo, Value
from dcos_runtime.wire.containers import ContainerInfo, Image
from dcos_runtime.wire.resources import Resource

HEARTBEAT_SECONDS = 15.0
"""How often the output of a command is interrupted by a heartbeat: so a client that is gone is noticed."""

MOST_INPUT = 1 << 20
"""Bytes of one record of a command's input."""

MAX_AGENT_CALL = 1 << 20
"""Bytes of any other call."""

_STREAMED = (Call.Type.LAUNCH_NESTED_CONTAINER_SESSION, Call.Type.ATTACH_CONTAINER_OUTPUT)
"""Calls whose answer is a stream."""

_WITHOUT_FIELD = frozenset(
    {
        Call.Type.GET_HEALTH,
        Call.Type.GET_FLAGS,
        Call.Type.GET_VERSION,
        Call.Type.GET_LOGGING_LEVEL,
        Call.Type.GET_STATE,
        Call.Type.GET_CONTAINERS,
        Call.Type.GET_FRAMEWORKS,
        Call.Type.GET_EXECUTORS,
        Call.Type.GET_OPERATIONS,
        Call.Type.GET_TASKS,
        Call.Type.GET_AGENT,
        Call.Type.GET_RESOURCE_PROVIDERS,
        Call.Type.PRUNE_IMAGES,
    }
)
"""Calls that need nothing but their type."""

_NO_SUCH_PROVIDER = "Unknown local resource provider type"


@dataclass(frozen=True)
class Machinery:
    """What the API works on. ``signal`` sends a signal to the processes of a task's container; ``wait`` waits for its
    end. ``prune`` removes images that are not in use, without those that it is told. ``attach``: to a container's
    terminal.
    """

    viewer: AgentViewer
    files: SandboxFiles
    commands: Commands
    nested: NestedContainers
    level: LoggingLevel
    metrics: Callable[[], Mapping[str, float]]
    healthy: Callable[[], bool]
    signal: Callable[[str, int], Awaitable[None]]
    wait: Callable[[str], Coroutine[Any, Any, Exit | None]]
    prune: Callable[[Sequence[Image]], Awaitable[None]]
    attach: Callable[[str], Awaitable[SessionStreams]]


class OperatorApi:
    """Answers calls of admitted senders."""

    def __init__(self, machinery: Machinery) -> None:
        self._to = machinery
        self._commands = machinery.commands
        self._fed: set[str] = set()
        """The containers and commands that a client feeds."""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if request.method != "POST":
            return not_allowed(request, "POST")
        try:
            return await self._handle(request)
        except NotPossible as error:
            return text_response(error.text, error.status)
        except codec.DecodeError as error:
            return text_response(str(error), 400)
        except bodies.BodyRefused as refusal:
            return text_response(refusal.text, refusal.status, refusal.headers)
        except recordio.RecordError as error:
            return text_response(f"Failed to decode the body: {error}", 400)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        kind, streaming = _content_types(request)
        if kind == PROTOBUF or call_bodies.accepted(request.headers.get("Accept")) == PROTOBUF:
            await asyncio.to_thread(protobuf.load, Call)
            await asyncio.to_thread(protobuf.load, Response)
        records = _records(request) if streaming else None
        if records is None:
            data: bytes | None = await bodies.read(request, MAX_AGENT_CALL)
        else:
            data = await anext(records, None)
        if data is None:
            raise NotPossible(400, "Received EOF while reading request body")
        call = await _call(data, kind)
        _validate(call)
        assert call.type is not None
        if streaming and call.type is not Call.Type.ATTACH_CONTAINER_INPUT:
            raise NotPossible(415, f"Streaming 'Content-Type' {RECORDIO} is not supported for {call.type.value} call")
        if not streaming and call.type is Call.Type.ATTACH_CONTAINER_INPUT:
            raise NotPossible(415, f"Expecting 'Content-Type' to be {RECORDIO} for {call.type.value} call")
        accept = call_bodies.accepted(request.headers.get("Accept"), (JSON, PROTOBUF, RECORDIO))
        if accept is None:
            raise NotPossible(406, f"Expecting 'Accept' to allow {JSON} or {PROTOBUF} or {RECORDIO}")
        if accept == RECORDIO and call.type not in _STREAMED:
            raise NotPossible(406, f"Streaming response is not supported for {call.type.value} call")
        match call.type:
            case Call.Type.LAUNCH_NESTED_CONTAINER_SESSION:
                return await self._launch_session(request, call, accept)
            case Call.Type.ATTACH_CONTAINER_OUTPUT:
                return await self._attach_output(request, call, accept)
            case Call.Type.ATTACH_CONTAINER_INPUT:
                assert records is not None
                return await self._attach_input(request, call, kind, records)
            case _:
                answer = await self._answer(call)
        if answer is None:
            return web.Response()
        if isinstance(answer, web.Response):
            return answer
        return web.Response(body=ENCODERS[accept](answer), content_type=accept)

    # --- calls with one answer ----------------------------------------------------------------------------------------

    async def _answer(self, call: Call) -> Response | web.Response | None:
        """``None``: done, and there is nothing to say. Raises `NotPossible`."""
        assert call.type is not None
        if done := _SHOWN.get(call.type):
            return done(self._to, call)
        match call:
            case Call(type=Call.Type.SET_LOGGING_LEVEL, set_logging_level=Call.SetLoggingLevel() as wanted):
                self._to.level.set(wanted.level, wanted.duration.nanoseconds / 1e9)
            case Call(list_files=Call.ListFiles() as wanted, type=Call.Type.LIST_FILES):
                return await self._list_files(wanted.path)
            case Call(read_file=Call.ReadFile() as wanted, type=Call.Type.READ_FILE):
                return await self._read_file(wanted)
            case Call(type=Call.Type.GET_CONTAINERS):
                return await self._containers(call.get_containers or Call.GetContainers())
            case Call(type=Call.Type.WAIT_CONTAINER | Call.Type.WAIT_NESTED_CONTAINER):
                return await self._wait(call)
            case Call(type=Call.Type.KILL_CONTAINER, kill_container=Call.KillContainer() as wanted):
                await self._kill(wanted.container_id, wanted.signal)
            case Call(type=Call.Type.KILL_NESTED_CONTAINER, kill_nested_container=Call.KillNestedContainer() as wanted):
                await self._kill(wanted.container_id, wanted.signal)
            case Call(type=Call.Type.REMOVE_CONTAINER, remove_container=Call.RemoveContainer() as wanted):
                await self._remove(wanted.container_id)
            case Call(
                type=Call.Type.REMOVE_NESTED_CONTAINER, remove_nested_container=Call.RemoveNestedContainer() as wanted
            ):
                await self._remove(wanted.container_id)
            case Call(
                type=Call.Type.LAUNCH_NESTED_CONTAINER, launch_nested_container=Call.LaunchNestedContainer() as wanted
            ):
                return await self._launch(wanted.container_id, wanted.command, wanted.container)
            case Call(type=Call.Type.PRUNE_IMAGES):
                wanted_images = call.prune_images.excluded_images if call.prune_images else []
                await self._to.prune(wanted_images)
            case Call(type=Call.Type.LAUNCH_CONTAINER, launch_container=Call.LaunchContainer() as wanted):
                return await self._launch(
                    wanted.container_id, wanted.command, wanted.container, wanted.resources, wanted.limits
                )
            case _:
                _refuse_providers(call)
        return None

    async def _list_files(self, path: str) -> Response:
        entries = await self._in_sandbox(partial(self._to.files.entries, path))
        return Response(type=Response.Type.LIST_FILES, list_files=shown.files(entries))

    async def _read_file(self, wanted: Call.ReadFile) -> Response:
        read = partial(self._to.files.read, wanted.path, wanted.offset, wanted.length)
        size, begin, data = await self._in_sandbox(read)
        if begin != wanted.offset and data:  # the head of an output was given back to the disk: it reads as zeros
            data = (bytes(min(begin - wanted.offset, len(data))) + data)[: len(data)]
        return Response(type=Response.Type.READ_FILE, read_file=Response.ReadFile(size=size, data=data))

    async def _in_sandbox(self, work: Callable[[], Any]) -> Any:
        self._to.files.agent_id = self._to.viewer.core.agent.id
        try:
            return await pools.run(pools.READS, work)
        except NotThere:
            raise NotPossible(404, "") from None
        except PathNotAllowed as error:
            raise NotPossible(400, f"{error}.\n") from error
        except Busy as error:
            raise NotPossible(503, f"{error}.\n") from error

    async def _containers(self, wanted: Call.GetContainers) -> Response:
        nested, standalone = wanted.show_nested is True, wanted.show_standalone is True
        shown_now = partial(self._to.viewer.containers, now(), nested=nested, standalone=standalone)
        running = await pools.run(pools.READS, shown_now)
        commands = self._commands.running if nested else []
        found = shown.containers(running, commands) if running or commands else None
        return Response(type=Response.Type.GET_CONTAINERS, get_containers=found)

    # --- containers ---------------------------------------------------------------------------------------------------

    async def _launch(
        self,
        container_id: ContainerID,
        command: CommandInfo | None,
        container: ContainerInfo | None,
        resources: Sequence[Resource] = (),
        limits: Mapping[str, Value.Scalar] | None = None,
    ) -> web.Response:
        """202: there is one with that id. Raises `NotPossible`."""
        if self._commands.find(container_id) is not None:
            return web.Response(status=202)
        launched = await self._to.nested.launch(spelled(container_id), command, container, resources, limits)
        return web.Response(status=200 if launched else 202)

    async def _wait(self, call: Call) -> Response:
        if call.type is Call.Type.WAIT_CONTAINER:
            assert call.wait_container is not None
            container_id = call.wait_container.container_id
            status, record = await self._ended(container_id)
            return Response(
                type=Response.Type.WAIT_CONTAINER,
                wait_container=Response.WaitContainer(exit_status=status, **shown.termination(record)),
            )
        assert call.wait_nested_container is not None
        status, record = await self._ended(call.wait_nested_container.container_id)
        return Response(
            type=Response.Type.WAIT_NESTED_CONTAINER,
            wait_nested_container=Response.WaitNestedContainer(exit_status=status, **shown.termination(record)),
        )

    async def _ended(self, container_id: ContainerID) -> tuple[int | None, NestedRecord | None]:
        """The wait status, if it is known, and the record of a nested container."""
        if (record := self._to.nested.find(spelled(container_id))) is not None:
            await self._to.nested.ended(record)
            return wait_status(record.exit), record
        if (running := self._commands.find(container_id)) is not None:
            return wait_status(await running.session.wait()), None
        if (ended := self._commands.exit_of(container_id)) is not None:
            return wait_status(ended[0]), None
        if self._to.viewer.launcher_of(spelled(container_id)) is not None:
            return wait_status(await self._to.wait(spelled(container_id))), None
        raise NotPossible(404, f"Container {spelled(container_id)} cannot be found")

    async def _kill(self, container_id: ContainerID, number: int | None) -> None:
        if number is not None and not 1 <= number <= 64:
            raise NotPossible(400, f"There is no signal {number}")
        name = spelled(container_id)
        if (running := self._commands.find(container_id)) is not None:
            if number in (None, 9):
                await running.session.end()
            else:
                running.session.signal(number or 9)
        elif self._to.viewer.launcher_of(name) is not None:
            await self._to.signal(name, number or 9)
        elif (record := self._to.nested.find(name)) is not None and record.container.stage is not Stage.ENDED:
            raise NotPossible(409, f"Container {name} is being launched or destroyed")
        else:
            raise NotPossible(404, f"Container '{name}' cannot be found (or is already killed)")

    async def _remove(self, container_id: ContainerID) -> None:
        if (record := self._to.nested.find(spelled(container_id))) is not None:
            await self._to.nested.remove(record)
            return
        if self._commands.find(container_id) is not None:
            raise NotPossible(409, f"Container {spelled(container_id)} has not terminated yet")
        if not self._commands.forget(container_id):
            raise NotPossible(404, f"Container {spelled(container_id)} cannot be found")

    def _parent(self, container_id: ContainerID) -> None:
        parent = container_id.parent
        assert parent is not None
        if self._to.viewer.launcher_of(spelled(parent)) is None:
            raise NotPossible(400, f"Parent container {spelled(parent)} does not exist")

    # --- streams ------------------------------------------------------------------------------------------------------

    async def _launch_session(self, request: web.Request, call: Call, accept: str) -> web.StreamResponse:
        """The command ends with this request."""
        wanted = call.launch_nested_container_session
        assert wanted is not None
        self._parent(wanted.container_id)
        if self._to.nested.find(spelled(wanted.container_id)) is not None:
            return web.Response(status=202)
        command = command_of(wanted.command, wanted.container)
        try:
            running = await self._commands.launch(wanted.container_id, command)
        except (LaunchError, OSError) as error:
            raise NotPossible(400, f"The command could not be started: {error}") from error
        if running is None:
            return web.Response(status=202)
        with running.reader() as pieces:
            keeping = asyncio.create_task(self._commands.keep(running), name=f"command {running.session.pid}")
            try:
                return await self._written(request, accept, pieces)
            finally:
                keeping.cancel()  # if it has not ended, it is killed

    async def _attach_output(self, request: web.Request, call: Call, accept: str) -> web.StreamResponse:
        assert call.attach_container_output is not None
        container_id = call.attach_container_output.container_id
        running = self._commands.find(container_id)
        if running is None:
            streams = await self._terminal(container_id)
            assert streams.output is not None
            try:
                with reading(streams.output) as pieces:
                    return await self._written(request, accept, pieces)
            finally:
                streams.close()
        with running.reader() as pieces:
            if running.over:
                pieces.put_nowait(None)
            return await self._written(request, accept, pieces)

    async def _terminal(self, container_id: ContainerID) -> SessionStreams:
        """Of a container that was launched with one. Raises `NotPossible`."""
        name = spelled(container_id)
        if self._to.viewer.launcher_of(name) is None:
            raise NotPossible(404, f"Container {name} cannot be found")
        try:
            return await self._to.attach(name)
        except LaunchError as error:
            raise NotPossible(
                400, f"Container {name} cannot be attached to: {error}; read its stdout and stderr"
            ) from error

    async def _written(
        self, request: web.Request, accept: str, pieces: asyncio.Queue[ProcessIO | None]
    ) -> web.StreamResponse:
        """Records of `ProcessIO`, one a chunk."""
        response = web.StreamResponse(headers={"Content-Type": accept})
        kind = accept
        if accept == RECORDIO:
            kind = call_bodies.accepted(request.headers.get("Message-Accept")) or JSON
            response.headers["Message-Content-Type"] = kind
        if kind == PROTOBUF:
            await asyncio.to_thread(protobuf.load, ProcessIO)
        encode = ENCODERS[kind]
        _take_time(request, response)
        response.enable_chunked_encoding()
        try:
            await response.prepare(request)
            while True:
                try:
                    piece = await asyncio.wait_for(pieces.get(), HEARTBEAT_SECONDS)
                except TimeoutError:
                    piece = _BEAT
                if piece is None:
                    await response.write_eof()
                    return response
                await response.write(recordio.encode(encode(piece)))
        except ConnectionError:  # the client went away
            return response

    async def _attach_input(
        self, request: web.Request, call: Call, kind: str, records: AsyncIterator[bytes]
    ) -> web.StreamResponse:
        """Until the client's stream ends, or the command."""
        attach = call.attach_container_input
        assert attach is not None and attach.container_id is not None
        name = spelled(attach.container_id)
        if name in self._fed:
            raise NotPossible(409, f"Container {name} gets its input from another client")
        response = web.Response()
        self._fed.add(name)
        try:
            running = self._commands.find(attach.container_id)
            if running is not None:
                _take_time(request, response)
                await _fed_until(_feed(running.session.streams, kind, records), running.session.wait())
            else:
                streams = await self._terminal(attach.container_id)
                _take_time(request, response)
                try:
                    if streams.output is not None:
                        streams.output.close()
                    await _fed_until(_feed(streams, kind, records), self._to.wait(name))
                finally:
                    streams.close()
        finally:
            self._fed.discard(name)
        return response


async def _fed_until(feed: Coroutine[Any, Any, None], end: Coroutine[Any, Any, Exit | None]) -> None:
    """Until all is fed, or who is fed has ended. Raises what ``feed`` raises."""
    feeding = asyncio.create_task(feed, name="input of a command")
    ended = asyncio.create_task(end, name="end of a command")
    try:
        await asyncio.wait([feeding, ended], return_when=asyncio.FIRST_COMPLETED)
        if feeding.done():
            feeding.result()
    finally:
        for task in (feeding, ended):
            task.cancel()


async def _call(data: bytes, kind: str) -> Call:
    """A long one is decoded beside the loop. Raises `codec.DecodeError`."""
    if len(data) <= call_bodies.AT_ONCE:
        return call_bodies.decode(data, Call, kind)
    return await asyncio.to_thread(call_bodies.decode, data, Call, kind)


async def _feed(streams: SessionStreams, kind: str, records: AsyncIterator[bytes]) -> None:
    """Raises `NotPossible`, `codec.DecodeError` and `recordio.RecordError`."""
    async for record in records:
        call = await _call(record, kind)
        attach = call.attach_container_input
        if call.type is not Call.Type.ATTACH_CONTAINER_INPUT or attach is None or attach.process_io is None:
            raise NotPossible(400, "Expecting 'attach_container_input.process_io' to be present")
        match attach.process_io:
            case ProcessIO(type=ProcessIO.Type.DATA, data=ProcessIO.Data(type=ProcessIO.Data.Type.STDIN) as data):
                try:
                    if data.data:
                        if streams.input is not None:
                            await streams.input.write(data.data)
                    else:
                        await streams.end_input()
                except BrokenPipeError:  # it reads no more; the rest is dropped, so that the client can go on
                    pass
            case ProcessIO(type=ProcessIO.Type.CONTROL, control=ProcessIO.Control(tty_info=info)):
                if info is not None and info.window_size is not None and streams.terminal and streams.input:
                    streams.input.resize(TerminalSize(info.window_size.rows, info.window_size.columns))
            case _:
                raise NotPossible(400, "Expecting input, or a control message")


_BEAT = ProcessIO(
    type=ProcessIO.Type.CONTROL,
    control=ProcessIO.Control(
        type=ProcessIO.Control.Type.HEARTBEAT,
        heartbeat=ProcessIO.Control.Heartbeat(interval=DurationInfo(nanoseconds=int(HEARTBEAT_SECONDS * 1e9))),
    ),
)


def _content_types(request: web.Request) -> tuple[str, bool]:
    """That of each message, and whether the body is a stream of them. Raises `NotPossible`."""
    if "Content-Type" not in request.headers:
        raise NotPossible(400, "Expecting 'Content-Type' to be present")
    kind = call_bodies.content_type(request.headers["Content-Type"])
    if kind in ENCODERS:
        return kind, False
    if kind != RECORDIO:
        raise NotPossible(415, f"Expecting 'Content-Type' of {JSON} or {PROTOBUF} or {RECORDIO}")
    if "Message-Content-Type" not in request.headers:
        raise NotPossible(400, "Expecting 'Message-Content-Type' to be set for streaming requests")
    kind = call_bodies.content_type(request.headers["Message-Content-Type"])
    if kind not in ENCODERS:
        raise NotPossible(415, f"Expecting 'Message-Content-Type' of {JSON} or {PROTOBUF}")
    return kind, True


async def _records(request: web.Request) -> AsyncIterator[bytes]:
    """Raises `recordio.RecordError`, also where the stream ends within one."""
    decoder = recordio.Decoder(MOST_INPUT)
    while chunk := await request.content.readany():
        for record in decoder.feed(chunk):
            yield record
    if not decoder.clean:
        raise recordio.RecordError("it ends within a record")


def _validate(call: Call) -> None:
    """Raises `NotPossible` with Mesos' text."""
    part = part_of(call, "agent", _WITHOUT_FIELD)
    if part is None:
        return
    assert call.type is not None
    name = call.type.value.lower()
    if isinstance(part, Call.AttachContainerInput):
        if part.type is not Call.AttachContainerInput.Type.CONTAINER_ID:
            raise NotPossible(400, f"Expecting '{name}.type' to be CONTAINER_ID")
        if part.container_id is None:
            raise NotPossible(400, f"Failed to validate agent::Call: Expecting '{name}.container_id' to be present")
    if (container_id := getattr(part, "container_id", None)) is not None:
        check_id(f"{name}.container_id", container_id, nested="NESTED" in call.type.value)


def _take_time(request: web.Request, response: web.StreamResponse) -> None:
    """Somebody types, or reads: no pace is asked of them. The connection ends with the answer."""
    response.force_close()
    if isinstance(request.protocol, Connection):
        request.protocol.stop_pacing()


def _refuse_providers(call: Call) -> None:
    """There are no resource providers. Raises `NotPossible` with Mesos' texts."""
    for part in (call.add_resource_provider_config, call.update_resource_provider_config):
        if part is not None:
            named = f"type '{part.info.type}' and name '{part.info.name}'"
            raise NotPossible(
                400,
                f"Failed to validate resource provider config with {named}: {_NO_SUCH_PROVIDER} '{part.info.type}'",
            )
    if (removed := call.remove_resource_provider_config) is not None:
        raise NotPossible(400, f"{_NO_SUCH_PROVIDER} '{removed.type}'")


_T = Response.Type
_SHOWN: Mapping[Call.Type, Callable[[Machinery, Call], Response]] = {
    Call.Type.GET_HEALTH: lambda to, call: Response(
        type=_T.GET_HEALTH, get_health=Response.GetHealth(healthy=to.healthy())
    ),
    Call.Type.GET_FLAGS: lambda to, call: Response(type=_T.GET_FLAGS, get_flags=shown.flags(to.viewer.flags)),
    Call.Type.GET_VERSION: lambda to, call: Response(type=_T.GET_VERSION, get_version=shown.version()),
    Call.Type.GET_METRICS: lambda to, call: Response(type=_T.GET_METRICS, get_metrics=shown.metrics(to.metrics())),
    Call.Type.GET_LOGGING_LEVEL: lambda to, call: Response(
        type=_T.GET_LOGGING_LEVEL, get_logging_level=Response.GetLoggingLevel(level=to.level.now)
    ),
    Call.Type.GET_STATE: lambda to, call: Response(type=_T.GET_STATE, get_state=shown.state(to.viewer.core)),
    Call.Type.GET_FRAMEWORKS: lambda to, call: Response(
        type=_T.GET_FRAMEWORKS, get_frameworks=shown.frameworks(to.viewer.core)
    ),
    Call.Type.GET_EXECUTORS: lambda to, call: Response(
        type=_T.GET_EXECUTORS, get_executors=shown.executors(to.viewer.core)
    ),
    Call.Type.GET_TASKS: lambda to, call: Response(type=_T.GET_TASKS, get_tasks=shown.tasks(to.viewer.core)),
    Call.Type.GET_AGENT: lambda to, call: Response(type=_T.GET_AGENT, get_agent=shown.agent(to.viewer.core)),
    Call.Type.GET_OPERATIONS: lambda to, call: Response(
        type=_T.GET_OPERATIONS, get_operations=Response.GetOperations()
    ),
    Call.Type.GET_RESOURCE_PROVIDERS: lambda to, call: Response(
        type=_T.GET_RESOURCE_PROVIDERS, get_resource_providers=Response.GetResourceProviders()
    ),
}
