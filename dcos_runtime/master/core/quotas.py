"""Quotas of roles, as operators set them: checked, in the registry, then in the allocator. The texts are Mesos'."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping

from dcos_runtime.core import resources as amounts
from dcos_runtime.core.frozen import Now
from dcos_runtime.core.resources import decimal, fixed, lineage, role_error
from dcos_runtime.master.core import acls, allocator, chores, registry
from dcos_runtime.master.core.allocator import Quantities, Quota
from dcos_runtime.master.core.events import QuotaRemovalAsked, QuotaRequested, QuotasAsked
from dcos_runtime.master.core.state import State
from dcos_runtime.master.core.timing import Limit
from dcos_runtime.wire import codec
from dcos_runtime.wire.common import Value
from dcos_runtime.wire.quota import QuotaConfig, QuotaRequest

MOST = 2000
"""Roles that have a quota: each decision of the allocator looks at all of them."""
MOST_NAMES, LONGEST_NAME = 100, 100
"""Of the resources in one quota."""

Refusal = tuple[int, str] | None
"""None: the answer comes when the registry holds the quotas."""


def load(state: State, entries: Iterable[tuple[str, bytes]]) -> None:
    """Takes over the registry. Raises `codec.DecodeError`, `registry.UnknownRegistryVersion`, before anything was
    changed.
    """
    found = registry.of_kind(entries, registry.QUOTAS, registry.read_quota)
    if not found:
        return
    try:
        state.allocator.set_quotas(found)
    except ValueError as error:
        raise codec.DecodeError(f"the registry's quotas contradict each other: {error}") from error
    state.quotas = found


def written(state: State, then: Limit, now: Now) -> None:
    """The quotas count. All offers are rescinded, so that guarantees are met by what is free then."""
    state.allocator.set_quotas(dict(then.quotas))
    chores.rescind_all(state, now)


def _persist(state: State, request: int, quotas: Mapping[str, Quota], by: str) -> None:
    state.log(logging.INFO, f"quotas of {len(quotas)} roles were set by {by}")
    state.quotas = allocator.changed(state.quotas, quotas)
    changes = {
        f"{registry.QUOTAS}{role}": registry.quota_entry(quota) if quota else None for role, quota in quotas.items()
    }
    state.persist(changes, Limit(request, tuple(quotas.items())))


# --- UPDATE_QUOTA ----------------------------------------------------------------------------------------------------


def asked(state: State, event: QuotasAsked) -> Refusal:
    for config in event.configs:
        if error := _invalid(config):
            return 400, f"Invalid QuotaConfig: {error}"
    if not _permitted(state, event.principal, *(one.role for one in event.configs)):
        return acls.FORBIDDEN
    quotas = {
        one.role: Quota(_thousandths(one.guarantees, zeros=False), _thousandths(one.limits, zeros=True))
        for one in event.configs
    }
    after = allocator.changed(state.quotas, quotas)
    if error := _together(after):
        return 400, f"Invalid QuotaConfig: {error}"
    if not event.force:
        for role, quota in quotas.items():
            if error := _exceeded(state, role, quota.limits):
                return 400, f"Invalid QuotaConfig: {error} (use 'force' flag to bypass this check)"
        if error := _overcommitted(state, after):
            return 400, f"Invalid QuotaConfig: total {error} (use 'force' flag to bypass this check)"
    _persist(state, event.request, quotas, event.by)
    return None


def _invalid(config: QuotaConfig) -> str | None:
    """One config by itself."""
    if error := role_error(config.role):
        return f"Invalid 'QuotaConfig.role': {error}"
    for part, field, given in (
        ("guarantee", "guarantees", config.guarantees),
        ("limit", "limits", config.limits),
    ):
        if len(given) > MOST_NAMES:
            return f"Invalid 'QuotaConfig.{field}': there are {len(given)} resources, and may be {MOST_NAMES}"
        for name, amount in given.items():
            if not 0 < len(name) <= LONGEST_NAME:
                return f"Invalid 'QuotaConfig.{field}': the name of a resource has 1 to {LONGEST_NAME} characters"
            if amount.value < 0:
                return f"Invalid {part} configuration {{'{name}': {amount.value:.15g}}}: Negative values not supported"
            if amounts.out_of_range(amount.value):
                return (
                    f"Invalid 'QuotaConfig.{field}': {{'{name}': {amount.value:.15g}}} is invalid: values greater than"
                    f" 1 trillion ({amounts.MAX_SCALAR}) are not supported"
                )
    guarantees, limits = _thousandths(config.guarantees, zeros=True), _thousandths(config.limits, zeros=True)
    if any(amount > limits.get(name, amount) for name, amount in guarantees.items()):
        return (
            f"'QuotaConfig.guarantees' {_braces(guarantees)} is not contained within the 'QuotaConfig.limits'"
            f" {_braces(limits)}"
        )
    return None


def _permitted(state: State, principal: str | None, *roles: str) -> bool:
    wanted = (("update_quotas", role) for role in roles)
    return acls.first_refused(state.settings.acls, principal, wanted) is None


def _together(quotas: Mapping[str, Quota]) -> str | None:
    """All quotas as they would be."""
    if len(quotas) > MOST:
        return f"{len(quotas)} roles would have a quota, and may be {MOST}"
    return allocator.inconsistent(quotas)


def _exceeded(state: State, role: str, limits: Quantities) -> str | None:
    used = _consumed(state, role) if limits else {}
    if all(used.get(name, 0) <= limit for name, limit in limits.items()):
        return None
    return (
        f"Role '{role}' is already consuming '{_text(used)}'; this is more than the requested limits '{_text(limits)}'"
    )


def _consumed(state: State, role: str) -> Quantities:
    """What counts towards the role's quota, without offers."""
    used = {name: state.allocator.quota_used(role, name) for name in state.allocator.totals()}
    for offer in state.offers.values():
        if role in lineage(offer.role):
            for kind, amount in offer.resources.scalar_amounts():
                if allocator.counts(kind):
                    used[kind.name] -= amount
    return {name: amount for name, amount in used.items() if amount > 0}


def _overcommitted(state: State, quotas: Mapping[str, Quota]) -> str | None:
    wanted, there = allocator.guaranteed(quotas), state.allocator.totals()
    if all(amount <= there.get(name, 0) for name, amount in wanted.items()):
        return None
    return f"quota guarantees '{_text(wanted)}' exceed cluster capacity '{_text(there)}'"


# --- SET_QUOTA and REMOVE_QUOTA --------------------------------------------------------------------------------------


def requested(state: State, event: QuotaRequested) -> Refusal:
    role = event.quota.role or ""
    error = _invalid_request(event.quota)
    if error is None and role in state.quotas:
        error = f"Cannot set quota for role '{role}' which already has quota"
    if error is not None:
        return 400, f"Failed to validate set quota request: {error}"
    if not _permitted(state, event.principal, role):
        return acls.FORBIDDEN
    given = {one.name: one.scalar for one in event.quota.guarantee if one.scalar is not None}
    quota = Quota(_thousandths(given, zeros=False), _thousandths(given, zeros=True))
    after = allocator.changed(state.quotas, {role: quota})
    if error := _together(after):
        return 400, f"Failed to validate set quota request: {error}"
    if not event.quota.force and (error := _overcommitted(state, after)):
        return 409, f"Quota guarantees overcommit the cluster (use 'force' to bypass this check): Total {error}"
    _persist(state, event.request, {role: quota}, event.by)
    return None


def _invalid_request(request: QuotaRequest) -> str | None:
    if error := role_error(request.role or ""):
        return f"QuotaInfo with invalid role: {error}"
    if not request.guarantee:
        return "QuotaInfo with empty 'guarantee'"
    if len(request.guarantee) > MOST_NAMES:
        return f"QuotaInfo with {len(request.guarantee)} resources, and may be {MOST_NAMES}"
    names: set[str] = set()
    for one in request.guarantee:
        if error := amounts.invalid([one]):
            return f"QuotaInfo with invalid resource: {error}"
        if one.reservations or one.reservation is not None or one.role not in (None, "*"):
            return "QuotaInfo must not contain any ReservationInfo"
        if one.disk is not None:
            return "QuotaInfo must not contain DiskInfo"
        if one.revocable is not None:
            return "QuotaInfo must not contain RevocableInfo"
        if one.type is not Value.Type.SCALAR:
            return "QuotaInfo must not include non-scalar resources"
        if one.name in names:
            return f"QuotaInfo contains duplicate resource name '{one.name}'"
        if len(one.name) > LONGEST_NAME:
            return f"QuotaInfo with a resource whose name has more than {LONGEST_NAME} characters"
        names.add(one.name)
    return None


def removal_asked(state: State, event: QuotaRemovalAsked) -> Refusal:
    if not _permitted(state, event.principal, event.role):
        return acls.FORBIDDEN
    if event.role not in state.quotas:
        return 400, f"Failed to remove {event.what}: Role '{event.role}' has no quota set"
    after = allocator.changed(state.quotas, {event.role: Quota()})
    if error := _together(after):
        return 400, f"Failed to remove {event.what}: {error}"
    _persist(state, event.request, {event.role: Quota()}, event.by)
    return None


# --- amounts ---------------------------------------------------------------------------------------------------------


def _thousandths(given: Mapping[str, Value.Scalar], zeros: bool) -> dict[str, int]:
    """``zeros``: also of names of which it is nothing: a limit of nothing is one, a guarantee of nothing is none."""
    found = {name: fixed(amount.value) for name, amount in sorted(given.items())}
    return {name: amount for name, amount in found.items() if amount or zeros}


def _text(quantities: Quantities) -> str:
    return "; ".join(f"{name}:{decimal(amount)}" for name, amount in sorted(quantities.items()) if amount)


def _braces(quantities: Quantities) -> str:
    return f"{{ {', '.join(f'{name}: {decimal(amount)}' for name, amount in quantities.items())} }}"
