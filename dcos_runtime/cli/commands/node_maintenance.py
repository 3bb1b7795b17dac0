"""`dcos node maintenance`: what is planned with machines, and when they are down."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click

from dcos_runtime.cli.durations import Duration
from dcos_runtime.cli.errors import CliError
from dcos_runtime.cli.invocation import Invocation, pass_invocation
from dcos_runtime.cli.options import in_json
from dcos_runtime.cli.tree import CommandTree

if TYPE_CHECKING:
    from dcos_runtime.cli.kernel.maintenance import PlannedMachine, ScheduledMachine

_HEADERS = ("HOSTNAME", "IP", "STATUS", "FROM", "FOR", "LEAVE", "STAY")
_F = TypeVar("_F", bound=Callable[..., Any])


def of_agents(function: _F) -> _F:
    """Agents by name and by rack."""
    function = click.argument("agents", nargs=-1, metavar="[AGENT]...")(function)
    return click.option("--rack", "racks", multiple=True, metavar="RACK", help="All agents of this rack or zone.")(
        function
    )


@click.group(cls=CommandTree, default="list")
def maintenance() -> None:
    """Plan when machines are unavailable, take them down and bring them up.

    AGENT is an agent's id, its beginning, or its hostname. RACK is the value of the attribute rack, or the zone.
    """


@maintenance.command("list")
@in_json
@pass_invocation
def list_machines(invocation: Invocation, as_json: bool) -> None:
    """List the machines of the schedule: until when they serve, and how many frameworks will leave them."""
    from dcos_runtime.cli import output
    from dcos_runtime.cli.kernel import maintenance

    found = maintenance.planned(invocation.master)
    if as_json:
        output.print_json([_json(one) for one in found])
    else:
        output.print_table(_HEADERS, [_row(one) for one in found])


@maintenance.command()
@of_agents
@click.option("--in", "delay", type=Duration(), metavar="DURATION", default="0", help="From when on.  [default: now]")
@click.option("--for", "lasting", type=Duration(), metavar="DURATION", help="For how long.  [default: unknown]")
@in_json
@pass_invocation
def schedule(
    invocation: Invocation,
    agents: tuple[str, ...],
    racks: tuple[str, ...],
    delay: int,
    lasting: int | None,
    as_json: bool,
) -> None:
    """Tell frameworks when the machines of AGENT are unavailable, and ask them to leave.

    What was scheduled of these machines before is replaced; the rest of the schedule stays.
    """
    from dcos_runtime.cli.kernel import maintenance
    from dcos_runtime.cli.kernel.maintenance import Nanoseconds, Unavailability, Window

    machines = _machines(invocation, agents, racks)
    lasts = Nanoseconds(lasting) if lasting is not None else None
    window = Window(Unavailability(Nanoseconds(time.time_ns() + delay), lasts), machines)
    left = maintenance.without(maintenance.schedule(invocation.master), machines)
    maintenance.replace(invocation.master, [*left, window])
    _show(machines, "DRAINING", as_json, "is scheduled")


@maintenance.command()
@click.argument("hosts", nargs=-1, required=True, metavar="HOSTNAME...")
@in_json
@pass_invocation
def cancel(invocation: Invocation, hosts: tuple[str, ...], as_json: bool) -> None:
    """Take machines that are not down out of the schedule."""
    from dcos_runtime.cli.kernel import maintenance

    machines = maintenance.of_schedule(maintenance.planned(invocation.master), hosts)
    left = maintenance.without(maintenance.schedule(invocation.master), machines)
    maintenance.replace(invocation.master, left)
    _show(machines, "UP", as_json, "is not scheduled any more")


@maintenance.command()
@of_agents
@in_json
@pass_invocation
def start(invocation: Invocation, agents: tuple[str, ...], racks: tuple[str, ...], as_json: bool) -> None:
    """Take machines of the schedule down: their agents end with all that runs there, and are not admitted."""
    from dcos_runtime.cli.kernel import maintenance

    machines = _machines(invocation, agents, racks)
    maintenance.change(invocation.master, "START_MAINTENANCE", {"machines": _named(machines)})
    _show(machines, "DOWN", as_json, "is down")


@maintenance.command()
@click.argument("hosts", nargs=-1, metavar="[HOSTNAME]...")
@click.option("--all", "every", is_flag=True, help="All machines that are down.")
@in_json
@pass_invocation
def stop(invocation: Invocation, hosts: tuple[str, ...], every: bool, as_json: bool) -> None:
    """Bring machines up, and take them out of the schedule."""
    from dcos_runtime.cli.kernel import maintenance

    if bool(hosts) == every:
        raise click.UsageError("Name machines, or give --all.")
    known = maintenance.planned(invocation.master)
    machines = maintenance.of_schedule(known, hosts) if hosts else [one.machine for one in known if one.down]
    if not machines:
        raise CliError("no machine is down")
    maintenance.change(invocation.master, "STOP_MAINTENANCE", {"machines": _named(machines)})
    _show(machines, "UP", as_json, "is up: its agent may come back")


def _machines(invocation: Invocation, agents: Sequence[str], racks: Sequence[str]) -> list[ScheduledMachine]:
    from dcos_runtime.cli.kernel import maintenance

    if not agents and not racks:
        raise click.UsageError("Name agents, or give --rack.")
    return maintenance.of_agents(invocation.master.state(), agents, racks)


def _named(machines: Sequence[ScheduledMachine]) -> Any:
    import msgspec

    return msgspec.to_builtins(machines)


def _show(machines: Sequence[ScheduledMachine], status: str, as_json: bool, text: str) -> None:
    from dcos_runtime.cli import output

    if as_json:
        output.print_json([{"hostname": one.hostname, "ip": one.ip, "status": status} for one in machines])
        return
    for one in machines:
        output.print_line(f"{one} {text}")


def _json(one: PlannedMachine) -> dict[str, Any]:
    duration = one.unavailability.duration
    return {
        "hostname": one.machine.hostname,
        "ip": one.machine.ip,
        "status": "DOWN" if one.down else "DRAINING",
        "from": one.unavailability.start.nanoseconds / 1e9,
        "for": duration.nanoseconds / 1e9 if duration is not None else None,
        "accepted": one.accepted,
        "declined": one.declined,
    }


def _row(one: PlannedMachine) -> tuple[str, ...]:
    duration = one.unavailability.duration
    answers = ("", "") if one.down else (str(one.accepted), str(one.declined))
    lasting = f"{duration.nanoseconds / 1e9:g} s" if duration is not None else ""
    status = "down" if one.down else "draining"
    return (
        one.machine.hostname,
        one.machine.ip,
        status,
        _time(one.unavailability.start.nanoseconds),
        lasting,
        *answers,
    )


def _time(nanoseconds: int) -> str:
    """In UTC. Any 64 bits are within the calendar."""
    return datetime.fromtimestamp(nanoseconds // 10**9, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
