"""What a host's daemons last said: the evidence that goes with a failure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from dcos_installer.errors import InstallerError

if TYPE_CHECKING:
    from dcos_installer.config.model import HostSpec
    from dcos_installer.phases.base import Context

# Every unit of ours that is not well, with its last lines: what one would look at first by hand.
_UNIT_LOGS = """\
for unit in $(systemctl list-units --all --plain --no-legend 'dcos-*' | awk '$3 != "active" {print $1}'); do
    echo "$unit is $(systemctl show --property=ActiveState --value "$unit")"
    journalctl --no-pager --quiet --output=cat --lines=15 --unit="$unit" | sed 's/^/    /'
done
"""


def unit_logs(ctx: Context, host: HostSpec) -> str:
    """The last lines of each of the host's daemons that is not well; why not, when the host cannot be asked."""
    try:
        return ctx.remote(host).script(_UNIT_LOGS, what="read the units' logs", deadline=30).stdout.rstrip()
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


def logs_of(ctx: Context, hosts: Iterable[HostSpec]) -> str:
    """`unit_logs` of several hosts, those that say nothing left out."""
    logs = ctx.everywhere(hosts, lambda host: unit_logs(ctx, host))
    return "\n".join(f"{name}:\n{text}" for name, text in logs.items() if text)


def with_unit_logs(ctx: Context, host: HostSpec, error: BaseException) -> BaseException:
    """The same failure, with the host's unit logs below its own evidence."""
    logs = unit_logs(ctx, host)
    if not logs:
        return error
    if not isinstance(error, InstallerError):
        return InstallerError(str(error) or type(error).__name__, evidence=logs)
    evidence = f"{error.evidence.rstrip()}\n{logs}" if error.evidence else logs
    return InstallerError(error.what, why=error.why, hint=error.hint, evidence=evidence)
