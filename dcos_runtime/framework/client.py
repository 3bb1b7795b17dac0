"""Keeps a framework subscribed to the leading master, hands on its events in order, and sends its calls in order.

Nothing is sent twice: calls that were still waiting when a subscription ended are dropped, and the scheduler, which
learns of every new subscription by its SUBSCRIBED event, reconciles. Updates are acknowledged only by a call.

A scheduler that several processes contend to be speaks to the master only while this one is sure to lead: calls and new
subscriptions (which end the one that another may have by then) wait while its leadership is suspended.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import logging
import random
import ssl
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urlsplit

import aiohttp

from dcos_runtime.daemon import backoff
from dcos_runtime.framework import calls, session
from dcos_runtime.store.lease import Forever, Term
from dcos_runtime.wire import codec, recordio
from dcos_runtime.wire.cluster import FrameworkInfo
from dcos_runtime.wire.common import FrameworkID
from dcos_runtime.wire.scheduler import Call, Event

log = logging.getLogger(__name__)

CONNECT_SECONDS = 5.0
CALL_SECONDS = 30.0
MAX_REDIRECTS = 5
INBOX = 256
"""Events read ahead of the scheduler; beyond that the stream is not read, and the master's buffer fills."""


class Scheduler(Protocol):
    """Who the events are for. The methods are awaited one at a time, in the order of what happened."""

    async def event(self, event: Event) -> None: ...

    async def disconnected(self, reason: str) -> None:
        """The subscription is over (or none could be had); another is being sought."""
        ...

    async def refused(self, call: Call, status: int, text: str) -> None:
        """The master did not accept this call (never SUBSCRIBE). The subscription goes on."""
        ...


class Leader(Protocol):
    """Tells where the leading master is: see `leader.MasterLeader`."""

    async def find(self) -> str: ...

    async def changed(self, url: str) -> None:
        """Returns once another than ``url`` leads."""
        ...


class SubscriptionRefused(Exception):
    """The master will not have this framework: wrong credentials, or a framework_info it finds invalid."""


class _Over(Exception):
    """The subscription is over. The text says why."""


@dataclass(frozen=True)
class Credential:
    """HTTP Basic, as the v1 API takes it."""

    principal: str
    secret: str = field(repr=False)

    @property
    def header(self) -> str:
        return "Basic " + base64.b64encode(f"{self.principal}:{self.secret}".encode()).decode()


@dataclass
class _Refusal:
    call: Call
    status: int
    text: str


class _Subscription:
    """One open stream: the calls that wait to be sent, and what waits to be told to the scheduler."""

    def __init__(self, url: str, stream_id: str, response: aiohttp.ClientResponse) -> None:
        self.url = url
        self.headers = {session.STREAM_ID: stream_id}
        self.response = response
        self.framework_id: FrameworkID | None = None
        self.calls: deque[Call] = deque()
        self.wake = asyncio.Event()
        self.inbox: asyncio.Queue[Event | _Refusal | None] = asyncio.Queue(INBOX)


class Client:
    """One framework's connection. ``introduce`` is asked at every subscription for the framework as it is then.

    It proves who it is by ``credential``, or by the certificate in ``tls``; with the latter it speaks to masters over
    HTTPS only, and follows no redirect to another port. It sends only in its ``term``.
    """

    def __init__(
        self,
        leader: Leader,
        introduce: Callable[[], FrameworkInfo],
        scheduler: Scheduler,
        *,
        credential: Credential | None = None,
        tls: ssl.SSLContext | None = None,
        term: Term | None = None,
        first_wait: float = 0.25,
        longest_wait: float = 3.0,
        source: random.Random | None = None,
    ) -> None:
        self._leader = leader
        self._introduce = introduce
        self._scheduler = scheduler
        self._headers = {"Content-Type": "application/json"}
        if credential is not None:
            self._headers["Authorization"] = credential.header
        self._tls = tls
        self._term = term or Forever()
        self._waits = (first_wait, longest_wait, source)
        self._current: _Subscription | None = None

    @property
    def master(self) -> str | None:
        """The base URL of the master we are subscribed to."""
        return self._current.url if self._current else None

    def send(self, call: Call) -> bool:
        """Queues a call behind those before it; False (and nothing is sent) while there is no subscription."""
        if self._current is None:
            return False
        self._current.calls.append(call)
        self._current.wake.set()
        return True

    async def run(self) -> None:
        """Stays subscribed until cancelled. Raises `SubscriptionRefused`, `LeaseOver`, and whatever the scheduler
        raises.
        """
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS)
        connector = aiohttp.TCPConnector(limit=4, keepalive_timeout=60, ssl=self._tls or True)
        first, longest, source = self._waits
        waits = backoff(first, longest, source=source)
        async with aiohttp.ClientSession(timeout=timeout, headers=self._headers, connector=connector) as http:
            while True:
                url = await self._leader.find()
                began = time.monotonic()
                try:
                    subscription = await self._subscribe(http, url)
                    try:
                        await self._serve(http, subscription)
                    finally:
                        self._current = None
                        subscription.response.close()
                except _Over as over:
                    reason = str(over)
                except (aiohttp.ClientError, OSError, TimeoutError) as error:
                    reason = f"no connection to {url}: {error or type(error).__name__}"
                await self._scheduler.disconnected(reason)
                if time.monotonic() - began > longest:
                    waits = backoff(first, longest, source=source)
                wait = next(waits)
                log.warning("%s; subscribing again in %.1f s", reason, wait)
                await asyncio.sleep(wait)

    async def _subscribe(self, http: aiohttp.ClientSession, url: str) -> _Subscription:
        """Follows redirects to the master that accepts us. Raises `_Over` when there is none now."""
        await self._term.hold()
        info = self._introduce()
        body = codec.encode(calls.subscribe(info))
        headers = {"Accept": "application/json"}
        for _ in range(MAX_REDIRECTS):
            asked = url + session.PATH
            await self._term.hold()
            async with asyncio.timeout(CALL_SECONDS):
                response = await http.post(asked, data=body, headers=headers, allow_redirects=False)
            try:
                text = "" if response.status == 200 else await response.text(errors="replace")
                meaning = session.answer(response.status, response.headers, text, asked)
            except BaseException:
                response.close()
                raise
            if isinstance(meaning, session.Accepted):
                log.info("subscribed at %s", url)
                return _Subscription(url, meaning.stream_id, response)
            response.close()
            if isinstance(meaning, session.Refused):
                raise SubscriptionRefused(f"the master at {url} refuses framework {info.name!r}: {meaning.reason}")
            if isinstance(meaning, session.NotNow):
                raise _Over(meaning.reason)
            if self._tls is not None and not _same_door(url, meaning.url):
                raise _Over(f"{url} redirects to {meaning.url}, which is not a master's port for mutual TLS")
            log.info("%s redirects to %s", url, meaning.url)
            url = meaning.url
        raise _Over(f"more than {MAX_REDIRECTS} redirects, the last one to {url}")

    async def _serve(self, http: aiohttp.ClientSession, subscription: _Subscription) -> None:
        """Reads events and sends calls until the subscription is over, tells all that was read, raises `_Over`."""
        self._current = subscription
        telling = asyncio.create_task(self._tell(subscription), name="tell the scheduler")
        work = [
            asyncio.create_task(self._read(subscription), name="read events"),
            asyncio.create_task(self._write(http, subscription), name="send calls"),
            asyncio.create_task(self._watch(subscription), name="watch the leader"),
        ]
        try:
            await asyncio.wait([telling, *work], return_when=asyncio.FIRST_COMPLETED)
            self._current = None
            await _cancel(work)
            while not telling.done():  # the scheduler is never interrupted in the middle of an event
                with contextlib.suppress(asyncio.QueueFull):
                    subscription.inbox.put_nowait(None)
                await asyncio.wait([telling], timeout=0.05)
        finally:
            await _cancel([telling, *work])
        for task in (telling, *work):
            if not task.cancelled() and (error := task.exception()) is not None:
                raise error
        raise _Over("the subscription ended")

    async def _tell(self, subscription: _Subscription) -> None:
        while (item := await subscription.inbox.get()) is not None:
            if isinstance(item, _Refusal):
                await self._scheduler.refused(item.call, item.status, item.text)
            else:
                await self._scheduler.event(item)

    async def _watch(self, subscription: _Subscription) -> None:
        await self._leader.changed(subscription.url)
        raise _Over(f"{subscription.url} does not lead any more")

    async def _read(self, subscription: _Subscription) -> None:
        state = session.Session(time.monotonic())
        while True:
            try:
                async with asyncio.timeout(max(0.0, state.deadline - time.monotonic())):
                    data = await subscription.response.content.readany()
            except TimeoutError:
                raise _Over(f"{subscription.url}: {state.silence}") from None
            if not data:
                raise _Over(f"{subscription.url} closed the event stream")
            try:
                events = state.feed(data, time.monotonic())
            except recordio.RecordError as error:
                raise _Over(f"{subscription.url} sends an unreadable stream: {error}") from error
            for event in events:
                if event.subscribed is not None:
                    subscription.framework_id = event.subscribed.framework_id
                if event.type is not Event.Type.HEARTBEAT:
                    await subscription.inbox.put(event)

    async def _write(self, http: aiohttp.ClientSession, subscription: _Subscription) -> None:
        timeout = aiohttp.ClientTimeout(total=CALL_SECONDS, sock_connect=CONNECT_SECONDS)
        target = subscription.url + session.PATH
        while True:
            if not subscription.calls:
                subscription.wake.clear()
                await subscription.wake.wait()
            await self._term.hold()
            call = subscription.calls[0]
            call.framework_id = subscription.framework_id
            kind = call.type.value if call.type else "a call"
            try:
                async with http.post(
                    target,
                    data=codec.encode(call),
                    headers=subscription.headers,
                    allow_redirects=False,
                    timeout=timeout,
                ) as response:
                    text = "" if response.status == 202 else (await response.text(errors="replace")).strip()
                    status = response.status
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                raise _Over(f"{kind} did not reach {subscription.url}: {error or type(error).__name__}") from error
            if session.ends_subscription(status, text):
                raise _Over(f"{subscription.url} answered {kind} with {status}: {text or 'no text'}")
            if status not in (200, 202):
                log.error("%s refused %s with %d: %s", subscription.url, kind, status, text)
                await subscription.inbox.put(_Refusal(call, status, text))
            subscription.calls.popleft()


def _same_door(url: str, other: str) -> bool:
    """Whether both have the same scheme and port."""
    one, two = urlsplit(url), urlsplit(other)
    try:
        return (one.scheme, one.port) == (two.scheme, two.port)
    except ValueError:  # no number, or none of a port
        return False


async def _cancel(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
