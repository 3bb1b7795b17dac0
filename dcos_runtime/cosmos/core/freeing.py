"""Which framework is an app's own, and which of the cluster's resources only that one used: these are freed when it has
gone. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from dcos_runtime import urls
from dcos_runtime.core import instants

_CONTAINER = re.compile("[0-9a-f]{12}")
"""What a container calls itself that has a name of its own: it does not tell where it is."""
_CLOCKS_DIFFER = 30.0
"""Seconds by which the clocks of two machines may differ."""


def places(app: Mapping[str, Any], agents: Collection[Mapping[str, Any]]) -> tuple[tuple[str, ...], float]:
    """Where the tasks of an app are (names and addresses), and since when (as `time.time`; 0: it has none).

    ``app`` as the init shows it with its tasks, ``agents`` as `/slaves` shows them.
    """
    known = {str(agent.get("id")): agent for agent in agents}
    found: set[str] = set()
    staged: list[float] = []
    for task in app.get("tasks") or ():
        agent = known.get(str(task.get("slaveId")), {})
        addresses = [one.get("ipAddress") for one in task.get("ipAddresses") or () if isinstance(one, Mapping)]
        found |= {_host(one) for one in (task.get("host"), agent.get("hostname"), *addresses) if one}
        found |= {_of_pid(agent.get("pid"))}
        since = instants.parse_timestamp(str(task.get("stagedAt")))
        staged += [] if since is None else [since]
    return tuple(sorted(found - {""})), min(staged, default=0.0)


def not_its_own(
    framework: Mapping[str, Any], hosts: Collection[str], since: float, others: Mapping[str, Collection[str]]
) -> str:
    """Why a framework of the name that an app names is not taken for the app's; empty where nothing speaks against it.

    A framework says where it is in its host's name, in its ``pid`` (of an older scheduler) and in the URL of its page.
    ``hosts`` and ``since``: see `places`; ``others``: further apps that name it, and where their tasks are.
    """
    named = _named(framework)
    somewhere = named | {_of_url(framework.get("webui_url"))}
    mine = is_where(framework, hosts)
    if named and hosts and not mine:
        return f"it registered from {', '.join(sorted(named))}, where the app had no task"
    seen = max(float(framework.get(name) or 0.0) for name in ("registered_time", "reregistered_time"))
    if framework.get("connected") and since and seen and seen < since - _CLOCKS_DIFFER:
        return "it was connected before any task of the app was there"
    for app, places in sorted(others.items()):
        if not mine or somewhere & set(places):
            return f"the app {app} names it as well"
    return ""


def is_where(framework: Mapping[str, Any], hosts: Collection[str]) -> bool:
    """Whether the framework says that it is on one of these hosts."""
    return bool((_named(framework) | {_of_url(framework.get("webui_url"))}) & set(hosts))


def _named(framework: Mapping[str, Any]) -> set[str]:
    named = {_host(framework.get("hostname")), _of_pid(framework.get("pid"))} - {""}
    return {one for one in named if not _CONTAINER.fullmatch(one)}


def _host(name: object) -> str:
    return str(name or "").strip("[]").rstrip(".").lower()


def _of_url(url: object) -> str:
    try:
        return _host(urls.parse(str(url or "")).hostname)
    except urls.BadUrl:
        return ""


def _of_pid(pid: object) -> str:
    """The host of ``name@host:port``."""
    return _host(str(pid or "").rpartition("@")[2].rpartition(":")[0])


def roles_of(framework: Mapping[str, Any]) -> list[str]:
    """The roles of a framework, as `/frameworks` shows it, without the default role ``*``."""
    roles = framework.get("roles") or [framework.get("role")]
    return [role for role in roles if isinstance(role, str) and role not in ("", "*")]


def held(
    agent: Mapping[str, Any], roles: Collection[str], principal: str | None
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """For an agent, as `/slaves` shows it: volumes to destroy, and then reservations to give back.

    Only what was reserved while the cluster ran, for one of the ``roles``, by this ``principal``.
    """
    volumes: list[dict[str, Any]] = []
    reserved: list[dict[str, Any]] = []
    by_role = agent.get("reserved_resources_full") or {}
    for found in (resource for role in roles for resource in by_role.get(role) or ()):
        # That page shows each reservation in two forms; calls accept one of them.
        resource = {key: value for key, value in found.items() if key not in ("role", "reservation")}
        reservations = resource.get("reservations") or []
        if not reservations:
            continue
        last = reservations[-1]
        if last.get("type") != "DYNAMIC" or last.get("role") not in roles or last.get("principal") != principal:
            continue
        disk = resource.get("disk") or {}
        if "persistence" in disk:
            volumes.append(resource)
        plain = {key: value for key, value in resource.items() if key not in ("disk", "shared")}
        if "source" in disk:
            plain["disk"] = {"source": disk["source"]}
        reserved.append(plain)
    return volumes, reserved


def node_of(framework: str) -> str:
    """The node in ZooKeeper where a scheduler that was made with the SDK keeps its state."""
    return "/dcos-service-" + framework.strip("/").replace("/", "__")
