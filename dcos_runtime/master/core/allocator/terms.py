"""The allocator's input and its decisions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from dcos_runtime.core.resources import Kind, Resources

Quantities = Mapping[str, int]
"""Amounts by name, in thousandths."""

FILTERS_PER_AGENT = 8
"""The most refusals of a framework for one role and one agent; the oldest are dropped."""


@dataclass(frozen=True)
class AllocatorSettings:
    """``minimums``: offers smaller than each of these are not made; empty: all offers are made."""

    interval: float = 1.0
    minimums: Sequence[Quantities] = ({"cpus": 10}, {"mem": 32_000})
    weights: Mapping[str, float] = field(default_factory=dict)
    gpus_for_gpu_frameworks_only: bool = True


@dataclass(frozen=True)
class Quota:
    """The quota of a role with all roles below it. A guarantee that is not named is 0; a limit that is not named does
    not exist. Both concern scalars that are neither reserved nor revocable; reservations to the role count as used.
    """

    guarantees: Quantities = field(default_factory=dict)
    limits: Quantities = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.guarantees or self.limits)


class Allocation(NamedTuple):
    """A decision: these resources of the agent are allocated to the framework until `recover`."""

    framework_id: str
    role: str
    agent_id: str
    resources: Resources


@dataclass(frozen=True)
class Wants:
    """A framework's settings. ``minimums``: by role, instead of the allocator's. ``revocable``, ``shared`` and
    ``refined``: it has the capability for such resources (and reservations); others are not offered them.
    """

    roles: frozenset[str]
    suppressed: frozenset[str] = frozenset()
    gpus: bool = False
    minimums: Mapping[str, Sequence[Quantities]] = field(default_factory=dict)
    revocable: bool = False
    shared: bool = False
    refined: bool = False


def visible(resources: Resources, role: str, revocable: bool, shared: bool, refined: bool) -> Resources:
    """The resources that may be offered to a framework of the role."""

    def hidden(kind: Kind) -> bool:
        return (
            (kind.revocable and not revocable)
            or (kind.shared and not shared)
            or (len(kind.reservations) > 1 and not refined)
        )

    part = resources.for_role(role)
    if any(map(hidden, part.kinds())):
        return part.find(lambda kind: not hidden(kind))
    return part


def apart(resources: Resources) -> list[tuple[str, int]]:
    """The scalars whose allocation counts towards no quota."""
    return [(kind.name, amount) for kind, amount in resources.scalar_amounts() if not counts(kind)]


def counts(kind: Kind) -> bool:
    return kind.role == "*" and not kind.revocable


def offerable(offer: Resources, minimums: Sequence[Quantities]) -> bool:
    """Whether these are resources, and not too few of them."""
    return bool(offer) and large_enough(offer, minimums)


def large_enough(offer: Resources, minimums: Sequence[Quantities]) -> bool:
    if not minimums:
        return True
    return any(all(offer.scalar(name) >= amount for name, amount in minimum.items()) for minimum in minimums)
