"""What happens to agents and tasks in the master's world, in steps that several tests take."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from dcos_runtime.core.frozen import Reply
from dcos_runtime.master.core import events
from dcos_runtime.master.core.effects import Effect
from tests.support.cores.master_world import PING, PINGS, World, WorldAgent

OPERATORS = (
    *(events.GoneAsked, events.DeactivateAsked, events.ReactivateAsked, events.DrainAsked),
    *(events.ScheduleAsked, events.MachinesAsked),
)


def write_all(world: World) -> None:
    while world.write():
        pass


def launched(world: World) -> None:
    """A task of each framework runs on the first agent."""
    for framework in world.frameworks:
        world.live(2.0)
        offer = next(one for one, offer in framework.offers.items() if offer["hostname"] == "host0")
        framework.launch([offer], [(1.0, 1)], "e1" if framework.aware else "")
        for other in list(framework.offers):
            framework.decline(other, 0.0)
        world.run_until_idle()


def changed(agent: WorldAgent) -> None:
    """The agent is described otherwise from here on: the registry has to be written before it is admitted."""
    before = agent.info

    def info() -> object:
        found = before()
        return msgspec.structs.replace(found, attributes=[], hostname=f"{found.hostname}x")

    agent.info = info  # type: ignore[method-assign, assignment]  # a double takes its place


def falls_silent(world: World, agent: WorldAgent) -> None:
    """Its removal is under way in the registry."""
    agent.break_off()
    for _ in range(PINGS + 2):
        world.pass_time(PING)
        for other in world.agents:
            while other.stream is not None and other.read():
                pass


def answers(world: World, found: list[Effect] | None = None) -> Callable[[], list[tuple[int, int, str]]]:
    """All answers to operators from now on: request, status and text. ``found``: takes all effects."""
    effects: list[Effect] = [] if found is None else found
    asked: list[int] = []
    told: list[tuple[int, int, str]] = []
    receive = world.receive

    def received(event: events.Event) -> list[Effect]:
        if isinstance(event, OPERATORS):
            asked.append(event.request)
        now = receive(event)
        effects.extend(now)
        for one in now:
            if isinstance(one, Reply) and one.request in asked:
                asked.remove(one.request)
                told.append((one.request, one.status, one.body.decode()))
        return now

    world.receive = received  # type: ignore[method-assign]  # listens in
    return lambda: told
