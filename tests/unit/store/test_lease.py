"""When a leader may still take for granted that it leads."""

from __future__ import annotations

import time

import pytest

from dcos_runtime.store.lease import Forever, Lease, LeaseOver, boottime


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_it_is_not_valid_before_it_was_confirmed() -> None:
    lease = Lease(Clock())
    assert not lease.valid()
    with pytest.raises(LeaseOver, match="not confirmed yet"):
        lease.check()
    assert not lease.over.is_set()


def test_it_counts_from_when_the_confirmation_was_asked_for_and_ends_before_the_session_can() -> None:
    clock = Clock()
    lease = Lease(clock)
    asked = lease.now()
    clock.now += 3.0
    lease.confirm(asked, 8.0)
    assert lease.valid()
    # A follower may have kept what it heard for a quarter of the session: 6 s at most remain of 8, less some drift.
    assert 5.5 < asked + 3.0 + lease.remaining() - asked < 6.0
    clock.now = asked + 5.5
    lease.check()
    clock.now = asked + 6.0
    assert not lease.valid()
    assert lease.over.is_set() and "paused" in lease.why


def test_a_lease_that_was_found_over_stays_so_whatever_is_confirmed_late() -> None:
    clock = Clock()
    lease = Lease(clock)
    lease.confirm(clock.now, 4.0)
    clock.now += 30.0
    assert not lease.valid()
    lease.confirm(clock.now, 4.0)
    assert not lease.valid() and lease.remaining() == 0.0
    with pytest.raises(LeaseOver, match="leads no more"):
        lease.check()


def test_an_older_confirmation_does_not_shorten_it() -> None:
    clock = Clock()
    lease = Lease(clock)
    lease.confirm(clock.now, 4.0)
    before = lease.remaining()
    lease.confirm(clock.now - 2.0, 4.0)
    assert lease.remaining() == before


def test_a_revoked_lease_tells_the_first_reason() -> None:
    lease = Lease(Clock())
    lease.confirm(1000.0, 60.0)
    lease.revoke("the session expired")
    lease.revoke("something else")
    assert not lease.valid() and lease.why == "the session expired"


def test_the_clock_goes_on_while_the_machine_is_suspended() -> None:
    first = time.clock_gettime(time.CLOCK_BOOTTIME)
    assert first <= boottime() <= time.clock_gettime(time.CLOCK_BOOTTIME)


def test_one_who_leads_alone_leads_for_ever() -> None:
    Forever().check()
    assert Forever().valid()
