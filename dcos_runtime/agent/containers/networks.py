"""The networks that containers can have: joins them, leaves them, and keeps what that takes on the machine.

What a container has joined is written down in its folder before anything is done, so that whatever a killed agent left
(network namespaces, pairs of interfaces, leases of addresses, rules) is found and undone.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from dcos_runtime import durable
from dcos_runtime.agent.containers import cni, netns, nft
from dcos_runtime.agent.containers.base import ContainerPlace, LauncherUnusable
from dcos_runtime.agent.containers.cni import Attachment, CniPlugins, NetworkConfig, NetworkError
from dcos_runtime.agent.containers.nft import Bridge, Joined, Mapped, Rules
from dcos_runtime.agent.containers.spec import OwnNetwork
from dcos_runtime.agent.core.network_request import BRIDGE
from dcos_runtime.wire import codec
from dcos_runtime.wire.containers import NetworkInfo

RECORD = "network.json"
"""The file in a container's folder that says what it has joined."""

LOCK = "network.lock"
"""The file in a container's folder that is locked while a plugin runs for it, also by one whose agent was killed."""

LOCK_SECONDS = 2 * cni.PLUGIN_SECONDS

_FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")


class Interface(msgspec.Struct):
    """One interface of a container. ``result``: what plugins said when it was made; ``None``: they have not yet."""

    info: NetworkInfo
    name: str
    config: NetworkConfig
    result: dict[str, Any] | None = None


class NetworkRecord(msgspec.Struct):
    """What a container has joined, or is joining."""

    interfaces: list[Interface]


@dataclass(frozen=True)
class NetworkSettings:
    """``configured``: the folder with the operator's networks. ``bridge``: the addresses of the agent's own bridge.
    ``folder``: where namespaces and leases are, gone after a boot. ``name``: tells this agent's things on the machine
    from another's.
    """

    folder: Path
    name: str
    plugins: tuple[Path, ...] = ()
    configured: Path | None = None
    bridge: str | None = None

    @property
    def wanted(self) -> bool:
        return self.configured is not None or self.bridge is not None


@dataclass
class Networks:
    """All of an agent's containers' networks. Methods block."""

    settings: NetworkSettings
    boot_id: Callable[[], str] = lambda: Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    _records: dict[str, NetworkRecord] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._plugins = CniPlugins(self.settings.plugins)
        self._suffix = hashlib.sha256(self.settings.name.encode()).hexdigest()[:8]
        given = self.settings.bridge
        self._own = None if given is None else Bridge(f"dcos-{self._suffix}", given)
        self._rules = Rules(f"dcos_agent_{self._suffix}", self._own)

    # --- start --------------------------------------------------------------------------------------------------------

    def begin(self, containers: Path) -> None:
        """Tries what networks need, and takes up those of containers of a former agent, each with its folder in
        ``containers``. Raises `LauncherUnusable`.
        """
        for path in containers.glob(f"*/{RECORD}"):
            with contextlib.suppress(ValueError, OSError):
                self._records[path.parent.name] = codec.decode(path.read_bytes(), NetworkRecord)
        if not self.settings.wanted and not self._records:
            return
        if nft.program() is None:
            raise _unusable("nft is not there; install the package nftables")
        try:
            for config in self.known().values():
                self._usable(config)
            if self._own is not None:
                self._rules.only_ours = self._forwards_for_us()
            self._rules.rebuild({name: _joined(record) for name, record in self._records.items()})
            if self._own is not None:
                _FORWARDING.write_text("1")
        except (ValueError, NetworkError) as error:
            raise _unusable(str(error)) from error
        except OSError as error:
            raise _unusable(f"{error.filename or ''}: {error.strerror or error}") from error

    def known(self) -> dict[str, NetworkConfig]:
        """The networks by name, as they are configured now. Raises ``OSError``, ``ValueError``."""
        found = cni.read(self.settings.configured) if self.settings.configured is not None else {}
        if self._own is not None:
            found.setdefault(BRIDGE, self._bridge())
        return found

    def _bridge(self) -> NetworkConfig:
        assert self._own is not None
        leases = {"type": "host-local", "dataDir": str(self.settings.folder / "leases")}
        plugin = {
            "type": "bridge",
            "bridge": self._own.name,
            "isGateway": True,
            "ipMasq": False,
            "ipam": {**leases, "ranges": [[{"subnet": self._own.subnet}]], "routes": [{"dst": "0.0.0.0/0"}]},
        }
        return NetworkConfig(BRIDGE, "0.4.0", (plugin,))

    def _usable(self, config: NetworkConfig) -> None:
        """Raises `NetworkError` when a network's plugins are not there, or too old for it."""
        where = ":".join(map(str, self.settings.plugins))
        if missing := self._plugins.missing(config):
            raise NetworkError(
                f"the CNI network {config.name!r} wants the plugin {missing[0]!r}, which is not in {where}; install it"
                " (Debian's package is containernetworking-plugins), or name its folder"
            )
        for name in cni.programs(config):
            known = self._plugins.versions(name)
            if config.version not in known:
                raise NetworkError(
                    f"the CNI network {config.name!r} is of version {config.version} of the specification, and the"
                    f" plugin {name!r} knows {', '.join(known) or 'none'}"
                )

    def _forwards_for_us(self) -> bool:
        """Whether the machine forwards packets since an agent of ours wanted it, in this boot. Raises ``OSError``."""
        mark = self.settings.folder / "forwarding"
        boot = self.boot_id()
        with contextlib.suppress(FileNotFoundError):
            if mark.read_text() == boot:
                return True
        if _FORWARDING.read_text().strip() != "0":
            return False
        durable.private_folder(mark.parent)
        durable.write(mark, boot)
        return True

    # --- containers ---------------------------------------------------------------------------------------------------

    def namespace_file(self, container_id: str) -> Path:
        """The file that a container's network namespace is bound to."""
        return self.settings.folder / "netns" / container_id

    def join(self, place: ContainerPlace, network: OwnNetwork) -> NetworkRecord:
        """Makes a network namespace for a container, and has it join networks. What a failure leaves, `leave` undoes.
        Raises `NetworkError`, ``OSError``, ``ValueError``.
        """
        known = self.known() if self.settings.wanted else {}
        if unknown := next((one.name for one in network.networks if one.name not in known), None):
            raise NetworkError(
                f"Unknown CNI network '{unknown[:80]}'; this agent has {', '.join(sorted(known)) or 'none'}"
            )
        record = NetworkRecord(
            [Interface(info, f"eth{index}", known[info.name or ""]) for index, info in enumerate(network.networks)]
        )
        with self._alone(place) as lock:
            _write(place, record)
            file = self.namespace_file(place.container_id)
            durable.private_folder(file.parent)
            netns.make(file)
            for interface in record.interfaces:
                interface.result = self._plugins.add(self._attachment(place, interface, lock))
                _write(place, record)
        joined = _joined(record)
        if joined.mapped and not self.settings.wanted:
            raise NetworkError("ports of the machine cannot lead to a container without a network")
        self._records[place.container_id] = record
        if joined.interfaces or joined.mapped:
            self._rules.add(place.container_id, joined)
        if joined.mapped:
            for name in joined.interfaces:  # such packets come from 127.0.0.1 until they leave by there
                with contextlib.suppress(FileNotFoundError):
                    Path(f"/proc/sys/net/ipv4/conf/{name}/route_localnet").write_text("1")
        return record

    def leave(self, place: ContainerPlace) -> None:
        """Undoes `join`, all or any part of it. Raises `NetworkError`, ``OSError``: call it again."""
        path = place.folder / RECORD
        try:
            record = codec.decode(path.read_bytes(), NetworkRecord)
        except FileNotFoundError:
            return
        self._rules.remove(place.container_id)
        self._records.pop(place.container_id, None)
        file = self.namespace_file(place.container_id)
        with self._alone(place) as lock:
            for interface in reversed(record.interfaces):
                self._plugins.delete(self._attachment(place, interface, lock), interface.result)
            netns.remove(file)
        path.unlink(missing_ok=True)

    def check(self, place: ContainerPlace) -> None:
        """Whether the networks of a container are as it joined them. Raises `NetworkError`, ``OSError``."""
        record = self._records.get(place.container_id)
        for interface in record.interfaces if record is not None else ():
            if interface.result is not None:
                self._plugins.check(self._attachment(place, interface, None), interface.result)

    def infos(self, container_id: str) -> tuple[NetworkInfo, ...]:
        """What frameworks are told of a container's networks: its addresses in each."""
        record = self._records.get(container_id)
        return tuple(_with_addresses(interface) for interface in record.interfaces) if record is not None else ()

    def _attachment(self, place: ContainerPlace, interface: Interface, lock: int | None) -> Attachment:
        file = self.namespace_file(place.container_id)
        return Attachment(
            config=interface.config,
            container_id=place.container_id,
            namespace=str(file) if netns.there(file) else "",
            interface=interface.name,
            arguments={"org.apache.mesos": {"network_info": msgspec.to_builtins(interface.info)}},
            held=() if lock is None else (lock,),
        )

    @contextmanager
    def _alone(self, place: ContainerPlace) -> Iterator[int]:
        """No plugin runs for this container, not even one that an agent before us had started. Raises ``OSError``."""
        descriptor = os.open(place.folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            until = time.monotonic() + LOCK_SECONDS
            while True:
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > until:
                        raise NetworkError("a CNI plugin that runs for the container does not end") from None
                time.sleep(0.05)
            yield descriptor
        finally:
            os.close(descriptor)


def record_of(place: ContainerPlace) -> NetworkRecord | None:
    """What a container has joined; ``None``: it is in the machine's network, or that cannot be read."""
    with contextlib.suppress(OSError, ValueError):
        return codec.decode((place.folder / RECORD).read_bytes(), NetworkRecord)
    return None


def _write(place: ContainerPlace, record: NetworkRecord) -> None:
    durable.write(place.folder / RECORD, codec.encode(record), lasting=False)


def _with_addresses(interface: Interface) -> NetworkInfo:
    protocols = {4: NetworkInfo.Protocol.IPv4, 6: NetworkInfo.Protocol.IPv6}
    given = [
        NetworkInfo.IPAddress(protocol=protocols[one.version], ip_address=one.ip)
        for one in cni.addresses(interface.result or {})
    ]
    return msgspec.structs.replace(interface.info, ip_addresses=given)


def _joined(record: NetworkRecord) -> Joined:
    """Raises `NetworkError` when a port is to lead to a network without an IPv4 address."""
    mapped: list[Mapped] = []
    names: list[str] = []
    subnets: list[str] = []
    for interface in record.interfaces:
        if interface.result is None:
            continue
        names += cni.outside(interface.result)
        found = [one for one in cni.addresses(interface.result) if one.version == 4]
        subnets += [one.subnet for one in found]
        if interface.info.port_mappings and not found:
            raise NetworkError(f"ports cannot lead to CNI network '{interface.config.name}': it gives no IPv4 address")
        mapped += [
            Mapped(one.protocol or "tcp", one.host_port, found[0].ip, one.container_port)
            for one in interface.info.port_mappings
        ]
    return Joined(tuple(mapped), tuple(dict.fromkeys(names)), tuple(dict.fromkeys(subnets)))


def _unusable(why: str) -> LauncherUnusable:
    return LauncherUnusable(
        "networks of containers are asked for, and this machine cannot give them",
        why=why,
        hint="correct that, or start without --network_cni_config_dir and --bridge_network",
    )
