"""What the gateway itself answers about the cluster: id, version, installed packages, the state of ZooKeeper."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from dcos_runtime import __version__

_SRVR_SECONDS = 2.0
_DNS_VERSION = "0.9.0"
"""The version of Mesos-DNS whose interface is spoken."""


@dataclass(frozen=True)
class ClusterFacts:
    """What does not change while the daemon runs. ``zookeeper``: ``host:port`` of each member."""

    id: str
    name: str
    ip: str
    masters: Sequence[str]
    zookeeper: Sequence[str]
    dcos_version: str
    generation: Path | None
    ca: Path | None
    capabilities: Collection[str] = ()
    """The capabilities that the cluster's services declare."""


class _Package(msgspec.Struct):
    name: str
    version: str
    sha256: str


class _Manifest(msgspec.Struct):
    packages: list[_Package] = []


class ClusterInfo:
    """Answers the gateway's questions about the cluster as a whole."""

    def __init__(self, cluster: ClusterFacts) -> None:
        self._cluster = cluster
        self._packages = _installed(cluster.generation)

    def metadata(self) -> dict[str, str]:
        return {"PUBLIC_IPV4": self._cluster.ip, "CLUSTER_ID": self._cluster.id}

    def version(self) -> dict[str, str]:
        """``version`` is that of the DC/OS whose interfaces these are; our own is in the other fields."""
        runtime = next((package.sha256 for package in self._packages if package.name == "dcos-runtime"), "")
        return {
            "version": self._cluster.dcos_version,
            "dcos-variant": "open",
            "dcos-image-commit": runtime[:40] or f"dcos-{__version__}",
            "bootstrap-id": runtime[:40] or f"dcos-{__version__}",
        }

    def ui_config(self) -> dict[str, Any]:
        return {
            "uiConfiguration": {"plugins": {"oauth": {"enabled": False}, "authentication": {"enabled": True}}},
            "clusterConfiguration": {"id": self._cluster.id, "first_user": False},
        }

    def packages(self) -> dict[str, Any]:
        """What is installed on this machine, in the form of pkgpanda's ``active.buildinfo.full.json``."""
        known = {
            package.name: {"package_version": package.version, "sources": {"digest": f"sha256:{package.sha256}"}}
            for package in self._packages
        }
        return known or {"dcos-runtime": {"package_version": __version__, "sources": {}}}

    def capabilities(self) -> dict[str, Any]:
        """What the cluster can do, in the form of Cosmos' ``/capabilities``."""
        return {"capabilities": [{"name": name} for name in self._cluster.capabilities]}

    def links(self) -> dict[str, Any]:
        """Links to other clusters: always none."""
        return {"links": []}

    def dns_version(self) -> dict[str, str]:
        return {"Service": "Mesos-DNS", "Version": _DNS_VERSION, "URL": "/mesos_dns/v1"}

    def dns_config(self) -> dict[str, Any]:
        """The configuration in the form of Mesos-DNS, with the fields that have a meaning here."""
        return {
            "RefreshSeconds": 1,
            "TTL": 60,
            "Domain": "mesos",
            "Masters": list(self._cluster.masters),
            "IPSources": ["host"],
            "DnsOn": False,
            "HttpOn": True,
            "EnumerationOn": True,
        }

    def ca(self) -> bytes | None:
        return self._cluster.ca.read_bytes() if self._cluster.ca is not None else None

    # --- machines ---

    async def exhibitor_status(self) -> list[dict[str, Any]]:
        modes = await asyncio.gather(*(mode_of(member) for member in self._cluster.zookeeper))
        return [
            {
                "code": 3 if mode else 1,
                "description": "serving" if mode else "down",
                "hostname": _host(member),
                "isLeader": mode in ("leader", "standalone"),
            }
            for member, mode in zip(self._cluster.zookeeper, modes, strict=True)
        ]

    def exhibitor_list(self) -> dict[str, Any]:
        members = self._cluster.zookeeper
        port = int(members[0].rpartition(":")[2]) if members else 2181
        return {"servers": [_host(member) for member in members], "port": port}


def _installed(generation: Path | None) -> list[_Package]:
    if generation is None:
        return []
    try:
        return msgspec.json.decode((generation / "manifest.json").read_bytes(), type=_Manifest).packages
    except (OSError, msgspec.MsgspecError):
        return []


def _host(member: str) -> str:
    return member.rpartition(":")[0]


async def mode_of(member: str) -> str:
    """``leader``, ``follower``, ``standalone`` …; empty if the member does not serve."""
    writer = None
    try:
        async with asyncio.timeout(_SRVR_SECONDS):
            host, _, port = member.rpartition(":")
            reader, writer = await asyncio.open_connection(host.strip("[]"), int(port))
            writer.write(b"srvr")
            text = (await reader.read(64 * 1024)).decode("ascii", "replace")
    except (OSError, TimeoutError):
        return ""
    finally:
        if writer is not None:
            writer.close()
    return next((line.partition(": ")[2].strip() for line in text.splitlines() if line.startswith("Mode: ")), "")
