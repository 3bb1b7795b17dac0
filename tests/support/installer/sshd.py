"""Machines that are an SSH server on loopback each, with accounts of their own: real sshd, sudo and OpenSSH's files."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from dcos_installer.state import open_state
from tests.support.daemons.byhand import free_port
from tests.support.installer.warm_installer import WarmInstaller, warm_installer

ROOT = Path(__file__).parents[3]
PROGRAM = ROOT / ".venv" / "bin" / "dcos-installer"
SSHD = "/usr/sbin/sshd"
USER = "dcos-op"
"""The user who logs in where commands go through sudo. His password:"""
PASSWORD = "correct horse"
_READY_SECONDS = 120

needs_sshd = pytest.mark.skipif(
    os.geteuid() != 0 or not Path(SSHD).exists() or shutil.which("sudo") is None,
    reason="needs root, openssh-server and sudo (installer/setup-host tests)",
)


@dataclass
class LoopbackHost:
    """One machine: an sshd at an address of its own."""

    name: str
    address: str
    port: int
    folder: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def public_key(self) -> str:
        return " ".join((self.folder / "host_key.pub").read_text().split()[:2])

    @property
    def small(self) -> Path:
        """The machine's disk of 1 MB, which only it sees."""
        return self.folder / "small"

    @property
    def known(self) -> str:
        """Its line for known_hosts."""
        return f"[{self.address}]:{self.port} {self.public_key}\n"

    def new_key(self, kind: str = "ed25519") -> None:
        for path in (self.folder / "host_key", self.folder / "host_key.pub"):
            path.unlink(missing_ok=True)
        keygen(self.folder / "host_key", kind)

    def start(self, sudoers: str = "", settings: str = "") -> None:
        config = self.folder / "sshd_config"
        config.write_text(
            f"ListenAddress {self.address}:{self.port}\nHostKey {self.folder}/host_key\nPidFile none\nUsePAM no\n"
            "AuthorizedKeysFile none\nAuthorizedKeysCommandUser root\n"
            f"AuthorizedKeysCommand /bin/cat {self.folder}/authorized_keys\nPermitRootLogin prohibit-password\n"
            f"PasswordAuthentication no\nMaxStartups 100\n{settings}"
        )
        (self.folder / "passwd").write_text(Path("/etc/passwd").read_text() + f"{USER}:x:54321:54321::/:/bin/bash\n")
        crypted = subprocess.run(
            ["openssl", "passwd", "-6", "-stdin"], input=PASSWORD, capture_output=True, text=True, check=True
        ).stdout.strip()
        (self.folder / "shadow").write_text(Path("/etc/shadow").read_text() + f"{USER}:{crypted}:19000:0:99999:7:::\n")
        (self.folder / "shadow").chmod(0o600)
        (self.folder / "sudoers").write_text(f"Defaults !lecture\nroot ALL=(ALL:ALL) ALL\n{sudoers}\n")
        (self.folder / "sudoers").chmod(0o440)
        views = {f"/etc/{name}": self.folder / name for name in ("passwd", "shadow", "sudoers")}
        self.small.mkdir(exist_ok=True)
        tiny = ["/bin/sh", "-c", 'mount -t tmpfs -o size=1m none "$1" && shift && exec "$@"', "-", str(self.small)]
        self.process = subprocess.Popen(
            seeing(views, [*tiny, SSHD, "-D", "-e", "-f", str(config)]),
            stdin=subprocess.DEVNULL,
            stderr=(self.folder / "log").open("ab"),
            start_new_session=True,
        )
        until = time.monotonic() + _READY_SECONDS
        while not _answers(self.address, self.port):
            assert self.process.poll() is None and time.monotonic() < until, (self.folder / "log").read_text()
            time.sleep(0.02)

    def stop(self) -> None:
        """With the connections that are open."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.process.pid, signal.SIGTERM)
            self.process.wait(_READY_SECONDS)
            self.process = None


@dataclass
class LoopbackHosts:
    """A static cluster of such machines, and its operator: the inventory, state, SSH key and known_hosts."""

    folder: Path
    hosts: Mapping[str, LoopbackHost]
    warm: WarmInstaller
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def inventory(self) -> Path:
        return self.folder / "inventory.ini"

    @property
    def dot_ssh(self) -> Path:
        return self.folder / "dot-ssh"

    def __getitem__(self, name: str) -> LoopbackHost:
        return self.hosts[name]

    def know(self, *names: str) -> None:
        """known_hosts contains exactly these hosts' keys."""
        self.dot_ssh.joinpath("known_hosts").write_text("".join(self[name].known for name in names))

    def argv(self, *words: str) -> list[str]:
        """`dcos-installer` with these words, as typed by the operator."""
        return seeing({"/root/.ssh": self.dot_ssh}, [str(PROGRAM), *words])

    def run(
        self, verb: str, *words: str, stdin: bytes = b"", timeout: float = 300
    ) -> subprocess.CompletedProcess[bytes]:
        """``dcos-installer VERB INVENTORY WORDS…``."""
        return self.warm.run([verb, str(self.inventory), *words], self.environment, stdin, timeout)

    def popen(self, verb: str, *words: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self.argv(verb, str(self.inventory), *words),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.environment,
        )


def keygen(path: Path, kind: str = "ed25519") -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", path], check=True, stdin=subprocess.DEVNULL)


def seeing(views: Mapping[str, Path], argv: Sequence[str]) -> list[str]:
    """Runs ``argv`` in a mount namespace in which each of these files or folders is replaced by another."""
    script = "".join('mount --bind "$1" "$2" || exit 99; shift 2; ' for _ in views)
    pairs = [word for path, instead in views.items() for word in (str(instead), path)]
    return ["unshare", "--mount", "--propagation", "private", "/bin/sh", "-c", f'{script}exec "$@"', "-", *pairs, *argv]


@contextlib.contextmanager
def loopback_hosts(
    folder: Path, inventory: str, *, become: bool = False, sudoers: str = f"{USER} ALL=(ALL) NOPASSWD: ALL"
) -> Iterator[LoopbackHosts]:
    """Hosts named in ``inventory`` as ``{m1}``: each such word becomes the host's line. All are known and run."""
    import re

    names = list(dict.fromkeys(re.findall(r"\{(\w+)\}", inventory)))
    dot_ssh = folder / "dot-ssh"
    dot_ssh.mkdir(mode=0o700)
    Path("/root/.ssh").mkdir(mode=0o700, exist_ok=True)  # the mount point of a replacement
    Path("/run/sshd").mkdir(exist_ok=True)
    keygen(folder / "id")
    hosts, lines = {}, {}
    for number, name in enumerate(names, start=11):
        place = folder / "machines" / name
        place.mkdir(parents=True)
        address = f"127.0.77.{number}"
        hosts[name] = LoopbackHost(name, address, free_port(), place)
        keygen(place / "host_key")
        shutil.copy(folder / "id.pub", place / "authorized_keys")
        lines[name] = (
            f"{name} ansible_host={address} dcos_address=198.18.77.{number} ansible_port={hosts[name].port}"
            + (f" ansible_user={USER} ansible_become=true" if become else "")
        )
    stack = contextlib.ExitStack()
    made = LoopbackHosts(
        folder, hosts, stack.enter_context(warm_installer(lambda argv: seeing({"/root/.ssh": dot_ssh}, argv)))
    )
    made.inventory.write_text(
        inventory.format(**lines)
        + "\n[all:vars]\ndcos_provider=static\ndcos_operator_networks=198.18.77.1\n"
        + f"ansible_ssh_private_key_file={folder / 'id'}\n"
    )
    made.environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "XDG_STATE_HOME": str(folder / "state"),
        "LC_ALL": "C.UTF-8",
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", made.environment["XDG_STATE_HOME"])
        open_state(made.inventory)
    made.know(*names)
    try:
        for host in hosts.values():
            host.start(sudoers)
        yield made
    finally:
        for host in hosts.values():
            host.stop()
        stack.close()


def processes(marker: str) -> list[int]:
    """The processes whose command line contains ``marker``, without our own."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if marker.encode() in path.read_bytes() and int(path.parent.name) != os.getpid():
                found.append(int(path.parent.name))
    return found


def _answers(address: str, port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection((address, port), timeout=5):
        return True
    return False
