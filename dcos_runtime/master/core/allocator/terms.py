"""What the allocator is told, and what it decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from dcos_runtime.core.resources import Resources

Quantities = Mapping[str, int]
"""Amounts by name, in thousandths."""

FILTERS_PER_AGENT = 8
"""So many of a framework, for one role and one agent; the oldest give way."""

_MASK = (1 << 64) - 1
_ODD = 0x9E3779B97F4A7C15


@dataclass(frozen=True)
class Options:
    """``minimums``: offers smaller than every one of these are not made (none: any offer is)."""

    interval: float = 1.0
    minimums: Sequence[Quantities] = ({"cpus": 10}, {"mem": 32_000})
    weights: Mapping[str, float] = field(default_factory=dict)
    gpus_for_gpu_frameworks_only: bool = True


class Allocation(NamedTuple):
    """A decision: these resources of the agent are the framework's until it recovers them."""

    framework_id: str
    role: str
    agent_id: str
    resources: Resources


@dataclass(frozen=True)
class Wants:
    """What a framework takes part with. ``minimums``: by role, in place of the allocator's own.

    ``revocable`` and ``shared``: it knows of such resources; nobody else is offered them.
    """

    roles: frozenset[str]
    suppressed: frozenset[str] = frozenset()
    gpus: bool = False
    minimums: Mapping[str, Sequence[Quantities]] = field(default_factory=dict)
    revocable: bool = False
    shared: bool = False


def place(ticket: int, run: int) -> int:
    """Where an agent comes in a run: a number that looks random, of the agent's own and the run's.

    So the order of some agents does not depend on which others take part.
    """
    mixed = ((ticket ^ run) * _ODD) & _MASK
    return ((mixed ^ (mixed >> 29)) * _ODD) & _MASK


def visible(resources: Resources, role: str, revocable: bool, shared: bool) -> Resources:
    """The part that may be offered to a framework of the role."""
    part = resources.for_role(role)
    if any((kind.revocable and not revocable) or (kind.shared and not shared) for kind in part.kinds()):
        return part.find(lambda kind: (revocable or not kind.revocable) and (shared or not kind.shared))
    return part


def large_enough(offer: Resources, minimums: Sequence[Quantities]) -> bool:
    if not minimums:
        return True
    return any(all(offer.scalar(name) >= amount for name, amount in minimum.items()) for minimum in minimums)
