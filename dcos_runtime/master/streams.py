"""Streams to subscribers and agents. Each has a bounded queue and a writer of its own; a client that does not read is
dropped.

The kernel never waits for a reader. Queues are bounded for one stream and for all together. A stream that is over its
bound, or whose client reads nothing for a while, is cut off, and its client subscribes again.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from dcos_runtime.store.lease import LeaseOver, Term
from dcos_runtime.wire import codec, recordio

log = logging.getLogger(__name__)

MAX_STREAM_BYTES = 64 * 1024 * 1024
MAX_ALL_BYTES = 256 * 1024 * 1024
STALL_SECONDS = 30.0
SLOWEST = 1 << 20
"""Bytes a second that are read at least of a large record."""


class Stream:
    """Records on their way to one client."""

    def __init__(self, number: int, who: str, lease: Term, encode: Callable[[Any], bytes]) -> None:
        self.number = number
        self.encode = encode
        self.who = who
        self._lease = lease
        self.queued = 0
        self.cut = False
        self._records: deque[bytes] = deque()
        self._over = False
        self._news = asyncio.Event()
        self._transport: asyncio.Transport | None = None

    def put(self, record: bytes) -> None:
        if not self._over:
            self._records.append(record)
            self.queued += len(record)
            self._news.set()

    def close(self) -> None:
        """Ends the stream after the queued records."""
        self._over = True
        self._news.set()

    def drop(self, why: str) -> None:
        """Cuts the client off, and drops its queued records."""
        if not self.cut:
            log.warning("dropping %s: %s", self.who, why)
            self.cut = self._over = True
            self._records.clear()
            self.queued = 0
            self._news.set()
            if self._transport is not None:
                self._transport.abort()

    async def write(
        self,
        request: web.Request,
        response: web.StreamResponse,
        heartbeat: bytes | None = None,
        every: float = 0.0,
        opening: Callable[[Callable[[bytes], Awaitable[None]]], Awaitable[None]] | None = None,
    ) -> None:
        """Answers ``request`` with the records, one a chunk, until the stream is over or its client is gone.
        ``heartbeat`` is written every ``every`` seconds. ``opening`` writes what comes before the queued records,
        which is not in the queue, with the function that it gets.
        """
        self._transport = request.transport
        try:
            await response.prepare(request)
            if opening is not None:
                await opening(lambda record: self._write(response, record))
                if self.cut:
                    return
            await self._write_all(response, heartbeat, every)
        except ConnectionError:
            pass  # the client went away
        finally:
            self._over = True
            log.info("the stream of %s is closed", self.who)

    async def _write_all(self, response: web.StreamResponse, heartbeat: bytes | None, every: float) -> None:
        loop = asyncio.get_running_loop()
        beat = loop.time() + every
        while True:
            while self._records:
                record = self._records.popleft()
                self.queued -= len(record)
                await self._write(response, record)
                if self.cut:
                    return
            if self._over:
                return
            self._news.clear()
            try:
                async with asyncio.timeout_at(beat if heartbeat is not None else None):
                    await self._news.wait()
            except TimeoutError:
                beat = max(beat + every, loop.time())
                if heartbeat is not None:
                    await self._write(response, heartbeat)

    async def _write(self, response: web.StreamResponse, record: bytes) -> None:
        try:
            await self._lease.hold()  # a suspended leader sends nothing, and its streams stay open
        except LeaseOver:
            self.drop("this master leads no more")
            return
        try:
            async with asyncio.timeout(STALL_SECONDS + len(record) / SLOWEST):
                await response.write(recordio.encode(record))
        except TimeoutError:
            self.drop(f"it has read nothing for {STALL_SECONDS:g} s")


class Streams:
    """All open streams of this process by number. A number is never given twice."""

    def __init__(self, lease: Term) -> None:
        self._lease = lease
        self._streams: dict[int, Stream] = {}
        self._last = 0
        self._encoded: tuple[Any, dict[Callable[[Any], bytes], bytes]] = (None, {})

    def open(self, who: str, encode: Callable[[Any], bytes] = codec.encode) -> Stream:
        """``encode`` encodes an event in the client's content type."""
        self._last += 1
        stream = self._streams[self._last] = Stream(self._last, who, self._lease, encode)
        return stream

    def forget(self, stream: Stream) -> None:
        self._streams.pop(stream.number, None)

    def send(self, number: int, event: Any) -> None:
        """Encodes the event for the stream, if that is open; only once for each content type, if it goes to many
        streams in a row.
        """
        stream = self._streams.get(number)
        if stream is None or stream.cut:
            return
        try:
            if self._encoded[0] is not event:
                self._encoded = (event, {})
            record = self._encoded[1].get(stream.encode)
            if record is None:
                record = self._encoded[1][stream.encode] = stream.encode(event)
        except Exception:  # an event that cannot be encoded for one client must not stop the others
            log.exception("an event for %s could not be encoded", stream.who)
            stream.drop("an event for it could not be encoded; it has to subscribe again")
            return
        self.put(number, record)

    def put(self, number: int, record: bytes) -> None:
        """Queues a record; a record for a closed stream is dropped."""
        stream = self._streams.get(number)
        if stream is None:
            return
        stream.put(record)
        if stream.queued > MAX_STREAM_BYTES:
            stream.drop(f"{stream.queued >> 20} MiB are waiting to be read by it")
        elif stream.queued > MAX_ALL_BYTES // 16:
            self._bound_all()

    def close(self, number: int) -> None:
        if (stream := self._streams.get(number)) is not None:
            stream.close()

    def close_all(self) -> None:
        for stream in self._streams.values():
            stream.close()

    def drop_all(self, why: str) -> None:
        for stream in self._streams.values():
            stream.drop(why)

    def _bound_all(self) -> None:
        while sum(stream.queued for stream in self._streams.values()) > MAX_ALL_BYTES:
            worst = max(self._streams.values(), key=lambda stream: stream.queued)
            worst.drop(f"all streams together have more than {MAX_ALL_BYTES >> 20} MiB waiting, most of it here")
