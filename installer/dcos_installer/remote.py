"""Commands on a cluster's machines, through SSH with host keys always checked."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dcos_installer import sockets
from dcos_installer.errors import InstallerError
from dcos_installer.process import CommandResult, run, tail

if TYPE_CHECKING:
    from dcos_installer.config.model import HostSpec
    from dcos_installer.machines import SshTarget

_SSH_FAILED = 255
_CONNECT_SECONDS = 10


class SshFailed(InstallerError):
    """SSH did not reach a machine. ``host`` is its name."""

    def __init__(self, host: str, what: str, **rest: Any) -> None:
        self.host = host
        super().__init__(what, **rest)


class Remote:
    """Runs commands as root on one machine. Connections are shared through ``control_dir`` when given. ``patience`` is
    the factor of all deadlines.
    """

    def __init__(
        self, host: HostSpec, target: SshTarget, control_dir: Path | None = None, patience: float = 1.0
    ) -> None:
        self.host = host
        self.target = target
        self.patience = patience
        self._control_dir = control_dir

    def argv(self, command: Sequence[str] = (), *, terminal: bool = False) -> list[str]:
        """The ssh command line that runs ``command`` there as root; without a command, a shell."""
        target = self.target
        argv = ["ssh"]
        if target.known_hosts_file is not None:
            # The cluster's own keys: the operator's SSH configuration is not used.
            argv += [
                "-F",
                "none",
                "-o",
                f"UserKnownHostsFile={sockets.as_word(target.known_hosts_file)}",
                "-o",
                "GlobalKnownHostsFile=none",
            ]
        argv += [
            "-o",
            "StrictHostKeyChecking=yes",
            "-o",
            f"ConnectTimeout={_CONNECT_SECONDS * self.patience:.0f}",
            *sockets.ALIVE,
        ]
        if target.identity_file is not None:
            argv += ["-o", f"IdentityFile={sockets.as_word(target.identity_file)}", "-o", "IdentitiesOnly=yes"]
        argv += ["-J", target.jump] if target.jump else []
        argv += sockets.options(self._control_dir)
        argv += ["-t"] if terminal else ["-o", "BatchMode=yes"]
        argv += ["-p", str(target.port), "-l", target.user, target.address]
        become = ["sudo", "-n", "--"] if self.host.ssh.become else []
        if command:
            argv += ["--", shlex.join([*become, *command])]
        elif become:
            argv += ["--", "sudo -n -i"]
        return argv

    def run(
        self, command: Sequence[str], *, what: str, deadline: float = 60, stdin: str | bytes = b"", check: bool = True
    ) -> CommandResult:
        """Runs ``command`` there as root. Raises as `process.run` does, and `SshFailed`."""
        finished = run(
            self.argv(command),
            deadline=deadline * self.patience,
            what=f"{what} on {self.host.name}",
            stdin=stdin,
            check=False,
        )
        if finished.returncode == _SSH_FAILED:
            raise SshFailed(
                self.host.name,
                f"{self.host.name} cannot be reached by SSH at {self.target.address}",
                why=finished.stderr.strip().splitlines()[-1] if finished.stderr.strip() else "ssh gave no reason",
                hint=self._hint(finished.stderr),
                evidence=tail(finished.stderr),
            )
        if check and finished.returncode != 0:
            raise InstallerError(
                f"could not {what} on {self.host.name}",
                hint="correct what its output says there, then run again",
                why=f"{shlex.join(command)[:200]} ended with code {finished.returncode}",
                evidence=tail(finished.stderr or finished.stdout),
            )
        return finished

    def script(self, text: str, arguments: Sequence[str] = (), *, what: str, deadline: float = 60) -> CommandResult:
        """Runs a shell script there as root. It is sent on stdin, so no command line shows it."""
        return self.run(["/bin/sh", "-eus", "--", *arguments], what=what, deadline=deadline, stdin=text)

    def _hint(self, stderr: str) -> str:
        name = self.host.name
        if "Host key verification failed" in stderr or "HOST IDENTIFICATION HAS CHANGED" in stderr:
            return f"the host key of {name} is unknown or another one: check it, then put it into known_hosts"
        if "Permission denied" in stderr:
            return f"let the user {self.target.user} of {name} log in with this key (ansible_ssh_private_key_file)"
        return f"see that {name} runs and that {self.target.address} port {self.target.port} is open to this machine"
