"""The flags of ``dcos-auth``. All of them are ours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from dcos_runtime.flags.declaring import flag, varied
from dcos_runtime.flags.groups import (
    AGENT_TLS_PORT,
    INIT_TLS_PORT,
    ClusterFlags,
    IssuerFlags,
    LoggingFlags,
    MasterPortFlags,
    StoreFlags,
    TlsFlags,
)
from dcos_runtime.flags.values import ADDRESSES, FILE, NAMES, PATH, REACHED_PORT, TEXT, duration_or
from dcos_runtime.shipped_services import port


@dataclass(frozen=True, kw_only=True)
class AuthFlags(StoreFlags, IssuerFlags, ClusterFlags, TlsFlags, MasterPortFlags, LoggingFlags):
    """The flags of ``dcos-auth``."""

    program: ClassVar[str] = "dcos-auth"
    prefix: ClassVar[str] = "DCOS_AUTH_"

    socket: str = flag(
        PATH, "UNIX socket to listen on, for nginx and the daemons of this machine", default="/run/dcos-auth/auth.sock"
    )
    work_dir: str | None = flag(PATH, "folder of the users, by hand; one of it and `zk`")
    zk_session_timeout: float = varied(
        StoreFlags,
        "zk_session_timeout",
        kind=duration_or("secs", 1.0, 600.0),
        more="for as long what is known of users is trusted, counted from when ZooKeeper was asked last and answered",
    )
    token_private_key: str = flag(PATH, "file with the RSA key (PEM) that tokens are signed with", required=True)
    token_issuer: str = varied(IssuerFlags, "token_issuer", required=True)
    administrator: str | None = flag(PATH, 'file `{"uid", "hash"}`: the first user of a cluster that has never had one')
    reserved_users: tuple[str, ...] = flag(
        NAMES,
        "names that no user may have: the principals of credentials files. Those that begin with dcos_ never may",
        default=(),
    )
    masters: tuple[str, ...] = flag(ADDRESSES, "addresses of all masters", default=("127.0.0.1",))
    address: str | None = flag(TEXT, "this machine's own address, one of `masters`", instead="the first of them")
    init_tls_port: int = flag(REACHED_PORT, "the inits' port for our own daemons, over TLS", default=INIT_TLS_PORT)
    agent_tls_port: int = flag(REACHED_PORT, "the agents' port for our own daemons, over TLS", default=AGENT_TLS_PORT)
    gateway_port: int = flag(REACHED_PORT, "port of the gateways", default=port("gateway", "https"))
    services: str | None = flag(
        FILE,
        "file (JSON) with what the cluster's services are called, how each is asked and which paths lead to it; on "
        "clusters `etc/auth/services.json`, made of the services' descriptors",
        instead="kernel and init at the ports above",
    )
    dcos_version: str = flag(TEXT, "version of DC/OS that is reported as that of the interfaces here", default="2.0.0")
    generation: str | None = flag(PATH, "folder of the active generation; its manifest.json says what is installed")
