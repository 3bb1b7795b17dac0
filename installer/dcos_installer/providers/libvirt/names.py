"""Names on a hypervisor: always the same, and each contains its owner."""

from __future__ import annotations

import hashlib
import re
import uuid
from dataclasses import dataclass

_NAMESPACE = uuid.UUID("5d2f9c5e-6f0c-4c5b-9c55-0d6c05d1b7a1")
_DOMAIN_BYTES = 64
_KIND = r"root\.qcow2|data\d\.qcow2|credentials|console\.log"

ROOT = "root.qcow2"
CREDENTIALS = "credentials"
CONSOLE = "console.log"


def data(number: int) -> str:
    """The kind of the machine's data disk of that number, from 1 on."""
    return f"data{number}.qcow2"


@dataclass(frozen=True)
class Names:
    """The names of one cluster."""

    cluster_id: str

    def domain(self, host: str) -> str:
        """At most 64 characters; the name of a host with a long name ends with a digest."""
        prefix = f"dcos-{self.cluster_id[:8]}-"
        if len(prefix) + len(host) > _DOMAIN_BYTES:
            digest = hashlib.sha256(host.encode()).hexdigest()[:8]
            host = f"{host[: _DOMAIN_BYTES - len(prefix) - 9].rstrip('-.')}-{digest}"
        return prefix + host

    def uuid(self, host: str) -> str:
        return str(uuid.uuid5(uuid.UUID(self.cluster_id), f"libvirt machine {host}"))

    def mac(self, host: str) -> str:
        """Locally administered; 40 bits of a digest, so that no two machines of a network have the same."""
        digest = hashlib.sha256(f"{self.cluster_id} {host}".encode()).digest()
        return ":".join(f"{byte:02x}" for byte in b"\x52" + digest[:5])

    @property
    def network(self) -> str:
        return f"dcos-{self.cluster_id[:8]}"

    @property
    def network_uuid(self) -> str:
        return str(uuid.uuid5(uuid.UUID(self.cluster_id), "libvirt network"))

    @property
    def bridge(self) -> str:
        """At most 15 bytes, and different from those of other providers."""
        return f"dlv-{self.cluster_id[:8]}"

    def volume(self, host: str, kind: str) -> str:
        return f"{self._volumes}{host}.{kind}"

    def host_of_volume(self, volume: str) -> str:
        """The machine of a volume; empty: not of this cluster."""
        if not volume.startswith(self._volumes):
            return ""
        # virtlogd keeps earlier output beside it, with a number.
        found = re.fullmatch(rf"(.+)\.(?:{_KIND})(?:\.\d+)?", volume.removeprefix(self._volumes))
        return found[1] if found else ""

    @property
    def _volumes(self) -> str:
        return f"dcos-{self.cluster_id}-"


def pool_uuid(pool: str) -> str:
    """The UUID of a pool that this provider created, by which it is recognized as ours."""
    return str(uuid.uuid5(_NAMESPACE, f"libvirt pool {pool}"))


def golden_volume(sha256: str) -> str:
    return f"dcos-golden-{sha256}.qcow2"


def golden_mark(sha256: str) -> str:
    """An empty volume that marks the golden one beside it as complete."""
    return f"dcos-golden-{sha256}.complete"


def published_mark(sha256: str) -> str:
    """An empty volume that marks the golden one as published: it stays without machines, too."""
    return f"dcos-golden-{sha256}.published"


def golden_digest(volume: str) -> str:
    """The digest of a golden volume or of its marks; empty: it is neither."""
    found = re.fullmatch(r"dcos-golden-([0-9a-f]{64})\.(?:qcow2|complete|published)", volume)
    return found[1] if found else ""
