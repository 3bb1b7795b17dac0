"""dcos-master: starts the listeners, gets elected, leads until it may not any more."""

from __future__ import annotations

import contextlib
import logging
import sys
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from dcos_runtime import daemon, tls
from dcos_runtime.daemon import Life
from dcos_runtime.flags import Flags
from dcos_runtime.guard.guard import GuardUnusable
from dcos_runtime.master import flags as master_flags
from dcos_runtime.master.agents_http import AgentApi
from dcos_runtime.master.core.state import Config
from dcos_runtime.master.forward import Forwarder
from dcos_runtime.master.http import PublicApi, Role
from dcos_runtime.master.leader import begin
from dcos_runtime.store import Store, StoreError
from dcos_runtime.store.election import Leader, ZooKeeperContender, ZooKeeperDetector
from dcos_runtime.store.former import Former
from dcos_runtime.store.lease import Forever, Term
from dcos_runtime.wire import codec
from dcos_runtime.wire.cluster import MasterInfo

log = logging.getLogger(__name__)

_SUMMARY = (
    "The kernel's master: agents and frameworks meet here. Flags are the original's; MESOS_<NAME> sets them, too."
)


def main(argv: Sequence[str] | None = None) -> int:
    flags = daemon.own_flags(master_flags.PROGRAM, _SUMMARY, master_flags.FLAGS, argv, check=master_flags.check)
    daemon.configure_logging(flags.logging_level)
    return daemon.run(lambda life: serve(flags, life))


async def serve(flags: Flags, life: Life) -> None:
    """Listens, prints the ready line, and is a master until ``life`` ends.

    With a store of its own it is ready when it leads; one of several masters, when it can tell who leads.
    """
    started_at = time.time()
    # The listener is bound before it knows itself: with --port=0 its own address comes from it.
    own = MasterInfo(id="", ip=0, port=0)
    role = Role(own, started_at, master_flags.shown(flags), flags.cluster, stalls=life.stalls)
    try:
        doors = master_flags.who_may_pass(flags)
        files = tls.files(flags.tls_ca, flags.tls_identity)
        context = files.server() if files is not None else None
        async with (
            _passing_on(files) as forwarder,
            daemon.listening(
                AgentApi(role, doors, PublicApi(role, doors, forwarder) if forwarder else None).application(),
                flags.ip,
                flags.agent_port,
                tls=context,
                unpack=False,
                members_only=True,
            ) as agents,
            daemon.listening(PublicApi(role, doors).application(), flags.ip, flags.port, unpack=False) as public,
        ):
            role.own = master_flags.master_info(flags, public.port)
            role.agent_port = agents.port
            config = master_flags.config(flags, role.own)
            if flags.zk is not None:
                life.spawn(_lead_elected(flags, config, role, forwarder, life), "leading")
            elif not await _lead_alone(flags, config, role, life):
                return
            print(daemon.ready_line(master_flags.PROGRAM, public), flush=True)
            await life.ended()
            leader, role.leader = role.leader, None  # no more calls
            if leader is not None:
                leader.stop()
    except (OSError, tls.TlsError, GuardUnusable) as error:
        life.end(1, str(error))


@contextlib.asynccontextmanager
async def _passing_on(files: tls.Files | None) -> AsyncIterator[Forwarder | None]:
    forwarder = Forwarder(files) if files is not None else None
    try:
        yield forwarder
    finally:
        if forwarder is not None:
            await forwarder.close()


async def _lead_alone(flags: Flags, config: Config, role: Role, life: Life) -> bool:
    from dcos_runtime.store.sqlite import SqliteStore

    role.leading = role.own
    return await _begin(flags, config, SqliteStore(Path(flags.work_dir) / "registry.sqlite"), role, life, Forever())


async def _begin(flags: Flags, config: Config, store: Store, role: Role, life: Life, lease: Term) -> bool:
    """Whether it leads; else ``life`` ends."""
    record = Path(flags.record) if flags.record is not None else None
    try:
        role.leader = await begin(config, store, life, lease, record)
    except StoreError as error:
        life.end(1, str(error))
        return False
    return True


async def _lead_elected(flags: Flags, config: Config, role: Role, forwarder: Forwarder | None, life: Life) -> None:
    """Contends at the path of --zk; the state is kept in ``dcos/master`` beside it, which holds masters only."""
    from dcos_runtime.store.zookeeper import Session, parse_url
    from dcos_runtime.store.zookeeper_store import ZooKeeperStore

    url = parse_url(flags.zk)
    try:
        former = Former(Path(flags.work_dir), lambda content: _same_place(content, role.own))
    except OSError as error:
        life.end(1, f"--work_dir={flags.work_dir} cannot be used: {error}")
        return
    session = Session(url, flags.zk_session_timeout)
    session.start()
    detector = ZooKeeperDetector(session, url.path)
    watch = life.spawn(_watch(detector, role, forwarder), "leader detection")
    contender = ZooKeeperContender(session, url.path, codec.encode(role.own), public=True, former=former)
    try:
        await contender.elected()
        log.info("elected; recovering")
        store = ZooKeeperStore(session, url.path.rpartition("/")[0] + "/dcos/master", lease=contender.lease)
        await store.take_over(role.own.pid or role.own.id, contender.standing)
        contender.guard(*store.fence)
        await _begin(flags, config, store, role, life, contender.lease)
        life.end(1, f"leadership is lost: {await contender.lost()}; the next start contends again")
    except StoreError as error:
        life.end(1, str(error))
    finally:
        watch.cancel()
        await contender.close()
        await detector.close()
        await session.close()


def _same_place(content: bytes, own: MasterInfo) -> bool:
    with contextlib.suppress(codec.DecodeError):
        other = codec.decode(content, MasterInfo)
        return (other.ip, other.port, other.hostname) == (own.ip, own.port, own.hostname)
    return False


async def _watch(detector: ZooKeeperDetector, role: Role, forwarder: Forwarder | None) -> None:
    known: Leader | None = None
    while True:
        known = await detector.changed(known)
        leading: MasterInfo | None = None
        if known is not None:
            try:
                leading = codec.decode(known.content, MasterInfo)
            except codec.DecodeError as error:
                log.error("%s holds no MasterInfo: %s", known.node, error)
        role.leading = leading
        if forwarder is not None:
            forwarder.follow(leading)


if __name__ == "__main__":
    sys.exit(main())
