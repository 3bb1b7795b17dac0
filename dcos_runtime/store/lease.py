"""A lease: until when this process may take for granted that it still leads.

A leader that was paused (SIGSTOP, a suspended virtual machine, a stalled disk) wakes without knowing how much time has
passed. Before it answers or decides anything it looks at a clock that went on meanwhile, and finds its lease over.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Protocol

from dcos_runtime.store import StoreError

BEAT = 1 / 8
"""How often leadership is confirmed, as a share of the session's timeout."""

_SILENT = 2 * BEAT
"""What a server may know of a session and not have told its leader, as a share of the timeout; see `Lease.confirm`."""

_DRIFT = 1 / 50
"""What two clocks may differ over a session, and the leader's own rounding."""


class LeaseOver(StoreError):
    """This process may no longer answer or decide as the leader."""


class Term(Protocol):
    """What those see of a lease who have to ask before they act."""

    def valid(self) -> bool: ...

    def check(self) -> None: ...

    @property
    def why(self) -> str: ...


class Forever:
    """The `Term` of one who leads alone."""

    why = ""

    def valid(self) -> bool:
        return True

    def check(self) -> None:
        return None


def boottime() -> float:
    """Seconds on a clock that also goes on while the machine is suspended, where the system has one."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


class Lease:
    """Not valid before it was confirmed first; once over or revoked, over for good, whatever is confirmed later."""

    def __init__(self, clock: Callable[[], float] = boottime) -> None:
        self._clock = clock
        self._until: float | None = None
        self._why = ""
        self.over = asyncio.Event()

    @property
    def why(self) -> str:
        """Why it is over, or empty."""
        return self._why

    def now(self) -> float:
        return self._clock()

    def confirm(self, started: float, session_seconds: float) -> None:
        """A quorum has done a transaction of ours, asked for at ``started`` (of `now`), and found our node there.

        From this follows when the session can end at the earliest, whatever happens next:

        - It was alive after ``started``: ZooKeeper's leader took the transaction, and a majority wrote it down.
        - That leader counts from the last sign of life it was told of. A follower tells it, twice a tick, of the
          sessions it has heard; a session lasts two ticks at least, so what a follower has heard is told after a
          quarter of the session: two beats. All that was heard two beats ago had been told before this transaction.

        So the lease ends two beats, and some drift of the clocks, before ``started`` and one session.
        """
        until = started + session_seconds * (1 - _SILENT - _DRIFT)
        if self._until is None or until > self._until:
            self._until = until

    def revoke(self, why: str) -> None:
        if not self.over.is_set():
            self._why = why
            self.over.set()

    def valid(self) -> bool:
        if self.over.is_set():
            return False
        if self._until is None:
            return False
        if self._clock() < self._until:
            return True
        self.revoke("ZooKeeper has not confirmed it in time: this process was paused, or ZooKeeper cannot be reached")
        return False

    def check(self) -> None:
        """Raises `LeaseOver` unless `valid`."""
        if not self.valid():
            raise LeaseOver(f"this process leads no more: {self._why or 'its leadership is not confirmed yet'}")

    def remaining(self) -> float:
        """Seconds, by its clock; zero when it is over."""
        if self.over.is_set() or self._until is None:
            return 0.0
        return max(0.0, self._until - self._clock())
