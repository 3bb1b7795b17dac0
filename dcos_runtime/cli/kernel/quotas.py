"""Quotas of roles: which one is meant, and setting them."""

from __future__ import annotations

from collections.abc import Mapping

from dcos_runtime.cli.errors import CliError
from dcos_runtime.cli.kernel.master import Master, RoleQuota

Amounts = Mapping[str, float]


def find(master: Master, role: str) -> RoleQuota | None:
    """None: the role has no quota. Raises `CliError`."""
    return next((quota for quota in master.quotas() if quota.role == role), None)


def wanted(master: Master, role: str) -> RoleQuota:
    """Raises `CliError` when the role has no quota."""
    found = find(master, role)
    if found is None:
        raise CliError(
            f"the role {role} has no quota", hints=["dcos quota list shows all, dcos quota create makes one"]
        )
    return found


def put(master: Master, role: str, guarantees: Amounts, limits: Amounts, *, force: bool = False) -> None:
    """Replaces the quota of the role; without guarantees and limits it has none any more. Raises `CliError`."""
    config = {"role": role, "guarantees": _scalars(guarantees), "limits": _scalars(limits)}
    response = master.operate("UPDATE_QUOTA", {"force": force, "quota_configs": [config]})
    if response.status != 200:
        why = response.complaint() or str(response.status)
        hints = ["--force sets it nevertheless"] if "use 'force'" in why else []
        raise CliError(f"the master refuses this quota of {role}: {why}", hints=hints)


def _scalars(amounts: Amounts) -> dict[str, dict[str, float]]:
    return {name: {"value": amount} for name, amount in amounts.items()}
