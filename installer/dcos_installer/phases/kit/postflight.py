"""The requirements for a deployed host: checked by testinfra over the installer's own SSH, and by its metrics."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from dcos_installer.daemon_client import NotWell
from dcos_installer.errors import InstallerError

if TYPE_CHECKING:
    from dcos_installer.config.model import HostSpec
    from dcos_installer.daemon_client import Ask
    from dcos_installer.remote import Remote
    from dcos_installer.services import Catalog


class PostflightFailed(InstallerError):
    """A deployed host does not meet the requirements. ``evidence`` has a line for each."""

    evidence_title = "problems:"


def check_host(host: HostSpec, remote: Remote, services: Catalog, units: tuple[str, ...]) -> None:
    """Raises `PostflightFailed` with all problems of ``host``."""
    wrong = problems(_testinfra(remote), host, services, units)
    if wrong:
        raise PostflightFailed(
            f"{host.name} does not pass the checks",
            hint="look at the units named here with: dcos-installer ssh INVENTORY " + host.name,
            evidence="\n".join(wrong),
        )


def problems(machine: Any, host: HostSpec, services: Catalog, units: tuple[str, ...]) -> list[str]:
    """The problems of a machine, as sentences. ``machine`` is testinfra's ``Host``, whose modules have no types."""
    wrong = []
    for unit in units:
        service = machine.service(unit)
        if not service.is_running:
            wrong.append(f"{unit} does not run")
        if not service.is_enabled:
            wrong.append(f"{unit} would not start at the next boot")
    if not machine.file("/opt/dcos/active").is_symlink:
        wrong.append("/opt/dcos/active leads to no generation")
    for service in services.on(host):
        for port in service.ports.values():
            if port.leader_only:
                continue
            # At its own address, or at every one.
            at = (host.address, "0.0.0.0") if port.every_address else (host.address,)
            if not any(machine.socket(f"tcp://{address}:{port.number}").is_listening for address in at):
                wrong.append(f"nothing listens on {host.address}:{port.number}")
    for folder in ("/var/lib/dcos", "/opt/dcos"):
        if machine.file(folder).mode & 0o022:
            wrong.append(f"{folder} may be written by others than root")
    return wrong


def check_metrics(ask: Ask, host: HostSpec, services: Catalog) -> None:
    """Raises `PostflightFailed` unless each daemon of ``host`` that has metrics returns them, as one JSON object."""
    wrong = []
    for service in services.on(host):
        if service.metrics is None:
            continue
        url = services.url(service.name, service.metrics.port, host.address) + service.metrics.path
        try:
            metrics = ask(url)
        except NotWell as error:
            wrong.append("; ".join(part for part in (error.what, error.why) if part))
            continue
        if not isinstance(metrics, dict):
            wrong.append(f"{url} returns no JSON object")
    if wrong:
        raise PostflightFailed(
            f"not every daemon of {host.name} returns its metrics",
            hint="look at the units named here with: dcos-installer ssh INVENTORY " + host.name,
            evidence="\n".join(wrong),
        )


def _testinfra(remote: Remote) -> Any:
    from testinfra.backend.base import BaseBackend, CommandResult
    from testinfra.host import Host

    class OverRemote(BaseBackend):
        """Runs testinfra's commands through `Remote`: there is one way to reach a machine, with host keys checked."""

        NAME = "dcos"

        def run(self, command: str, *args: str, **kwargs: Any) -> CommandResult:
            line = self.get_command(command, *args)
            finished = remote.run(["/bin/sh", "-c", line], what="check the host", check=False)
            result: CommandResult = self.result(finished.returncode, line.encode(), finished.stdout, finished.stderr)
            return result

    logging.getLogger("testinfra").setLevel(logging.WARNING)
    return Host(OverRemote(remote.host.name))
