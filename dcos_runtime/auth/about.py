"""What the gateway itself tells of the cluster: who it is, what is installed, how its machines are."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from dcos_runtime import __version__
from dcos_runtime.auth.backends import Backend
from dcos_runtime.auth.places import Agents, address_of

_SRVR_SECONDS = 2.0


@dataclass(frozen=True)
class Cluster:
    """What does not change while the daemon runs. ``zookeeper``: ``host:port`` of each member."""

    id: str
    name: str
    ip: str
    masters: Sequence[str]
    zookeeper: Sequence[str]
    dcos_version: str
    generation: Path | None
    ca: Path | None


class _Package(msgspec.Struct):
    name: str
    version: str
    sha256: str


class _Manifest(msgspec.Struct):
    packages: list[_Package] = []


class About:
    def __init__(self, cluster: Cluster, master: Backend, agents: Agents) -> None:
        self._cluster = cluster
        self._master = master
        self._agents = agents
        self._packages = _installed(cluster.generation)

    def metadata(self) -> dict[str, str]:
        return {"PUBLIC_IPV4": self._cluster.ip, "CLUSTER_ID": self._cluster.id}

    def version(self) -> dict[str, str]:
        """``version`` is that of the DC/OS whose interfaces are spoken; our own is in the other fields."""
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

    def ca(self) -> bytes | None:
        return self._cluster.ca.read_bytes() if self._cluster.ca is not None else None

    # --- machines ---

    async def exhibitor_status(self) -> list[dict[str, Any]]:
        modes = await asyncio.gather(*(_mode(member) for member in self._cluster.zookeeper))
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

    async def nodes(self) -> dict[str, Any]:
        """Masters by whether they answer, agents by what the master says. Raises ``NoAnswer``."""
        masters, agents = await asyncio.gather(self._master.well("/health"), self._agents.all())
        found = [{"host_ip": ip, "health": 0 if well else 1, "role": "master"} for ip, well in sorted(masters.items())]
        for agent in agents:
            public = "public_ip" in (agent.get("attributes") or {})
            found.append(
                {
                    "host_ip": address_of(agent) or str(agent.get("hostname", "")),
                    "health": 0 if agent.get("active") else 1,
                    "role": "agent_public" if public else "agent",
                }
            )
        return {"nodes": found}


def _installed(generation: Path | None) -> list[_Package]:
    if generation is None:
        return []
    try:
        return msgspec.json.decode((generation / "manifest.json").read_bytes(), type=_Manifest).packages
    except (OSError, msgspec.MsgspecError):
        return []


def _host(member: str) -> str:
    return member.rpartition(":")[0]


async def _mode(member: str) -> str:
    """``leader``, ``follower``, ``standalone`` …, or nothing when it serves nobody."""
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
