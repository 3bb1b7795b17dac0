"""Custom executors in a storm of generated events, and planted bugs in their life: the storm finds each."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.support.cores.agent_executor_storm import ExecutorStorm
from tests.support.sim.mutations import Mutation
from tests.support.sim.planting import planted

LIFE = "dcos_runtime.agent.core.executor_life:ExecutorLife"
BOOK = "dcos_runtime.agent.core.book:Book"
CORE = "dcos_runtime.agent.core.core:AgentCore"

MUTATIONS = [
    Mutation(
        "never-delivered",
        "an executor that subscribes does not get the tasks that wait for it",
        f"{LIFE}._catch_up",
        "task.deliver = 0 if known else task.written",
        "task.deliver = 0",
    ),
    Mutation(
        "acknowledged-before-stored",
        "an update is acknowledged to its executor before its checkpoint is durable",
        f"{LIFE}.task_persisted",
        "if needed <= task.durable",
        "if True",
    ),
    Mutation(
        "delivered-twice",
        "a launch is delivered at each of its checkpoints",
        f"{LIFE}.task_persisted",
        "task.deliver = 0\n    if executor",
        "if executor",
    ),
    Mutation(
        "update-taken-twice",
        "an update after the end of its task is taken",
        f"{LIFE}._updated",
        "if record.state in TERMINAL or uuid in record.known:",
        "if uuid in record.known:",
    ),
    Mutation(
        "tasks-outlive-executor",
        "tasks of an executor that is gone do not end",
        f"{LIFE}.executor_destroyed",
        "self.end_task(task, verdict, now)",
        "pass",
    ),
    Mutation(
        "executor-checkpoint-left",
        "the checkpoint of an executor that is gone stays",
        f"{LIFE}.executor_destroyed",
        'self._persist(f"executors/{record.container_id}", None)',
        "pass",
    ),
    Mutation(
        "executor-never-counted-out",
        "a framework is known for ever once it had an executor",
        f"{LIFE}.executor_destroyed",
        "self._one_less(record.framework_id)",
        "pass",
    ),
    Mutation(
        "no-shutdown",
        "an executor that does not end within its grace period is left alone",
        f"{LIFE}.end_executor",
        "self.timers.set(ShutDown(container.container_id), now.mono + seconds)",
        "pass",
    ),
    Mutation(
        "not-destroyed-after-failure",
        "the container of an executor that could not be started stays",
        f"{LIFE}._destroy_executor",
        "self.emit(Destroy(container.container_id, container.launcher))",
        "pass",
    ),
    Mutation(
        "orphans-live-on",
        "after a restart, a task whose executor is gone goes on",
        f"{CORE}._recover_executors",
        "self.end_task(task, TERMINATED, now)",
        "pass",
    ),
    Mutation(
        "stream-kept",
        "a stream that was closed is still sent to",
        f"{LIFE}.executor_closed",
        "executor.stream = None",
        "pass",
    ),
    Mutation(
        "task-checkpoint-left",
        "the checkpoint of a task of an executor stays",
        f"{BOOK}._remove",
        'self._persist(f"assigned/{handle}" if task.custom else f"tasks/{handle}", None)',
        "pass",
    ),
    Mutation(
        "registration-never-over",
        "an executor that never subscribes runs for ever",
        f"{LIFE}.executor_started",
        "self.timers.set(RegistrationDue(container.container_id), now.mono + self.settings.registration_timeout)",
        "pass",
    ),
]

TestStorm = pytest.mark.soak(ExecutorStorm.TestCase)
TestStorm.settings = settings(
    max_examples=200, stateful_step_count=50, deadline=None, suppress_health_check=list(HealthCheck)
)

EFFORT = settings(
    max_examples=2000,
    stateful_step_count=50,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.soak
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_the_storm_finds_each(mutation: Mutation) -> None:
    with planted(mutation), pytest.raises((AssertionError, KeyError)):
        run_state_machine_as_test(ExecutorStorm, settings=EFFORT)
