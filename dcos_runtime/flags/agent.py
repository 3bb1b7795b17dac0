"""The flags of ``dcos-agent``: Mesos' names, as far as they are honoured, and ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from dcos_runtime.flags.declaring import flag, varied
from dcos_runtime.flags.groups import (
    AGENT_TLS_PORT,
    CLUSTER_PORTS,
    TASK_PORTS,
    AddressFlags,
    AuthenticationFlags,
    GuardFlags,
    MasterPortFlags,
    RecordingFlags,
    TlsFlags,
    TlsPortFlags,
)
from dcos_runtime.flags.image_registries import IMAGE_REGISTRY
from dcos_runtime.flags.values import (
    BOOLEAN,
    BRIDGE_NETWORK,
    CAPABILITIES,
    CAPABILITY_NAMES,
    CGROUP,
    DOMAIN,
    DURATION,
    FILE,
    FOLDER,
    FOLDERS,
    FRACTION,
    IMAGE_GC,
    IMAGE_PROVIDERS,
    NUMBERS,
    PATH,
    PORT_RANGES,
    PROJECT_RANGE,
    SIZE,
    TEXT,
    VARIABLES,
    ZK_URL,
    CapabilityNames,
    ImageGc,
    Ranges,
    choice,
    duration_within,
    sizes,
    whole,
)
from dcos_runtime.shipped_services import callers
from dcos_runtime.shipped_services import port as port_of
from dcos_runtime.wire.common import DomainInfo
from dcos_runtime.wire.containers import CapabilityInfo

SMALLEST_DISK = 1 << 20
"""Bytes: less is not enough for the folders of a new container."""
SMALLEST_CAP = 256 << 10
"""The least bytes of a task's output that are kept."""


@dataclass(frozen=True, kw_only=True)
class AgentFlags(AddressFlags, AuthenticationFlags, GuardFlags, TlsFlags, MasterPortFlags, RecordingFlags):
    """The flags of ``dcos-agent``."""

    program: ClassVar[str] = "dcos-agent"

    tls_clients: tuple[str, ...] = varied(GuardFlags, "tls_clients", default=callers("agent"))
    master: str = flag(
        ZK_URL, "the master: `host:port`, or `zk://host:port,host:port/path`", required=True, secret=True
    )
    work_dir: str = flag(
        PATH, "folder for checkpoints, containers and sandboxes; survives restarts; one agent at a time", required=True
    )
    port: int = varied(AddressFlags, "port", default=port_of("agent", "plain"))
    runtime_dir: str | None = flag(
        PATH,
        "folder for what need not survive a reboot; on a machine: a folder in `/run`",
        instead="`work_dir/run`",
    )
    resources: str = flag(
        TEXT,
        "what is offered: `cpus:4;mem:4096;disk:10240;ports:[31000-32000]`, `cpus(web):2` reserved to a role, or a "
        "JSON list of Resources. Not named: cpus and memory by the smallest limit of our cgroups and of those above, "
        "then the machine; 1 GiB (or half) of memory and 5 GiB (or half) of disk are left; ports "
        f"`[{TASK_PORTS[0]}-{TASK_PORTS[1]}]`",
        default="",
        instead="sized",
    )
    attributes: str = flag(TEXT, "attributes of the agent: `rack:r1;os:debian`", default="")
    domain: DomainInfo | None = flag(DOMAIN, "the agent's fault domain, a DomainInfo as JSON")
    launcher: str | None = flag(
        choice("linux", "posix"), "OCI containers, or plain processes where containers cannot work", instead="by trial"
    )
    switch_user: bool = flag(BOOLEAN, "run tasks as the user that their command or framework names", default=True)
    executor_shutdown_grace_period: float = flag(
        DURATION,
        "time between SIGTERM and SIGKILL, also when no KillPolicy says one; Mesos has 3 s there",
        default=5.0,
    )
    executor_registration_timeout: float = flag(
        DURATION, "time that a custom executor has to subscribe, from its start", default=60.0
    )
    executor_reregistration_timeout: float = flag(
        DURATION,
        "time that custom executors have to subscribe again after a restart of the agent; Mesos has 2 s there",
        default=15.0,
    )
    authenticate_http_executors: bool = flag(
        BOOLEAN, "custom executors need the token that the agent gives them; see *Custom executors*", default=False
    )
    executor_environment_variables: Mapping[str, str] = flag(
        VARIABLES, "JSON object: environment given to every task", default={}, secret=True
    )
    recover: str = flag(
        choice("reconnect", "cleanup"),
        "reconnect to running tasks; `cleanup` kills what runs, forgets the agent's id, exits",
        default="reconnect",
    )
    strict: bool = flag(
        BOOLEAN, "refuse to start when any checkpoint cannot be read; Mesos' default is true", default=False
    )
    recovery_timeout: float = flag(
        DURATION, "passed to tasks of frameworks that checkpoint; tasks here wait for ever", default=900.0
    )
    registration_backoff_factor: float = flag(
        DURATION, "first wait before connecting again; doubles to a minute, half of it random", default=1.0
    )
    gc_delay: float = flag(
        DURATION,
        "how long sandboxes of tasks that are over are kept at most; the age allowed is "
        "delay × (1 − headroom − disk used)",
        default=604800.0,
    )
    gc_disk_headroom: float = flag(FRACTION, "part of the disk below which sandboxes go sooner", default=0.1)
    disk_watch_interval: float = flag(DURATION, "how often that is looked at", default=60.0)
    enforce_container_disk_quota: bool = flag(
        BOOLEAN, "end tasks that take more disk than they asked for; Mesos' default is false", default=True
    )
    container_disk_watch_interval: float = flag(
        DURATION, "how often a task's use of the disk is counted; Mesos' default is 15secs", default=1.0
    )
    container_disk_default: int = flag(
        sizes(SMALLEST_DISK), "disk of a task that asked for none", default=2 << 30, ours=True
    )
    disk_projects: tuple[int, int] | None = flag(
        PROJECT_RANGE,
        "hold tasks to their disk by project quotas with these ids, such as `100000-165535`, which nobody else on the "
        "file system of `work_dir` has. Mesos' `--xfs_project_range`",
        instead="files are counted",
        ours=True,
    )
    max_stdout_size: int = flag(
        sizes(SMALLEST_CAP),
        "how much of a task's stdout is kept, of its end; a flag of Mesos' logger module, which has 10 MiB and rotates",
        default=100 << 20,
    )
    max_stderr_size: int = flag(
        sizes(SMALLEST_CAP), "how much of a task's stderr is kept, of its end", default=100 << 20
    )
    container_usage_interval: float = flag(
        duration_within("100ms", "1days"),
        "how often a sample is taken of what each container uses; see *Samples*",
        default=10.0,
        ours=True,
    )
    cgroups_root: str = flag(CGROUP, "cgroup under which containers' are made", default="mesos")
    cgroups_enable_cfs: bool = flag(
        BOOLEAN,
        "hold tasks to the cpus they asked for, even when others idle; Mesos' default is false",
        default=True,
    )
    container_pids_limit: int = flag(
        whole(16, 4194304), "processes and threads a container may have", default=4096, ours=True
    )
    daemon_ports: Ranges = flag(
        PORT_RANGES,
        "ports of the cluster's daemons: no task may bind them, nor any below 1024, unless `resources` offers it",
        default=CLUSTER_PORTS,
        ours=True,
    )
    enforce_ports: bool = flag(
        BOOLEAN,
        "refuse to start where tasks cannot be kept from `daemon_ports`; else that is only logged",
        default=False,
        ours=True,
    )
    enforce_container_ports: bool = flag(
        BOOLEAN,
        "end a task that listens on a port that it was not offered; else that is only said",
        default=False,
    )
    container_ports_watch_interval: float = flag(
        duration_within("100ms", "1days"), "how often it is looked what tasks listen on", default=30.0
    )
    check_agent_port_range_only: bool = flag(
        BOOLEAN, "of what tasks listen on, look only at the ports that `resources` offers", default=False
    )
    container_ports_isolated_range: Ranges | None = flag(
        PORT_RANGES, "of what tasks listen on, look only at these ports: `[1-35000]`", instead="every port"
    )
    effective_capabilities: CapabilityInfo | None = flag(
        CAPABILITIES,
        'what tasks hold that ask for none: `{"capabilities": ["NET_RAW"]}`',
        instead="root the usual, others none",
    )
    bounding_capabilities: CapabilityInfo | None = flag(
        CAPABILITIES,
        "the most that tasks may ask for, in the same form",
        instead="the usual, without NET_RAW, and `effective_capabilities`",
    )
    additional_capabilities: CapabilityNames = flag(
        CAPABILITY_NAMES,
        "Linux capabilities that tasks may ask for beyond the usual ones, by name: `NET_RAW,SYS_PTRACE`; who has "
        "SYS_ADMIN has its machine",
        default=frozenset(),
        ours=True,
    )
    nvidia_gpu_devices: tuple[int, ...] = flag(
        NUMBERS,
        "GPUs that are offered and handed out, by the numbers of their device files: `0,1` for `/dev/nvidia0` and "
        "`/dev/nvidia1`; see *GPUs*",
        default=(),
    )
    network_cni_config_dir: str | None = flag(
        FOLDER,
        "folder of files that each configure a CNI network, which containers join by its name; see *Networks*",
        instead="none",
    )
    network_cni_plugins_dir: tuple[Path, ...] = flag(
        FOLDERS, "folders of CNI plugins, `:` between them", default=(Path("/usr/lib/cni"),)
    )
    bridge_network: str | None = flag(
        BRIDGE_NETWORK,
        "addresses of the agent's own bridge and the containers behind it, such as `198.18.128.0/20`: the network "
        "`mesos-bridge`, which BRIDGE of Docker's means",
        instead="no bridge",
        ours=True,
    )
    fetcher_stall_timeout: float = flag(DURATION, "a download without a byte for that long has failed", default=60.0)
    fetcher_timeout: float = flag(DURATION, "time for all URIs of a task", default=3600.0, ours=True)
    fetcher_max_size: int = flag(SIZE, "what the URIs of a task may take, unpacked", default=64 << 30, ours=True)
    fetcher_max_processes: int = flag(
        whole(1, 1024), "tasks whose URIs are fetched at the same time", default=16, ours=True
    )
    fetcher_cache_size: int = flag(
        SIZE, "what the cache of fetched files may take, 0B for none; see *The cache*", default=2 << 30
    )
    fetcher_cache_dir: str | None = flag(
        FOLDER, "folder of that cache, which is emptied at every start", instead="`fetch` below `--work_dir`"
    )
    fetcher_local_roots: tuple[Path, ...] | None = flag(
        FOLDERS,
        "folders, `:` between them, whose files tasks may fetch by `file:///path`; see *Fetching*",
        instead="what a task sees",
        ours=True,
    )
    frameworks_home: str | None = flag(FOLDER, "folder that relative paths of URIs begin in; its files may be fetched")
    image_providers: frozenset[str] | None = flag(
        IMAGE_PROVIDERS,
        "kinds of images that tasks may have: `docker,appc`, or nothing; see *Images*. Mesos' default is none",
        instead="by trial",
    )
    docker_registry: str = flag(
        IMAGE_REGISTRY,
        "where images are whose names hold no registry: `https://host:port`, or a folder of archives. Mesos' default "
        "is Docker's own",
        default="",
        instead="none",
    )
    docker_config: str | None = flag(
        FILE, "credentials of registries, a file in the form of Docker's `config.json`; read for every image"
    )
    docker_store_dir: str | None = flag(
        FOLDER, "folder of the store of images, Docker's and appc's", instead="`store` below `--work_dir`"
    )
    appc_simple_discovery_uri_prefix: str = flag(
        TEXT,
        "what stands in front of the names of appc images: `/path/`, or `file:///path/`",
        default="",
        instead="none",
    )
    allow_privileged: bool = flag(
        BOOLEAN,
        "run containers of Docker's that ask for `privileged`: all capabilities and devices, no filter of system "
        "calls; who runs one has the machine",
        default=False,
        ours=True,
    )
    allowed_host_paths: tuple[Path, ...] | None = flag(
        FOLDERS,
        "folders of this machine, `:` between them, that tasks may have as volumes of HOST_PATH, with all below",
        instead="none",
        ours=True,
    )
    image_gc_config: ImageGc = flag(
        IMAGE_GC,
        "Mesos' ImageGcConfig: `image_disk_headroom` (0.1), the part of the disk below which images go that no "
        "container has, and `excluded_images`. They are looked at every `disk_watch_interval`, or "
        "`image_disk_watch_interval`",
        default=ImageGc(),
    )
    max_completed_executors_per_framework: int = flag(
        whole(0, 100000), "executors that are over kept in `/state`, of each framework, with their tasks", default=150
    )
    http_credentials: str | None = flag(
        FILE, 'file of principals: `{"credentials": [{"principal": "…", "secret": "…"}]}`'
    )
    tls_port: int = varied(TlsPortFlags, "tls_port", default=AGENT_TLS_PORT)
