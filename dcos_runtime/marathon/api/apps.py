"""`/v2/apps` and what is under it: apps, their tasks and versions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from aiohttp import web

from dcos_runtime.core.frozen import Now
from dcos_runtime.daemon import json_response
from dcos_runtime.marathon import views
from dcos_runtime.marathon.api import labels
from dcos_runtime.marathon.api.routing import (
    BadRequest,
    Route,
    flag,
    query_all,
    read_object,
    read_objects,
    route,
)
from dcos_runtime.marathon.core import app as apps
from dcos_runtime.marathon.core import ids
from dcos_runtime.marathon.core.app import App
from dcos_runtime.marathon.core.changes import NotFound, no_app
from dcos_runtime.marathon.core.deployment import Deployment
from dcos_runtime.marathon.core.instance import Instance
from dcos_runtime.marathon.core.world import AppState, World
from dcos_runtime.marathon.engine import Engine

DEPLOYMENT_HEADER = "Marathon-Deployment-Id"


def deployed(deployment: Deployment, status: int = 200, location: str | None = None) -> web.Response:
    headers = {DEPLOYMENT_HEADER: deployment.id}
    if location is not None:
        headers["Location"] = location
    return json_response({"version": deployment.version, "deploymentId": deployment.id}, status, headers)


class Apps:
    """``engine`` is asked for at each request: there is none before this process leads."""

    def __init__(self, engine: Callable[[], Engine]) -> None:
        self._engine = engine

    def routes(self) -> Sequence[Route]:
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
    def _world(self) -> World:
        return self._engine().core.world

    # --- apps ---

    async def list(self, request: web.Request, _: dict[str, str]) -> web.StreamResponse:
        world, now = self._world, self._engine().now()
        embed = views.embeds(query_all(request, "embed")) | {views.COUNTS, views.DEPLOYMENTS}
        wanted = self._filter(request)
        found = [views.app_info(world, app, embed, now) for app in views.current(world) if wanted(app)]
        return json_response({"apps": found})

    def _filter(self, request: web.Request) -> Callable[[App], bool]:
        cmd, identity = request.query.get("cmd", "").lower(), request.query.get("id", "").lower()
        try:
            by_labels = labels.parse(request.query.get("label", ""))
        except ValueError as error:
            raise BadRequest(str(error), status=422) from error
        return lambda app: cmd in (app.cmd or "").lower() and identity in app.id and by_labels(app.labels)

    async def create(self, request: web.Request, _: dict[str, str]) -> web.StreamResponse:
        data, force = await read_object(request), flag(request, "force")
        engine = self._engine()

        def work(now: Now) -> tuple[App, Deployment]:
            app, deployment = engine.core.changes.create(data, force)
            self._posted(engine, request, app)
            return app, deployment

        app, deployment = await engine.change(work)
        body = apps.to_json(app)
        body |= {"tasksStaged": 0, "tasksRunning": 0, "tasksHealthy": 0, "tasksUnhealthy": 0}
        body["deployments"] = [{"id": deployment.id}]
        return json_response(body, 201, {DEPLOYMENT_HEADER: deployment.id, "Location": app.id})

    async def show(self, request: web.Request, parts: dict[str, str]) -> web.StreamResponse:
        world, now = self._world, self._engine().now()
        embed = views.embeds(query_all(request, "embed"))
        embed |= {views.COUNTS, views.TASKS, views.FAILURE, views.DEPLOYMENTS}
        app_id = ids.absolute(parts["id"])
        if app_id == "/*" or app_id.endswith("/*"):
            inside = app_id[:-1]
            found = [
                views.app_info(world, app, embed, now) for app in views.current(world) if app.id.startswith(inside)
            ]
            if not found and inside != "/":
                raise NotFound(f"Group '{inside.rstrip('/')}' does not exist")
            return json_response({"*": found})
        app = self._engine().core.changes.app(app_id)
        return json_response({"app": views.app_info(world, app, embed, now)})

    async def replace(self, request: web.Request, parts: dict[str, str]) -> web.StreamResponse:
        return await self._update(request, parts, partial=flag(request, "partialUpdate", True), may_create=True)

    async def patch(self, request: web.Request, parts: dict[str, str]) -> web.StreamResponse:
        return await self._update(request, parts, partial=True, may_create=False)

    async def _update(
        self, request: web.Request, parts: dict[str, str], *, partial: bool, may_create: bool
    ) -> web.StreamResponse:
        data, force, app_id = await read_object(request), flag(request, "force"), ids.absolute(parts["id"])
        engine = self._engine()

        def work(now: Now) -> tuple[Deployment, bool]:
            changes = engine.core.changes
            result = changes.update(app_id, data, partial=partial, may_create=may_create, force=force)
            self._posted(engine, request, changes.app(app_id))
            return result

        deployment, new = await engine.change(work)
        return deployed(deployment, 201 if new else 200, app_id if new else None)

    async def replace_many(self, request: web.Request, _: dict[str, str]) -> web.StreamResponse:
        return await self._update_many(request, partial=flag(request, "partialUpdate", True), may_create=True)

    async def patch_many(self, request: web.Request, _: dict[str, str]) -> web.StreamResponse:
        return await self._update_many(request, partial=True, may_create=False)

    async def _update_many(self, request: web.Request, *, partial: bool, may_create: bool) -> web.StreamResponse:
        items, force = await read_objects(request), flag(request, "force")
        engine = self._engine()
        deployment = await engine.change(
            lambda now: engine.core.changes.update_many(items, partial=partial, may_create=may_create, force=force)
        )
        return deployed(deployment)

    async def delete(self, request: web.Request, parts: dict[str, str]) -> web.StreamResponse:
        app_id, force, engine = ids.absolute(parts["id"]), flag(request, "force", True), self._engine()
        return deployed(await engine.change(lambda now: engine.core.changes.delete(app_id, force)))

    async def restart(self, request: web.Request, parts: dict[str, str]) -> web.StreamResponse:
        app_id, force, engine = ids.absolute(parts["id"]), flag(request, "force"), self._engine()
        return deployed(await engine.change(lambda now: engine.core.changes.restart(app_id, force)))

    def _posted(self, engine: Engine, request: web.Request, app: App) -> None:
        engine.core.world.publish(
            "api_post_event",
            clientIp=request.remote or "",
            uri=request.path,
            appDefinition=apps.to_json(app),
        )

    # --- tasks ---

    async def tasks(self, request: web.Request, parts: dict[str, str]) -> web.StreamResponse:
        app_id = ids.absolute(parts["id"])
        if app_id == "/*" or app_id.endswith("/*"):
            chosen = [app.id for app in views.current(self._world) if app.id.startswith(app_id[:-1])]
        else:
            chosen = [self._engine().core.changes.app(app_id).id]
        found = [task for one in chosen for task in views.tasks(self._world.apps[one])]
        return json_response({"tasks": found})

    async def kill_tasks(self, request: web.Request, parts: dict[str, str]) -> web.StreamResponse:
        state = self._state(parts)
        host = request.query.get("host")
        chosen = [one for one in views.listed(state) if host in (None, "*", one.hostname)]
        answer = await kill(self._engine(), request, chosen)
        return answer if isinstance(answer, web.Response) else json_response({"tasks": answer})

    async def kill_task(self, request: web.Request, parts: dict[str, str]) -> web.StreamResponse:
        state = self._state(parts)
        known = ids.parse_instance(parts["task"])
        chosen = [one for one in views.listed(state) if known is not None and one.id == known[1]]
        if not chosen:
            raise NotFound(f"Task '{parts['task']}' does not exist")
        answer = await kill(self._engine(), request, chosen)
        return answer if isinstance(answer, web.Response) else json_response({"task": answer[0]})

    def _state(self, parts: dict[str, str]) -> AppState:
        return self._world.apps[self._engine().core.changes.app(ids.absolute(parts["id"])).id]

    # --- versions ---

    async def versions(self, request: web.Request, parts: dict[str, str]) -> web.StreamResponse:
        return json_response({"versions": sorted(self._state(parts).versions, reverse=True)})

    async def version(self, request: web.Request, parts: dict[str, str]) -> web.StreamResponse:
        state = self._state(parts)
        found = state.versions.get(parts["version"])
        if found is None:
            raise no_app(state.id, parts["version"])
        return json_response(apps.to_json(found))


async def kill(engine: Engine, request: web.Request, chosen: Sequence[Instance]) -> web.Response | list[dict[str, Any]]:
    """Kills the tasks of ``chosen``: with ``scale`` the deployment that does, else the tasks as they were."""
    scale, wipe, force = flag(request, "scale"), flag(request, "wipe"), flag(request, "force")
    if scale and wipe:
        raise BadRequest("You cannot use scale and wipe at the same time.")
    if scale:
        return deployed(await engine.change(lambda now: engine.core.changes.kill_and_scale(chosen, force)))
    world = engine.core.world
    shown = [views.task(world.apps[instance.app_id], instance) for instance in chosen]
    await engine.change(lambda now: engine.core.changes.kill(chosen, wipe))
    return shown
