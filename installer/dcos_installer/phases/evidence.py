"""The last log lines of a host's daemons: the evidence that is shown with a failure. No line is shown twice."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from dcos_installer.errors import InstallerError

if TYPE_CHECKING:
    from dcos_installer.config.model import HostSpec
    from dcos_installer.phases.base import Context

# Every unit of ours that is not well, with its last lines: what one would look at first by hand. $1: units that are
# told however they are, before the others; $2: units whose lines were told already.
_UNIT_LOGS = """\
unwell=$(systemctl list-units --all --plain --no-legend 'dcos-*' | awk '$3 != "active" {print $1}')
for unit in $(printf '%s\\n' $1 $unwell | awk 'NF && !told[$1]++ {print $1}'); do
    case " $2 " in *" $unit "*) continue ;; esac
    echo "$unit is $(systemctl show --property=ActiveState --value "$unit")"
    journalctl --no-pager --quiet --output=cat --lines=15 --unit="$unit" | sed 's/^/    /'
done
"""


def unit_logs(ctx: Context, host: HostSpec, also: Collection[str] = (), but: Collection[str] = ()) -> str:
    """The last lines of each of the host's daemons that is not well; why not, when the host cannot be asked.

    Those of ``also`` are told however they are, those of ``but`` were told already.
    """
    arguments = [" ".join(also), " ".join(but)]
    try:
        return ctx.remote(host).script(_UNIT_LOGS, arguments, what="read the units' logs", deadline=30).stdout.rstrip()
    except InstallerError as error:
        return f"(the units' logs could not be read: {error.what})"


def unit_log(ctx: Context, host: HostSpec, unit: str) -> str:
    """The last lines of one unit, however it is."""
    command = ["journalctl", "--no-pager", "--quiet", "--output=cat", "--lines=20", f"--unit={unit}"]
    try:
        said = ctx.remote(host).run(command, what="read the unit's log", deadline=30).stdout
    except InstallerError as error:
        return f"    (could not be read: {error.what})"
    return "\n".join(f"    {line}" for line in said.splitlines())


def logs_of(ctx: Context, hosts: Iterable[HostSpec], also: Mapping[str, Collection[str]] | None = None) -> str:
    """`unit_logs` of several hosts, those that say nothing left out. ``also`` is by host."""
    logs = ctx.everywhere(hosts, lambda host: unit_logs(ctx, host, (also or {}).get(host.name, ())))
    return "\n".join(f"{name}:\n{text}" for name, text in logs.items() if text)


def with_unit_logs(ctx: Context, host: HostSpec, error: BaseException) -> BaseException:
    """The same failure, with the host's unit logs below its own evidence: those that are not part of it."""
    told = error.logs_of if isinstance(error, InstallerError) else ""
    logs = unit_logs(ctx, host, but=[told] if told else [])
    if not logs:
        return error
    if not isinstance(error, InstallerError):
        return InstallerError(
            str(error) or type(error).__name__,
            hint="look at the unit's lines below, mend it, then run again",
            evidence=logs,
        )
    evidence = f"{error.evidence.rstrip()}\n{logs}" if error.evidence else logs
    return InstallerError(error.what, why=error.why, hint=error.hint, evidence=evidence, final=error.final)
