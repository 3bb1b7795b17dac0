"""Weights of roles, as operators set them: in the registry first, then in the allocator. The texts are Mesos'.

Weights in the registry count, and those of ``--weights`` do not, once an operator has set any.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable

from dcos_runtime.core.frozen import Now
from dcos_runtime.core.resources import lineage, role_error
from dcos_runtime.master.core import acls, chores, registry
from dcos_runtime.master.core.events import WeightsAsked
from dcos_runtime.master.core.state import State
from dcos_runtime.master.core.timing import Weigh

MOST = 10_000
"""Roles that have a weight: each is shown and read at a failover."""


def load(state: State, entries: Iterable[tuple[str, bytes]]) -> None:
    """Takes over the registry. Raises `codec.DecodeError`, `registry.UnknownRegistryVersion`, before anything was
    changed.
    """
    found = registry.of_kind(entries, registry.WEIGHTS, registry.read_weight)
    if not found:
        return
    if state.weights:
        state.log(logging.WARNING, "--weights are not looked at: operators have set weights, which the registry holds")
    state.weights, state.weights_kept = found, True
    state.allocator.set_weights(found)


def asked(state: State, event: WeightsAsked) -> tuple[int, str] | None:
    """A refusal; None: it is answered when the registry holds the weights."""
    given: dict[str, float] = {}
    for name, weight in event.weights:
        role = name.strip()
        if error := role_error(role):
            return 400, f"Failed to validate update weights request JSON: Invalid role '{role}': {error}"
        if not (weight > 0 and math.isfinite(weight)):
            return 400, (
                f"Failed to validate update weights request JSON for role '{role}': Invalid weight '{weight:.15g}':"
                " Weights must be positive"
            )
        given[role] = weight
    if acls.first_refused(state.settings.acls, event.principal, (("update_weights", role) for role in given)):
        return acls.FORBIDDEN
    if len(state.weights.keys() | given.keys()) > MOST:
        return 400, f"Failed to validate update weights request JSON: more than {MOST} roles would have a weight"
    state.log(logging.INFO, f"{len(given)} weights were set by {event.by}")
    kept = given if state.weights_kept else {**state.weights, **given}
    state.weights_kept = True
    state.persist(
        {f"{registry.WEIGHTS}{role}": registry.weight_entry(weight) for role, weight in kept.items()},
        Weigh(event.request, tuple(given.items())),
    )
    return None


def written(state: State, then: Weigh, now: Now) -> None:
    """The weights count. Offers that were made by the former ones are rescinded, if it concerns any framework."""
    state.weights = {**state.weights, **dict(then.weights)}
    state.allocator.set_weights(state.weights)
    concerned = {
        above for framework in state.frameworks.values() for role in framework.roles for above in lineage(role)
    }
    if any(role in concerned for role, _ in then.weights):
        chores.rescind_all(state, now)
