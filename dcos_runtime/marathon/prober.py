"""Makes the health checks of the core: one HTTP request or TCP connection each, from this process."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Coroutine
from typing import Any, TypeVar

import aiohttp

from dcos_runtime.marathon.core.effects import Probe
from dcos_runtime.network_errors import cause

T = TypeVar("T")

MAX_AT_ONCE = 128
_SLICES = 10


class Prober:
    """Makes health checks, at most `MAX_AT_ONCE` at a time."""

    def __init__(self) -> None:
        self._http: aiohttp.ClientSession | None = None
        self._slots = asyncio.Semaphore(MAX_AT_ONCE)

    async def probe(self, probe: Probe) -> tuple[bool | None, str]:
        """Whether the task is healthy (``None``: unknown), and the cause when it is not."""
        async with self._slots:
            try:
                return await _in_time(
                    self._tcp(probe) if probe.protocol == "TCP" else self._request(probe), max(0.1, probe.timeout)
                )
            except TimeoutError:
                return False, f"no answer within {probe.timeout:g} s"
            except (aiohttp.ClientError, OSError) as error:
                return False, cause(error)

    async def close(self) -> None:
        if self._http is not None:
            await self._http.close()

    async def _tcp(self, probe: Probe) -> tuple[bool | None, str]:
        _, writer = await asyncio.open_connection(probe.host, probe.port)
        writer.close()
        return True, ""

    async def _request(self, probe: Probe) -> tuple[bool | None, str]:
        if self._http is None:
            # As in Marathon, a health check does not verify the task's certificate.
            trusting = ssl.create_default_context()
            trusting.check_hostname = False
            trusting.verify_mode = ssl.CERT_NONE
            connector = aiohttp.TCPConnector(ssl=trusting, force_close=True, limit=MAX_AT_ONCE)
            self._http = aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=None))
        path = probe.path if probe.path.startswith("/") else "/" + probe.path
        url = f"{probe.protocol.lower()}://{probe.host}:{probe.port}{path}"
        async with self._http.get(url, allow_redirects=False) as answer:
            if 200 <= answer.status < 400:
                return True, ""
            if probe.ignore_1xx and 100 <= answer.status < 200:
                return None, ""
            return False, f"HTTP {answer.status} {answer.reason or ''}".strip()


async def _in_time(work: Coroutine[Any, Any, T], seconds: float) -> T:
    """The result of ``work``. Raises ``TimeoutError`` when it takes longer.

    The time is counted in slices. If this process itself stands still, on a busy host, that counts as one slice only,
    and a response that came meanwhile is read.
    """
    task = asyncio.create_task(work, name="probe")
    try:
        for _ in range(_SLICES):
            done, _ = await asyncio.wait({task}, timeout=seconds / _SLICES)
            if done:
                return task.result()
        raise TimeoutError
    finally:
        task.cancel()
