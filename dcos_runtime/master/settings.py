"""What the flags of dcos-master become: its core's settings, its guard; and which flags exclude each other."""

from __future__ import annotations

import ipaddress
import uuid
from collections.abc import Mapping

from dcos_runtime.core.resources import fixed
from dcos_runtime.daemon import own_hostname
from dcos_runtime.flags import FlagError
from dcos_runtime.flags.declaring import Check
from dcos_runtime.flags.master import MasterFlags
from dcos_runtime.guard import admission, guard
from dcos_runtime.guard.admission import Admission, Realm
from dcos_runtime.master.core.allocator import AllocatorSettings
from dcos_runtime.master.core.shown import VERSION
from dcos_runtime.master.core.state import Settings
from dcos_runtime.store.zookeeper import parse_url
from dcos_runtime.wire.cluster import MasterInfo
from dcos_runtime.wire.common import Address

Can = MasterInfo.Capability.Type

CHECKS: Mapping[str, Check] = {"zk": parse_url}
"""Further checks of the flags' texts."""


def check(flags: MasterFlags) -> None:
    """Checks flags against each other. Raises `FlagError`."""
    sources = {"credentials": flags.credentials, "token_key": flags.token_key, "auth_socket": flags.auth_socket}
    problems = admission.problems(flags, _guarded(flags), sources)
    if ipaddress.ip_address(flags.ip).is_unspecified and flags.advertise_ip is None:
        problems.append(f"--ip={flags.ip} needs --advertise_ip: one address must be reported to others")
    if flags.max_agent_ping_timeouts < 1 or flags.agent_ping_timeout <= 0:
        problems.append("--agent_ping_timeout and --max_agent_ping_timeouts have to be more than zero")
    if problems:
        raise FlagError(flags.program, problems)


def _guarded(flags: MasterFlags) -> frozenset[Realm]:
    return admission.guarded(flags, flags.authenticate_http_frameworks)


def admission_of(flags: MasterFlags) -> Admission:
    """Raises `guard.GuardUnusable`."""
    known = guard.guard(
        "mesos-master",
        flags,
        credentials=flags.credentials,
        tls_kinds={"master"},  # standbys pass requests on
        kind="master",
    )
    return Admission("mesos-master", known, _guarded(flags))


def master_info(flags: MasterFlags, bound_port: int) -> MasterInfo:
    ip = flags.advertise_ip or flags.ip
    own_port = flags.advertise_port or bound_port
    hostname = flags.hostname or own_hostname(ip)
    return MasterInfo(
        id=str(uuid.uuid4()),
        ip=int.from_bytes(ipaddress.IPv4Address(ip).packed, "little"),  # network order, as Mesos writes it
        port=own_port,
        pid=f"master@{ip}:{own_port}",
        hostname=hostname,
        version=VERSION,
        address=Address(hostname=hostname, ip=ip, port=own_port),
        capabilities=[
            MasterInfo.Capability(type=kind) for kind in (Can.AGENT_UPDATE, Can.AGENT_DRAINING, Can.QUOTA_V2)
        ],
    )


def settings(flags: MasterFlags, own: MasterInfo) -> Settings:
    rate = flags.agent_removal_rate_limit
    return Settings(
        master=own,
        agent_ping_timeout=flags.agent_ping_timeout,
        max_agent_ping_timeouts=flags.max_agent_ping_timeouts,
        agent_reregister_timeout=flags.agent_reregister_timeout,
        offer_timeout=flags.offer_timeout,
        allocator=AllocatorSettings(
            interval=flags.allocation_interval,
            minimums=[
                {name: fixed(amount) for name, amount in option.items()} for option in flags.min_allocatable_resources
            ],
            weights=flags.weights,
            gpus_for_gpu_frameworks_only=flags.filter_gpu_resources,
        ),
        root_submissions=flags.root_submissions,
        acls=flags.acls,
        max_completed_frameworks=flags.max_completed_frameworks,
        max_completed_tasks_per_framework=flags.max_completed_tasks_per_framework,
        max_unreachable_tasks_per_framework=flags.max_unreachable_tasks_per_framework,
        agent_removal_interval=None if rate is None else rate.seconds / rate.count,
        registry_gc_interval=flags.registry_gc_interval,
        registry_max_agent_age=flags.registry_max_agent_age,
        registry_max_agent_count=flags.registry_max_agent_count,
    )
