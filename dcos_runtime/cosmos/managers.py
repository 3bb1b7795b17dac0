"""Packages with a manager of their own: requests about such a package are passed on to that service."""

from __future__ import annotations

import json
import logging

import aiohttp

from dcos_runtime.cosmos import asking
from dcos_runtime.cosmos.asking import Asked
from dcos_runtime.cosmos.core import errors, shown
from dcos_runtime.cosmos.core.media import Media
from dcos_runtime.cosmos.shell import CosmosShell
from dcos_runtime.cosmos.tasks import ServiceTasks
from dcos_runtime.cosmos.upstream import InitClient
from dcos_runtime.network_errors import with_host
from dcos_runtime.wire.quoting import shown as quoted
from dcos_universe.model import Json, Revision

log = logging.getLogger(__name__)


class Managers:
    """Finds the manager of a package, and passes requests on to it."""

    def __init__(self, init: InitClient, tasks: ServiceTasks) -> None:
        self._init, self._tasks = init, tasks

    async def service(
        self, shell: CosmosShell, body: Json, asked: Asked, path: str, app_id: str
    ) -> tuple[Json | None, Json | None]:
        """The manager's response, or else the app that the init has: a named manager may keep services that the init
        does not know.
        """
        if asking.text(body, "managerId"):
            return await self.answer(shell, body, asked, path), None
        app = await self._init.app(app_id)
        return await self.answer(shell, body, asked, path, app=app), app

    async def answer(
        self, shell: CosmosShell, body: Json, asked: Asked, path: str, *, app: Json | None = None
    ) -> Json | None:
        """The manager's response; None when the package has no manager. A request that names the manager names
        everything itself.
        """
        key = "currentPackageVersion" if path == "service/update" else "packageVersion"
        manager, name, version = (
            asking.text(body, "managerId"),
            asking.text(body, "packageName"),
            asking.text(body, key),
        )
        if manager is None:
            catalog = await shell.repositories.catalog()
            entry = shown.entry_of(catalog, app) if app is not None else None
            if entry is not None:
                if app is not None and path.startswith("service/"):
                    asking.check_meant(body, str(app.get("id", "")), entry)
                name, version = str(entry["name"]), str(entry["version"])
                manager = Revision(entry).manager
            elif name is not None and path == "package/install":
                manager = catalog.package(name, version).manager
            elif name is not None and version is not None and (kept := catalog.find(name, version)) is not None:
                manager = kept.manager
        if not manager:
            return None
        passed = {field: value for field, value in body.items() if field != "managerId"}
        if path != "package/install":
            passed |= {key: value for key, value in (("packageName", name), (key, version)) if value is not None}
        return await self._forward(manager, path, passed, asked)

    async def _forward(self, manager: str, path: str, body: Json, asked: Asked) -> Json:
        app = await self._init.app(asking.normal(manager))
        service = None if app is None else await self._tasks.of(app)
        if app is None:
            raise errors.manager_missing(manager)
        if service is None:
            raise errors.service_unavailable(manager, "no task of it runs")
        kind = path.replace("/", ".", 1)
        version = 2 if path == "package/install" else 1
        headers = {
            "Content-Type": str(Media(f"{kind}-request", 1)),
            "Accept": str(Media(f"{kind}-response", version)),
        }
        log.info("%s: %s is done by the manager %s", quoted(asked.by), path, quoted(manager))
        try:
            status, content = await self._tasks.ask(service, "POST", f"/{path}", body, headers)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise errors.service_unavailable(manager, with_host(error)) from error
        if status == 409:
            raise errors.already_started()
        if status == 404:
            raise errors.manager_missing(manager)
        if status >= 400:
            raise errors.manager_failed(manager, status, content.decode(errors="replace"))
        try:
            answer = json.loads(content)
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            raise errors.manager_failed(manager, status, "it is no JSON object")
        return answer
