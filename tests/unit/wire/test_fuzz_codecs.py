"""Every codec reads damaged input, or refuses it with its documented error: there is no third outcome.

The requests are the same on every run; `tests/contract/test_fuzz_daemons.py` sends such to the daemons.
"""

from __future__ import annotations

import contextlib
from typing import Any

import pytest

from dcos_runtime.framework.core.stream import EventStream
from dcos_runtime.gateway import auth_request, request_credentials, routing
from dcos_runtime.gateway.services import by_hand
from dcos_runtime.guard import tokens
from dcos_runtime.master import forms, scheduler_api
from dcos_runtime.master.core import calls
from dcos_runtime.wire import codec, internal, recordio
from dcos_runtime.wire.cluster import MasterInfo
from dcos_runtime.wire.scheduler import Call, Event
from dcos_runtime.wire.tasks import TaskInfo
from tests.support.daemons.fuzz import Fuzzer
from tests.support.mesos.calls import CALLS, CONNECT, INFO, TASK

ROUTES = [service.route for service in by_hand(master=1, init=2, agent=3, gateway=4) if service.route]
ROUNDS = 600

STATUS = {"task_id": {"value": "t"}, "state": "TASK_RUNNING", "uuid": "AAAAAAAAQACAAAAAAAAAAA==", "timestamp": 1.5}
HEAD = {"agent_id": "a", "epoch": 1, "seq": 2}
KINDS: dict[str, tuple[Any, list[Any]]] = {
    "calls of schedulers": (Call, [{**call, "framework_id": {"value": "f"}} for call in CALLS]),
    "subscriptions": (Call, [{"type": "SUBSCRIBE", "subscribe": {"framework_info": INFO, "suppressed_roles": ["a"]}}]),
    "tasks": (TaskInfo, [TASK]),
    "agents that connect": (internal.Connect, [CONNECT]),
    "posts of agents": (
        internal.Batch,
        [
            {
                **{"agent_id": "a", "epoch": 7},
                "messages": [
                    {"type": "PONG", "seq": 1},
                    {"type": "UPDATE", "seq": 2, "framework_id": "f", "status": STATUS, "latest_state": "TASK_RUNNING"},
                    {"type": "TASK_GONE", "seq": 3, "framework_id": "f", "task_id": "t"},
                ],
            }
        ],
    ),
    "messages to agents": (
        internal.Down,
        [
            {"type": "CONNECTED", **HEAD, "master_id": "m", "ping_seconds": 15.0},
            {"type": "PING", **HEAD},
            {"type": "RUN_TASK", **HEAD, "framework": INFO, "task": TASK},
            {"type": "KILL_TASK", **HEAD, "framework_id": {"value": "f"}, "task_id": {"value": "t"}},
            {"type": "UPDATE_FRAMEWORK", **HEAD, "framework": INFO},
        ],
    ),
    "questions about tokens": (internal.Token, [{"token": "a.b.c"}]),
    "masters": (MasterInfo, [{"id": "m", "ip": 1, "port": 5050, "capabilities": [{"type": "AGENT_UPDATE"}]}]),
    "events": (
        Event,
        [
            {"type": "UPDATE", "update": {"status": STATUS}},
            {"type": "SUBSCRIBED", "subscribed": {"framework_id": {"value": "f"}, "heartbeat_interval_seconds": 15.0}},
        ],
    ),
}


def test_the_good_ones_are_read() -> None:
    for kind, goods in KINDS.values():
        for good in goods:
            assert codec.encode(codec.decode(codec.encode(good), kind))


@pytest.mark.parametrize("name", KINDS)
def test_a_spoiled_message_is_read_or_refused_with_a_short_reason(name: str) -> None:
    kind, goods = KINDS[name]
    fuzzer = Fuzzer([], seed=8)
    refused = 0
    for _ in range(ROUNDS):
        data = fuzzer.document(fuzzer.source.choice(goods))
        try:
            message = codec.decode(data, kind)
        except codec.DecodeError as error:
            refused += 1
            assert 0 < len(str(error)) < 1000
            str(error).encode()  # it goes into an answer
            continue
        written = codec.encode(message)
        assert written.isascii()
        assert codec.encode(codec.decode(written, kind)) == written
    assert ROUNDS // 10 < refused < ROUNDS, "some are read and some are not"


def test_a_spoiled_call_is_refused_in_mesos_words_or_checked() -> None:
    _, goods = KINDS["calls of schedulers"]
    fuzzer = Fuzzer([], seed=9)
    for _ in range(ROUNDS):
        with contextlib.suppress(codec.DecodeError):
            call = scheduler_api.decode(fuzzer.document(fuzzer.source.choice(goods)))
            assert isinstance(calls.invalid(call), str | None)


def test_spoiled_streams_end_with_a_record_error_or_go_on() -> None:
    fuzzer = Fuzzer([], seed=10)
    stream = b"".join(recordio.encode(codec.encode(event)) for event in KINDS["events"][1])
    for _ in range(ROUNDS):
        data = fuzzer.spoiled(stream)
        with contextlib.suppress(recordio.RecordError):
            assert all(isinstance(record, bytes) for record in recordio.Decoder().feed(data))
        with contextlib.suppress(recordio.RecordError, codec.DecodeError, ValueError):
            EventStream(0.0).feed(data, 1.0)


def test_spoiled_forms_paths_cookies_and_tokens_are_read_or_refused() -> None:
    fuzzer = Fuzzer([], seed=11)
    verifier = _verifier()
    for _ in range(ROUNDS):
        with contextlib.suppress(ValueError):
            forms.parse(fuzzer.spoiled(b"frameworkId=a-0000&x=%41"))
        target = fuzzer.spoiled(b"/service/a/b/../%2e?x=%ff").decode("utf-8", "surrogateescape")
        with contextlib.suppress(routing.NoRoute):
            routing.route_of(target, routing.SERVICE, ROUTES)
        header = fuzzer.spoiled(b"a=b; dcos-acs-auth-cookie=x.y.z; c").decode("utf-8", "surrogateescape")
        request_credentials.split_cookies(header)
        request_credentials.token_in(header)
        with contextlib.suppress(tokens.TokenRefused):
            verifier.verify(fuzzer.spoiled(b"eyJhbGciOiJSUzI1NiJ9.eyJ1aWQiOiJhIn0.AAAA").decode("latin-1"))


def _verifier() -> tokens.Verifier:
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    key = rsa.generate_private_key(65537, 2048).public_key()
    return tokens.Verifier(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), "c")


def test_spoiled_questions_of_the_gateway_are_answered_or_end_the_connection(caplog: pytest.LogCaptureFixture) -> None:
    fuzzer = Fuzzer([], seed=12)
    good = b"GET /ask HTTP/1.1\r\nHost: x\r\nX-Dcos-Uri: /mesos/\r\nX-Dcos-Route: mesos\r\nCookie: a\r\n\r\n"

    class Transport:
        def __init__(self) -> None:
            self.written = b""
            self.closed = False

        def write(self, data: bytes) -> None:
            self.written += data

        def close(self) -> None:
            self.closed = True

    def decide(headers: Any) -> Any:
        with contextlib.suppress(routing.NoRoute):
            routing.route_of(headers.get("x-dcos-uri", ""), headers.get("x-dcos-route", ""), ROUTES)
        return 200, {"X-Dcos-User": headers.get("cookie", "")}

    wanted = auth_request.looked_at(("x-dcos-uri", "x-dcos-route", "cookie"))
    for _ in range(ROUNDS):
        transport = Transport()
        connection = auth_request.NginxConnection(decide, wanted, set())
        connection.connection_made(transport)  # type: ignore[arg-type]  # a double has what is used of it
        connection.data_received(fuzzer.spoiled(good * 2))
        assert transport.closed or transport.written.count(b"HTTP/1.1 ") <= 3
    assert "could not be answered" not in caplog.text
