"""The agent's membership: finding a master, connecting, noticing silence, waiting before it tries again."""

from __future__ import annotations

import enum
import logging
import random
from dataclasses import dataclass

from dcos_runtime.agent.core.effects import CloseConnection, Effect, Log, OpenConnection
from dcos_runtime.agent.core.model import Now, Settings

CONNECT_SECONDS = 30.0
"""How long a connection may take from its first packet to `Connected`."""


class Standing(enum.Enum):
    ALONE = "alone"  # no master is known
    WAITING = "waiting"  # a master is known; it is not yet time to try again
    CONNECTING = "connecting"
    MEMBER = "member"
    DISMISSED = "dismissed"  # removed for good: no more connections


@dataclass
class Session:
    """Connections are numbered; what comes from an older one is not heard."""

    settings: Settings
    source: random.Random
    standing: Standing = Standing.ALONE
    master: tuple[str, int] | None = None
    connection: int = 0
    epoch: int = 0
    deadline: float | None = None
    silence: float = 0.0
    _failures: int = 0
    _sent: int = 0
    _received: int = 0

    def master_changed(self, master: tuple[str, int] | None, now: Now) -> list[Effect]:
        """Another master leads, or none is known."""
        if self.standing is Standing.DISMISSED:
            return []
        effects: list[Effect] = self._hang_up()
        self.master = master
        self._failures = 0
        if master is None:
            self.standing, self.deadline = Standing.ALONE, None
            return [*effects, Log(logging.INFO, "no leading master is known; tasks go on")]
        self.standing = Standing.WAITING
        # Many agents learn of a change at once and spread over the first backoff; one that just started goes now.
        spread = self.source.uniform(0, self.settings.backoff_first) if self.connection else 0.0
        self.deadline = now.mono + spread
        return [*effects, Log(logging.INFO, f"the leading master is {master[0]}:{master[1]}")]

    def opened(self, connection: int, epoch: int, ping_seconds: float, now: Now) -> bool:
        """The master admitted us. False when this is news of an older connection."""
        if connection != self.connection or self.standing is not Standing.CONNECTING:
            return False
        self.standing = Standing.MEMBER
        self.epoch = epoch
        self._failures = self._sent = 0
        self._received = 1
        self.silence = ping_seconds * self.settings.missed_pings
        self.deadline = now.mono + self.silence
        return True

    def heard(self, connection: int, seq: int, now: Now) -> list[Effect] | None:
        """A message came. ``None``: take it; otherwise it is not ours, or the stream is broken (effects say how)."""
        if connection != self.connection or self.standing is not Standing.MEMBER:
            return []
        if seq != self._received + 1:
            why = f"message {seq} came after {self._received}"
            return [*self._hang_up(), *self._again(why, now)]
        self._received = seq
        self.deadline = now.mono + self.silence
        return None

    def closed(self, connection: int, why: str, now: Now) -> list[Effect]:
        """The connection ended, or could not be had."""
        if connection != self.connection or self.standing not in (Standing.CONNECTING, Standing.MEMBER):
            return []
        return self._again(why, now)

    def dismissed(self) -> list[Effect]:
        effects = self._hang_up()
        self.standing, self.deadline = Standing.DISMISSED, None
        return effects

    def tick(self, now: Now) -> list[Effect]:
        if self.deadline is None or now.mono < self.deadline:
            return []
        if self.standing is Standing.WAITING and self.master is not None:
            self.connection += 1
            self.standing = Standing.CONNECTING
            self.deadline = now.mono + CONNECT_SECONDS
            return [OpenConnection(self.connection, *self.master)]
        if self.standing is Standing.CONNECTING:
            why = f"no answer to the connection within {CONNECT_SECONDS:.0f} s"
            return [*self._hang_up(), *self._again(why, now)]
        if self.standing is Standing.MEMBER:
            why = f"nothing came from the master for {self.silence:.0f} s"
            return [*self._hang_up(), *self._again(why, now)]
        return []

    @property
    def member(self) -> bool:
        return self.standing is Standing.MEMBER

    def next_seq(self) -> int:
        self._sent += 1
        return self._sent

    def _hang_up(self) -> list[Effect]:
        if self.standing in (Standing.CONNECTING, Standing.MEMBER):
            return [CloseConnection(self.connection)]
        return []

    def _again(self, why: str, now: Now) -> list[Effect]:
        longest = min(self.settings.backoff_first * 2**self._failures, self.settings.backoff_longest)
        wait = self.source.uniform(longest / 2, longest)
        self._failures = min(self._failures + 1, 30)
        self.standing = Standing.WAITING
        self.deadline = now.mono + wait
        return [Log(logging.WARNING, f"not connected to the master: {why}; again in {wait:.1f} s")]
