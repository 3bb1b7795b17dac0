"""A lease: until when this process may take for granted that it still leads, and what it does when it may not.

A leader that was paused (SIGSTOP, a suspended virtual machine, a starved host) wakes without knowing how much time has
passed. Before it answers or decides anything it looks at a clock that went on meanwhile, and finds that its lease has
lapsed. That alone does not mean that another leads. Its leadership is *suspended*: it does nothing, and everybody who
waits for it waits on, until ZooKeeper tells that nobody has led since, or that it is over.
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
"""What a server may know of a session and not have told its leader, as a share of the timeout; see `Lease.confirm`."""

ENOUGH = _SILENT + 2 * BEAT
"""What a lease has to last for, as a share of the timeout, when its beats begin: the first of them counts a quarter
later, at the next beat then, and one may be late.
"""

_DRIFT = 1 / 50
"""What two clocks may differ over a session, and the leader's own rounding."""

HOLD_SECONDS = 10.0
"""How long a request waits for a suspended leadership."""


UNKNOWN = (
    "leadership is suspended: ZooKeeper has not confirmed it since this request was handled, and whether what it did "
    "lasts is not known"
)
"""What to say then of what cannot wait any longer."""


class State(enum.Enum):
    """UNCONFIRMED → VALID ⇄ SUSPENDED, and from each of them OVER, which is for good."""

    UNCONFIRMED = "not confirmed yet"
    VALID = "valid"
    SUSPENDED = "suspended"
    OVER = "over"


class NotLeading(StoreError):
    """This process may not answer or decide as the leader now."""


class LeaseOver(NotLeading):
    """It never may again."""


class LeaseSuspended(NotLeading):
    """It is not known yet whether it may go on."""


class Term(Protocol):
    """What those see of a lease who have to ask before they act."""

    @property
    def state(self) -> State: ...

    def valid(self) -> bool: ...

    def check(self) -> None:
        """Raises `NotLeading` unless `valid`."""
        ...

    async def hold(self, seconds: float | None = None) -> None:
        """Waits until it is valid, for ``seconds`` at most. Raises `LeaseOver`, and `LeaseSuspended` when it waited in
        vain.
        """
        ...

    def working(self) -> float:
        """Seconds on a clock that stands still while it is suspended: what all waits of a leader are measured by."""
        ...

    @property
    def suspensions(self) -> int:
        """How often it was suspended, the present time included."""
        ...

    @property
    def why(self) -> str: ...


class Forever:
    """The `Term` of one who leads alone."""

    state = State.VALID
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
    """A member of ZooKeeper has heard of us at some moment between the two."""

    asked: float
    answered: float


class Lease:
    """Not valid before it was confirmed first; suspended when the last confirmation is too old; over once revoked."""

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
        """Why it is over, or empty."""
        return self._why

    def now(self) -> float:
        return self._clock()

    # --- what becomes of it ---

    def confirm(self, asked: float, session_seconds: float, opened: float) -> None:
        """A majority has done a transaction of ours, and found our node there and the epoch ours: nobody led since.

        It was ``asked`` for (a time of `now`) over a connection to a member that we began to open at ``opened``. From
        this follows when the session can end at the earliest, whatever happens next:

        - It was alive after ``asked``: ZooKeeper's leader took the transaction, and a majority wrote it down.
        - That leader counts from the last sign of life it was told of, and a transaction is none. A follower tells it,
          twice a tick, of the sessions it has heard. A session lasts two ticks at least, so what a follower has heard
          is told after a quarter of the session: what was answered a quarter before ``asked`` had been told.
        - Of a connection that goes on with a session the leader is told at once.

        So the lease is counted from the last transaction that was answered a quarter before this one, or from
        ``opened`` if that is later; less some drift of the clocks. It follows that after a long silence a transaction
        alone makes nothing valid again: it takes a new connection as well, or a quarter of patience.
        """
        self._look()
        answered = self._clock()
        if self.over.is_set():
            return
        self._session = session_seconds
        until = max(opened, self._told(asked, session_seconds)) + session_seconds * (1 - _DRIFT)
        self._signs.append(_Sign(asked, answered))
        if self._until is None and until <= answered:
            return
        if self._until is None or until > self._until:
            self._until = until
            if self._lapsed is not None and answered < until:
                self._lost += answered - self._lapsed
                self._lapsed = None
            self._tell()

    def _told(self, now: float, session_seconds: float) -> float:
        """When we asked for what ZooKeeper's leader was told of us, at least, by ``now``."""
        told = float("-inf")
        while self._signs and self._signs[0].answered <= now - session_seconds * _SILENT:
            told = self._signs.popleft().asked
        if told > self._known:
            self._known = told
        return self._known

    def revoke(self, why: str) -> None:
        if not self.over.is_set():
            self._why = why
            self.over.set()
            self._tell()

    def _look(self) -> None:
        """Time passes. A lapse is suspension from the moment it lapsed at, whenever that is noticed."""
        if self._until is not None and self._lapsed is None and self._clock() >= self._until:
            self._lapsed = self._until
            self.suspensions += 1
            self._tell()

    def _tell(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    # --- what it is ---

    @property
    def state(self) -> State:
        if self.over.is_set():
            return State.OVER
        self._look()
        if self._until is None:
            return State.UNCONFIRMED
        return State.VALID if self._lapsed is None else State.SUSPENDED

    def valid(self) -> bool:
        return self.state is State.VALID

    def check(self) -> None:
        match self.state:
            case State.UNCONFIRMED:
                raise LeaseSuspended("this process does not lead: its leadership is not confirmed yet")
            case State.SUSPENDED:
                raise LeaseSuspended(
                    "leadership is suspended: ZooKeeper has not confirmed it in time, because this process was paused "
                    "or ZooKeeper does not answer; nothing was done, ask again"
                )
            case State.OVER:
                raise LeaseOver(f"this process leads no more: {self._why}")

    async def hold(self, seconds: float | None = None) -> None:
        """With ``seconds`` it does not wait either for what has been suspended for a whole session: that may last."""
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
        """Seconds for which it is valid still, by its clock."""
        if not self.valid() or self._until is None:
            return 0.0
        return max(0.0, self._until - self._clock())

    def suspended_for(self) -> float:
        """Seconds; zero unless it is suspended."""
        return 0.0 if self._lapsed is None else self._clock() - self._lapsed
