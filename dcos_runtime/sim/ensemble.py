"""ZooKeeper as daemons see it: the election, sessions that end, a fenced store, and notifications that come late."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from dcos_runtime.sim.clock import Clock
from dcos_runtime.sim.network import Network

ZOOKEEPER = "zookeeper"
WRITE_SECONDS = 20.0


class Watcher(Protocol):
    """A listener to the election."""

    name: str

    def leader_is(self, identity: tuple[str, bytes] | None, host: str) -> None: ...

    def hears(self, hear: Callable[[Any], None]) -> Callable[[Any], None]: ...


class Candidate(Protocol):
    """A process that stands for election."""

    kind: str
    name: str
    life: int
    member: Member | None

    def elected(self, member: Member) -> None: ...


class StoreWitness(Protocol):
    """Is told of every write to the store."""

    def store_written(self, name: str, member: Member, fence: int, changes: Mapping[str, bytes | None]) -> None: ...


class Surroundings(Protocol):
    """What an ensemble knows of the cluster that it is in."""

    clock: Clock
    network: Network

    @property
    def watch(self) -> StoreWitness: ...


class Member:
    """A candidate in the election, as long as its session lives."""

    def __init__(self, process: Candidate, node: str, heard: float) -> None:
        self.process, self.node, self.heard = process, node, heard
        self.alive = True
        self.fence: int | None = None
        """What it got when it took the store over."""


class Ensemble:
    """One election and one store, which only the newest leader may write."""

    def __init__(self, cluster: Surroundings, name: str, session_seconds: float) -> None:
        self.cluster, self.name = cluster, name
        self.session_seconds = session_seconds
        self.values: dict[str, bytes] = {}
        self.fence = 0
        self.line: list[Member] = []
        self._number = 0
        self._watchers: dict[str, Callable[[Any], None]] = {}

    # --- who leads ---

    @property
    def leader(self) -> Member | None:
        return self.line[0] if self.line else None

    def watch_leader(self, watcher: Watcher) -> None:
        self._watchers[watcher.name] = watcher.hears(lambda answer: watcher.leader_is(*answer))
        self._tell(watcher.name)

    def _tell(self, name: str) -> None:
        leader = self.leader
        if leader is not None:
            news = ((leader.node, b""), leader.process.name)
            hear = self._watchers[name]
            self.cluster.network.deliver(ZOOKEEPER, name, lambda: hear(news))

    def _changed(self) -> None:
        for name in list(self._watchers):
            self._tell(name)
        leader = self.leader
        if leader is not None:
            process, life = leader.process, leader.process.life
            self.cluster.network.deliver(
                ZOOKEEPER, process.name, lambda: process.elected(leader) if process.life == life else None
            )

    # --- sessions ---

    def stand(self, process: Candidate) -> Member:
        self._number += 1
        member = Member(process, f"json.info_{self._number:010d}", self.cluster.clock.now)
        self.line.append(member)
        self._expect(member)
        if self.line[0] is member:
            self._changed()
        return member

    def _expect(self, member: Member) -> None:
        self.cluster.clock.at(member.heard + self.session_seconds, lambda: self._look(member))

    def _look(self, member: Member) -> None:
        if not member.alive:
            return
        if self.cluster.clock.now < member.heard + self.session_seconds:
            self._expect(member)
        else:
            self.expire(member)

    def expire(self, member: Member) -> None:
        """The session is over, and its node gone."""
        if member.alive:
            member.alive = False
            led = self.line[0] is member
            self.line.remove(member)
            if led:
                self._changed()

    def beat(self, member: Member, fence: int | None) -> bool:
        """A transaction that checks that the member's node exists, and that no other member has taken over the
        store.
        """
        if not member.alive:
            return False
        member.heard = self.cluster.clock.now
        return fence is None or fence == self.fence

    # --- the store ---

    def take_over(self, member: Member) -> tuple[int, dict[str, bytes]] | None:
        """Takes the store over: no other member can write from now on."""
        if not member.alive or self.line[0] is not member:
            return None
        member.heard = self.cluster.clock.now
        self.fence += 1
        member.fence = self.fence
        return self.fence, dict(self.values)

    def write(self, member: Member, fence: int, changes: Mapping[str, bytes | None]) -> bool:
        """Writes all of it or nothing; False if another member took over since, or the session that it was sent in is
        over. As long as that lives, what a process sent before it died may come.
        """
        if fence != self.fence or not member.alive:
            return False
        self.cluster.watch.store_written(self.name, member, fence, changes)
        for key, value in changes.items():
            if value is None:
                self.values.pop(key, None)
            else:
                self.values[key] = value
        return True
