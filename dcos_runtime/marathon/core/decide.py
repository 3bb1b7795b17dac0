"""How many instances to start and which to stop, from an app's target and its present instances. It has no memory:
called after every change, it reaches the target step by step. So a restart loses nothing, and a kill or a failure in
between is no special case.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass

from dcos_runtime.marathon.core import constraints
from dcos_runtime.marathon.core.app import App
from dcos_runtime.marathon.core.instance import ABSENT, Condition, Goal, Instance

_ORDER = {
    Condition.SCHEDULED: 0,
    Condition.UNREACHABLE_INACTIVE: 1,
    Condition.UNREACHABLE: 1,
    Condition.KILLING: 2,
    Condition.PROVISIONED: 3,
    Condition.STAGING: 3,
    Condition.STARTING: 4,
    Condition.RUNNING: 6,
}


@dataclass(frozen=True)
class Decision:
    """``start`` new instances; ``stop`` those of these ids."""

    start: int = 0
    stop: tuple[str, ...] = ()


Healthy = Callable[[Instance], bool]


def decide(
    app: App | None,
    instances: Collection[Instance],
    healthy: Healthy,
    *,
    restarting: bool = False,
    sentenced: Collection[str] = (),
) -> Decision:
    """``app`` None: all instances must end. ``restarting``: those of an older configuration are replaced, within the
    app's upgrade strategy. ``sentenced``: ids that end first when some must end.
    """
    if app is None:
        return Decision(stop=tuple(instance.id for instance in instances if instance.goal is Goal.RUNNING))
    if restarting and app.instances > 0:
        return _replace(app, instances, healthy, sentenced)
    wanted = [instance for instance in instances if instance.wanted]
    surplus = max(0, len(wanted) - app.instances)
    if sentenced:
        surplus = max(surplus, sum(1 for instance in wanted if instance.id in sentenced))
    stop = _first_to_go(app, wanted, healthy, sentenced, surplus)
    return Decision(start=max(0, app.instances - len(wanted) + len(stop)), stop=stop)


def is_complete(
    app: App | None, instances: Collection[Instance], healthy: Healthy, *, restarting: bool = False
) -> bool:
    """Whether there is nothing to start, to stop or to wait for."""
    if app is None:
        return not instances
    wanted = [instance for instance in instances if instance.wanted]
    return (
        len(wanted) == app.instances
        and all(instance.goal is Goal.RUNNING for instance in instances)
        and all(healthy(instance) for instance in wanted)
        and not (restarting and any(is_outdated(app, instance) for instance in wanted))
    )


def is_outdated(app: App, instance: Instance) -> bool:
    return instance.config_version != app.config_version


def _replace(app: App, instances: Collection[Instance], healthy: Healthy, sentenced: Collection[str]) -> Decision:
    """Stops old instances as far as minimumHealthCapacity allows, and starts new ones as far as maximumOverCapacity
    allows.
    """
    wanted = [instance for instance in instances if instance.wanted]
    old = [instance for instance in wanted if is_outdated(app, instance)]
    new = [instance for instance in wanted if not is_outdated(app, instance)]
    ending = [instance for instance in instances if instance.goal is not Goal.RUNNING and instance.has_task]
    least = math.ceil(round(app.instances * app.upgrade_strategy.minimum_health_capacity, 9))
    most = math.floor(round(app.instances * (1 + app.upgrade_strategy.maximum_over_capacity), 9))
    if least >= most:
        most = least + 1  # as Marathon: else nothing could be replaced
    # A running old instance stays until enough others are healthy. One that does not run may go.
    serving = [instance for instance in old if instance.condition is Condition.RUNNING]
    idle = [instance for instance in old if instance.condition is not Condition.RUNNING]
    keep = max(0, least - sum(1 for instance in new if healthy(instance)))
    go = _first_to_go(app, serving, healthy, sentenced, len(serving) - keep)
    too_many_new = _first_to_go(app, new, healthy, sentenced, len(new) - app.instances)
    # A stopped instance counts until it has ended, unless it has no task, or an unreachable one.
    there = len(new) + len(serving) + len(ending)
    there += sum(1 for instance in idle if instance.has_task and instance.condition not in ABSENT)
    start = max(0, min(app.instances - len(new), most - there))
    return Decision(start=start, stop=(*(instance.id for instance in idle), *go, *too_many_new))


def _first_to_go(
    app: App, instances: Collection[Instance], healthy: Healthy, sentenced: Collection[str], count: int
) -> tuple[str, ...]:
    """``count`` ids: first the sentenced ones, then those in the worst state, then those that keep groups even, then by
    killSelection.
    """
    if count <= 0:
        return ()
    youngest_first = app.kill_selection == "YOUNGEST_FIRST"

    def order(instance: Instance) -> tuple[bool, int, float]:
        rank = _ORDER[instance.condition]
        if instance.condition is Condition.RUNNING and not healthy(instance):
            rank = 5
        since = instance.started_at or instance.staged_at or instance.since
        return instance.id not in sentenced, rank, -since if youngest_first else since

    left = sorted(instances, key=order)
    fields = [constraint[0] for constraint in app.constraints if constraint[1] == "GROUP_BY"]
    if not fields or count >= len(left):
        return tuple(instance.id for instance in left[:count])
    # Instances without a task are in no group. There may be very many.
    idle = next((index for index, instance in enumerate(left) if instance.has_task), len(left))
    gone = [instance.id for instance in left[: min(idle, count)]]
    left = left[idle:]
    while left and len(gone) < count:
        best = order(left[0])[:2]
        equals = {instance.id: instance.attributes for instance in left if order(instance)[:2] == best}
        fullest = set(constraints.uneven(fields, equals))
        victim = next(instance for instance in left if instance.id in fullest)
        gone.append(victim.id)
        left.remove(victim)
    return tuple(gone)
