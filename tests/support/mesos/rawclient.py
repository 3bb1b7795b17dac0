"""A Mesos v1 scheduler with only sockets: it sees every byte of the API, like any client."""

from __future__ import annotations

import base64
import contextlib
import json
import queue
import re
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dcos_runtime.wire import codec, protobuf
from dcos_runtime.wire.scheduler import Call, Event
from tests.support.daemons.byhand import free_port

WAIT = 240.0
PROTOBUF = "application/x-protobuf"


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self) -> Any:
        return json.loads(self.body)


def head(method: str, path: str, headers: dict[str, str], length: int | None) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: test"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def read_head(file: Any) -> tuple[int, dict[str, str]]:
    status_line = file.readline()
    match = re.match(rb"HTTP/1\.1 (\d{3}) ", status_line)
    assert match, f"not an HTTP answer: {status_line!r}"
    headers = {}
    while line := file.readline().strip():
        name, _, value = line.partition(b":")
        headers[name.decode().lower()] = value.strip().decode()
    return int(match[1]), headers


def request(
    port: int, method: str, path: str, headers: dict[str, str] | None = None, body: bytes | None = None
) -> Answer:
    """One request on a connection of its own."""
    with socket.create_connection(("127.0.0.1", port), timeout=WAIT) as connection:
        connection.sendall(head(method, path, {"Connection": "close", **(headers or {})}, _length(method, body)))
        connection.sendall(body or b"")
        with connection.makefile("rb") as file:
            status, answered = read_head(file)
            if answered.get("transfer-encoding") == "chunked":
                return Answer(status, answered, b"".join(chunks(file)))
            if method == "HEAD":
                return Answer(status, answered, b"")
            length = answered.get("content-length")
            return Answer(status, answered, file.read(int(length)) if length is not None else file.read())


def _length(method: str, body: bytes | None) -> int | None:
    return len(body or b"") if body is not None or method == "POST" else None


def get(port: int, path: str) -> Any:
    answer = request(port, "GET", path)
    assert answer.status == 200, (answer.status, answer.body)
    return answer.json()


def chunks(file: Any) -> Iterator[bytes]:
    while True:
        line = file.readline()
        if not line:
            raise ConnectionError("the stream broke off")
        size = int(line, 16)
        data = file.read(size)
        assert file.read(2) == b"\r\n"
        if not size:
            return
        yield data


def record(chunk: bytes, kind: str = "application/json") -> Any:
    length, newline, data = chunk.partition(b"\n")
    assert newline and length.isdigit() and int(length) == len(data), (
        f"not exactly one record in a chunk: {chunk[:80]!r}"
    )
    if kind == PROTOBUF:
        return json.loads(codec.encode(protobuf.decode(data, Event)))
    assert data.isascii() and b"\n" not in data
    return json.loads(data)


class Stream:
    """A subscription: events in order, read by a thread."""

    def __init__(self, port: int, path: str, headers: dict[str, str], body: bytes) -> None:
        self.connection = socket.create_connection(("127.0.0.1", port), timeout=WAIT)
        self.connection.sendall(head("POST", path, headers, len(body)) + body)
        self.file = self.connection.makefile("rb")
        self.status, self.headers = read_head(self.file)
        self.body = b""
        self.events: queue.Queue[Any] = queue.Queue()
        self.ended = threading.Event()
        self.error: Exception | None = None
        if self.status == 200:
            self.connection.settimeout(None)
            self.reader = threading.Thread(target=self._read, daemon=True)
            self.reader.start()
        else:
            self.body = self.file.read(int(self.headers.get("content-length", "0")))

    def _read(self) -> None:
        try:
            for chunk in chunks(self.file):
                self.events.put(record(chunk, self.headers.get("content-type", "")))
        except (OSError, ValueError, AssertionError) as error:
            self.error = error
        self.ended.set()

    def next(self, seconds: float = WAIT) -> Any:
        """The next event. Fails when none comes."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                return self.events.get(timeout=0.05)
            except queue.Empty:
                if isinstance(self.error, AssertionError):
                    raise self.error from None
                if self.ended.is_set() and self.events.empty():
                    raise ConnectionError("the stream is over") from self.error
                assert time.monotonic() < deadline, "no event came"

    def over(self) -> None:
        """Waits for the regular end of the stream."""
        assert self.ended.wait(WAIT), "the stream goes on"
        assert self.error is None, self.error

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
        self.connection.close()


JSON = {"Content-Type": "application/json"}


class Scheduler:
    """A framework. ``call`` sends any call; events come through ``event`` and ``updates``."""

    content_type = "application/json"
    accept_type = "application/json"

    def __init__(self, port: int, name: str = "raw", framework_id: str | None = None, **info: Any) -> None:
        self.port = port
        self.info: dict[str, Any] = {"user": "root", "name": name, **info}
        body: dict[str, Any] = {"type": "SUBSCRIBE", "subscribe": {"framework_info": self.info}}
        if framework_id is not None:
            self.info["id"] = body["framework_id"] = {"value": framework_id}
        self.stream = Stream(
            port,
            "/api/v1/scheduler",
            {"Content-Type": self.content_type, "Accept": self.accept_type},
            self.encoded(body),
        )
        self.stream_id = self.stream.headers.get("mesos-stream-id", "")
        self.skipped: list[Any] = []
        first = self.stream.next()
        self.first = first
        self.id = first["subscribed"]["framework_id"]["value"] if first["type"] == "SUBSCRIBED" else ""

    def encoded(self, body: Any) -> bytes:
        data = json.dumps(body).encode()
        return protobuf.encode(codec.decode(data, Call)) if self.content_type == PROTOBUF else data

    def event(self, kind: str, seconds: float = WAIT) -> Any:
        """The next event of this kind; others before it are moved to ``skipped``."""
        for position, event in enumerate(self.skipped):
            if event["type"] == kind:
                return self.skipped.pop(position)
        deadline = time.monotonic() + seconds
        while True:
            event = self.stream.next(max(deadline - time.monotonic(), 0.01))
            if event["type"] == kind:
                return event
            self.skipped.append(event)

    def quiet(self, kind: str, seconds: float) -> None:
        """Checks that no event of this kind comes in this time; others are skipped."""
        assert not [event for event in self.skipped if event["type"] == kind]
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            try:
                event = self.stream.events.get(timeout=left)
            except queue.Empty:
                return
            assert event["type"] != kind, event
            self.skipped.append(event)

    def offers(self) -> list[Any]:
        offers: list[Any] = self.event("OFFERS")["offers"]["offers"]
        return offers

    def standing_offers(self) -> list[Any]:
        """The offers that stand now: told of and not rescinded since, including events that were skipped."""
        with contextlib.suppress(queue.Empty):
            while True:
                self.skipped.append(self.stream.events.get_nowait())
        offers: dict[str, Any] = {}
        for event in self.skipped:
            if event["type"] == "OFFERS":
                offers |= {offer["id"]["value"]: offer for offer in event["offers"]["offers"]}
            elif event["type"] == "RESCIND":
                offers.pop(event["rescind"]["offer_id"]["value"], None)
        return list(offers.values())

    def standing(self, name: str) -> float:
        """How much of a scalar is offered now."""
        resources = [item for offer in self.standing_offers() for item in offer["resources"] if item["name"] == name]
        total: float = sum(item["scalar"]["value"] for item in resources)
        return round(total, 3)

    def update(self, state: str | None = None, acknowledge: bool = True) -> Any:
        """The next status (of this state), acknowledged if it requires that."""
        while True:
            status = self.event("UPDATE")["update"]["status"]
            if acknowledge and "uuid" in status:
                self.acknowledge(status)
            if state is None or status["state"] == state:
                return status

    def acknowledge(self, status: Any) -> None:
        answer = self.call("ACKNOWLEDGE", agent_id=status["agent_id"], task_id=status["task_id"], uuid=status["uuid"])
        assert answer.status == 202, answer

    def call(self, kind: str, /, headers: dict[str, str] | None = None, **fields: Any) -> Answer:
        body: dict[str, Any] = {"type": kind, "framework_id": {"value": self.id}}
        if fields:
            body[kind.lower()] = fields
        own = {"Content-Type": self.content_type, "Mesos-Stream-Id": self.stream_id}
        given = own if headers is None else headers
        return request(self.port, "POST", "/api/v1/scheduler", given, self.encoded(body))

    def accept(self, offers: list[Any], tasks: list[Any], refuse_seconds: float | None = 0.0) -> Answer:
        operations = [{"type": "LAUNCH", "launch": {"task_infos": tasks}}] if tasks else []
        fields: dict[str, Any] = {"offer_ids": [offer["id"] for offer in offers], "operations": operations}
        if refuse_seconds is not None:
            fields["filters"] = {"refuse_seconds": refuse_seconds}
        return self.call("ACCEPT", **fields)

    def decline(self, offers: list[Any], refuse_seconds: float | None = None) -> Answer:
        fields: dict[str, Any] = {"offer_ids": [offer["id"] for offer in offers]}
        if refuse_seconds is not None:
            fields["filters"] = {"refuse_seconds": refuse_seconds}
        return self.call("DECLINE", **fields)

    def close(self) -> None:
        self.stream.close()


class ProtobufScheduler(Scheduler):
    """The same in protobuf, in both directions."""

    content_type = accept_type = PROTOBUF


class MixedScheduler(Scheduler):
    """Protobuf calls, JSON events."""

    content_type = PROTOBUF


def scalar(name: str, value: float, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": "SCALAR", "scalar": {"value": value}, **more}


def ports(*intervals: tuple[int, int], **more: Any) -> dict[str, Any]:
    return {
        "name": "ports",
        "type": "RANGES",
        "ranges": {"range": [{"begin": begin, "end": end} for begin, end in intervals]},
        **more,
    }


def task(task_id: str, offer: Any, *resources: Any, command: Any = "sleep 1000", **more: Any) -> dict[str, Any]:
    return {
        "name": task_id,
        "task_id": {"value": task_id},
        "agent_id": offer["agent_id"],
        "resources": list(resources) or [scalar("cpus", 0.1), scalar("mem", 32)],
        **({"command": {"value": command}} if command is not None else {}),
        **more,
    }


# --- agents ----------------------------------------------------------------------------------------------------------


class Agent:
    """An agent that runs nothing: it reports given states."""

    def __init__(self, port: int, hostname: str = "fake", agent_id: str | None = None, **connect: Any) -> None:
        self.hostname = hostname
        self.port = get(port, "/internal/agent/v1")["port"]
        info: dict[str, Any] = {
            "hostname": hostname,
            "port": 5051,
            "resources": [scalar("cpus", 4), scalar("mem", 4096), scalar("disk", 10240), ports((31000, 32000))],
            **connect.pop("info", {}),
        }
        if agent_id is not None:
            info["id"] = {"value": agent_id}
        body = {"version": 1, "agent": info, "software": "test", "boot_id": "b", **connect}
        self.stream = Stream(self.port, "/internal/agent/v1/connect", JSON, json.dumps(body).encode())
        self.sent = 0
        self.told: list[Any] = []
        self.id: Any = None
        self.epoch: Any = None
        if self.stream.status == 200:
            connected = self.stream.next()
            assert connected["type"] == "CONNECTED", connected
            assert connected["seq"] == 1
            self.id, self.epoch = connected["agent_id"], connected["epoch"]
            self.connected = connected

    def message(self, kind: str, framework: str | None = None) -> Any:
        """The next message of this kind, and of this framework if it is named: an agent that many tests share has more.
        Pings are answered meanwhile.
        """
        while True:
            message = self.stream.next()
            whose = message["framework"]["id"] if "framework" in message else message.get("framework_id", {})
            whose = whose if isinstance(whose, str) else whose.get("value")
            if message["type"] == kind and framework in (None, whose):
                return message
            if message["type"] == "PING":
                self.post({"type": "PONG"})
            else:
                self.told.append(message)

    def post(self, *messages: Any, epoch: int | None = None) -> Answer:
        numbered = []
        for message in messages:
            self.sent += 1
            numbered.append({**message, "seq": self.sent})
        body = {"agent_id": self.id, "epoch": self.epoch if epoch is None else epoch, "messages": numbered}
        return request(self.port, "POST", "/internal/agent/v1/messages", JSON, json.dumps(body).encode())

    def status(self, run: Any, state: str, number: int, **more: Any) -> dict[str, Any]:
        return {
            "task_id": run["task"]["task_id"],
            "state": state,
            "source": "SOURCE_EXECUTOR",
            "agent_id": {"value": self.id},
            "executor_id": run["task"]["task_id"],
            "timestamp": time.time(),
            "uuid": base64.b64encode(uuid.UUID(int=number, version=4).bytes).decode(),
            **more,
        }

    def update(self, run: Any, state: str, number: int, **more: Any) -> Answer:
        return self.post(
            {
                "type": "UPDATE",
                "framework_id": run["framework"]["id"]["value"],
                "status": self.status(run, state, number, **more),
                "latest_state": state,
            }
        )

    def running(self, run: Any, state: str = "TASK_RUNNING", number: int = 1) -> dict[str, Any]:
        """The task in the form of a connecting agent."""
        return {
            "framework_id": run["framework"]["id"]["value"],
            "task": run["task"],
            "state": state,
            "status": self.status(run, state, number),
        }

    def close(self) -> None:
        self.stream.close()


# --- masters ---------------------------------------------------------------------------------------------------------


class Master:
    """A dcos-master started by hand."""

    def __init__(self, work_dir: Path, *flags: str, port: int = 0) -> None:
        self.work_dir = work_dir
        self.flags = flags
        # A port that stays the same when it is started again.
        self.port = port or free_port()
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> Master:
        program = str(Path(sys.executable).with_name("dcos-master"))
        self.log = self.work_dir.with_name(self.work_dir.name + ".log")
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [program, f"--port={self.port}", f"--work_dir={self.work_dir}", *self.flags],
                stdout=subprocess.PIPE,
                stderr=log,
                stdin=subprocess.DEVNULL,
                text=True,
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        match = re.fullmatch(r"dcos-master listening on http://127\.0\.0\.1:(\d+)\n", line)
        assert match, f"{line!r}\n{self.log.read_text()[-3000:]}"
        self.port = int(match[1])
        return self

    def leads(self) -> Master:
        until(lambda: request(self.port, "GET", "/state").status == 200, "the master leads")
        return self

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        assert self.process is not None
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(WAIT)


def until(condition: Any, what: str, seconds: float = WAIT) -> Any:
    """Waits for the condition and returns what it gave."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        assert time.monotonic() < deadline, f"in {seconds:g} s it never was so: {what}"
        time.sleep(0.03)
