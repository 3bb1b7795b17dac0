"""An agent that leaves for good: removed at once, with all its tasks. The oracle: a real Mesos 1.11 at SIGUSR1."""

from __future__ import annotations

from dcos_runtime.master.core.recorded import restored
from dcos_runtime.wire import codec, internal
from tests.support.cores.master_steps import launched
from tests.support.cores.master_world import World


def test_an_agent_that_unregisters_is_removed_at_once_and_its_tasks_are_lost_to_all() -> None:
    world = World(agents=2, frameworks=2)
    world.run_until_idle()
    launched(world)
    agent, state = world.agents[0], world.core.state
    agent_id, epoch = agent.id, agent.epoch
    assert agent_id is not None and len(state.agents[agent_id].all_tasks()) == 2
    for framework in world.frameworks:
        framework.acknowledge()
    world.run_until_idle()
    agent.unregister()
    assert agent_id in state.agents and not state.agents[agent_id].offers, "not before the registry says so"
    late = internal.Batch(agent_id, epoch, [internal.Pong(seq=1000)])
    assert world.post(codec.encode(late)).status == 409
    world.core = restored(world.core.source.seed, world.core.snapshot())
    state = world.core.state
    while world.write():
        pass
    assert agent_id not in state.agents and agent_id not in state.unreachable and not state.leaving
    assert f"agents/{agent_id}" not in world.registry
    assert all(set(framework.told.values()) == {"TASK_LOST"} for framework in world.frameworks)
    shown = {name: count for name, count in state.counters.items() if "removals" in name or "unregister" in name}
    assert shown == {
        "master/messages_unregister_slave": 1,
        "master/slave_removals": 1,
        "master/slave_removals/reason_unregistered": 1,
    }
    world.run_until_idle()
    world.check()
    assert agent.id not in (None, agent_id), "a new agent on that host"
