"""The last log lines of a host's daemons, shown with a failure as evidence. No line is shown twice."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from dcos_installer.errors import InstallerError

if TYPE_CHECKING:
    from dcos_installer.config.model import HostSpec
    from dcos_installer.phases.kit.base import Context

# Every unhealthy unit of ours, with its last lines: what an operator would look at first. $1: units that are shown in
# any state, before the others; $2: units whose lines were shown already.
_UNIT_LOGS = """\
unwell=$(systemctl list-units --all --plain --no-legend 'dcos-*' | awk '$3 != "active" {print $1}')
for unit in $(printf '%s\\n' $1 $unwell | awk 'NF && !told[$1]++ {print $1}'); do
    case " $2 " in *" $unit "*) continue ;; esac
    echo "$unit is $(systemctl show --property=ActiveState --value "$unit")"
    journalctl --no-pager --quiet --output=cat --lines=15 --unit="$unit" | sed 's/^/    /'
done
"""


def unit_logs(ctx: Context, host: HostSpec, also: Collection[str] = (), but: Collection[str] = ()) -> str:
    """The last lines of each unhealthy daemon of the host; the reason if the host cannot be asked.

    Daemons in ``also`` are shown in any state; those in ``but`` were shown already.
    """
    arguments = [" ".join(also), " ".join(but)]
    try:
        return ctx.remote(host).script(_UNIT_LOGS, arguments, what="read the units' logs", deadline=30).stdout.rstrip()
    except InstallerError as error:
        return f"(the units' logs could not be read: {error.what})"


def unit_log(ctx: Context, host: HostSpec, unit: str) -> str:
    """The last lines of one unit, in any state."""
    command = ["journalctl", "--no-pager", "--quiet", "--output=cat", "--lines=20", f"--unit={unit}"]
    try:
        said = ctx.remote(host).run(command, what="read the unit's log", deadline=30).stdout
    except InstallerError as error:
        return f"    (could not be read: {error.what})"
    return "\n".join(f"    {line}" for line in said.splitlines())


def logs_of(ctx: Context, hosts: Iterable[HostSpec], also: Mapping[str, Collection[str]] | None = None) -> str:
    """`unit_logs` of several hosts, without those that have no lines. ``also`` is by host."""
    logs = ctx.everywhere(hosts, lambda host: unit_logs(ctx, host, (also or {}).get(host.name, ())))
    return "\n".join(f"{name}:\n{text}" for name, text in logs.items() if text)


def with_unit_logs(ctx: Context, host: HostSpec, error: BaseException) -> BaseException:
    """The same failure, with the host's unit logs below its own evidence, except those it already contains."""
    shown = error.logs_of if isinstance(error, InstallerError) else ""
    logs = unit_logs(ctx, host, but=[shown] if shown else [])
    if not logs:
        return error
    if not isinstance(error, InstallerError):
        return InstallerError(
            str(error) or type(error).__name__,
            hint="look at the unit's lines below, correct the cause, then run again",
            evidence=logs,
        )
    evidence = f"{error.evidence.rstrip()}\n{logs}" if error.evidence else logs
    return InstallerError(error.what, why=error.why, hint=error.hint, evidence=evidence, final=error.final)
