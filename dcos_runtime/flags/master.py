"""The flags of ``dcos-master``: Mesos' names, as far as they are honoured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from dcos_runtime.flags.declaring import flag, varied
from dcos_runtime.flags.groups import (
    AddressFlags,
    AuthenticationFlags,
    ClusterFlags,
    GuardFlags,
    RecordingFlags,
    StoreFlags,
    TlsFlags,
    TlsPortFlags,
    UserFlags,
)
from dcos_runtime.flags.values import (
    ACLS,
    BOOLEAN,
    COUNT,
    DURATION,
    FILE,
    LASTING,
    MINIMUMS,
    PATH,
    RATE,
    WEIGHTS,
    Minimums,
    Rate,
    duration_within,
    minimums,
    whole,
)
from dcos_runtime.shipped_services import callers
from dcos_runtime.shipped_services import port as port_of
from dcos_runtime.wire.acls import Acls


@dataclass(frozen=True, kw_only=True)
class MasterFlags(AddressFlags, ClusterFlags, AuthenticationFlags, StoreFlags, UserFlags, TlsFlags, RecordingFlags):
    """The flags of ``dcos-master``."""

    program: ClassVar[str] = "dcos-master"

    tls_clients: tuple[str, ...] = varied(GuardFlags, "tls_clients", default=callers("master"))
    port: int = varied(AddressFlags, "port", default=port_of("master", "plain"))
    tls_port: int = varied(TlsPortFlags, "tls_port", more="on the same address; also for the agents' protocol")
    work_dir: str = flag(
        PATH,
        "folder for what must survive a restart: `registry.sqlite`, when alone; with `zk` what the next start has to "
        "know of this one",
        required=True,
    )
    agent_ping_timeout: float = flag(
        DURATION,
        "time that an agent has to answer a ping, and between pings",
        default=15.0,
        on_clusters=duration_within("1secs", "15mins"),
    )
    max_agent_ping_timeouts: int = flag(
        COUNT, "unanswered pings that make an agent unreachable", default=5, on_clusters=whole(1, 100, "pings")
    )
    agent_reregister_timeout: float = flag(
        DURATION,
        "time that agents have to come back to a new leader; less than Mesos' minimum of 10 minutes is taken",
        default=600.0,
        on_clusters=duration_within("10secs", "24hrs"),
    )
    allocation_interval: float = flag(
        DURATION,
        "time between allocations of what was given back; new agents, new frameworks and revives are served at once",
        default=1.0,
    )
    offer_timeout: float | None = flag(
        LASTING, "time after which an offer that nobody answered is rescinded, and made again, without a filter"
    )
    min_allocatable_resources: Minimums = flag(
        MINIMUMS, "offers have at least one of these amounts", default=minimums("cpus:0.01|mem:32")
    )
    weights: Mapping[str, float] = flag(
        WEIGHTS,
        "`role=weight,…`: a role's share relative to others'; not looked at once operators have set weights",
        default={},
    )
    filter_gpu_resources: bool = flag(
        BOOLEAN, "agents with GPUs are offered only to frameworks that know GPUs", default=True
    )
    root_submissions: bool = flag(BOOLEAN, "frameworks may run as root", default=True)
    max_completed_frameworks: int = flag(COUNT, "removed frameworks to remember", default=50)
    max_completed_tasks_per_framework: int = flag(COUNT, "ended tasks to remember", default=1000)
    max_unreachable_tasks_per_framework: int = flag(COUNT, "unreachable tasks to remember", default=1000)
    agent_removal_rate_limit: Rate | None = flag(
        RATE,
        "`NUMBER/DURATION`: the most agents that are marked unreachable in a time, one after the other, such as "
        "`1/10mins`; one that answers before its turn stays. Without it they are at once",
    )
    registry_gc_interval: float = flag(
        LASTING, "time between looks through the registry for agents that are to be forgotten", default=900.0
    )
    registry_max_agent_age: float = flag(
        DURATION, "time after which an agent that is unreachable or gone is forgotten", default=1209600.0
    )
    registry_max_agent_count: int = flag(COUNT, "unreachable agents to remember, and gone ones", default=102400)
    acls: Acls = flag(
        ACLS,
        'who may do what, as JSON: `{"permissive": false, "register_frameworks": […]}`; see *Access*',
        default=Acls(),
        instead="everybody may do all",
    )
    credentials: str | None = flag(FILE, 'file of principals: `{"credentials": [{"principal": "…", "secret": "…"}]}`')
    authenticate_http_frameworks: bool = flag(BOOLEAN, "the scheduler API wants a principal", default=False)
