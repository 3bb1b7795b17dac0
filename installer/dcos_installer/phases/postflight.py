"""What a host must show once it is deployed: with testinfra over the installer's own SSH, and at its gateway."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from dcos_installer.daemon_client import NotWell
from dcos_installer.errors import InstallerError
from dcos_installer.phases.health import gateway_url, login

if TYPE_CHECKING:
    from dcos_installer.config.model import HostSpec, Ports
    from dcos_installer.daemon_client import Ask
    from dcos_installer.remote import Remote
    from dcos_installer.secrets.roots import Administrator


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
    listening = {
        "master": (
            ports.zookeeper,
            ports.master,
            ports.master_agents,
            ports.marathon,
            ports.marathon_tls,
            ports.gateway_http,
            ports.gateway_https,
        ),
        "agent": (ports.agent, ports.agent_tls),
    }
    for port in listening["master" if host.is_master else "agent"]:
        # At its own address, or (the gateway) at every one.
        if not any(machine.socket(f"tcp://{at}:{port}").is_listening for at in (host.address, "0.0.0.0")):
            wrong.append(f"nothing listens on {host.address}:{port}")
    for folder in ("/var/lib/dcos", "/opt/dcos"):
        if machine.file(folder).mode & 0o022:
            wrong.append(f"{folder} may be written by others than root")
    return wrong


def check_gateway(ask: Ask, host: HostSpec, ports: Ports, who: Administrator) -> bool:
    """Raises `PostflightFailed` unless the host's gateway, held to the cluster's CA, does what it is there for.

    Returns whether the administrator could log in: once the password was told, it may have been changed.
    """
    wrong, url = [], gateway_url(host, ports)
    plain = f"http://{host.address}:{ports.gateway_http}/mesos/state"

    def status(url: str, **more: Any) -> int:
        try:
            ask(url, **more)
        except NotWell as error:
            if not error.status:
                raise
            return error.status
        return 200

    token = ""
    try:
        for path, wanted in (("/health", 200), ("/mesos/state-summary", 401), ("/marathon/v2/apps", 401)):
            if (found := status(url + path)) != wanted:
                wrong.append(f"{url}{path} answers {found} without a token, not {wanted}")
        if (found := status(plain)) != 308:
            wrong.append(f"{plain} answers {found}, and does not lead to HTTPS")
        try:
            token = login(ask, url, who.uid, who.password)
        except NotWell as error:
            if error.status != 401 or not who.told:
                raise
        if token:
            for path in ("/mesos/state-summary", "/marathon/v2/info"):
                if (found := status(url + path, headers={"Authorization": f"token={token}"})) != 200:
                    wrong.append(f"{url}{path} answers {found} with a token of {who.uid}")
    except NotWell as error:
        wrong.append("; ".join(part for part in (error.what, error.why) if part))
    if wrong:
        raise PostflightFailed(
            f"the gateway of {host.name} is not as it should be",
            hint="look at dcos-gateway.service and dcos-auth.service with: dcos-installer ssh INVENTORY " + host.name,
            evidence="\n".join(wrong),
        )
    return bool(token)


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
