"""The services that this release's roles describe, for daemons that are started by hand, without an installer. ``python
-m tests.support.shipped_services`` makes ``_data/services.json`` from the descriptors; a test compares them. A port in
it is the default where no flag, and no file of ``--services``, names another.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import msgspec

from dcos_runtime.data import data_root
from dcos_runtime.wire.cluster_services import ServiceRecord


@cache
def shipped() -> Mapping[str, ServiceRecord]:
    """By name, in the order in which they start."""
    path = data_root() / "services.json"
    try:
        records = msgspec.json.decode(path.read_bytes(), type=tuple[ServiceRecord, ...])
    except (OSError, UnicodeDecodeError, msgspec.MsgspecError) as error:
        raise FileNotFoundError(f"{path} is missing or damaged: {error}; install dcos again") from error
    return {record.name: record for record in records}


def port(service: str, name: str) -> int:
    """Raises ``KeyError``."""
    return shipped()[service].ports[name]


def callers(service: str) -> tuple[str, ...]:
    """The kinds of daemons that call this service over mutual TLS. Raises ``KeyError``."""
    return shipped()[service].callers


def usual_callers() -> tuple[str, ...]:
    """Those that call every service with a route."""
    routed = [set(one.callers) for one in shipped().values() if one.route]
    return tuple(sorted(set.intersection(*routed)))


def speakers() -> tuple[str, ...]:
    """The kinds of daemons that pass users' requests on to other services."""
    return tuple(sorted(one.kind for one in shipped().values() if one.passes_on))


def all_ports() -> tuple[int, ...]:
    """Every port of a daemon, sorted. No task gets one of them."""
    return tuple(
        sorted({number for one in shipped().values() for number in (*one.ports.values(), *one.reserved_ports)})
    )
