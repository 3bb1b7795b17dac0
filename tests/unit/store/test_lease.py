"""The lease: when a leader may assume that it leads, when it has to wait, and when its leadership is over."""

from __future__ import annotations

import asyncio
import time

import pytest

from dcos_runtime.store.lease import Forever, Lease, LeaseOver, LeaseState, LeaseSuspended, boottime

NEVER = float("-inf")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def confirmed(clock: Clock, session: float = 8.0) -> Lease:
    """A lease of one who has just connected."""
    lease = Lease(clock)
    lease.confirm(clock.now, session, opened=clock.now)
    assert state(lease) is LeaseState.VALID
    return lease


def beats(lease: Lease, clock: Clock, session: float, until: float) -> None:
    while clock.now < until:
        clock.now += session / 8
        lease.confirm(clock.now, session, opened=NEVER)


def state(lease: Lease) -> LeaseState:
    """Anew: what it was a line before says nothing."""
    return lease.state


def test_it_is_not_valid_before_it_was_confirmed() -> None:
    lease = Lease(Clock())
    assert state(lease) is LeaseState.UNCONFIRMED
    with pytest.raises(LeaseSuspended, match="not confirmed yet"):
        lease.check()
    assert not lease.over.is_set()


def test_on_a_new_connection_it_counts_from_when_that_was_begun() -> None:
    clock = Clock()
    lease = Lease(clock)
    clock.now += 3.0
    lease.confirm(clock.now, 8.0, opened=1000.0)
    assert 4.5 < lease.remaining() < 5.0
    clock.now = 1007.0
    lease.check()
    clock.now = 1008.0
    assert state(lease) is LeaseState.SUSPENDED


def test_later_it_counts_from_what_zookeepers_leader_was_told_for_sure() -> None:
    """A follower may have kept what it heard for a quarter of the session: the beat a quarter before counts."""
    clock = Clock()
    lease = confirmed(clock)
    beats(lease, clock, 8.0, until=1100.0)
    assert 1097.0 + 8.0 - 0.5 < clock.now + lease.remaining() <= 1098.0 + 8.0


def test_a_first_confirmation_of_one_who_was_silent_for_long_makes_nothing_valid() -> None:
    clock = Clock()
    lease = Lease(clock)
    lease.confirm(clock.now, 8.0, opened=clock.now - 1000)
    assert state(lease) is LeaseState.UNCONFIRMED
    clock.now += 0.1
    lease.confirm(clock.now, 8.0, opened=clock.now - 0.05)
    assert state(lease) is LeaseState.VALID and lease.suspensions == 0


def test_a_lapse_suspends_and_a_confirmation_over_a_new_connection_resumes() -> None:
    clock = Clock()
    lease = confirmed(clock)
    clock.now += 30.0
    assert state(lease) is LeaseState.SUSPENDED and not lease.over.is_set()
    with pytest.raises(LeaseSuspended, match="ask again"):
        lease.check()
    assert lease.remaining() == 0.0 and lease.suspended_for() > 20
    lease.confirm(clock.now, 8.0, opened=clock.now)
    assert state(lease) is LeaseState.VALID and lease.suspensions == 1 and lease.suspended_for() == 0.0


def test_after_a_silence_a_confirmation_on_the_old_connection_is_not_enough() -> None:
    """ZooKeeper's leader counts from before the silence: it may give us up the moment after."""
    clock = Clock()
    lease = confirmed(clock)
    clock.now += 7.9
    assert not lease.valid()
    lease.confirm(clock.now, 8.0, opened=1000.0)
    assert state(lease) is LeaseState.SUSPENDED
    clock.now += 2.1  # meanwhile it was told of that one
    lease.confirm(clock.now, 8.0, opened=1000.0)
    assert state(lease) is LeaseState.VALID


def test_a_silence_shorter_than_the_lease_does_not_lengthen_it() -> None:
    clock = Clock()
    lease = confirmed(clock)
    before = clock.now + lease.remaining()
    clock.now += 5.0
    lease.confirm(clock.now, 8.0, opened=1000.0)
    assert clock.now + lease.remaining() == pytest.approx(before)


def test_a_confirmation_that_was_asked_for_before_and_answered_after_the_end_resumes_nothing() -> None:
    clock = Clock()
    lease = confirmed(clock)
    asked = clock.now + 7.0
    clock.now += 60.0
    lease.confirm(asked, 8.0, opened=asked)
    assert state(lease) is LeaseState.SUSPENDED


def test_once_revoked_it_is_over_whatever_is_confirmed_late() -> None:
    clock = Clock()
    lease = confirmed(clock)
    lease.revoke("the session expired")
    lease.revoke("something else")
    lease.confirm(clock.now, 60.0, opened=clock.now)
    assert state(lease) is LeaseState.OVER and lease.why == "the session expired"
    with pytest.raises(LeaseOver, match="leads no more: the session expired"):
        lease.check()


def test_its_working_clock_stands_still_while_it_is_suspended() -> None:
    clock = Clock()
    lease = confirmed(clock)
    lapses = clock.now + lease.remaining()
    clock.now += 3.0
    assert lease.working() == clock.now
    clock.now += 600.0
    assert lease.working() == pytest.approx(lapses)
    clock.now += 600.0
    assert lease.working() == pytest.approx(lapses)
    lease.confirm(clock.now, 8.0, opened=clock.now)
    clock.now += 2.0
    assert lease.working() == pytest.approx(lapses + 2.0)


def test_a_lapse_that_nobody_noticed_is_one() -> None:
    clock = Clock()
    lease = confirmed(clock)
    lapses = clock.now + lease.remaining()
    clock.now += 600.0
    lease.confirm(clock.now, 8.0, opened=clock.now)
    assert lease.suspensions == 1 and lease.working() == pytest.approx(lapses)


async def test_who_holds_on_waits_until_it_is_valid_again() -> None:
    clock = Clock()
    lease = confirmed(clock)
    await lease.hold()
    clock.now += 30.0
    waiting = asyncio.create_task(lease.hold())
    await asyncio.sleep(0.05)
    assert not waiting.done()
    lease.confirm(clock.now, 8.0, opened=clock.now)
    async with asyncio.timeout(240):
        await waiting


async def test_who_holds_on_is_told_of_the_end() -> None:
    clock = Clock()
    lease = confirmed(clock)
    clock.now += 30.0
    waiting = asyncio.create_task(lease.hold())
    await asyncio.sleep(0.05)
    lease.revoke("the session expired")
    async with asyncio.timeout(240):
        with pytest.raises(LeaseOver):
            await waiting


async def test_a_request_waits_for_a_while_only_and_not_at_all_for_what_has_lasted_a_session() -> None:
    clock = Clock()
    lease = confirmed(clock)
    clock.now += 8.0
    assert not lease.valid()
    async with asyncio.timeout(240):
        with pytest.raises(LeaseSuspended):
            await lease.hold(0.05)
        clock.now += 8.0
        with pytest.raises(LeaseSuspended):
            await lease.hold(1e9)


def test_the_clock_goes_on_while_the_machine_is_suspended() -> None:
    first = time.clock_gettime(time.CLOCK_BOOTTIME)
    assert first <= boottime() <= time.clock_gettime(time.CLOCK_BOOTTIME)


def test_one_who_leads_alone_leads_for_ever() -> None:
    Forever().check()
    assert Forever().valid()
