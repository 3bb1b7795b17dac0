"""The tasks of an agent in the master's world, and how it reports them."""

from __future__ import annotations

import base64
import json
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import msgspec

from dcos_runtime.wire import codec, internal
from dcos_runtime.wire.tasks import TaskState

TERMINAL = {"TASK_FINISHED", "TASK_FAILED", "TASK_KILLED", "TASK_ERROR", "TASK_LOST", "TASK_DROPPED", "TASK_GONE"}
TERMINAL |= {"TASK_GONE_BY_OPERATOR"}


@dataclass
class AgentTask:
    """``updates``: those not acknowledged yet, the first one is in flight. ``newest`` is the last one of all."""

    framework_id: str
    info: Any
    updates: deque[dict[str, Any]] = field(default_factory=deque)
    newest: dict[str, Any] | None = None
    executor_id: str = ""

    @property
    def state(self) -> str:
        return self.newest["state"] if self.newest else "TASK_STAGING"

    def told(self, asked: list[msgspec.Raw] | None) -> internal.RunningTask:
        """The task as its connecting agent reports it. ``asked``: `Connect.asked`; None in version 1."""
        head = self.updates[0] if self.updates else None
        task, state = msgspec.Raw(self.info), TaskState(self.state)
        found = internal.RunningTask(self.framework_id, task, state, status_json(self.newest), status_json(head))
        if asked is None:
            return found
        info, update = json.loads(self.info), head or self.newest
        asked.append(msgspec.Raw(codec.encode(info["resources"])))
        beside = {"task_id": info["task_id"]["value"], "asked": len(asked) - 1, "executor_id": self.executor_id}
        if update is not None:
            beside |= {
                "status_state": TaskState(update["state"]),
                "status_uuid": base64.b64decode(uuid_text(update["uuid"])),
            }
        return msgspec.structs.replace(found, **beside)


def uuid_text(number: int) -> str:
    return base64.b64encode(number.to_bytes(16, "big")).decode()


def status_json(update: dict[str, Any] | None) -> msgspec.Raw:
    if update is None:
        return internal.NOTHING
    body = {
        "task_id": json.loads(update["info"])["task_id"],
        "agent_id": {"value": update["agent"]},
        "state": update["state"],
        "uuid": uuid_text(update["uuid"]),
        "timestamp": 1.0,
    }
    return msgspec.Raw(codec.encode(body))
