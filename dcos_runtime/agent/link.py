"""The agent's connection to the leading master: finds it, opens the stream down, posts batches up."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Protocol

from dcos_runtime.agent.core.effects import CloseConnection, OpenConnection, SendUp
from dcos_runtime.store.election import Detector, master_address
from dcos_runtime.wire import codec, internal, recordio

if TYPE_CHECKING:
    import aiohttp

log = logging.getLogger(__name__)

CONNECT_SECONDS = 10.0
POST_SECONDS = 30.0
MAX_BATCH = 200
MAX_RECORD = 64 << 20


class Listener(Protocol):
    """What the link tells; connections by the numbers that `OpenConnection` gave them."""

    def connect_message(self) -> internal.Connect: ...

    def master_changed(self, master: tuple[str, int] | None) -> None: ...

    def opened(self, connection: int, message: internal.Connected) -> None: ...

    def received(self, connection: int, message: internal.Down) -> None: ...

    def closed(self, connection: int, why: str, gone: bool = False) -> None: ...


class Refused(Exception):
    """The master refused; ``gone``: for good."""

    def __init__(self, text: str, gone: bool = False) -> None:
        super().__init__(text)
        self.gone = gone


class MasterLink:
    """At most one connection at a time; the core says when to open and close it."""

    def __init__(
        self, detector: Detector, session: aiohttp.ClientSession, listener: Listener, tls_port: int | None = None
    ) -> None:
        """``tls_port``: where masters speak TLS, as ``session`` does then; None: ask the public port, speak plainly."""
        self._tls_port = tls_port
        self._leader: str | None = None
        self._detector = detector
        self._session = session
        self._listener = listener
        self._task: asyncio.Task[None] | None = None
        self._number = 0
        self._up: asyncio.Queue[internal.Up] = asyncio.Queue()
        self._closing: set[asyncio.Task[None]] = set()

    async def watch(self) -> None:
        """Tells every change of the leading master. Never returns.

        That none is known for a while is no change: it may be ZooKeeper that does not answer, and then the one we are
        connected to is suspended and goes on when that is back. One that is gone has its connections closed, or is
        silent; whoever comes next, and be it on the same machine, is another.
        """
        known = told = None
        while True:
            known = await self._detector.changed(known)
            if known is None:
                log.info("no leading master is known; connections and tasks go on")
                continue
            if known == told:
                continue
            told, address = known, None
            try:
                address = master_address(known)
            except ValueError as error:
                log.error("the leading master cannot be reached: %s", error)
            self._leader = address[0] if address is not None else None
            self._listener.master_changed(address)

    @property
    def master(self) -> str | None:
        """Base URL of the leading master's port with TLS, if there is one."""
        return self._inside(self._leader) if self._leader is not None and self._tls_port is not None else None

    def _inside(self, host: str) -> str:
        return f"https://{f'[{host}]' if ':' in host else host}:{self._tls_port}"

    def open(self, effect: OpenConnection) -> None:
        self._number = effect.connection
        self._up = asyncio.Queue()
        self._task = asyncio.create_task(self._connection(effect), name=f"connection {effect.connection}")

    def close(self, effect: CloseConnection) -> None:
        if effect.connection == self._number and self._task is not None:
            self._task.cancel()
            self._closing.add(self._task)
            self._task.add_done_callback(self._closing.discard)
            self._task = None

    def send(self, effect: SendUp) -> None:
        if effect.connection == self._number:
            self._up.put_nowait(effect.message)

    async def stop(self) -> None:
        tasks = [task for task in (self._task, *self._closing) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._detector.close()

    async def _connection(self, effect: OpenConnection) -> None:
        import aiohttp

        number = effect.connection
        try:
            base = await self._endpoint(effect.host, effect.port)
            await self._stream(number, base)
        except Refused as error:
            self._listener.closed(number, str(error), error.gone)
        except (aiohttp.ClientError, OSError, TimeoutError, recordio.RecordError, codec.DecodeError) as error:
            self._listener.closed(number, str(error) or type(error).__name__)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            log.exception("connection %d failed", number)
            self._listener.closed(number, f"{type(error).__name__}: {error}")

    async def _endpoint(self, host: str, port: int) -> str:
        """Where the leading master speaks the agents' protocol; a standby redirects to it."""
        import aiohttp

        if self._tls_port is not None:
            return self._inside(host) + internal.PATH
        shown = f"[{host}]" if ":" in host else host
        limits = aiohttp.ClientTimeout(total=CONNECT_SECONDS)
        async with self._session.get(f"http://{shown}:{port}{internal.PATH}", timeout=limits) as response:
            body = await response.read()
            if response.status != 200:
                raise Refused(f"{response.url} answered {response.status}: {_shown(body)}")
            endpoint = codec.decode(body, internal.Endpoint)
            if internal.VERSION not in endpoint.versions:
                spoken = ", ".join(str(version) for version in endpoint.versions)
                raise Refused(f"the master speaks agent protocol {spoken}, this agent {internal.VERSION}; upgrade one")
            return f"http://{response.url.host_subcomponent}:{endpoint.port}{internal.PATH}"

    async def _stream(self, number: int, base: str) -> None:
        import aiohttp

        limits = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS)
        body = codec.encode(self._listener.connect_message())
        headers = {"Content-Type": "application/json"}
        async with self._session.post(f"{base}/connect", data=body, headers=headers, timeout=limits) as response:
            if response.status != 200:
                answer = await response.read()
                raise Refused(f"the master answered {response.status}: {_shown(answer)}", gone=response.status == 410)
            decoder = recordio.Decoder(MAX_RECORD)
            sending: asyncio.Task[None] | None = None
            try:
                async for chunk in response.content.iter_any():
                    for record in decoder.feed(chunk):
                        message: internal.Down = codec.decode(record, internal.Down)  # type: ignore[arg-type]
                        if sending is None:
                            if not isinstance(message, internal.Connected):
                                raise Refused(f"the stream began with {type(message).__name__}, not with Connected")
                            sending = asyncio.create_task(
                                self._post(number, base, message.agent_id, message.epoch), name=f"posts {number}"
                            )
                            self._listener.opened(number, message)
                        else:
                            self._listener.received(number, message)
                    if sending is not None and sending.done():
                        break
                if sending is not None and sending.done():
                    await sending
                raise Refused("the master ended the stream")
            finally:
                if sending is not None:
                    sending.cancel()
                    with contextlib.suppress(asyncio.CancelledError, Exception):
                        await sending

    async def _post(self, number: int, base: str, agent_id: str, epoch: int) -> None:
        """Posts what `send` queued, in order, as much at a time as there is. A failure ends the connection."""
        import aiohttp

        queue = self._up
        limits = aiohttp.ClientTimeout(total=POST_SECONDS)
        headers = {"Content-Type": "application/json"}
        why, gone = "", False
        try:
            while not why:
                messages = [await queue.get()]
                while len(messages) < MAX_BATCH and not queue.empty():
                    messages.append(queue.get_nowait())
                body = codec.encode(internal.Batch(agent_id=agent_id, epoch=epoch, messages=messages))
                async with self._session.post(
                    f"{base}/messages", data=body, headers=headers, timeout=limits, allow_redirects=False
                ) as response:
                    answer = await response.read()
                    if response.status != 200:
                        why = f"the master answered {response.status} to messages: {_shown(answer)}"
                        gone = response.status == 410
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            why = f"messages could not be posted: {str(error) or type(error).__name__}"
        # The stream may be silent for long: do not wait for it to notice.
        if self._number == number and self._task is not None:
            task, self._task = self._task, None
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)
            task.cancel()
        self._listener.closed(number, why, gone)


def _shown(body: bytes) -> str:
    return body[:300].decode(errors="replace").strip() or "(nothing)"
