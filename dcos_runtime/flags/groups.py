"""Flags that several daemons have, in groups."""

from __future__ import annotations

from dataclasses import dataclass

from dcos_runtime.flags.declaring import Flags, flag, varied
from dcos_runtime.flags.values import (
    ADDRESS,
    BOOLEAN,
    FILE,
    FOLDER,
    LASTING,
    LEVEL,
    NAMES,
    PORT,
    REACHED_PORT,
    TEXT,
    URL_PATHS,
    ZK_URL,
    Ranges,
    duration_within,
    merged,
)
from dcos_runtime.shipped_services import all_ports, port, speakers, usual_callers

MASTER_TLS_PORT = port("master", "tls")
INIT_TLS_PORT = port("marathon", "tls")
AGENT_TLS_PORT = port("agent", "tls")

TASK_PORTS = (31000, 32000)
"""The first and the last port that agents offer to tasks. The role `common` keeps Linux from using them as ephemeral
ports; a test compares the two.
"""

CLUSTER_PORTS: Ranges = merged((number, number) for number in all_ports())
"""Every port of a daemon of the cluster."""


@dataclass(frozen=True, kw_only=True)
class HostnameFlags(Flags):
    """The name by which others reach the daemon."""

    hostname: str | None = flag(
        TEXT, "name or address that others reach this process by", instead="the name of the address"
    )


@dataclass(frozen=True, kw_only=True)
class TlsPortFlags(Flags):
    """The daemon's second port, for mutual TLS."""

    tls_port: int = flag(PORT, "port of the API over mutual TLS, 0 for any free one", default=0, ours=True)


@dataclass(frozen=True, kw_only=True)
class ClusterFlags(Flags):
    """The name of the cluster."""

    cluster: str | None = flag(TEXT, "name of the cluster, shown to people")


@dataclass(frozen=True, kw_only=True)
class IssuerFlags(Flags):
    """The issuer of the cluster's tokens."""

    token_issuer: str | None = flag(TEXT, "id of the cluster, a UUID: the issuer of its tokens", ours=True)


@dataclass(frozen=True, kw_only=True)
class AddressFlags(HostnameFlags, TlsPortFlags):
    """Where a daemon of the kernel listens, and the address that it advertises."""

    port: int = flag(PORT, "port to listen on, 0 for any free one", default=0)
    ip: str = flag(
        ADDRESS,
        "address to listen on; by default others cannot reach it (Mesos listens on all addresses)",
        default="127.0.0.1",
    )
    advertise_ip: str | None = flag(
        ADDRESS, "address that is reported to others; needed with `--ip=0.0.0.0`", instead="that of `ip`"
    )
    advertise_port: int | None = flag(REACHED_PORT, "port that is reported to others", instead="that of `port`")


@dataclass(frozen=True, kw_only=True)
class TlsFlags(Flags):
    """The certificates of mutual TLS, and which kinds of daemons may connect."""

    tls_ca: str | None = flag(
        FILE,
        "the cluster's CA certificate (PEM); with `tls_identity`: mutual TLS with the cluster's own daemons",
        ours=True,
    )
    tls_identity: str | None = flag(FILE, "this daemon's key and certificate (PEM)", ours=True)


@dataclass(frozen=True, kw_only=True)
class StoreFlags(Flags):
    """Where a daemon stores its state, and where its leader is elected."""

    zk: str | None = flag(
        ZK_URL,
        "`zk://[user:password@]host:port,host:port/path`: keep the state in ZooKeeper, and elect the leader there",
        instead="alone",
        secret=True,
    )
    zk_session_timeout: float = flag(
        LASTING,
        "after how much silence ZooKeeper takes this process for dead",
        default=10.0,
        on_clusters=duration_within("2secs", "40secs"),
    )


@dataclass(frozen=True, kw_only=True)
class GuardFlags(IssuerFlags):
    """Whose tokens and certificates are accepted, and which reads need no principal."""

    token_key: str | None = flag(
        FILE, "the public key (PEM) of the cluster's tokens: they are accepted from clients", ours=True
    )
    token_issuer: str | None = varied(IssuerFlags, "token_issuer", more="needed with `token_key`")
    anonymous_reads: tuple[str, ...] = flag(
        URL_PATHS, "paths that anybody may read, such as `/state,/metrics/snapshot`", default=(), ours=True
    )
    tls_clients: tuple[str, ...] = flag(
        NAMES,
        "kinds of daemons whose certificates are let in over mutual TLS, besides the operator's and its own",
        default=usual_callers(),
        ours=True,
    )
    tls_speakers: tuple[str, ...] = flag(
        NAMES,
        "those of `tls_clients` that pass users' requests on, and name the user",
        default=speakers(),
        ours=True,
    )


@dataclass(frozen=True, kw_only=True)
class UserFlags(GuardFlags):
    """How the daemon asks dcos-auth about users."""

    auth_socket: str | None = flag(
        FILE, "UNIX socket of the dcos-auth of this machine: users' passwords and revoked tokens", ours=True
    )


@dataclass(frozen=True, kw_only=True)
class AuthenticationFlags(Flags):
    """Which of the kernel's requests want a principal."""

    authenticate_http_readonly: bool = flag(BOOLEAN, "reads want a principal; see *Access*", default=False)
    authenticate_http_readwrite: bool = flag(BOOLEAN, "writes want a principal", default=False)


@dataclass(frozen=True, kw_only=True)
class MasterPortFlags(Flags):
    """The port at which daemons reach a master."""

    master_tls_port: int = flag(
        REACHED_PORT, "the masters' port for the cluster's own daemons, over TLS", default=MASTER_TLS_PORT, ours=True
    )


@dataclass(frozen=True, kw_only=True)
class LoggingFlags(Flags):
    """How a daemon logs."""

    logging_level: str = flag(LEVEL, "how much is logged to stderr: debug, info, warning or error", default="INFO")


@dataclass(frozen=True, kw_only=True)
class RecordingFlags(LoggingFlags):
    """Where and how much the daemon records."""

    record: str | None = flag(
        FOLDER,
        "keep the last of what this daemon decides on in this folder, for `python -m dcos_runtime.replay`; see "
        "*Recording*",
        ours=True,
    )
