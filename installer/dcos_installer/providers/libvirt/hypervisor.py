"""The only module that uses libvirt: typed results, its errors as ours, and none of its objects returned.

libvirt-python has no types, and is imported only when a provider is opened: importing this module fails without it.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from xml.etree import ElementTree

import libvirt

from dcos_installer.at_once import TooLate, at_once
from dcos_installer.providers.base import ProviderError
from dcos_installer.providers.libvirt.markup import NAMESPACE
from dcos_installer.providers.libvirt.options import is_local

_CHUNK = 1 << 18
_NOT_NOW: int = libvirt.VIR_ERR_OPERATION_INVALID
_OPEN_SECONDS = 60.0
_ALIVE_SECONDS, _ALIVE_TIMES = 5, 6
"""Seconds between keepalive requests to a libvirtd; after so many without an answer the connection is given up."""
_events = threading.Lock()
_events_run = False


class Power(StrEnum):
    """Whether a domain runs."""

    OFF = "off"
    RUNNING = "running"
    PAUSED = "paused"
    """By a user, or because its disk could not be written."""
    STUCK = "stuck"
    """QEMU stopped it, because its processor could not continue."""
    CRASHED = "crashed"


@dataclass(frozen=True)
class SeenDomain:
    """A domain, as libvirt describes it."""

    name: str
    uuid: str
    xml: str
    """The description for its next start."""
    power: Power
    detail: str


@dataclass(frozen=True)
class SeenNetwork:
    """A network, as libvirt describes it."""

    name: str
    uuid: str
    xml: str
    active: bool


@dataclass(frozen=True)
class SeenPool:
    """A storage pool, as libvirt describes it."""

    name: str
    uuid: str
    xml: str
    active: bool
    available: int
    """Free bytes."""


@dataclass(frozen=True)
class SeenVolume:
    """A volume, as libvirt describes it."""

    pool: str
    name: str
    path: str
    capacity: int
    """The bytes that it may grow to."""
    allocation: int
    """The bytes that it uses now."""


@dataclass(frozen=True)
class Host:
    """The hypervisor. ``kinds`` are libvirt's, of domains of its own architecture: ``kvm``, ``qemu``."""

    name: str
    arch: str
    kinds: frozenset[str]
    cpus: int
    mem_mb: int
    available_mb: int
    """The memory available to machines now."""


_LOOK = "see what libvirtd says on its host: journalctl --unit=libvirtd; then run the same command again"


class LibvirtFailed(ProviderError):
    """libvirt refused a request. ``code`` is libvirt's own."""

    def __init__(self, what: str, *, code: int, why: str, hint: str) -> None:
        self.code = code
        super().__init__(what, why=why, hint=hint)


class Hypervisor:
    """A connection to libvirt. Several threads may use it at once."""

    def __init__(self, uri: str) -> None:
        libvirt.registerErrorHandler(lambda *_: None, None)  # it would print every error by itself
        self.uri = uri
        self._connection = _opened(uri)
        self._pool_lock = threading.Lock()
        self._capabilities: ElementTree.Element | None = None

    def close(self) -> None:
        with contextlib.suppress(libvirt.libvirtError):
            self._connection.close()

    def host(self) -> Host:
        with _asking("read the hypervisor's capabilities"):
            if self._capabilities is None:  # slow when libvirt examines each QEMU again
                self._capabilities = ElementTree.fromstring(self._connection.getCapabilities())
            tree, info = self._capabilities, self._connection.getInfo()
            name: str = self._connection.getHostname()
        arch = tree.findtext("host/cpu/arch", str(info[0]))
        guests = [guest for guest in tree.iterfind("guest") if guest.find(f"arch[@name='{arch}']") is not None]
        kinds = {kind.get("type", "") for guest in guests for kind in guest.iterfind(f"arch[@name='{arch}']/domain")}
        cpus, mem_mb = int(info[2]), int(info[1])
        return Host(name, arch, frozenset(kinds), cpus, mem_mb, self._available_mb(mem_mb))

    def _available_mb(self, total_mb: int) -> int:
        """Free memory, and what Linux frees on demand."""
        try:
            known: dict[str, int] = self._connection.getMemoryStats(libvirt.VIR_NODE_MEMORY_STATS_ALL_CELLS)
        except libvirt.libvirtError:
            return total_mb
        return sum(known.get(name, 0) for name in ("free", "buffers", "cached")) >> 10

    # Domains

    def domains(self) -> list[SeenDomain]:
        with _asking("list the machines"):
            found = self._connection.listAllDomains()
        seen = []
        for one in found:
            with _passing_over(libvirt.VIR_ERR_NO_DOMAIN):  # removed in between
                seen.append(_seen_domain(one))
        return seen

    def domain(self, name: str) -> SeenDomain | None:
        """None: there is none of that name."""
        with _passing_over(libvirt.VIR_ERR_NO_DOMAIN):
            return _seen_domain(self._connection.lookupByName(name))
        return None

    def define(self, xml: str) -> None:
        with _asking("define the machine"):
            self._connection.defineXML(xml)

    def mark(self, name: str, xml: str) -> None:
        """Puts an element of ours, without its namespace, in place of the one in the domain's metadata.

        A new definition would do the same, but costs more: before each one libvirt asks what its QEMU can do. Where
        /dev/kvm exists and cannot be used, it starts QEMU for that every time, which takes half a minute.
        """
        kind, flags = libvirt.VIR_DOMAIN_METADATA_ELEMENT, libvirt.VIR_DOMAIN_AFFECT_CONFIG
        with _asking("mark the machine"):
            self._connection.lookupByName(name).setMetadata(kind, xml, "dcos", NAMESPACE, flags)

    def start(self, name: str) -> None:
        with _asking("start the machine"), _being_so(_NOT_NOW, lambda: self._runs(name)):
            self._connection.lookupByName(name).create()

    def cut_power(self, name: str) -> None:
        with (
            _asking("cut the machine's power"),
            _being_so(_NOT_NOW, lambda: not self._runs(name)),
        ):
            self._connection.lookupByName(name).destroy()

    def press_power_button(self, name: str) -> None:
        with (
            _asking("ask the machine to switch off"),
            _being_so(_NOT_NOW, lambda: not self._runs(name)),
        ):
            self._connection.lookupByName(name).shutdown()

    def resume(self, name: str) -> None:
        with _asking("resume the machine"):
            self._connection.lookupByName(name).resume()

    def undefine(self, name: str) -> None:
        with _asking("remove the machine"), _passing_over(libvirt.VIR_ERR_NO_DOMAIN):
            domain = self._connection.lookupByName(name)
            try:
                domain.undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_NVRAM | libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE)
            except libvirt.libvirtError as error:
                if error.get_error_code() not in (libvirt.VIR_ERR_INVALID_ARG, libvirt.VIR_ERR_NO_SUPPORT):
                    raise
                domain.undefine()  # a driver that knows none of these flags

    def _runs(self, name: str) -> bool:
        seen = self.domain(name)
        return seen is not None and seen.power is not Power.OFF

    # Networks

    def networks(self) -> list[SeenNetwork]:
        with _asking("list the networks"):
            found = self._connection.listAllNetworks()
        seen = []
        for one in found:
            with _passing_over(libvirt.VIR_ERR_NO_NETWORK):
                seen.append(SeenNetwork(one.name(), one.UUIDString(), one.XMLDesc(0), bool(one.isActive())))
        return seen

    def define_network(self, xml: str) -> None:
        with _asking("define the network"):
            self._connection.networkDefineXML(xml)

    def start_network(self, name: str) -> None:
        with _asking("start the network"):
            network = self._connection.networkLookupByName(name)
            if not network.isActive():
                network.create()

    def reserve(self, name: str, xml: str, *, previous: str = "") -> None:
        """Adds a reservation to the network, in place of a ``previous`` one, both as XML."""
        with _asking("reserve an address in the network"):
            network = self._connection.networkLookupByName(name)
            section, flags = libvirt.VIR_NETWORK_SECTION_IP_DHCP_HOST, libvirt.VIR_NETWORK_UPDATE_AFFECT_CONFIG
            if network.isActive():
                flags |= libvirt.VIR_NETWORK_UPDATE_AFFECT_LIVE
            if previous:
                network.update(libvirt.VIR_NETWORK_UPDATE_COMMAND_DELETE, section, -1, previous, flags)
            if xml:
                network.update(libvirt.VIR_NETWORK_UPDATE_COMMAND_ADD_LAST, section, -1, xml, flags)

    def remove_network(self, name: str) -> None:
        with _asking("remove the network"), _passing_over(libvirt.VIR_ERR_NO_NETWORK):
            network = self._connection.networkLookupByName(name)
            if network.isActive():
                network.destroy()
            network.undefine()

    # Pools and volumes

    def pools(self) -> list[SeenPool]:
        with _asking("list the storage pools"):
            return [
                SeenPool(one.name(), one.UUIDString(), one.XMLDesc(0), bool(one.isActive()), int(one.info()[3]))
                for one in self._connection.listAllStoragePools()
            ]

    def define_pool(self, xml: str) -> None:
        """Defines it and creates its folder."""
        with _asking("make the storage pool"):
            self._connection.storagePoolDefineXML(xml, 0).build(0)

    def start_pool(self, name: str) -> None:
        with _asking("start the storage pool"), self._pool_lock:
            pool = self._connection.storagePoolLookupByName(name)
            if pool.isActive():
                pool.refresh(0)
            else:
                pool.create(0)

    def remove_pool(self, name: str) -> None:
        """Removes it with its folder, which must be empty."""
        with _asking("remove the storage pool"), self._pool_lock, _passing_over(libvirt.VIR_ERR_NO_STORAGE_POOL):
            pool = self._connection.storagePoolLookupByName(name)
            if pool.isActive():
                pool.destroy()
            pool.delete(0)
            pool.undefine()

    def volumes(self, pool: str, *, fresh: bool = True) -> list[SeenVolume]:
        """The volumes of an active pool. ``fresh``: also files that libvirt did not create itself."""
        with _asking(f"list what is in the storage pool {pool}"):
            found = self._connection.storagePoolLookupByName(pool)
            if fresh:
                with self._pool_lock, _passing_over(libvirt.VIR_ERR_INTERNAL_ERROR, libvirt.VIR_ERR_OPERATION_INVALID):
                    found.refresh(0)  # refused during an upload: then the known volumes must do
            seen = []
            for one in found.listAllVolumes():
                with _passing_over(libvirt.VIR_ERR_NO_STORAGE_VOL):
                    _, capacity, allocation = one.info()
                    seen.append(SeenVolume(pool, one.name(), one.path(), int(capacity), int(allocation)))
            return seen

    def volume(self, pool: str, name: str) -> SeenVolume | None:
        with _passing_over(libvirt.VIR_ERR_NO_STORAGE_VOL, libvirt.VIR_ERR_NO_STORAGE_POOL):
            found = self._volume(pool, name)
            _, capacity, allocation = found.info()
            return SeenVolume(pool, name, found.path(), int(capacity), int(allocation))
        return None

    def volume_xml(self, pool: str, name: str) -> str:
        """Empty: there is no such volume."""
        with _passing_over(libvirt.VIR_ERR_NO_STORAGE_VOL):
            return str(self._volume(pool, name).XMLDesc(0))
        return ""

    def create_volume(self, pool: str, xml: str) -> str:
        """The path of the new volume."""
        with _asking(f"make a volume in the storage pool {pool}"), self._pool_lock:
            return str(self._connection.storagePoolLookupByName(pool).createXML(xml, 0).path())

    def delete_volume(self, pool: str, name: str) -> None:
        with _asking(f"remove the volume {name}"), self._pool_lock, _passing_over(libvirt.VIR_ERR_NO_STORAGE_VOL):
            self._volume(pool, name).delete(0)

    def upload(self, pool: str, name: str, size: int, read: Callable[[int], bytes]) -> None:
        """Fills the volume with ``size`` bytes. ``read`` returns the next ones, at most as many as requested."""
        with _asking(f"fill the volume {name}"):
            volume, stream = self._volume(pool, name), self._connection.newStream(0)
            volume.upload(stream, 0, size, 0)
            try:
                while chunk := read(_CHUNK):
                    while chunk:
                        chunk = chunk[stream.send(chunk) :]
                stream.finish()
            except BaseException:
                with contextlib.suppress(libvirt.libvirtError):
                    stream.abort()
                raise

    def download(self, pool: str, name: str, most: int) -> bytes:
        """The last bytes of the volume, at most ``most``; none when there is no such volume."""
        with _asking(f"read the volume {name}"), _passing_over(libvirt.VIR_ERR_NO_STORAGE_VOL):
            volume, stream = self._volume(pool, name), self._connection.newStream(0)
            with self._pool_lock:
                _, size, _ = volume.info()
            volume.download(stream, max(0, int(size) - most), 0, 0)
            parts = []
            while part := stream.recv(_CHUNK):
                parts.append(part)
            stream.finish()
            return b"".join(parts)[-most:]
        return b""

    def _volume(self, pool: str, name: str) -> Any:
        return self._connection.storagePoolLookupByName(pool).storageVolLookupByName(name)


_STUCK = (libvirt.VIR_DOMAIN_PAUSED_UNKNOWN, libvirt.VIR_DOMAIN_PAUSED_CRASHED)
_DETAILS = {
    libvirt.VIR_DOMAIN_PAUSED_IOERROR: "its disk could not be written: is the storage pool full?",
    libvirt.VIR_DOMAIN_PAUSED_USER: "a user paused it",
}


def _seen_domain(domain: Any) -> SeenDomain:
    state, reason = domain.state()
    power, detail = Power.RUNNING, ""
    if state in (libvirt.VIR_DOMAIN_SHUTOFF, libvirt.VIR_DOMAIN_NOSTATE):
        power = Power.OFF
    elif state == libvirt.VIR_DOMAIN_CRASHED:
        power, detail = Power.CRASHED, "QEMU crashed"
    elif state in (libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PMSUSPENDED):
        power = Power.STUCK if reason in _STUCK else Power.PAUSED
        detail = "QEMU stopped its processor" if power is Power.STUCK else _DETAILS.get(reason, "it is paused")
    return SeenDomain(
        domain.name(), domain.UUIDString(), domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE), power, detail
    )


@contextlib.contextmanager
def _asking(what: str) -> Iterator[None]:
    """Turns libvirt's errors into ours, which name the request."""
    try:
        yield
    except libvirt.libvirtError as error:
        raise LibvirtFailed(
            f"libvirt could not {what}",
            code=error.get_error_code() or 0,
            why=error.get_error_message() or str(error),
            hint=_LOOK,
        ) from error


@contextlib.contextmanager
def _passing_over(*codes: int) -> Iterator[None]:
    """Ignores these errors of libvirt, such as that nothing has that name."""
    try:
        yield
    except libvirt.libvirtError as error:
        if error.get_error_code() not in codes:
            raise LibvirtFailed(
                "libvirt did not answer",
                code=error.get_error_code() or 0,
                why=error.get_error_message() or str(error),
                hint=_LOOK,
            ) from error
    except LibvirtFailed as error:
        if error.code not in codes:
            raise


@contextlib.contextmanager
def _being_so(code: int, is_so: Callable[[], bool]) -> Iterator[None]:
    """Ignores an error of libvirt if the requested state exists already."""
    try:
        yield
    except libvirt.libvirtError as error:
        if error.get_error_code() != code or not is_so():
            raise


def _opened(uri: str) -> Any:
    """A connection; by default libvirt would wait for ever for one, and for every answer of a failed peer."""
    _run_events()
    made = at_once({uri: lambda: libvirt.open(uri)}, _OPEN_SECONDS)[uri]
    if isinstance(made, libvirt.libvirtError):
        raise _unreachable(uri, made.get_error_message() or str(made)) from made
    if isinstance(made, TooLate):
        raise _unreachable(uri, f"there was no connection within {_OPEN_SECONDS:.0f} s") from made
    if isinstance(made, BaseException):
        raise made
    with contextlib.suppress(libvirt.libvirtError):  # a driver, or a libvirtd, that does not support it
        made.setKeepAlive(_ALIVE_SECONDS, _ALIVE_TIMES)
    return made


def _run_events() -> None:
    """Keepalive requests need an event loop, which has to run before the first connection is made."""
    global _events_run
    with _events:
        if not _events_run:
            libvirt.virEventRegisterDefaultImpl()
            threading.Thread(target=_events_for_ever, daemon=True).start()
            _events_run = True


def _events_for_ever() -> None:
    while True:
        libvirt.virEventRunDefaultImpl()


def _unreachable(uri: str, why: str) -> ProviderError:
    if is_local(uri):
        hint = (
            "install libvirtd and QEMU and start it: installer/setup-host hypervisor, then systemctl start libvirtd;"
            " it can be used only by root and members of the group libvirt"
        )
    else:
        hint = "see that libvirtd runs there, and that your SSH (or certificate) is accepted: virsh -c URI version"
    return ProviderError(f"no libvirt answers at {uri}", why=why, hint=hint)
