"""Whether a master leads, what it reports of itself, and its answers that are being made."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from dcos_runtime.leading.position import Position
from dcos_runtime.leading.shell import now
from dcos_runtime.master.core.acls import permits_all
from dcos_runtime.master.measures import Queues
from dcos_runtime.master.metrics import metrics
from dcos_runtime.master.shell import MasterShell
from dcos_runtime.master.views import MasterViewer
from dcos_runtime.operating import LoggingLevel
from dcos_runtime.stalls import Stalls
from dcos_runtime.store.lease import Forever
from dcos_runtime.wire.acls import Acls

GREETED_AT_ONCE = 4
"""For so many operators who subscribe the first event, all that is known, is made and written at the same time."""

_SLICE_SECONDS = 0.005


@dataclass(eq=False)
class MasterPosition(Position[MasterShell]):
    """Whether this process leads, and what it reports of itself."""

    started_at: float
    flags: Mapping[str, str]
    cluster: str | None
    stalls: Stalls = field(default_factory=Stalls)
    acls: Acls = field(default_factory=Acls)
    tls_port: int = 0
    level: LoggingLevel = field(default_factory=LoggingLevel)
    greeting: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(GREETED_AT_ONCE))
    viewing: dict[str, asyncio.Task[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__()
        self.queues = Queues(self.unanswered)

    def permits(self, principal: str | None, actions: Iterable[str]) -> bool:
        """Whether the principal may do all of this, with everything that there is."""
        return all(permits_all(self.acls, action, principal) for action in actions)

    def viewer(self, with_flags: bool = True) -> MasterViewer:
        """Raises `LeaseOver`."""
        shell = self.leading_shell
        return MasterViewer(shell.state, shell.elected_at, self.flags if with_flags else None, self.cluster)

    async def shared(self, key: str, pieces: Callable[[], Iterator[bytes]]) -> bytes:
        """Renders each answer once at a time, for all requests of the same ``key`` that come meanwhile."""
        running = self.viewing.get(key)
        if running is not None:
            self.queues.shared += 1
        else:
            running = asyncio.create_task(render(pieces()), name=f"view {key}")
            self.viewing[key] = running
            running.add_done_callback(lambda _: self.viewing.pop(key, None))
        return await asyncio.shield(running)

    def measured(self) -> dict[str, float]:
        """The metrics; those of a leader while this process leads."""
        shell = self.shell
        moment = now(Forever() if shell is None else shell.lease)
        if shell is not None and shell.lease.valid():
            values = metrics(shell, self.queues, self.stalls, self.started_at, moment)
            if shell.lease.valid():  # otherwise this process may not be the leader any more
                return values
        return metrics(None, self.queues, self.stalls, self.started_at, moment)


async def render(pieces: Iterator[bytes]) -> bytes:
    """Joins the pieces; other work of the loop runs every few milliseconds."""
    parts: list[bytes] = []
    until = time.monotonic() + _SLICE_SECONDS
    for piece in pieces:
        if piece:
            parts.append(piece)
        if time.monotonic() > until:
            await asyncio.sleep(0)
            until = time.monotonic() + _SLICE_SECONDS
    return b"".join(parts)
