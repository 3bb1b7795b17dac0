"""`dcos node`: the machines the kernel knows, and what operators do with agents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dcos_runtime.cli.durations import Duration
from dcos_runtime.cli.invocation import Invocation, pass_invocation
from dcos_runtime.cli.options import as_the_master_knows, in_json, only_ids, waiting
from dcos_runtime.cli.tree import CommandTree, LazyCommand

if TYPE_CHECKING:
    from dcos_runtime.cli.kernel.master import Agent, ClusterState
    from dcos_runtime.cli.kernel.nodes import Node, Standing

_HEADERS = (
    "HOSTNAME",
    "IP",
    "TYPE",
    "STATUS",
    "CPUS",
    "MEM",
    "DISK",
    "TASKS",
    "REGION",
    "ZONE",
    "ATTRIBUTES",
    "ID",
)
_LEADER_KEYS = ("id", "hostname", "pid", "version", "cluster", "start_time", "elected_time", "domain", "leader_info")


@click.group(
    cls=CommandTree,
    default="list",
    entries={
        "maintenance": LazyCommand(
            "dcos_runtime.cli.commands.node_maintenance",
            "maintenance",
            "Plan when machines are unavailable, take them down and bring them up.",
        )
    },
)
def node() -> None:
    """Show the machines of the cluster, and take agents out of it.

    AGENT is an agent's id, its beginning, or its hostname.
    """


@node.command("list")
@only_ids
@as_the_master_knows
@pass_invocation
def list_nodes(invocation: Invocation, quiet: bool, as_json: bool) -> None:
    """List the leading master and every agent: used of total cpus, memory and disk (MiB), tasks, attributes."""
    from dcos_runtime.cli import output
    from dcos_runtime.cli.kernel.nodes import standing

    state = invocation.master.state()
    agents = sorted(state.agents.values(), key=lambda agent: (agent.hostname, agent.id))
    if as_json:
        raw = {one["id"]: one for one in state.raw.get("slaves", [])}
        leader = {key: state.raw[key] for key in _LEADER_KEYS if key in state.raw}
        output.print_json(
            [
                {"type": "master (leader)", **leader},
                *({"type": _type(agent), "status": standing(agent).value, **raw[agent.id]} for agent in agents),
            ]
        )
    elif quiet:
        for one in (state.fields.id, *(agent.id for agent in agents)):
            output.print_line(one)
    else:
        output.print_table(_HEADERS, [_master_row(state), *(_agent_row(state, agent) for agent in agents)])


@node.command()
@click.argument("agent")
@in_json
@pass_invocation
def deactivate(invocation: Invocation, agent: str, as_json: bool) -> None:
    """Offer nothing of AGENT any more; what runs there goes on."""
    from dcos_runtime.cli.kernel import nodes

    found = _change(invocation, agent, "DEACTIVATE_AGENT")
    _show(found, nodes.Standing.DEACTIVATED, as_json, "is deactivated: it is not offered any more")


@node.command()
@click.argument("agent")
@in_json
@pass_invocation
def reactivate(invocation: Invocation, agent: str, as_json: bool) -> None:
    """Offer AGENT again, after it was deactivated or drained."""
    from dcos_runtime.cli.kernel import nodes

    found = _change(invocation, agent, "REACTIVATE_AGENT")
    _show(found, nodes.Standing.ACTIVE, as_json, "is offered again")


@node.command()
@click.argument("agent")
@click.option("--decommission", is_flag=True, help="Decommission it when it is drained.")
@click.option(
    "--max-grace-period",
    type=Duration(),
    metavar="DURATION",
    help="How long tasks may take to end, such as 90s, 5m or 1h30m.  [default: as long as each one says]",
)
@waiting("nothing is left on it", default=False)
@in_json
@pass_invocation
def drain(
    invocation: Invocation,
    agent: str,
    decommission: bool,
    max_grace_period: int | None,
    wait: bool,
    timeout: float,
    as_json: bool,
) -> None:
    """End everything on AGENT, and offer nothing of it any more.

    Frameworks start their tasks again elsewhere. AGENT is drained until it is reactivated.
    """
    from dcos_runtime.cli.kernel import nodes

    part: dict[str, object] = {"mark_gone": decommission}
    if max_grace_period is not None:
        seconds, nanos = divmod(max_grace_period, 10**9)
        part["max_grace_period"] = {"seconds": seconds, "nanos": nanos}
    found = _change(invocation, agent, "DRAIN_AGENT", **part)
    if not wait:
        _show(found, nodes.Standing.DRAINING, as_json, "is being drained: dcos node list shows how far it is")
        return
    reached = nodes.wait_until_drained(invocation.master, found, timeout, gone=decommission)
    text = "is drained" + (", and decommissioned" if reached is nodes.Standing.GONE else "")
    _show(found, reached, as_json, text)


@node.command()
@click.argument("agent")
@in_json
@pass_invocation
def decommission(invocation: Invocation, agent: str, as_json: bool) -> None:
    """Mark AGENT as gone for good, with all that runs there.

    It ends its tasks at once if it is there, and is never admitted again under this id. Drain it before, to let
    tasks end in peace.
    """
    from dcos_runtime.cli.kernel import nodes

    found = _change(invocation, agent, "MARK_AGENT_GONE")
    _show(found, nodes.Standing.GONE, as_json, "is gone for good")


def _change(invocation: Invocation, agent: str, kind: str, **part: object) -> Node:
    from dcos_runtime.cli.kernel import nodes

    found = nodes.find(invocation.master.state(), agent)
    nodes.change(invocation.master, found, kind, **part)
    return found


def _show(found: Node, reached: Standing, as_json: bool, text: str) -> None:
    from dcos_runtime.cli import output

    if as_json:
        output.print_json({"id": found.id, "hostname": found.hostname, "status": reached.value})
    else:
        output.print_line(f"{found} {text}")


def _master_row(state: ClusterState) -> tuple[str, ...]:
    fields = state.fields
    ip = fields.pid.rpartition("@")[2].rpartition(":")[0]
    return (fields.hostname, ip, "master (leader)", "active", "", "", "", "", fields.region, fields.zone, "", fields.id)


def _agent_row(state: ClusterState, agent: Agent) -> tuple[str, ...]:
    from dcos_runtime.cli.kernel.nodes import Standing, left, standing
    from dcos_runtime.cli.output import number

    used = [f"{number(agent.used(name))}/{number(agent.amount(name))}" for name in ("cpus", "mem", "disk")]
    tasks = sum(1 for task in state.tasks() if task.agent_id == agent.id and not task.ended)
    attributes = " ".join(f"{name}:{_attribute(value)}" for name, value in sorted(agent.attributes.items()))
    status = standing(agent).value.lower()
    if standing(agent) is Standing.DRAINING:
        then = ", then gone" if agent.drain_info is not None and agent.drain_info.config.mark_gone else ""
        status += f" ({left(state, agent.id)} left{then})"
    return (
        agent.hostname,
        agent.ip,
        _type(agent),
        status,
        *used,
        str(tasks),
        agent.region,
        agent.zone,
        attributes,
        agent.id,
    )


def _type(agent: Agent) -> str:
    return "agent (public)" if agent.public else "agent"


def _attribute(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
