"""SUBSCRIBE of operators: all that is known, then what happens.

What happens while the first event is made is queued, and comes after it; so it may tell again what that event has
already, and nothing is missing. Large first events are made and written for few clients at a time, so that clients
that read slowly do not cost memory.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from dcos_runtime.master.core.events import Watch, WatcherGone
from dcos_runtime.master.core.state import HEARTBEAT_SECONDS
from dcos_runtime.master.operator_api.asked import OperatorCall
from dcos_runtime.master.operator_api.large import LargeMessage, pieces
from dcos_runtime.master.operator_api.reads import state_of
from dcos_runtime.master.position import render
from dcos_runtime.operating import ENCODERS
from dcos_runtime.wire.master import Event


async def subscribe(request: web.Request, call: OperatorCall, accept: str) -> web.StreamResponse:
    shell, encode = call.shell, ENCODERS[accept]
    stream = shell.streams.open(f"operator {call.by}", encode)
    heartbeat = encode(Event(type=Event.Type.HEARTBEAT))

    async def opening(write: Callable[[bytes], Awaitable[None]]) -> None:
        async with call.position.greeting:
            await write(await render(pieces(_subscribed(call), accept)))
        await write(heartbeat)

    try:
        await shell.ask(lambda number: Watch(number, stream.number))
        response = web.StreamResponse(headers={"Content-Type": accept})
        response.enable_chunked_encoding()
        await stream.write(request, response, heartbeat, HEARTBEAT_SECONDS, opening)
        return response
    finally:
        shell.streams.forget(stream)
        shell.feed(WatcherGone(stream.number))


def _subscribed(call: OperatorCall) -> LargeMessage:
    fields = {"get_state": state_of(call.state), "heartbeat_interval_seconds": HEARTBEAT_SECONDS}
    return LargeMessage(Event, {"type": Event.Type.SUBSCRIBED, "subscribed": LargeMessage(Event.Subscribed, fields)})
