"""`dcos-installer` without its start-up: one process that has loaded it, and is forked for every call."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class WarmInstaller:
    """The other end of that process."""

    connection: socket.socket

    def run(
        self, argv: Sequence[str], environment: Mapping[str, str], stdin: bytes, timeout: float
    ) -> subprocess.CompletedProcess[bytes]:
        """Like ``subprocess.run`` with its output captured."""
        with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            given.write(stdin)
            given.flush()
            given.seek(0)
            order = json.dumps({"argv": list(argv), "environment": dict(environment)}).encode()
            self.connection.settimeout(timeout)
            socket.send_fds(self.connection, [order], [given.fileno(), out.fileno(), err.fileno()])
            pid = int(self.connection.recv(100))
            try:
                code = int(self.connection.recv(100))
            except TimeoutError:
                os.kill(pid, signal.SIGKILL)
                self.connection.settimeout(None)
                self.connection.recv(100)
                raise subprocess.TimeoutExpired(list(argv), timeout) from None
            out.seek(0)
            err.seek(0)
            return subprocess.CompletedProcess(list(argv), code, out.read(), err.read())


@contextlib.contextmanager
def warm_installer(wrapped: Callable[[list[str]], list[str]]) -> Iterator[WarmInstaller]:
    """``wrapped`` puts a command line into its environment: that of every call."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    argv = wrapped([sys.executable, "-m", "tests.support.installer.warm_installer", str(theirs.fileno())])
    environment = {name: value for name, value in os.environ.items() if name != "SSH_AUTH_SOCK"}
    environment["LC_ALL"] = "C.UTF-8"
    process = subprocess.Popen(argv, pass_fds=[theirs.fileno()], cwd=ROOT, env=environment, stdin=subprocess.DEVNULL)
    theirs.close()
    try:
        with ours:
            yield WarmInstaller(ours)
    finally:
        process.wait(240)


def _serve(connection: socket.socket) -> None:
    # Modules that a call on hosts loads, too; none of them starts a thread.
    import dcos_installer.commands
    import dcos_installer.hosts.copying
    import dcos_installer.hosts.fleet
    import dcos_installer.hosts.journal
    import dcos_installer.providers.static.provider  # noqa: F401
    from dcos_installer.cli import main

    while True:
        order, streams, _, _ = socket.recv_fds(connection, 1 << 20, 3)
        if not order:
            return
        pid = os.fork()
        if pid == 0:
            connection.close()
            for number, stream in enumerate(streams):
                os.dup2(stream, number)
            told = json.loads(order)
            os.environ.clear()
            os.environ.update(told["environment"])
            sys.argv = ["dcos-installer", *told["argv"]]
            main()
            sys.exit()
        for stream in streams:
            os.close(stream)
        connection.send(b"%d" % pid)
        connection.send(b"%d" % os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
