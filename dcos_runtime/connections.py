"""Connections of clients that send nothing, or next to nothing: cut off in time, so that they cost the others nothing.

A request's head has to be whole some seconds after its first byte, a body and the reading of an answer have to make
progress, and one address keeps so many idle connections. A request that is being answered is never cut for the time
that takes: streams last for ever.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any, cast

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from dcos_runtime.wire.told import bounded

log = logging.getLogger(__name__)

Refused = Callable[[int, str], web.Response]
"""Makes the answer, of status and text, to what never gets to a handler, or not through it."""
_LONGEST_REASON = 500

HEAD_SECONDS = 15.0
"""From the first byte of a request to the end of its head."""

BODY_SECONDS = 30.0
READ_SECONDS = 60.0
PROGRESS_BYTES = 4096
"""So much of a body has to come, or of an answer to be read, in so many seconds; or else all that is left of it."""

IDLE_SECONDS = 75.0
"""A connection without a request is closed then."""

MOST_IDLE = 256
"""Connections without a request from one address. Each over that closes the one that was opened first."""
_SLACK = 16
"""How many connections may come before it is counted again."""


class Idle:
    """Counts the connections of a listener by address. ``most``: None for as many as there may be."""

    def __init__(self, most: int | None = MOST_IDLE) -> None:
        self._most = most
        self._open: dict[str, dict[Connection, None]] = {}
        self._until_counted: dict[str, int] = {}

    def opened(self, connection: Connection, address: str) -> None:
        if self._most is None:
            return
        there = self._open.setdefault(address, {})
        there[connection] = None
        left = self._until_counted.get(address, self._most) - 1
        if left < 0:
            left = self._close_surplus(there, address)
        self._until_counted[address] = left

    def closed(self, connection: Connection, address: str) -> None:
        if (there := self._open.get(address)) is not None:
            there.pop(connection, None)
            if not there:
                del self._open[address]
                self._until_counted.pop(address, None)

    def _close_surplus(self, there: dict[Connection, None], address: str) -> int:
        """How many more may come before there can be too many again."""
        assert self._most is not None
        idle = [connection for connection in there if connection.is_idle]
        surplus = idle[: max(0, len(idle) - self._most)]
        for connection in surplus:
            connection.cut("too many idle connections from its address")
        if surplus:
            log.info("closed %d idle connections of %s: it may have %d", len(surplus), address, self._most)
        return max(self._most - len(idle), _SLACK)


_HEADS_END = b"\r\n\r\n"


class Behind:
    """Whether bytes have come behind the last request that is whole: those of a further head, which is not.

    The parser tells requests, not how far it has read. So it is counted here. What cannot be told for sure (a body of
    known length behind one in chunks, in one packet) counts as bytes behind.
    """

    def __init__(self) -> None:
        self.some = False
        self._last = b""  # the end of what came before, as long as a head or chunks are under way
        self._left: int | None = 0  # bytes of the body under way that are to come; None: it comes in chunks

    def received(self, data: bytes, was_open: bool, is_open: bool, heads: Sequence[Any]) -> None:
        """``heads`` ended in ``data``. ``was_open``, ``is_open``: a body was not whole before it, is not with it."""
        whole = self._last + data if self._last else data
        if not heads and not was_open:
            self.some = self.some or bool(data.strip(b"\r\n"))
            self._last = whole[-3:]
            return
        place = self._left if was_open else 0
        by_length = was_open and place is not None
        for head in heads:
            place = self._end(whole, place, head)
            by_length = bool(_length(head))
        if is_open:
            self.some = False
            self._left = None if place is None else place - len(whole)
        elif by_length:
            self.some = place is None or place < len(whole)
        else:
            self.some = not whole.endswith(_HEADS_END)  # as heads and the last chunk end, and no part of a head does
        self._last = whole[-3:] if self.some or (is_open and self._left is None) else b""

    def _end(self, whole: bytes, place: int | None, head: Any) -> int | None:
        """Where the request ends that begins at ``place``."""
        if place is None:
            return None
        if place or not self._last:
            while whole[place : place + 1] in (b"\r", b"\n"):
                place += 1
        end = whole.find(_HEADS_END, place)
        length = _length(head)
        return None if end < 0 or length is None else end + len(_HEADS_END) + length


def _length(head: Any) -> int | None:
    """Of its body; None: in chunks."""
    return None if head.chunked else int(head.headers.get("Content-Length") or 0)


class Connection(RequestHandler):
    """One connection of a client, from the first byte on."""

    def __init__(
        self, server: web.Server, idle: Idle, refused: Refused, loop: asyncio.AbstractEventLoop, **options: Any
    ) -> None:
        super().__init__(server, loop=loop, keepalive_timeout=IDLE_SECONDS, **options)
        self._idle = idle
        self._refused = refused
        self._address = ""
        self._head: asyncio.TimerHandle | None = None
        self._body: asyncio.TimerHandle | None = None
        self._reading: asyncio.TimerHandle | None = None
        self._payload: Any = None
        self._behind = Behind()
        self._received = self._counted = 0

    @property
    def is_idle(self) -> bool:
        """No request is under way, or its head is not whole."""
        return not self._messages and (self._waiter is not None or not self._request_count)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """To what is no request, and where a handler failed: in the daemon's own form, and not with all that came."""
        super().handle_error(request, status, exc, message)  # which logs it
        if status < 500:
            why = bounded(message or "it is malformed", _LONGEST_REASON)
            text = f"This is no request that is understood here: {why}"
        else:
            text = "The request could not be handled; the log says why"
        answer = self._refused(status, text)
        answer.force_close()
        return answer

    def cut(self, why: str) -> None:
        log.debug("cutting off %s: %s", self._address or "a client", why)
        if self.transport is not None:
            self.transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        peer = transport.get_extra_info("peername")
        self._address = str(peer[0]) if isinstance(peer, tuple) and peer else ""
        super().connection_made(transport)
        self._idle.opened(self, self._address)

    def connection_lost(self, exc: BaseException | None) -> None:
        for timer in (self._head, self._body, self._reading):
            if timer is not None:
                timer.cancel()
        self._head = self._body = self._reading = self._payload = None
        self._idle.closed(self, self._address)
        super().connection_lost(exc)

    # --- what it sends ---

    def data_received(self, data: bytes) -> None:
        before = self._request_count
        unseen = before != self._counted  # very many in one packet: the parser told some later
        was_open = self._payload is not None and not self._payload.is_eof()
        self._received += len(data)
        super().data_received(data)
        self._counted = self._request_count
        count = self._counted - before
        new = list(self._messages)[-count:] if count else []
        if new:
            self._payload = new[-1][1]
            if not self._payload.is_eof() and self._body is None:
                self._watch_body()
        heads = [head for head, _ in new]
        if self._upgraded or not all(hasattr(head, "headers") for head in heads):
            self._watch_head(False)  # no heads come any more, or it is closed for what was no request
            return
        is_open = self._payload is not None and not self._payload.is_eof()
        self._behind.received(data, was_open, is_open, heads)
        self._behind.some |= unseen
        self._watch_head(self._behind.some, anew=bool(new) or was_open)

    def _watch_head(self, under_way: bool, anew: bool = True) -> None:
        if self._head is not None and anew:
            self._head.cancel()
            self._head = None
        if self._head is None and under_way:
            self._head = self._loop.call_later(HEAD_SECONDS, self._head_is_late)

    def _head_is_late(self) -> None:
        self._head = None
        if self.is_idle:
            self.cut(f"the head of its request is not whole after {HEAD_SECONDS:g} s")
        elif self.transport is not None:
            self._watch_head(True)  # the request before it is being answered, which may take as long as it takes

    def _watch_body(self) -> None:
        self._body = self._loop.call_later(BODY_SECONDS, self._look_at_body, self._received)

    def _look_at_body(self, received: int) -> None:
        self._body = None
        if self.transport is None or self._payload is None or self._payload.is_eof() or self.is_idle:
            return
        # Whoever handles the request may not want more of it yet: that is not the client's fault.
        if self._reading_paused or self._received - received >= PROGRESS_BYTES:
            self._watch_body()
        else:
            self.cut(f"less than {PROGRESS_BYTES} bytes of its body came in {BODY_SECONDS:g} s")

    # --- what it reads ---

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch_reading()

    def resume_writing(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None
        super().resume_writing()

    def _watch_reading(self) -> None:
        waiting = self._waiting_bytes()
        self._reading = self._loop.call_later(READ_SECONDS, self._look_at_reading, waiting)

    def _look_at_reading(self, waiting: int) -> None:
        self._reading = None
        if self.transport is None:
            return
        if waiting - self._waiting_bytes() >= min(PROGRESS_BYTES, waiting):
            self._watch_reading()
        else:
            self.cut(f"it read next to nothing of its answer in {READ_SECONDS:g} s")

    def _waiting_bytes(self) -> int:
        return self.transport.get_write_buffer_size() if self.transport is not None else 0


def factory(server: web.Server, idle: Idle, refused: Refused, **options: Any) -> Callable[[], asyncio.Protocol]:
    """Makes the protocol of each connection of ``server``. ``options`` are those of aiohttp's handler."""
    loop = asyncio.get_running_loop()
    return lambda: cast(asyncio.Protocol, Connection(server, idle, refused, loop, **options))
