"""The agent's core keeps no more the longer it lives: by the count of all that can be reached from it."""

from __future__ import annotations

import gc
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType

from dcos_runtime.agent.core.history import MOST_TASKS
from dcos_runtime.agent.core.model import Exit
from dcos_runtime.agent.core.records import MAX_HISTORY, MAX_KNOWN
from tests.support.cores.agent_executor import PretendedExecutor
from tests.support.cores.agent_world import FRAMEWORK, World, acknowledge_all

CODE = (type, ModuleType, FunctionType, BuiltinFunctionType, MethodType)

ROOM = 1.1
"""Timers that were cancelled are kept for a while."""


def reachable(core: object) -> int:
    """How many objects a core holds on to, without code. Numbers, text and bytes count as often as they differ."""
    seen: dict[int, object] = {}
    waiting: list[object] = [vars(core)]
    while waiting:
        one = waiting.pop()
        if id(one) in seen or isinstance(one, CODE):
            continue
        seen[id(one)] = one
        waiting += gc.get_referents(one)
    return len(seen)


def ends(world: World, task: str) -> None:
    world.exit(world.launch(task), Exit(code=0))
    acknowledge_all(world, task)
    world.history.clear()


def executor_ends(world: World, number: int) -> None:
    """An executor with a task that it ends, one that it leaves behind, and some words between."""
    world.run_in("e", f"a{number}")
    world.run_in("e", f"b{number}", starts=False)
    executor = PretendedExecutor(world, "e")
    executor.start()
    executor.subscribe()
    world.run_until_idle()
    executor.update(f"a{number}", "TASK_FINISHED")
    executor.message(b"said")
    executor.hang_up()
    executor.subscribe()
    world.exit(executor.container, Exit(code=1))
    for task in (f"a{number}", f"b{number}"):
        acknowledge_all(world, task)
    world.history.clear()


def test_commands_and_executors_that_are_over_leave_no_more_than_the_history(world: World) -> None:
    world.connect()
    kept = world.core.settings.completed_kept
    for number in range(kept):
        ends(world, f"t{number}")
        if number % 3 == 0:
            executor_ends(world, number)
    first = reachable(world.core)
    for number in range(kept, 3 * kept):
        ends(world, f"t{number}")
        if number % 3 == 0:
            executor_ends(world, number)
    assert reachable(world.core) <= first * ROOM
    core = world.core
    assert not core.tasks and not core.executors and not core.failed and not list(core.writes)
    assert not core.timers.entries() or len(core.timers.entries()) <= 2  # the membership's


def test_an_executor_that_lives_for_long_costs_no_more_than_its_bounds(world: World) -> None:
    """A task with any number of updates, and any number of tasks one after the other."""
    world.run_in("e", "stays")
    executor = PretendedExecutor(world, "e")
    executor.start()
    executor.subscribe()
    world.run_until_idle()

    def live(begin: int, count: int) -> int:
        for number in range(begin, begin + count):
            executor.update("stays", "TASK_RUNNING")
            world.run_until_idle()
            acknowledge_all(world, "stays")
            world.run_in("e", f"t{number}", starts=False)
            world.run_until_idle()
            executor.update(f"t{number}", "TASK_FINISHED")
            acknowledge_all(world, f"t{number}")
            executor.heard()
            world.history.clear()
        return reachable(world.core)

    first = live(0, MOST_TASKS + MAX_HISTORY)
    assert live(MOST_TASKS + MAX_HISTORY, 2 * MOST_TASKS) <= first * ROOM
    task = world.core.tasks[FRAMEWORK, "stays"]
    assert len(task.record.known) <= MAX_KNOWN and len(task.record.history) <= MAX_HISTORY
    assert not task.record.pending and not task.needs and not task.confirmations
