"""Subscribers of `/v2/events`: each has a bounded queue of its own, and is dropped when it does not read."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

import msgspec

from dcos_runtime.core import instants
from dcos_runtime.marathon.core.effects import Publish
from dcos_runtime.wire import codec

QUEUE = 1024
QUEUE_BYTES = 32_000_000
"""Records and bytes that may wait for a subscriber to read. A deployment's events hold the apps' whole definitions."""


class Subscriber:
    """One stream. ``get`` returns records that are ready to send, and ``None`` when the subscriber was dropped because
    it reads too slowly.
    """

    def __init__(self, kinds: Collection[str], light: bool) -> None:
        self._kinds = frozenset(kinds)
        self.light = light
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._bytes = 0

    def wants(self, kind: str) -> bool:
        return not self._kinds or kind in self._kinds

    def put(self, record: bytes) -> bool:
        full = self._bytes > 0 and self._bytes + len(record) > QUEUE_BYTES
        if full or self._queue.qsize() >= QUEUE:
            self.end()
            return False
        self._bytes += len(record)
        self._queue.put_nowait(record)
        return True

    def end(self) -> None:
        self._queue.put_nowait(None)

    async def get(self) -> bytes | None:
        record = await self._queue.get()
        self._bytes -= len(record or b"")
        return record


class Hub:
    """Passes every event to its subscribers. Subscribers that get the same share one encoding."""

    def __init__(self) -> None:
        self._subscribers: set[Subscriber] = set()

    def attach(self, kinds: Collection[str], light: bool = False) -> Subscriber:
        """``kinds`` empty: every kind. ``light``: deployments without the definitions of their apps."""
        subscriber = Subscriber(kinds, light)
        self._subscribers.add(subscriber)
        return subscriber

    def detach(self, subscriber: Subscriber) -> None:
        self._subscribers.discard(subscriber)

    def close(self) -> None:
        """Ends every stream."""
        for subscriber in self._subscribers:
            subscriber.end()
        self._subscribers.clear()

    def publish(self, event: Publish) -> None:
        records: dict[bool, bytes] = {}
        for subscriber in [one for one in self._subscribers if one.wants(event.kind)]:
            if subscriber.light not in records:
                records[subscriber.light] = encode(event, light=subscriber.light)
            if not subscriber.put(records[subscriber.light]):
                self._subscribers.discard(subscriber)


def encode(event: Publish, *, light: bool = False) -> bytes:
    data = {**msgspec.json.decode(event.fields), "eventType": event.kind, "timestamp": instants.timestamp(event.wall)}
    if light and "plan" in data:
        data["plan"] = {key: value for key, value in data["plan"].items() if key not in ("original", "target")}
    return b"event: %b\ndata: %b\n\n" % (event.kind.encode(), codec.encode(data))
