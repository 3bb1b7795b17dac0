"""Valid calls of frameworks and a valid first message of an agent; tests change them to invalid ones."""

from __future__ import annotations

from typing import Any

TASK: dict[str, Any] = {
    "name": "t",
    "task_id": {"value": "t1"},
    "agent_id": {"value": "AGENT"},
    "command": {"value": "x", "environment": {"variables": [{"name": "a", "value": "b"}]}},
    "resources": [
        {"name": "cpus", "type": "SCALAR", "scalar": {"value": 0.5}, "role": "*", "allocation_info": {"role": "*"}},
        {"name": "ports", "type": "RANGES", "ranges": {"range": [{"begin": 1, "end": 3}]}},
    ],
    "kill_policy": {"grace_period": {"nanoseconds": 5}},
    "health_check": {"type": "HTTP", "http": {"port": 1, "path": "/"}, "delay_seconds": 1.0},
    "check": {"type": "TCP", "tcp": {"port": 1}},
    "limits": {"cpus": {"value": 2.0}},
    "max_completion_time": {"nanoseconds": 5},
    "container": {"type": "MESOS", "mesos": {}},
    "labels": {"labels": [{"key": "k"}]},
}

INFO = {
    "user": "u",
    "name": "n",
    "id": {"value": "FRAMEWORK"},
    "failover_timeout": 10.0,
    "roles": ["a"],
    "capabilities": [{"type": "MULTI_ROLE"}],
    "offer_filters": {"a": {"min_allocatable_resources": {"quantities": [{"quantities": {"cpus": {"value": 1.0}}}]}}},
}

CALLS: list[dict[str, Any]] = [
    {
        "type": "ACCEPT",
        "accept": {
            "offer_ids": [{"value": "OFFER"}],
            "operations": [
                {"type": "LAUNCH", "launch": {"task_infos": [TASK]}},
                {"type": "RESERVE", "id": {"value": "o"}, "reserve": {"resources": TASK["resources"]}},
            ],
            "filters": {"refuse_seconds": 5.0},
        },
    },
    {"type": "DECLINE", "decline": {"offer_ids": [{"value": "OFFER"}], "filters": {"refuse_seconds": 5.0}}},
    {"type": "KILL", "kill": {"task_id": {"value": "t1"}, "agent_id": {"value": "AGENT"}}},
    {
        "type": "ACKNOWLEDGE",
        "acknowledge": {"agent_id": {"value": "AGENT"}, "task_id": {"value": "t1"}, "uuid": "AAAAAAAAQACAAAAAAAAAAA=="},
    },
    {"type": "RECONCILE", "reconcile": {"tasks": [{"task_id": {"value": "t1"}, "agent_id": {"value": "AGENT"}}]}},
    {"type": "REVIVE", "revive": {"roles": ["a"]}},
    {"type": "SUPPRESS", "suppress": {"roles": ["a"]}},
    {"type": "UPDATE_FRAMEWORK", "update_framework": {"framework_info": INFO, "suppressed_roles": ["a"]}},
    {"type": "RECONCILE_OPERATIONS", "reconcile_operations": {"operations": [{"operation_id": {"value": "o"}}]}},
    {"type": "MESSAGE", "message": {"agent_id": {"value": "AGENT"}, "executor_id": {"value": "e"}, "data": "aGk="}},
    {"type": "REQUEST", "request": {"requests": [{"agent_id": {"value": "AGENT"}}]}},
]

RESERVED = [
    {"name": "cpus", "type": "SCALAR", "scalar": {"value": 4.0}, "reservations": [{"type": "STATIC", "role": "r"}]},
    *TASK["resources"],
]

RACK = {"name": "rack", "type": "TEXT", "text": {"value": "r1"}}

CONNECT: dict[str, Any] = {
    "version": 1,
    "agent": {"hostname": "h", "port": 5, "resources": RESERVED, "attributes": [RACK], "id": {"value": "X-S1"}},
    "software": "s",
    "boot_id": "b",
    "tasks": [
        {
            "framework_id": "f",
            "task": {**TASK, "agent_id": {"value": "X-S1"}},
            "state": "TASK_RUNNING",
            "status": {"task_id": {"value": "t1"}, "state": "TASK_RUNNING", "uuid": "AAAAAAAAQACAAAAAAAAAAA=="},
        }
    ],
    "frameworks": [{**INFO, "id": {"value": "f"}}],
}

_DECIDED_ON = {
    "task_id": "t1",
    "asked": 0,
    "unacknowledged": CONNECT["tasks"][0]["status"],
    "status_state": "TASK_RUNNING",
    "status_uuid": "AAAAAAAAQACAAAAAAAAAAA==",
}
CONNECTS: list[dict[str, Any]] = [
    CONNECT,
    {
        **CONNECT,
        "versions": [1, 2],
        "tasks": [{**CONNECT["tasks"][0], **_DECIDED_ON}],
        "asked": [TASK["resources"]],
    },
]
"""The same in both versions of the protocol."""
