"""`dcos node`: the machines the kernel knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dcos_runtime.cli.invocation import Invocation, pass_invocation
from dcos_runtime.cli.options import as_the_master_knows, only_ids
from dcos_runtime.cli.tree import CommandTree

if TYPE_CHECKING:
    from dcos_runtime.cli.kernel.master import Agent, ClusterState

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


@click.group(cls=CommandTree, default="list")
def node() -> None:
    """Show the machines of the cluster."""


@node.command("list")
@only_ids
@as_the_master_knows
@pass_invocation
def list_nodes(invocation: Invocation, quiet: bool, as_json: bool) -> None:
    """List the leading master and every agent: used of total cpus, memory and disk (MiB), tasks, attributes."""
    from dcos_runtime.cli import output

    state = invocation.master.state()
    agents = sorted(state.agents.values(), key=lambda agent: (agent.hostname, agent.id))
    if as_json:
        raw = {one["id"]: one for one in state.raw.get("slaves", [])}
        leader = {key: state.raw[key] for key in _LEADER_KEYS if key in state.raw}
        output.print_json(
            [{"type": "master (leader)", **leader}, *({"type": _type(agent), **raw[agent.id]} for agent in agents)]
        )
    elif quiet:
        for one in (state.fields.id, *(agent.id for agent in agents)):
            output.print_line(one)
    else:
        output.print_table(_HEADERS, [_master_row(state), *(_agent_row(state, agent) for agent in agents)])


def _master_row(state: ClusterState) -> tuple[str, ...]:
    fields = state.fields
    ip = fields.pid.rpartition("@")[2].rpartition(":")[0]
    return (fields.hostname, ip, "master (leader)", "active", "", "", "", "", fields.region, fields.zone, "", fields.id)


def _agent_row(state: ClusterState, agent: Agent) -> tuple[str, ...]:
    from dcos_runtime.cli.output import number

    used = [f"{number(agent.used(name))}/{number(agent.amount(name))}" for name in ("cpus", "mem", "disk")]
    tasks = sum(1 for task in state.tasks() if task.agent_id == agent.id and not task.ended)
    attributes = " ".join(f"{name}:{_attribute(value)}" for name, value in sorted(agent.attributes.items()))
    status = "active" if agent.active else "inactive"
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
