"""Clients of the init and the master, over mutual TLS or with a credential."""

from __future__ import annotations

import asyncio
import json
import logging
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, urlencode

import aiohttp
from yarl import URL

from dcos_runtime import urls
from dcos_runtime.cosmos.core import errors, shown
from dcos_runtime.cosmos.core.errors import CosmosError
from dcos_runtime.leading.dialect import PASSED_ON
from dcos_runtime.network_errors import cause

log = logging.getLogger(__name__)

ASK_SECONDS = 30.0
AGAIN_SECONDS = 8.0
"""Seconds for which a request is repeated, there or at another process, while none leads."""
PAUSE_SECONDS = 0.3
REMOVED_SECONDS = 15.0
"""Seconds for which an installation waits until a former app of the same id is gone."""


@dataclass(frozen=True)
class Said:
    """``repeated``: an earlier sending of the request got no answer, and may have been carried out."""

    status: int
    body: bytes
    repeated: bool = False

    @property
    def json(self) -> Any:
        """The decoded body; None if it is not JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def message(self) -> str:
        body = self.json
        if isinstance(body, dict) and isinstance(body.get("message"), str):
            return str(body["message"])
        return self.body[:500].decode(errors="replace")


class LeaderClient:
    """A client of daemons of one kind, each of which passes requests on to the leader. ``name`` stands in errors."""

    def __init__(
        self,
        name: str,
        addresses: Sequence[str],
        context: ssl.SSLContext | None = None,
        credential: aiohttp.BasicAuth | None = None,
    ) -> None:
        self._name = name
        self._addresses = list(addresses)
        self._context = context
        self._credential = credential
        self._http: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        http, self._http = self._http, None
        if http is not None:
            await http.close()

    async def ask(
        self, method: str, path: str, body: Any = None, form: Mapping[str, str] | None = None, *, repeat: bool = False
    ) -> Said:
        """``repeat``: the request may be sent twice, as a read may. Raises `CosmosError` when no process answers."""
        harmless = repeat or method == "GET"
        clock = asyncio.get_running_loop().time
        until = clock() + AGAIN_SECONDS
        why, repeated = "", False
        while True:
            for address in list(self._addresses):
                try:
                    said, again = await self._ask(address + path, method, body, form)
                except (aiohttp.ClientConnectorError, ConnectionRefusedError) as error:
                    why = f"{address}: {cause(error)}"
                    continue  # nothing was sent
                except (aiohttp.ClientError, OSError, TimeoutError) as error:
                    why = f"{address}: {cause(error)}"
                    if not harmless:
                        unknown = f"{why}; whether it did what was asked is not known"
                        raise errors.service_unavailable(self._name, unknown) from error
                    repeated = True
                    continue
                if again or (harmless and said.status in (502, 503)):
                    why = f"{address}: {said.message}"
                    repeated = repeated or not again
                    continue
                self._addresses.remove(address)
                self._addresses.insert(0, address)
                return replace(said, repeated=repeated)
            if clock() >= until:
                raise errors.service_unavailable(self._name, why)
            await asyncio.sleep(PAUSE_SECONDS)

    async def _ask(self, url: str, method: str, body: Any, form: Mapping[str, str] | None) -> tuple[Said, bool]:
        """The response, and whether the request may be sent again because nothing was done."""
        data, kind = None, None
        if form is not None:
            data, kind = urlencode(form).encode(), "application/x-www-form-urlencoded"
        elif body is not None:
            data, kind = json.dumps(body).encode(), "application/json"
        headers = {"Accept": "application/json", **({"Content-Type": kind} if kind else {})}
        for _ in range(3):
            async with self._session().request(
                method, URL(url, encoded=True), data=data, headers=headers, allow_redirects=False
            ) as answer:
                content = await answer.read()
                location = answer.headers.get("Location")
                if answer.status == 307 and location:
                    url = urls.join(url, location)
                    continue
                nothing_done = answer.status == 503 and answer.headers.get(PASSED_ON) == "no"
                return Said(answer.status, content), nothing_done
        return Said(503, b"it redirects in circles"), True

    def _session(self) -> aiohttp.ClientSession:
        if self._http is None:
            self._http = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=True if self._context is None else self._context, limit=32),
                timeout=aiohttp.ClientTimeout(total=ASK_SECONDS, sock_connect=3.0),
                cookie_jar=aiohttp.DummyCookieJar(),
                auth=self._credential,
                headers={PASSED_ON: "1"} if self._context is not None else {},
            )
        return self._http


class InitClient:
    """The init's `/v2`, as far as packages need it."""

    def __init__(self, upstream: LeaderClient) -> None:
        self._upstream = upstream

    async def apps(self, *, tasks: bool = False) -> list[dict[str, Any]]:
        """The apps of packages, with their ``tasks`` if they are wanted."""
        embed = "&embed=apps.tasks" if tasks else ""
        said = await self._upstream.ask("GET", f"/v2/apps?label={shown.NAME}{embed}")
        apps = (self._well(said) or {}).get("apps")
        return [app for app in apps if isinstance(app, dict)] if isinstance(apps, list) else []

    async def app(self, app: str) -> dict[str, Any] | None:
        said = await self._upstream.ask("GET", _at(app))
        if said.status == 404:
            return None
        found = (self._well(said) or {}).get("app")
        return found if isinstance(found, dict) else None

    async def create(self, app: Mapping[str, Any]) -> dict[str, Any]:
        """Returns the app as the init has made it. Raises `errors.already_started` when one of that id exists. While
        another of that id is being removed, it waits for that, and raises `errors.being_removed` in the end.
        """
        clock = asyncio.get_running_loop().time
        until = clock() + REMOVED_SECONDS
        while True:
            said = await self._upstream.ask("POST", "/v2/apps", app)
            if said.status != 409:
                break
            locks = _locks(said)
            if not locks:
                raise errors.already_started()
            if clock() >= until:
                raise errors.being_removed(str(app.get("id", "")), locks)
            await asyncio.sleep(PAUSE_SECONDS)
        created = self._well(said)
        return created if isinstance(created, dict) else {}

    async def update(self, app: str, change: Mapping[str, Any], *, force: bool = False) -> str | None:
        """Replaces the fields that ``change`` names. Returns the deployment's id; None when there is no such app."""
        return await self._changed("PATCH", app, "?force=true" if force else "", change)

    async def replace(self, app: str, definition: Mapping[str, Any], *, force: bool = False) -> str | None:
        """Makes ``definition`` the app's: what it does not name gets the init's default. Returns as `update`."""
        query = "?partialUpdate=false&allowCreation=false" + ("&force=true" if force else "")
        return await self._changed("PUT", app, query, definition)

    async def _changed(self, method: str, app: str, query: str, change: Mapping[str, Any]) -> str | None:
        said = await self._upstream.ask(method, _at(app) + query, change, repeat=True)
        if said.status == 404:
            return None
        if said.status == 409 and said.repeated and (mine := await self._stands(method, app, change, said)):
            return mine
        if said.status == 409 and (locks := _locks(said)):
            raise errors.locked(app, locks)
        body = self._well(said)
        deployment = body.get("deploymentId") if isinstance(body, dict) else None
        return str(deployment or "")

    async def _stands(self, method: str, app: str, change: Mapping[str, Any], refused: Said) -> str:
        """The deployment that an earlier sending of the change has begun, and because of which its repetition is
        refused; empty when the app is not as the change makes it: then another client's deployment is in the way.
        """
        ids = _locks(refused)
        now = await self.app(app) if ids else None
        return ids[0] if now is not None and shown.stands(now, change, whole=method == "PUT") else ""

    async def delete(self, app: str) -> bool:
        """Returns whether it existed."""
        said = await self._upstream.ask("DELETE", f"{_at(app)}?force=true", repeat=True)
        if said.status == 404:
            return False
        self._well(said)
        return True

    async def is_deployed(self, deployment: str) -> bool:
        """Whether the deployment is over."""
        running = self._well(await self._upstream.ask("GET", "/v2/deployments"))
        return not any(isinstance(one, dict) and one.get("id") == deployment for one in running or ())

    async def is_changing(self, app: str) -> bool:
        """Whether a deployment of the app is under way, such as the one that removes it."""
        running = self._well(await self._upstream.ask("GET", "/v2/deployments"))
        return any(isinstance(one, dict) and app in (one.get("affectedApps") or ()) for one in running or ())

    @staticmethod
    def _well(said: Said) -> Any:
        if said.status < 300:
            return said.json
        log.info("the init answered %d: %s", said.status, said.message[:300])
        if said.status in (401, 403):
            kind = "Unauthorized" if said.status == 401 else "Forbidden"
            text = f"Unable to complete request due to {kind} response from service [marathon]"
            raise CosmosError(kind, text, {"serviceName": "marathon"}, status=said.status)
        if said.status == 503:
            raise errors.service_unavailable("marathon", said.message)
        if said.status >= 500:
            raise errors.marathon_bad_gateway(said.status)
        body = said.json
        error = errors.marathon_refused(said.message, body.get("details") if isinstance(body, dict) else None)
        if said.status == 409:
            error.status = 409
        raise error


class Kernel:
    """The master's API, as far as packages need it."""

    def __init__(self, upstream: LeaderClient) -> None:
        self._upstream = upstream

    async def frameworks(self, name: str | None = None) -> list[dict[str, Any]]:
        """The registered frameworks."""
        body = self._well(await self._upstream.ask("GET", "/frameworks")).json or {}
        found = [one for one in body.get("frameworks") or () if isinstance(one, dict)]
        return found if name is None else [one for one in found if one.get("name") == name]

    async def teardown(self, framework: str) -> None:
        said = await self._upstream.ask("POST", "/teardown", form={"frameworkId": framework}, repeat=True)
        if said.status == 400 and "framework" in said.message.lower():
            return  # no framework of that id exists any more
        self._well(said)

    async def agents(self) -> list[dict[str, Any]]:
        """As `/slaves` shows them: ``id``, ``pid``, ``reserved_resources_full`` by role."""
        body = self._well(await self._upstream.ask("GET", "/slaves")).json or {}
        return [one for one in body.get("slaves") or () if isinstance(one, dict)]

    async def address(self, agent: str) -> str | None:
        """The address of an agent's machine; None for an agent that the master does not know."""
        for one in await self.agents():
            if one.get("id") == agent:
                return str(one.get("pid") or "").rpartition("@")[2].rpartition(":")[0].strip("[]") or None
        return None

    async def change(self, type: str, agent: str, what: str, resources: list[Any]) -> str:
        """`DESTROY_VOLUMES` or `UNRESERVE_RESOURCES`, of the agent of this id. Returns why the master will never do
        that, or nothing. Raises `CosmosError` where it may do so later: a task may still use them.
        """
        call = {"type": type, type.lower(): {"agent_id": {"value": agent}, what: resources}}
        said = await self._upstream.ask("POST", "/api/v1", call)
        if said.status in (400, 401, 403, 404, 405, 501):
            return f"the master answers {type} with {said.status}: {said.message[:300] or 'nothing'}"
        self._well(said)
        return ""

    @staticmethod
    def _well(said: Said) -> Said:
        if said.status < 300:
            return said
        raise errors.service_unavailable("mesos", f"it answered {said.status}: {said.message[:300]}")


def _locks(refused: Said) -> list[str]:
    """The deployments because of which the init refuses a change."""
    body = refused.json
    locks = body.get("deployments") if isinstance(body, dict) else None
    ids = [one.get("id") if isinstance(one, dict) else one for one in locks or ()]
    return [one for one in ids if isinstance(one, str)]


def _at(app: str) -> str:
    return "/v2/apps/" + quote(app.strip("/"), safe="/")
