"""The core's state as `/v2` shows it: apps with their tasks and counts, the queue, the group tree."""

from __future__ import annotations

import math
import statistics
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from dcos_runtime.core import instants
from dcos_runtime.core.frozen import Now
from dcos_runtime.core.resources.messages import reservations_of
from dcos_runtime.marathon.core import app as apps
from dcos_runtime.marathon.core import groups
from dcos_runtime.marathon.core.app import App
from dcos_runtime.marathon.core.app_state import AppState
from dcos_runtime.marathon.core.instance import Condition, Instance
from dcos_runtime.marathon.core.shown import listed, task, tasks
from dcos_runtime.marathon.core.state import State
from dcos_runtime.wire.cluster import Offer
from dcos_runtime.wire.common import Value
from dcos_runtime.wire.resources import Resource

__all__ = ["app_info", "current", "embeds", "group", "listed", "queue", "task", "tasks"]

COUNTS, DEPLOYMENTS, TASKS, FAILURE, STATS, READINESS = (
    "counts", "deployments", "tasks", "lastTaskFailure", "taskStats", "readiness",
)  # fmt: skip


def embeds(arguments: Iterable[str]) -> set[str]:
    """The values of ``embed=``, with and without prefix, and the deprecated names."""
    found = set()
    for argument in arguments:
        name = argument
        for prefix in ("group.apps.", "apps.", "app."):
            name = name.removeprefix(prefix)
        if name == "failures":
            found |= {TASKS, FAILURE, DEPLOYMENTS}
        elif name == TASKS:
            found |= {TASKS, DEPLOYMENTS}
        else:
            found.add(name)
    return found


def app_info(state: State, app: App, embed: Collection[str], now: Now) -> dict[str, Any]:
    """An app with the requested embeds."""
    app_state = state.apps[app.id]
    data = apps.to_json(app)
    if COUNTS in embed:
        data |= {
            f"tasks{name.capitalize()}": count
            for name, count in _counts(app_state, app_state.instances.values()).items()
        }
    if DEPLOYMENTS in embed:
        deployment = state.deployment_of(app.id)
        data["deployments"] = [{"id": deployment.id}] if deployment is not None else []
    if READINESS in embed:
        data["readinessCheckResults"] = []
    if TASKS in embed:
        data["tasks"] = tasks(app_state)
    if FAILURE in embed and app_state.failure is not None:
        failure = app_state.failure
        data["lastTaskFailure"] = {
            "appId": failure.app_id,
            "host": failure.host,
            "message": failure.message,
            "state": failure.state,
            "taskId": failure.task_id,
            "timestamp": failure.timestamp,
            "version": failure.version,
            **({"slaveId": failure.slave_id} if failure.slave_id else {}),
        }
    if STATS in embed:
        data["taskStats"] = _task_stats(app_state, app, now)
    return data


def queue(state: State, now: Now, *, with_offers: bool) -> list[dict[str, Any]]:
    """The apps that wait, and why."""
    items = []
    for app_state in state.apps.values():
        app = state.active(app_state)
        count = len(app_state.scheduled())
        if not count or app is None:
            continue
        left = max(0.0, app_state.delay.until - now.mono) if app_state.delay is not None else 0.0
        statistic = app_state.statistics
        summary: dict[str, Any] = {
            "processedOffersCount": statistic.processed,
            "unusedOffersCount": statistic.unused,
            "rejectSummaryLastOffers": statistic.last_funnel(),
            "rejectSummaryLaunchAttempt": statistic.funnel(),
        }
        if statistic.last_unused is not None:
            summary["lastUnusedOfferAt"] = instants.timestamp(statistic.last_unused)
        if statistic.last_used is not None:
            summary["lastUsedOfferAt"] = instants.timestamp(statistic.last_used)
        item: dict[str, Any] = {
            "app": apps.to_json(app),
            "count": count,
            "delay": {"timeLeftSeconds": math.ceil(left), "overdue": left == 0},
            "since": instants.timestamp(app_state.waiting_since or now.wall),
            "processedOffersSummary": summary,
        }
        if with_offers:
            item["lastUnusedOffers"] = [
                {"offer": _offer(offer), "reason": list(reasons), "timestamp": instants.timestamp(when)}
                for offer, reasons, when in statistic.last_by_agent.values()
                if reasons
            ]
        items.append(item)
    return items


def group(state: State, group_id: str, embed: Collection[str], now: Now) -> dict[str, Any] | None:
    """The subtree at ``group_id``. ``None``: no such group."""
    mine = [app for app in current(state) if app.id.startswith(group_id.rstrip("/") + "/")]
    if not mine and group_id != "/":
        return None
    return groups.tree(mine, lambda app: app_info(state, app, embed, now), group_id)


def current(state: State) -> Iterator[App]:
    """All apps, by id."""
    for app_id in sorted(state.apps):
        app = state.apps[app_id].current
        if app is not None:
            yield app


def _counts(app_state: AppState, instances: Iterable[Instance]) -> dict[str, int]:
    staged = running = healthy = unhealthy = 0
    for instance in instances:
        if instance.condition in (Condition.PROVISIONED, Condition.STAGING, Condition.STARTING):
            staged += 1
        elif instance.condition is Condition.RUNNING:
            running += 1
            alive = app_state.health[instance.id].alive if instance.id in app_state.health else None
            healthy += alive is True
            unhealthy += alive is False
    return {"staged": staged, "running": running, "healthy": healthy, "unhealthy": unhealthy}


def _task_stats(app_state: AppState, app: App, now: Now) -> dict[str, Any]:
    listed_ = listed(app_state)
    selections = {
        "startedAfterLastScaling": [one for one in listed_ if one.version >= app.version_info.last_scaling_at],
        "withLatestConfig": [one for one in listed_ if one.config_version == app.config_version],
        "withOutdatedConfig": [one for one in listed_ if one.config_version != app.config_version],
        "totalSummary": listed_,
    }
    result: dict[str, Any] = {}
    for name, chosen in selections.items():
        if not chosen:
            continue
        stats: dict[str, Any] = {"counts": _counts(app_state, chosen)}
        lives = [now.wall - instance.started_at for instance in chosen if instance.started_at is not None]
        if lives:
            stats["lifeTime"] = {"averageSeconds": statistics.fmean(lives), "medianSeconds": statistics.median(lives)}
        result[name] = {"stats": stats}
    return result


def _offer(offer: Offer) -> dict[str, Any]:
    return {
        "id": offer.id.value,
        "hostname": offer.hostname,
        "agentId": offer.agent_id.value,
        "resources": [
            {"name": resource.name, "role": _role(resource), **_value(resource)} for resource in offer.resources
        ],
        "attributes": [
            {
                "name": attribute.name,
                **({"text": attribute.text.value} if attribute.text is not None else {}),
                **({"scalar": attribute.scalar.value} if attribute.scalar is not None else {}),
            }
            for attribute in offer.attributes
        ],
    }


def _role(resource: Resource) -> str:
    """The role of its reservation, ``*`` when it is not reserved."""
    reservations = reservations_of(resource)
    return reservations[-1].role if reservations else "*"


def _value(resource: Resource) -> dict[str, Any]:
    if resource.type is Value.Type.SCALAR and resource.scalar is not None:
        return {"scalar": resource.scalar.value}
    if resource.type is Value.Type.RANGES and resource.ranges is not None:
        return {"ranges": [{"begin": item.begin, "end": item.end} for item in resource.ranges.range]}
    return {"set": list(resource.set.item)} if resource.set is not None else {}
