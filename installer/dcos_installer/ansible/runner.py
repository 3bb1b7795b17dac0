"""The requests to hosts: facts, check, apply, remove. Each is one play; every host has its own result."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from dcos_installer.ansible import play
from dcos_installer.ansible.connection import Connection
from dcos_installer.ansible.play import Workspace
from dcos_installer.errors import InstallerError
from dcos_installer.plan.facts import Facts
from dcos_installer.plan.manifest import Manifest
from dcos_installer.plan.plan import Change

ASK_SECONDS = 120.0
"""Seconds that a host may take to report its state."""
APPLY_SECONDS = 90.0
"""Seconds that each unit of a host may take until it is healthy, once those before it are."""
_MOST_UNITS = 12
"""So many of them, at most, take as long as they may."""
_MARGIN = 180.0
"""Further seconds for writing the generation, stopping units, rolling back."""


class HostFailed(InstallerError):
    """A host refused or failed. ``rolled_back``: its former generation is active again."""

    def __init__(
        self, host: str, what: str, *, why: str, hint: str, evidence: str, unit: str = "", rolled_back: bool = False
    ) -> None:
        self.host = host
        self.rolled_back = rolled_back
        super().__init__(what, why=why, hint=hint, evidence=evidence)
        self.logs_of = unit


@dataclass(frozen=True)
class Checked:
    """A host compared with its manifest. The changes are valid as long as the host is as ``seen``; an apply refuses if
    there are ``problems``.
    """

    facts: Facts
    changes: tuple[Change, ...]
    problems: tuple[str, ...]
    missing_packages: tuple[str, ...]
    seen: dict[str, str]
    digest: str


@dataclass(frozen=True)
class AppliedManifest:
    """A host after an apply: what was changed, and how it is now."""

    changes: tuple[Change, ...]
    generation: int
    manifest: str
    digest: str


@dataclass(frozen=True)
class ApplyOrder:
    """One host's apply. It is refused when the host is no longer as ``seen``; None: whatever it is."""

    manifest: Manifest
    seen: Mapping[str, str] | None = None
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


def gather_facts(workspace: Workspace, connections: Mapping[str, Connection]) -> dict[str, Facts | InstallerError]:
    """The facts of each host, in one round trip."""
    return _ask(workspace, connections, {host: {"mode": "facts"} for host in connections}, _facts)


def check(
    workspace: Workspace,
    connections: Mapping[str, Connection],
    manifests: Mapping[str, Manifest],
    secrets: Mapping[str, Mapping[str, str | None]] | None = None,
) -> dict[str, Checked | InstallerError]:
    """Facts and what would change on each host, in one round trip. Changes nothing.

    ``secrets`` are contents by host and name; they are compared on the host and never shown. None stands for one that
    is yet to be made: it counts as a change.
    """
    requests = {
        host: {"mode": "check", "manifest": manifest.encode().decode(), "secrets": dict((secrets or {}).get(host, {}))}
        for host, manifest in manifests.items()
    }
    return _ask(workspace, connections, requests, _checked)


def apply(
    workspace: Workspace,
    connections: Mapping[str, Connection],
    orders: Mapping[str, ApplyOrder],
    on_host: Callable[[str, AppliedManifest | InstallerError], None] = lambda host, result: None,
    *,
    deadline: float = APPLY_SECONDS,
) -> dict[str, AppliedManifest | InstallerError]:
    """Applies all orders at once; each host is changed completely or not at all, independently of the others."""
    requests = {
        host: {
            "mode": "apply",
            "manifest": order.manifest.encode().decode(),
            "expected": None if order.seen is None else dict(order.seen),
            "secrets": dict(order.secrets),
            "deadline": deadline * connections[host].patience,
        }
        for host, order in orders.items()
    }
    return _ask(workspace, connections, requests, _applied, on_host, timeout=deadline * _MOST_UNITS + _MARGIN)


def remove(
    workspace: Workspace,
    connections: Mapping[str, Connection],
    on_host: Callable[[str, AppliedManifest | InstallerError], None] = lambda host, result: None,
    *,
    purge: bool = False,
) -> dict[str, AppliedManifest | InstallerError]:
    """Removes everything of ours from these hosts; with ``purge`` also the daemons' state in /var/lib/dcos."""
    requests = {host: {"mode": "remove", "purge": purge} for host in connections}
    return _ask(workspace, connections, requests, _removed, on_host, timeout=_MARGIN)


def _ask(
    workspace: Workspace,
    connections: Mapping[str, Connection],
    requests: Mapping[str, Mapping[str, Any]],
    read: Callable[[dict[str, Any]], Any],
    on_host: Callable[[str, Any], None] = lambda host, result: None,
    timeout: float = ASK_SECONDS,
) -> dict[str, Any]:
    results: dict[str, Any] = {}
    timeout *= max((one.patience for one in connections.values()), default=1.0)

    def on_answer(host: str, answer: dict[str, Any] | InstallerError) -> None:
        result = answer if isinstance(answer, InstallerError) else _result(host, answer, read)
        results[host] = result
        on_host(host, result)

    # Requests may hold secrets: their files exist only while the play runs, and only the operator can read them.
    encoded = {
        host: json.dumps({**request, "root": one.root, "patience": one.patience}, ensure_ascii=False).encode()
        for host, request in requests.items()
        for one in (connections[host],)
    }
    play.run(workspace, connections, encoded, on_answer, timeout=timeout)
    return results


def _result(host: str, answer: dict[str, Any], read: Callable[[dict[str, Any]], Any]) -> Any:
    error = answer.get("error")
    if error:
        return HostFailed(host, error.pop("what"), rolled_back=bool(answer.get("rolled_back")), **error)
    return read(answer)


def _facts(answer: dict[str, Any]) -> Facts:
    return msgspec.convert(answer["facts"], Facts)


def _changes(answer: dict[str, Any]) -> tuple[Change, ...]:
    return msgspec.convert(answer["changes"], tuple[Change, ...])


def _checked(answer: dict[str, Any]) -> Checked:
    return Checked(
        facts=_facts(answer),
        changes=_changes(answer),
        problems=tuple(answer["problems"]),
        missing_packages=tuple(answer["missing_packages"]),
        seen=answer["seen"],
        digest=answer["digest"],
    )


def _applied(answer: dict[str, Any]) -> AppliedManifest:
    return AppliedManifest(_changes(answer), answer["generation"], answer["manifest"], answer["digest"])


def _removed(answer: dict[str, Any]) -> AppliedManifest:
    return AppliedManifest(_changes(answer), 0, "", "")
