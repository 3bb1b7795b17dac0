"""The HAProxy of this balancer: started, given a new configuration without losing a connection, told of servers."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from load_balancer.configuration import generation

log = logging.getLogger("load-balancer")

ANSWER_SECONDS = 5.0
SWITCH_SECONDS = 20.0
_PLACES = ("/usr/sbin/haproxy", "/usr/local/sbin/haproxy")


class Unusable(Exception):
    """HAProxy is missing, or does not take what it is given. The text says why."""


def find() -> str:
    """The program. Raises `Unusable`."""
    found = shutil.which("haproxy") or next((one for one in _PLACES if os.access(one, os.X_OK)), None)
    if found is None:
        raise Unusable(
            "there is no haproxy on this machine: install its Debian package (haproxy) on every agent that may run "
            "the load balancer, or keep it to those that have it with a constraint"
        )
    return found


class HAProxy:
    """``folder`` holds the configuration and the socket, and is this process's alone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._program = find()
        self._process: subprocess.Popen[bytes] | None = None
        self.socket = folder / "admin.sock"

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def configure(self, text: str) -> None:
        """Has the text in force: by a first start, or by new workers that take over the ports. Raises `Unusable`;
        a former configuration then stays in force.
        """
        new = self._folder / "haproxy.new"
        current = self._folder / "haproxy.cfg"
        new.write_text(text)
        checked = subprocess.run([self._program, "-c", "-q", "-f", str(new)], capture_output=True, check=False)
        if checked.returncode != 0:
            raise Unusable(f"HAProxy refuses the configuration: {checked.stderr.decode(errors='replace')[-2000:]}")
        former = current.read_text() if current.exists() else None
        new.replace(current)
        if self._process is None or self._process.poll() is not None:
            self._process = subprocess.Popen([self._program, "-W", "-db", "-f", str(current)], stdin=subprocess.DEVNULL)
        else:
            self._process.send_signal(signal.SIGUSR2)
        name = text.partition("LOAD_BALANCER_GENERATION ")[2].partition("\n")[0]
        deadline = time.monotonic() + SWITCH_SECONDS
        while not self._runs(name):
            if not self.running or time.monotonic() > deadline:
                if former is not None:
                    current.write_text(former)
                raise Unusable(f"HAProxy did not take the configuration {generation(text)}: see what it said above")
            time.sleep(0.05)

    def tell(self, commands: Sequence[str]) -> None:
        """Raises `Unusable` when one is not understood."""
        for command in commands:
            answer = self._ask(command).strip()
            # Some tell what they changed; what went wrong begins otherwise.
            if answer and not answer.startswith(("IP changed", "no need to change", "port changed")):
                raise Unusable(f"HAProxy does not do {command!r}: {answer[:300]}")

    def _runs(self, name: str) -> bool:
        try:
            return name in self._ask("show env LOAD_BALANCER_GENERATION")
        except OSError:
            return False

    def _ask(self, command: str) -> str:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(ANSWER_SECONDS)
            connection.connect(str(self.socket))
            connection.sendall(command.encode() + b"\n")
            parts = []
            while part := connection.recv(65536):
                parts.append(part)
        return b"".join(parts).decode(errors="replace")

    def stop(self) -> None:
        """Lets it finish what it is in the middle of, for some seconds."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGUSR1)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
