"""TLS connections during their handshake: bounded in number and time, since nothing is known of the client yet. Each
costs some 100 KiB, which the process does not give back, and needs no credentials. So their number is limited for an
address and for a listener; one more ends the oldest. An honest client completes its handshake in milliseconds, and is
hardly ever the oldest.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import Callable

log = logging.getLogger(__name__)

HANDSHAKE_SECONDS = 10.0

MOST_OF_AN_ADDRESS = 64
MOST = 512
"""The most handshakes under way of one listener."""

_WITHOUT_DESCRIPTORS_SECONDS = 1.0


class Handshakes:
    """Accepts the connections of ``listener``, which it owns from then on. ``make`` makes the protocol of each that
    has ended its handshake. ``shutdown_seconds``: how long a TLS goodbye may take.
    """

    def __init__(
        self,
        listener: socket.socket,
        context: ssl.SSLContext,
        make: Callable[[], asyncio.Protocol],
        *,
        shutdown_seconds: float,
        most: int = MOST,
        most_of_an_address: int = MOST_OF_AN_ADDRESS,
    ) -> None:
        self._listener = listener
        self._context = context
        self._make = make
        self._shutdown_seconds = shutdown_seconds
        self._most = most
        self._most_of_an_address = most_of_an_address
        self._under_way: dict[asyncio.Task[None], str] = {}
        self._of_an_address: dict[str, dict[asyncio.Task[None], None]] = {}
        listener.setblocking(False)
        self._accepting = asyncio.get_running_loop().create_task(self._accept())

    def __len__(self) -> int:
        return len(self._under_way)

    async def close(self) -> None:
        """Accepts no more connections, and ends the handshakes under way. Connections whose handshake is complete are
        left alone.
        """
        self._accepting.cancel()
        tasks = [self._accepting, *self._under_way]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._listener.close()

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                accepted, address = await loop.sock_accept(self._listener)
            except ConnectionError:
                continue  # the client went away while it waited
            except OSError as error:
                log.error("cannot take a connection: %s", error)  # as a rule there are no descriptors left
                await asyncio.sleep(_WITHOUT_DESCRIPTORS_SECONDS)
                continue
            self._begin(accepted, str(address[0]))
            # One new handshake in each step of the loop: those under way get their step first, so that honest clients,
            # however many come at once, are soon done and never the oldest.
            await asyncio.sleep(0)

    def _begin(self, accepted: socket.socket, address: str) -> None:
        there = self._of_an_address.setdefault(address, {})
        if len(there) >= self._most_of_an_address:
            self._end(next(iter(there)), f"{address} has more than {self._most_of_an_address} handshakes under way")
        elif len(self._under_way) >= self._most:
            self._end(next(iter(self._under_way)), f"more than {self._most} handshakes are under way")
        task = asyncio.get_running_loop().create_task(self._shake(accepted))
        self._under_way[task] = address
        self._of_an_address.setdefault(address, {})[task] = None
        task.add_done_callback(self._forget)

    def _end(self, task: asyncio.Task[None], why: str) -> None:
        log.debug("cutting off the oldest: %s", why)
        task.cancel()
        self._forget(task)

    def _forget(self, task: asyncio.Task[None]) -> None:
        address = self._under_way.pop(task, None)
        if address is not None and (there := self._of_an_address.get(address)) is not None:
            there.pop(task, None)
            if not there:
                del self._of_an_address[address]

    async def _shake(self, accepted: socket.socket) -> None:
        try:
            with contextlib.suppress(OSError):
                accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await asyncio.get_running_loop().connect_accepted_socket(
                self._make,
                accepted,
                ssl=self._context,
                ssl_handshake_timeout=HANDSHAKE_SECONDS,
                ssl_shutdown_timeout=self._shutdown_seconds,
            )
        except OSError as error:  # errors of TLS and timeouts are among them
            log.debug("a client did not end its handshake: %s", error)
