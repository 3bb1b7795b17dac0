"""What the tests of fetching share: the process as it is run, a server that says what it is told, archives."""

from __future__ import annotations

import io
import json
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
    """Answers each path with the bytes it was given, headers and all, then closes."""

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
        env={"PATH": "/usr/bin:/bin", "MALLOC_ARENA_MAX": "1"},
    )
    assert running.stdin is not None
    running.stdin.write(json.dumps(order).encode() + b"\n")
    running.stdin.flush()
    return running


def tar(*members: tuple[str, bytes] | tarfile.TarInfo, mode: str = "w:gz") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:  # type: ignore[call-overload]
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
