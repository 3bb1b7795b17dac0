"""Requests to a master's operator API that are refused, each with the status and the text of a real Mesos."""

from __future__ import annotations

from typing import Any

from tests.support.mesos.ladder import encoded
from tests.support.mesos.rawclient import JSON, PROTOBUF, Answer, request

API = "/api/v1"
BARE = (
    *("GET_HEALTH", "GET_FLAGS", "GET_VERSION", "GET_LOGGING_LEVEL", "GET_STATE", "GET_AGENTS", "GET_FRAMEWORKS"),
    *("GET_EXECUTORS", "GET_OPERATIONS", "GET_TASKS", "GET_ROLES", "GET_WEIGHTS", "GET_MASTER"),
    *("GET_MAINTENANCE_STATUS", "GET_MAINTENANCE_SCHEDULE"),
)
"""Reads that need nothing but their type."""
WITH_PART = (
    *("GET_METRICS", "SET_LOGGING_LEVEL", "LIST_FILES", "READ_FILE", "UPDATE_WEIGHTS", "RESERVE_RESOURCES"),
    *("UNRESERVE_RESOURCES", "CREATE_VOLUMES", "DESTROY_VOLUMES", "GROW_VOLUME", "SHRINK_VOLUME"),
    *("UPDATE_MAINTENANCE_SCHEDULE", "START_MAINTENANCE", "STOP_MAINTENANCE", "DRAIN_AGENT", "DEACTIVATE_AGENT"),
    *("REACTIVATE_AGENT", "UPDATE_QUOTA", "SET_QUOTA", "REMOVE_QUOTA", "TEARDOWN", "MARK_AGENT_GONE"),
)

_NO_JSON = "Failed to parse body into JSON: syntax error at line 1 near: "
_NOT_VALID = "Failed to validate master::Call: "
_NO_TYPE = f"{_NOT_VALID}Expecting 'type' to be present"
_HTML = {**JSON, "Accept": "text/html"}
_RECORDS = {**JSON, "Accept": "application/recordio"}
_NOT_ACCEPTED = "Expecting 'Accept' to allow 'application/x-protobuf' or 'application/json'"
_OTHER = "Expecting 'Content-Type' of application/json or application/x-protobuf"

_AT = {"unavailability": {"start": {"nanoseconds": 1}}}

LADDER: list[tuple[str, str, dict[str, str], Any, int, str]] = [
    ("a GET", "GET", {}, None, 405, "405 Method Not Allowed. Expecting one of { 'POST' }, but received 'GET'."),
    ("a PUT", "PUT", JSON, {}, 405, "405 Method Not Allowed. Expecting one of { 'POST' }, but received 'PUT'."),
    ("no content type", "POST", {}, {}, 400, "Expecting 'Content-Type' to be present"),
    ("text", "POST", {"Content-Type": "text/plain"}, {}, 415, _OTHER),
    ("an empty content type", "POST", {"Content-Type": ""}, {}, 415, _OTHER),
    ("records", "POST", {"Content-Type": "application/recordio"}, {}, 415, _OTHER),
    ("half a document", "POST", JSON, b"{", 400, _NO_JSON),
    ("half a document, wrongly accepted", "POST", _HTML, b"{", 400, _NO_JSON),
    ("no protobuf", "POST", {"Content-Type": PROTOBUF}, b"\xff\xff", 400, "Failed to parse body into Call protobuf"),
    ("an array", "POST", JSON, [], 400, "Failed to convert JSON into Call protobuf: Expecting a JSON object"),
    ("no type", "POST", JSON, {}, 400, _NO_TYPE),
    ("an unknown type", "POST", JSON, {"type": "JUMP"}, 400, _NO_TYPE),
    (
        "a missing field",
        "POST",
        JSON,
        {"type": "READ_FILE", "read_file": {"path": "/x"}},
        400,
        "Failed to convert JSON into Call protobuf: Missing required fields: read_file.offset",
    ),
    *(
        (
            name,
            "POST",
            JSON,
            {"type": name},
            400,
            f"Failed to validate master::Call: Expecting '{name.lower()}' to be present",
        )
        for name in WITH_PART
    ),
    ("nothing is accepted", "POST", _HTML, {"type": "GET_HEALTH"}, 406, _NOT_ACCEPTED),
    (
        "records are accepted",
        "POST",
        {**JSON, "Accept": "application/recordio"},
        {"type": "GET_HEALTH"},
        406,
        _NOT_ACCEPTED,
    ),
    ("a stream that is not accepted", "POST", _HTML, {"type": "SUBSCRIBE"}, 406, _NOT_ACCEPTED),
    ("no such file", "POST", JSON, {"type": "LIST_FILES", "list_files": {"path": "/x"}}, 404, ""),
    ("no such file to read", "POST", JSON, {"type": "READ_FILE", "read_file": {"path": "", "offset": 0}}, 404, ""),
    (
        "no such framework",
        "POST",
        JSON,
        {"type": "TEARDOWN", "teardown": {"framework_id": {"value": "x"}}},
        400,
        "No framework found with specified ID",
    ),
    (
        "no such agent to mark gone",
        "POST",
        JSON,
        {"type": "MARK_AGENT_GONE", "mark_agent_gone": {"agent_id": {"value": "x"}}},
        404,
        "Agent 'x' not found",
    ),
    (
        "no such agent to drain",
        "POST",
        JSON,
        {"type": "DRAIN_AGENT", "drain_agent": {"agent_id": {"value": "x"}}},
        400,
        "Unknown agent",
    ),
    *(
        (
            f"a schedule of {name}",
            "POST",
            JSON,
            {
                "type": "UPDATE_MAINTENANCE_SCHEDULE",
                "update_maintenance_schedule": {"schedule": {"windows": [{**_AT, "machine_ids": machines}]}},
            },
            400,
            text,
        )
        for name, machines, text in (
            ("no machines", [], "List of machines in the maintenance window is empty"),
            ("a nameless machine", [{}], "Both 'hostname' and 'ip' for a machine are empty"),
            ("an address of no kind", [{"ip": "x"}], "Failed to parse IPv4: x"),
            (
                "one machine twice",
                [{"hostname": "x", "ip": "198.18.0.1"}, {"hostname": "X", "ip": "198.18.0.1"}],
                'Machine \'{"hostname":"X","ip":"198.18.0.1"}\' appears more than once in the schedule',
            ),
        )
    ),
    *(
        (f"{kind} of {name}", "POST", JSON, {"type": kind, kind.lower(): {"machines": machines}}, 400, text)
        for kind in ("START_MAINTENANCE", "STOP_MAINTENANCE")
        for name, machines, text in (
            ("no machines", [], "List of machines is empty"),
            ("a nameless machine", [{"hostname": ""}], "Both 'hostname' and 'ip' for a machine are empty"),
            (
                "a machine that is not scheduled",
                [{"hostname": "x"}],
                'Machine \'{"hostname":"x"}\' is not part of a maintenance schedule',
            ),
        )
    ),
    (
        "no such agent to deactivate",
        "POST",
        JSON,
        {"type": "DEACTIVATE_AGENT", "deactivate_agent": {"agent_id": {"value": "x"}}},
        400,
        "Unknown agent",
    ),
    (
        "no such agent to reactivate",
        "POST",
        JSON,
        {"type": "REACTIVATE_AGENT", "reactivate_agent": {"agent_id": {"value": "x"}}},
        400,
        "Agent is not deactivated",
    ),
]


def operate(port: int, kind: str, **part: Any) -> Answer:
    """An operator's call with its part."""
    body = {"type": kind, kind.lower(): part} if part else {"type": kind}
    return request(port, "POST", API, JSON, encoded(body))
