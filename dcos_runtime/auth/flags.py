"""What the flags of ``dcos-auth`` say together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from dcos_runtime import tls
from dcos_runtime.flags import FlagError
from dcos_runtime.flags.auth import AuthFlags
from dcos_runtime.gateway.services import Service, ServicesUnusable, by_hand, load
from dcos_runtime.store.zookeeper import parse_url

CHECKS: Mapping[str, Callable[[str], object]] = {"zk": parse_url}
"""What else the texts of flags have to pass."""


def services(flags: AuthFlags) -> tuple[Service, ...]:
    """What the gateway tells of and leads to. Raises `ServicesUnusable`."""
    if flags.services is not None:
        return load(Path(flags.services))
    return by_hand(
        master=flags.master_tls_port,
        init=flags.init_tls_port,
        agent=flags.agent_tls_port,
        gateway=flags.gateway_port,
    )


def own_first(flags: AuthFlags) -> tuple[str, ...]:
    """All masters, this machine's own address in front."""
    own = flags.ip or flags.masters[0]
    return (own, *(master for master in flags.masters if master != own))


def check(flags: AuthFlags) -> None:
    """What no single flag can tell. Raises `FlagError`."""
    problems = []
    if (flags.zk is None) == (flags.work_dir is None):
        problems.append("one of --zk (on clusters) and --work_dir (by hand) is wanted: the users are kept there")
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
        raise FlagError(flags.program, problems)
