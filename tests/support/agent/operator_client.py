"""A client of an agent's operator API over plain sockets: single calls, and commands with streams both ways."""

from __future__ import annotations

import base64
import json
import socket
from collections.abc import Iterator
from typing import Any

from dcos_runtime.wire import codec, protobuf, recordio
from dcos_runtime.wire.agent import Call, ProcessIO
from tests.support.mesos.rawclient import WAIT, Answer, chunks, head, read_head, request

JSON = "application/json"
PROTOBUF = "application/x-protobuf"
RECORDIO = "application/recordio"


def call(port: int, kind: str, headers: dict[str, str] | None = None, **fields: Any) -> Answer:
    """A call of this type; its only field has the type's name in lower case. Its answer is JSON unless asked else."""
    body: dict[str, Any] = {"type": kind}
    if fields:
        body[kind.lower()] = fields
    given = {"Content-Type": JSON, "Accept": JSON, **(headers or {})}
    return request(port, "POST", "/api/v1", given, json.dumps(body).encode())


def nested(value: str, parent: str) -> dict[str, Any]:
    return {"value": value, "parent": {"value": parent}}


class CommandStream:
    """A LAUNCH_NESTED_CONTAINER_SESSION that goes on, or, without a command, an ATTACH_CONTAINER_OUTPUT."""

    def __init__(
        self,
        port: int,
        container_id: dict[str, Any],
        command: dict[str, Any] | None,
        container: dict[str, Any] | None = None,
        *,
        headers: dict[str, str] | None = None,
    ) -> None:
        wanted = {"container_id": container_id, **({"container": container} if container else {})}
        self.port, self.container_id = port, container_id
        given = {"Content-Type": JSON, "Accept": RECORDIO, "Message-Accept": JSON, **(headers or {})}
        kind = "LAUNCH_NESTED_CONTAINER_SESSION" if command is not None else "ATTACH_CONTAINER_OUTPUT"
        if command is not None:
            wanted["command"] = command
        body = json.dumps({"type": kind, kind.lower(): wanted}).encode()
        self.connection = socket.create_connection(("127.0.0.1", port), timeout=WAIT)
        self.connection.sendall(head("POST", "/api/v1", given, len(body)) + body)
        self.file = self.connection.makefile("rb")
        self.status, self.headers = read_head(self.file)
        self.protobuf = self.headers.get("message-content-type") == PROTOBUF

    def error(self) -> str:
        return str(self.file.read(int(self.headers["content-length"])).decode())

    def pieces(self) -> Iterator[tuple[str, bytes]]:
        """The name of each stream, and what came; without heartbeats."""
        for chunk in chunks(self.file):
            length, _, data = chunk.partition(b"\n")
            assert int(length) == len(data)
            message = json.loads(codec.encode(protobuf.decode(data, ProcessIO)) if self.protobuf else data)
            if message["type"] == "DATA":
                yield message["data"]["type"], base64.b64decode(message["data"]["data"])

    def all(self) -> tuple[bytes, bytes]:
        """stdout and stderr to the end."""
        found = {"STDOUT": b"", "STDERR": b""}
        for name, data in self.pieces():
            found[name] += data
        return found["STDOUT"], found["STDERR"]

    def until(self, text: bytes) -> bytes:
        data = b""
        for _, piece in self.pieces():
            data += piece
            if text in data:
                return data
        raise AssertionError(f"{text!r} did not come, only {data!r}")

    def exit_status(self) -> int | None:
        answer = call(self.port, "WAIT_NESTED_CONTAINER", container_id=self.container_id)
        assert answer.status == 200, answer.text
        found: int | None = answer.json()["wait_nested_container"].get("exit_status")
        return found

    def vanish(self) -> None:
        """As a client whose process is killed."""
        self.file.close()
        self.connection.close()


class InputStream:
    """An ATTACH_CONTAINER_INPUT that goes on."""

    def __init__(self, port: int, container_id: dict[str, Any], kind: str = JSON) -> None:
        self.kind = kind
        self.connection = socket.create_connection(("127.0.0.1", port), timeout=WAIT)
        self.connection.sendall(
            head(
                "POST",
                "/api/v1",
                {"Content-Type": RECORDIO, "Message-Content-Type": kind, "Transfer-Encoding": "chunked"},
                None,
            )
        )
        self._send({"type": "CONTAINER_ID", "container_id": container_id})

    def _send(self, attach: dict[str, Any]) -> None:
        data = json.dumps({"type": "ATTACH_CONTAINER_INPUT", "attach_container_input": attach}).encode()
        if self.kind == PROTOBUF:
            data = protobuf.encode(codec.decode(data, Call))
        record = recordio.encode(data)
        self.connection.sendall(b"%x\r\n%b\r\n" % (len(record), record))

    def write(self, data: bytes) -> None:
        """No data: the end of the input."""
        text = base64.b64encode(data).decode()
        self._send({"type": "PROCESS_IO", "process_io": {"type": "DATA", "data": {"type": "STDIN", "data": text}}})

    def resize(self, rows: int, columns: int) -> None:
        size = {"window_size": {"rows": rows, "columns": columns}}
        self._send(
            {"type": "PROCESS_IO", "process_io": {"type": "CONTROL", "control": {"type": "TTY_INFO", "tty_info": size}}}
        )

    def beat(self) -> None:
        control = {"type": "HEARTBEAT", "heartbeat": {"interval": {"nanoseconds": 30_000_000_000}}}
        self._send({"type": "PROCESS_IO", "process_io": {"type": "CONTROL", "control": control}})

    def refused(self) -> int:
        """The status of the answer that comes before the stream ends."""
        with self.connection.makefile("rb") as file:
            status = read_head(file)[0]
        self.connection.close()
        return status

    def close(self) -> int:
        """Ends the stream; the answer's status."""
        self.connection.sendall(b"0\r\n\r\n")
        with self.connection.makefile("rb") as file:
            status = read_head(file)[0]
        self.connection.close()
        return status
