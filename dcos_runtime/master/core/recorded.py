"""What `dcos_runtime.replay` and ``--record`` need to know of the master's core."""

from __future__ import annotations

import base64
from typing import Any, TypeVar

import msgspec

from dcos_runtime.core.frozen import Reply
from dcos_runtime.core.pseudonyms import Pseudonyms
from dcos_runtime.core.recorder import Hiders
from dcos_runtime.master.core import effects, events, snapshot
from dcos_runtime.master.core.core import MasterCore
from dcos_runtime.wire import codec, internal
from dcos_runtime.wire.scheduler import Call

NAME = "master"
EVENT = events.Event
EFFECT = effects.Effect

SEGMENT = 32 << 20
SEGMENTS = 4
"""The sizes of a recording: a snapshot of a large cluster is large, and takes a second or two for 100,000 tasks."""


def restored(seed: bytes, data: bytes) -> MasterCore:
    """A core that continues from the snapshot. Raises ``ValueError``."""
    state, source = snapshot.read(seed, data)
    core = MasterCore(state.settings, source)
    core.state = state
    return core


class _Run(msgspec.Struct):
    """Of a `RunTask` or `RunGroup`."""

    task: msgspec.Raw = msgspec.Raw()
    tasks: list[msgspec.Raw] = []


_NO_ANSWER = (-1, b"")
_Sent = TypeVar("_Sent", events.AgentConnect, events.AgentMessages)


def _holds_tasks(call: Call) -> bool:
    """Also beside the part that the call's type names: clients may send several."""
    return call.accept is not None or call.message is not None


class Veil:
    """These may hold secrets: TaskInfos, data that tasks and frameworks send each other, addresses of frameworks'
    pages. The rest is made by the kernel.
    """

    def __init__(self, key: bytes) -> None:
        self._pseudonyms = Pseudonyms(key)
        self._answer = _NO_ANSWER
        """To the request of this number, whose TaskInfos are unreadable, and not recorded."""
        self.events: Hiders = {
            events.Called: self._called,
            events.Subscribe: self._introduced,
            events.AgentMessages: self._messages,
            events.AgentConnect: self._connect,
        }
        self.effects: Hiders = {
            effects.SendToAgent: self._send_to_agent,
            effects.Send: self._updated,
            effects.Tell: self._watched,
            Reply: self._reply,
        }

    def _messages(self, event: events.AgentMessages) -> events.AgentMessages:
        return self._sent(event, internal.Batch) if b'"data"' in event.data else event

    def _connect(self, event: events.AgentConnect) -> events.AgentConnect:
        return self._sent(event, internal.Connect)

    def _sent(self, event: _Sent, kind: type[Any]) -> _Sent:
        hidden = self._pseudonyms.message(event.data)
        if len(event.data) > codec.MAX_LENIENT:  # it has to stay as long, which spaces do not hurt
            hidden = hidden.ljust(codec.MAX_LENIENT + 1)
        if hidden.startswith(b"?"):
            try:
                codec.decode(hidden, kind)
            except codec.DecodeError as error:
                self._answer = (event.request, str(error).encode())
        return msgspec.structs.replace(event, data=hidden)

    def _introduced(self, event: events.Subscribe) -> events.Subscribe:
        if _holds_tasks(event.call):
            return msgspec.structs.replace(event, call=self._whole(event.call))
        call = event.call.subscribe
        if call is None:
            return event
        call = msgspec.structs.replace(call, framework_info=self._pseudonyms.framework(call.framework_info))
        return msgspec.structs.replace(event, call=msgspec.structs.replace(event.call, subscribe=call))

    def _called(self, event: events.Called) -> events.Called:
        if _holds_tasks(event.call):
            return msgspec.structs.replace(event, call=self._whole(event.call))
        if (update := event.call.update_framework) is not None:
            update = msgspec.structs.replace(update, framework_info=self._pseudonyms.framework(update.framework_info))
            return msgspec.structs.replace(event, call=msgspec.structs.replace(event.call, update_framework=update))
        return event

    def _whole(self, call: Call) -> Call:
        return codec.decode(self._pseudonyms.message(codec.encode(call)), Call)

    def _send_to_agent(self, effect: effects.SendToAgent) -> effects.SendToAgent:
        cleaned = self._run_tasks(effect) if b'"RUN_' in effect.data else effect
        if b"TO_EXECUTOR" in effect.data:
            cleaned = msgspec.structs.replace(effect, data=self._pseudonyms.message(effect.data))
        hidden = self._pseudonyms.addresses(cleaned.data)
        return cleaned if hidden is cleaned.data else msgspec.structs.replace(cleaned, data=hidden)

    def _reply(self, effect: Reply) -> Reply:
        request, body = self._answer
        if effect.request != request:
            return effect
        self._answer = _NO_ANSWER
        return msgspec.structs.replace(effect, body=body)

    def _updated(self, effect: effects.Send) -> effects.Send:
        if (message := effect.event.message) is not None:
            message = msgspec.structs.replace(message, data=self._data(message.data))
            return msgspec.structs.replace(effect, event=msgspec.structs.replace(effect.event, message=message))
        update = effect.event.update
        if update is None or not update.status.data:
            return effect
        status = msgspec.structs.replace(update.status, data=self._data(update.status.data))
        event = msgspec.structs.replace(effect.event, update=msgspec.structs.replace(update, status=status))
        return msgspec.structs.replace(effect, event=event)

    def _watched(self, effect: effects.Tell) -> effects.Tell:
        if effect.framework is None:
            return effect
        return msgspec.structs.replace(effect, framework=self._pseudonyms.framework(effect.framework))

    def _data(self, data: bytes) -> bytes:
        return base64.b64decode(self._pseudonyms.base64(base64.b64encode(data).decode()))

    def _run_tasks(self, effect: effects.SendToAgent) -> effects.SendToAgent:
        """The same bytes with other TaskInfos in them."""
        run, data = codec.decode(effect.data, _Run), effect.data
        for task in dict.fromkeys(map(bytes, (run.task, *run.tasks))):
            if task:
                data = data.replace(task, self._pseudonyms.message(task))
        return effect if data is effect.data else msgspec.structs.replace(effect, data=data)

    def snapshot(self, data: bytes) -> bytes:
        return self._pseudonyms.addresses(snapshot.veiled(data, self._pseudonyms.message))
