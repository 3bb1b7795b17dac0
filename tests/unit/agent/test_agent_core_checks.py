"""The agent's checks and health checks: when each is run, what its result leads to, what of that is told."""

from __future__ import annotations

import itertools
import signal
from typing import Any

import msgspec
import pytest

from dcos_runtime.agent.core import events, stored
from dcos_runtime.agent.core.book import MOST_PENDING
from dcos_runtime.agent.core.check_terms import CheckKind
from dcos_runtime.agent.core.model import Exit
from dcos_runtime.core.frozen import Tick
from dcos_runtime.wire.tasks import TaskStatus
from tests.support.cores.agent_world import World, acknowledge_all, last

SECRET = {"name": "KEY", "type": "SECRET", "secret": {"type": "REFERENCE", "reference": {"name": "x"}}}
HEALTH, CHECK = CheckKind.HEALTH, CheckKind.CHECK
TERM = Exit(signal=signal.SIGTERM)


def health(**more: Any) -> dict[str, Any]:
    document = {"type": "HTTP", "http": {"port": 80, "path": "/"}, "delay_seconds": 2, "interval_seconds": 3, **more}
    return {"health_check": document}


def check(type: str, **more: Any) -> dict[str, Any]:
    part = {"HTTP": {"http": {"port": 80}}, "TCP": {"tcp": {"port": 80}}}[type]
    return {"check": {"type": type, **part, "delay_seconds": 1, "interval_seconds": 1, **more}}


def answer(world: World, container: str, *values: int | None, kind: CheckKind = HEALTH) -> None:
    """The next checks have these results, each as soon as it is run; the framework acknowledges what it is told."""
    for value in values:
        for _ in range(100):
            if (container, kind) in world.checks:
                break
            world.advance(0.5)
        world.answer_check(container, kind, value, why="" if value is not None else "connection refused")
        acknowledge_all(world, "t")


def told(world: World) -> list[tuple[str, bool | None, str | None]]:
    """After TASK_RUNNING."""
    return [
        (status.state.value, status.healthy, status.reason.value.removeprefix("REASON_") if status.reason else None)
        for status in world.updates["t"][2:]
    ]


WELL = ("TASK_RUNNING", True, "TASK_HEALTH_CHECK_STATUS_UPDATED")
ILL = ("TASK_RUNNING", False, "TASK_HEALTH_CHECK_STATUS_UPDATED")


def test_a_health_check_is_run_after_its_delay_and_each_interval_after_the_end_of_the_one_before(world: World) -> None:
    container = world.launch("t", **health())
    began = world.mono
    times = []
    for _ in range(3):
        while (container, HEALTH) not in world.checks:
            world.advance(0.25)
        times.append(world.mono - began)
        world.advance(1.0)
        world.answer_check(container, HEALTH, 200)
    assert times == [2.0, 6.0, 10.0]


def test_health_is_told_at_first_and_whenever_it_changes_and_every_failure(world: World) -> None:
    container = world.launch("t", **health(consecutive_failures=5, grace_period_seconds=0))
    assert world.updates["t"][1].healthy is None
    answer(world, container, 200, 204, 399, 400, None, 199, 302, 200)
    assert told(world) == [WELL, ILL, ILL, ILL, WELL]
    source = world.updates["t"][-1].source
    assert source is not None and source.value == "SOURCE_EXECUTOR" and world.updates["t"][-1].message is None


def test_failures_do_not_count_in_the_grace_period_until_one_has_succeeded(world: World) -> None:
    container = world.launch("t", **health(grace_period_seconds=8))
    answer(world, container, 500, None)
    assert told(world) == []
    answer(world, container, 200, 500)
    assert world.mono < 100 + 60 and told(world) == [WELL, ILL]


def test_a_task_that_fails_too_often_in_a_row_is_killed_and_told_unhealthy(world: World) -> None:
    container = world.launch("t", **health(consecutive_failures=2, grace_period_seconds=0))
    answer(world, container, 500, 200, 500, 500)
    assert told(world) == [ILL, WELL, ILL, ILL, ("TASK_KILLING", None, None)]
    assert world.containers[container].signals == [signal.SIGTERM]
    world.advance(4.9)
    assert not world.checks and world.containers[container].ops == []
    world.advance(0.2)
    assert world.containers[container].ops == ["signal 9"]
    world.exit(container, TERM)
    acknowledge_all(world, "t")
    assert world.updates["t"][-1].healthy is False
    assert last(world, "t") == ("TASK_KILLED", None, "Command terminated with signal Terminated")


def test_the_kill_of_an_unhealthy_task_has_the_grace_of_its_kill_policy(world: World) -> None:
    policy = {"kill_policy": {"grace_period": {"nanoseconds": 60_000_000_000}}}
    container = world.launch("t", **health(consecutive_failures=1, grace_period_seconds=0), **policy)
    answer(world, container, 500)
    world.advance(50)
    assert world.containers[container].signals == [signal.SIGTERM] and not world.containers[container].ops
    world.advance(10)
    assert world.containers[container].ops == ["signal 9"]


def test_a_health_check_that_takes_too_long_is_given_up_and_has_failed(world: World) -> None:
    container = world.launch("t", **health(timeout_seconds=4, consecutive_failures=9, grace_period_seconds=0))
    world.advance(2)
    number = world.checks[container, HEALTH]
    world.advance(3.9)
    assert (container, HEALTH) in world.checks
    world.advance(0.1)
    assert (container, HEALTH) not in world.checks
    acknowledge_all(world, "t")
    assert told(world) == [ILL]
    world.feed(events.Checked(container, HEALTH, number, 200))  # too late
    acknowledge_all(world, "t")
    assert told(world) == [ILL]
    world.advance(3)
    world.feed(events.Checked(container, HEALTH, number, 200))  # another is under way
    assert (container, HEALTH) in world.checks and told(world) == [ILL]


def test_an_agent_that_stood_still_does_not_take_that_for_the_failure_of_a_check(world: World) -> None:
    container = world.launch("t", **health(timeout_seconds=4, consecutive_failures=1, grace_period_seconds=0))
    world.advance(2)
    world.mono += 30
    world.feed(Tick())
    assert (container, HEALTH) in world.checks
    world.answer_check(container, HEALTH, 200)
    acknowledge_all(world, "t")
    assert told(world) == [WELL]
    world.advance(3)
    world.mono += 30
    world.feed(Tick())
    world.advance(2)
    acknowledge_all(world, "t")
    assert told(world)[:2] == [WELL, ILL]


def test_a_timeout_of_0_is_none(world: World) -> None:
    container = world.launch("t", **health(timeout_seconds=0))
    world.advance(10_000)
    assert (container, HEALTH) in world.checks


def test_what_says_nothing_of_the_task_does_not_count(world: World) -> None:
    container = world.launch("t", **health(consecutive_failures=1, grace_period_seconds=0))
    world.advance(2)
    world.answer_check(container, HEALTH, None, why="the container has ended", unknown=True)
    acknowledge_all(world, "t")
    assert told(world) == []
    answer(world, container, 200)
    assert told(world) == [WELL]


def test_every_update_of_a_task_with_a_check_has_its_status_and_a_change_is_told(world: World) -> None:
    container = world.launch("t", **check("HTTP"), **health(grace_period_seconds=0))
    answer(world, container, 200)
    answer(world, container, 201, 201, 503, None, 201, kind=CHECK)
    world.kill("t")
    acknowledge_all(world, "t")
    seen = [
        (status.state.value[5:], status.healthy, msgspec.to_builtins(status.check_status))
        for status in world.updates["t"]
    ]
    empty = {"type": "HTTP", "http": {}}
    assert [entry for entry in seen if entry[0] != "RUNNING"] == [("STARTING", None, empty), ("KILLING", None, empty)]
    results = [(healthy, shown["http"].get("status_code")) for state, healthy, shown in seen if state == "RUNNING"]
    assert results[0] == (None, None) and results[-1] == (True, 201)
    codes = [code for _, code in results]
    assert [code for before, code in itertools.pairwise(codes) if code != before] == [201, 503, None, 201]
    assert world.updates["t"][-2].reason is TaskStatus.Reason.REASON_TASK_CHECK_STATUS_UPDATED


@pytest.mark.parametrize(("value", "healthy"), [(1, True), (0, False)])
def test_a_connection_is_healthy_or_not_and_a_check_tells_whether_there_was_one(
    world: World, value: int, healthy: bool
) -> None:
    extra = {"type": "TCP", "tcp": {"port": 80}, "http": None, "grace_period_seconds": 0}
    container = world.launch("t", **check("TCP"), **health(**extra))
    answer(world, container, value, kind=CHECK)
    found = world.updates["t"][-1].check_status
    assert found is not None and found.tcp is not None and found.tcp.succeeded is healthy
    answer(world, container, value)
    assert told(world)[-1] == (WELL if healthy else ILL)


def test_no_check_is_run_nor_counts_once_a_task_is_killed(world: World) -> None:
    container = world.launch("t", **health(), **check("TCP"))
    world.advance(2)
    assert len(world.checks) == 2
    numbers = dict(world.checks)
    world.kill("t", 100)
    assert not world.checks
    for (name, kind), number in numbers.items():
        world.feed(events.Checked(name, kind, number, 200))
    acknowledge_all(world, "t")
    world.advance(99)
    assert not world.checks and told(world) == [("TASK_KILLING", None, None)]
    world.exit(container, TERM)
    acknowledge_all(world, "t")
    assert world.updates["t"][-1].healthy is None


def test_a_task_that_ends_while_it_is_checked_has_ended_as_it_did(world: World) -> None:
    container = world.launch("t", **health(consecutive_failures=1, grace_period_seconds=0))
    world.advance(2)
    number = world.checks[container, HEALTH]
    world.exit(container, Exit(code=0))
    world.feed(events.Checked(container, HEALTH, number, None, "connection refused"))
    acknowledge_all(world, "t")
    assert told(world) == [("TASK_FINISHED", None, None)] and not world.checks


# --- coming back ------------------------------------------------------------------------------------------------------


def test_checks_go_on_after_a_crash_and_failures_in_a_row_are_still_counted(world: World) -> None:
    container = world.launch("t", **health(consecutive_failures=3, grace_period_seconds=0), **check("HTTP"))
    answer(world, container, 500, 500)
    answer(world, container, 200, kind=CHECK)
    world.crash()
    world.connect()
    world.advance(3)
    assert set(world.checks) == {(container, HEALTH), (container, CHECK)}
    before = len(world.updates["t"])
    answer(world, container, 200, kind=CHECK)
    assert len(world.updates["t"]) == before  # as before the crash
    answer(world, container, 500)
    assert told(world)[-2:] == [ILL, ("TASK_KILLING", None, None)]


def test_the_delay_and_the_grace_period_go_on_over_a_crash(world: World) -> None:
    container = world.launch("t", **health(delay_seconds=30, grace_period_seconds=40))
    world.advance(10)
    world.crash()
    world.connect()
    world.advance(19.9)
    assert not world.checks
    answer(world, container, 500)
    assert told(world) == [] and world.mono < 100 + 40
    world.advance(41 - (world.mono - 100))
    answer(world, container, 500)
    assert told(world) == [ILL]


def test_the_kill_of_an_unhealthy_task_goes_on_over_a_crash_and_a_reboot(world: World) -> None:
    container = world.launch("t", **health(consecutive_failures=1, grace_period_seconds=0))
    answer(world, container, 500)
    world.crash()
    world.connect()
    world.run_until_idle()
    assert not world.checks and world.containers[container].signals == [15, 15]
    world.crash(reboot=True)
    world.connect()
    acknowledge_all(world, "t")
    state, _, message = last(world, "t")
    assert (state, message) == ("TASK_KILLED", "The container was gone when the agent came back")
    assert world.updates["t"][-1].healthy is False


# --- bounds -----------------------------------------------------------------------------------------------------------


def test_results_that_nobody_acknowledges_stay_few_and_the_newest_is_among_them(world: World) -> None:
    container = world.launch("t", **health(consecutive_failures=9, grace_period_seconds=0, interval_seconds=0))
    world.disconnect()
    for count in range(3 * MOST_PENDING):
        world.advance(3)
        world.answer_check(container, HEALTH, 200 if count % 2 else 500)
        world.run_until_idle()
    record = stored.read_run(world.disk[f"tasks/{container}"]).tasks[0]
    assert len(record.pending) == MOST_PENDING and len(record.history) <= 4
    assert record.pending[-1].healthy is True and record.status == record.pending[-1]
    assert [status.state.value for status in record.history][:2] == ["TASK_STARTING", "TASK_RUNNING"]
    world.connect()
    for _ in range(MOST_PENDING):
        world.run_until_idle()
        if "t" in world.in_flight:
            world.acknowledge("t")
    assert told(world)[-1] == WELL


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ({"health_check": {"type": "HTTP"}}, "the type HTTP and no http"),
        ({"health_check": {"tcp": {"port": 80}}}, "no type that is known"),
        ({"check": {"type": "TCP", "tcp": {"port": 0}}}, "asks for port 0"),
        ({"check": {"type": "TCP", "tcp": {"port": 80}, "interval_seconds": 1e300}}, "interval_seconds"),
        (health(grace_period_seconds=-1.0), "grace_period_seconds"),
        (
            {"check": {"type": "COMMAND", "command": {"command": {"shell": True}}}},
            "the check of the task has no command",
        ),
        ({"check": {"type": "COMMAND", "command": {"command": {"value": "x", "uris": [{"value": "y"}]}}}}, "its uris"),
        (
            health(type="COMMAND", command={"value": "x", "environment": {"variables": [SECRET]}}),
            "the name of a secret",
        ),
    ],
)
def test_checks_that_cannot_be_run_are_refused_with_the_reason(world: World, extra: Any, words: str) -> None:
    world.run("t", **extra)
    world.run_until_idle()
    state, reason, message = last(world, "t")
    assert (state, reason) == ("TASK_FAILED", "REASON_CONTAINER_LAUNCH_FAILED")
    assert message is not None and words in message
