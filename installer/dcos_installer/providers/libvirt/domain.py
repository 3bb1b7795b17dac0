"""A machine for libvirt: a domain, typed, and its XML; and the same read from libvirt's XML."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from dcos_images.emulation import SLOW
from dcos_installer.providers.libvirt.markup import Element, element, mark, marked, parse, text

FW_CFG = "opt/io.systemd.credentials/"
"""The name under which systemd reads credentials from QEMU's fw_cfg."""


@dataclass(frozen=True)
class Disk:
    """A disk of a domain."""

    path: str
    serial: str
    """The machine recognizes its disks by it: ``/dev/disk/by-id/virtio-<serial>``."""


@dataclass(frozen=True)
class Domain:
    """``kind`` is libvirt's: ``kvm``, ``qemu`` (TCG). Everything in ``public`` can be read by every user of the
    hypervisor, since it is on QEMU's command line; secrets are only in the file ``secret_path``.
    """

    name: str
    uuid: str
    host: str
    cluster_id: str
    cluster: str
    """Its name, for people."""
    image: str
    """The digest of its golden image."""
    pool: str
    kind: str
    arch: str
    cpus: int
    mem_mb: int
    disks: tuple[Disk, ...]
    mac: str
    network: str
    console_path: str
    secret_name: str
    secret_path: str
    public: Mapping[str, bytes] = field(default_factory=dict)
    firmware: str = "efi"
    """Empty: the hypervisor's default."""

    @property
    def xml(self) -> str:
        return text(
            element(
                "domain",
                element("name", text=self.name),
                element("uuid", text=self.uuid),
                element("title", text=f"{self.host} of the dcos cluster {self.cluster}"),
                mark("machine", cluster=self.cluster_id, host=self.host, image=self.image, pool=self.pool),
                element("memory", text=self.mem_mb, unit="MiB"),
                element("vcpu", text=self.cpus),
                *self._sysinfo(),
                self._os(),
                element("features", element("acpi"), element("apic")),
                self._cpu(),
                element("clock", offset="utc"),
                element("on_poweroff", text="destroy"),
                element("on_reboot", text="restart"),
                element("on_crash", text="destroy"),
                element("devices", *self._devices()),
                type=self.kind,
            )
        )

    def _sysinfo(self) -> Iterator[Element]:
        # The same order each time, so that an unchanged machine has the same XML.
        entries = [element("entry", text=credential(name, value)) for name, value in sorted(self.public.items())]
        yield element("sysinfo", element("oemStrings", *entries), type="smbios")
        secret = element("entry", name=FW_CFG + self.secret_name, file=self.secret_path)
        yield element("sysinfo", secret, type="fwcfg")

    def _os(self) -> Element:
        kind = element("type", text="hvm", arch=self.arch, machine="q35")
        smbios = element("smbios", mode="sysinfo")
        if not self.firmware:
            return element("os", kind, element("boot", dev="hd"), smbios)
        insecure = element("firmware", element("feature", enabled="no", name="secure-boot"))
        return element("os", kind, insecure, element("boot", dev="hd"), smbios, firmware=self.firmware)

    def _cpu(self) -> Element | None:
        if self.kind == "kvm":
            return element("cpu", mode="host-passthrough", check="none", migratable="on")
        return _emulated_cpu(self.arch) if self.kind == "qemu" else None

    def _devices(self) -> Iterator[Element]:
        for letter, disk in zip("abcdefghi", self.disks, strict=False):
            yield element(
                "disk",
                element("driver", name="qemu", type="qcow2", discard="unmap"),
                element("source", file=disk.path),
                element("target", dev=f"vd{letter}", bus="virtio"),
                element("serial", text=disk.serial),
                type="file",
                device="disk",
            )
        yield element(
            "interface",
            element("mac", address=self.mac),
            element("source", network=self.network),
            element("model", type="virtio"),
            type="network",
        )
        log = element("log", file=self.console_path, append="on")
        yield element("serial", log, element("target", port=0), type="pty")
        yield element("console", element("target", type="serial", port=0), type="pty")
        yield element("rng", element("backend", text="/dev/urandom", model="random"), model="virtio")
        yield element("memballoon", model="none")


def credential(name: str, value: bytes) -> str:
    """A credential in the form that systemd reads from an SMBIOS string of type 11."""
    said = value.decode() if value.isascii() else ""
    if said and said.isprintable():
        return f"io.systemd.credential:{name}={said}"
    return f"io.systemd.credential.binary:{name}={base64.b64encode(value).decode()}"


@dataclass(frozen=True)
class DomainMark:
    """The mark of a domain in its metadata, and its shape."""

    cluster_id: str
    host: str
    image: str
    pool: str
    kind: str
    cpus: int
    mem_mb: int
    removing: bool
    """Whether its removal has started."""


_KIB = {"b": 1 / 1024, "bytes": 1 / 1024, "KiB": 1, "k": 1, "MiB": 1 << 10, "M": 1 << 10, "GiB": 1 << 20, "G": 1 << 20}


def mark_of(xml: str) -> DomainMark | None:
    """None: it is no machine of ours."""
    tree = parse(xml)
    noted = marked(tree, "machine")
    if noted is None:
        return None
    memory = tree.find("memory")
    amount = 0.0 if memory is None else float(memory.text or 0) * _KIB.get(memory.get("unit", "KiB"), 1)
    return DomainMark(
        cluster_id=noted.get("cluster", ""),
        host=noted.get("host", ""),
        image=noted.get("image", ""),
        pool=noted.get("pool", ""),
        kind=tree.get("type", ""),
        cpus=int(tree.findtext("vcpu", "0")),
        mem_mb=round(amount / 1024),
        removing="removing" in noted,
    )


def reshaped(xml: str, cpus: int, mem_mb: int) -> str:
    """A domain's description with another shape, otherwise unchanged."""
    tree = parse(xml)
    for tag, value in (("memory", mem_mb), ("currentMemory", mem_mb)):
        if (found := tree.find(tag)) is not None:
            found.text = str(value)
            found.set("unit", "MiB")
    if (vcpu := tree.find("vcpu")) is not None:
        vcpu.text = str(cpus)
        vcpu.attrib.pop("current", None)
    return text(tree)


def emulated(xml: str) -> str:
    """A domain's description for TCG instead of KVM."""
    tree = parse(xml)
    tree.set("type", "qemu")
    for cpu in tree.findall("cpu"):
        tree.remove(cpu)
    kind = tree.find("os/type")
    tree.append(_emulated_cpu("" if kind is None else kind.get("arch", "")))
    return text(tree)


def _emulated_cpu(arch: str) -> Element:
    without = SLOW if arch == "x86_64" else ()
    features = [element("feature", policy="disable", name=feature) for feature in without]
    return element("cpu", *features, mode="maximum", check="none")


def removal_begun(xml: str) -> str:
    """The domain's mark as `Hypervisor.mark` takes it, which tells of a started removal."""
    return text(element("machine", **{**(marked(parse(xml), "machine") or {}), "removing": "yes"}))
