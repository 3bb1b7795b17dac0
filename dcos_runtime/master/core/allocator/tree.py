"""Roles as a tree, what each part of it holds, and all clients in the order in which they come to an offer.

The order is one array of clients: the poorest branch first, level by level, and inside a role the poorest framework
first. What a decision changes are the shares along one lineage, so it moves one block a level and nothing else.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcos_runtime.core.resources import lineage

Amounts = Iterable[tuple[str, int]]
Key = tuple[float, int, str]


class Share:
    """What somebody holds, in thousandths by name; ``turns`` breaks ties so that equals alternate."""

    __slots__ = ("held", "turns")

    def __init__(self) -> None:
        self.held: dict[str, int] = {}
        self.turns = 0

    def add(self, amounts: Amounts) -> None:
        held = self.held
        for name, amount in amounts:
            held[name] = held.get(name, 0) + amount

    def remove(self, amounts: Amounts) -> None:
        held = self.held
        for name, amount in amounts:
            held[name] = max(held.get(name, 0) - amount, 0)

    def dominant(self, totals: Mapping[str, int]) -> float:
        """Of the scalars: ``totals`` names no others. The quotient of two whole numbers, rounded once."""
        largest = 0.0
        for name, amount in self.held.items():
            if amount and (all_of_it := totals.get(name)) and (part := amount / all_of_it) > largest:
                largest = part
        return largest

    def __bool__(self) -> bool:
        return any(self.held.values())


class Client:
    """A framework in one of its roles. ``slot``: its column, -1 for one that only holds something still."""

    __slots__ = ("framework_id", "key", "role", "share", "slot")

    def __init__(self, framework_id: str, role: str) -> None:
        self.framework_id = framework_id
        self.role = role
        self.share = Share()
        self.slot = -1
        self.key: tuple[float, int, str, int] = (0.0, 0, framework_id, -1)


class Level:
    """Siblings in order: ``keys`` sorted, ``sizes`` how many clients each stands for."""

    __slots__ = ("keys", "single", "sizes")

    def __init__(self) -> None:
        self.keys: list[Any] = []
        self.sizes: NDArray[np.int64] = np.zeros(0, np.int64)
        self.single = True

    def set(self, keys: list[Any], sizes: list[int]) -> None:
        """Both in any order."""
        places = sorted(range(len(keys)), key=keys.__getitem__)
        self.keys = [keys[place] for place in places]
        self.sizes = np.array([sizes[place] for place in places], np.int64)
        self.single = all(size == 1 for size in sizes)

    def before(self, index: int) -> int:
        """How many clients come before this sibling."""
        return index if self.single else int(self.sizes[:index].sum())

    def move(self, old: Any, new: Any, order: NDArray[np.intp], base: int) -> int:
        """The sibling of the key ``old`` has another one: where its clients begin now.

        ``base``: where those of the level do.
        """
        keys = self.keys
        if len(keys) == 1:
            keys[0] = new
            return base
        index = bisect_left(keys, old)
        del keys[index]
        place = bisect_left(keys, new)
        keys.insert(place, new)
        if place == index:
            return base + self.before(index)
        if self.single:
            size, start, target = 1, base + index, base + place
        else:
            size, start = int(self.sizes[index]), base + self.before(index)
            _shift(self.sizes, index, 1, place)
            target = base + self.before(place)
        _shift(order, start, size, target)
        return target


def _shift(array: NDArray[Any], start: int, size: int, target: int) -> None:
    """Moves a block; what lies between moves the other way."""
    block = array[start : start + size].copy()
    if target > start:
        array[start:target] = array[start + size : target + size]
    else:
        array[target + size : start + size] = array[target:start]
    array[target : target + size] = block


class Node:
    """A role or an ancestor of one. ``share`` is with all below it, ``own`` that of the role's own frameworks."""

    __slots__ = (
        "children",
        "clients",
        "key",
        "level",
        "members",
        "name",
        "own",
        "own_key",
        "own_level",
        "share",
        "size",
    )

    def __init__(self, name: str) -> None:
        self.name = name
        self.share = Share()
        self.own = Share()
        self.children: dict[str, Node] = {}
        self.members: set[str] = set()
        self.clients: list[Client] = []  # those that take part
        self.size = 0
        self.key: Key = (0.0, 0, name)
        self.own_key: Key = (0.0, 0, "")
        self.level = Level()
        self.own_level = Level()


class Tree:
    """``order``: the slots of all clients that take part. `settle` after shares have changed, before it is read."""

    def __init__(self, weights: Mapping[str, float]) -> None:
        self._weights = weights
        self.totals: dict[str, int] = {}
        self.nodes: dict[str, Node] = {}
        self.root = Node("")
        self.order: NDArray[np.intp] = np.zeros(0, np.intp)
        self.rebuild = True
        self._moved: dict[tuple[str, str], Client | None] = {}
        self._awake: list[Client] = []

    # --- who is there ---

    def node(self, role: str) -> Node:
        found = self.nodes.get(role)
        if found is None:
            found = self.root
            for name in reversed(lineage(role)):
                if name not in self.nodes:
                    self.nodes[name] = found.children[name] = Node(name)
                found = self.nodes[name]
            self.rebuild = True
        return found

    def join(self, client: Client) -> None:
        self.node(client.role).members.add(client.framework_id)
        self.rebuild = True

    def leave(self, client: Client) -> None:
        self.nodes[client.role].members.discard(client.framework_id)
        self.forget(client.role)
        self.rebuild = True

    def forget(self, role: str) -> None:
        """Who has no frameworks and holds nothing is no more, with its turns; so are ancestors."""
        for name in lineage(role):
            node = self.nodes.get(name)
            if node is None:
                continue
            if node.members or node.children or node.share:
                return
            del self.nodes[name]
            parent = name.rpartition("/")[0]
            del (self.nodes[parent] if parent else self.root).children[name]
            self.rebuild = True

    # --- what they hold ---

    def add(self, role: str, client: Client, amounts: Amounts) -> None:
        client.share.add(amounts)
        self.node(role).own.add(amounts)
        for name in lineage(role):
            self.nodes[name].share.add(amounts)
        self._moved[role, client.framework_id] = client

    def remove(self, role: str, client: Client, amounts: Amounts) -> None:
        client.share.remove(amounts)
        self.node(role).own.remove(amounts)
        for name in lineage(role):
            self.nodes[name].share.remove(amounts)
        self._moved[role, client.framework_id] = client
        if not self.nodes[role].members:
            self.forget(role)

    def gave(self, client: Client, amounts: Amounts) -> None:
        """The client took an offer: its branch is richer, and others come first among equals."""
        client.share.add(amounts)
        client.share.turns += 1
        own = self.node(client.role).own
        own.add(amounts)
        own.turns += 1
        for name in lineage(client.role):
            share = self.nodes[name].share
            share.add(amounts)
            share.turns += 1
        self._moved[client.role, client.framework_id] = client

    def weighed(self, share: Share, role: str) -> float:
        return share.dominant(self.totals) / self._weights.get(role, 1.0)

    # --- in which order they come ---

    def settle(self, awake: Iterable[Client] | None = None) -> None:
        """``awake``: who takes part now, when that or the totals changed."""
        if awake is not None:
            self._awake = list(awake)
            self.rebuild = True
        if self.rebuild or len(self._moved) > 64:
            self._build()
        else:
            for client in self._moved.values():
                if client is not None:
                    self._move(client)
        self._moved.clear()

    def _build(self) -> None:
        for node in self.nodes.values():
            node.clients = []
            node.size = 0
        for client in self._awake:
            self.nodes[client.role].clients.append(client)
        self._sizes(self.root)
        self.order = np.fromiter(self._lined_up(self.root), np.intp)
        self.rebuild = False

    def _sizes(self, node: Node) -> None:
        """Roles may be nested as deep as a name is long: no recursion."""
        stack, seen = [node], []
        while stack:
            one = stack.pop()
            seen.append(one)
            stack.extend(one.children.values())
        for one in reversed(seen):
            one.size = len(one.clients) + sum(child.size for child in one.children.values())
            keys: list[Any] = []
            sizes: list[int] = []
            for child in one.children.values():
                child.key = (self.weighed(child.share, child.name), child.share.turns, child.name)
                if child.size:
                    keys.append(child.key)
                    sizes.append(child.size)
            one.own_key = (self.weighed(one.own, one.name), one.own.turns, "")
            if one.clients:
                keys.append(one.own_key)
                sizes.append(len(one.clients))
            one.level.set(keys, sizes)
            for client in one.clients:
                client.key = self._client_key(client)
            one.own_level.set([client.key for client in one.clients], [1] * len(one.clients))

    def _client_key(self, client: Client) -> tuple[float, int, str, int]:
        share = client.share
        return (share.dominant(self.totals), share.turns, client.framework_id, client.slot)

    def _lined_up(self, root: Node) -> Iterator[int]:
        stack: list[tuple[Node, bool]] = [(root, False)]
        while stack:
            node, own = stack.pop()
            if own:
                for key in node.own_level.keys:
                    yield key[3]
                continue
            stack.extend(
                (node.children[name], False) if name else (node, True) for _, _, name in reversed(node.level.keys)
            )

    def _move(self, client: Client) -> None:
        base, parent, role = 0, self.root, client.role
        totals, weights, order = self.totals, self._weights, self.order
        node = parent
        for name in reversed(lineage(role)):
            node = parent.children.get(name, parent)
            if node is parent:
                return
            share = node.share
            key = (share.dominant(totals) / weights.get(name, 1.0), share.turns, name)
            old, node.key = node.key, key
            if not node.size:
                return
            base = parent.level.move(old, key, order, base)
            parent = node
        own = node.own
        key = (own.dominant(totals) / weights.get(role, 1.0), own.turns, "")
        old, node.own_key = node.own_key, key
        if not node.clients:
            return
        base = node.level.move(old, key, order, base)
        if client.slot >= 0 and client.key in _Sorted(node.own_level.keys):
            before, client.key = client.key, self._client_key(client)
            node.own_level.move(before, client.key, order, base)


class _Sorted:
    """Membership in a sorted list."""

    __slots__ = ("_keys",)

    def __init__(self, keys: list[Any]) -> None:
        self._keys = keys

    def __contains__(self, key: Any) -> bool:
        index = bisect_left(self._keys, key)
        return index < len(self._keys) and bool(self._keys[index] == key)


__all__ = ["Client", "Share", "Tree"]
