"""Requests to the scheduler API that are refused, each with the status and the text of a real Mesos."""

from __future__ import annotations

import json
from typing import Any

from tests.support.mesos.rawclient import JSON

SUBSCRIBE = {"type": "SUBSCRIBE", "subscribe": {"framework_info": {"user": "u", "name": "n"}}}

KILL = {"type": "KILL", "framework_id": {"value": "f"}, "kill": {"task_id": {"value": "t"}}}

API = "/api/v1/scheduler"
LADDER: list[tuple[str, str, dict[str, str], Any, int, str]] = [
    ("a GET", "GET", {}, None, 405, "405 Method Not Allowed. Expecting one of { 'POST' }, but received 'GET'."),
    ("no content type", "POST", {}, {}, 400, "Expecting 'Content-Type' to be present"),
    (
        "text",
        "POST",
        {"Content-Type": "text/plain"},
        {},
        415,
        "Expecting 'Content-Type' of application/json or application/x-protobuf",
    ),
    ("half a document", "POST", JSON, b"{", 400, "Failed to parse body into JSON: syntax error at line 1 near: "),
    ("no body", "POST", JSON, b"", 400, "Failed to parse body into JSON: syntax error at line 1 near: "),
    ("an array", "POST", JSON, [], 400, "Failed to convert JSON into Call protobuf: Expecting a JSON object"),
    (
        "a number for a name",
        "POST",
        JSON,
        {"type": 1},
        400,
        "Failed to convert JSON into Call protobuf: Not expecting a JSON number for field 'type'",
    ),
    (
        "a number in a message",
        "POST",
        JSON,
        {"type": "SUBSCRIBE", "subscribe": {"framework_info": {"user": "u", "name": 4}}},
        400,
        "Failed to convert JSON into Call protobuf: Not expecting a JSON number for field 'name'",
    ),
    (
        "a missing field",
        "POST",
        JSON,
        {"type": "SUBSCRIBE", "subscribe": {"framework_info": {"name": "n"}}},
        400,
        "Failed to convert JSON into Call protobuf: Missing required fields: subscribe.framework_info.user",
    ),
    (
        "no type",
        "POST",
        JSON,
        {},
        400,
        "Failed to validate scheduler::Call: Expecting 'type' to be present",
    ),
    (
        "an unknown type",
        "POST",
        JSON,
        {"type": "JUMP"},
        400,
        "Failed to validate scheduler::Call: Expecting 'type' to be present",
    ),
    (
        "no subscribe",
        "POST",
        JSON,
        {"type": "SUBSCRIBE"},
        400,
        "Failed to validate scheduler::Call: Expecting 'subscribe' to be present",
    ),
    (
        "a null subscribe",
        "POST",
        JSON,
        {"type": "SUBSCRIBE", "subscribe": None},
        400,
        "Failed to validate scheduler::Call: Expecting 'subscribe' to be present",
    ),
    (
        "two framework ids",
        "POST",
        JSON,
        {**SUBSCRIBE, "framework_id": {"value": "a"}},
        400,
        "Failed to validate scheduler::Call: 'framework_id' differs from 'subscribe.framework_info.id'",
    ),
    (
        "an Accept that nothing meets",
        "POST",
        {**JSON, "Accept": "text/html"},
        SUBSCRIBE,
        406,
        "Expecting 'Accept' to allow 'application/x-protobuf' or 'application/json'",
    ),
    (
        "SUBSCRIBE with a stream id",
        "POST",
        {**JSON, "Mesos-Stream-Id": "x"},
        SUBSCRIBE,
        400,
        "Subscribe calls should not include the 'Mesos-Stream-Id' header",
    ),
    (
        "no framework id",
        "POST",
        JSON,
        {"type": "KILL"},
        400,
        "Failed to validate scheduler::Call: Expecting 'framework_id' to be present",
    ),
    *(
        (
            f"{kind} without its part",
            "POST",
            JSON,
            {"type": kind, "framework_id": {"value": "f"}},
            400,
            f"Failed to validate scheduler::Call: Expecting '{kind.lower()}' to be present",
        )
        for kind in (
            "ACCEPT",
            "DECLINE",
            "KILL",
            "SHUTDOWN",
            "ACKNOWLEDGE",
            "RECONCILE",
            "MESSAGE",
            "REQUEST",
            "UPDATE_FRAMEWORK",
            "ACCEPT_INVERSE_OFFERS",
            "DECLINE_INVERSE_OFFERS",
            "RECONCILE_OPERATIONS",
            "ACKNOWLEDGE_OPERATION_STATUS",
        )
    ),
    (
        "a uuid of three bytes",
        "POST",
        JSON,
        {
            "type": "ACKNOWLEDGE",
            "framework_id": {"value": "f"},
            "acknowledge": {"agent_id": {"value": "a"}, "task_id": {"value": "t"}, "uuid": "aaaa"},
        },
        400,
        "Failed to validate scheduler::Call: Not a valid UUID",
    ),
    ("an unknown framework", "POST", JSON, KILL, 400, "Framework cannot be found"),
    (
        "REVIVE without roles",
        "POST",
        JSON,
        {"type": "REVIVE", "framework_id": {"value": "f"}},
        400,
        "Framework cannot be found",
    ),
    (
        "REVIVE with null roles",
        "POST",
        JSON,
        {"type": "REVIVE", "framework_id": {"value": "f"}, "revive": {"roles": None}},
        400,
        "Framework cannot be found",
    ),
    ("an unknown field", "POST", JSON, {**KILL, "new": {"deep": [1]}}, 400, "Framework cannot be found"),
]


def encoded(body: Any) -> bytes | None:
    return body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
