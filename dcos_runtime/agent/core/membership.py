"""The agent's membership: finding a master, connecting, noticing silence, waiting before it tries again."""

from __future__ import annotations

import enum
import hashlib
import logging

import msgspec

from dcos_runtime.agent.core.effects import CloseConnection, Effect, OpenConnection
from dcos_runtime.agent.core.model import Settings
from dcos_runtime.agent.core.timing import NextConnection, Timer
from dcos_runtime.core.frozen import Log, Now
from dcos_runtime.core.seeds import SeededSource
from dcos_runtime.core.timers import Timers
from dcos_runtime.wire import internal

CONNECT_SECONDS = 30.0
"""How long a connection may take from its first packet to `Connected`."""

LEAVE_SECONDS = 10.0
"""How long an agent that leaves waits for the master to end the connection."""

GONE = 410
"""The HTTP status by which a master says that this agent was removed for good."""

_DUE = NextConnection()


class MembershipState(enum.Enum):
    """Whether the agent is registered at a master, or on its way there."""

    ALONE = "alone"  # no master is known
    WAITING = "waiting"  # a master is known; it is not yet time to try again
    CONNECTING = "connecting"
    MEMBER = "member"
    LEAVING = "leaving"  # the master was told that this agent leaves, and ends the connection
    DISMISSED = "dismissed"  # removed for good: no more connections


class MembershipRecord(msgspec.Struct):
    """All that a membership remembers. ``leader`` is who leads by the last news of the election; ``version`` is that of
    the protocol that is spoken with it."""

    standing: MembershipState = MembershipState.ALONE
    leader: tuple[str, bytes] | None = None
    master: tuple[str, int] | None = None
    connection: int = 0
    epoch: int = 0
    silence: float = 0.0
    failures: int = 0
    sent: int = 0
    received: int = 0
    version: int = internal.VERSION


class Membership:
    """Whether and where the agent is a member. Connections are numbered; messages of an older one are ignored."""

    def __init__(
        self,
        settings: Settings,
        source: SeededSource,
        timers: Timers[Timer],
        standpoint: MembershipRecord | None = None,
    ) -> None:
        self._settings, self._source, self._timers = settings, source, timers
        self.at = standpoint or MembershipRecord()
        self.life = hashlib.sha256(b"life " + source.seed).hexdigest()[:32]
        """Tells this process of the agent from any other."""

    @property
    def deadline(self) -> float | None:
        return self._timers.at(_DUE)

    @property
    def master(self) -> tuple[str, int] | None:
        return self.at.master

    @property
    def member(self) -> bool:
        return self.at.standing is MembershipState.MEMBER

    @property
    def leaving(self) -> bool:
        return self.at.standing is MembershipState.LEAVING

    def next_seq(self) -> int:
        self.at.sent += 1
        return self.at.sent

    def seen(
        self, identity: tuple[str, bytes] | None, address: tuple[str, int] | None, problem: str, now: Now
    ) -> list[Effect]:
        """Takes the result of the election. That no leader is known changes nothing: ZooKeeper may not answer, and then
        our master is suspended, and continues when ZooKeeper is back. A master that has ended closes its connections,
        or is silent. A new leader has another identity, even on the same machine.
        """
        if identity is None:
            return [Log(logging.INFO, "no leading master is known; connections and tasks go on")]
        if identity == self.at.leader:
            return []
        self.at.leader = identity
        effects = self._master_changed(address, now)
        if problem:
            return [Log(logging.ERROR, f"the leading master cannot be reached: {problem}"), *effects]
        return effects

    def _master_changed(self, master: tuple[str, int] | None, now: Now) -> list[Effect]:
        at = self.at
        if at.standing in (MembershipState.LEAVING, MembershipState.DISMISSED):
            return []
        effects: list[Effect] = self._hang_up()
        at.master = master
        at.failures = 0
        if master is None:
            at.standing = MembershipState.ALONE
            self._timers.cancel(_DUE)
            return [*effects, Log(logging.INFO, "no leading master is known; tasks go on")]
        at.standing = MembershipState.WAITING
        # Many agents learn of a change at once, and spread over the first backoff. An agent that just started connects
        # at once.
        spread = self._source.uniform(0, self._settings.backoff_first) if at.connection else 0.0
        self._timers.set(_DUE, now.mono + spread)
        return [*effects, Log(logging.INFO, f"the leading master is {master[0]}:{master[1]}")]

    def found(self, connection: int, versions: tuple[int, ...], now: Now, needed: int = 1) -> list[Effect] | None:
        """The master was found. ``None``: register with it. Otherwise: what to do instead. ``needed``: the oldest
        version of the protocol that will do.
        """
        if connection != self.at.connection or self.at.standing is not MembershipState.CONNECTING:
            return []
        try:
            version = internal.agreed(versions, "the master", "this agent")
        except internal.UnknownVersion as error:
            return self.broken(str(error), now)
        if version < needed:
            text = (
                f"the master speaks version {version} of the agent protocol, which knows nothing of the reservations"
                " and volumes that this agent has; upgrade the master"
            )
            return self.broken(text, now)
        return None

    def hears(self, connection: int) -> bool:
        """Whether messages of this connection are handled."""
        return connection == self.at.connection and self.at.standing in (
            MembershipState.CONNECTING,
            MembershipState.MEMBER,
        )

    def opened(self, message: internal.Connected, now: Now) -> None:
        """The master admitted us."""
        at = self.at
        at.standing = MembershipState.MEMBER
        at.epoch = message.epoch
        at.version = message.version
        at.failures = at.sent = 0
        at.received = 1
        missed = 1 if self._source.unlucky("one missed ping is silence") else self._settings.missed_pings
        at.silence = message.ping_seconds * missed
        self._timers.set(_DUE, now.mono + at.silence)

    def heard(self, seq: int, now: Now) -> list[Effect] | None:
        """A message came. ``None``: take it; otherwise the stream is broken."""
        at = self.at
        if seq != at.received + 1:
            return self.broken(f"message {seq} came after {at.received}", now)
        at.received = seq
        self._timers.set(_DUE, now.mono + at.silence)
        return None

    def broken(self, why: str, now: Now) -> list[Effect]:
        """Gives this connection up."""
        return [*self._hang_up(), *self._again(why, now)]

    def closed(self, connection: int, why: str, now: Now) -> list[Effect]:
        """The connection ended, or could not be made."""
        return self._again(why, now) if self.hears(connection) else []

    def leave(self, now: Now) -> None:
        """The master is being told that this agent leaves. Nothing is sent on this connection after that, and nothing
        that comes is taken.
        """
        self.at.standing = MembershipState.LEAVING
        self._timers.set(_DUE, now.mono + LEAVE_SECONDS)

    def dismissed(self) -> list[Effect]:
        """This agent is no member any more, and looks for no master."""
        effects = self._hang_up()
        self.at.standing = MembershipState.DISMISSED
        self._timers.cancel(_DUE)
        return effects

    def due(self, now: Now) -> list[Effect]:
        """A timeout: the expected message has not come, or the wait before another attempt is over."""
        at = self.at
        if at.standing is MembershipState.WAITING and at.master is not None:
            at.connection += 1
            at.standing = MembershipState.CONNECTING
            self._timers.set(_DUE, now.mono + CONNECT_SECONDS)
            return [OpenConnection(at.connection, *at.master)]
        if at.standing is MembershipState.CONNECTING:
            return self.broken(f"no answer to the connection within {CONNECT_SECONDS:.0f} s", now)
        if at.standing is MembershipState.MEMBER:
            return self.broken(f"nothing came from the master for {at.silence:.0f} s", now)
        return []

    def _hang_up(self) -> list[Effect]:
        if self.at.standing in (MembershipState.CONNECTING, MembershipState.MEMBER, MembershipState.LEAVING):
            return [CloseConnection(self.at.connection)]
        return []

    def _again(self, why: str, now: Now) -> list[Effect]:
        at = self.at
        longest = min(self._settings.backoff_first * 2**at.failures, self._settings.backoff_longest)
        wait = self._source.uniform(longest / 2, longest)
        if self._source.unlucky("the agent waits long before it connects again"):
            wait = self._settings.backoff_longest
        at.failures = min(at.failures + 1, 30)
        at.standing = MembershipState.WAITING
        self._timers.set(_DUE, now.mono + wait)
        return [Log(logging.WARNING, f"not connected to the master: {why}; again in {wait:.1f} s")]
