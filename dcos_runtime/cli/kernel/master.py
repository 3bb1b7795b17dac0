"""The kernel as the command line sees it: the master's /state as typed agents and tasks, and what agents report."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from dcos_runtime.cli.clusters.target import Target
from dcos_runtime.cli.connection.gateway import NOBODY_BEHIND, Gateways
from dcos_runtime.cli.connection.http import Exchange, Http, NoResponse, NotJson, Response
from dcos_runtime.cli.errors import CliError, Unavailable
from dcos_runtime.wire.ended import ENDED

OPERATOR_API = "/api/v1"
"""The path of the operator API: a master's, and an agent's below its process."""
_PID = re.compile(r"([^@/?#]+)@([^@/?#]+:[0-9]+)")


class _Name(msgspec.Struct):
    name: str


class _FaultDomain(msgspec.Struct):
    region: _Name | None = None
    zone: _Name | None = None


class _Domain(msgspec.Struct):
    fault_domain: _FaultDomain | None = None


class _Placed(msgspec.Struct, kw_only=True):
    """A place: a region and a zone, empty when not known."""

    domain: _Domain | None = None

    @property
    def region(self) -> str:
        fault_domain = self.domain.fault_domain if self.domain else None
        return fault_domain.region.name if fault_domain and fault_domain.region else ""

    @property
    def zone(self) -> str:
        fault_domain = self.domain.fault_domain if self.domain else None
        return fault_domain.zone.name if fault_domain and fault_domain.zone else ""


class _DrainOrder(msgspec.Struct, frozen=True):
    mark_gone: bool = False


class DrainStatus(msgspec.Struct):
    """How far an agent is drained: ``DRAINING`` or ``DRAINED``."""

    state: str
    config: _DrainOrder = _DrainOrder()


class Agent(_Placed, kw_only=True):
    """An agent as /state shows it. ``resources`` map names to numbers, ``ports`` to ranges in text."""

    id: str
    hostname: str
    pid: str = ""
    active: bool = True
    deactivated: bool = False
    drain_info: DrainStatus | None = None
    resources: dict[str, Any] = {}
    used_resources: dict[str, Any] = {}
    reserved_resources: dict[str, dict[str, Any]] = {}
    attributes: dict[str, Any] = {}

    @property
    def address(self) -> str:
        """``IP:PORT`` of its HTTP port: reachable even where its name does not resolve."""
        match = _PID.fullmatch(self.pid)
        return match[2] if match else f"{self.hostname}:5051"

    @property
    def process(self) -> str:
        """The path of its own reads, ``slave(1)``: several agents may share one address."""
        match = _PID.fullmatch(self.pid)
        return match[1] if match else "slave(1)"

    @property
    def ip(self) -> str:
        return self.address.rpartition(":")[0].strip("[]")

    @property
    def public(self) -> bool:
        return str(self.attributes.get("public_ip", "")).lower() == "true" or "slave_public" in self.reserved_resources

    def amount(self, name: str) -> float:
        return _number(self.resources.get(name))

    def unreserved(self, name: str) -> float:
        """The unreserved resources."""
        reserved = sum(_number(kept.get(name)) for kept in self.reserved_resources.values())
        return max(0.0, self.amount(name) - reserved)

    def used(self, name: str) -> float:
        return _number(self.used_resources.get(name))


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


class _Status(msgspec.Struct):
    state: str
    timestamp: float | None = None


class _TaskFields(msgspec.Struct):
    id: str
    state: str
    name: str = ""
    slave_id: str = ""
    framework_id: str = ""
    executor_id: str = ""
    user: str | None = None
    resources: dict[str, Any] = {}
    statuses: list[_Status] = []


class Framework(msgspec.Struct):
    """A framework, as the master's ``/state`` shows it."""

    id: str
    name: str
    user: str = ""
    active: bool = True
    hostname: str = ""
    webui_url: str | None = None
    tasks: list[dict[str, Any]] = []
    unreachable_tasks: list[dict[str, Any]] = []
    completed_tasks: list[dict[str, Any]] = []


class _LeaderInfo(msgspec.Struct):
    hostname: str = ""
    port: int | None = None


class _Expected(msgspec.Struct):
    id: str
    hostname: str = ""


class _State(_Placed, kw_only=True):
    id: str
    pid: str
    hostname: str = ""
    version: str = ""
    cluster: str | None = None
    leader_info: _LeaderInfo | None = None
    slaves: list[Agent] = []
    recovered_slaves: list[_Expected] = []
    frameworks: list[Framework] = []
    completed_frameworks: list[Framework] = []


class RoleQuota(msgspec.Struct, frozen=True):
    """What a role is guaranteed, what it may use at most, and what it uses of that. ``guarantee`` and ``limit`` hold
    the resources that are set only.
    """

    role: str = ""
    guarantee: dict[str, Any] = {}
    limit: dict[str, Any] = {}
    consumed: dict[str, Any] = {}


class _Role(msgspec.Struct):
    quota: RoleQuota = RoleQuota()


class _Roles(msgspec.Struct):
    roles: list[_Role]


@dataclass(frozen=True)
class Task:
    """One task. ``user`` is the task's or else its framework's; ``raw`` is the master's record. ``cpus`` and ``mem``
    (MiB) are what it asked for.
    """

    id: str
    name: str
    state: str
    agent_id: str
    framework_id: str
    executor_id: str
    user: str
    host: str
    cpus: float
    mem: float
    completed: bool
    last_change: float
    raw: Mapping[str, Any]

    @property
    def ended(self) -> bool:
        return self.state in ENDED


@dataclass(frozen=True)
class ClusterState:
    """The state of the cluster. ``url`` is the leader's."""

    url: str
    fields: _State
    agents: Mapping[str, Agent]
    everything: Sequence[Task]
    raw: Mapping[str, Any]

    def tasks(self, *, active: bool = True, completed: bool = False) -> list[Task]:
        """By name, then id. ``active`` includes tasks whose agent is unreachable."""
        return [task for task in self.everything if (completed if task.completed else active)]

    def framework(self, name: str) -> Framework | None:
        """The framework of this name; a connected one before others."""
        named = [framework for framework in self.fields.frameworks if framework.name == name]
        return max(named, key=lambda framework: framework.active, default=None)


def _read_state(url: str, raw: Any) -> ClusterState:
    """Raises ``ValidationError`` when this is not a master's state."""
    fields = msgspec.convert(raw, _State)
    agents = {agent.id: agent for agent in fields.slaves}
    tasks = [
        _task(one, framework, agents, completed=completed)
        for framework in fields.frameworks
        for completed, ones in (
            (False, framework.tasks),
            (False, framework.unreachable_tasks),
            (True, framework.completed_tasks),
        )
        for one in ones
    ]
    # A framework that has ended may still list its last tasks as if they ran.
    tasks += [
        _task(one, framework, agents, completed=True)
        for framework in fields.completed_frameworks
        for one in (*framework.tasks, *framework.completed_tasks)
    ]
    return ClusterState(url, fields, agents, sorted(tasks, key=lambda task: (task.name, task.id)), raw)


def _task(raw: Mapping[str, Any], framework: Framework, agents: Mapping[str, Agent], *, completed: bool) -> Task:
    fields = msgspec.convert(raw, _TaskFields)
    agent = agents.get(fields.slave_id)
    last = max(fields.statuses, key=lambda status: status.timestamp or 0.0, default=None)
    return Task(
        id=fields.id,
        name=fields.name,
        state=fields.state,
        agent_id=fields.slave_id,
        framework_id=fields.framework_id or framework.id,
        executor_id=fields.executor_id or fields.id,
        user=fields.user or framework.user,
        host=agent.hostname if agent else "",
        cpus=_number(fields.resources.get("cpus")),
        mem=_number(fields.resources.get("mem")),
        completed=completed,
        last_change=(last.timestamp or 0.0) if last else 0.0,
        raw=raw,
    )


class Master:
    """The leading master. Any master may be named: the others redirect."""

    def __init__(self, http: Http | Gateways, target: Target) -> None:
        self._http = http
        self.target = target

    def state(self) -> ClusterState:
        """Everything the master knows. Raises `CliError` without a response; the text says which address was asked and
        why.
        """
        response = self._get("/state")
        try:
            known = _read_state(response.url.removesuffix("/state"), response.json())
        except (NotJson, msgspec.ValidationError) as error:
            raise CliError(
                f"{response.url} does not answer as a master does: {error}",
                hints=[f"is {self.target.url} ({self.target.origin}) the address of a master?"],
            ) from error
        if known.fields.pid.startswith("slave"):
            raise CliError(
                f"{self.target.url} ({self.target.origin}) is an agent, not a master",
                hints=["give the address of a master: --master=HOST:5050"],
            )
        return known

    def quotas(self) -> list[RoleQuota]:
        """Of all roles that have one, by name. Raises `CliError`."""
        response = self._get("/roles")
        try:
            roles = msgspec.convert(response.json(), _Roles).roles
        except (NotJson, msgspec.ValidationError) as error:
            raise CliError(
                f"{response.url} does not answer as a master does: {error}",
                hints=[f"is {self.target.url} ({self.target.origin}) the address of a master?"],
            ) from error
        quotas = [role.quota for role in roles if role.quota.guarantee or role.quota.limit]
        return sorted(quotas, key=lambda quota: quota.role)

    def operate(self, kind: str, part: Mapping[str, Any]) -> Response:
        """The answer, of any status but those of a master without a leader, to a call of its operator API that changes
        something. Raises `CliError` without one.
        """
        return self.ask("POST", OPERATOR_API, {"type": kind, kind.lower(): part}, repeatable=False)

    def ask(self, method: str, path: str, body: Any = None, *, repeatable: bool = True) -> Response:
        """Any answer of the leading master. Raises `CliError` when there is none."""
        try:
            response = self._http.request(method, self.target.url + path, body, repeatable=repeatable)
        except NoResponse as error:
            raise self._unreachable(error, path) from error
        if response.status in NOBODY_BEHIND:
            raise Unavailable(
                f"the master at {self.target.url} ({self.target.origin}) has no leader to ask",
                details=[f"{response.url} answered {response.status}: {response.complaint() or 'nothing'}"],
                hints=["masters are electing a leader or recovering: try again in some seconds"],
            )
        return response

    def _get(self, path: str) -> Response:
        response = self.ask("GET", path)
        if response.status != 200:
            raise CliError(
                f"{response.url} answered {response.status}: {response.complaint() or 'nothing'}",
                hints=[f"is {self.target.url} ({self.target.origin}) the address of a master?"],
            )
        return response

    def _unreachable(self, error: NoResponse, path: str) -> Unavailable:
        asked = error.url.removesuffix(path)
        if asked.rstrip("/") != self.target.url:
            return Unavailable(
                f"cannot reach the leading master at {asked}: {error}",
                details=[f"{self.target.url} ({self.target.origin}) redirected there"],
                hints=["the name or address that masters report must be known and reachable from here"],
            )
        return Unavailable(
            f"cannot reach the master at {self.target.url} ({self.target.origin}): {error}",
            hints=[
                f"is it running? curl {self.target.url}/health",
                "another one: --master=HOST:PORT or the environment variable DCOS_URL",
            ],
        )


class AgentRoute(Protocol):
    """The way to an agent."""

    def url(self, agent: Agent) -> str: ...

    def unavailable(self, agent: Agent, why: str) -> Unavailable: ...


class DirectRoute:
    """Its own port."""

    def url(self, agent: Agent) -> str:
        return f"http://{agent.address}"

    def unavailable(self, agent: Agent, why: str) -> Unavailable:
        return Unavailable(
            f"cannot reach the agent {agent.hostname} at {agent.address}: {why}",
            hints=["sandboxes are read from the agent itself: its port must be open for this machine"],
        )


@dataclass(frozen=True)
class GatewayRoute:
    """The cluster's gateway, which leads to every agent."""

    gateway: str

    def url(self, agent: Agent) -> str:
        return f"{self.gateway}/agent/{urllib.parse.quote(agent.id, safe='')}"

    def unavailable(self, agent: Agent, why: str) -> Unavailable:
        return Unavailable(
            f"the gateway cannot reach the agent {agent.hostname}: {why}",
            hints=["is its machine up? dcos node list"],
        )


class Agents:
    """Reads of single agents: what they run and the files of sandboxes."""

    def __init__(self, http: Http | Gateways, route: AgentRoute) -> None:
        self._http = http
        self._route = route

    def state(self, agent: Agent) -> Response:
        """What the agent runs. Raises `Unavailable` without a response."""
        response = self.get(agent, f"/{agent.process}/state")
        if response.status == 404:
            # Every agent has this path, so the gateway does not know the agent: it may be registering again.
            raise self._route.unavailable(agent, f"{response.url} answered 404: {response.complaint() or 'nothing'}")
        return response

    def get(self, agent: Agent, path: str) -> Response:
        """Any answer of the agent. Raises `Unavailable` when there is none."""
        try:
            response = self._http.get(self._route.url(agent) + path)
        except NoResponse as error:
            raise self._route.unavailable(agent, str(error)) from error
        return self._behind(agent, response)

    def call(self, agent: Agent, call: Mapping[str, Any]) -> Response:
        """The answer to a call of its operator API that changes nothing. Raises `Unavailable` when there is none."""
        url = f"{self._route.url(agent)}/{agent.process}{OPERATOR_API}"
        try:
            response = self._http.request("POST", url, call, repeatable=True)
        except NoResponse as error:
            raise self._route.unavailable(agent, str(error)) from error
        return self._behind(agent, response)

    def begin(self, agent: Agent, body: bytes | None, headers: Mapping[str, str]) -> Exchange:
        """A call of its operator API that is a stream. Raises `Unavailable` when nobody takes it."""
        url = f"{self._route.url(agent)}/{agent.process}{OPERATOR_API}"
        try:
            return self._http.begin(url, body, headers)
        except NoResponse as error:
            raise self._route.unavailable(agent, str(error)) from error

    def admitted(self, agent: Agent, response: Response) -> Response:
        """The response, unless it says that a principal is wanted or the agent is away. Raises `CliError`."""
        return self._behind(agent, self._http.admitted(response))

    def _behind(self, agent: Agent, response: Response) -> Response:
        if response.status in NOBODY_BEHIND:
            raise self._route.unavailable(
                agent, f"{response.url} answered {response.status}: {response.complaint() or 'nothing'}"
            )
        return response
