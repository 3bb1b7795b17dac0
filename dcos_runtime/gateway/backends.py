"""Asking the cluster's masters and inits with our certificate: this host's own first, then the others."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

import aiohttp
import msgspec

from dcos_runtime import tls
from dcos_runtime.network_errors import cause

log = logging.getLogger(__name__)

T = TypeVar("T")

CONNECT_SECONDS = 2.0
ANSWER_SECONDS = 5.0
AVOID_SECONDS = 5.0
"""Seconds for which a host that did not answer is asked last."""
LARGEST = 256 * 1024 * 1024
"""The most bytes of a response."""
SILENCE_SECONDS = 3.0
LOOK_SECONDS = 1.0


class NoAnswer(Exception):
    """None of them answered. The text says which, and why the last one did not."""


class Backend:
    """One kind of daemon on several hosts, which give the same responses. ``name`` stands in messages to users."""

    def __init__(self, name: str, kind: str, hosts: Sequence[str], port: int, files: tls.TlsFiles | None) -> None:
        """``kind`` of daemon, as certificates say it. Without ``files`` it is plain HTTP, for daemons started by hand.

        Raises `tls.TlsError`.
        """
        self.name = name
        self._urls = [f"{'http' if files is None else 'https'}://{bracketed(host)}:{port}" for host in hosts]
        self._tls = None if files is None else files.client(kind)
        self._http: aiohttp.ClientSession | None = None
        self._avoid_until: dict[str, float] = {}

    async def ask(self, path: str, decode: Callable[[bytes], T] = msgspec.json.decode, seconds: float = 0.0) -> T:
        """The JSON that ``path`` holds; ``seconds``: how long that may take. Raises `NoAnswer`, also for a response
        larger than `LARGEST`.
        """
        last = "there is none"
        now = time.monotonic()
        for url in sorted(self._urls, key=lambda url: self._avoid_until.get(url, 0.0) > now):
            try:
                return decode(await self._once(url + path, seconds))
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                last = f"{url}: {cause(error)}"
            except (_NotOk, msgspec.MsgspecError) as error:
                last = f"{url}: {error}"
            self._avoid_until[url] = time.monotonic() + AVOID_SECONDS
        raise NoAnswer(f"the {self.name} does not answer ({last})")

    async def first_is_well(self, path: str, seconds: float) -> bool:
        """Whether the first of the hosts answers at ``path`` within that time."""
        try:
            async with asyncio.timeout(seconds):
                return await self._is_well(self._urls[0] + path)
        except TimeoutError:
            return False

    async def _is_well(self, url: str) -> bool:
        try:
            await self._once(url)
        except (aiohttp.ClientError, OSError, TimeoutError, _NotOk):
            return False
        return True

    async def close(self) -> None:
        if self._http is not None:
            await self._http.close()

    async def _once(self, url: str, seconds: float = 0.0) -> bytes:
        if self._http is None:
            self._http = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=self._tls if self._tls is not None else True, limit=16),
                headers={"Accept": "application/json"},
            )
        timeout = aiohttp.ClientTimeout(total=seconds or ANSWER_SECONDS, sock_connect=CONNECT_SECONDS)
        async with self._http.get(url, allow_redirects=False, timeout=timeout) as answer:
            if answer.status != 200:
                raise _NotOk(f"it answered {answer.status}")
            data = bytearray()
            async for chunk in answer.content.iter_any():
                data += chunk
                if len(data) > LARGEST:
                    raise _NotOk(f"its answer is larger than {LARGEST >> 20} MiB")
            return bytes(data)


class _NotOk(Exception):
    pass


class Upstream:
    """Which ``upstream`` of nginx a request goes to: ``name``, with this host's own daemon first, or while that one
    does not answer ``name``_elsewhere.

    nginx itself skips a daemon that refuses connections, but not one that accepts them and never answers, because it is
    paused or hangs.
    """

    def __init__(self, name: str, backend: Backend, path: str) -> None:
        """``path``: the daemon's health, which it answers whether it leads or not."""
        self.name = name
        self._backend = backend
        self._path = path
        self._well = True

    @property
    def noun(self) -> str:
        """The daemons' name in sentences."""
        return self._backend.name

    @property
    def now(self) -> str:
        return self.name if self._well else f"{self.name}_elsewhere"

    async def watch(self) -> None:
        """Checks the host's own daemon repeatedly. Only for clusters with several masters."""
        while True:
            well = await self._backend.first_is_well(self._path, SILENCE_SECONDS)
            if well != self._well:
                self._well = well
                log.info("the %s of this host %s", self._backend.name, "answers" if well else "does not answer")
            await asyncio.sleep(LOOK_SECONDS)


class Cached(Generic[T]):
    """One value that is fetched when it is needed, at most once at a time, and valid for ``seconds``, which may be
    changed. When fetching fails, the former value is used for up to ``stale`` seconds.
    """

    def __init__(self, fetch: Callable[[], Awaitable[T]], seconds: float, stale: float) -> None:
        self._fetch = fetch
        self.seconds = seconds
        self._stale = stale
        self._value: T | None = None
        self._at = float("-inf")
        self._task: asyncio.Task[T] | None = None

    async def get(self) -> T:
        """Raises what ``fetch`` does."""
        if self._value is not None and self._at > time.monotonic() - self.seconds:
            return self._value
        if self._task is None:
            self._task = asyncio.create_task(self._renew(), name="fetch")
            self._task.add_done_callback(self._done)
        try:
            return await asyncio.shield(self._task)
        except NoAnswer:
            if self._value is not None and time.monotonic() - self._at < self._stale:
                return self._value
            raise

    async def _renew(self) -> T:
        began = time.monotonic()
        self._value = await self._fetch()
        self._at = began
        return self._value

    def _done(self, task: asyncio.Task[T]) -> None:
        self._task = None
        if not task.cancelled():
            task.exception()  # retrieved so that asyncio does not log it; those who wait for the task get it


def bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
