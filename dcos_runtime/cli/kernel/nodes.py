"""What operators do with agents: which one is meant, and waiting until one is drained."""

from __future__ import annotations

import enum
import re
import time
from dataclasses import dataclass

from dcos_runtime.cli.connection.patience import Patience
from dcos_runtime.cli.errors import CliError
from dcos_runtime.cli.kernel.master import Agent, ClusterState, Master
from dcos_runtime.cli.output import print_note
from dcos_runtime.counting import counted

FIRST_INTERVAL_SECONDS = 0.2
LAST_INTERVAL_SECONDS = 5.0
_WHOLE_ID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}-S[0-9]+")
_NOT_THERE = "Unknown agent"


class Standing(enum.Enum):
    """What DC/OS' command calls the status of an agent."""

    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"
    DEACTIVATED = "DEACTIVATED"
    DRAINING = "DRAINING"
    DRAINED = "DRAINED"
    UNREACHABLE = "UNREACHABLE"
    GONE = "GONE"


_UNDER_WAY = (Standing.DRAINING, Standing.DRAINED, Standing.UNREACHABLE)


def standing(agent: Agent) -> Standing:
    """As the master knows it."""
    if agent.drain_info is not None:
        return Standing.DRAINING if agent.drain_info.state == "DRAINING" else Standing.DRAINED
    if agent.deactivated:
        return Standing.DEACTIVATED
    return Standing.ACTIVE if agent.active else Standing.INACTIVE


def left(state: ClusterState, agent_id: str) -> int:
    """Tasks whose end is not acknowledged yet."""
    return sum(1 for task in state.tasks() if task.agent_id == agent_id)


@dataclass(frozen=True)
class Node:
    """An agent that is meant. ``hostname`` is empty when the master tells none: the agent is away."""

    id: str
    hostname: str

    def __str__(self) -> str:
        return f"{self.hostname} ({self.id})" if self.hostname else self.id


def find(state: ClusterState, word: str) -> Node:
    """The agent with this id or hostname, or whose id begins so. Raises `CliError` unless it is just one.

    A whole id is taken though the master does not list it: the agent may be unreachable.
    """
    expected = [Node(one.id, one.hostname) for one in state.fields.recovered_slaves]
    nodes = [*(Node(agent.id, agent.hostname) for agent in state.agents.values()), *expected]
    if (exact := next((one for one in nodes if one.id == word), None)) is not None:
        return exact
    found = [one for one in nodes if word and (one.hostname == word or one.id.startswith(word))]
    if len(found) == 1:
        return found[0]
    if found:
        found.sort(key=lambda one: (one.hostname, one.id))
        raise CliError(
            f"{counted(len(found), 'agent')} match {word}",
            details=[str(one) for one in found],
            hints=["name one by its whole id"],
        )
    if _WHOLE_ID.fullmatch(word):
        return Node(word, "")
    raise CliError(
        f"no agent matches {word}",
        hints=["dcos node list shows them; one that is unreachable is named by its whole id"],
    )


def change(master: Master, node: Node, kind: str, **part: object) -> None:
    """A call about this agent. Raises `CliError` with the master's words when it is refused."""
    response = master.operate(kind, {"agent_id": {"value": node.id}, **part})
    if response.status != 200:
        raise CliError(
            f"the master refuses {kind} of {node}: {response.complaint() or response.status}",
            hints=["dcos node list shows the status of each agent"],
        )


@dataclass(frozen=True)
class Sight:
    """How an agent stood when it was looked at; ``left`` as in the function."""

    standing: Standing
    left: int


def look(master: Master, node: Node) -> Sight | None:
    """None: it is not back at the leading master yet. Of an agent that is not listed the master is asked: a member is
    deactivated, which it is already while it is drained.
    """
    state = master.state()
    agent = state.agents.get(node.id)
    if agent is not None:
        return Sight(standing(agent), left(state, node.id))
    if any(one.id == node.id for one in state.fields.recovered_slaves):
        return None
    response = master.operate("DEACTIVATE_AGENT", {"agent_id": {"value": node.id}})
    if response.status == 400 and response.complaint() == _NOT_THERE:
        return Sight(Standing.GONE, 0)
    return Sight(Standing.UNREACHABLE, 0) if response.status == 200 else None


def wait_until_drained(master: Master, node: Node, timeout: float, *, gone: bool) -> Standing:
    """Tells on stderr how much is left. ``gone``: it is to be gone afterwards. Raises `CliError` when it is not drained
    within ``timeout`` seconds; it goes on draining then.
    """
    deadline = time.monotonic() + timeout
    interval, patience, progress = FIRST_INTERVAL_SECONDS, Patience(), ""
    while True:
        seen = patience.ask(lambda: look(master, node))
        if seen is not None:
            if seen.standing is (Standing.GONE if gone else Standing.DRAINED):
                return seen.standing
            if seen.standing is Standing.GONE:
                hints = ["it was marked gone, or unregistered"]
                raise CliError(f"{node} is no member of the cluster any more", hints=hints)
            if seen.standing not in _UNDER_WAY:
                raise CliError(
                    f"{node} is not drained any more: it is {seen.standing.value.lower()}",
                    hints=["it was reactivated while this command waited"],
                )
            if (text := _progress(seen)) != progress:
                print_note(f"{node}: {text}")
                progress = text
        time_left = deadline - time.monotonic()
        if time_left <= 0:
            raise CliError(
                f"{node} is not drained after {timeout:g} s{f': {progress}' if progress else ''}",
                hints=["the master and the agent go on with it: dcos node list shows how far they are"],
            )
        time.sleep(min(interval, time_left))
        interval = min(interval * 1.5, LAST_INTERVAL_SECONDS)


def _progress(seen: Sight) -> str:
    if seen.standing is Standing.UNREACHABLE:
        return "unreachable; it is drained when it is back"
    if seen.standing is Standing.DRAINED:
        return "drained; not gone yet"
    if seen.left == 0:
        return "no task left; the last updates or operations are not acknowledged yet"
    return f"{counted(seen.left, 'task')} left"
