"""A container's own network: a namespace, the CNI networks that it joins, its name, and how it resolves names.

Contract: Mesos' isolator network/cni. Ports of the machine that lead to a container are ours (`containers.nft`).
"""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Iterable
from pathlib import Path

from dcos_runtime.agent import pools
from dcos_runtime.agent.containers import cni
from dcos_runtime.agent.containers.base import ContainerPlace, Lasting
from dcos_runtime.agent.containers.networks import NetworkRecord, Networks, record_of
from dcos_runtime.agent.containers.spec import ContainerSpec, HostNetwork, JoinedNetwork
from dcos_runtime.agent.isolators.base import Document, Isolator
from dcos_runtime.agent.isolators.mounts import bind
from dcos_runtime.agent.removal import remove

log = logging.getLogger(__name__)

ETC = "network"
"""The folder in the container's own that holds its hosts, hostname and resolv.conf."""

NAMES = ("hosts", "hostname", "resolv.conf")

STUB = Path("/run/systemd/resolve/resolv.conf")
"""The name servers that systemd-resolved asks. Where it runs, /etc/resolv.conf names its own local address."""

_HOSTS = """\
127.0.0.1 localhost
::1 localhost ip6-localhost ip6-loopback
fe00::0 ip6-localnet
ff00::0 ip6-mcastprefix
ff02::1 ip6-allnodes
ff02::2 ip6-allrouters
"""

UNPRIVILEGED = "net.ipv4.ip_unprivileged_port_start"


class NetworkIsolator(Isolator):
    """Comes after the isolators of roots, on whose /etc it mounts files."""

    pool = pools.NETWORKS

    def __init__(self, networks: Networks, host: Path = Path("/")) -> None:
        self._networks = networks
        self._host = host

    def prepare(self, spec: ContainerSpec, place: ContainerPlace, document: Document) -> None:
        network = spec.network
        namespaces: list[dict[str, str]] = document["linux"].setdefault("namespaces", [])
        if isinstance(network, HostNetwork):
            return
        namespaces.append({"type": "uts"})
        document["hostname"] = network.hostname
        if isinstance(network, JoinedNetwork):
            namespaces.append({"type": "network", "path": str(network.path)})
            etc = network.etc
        else:
            record = self._networks.join(place, network)
            namespaces.append({"type": "network", "path": str(self._networks.namespace_file(place.container_id))})
            document["linux"].setdefault("sysctl", {})[UNPRIVILEGED] = "0"
            etc = place.folder / ETC
            self._write(etc, network.hostname, record)
        document["mounts"] += [bind(str((etc / name).resolve()), f"/etc/{name}", "ro", "noexec") for name in NAMES]

    def cleanup(self, place: ContainerPlace) -> None:
        self._networks.leave(place)
        if (place.folder / ETC).exists():
            remove(place.folder / ETC)

    def recover(self, place: ContainerPlace, lasting: Lasting | None) -> None:
        """What was changed meanwhile by others is said, and left: only its own end repairs a container's network."""
        try:
            self._networks.check(place)
        except OSError as error:
            log.warning("the network of container %s is not as it was made: %s", place.container_id, error)

    def _write(self, etc: Path, hostname: str, record: NetworkRecord) -> None:
        results = [interface.result or {} for interface in record.interfaces]
        own = next((text for result in results if (text := cni.resolving(result)) is not None), None)
        found = [address.ip for result in results for address in cni.addresses(result)]
        etc.mkdir(mode=0o755)
        for name, text in (
            ("hosts", hosts(hostname, found)),
            ("hostname", f"{hostname}\n"),
            ("resolv.conf", own if own is not None else self._resolving()),
        ):
            (etc / name).write_text(text)
            (etc / name).chmod(0o644)

    def _resolving(self) -> str:
        """The machine's name servers, as far as a container can reach them."""
        text = ""
        for path in (self._host / "etc/resolv.conf", self._host / STUB.relative_to("/")):
            try:
                text = without_local(given := path.read_text(errors="replace"))
            except OSError:
                continue
            if "nameserver" in text or text == given:
                return text
        return text


def own(place: ContainerPlace) -> bool:
    """Whether a container has joined networks, or is to."""
    return record_of(place) is not None


def hosts(hostname: str, addresses: Iterable[str]) -> str:
    """The file /etc/hosts of a container."""
    names = f"{hostname} {hostname.partition('.')[0]}" if "." in hostname else hostname
    return _HOSTS + "".join(f"{address} {names}\n" for address in addresses or ("127.0.0.1",))


def without_local(text: str) -> str:
    """A resolv.conf without name servers at the machine's loopback addresses, which others are not reached by."""
    return "".join(line for line in text.splitlines(keepends=True) if not _is_local(line.split()))


def _is_local(words: list[str]) -> bool:
    if len(words) < 2 or words[0] != "nameserver":
        return False
    try:
        return ipaddress.ip_address(words[1].partition("%")[0]).is_loopback
    except ValueError:
        return False
