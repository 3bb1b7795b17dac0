"""The frameworks' side of the matrix: one column for each framework in each of its roles.

Which resources of an agent a client sees depends on its role and on its framework's capabilities. Clients that see the
same share a view; most agents have one view.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dcos_runtime.core.resources import Resources, lineage
from dcos_runtime.master.core.allocator.terms import Quantities, Wants, visible
from dcos_runtime.master.core.allocator.tree import RoleFramework

Signature = tuple[tuple[str, ...], bool, bool, bool]
"""Why views of an agent's resources differ: the roles of reservations, revocable resources, shared resources, refined
reservations.
"""

PLAIN: Signature = ((), False, False, False)
_Minimums = tuple[tuple[tuple[str, int], ...], ...]


def signature(total: Resources) -> Signature:
    special = [kind for kind in total.kinds() if kind.role != "*" or kind.revocable or kind.shared]
    if not special:
        return PLAIN
    reserved = {kind.role for kind in special} - {"*"}
    return (
        tuple(sorted(reserved)),
        any(kind.revocable for kind in special),
        any(kind.shared for kind in special),
        any(len(kind.reservations) > 1 for kind in special),
    )


class Views:
    """``seers``: a role and its framework's capabilities, one for each view. ``ids``: the view of each slot; None: all
    have the same.
    """

    __slots__ = ("all", "ids", "seers")

    def __init__(self, ids: NDArray[np.intp] | None, seers: list[tuple[str, bool, bool, bool]], of: Signature) -> None:
        self.ids = ids
        self.seers = seers
        self.all = of == PLAIN  # every client sees everything

    def offers(self, free: Resources) -> list[Resources]:
        return [free] * len(self.seers) if self.all else [visible(free, *seer) for seer in self.seers]


class Columns:
    """Slots of clients. A slot's epoch in ``epochs`` is raised when its former refusals are forgotten."""

    def __init__(self, minimums: Sequence[Quantities]) -> None:
        self._minimums = minimums
        self.capacity = 16
        self.clients: list[RoleFramework | None] = []
        self._wants: list[Wants | None] = []
        self._free: list[int] = []
        self.classes: list[Sequence[Quantities]] = []  # different minimums
        self._class_numbers: dict[_Minimums, int] = {}
        self._class_keys: dict[int, _Minimums] = {}  # by slot
        self._class_uses: dict[_Minimums, int] = {}
        self.members: NDArray[np.bool_] = np.zeros(self.capacity, bool)
        self.gpus: NDArray[np.bool_] = np.zeros(self.capacity, bool)
        self.class_of: NDArray[np.intp] = np.zeros(self.capacity, np.intp)
        self.epochs: NDArray[np.int32] = np.zeros(self.capacity, np.int32)
        self.filters: NDArray[np.int64] = np.zeros(self.capacity, np.int64)
        self._views: dict[Signature, Views] = {}

    def take(self, client: RoleFramework, wants: Wants) -> None:
        """Gives the client a slot. The matrix then has to grow to the width `capacity`."""
        if self._free:
            slot = self._free.pop()
        else:
            slot = len(self.clients)
            self.clients.append(None)
            self._wants.append(None)
            if slot == self.capacity:
                self.capacity *= 2
                for name in ("members", "gpus", "class_of", "epochs", "filters"):
                    array = getattr(self, name)
                    setattr(self, name, np.concatenate([array, np.zeros_like(array)]))
        self.clients[slot] = client
        client.slot = slot
        self.members[slot] = True
        self.set(client, wants)

    def set(self, client: RoleFramework, wants: Wants) -> None:
        minimums = wants.minimums.get(client.role, self._minimums)
        key = tuple(tuple(sorted(minimum.items())) for minimum in minimums)
        if self._class_keys.get(client.slot) != key:
            self._forget_class(client.slot)
            number = self._class_numbers.get(key)
            if number is None:
                number = next(free for free in range(len(self.classes) + 1) if free not in self._class_numbers.values())
                self._class_numbers[key] = number
                self.classes[number : number + 1] = [minimums]
            self._class_keys[client.slot] = key
            self._class_uses[key] = self._class_uses.get(key, 0) + 1
            self.class_of[client.slot] = number
        self.gpus[client.slot] = wants.gpus
        self._wants[client.slot] = wants
        self._views.clear()

    def minimums(self, slot: int) -> Sequence[Quantities]:
        return self.classes[int(self.class_of[slot])]

    def release(self, client: RoleFramework) -> None:
        self.forget_filters(client.slot)
        self._forget_class(client.slot)
        self.members[client.slot] = False
        self.clients[client.slot] = None
        self._wants[client.slot] = None
        self._free.append(client.slot)
        client.slot = -1
        self._views.clear()

    def _forget_class(self, slot: int) -> None:
        """The number of minimums without a client can be used again."""
        key = self._class_keys.pop(slot, None)
        if key is not None:
            self.class_of[slot] = 0
            self._class_uses[key] -= 1
            if not self._class_uses[key]:
                del self._class_uses[key], self._class_numbers[key]

    def forget_filters(self, slot: int) -> None:
        self.epochs[slot] += 1
        self.filters[slot] = 0

    def unfiltered(self, slots: Sequence[int]) -> None:
        """A filter of each of these slots has ended; a slot may come several times."""
        for slot in slots:
            self.filters[slot] -= 1

    def views(self, of: Signature) -> Views:
        known = self._views.get(of)
        if known is None:
            known = self._views[of] = self._look(of)
        return known

    def _look(self, of: Signature) -> Views:
        reserved, revocable, shared, refined = set(of[0]), *of[1:]
        numbers: dict[tuple[frozenset[str], bool, bool, bool], int] = {}
        seers: list[tuple[str, bool, bool, bool]] = []
        ids = np.zeros(self.capacity, np.intp)
        for slot, client in enumerate(self.clients):
            wants = self._wants[slot]
            if client is None or wants is None:
                continue
            own = frozenset(reserved.intersection(lineage(client.role)))
            seen = (own, revocable and wants.revocable, shared and wants.shared, refined and wants.refined)
            if (number := numbers.get(seen)) is None:
                number = numbers[seen] = len(seers)
                seers.append((client.role, *seen[1:]))
            ids[slot] = number
        return Views(ids if len(seers) > 1 else None, seers, of)
