"""Data for a machine's first boot, as systemd's credentials.

Public ones are in SMBIOS strings, and so on QEMU's command line. Secret ones are in one file on the hypervisor that
only root and QEMU can read; the machine reads it through fw_cfg.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from dcos_installer.providers.base import MachineFile

SECRET = "tmpfiles.extra"
"""systemd-tmpfiles reads this credential as lines of its own, at every boot: so the files always have the latest
content.
"""

_NETWORK = """\
[Match]
MACAddress={mac}

[Network]
DHCP=ipv4
LinkLocalAddressing=no
IPv6AcceptRA=no

[DHCPv4]
ClientIdentifier=mac
UseDNS=no
"""


def public(host: str, mac: str) -> Mapping[str, bytes]:
    """Its name and its network, under the names of systemd's own credentials."""
    return {"system.hostname": host.encode(), "network.network.50-dcos": _NETWORK.format(mac=mac).encode()}


def secret(files: Iterable[MachineFile]) -> bytes:
    """Lines of tmpfiles.d that create the files. The content is in base64, so it cannot end its line."""
    lines = []
    for file in files:
        folder = PurePosixPath(file.path).parent
        if file.folder_mode != 0o755:  # other folders are the system's
            lines.append(f"d {folder} {file.folder_mode:04o} root root -")
        content = base64.b64encode(file.content).decode()
        lines.append(f"f+~ {file.path} {file.mode:04o} root root - {content}")
    return "".join(f"{line}\n" for line in lines).encode()
