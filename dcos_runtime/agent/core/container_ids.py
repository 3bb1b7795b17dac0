"""Ids of containers. A container within another has its parent's id, a period and its own: ``parent.child``, as Mesos
writes it; so no part holds a period. Pure.
"""

from __future__ import annotations

from dcos_runtime.wire.common import ContainerID


def child(parent: str, own: str) -> str:
    return f"{parent}.{own}"


def parent_of(container_id: str) -> str:
    """Empty for a container within no other."""
    return container_id.rpartition(".")[0]


def root_of(container_id: str) -> str:
    return container_id.partition(".")[0]


def parts(container_id: str) -> list[str]:
    """Outermost first."""
    return container_id.split(".")


def message(container_id: str) -> ContainerID:
    parent, _, own = container_id.rpartition(".")
    return ContainerID(value=own, parent=message(parent) if parent else None)


def text(container_id: ContainerID) -> str:
    return container_id.value if container_id.parent is None else child(text(container_id.parent), container_id.value)
