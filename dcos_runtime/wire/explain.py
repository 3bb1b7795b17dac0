"""`/api/v1/explain` of a master: why a framework, a role or a task gets no offer. Ours; Mesos has nothing like it.

Words of an answer keep their meaning within a `VERSION`; fields and words may be added, so a client ignores what it
does not know. Amounts are as in `/state`, times are seconds since 1970.
"""

from __future__ import annotations

import enum

import msgspec

VERSION = 1
PATH = "/api/v1/explain"


class Why(enum.Enum):
    """Why an agent is not offered: the first reason that holds, in this order; `AVAILABLE`: none does. Those before
    `ATTRIBUTES` concern the agent alone.
    """

    GONE = "gone"
    UNREACHABLE = "unreachable"
    RECOVERING = "recovering"
    LEAVING = "leaving"
    DRAINING = "draining"
    DEACTIVATED = "deactivated"
    DISCONNECTED = "disconnected"
    ATTRIBUTES = "attributes"
    GPUS = "gpus"
    OFFERED = "offered"
    ALLOCATED = "allocated"
    TOO_LITTLE_FREE = "too_little_free"
    CAPABILITY = "capability"
    RESERVED = "reserved"
    TOO_SMALL = "too_small"
    QUOTA = "quota"
    FILTERED = "filtered"
    AVAILABLE = "available"


class OfferState(enum.Enum):
    """What a framework's offers depend on, besides agents; in one role `SUPPRESSED`, too."""

    ACTIVE = "active"
    RESTING = "resting"
    SUPPRESSED = "suppressed"
    DISCONNECTED = "disconnected"
    RECOVERED = "recovered"
    COMPLETED = "completed"


class Verdict(enum.Enum):
    """Whether a task could run: ``fits`` on an agent that is available, ``waits`` for what others have now, or for
    the end of a filter, ``never`` on the agents that are here.
    """

    FITS = "fits"
    WAITS = "waits"
    NEVER = "never"


Quantities = dict[str, float]


class _Part(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Fields that say nothing are left out."""


class Filter(_Part, frozen=True, kw_only=True):
    """A decline, or what an ACCEPT left, that keeps the same and less of the agent from the framework until a time."""

    refused: str
    until: float


class AgentSeen(_Part, frozen=True, kw_only=True):
    """An agent, with what is free of what may be offered to the one who asks. ``filters``: the last one last."""

    id: str
    hostname: str
    free: Quantities = {}
    filters: list[Filter] = []


class Holder(_Part, frozen=True, kw_only=True):
    """A framework that has offers of so many agents."""

    framework_id: str
    role: str
    agents: int


class AgentGroup(_Part, frozen=True, kw_only=True):
    """Agents for which the same holds. ``first_until``, ``last_until``: when the first and the last of them is not
    filtered any more. ``offered_to``: those with most agents. ``reserved_to`` and ``capabilities``: how many agents
    have something that is reserved to a role, or wants a capability that the framework lacks.
    """

    why: Why
    agents: int
    examples: list[AgentSeen]
    first_until: float | None = None
    last_until: float | None = None
    offered_to: list[Holder] = []
    reserved_to: dict[str, int] = {}
    capabilities: dict[str, int] = {}


class QuotaUsed(_Part, frozen=True, kw_only=True):
    """The quota of a role with all roles below it, and what of it is used, by offers too."""

    role: str
    guarantees: Quantities = {}
    limits: Quantities = {}
    used: Quantities = {}


class Placed(_Part, frozen=True, kw_only=True):
    """A framework in one of its roles. ``share``: its dominant share; ``place``: how many come before it, of
    ``clients`` frameworks in roles that get offers; None: it gets none. ``filters``: on all agents.
    """

    framework_id: str
    name: str
    role: str
    state: OfferState
    share: float
    filters: int
    clients: int
    place: int | None = None
    resting_until: float | None = None


class RoleState(_Part, frozen=True, kw_only=True):
    """A role. ``share``: the dominant share of it and the roles below; ``weighted_share``: divided by its weight.
    ``quotas``: its own and those of the roles above. ``room``: the most that it may be allocated now, by resource;
    what is not named there is not limited. ``minimums``: an offer has at least one of these amounts.
    """

    role: str
    share: float
    weighted_share: float
    quotas: list[QuotaUsed] = []
    room: Quantities = {}
    minimums: list[Quantities] = []


class InRole(_Part, frozen=True, kw_only=True):
    """What a framework gets in one role, and why not more. ``agents``: all agents, each in one group."""

    framework: Placed
    role: RoleState
    agents: list[AgentGroup]


class FrameworkExplained(_Part, frozen=True, kw_only=True):
    """``left_out``: roles that are not explained, because there are too many; ask for each with ``role``."""

    version: int
    time: float
    framework_id: str
    name: str
    state: OfferState
    roles: list[InRole] = []
    left_out: list[str] = []


class RoleExplained(_Part, frozen=True, kw_only=True):
    """``agents``: for a framework in the role that has every capability and no filter. ``frameworks``: in the order in
    which they get offers; ``left_out``: how many more there are.
    """

    version: int
    time: float
    role: RoleState
    frameworks: list[Placed]
    agents: list[AgentGroup]
    left_out: int = 0


class Lack(_Part, frozen=True, kw_only=True):
    """A resource of which less is free for the task than it wants, and what the agent has of it in all."""

    resource: str
    wanted: float
    free: float
    total: float


class Mismatch(_Part, frozen=True, kw_only=True):
    """An attribute, ``hostname``, ``@region`` or ``@zone`` with another value; ``has`` is absent without any."""

    attribute: str
    wanted: list[str]
    has: str | None = None


class Closest(_Part, frozen=True, kw_only=True):
    """An agent on which the task cannot run now."""

    id: str
    hostname: str
    why: Why
    lacks: list[Lack] = []
    mismatches: list[Mismatch] = []
    filters: list[Filter] = []


class TaskExplained(_Part, frozen=True, kw_only=True):
    """``framework``: where the task named one. ``closest``: agents that lack least, the closest first."""

    version: int
    time: float
    verdict: Verdict
    wanted: Quantities
    role: RoleState
    agents: list[AgentGroup]
    framework: Placed | None = None
    closest: list[Closest] = []


class TaskAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A task to explain. ``resources``: amounts by name, of ``ports`` how many. ``attributes``: the value that the
    agent has to have, or one of several. ``constraints``: as an app has them; of their operators only those that
    depend on no other instance and compare values: IS, and CLUSTER with a value. ``framework_id``: with its filters
    and capabilities; otherwise those of a framework that knows what the task wants, and has refused nothing.
    """

    resources: dict[str, float]
    role: str | None = None
    attributes: dict[str, str | list[str]] = {}
    constraints: list[list[str]] = []
    framework_id: str | None = None
    closest: int = 5
