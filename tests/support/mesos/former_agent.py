"""The agent's first message as a master of version 1 reads it."""

from __future__ import annotations

import msgspec


class FormerTask(msgspec.Struct):
    framework_id: str
    task: msgspec.Raw
    state: str
    status: msgspec.Raw
    unacknowledged: msgspec.Raw


class FormerConnect(msgspec.Struct):
    """The message as a master of version 1 reads it."""

    version: int
    agent: msgspec.Raw
    software: str
    boot_id: str
    tasks: list[FormerTask]
    frameworks: list[msgspec.Raw]
