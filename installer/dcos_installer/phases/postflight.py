"""What a host must show once it is deployed, asked with testinfra over the installer's own SSH."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from dcos_installer.errors import InstallerError

if TYPE_CHECKING:
    from dcos_installer.config.model import HostSpec, Ports
    from dcos_installer.remote import Remote


class PostflightFailed(InstallerError):
    """A deployed host does not show what it must. ``evidence`` lists what, a line each."""

    evidence_title = "problems:"


def check_host(host: HostSpec, remote: Remote, ports: Ports, units: tuple[str, ...]) -> None:
    """Raises `PostflightFailed` with everything that is wrong on ``host``."""
    wrong = problems(_testinfra(remote), host, ports, units)
    if wrong:
        raise PostflightFailed(
            f"{host.name} is not as it should be",
            hint="look at the units named here with: dcos-installer ssh INVENTORY " + host.name,
            evidence="\n".join(wrong),
        )


def problems(machine: Any, host: HostSpec, ports: Ports, units: tuple[str, ...]) -> list[str]:
    """What is wrong on a machine, as sentences. ``machine`` is testinfra's ``Host``, whose modules have no types."""
    wrong = []
    for unit in units:
        service = machine.service(unit)
        if not service.is_running:
            wrong.append(f"{unit} does not run")
        if not service.is_enabled:
            wrong.append(f"{unit} would not start at the next boot")
    if not machine.file("/opt/dcos/active").is_symlink:
        wrong.append("/opt/dcos/active leads to no generation")
    listening = {"master": (ports.master, ports.marathon, ports.zookeeper), "agent": (ports.agent,)}
    for port in listening["master" if host.is_master else "agent"]:
        if not machine.socket(f"tcp://{host.address}:{port}").is_listening:
            wrong.append(f"nothing listens on {host.address}:{port}")
    for folder in ("/var/lib/dcos", "/opt/dcos"):
        if machine.file(folder).mode & 0o022:
            wrong.append(f"{folder} may be written by others than root")
    return wrong


def _testinfra(remote: Remote) -> Any:
    from testinfra.backend.base import BaseBackend, CommandResult
    from testinfra.host import Host

    class OverRemote(BaseBackend):
        """testinfra's commands through `Remote`: one way to reach a machine, host keys checked."""

        NAME = "dcos"

        def run(self, command: str, *args: str, **kwargs: Any) -> CommandResult:
            line = self.get_command(command, *args)
            finished = remote.run(["/bin/sh", "-c", line], what="check the host", check=False)
            result: CommandResult = self.result(finished.returncode, line.encode(), finished.stdout, finished.stderr)
            return result

    logging.getLogger("testinfra").setLevel(logging.WARNING)
    return Host(OverRemote(remote.host.name))
