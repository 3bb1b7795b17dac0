"""Sends requests to services that the init runs, at the addresses of their tasks: schedulers that take themselves down,
and managers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
from yarl import URL

from dcos_runtime.cosmos.upstream import Kernel

LARGEST = 16 * 1024 * 1024
SECONDS = 30.0


@dataclass(frozen=True)
class RunningService:
    """A service with a running task, and its address."""

    url: str
    """``http://host:port``"""


class ServiceTasks:
    """Sends requests to the running task of a service."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._http: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        http, self._http = self._http, None
        if http is not None:
            await http.close()

    async def of(self, app: Mapping[str, Any]) -> RunningService | None:
        """The URL of a running task of the app, by the app's labels; None while none runs. Raises `CosmosError`. An
        agent's name may not resolve, so the address is the one that the master knows.
        """
        labels = app.get("labels") or {}
        try:
            index = int(labels.get("DCOS_SERVICE_PORT_INDEX", "0"))
        except ValueError:
            return None
        scheme = "https" if str(labels.get("DCOS_SERVICE_SCHEME", "http")).lower() == "https" else "http"
        for task in app.get("tasks") or ():
            ports = task.get("ports") or []
            if task.get("state") != "TASK_RUNNING" or not 0 <= index < len(ports):
                continue
            host = await self._kernel.address(str(task.get("slaveId", "")))
            if host is not None:
                return RunningService(f"{scheme}://{f'[{host}]' if ':' in host else host}:{ports[index]}")
        return None

    async def ask(
        self,
        service: RunningService,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, bytes]:
        """Raises aiohttp's errors, ``OSError`` and ``TimeoutError``. Sends no credential of ours."""
        if self._http is None:
            self._http = aiohttp.ClientSession(
                # A service's certificate is not verified, as at the gateway.
                connector=aiohttp.TCPConnector(ssl=False, force_close=True),
                timeout=aiohttp.ClientTimeout(total=SECONDS, sock_connect=3.0),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        data = None if body is None else json.dumps(body).encode()
        async with self._http.request(
            method, URL(service.url + path, encoded=True), data=data, headers=headers, allow_redirects=False
        ) as answer:
            content = bytearray()
            async for chunk in answer.content.iter_chunked(65536):
                content += chunk
                if len(content) > LARGEST:
                    raise OSError(f"it answers with more than {LARGEST} bytes")
            return answer.status, bytes(content)
