"""The cluster's services as the file of ``--services`` lists them: their health and their routes.

The installer writes the file from the services' descriptors. Without it, dcos-auth knows a kernel and an init that were
started by hand (`by_hand`).
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from dcos_runtime.shipped_services import shipped
from dcos_runtime.wire.cluster_services import ServiceRecord


class ServicesUnusable(ValueError):
    """The file of --services cannot be used. The text says why."""


def load(path: Path) -> tuple[ServiceRecord, ...]:
    """Raises `ServicesUnusable`."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=tuple[ServiceRecord, ...])
    except OSError as error:
        raise ServicesUnusable(f"--services: {path} cannot be read: {error.strerror}") from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ServicesUnusable(f"--services: {path} is no list of services: {error}") from error


def by_hand(*, master: int, init: int, agent: int, gateway: int) -> tuple[ServiceRecord, ...]:
    """Kernel, init and gateway at these ports, for a gateway that is started by hand."""
    wanted = {"zookeeper": None, "master": master, "marathon": init, "auth": None, "gateway": gateway, "agent": agent}
    return tuple(_at(record, wanted[name]) for name, record in shipped().items() if name in wanted)


def _at(record: ServiceRecord, port: int | None) -> ServiceRecord:
    """The service whose port for other daemons is this one."""
    if port is None or record.health is None:
        return record
    ports = {name: port if number == record.health.port else number for name, number in record.ports.items()}
    health = msgspec.structs.replace(record.health, port=port)
    route = record.route and msgspec.structs.replace(record.route, port=port)
    return msgspec.structs.replace(record, ports=ports, health=health, route=route)
