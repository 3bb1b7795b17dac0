"""A cluster's machines as a configuration of OpenSSH, for the option -F of ssh, scp and `dcos-universe publish`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from dcos_installer import sockets

if TYPE_CHECKING:
    from dcos_installer.config.model import HostSpec
    from dcos_installer.machines import SshTarget


def ssh_config(hosts: Iterable[tuple[HostSpec, SshTarget]]) -> str:
    """Each host by its name and its address. The host keys of our own machines are compared with the cluster's
    known_hosts.
    """
    return "\n".join(line for host, target in hosts for line in _host(host.name, target)) + "\n"


def _host(name: str, target: SshTarget) -> Iterator[str]:
    yield f"Host {' '.join(dict.fromkeys((name, target.address)))}"
    yield f"  HostName {target.address}"
    yield f"  Port {target.port}"
    yield f"  User {target.user}"
    yield "  StrictHostKeyChecking yes"
    if target.jump:
        yield f"  ProxyJump {target.jump}"
    if target.identity_file is not None:
        yield f"  IdentityFile {sockets.as_word(target.identity_file)}"
        yield "  IdentitiesOnly yes"
    if target.known_hosts_file is not None:
        yield f"  UserKnownHostsFile {sockets.as_word(target.known_hosts_file)}"
        yield "  GlobalKnownHostsFile none"
    else:
        # A host that existed before: its operator's own settings apply where this file has none.
        yield "  Include ~/.ssh/config"
    yield ""
