"""Uploads packages to machines: one stream for each machine, verified there while it is unpacked, several at once."""

from __future__ import annotations

import contextlib
import json
import logging
import shlex
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import IO

from dcos_installer import sockets
from dcos_installer.ansible import payload
from dcos_installer.ansible.connection import CONNECT_SECONDS, Connection
from dcos_installer.ansible.play import Workspace, unreachable
from dcos_installer.bundle.archive import Built
from dcos_installer.errors import DeadlinePassed, InstallerError
from dcos_installer.process import tail

log = logging.getLogger(__name__)

OnHost = Callable[[str, "tuple[str, ...] | InstallerError"], None]

_AT_ONCE = 8
"""Streams at the same time. They share the operator's link and processors."""
_SECONDS = 600.0
_CHUNK = 1 << 18
_SSH_FAILED = 255


def request(packages: Sequence[Built], root: str) -> bytes:
    """The request (JSON) that the packages' archives follow, in the same order."""
    described = [
        {
            "folder": built.folder,
            "sha256": built.package.sha256,
            "size": built.size,
            "unpacked": built.unpacked,
        }
        for built in packages
    ]
    return json.dumps({"mode": "receive", "root": root, "packages": described}).encode()


def upload(
    workspace: Workspace,
    connections: Mapping[str, Connection],
    packages: Mapping[str, Sequence[Built]],
    on_host: OnHost = lambda host, result: None,
    *,
    deadline: float = _SECONDS,
) -> dict[str, tuple[str, ...] | InstallerError]:
    """Uploads the packages of each host in ``packages``; returns the new folders of each, or why it failed.

    Packages that a host has already are skipped, incomplete ones are removed: a second run uploads what is missing.
    """
    results: dict[str, tuple[str, ...] | InstallerError] = {}
    if not packages:
        return results
    with ThreadPoolExecutor(max_workers=min(_AT_ONCE, len(packages))) as pool:
        futures = {
            pool.submit(_bring, workspace, host, connections[host], wanted, deadline * connections[host].patience): host
            for host, wanted in packages.items()
        }
        for future in as_completed(futures):
            host = futures[future]
            try:
                results[host] = future.result()
            except InstallerError as error:
                results[host] = error
            on_host(host, results[host])
    return results


def _bring(
    workspace: Workspace, host: str, connection: Connection, wanted: Sequence[Built], deadline: float
) -> tuple[str, ...]:
    argv = _argv(workspace, connection)
    log.debug("$ %s < %s", shlex.join(argv[:-1]), " ".join(built.archive for built in wanted))
    head = payload.enveloped(payload.code(), request(wanted, connection.root))
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=out, stderr=err, start_new_session=True) as process:
            assert process.stdin
            try:
                with _watched(process, deadline):
                    _feed(process.stdin, head, wanted)
                process.wait(deadline)
            except subprocess.TimeoutExpired:
                process.kill()
                raise DeadlinePassed(
                    f"the packages did not arrive within {deadline:.0f} s",
                    hint="look at the connection to it, then run again: what arrived completely is kept",
                    evidence=tail(_text(err)),
                ) from None
            except BaseException:
                process.kill()
                raise
        said = _text(err)
        if connection.ssh is not None and process.returncode == _SSH_FAILED:
            raise unreachable(host, connection, said)
        answer = payload.answer(host, process.returncode, _text(out).encode(), said.encode())
    error = answer.get("error")
    if error:
        raise InstallerError(error.pop("what"), **error)
    return tuple(answer["brought"])


def _feed(pipe: IO[bytes], head: bytes, wanted: Sequence[Built]) -> None:
    """Writes all of it, or until nobody reads it any more: the exit code then says more than this error. What a broken
    pipe has left in the buffer breaks its closing, too.
    """
    with contextlib.suppress(BrokenPipeError):
        try:
            pipe.write(head)
            for part in _archives(wanted):
                pipe.write(part)
        finally:
            pipe.close()


def _argv(workspace: Workspace, connection: Connection) -> list[str]:
    if connection.ssh is None:
        return ["/bin/sh", "-c", payload.COMMAND]
    argv = ["ssh", *connection.ssh_options(), "-o", f"ConnectTimeout={CONNECT_SECONDS * connection.patience:.0f}"]
    argv += sockets.options(workspace.sockets)
    command = ["sudo", "-n", "--"] if connection.become else []
    command += ["/bin/sh", "-c", payload.COMMAND]
    return [
        *argv,
        "-p",
        str(connection.ssh.port),
        "-l",
        connection.ssh.user,
        connection.ssh.address,
        "--",
        shlex.join(command),
    ]


def _archives(wanted: Sequence[Built]) -> Iterator[bytes]:
    for built in wanted:
        with Path(built.archive).open("rb") as file:
            while part := file.read(_CHUNK):
                yield part


@contextlib.contextmanager
def _watched(process: subprocess.Popen[bytes], deadline: float) -> Iterator[None]:
    """Ends ``process`` at the deadline if it reads no more input, so that writing to it cannot hang for ever."""
    import threading

    late = threading.Event()

    def end() -> None:
        late.set()
        process.kill()

    timer = threading.Timer(deadline, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
    if late.is_set():
        raise subprocess.TimeoutExpired(process.args, deadline)


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")
