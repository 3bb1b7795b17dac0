"""Whether an app fits an offer, and if not, why. This explains why an app waits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dcos_runtime.core.seeds import SeededSource
from dcos_runtime.marathon.core import constraints
from dcos_runtime.marathon.core.app import App
from dcos_runtime.marathon.core.resources import Remaining
from dcos_runtime.wire.cluster import Offer
from dcos_runtime.wire.resources import Resource

REASONS = (
    "UnfulfilledRole", "UnfulfilledConstraint", "NoCorrespondingReservationFound", "AgentMaintenance",
    "InsufficientCpus", "InsufficientMemory", "InsufficientDisk", "InsufficientGpus", "InsufficientPorts",
    "DeclinedScarceResources",
)  # fmt: skip
"""The checks, in Marathon's order."""


class OpenOffer:
    """An offer that is being matched, with its remaining resources."""

    def __init__(self, offer: Offer) -> None:
        self.offer = offer
        self.id = offer.id.value
        self.agent_id = offer.agent_id.value
        self.role = offer.allocation_info.role if offer.allocation_info is not None else None
        """The role that the offer is allocated to, if the master names it."""
        self.attributes = constraints.attributes_of(offer)
        self.remaining = Remaining(offer.resources)

    @property
    def described(self) -> int:
        """The number of characters that describe its agent."""
        texts = (self.agent_id, self.offer.hostname, *self.attributes, *self.attributes.values())
        return sum(map(len, texts))


@dataclass(frozen=True)
class Match:
    """The resources and host ports of one instance, taken from the offer."""

    resources: list[Resource]
    host_ports: list[int]


def match(
    app: App, open_offer: OpenOffer, placed: Sequence[Mapping[str, str]], now: float, source: SeededSource
) -> Match | tuple[str, ...]:
    """Takes what one instance of ``app`` needs, or returns every reason why the offer does not fit.

    ``placed``: the attributes of the agents of the app's other instances. ``now``: wall clock.
    """
    left, roles = open_offer.remaining, app.accepted_resource_roles
    wanted_ports = app.wanted_host_ports
    ports = left.ports(wanted_ports, source, roles) if wanted_ports else []
    met = all(
        constraints.satisfied(constraint, open_offer.attributes, placed, app.instances)
        for constraint in app.constraints
    )
    failed = {
        "UnfulfilledRole": open_offer.role not in (None, app.role) or not left.offers_roles(roles),
        "UnfulfilledConstraint": not met,
        "AgentMaintenance": _in_maintenance(open_offer.offer, now),
        "InsufficientCpus": not left.has("cpus", app.cpus, roles),
        "InsufficientMemory": not left.has("mem", app.mem, roles),
        "InsufficientDisk": not left.has("disk", app.disk, roles),
        "InsufficientPorts": ports is None,
    }
    reasons = tuple(reason for reason in REASONS if failed.get(reason))
    if reasons or ports is None:
        return reasons
    resources = [
        resource
        for name, amount in (("cpus", app.cpus), ("mem", app.mem), ("disk", app.disk))
        if amount
        for resource in left.take(name, amount, roles)
    ]
    return Match(resources + left.take_ports(ports, roles), ports)


def _in_maintenance(offer: Offer, now: float) -> bool:
    if offer.unavailability is None:
        return False
    start = offer.unavailability.start.nanoseconds / 1e9
    duration = offer.unavailability.duration
    return start <= now and (duration is None or now < start + duration.nanoseconds / 1e9)


@dataclass
class Statistics:
    """The results of matching offers with an app since it began to wait. Times are wall clock."""

    processed: int = 0
    unused: int = 0
    last_used: float | None = None
    last_unused: float | None = None
    rejected: dict[str, int] = field(default_factory=dict)
    last_by_agent: dict[str, tuple[Offer, tuple[str, ...], float]] = field(default_factory=dict)
    """By agent id: its last offer, why that was not used (empty: it was used), and when."""

    def used(self, offer: Offer, now: float) -> None:
        self.processed += 1
        self.last_used = now
        self.last_by_agent[offer.agent_id.value] = (offer, (), now)

    def not_used(self, offer: Offer, reasons: tuple[str, ...], now: float) -> None:
        self.processed += 1
        self.unused += 1
        self.last_unused = now
        if reasons:
            self.rejected[reasons[0]] = self.rejected.get(reasons[0], 0) + 1
        self.last_by_agent[offer.agent_id.value] = (offer, reasons, now)

    def funnel(self) -> list[dict[str, object]]:
        """For all offers: how many reached each check, and how many it rejected."""
        return _funnel(self.rejected, self.processed)

    def last_funnel(self) -> list[dict[str, object]]:
        """The same for the last offer of each agent."""
        counts: dict[str, int] = {}
        for _, reasons, _ in self.last_by_agent.values():
            if reasons:
                counts[reasons[0]] = counts.get(reasons[0], 0) + 1
        return _funnel(counts, len(self.last_by_agent))


def _funnel(rejected: Mapping[str, int], processed: int) -> list[dict[str, object]]:
    steps: list[dict[str, object]] = []
    for reason in REASONS:
        declined = rejected.get(reason, 0)
        steps.append({"reason": reason, "declined": declined, "processed": processed})
        processed -= declined
    return steps
