"""dcos-master: starts the listeners, stands for election, leads until its leadership ends."""

from __future__ import annotations

import contextlib
import logging
import sys
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from dcos_runtime import daemon, tls
from dcos_runtime.daemon import Life, listening
from dcos_runtime.errors import Unstartable, explain
from dcos_runtime.flags.master import MasterFlags
from dcos_runtime.guard.guard import GuardUnusable
from dcos_runtime.leading.position import Peer
from dcos_runtime.leading.seat import Alone, Candidate, Place, take_part
from dcos_runtime.leading.standby import PeerTls, Standby
from dcos_runtime.master import settings as master_settings
from dcos_runtime.master.agents_http import AgentApi
from dcos_runtime.master.http import MesosDialect, public_api
from dcos_runtime.master.position import MasterPosition
from dcos_runtime.master.shell import start
from dcos_runtime.store.election import Leader
from dcos_runtime.store.previous import PreviousProcess
from dcos_runtime.store.zookeeper import ZooKeeperUrl, parse_url
from dcos_runtime.wire import codec
from dcos_runtime.wire.cluster import MasterInfo

log = logging.getLogger(__name__)

_SUMMARY = (
    "The kernel's master: agents and frameworks meet here. Flags are those of Mesos; MESOS_<NAME> sets them, too."
)


def main(argv: Sequence[str] | None = None) -> int:
    flags = daemon.own_flags(MasterFlags, _SUMMARY, argv, check=master_settings.check, checks=master_settings.CHECKS)
    daemon.configure_logging(flags.logging_level)
    return daemon.run(lambda life: serve(flags, life))


async def serve(flags: MasterFlags, life: Life) -> None:
    """Listens, prints the ready line, and runs until ``life`` ends. With a store of its own it is ready when it leads;
    one of several masters is ready when it knows the leader.
    """
    position = MasterPosition(time.time(), flags.shown(), flags.cluster, life.stalls, acls=flags.acls)
    try:
        admission = master_settings.admission_of(flags)
        files = tls.files(flags.tls_ca, flags.tls_identity)
        async with AsyncExitStack() as stack:
            stack.push_async_callback(admission.guard.close)
            standby = Standby(position, MesosDialect())
            stack.push_async_callback(standby.close)
            others = public_api(position, admission, standby) if files else None
            agents = await stack.enter_async_context(
                listening(
                    AgentApi(position, admission, others).application(),
                    flags.ip,
                    flags.tls_port,
                    tls=files.server() if files is not None else None,
                    members_only=True,
                )
            )
            public = await stack.enter_async_context(
                listening(public_api(position, admission).application(), flags.ip, flags.port)
            )
            own = master_settings.master_info(flags, public.port)
            position.tls_port = agents.port
            if files is not None:
                standby.peer_tls = PeerTls(files.client("master"), agents.port)
            settings = master_settings.settings(flags, own)
            seat = _seat(flags, own)
            position.own = peer(own)
            await take_part(
                position,
                life,
                seat,
                lambda leadership: start(settings, leadership, flags.record),
                lambda: print(daemon.ready_line(flags.program, public), flush=True),
            )
    except (OSError, tls.TlsError, GuardUnusable) as error:
        life.end(1, explain(error))


def place_of(url: ZooKeeperUrl, session_seconds: float) -> Place:
    """Masters stand at the path of --zk, as those of Mesos do; their state is in ``dcos`` beside it, under its name.

    So masters at different paths are different clusters, as in Mesos.
    """
    above, _, name = url.path.rpartition("/")
    return Place(url, url.path, f"{above}/dcos/{name}", session_seconds, public=True)


def _seat(flags: MasterFlags, own: MasterInfo) -> Alone | Candidate:
    """Raises ``OSError``."""
    if flags.zk is None:
        return Alone(Path(flags.work_dir) / "registry.sqlite")
    try:
        previous = PreviousProcess(Path(flags.work_dir), lambda content: _same_place(content, own))
    except OSError as error:
        raise Unstartable(
            f"--work_dir={flags.work_dir} cannot be used",
            why=explain(error),
            hint="give a folder that this process may write into",
        ) from error
    return Candidate(place_of(parse_url(flags.zk), flags.zk_session_timeout), codec.encode(own), _peer_of, previous)


def _same_place(content: bytes, own: MasterInfo) -> bool:
    with contextlib.suppress(codec.DecodeError):
        other = codec.decode(content, MasterInfo)
        return (other.ip, other.port, other.hostname) == (own.ip, own.port, own.hostname)
    return False


def peer(info: MasterInfo) -> Peer:
    ip = info.address.ip if info.address is not None else None
    return Peer(info.id, f"{info.hostname}:{info.port}", ip or info.hostname or "")


def _peer_of(leader: Leader) -> Peer | None:
    try:
        return peer(codec.decode(leader.content, MasterInfo))
    except codec.DecodeError as error:
        log.error("%s holds no MasterInfo: %s", leader.node, error)
        return None


if __name__ == "__main__":
    sys.exit(main())
