"""What a process is at the moment: it leads, or it knows who does, or not even that."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from dcos_runtime.errors import Explained
from dcos_runtime.store.lease import LeaseOver, State, Term


@dataclass(frozen=True)
class Peer:
    """The process that leads, as it tells of itself; or this process."""

    id: str
    """Of one life of a process; its address, where it tells no other."""
    address: str
    """``host:port`` of its plain port, for people and their programs."""
    host: str
    """Where it listens for our own daemons, at the port that all of its kind have."""
    node: str = ""
    """In the election: differs between two terms of the same life."""


class CannotGoOn(Explained):
    """What leads cannot go on in this process. The text says why."""

    usual_hint = "it is started again, and others may lead meanwhile"


class Leading(Protocol):
    """A shell as the kit needs it: one term as leader."""

    @property
    def lease(self) -> Term: ...

    async def run(self) -> None:
        """Its work, until it is cancelled. Raises ``StoreError`` and `CannotGoOn`: the process ends."""
        ...

    def abandon(self, why: str) -> None:
        """The leadership is over: what is open towards clients is cut, for another may say something else."""
        ...

    async def stop(self) -> None:
        """This process ends in an orderly way: open streams are closed, and nothing more is decided."""
        ...


S = TypeVar("S", bound=Leading)


class Role(Generic[S]):
    """``own`` is this process. As long as it is None, the process is starting."""

    def __init__(self, own: Peer | None = None) -> None:
        self.own = own
        self.ending = False
        self.unanswered: set[int] = set()
        """The requests that wait for the beginning of their response."""
        self._shell: S | None = None
        self._leading: Peer | None = None
        self._news = asyncio.Event()
        self._answered = asyncio.Event()
        self._listeners: list[Callable[[], None]] = []

    # --- who leads ---

    @property
    def leading(self) -> Peer | None:
        """Who leads, as far as known. It may be this process, which may still be recovering."""
        return self._leading

    def follow(self, leading: Peer | None) -> None:
        if leading != self._leading:
            self._leading = leading
            for listener in self._listeners:
                listener()
        self._tell()

    def listen(self, listener: Callable[[], None]) -> None:
        """Calls ``listener`` whenever another leads, or nobody."""
        self._listeners.append(listener)

    def is_own(self, peer: Peer) -> bool:
        """Whether ``peer`` is this process, or an earlier life of it whose session ZooKeeper has yet to end."""
        return self.own is not None and peer.address == self.own.address

    async def changed(self, seconds: float) -> None:
        """Waits until another leads, or nobody, or this process does, for ``seconds`` at most."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()

    def _tell(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    # --- while this process does ---

    @property
    def shell(self) -> S | None:
        """While this process leads, even while its leadership is suspended: its lease has to be asked each time."""
        shell = self._shell
        if shell is not None and shell.lease.state is State.OVER:
            self._shell = None
            self.follow(None)
            shell.abandon(f"this process leads no more: {shell.lease.why}")
        return self._shell

    @property
    def lead(self) -> S:
        """The shell, for a request that only the leader handles. Raises `LeaseOver` where there is none any more."""
        shell = self.shell
        if shell is None:
            raise LeaseOver("this process does not lead")
        return shell

    def begin(self, shell: S) -> None:
        """This process leads from now on."""
        self._shell = shell
        self._tell()

    # --- the end ---

    async def end(self, seconds: float) -> S | None:
        """No more requests are taken. What led, once those that wait for a response have it, or after ``seconds``."""
        self.ending = True
        self._tell()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self.unanswered:
                    self._answered.clear()
                    await self._answered.wait()
        shell, self._shell = self._shell, None
        self._tell()
        return shell

    def came(self, request: object) -> None:
        self.unanswered.add(id(request))

    def answered(self, request: object) -> None:
        """Its response has begun, or there will be none."""
        self.unanswered.discard(id(request))
        if not self.unanswered:
            self._answered.set()
