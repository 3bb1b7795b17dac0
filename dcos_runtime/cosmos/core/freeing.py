"""Which of the cluster's resources only a framework used, so that they can be freed once it is gone. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any


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
    for told in (resource for role in roles for resource in by_role.get(role) or ()):
        # That page shows each reservation in two forms; calls accept one of them.
        resource = {key: value for key, value in told.items() if key not in ("role", "reservation")}
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
