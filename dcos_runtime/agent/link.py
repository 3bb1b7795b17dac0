"""The agent's connection to the leading master: finds it, opens the stream down, posts batches up."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from dcos_runtime.agent.core.effects import CloseConnection, OpenConnection, Register, SendUp
from dcos_runtime.agent.core.events import Closed, EndpointFound, Event, MasterSeen, Received
from dcos_runtime.network_errors import cause, with_host
from dcos_runtime.store.election import Detector, master_address
from dcos_runtime.wire import codec, internal, recordio

if TYPE_CHECKING:
    import aiohttp

log = logging.getLogger(__name__)

CONNECT_SECONDS = 10.0
POST_SECONDS = 30.0
MAX_BATCH = 200
MAX_RECORD = 64 << 20
MAX_ANSWER = 64 << 10
"""Bytes of an answer that are read."""


class MasterRefused(Exception):
    """The master refused, with this HTTP status."""

    def __init__(self, text: str, status: int | None = None) -> None:
        super().__init__(text)
        self.status = status


class MasterLink:
    """At most one connection at a time; the core says when to open and close it."""

    def __init__(
        self,
        detector: Detector,
        session: aiohttp.ClientSession,
        feed: Callable[[Event], None],
        tls_port: int | None = None,
        messages: aiohttp.ClientSession | None = None,
    ) -> None:
        """``feed`` gives events to the core, with the connection's number from `OpenConnection`. ``tls_port``: the
        masters' port for mutual TLS, which ``session`` then speaks; None: the plain port is asked for the protocol's
        address. ``messages``: the session by which batches are posted, if it is another one.
        """
        self._tls_port = tls_port
        self._leader: str | None = None
        self._detector = detector
        self._session = session
        self._messages = messages or session
        self._feed = feed
        self._task: asyncio.Task[None] | None = None
        self._number = 0
        self._up: asyncio.Queue[SendUp] = asyncio.Queue()
        self._closing: set[asyncio.Task[None]] = set()
        self._stopped = False

    async def watch(self) -> None:
        """Feeds every result of the election. Never returns."""
        known = None
        while True:
            known = await self._detector.changed(known)
            address, problem = None, ""
            if known is not None:
                try:
                    address = master_address(known)
                except ValueError as error:
                    problem = str(error)
                self._leader = address[0] if address is not None else None
            identity = None if known is None else (known.node, known.content)
            self._feed(MasterSeen(identity, address, problem))

    @property
    def master(self) -> str | None:
        """Base URL of the leading master's port with TLS, if there is one."""
        return self._inside(self._leader) if self._leader is not None and self._tls_port is not None else None

    def _inside(self, host: str) -> str:
        return f"https://{f'[{host}]' if ':' in host else host}:{self._tls_port}"

    def open(self, effect: OpenConnection) -> None:
        if self._stopped:
            return
        self._number = effect.connection
        self._up = asyncio.Queue()
        number = effect.connection
        self._task = asyncio.create_task(
            self._guarded(number, lambda: self._endpoint(number, effect.host, effect.port)),
            name=f"finding the port for {number}",
        )

    def register(self, effect: Register) -> None:
        if effect.connection == self._number and not self._stopped:
            self._task = asyncio.create_task(
                self._guarded(effect.connection, lambda: self._stream(effect)), name=f"connection {effect.connection}"
            )

    def close(self, effect: CloseConnection) -> None:
        if effect.connection == self._number and self._task is not None:
            self._task.cancel()
            self._closing.add(self._task)
            self._task.add_done_callback(self._closing.discard)
            self._task = None

    def send(self, effect: SendUp) -> None:
        if effect.connection == self._number:
            self._up.put_nowait(effect)

    async def stop(self) -> None:
        """Opens no more connections, even if the core still asks for some."""
        self._stopped = True
        tasks = [task for task in (self._task, *self._closing) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._detector.close()

    async def _guarded(self, number: int, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Does ``work``, and feeds its failure to the core. It is called only if this task is not cancelled before."""
        import aiohttp

        try:
            await work()
        except MasterRefused as error:
            self._feed(Closed(number, str(error), error.status))
        except (aiohttp.ClientError, OSError, TimeoutError, recordio.RecordError, codec.DecodeError) as error:
            self._feed(Closed(number, with_host(error)))
        except asyncio.CancelledError:
            raise
        except Exception as error:
            log.exception("connection %d failed", number)
            self._feed(Closed(number, f"{type(error).__name__}: {error}"))

    async def _endpoint(self, number: int, host: str, port: int) -> None:
        """Where the leading master speaks the agents' protocol; a standby redirects to it."""
        import aiohttp

        if self._tls_port is not None:
            self._feed(
                EndpointFound(number, host, self._tls_port, internal.SPOKEN)
            )  # its response to `Connect` says that
            return
        shown = f"[{host}]" if ":" in host else host
        limits = aiohttp.ClientTimeout(total=CONNECT_SECONDS)
        async with self._session.get(f"http://{shown}:{port}{internal.PATH}", timeout=limits) as response:
            body = await _beginning(response)
            if response.status != 200:
                raise MasterRefused(f"{response.url} answered {response.status}: {_shown(body)}")
            endpoint = codec.decode(body, internal.Endpoint)
            found = response.url.host_subcomponent or host
        self._feed(EndpointFound(number, found, endpoint.port, tuple(endpoint.versions)))

    async def _stream(self, effect: Register) -> None:
        import aiohttp

        number = effect.connection
        if self._tls_port is not None:
            base = self._inside(effect.host) + internal.PATH
        else:
            base = f"http://{effect.host}:{effect.port}{internal.PATH}"
        limits = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS)
        headers = {"Content-Type": "application/json"}
        async with self._session.post(f"{base}/connect", data=effect.body, headers=headers, timeout=limits) as response:
            if response.status != 200:
                answer = await _beginning(response)
                raise MasterRefused(f"the master answered {response.status}: {_shown(answer)}", response.status)
            decoder = recordio.Decoder(MAX_RECORD)
            sending = asyncio.create_task(self._post(number, base), name=f"posts {number}")
            try:
                async for chunk in response.content.iter_any():
                    for record in decoder.feed(chunk):
                        self._feed(Received(number, bytes(record)))
                    if sending.done():
                        await sending
                        break
                raise MasterRefused("the master ended the stream")
            finally:
                sending.cancel()
                with contextlib.suppress(asyncio.CancelledError, Exception):
                    await sending

    async def _post(self, number: int, base: str) -> None:
        """Posts the messages that `send` queued, in order, all that wait in one batch. A failure ends the
        connection.
        """
        import aiohttp

        queue = self._up
        limits = aiohttp.ClientTimeout(total=POST_SECONDS)
        headers = {"Content-Type": "application/json"}
        why, status = "", None
        try:
            while not why:
                sent = [await queue.get()]
                while len(sent) < MAX_BATCH and not queue.empty():
                    sent.append(queue.get_nowait())
                agent_id, epoch = sent[0].agent_id, sent[0].epoch  # constant during a connection
                messages = [effect.message for effect in sent]
                body = codec.encode(internal.Batch(agent_id=agent_id, epoch=epoch, messages=messages))
                async with self._messages.post(
                    f"{base}/messages", data=body, headers=headers, timeout=limits, allow_redirects=False
                ) as response:
                    answer = await _beginning(response)
                    if response.status != 200:
                        why = f"the master answered {response.status} to messages: {_shown(answer)}"
                        status = response.status
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            why = f"messages could not be posted: {cause(error)}"
        # The stream may be silent for long, so its failure would be noticed late.
        if self._number == number and self._task is not None:
            task, self._task = self._task, None
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)
            task.cancel()
        self._feed(Closed(number, why, status))


async def _beginning(response: aiohttp.ClientResponse) -> bytes:
    """Of the body; a master of ours says no more, and others may say anything. Raises ``aiohttp.ClientError``."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) >= MAX_ANSWER:
            break
    return bytes(body[:MAX_ANSWER])


def _shown(body: bytes) -> str:
    return body[:300].decode(errors="replace").strip() or "(nothing)"
