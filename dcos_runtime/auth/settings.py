"""What the flags of ``dcos-auth`` become, and which of them exclude each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from dcos_runtime import tls
from dcos_runtime.flags import FlagError
from dcos_runtime.flags.auth import AuthFlags
from dcos_runtime.gateway.services import ServicesUnusable, by_hand, load
from dcos_runtime.store.zookeeper import parse_url
from dcos_runtime.wire.cluster_services import ServiceRecord

CHECKS: Mapping[str, Callable[[str], object]] = {"zk": parse_url}
"""Further checks of the flags' texts."""


def services(flags: AuthFlags) -> tuple[ServiceRecord, ...]:
    """The services that the gateway lists and passes requests on to. Raises `ServicesUnusable`."""
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
    own = flags.address or flags.masters[0]
    return (own, *(master for master in flags.masters if master != own))


def check(flags: AuthFlags) -> None:
    """Checks flags against each other. Raises `FlagError`."""
    problems = []
    if (flags.zk is None) == (flags.work_dir is None):
        problems.append("one of --zk (on clusters) and --work_dir (by hand) is wanted: the users are kept there")
    if not flags.masters:
        problems.append("--masters names no address")
    elif flags.address is not None and flags.address not in flags.masters:
        problems.append(f"--address {flags.address} is not one of --masters")
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
