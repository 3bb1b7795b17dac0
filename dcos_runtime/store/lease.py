"""A lease: until when this process may assume that it leads, and what it does after that.

A leader that was paused (SIGSTOP, a suspended virtual machine, a starved host) wakes without knowing how much time has
passed. Before it answers or decides anything it reads a clock that did not stop meanwhile, and finds that its lease has
lapsed. That alone does not mean that another process leads. Its leadership is *suspended*: it does nothing, and
requests wait, until ZooKeeper shows either that no other process has led since, or that the leadership is over.
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from dcos_runtime.store import StoreError

BEAT = 1 / 8
"""How often leadership is confirmed, as a share of the session's timeout."""

_SILENT = 2 * BEAT
"""How long a server may have heard from a session without telling ZooKeeper's leader, as a share of the timeout; see
`Lease.confirm`.
"""

ENOUGH = _SILENT + 2 * BEAT
"""How long a lease has to last when its beats begin, as a share of the timeout. The first beat counts a quarter of the
timeout later, at the beat that follows then; and one beat may be late.
"""

_DRIFT = 1 / 50
"""By how much two clocks may differ over a session, with what ZooKeeper's leader rounds; as a share of the timeout."""

HOLD_SECONDS = 10.0
"""How long a request waits for a suspended leadership."""


UNKNOWN = (
    "leadership is suspended: ZooKeeper has not confirmed it since this request was handled, and whether what it did "
    "lasts is not known"
)
"""The error of requests that were handled, and cannot wait longer for the confirmation."""


class LeaseState(enum.Enum):
    """UNCONFIRMED → VALID ⇄ SUSPENDED, and from each of them OVER, which is final."""

    UNCONFIRMED = "not confirmed yet"
    VALID = "valid"
    SUSPENDED = "suspended"
    OVER = "over"


class NotLeading(StoreError):
    """This process may not answer or decide as the leader now."""


class LeaseOver(NotLeading):
    """The leadership is over."""


class LeaseSuspended(NotLeading):
    """It is not known yet whether the leadership goes on."""


class Term(Protocol):
    """The part of a lease that is checked before anything is done."""

    @property
    def state(self) -> LeaseState: ...

    def valid(self) -> bool: ...

    def check(self) -> None:
        """Raises `NotLeading` unless `valid`."""
        ...

    async def hold(self, seconds: float | None = None) -> None:
        """Waits until it is valid, for ``seconds`` at most. Raises `LeaseOver`, and `LeaseSuspended` when it is still
        not valid then.
        """
        ...

    def working(self) -> float:
        """Seconds on a clock that stands still while the lease is suspended. All waits of a leader are measured by
        it.
        """
        ...

    @property
    def suspensions(self) -> int:
        """How often it was suspended. A suspension that lasts still is counted."""
        ...

    @property
    def why(self) -> str: ...


class Forever:
    """The `Term` of a process that leads alone."""

    state = LeaseState.VALID
    why = ""
    suspensions = 0

    def valid(self) -> bool:
        return True

    def check(self) -> None:
        return None

    async def hold(self, seconds: float | None = None) -> None:
        return None

    def working(self) -> float:
        return time.monotonic()


def boottime() -> float:
    """Seconds on a clock that also goes on while the machine is suspended, where the system has one."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


@dataclass(frozen=True)
class _Sign:
    """A sign of life: a member of ZooKeeper heard from us at some moment between these two."""

    asked: float
    answered: float


class Lease:
    """Not valid before the first confirmation; suspended when the last one is too old; over once it is revoked."""

    def __init__(self, clock: Callable[[], float] = boottime) -> None:
        self._clock = clock
        self._until: float | None = None
        self._session = 0.0
        self._signs: deque[_Sign] = deque()
        self._known = float("-inf")
        self._lapsed: float | None = None
        self._lost = 0.0
        self._why = ""
        self._news = asyncio.Event()
        self.suspensions = 0
        self.over = asyncio.Event()

    @property
    def why(self) -> str:
        """Why it is over; empty if it is not."""
        return self._why

    def now(self) -> float:
        return self._clock()

    # --- what becomes of it ---

    def confirm(self, asked: float, session_seconds: float, opened: float) -> None:
        """To be called when a majority has done a transaction of ours that found our node there and the epoch ours. So
        nobody has led since we were elected.

        We ``asked`` for it (a time of `now`) over a connection to a member that we began to open at ``opened``. From
        this follows when the session can end at the earliest, whatever happens next:

        - The session was alive after ``asked``: ZooKeeper's leader took the transaction, and a majority wrote it down.
        - That leader counts a session from the last sign of life that it was told of, and a transaction is no such
          sign. A follower tells the leader twice a tick which sessions it has heard from. A session lasts two ticks at
          least, so the leader knows after a quarter of the session what a follower has heard. A transaction that was
          answered a quarter before ``asked`` had therefore been told.
        - When a connection continues a session, the leader is told at once.

        So the lease counts from the last transaction that was answered a quarter before this one, or from ``opened`` if
        that is later; less some drift of the clocks. It follows that after a long silence one transaction does not make
        the lease valid again: that takes a new connection, too, or another transaction a quarter later.
        """
        self._look()
        answered = self._clock()
        if self.over.is_set():
            return
        self._session = session_seconds
        until = max(opened, self._heard_until(asked, session_seconds)) + session_seconds * (1 - _DRIFT)
        self._signs.append(_Sign(asked, answered))
        if self._until is None and until <= answered:
            return
        if self._until is None or until > self._until:
            self._until = until
            if self._lapsed is not None and answered < until:
                self._lost += answered - self._lapsed
                self._lapsed = None
            self._tell()

    def _heard_until(self, now: float, session_seconds: float) -> float:
        """The latest time of ours of which ZooKeeper's leader was surely told by ``now``."""
        heard = float("-inf")
        while self._signs and self._signs[0].answered <= now - session_seconds * _SILENT:
            heard = self._signs.popleft().asked
        if heard > self._known:
            self._known = heard
        return self._known

    def revoke(self, why: str) -> None:
        if not self.over.is_set():
            self._why = why
            self.over.set()
            self._tell()

    def _look(self) -> None:
        """Notices that the lease has lapsed. The suspension then counts from the lapse, not from this call."""
        if self._until is not None and self._lapsed is None and self._clock() >= self._until:
            self._lapsed = self._until
            self.suspensions += 1
            self._tell()

    def _tell(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    # --- what it is ---

    @property
    def state(self) -> LeaseState:
        if self.over.is_set():
            return LeaseState.OVER
        self._look()
        if self._until is None:
            return LeaseState.UNCONFIRMED
        return LeaseState.VALID if self._lapsed is None else LeaseState.SUSPENDED

    def valid(self) -> bool:
        return self.state is LeaseState.VALID

    def check(self) -> None:
        match self.state:
            case LeaseState.UNCONFIRMED:
                raise LeaseSuspended("this process does not lead: its leadership is not confirmed yet")
            case LeaseState.SUSPENDED:
                raise LeaseSuspended(
                    "leadership is suspended: ZooKeeper has not confirmed it in time, because this process was paused "
                    "or ZooKeeper does not answer; nothing was done, ask again"
                )
            case LeaseState.OVER:
                raise LeaseOver(f"this process leads no more: {self._why}")

    async def hold(self, seconds: float | None = None) -> None:
        """See `Term`. With ``seconds``, it gives up early if the suspension has lasted a whole session: it may last."""
        if self.valid():
            return
        loop = asyncio.get_running_loop()
        end = None if seconds is None else loop.time() + seconds
        while not self.valid():
            if self.over.is_set():
                self.check()
            news, left = self._news, None
            if end is not None:
                left = min(end - loop.time(), self._session - self.suspended_for())
                if left <= 0:
                    self.check()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await news.wait()

    def working(self) -> float:
        self._look()
        return (self._clock() if self._lapsed is None else self._lapsed) - self._lost

    def remaining(self) -> float:
        """For how many seconds it is still valid."""
        if not self.valid() or self._until is None:
            return 0.0
        return max(0.0, self._until - self._clock())

    def suspended_for(self) -> float:
        """For how many seconds it has been suspended; zero if it is not."""
        return 0.0 if self._lapsed is None else self._clock() - self._lapsed
