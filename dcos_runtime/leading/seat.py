"""How a daemon comes to lead, and what it has while it leads: the store, and a lease. `Alone` is for a daemon started
by hand. A `Candidate` stands for election at a ``zk://`` path with others of its kind.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

from dcos_runtime.daemon import Life
from dcos_runtime.errors import explain
from dcos_runtime.leading.position import CannotGoOn, Peer, Position, S
from dcos_runtime.store import Store, StoreError
from dcos_runtime.store.election import Leader, ZooKeeperContender, ZooKeeperDetector
from dcos_runtime.store.lease import Forever, NotLeading, Term
from dcos_runtime.store.previous import PreviousProcess
from dcos_runtime.store.zookeeper import ZooKeeperUrl

log = logging.getLogger(__name__)

DRAIN_SECONDS = 2.0
"""How long a daemon that is stopped waits for requests under way, before it gives up the leadership."""


@dataclass(frozen=True)
class Leadership:
    """What a process has while it leads: only it writes to the ``store``, and it answers while the ``lease`` is
    valid.
    """

    store: Store
    lease: Term


Start = Callable[[Leadership], Awaitable[S]]
"""Recovers what was stored, and makes the shell that leads. Raises ``StoreError`` and ``OSError``."""


class Alone:
    """There are no other candidates, and the state is in one file."""

    def __init__(self, file: Path) -> None:
        from dcos_runtime.store.sqlite import SqliteStore

        self._store = SqliteStore(file)

    async def occupy(self, position: Position[S], life: Life, start: Start[S], ready: Callable[[], None]) -> None:
        """``ready`` is called when it leads."""
        position.follow(position.own)
        if await _start(position, life, start, Leadership(self._store, Forever())):
            ready()

    async def close(self) -> None:
        await self._store.close()


@dataclass(frozen=True)
class Place:
    """Where daemons of one kind meet in ZooKeeper: ``election`` and ``store`` are paths there."""

    url: ZooKeeperUrl
    election: str
    """The folder of the candidates' nodes; it may hold nothing else."""
    store: str
    session_seconds: float
    public: bool = False
    """Whether anybody may read who leads."""


class Candidate:
    """``content`` is what this process writes into its node; ``peer_of`` reads the content of another's node (None:
    unreadable). ``previous``: the process before this one, whose node is removed first.
    """

    def __init__(
        self,
        place: Place,
        content: bytes,
        peer_of: Callable[[Leader], Peer | None],
        previous: PreviousProcess | None = None,
    ) -> None:
        from dcos_runtime.store.zookeeper import ZooKeeperSession

        self._place = place
        self._peer_of = peer_of
        self._session = ZooKeeperSession(place.url, place.session_seconds)
        self._session.start()
        self._detector = ZooKeeperDetector(self._session, place.election)
        self._contender = ZooKeeperContender(
            self._session, place.election, content, public=place.public, previous=previous
        )

    async def occupy(self, position: Position[S], life: Life, start: Start[S], ready: Callable[[], None]) -> None:
        """Runs in the background. ``ready`` is called at once, because a standby answers requests, too."""
        life.spawn(self._follow(position), "leader detection")
        life.spawn(self._stand(position, life, start), "the election")
        ready()

    async def close(self) -> None:
        """Ends the session, and with it our node in the election: another may lead at once."""
        await self._contender.close()
        await self._detector.close()
        await self._session.close()

    async def _follow(self, position: Position[S]) -> None:
        known: Leader | None = None
        while True:
            known = await self._detector.changed(known)
            peer = None if known is None else self._peer_of(known)
            position.follow(None if peer is None or known is None else replace(peer, node=known.node))

    async def _stand(self, position: Position[S], life: Life, start: Start[S]) -> None:
        from dcos_runtime.store.zookeeper_store import ZooKeeperStore

        try:
            await self._contender.elected()
            log.info("elected as leader; recovering")
            store = ZooKeeperStore(self._session, self._place.store, lease=self._contender.lease)
            await store.take_over(position.own.address if position.own is not None else "", self._contender.standing)
            self._contender.guard(*store.fence)
        except StoreError as error:
            life.end(1, explain(error))
            return
        if await _start(position, life, start, Leadership(store, self._contender.lease)):
            life.end(1, f"leadership is lost: {await self._contender.lost()}; the next start stands for election again")


async def take_part(
    position: Position[S], life: Life, seat: Alone | Candidate, start: Start[S], ready: Callable[[], None]
) -> None:
    """Takes part until ``life`` ends, then ends in an orderly way. The caller ends its listeners after this.

    In the end: first no more requests are taken, and those under way get their responses; then the shell stops, which
    closes its streams; then the leadership is given up, so that the next leader need not wait for a session to end.
    """
    try:
        await seat.occupy(position, life, start, ready)
        await life.ended()
        shell = await position.end(DRAIN_SECONDS)
        if shell is not None:
            await shell.stop()
    finally:
        await seat.close()


async def _start(position: Position[S], life: Life, start: Start[S], leadership: Leadership) -> bool:
    """Makes and starts the shell. Returns whether that worked; if not, ``life`` ends."""
    try:
        shell = await start(leadership)
    except (StoreError, OSError) as error:
        life.end(1, explain(error))
        return False
    life.spawn(_run(shell, life), "the shell")
    position.start(shell)
    return True


async def _run(shell: S, life: Life) -> None:
    try:
        await shell.run()
    except NotLeading:
        return  # this process ends: see `Candidate`
    except (StoreError, CannotGoOn) as error:
        life.end(1, explain(error))
