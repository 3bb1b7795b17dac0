"""Where a host's commands run: through SSH on a machine, or here, in a folder that stands for a machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dcos_installer.sockets import ALIVE, as_word, joined

if TYPE_CHECKING:
    from dcos_installer.machines import SshTarget

CONNECT_SECONDS = 15


@dataclass(frozen=True)
class Connection:
    """A machine behind ``ssh`` (as root, or through sudo with ``become``); without it, the folder ``root`` here.
    ``patience`` is the factor of all deadlines.
    """

    ssh: SshTarget | None = None
    become: bool = False
    root: str = "/"
    patience: float = 1.0

    def __post_init__(self) -> None:
        if (self.ssh is None) == (self.root == "/"):
            raise ValueError(
                "a connection leads to a machine behind SSH or to a folder here: never this machine's own root"
            )

    def ssh_options(self) -> list[str]:
        """ssh's options. Host keys are always checked."""
        assert self.ssh is not None
        options = ["-o", "StrictHostKeyChecking=yes", "-o", "BatchMode=yes", *ALIVE]
        if self.ssh.known_hosts_file is not None:
            # The cluster's own keys: the operator's SSH configuration is not used.
            options += ["-F", "none", "-o", "GlobalKnownHostsFile=none"]
            options += ["-o", f"UserKnownHostsFile={as_word(self.ssh.known_hosts_file)}"]
        if self.ssh.identity_file is not None:
            # Not in Ansible's own variable, which cannot hold every path.
            options += ["-o", "IdentitiesOnly=yes", "-o", f"IdentityFile={as_word(self.ssh.identity_file)}"]
        if self.ssh.jump:
            options += ["-o", f"ProxyJump={self.ssh.jump}"]
        return options

    def variables(self) -> dict[str, Any]:
        """The host's variables in the inventory of the play."""
        if self.ssh is None:
            return {"ansible_connection": "local"}
        found: dict[str, Any] = {
            "ansible_host": self.ssh.address,
            "ansible_port": self.ssh.port,
            "ansible_user": self.ssh.user,
            "ansible_ssh_common_args": joined(self.ssh_options()),
        }
        if self.become:
            found.update(ansible_become=True, ansible_become_method="ansible.builtin.sudo", ansible_become_user="root")
        return found
