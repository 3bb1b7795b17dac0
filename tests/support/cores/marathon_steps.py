"""Actions on a `Cluster`, and questions about it, for tests of the init's core."""

from __future__ import annotations

from typing import Any

from dcos_runtime.marathon.core.deployment import Deployment
from dcos_runtime.wire.scheduler import Call
from dcos_runtime.wire.tasks import TaskState
from tests.support.cores.marathon_cluster import Cluster


def definition(app_id: str = "/web", **data: Any) -> dict[str, Any]:
    return {"id": app_id, "cmd": "v1", "cpus": 0.5, "mem": 32, **data}


def create(cluster: Cluster, app_id: str = "/web", **data: Any) -> Deployment:
    _, deployment = cluster.change(lambda changes: changes.create(definition(app_id, **data), False))
    cluster.commit()
    return deployment


def update(
    cluster: Cluster, data: dict[str, Any], app_id: str = "/web", *, force: bool = False, partial: bool = True
) -> Deployment:
    deployment, _ = cluster.change(
        lambda changes: changes.update(app_id, data, partial=partial, may_create=True, force=force)
    )
    cluster.commit()
    return deployment


def running(cluster: Cluster, app_id: str = "/web") -> list[str]:
    return sorted(task.info.task_id.value for task in cluster.of(app_id) if task.state is TaskState.TASK_RUNNING)


def kinds(cluster: Cluster) -> list[str]:
    return [event.kind for event in cluster.published]


def sent(cluster: Cluster, kind: Call.Type) -> list[Call]:
    return [call for call in cluster.calls if call.type is kind]
