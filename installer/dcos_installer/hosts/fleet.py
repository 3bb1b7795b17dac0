"""Many machines at once: a limited number in parallel, each with its own result, all of them ended on Ctrl-C."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from dcos_installer.errors import DeadlinePassed, InstallerError
from dcos_installer.hosts.connection import AGAIN, HostConnection, NotReached
from dcos_installer.hosts.remote_command import Become, RemoteCommand
from dcos_installer.hosts.route import route
from dcos_installer.hosts.running import Input, Take, run_on

if TYPE_CHECKING:
    from dcos_installer.config.model import HostSpec
    from dcos_installer.machines import SshTarget

State = Literal["done", "failed", "timed-out", "unreachable"]
"""``failed``: the command ended with another code than 0, or its connection was lost. ``unreachable``: nothing was run.
"""

_GOODBYE_SECONDS = 5.0


@dataclass(frozen=True)
class HostResult:
    """The result on one machine."""

    host: HostSpec
    state: State
    seconds: float
    code: int | None = None
    """The command's exit code; None if it has none."""
    error: InstallerError | None = None


class Fleet:
    """Runs commands as root on the machines of a cluster."""

    def __init__(
        self,
        reach: Callable[[HostSpec], SshTarget],
        *,
        connect_seconds: float,
        password: str | None = None,
        patience: float = 1.0,
    ) -> None:
        """``password``: for sudo, where it requires one. ``patience`` is the factor of all deadlines."""
        self._reach = reach
        self._connect_seconds = connect_seconds * patience
        self._patience = patience
        self._password = password
        self._mutex = threading.Lock()
        self._open: set[HostConnection] = set()
        self._interrupted = False

    @contextlib.contextmanager
    def connected(
        self, host: HostSpec, while_connecting: contextlib.AbstractContextManager[object] | None = None
    ) -> Iterator[HostConnection]:
        """A connection for the block; it is opened inside ``while_connecting``. Raises `NotReached`."""
        try:
            hops = route(self._reach(host))
        except InstallerError as error:  # of ssh's own configuration: nothing was run
            raise NotReached(error.what, why=error.why, hint=error.hint, evidence=error.evidence) from error
        connection = HostConnection(hops, self._connect_seconds)
        with self._mutex:
            self._open.add(connection)
            interrupted = self._interrupted
        try:
            if interrupted:
                raise NotReached("the machine was not connected to", why="it was interrupted", hint=AGAIN)
            with while_connecting or contextlib.nullcontext():
                connection.open()
            yield connection
        finally:
            connection.close()
            with self._mutex:
                self._open.discard(connection)

    def run(
        self,
        host: HostSpec,
        connection: HostConnection,
        words: Sequence[str],
        *,
        stdout: Take,
        stderr: Take,
        stdin: Input | None = None,
        seconds: float | None = None,
    ) -> int:
        """Runs a command there as root; see `running.run_on`."""
        command = RemoteCommand(tuple(words), self._become(host))
        password = self._password if command.become == "password" else None
        seconds = None if seconds is None else seconds * self._patience
        return run_on(
            connection, command, stdout=stdout, stderr=stderr, stdin=stdin, password=password, seconds=seconds
        )

    def everywhere(
        self,
        hosts: Sequence[HostSpec],
        forks: int,
        work: Callable[[HostSpec], int],
        ended: Callable[[HostResult], None],
    ) -> list[HostResult]:
        """``work`` on every host, ``forks`` of them at once; the results with its exit codes, in the order of
        ``hosts``.

        ``ended`` is called as each ends, in this thread. On an exception (Ctrl-C) all connections are closed, which
        ends the commands; then it is raised again.
        """
        todo: queue.SimpleQueue[HostSpec] = queue.SimpleQueue()
        for host in hosts:
            todo.put(host)
        results: queue.SimpleQueue[HostResult | BaseException] = queue.SimpleQueue()
        workers = [
            threading.Thread(target=self._work, args=(todo, results, work), daemon=True)
            for _ in range(min(forks, len(hosts)))
        ]
        found: dict[str, HostResult] = {}
        try:
            for worker in workers:
                worker.start()
            while len(found) < len(hosts):
                result = results.get()
                if isinstance(result, BaseException):
                    raise result
                found[result.host.name] = result
                ended(result)
        except BaseException:
            self.interrupt()
            until = time.monotonic() + _GOODBYE_SECONDS
            for worker in workers:
                if worker.ident is not None:
                    worker.join(max(0.0, until - time.monotonic()))
            raise
        return [found[host.name] for host in hosts]

    def interrupt(self) -> None:
        """Closes every connection; their commands end."""
        with self._mutex:
            self._interrupted = True
            connections = list(self._open)
        for connection in connections:
            connection.close()

    def _become(self, host: HostSpec) -> Become:
        if not host.ssh.become:
            return "root"
        return "sudo" if self._password is None else "password"

    def _work(
        self,
        todo: queue.SimpleQueue[HostSpec],
        results: queue.SimpleQueue[HostResult | BaseException],
        work: Callable[[HostSpec], int],
    ) -> None:
        while not self._interrupted:
            try:
                host = todo.get_nowait()
            except queue.Empty:
                return
            started = time.monotonic()
            try:
                code: int | None = work(host)
                error = None
                state: State = "done" if code == 0 else "failed"
            except InstallerError as failure:
                code, error = None, failure
                state = _state(failure)
            except BaseException as failure:
                results.put(failure)
                return
            results.put(HostResult(host, state, time.monotonic() - started, code, error))


def _state(error: InstallerError) -> State:
    if isinstance(error, NotReached):
        return "unreachable"
    return "timed-out" if isinstance(error, DeadlinePassed) else "failed"
