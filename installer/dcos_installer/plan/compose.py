"""From a host to its manifest: which roles it has, what each of them adds, merged into one value. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dcos_installer.plan.fragments import FRAGMENTS
from dcos_installer.plan.merge import merge

if TYPE_CHECKING:
    from dcos_installer.config.model import ClusterSpec, HostSpec
    from dcos_installer.plan.facts import Facts
    from dcos_installer.plan.manifest import Fragment, Manifest
    from dcos_installer.plan.materials import Materials


def fragment(role: str, spec: ClusterSpec, host: HostSpec, facts: Facts, materials: Materials) -> Fragment:
    """What ``role`` adds to ``host``. Pure; raises ``KeyError`` for a role that does not exist."""
    return FRAGMENTS[role](spec, host, facts, materials.role(role))


def roles_of(host: HostSpec) -> tuple[str, ...]:
    """The roles of ``roles/`` that a host of the inventory gets, in the order in which their units start."""
    masters = ("zookeeper", "master", "marathon", "auth", "gateway") if host.is_master else ()
    agents = ("agent",) if host.is_agent else ()
    return ("common", *masters, *agents)


def manifest(spec: ClusterSpec, host: HostSpec, facts: Facts, materials: Materials) -> Manifest:
    """What ``host`` should look like. Pure: the same arguments give the same bytes."""
    return merge(spec, host, [fragment(role, spec, host, facts, materials) for role in roles_of(host)])
