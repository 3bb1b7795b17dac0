"""Offers that were answered already, that nobody answers, and that are too many to compare each with each."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from tests.support.cores.master_framework import WorldFramework
from tests.support.cores.master_world import World


class Heard(WorldFramework):
    """Keeps every event that it got."""

    heard: list[Any]

    def receive(self, event: Any) -> None:
        self.heard.append(event)
        super().receive(event)


def hearing() -> World:
    one = World(agents=1, frameworks=0)
    one.frameworks = [Heard(one, "aware", aware=True), Heard(one, "unaware", aware=False)]
    for framework in one.frameworks:
        framework.heard = []  # type: ignore[attr-defined]  # a note of the test's own
    return one


def heard(one: World, kind: str) -> list[Any]:
    return [event[kind.lower()] for each in one.frameworks for event in each.heard if event["type"] == kind]  # type: ignore[attr-defined]  # a note of the test's own


def world(**settings: Any) -> tuple[World, WorldFramework]:
    one = hearing()
    one.core.state.settings = dataclasses.replace(one.core.state.settings, **settings)
    one.run_until_idle()
    (framework,) = [framework for framework in one.frameworks if framework.offers]
    return one, framework


def accept(framework: WorldFramework, offer: Any, name: str, offer_id: str | None = None, **more: Any) -> list[Any]:
    """One task. What the framework is told of it by the master."""
    resources = [{"name": "cpus", "type": "SCALAR", "scalar": {"value": 0.5}}]
    task = {"name": name, "task_id": {"value": name}, "agent_id": offer["agent_id"], "command": {"value": "x"}}
    task |= more
    operation = {"type": "LAUNCH", "launch": {"task_infos": [{**task, "resources": resources}]}}
    before = len(heard(framework.world, "UPDATE"))
    offer_ids = [{"value": offer_id or offer["id"]["value"]}]
    framework.call("ACCEPT", offer_ids=offer_ids, operations=[operation], filters={"refuse_seconds": 0.0})
    framework.offers.pop(offer_ids[0]["value"], None)
    updates = [update["status"] for update in heard(framework.world, "UPDATE")[before:]]
    return [(status["task_id"]["value"], status["state"], status["reason"], status["message"]) for status in updates]


def leave_it_to(framework: WorldFramework) -> None:
    """All others decline."""
    for other in framework.world.frameworks:
        for offer_id in list(other.offers) if other is not framework else ():
            other.decline(offer_id, 1e6)
    framework.world.pass_time(2.0)


@pytest.mark.parametrize("aware", [True, False])
def test_offers_that_do_not_stand_lose_every_task_of_the_accept_also_one_that_runs(aware: bool) -> None:
    """As a real Mesos 1.11 does."""
    one = hearing()
    one.run_until_idle()
    framework = next(each for each in one.frameworks if each.aware is aware)
    leave_it_to(framework)
    assert framework.aware is aware
    offer_id, offer = framework.offers.popitem()
    lost = "TASK_DROPPED" if aware else "TASK_LOST"
    assert accept(framework, offer, "t") == []
    one.run_until_idle()
    for name, used in (("t", offer_id), ("new", offer_id), ("t", "nope"), ("new", "nope")):
        text = f"Task launched with invalid offers: Offer {used} is no longer valid"
        assert accept(framework, offer, name, used) == [(name, lost, "REASON_INVALID_OFFERS", text)]
    (task,) = one.core.state.frameworks[framework.id or ""].tasks.values()
    assert (task.id, task.state.value) == ("t", "TASK_RUNNING"), "and it runs on"
    leave_it_to(framework)
    (offer,) = framework.offers.values()
    ((_, state, reason, text),) = accept(framework, offer, "t")
    assert (state, reason, text) == ("TASK_ERROR", "REASON_TASK_INVALID", "Task has duplicate ID: t")
    one.check()


def test_what_is_said_to_be_unknown_is_an_error_and_what_is_not_known_is_absent() -> None:
    """As a real Mesos 1.11 does; `test_master_oracle_tasks` compares the words."""

    def told(**more: Any) -> list[str]:
        one = hearing()
        one.run_until_idle()
        framework = next(each for each in one.frameworks if each.offers)
        return [text for *_, text in accept(framework, next(iter(framework.offers.values())), "t", **more)]

    def command(kind: str) -> Any:
        return {"value": "x", "environment": {"variables": [{"name": "a", "type": kind, "value": "v"}]}}

    error = "`CommandInfo` is invalid: Environment variable of type 'UNKNOWN' is not allowed"
    assert told(command=command("UNKNOWN")) == [f"Task's {error}"]
    assert told(command=command("AS_NEVER_BEFORE")) == []
    checked = {"type": "COMMAND", "command": {"command": command("UNKNOWN")}}
    assert told(check=checked) == [f"Task uses invalid check: Check's {error}"]
    assert told(check={"type": "UNKNOWN"}) == ["Task uses invalid check: 'UNKNOWN' is not a valid check type"]
    assert told(check={"type": "AS_NEVER_BEFORE"}) == ["Task uses invalid check: CheckInfo must specify 'type'"]
    text = "Task uses invalid health check: 'UNKNOWN' is not a valid health check type"
    assert told(health_check={"type": "UNKNOWN", "command": {"value": "x"}}) == [text]
    assert told(health_check={"type": "AS_NEVER_BEFORE", "command": {"value": "x"}}) == []


def test_an_offer_that_nobody_answers_is_rescinded_and_made_again() -> None:
    one, framework = world(offer_timeout=60.0)
    first = dict(framework.offers)
    one.live(40.0)
    assert set(framework.offers) == set(first), "not before its time"
    one.live(20.0)
    assert [rescind["offer_id"]["value"] for rescind in heard(one, "RESCIND")] == list(first)
    one.pass_time(1.1)
    (again,) = one.core.state.offers.values()
    assert again.id not in first and again.resources.scalar("cpus") == 4000, "there is no filter"
    one.check()


def test_an_offer_that_was_answered_in_time_is_not_rescinded() -> None:
    one, framework = world(offer_timeout=60.0)
    ((_, offer),) = framework.offers.items()
    framework.offers.clear()
    assert accept(framework, offer, "t") == []
    one.run_until_idle()
    one.live(65.0)
    assert offer["id"]["value"] not in [rescind["offer_id"]["value"] for rescind in heard(one, "RESCIND")]
    assert one.core.state.frameworks[framework.id or ""].tasks["t"].state.value == "TASK_RUNNING"


def test_without_a_timeout_offers_stay() -> None:
    one, framework = world()
    before = set(framework.offers)
    one.live(600.0)
    assert set(framework.offers) == before and not heard(one, "RESCIND")


def test_many_offers_are_told_apart_in_linear_time() -> None:
    """Each compared with each would take minutes."""
    one, framework = world()
    framework.call("ACCEPT", offer_ids=[{"value": str(number)} for number in range(200_000)], operations=[])
    one.check()
