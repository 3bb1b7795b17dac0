"""What the operator APIs of master and agent, `/api/v1`, share: whether a call is whole, and what both show of
themselves.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping
from typing import Any

import msgspec

from dcos_runtime import build
from dcos_runtime.call_bodies import JSON, PROTOBUF
from dcos_runtime.wire import codec, protobuf
from dcos_runtime.wire.operators import Flag, Metric, VersionInfo

ENCODERS: Mapping[str, Callable[[Any], bytes]] = {JSON: codec.encode, PROTOBUF: protobuf.encode}
"""How a message is written, by content type."""

DETAILED = 1
"""The level from which on everything is logged. Mesos' levels are glog's: 0 is the usual one."""


class NotPossible(Exception):
    """A call that cannot be done: the status of the answer and its text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class LoggingLevel:
    """How much the process logs; SET_LOGGING_LEVEL and `/logging/toggle` change it for a time."""

    def __init__(self) -> None:
        self._usual = logging.getLogger().level
        self._back: asyncio.TimerHandle | None = None
        self._wanted: int | None = None

    @property
    def now(self) -> int:
        if self._wanted is not None:
            return self._wanted
        return DETAILED if logging.getLogger().level <= logging.DEBUG else 0

    def set(self, level: int, seconds: float) -> None:
        """For so many seconds; then it is as at the start."""
        if self._back is not None:
            self._back.cancel()
        self._wanted = level
        logging.getLogger().setLevel(logging.DEBUG if level >= DETAILED else self._usual)
        self._back = asyncio.get_running_loop().call_later(max(0.0, seconds), self._restore)

    def _restore(self) -> None:
        self._back = self._wanted = None
        logging.getLogger().setLevel(self._usual)


def part_of(call: Any, whose: str, bare: Collection[Any]) -> Any:
    """The field of the call that belongs to its type, None for the types ``bare``, which need none.
    Raises `NotPossible` with Mesos' texts, in which ``whose`` names the API: ``agent`` or ``master``.
    """
    if call.type is None:
        raise NotPossible(400, f"Failed to validate {whose}::Call: Expecting 'type' to be present")
    if call.type in bare:
        return None
    name = call.type.value.lower()
    part = getattr(call, name)
    if part is None:
        raise NotPossible(400, f"Failed to validate {whose}::Call: Expecting '{name}' to be present")
    return part


def version(of_interfaces: str) -> VersionInfo:
    return msgspec.convert({**build.info(), "version": of_interfaces}, VersionInfo)


def flags(given: Mapping[str, str]) -> list[Flag]:
    return [Flag(name=name, value=value) for name, value in sorted(given.items())]


def metrics(values: Mapping[str, float]) -> list[Metric]:
    return [Metric(name=name, value=float(value)) for name, value in sorted(values.items())]
