"""The flags of ``dcos-auth``."""

from __future__ import annotations

import ipaddress
from pathlib import Path

from dcos_runtime import tls
from dcos_runtime.daemon import Leave
from dcos_runtime.flags import Flag, Flags, number, port
from dcos_runtime.gateway.services import Service, ServicesUnusable, by_hand, load
from dcos_runtime.store.zookeeper import parse_url

PREFIX = "DCOS_AUTH_"


def addresses(text: str) -> tuple[str, ...]:
    """``198.18.0.11,198.18.0.12``. Raises ``ValueError``."""
    return tuple(str(ipaddress.ip_address(part.strip())) for part in text.split(",") if part.strip())


def names(text: str) -> tuple[str, ...]:
    """``spark,jenkins``."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


DECLARED = (
    Flag("zk", "zk://user:password@host:port,host:port/path (or file://…): keep the users in ZooKeeper.", secret=True),
    Flag("zk_session_timeout", "Seconds that ZooKeeper waits before it takes this process for dead, and that what is "
         "known of users is trusted, counted from when ZooKeeper was asked last and answered.", 10.0, number(1, 600)),
    Flag("work_dir", "Folder for the users, when started without --zk: by hand."),
    Flag("socket", "UNIX socket to listen on, for nginx and the daemons of this machine.", "/run/dcos-auth/auth.sock"),
    Flag("token_private_key", "File with the RSA key (PEM) that tokens are signed with.", required=True),
    Flag("token_issuer", "Id of the cluster, a UUID: the issuer of its tokens.", required=True),
    Flag("administrator", 'File {"uid", "hash"}: the first user of a cluster that has never had one.'),
    Flag("reserved_users", "Names that no user may have, separated by commas: the principals of --credentials. Those "
         "that begin with dcos_ never may.", (), names),
    *tls.FLAGS,
    Flag("masters", "Addresses of all masters, separated by commas.", ("127.0.0.1",), addresses),
    Flag("ip", "This machine's own address, one of --masters. Default: the first of them."),
    Flag("master_tls_port", "Port of the masters for our own daemons.", 5049, port),
    Flag("init_tls_port", "Port of the inits for our own daemons.", 8443, port),
    Flag("agent_tls_port", "Port of the agents for our own daemons.", 5052, port),
    Flag("gateway_port", "Port of the gateways.", 443, port),
    Flag("services", "File (JSON) that says which services the cluster has, how each is asked and which paths lead to "
         "it. Default: kernel and init at the ports above.", path=True),
    Flag("cluster", "What the cluster is called."),
    Flag("dcos_version", "Version of DC/OS whose interfaces are told to be spoken here.", "2.0.0"),
    Flag("generation", "Folder of the active generation; its manifest.json says what is installed."),
    Flag("logging_level", "debug, info, warn or error.", "info"),
)  # fmt: skip


def services(flags: Flags) -> tuple[Service, ...]:
    """What the gateway tells of and leads to. Raises `ServicesUnusable`."""
    if flags.services is not None:
        return load(Path(flags.services))
    return by_hand(
        master=flags.master_tls_port,
        init=flags.init_tls_port,
        agent=flags.agent_tls_port,
        gateway=flags.gateway_port,
    )


_LEVELS = {"debug": "DEBUG", "info": "INFO", "warn": "WARNING", "warning": "WARNING", "error": "ERROR"}


def log_level(flags: Flags) -> str:
    return _LEVELS[flags.logging_level.lower()]


def own_first(flags: Flags) -> tuple[str, ...]:
    """All masters, this machine's own address in front."""
    own = flags.ip or flags.masters[0]
    return (own, *(master for master in flags.masters if master != own))


def check(program: str, flags: Flags) -> None:
    """What no single flag shows. Raises `daemon.Leave` with every problem."""
    problems = []
    if flags.zk is not None:
        try:
            parse_url(flags.zk)
        except ValueError as error:
            problems.append(f"--zk: {error}")
    if (flags.zk is None) == (flags.work_dir is None):
        problems.append("one of --zk (on clusters) and --work_dir (by hand) is wanted: the users are kept there")
    if flags.logging_level.lower() not in _LEVELS:
        problems.append(f"--logging_level {flags.logging_level!r}: expected one of {', '.join(_LEVELS)}")
    if not flags.masters:
        problems.append("--masters names no address")
    elif flags.ip is not None and flags.ip not in flags.masters:
        problems.append(f"--ip {flags.ip} is not one of --masters")
    try:
        services(flags)
    except ServicesUnusable as error:
        problems.append(str(error))
    try:
        tls.files(flags.tls_ca, flags.tls_identity)
    except ValueError as error:
        problems.append(str(error))
    if problems:
        raise Leave(2, "\n".join(f"{program}: {problem}" for problem in problems))
