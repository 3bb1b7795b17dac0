"""Real ZooKeeper processes on loopback, with the templates of installed clusters."""

from __future__ import annotations

import base64
import hashlib
import os
import shlex
import shutil
import signal
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

from dcos_installer.config.model import HostSpec, SshSpec
from dcos_installer.plan import materials
from dcos_installer.plan.manifest import ACTIVE
from tests.support.daemons.byhand import free_port, wait_for

JAR = Path("/usr/share/java/zookeeper.jar")
SUPER = "super:only-for-tests"
SECRET_LINE = "DigestAuthenticationProvider.superDigest=super:" + base64.b64encode(
    hashlib.sha1(SUPER.encode(), usedforsecurity=False).digest()
).decode("ascii")
START_SECONDS = 240.0


class ZooKeeperServer:
    """One member; without others an ensemble of its own.

    ``members``: number and address of all that the inventory would list, itself among them.
    """

    def __init__(
        self,
        folder: Path,
        *,
        number: int = 1,
        members: Sequence[tuple[int, str]] = ((1, "127.0.0.1"),),
        ports: SimpleNamespace | None = None,
        tick_ms: int = 500,
        founding: bool = True,
    ) -> None:
        self.folder = folder
        self.number = number
        self.address = dict(members)[number]
        self.ports = ports or free_ports()
        self.generation, self.state, self.secret = folder / "generation", folder / "state", folder / "zookeeper-super"
        self.process: subprocess.Popen[bytes] | None = None
        home = self.generation / "etc" / "zookeeper"
        home.mkdir(parents=True)
        self.state.mkdir()
        self.secret.write_text(SECRET_LINE + "\n")
        known = materials.load().with_options("zookeeper", {"tick_ms": tick_ms})
        role = known.role("zookeeper")
        for name, text in {
            "zoo.cfg": role.render("zoo.cfg.j2"),
            "self": role.render("self.j2", number=number, address=self.address),
            "members": role.render("members.j2", members=members, ports=self.ports, founding=founding),
            "prepare.py": role.file("prepare.py"),
        }.items():
            (home / name).write_text(text)
        master = HostSpec(
            name="m1", address=self.address, roles=frozenset({"master"}), ssh=SshSpec(address=self.address)
        )
        self._unit = role.render(
            "dcos-zookeeper.service.j2",
            active=ACTIVE,
            services=known.services,
            service=known.services["zookeeper"],
            host=master,
        )

    @property
    def port(self) -> int:
        return int(self.ports.client)

    @property
    def hosts(self) -> str:
        return f"{self.address}:{self.port}"

    @property
    def line(self) -> str:
        """The member's line in a reconfiguration."""
        lines = (self.generation / "etc" / "zookeeper" / "members").read_text().splitlines()
        return next(line for line in lines if line.startswith(f"server.{self.number}="))

    def command(self, setting: str) -> list[str]:
        """The unit's command, with this member's paths."""
        text = self._unit.replace("\\\n", " ")
        line = next(line for line in text.splitlines() if line.startswith(f"{setting}="))
        places = {
            ACTIVE: str(self.generation),
            "/var/lib/dcos/zookeeper": str(self.state),
            "/etc/dcos-secrets/zookeeper-super": str(self.secret),
        }
        for installed, here in places.items():
            line = line.replace(installed, here)
        return shlex.split(line.partition("=")[2])

    def launch(self) -> None:
        """Starts it, and does not wait: one of several serves when a majority runs."""
        if shutil.which("java") is None or not JAR.exists():
            raise AssertionError(
                "these tests run real ZooKeepers: apt install default-jre-headless libzookeeper-java libslf4j-java"
            )
        prepared = subprocess.run(self.command("ExecStartPre"), capture_output=True, text=True, check=False, umask=0o77)
        if prepared.returncode != 0:
            raise AssertionError(f"prepare.py ended with {prepared.returncode}:\n{prepared.stderr}")
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command("ExecStart"),
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                env={**os.environ, "MALLOC_ARENA_MAX": "1"},
                umask=0o77,
            )

    def wait(self) -> None:
        assert self.process is not None

        def done() -> bool:
            assert self.process is not None
            ended = self.process.poll() is not None
            if self.serves():
                return True
            if ended:
                raise AssertionError(f"ZooKeeper ended:\n{(self.folder / 'log').read_text()[-3000:]}")
            return False

        wait_for(done, START_SECONDS, f"a ZooKeeper that serves (its log is {self.folder / 'log'})")

    def start(self) -> None:
        self.launch()
        try:
            self.wait()
        except BaseException:
            self.kill()
            raise

    def serves(self) -> bool:
        return self.mode() != ""

    def mode(self) -> str:
        """``leader``, ``follower``, or empty while it does not serve."""
        try:
            with socket.create_connection((self.address, self.port), timeout=60) as connection:
                connection.sendall(b"srvr")
                said = connection.makefile("rb").read().decode()
        except OSError:
            return ""
        return next((line.partition(": ")[2] for line in said.splitlines() if line.startswith("Mode: ")), "")

    def send(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait()


def free_ports() -> SimpleNamespace:
    return SimpleNamespace(client=free_port(), peer=free_port(), election=free_port())


class Ensemble:
    """``count`` members at 127.0.1.1, 127.0.1.2, …, all of the same ports, as on machines."""

    def __init__(self, folder: Path, count: int = 3, tick_ms: int = 500) -> None:
        self.folder = folder
        self.tick_ms = tick_ms
        self.ports = free_ports()
        self.members = [self.member(number, range(1, count + 1)) for number in range(1, count + 1)]

    def member(self, number: int, listed: Sequence[int], founding: bool = True) -> ZooKeeperServer:
        return ZooKeeperServer(
            self.folder / f"zookeeper{number}",
            number=number,
            members=[(each, f"127.0.1.{each}") for each in listed],
            ports=self.ports,
            tick_ms=self.tick_ms,
            founding=founding,
        )

    @property
    def hosts(self) -> str:
        return ",".join(member.hosts for member in self.members)

    def start(self) -> None:
        try:
            for member in self.members:
                member.launch()
            for member in self.members:
                member.wait()
        except BaseException:
            self.kill()
            raise

    def leader(self) -> ZooKeeperServer:
        def leading() -> ZooKeeperServer | None:
            return next((member for member in self.members if member.mode() == "leader"), None)

        found: ZooKeeperServer = wait_for(leading, START_SECONDS, "a member that leads")
        return found

    def kill(self) -> None:
        for member in self.members:
            member.kill()
