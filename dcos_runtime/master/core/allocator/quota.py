"""Quotas: no role exceeds its limits, and resources that guarantees still need are kept free for them.

A role's usage is what it and the roles below it were allocated of resources that are neither reserved nor revocable,
and everything reserved to them. Its guarantees need the part of them that is not used, or the sum of its children's
needs, if that is more. The sum of all needs is the headroom: an allocation beyond a role's need has to leave that much
free in the cluster.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dcos_runtime.core.resources import Kind, Resources, Thing, lineage, role_error
from dcos_runtime.master.core.allocator.terms import Quantities, Quota, counts, offerable
from dcos_runtime.master.core.allocator.tree import RoleTree


def changed(before: Mapping[str, Quota], changes: Mapping[str, Quota]) -> dict[str, Quota]:
    """All quotas after some were set; an empty one removes that of its role."""
    return {role: quota for role, quota in {**before, **changes}.items() if quota}


def guaranteed(quotas: Mapping[str, Quota]) -> dict[str, int]:
    """The sum of all guarantees; those of children are in their parents'."""
    sums: dict[str, int] = {}
    for role, quota in quotas.items():
        if not any(ancestor in quotas for ancestor in lineage(role)[1:]):
            for name, amount in quota.guarantees.items():
                sums[name] = sums.get(name, 0) + amount
    return sums


def inconsistent(quotas: Mapping[str, Quota]) -> str | None:
    """Why these quotas contradict each other: guarantees have to be within limits, and those of children within their
    parents'.
    """
    for role, quota in sorted(quotas.items()):
        if error := role_error(role):
            return error
        for name, amount in sorted(quota.guarantees.items()):
            if amount > quota.limits.get(name, amount):
                return f"role '{role}' is guaranteed more {name} than its limit is"
        for name, limit in sorted(quota.limits.items()):
            for ancestor in lineage(role)[1:]:
                above = quotas.get(ancestor, _NONE).limits.get(name)
                if above is not None and limit > above:
                    return f"the limit of role '{role}' for {name} is above that of '{ancestor}'"
        for name, amount in sorted(_together(role, quotas).items()):
            if amount > quota.guarantees.get(name, 0):
                return f"the roles below '{role}' are guaranteed more {name} together than it is"
    return None


def _together(role: str, quotas: Mapping[str, Quota]) -> dict[str, int]:
    """The sum of the guarantees of the nearest roles below that have a quota."""
    sums: dict[str, int] = {}
    below = [one for one in quotas if one.startswith(role + "/")]
    for one in below:
        if not any(ancestor in below for ancestor in lineage(one)[1:]):
            for name, amount in quotas[one].guarantees.items():
                sums[name] = sums.get(name, 0) + amount
    return sums


class Headroom:
    """How much one role may be allocated now, by name; resources of other names are not limited. ``open``: the part of
    it that guarantees of the role or of roles above it need.
    """

    __slots__ = ("most", "open")

    def __init__(self, most: dict[str, int], wanting: dict[str, int]) -> None:
        self.most = most
        self.open = wanting

    def furthers(self, amounts: Resources) -> bool:
        """Whether any of these resources would fill a guarantee."""
        return any(counts(kind) and self.open.get(kind.name, 0) for kind, _ in amounts.scalar_amounts())

    def part(self, offer: Resources, minimums: Sequence[Quantities]) -> Resources | None:
        """The part of an offer that fits; None when that would be too small an offer."""
        part = self.cut(offer)
        return part if part is offer or offerable(part, minimums) else None

    def cut(self, offer: Resources) -> Resources:
        """The part of an offer that fits. Resources that count towards no quota stay."""
        most = self.most
        if not any(kind.name in most and counts(kind) for kind, _ in offer.scalar_amounts()):
            return offer
        left = dict(most)
        scalars: dict[Kind, int] = {}
        for kind in sorted(offer.scalars, key=_order):
            amount = offer.scalars[kind]
            if counts(kind) and kind.name in left:
                amount = min(amount, left[kind.name])
                left[kind.name] -= amount
            if amount:
                scalars[kind] = amount
        things: dict[Thing, int] = {}
        for thing in sorted(offer.things, key=_thing_order):
            copies, kind = offer.things[thing], thing.kind
            if counts(kind) and kind.name in left:
                copies = min(copies, left[kind.name] // thing.amount if thing.amount else copies)
                left[kind.name] -= copies * thing.amount
            if copies:
                things[thing] = copies
        return Resources(scalars, offer.ranges, offer.sets, things)


class Quotas:
    """``tree`` holds the roles' holdings; ``reserved`` and ``revocable`` are sums over all agents."""

    def __init__(self, tree: RoleTree) -> None:
        self._tree = tree
        self.of: dict[str, Quota] = {}
        self.reserved: dict[str, dict[str, int]] = {}  # by the role that they are reserved to
        self.revocable: dict[str, int] = {}  # of what is not reserved
        self._rooms: dict[str, Headroom | None] = {}
        self._version = -1  # of the tree that the following is true of
        self._wants: dict[str, dict[str, int]] = {}
        self._beyond_children: dict[str, dict[str, int]] = {}
        self._surplus: dict[str, int] = {}
        self._children: dict[str, list[str]] = {}
        self._tops: list[str] = []

    def __bool__(self) -> bool:
        return bool(self.of)

    def set(self, quotas: Mapping[str, Quota]) -> None:
        """Sets quotas of roles; empty ones are removed. Raises ``ValueError`` when they contradict each other."""
        after = changed(self.of, quotas)
        if error := inconsistent(after):
            raise ValueError(error)
        self.of = after
        known = {one for named in after for one in lineage(named)}
        self._children = {}
        for one in sorted(known):
            self._children.setdefault(one, [])
            if "/" in one:
                self._children[one.rpartition("/")[0]].append(one)
        self._tops = sorted(one for one in known if "/" not in one)
        self.changed()

    def count(self, total: Resources, sign: int) -> None:
        """Counts an agent with these resources that was added or removed."""
        for kind, amount in total.scalar_amounts():
            if kind.role != "*":
                of_role = self.reserved.setdefault(kind.role, {})
                of_role[kind.name] = of_role.get(kind.name, 0) + sign * amount
                if not of_role[kind.name]:
                    del of_role[kind.name]
                    if not of_role:
                        del self.reserved[kind.role]
            elif kind.revocable:
                self.revocable[kind.name] = self.revocable.get(kind.name, 0) + sign * amount
        self.changed()

    def changed(self) -> None:
        self._version = -1

    # --- what follows from it ---

    def room(self, role: str) -> Headroom | None:
        """The room of a role; None: not limited."""
        self._refresh()
        if role in self._rooms:
            return self._rooms[role]
        made = self._rooms[role] = self._room(role)
        return made

    def wanted(self) -> frozenset[str]:
        """The names of resources that guarantees still need.

        When they need no more of one, all of it that is left is free for any role. Something may be left although no
        resources came back: where agents became smaller than what is allocated there, more is free on other agents
        than in the whole cluster.
        """
        self._refresh()
        return frozenset(self._surplus)

    def _refresh(self) -> None:
        if self._version != self._tree.version:
            self._version = self._tree.version
            self._rooms.clear()
            self._look()

    def _look(self) -> None:
        """Computes what each role's guarantees need, and what is free beyond that."""
        self._wants = {}
        self._beyond_children = {}
        for role in sorted(self._children, key=_depth, reverse=True):
            wants: dict[str, int] = {}
            for child in self._children[role]:
                for name, amount in self._wants[child].items():
                    wants[name] = wants.get(name, 0) + amount
            more: dict[str, int] = {}
            for name, amount in self.of.get(role, _NONE).guarantees.items():
                missing = amount - self.used(role, name)
                if missing > wants.get(name, 0):
                    more[name] = missing - wants.get(name, 0)
                    wants[name] = missing
            self._wants[role] = wants
            self._beyond_children[role] = more
        headroom: dict[str, int] = {}
        for top in self._tops:
            for name, amount in self._wants[top].items():
                headroom[name] = headroom.get(name, 0) + amount
        self._surplus = {name: max(self.free(name) - amount, 0) for name, amount in headroom.items() if amount}

    def used(self, role: str, name: str) -> int:
        node = self._tree.nodes.get(role)
        held = node.share.held.get(name, 0) - node.apart.held.get(name, 0) if node is not None else 0
        return held + sum(
            amounts.get(name, 0)
            for reserved, amounts in self.reserved.items()
            if reserved == role or reserved.startswith(role + "/")
        )

    def free(self, name: str) -> int:
        """Unreserved, non-revocable resources of all agents that are allocated to no framework."""
        root = self._tree.root
        held = sum(node.share.held.get(name, 0) for node in root.children.values()) - root.apart.held.get(name, 0)
        reserved = sum(amounts.get(name, 0) for amounts in self.reserved.values())
        return self._tree.totals.get(name, 0) - reserved - self.revocable.get(name, 0) - held

    def _room(self, role: str) -> Headroom | None:
        most: dict[str, int] = {}
        wanting: dict[str, int] = {}
        for one in lineage(role):
            for name, amount in self._beyond_children.get(one, _NOTHING).items():
                wanting[name] = wanting.get(name, 0) + amount
        for name, surplus in self._surplus.items():
            most[name] = surplus + wanting.get(name, 0)
        for one in lineage(role):
            for name, limit in self.of.get(one, _NONE).limits.items():
                left = max(limit - self.used(one, name), 0)
                most[name] = min(most.get(name, left), left)
        return Headroom(most, wanting) if most else None


def _order(kind: Kind) -> tuple[int, str, str, str]:
    return kind.order


def _thing_order(thing: Thing) -> tuple[tuple[int, str, str, str], int]:
    return thing.kind.order, thing.amount


def _depth(role: str) -> int:
    return role.count("/")


_NONE = Quota()
_NOTHING: Quantities = {}

__all__ = ["Headroom", "Quotas", "changed", "guaranteed", "inconsistent"]
