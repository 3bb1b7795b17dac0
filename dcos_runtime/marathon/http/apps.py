"""`/v2/apps` and what is under it: apps, their tasks and versions."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from aiohttp import web

from dcos_runtime.daemon import json_response
from dcos_runtime.leading.routes import Parts, Pattern, route
from dcos_runtime.marathon import views
from dcos_runtime.marathon.core import app as apps
from dcos_runtime.marathon.core import ids
from dcos_runtime.marathon.core.app import App
from dcos_runtime.marathon.core.app_state import AppState
from dcos_runtime.marathon.core.changes import NotFound, no_app
from dcos_runtime.marathon.core.events import (
    CreateApp,
    DeleteApp,
    KillTask,
    KillTasks,
    RestartApp,
    UpdateApp,
    UpdateApps,
)
from dcos_runtime.marathon.core.requests import BadRequest
from dcos_runtime.marathon.core.state import State
from dcos_runtime.marathon.http import labels
from dcos_runtime.marathon.http.requests import (
    answered,
    flag,
    query_all,
    read_body,
)
from dcos_runtime.marathon.shell import InitShell
from dcos_runtime.wire.quoting import shown


class Apps:
    """``shell`` is called for each request, because there is no shell before this process leads."""

    def __init__(self, shell: Callable[[], InitShell]) -> None:
        self._shell = shell

    def routes(self) -> Sequence[Pattern]:
        return (
            route("GET", "/v2/apps", self.list),
            route("POST", "/v2/apps", self.create),
            route("PUT", "/v2/apps", self.replace_many),
            route("PATCH", "/v2/apps", self.patch_many),
            route("POST", "/v2/apps/{id}/restart", self.restart),
            route("GET", "/v2/apps/{id}/tasks", self.tasks),
            route("DELETE", "/v2/apps/{id}/tasks", self.kill_tasks),
            route("DELETE", "/v2/apps/{id}/tasks/{=task}", self.kill_task),
            route("GET", "/v2/apps/{id}/versions", self.versions),
            route("GET", "/v2/apps/{id}/versions/{=version}", self.version),
            route("GET", "/v2/apps/{id}", self.show),
            route("PUT", "/v2/apps/{id}", self.replace),
            route("PATCH", "/v2/apps/{id}", self.patch),
            route("DELETE", "/v2/apps/{id}", self.delete),
        )

    @property
    def _state(self) -> State:
        return self._shell().core.state

    # --- apps ---

    async def list(self, request: web.Request, _: Parts) -> web.StreamResponse:
        state, now = self._state, self._shell().now()
        embed = views.embeds(query_all(request, "embed")) | {views.COUNTS, views.DEPLOYMENTS}
        wanted = self._filter(request)
        found = [views.app_info(state, app, embed, now) for app in views.current(state) if wanted(app)]
        return json_response({"apps": found})

    def _filter(self, request: web.Request) -> Callable[[App], bool]:
        cmd, identity = request.query.get("cmd", "").lower(), request.query.get("id", "").lower()
        try:
            by_labels = labels.parse(request.query.get("label", ""))
        except ValueError as error:
            raise BadRequest(str(error), status=422) from error
        return lambda app: cmd in (app.cmd or "").lower() and identity in app.id and by_labels(app.labels)

    async def create(self, request: web.Request, _: Parts) -> web.StreamResponse:
        body, force, whence = await read_body(request), flag(request, "force"), (request.remote or "", request.path)
        return answered(await self._shell().ask(lambda number: CreateApp(number, body, force, *whence)))

    async def show(self, request: web.Request, parts: Parts) -> web.StreamResponse:
        state, now = self._state, self._shell().now()
        embed = views.embeds(query_all(request, "embed"))
        embed |= {views.COUNTS, views.TASKS, views.FAILURE, views.DEPLOYMENTS}
        app_id = ids.absolute(parts["id"])
        if app_id == "/*" or app_id.endswith("/*"):
            inside = app_id[:-1]
            found = [
                views.app_info(state, app, embed, now) for app in views.current(state) if app.id.startswith(inside)
            ]
            if not found and inside != "/":
                raise NotFound(f"Group '{shown(inside.rstrip('/'), 300)}' does not exist")
            return json_response({"*": found})
        app = self._shell().core.changes.app(app_id)
        return json_response({"app": views.app_info(state, app, embed, now)})

    async def replace(self, request: web.Request, parts: Parts) -> web.StreamResponse:
        partial, may_create = flag(request, "partialUpdate", True), flag(request, "allowCreation", True)
        return await self._update(request, parts, partial=partial, may_create=may_create)

    async def patch(self, request: web.Request, parts: Parts) -> web.StreamResponse:
        return await self._update(request, parts, partial=True, may_create=False)

    async def _update(
        self, request: web.Request, parts: Parts, *, partial: bool, may_create: bool
    ) -> web.StreamResponse:
        body, force, app_id = await read_body(request), flag(request, "force"), ids.absolute(parts["id"])
        whence = (request.remote or "", request.path)
        return answered(
            await self._shell().ask(lambda number: UpdateApp(number, app_id, body, partial, may_create, force, *whence))
        )

    async def replace_many(self, request: web.Request, _: Parts) -> web.StreamResponse:
        partial, may_create = flag(request, "partialUpdate", True), flag(request, "allowCreation", True)
        return await self._update_many(request, partial=partial, may_create=may_create)

    async def patch_many(self, request: web.Request, _: Parts) -> web.StreamResponse:
        return await self._update_many(request, partial=True, may_create=False)

    async def _update_many(self, request: web.Request, *, partial: bool, may_create: bool) -> web.StreamResponse:
        body, force = await read_body(request), flag(request, "force")
        return answered(await self._shell().ask(lambda number: UpdateApps(number, body, partial, may_create, force)))

    async def delete(self, request: web.Request, parts: Parts) -> web.StreamResponse:
        app_id, force = ids.absolute(parts["id"]), flag(request, "force", True)
        return answered(await self._shell().ask(lambda number: DeleteApp(number, app_id, force)))

    async def restart(self, request: web.Request, parts: Parts) -> web.StreamResponse:
        app_id, force = ids.absolute(parts["id"]), flag(request, "force")
        return answered(await self._shell().ask(lambda number: RestartApp(number, app_id, force)))

    # --- tasks ---

    async def tasks(self, request: web.Request, parts: Parts) -> web.StreamResponse:
        app_id = ids.absolute(parts["id"])
        if app_id == "/*" or app_id.endswith("/*"):
            chosen = [app.id for app in views.current(self._state) if app.id.startswith(app_id[:-1])]
        else:
            chosen = [self._shell().core.changes.app(app_id).id]
        found = [task for one in chosen for task in views.tasks(self._state.apps[one])]
        return json_response({"tasks": found})

    async def kill_tasks(self, request: web.Request, parts: Parts) -> web.StreamResponse:
        app_id, host, how = ids.absolute(parts["id"]), request.query.get("host"), how_to_kill(request)
        return answered(await self._shell().ask(lambda number: KillTasks(number, app_id, host, *how)))

    async def kill_task(self, request: web.Request, parts: Parts) -> web.StreamResponse:
        app_id, task, how = ids.absolute(parts["id"]), parts["task"], how_to_kill(request)
        return answered(await self._shell().ask(lambda number: KillTask(number, app_id, task, *how)))

    def _app_state(self, parts: Parts) -> AppState:
        return self._state.apps[self._shell().core.changes.app(ids.absolute(parts["id"])).id]

    # --- versions ---

    async def versions(self, request: web.Request, parts: Parts) -> web.StreamResponse:
        return json_response({"versions": sorted(self._app_state(parts).versions, reverse=True)})

    async def version(self, request: web.Request, parts: Parts) -> web.StreamResponse:
        app_state = self._app_state(parts)
        found = app_state.versions.get(parts["version"])
        if found is None:
            raise no_app(app_state.id, parts["version"])
        return json_response(apps.to_json(found))


def how_to_kill(request: web.Request) -> tuple[bool, bool, bool]:
    """``scale``, ``wipe`` and ``force``."""
    return flag(request, "scale"), flag(request, "wipe"), flag(request, "force")
