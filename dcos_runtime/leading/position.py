"""What a process is at the moment: the leader, or a standby that knows the leader, or one that does not."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from dcos_runtime.errors import Explained
from dcos_runtime.store.lease import LeaseOver, LeaseState, Term


@dataclass(frozen=True)
class Peer:
    """The process that leads, as it describes itself; or this process."""

    id: str
    """Names the process from its start to its end. It is the address, if the process has no other id."""
    address: str
    """``host:port`` of its plain port, for people and their programs."""
    host: str
    """Where it listens for our own daemons, at the port that all of its kind have."""
    node: str = ""
    """Its node in the election, which differs between two terms of the same process."""


class CannotGoOn(Explained):
    """The shell has to end, and this process with it. The text says why."""

    usual_hint = "it is started again, and others may lead in the meantime"


class LeaderShell(Protocol):
    """A shell as the kit needs it: one term as leader."""

    @property
    def lease(self) -> Term: ...

    async def run(self) -> None:
        """Its work, until it is cancelled. Raises ``StoreError`` and `CannotGoOn`: the process ends."""
        ...

    def abandon(self, why: str) -> None:
        """The leadership is over: cuts the streams to clients, because another leader may now send them other
        events.
        """
        ...

    async def stop(self) -> None:
        """This process ends in an orderly way: closes open streams, and decides nothing more."""
        ...


S = TypeVar("S", bound=LeaderShell)


class Position(Generic[S]):
    """``own`` is this process as others know it; None while it starts."""

    def __init__(self, own: Peer | None = None) -> None:
        self.own = own
        self.ending = False
        self.unanswered: set[int] = set()
        """The requests whose response has not begun, by their ``id``."""
        self._shell: S | None = None
        self._leader: Peer | None = None
        self._news = asyncio.Event()
        self._answered = asyncio.Event()
        self._listeners: list[Callable[[], None]] = []

    # --- who leads ---

    @property
    def leader(self) -> Peer | None:
        """Who leads, as far as known. It may be this process, which may still be recovering."""
        return self._leader

    def follow(self, leader: Peer | None) -> None:
        if leader != self._leader:
            self._leader = leader
            for listener in self._listeners:
                listener()
        self._notify()

    def listen(self, listener: Callable[[], None]) -> None:
        """Calls ``listener`` whenever another process leads, or none."""
        self._listeners.append(listener)

    def is_own(self, peer: Peer) -> bool:
        """Whether ``peer`` is this process, or one before it at the same address, whose session has not ended yet."""
        return self.own is not None and peer.address == self.own.address

    async def changed(self, seconds: float) -> None:
        """Waits, for ``seconds`` at most, until it changes who leads: another, nobody, or this process."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()

    def _notify(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    # --- while this process leads ---

    @property
    def shell(self) -> S | None:
        """The shell while this process leads, also while its leadership is suspended: ask its lease each time."""
        shell = self._shell
        if shell is not None and shell.lease.state is LeaseState.OVER:
            self._shell = None
            self.follow(None)
            shell.abandon(f"this process leads no more: {shell.lease.why}")
        return self._shell

    @property
    def leading_shell(self) -> S:
        """The shell, for a request that only the leader handles. Raises `LeaseOver` when the leadership is over."""
        shell = self.shell
        if shell is None:
            raise LeaseOver("this process does not lead")
        return shell

    def start(self, shell: S) -> None:
        """This process leads from now on."""
        self._shell = shell
        self._notify()

    # --- the end ---

    async def end(self, seconds: float) -> S | None:
        """Takes no more requests. Returns the shell that led, once all requests have their responses, or after
        ``seconds``.
        """
        self.ending = True
        self._notify()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self.unanswered:
                    self._answered.clear()
                    await self._answered.wait()
        shell, self._shell = self._shell, None
        self._notify()
        return shell

    def came(self, request: object) -> None:
        self.unanswered.add(id(request))

    def answered(self, request: object) -> None:
        """The request's response has begun, or will never begin."""
        self.unanswered.discard(id(request))
        if not self.unanswered:
            self._answered.set()
