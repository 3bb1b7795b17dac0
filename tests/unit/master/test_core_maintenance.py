"""The schedule of maintenance, machines that are down and up again, and what frameworks are asked: in the core."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dcos_runtime.core.frozen import Reply
from dcos_runtime.master.core import events, inverse, maintenance
from dcos_runtime.master.core.effects import Effect, SendToAgent
from dcos_runtime.master.core.recorded import restored
from dcos_runtime.master.core.registry import UnknownRegistryVersion
from dcos_runtime.wire import codec
from dcos_runtime.wire.maintenance import Schedule
from dcos_runtime.wire.operators import MachineID
from tests.support.cores.master_steps import answers, falls_silent, launched, write_all
from tests.support.cores.master_world import World

HERE: dict[str, Any] = {"hostname": "HOST0", "ip": "127.0.0.1"}
THERE: dict[str, Any] = {"hostname": "host1", "ip": "127.0.0.1"}
ELSEWHERE: dict[str, Any] = {"ip": "198.18.0.9"}


def window(*machines: Any, start: int = 10**18, duration: int | None = None) -> dict[str, Any]:
    lasting = {"duration": {"nanoseconds": duration}} if duration is not None else {}
    return {"machine_ids": list(machines), "unavailability": {"start": {"nanoseconds": start}, **lasting}}


def schedule(*windows: Any) -> events.ScheduleAsked:
    return events.ScheduleAsked(1, codec.decode(json.dumps({"windows": windows}).encode(), Schedule))


def machines(*wanted: Any, down: bool) -> events.MachinesAsked:
    found = tuple(codec.decode(json.dumps(one).encode(), MachineID) for one in wanted)
    return events.MachinesAsked(1, found, down)


def done(world: World, event: events.Event) -> None:
    """It is answered when it is written, and not before."""
    assert not [one for one in world.feed(event) if isinstance(one, Reply)]
    told = answers_while_writing(world)
    assert told == [(200, "")]


def answers_while_writing(world: World) -> list[tuple[int, str]]:
    found: list[Effect] = []
    answers(world, found)
    write_all(world)
    return [(one.status, one.body.decode()) for one in found if isinstance(one, Reply)]


def refused(world: World, event: events.Event) -> str:
    (reply,) = [one for one in world.feed(event) if isinstance(one, Reply)]
    assert reply.status == 400
    return reply.body.decode()


def status(world: World) -> Any:
    return json.loads(codec.encode(maintenance.status(world.core.state)))


def scheduled(world: World) -> Any:
    return json.loads(codec.encode(world.core.state.maintenance.plan.schedule))


def idle(agents: int = 2, frameworks: int = 1) -> World:
    world = World(agents=agents, frameworks=frameworks)
    world.run_until_idle()
    world.live(2.0)
    return world


def said(world: World) -> dict[str, str]:
    """By framework, of the first machine that is drained."""
    statuses = status(world)["draining_machines"][0].get("statuses", [])
    return {one["framework_id"]["value"]: one["status"] for one in statuses}


# --- the schedule ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("windows", "text"),
    [
        ([window()], "List of machines in the maintenance window is empty"),
        ([window({}, duration=-1)], "Unavailability 'duration' is negative"),
        ([window({})], "Both 'hostname' and 'ip' for a machine are empty"),
        ([window({"hostname": "", "ip": ""})], "Both 'hostname' and 'ip' for a machine are empty"),
        ([window({"ip": "::1"})], "Failed to parse IPv4: ::1"),
        ([window({"hostname": "a", "ip": "1.2.3"})], "Failed to parse IPv4: 1.2.3"),
        (
            [window({"hostname": "a"}), window({"hostname": "A"})],
            'Machine \'{"hostname":"A"}\' appears more than once in the schedule',
        ),
    ],
)
def test_a_schedule_that_cannot_be_is_refused_in_mesos_words(windows: list[Any], text: str) -> None:
    world = World(agents=0, frameworks=0)
    assert refused(world, schedule(*windows)) == text
    assert not world.writes and scheduled(world) == {}


def test_machines_are_taken_down_and_up_only_from_where_they_are() -> None:
    world = idle()
    for down in (True, False):
        assert refused(world, machines(down=down)) == "List of machines is empty"
        assert "appears more than once" in refused(world, machines(HERE, HERE, down=down))
        text = 'Machine \'{"ip":"198.18.0.9"}\' is not part of a maintenance schedule'
        assert refused(world, machines(ELSEWHERE, down=down)) == text
    name = '{"hostname":"HOST0","ip":"127.0.0.1"}'
    text = f"Machine '{name}' is not in DRAINING mode and cannot be brought down"
    assert refused(world, machines(HERE, down=True)) == text
    text = f"Machine '{name}' is not in DOWN mode and cannot be brought up"
    assert refused(world, machines(HERE, down=False)) == text
    world.feed(schedule(window(HERE)))
    world.feed(machines(HERE, down=True))  # while the schedule is being written
    assert "not in DRAINING mode" in refused(world, machines(HERE, down=True))
    assert refused(world, schedule()).endswith("is deactivated and cannot be removed from the schedule")
    assert answers_while_writing(world) == [(200, ""), (200, "")]
    assert status(world) == {"down_machines": [HERE]}


def test_the_schedule_and_machines_that_are_down_outlive_masters() -> None:
    world = idle()
    done(world, schedule(window(HERE, ELSEWHERE, duration=5), window(THERE)))
    done(world, machines(ELSEWHERE, down=True))
    before = scheduled(world)
    assert before == {"windows": [window(HERE, ELSEWHERE, duration=5), window(THERE)]}
    world.restart()
    assert scheduled(world) == before
    assert status(world) == {"draining_machines": [{"id": HERE}, {"id": THERE}], "down_machines": [ELSEWHERE]}
    done(world, machines(ELSEWHERE, down=False))
    assert scheduled(world) == {"windows": [window(HERE, duration=5), window(THERE)]}
    done(world, schedule())
    assert not [key for key in world.registry if key.startswith("maintenance/")], "an older master may lead again"


def test_a_schedule_of_any_size_is_kept_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maintenance, "PIECE", 100)
    world = World(agents=0, frameworks=0)
    done(world, schedule(window(*({"hostname": f"m{number}"} for number in range(50)))))
    pieces = [key for key in world.registry if key.startswith("maintenance/")]
    assert len(pieces) > 10
    before = scheduled(world)
    done(world, schedule(window({"hostname": "m1"})))
    assert len([key for key in world.registry if key.startswith("maintenance/")]) < len(pieces)
    world.restart()
    assert scheduled(world) == {"windows": [window({"hostname": "m1"})]} != before


def test_a_master_does_not_lead_when_a_newer_one_wrote_the_schedule() -> None:
    world = World(agents=0, frameworks=0)
    world.registry["maintenance/000000"] = b'{"version":2,"surprise":1}'
    with pytest.raises(UnknownRegistryVersion, match="maintenance/000000 is of version 2, and this master reads 1;"):
        world.restart()


# --- frameworks are asked --------------------------------------------------------------------------------------------


def test_offers_tell_of_the_unavailability_and_frameworks_are_asked_until_they_answer() -> None:
    world = idle()
    (framework,) = world.frameworks
    here, there = (agent.id for agent in world.agents)
    before = dict(framework.offers)
    done(world, schedule(window(HERE, duration=7)))
    assert [offer["agent_id"]["value"] for offer in framework.offers.values()] == [there], "only that one is rescinded"
    world.live(2.0)
    (offer,) = [one for one in framework.offers.values() if one["agent_id"]["value"] == here]
    assert offer["unavailability"] == {"start": {"nanoseconds": 10**18}, "duration": {"nanoseconds": 7}}
    (other,) = [one for one in framework.offers.values() if one["agent_id"]["value"] == there]
    assert other["id"]["value"] in before and "unavailability" not in other
    (asked,) = framework.inverse.values()
    assert asked["agent_id"]["value"] == here and asked["unavailability"] == offer["unavailability"]
    assert asked["url"]["path"] == "/slave(1)" and asked["framework_id"]["value"] == framework.id
    assert said(world) == {}
    world.core = restored(world.core.source.seed, world.core.snapshot())
    world.live(5.0)
    assert len(framework.inverse) == 1, "nobody is asked twice"
    framework.inverse.clear()
    framework.call("DECLINE_INVERSE_OFFERS", inverse_offer_ids=[asked["id"]], filters={"refuse_seconds": 20.0})
    assert said(world) == {framework.id: "DECLINE"}
    world.live(15.0)
    assert not framework.inverse
    world.live(10.0)
    (again,) = framework.inverse.values()
    framework.call("ACCEPT_INVERSE_OFFERS", inverse_offer_ids=[asked["id"], again["id"], {"value": "x"}])
    assert said(world) == {framework.id: "ACCEPT"}
    framework.inverse.clear()
    framework.call("REVIVE")
    world.live(2.0)
    assert framework.inverse, "a revive ends the time for which it was not to be asked"
    done(world, schedule(window(HERE, start=5)))
    assert not framework.inverse and said(world) == {}, "another schedule is another question"
    world.live(2.0)
    (asked,) = framework.inverse.values()
    assert asked["unavailability"] == {"start": {"nanoseconds": 5}}
    done(world, schedule())
    assert not framework.inverse and not world.core.state.maintenance.inverse
    world.live(2.0)
    assert not [one for one in framework.offers.values() if "unavailability" in one]
    world.check()


def test_who_has_nothing_on_the_machine_is_not_asked_and_who_is_away_is_asked_when_it_is_back() -> None:
    world = World(agents=2, frameworks=2)
    world.run_until_idle()
    launched(world)
    first, second = world.frameworks
    for framework in world.frameworks:
        framework.call("SUPPRESS")
        for offer in list(framework.offers):
            framework.decline(offer, 1000.0)
    done(world, schedule(window(THERE)))
    world.live(10.0)
    assert not first.inverse and not second.inverse
    first.disconnect()
    done(world, schedule(window(HERE)))
    world.live(10.0)
    assert len(second.inverse) == 1 and not first.inverse
    first.subscribe()
    world.live(5.0)
    assert len(first.inverse) == 1
    world.agents[0].break_off()
    assert not first.inverse and not second.inverse, "rescinded with its offers"
    world.run_until_idle()
    world.live(5.0)
    assert len(first.inverse) == len(second.inverse) == 1
    first.call("ACCEPT_INVERSE_OFFERS", inverse_offer_ids=[{"value": one} for one in second.inverse])
    assert said(world) == {}, "another's inverse offer is not answered"
    first.call("TEARDOWN")
    first.removed = True
    world.live(5.0)
    assert len(world.core.state.maintenance.inverse) == 1
    falls_silent(world, world.agents[0])
    write_all(world)
    assert not second.inverse and not world.core.state.maintenance.notices
    world.check()


def test_many_agents_are_asked_about_in_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inverse, "MOST_AGENTS", 2)
    world = idle(agents=5)
    done(world, schedule(window(*({"hostname": f"host{number}", "ip": "127.0.0.1"} for number in range(5)))))
    world.live(3.0)
    (framework,) = world.frameworks
    assert {one["agent_id"]["value"] for one in framework.inverse.values()} == {agent.id for agent in world.agents}


# --- down and up -----------------------------------------------------------------------------------------------------


def test_agents_on_a_machine_that_is_down_are_sent_away_until_it_is_up() -> None:
    world = World(agents=2, frameworks=2)
    world.run_until_idle()
    launched(world)
    world.live(2.0)
    agent, agent_id = world.agents[0], world.agents[0].id
    done(world, schedule(window(HERE)))
    effects: list[Effect] = []
    found = answers(world, effects)
    world.feed(machines(HERE, down=True))
    write_all(world)
    assert found() == [(1, 200, "")]
    sent = [json.loads(one.data) for one in effects if isinstance(one, SendToAgent)]
    assert [one["message"] for one in sent if one["type"] == "SHUTDOWN"] == ["Operator initiated 'Machine DOWN'"]
    for framework in world.frameworks:
        assert set(framework.told.values()) == {"TASK_LOST"}, "of those that are partition aware, too, as in Mesos"
        assert agent_id not in {one["agent_id"]["value"] for one in framework.offers.values()}
    assert f"agents/{agent_id}" not in world.registry and agent_id not in world.core.state.agents
    assert world.core.state.counters["master/slave_removals"] == 1
    for _ in range(2):
        agent.connect()
        assert agent.stream is None and agent.id is None and not world.writes, "it is refused, and forgets its id"
        world.restart()
        for framework in world.frameworks:
            framework.subscribe()
    done(world, machines(HERE, down=False))
    assert status(world) == {} and scheduled(world) == {}
    world.run_until_idle()
    world.live(2.0)
    assert agent.id not in (None, agent_id)
    offers = [offer for framework in world.frameworks for offer in framework.offers.values()]
    assert agent.id in {one["agent_id"]["value"] for one in offers}
    world.check()


def test_an_agent_that_is_being_admitted_when_its_machine_goes_down_is_sent_away() -> None:
    world = World(agents=1, frameworks=0)
    done(world, schedule(window(HERE)))
    agent = world.agents[0]
    world.feed(machines(HERE, down=True))
    agent.connect()  # before that is written; its own write comes after it
    write_all(world)
    while agent.read():
        pass
    assert agent.id is None and not world.core.state.agents
    assert not [key for key in world.registry if key.startswith("agents/")]
