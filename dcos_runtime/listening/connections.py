"""Bounds what clients cost that send nothing, send very slowly, or send invalid requests.

A request's head has to be complete some seconds after its first byte. The body has to keep arriving, and the response
has to be read. The number of idle connections from one address is limited. Handling a request has no time limit,
because streams never end. After an invalid request nothing more of the connection is kept, and while a request is
handled only little of what comes.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.streams import EMPTY_PAYLOAD
from aiohttp.web_protocol import RequestHandler, _ErrInfo

log = logging.getLogger(__name__)

ErrorResponder = Callable[[int, str], web.Response]
"""Makes the error response, of status and text, for a request that reaches no handler or whose handler fails."""
_LONGEST_REASON = 500
_PARSERS_TOO_MANY = "Too many headers"
"""How the parser's message for a header that is too long begins."""

LONGEST_LINE = 16 * 1024
"""Bytes of a request's first line, or of one of its headers: as many as a gateway lets pass."""
LONGEST_HEAD = 80 * 1024
"""The same of all headers together: the 64 KiB that a gateway lets pass, and what it adds."""

MOST_HEADERS = 128
"""The most headers of a request, without those that a gateway adds. Each costs more than its bytes."""
_MOST_ADDED = 32
_ADDED = ("x-dcos-", "x-forwarded-", "x-real-ip", "host", "connection")
"""How the names of the headers that a gateway adds begin."""
TOO_MANY_HEADERS = f"it has more than {MOST_HEADERS} headers"

MOST_AHEAD = 64 * 1024
"""The most bytes of complete requests that wait while another is handled. With more, the connection is not read."""
_MOST_PIECES = 64
"""Up to so many requests in one packet are checked each by itself."""
MOST_DROPPED = 1 << 20
"""The most bytes that are read and dropped after an invalid request, while its response is sent."""

_GOODBYE_LOOK_SECONDS = 0.05
_BYTES_RECEIVED = slice(128, 136)
"""Where tcp_info of Linux tells them."""

HEAD_SECONDS = 15.0
"""Seconds from the first byte of a request to the end of its head."""

BODY_SECONDS = 30.0
READ_SECONDS = 60.0
PROGRESS_BYTES = 4096
"""Bytes of a body that have to come, or of a response that have to be read, within seconds; or the rest, if that is
less.
"""

IDLE_SECONDS = 75.0
"""Seconds after which a connection without a request is closed."""

MOST_IDLE = 256
"""The most connections without a request from one address. One more closes the oldest of them."""
_SLACK = 16
"""How many connections may come before they are counted again."""


class Idle:
    """Counts the connections of a listener by address. ``most``: None for no limit."""

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
        """Closes the surplus. Returns how many more connections may come before there can be too many again."""
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
    """Whether bytes have come after the last complete request: the beginning of another head. The parser returns
    requests, not how far it has read, so that is counted here. A case that cannot be decided (a body of known length
    after one in chunks, in one packet) counts as such bytes.
    """

    def __init__(self) -> None:
        self.some = False
        self._is_open = False
        self._last = b""  # the end of what came before, as long as a head or chunks are under way
        self._left: int | None = 0  # bytes of the body under way that are to come; None: it comes in chunks

    def received(self, data: bytes, was_open: bool, is_open: bool, heads: Sequence[Any]) -> None:
        """``heads`` ended in ``data``. ``was_open``, ``is_open``: a body was incomplete before it, is incomplete after
        it.
        """
        whole = self._last + data if self._last else data
        self._is_open = is_open
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
            self.some = not whole.endswith(_HEADS_END)  # heads and the last chunk end so, and no part of a head does
        self._last = whole[-3:] if self.some or (is_open and self._left is None) else b""

    def end(self, data: bytes, place: int) -> int:
        """Up to where ``data`` holds no more than the end of one head, from ``place`` on."""
        start = place
        if self._is_open and self._left is not None:
            start += self._left
        elif self._last:
            across = (self._last + data[place : place + 3]).find(_HEADS_END)
            if across >= 0:
                return place + across + len(_HEADS_END) - len(self._last)
        found = data.find(_HEADS_END, start)
        return len(data) if found < 0 else found + len(_HEADS_END)

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
    """The length of its body; None: it comes in chunks."""
    return None if head.chunked else int(head.headers.get("Content-Length") or 0)


class Connection(RequestHandler):
    """One connection of a client, from its first byte to its end."""

    def __init__(
        self,
        server: web.Server,
        idle: Idle,
        refused: ErrorResponder,
        loop: asyncio.AbstractEventLoop,
        *,
        longest_line: int = LONGEST_LINE,
        longest_head: int = LONGEST_HEAD,
        **options: Any,
    ) -> None:
        super().__init__(
            server,
            loop=loop,
            keepalive_timeout=IDLE_SECONDS,
            max_line_size=longest_line,
            max_field_size=longest_line,
            max_headers=MOST_HEADERS + _MOST_ADDED,
            **options,
        )
        self._idle = idle
        self._longest_head = longest_head
        self._half_head = 0  # bytes of a head that is not whole
        self._ahead = b""  # what came and is not looked at: what came before it is still to be taken
        self._dropped: int | None = None  # bytes that came after something that is no request; None: there is none
        self._refused = refused
        self.address = ""
        self._head: asyncio.TimerHandle | None = None
        self._body: asyncio.TimerHandle | None = None
        self._reading: asyncio.TimerHandle | None = None
        self._goodbye: asyncio.TimerHandle | None = None
        self._tls: Any = None  # the transport, however it came to its end, if it speaks TLS
        self._payload: Any = None
        self._behind = Behind()
        self._received = self._counted = 0
        self._paced = True

    @property
    def is_idle(self) -> bool:
        """No request is under way, or its head is incomplete."""
        return not self._messages and (self._waiter is not None or not self._request_count)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answers an invalid request, and a request whose handler failed: in the daemon's own form, quoting only a
        part.
        """
        super().handle_error(request, status, exc, message)  # this logs it
        if status < 500:
            why = message or "it is malformed"
            text = f"This is no request that is understood here: {why}"
        else:
            text = "The request could not be handled; the log says why"
        answer = self._refused(status, text)
        answer.force_close()
        return answer

    def stop_pacing(self) -> None:
        """The body of the request that is handled, and its answer, are somebody's keys and screen: they may stand still
        for any time. For requests of known senders. The answer is the connection's last.
        """
        self._paced = False
        for timer in (self._body, self._reading):
            if timer is not None:
                timer.cancel()
        self._body = self._reading = None

    def cut(self, why: str) -> None:
        log.debug("cutting off %s: %s", self.address or "a client", why)
        transport = self.transport or self._tls
        if transport is not None:
            transport.abort()

    async def start(self) -> None:
        """Returns, or raises, once the connection is closed. Over TLS the closing handshake begins then, during which
        what comes is read and dropped.
        """
        try:
            await super().start()
        finally:
            if self._tls is not None and (received := _bytes_received(self._tls)) is not None:
                self._watch_goodbye(received)

    def _watch_goodbye(self, before: int) -> None:
        self._goodbye = self._loop.call_later(_GOODBYE_LOOK_SECONDS, self._look_at_goodbye, before)

    def _look_at_goodbye(self, before: int) -> None:
        self._goodbye = None
        received = _bytes_received(self._tls) if self._tls is not None else None
        if received is None:
            return
        if received - before > MOST_DROPPED:
            self.cut(f"it sends more than {MOST_DROPPED} bytes after its last answer")
        else:
            self._watch_goodbye(before)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        peer = transport.get_extra_info("peername")
        self.address = str(peer[0]) if isinstance(peer, tuple) and peer else ""
        self._tls = transport if transport.get_extra_info("ssl_object") is not None else None
        super().connection_made(transport)
        self._idle.opened(self, self.address)

    def connection_lost(self, exc: BaseException | None) -> None:
        for timer in (self._head, self._body, self._reading, self._goodbye):
            if timer is not None:
                timer.cancel()
        self._head = self._body = self._reading = self._goodbye = self._payload = self._tls = None
        self._idle.closed(self, self.address)
        super().connection_lost(exc)
        self._messages.clear()
        self._message_tail = self._ahead = b""

    # --- what it sends ---

    def data_received(self, data: bytes) -> None:
        """Feeds the parser one request at a time: when it finds an invalid one, it forgets the requests before it in
        the same packet.
        """
        if self._dropped is not None:
            self._drop(data)
            return
        if self._ahead:
            data, self._ahead = self._ahead + data, b""
        place, before = 0, len(self._messages)
        for piece in range(_MOST_PIECES):
            end = len(data) if self._upgraded or piece + 1 == _MOST_PIECES else self._behind.end(data, place)
            self._take(data[place:end])
            place = end
            if self._dropped is not None:
                self._drop(data[place:])
                return
            if place == len(data):
                break
            if self._reading_paused or len(self._messages) >= self._max_msg_queue_size:
                self._ahead = data[place:]  # this is called again, without data, as soon as there is room
                break
        waiting = self._messages if len(self._messages) > max(1, before) and not self._buffer_paused else ()
        if sum(_size(head) for head, _ in waiting) > MOST_AHEAD:
            self._pause_reading_for_buffer()  # reading goes on as they are taken, as with too many of them

    def _take(self, data: bytes) -> None:
        before = self._request_count
        unseen = before != self._counted  # very many in one packet: the parser returned some of them late
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
        self._bound(data, len(new), was_open)
        if self._upgraded or self._dropped is not None:
            self._behind = Behind()
            self._watch_head(False)  # no more heads come, or it is closed because of an invalid request
            return
        heads = [head for head, _ in new]
        is_open = self._payload is not None and not self._payload.is_eof()
        self._behind.received(data, was_open, is_open, heads)
        self._behind.some |= unseen
        self._watch_head(self._behind.some, anew=bool(new) or was_open)

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        declined = self._upgraded and not self._messages and self._payload_parser is None
        if declined:
            # What follows a request to switch protocols is checked as usual once that request is declined.
            self._ahead, self._message_tail = self._message_tail, b""
        finished = await super().finish_response(request, resp, start_time)
        if declined and self.transport is not None:
            self.data_received(b"")
            if self._buffer_paused and len(self._messages) < self._max_msg_queue_size:
                self._resume_reading_for_buffer()
        return finished

    def _bound(self, data: bytes, count: int, was_open: bool) -> None:
        """Checks the last ``count`` requests that wait: whether one is invalid or too large, and whether all together
        are too large. ``was_open``: the body of an earlier one was incomplete before ``data``.
        """
        if count:
            self._half_head = 0
            for place in range(len(self._messages) - count, len(self._messages)):
                refusal = self._refusal(self._messages[place][0])
                if refusal is not None:
                    for _ in range(len(self._messages) - place):
                        self._messages.pop()
                    self._refuse(refusal)
                    return
        elif was_open or self._upgraded:
            self._half_head = 0
        elif not self._buffer_paused and not self._reading_paused:
            self._half_head += len(data)
            if self._half_head > self._longest_head:
                self._request_count += 1
                self._refuse(self._too_long())

    def _refusal(self, head: Any) -> _ErrInfo | None:
        if isinstance(head, _ErrInfo):
            return _error_info(431, TOO_MANY_HEADERS) if head.message.startswith(_PARSERS_TOO_MANY) else head
        if _size(head) > self._longest_head:
            return self._too_long()
        if len(head.headers) > MOST_HEADERS and headers_of(head.headers) > MOST_HEADERS:
            return _error_info(431, TOO_MANY_HEADERS)
        if not _has_path(head):  # such a request has no route, and its sender cannot be found
            return _error_info(400, "Request URL path must start with '/'")
        return None

    def _too_long(self) -> _ErrInfo:
        return _error_info(431, f"its first line and headers are longer than {self._longest_head} bytes")

    def _refuse(self, refused: _ErrInfo) -> None:
        """From now on nothing that comes is parsed or kept. aiohttp would parse each piece, and keep an error for each.
        An error's traceback holds frames that hold the piece and the error: a cycle that is freed only by a full
        garbage collection.
        """
        error: BaseException = refused.exc
        error.__traceback__ = error.__cause__ = error.__context__ = None
        error.args = ()
        if isinstance(error, HttpProcessingError):
            error.message = ""  # it quotes everything that came
        self._messages.append((_ErrInfo(refused.status, error, refused.message[:_LONGEST_REASON]), EMPTY_PAYLOAD))
        self._dropped = 0
        self._payload = None
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _drop(self, data: bytes) -> None:
        assert self._dropped is not None
        self._dropped += len(data)
        if self._dropped > MOST_DROPPED:
            self.cut(f"it sends more than {MOST_DROPPED} bytes behind what is no request")

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
            self._watch_head(True)  # the request before it is being handled, which has no time limit

    def _watch_body(self) -> None:
        if not self._paced:
            return
        self._body = self._loop.call_later(BODY_SECONDS, self._look_at_body, self._received)

    def _look_at_body(self, received: int) -> None:
        self._body = None
        if self.transport is None or self._payload is None or self._payload.is_eof() or self.is_idle:
            return
        # The handler may not have asked for more of the body yet: then the client is not at fault.
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
        if not self._paced:
            return
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


def _bytes_received(transport: asyncio.BaseTransport) -> int | None:
    """How many bytes the kernel has received from the client. None: the client is gone."""
    connection = transport.get_extra_info("socket")
    try:
        info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _BYTES_RECEIVED.stop)
    except (OSError, AttributeError):
        return None
    return int.from_bytes(info[_BYTES_RECEIVED], sys.byteorder) if len(info) == _BYTES_RECEIVED.stop else None


def _error_info(status: int, text: str) -> _ErrInfo:
    return _ErrInfo(status, HttpProcessingError(code=status, message=text), text)


def _has_path(head: Any) -> bool:
    """``/path``, or that of a whole URL; not ``*``, ``name:port``, or a URL without one."""
    url = head.url.relative() if head.url.absolute else head.url
    return str(url.raw_path).startswith("/")


def headers_of(names: Iterable[str]) -> int:
    """The number of headers, without those that a gateway adds."""
    return sum(not name.lower().startswith(_ADDED) for name in names)


def _size(head: Any) -> int:
    """The size of a complete head in bytes, approximately."""
    return len(head.path) + sum(len(name) + len(value) + 4 for name, value in head.raw_headers)


def factory(server: web.Server, idle: Idle, refused: ErrorResponder, **options: Any) -> Callable[[], asyncio.Protocol]:
    """Makes the protocol of each connection of ``server``. ``options`` are those of aiohttp's handler."""
    loop = asyncio.get_running_loop()
    return lambda: cast(asyncio.Protocol, Connection(server, idle, refused, loop, **options))
