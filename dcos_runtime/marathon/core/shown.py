"""Tasks as `/v2` shows them."""

from __future__ import annotations

from typing import Any

from dcos_runtime.core import instants
from dcos_runtime.marathon.core import health
from dcos_runtime.marathon.core.app_state import AppState
from dcos_runtime.marathon.core.instance import Instance


def tasks(app_state: AppState, *, service_ports: bool = True) -> list[dict[str, Any]]:
    return [task(app_state, instance, service_ports=service_ports) for instance in listed(app_state)]


def listed(app_state: AppState) -> list[Instance]:
    """The instances whose tasks are shown."""
    return [instance for instance in app_state.instances.values() if instance.has_task]


def task(app_state: AppState, instance: Instance, *, service_ports: bool = True) -> dict[str, Any]:
    data: dict[str, Any] = {
        "appId": instance.app_id,
        "healthCheckResults": [
            health.to_json(record, instance.id)
            for record in (app_state.health[instance.id].checks if instance.id in app_state.health else ())
            if record.known
        ],
        "checkResult": instance.tasks[0].check or None,
        "host": instance.hostname or "",
        "id": instance.task_id,
        "ipAddresses": [{"ipAddress": address, "protocol": protocol} for address, protocol in instance.ip_addresses],
        "ports": list(instance.host_ports),
        "servicePorts": [],
        "slaveId": instance.agent_id,
        "state": instance.mesos_state,
        "stagedAt": _time(instance.staged_at),
        "startedAt": _time(instance.started_at),
        "version": instance.version,
        "localVolumes": [],
        "region": instance.attributes.get("@region"),
        "zone": instance.attributes.get("@zone"),
        "role": instance.role,
    }
    definition = app_state.versions.get(instance.version) or app_state.current
    if service_ports and definition is not None:
        data["servicePorts"] = definition.service_ports
    return {key: value for key, value in data.items() if value is not None}


def _time(seconds: float | None) -> str | None:
    return None if seconds is None else instants.timestamp(seconds)
