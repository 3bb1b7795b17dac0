"""The effects of the init's core. They are carried out in order, after their decisions were stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from dcos_runtime.core.frozen import Frozen, Log, Persist, Reply
from dcos_runtime.wire.scheduler import Call


class Send(Frozen, frozen=True):
    """A call for the master. It may get lost: then it is repeated, or reconciliation finds out. ``given``: for each
    launched task, the names of the variables that the app's definition sets.
    """

    call: Call
    given: tuple[tuple[str, ...], ...] = ()


class Publish(Frozen, frozen=True):
    """An event for `/v2/events`. ``fields``: a JSON object, without ``eventType`` and ``timestamp``."""

    kind: str
    fields: bytes
    wall: float


def publish(kind: str, wall: float, fields: Mapping[str, Any]) -> Publish:
    return Publish(kind, msgspec.json.encode(fields), wall)


class Probe(Frozen, frozen=True):
    """A health check to be made now. Answered by `Probed`."""

    task_id: str
    index: int
    protocol: str
    host: str
    port: int
    path: str
    timeout: float
    ignore_1xx: bool = False


class Trouble(Frozen, frozen=True):
    """An error in the init itself, with one app; for the log. The other apps are not affected."""

    app_id: str
    text: str


class EndProcess(Frozen, frozen=True):
    """This init cannot or must not continue: the daemon ends. Later events are ignored."""

    code: int
    reason: str


Effect = Persist | Send | Publish | Probe | Reply | Trouble | EndProcess | Log
