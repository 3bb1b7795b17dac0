"""Helpers for tests of fetching: the fetch process as the agent runs it, a server with given responses, archives."""

from __future__ import annotations

import io
import json
import os
import socket
import subprocess
import sys
import tarfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dcos_runtime.agent.fetching import process

MB = 1 << 20
ROOT = Path(process.__file__).parents[3]
SURROUNDINGS = {"PATH": "/usr/bin:/bin", "MALLOC_ARENA_MAX": "1"}


@dataclass
class Outcome:
    code: int
    why: str
    said: str
    sandbox: Path

    def text(self, name: str) -> str:
        return (self.sandbox / name).read_text()


@dataclass
class Server:
    """Answers each path with the given bytes, headers included, then closes."""

    answers: dict[str, bytes] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    port: int = 0

    def __post_init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                head = b""
                while b"\r\n\r\n" not in head and (more := connection.recv(65536)):
                    head += more
                self.requests.append(head.decode("latin-1"))
                path = head.split(b" ")[1].decode() if head else ""
                connection.sendall(self.answers.get(path, b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"))

    def close(self) -> None:
        self._socket.close()

    def put(self, path: str, body: bytes) -> str:
        self.answers[path] = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body
        return f"http://127.0.0.1:{self.port}{path}"

    def raw(self, path: str, answer: bytes) -> str:
        self.answers[path] = answer
        return f"http://127.0.0.1:{self.port}{path}"


Fetch = Callable[..., Outcome]


def started(order: dict[str, Any]) -> subprocess.Popen[bytes]:
    running = subprocess.Popen(
        [sys.executable, "-I", "-S", process.__file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=SURROUNDINGS,
    )
    assert running.stdin is not None
    running.stdin.write(json.dumps(order).encode() + b"\n")
    running.stdin.flush()
    return running


_READY = """
import os, socket, sys
path, control = sys.argv[1], socket.socket(fileno=int(sys.argv[2]))
sys.path.append(sys.argv[3])
with open(path) as file:
    code = compile(file.read(), path, "exec")
exec(code, {"__name__": "read", "__file__": path})
while True:
    order, streams, _, _ = socket.recv_fds(control, 1, 3)
    if not order:
        break
    pid = os.fork()
    if pid == 0:
        control.close()
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        sys.argv = [path]
        exec(code, {"__name__": "__main__", "__file__": path})
        os._exit(0)
    for stream in streams:
        os.close(stream)
    control.sendall(b"%d " % os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""


class Ready:
    """A Python process that has loaded the fetch process's code, and forks to run it: loading takes ten times as long.

    It runs the same code as `started`, from the first line of its main on. One run at a time.
    """

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _READY, process.__file__, str(theirs.fileno()), str(ROOT)],
                pass_fds=[theirs.fileno()],
                # Pipes, like those of each run: Python decides at its start how a stream is used.
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=SURROUNDINGS,
            )

    def run(self, order: dict[str, Any]) -> tuple[int, str, str]:
        """The exit code, and the text on stdout and stderr. Stdin stays open during the run, as with the agent."""
        pipes = [os.pipe() for _ in range(3)]
        (theirs_in, ours_in), (ours_out, theirs_out), (ours_err, theirs_err) = pipes
        socket.send_fds(self._socket, [b"x"], [theirs_in, theirs_out, theirs_err])
        for descriptor in (theirs_in, theirs_out, theirs_err):
            os.close(descriptor)
        with (
            os.fdopen(ours_in, "wb", buffering=0) as orders,
            os.fdopen(ours_out, "rb") as output,
            os.fdopen(ours_err, "rb") as errors,
        ):
            said: list[bytes] = []
            reading = threading.Thread(target=lambda: said.append(errors.read()))
            reading.start()
            orders.write(json.dumps(order).encode() + b"\n")
            why = output.read().decode()
            reading.join()
            code = b""
            while not code.endswith(b" "):
                part = self._socket.recv(1)
                assert part, "the process that forks has ended"
                code += part
        return int(code), why, said[0].decode()

    def close(self) -> None:
        self._socket.close()
        self._process.communicate(timeout=240)


def tar(*members: tuple[str, bytes] | tarfile.TarInfo, mode: str = "w:gz") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:  # type: ignore[call-overload]  # the mode is known when it runs
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                archive.addfile(member)
                continue
            info = tarfile.TarInfo(member[0])
            info.size = len(member[1])
            archive.addfile(info, io.BytesIO(member[1]))
    return buffer.getvalue()


def special(name: str, kind: bytes, to: str = "", mode: int = 0o644) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode = kind, to, mode
    return info
