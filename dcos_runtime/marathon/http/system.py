"""Everything of `/v2` except apps: tasks, deployments, the queue, groups (reads only), info, leader, events."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from dcos_runtime import __version__
from dcos_runtime.daemon import json_response, text_response
from dcos_runtime.guard.admission import Realm
from dcos_runtime.leading.routes import Parts, Pattern, route
from dcos_runtime.marathon import views
from dcos_runtime.marathon.core import deployment as deployments
from dcos_runtime.marathon.core import ids
from dcos_runtime.marathon.core.changes import NotFound
from dcos_runtime.marathon.core.effects import publish
from dcos_runtime.marathon.core.events import CancelDeployment, KillListed, ResetDelay
from dcos_runtime.marathon.core.instance import Condition
from dcos_runtime.marathon.core.requests import BadRequest
from dcos_runtime.marathon.http.apps import how_to_kill
from dcos_runtime.marathon.http.requests import (
    answered,
    error,
    flag,
    pong,
    query_all,
    read_body,
)
from dcos_runtime.marathon.shell import InitShell
from dcos_runtime.stalls import Stalls
from dcos_runtime.store.lease import LeaseOver
from dcos_runtime.wire.quoting import shown

API_VERSION = "1.11.24"
"""The version of Marathon whose API this is: clients decide by it what to send."""

_CHANGES = ("POST", "PUT", "PATCH", "DELETE")

HEARTBEAT = 15.0
"""Seconds between empty lines on an idle event stream, so that both ends notice when the other is gone."""


@dataclass(frozen=True)
class ProcessInfo:
    """What `/v2/info` and `/v2/leader` show of this process."""

    address: str
    """``host:port`` as others reach it."""
    config: dict[str, Any]
    http_port: int
    zookeeper: dict[str, Any]
    tls_port: int = 0
    """0: it speaks no TLS."""


class System:
    """``shell`` is called for each request. ``abdicate`` ends the leadership, if another process can take over.
    ``stalls``: those of this process's loop, for the metrics.
    """

    def __init__(
        self,
        shell: Callable[[], InitShell],
        identity: ProcessInfo,
        stalls: Stalls,
        abdicate: Callable[[], None] | None = None,
    ) -> None:
        self._shell = shell
        self._identity = identity
        self._stalls = stalls
        self._abdicate = abdicate

    def routes(self) -> Sequence[Pattern]:
        return (
            route("GET", "/", self.root),
            route("GET", "/ui(/.*)?", self.page),
            route("GET", "/ping", self.ping, everywhere=True, realm=Realm.OPEN),
            route("GET", "/metrics", self.metrics),
            route("GET", "/v2/info", self.info),
            route("GET", "/v2/leader", self.leader),
            route("DELETE", "/v2/leader", self.abdicate),
            route("GET", "/v2/plugins", self.plugins),
            route("GET", "/v2/events", self.events),
            route("GET", "/v2/tasks", self.tasks),
            route("POST", "/v2/tasks/delete", self.kill_tasks),
            route("GET", "/v2/deployments", self.deployments),
            route("DELETE", "/v2/deployments/{=deployment}", self.cancel),
            route("GET", "/v2/queue", self.queue),
            route("DELETE", "/v2/queue/{id}/delay", self.reset_delay),
            route("GET", "/v2/groups", self.group),
            route("GET", "/v2/groups/{id}", self.group),
            *(route(method, "/v2/groups(/.*)?", self.no_group_changes) for method in _CHANGES),
            *(route(method, "/v2/pods(/.*)?", self.no_pods) for method in ("GET", *_CHANGES)),
        )

    # --- this process ---

    async def root(self, request: web.Request, _: Parts) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": "/ui/"})

    async def page(self, request: web.Request, _: Parts) -> web.StreamResponse:
        return text_response("This version of the init has no web page. Its API begins at /v2, for example /v2/apps.\n")

    async def ping(self, request: web.Request, _: Parts) -> web.StreamResponse:
        return pong(request)

    async def metrics(self, request: web.Request, _: Parts) -> web.StreamResponse:
        state = self._shell().core.state
        instances = [instance for _, instance in state.all_instances()]
        running = sum(1 for instance in instances if instance.condition is Condition.RUNNING)
        staged = sum(1 for instance in instances if instance.has_task) - running
        gauges = {
            "marathon.apps.active.gauge": sum(1 for _ in views.current(state)),
            "marathon.deployments.active.gauge": len(state.deployments),
            "marathon.instances.running.gauge": running,
            "marathon.instances.staged.gauge": staged,
        }
        return json_response(
            {
                "version": "4.0.0",
                "gauges": {name: {"value": value} for name, value in gauges.items()},
                "counters": {},
                "histograms": {
                    "marathon.loop.stalls.histogram.milliseconds": {
                        **self._stalls.numbers(),
                        "buckets": self._stalls.buckets(),
                    }
                },
                "meters": {},
                "timers": {},
            }
        )

    async def info(self, request: web.Request, _: Parts) -> web.StreamResponse:
        shell, identity = self._shell(), self._identity
        config = dict(identity.config)
        if page := shell.master_page():
            config["mesos_leader_ui_url"] = page + "/"
        data: dict[str, Any] = {
            "name": config["framework_name"],
            "version": API_VERSION,
            "buildref": f"dcos {__version__}",
            "elected": True,
            "leader": identity.address,
            "marathon_config": config,
            "zookeeper_config": identity.zookeeper,
            "http_config": {"http_port": identity.http_port, "https_port": identity.tls_port},
        }
        if shell.core.framework_id is not None:
            data["frameworkId"] = shell.core.framework_id
        return json_response(data)

    async def leader(self, request: web.Request, _: Parts) -> web.StreamResponse:
        self._shell()
        return json_response({"leader": self._identity.address})

    async def abdicate(self, request: web.Request, _: Parts) -> web.StreamResponse:
        self._shell()
        if self._abdicate is None:
            raise BadRequest("this init was started without --zk: there is no other to take over", status=409)
        asyncio.get_running_loop().call_later(0.5, self._abdicate)
        return json_response({"message": "Leadership abdicated"})

    async def plugins(self, request: web.Request, _: Parts) -> web.StreamResponse:
        return json_response({"plugins": []})

    # An API that does not exist here gives a 4xx: the client would take a 5xx as an init that is down, and retry.

    async def no_group_changes(self, request: web.Request, _: Parts) -> web.StreamResponse:
        text = "changing groups is not supported in this version; change their apps at /v2/apps, several in one array"
        return error(405, text, headers={"Allow": "GET, HEAD"})

    async def no_pods(self, request: web.Request, _: Parts) -> web.StreamResponse:
        return error(404, "pods are not supported in this version; use /v2/apps")

    # --- tasks ---

    async def tasks(self, request: web.Request, _: Parts) -> web.StreamResponse:
        wanted = {text.lower() for text in query_all(request, "status")} & {"running", "staging"}
        kinds = {
            Condition.RUNNING: "running",
            Condition.STAGING: "staging",
            Condition.STARTING: "staging",
            Condition.PROVISIONED: "staging",
        }
        found = [
            views.task(app_state, instance)
            for app_state, instance in self._shell().core.state.all_instances()
            if instance.has_task and (not wanted or kinds.get(instance.condition) in wanted)
        ]
        return json_response({"tasks": found})

    async def kill_tasks(self, request: web.Request, _: Parts) -> web.StreamResponse:
        body, how = await read_body(request), how_to_kill(request)
        return answered(await self._shell().ask(lambda number: KillListed(number, body, *how)))

    # --- deployments and the queue ---

    async def deployments(self, request: web.Request, _: Parts) -> web.StreamResponse:
        running = self._shell().core.state.deployments.values()
        return json_response([deployments.to_json(deployment) for deployment in running])

    async def cancel(self, request: web.Request, parts: Parts) -> web.StreamResponse:
        deployment, force = parts["deployment"], flag(request, "force")
        return answered(await self._shell().ask(lambda number: CancelDeployment(number, deployment, force)))

    async def queue(self, request: web.Request, _: Parts) -> web.StreamResponse:
        with_offers = "lastUnusedOffers" in query_all(request, "embed")
        shell = self._shell()
        return json_response({"queue": views.queue(shell.core.state, shell.now(), with_offers=with_offers)})

    async def reset_delay(self, request: web.Request, parts: Parts) -> web.StreamResponse:
        app_id = ids.absolute(parts["id"])
        return answered(await self._shell().ask(lambda number: ResetDelay(number, app_id)))

    # --- groups ---

    async def group(self, request: web.Request, parts: Parts) -> web.StreamResponse:
        arguments = query_all(request, "embed")
        embed = views.embeds(argument for argument in arguments if argument.startswith("group.apps."))
        group_id = ids.absolute(parts.get("id", "/"))
        shell = self._shell()
        found = views.group(shell.core.state, group_id, embed, shell.now())
        if found is None:
            raise NotFound(f"Group '{shown(group_id, 300)}' does not exist")
        return json_response(found)

    # --- events ---

    async def events(self, request: web.Request, _: Parts) -> web.StreamResponse:
        shell = self._shell()
        hub, remote = shell.hub, request.remote or ""
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
        await response.prepare(request)
        light = request.query.get("plan-format") == "light"
        subscriber = hub.attach(query_all(request, "event_type"), light)
        attached = publish("event_stream_attached", shell.now().wall, {"remoteAddress": remote})
        try:
            hub.publish(attached)
            if not subscriber.wants(attached.kind):
                await response.write(b"\n")
            while True:
                try:
                    async with asyncio.timeout(HEARTBEAT):
                        record = await subscriber.get()
                except TimeoutError:
                    record = b"\n"
                if record is None:
                    break
                await shell.lease.hold()
                await response.write(record)
        except LeaseOver:
            response.force_close()
        finally:
            hub.detach(subscriber)
            hub.publish(publish("event_stream_detached", shell.now().wall, {"remoteAddress": remote}))
        return response
