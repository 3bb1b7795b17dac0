"""Connections of the server: how many there may be, and how long a slow client may keep one busy."""

from __future__ import annotations

import asyncio
import os
import socket
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from dcos_runtime.listening import connections
from dcos_universe.serving import responses


@dataclass(frozen=True)
class Bounds:
    """Bounds of this server beside those of all our listeners. Times are in seconds. A client that takes less than
    ``slowest`` bytes a second over ``patience`` is cut off."""

    connections: int = 1000
    patience: float = 30.0
    slowest: int = 4096
    grace: float = 30.0


_PIECE = 4 << 20
_AHEAD = 16 << 20


class ServedConnection(connections.Connection):
    """The connection of one client. ``handed`` counts the bytes that were to be sent so far; without those that are
    still `pending`, that is what Linux has taken for the client."""

    def __init__(self, house: House, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(house, house.idle, _refused, loop, access_log=None, lingering_time=2.0)
        self._house = house
        self.handed = 0
        self.since = loop.time()
        self._taken = 0
        self._left = 0
        self._direct: socket.socket | None = None
        self._writable: asyncio.Future[None] | None = None
        self._full = False
        self._room: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        sock = transport.get_extra_info("socket")
        if sock is not None and sock.family in (socket.AF_INET, socket.AF_INET6):
            # Linux gives up a client that acknowledges nothing, also when we have nothing more to send.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(self._house.bounds.patience * 2000))
        self._house.came(self)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._house.left(self)
        if self._direct is not None:
            self._loop.remove_writer(self._direct)
            self._direct.close()
            self._direct = None
        for waiting in (self._writable, self._room):
            if waiting is not None and not waiting.done():
                waiting.set_exception(ConnectionResetError("the client is gone"))
        super().connection_lost(exc)

    @property
    def pending(self) -> int:
        """The bytes to send that Linux has not taken yet."""
        transport = self.transport
        return (transport.get_write_buffer_size() if transport is not None else 0) + self._left

    @property
    def direct(self) -> bool:
        """Whether Linux can send files to this client itself: it can if there is no TLS."""
        if self._direct is None:
            transport = self.transport
            if transport is None or transport.get_extra_info("sslcontext") is not None:
                return False
            sock = transport.get_extra_info("socket")
            if sock is None:
                return False
            self._direct = socket.socket(fileno=os.dup(sock.fileno()))
        return True

    async def send(self, data: bytes | memoryview) -> None:
        """Sends data behind all that was sent before; returns when most is taken. Raises `ConnectionResetError`."""
        transport = self.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the client is gone")
        self.handed += len(data)
        transport.write(data)
        if self._full:
            self._room = self._loop.create_future()
            await self._room

    def pause_writing(self) -> None:
        super().pause_writing()
        self._full = True

    def resume_writing(self) -> None:
        super().resume_writing()
        self._full = False
        if self._room is not None and not self._room.done():
            self._room.set_result(None)

    async def send_file(self, head: bytes, descriptor: int, first: int, end: int) -> None:
        """Lets Linux send the head and these bytes of the file. Raises `ConnectionResetError`. The event loop has no
        such call for its own transports. So this uses a second descriptor of the socket, while the loop, which uses the
        socket for everything else, has nothing to send."""
        transport = self.transport
        if transport is None or transport.get_write_buffer_size():
            await self.send(head)
            while self.transport is not None and self.transport.get_write_buffer_size():  # noqa: ASYNC110  no event
                await asyncio.sleep(0.005)
            head = b""
        self.handed += len(head) + end - first
        self._left = len(head) + end - first
        try:
            while head:
                sent = await self._tried(_sending(head))
                head = head[sent:]
            if end - first > _PIECE:
                os.posix_fadvise(descriptor, first, min(end - first, _AHEAD), os.POSIX_FADV_WILLNEED)
            while first < end:
                sent = await self._tried(_sending_file(descriptor, first, min(end - first, _PIECE)))
                if not sent:
                    # The length was sent already, so the client can only be told by breaking the connection off.
                    self.abort()
                    raise ConnectionResetError("the file ended before its end")
                first += sent
                if first < end:
                    await asyncio.sleep(0)
        finally:
            self._left = 0

    async def _tried(self, send: Callable[[socket.socket], int]) -> int:
        while self._direct is not None:
            try:
                sent = send(self._direct)
            except BlockingIOError:
                await self._until_writable(self._direct)
            except OSError as error:
                raise ConnectionResetError(str(error)) from error
            else:
                self._left -= sent
                return sent
        raise ConnectionResetError("the client is gone")

    async def _until_writable(self, direct: socket.socket) -> None:
        self._writable = waiter = self._loop.create_future()

        def ready() -> None:
            if not waiter.done():
                waiter.set_result(None)

        self._loop.add_writer(direct, ready)
        try:
            await waiter
        finally:
            self._writable = None
            if direct.fileno() >= 0:
                self._loop.remove_writer(direct)

    @property
    def is_idle(self) -> bool:
        """Whether the connection can be ended and nothing is lost."""
        return super().is_idle and not self.pending

    def look(self, now: float, bounds: Bounds) -> None:
        """Ends the connection if its client is too slow."""
        pending = self.pending
        if pending:
            taken = self.handed - pending
            if now - self.since < bounds.patience:
                return
            if taken - self._taken < bounds.slowest * (now - self.since):
                self.abort()
                return
            self._taken, self.since = taken, now
        else:
            self._taken, self.since = self.handed, now

    def abort(self) -> None:
        if self.transport is not None:
            self.transport.abort()


def _refused(status: int, text: str) -> web.Response:
    """The response to bytes that are no request: one sentence."""
    answer = responses.sentence(status, text.splitlines()[0])
    return web.Response(status=answer.status, headers=answer.headers, body=answer.text)


def _sending(head: bytes) -> Callable[[socket.socket], int]:
    """Sends bytes that a body follows: Linux waits for the body to fill the packet."""
    return lambda sock: sock.send(head, socket.MSG_MORE)


def _sending_file(descriptor: int, at: int, count: int) -> Callable[[socket.socket], int]:
    return lambda sock: os.sendfile(sock.fileno(), descriptor, at, count)


class House(web.Server):
    """The server of all connections: makes them, counts them, ends those of slow clients."""

    def __init__(self, handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]], bounds: Bounds) -> None:
        super().__init__(handler)
        self.bounds = bounds
        self.idle = connections.Idle(connections.MOST_IDLE)
        self.open: dict[ServedConnection, None] = {}
        self._empty = asyncio.Event()

    def __call__(self) -> RequestHandler:
        return ServedConnection(self, asyncio.get_running_loop())

    def came(self, connection: ServedConnection) -> None:
        """Adds a connection. If there are too many, an idle one is ended: the oldest of the address that has the most
        idle ones, so that nobody can shut others out. If none is idle, the new one is refused."""
        if len(self.open) >= self.bounds.connections:
            waiting = [one for one in self.open if one.is_idle]
            if waiting:
                most = Counter(one.address for one in waiting).most_common(1)[0][0]
                spare = next(one for one in waiting if one.address == most)
                spare.abort()
                self.open.pop(spare, None)
            else:
                transport = connection.transport
                if transport is not None:
                    transport.write(
                        b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 2\r\n"
                        b"Connection: close\r\n\r\n"
                    )
                    transport.close()
                return
        self.open[connection] = None
        self._empty.clear()

    def left(self, connection: ServedConnection) -> None:
        self.open.pop(connection, None)
        if not self.open:
            self._empty.set()

    async def watch(self) -> None:
        """Ends the connections of slow clients, until it is cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(min(5.0, self.bounds.patience / 3))
            for connection in list(self.open):
                connection.look(loop.time(), self.bounds)

    async def end(self) -> None:
        """Waits until responses that are under way are complete, within the grace; then ends all connections."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self.bounds.grace
        await self.shutdown(self.bounds.grace)
        if self.open:
            try:
                async with asyncio.timeout(max(0.1, until - loop.time())):
                    await self._empty.wait()
            except TimeoutError:
                for connection in list(self.open):
                    connection.abort()
