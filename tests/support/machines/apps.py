"""Apps on a deployed cluster, as its users and its operator see them."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

from tests.support.daemons.byhand import wait_for
from tests.support.machines.deployed import Deployed


@contextlib.contextmanager
def app(cluster: Deployed, name: str, *, patience: float = 60, **definition: Any) -> Iterator[str]:
    """An app through the ``dcos`` command, removed afterwards together with its tasks."""
    body = {"id": f"/{name}", "cpus": 0.1, "mem": 64, "backoffSeconds": 1, **definition}
    added = cluster.dcos("marathon", "app", "add", stdin=json.dumps(body))
    assert added.returncode == 0, added.stdout + added.stderr
    try:
        yield f"/{name}"
    finally:
        wait_for(
            lambda: cluster.dcos("marathon", "app", "remove", "--force", f"/{name}").returncode == 0,
            patience,
            f"the removal of /{name}",
        )
        wait_for(lambda: not tasks(cluster, f"/{name}"), patience, f"the end of /{name}'s tasks")


def tasks(cluster: Deployed, name: str) -> list[dict[str, Any]]:
    """The app's running tasks, as the init returns them."""
    answer = cluster.marathon("/v2/tasks")
    return [task for task in answer["tasks"] if task["appId"] == name and task["state"] == "TASK_RUNNING"]


def running(cluster: Deployed, name: str, count: int, seconds: float = 90) -> list[dict[str, Any]]:
    def wanted() -> list[dict[str, Any]] | None:
        found = tasks(cluster, name)
        return found if len(found) == count else None

    found: list[dict[str, Any]] = wait_for(wanted, seconds, f"{count} running tasks of {name}")
    return found


def pids(cluster: Deployed, task: dict[str, Any]) -> list[str]:
    """The task's processes, with the pids of its machine."""
    return cluster.pids_with(cluster.host_at(task["host"]), f"MESOS_TASK_ID={task['id']}")
