"""The variables that only the provider libvirt has, and their values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from ipaddress import AddressValueError, IPv4Network, NetmaskValueError
from pathlib import Path
from typing import Literal, cast
from urllib.parse import unquote, urlsplit

from dcos_installer.config.variables import Variable

NETWORKS = IPv4Network("198.18.0.0/15")
"""Reserved for networks without other users: no office and no cloud has addresses in it."""

LARGEST_DISK_MB = 64 << 20
"""64 TiB: no hypervisor or cloud gives a machine a larger disk. Above 2 PiB QEMU makes no qcow2 file."""
_LEAST_DISK_MB = 256

Acceleration = Literal["auto", "kvm", "tcg"]

_TRANSPORTS = ("qemu", "qemu+unix", "qemu+ssh", "qemu+tls")
_PARAMETERS: Mapping[str, frozenset[str]] = {
    # A set without values takes any.
    **dict.fromkeys(("keyfile", "known_hosts", "socket", "pkipath", "sshauth"), frozenset()),
    "known_hosts_verify": frozenset({"normal"}),
    "no_tty": frozenset({"0", "1"}),
    "mode": frozenset({"auto", "direct", "legacy"}),
    "proxy": frozenset({"auto", "native"}),
}
"""The parameters of libvirt's URIs that are taken. All others are refused: among them are those that turn a check of
the peer off (``no_verify``, ``no_sanity``, ``tls_priority``), that run a program (``command``, ``netcat``), or that
choose another hypervisor (``name``). Source: libvirt, "Connection URIs", "Transport configuration".
"""


def _uri(text: str) -> str:
    expected = "the URI of a QEMU that libvirt's system daemon serves: qemu:///system or qemu+ssh://user@host/system"
    if not re.fullmatch(r"[\x21-\x7e]{1,300}", text):
        raise ValueError(expected)
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError(expected) from None
    if parts.path == "/session":
        raise ValueError(f"{expected}; a session's machines have no network between them")
    local = parts.scheme in _TRANSPORTS[:2]
    if parts.scheme not in _TRANSPORTS or parts.path != "/system" or parts.fragment or port == 0:
        raise ValueError(expected)
    if (local and parts.netloc) or (not local and not parts.hostname):
        raise ValueError(expected)
    if parts.password is not None:
        raise ValueError(f"{expected}, without a password: SSH takes a key")
    if unquote(parts.hostname or "").startswith("-"):
        raise ValueError(f"{expected}: a host's name does not begin with a hyphen")
    for name, value in _parameters(parts.query):
        if name not in _PARAMETERS:
            raise ValueError(
                f"{expected}, without {name!r}: only {', '.join(sorted(_PARAMETERS))} are taken, because others switch"
                " checks of the peer off or run programs"
            )
        if (values := _PARAMETERS[name]) and value not in values:
            raise ValueError(
                f"{expected}, without {name}={value!r}: it may be {', '.join(sorted(values))}, so that the peer is"
                " checked and no program is run"
            )
    return text


def _parameters(query: str) -> Iterator[tuple[str, str]]:
    """The parameters as libvirt reads them (``virURIParseParams``): ``&`` and ``;`` are between them, names are
    compared without case, both sides are unescaped, and one without ``=`` has an empty value.
    """
    for part in re.split("[&;]", query):
        name, _, value = part.partition("=")
        if part:
            yield unquote(name).lower(), unquote(value)


def _network(text: str) -> IPv4Network:
    expected = f"an IPv4 network within {NETWORKS} from /16 to /28, such as 198.18.40.0/24"
    try:
        network = IPv4Network(text)
    except (AddressValueError, NetmaskValueError, ValueError):
        raise ValueError(expected) from None
    if "/" not in text or not 16 <= network.prefixlen <= 28 or not network.subnet_of(NETWORKS):
        raise ValueError(expected)
    return network


def _pool(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", text):
        raise ValueError("the name of a storage pool: letters, digits, dots, hyphens and underscores")
    return text


def _image(text: str) -> str:
    if not text or not text.isprintable():
        raise ValueError("the name of an image that dcos-installer builds, or the path of a qcow2 file")
    return text


def _acceleration(text: str) -> str:
    if text not in ("auto", "kvm", "tcg"):
        raise ValueError("auto, kvm or tcg")
    return text


def _disks(text: str) -> tuple[int, ...]:
    expected = (
        f"up to 8 sizes in MiB with commas between them, each from {_LEAST_DISK_MB} to {LARGEST_DISK_MB}: 20480,40960"
    )
    if text == "none":
        return ()
    parts = [part.strip() for part in text.split(",")]
    if len(parts) > 8 or not all(re.fullmatch(r"\d{3,9}", part, re.ASCII) for part in parts):
        raise ValueError(expected)
    if not all(_LEAST_DISK_MB <= int(part) <= LARGEST_DISK_MB for part in parts):
        raise ValueError(expected)
    return tuple(map(int, parts))


URI = Variable(
    "dcos_libvirt_uri",
    "cluster",
    _uri,
    "qemu:///system",
    "The libvirt that makes the machines: this host's, or another's over SSH.",
    "dcos_libvirt_uri=qemu+ssh://root@hypervisor1/system",
    fixed=True,
)
NETWORK = Variable(
    "dcos_libvirt_network",
    "cluster",
    _network,
    "198.18.40.0/24",
    f"The machines' network, within {NETWORKS}; its first address is the hypervisor's own.",
    "dcos_libvirt_network=198.18.41.0/24",
    fixed=True,
)
IMAGE = Variable(
    "dcos_libvirt_image",
    "cluster",
    _image,
    "vm",
    "The image that new machines are made from: one that `dcos-installer image build` makes, or the path of a qcow2"
    " file (seen from the inventory's folder).",
    "dcos_libvirt_image=images/vm.qcow2",
)
ACCELERATION = Variable(
    "dcos_libvirt_acceleration",
    "cluster",
    _acceleration,
    "auto",
    "`kvm`: the processor runs the machines. `tcg`: QEMU emulates it, ten times slower. `auto`: KVM where it works.",
    "dcos_libvirt_acceleration=tcg",
)
POOL = Variable(
    "dcos_libvirt_pool",
    "host",
    _pool,
    "dcos",
    "The storage pool (a folder on the hypervisor) that the machine's disks are in; one that is not there is made."
    " Pools on different disks are fault domains: name the same ones with `dcos_attributes`.",
    "dcos_libvirt_pool=rack1",
)
DISKS = Variable(
    "dcos_libvirt_disks",
    "host",
    _disks,
    "none",
    "Data disks of the machine beside its own one, in MiB.",
    "dcos_libvirt_disks=20480,40960",
)
VARIABLES = (URI, NETWORK, IMAGE, ACCELERATION, POOL, DISKS)


def _text(variable: Variable, options: Mapping[str, str]) -> str:
    return options.get(variable.name, variable.default)


def uri_of(options: Mapping[str, str]) -> str:
    return _text(URI, options)


def is_local(uri: str) -> bool:
    """Whether the hypervisor is this host."""
    return urlsplit(uri).scheme not in ("qemu+ssh", "qemu+tls")


def network_of(options: Mapping[str, str]) -> IPv4Network:
    return _network(_text(NETWORK, options))


def acceleration_of(options: Mapping[str, str]) -> Acceleration:
    return cast(Acceleration, _acceleration(_text(ACCELERATION, options)))


def image_of(options: Mapping[str, str], inventory: Path) -> str | Path:
    """The name of an image of ours, or the path of a qcow2 file."""
    text = _text(IMAGE, options)
    if "/" in text or text.endswith(".qcow2"):
        return inventory.parent / Path(text).expanduser()
    return text


def pool_of(options: Mapping[str, str]) -> str:
    """From a host's own options."""
    return _pool(_text(POOL, options))


def disks_of(options: Mapping[str, str]) -> tuple[int, ...]:
    """From a host's own options, in MiB."""
    return _disks(_text(DISKS, options))
