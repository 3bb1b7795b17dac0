"""Roles as a tree, the holdings of each part, and all clients in the order in which they get offers. The order is one
array of clients: the branch with the smallest share first, level by level, and inside a role the framework with the
smallest share first. A decision changes the shares along one lineage, so it moves one block a level and nothing else.
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
Move = tuple[int, int, int]
"""A block of the order: its position, its size, its new position."""
_MANY = 64


class Share:
    """What a role or framework holds, in thousandths by name. ``turns`` breaks ties, so that equals alternate."""

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
            left = held.get(name, 0) - amount
            held[name] = left if left > 0 else 0

    def dominant(self, totals: Mapping[str, int]) -> float:
        """The dominant share of the scalars in ``totals``: the quotient of two integers, rounded once."""
        largest = 0.0
        for name, amount in self.held.items():
            if amount and (all_of_it := totals.get(name)) and (part := amount / all_of_it) > largest:
                largest = part
        return largest

    def copy(self) -> Share:
        copied = Share()
        copied.held = dict(self.held)
        copied.turns = self.turns
        return copied

    def __bool__(self) -> bool:
        return any(self.held.values())


class RoleFramework:
    """A framework in one of its roles. ``slot``: its column; -1 when it has left the role and still holds resources.
    ``nodes``: its lineage from the top, as long as it is a member of its role. ``placed``: it is in the order, and
    ``shares`` are all shares that grow when it gets resources. ``alone``: its role is the only one in the order.
    """

    __slots__ = ("alone", "framework_id", "key", "nodes", "placed", "role", "share", "shares", "slot")

    def __init__(self, framework_id: str, role: str) -> None:
        self.framework_id = framework_id
        self.role = role
        self.share = Share()
        self.slot = -1
        self.key: tuple[float, int, str, int] = (0.0, 0, framework_id, -1)
        self.nodes: list[RoleNode] = []
        self.shares: list[Share] = []
        self.placed = False
        self.alone = False


class Level:
    """Siblings in order: ``keys`` sorted, ``sizes`` the number of clients of each; None: one each. The key of a single
    sibling is not updated, since there is nothing to compare it with.
    """

    __slots__ = ("keys", "sizes")

    def __init__(self) -> None:
        self.keys: list[Any] = []
        self.sizes: NDArray[np.int64] | None = None

    def set(self, keys: list[Any], sizes: list[int] | None = None) -> None:
        """Both in any order."""
        if sizes is None or all(size == 1 for size in sizes):
            self.keys = sorted(keys)
            self.sizes = None
            return
        places = sorted(range(len(keys)), key=keys.__getitem__)
        self.keys = [keys[place] for place in places]
        self.sizes = np.array([sizes[place] for place in places], np.int64)

    def before(self, index: int) -> int:
        """The number of clients before this sibling."""
        return index if self.sizes is None else int(self.sizes[:index].sum())

    def move(self, old: Any, new: Any, moves: list[Move], base: int) -> int:
        """Changes the key ``old`` of a sibling, and returns where its clients begin now. ``base``: where the clients of
        the level begin. The changes of the order are added to ``moves``.
        """
        keys = self.keys
        index = 0 if keys[0] is old else bisect_left(keys, old)  # in most cases the first client takes the offer
        del keys[index]
        place = bisect_left(keys, new)
        keys.insert(place, new)
        if place == index:
            return base + self.before(index)
        if self.sizes is None:
            size, start, target = 1, base + index, base + place
        else:
            size, start = int(self.sizes[index]), base + self.before(index)
            _shift(self.sizes, index, 1, place)
            target = base + self.before(place)
        if len(moves) <= _MANY:  # with more the order is made anew
            moves.append((start, size, target))
        return target


def _shift(array: NDArray[Any], start: int, size: int, target: int) -> None:
    """Moves a block; the blocks in between move the other way."""
    block = array[start : start + size].copy()
    if target > start:
        array[start:target] = array[start + size : target + size]
    else:
        array[target + size : start + size] = array[target:start]
    array[target : target + size] = block


class RoleNode:
    """A role or an ancestor of one. ``share`` includes the roles below, ``own`` is that of the role's own frameworks:
    the same object while there is no role below. ``apart``: the part of ``share`` that counts towards no quota, because
    it is reserved or revocable.
    """

    __slots__ = (
        "apart",
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
        self.own = self.share
        self.apart = Share()
        self.children: dict[str, RoleNode] = {}
        self.members: set[str] = set()
        self.clients: list[RoleFramework] = []  # those that take part
        self.size = 0
        self.key: Key = (0.0, 0, name)
        self.own_key: Key = (0.0, 0, "")
        self.level = Level()
        self.own_level = Level()


class RoleTree:
    """`order` is valid after `sort_clients` when shares have changed. ``placed``: the slots in it, unordered.
    ``version`` grows with every change of holdings, ``built`` with every order that was made anew.
    """

    def __init__(self, weights: Mapping[str, float]) -> None:
        self.weights = weights
        self.totals: dict[str, int] = {}
        self.nodes: dict[str, RoleNode] = {}
        self.root = RoleNode("")
        self.placed: NDArray[np.intp] = np.zeros(0, np.intp)
        self._order: NDArray[np.intp] = np.zeros(0, np.intp)
        self._moves: list[Move] = []  # that the order lacks yet
        self.rebuild = True
        self.version = 0
        self.built = 0
        self._moved: dict[tuple[str, str], RoleFramework] = {}
        self._awake: list[RoleFramework] = []

    # --- who is there ---

    def node(self, role: str) -> RoleNode:
        found = self.nodes.get(role)
        if found is None:
            found = self.root
            for name in reversed(lineage(role)):
                if name not in self.nodes:
                    if found.own is found.share:
                        found.own = found.share.copy()
                    self.nodes[name] = found.children[name] = RoleNode(name)
                found = self.nodes[name]
            self.rebuild = True
        return found

    def join(self, client: RoleFramework) -> None:
        self.node(client.role).members.add(client.framework_id)
        client.nodes = self._line(client.role)
        self.rebuild = True

    def leave(self, client: RoleFramework) -> None:
        self.nodes[client.role].members.discard(client.framework_id)
        client.nodes = []
        client.placed = False
        self.forget(client.role)
        self.rebuild = True

    def _line(self, role: str) -> list[RoleNode]:
        return [self.nodes[name] for name in reversed(lineage(role))]

    def forget(self, role: str) -> None:
        """Removes a role without frameworks and resources; then its ancestors, if they have none either."""
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

    def add(self, client: RoleFramework, amounts: Amounts, apart: Amounts = ()) -> None:
        """``apart``: the part of the amounts that counts towards no quota."""
        client.share.add(amounts)
        leaf = self.node(client.role)
        if leaf.own is not leaf.share:
            leaf.own.add(amounts)
        for node in client.nodes or self._line(client.role):
            node.share.add(amounts)
            if apart:
                node.apart.add(apart)
        if apart:
            self.root.apart.add(apart)
        self.version += 1
        self._moved[client.role, client.framework_id] = client

    def remove(self, client: RoleFramework, amounts: Amounts, apart: Amounts = ()) -> None:
        role = client.role
        client.share.remove(amounts)
        leaf = self.node(role)
        if leaf.own is not leaf.share:
            leaf.own.remove(amounts)
        for node in client.nodes or self._line(role):
            node.share.remove(amounts)
            if apart:
                node.apart.remove(apart)
        if apart:
            self.root.apart.remove(apart)
        self.version += 1
        self._moved[role, client.framework_id] = client
        if not leaf.members:
            self.forget(role)

    def gave(self, client: RoleFramework, amounts: Amounts, apart: Amounts = ()) -> None:
        """A client of the order took an offer: its branch holds more, and comes last among equals."""
        for share in client.shares:
            held = share.held
            for name, amount in amounts:
                if name in held:
                    held[name] += amount
                else:
                    held[name] = amount
            share.turns += 1
        if apart:
            for node in (self.root, *client.nodes):
                node.apart.add(apart)
        self.version += 1
        if self.rebuild:
            self._moved[client.role, client.framework_id] = client
        else:
            self._move(client)

    def weighed(self, share: Share, role: str) -> float:
        return share.dominant(self.totals) / self.weights.get(role, 1.0)

    # --- in which order they come ---

    @property
    def order(self) -> NDArray[np.intp]:
        """The slots of all clients that take part; later changed in place."""
        if len(self._moves) > _MANY:
            self._order = np.fromiter(self._lined_up(self.root), np.intp)
        else:
            for start, size, target in self._moves:
                _shift(self._order, start, size, target)
        self._moves.clear()
        return self._order

    def first(self) -> int:
        """The slot of the first client; there has to be one."""
        node = self.root
        while name := node.level.keys[0][2]:
            node = node.children[name]
        slot: int = node.own_level.keys[0][3]
        return slot

    def sort_clients(self, awake: Iterable[RoleFramework] | None = None) -> None:
        """Sorts the order again. ``awake``: the clients that take part, given when they or the totals have changed."""
        if awake is not None:
            self._awake = list(awake)
            self.rebuild = True
        if self.rebuild or len(self._moved) > _MANY:
            self._build()
        else:
            for client in self._moved.values():
                if client.placed:
                    self._move(client)
                elif client.nodes or client.role in self.nodes:
                    self._move_nodes(client)
        self._moved.clear()

    def _build(self) -> None:
        for node in self.nodes.values():
            for client in node.clients:
                client.placed = False
            node.clients = []
        for client in self._awake:
            client.placed = True
            leaf = client.nodes[-1]
            leaf.clients.append(client)
            own = [] if leaf.own is leaf.share else [leaf.own]
            client.shares = [client.share, *own, *(node.share for node in client.nodes)]
        self._sizes(self.root)
        alone = all(client.role == self._awake[0].role for client in self._awake)
        for client in self._awake:
            client.alone = alone
        self._order = np.fromiter(self._lined_up(self.root), np.intp)
        self._moves.clear()
        self.placed = self._order.copy()
        self.rebuild = False
        self.built += 1

    def _sizes(self, node: RoleNode) -> None:
        """Roles may be nested as deep as a name is long: no recursion."""
        stack, seen = [node], []
        while stack:
            one = stack.pop()
            seen.append(one)
            if one.children:
                stack.extend(one.children.values())
        for one in reversed(seen):
            own = len(one.clients)
            placed = [child for child in one.children.values() if child.size]
            one.size = own + sum(child.size for child in placed)
            if len(placed) + bool(own) > 1:
                for child in placed:
                    share = child.share
                    child.key = (self.weighed(share, child.name), share.turns, child.name)
                one.own_key = (self.weighed(one.own, one.name), one.own.turns, "")
            keys: list[Any] = [child.key for child in placed]
            sizes = [child.size for child in placed]
            if own:
                keys.append(one.own_key)
                sizes.append(own)
            one.level.set(keys, sizes)
            if own > 1:
                for client in one.clients:
                    client.key = self._client_key(client)
            elif own:
                client = one.clients[0]
                client.key = (0.0, 0, client.framework_id, client.slot)
            one.own_level.set([client.key for client in one.clients])

    def _client_key(self, client: RoleFramework) -> tuple[float, int, str, int]:
        share = client.share
        return (share.dominant(self.totals), share.turns, client.framework_id, client.slot)

    def _lined_up(self, root: RoleNode) -> Iterator[int]:
        stack: list[tuple[RoleNode, bool]] = [(root, False)]
        while stack:
            node, own = stack.pop()
            if own:
                for key in node.own_level.keys:
                    yield key[3]
                continue
            stack.extend(
                (node.children[name], False) if name else (node, True) for _, _, name in reversed(node.level.keys)
            )

    def _move(self, client: RoleFramework) -> None:
        """The client's holdings have changed: its branch moves, level by level."""
        if client.alone:
            node, base = client.nodes[-1], 0
        else:
            node, base = self._move_nodes(client)
        level = node.own_level
        if len(level.keys) > 1:
            before, client.key = client.key, self._client_key(client)
            level.move(before, client.key, self._moves, base)

    def _move_nodes(self, client: RoleFramework) -> tuple[RoleNode, int]:
        """Moves the nodes of the client's lineage. Returns its role, and where the role's own clients begin. Nodes
        without a client that takes part are not in the order.
        """
        base, parent, moves = 0, self.root, self._moves
        for node in client.nodes or self._line(client.role):
            if not node.size:
                return node, base
            level = parent.level
            if len(level.keys) > 1:
                old = node.key
                share = node.share
                node.key = (self.weighed(share, node.name), share.turns, node.name)
                base = level.move(old, node.key, moves, base)
            parent = node
        if parent.clients and len(parent.level.keys) > 1:
            old, own = parent.own_key, parent.own
            parent.own_key = (self.weighed(own, parent.name), own.turns, "")
            base = parent.level.move(old, parent.own_key, moves, base)
        return parent, base


__all__ = ["RoleFramework", "RoleNode", "RoleTree", "Share"]
