"""The flags of ``dcos-marathon``: Marathon's names, as far as they are honoured. A duration without a unit is
milliseconds, as in Marathon.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from dcos_runtime.flags.declaring import flag, varied
from dcos_runtime.flags.groups import INIT_TLS_PORT, GuardFlags, MasterPortFlags, RecordingFlags, StoreFlags
from dcos_runtime.flags.leading import LeaderFlags
from dcos_runtime.flags.values import BOOLEAN, FILE, PATH, PORT, PUBLIC_URL, ROLE, TEXT, ZK_URL, duration_or, whole
from dcos_runtime.shipped_services import callers, port

_MILLISECONDS = duration_or("ms", 0.001, 1e9)


@dataclass(frozen=True, kw_only=True)
class MarathonFlags(LeaderFlags, MasterPortFlags, RecordingFlags):
    """The flags of ``dcos-marathon``."""

    program: ClassVar[str] = "dcos-marathon"
    prefix: ClassVar[str] = "MARATHON_"

    tls_clients: tuple[str, ...] = varied(GuardFlags, "tls_clients", default=callers("marathon"))
    master: str = flag(
        ZK_URL,
        "the master: `host:port`, `http://host:port` or `zk://host:port,host:port/path`",
        required=True,
        secret=True,
    )
    http_port: int = varied(LeaderFlags, "http_port", default=port("marathon", "plain"))
    tls_port: int = varied(LeaderFlags, "tls_port", default=INIT_TLS_PORT)
    webui_url: str | None = flag(
        PUBLIC_URL, "base URL reported to the master; `dcos` finds the init by it", instead="`http://hostname:port`"
    )
    work_dir: str | None = flag(
        PATH,
        "folder for the state, when started without `zk`; with it only for what the next start has to know of this one "
        "([coordination.md](coordination.md)), and nothing without being given",
        instead="`$XDG_STATE_HOME/dcos-marathon`",
        ours=True,
    )
    zk_session_timeout: float = varied(StoreFlags, "zk_session_timeout", kind=_MILLISECONDS)
    framework_name: str = flag(TEXT, "name to register with", default="marathon")
    mesos_role: str = flag(ROLE, "role to be offered resources for", default="*")
    mesos_user: str | None = flag(
        TEXT, "user that tasks run as unless their app names one", instead="the user that this process runs as"
    )
    failover_timeout: float = flag(
        duration_or("secs", 0.0, 1e9),
        "how long tasks live on without an init before the master ends them",
        default=604800.0,
    )
    teardown_at_end: bool = flag(
        BOOLEAN,
        "end the framework with all tasks when this process is told to end, instead of leaving it to the next one: for "
        "an init whose state is lost with it",
        default=False,
        ours=True,
    )
    mesos_authentication_principal: str | None = flag(
        TEXT, "principal to authenticate with (HTTP Basic), without `tls_ca`"
    )
    mesos_authentication_secret_file: str | None = flag(
        FILE, "file that holds the secret of that principal; it comes from a file only"
    )
    local_port_min: int = flag(PORT, "first port of the range that service ports are taken from", default=10000)
    local_port_max: int = flag(PORT, "end of that range, not included", default=20000)
    decline_offer_duration: float = flag(
        _MILLISECONDS, "how long offers are refused while nothing waits", default=120.0
    )
    min_revive_offers_interval: float = flag(
        _MILLISECONDS, "least time between two requests for more offers", default=1.0
    )
    max_instances_per_offer: int = flag(
        whole(1, 1000), "how many instances are launched with one offer at most", default=5
    )
    reconciliation_interval: float = flag(_MILLISECONDS, "how often the master is asked about all tasks", default=600.0)
    task_launch_confirm_timeout: float = flag(
        _MILLISECONDS, "after how long the master is asked about a silent launch", default=10.0
    )
    task_launch_timeout: float = flag(
        _MILLISECONDS, "after how long a task that does not get to run is ended and tried again", default=300.0
    )
    kill_retry_timeout: float = flag(_MILLISECONDS, "after how long a kill is sent again", default=10.0)
    minimum_viable_task_execution_duration: float = flag(
        _MILLISECONDS, "how long a task must have run for its end not to add to the backoff", default=60.0
    )
    max_running_deployments: int = flag(
        whole(1, 100000), "how many deployments may be under way at a time", default=100
    )
