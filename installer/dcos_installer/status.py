"""The status of a cluster: its machines, what runs on them, the leaders. Only reads; unknown parts have a reason."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from dcos_installer.at_once import TooLate, at_once
from dcos_installer.daemon_client import CannotAsk
from dcos_installer.errors import InstallerError
from dcos_installer.phases import checks
from dcos_installer.phases.kit.health import unwell_anywhere
from dcos_installer.plan import lock
from dcos_installer.providers.base import Condition
from dcos_installer.secrets import fingerprint

if TYPE_CHECKING:
    from dcos_installer.config.model import HostSpec
    from dcos_installer.phases.checks import Seen
    from dcos_installer.phases.kit.base import Context

SECONDS = 15.0
"""Seconds for all requests except the provider's, however many machines do not answer. Of usual machines, as the next
ones.
"""
_HOSTS_A_SECOND = 10
"""Hosts of a large cluster for which one more second is added."""
ANSWER_SECONDS = 5.0
"""Seconds to wait for a daemon that does not answer."""

# One round trip: the generation, its manifest, and the state of every unit whose text is in it.
_ASK = """\
basename "$(readlink /opt/dcos/active 2>/dev/null || echo none)"
if [ -e /opt/dcos/active/manifest.json ]; then tr -d '\\n' < /opt/dcos/active/manifest.json; fi
echo
for link in /etc/systemd/system/dcos-*.service; do
    case "$(readlink "$link")" in /opt/dcos/active/*) ;; *) continue ;; esac
    unit=$(basename "$link")
    echo "$unit $(systemctl show --property=ActiveState --value "$unit")"
done
"""


@dataclass(frozen=True)
class HostStatus:
    """One machine. ``problem`` says why its deployed state could not be read; empty if it could."""

    name: str
    address: str
    role: str
    condition: str
    generation: str = ""
    versions: tuple[str, ...] = ()
    units: dict[str, str] = field(default_factory=dict)
    """Each unit's state in systemd's words: ``active``, ``failed`` …"""
    problem: str = ""

    @property
    def well(self) -> bool:
        return not self.problem and bool(self.units) and all(state == "active" for state in self.units.values())


@dataclass(frozen=True)
class ClusterStatus:
    """The whole cluster. ``problems`` are sentences; none if all is well."""

    name: str
    cluster_id: str
    provider: str
    hosts: tuple[HostStatus, ...]
    data: dict[str, Any] = field(default_factory=dict)
    """The results of the cluster's checks: leaders, serving daemons, gateways (`phases.checks`)."""
    lines: tuple[tuple[str, str], ...] = ()
    """The same for display: label and text; an empty text: nobody."""
    unasked: str = ""
    """Why no daemon could be asked from here; empty if they could."""
    ca_fingerprint: str = ""
    """SHA-256 of the cluster's CA, as ``dcos cluster setup`` shows it; empty if it cannot be read here."""
    locked_by: str = ""
    problems: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        from dataclasses import asdict

        known = asdict(self)
        del known["lines"]
        values: dict[str, Any] = known.pop("data")
        return values | known


def read(ctx: Context) -> ClusterStatus:
    """Asks the provider, every machine, and the daemons."""
    machines = ctx.look_at_machines()
    seconds = (SECONDS + len(ctx.spec.hosts) / _HOSTS_A_SECOND) * ctx.patience
    parts = at_once(
        {
            "machines": lambda: ctx.everywhere(
                ctx.spec.hosts, lambda host: _host(ctx, host, machines[host.name].condition), seconds
            ),
            "checks": lambda: _checks(ctx, seconds),
            "services": lambda: unwell_anywhere(ctx, seconds),
        }
    )
    for part in parts.values():
        if isinstance(part, BaseException):
            raise part
    results: Any = parts["machines"]
    found: Any = parts["checks"]
    wrong: Any = parts["services"]
    hosts = []
    for host in ctx.spec.hosts:
        result = results[host.name]
        if isinstance(result, TooLate):
            condition = str(machines[host.name].condition)
            result = HostStatus(host.name, host.address, " ".join(sorted(host.roles)), condition, problem=result.what)
        if isinstance(result, BaseException):
            raise result
        hosts.append(result)
    problems = [f"{host.name}: {_why(host)}" for host in hosts if not host.well]
    seen, unasked = found
    if unasked:
        # Then the state of the daemons is not known.
        problems.insert(0, unasked)
    problems += [problem for one in sorted(seen, key=lambda one: not one.is_cause) for problem in one.problems]
    if not unasked:
        problems += _unwell(wrong, frozenset().union(*(one.known for one in seen)))
    return ClusterStatus(
        name=ctx.spec.name,
        cluster_id=ctx.spec.cluster_id,
        provider=ctx.spec.provider,
        hosts=tuple(hosts),
        data={key: value for one in seen for key, value in one.data.items()},
        lines=tuple(line for one in seen for line in one.lines),
        unasked=unasked,
        ca_fingerprint=_fingerprint(ctx),
        locked_by=_locked_by(ctx, hosts),
        problems=tuple(problems),
    )


def _checks(ctx: Context, seconds: float) -> tuple[list[Seen], str]:
    """The result of each check, and why daemons could not be asked (empty if they could)."""
    all_checks = dict(enumerate(checks.of(ctx.services)))
    seen, unasked = [], ""
    asked = at_once({number: partial(one.look, ctx) for number, one in all_checks.items()}, seconds)
    for number, found in asked.items():
        check = all_checks[number]
        if isinstance(found, CannotAsk):
            unasked = "; ".join(part for part in (found.what, found.hint) if part)
            seen.append(check.unseen(ctx))
        elif isinstance(found, TooLate):
            unseen = check.unseen(ctx)
            what = " and ".join(label.strip(": ") for label, _ in unseen.lines)
            seen.append(replace(unseen, problems=(f"the state of {what} is not known: {found.what}",)))
        elif isinstance(found, BaseException):
            raise found
        else:
            seen.append(found)
    return seen, unasked


def _unwell(found: Mapping[tuple[str, str], str | BaseException], known: Collection[str]) -> Iterator[str]:
    """Daemons that do not answer properly, on hosts that no check has reported."""
    for (called, name), why in found.items():
        if isinstance(why, TooLate):
            why = why.what
        if isinstance(why, BaseException):
            raise why
        if why and name not in known:
            yield f"the {called} of {name} does not answer as it should: {why}"


def _fingerprint(ctx: Context) -> str:
    try:
        return fingerprint((ctx.state.secrets / "ca.crt").read_text())
    except (OSError, ValueError):
        return ""


def _host(ctx: Context, host: HostSpec, condition: Condition) -> HostStatus:
    known = HostStatus(host.name, host.address, " ".join(sorted(host.roles)), str(condition))
    if condition not in (Condition.RUNNING, Condition.UNKNOWN):
        return known
    # If its provider cannot see whether a machine runs, SSH shows it.
    is_known = condition is not Condition.UNKNOWN
    try:
        said = ctx.remote(host).script(_ASK, what="ask how it is", deadline=30).stdout
    except InstallerError as error:
        seen = known.condition if is_known else "unreachable"
        why = ": ".join(part for part in (error.what, error.why) if part)
        return HostStatus(known.name, known.address, known.role, seen, problem=why)
    generation, manifest, *units = said.split("\n")
    return HostStatus(
        known.name,
        known.address,
        known.role,
        known.condition if is_known else "reachable",
        generation="" if generation == "none" else generation,
        versions=_versions(manifest),
        units=dict(line.split(" ", 1) for line in units if " " in line),
    )


def _versions(manifest: str) -> tuple[str, ...]:
    try:
        packages = json.loads(manifest)["packages"]
        return tuple(f"{package['name']} {package['version']}" for package in packages)
    except (ValueError, KeyError, TypeError):
        return ()


def _why(host: HostStatus) -> str:
    if host.problem:
        return host.problem
    bad = [f"{unit} is {state}" for unit, state in host.units.items() if state != "active"]
    if bad:
        return ", ".join(bad)
    return (
        "nothing is deployed on it"
        if host.condition in ("running", "reachable")
        else f"the machine is {host.condition}"
    )


def _locked_by(ctx: Context, hosts: list[HostStatus]) -> str:
    if not any(host.units for host in hosts):
        return ""
    for host in hosts:  # masters come first; the record is on the first one that its holder could reach
        master = ctx.spec.host(host.name)
        if master.is_master and not host.problem:
            with contextlib.suppress(InstallerError):
                holder = lock.shown(ctx.remote(master))
                return holder.described() if holder else ""
    return ""
