"""A cluster that was deployed through the command line, as its operator and its users see it."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import shlex
import ssl
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dcos_installer.config.model import ClusterSpec
from dcos_installer.providers.base import Provider
from dcos_installer.providers.registry import open_provider
from dcos_installer.remote import Remote
from dcos_installer.spec import load_spec
from dcos_installer.state import ClusterState, find_state
from tests.support.daemons.byhand import wait_for
from tests.support.documented import all_fences

PROGRAMS = Path(sys.executable).parent

MASTER, INIT, GATEWAY = 5049, 8443, 443
"""The endpoints for the operator's questions: all except ZooKeeper's require a certificate."""

_NOT_SHAKEN = (
    *("Connection closed by", "Connection reset by", "banner exchange", "kex_exchange_identification"),
    "ssh_dispatch_run_fatal",
)
"""The message of ssh when a starved sshd gave up before the command started."""

ANSWER_SECONDS = 3.0
"""The longest time of an answer. Less than a ZooKeeper session: see `Observer`."""

_PIDS = """
import os, sys
for pid in sorted(filter(str.isdigit, os.listdir('/proc')), key=int):
    try:
        if sys.argv[1].encode() in open(f'/proc/{pid}/environ', 'rb').read().split(bytes(1)):
            print(pid)
    except OSError:
        pass
"""

DEADLINE = 1800
"""Seconds for a command. With nothing cached, a deploy builds image and bundle first: minutes, many on a busy host."""


def exchange(connection: http.client.HTTPSConnection, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    """One request: status, and decoded JSON (or text). Raises ``OSError``."""
    try:
        headers = {} if body is None else {"Content-Type": "application/json"}
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        response = connection.getresponse()
        text = response.read().decode()
    except http.client.HTTPException as error:
        raise ConnectionError(f"{method} {path}: {type(error).__name__} {error}") from error
    with contextlib.suppress(ValueError):
        return response.status, json.loads(text)
    return response.status, text


def installer_lines() -> list[str]:
    """The commands of the installer's page."""
    (text,) = [one.text for one in all_fences() if one.document == "docs/installer.md" and one.language == "sh"]
    return text.splitlines()


def installer_line(verb: str) -> str:
    (line,) = [line for line in installer_lines() if line.split()[1] == verb]
    return line


@dataclass
class Deployed:
    """One cluster: its inventory, the operator's state folder, and actions on it."""

    umask = -1
    """The CPU niceness of the operator's commands; -1: that of the tests."""

    inventory: Path
    home: Path
    """Contains ``state`` (the operator's) and ``client`` (of the ``dcos`` command)."""
    output: str = ""
    """The output of the deploy."""
    addresses: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        group = ""
        self.groups: dict[str, list[str]] = {}
        for line in self.inventory.read_text().splitlines():
            if found := re.fullmatch(r"\[(\S+)\]", line.strip()):
                group = found[1]
            elif found := re.match(r"(\S+) ansible_host=(\S+)", line):
                self.addresses[found[1]] = found[2]
                self.groups.setdefault(group, []).append(found[1])

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("DCOS_", "ANSIBLE_"))}
        return {**kept, "XDG_STATE_HOME": str(self.home / "state"), "DCOS_DIR": str(self.home / "client")}

    @property
    def hosts(self) -> list[str]:
        return list(self.addresses)

    @property
    def masters(self) -> list[str]:
        return self.groups["masters"]

    @property
    def agents(self) -> list[str]:
        return [*self.groups["agents"], *self.groups.get("public_agents", [])]

    def address(self, host: str) -> str:
        return self.addresses[host]

    def host_at(self, address: str) -> str:
        (name,) = [name for name, known in self.addresses.items() if known == address]
        return name

    # --- the content of its operator's state ---

    @property
    def state_folder(self) -> ClusterState:
        found = find_state(self.inventory, self.home / "state" / "dcos")
        assert found is not None, "nothing was deployed yet"
        return found

    @property
    def spec(self) -> ClusterSpec:
        return load_spec(self.inventory, self.state_folder.cluster_id)

    @property
    def provider(self) -> Provider:
        return open_provider(self.spec, self.state_folder.root)

    def remote(self, host: str) -> Remote:
        spec = self.spec.host(host)
        return Remote(spec, self.provider.ssh(spec))

    # --- commands ---

    def run(
        self, program: str, *words: str, stdin: str | None = None, timeout: float = DEADLINE
    ) -> subprocess.CompletedProcess[str]:
        given: dict[str, Any] = {"stdin": subprocess.DEVNULL} if stdin is None else {"input": stdin}
        return subprocess.run(
            [str(PROGRAMS / program), *words],
            capture_output=True,
            text=True,
            env=self.environment,
            timeout=timeout,
            umask=self.umask,
            **given,
        )

    def installer(self, verb: str, *words: str, timeout: float = DEADLINE) -> subprocess.CompletedProcess[str]:
        return self.run("dcos-installer", verb, str(self.inventory), *words, timeout=timeout)

    def told_well(self, *words: str) -> str:
        """What `status` prints once all is well: a starved machine may answer too late at first."""

        def shown() -> str:
            done = self.installer("status", *words)
            return done.stdout if done.returncode == 0 else ""

        text: str = wait_for(shown, 60, "a cluster that is well")
        return text

    def documented(self, verb: str, *hosts: str, timeout: float = DEADLINE) -> subprocess.CompletedProcess[str]:
        """Runs the line of the installer's page with that verb unchanged, except inventory and hosts."""
        line = installer_line(verb)
        words = line.split()
        at = next(index for index, word in enumerate(words) if word.endswith(".ini"))
        assert bool(words[at + 1 :]) is bool(hosts), f"{line}: run for {hosts}"
        script = " ".join([*words[:at], shlex.quote(str(self.inventory)), *hosts])
        return subprocess.run(
            ["/bin/sh", "-c", script],
            env={**self.environment, "PATH": f"{PROGRAMS}:{os.environ['PATH']}"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            umask=self.umask,
        )

    def dcos(self, *words: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        return self.run("dcos", *words, stdin=stdin)

    def ssh(self, host: str, command: str, check: bool = True) -> str:
        """The output of a shell command on the machine, without the last line end. Not through ``dcos-installer ssh``,
        which takes half a second of a processor each time.
        """
        argv = self.remote(host).argv(["/bin/sh", "-c", command])
        for _ in range(5):
            done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=DEADLINE)
            if done.returncode != 255 or not any(mark in done.stderr for mark in _NOT_SHAKEN):
                break
        assert not check or done.returncode == 0, f"{host}: {command}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def switch_as_documented(self, verb: str, *hosts: str) -> None:
        """``start``, ``power-off`` or ``reboot``."""
        done = self.documented(verb, *hosts)
        assert done.returncode == 0, f"{verb} {hosts}: {done.stdout}{done.stderr}"

    def power_off(self, *hosts: str) -> None:
        self._switch("power-off", hosts)

    def start(self, *hosts: str) -> None:
        self._switch("start", hosts)

    def _switch(self, verb: str, hosts: tuple[str, ...]) -> None:
        # A fault strikes at once, whatever runs: the first master is not asked for the lock before.
        done = self.installer(verb, "--ignore-lock", *hosts)
        assert done.returncode == 0, f"{verb} {hosts}: {done.stdout}{done.stderr}"

    # --- requests to daemons ---

    def get(self, host: str, port: int, path: str) -> tuple[int, Any]:
        """One GET as the operator; redirects are returned, not followed."""
        return self.send(host, port, "GET", path)

    def send(
        self, host: str, port: int, method: str, path: str, body: Any = None, seconds: float = ANSWER_SECONDS
    ) -> tuple[int, Any]:
        """One request with the operator's certificate: status, and decoded JSON (or text)."""
        connection = self.connection(host, port, seconds)
        try:
            return exchange(connection, method, path, body)
        finally:
            connection.close()

    def connection(self, host: str, port: int, seconds: float = ANSWER_SECONDS) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection(self.address(host), port, timeout=seconds, context=self._tls)

    @property
    def _tls(self) -> ssl.SSLContext:
        secrets = self.state_folder.secrets
        context = ssl.create_default_context(cafile=str(secrets / "ca.crt"))
        context.load_cert_chain(secrets / "operator.pem")
        return context

    # --- the state of the cluster ---

    def marathon(self, path: str) -> Any:
        """The init's answer to a GET, decoded."""
        return self._answer(INIT, path)

    def master(self, path: str) -> Any:
        """The leading master's answer to a GET, decoded. Raises ``ValueError`` while there is none."""
        return self._answer(MASTER, path)

    def state(self) -> Any:
        return self.master("/state")

    def _answer(self, port: int, path: str) -> Any:
        status, answer = self.send(self.masters[0], port, "GET", path, seconds=120)
        if status != 200:
            raise ValueError(f"GET {path}: {status} {answer}")
        return answer

    def registered(self, address: str) -> bool:
        """Whether the agent at this address is active at the master."""
        state = self.state()
        return any(agent["hostname"] == address and agent["active"] for agent in state["slaves"])

    def frameworks_connected(self, name: str) -> bool:
        state = self.state()
        return any(framework["name"] == name and framework["connected"] for framework in state["frameworks"])

    # --- the state of its machines ---

    def pids_with(self, host: str, mark: str) -> list[str]:
        """The machine's processes with the variable ``NAME=value`` in their environment."""
        return self.ssh(host, f"python3 -c {shlex.quote(_PIDS)} {shlex.quote(mark)}").split()

    def cgroup_value(self, host: str, pid: str, controller: str, file: str) -> str:
        """One file of the process's cgroup (v1), read on its machine."""
        (path,) = [
            line.split(":", 2)[2]
            for line in self.ssh(host, f"cat /proc/{pid}/cgroup").splitlines()
            if controller in line.split(":", 2)[1].split(",")
        ]
        return self.ssh(host, f"cat /sys/fs/cgroup/{controller}{path}/{file}")

    def fill_disk(self, host: str) -> None:
        """Also keeps it full: other processes free space, such as a journal that is rotated."""
        fill = "while :; do cat /dev/zero >> /var/tmp/filling 2>/dev/null; sleep 0.2; done"
        self.ssh(host, f"systemd-run --quiet --collect --unit=filling /bin/sh -c {shlex.quote(fill)}")
        self.wait_full(host)

    def wait_full(self, host: str) -> None:
        full = "! dd if=/dev/zero of=/var/tmp/more bs=1M count=1 2>/dev/null && echo full; rm -f /var/tmp/more"
        wait_for(lambda: self.ssh(host, full, check=False) == "full", 120, f"the disk of {host} being full")

    def free_disk(self, host: str) -> None:
        self.ssh(host, "systemctl stop filling; rm -f /var/tmp/filling /var/tmp/more")

    def events(self, text: str) -> list[dict[str, Any]]:
        """The objects of ``--json`` output."""
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]
