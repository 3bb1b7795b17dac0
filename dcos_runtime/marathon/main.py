"""``dcos-marathon``: the init, as a daemon with a leader: the special parts of its start and flags."""

from __future__ import annotations

import functools
import getpass
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from dcos_runtime import tls
from dcos_runtime.core.recorder import Recorder
from dcos_runtime.flags.marathon import MarathonFlags
from dcos_runtime.framework.client import Client, Credential
from dcos_runtime.framework.core import recorded as connection
from dcos_runtime.framework.core.core import SubscriptionCore
from dcos_runtime.framework.leader import MasterLeader
from dcos_runtime.leading.main import Daemon, Here, Unusable, secret_in
from dcos_runtime.leading.position import Position
from dcos_runtime.leading.routes import Pattern
from dcos_runtime.leading.seat import Leadership
from dcos_runtime.marathon import settings as marathon_settings
from dcos_runtime.marathon.core import recorded
from dcos_runtime.marathon.core.core import InitCore
from dcos_runtime.marathon.events import Hub
from dcos_runtime.marathon.http.apps import Apps
from dcos_runtime.marathon.http.dialect import MarathonDialect
from dcos_runtime.marathon.http.system import ProcessInfo, System
from dcos_runtime.marathon.shell import InitShell
from dcos_runtime.recording import recorder
from dcos_runtime.store import StoreError
from dcos_runtime.wire.cluster import FrameworkInfo

log = logging.getLogger(__name__)

_CAPABILITIES = ("PARTITION_AWARE", "TASK_KILLING_STATE", "MULTI_ROLE", "RESERVATION_REFINEMENT", "REGION_AWARE")


class Init(Daemon[InitShell, MarathonFlags]):
    """The daemon ``dcos-marathon``."""

    summary = "The init: keeps apps running on a Mesos cluster and serves Marathon's /v2 API."
    kind = "marathon"
    flags = MarathonFlags
    checks = marathon_settings.CHECKS
    realm = marathon_settings.REALM
    dialect: MarathonDialect

    def __init__(self) -> None:
        self.dialect = MarathonDialect()
        self._credential: Credential | None = None

    def problems(self, flags: MarathonFlags) -> list[str]:
        return [*super().problems(flags), *marathon_settings.problems(flags)]

    def prepare(self, flags: MarathonFlags) -> None:
        self._credential = _credential(flags)

    def file(self, flags: MarathonFlags) -> Path:
        try:
            folder = marathon_settings.work_dir(flags)
        except RuntimeError:
            raise Unusable(
                "there is no place for the state",
                why="HOME is not set, and this user is not in the password database",
                hint="give --work_dir",
            ) from None
        log.info("state in %s", folder)
        return folder / "marathon.db"

    def routes(self, position: Position[InitShell], here: Here[MarathonFlags]) -> Sequence[Pattern]:
        self.dialect.address = here.address
        flags = here.flags
        identity = ProcessInfo(
            address=here.address,
            config=marathon_settings.shown(flags, _web_page(here), here.host),
            http_port=here.http_port,
            tls_port=here.tls_port,
            zookeeper=marathon_settings.shown_zookeeper(flags),
        )
        abdicate = None if flags.zk is None else lambda: here.life.end(0, "told to abdicate")
        system = System(lambda: position.leading_shell, identity, here.life.stalls, abdicate)
        return [*Apps(lambda: position.leading_shell).routes(), *system.routes()]

    async def start(self, leadership: Leadership, here: Here[MarathonFlags]) -> InitShell:
        flags, credential = here.flags, self._credential
        settings = marathon_settings.settings(flags, _info(here, credential))
        try:
            shell = await InitShell.load(leadership, Hub(), settings, functools.partial(_recorder, flags))
        except ValueError as fault:
            raise StoreError(str(fault)) from fault
        secure = None if here.files is None else here.files.client("master")
        master = MasterLeader(flags.master, None if secure is None else flags.master_tls_port)
        client = Client(
            master,
            shell.introduce,
            shell,
            credential=credential,
            tls=secure,
            term=leadership.lease,
            record=functools.partial(_connection_recorder, flags),
        )
        shell.subscribe(client, master, teardown=flags.teardown_at_end)
        return shell


def _web_page(here: Here[MarathonFlags]) -> str:
    return str(here.flags.webui_url or f"http://{here.address}")


def _info(here: Here[MarathonFlags], credential: Credential | None) -> FrameworkInfo:
    """The FrameworkInfo without the id and the roles. Its principal has to be the one that the master authenticates."""
    principal = credential.principal if credential is not None else None
    if here.files is not None:
        principal = tls.principal("marathon")
    return FrameworkInfo(
        user=here.flags.mesos_user or _own_user(),
        name=here.flags.framework_name,
        failover_timeout=here.flags.failover_timeout,
        checkpoint=True,
        hostname=here.host,
        principal=principal,
        webui_url=_web_page(here),
        capabilities=[FrameworkInfo.Capability(type=FrameworkInfo.Capability.Type(name)) for name in _CAPABILITIES],
    )


def _recorder(flags: MarathonFlags, core: InitCore, seed: bytes) -> Recorder | None:
    return recorder(flags.record, core, recorded.NAME, seed, recorded.Veil)


def _connection_recorder(flags: MarathonFlags, core: SubscriptionCore, seed: bytes) -> Recorder | None:
    """The same for the connection to the master, which has a core of its own."""
    return recorder(flags.record, core, connection.NAME, seed, connection.Veil)


def _credential(flags: MarathonFlags) -> Credential | None:
    principal, file = flags.mesos_authentication_principal, flags.mesos_authentication_secret_file
    if not principal or not file:
        return None
    return Credential(principal, secret_in("mesos_authentication_secret_file", file))


def _own_user() -> str:
    """The name of this process's user; its number if it has no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def main() -> None:
    sys.exit(Init().main())


if __name__ == "__main__":
    main()
