"""Carries out the steps of uninstalls. Each can be repeated, since nobody knows how far the last try came."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import aiohttp
import msgspec

from dcos_runtime.cosmos.core import errors, freeing, shown
from dcos_runtime.cosmos.core.errors import CosmosError
from dcos_runtime.cosmos.core.uninstalls import Step, Uninstall
from dcos_runtime.cosmos.tasks import ServiceTasks
from dcos_runtime.cosmos.upstream import InitClient, Kernel
from dcos_runtime.network_errors import cause
from dcos_runtime.store.access import AccessDenied

DISCONNECT_SECONDS, DISCONNECT_TRIES = 10.0, 20
"""How long, and how often in that time, the master is asked whether it has noticed the end of a scheduler."""

RemoveNodes = Callable[[str], Awaitable[None]]
"""Removes a node of ZooKeeper and all below it, if it exists. Raises ``OSError`` and ``StoreError``."""


class NotYet(Exception):
    """The step is not done; the text says what it waits for."""


class Uninstaller:
    """Carries out one step of an uninstall at a time."""

    def __init__(self, init: InitClient, kernel: Kernel, tasks: ServiceTasks, remove_nodes: RemoveNodes | None) -> None:
        self._init, self._kernel, self._tasks, self._remove_nodes = init, kernel, tasks, remove_nodes

    async def known(self, uninstall: Uninstall) -> Uninstall:
        """The record with what is known of the app's framework, if there is one. Raises `CosmosError`."""
        if not uninstall.framework:
            return uninstall
        app = await self._init.app(uninstall.app)
        hosts, since = freeing.places(app or {}, await self._kernel.agents())
        uninstall = msgspec.structs.replace(uninstall, hosts=hosts, since=since)
        found, _ = await self._frameworks(uninstall)
        roles = sorted({role for one in found for role in freeing.roles_of(one)})
        principals = {str(one["principal"]) for one in found if one.get("principal")}
        principal = principals.pop() if len(principals) == 1 else None
        return msgspec.structs.replace(uninstall, roles=tuple(roles), principal=principal)

    async def carry(self, uninstall: Uninstall) -> Uninstall:
        """Does the next step. Raises `NotYet`, and `CosmosError`: with a status 5xx the step is tried again."""
        match uninstall.step:
            case Step.MARK:
                return await self._mark(uninstall)
            case Step.WAIT:
                await self._wait(uninstall)
            case Step.DELETE:
                await self._init.delete(uninstall.app)
            case Step.TEARDOWN:
                return msgspec.structs.replace(uninstall, left=(*uninstall.left, *await self._teardown(uninstall)))
            case Step.FREE:
                return msgspec.structs.replace(uninstall, left=(*uninstall.left, *await self._free(uninstall)))
            case Step.DONE:
                pass
        return uninstall

    async def _mark(self, uninstall: Uninstall) -> Uninstall:
        app = await self._init.app(uninstall.app)
        if app is None:
            raise errors.app_not_found(uninstall.app)
        env = {**(app.get("env") or {}), "SDK_UNINSTALL": "true"}
        try:
            deployment = await self._init.update(uninstall.app, {"env": env}, force=True)
        except CosmosError as error:
            if error.status >= 500:
                raise
            raise errors.uninstall_not_started(uninstall.app, error.message) from error
        if deployment is None:
            raise errors.app_not_found(uninstall.app)
        return msgspec.structs.replace(uninstall, deployment=deployment or None)

    async def _wait(self, uninstall: Uninstall) -> None:
        if uninstall.deployment is not None and not await self._init.is_deployed(uninstall.deployment):
            raise NotYet(f"deployment {uninstall.deployment} is under way")
        app = await self._init.app(uninstall.app)
        if app is None:
            return
        if str((app.get("env") or {}).get("SDK_UNINSTALL", "")).lower() != "true":
            raise NotYet("a user removed SDK_UNINSTALL=true from the app")
        service = await self._tasks.of(app)
        if service is None:
            raise NotYet("the scheduler does not run")
        try:
            status, _ = await self._tasks.ask(service, "GET", f"/{uninstall.api}/plans/deploy")
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise NotYet(f"the scheduler at {service.url} does not answer: {cause(error)}") from error
        if status != 200:
            raise NotYet(f"the scheduler is taking its service down (it answers {status})")

    async def _frameworks(self, uninstall: Uninstall) -> tuple[list[dict[str, Any]], dict[str, str]]:
        """The app's own frameworks; and others of the same name by their ids, and why they are not taken for its own.

        Cosmos takes whatever has the name, which anybody may give to a framework.
        """
        assert uninstall.framework
        found = await self._kernel.frameworks(uninstall.framework)
        others = await self._others(uninstall) if found else {}
        mine, foreign = [], {}
        for one in found:
            if why := freeing.not_its_own(one, uninstall.hosts, uninstall.since, others):
                foreign[str(one.get("id"))] = why
            else:
                mine.append(one)
        return mine, foreign

    async def _others(self, uninstall: Uninstall) -> dict[str, tuple[str, ...]]:
        """Further apps whose framework has that name, and where their tasks are."""
        apps = [
            app
            for app in await self._init.apps(tasks=True)
            if app.get("id") != uninstall.app
            and (app.get("labels") or {}).get(shown.FRAMEWORK_NAME) == uninstall.framework
        ]
        agents = await self._kernel.agents() if apps else []
        return {str(app.get("id")): freeing.places(app, agents)[0] for app in apps}

    async def _teardown(self, uninstall: Uninstall) -> list[str]:
        """Returns which frameworks of that name were left alone, and why."""
        if not uninstall.framework:
            return []
        mine, foreign = await self._frameworks(uninstall)
        ids = [str(one.get("id")) for one in mine]
        if len(ids) > 1:
            raise errors.several_frameworks(uninstall.package, uninstall.version, uninstall.framework, ids)
        connected = await self._still_connected(uninstall, mine)
        for one in ids:
            if one in connected:
                foreign[one] = "it does not say where it is, and is connected although no task of the app is there"
            else:
                await self._kernel.teardown(one)
        return [
            f"the framework {id} of the name {uninstall.framework}, which goes on: {why}" for id, why in foreign.items()
        ]

    async def _still_connected(self, uninstall: Uninstall, found: list[dict[str, Any]]) -> set[str]:
        """The ids of those frameworks that only their name connects with the app, and that stay connected when the app
        and its tasks have gone: their schedulers run elsewhere. Raises `NotYet` while the tasks end.
        """
        unsure = {str(one.get("id")) for one in found if not freeing.is_where(one, uninstall.hosts)}
        unsure &= _connected(found)
        if not unsure:
            return unsure
        if await self._init.is_changing(uninstall.app):
            raise NotYet("the tasks of the app have not ended")
        for _ in range(DISCONNECT_TRIES):
            unsure &= _connected(await self._kernel.frameworks(uninstall.framework))
            if not unsure:
                break
            await asyncio.sleep(DISCONNECT_SECONDS / DISCONNECT_TRIES)
        return unsure

    async def _free(self, uninstall: Uninstall) -> list[str]:
        """Frees resources. Returns what cannot be freed, and why."""
        left: list[str] = []
        if uninstall.framework and uninstall.roles:
            others = {role for one in await self._kernel.frameworks() for role in freeing.roles_of(one)}
            roles = {role for role in uninstall.roles if role not in others}
            for agent in await self._kernel.agents():
                volumes, reserved = freeing.held(agent, roles, uninstall.principal)
                for type, what, resources in (
                    ("DESTROY_VOLUMES", "volumes", volumes),
                    ("UNRESERVE_RESOURCES", "resources", reserved),
                ):
                    if resources and (why := await self._kernel.change(type, str(agent["id"]), what, resources)):
                        left.append(f"what it reserved on the agent {agent['id']}: {why}")
                        break
        if uninstall.framework and self._remove_nodes is not None:
            node = freeing.node_of(uninstall.framework)
            if await self._kernel.frameworks(uninstall.framework) or await self._others(uninstall):
                left.append(f"{node} in ZooKeeper: it may be that of another framework of this name")
                return left
            try:
                await self._remove_nodes(node)
            except AccessDenied as error:
                left.append(f"{node} in ZooKeeper: {error}")
        return left


def _connected(frameworks: list[dict[str, Any]]) -> set[str]:
    return {str(one.get("id")) for one in frameworks if one.get("connected")}


def of_app(app: Mapping[str, Any], by: str) -> Uninstall | None:
    """The uninstall of an app of a package; None for another app."""
    labels = app.get("labels") or {}
    if shown.NAME not in labels:
        return None
    commons = str(labels.get(shown.COMMONS_UNINSTALL, "")).lower() not in ("", "false")
    return Uninstall(
        app=str(app["id"]),
        package=str(labels[shown.NAME]),
        version=labels.get(shown.VERSION),
        framework=labels.get(shown.FRAMEWORK_NAME) or None,
        commons=commons,
        api=_api(labels.get(shown.COMMONS_API)),
        step=Step.MARK if commons else Step.DELETE,
        by=by,
    )


def _api(label: object) -> str:
    return label if isinstance(label, str) and label.isalnum() and len(label) <= 16 else "v1"
