"""Why a framework, a role or a task gets no offer: reads of the state as it is, in short steps.

What keeps an agent from being offered is found by the allocator's own checks (`allocator.obstacles`). An answer
is a generator that yields after some agents, so that the kernel works in between, and returns it; so it is consistent
for each agent, not for all together. What cannot be answered is said before: `Unexplained`.
"""

from __future__ import annotations

import heapq
import math
from collections import Counter
from collections.abc import Generator, Iterable, Mapping, Sequence
from typing import NamedTuple

from dcos_runtime.core import attributes
from dcos_runtime.core import resources as amounts
from dcos_runtime.core.frozen import Now
from dcos_runtime.core.resources import EMPTY, MAX_SCALAR, THOUSANDTHS, Resources, lineage, role_error
from dcos_runtime.core.resources.intervals import size
from dcos_runtime.master.core.allocator import Wants
from dcos_runtime.master.core.allocator.obstacles import Obstacle, Seeker
from dcos_runtime.master.core.allocator.terms import Quantities
from dcos_runtime.master.core.records import AbsentAgent, Agent, Framework
from dcos_runtime.master.core.state import State
from dcos_runtime.wire.cluster import AgentInfo
from dcos_runtime.wire.explain import (
    VERSION,
    AgentGroup,
    AgentSeen,
    Closest,
    Filter,
    FrameworkExplained,
    Holder,
    InRole,
    Lack,
    Mismatch,
    OfferState,
    Placed,
    QuotaUsed,
    RoleExplained,
    RoleState,
    TaskAsked,
    TaskExplained,
    Verdict,
    Why,
)
from dcos_runtime.wire.quoting import bounded, shown

EXAMPLES = 5
"""Agents of a group that are named, and frameworks that hold their offers."""
MOST_ROLES = 20
"""Of one framework; each is looked at on all agents."""
MOST_FRAMEWORKS = 100
"""Of one role."""
MOST_CLOSEST = 50

_AT_ONCE = 32
_SHOWN = 100
_PASSING = (Why.OFFERED, Why.FILTERED, Why.QUOTA)
"""All that is wanted is free, or offered: nothing is lacking of the agent."""
_WAITING = (*_PASSING, Why.ALLOCATED, Why.TOO_LITTLE_FREE)
_AWAY = (Why.LEAVING, Why.DRAINING, Why.DEACTIVATED, Why.DISCONNECTED)

Places = Mapping[int, int]


class Unexplained(Exception):
    """There is no answer: the status and the text of the response."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status, self.text = status, text


# --- frameworks ------------------------------------------------------------------------------------------------------


def framework(state: State, framework_id: str, role: str | None, now: Now) -> Generator[None, None, FrameworkExplained]:
    """``role``: only in this one. Raises `Unexplained`."""
    found = state.frameworks.get(framework_id) or state.completed.get(framework_id)
    if found is None:
        raise Unexplained(404, "No framework found with specified ID")
    if role is not None and role not in found.roles:
        raise Unexplained(404, f"Framework {found.id} is not in role '{shown(role, _SHOWN)}'")
    wanted = [] if framework_id in state.completed else sorted(found.roles) if role is None else [role]
    return _framework(state, found, wanted, now)


def _framework(
    state: State, found: Framework, wanted: Sequence[str], now: Now
) -> Generator[None, None, FrameworkExplained]:
    explained = []
    for name in wanted[:MOST_ROLES]:
        if (seeker := _seeker(state, found, name)) is not None:  # unless it left the role meanwhile
            explained.append((yield from _in_role(state, found, seeker, now)))
    return FrameworkExplained(
        version=VERSION,
        time=now.wall,
        framework_id=found.id,
        name=found.info.name,
        state=standing(state, found),
        roles=explained,
        left_out=list(wanted[MOST_ROLES:]),
    )


def _seeker(state: State, found: Framework, role: str) -> Seeker | None:
    return state.allocator.seeker(found.id, role) if found.id in state.frameworks else None


def _in_role(state: State, found: Framework, seeker: Seeker, now: Now) -> Generator[None, None, InRole]:
    places, clients = state.allocator.turns()
    placed = _placed(state, found, seeker, places, clients, now)
    known = _role(state, seeker.role, seeker.minimums)
    groups = yield from _grouped(state, seeker, now)
    return InRole(framework=placed, role=known, agents=groups.made())


def standing(state: State, found: Framework) -> OfferState:
    if found.id not in state.frameworks:
        return OfferState.COMPLETED
    if found.recovered:
        return OfferState.RECOVERED
    if not found.connected:
        return OfferState.DISCONNECTED
    return OfferState.ACTIVE if state.allocator.resting_until(found.id) is None else OfferState.RESTING


def _placed(state: State, found: Framework, seeker: Seeker, places: Places, clients: int, now: Now) -> Placed:
    allocator, overall = state.allocator, standing(state, found)
    turn, resting = allocator.turn(seeker, places), allocator.resting_until(found.id)
    if overall in (OfferState.ACTIVE, OfferState.RESTING) and seeker.role in allocator.suppressed(found.id):
        overall = OfferState.SUPPRESSED
    return Placed(
        framework_id=found.id,
        name=found.info.name,
        role=seeker.role,
        state=overall,
        share=turn.share,
        filters=turn.filters,
        clients=clients,
        place=turn.place,
        resting_until=_wall(resting, now) if resting is not None else None,
    )


# --- roles -----------------------------------------------------------------------------------------------------------


def role(state: State, name: str, now: Now) -> Generator[None, None, RoleExplained]:
    """Raises `Unexplained`."""
    if error := role_error(name):
        raise Unexplained(400, bounded(error))
    return _role_answer(state, name, now)


def _role_answer(state: State, name: str, now: Now) -> Generator[None, None, RoleExplained]:
    places, clients = state.allocator.turns()
    members = [
        _placed(state, found, seeker, places, clients, now)
        for found in state.frameworks.values()
        if name in found.roles and (seeker := _seeker(state, found, name)) is not None
    ]
    members.sort(key=lambda one: (one.place is None, one.place, one.framework_id))
    wants = Wants(frozenset({name}), gpus=True, revocable=True, shared=True, refined=True)
    seeker = state.allocator.stranger(name, wants)
    known = _role(state, name, seeker.minimums)
    groups = yield from _grouped(state, seeker, now)
    return RoleExplained(
        version=VERSION,
        time=now.wall,
        role=known,
        frameworks=members[:MOST_FRAMEWORKS],
        agents=groups.made(),
        left_out=max(len(members) - MOST_FRAMEWORKS, 0),
    )


def _role(state: State, name: str, minimums: Sequence[Quantities]) -> RoleState:
    allocator, quotas = state.allocator, state.allocator.quotas()
    used = {
        one: {kind: allocator.quota_used(one, kind) for kind in {**quotas[one].guarantees, **quotas[one].limits}}
        for one in lineage(name)
        if one in quotas
    }
    return RoleState(
        role=name,
        share=allocator.dominant_share(name),
        weighted_share=allocator.weighted_share(name),
        quotas=[
            QuotaUsed(
                role=one, guarantees=_plain(quotas[one].guarantees), limits=_plain(quotas[one].limits), used=_plain(its)
            )
            for one, its in used.items()
        ],
        room=_plain(allocator.room(name)),
        minimums=[_plain(minimum) for minimum in minimums],
    )


# --- agents ----------------------------------------------------------------------------------------------------------


class _Looked(NamedTuple):
    """An agent that is registered."""

    why: Why
    agent_id: str
    hostname: str
    finding: Obstacle
    filters: Sequence[Filter] = ()


class _Groups:
    """Agents by the reason why they are not offered, in the order of `Why`."""

    def __init__(self) -> None:
        self.counts: Counter[Why] = Counter()
        self._examples: dict[Why, list[AgentSeen]] = {}
        self._ends: list[float] = []
        self._holders: Counter[tuple[str, str]] = Counter()
        self._roles: Counter[str] = Counter()
        self._capabilities: Counter[str] = Counter()

    def add(self, looked: _Looked, holders: Iterable[tuple[str, str]] = ()) -> None:
        why, finding = looked.why, looked.finding
        self.counts[why] += 1
        examples = self._examples.setdefault(why, [])
        if len(examples) < EXAMPLES:
            free = _plain(_by_name(finding.free))
            filters = list(looked.filters)
            examples.append(AgentSeen(id=looked.agent_id, hostname=looked.hostname, free=free, filters=filters))
        if looked.filters:
            self._ends.append(looked.filters[-1].until)
        if why is Why.OFFERED:
            self._holders.update(set(holders))
        self._roles.update(finding.hidden)
        self._capabilities.update(finding.lacking)

    def add_absent(self, why: Why, absent: Mapping[str, AbsentAgent]) -> None:
        if not absent:
            return
        self.counts[why] += len(absent)
        named = [item for item, _ in zip(absent.items(), range(EXAMPLES), strict=False)]
        self._examples[why] = [AgentSeen(id=agent_id, hostname=one.info.hostname) for agent_id, one in named]

    def made(self) -> list[AgentGroup]:
        return [self._made(why) for why in Why if self.counts[why]]

    def _made(self, why: Why) -> AgentGroup:
        filtered, offered = why is Why.FILTERED, why is Why.OFFERED
        holders = [Holder(framework_id=one, role=name, agents=count) for (one, name), count in self._most(offered)]
        return AgentGroup(
            why=why,
            agents=self.counts[why],
            examples=self._examples[why],
            first_until=min(self._ends) if filtered else None,
            last_until=max(self._ends) if filtered else None,
            offered_to=holders,
            reserved_to=dict(sorted(self._roles.items())) if why is Why.RESERVED else {},
            capabilities=dict(sorted(self._capabilities.items())) if why is Why.CAPABILITY else {},
        )

    def _most(self, offered: bool) -> list[tuple[tuple[str, str], int]]:
        return self._holders.most_common(EXAMPLES) if offered else []


def _absent(state: State) -> _Groups:
    """The agents that are not here."""
    groups = _Groups()
    for why, absent in (
        (Why.GONE, state.gone),
        (Why.UNREACHABLE, state.unreachable),
        (Why.RECOVERING, state.recovering),
    ):
        groups.add_absent(why, absent)
    return groups


def _grouped(state: State, seeker: Seeker, now: Now) -> Generator[None, None, _Groups]:
    groups = _absent(state)
    for number, agent_id in enumerate(list(state.agents)):
        if number % _AT_ONCE == 0:
            yield
        agent = state.agents.get(agent_id)
        if agent is not None:
            groups.add(_look(state, agent, seeker, now), _holders(state, agent))
    return groups


def _look(state: State, agent: Agent, seeker: Seeker, now: Now) -> _Looked:
    offered = amounts.total(state.offered(agent.offers)) if agent.offers else EMPTY
    finding = state.allocator.look(agent.id, seeker, offered, now.mono)
    why = finding.why if state.allocator.is_active(agent.id) else _away(state, agent)
    filters = [Filter(refused=amounts.text(what), until=_wall(until, now)) for what, until in finding.refused]
    return _Looked(why, agent.id, agent.info.hostname, finding, filters if why is Why.FILTERED else ())


def _away(state: State, agent: Agent) -> Why:
    """Why nothing of the agent is offered at all."""
    if agent.id in state.leaving:
        return Why.LEAVING
    if agent.id in state.deactivated:
        return Why.DRAINING if agent.id in state.draining else Why.DEACTIVATED
    return Why.DISCONNECTED


def _holders(state: State, agent: Agent) -> list[tuple[str, str]]:
    offers = [state.offers[offer_id] for offer_id in agent.offers]
    return [(offer.framework_id, offer.role) for offer in offers]


# --- tasks -----------------------------------------------------------------------------------------------------------


_Distance = tuple[int, float, str]
_Other = tuple[_Distance, _Looked, list[Mismatch]]


class _Wanted(NamedTuple):
    """What a task wants: scalars, a number of ports, and attributes that have one of these texts."""

    scalars: Quantities
    ports: int
    attributes: Mapping[str, Sequence[str]]

    def mismatches(self, info: AgentInfo) -> list[Mismatch]:
        if not self.attributes:
            return []
        has = attributes.texts(info.hostname, info.attributes, info.domain)
        return [
            Mismatch(attribute=name, wanted=list(values), has=has.get(name))
            for name, values in self.attributes.items()
            if has.get(name) not in values
        ]

    def lacks(self, finding: Obstacle) -> list[Lack]:
        found = [
            (name, wanted, finding.free.scalar(name), finding.total.scalar(name))
            for name, wanted in self.scalars.items()
        ]
        if self.ports:
            found.append(("ports", self.ports * THOUSANDTHS, _ports(finding.free), _ports(finding.total)))
        return [
            Lack(resource=name, wanted=_amount(wanted), free=_amount(free), total=_amount(total))
            for name, wanted, free, total in found
            if free < wanted
        ]

    def seeker(self, one: Seeker) -> Seeker:
        """The same who takes no less than this."""
        alone: Sequence[Quantities] = ({},)
        both = [
            {name: max(minimum.get(name, 0), self.scalars.get(name, 0)) for name in {**minimum, **self.scalars}}
            for minimum in one.minimums or alone
        ]
        wanted = self.ports * THOUSANDTHS
        return one._replace(minimums=both, more=lambda offer: _ports(offer) >= wanted)


def task(state: State, asked: TaskAsked, now: Now) -> Generator[None, None, TaskExplained]:
    """Raises `Unexplained`."""
    wanted = _wanted(asked)
    found, one = _asker(state, asked, wanted)
    return _task(state, wanted, found, one, asked.closest, now)


def _task(
    state: State, wanted: _Wanted, found: Framework | None, one: Seeker, closest: int, now: Now
) -> Generator[None, None, TaskExplained]:
    seeker = wanted.seeker(one)
    known = _role(state, one.role, seeker.minimums)
    placed = _placed(state, found, one, *state.allocator.turns(), now) if found is not None else None
    groups = _absent(state)
    others: list[_Other] = []
    for number, agent_id in enumerate(list(state.agents)):
        if number % _AT_ONCE == 0:
            others = heapq.nsmallest(closest, others, key=_by_distance)
            yield
        agent = state.agents.get(agent_id)
        if agent is None:
            continue
        looked, mismatches = _look(state, agent, seeker, now), wanted.mismatches(agent.info)
        if mismatches and looked.why not in _AWAY:
            looked = looked._replace(why=Why.ATTRIBUTES, filters=())
        groups.add(looked, _holders(state, agent))
        if looked.why is not Why.AVAILABLE:
            others.append((_distance(looked, mismatches, wanted), looked, mismatches))
    nearest = heapq.nsmallest(closest, others, key=_by_distance)
    counts = groups.counts
    later = Verdict.WAITS if any(counts[why] for why in _WAITING) else Verdict.NEVER
    return TaskExplained(
        version=VERSION,
        time=now.wall,
        verdict=Verdict.FITS if counts[Why.AVAILABLE] else later,
        wanted=_plain(wanted.scalars) | ({"ports": float(wanted.ports)} if wanted.ports else {}),
        role=known,
        agents=groups.made(),
        framework=placed,
        closest=[_closest(looked, mismatches, wanted) for _, looked, mismatches in nearest],
    )


def _by_distance(other: _Other) -> _Distance:
    return other[0]


def _distance(looked: _Looked, mismatches: Sequence[Mismatch], wanted: _Wanted) -> _Distance:
    """How far the task is from running there: what has to change, then how much is missing of what it wants."""
    if looked.why in _PASSING:
        return 0, 0.0, looked.agent_id
    short = sum((lack.wanted - lack.free) / lack.wanted for lack in wanted.lacks(looked.finding))
    changes = len(mismatches) + (looked.why not in (*_WAITING, Why.ATTRIBUTES))
    return changes, short, looked.agent_id


def _closest(looked: _Looked, mismatches: Sequence[Mismatch], wanted: _Wanted) -> Closest:
    return Closest(
        id=looked.agent_id,
        hostname=looked.hostname,
        why=looked.why,
        lacks=wanted.lacks(looked.finding),
        mismatches=list(mismatches),
        filters=list(looked.filters),
    )


def _asker(state: State, asked: TaskAsked, wanted: _Wanted) -> tuple[Framework | None, Seeker]:
    """Raises `Unexplained`."""
    if asked.role is not None and (error := role_error(asked.role)):
        raise Unexplained(400, bounded(error))
    if asked.framework_id is None:
        name = asked.role or "*"
        wants = Wants(frozenset({name}), gpus=wanted.scalars.get("gpus", 0) > 0, refined=True)
        return None, state.allocator.stranger(name, wants)
    found = state.frameworks.get(asked.framework_id)
    if found is None:
        raise Unexplained(404, "No framework found with specified ID")
    if asked.role is None and len(found.roles) != 1:
        raise Unexplained(400, f"Framework {found.id} has {len(found.roles)} roles; 'role' has to name one of them")
    name = asked.role or min(found.roles)
    seeker = _seeker(state, found, name)
    if seeker is None:
        raise Unexplained(404, f"Framework {found.id} is not in role '{shown(name, _SHOWN)}'")
    return found, seeker


def _wanted(asked: TaskAsked) -> _Wanted:
    """Raises `Unexplained`."""
    scalars: dict[str, int] = {}
    for name, amount in asked.resources.items():
        if not math.isfinite(amount) or not 0 <= amount <= MAX_SCALAR:
            raise Unexplained(
                400, f"'{shown(name, _SHOWN)}' of 'resources' is {amount:g}, and may be 0 to {MAX_SCALAR}"
            )
        scalars[name] = amounts.fixed(amount)
    ports, rest = divmod(scalars.pop("ports", 0), THOUSANDTHS)
    if rest:
        raise Unexplained(400, "'ports' of 'resources' is a number of ports, and has to be whole")
    scalars = {name: amount for name, amount in scalars.items() if amount}
    if not scalars and not ports:
        raise Unexplained(400, '\'resources\' has to name what the task wants, such as {"cpus": 1, "mem": 128}')
    if not 0 <= asked.closest <= MOST_CLOSEST:
        raise Unexplained(400, f"'closest' is {asked.closest}, and may be 0 to {MOST_CLOSEST}")
    values = {name: [value] if isinstance(value, str) else value for name, value in asked.attributes.items()}
    for constraint in asked.constraints:
        name, value = _constraint(constraint)
        values[name] = [one for one in values.get(name, [value]) if one == value]
    return _Wanted(scalars, ports, values)


def _constraint(constraint: Sequence[str]) -> tuple[str, str]:
    """The attribute and its value. Raises `Unexplained`."""
    match constraint:
        case [name, "IS", value]:
            return name, attributes.is_value(value)
        case [name, "CLUSTER", value] if value:
            return name, value
        case [_, "IS" | "CLUSTER", *_]:
            raise Unexplained(400, 'a constraint here is [attribute, "IS", value] or [attribute, "CLUSTER", value]')
        case [_, operator, *_]:
            text = "depends on other instances, or is a pattern; here IS and CLUSTER with a value can be used"
            raise Unexplained(400, f"the operator '{shown(operator, _SHOWN)}' of a constraint {text}")
    raise Unexplained(400, "a constraint is [attribute, operator, value]")


# --- amounts and times -----------------------------------------------------------------------------------------------


def _amount(thousandths: int) -> float:
    return thousandths / THOUSANDTHS


def _plain(quantities: Quantities) -> dict[str, float]:
    return {name: _amount(amount) for name, amount in sorted(quantities.items())}


def _by_name(resources: Resources) -> dict[str, int]:
    sums: dict[str, int] = {}
    for name, amount in resources.quantities():
        sums[name] = sums.get(name, 0) + amount
    return sums


def _ports(resources: Resources) -> int:
    return size(resources.intervals("ports")) * THOUSANDTHS


def _wall(mono: float, now: Now) -> float:
    return now.wall + mono - now.mono
