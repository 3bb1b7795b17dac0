"""The agent's own ports. Each is bound at once or, when another process holds it, as soon as it is free; the log names
that process. An agent with tasks serves the master without its listeners: otherwise a task that took a port could never
be killed.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcos_runtime import daemon
from dcos_runtime.daemon import Address
from dcos_runtime.listening import holders

if TYPE_CHECKING:
    import ssl

    from aiohttp import web

log = logging.getLogger(__name__)

RETRY_SECONDS = 1.0
REMIND_SECONDS = 60.0


@dataclass
class _Port:
    """A port that is not bound yet."""

    ip: str
    port: int
    tls: ssl.SSLContext | None
    holder: str = "another process"


class Listeners:
    """Serves ``application()`` on each port that is opened."""

    def __init__(self, application: Callable[[], web.Application], stack: contextlib.AsyncExitStack) -> None:
        self._application = application
        self._stack = stack
        self.tasks: Callable[[], Mapping[str, str]] = dict
        """The agent's tasks in words, by container, for messages about a task that holds a port."""
        self._wanted: list[_Port] = []
        self.ports: list[int] = []
        """All opened ports, including those that are not bound yet."""

    @property
    def taken(self) -> str:
        """Which ports are not bound yet, and which processes hold them; empty if all are bound."""
        return "; ".join(f"port {wanted.port} is taken by {wanted.holder}" for wanted in self._wanted)

    async def open(self, ip: str, port: int, tls: ssl.SSLContext | None = None) -> Address:
        """Returns the address, bound now or as soon as the port is free. Raises ``OSError`` when waiting does not
        help.
        """
        try:
            address = await self._bind(ip, port, tls)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            self._wanted.append(_Port(ip, port, tls))
            address = Address(ip, port, tls is not None)
        self.ports.append(address.port)
        return address

    async def look(self) -> None:
        """Finds the processes that hold the ports."""
        for wanted in self._wanted:
            wanted.holder = await asyncio.to_thread(holders.of_port, wanted.port, dict(self.tasks()))

    async def bind_all(self) -> None:
        """Tries until every port is bound, and logs meanwhile which process holds each."""
        remind_at = 0.0
        while self._wanted:
            for wanted in list(self._wanted):
                with contextlib.suppress(OSError):
                    address = await self._bind(wanted.ip, wanted.port, wanted.tls)
                    self._wanted.remove(wanted)
                    log.info("port %d is free again: listening on %s", wanted.port, address.url)
            if self._wanted and time.monotonic() >= remind_at:
                await self.look()
                log.error("%s; tasks go on and can be ended through their frameworks, all else waits", self.taken)
                remind_at = time.monotonic() + REMIND_SECONDS
            if self._wanted:
                await asyncio.sleep(RETRY_SECONDS)

    async def _bind(self, ip: str, port: int, tls: ssl.SSLContext | None) -> Address:
        opened = daemon.listening(self._application(), ip, port, tls=tls, name_holder=False)
        return await self._stack.enter_async_context(opened)
