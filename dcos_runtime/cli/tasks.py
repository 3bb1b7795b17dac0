"""Finds tasks by a user's argument."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence

from dcos_runtime.cli.errors import CliError
from dcos_runtime.cli.kernel.master import ClusterState, Task
from dcos_runtime.cli.marathon.client import task_prefix
from dcos_runtime.cli.output import print_note


def matching(tasks: Sequence[Task], pattern: str) -> list[Task]:
    """A full id or name matches only itself; else an app's id (``/web``), a pattern with ``*?[``, or a part of an
    id.
    """
    exact = [task for task in tasks if task.id == pattern] or [task for task in tasks if task.name == pattern]
    if exact:
        return exact
    if pattern.startswith("/"):
        return [task for task in tasks if task.id.startswith(task_prefix(pattern))]
    if any(sign in pattern for sign in "*?["):
        return [task for task in tasks if fnmatch.fnmatchcase(task.id, pattern)]
    return [task for task in tasks if pattern in task.id]


def last_task(state: ClusterState, app_id: str) -> Task | None:
    """The app's task that changed last, running or ended."""
    tasks = [task for task in state.tasks(completed=True) if task.id.startswith(task_prefix(app_id))]
    return max(tasks, key=lambda task: task.last_change, default=None)


def select_running(state: ClusterState, pattern: str) -> list[Task]:
    """The tasks whose processes are wanted; never none. Raises `CliError`."""
    chosen = [task for task in matching(state.tasks(), pattern) if not task.ended]
    if chosen:
        return chosen
    ended = matching(state.tasks(completed=True), pattern)
    if ended:
        last = max(ended, key=lambda task: task.last_change)
        raise CliError(
            f"task {last.id} has ended ({last.state}): it has no processes",
            hints=[f"what it printed: dcos task log {last.id}"],
        )
    raise CliError(f"no running task matches {pattern}", hints=["dcos ps shows every task that runs"])


def select_one_running(state: ClusterState, pattern: str) -> Task:
    """The one task that is meant. Raises `CliError`."""
    chosen = select_running(state, pattern)
    if len(chosen) > 1:
        raise CliError(
            f"{len(chosen)} running tasks match {pattern}, and a command runs in one",
            details=[task.id for task in chosen[:20]],
            hints=["name one of them"],
        )
    return chosen[0]


def select_for_log(state: ClusterState, pattern: str, *, everything: bool, completed: bool) -> list[Task]:
    """The tasks whose output is wanted; never none. Raises `CliError`."""
    chosen = matching(state.tasks(active=not completed, completed=everything or completed), pattern)
    if chosen:
        return chosen
    if not completed and not everything:
        ended = matching(state.tasks(active=False, completed=True), pattern)
        if ended:
            last = max(ended, key=lambda task: task.last_change)
            print_note(f"no running task matches {pattern}; the last one that ended: {last.id} ({last.state})")
            return [last]
    kind = "" if everything else "ended " if completed else "running or ended "
    raise CliError(f"no {kind}task matches {pattern}", hints=["dcos task list --all shows every task that is known"])
