"""The init as this balancer asks it: its apps with their tasks, and its events. Any of several inits may answer."""

from __future__ import annotations

import base64
import http.client
import json
import logging
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult

from dcos_runtime import urls

log = logging.getLogger("load-balancer")

SECONDS = 30.0
# The init sends something every few seconds; a connection that says nothing for so long is dead.
SILENCE_SECONDS = 60.0
PORT = 8080
EVENTS = (
    "api_post_event,app_terminated_event,deployment_success,deployment_failed,deployment_step_success,"
    "failed_health_check_event,health_status_changed_event,status_update_event,unknown_instance_terminated_event"
)


class Unreachable(Exception):
    """No init answers as it should. The text says why of each."""


def addresses(told: str, settings: Path) -> list[str]:
    """Of the inits: those told, separated by commas, else those beside the masters that this machine's agent knows.

    Raises `Unreachable` when there are none.
    """
    given = [one.strip().rstrip("/") for one in told.split(",") if one.strip()]
    for one in given:
        try:
            if urls.parse_web(one).scheme != "http":
                raise urls.BadUrl("its scheme is https, and the init's plain port is http")
        except urls.BadUrl as error:
            raise Unreachable(f"a URL in the option init.urls is not one of an init: {error}") from None
    if given:
        return given
    try:
        text = settings.read_text()
    except OSError as error:
        raise Unreachable(
            f"where is the init? The option init.urls is empty, and {settings}: {error.strerror}"
        ) from None
    found = re.search(r"^MESOS_MASTER=[\"']?(?:zk://)?(?:[^@/\s]*@)?([^/\"'\s]+)", text, re.MULTILINE)
    if found is None:
        raise Unreachable(f"where is the init? The option init.urls is empty, and {settings} names no master")
    hosts = [one.rpartition(":")[0] or one for one in found[1].split(",")]
    return [f"http://{host}:{PORT}" for host in hosts]


class Init:
    """``inits``: their URLs, which are tried in turn. The credential goes to these hosts only."""

    def __init__(self, inits: Sequence[str], principal: str = "", secret: str = "") -> None:
        self._urls = list(inits)
        self._hosts = {urls.parse(url).hostname for url in inits}
        self._headers = {}
        if principal:
            code = base64.b64encode(f"{principal}:{secret}".encode()).decode()
            self._headers["Authorization"] = f"Basic {code}"

    def apps(self) -> list[dict[str, Any]]:
        """With their tasks. Raises `Unreachable`."""
        connection, answer = self._open("/v2/apps?embed=apps.tasks", "application/json", SECONDS)
        try:
            body = json.loads(answer.read())
            apps = body["apps"]
            if not isinstance(apps, list):
                raise ValueError("apps is no list")
            return apps
        except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError) as error:
            raise Unreachable(f"the init's answer is none: {error}") from error
        finally:
            connection.close()

    def events(self) -> Iterator[str]:
        """Types of events as they come, beginning with an empty one when the stream is open. Raises `Unreachable`."""
        connection, answer = self._open(f"/v2/events?event_type={EVENTS}", "text/event-stream", SILENCE_SECONDS)
        try:
            yield ""
            while line := answer.readline(1 << 20):
                if line.startswith(b"event:"):
                    yield line[6:].strip().decode(errors="replace")
            raise Unreachable("the init has closed the stream of events")
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(f"the stream of events broke off: {error}") from error
        finally:
            connection.close()

    def _open(
        self, path: str, accept: str, seconds: float
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        said = []
        for url in list(self._urls):
            try:
                return self._follow(url + path, accept, seconds)
            except (OSError, http.client.HTTPException, Unreachable) as error:
                said.append(f"{url}: {error}")
                # The others first, the next time.
                self._urls.remove(url)
                self._urls.append(url)
        raise Unreachable("; ".join(said))

    def _follow(
        self, url: str, accept: str, seconds: float
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        for _ in range(3):
            parts = _parsed(url)
            if parts.scheme != "http" or parts.hostname not in self._hosts:
                raise Unreachable(
                    f"it redirects to {parts.scheme}://{parts.hostname}, which is none of the given inits"
                )
            connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=seconds)
            try:
                path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
                connection.request("GET", path, headers={"Accept": accept, **self._headers})
                answer = connection.getresponse()
            except BaseException:
                connection.close()
                raise
            if answer.status == 200:
                return connection, answer
            target = answer.headers.get("Location")
            connection.close()
            if answer.status not in (301, 302, 303, 307, 308) or not target:
                hint = (
                    " (the options init.principal and init.secret say who asks)" if answer.status in (401, 403) else ""
                )
                raise Unreachable(f"it answers {answer.status}{hint}")
            try:
                url = urls.join(url, target)
            except urls.BadUrl as error:
                raise Unreachable(f"it redirects to no URL: {error}") from None
        raise Unreachable("it redirects too often")


def _parsed(url: str) -> SplitResult:
    try:
        return urls.parse_web(url)
    except urls.BadUrl as error:
        raise Unreachable(f"it redirects to no URL: {error}") from None
