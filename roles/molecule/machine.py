"""The machine that a role is tried on: made and removed by our own provider, as a deploy does it.

    machine.py create HOME ROLE     one host of the inventory HOME/inventory.ini, which is written
    machine.py destroy HOME

HOME/host is the host's name, HOME/ssh_config lets testinfra in there, as ``role``.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from dcos_installer.config.limits import host_limits
from dcos_installer.providers.base import Order, failed
from dcos_installer.providers.registry import open_provider
from dcos_installer.services import installed
from dcos_installer.spec import load_spec
from dcos_installer.state import open_state

INVENTORY = """\
[masters]
m1 ansible_host={net}.11
[agents]
a1 ansible_host={net}.21
[all:vars]
dcos_cluster_name=molecule
dcos_network={net}.0/24
dcos_disk=2048
"""
NETWORK = "198.18.190"

_SSH = """\
Host role
    HostName {address}
    Port {port}
    User {user}
    IdentityFile "{identity}"
    IdentitiesOnly yes
    UserKnownHostsFile "{known}"
    StrictHostKeyChecking yes
"""


def create(home: Path, role: str) -> None:
    home.mkdir(parents=True, exist_ok=True)
    inventory = home / "inventory.ini"
    inventory.write_text(INVENTORY.format(net=os.environ.get("DCOS_MOLECULE_NETWORK", NETWORK)))
    state = open_state(inventory)
    spec = load_spec(inventory, state.cluster_id, host_limits())
    host = spec.agents[0] if installed()[role].hosts == "agents" else spec.masters[0]
    provider = open_provider(spec, state.root)
    for error in failed(provider.create([Order(host, host.name)])).values():
        raise error
    target = provider.ssh(host)
    (home / "host").write_text(host.name)
    (home / "ssh_config").write_text(
        _SSH.format(
            address=target.address,
            port=target.port,
            user=target.user,
            identity=target.identity_file,
            known=target.known_hosts_file,
        )
    )


def destroy(home: Path) -> None:
    inventory = home / "inventory.ini"
    if inventory.exists():
        state = open_state(inventory)
        provider = open_provider(load_spec(inventory, state.cluster_id, host_limits()), state.root)
        for error in failed(provider.destroy()).values():
            raise error
        shutil.rmtree(home)


if __name__ == "__main__":
    verb, folder, *rest = sys.argv[1:]
    os.environ["XDG_STATE_HOME"] = str(Path(folder) / "state")
    {"create": create, "destroy": destroy}[verb](Path(folder), *rest)
