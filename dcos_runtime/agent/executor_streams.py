"""The streams of events to custom executors: one record a chunk, a queue each, and nobody waits for a reader."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from dcos_runtime.wire import recordio
from dcos_runtime.wire.executor import Event

if TYPE_CHECKING:
    from aiohttp import web

log = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 1800.0
"""How often an executor gets a HEARTBEAT, as in Mesos."""
MAX_BYTES = 64 << 20
"""What may wait for one executor."""
STALL_SECONDS = 30.0


class ExecutorStream:
    """Events on their way to one executor."""

    def __init__(self, number: int, who: str, encode: Callable[[Event], bytes]) -> None:
        self.number = number
        self._who = who
        self._encode = encode
        self._records: deque[bytes] = deque()
        self._waiting = 0
        self._over = False
        self._news = asyncio.Event()
        self._transport: asyncio.Transport | None = None

    def send(self, event: Event) -> None:
        if self._over:
            return
        record = self._encode(event)
        self._records.append(record)
        self._waiting += len(record)
        if self._waiting > MAX_BYTES:
            self._drop(f"{self._waiting >> 20} MiB are waiting to be read by it")
        self._news.set()

    def close(self) -> None:
        """Ends the stream after what was sent."""
        self._over = True
        self._news.set()

    def _drop(self, why: str) -> None:
        log.warning("dropping %s: %s", self._who, why)
        self._records.clear()
        self.close()
        if self._transport is not None:
            self._transport.abort()

    async def write(self, request: web.Request, response: web.StreamResponse) -> None:
        """Answers ``request`` with the events until the stream is over or its client has gone."""
        self._transport = request.transport
        try:
            await response.prepare(request)
            while True:
                while self._records:
                    record = self._records.popleft()
                    self._waiting -= len(record)
                    async with asyncio.timeout(STALL_SECONDS):
                        await response.write(recordio.encode(record))
                if self._over:
                    return
                self._news.clear()
                try:
                    async with asyncio.timeout(HEARTBEAT_SECONDS):
                        await self._news.wait()
                except TimeoutError:
                    self.send(Event(type=Event.Type.HEARTBEAT))
        except TimeoutError:
            self._drop(f"it has read nothing for {STALL_SECONDS:g} s")
        except ConnectionError:
            pass  # the client went away
        finally:
            self._over = True


class ExecutorStreams:
    """All open streams by number. A number is never given twice in a process."""

    def __init__(self) -> None:
        self._streams: dict[int, ExecutorStream] = {}
        self._last = 0

    def open(self, who: str, encode: Callable[[Event], bytes]) -> ExecutorStream:
        """``encode`` encodes an event in the client's content type."""
        self._last += 1
        stream = self._streams[self._last] = ExecutorStream(self._last, who, encode)
        return stream

    def forget(self, stream: ExecutorStream) -> None:
        self._streams.pop(stream.number, None)

    def send(self, number: int, event: Event) -> None:
        """An event for a stream that is closed is dropped."""
        if (stream := self._streams.get(number)) is not None:
            stream.send(event)

    def close(self, number: int) -> None:
        if (stream := self._streams.get(number)) is not None:
            stream.close()
