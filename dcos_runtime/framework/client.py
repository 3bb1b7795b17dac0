"""Keeps a framework subscribed to the leading master, hands on its events in order, and sends its calls in order.

`core` decides which master to ask, when to retry, what responses mean and which calls are dropped. Updates are
acknowledged only by a call. If the scheduler is a daemon with a leader, only the leader speaks to the master: calls and
new subscriptions (which would end the one of another leader) wait while its leadership is suspended.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import os
import ssl
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Protocol

import aiohttp
import msgspec

from dcos_runtime import running
from dcos_runtime.core.frozen import Log
from dcos_runtime.core.runner import Keeper, Runner
from dcos_runtime.core.seeds import SeededSource
from dcos_runtime.framework.core import effects, events
from dcos_runtime.framework.core.core import Settings, SubscriptionCore
from dcos_runtime.framework.core.stream import PATH, STREAM_ID
from dcos_runtime.network_errors import cause
from dcos_runtime.store.lease import Forever, Term
from dcos_runtime.wire import calls, codec
from dcos_runtime.wire.cluster import FrameworkInfo
from dcos_runtime.wire.quoting import shown
from dcos_runtime.wire.scheduler import Call, Event

log = logging.getLogger(__name__)

CONNECT_SECONDS = 5.0
CALL_SECONDS = 30.0
END_SECONDS = 1.5
"""For `Client.end_framework`: a task that is killed may have 3 seconds for all of its end."""
INBOX = 256
"""Events read ahead of the scheduler; beyond that the stream is not read, and the master's buffer fills."""


class Scheduler(Protocol):
    """The receiver of events. Its methods are awaited one at a time, in the order of the events."""

    async def event(self, event: Event) -> None: ...

    async def disconnected(self, reason: str) -> None:
        """The subscription is over, or could not be made. The client tries again."""
        ...

    async def refused(self, call: Call, status: int, text: str) -> None:
        """The master did not accept this call (never SUBSCRIBE). The subscription goes on."""
        ...


class LeaderFinder(Protocol):
    """Finds the leading master: see `leader.MasterLeader`."""

    async def find(self) -> str: ...

    async def changed(self, url: str) -> None:
        """Returns once another master than ``url`` leads."""
        ...


class SubscriptionRefused(Exception):
    """The master refuses this framework: wrong credentials, or an invalid framework_info."""


@dataclass(frozen=True)
class Credential:
    """HTTP Basic, as the v1 API takes it."""

    principal: str
    secret: str = field(repr=False)

    @property
    def header(self) -> str:
        return "Basic " + base64.b64encode(f"{self.principal}:{self.secret}".encode()).decode()


Record = Callable[[SubscriptionCore, bytes], Keeper | None]
"""Makes the recorder of this core, with its seed, if a recording is wanted."""


class _Attempt:
    """One connection: the task that asks and then reads, the one that sends, and the open stream."""

    def __init__(self) -> None:
        self.response: aiohttp.ClientResponse | None = None
        self.posts: asyncio.Queue[effects.Post] = asyncio.Queue()
        self.tasks: list[asyncio.Task[None]] = []


class Client:
    """One framework's connection. ``introduce`` is called at every subscription and returns the present FrameworkInfo.
    The client shows ``credential``, or the certificate in ``tls``; with the latter it speaks to masters over HTTPS
    only, and follows no redirect to another port. It sends only during its ``term``.
    """

    def __init__(
        self,
        leader: LeaderFinder,
        introduce: Callable[[], FrameworkInfo],
        scheduler: Scheduler,
        *,
        credential: Credential | None = None,
        tls: ssl.SSLContext | None = None,
        term: Term | None = None,
        first_wait: float = 0.25,
        longest_wait: float = 3.0,
        record: Record | None = None,
    ) -> None:
        self._leader = leader
        self._introduce = introduce
        self._scheduler = scheduler
        self._headers = {"Content-Type": "application/json"}
        if credential is not None:
            self._headers["Authorization"] = credential.header
        self._tls = tls
        self._term = term or Forever()
        seed = os.urandom(32)
        self._core = SubscriptionCore(Settings(first_wait, longest_wait, tls=tls is not None), SeededSource(seed))
        self._recorder = None if record is None else record(self._core, seed)
        self._runner: Runner[events.Event] = Runner(self._core, running.now, self._perform, self._recorder)
        self._ticking = running.Ticking[events.Event](self._core, self._runner)
        self._attempts: dict[int, _Attempt] = {}
        self._inbox: deque[effects.Deliver | effects.ReportRefused | effects.ReportDisconnected] = deque()
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._failed: asyncio.Future[None] | None = None
        self._http: aiohttp.ClientSession | None = None

    @property
    def master(self) -> str | None:
        """The base URL of the master we are subscribed to."""
        return self._core.master

    def send(self, call: Call) -> bool:
        """Queues a call; False (and nothing is sent) while there is no subscription."""
        if self._core.master is None:
            return False
        self._runner.feed(events.SendAsked(call))
        return True

    async def end_framework(self) -> None:
        """Asks the master to end the framework with all of its tasks, if there is a subscription, and ends `run`: the
        framework does not subscribe again.
        """
        at = self._core.at
        if self._http is None or self._core.master is None or at.framework_id is None:
            return
        call = msgspec.structs.replace(calls.teardown(), framework_id=at.framework_id)
        timeout = aiohttp.ClientTimeout(total=END_SECONDS, sock_connect=END_SECONDS)
        try:
            async with self._http.post(
                at.url + PATH,
                data=codec.encode(call),
                headers={STREAM_ID: at.stream_id},
                allow_redirects=False,
                timeout=timeout,
            ) as response:
                if response.status != 202:
                    text = shown((await response.text(errors="replace")).strip(), 300)
                    log.warning("the framework is not ended: the master answers %d: %s", response.status, text)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            log.warning("the framework is not ended: %s", cause(error))
        if self._failed is not None and not self._failed.done():
            self._failed.set_result(None)

    async def run(self) -> None:
        """Stays subscribed until cancelled. Raises `SubscriptionRefused`, `LeaseOver`, and whatever the scheduler
        raises.
        """
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS)
        connector = aiohttp.TCPConnector(limit=4, keepalive_timeout=60, ssl=self._tls or True)
        self._failed = asyncio.get_running_loop().create_future()
        async with aiohttp.ClientSession(timeout=timeout, headers=self._headers, connector=connector) as self._http:
            work = [
                self._spawn(self._ticking.run(), "let time pass"),
                self._spawn(self._deliver(), "deliver to the scheduler"),
                self._spawn(self._watch(), "watch the leader"),
            ]
            try:
                await self._failed
            finally:
                for attempt in list(self._attempts):
                    work += self._close(attempt)
                for task in work:
                    task.cancel()
                await asyncio.gather(*work, return_exceptions=True)
                if self._recorder is not None:
                    self._recorder.flush()

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """An error in it ends `run`."""
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None and self._failed is not None and not self._failed.done():
            self._failed.set_exception(error)

    def _perform(self, effect: Any) -> None:
        match effect:
            case effects.Post():
                self._attempts[effect.attempt].posts.put_nowait(effect)
            case effects.Deliver() | effects.ReportRefused() | effects.ReportDisconnected():
                self._inbox.append(effect)
                self._news.set()
            case effects.Subscribe():
                attempt = self._attempts[effect.attempt] = _Attempt()
                attempt.tasks.append(self._spawn(self._subscribe(effect, attempt), "subscribe"))
            case effects.Listen():
                attempt = self._attempts[effect.attempt]
                attempt.tasks.append(self._spawn(self._read(effect.attempt, attempt), "read events"))
                attempt.tasks.append(self._spawn(self._write(effect.attempt, attempt), "send calls"))
            case effects.Close():
                self._close(effect.attempt)
            case effects.End():
                if self._failed is not None and not self._failed.done():
                    self._failed.set_exception(SubscriptionRefused(effect.reason))
            case Log():
                log.log(effect.level, "%s", effect.text)

    def _close(self, number: int) -> list[asyncio.Task[None]]:
        attempt = self._attempts.pop(number, None)
        if attempt is None:
            return []
        for task in attempt.tasks:
            if task is not asyncio.current_task():
                task.cancel()
        if attempt.response is not None:
            attempt.response.close()
        return attempt.tasks

    # --- one attempt --------------------------------------------------------------------------------------------------

    async def _subscribe(self, effect: effects.Subscribe, attempt: _Attempt) -> None:
        assert self._http is not None
        number, url = effect.attempt, effect.url
        await self._term.hold()
        body = codec.encode(calls.subscribe(self._introduce()))
        headers = {"Accept": "application/json"}
        try:
            async with asyncio.timeout(CALL_SECONDS):
                response = await self._http.post(url + PATH, data=body, headers=headers, allow_redirects=False)
            attempt.response = response
            text = "" if response.status == 200 else await response.text(errors="replace")
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            self._runner.feed(events.Failed(number, f"no connection to {url}: {cause(error)}"))
            return
        if response.status != 200:
            response.close()
        got = response.headers
        stream_id, location = got.get(STREAM_ID, ""), got.get("Location", "")
        self._runner.feed(events.Answered(number, response.status, stream_id, location, text))

    async def _read(self, number: int, attempt: _Attempt) -> None:
        response = attempt.response
        assert response is not None
        url = self._core.at.url
        try:
            while number in self._attempts and (data := await response.content.readany()):
                self._runner.feed(events.Received(number, data))
                while len(self._inbox) > INBOX:
                    self._room.clear()
                    await self._room.wait()
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            self._runner.feed(events.Failed(number, f"no connection to {url}: {cause(error)}"))
            return
        self._runner.feed(events.Failed(number, f"{url} closed the event stream"))

    async def _write(self, number: int, attempt: _Attempt) -> None:
        assert self._http is not None
        timeout = aiohttp.ClientTimeout(total=CALL_SECONDS, sock_connect=CONNECT_SECONDS)
        while number in self._attempts:
            post = await attempt.posts.get()
            await self._term.hold()
            try:
                async with self._http.post(
                    post.url + PATH,
                    data=codec.encode(post.call),
                    headers={STREAM_ID: post.stream_id},
                    allow_redirects=False,
                    timeout=timeout,
                ) as response:
                    text = "" if response.status == 202 else (await response.text(errors="replace")).strip()
                    status = response.status
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                self._runner.feed(events.CallFailed(number, cause(error)))
                return
            self._runner.feed(events.CallAnswered(number, status, text))

    # --- all the time -------------------------------------------------------------------------------------------------

    async def _deliver(self) -> None:
        while True:
            if not self._inbox:
                self._news.clear()
                await self._news.wait()
            match self._inbox.popleft():
                case effects.Deliver(event):
                    await self._scheduler.event(event)
                case effects.ReportRefused(call, status, text):
                    await self._scheduler.refused(call, status, text)
                case effects.ReportDisconnected(reason):
                    await self._scheduler.disconnected(reason)
                    self._runner.feed(events.DisconnectHandled())
            self._room.set()

    async def _watch(self) -> None:
        while True:
            url = await self._leader.find()
            self._runner.feed(events.LeaderSeen(url))
            await self._leader.changed(url)
