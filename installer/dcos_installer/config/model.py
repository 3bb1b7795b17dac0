"""The specification of a cluster: ClusterSpec and its parts, typed, frozen, valid by construction."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from dcos_runtime.flags.master import MasterFlags

Role = Literal["master", "agent", "public_agent"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SshSpec(_Frozen):
    """How a host is reached according to the inventory; a provider that makes its machines may know other settings."""

    address: str
    """What SSH connects to: an IPv4 address or a DNS name (``ansible_host``); empty: known after creation."""
    port: int = Field(default=22, ge=1, le=65535)
    user: str = "root"
    identity_file: Path | None = None
    jump: str = ""
    """The hosts that SSH goes through, as ``ssh -J`` takes them; empty: only those of the operator's own SSH
    configuration.
    """
    become: bool = False
    """Commands go through sudo, because ``user`` is not root."""
    python: str | None = None
    """The interpreter that Ansible's modules use on the host; found by itself when None."""


class HostSpec(_Frozen):
    """One machine. ``cpus``, ``mem_mb`` and ``disk_mb`` are its declared shape; None: whatever the machine has."""

    name: str
    address: str
    """The IPv4 address that the cluster's members use; empty: known after creation."""
    roles: frozenset[Role]
    ssh: SshSpec
    cpus: float | None = None
    mem_mb: int | None = None
    disk_mb: int | None = None
    attributes: dict[str, str] = Field(default_factory=dict)
    resources: str | None = None
    """Mesos' ``--resources``, which the agent offers instead of its own values."""
    gpus: tuple[int, ...] = ()
    """The GPUs that the agent hands out, by the numbers of their device files."""
    late: bool = False
    """Whether the inventory leaves the address to the provider, which reports it after creation."""
    options: dict[str, str] = Field(default_factory=dict)
    """The provider's own variables, as the inventory has them for this host."""

    @property
    def is_master(self) -> bool:
        return "master" in self.roles

    @property
    def is_agent(self) -> bool:
        return bool(self.roles & {"agent", "public_agent"})


_MASTER = MasterFlags(work_dir="")
"""A variable for each value that the inventory leaves out."""


class Settings(_Frozen):
    """The settings of the whole cluster. Durations are seconds."""

    operator_networks: tuple[IPv4Network, ...] = ()
    """Networks that may reach the kernel's ports, besides members."""
    agent_ping_timeout: float = _MASTER.agent_ping_timeout
    max_agent_ping_timeouts: int = _MASTER.max_agent_ping_timeouts
    agent_reregister_timeout: float = _MASTER.agent_reregister_timeout
    zk_session_timeout: float | None = None
    """Seconds of silence after which ZooKeeper gives up a master or init; None: see `ClusterSpec.zk_session_timeout`.
    """
    anonymous_reads: tuple[str, ...] = ()
    """Paths of masters and agents that may be read without a credential."""
    agent_capabilities: tuple[str, ...] = ()
    """Linux capabilities that tasks may ask for beyond the usual ones."""
    docker_registry: str = ""
    """Where agents find images whose names hold no registry; empty: nowhere."""
    docker_config: str = ""
    """The file on the agents with credentials of registries; empty: none."""
    allow_privileged: bool = False
    """Whether agents run privileged containers."""
    allowed_host_paths: tuple[str, ...] = ()
    """Folders of agents that tasks may have as volumes."""
    bridge_network: str = ""
    """Addresses of each agent's own bridge and the containers behind it; empty: no bridge."""
    agent_disk_projects: str = "2147483648-2147549183"
    """Ids of project quotas that agents give to tasks where their file system has such quotas; empty: none."""
    principals: tuple[str, ...] = ()
    """Principals of frameworks and tools that get a secret of their own."""
    repositories: tuple[tuple[str, str], ...] = ()
    """Names and URLs of the repositories that a new cluster's packages come from, the first before the others."""
    repository_root: str = ""
    """TUF root metadata (JSON) that every repository has to be signed by; empty: none has to be signed."""
    allowed_networks: tuple[IPv4Network | IPv6Network, ...] = ()
    """Networks that the package manager may fetch from although they are loopback, link-local or the cluster's own."""
    mirror: str = ""
    """The base URL of the cluster's own mirror of artifacts; empty: they come from where packages say."""
    mirror_registry: str = ""
    """``host:port`` of the registry that has the packages' images; empty: they come from where packages say."""


SESSION_SECONDS, LONE_SESSION_SECONDS = 5.0, 20.0
"""The session timeout of ZooKeeper's clients. With one master no other could take over, so a slow one gets more time.
"""


class ClusterSpec(_Frozen):
    """A whole cluster, from one inventory. ``cluster_id`` is a version-4 UUID, kept in the operator's state."""

    name: str
    cluster_id: str
    provider: str
    """A name that `providers.registry` knows."""
    hosts: tuple[HostSpec, ...]
    settings: Settings = Settings()
    options: dict[str, str] = Field(default_factory=dict)
    """The provider's own variables, as the inventory has them for the whole cluster."""
    inventory_path: Path

    @property
    def masters(self) -> tuple[HostSpec, ...]:
        return tuple(host for host in self.hosts if host.is_master)

    @property
    def zk_session_timeout(self) -> float:
        """Seconds of silence after which ZooKeeper gives up a master or init, and another one leads."""
        usual = SESSION_SECONDS if len(self.masters) > 1 else LONE_SESSION_SECONDS
        given = self.settings.zk_session_timeout
        return usual if given is None else given

    @property
    def agents(self) -> tuple[HostSpec, ...]:
        """Private and public agents."""
        return tuple(host for host in self.hosts if host.is_agent)

    def host(self, name: str) -> HostSpec:
        """The host of that name. Raises ``KeyError``."""
        for host in self.hosts:
            if host.name == name:
                return host
        raise KeyError(name)
