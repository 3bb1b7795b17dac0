"""A process of a daemon with a leader: it stands for election, leads under a lease, and does one write at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from dcos_runtime.core.frozen import Now
from dcos_runtime.sim.clock import WALL, Action
from dcos_runtime.sim.ensemble import WRITE_SECONDS, ZOOKEEPER, Ensemble, Member
from dcos_runtime.sim.process import CoreProcess
from dcos_runtime.sim.world import World
from dcos_runtime.store.lease import BEAT, Lease, LeaseState

RESTART_SECONDS = 2.0


class LeadingProcess(CoreProcess):
    """The lease is the real one, on virtual time. Requests wait while it is suspended."""

    def __init__(self, cluster: World, name: str, ensemble: Ensemble) -> None:
        super().__init__(cluster, name)
        self.ensemble = ensemble
        self.leading = False
        self.member: Member | None = None
        self.fence: int | None = None
        self._held: deque[Action] = deque()
        self._writes: deque[tuple[Mapping[str, bytes | None], Action]] = deque()
        self._writing = False

    @property
    def well_since(self) -> float | None:
        return super().well_since if self.leading and self.lease.valid() else None

    def core_time(self) -> float:
        return self.lease.working()

    def now(self) -> Now:
        return Now(self.lease.working(), WALL + self.clock.now + self.skew)

    def came_up(self) -> None:
        self.lease = Lease(lambda: self.clock.now)
        self.leading, self.member, self.fence = False, None, None
        self._held.clear()
        self._writes.clear()
        self._writing = False
        self._suspensions = 0
        self.network.deliver(self.name, ZOOKEEPER, self.mine(self._stand))

    def _stand(self) -> None:
        self.member = self.ensemble.stand(self)
        self._opened = self.clock.now
        self._beat()

    def died(self) -> None:
        self.leading = False
        member = self.member
        if member is not None:
            # The successor on the same machine proves that this one is dead and removes its node.
            self.clock.after(RESTART_SECONDS, lambda: self.ensemble.expire(member))

    def end(self, why: str) -> None:
        """The process ends by itself, and is started again."""
        self.cluster.watch.note(f"{self.name} ends: {why}")
        self.kill()
        self.clock.after(RESTART_SECONDS + 0.5, self.start)

    # --- the lease ---

    def _beat(self) -> None:
        member, asked, opened = self.member, self.lease.now(), self._opened
        assert member is not None
        seconds = self.ensemble.session_seconds

        def request(answer: Callable[[Any], None]) -> None:
            answer(self.ensemble.beat(member, self.fence))

        def answered(good: bool) -> None:
            if not good:
                self.lease.revoke("its node was taken away, or another has taken over")
                self.end("it leads no more")
                return
            self.lease.confirm(asked, seconds, opened)
            if self.lease.state is LeaseState.SUSPENDED:
                self._opened = self.clock.now
            self._go_on()
            self.later(seconds * BEAT, self._beat)

        def failed(why: str) -> None:
            self._opened = self.clock.now
            self.later(0.05, self._beat)

        self.network.call(self.name, ZOOKEEPER, request, self.hears(answered), self.hears(failed), seconds * 0.3)

    def elected(self, member: Member) -> None:
        """Our node is the first one."""
        if member is not self.member or not self.up:
            return

        def request(answer: Callable[[Any], None]) -> None:
            answer(self.ensemble.take_over(member))

        def answered(found: tuple[int, dict[str, bytes]] | None) -> None:
            if found is None:
                self.end("another leads")
                return
            self.fence = found[0]
            self._lead_when_valid(found[1])

        self.network.call(
            self.name,
            ZOOKEEPER,
            request,
            self.hears(answered),
            self.hears(lambda why: self.elected(member)),
            WRITE_SECONDS,
        )

    def _lead_when_valid(self, values: dict[str, bytes]) -> None:
        if not self.lease.valid():
            self.later(0.1, lambda: self._lead_when_valid(values))
            return
        self.leading = True
        self.lead(values)

    def lead(self, values: dict[str, bytes]) -> None:
        raise NotImplementedError

    def resumed(self) -> None:
        """The leadership was suspended and goes on."""
        self.hindered()

    def do(self, action: Action) -> None:
        """Now, or once the lease is valid again."""
        if not self.leading:
            return
        if self.lease.valid():
            self._go_on()
            action()
        else:
            self._held.append(action)

    def _go_on(self) -> None:
        if not self.leading or not self.lease.valid():
            return
        if self._suspensions != self.lease.suspensions:
            self._suspensions = self.lease.suspensions
            self.resumed()
        while self._held and self.leading:
            self._held.popleft()()

    # --- the store ---

    def write(self, changes: Mapping[str, bytes | None], then: Action) -> None:
        """Writes in order, one at a time; ``then`` is called once the write is durable. A process that may no longer
        write ends.
        """
        self._writes.append((changes, then))
        self._write_next()

    def _write_next(self) -> None:
        if self._writing or not self._writes or not self.leading:
            return
        if not self.lease.valid():
            self._held.append(self._write_next)
            return
        self._writing = True
        changes, then = self._writes.popleft()
        fence, member = self.fence, self.member
        assert fence is not None and member is not None

        def request(answer: Callable[[Any], None]) -> None:
            answer(self.ensemble.write(member, fence, changes))

        def answered(good: bool) -> None:
            self._writing = False
            if not good:
                self.end("its write was fenced off")
                return
            self.do(then)
            self._write_next()

        self.network.call(
            self.name,
            ZOOKEEPER,
            request,
            self.hears(answered),
            self.hears(lambda why: self.end(f"a write failed: {why}")),
            WRITE_SECONDS,
        )
