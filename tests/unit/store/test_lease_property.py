"""Never do two leases hold at once, whatever is paused, cut off or lost at whatever step.

ZooKeeper is modelled by what it promises and no more: a session ends a timeout after the last sign of life that its
leader was told of; a follower tells the leader of the sessions it has heard within a quarter of the timeout, unless it
is lost before; a transaction asked of a follower is no sign of life to the leader; going on with a session over a new
connection is one. An expired session's node goes with it, and the lowest node leads.
"""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from dcos_runtime.store.lease import Lease, LeaseState

SESSION = 8.0
STEP = 0.25


class Follower:
    """``kept``: the sessions it has heard and not told the leader yet."""

    def __init__(self) -> None:
        self.kept: set[int] = set()
        self.told = 0.0


class Process:
    """A contender: what it knows is only its lease; the rest is what is under way."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.begin(0)

    def begin(self, session: int) -> None:
        self.lease = Lease(self.clock)
        self.session = session
        self.follower: Follower | None = None
        self.opened = float("-inf")
        self.asked: tuple[float, float] | None = None
        self.heard = False
        self.answer: bool | None = None
        self.elected = False


class ZooKeeper(RuleBasedStateMachine):
    """Time goes on in steps; what is not told to happen in between did not happen: so everything can be paused."""

    @initialize(count=st.integers(2, 3))
    def start(self, count: int) -> None:
        self.time = 100.0
        self.expires: dict[int, float] = {}
        self.sessions = 0
        self.epoch = 0
        self.leader_of_epoch: int | None = None
        self.followers = [Follower(), Follower()]
        self.processes = [Process(lambda: self.time) for _ in range(count)]
        for process in self.processes:
            self.join(process)

    def join(self, process: Process) -> None:
        """A new session, whose node comes after all there are."""
        self.sessions += 1
        process.begin(self.sessions)
        self.expires[self.sessions] = self.time + SESSION
        process.opened, process.follower = self.time, self.followers[0]

    def first(self) -> int | None:
        return min(self.expires, default=None)

    @rule(steps=st.integers(1, 40))
    def passes(self, steps: int) -> None:
        for _ in range(steps):
            self.time += STEP
            for follower in self.followers:
                if self.time - follower.told >= SESSION / 4:
                    self.tell(follower)
            self.expires = {session: end for session, end in self.expires.items() if end > self.time}
            self.nobody_else()

    def tell(self, follower: Follower) -> None:
        for session in follower.kept & self.expires.keys():
            self.expires[session] = self.time + SESSION
        follower.kept.clear()
        follower.told = self.time

    @rule(number=st.integers(0, 1))
    def a_follower_tells_sooner(self, number: int) -> None:
        self.tell(self.followers[number])

    @rule(number=st.integers(0, 1))
    def a_follower_is_lost(self, number: int) -> None:
        """With what it has not told, and its connections."""
        lost, self.followers[number] = self.followers[number], Follower()
        self.followers[number].told = self.time
        for process in self.processes:
            if process.follower is lost:
                process.follower, process.asked, process.answer = None, None, None

    def process(self, number: int) -> Process:
        return self.processes[number % len(self.processes)]

    @rule(number=st.integers(0, 2), member=st.integers(0, 1), took=st.integers(0, 8))
    def connects_anew(self, number: int, member: int, took: int) -> None:
        """It began ``took`` steps ago at most: the leader heard of it just now."""
        process = self.process(number)
        process.asked = process.answer = None
        if process.session not in self.expires:
            process.lease.revoke("the session expired")
            self.join(process)
            return
        process.follower = self.followers[member]
        process.opened = max(process.opened, self.time - took * STEP)
        self.expires[process.session] = self.time + SESSION

    @rule(number=st.integers(0, 2))
    def asks(self, number: int) -> None:
        process = self.process(number)
        if process.follower is not None and process.asked is None:
            process.asked, process.heard, process.answer = (process.lease.now(), process.opened), False, None

    @rule(number=st.integers(0, 2))
    def is_heard(self, number: int) -> None:
        """The follower passes it on to the leader: the transaction is done, and nothing else."""
        process = self.process(number)
        if process.asked is not None and not process.heard and process.follower is not None:
            process.follower.kept.add(process.session)
            process.heard = True
            process.answer = self.first() == process.session
            if process.answer and not process.elected:
                self.epoch, self.leader_of_epoch = self.epoch + 1, process.session
            elif process.elected and process.answer:
                process.answer = self.leader_of_epoch == process.session

    @rule(number=st.integers(0, 2))
    def is_answered(self, number: int) -> None:
        process = self.process(number)
        if process.asked is None or process.answer is None:
            return
        (asked, opened), answer = process.asked, process.answer
        process.asked = process.answer = None
        if answer:
            process.elected = True
            process.lease.confirm(asked, SESSION, opened)
        elif process.elected:
            process.lease.revoke("our node is gone")

    @rule(number=st.integers(0, 2))
    def beats(self, number: int) -> None:
        self.asks(number)
        self.is_heard(number)
        self.is_answered(number)

    @rule(number=st.integers(0, 2), count=st.integers(1, 20))
    def leads_for_a_while(self, number: int, count: int) -> None:
        for _ in range(count):
            self.beats(number)
            self.passes(4)

    @precondition(lambda self: any(process.lease.state is LeaseState.OVER for process in self.processes))
    @rule()
    def those_who_are_over_stand_again(self) -> None:
        for process in self.processes:
            if process.lease.state is LeaseState.OVER:
                self.expires.pop(process.session, None)
                self.join(process)

    @invariant()
    def nobody_else(self) -> None:
        if not hasattr(self, "processes"):
            return
        valid = [process.session for process in self.processes if process.lease.valid()]
        assert len(valid) <= 1, f"sessions {valid} lead at {self.time}"
        # Stronger: who is valid is the first of those whose sessions live.
        assert not valid or valid[0] == self.first()


TestNeverTwoLeaders = ZooKeeper.TestCase
TestNeverTwoLeaders.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)
