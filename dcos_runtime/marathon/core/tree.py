"""The tree of run specifications: groups as nodes, apps as leaves. A group exists as long as something is below it."""

from __future__ import annotations

from dataclasses import dataclass, field

from dcos_runtime.marathon.core import ids
from dcos_runtime.marathon.core.stored import Group


@dataclass
class GroupNode:
    """``members``: ids of the groups and run specifications right below."""

    group: Group
    members: dict[str, None] = field(default_factory=dict)


class GroupTree:
    """The groups of all apps, by id."""

    def __init__(self) -> None:
        self.nodes: dict[str, GroupNode] = {"/": GroupNode(Group(id="/"))}

    def add(self, spec_id: str) -> list[Group]:
        """Adds a leaf. Returns the groups that were added with it."""
        made: list[Group] = []
        below, group_id = spec_id, ids.group(spec_id)
        while True:
            node = self.nodes.get(group_id)
            known = node is not None
            if node is None:
                node = self.nodes[group_id] = GroupNode(Group(id=group_id))
                made.append(node.group)
            node.members[below] = None
            if known or group_id == "/":
                return made
            below, group_id = group_id, ids.group(group_id)

    def remove(self, spec_id: str) -> list[str]:
        """Removes a leaf. Returns the ids of the groups that were removed with it."""
        gone: list[str] = []
        below, group_id = spec_id, ids.group(spec_id)
        while (node := self.nodes.get(group_id)) is not None:
            node.members.pop(below, None)
            if node.members or group_id == "/":
                break
            del self.nodes[group_id]
            gone.append(group_id)
            below, group_id = group_id, ids.group(group_id)
        return gone

    def take(self, group: Group) -> None:
        """Adds a stored group."""
        node = self.nodes.get(group.id)
        if node is None:
            self.add(group.id)
            node = self.nodes[group.id] = GroupNode(group)
        node.group = group
