"""What of the largest messages is usually there. The rest is given to their structs only when one of it has come.

It makes reading faster and nothing else: each absent field costs a struct's maker as much as one that is there.
"""

from __future__ import annotations

USUAL: dict[str, tuple[str, ...]] = {
    "cluster.AgentInfo": ("hostname", "port", "resources", "attributes", "id"),
    "scheduler.Call": ("framework_id", "type", "accept", "acknowledge", "decline"),
    "scheduler.Call.Accept": ("offer_ids", "operations", "filters"),
    "common.CommandInfo": ("value", "shell", "environment"),
    "containers.ContainerStatus": ("container_id", "network_infos", "executor_pid"),
    "common.Environment.Variable": ("name", "value", "type"),
    "scheduler.Event": ("type", "offers", "update"),
    "cluster.FrameworkInfo": (
        *("user", "name", "id", "failover_timeout", "checkpoint", "roles", "hostname", "principal", "webui_url"),
        "capabilities",
    ),
    "containers.NetworkInfo": ("ip_addresses",),
    "cluster.Offer": (
        *("id", "framework_id", "agent_id", "hostname", "url", "resources", "attributes", "allocation_info"),
        "executor_ids",
    ),
    "cluster.Offer.Operation": ("type", "launch"),
    "resources.Resource": ("name", "type", "scalar", "ranges", "allocation_info"),
    "tasks.TaskInfo": (
        *("name", "task_id", "agent_id", "resources", "command", "labels", "discovery", "container", "health_check"),
    ),
    "tasks.TaskStatus": (
        *("task_id", "state", "source", "message", "agent_id", "executor_id", "timestamp", "uuid", "healthy"),
        "container_status",
    ),
}

TOGETHER: dict[str, tuple[str, ...]] = {
    "common.Environment.Variable": ("name", "value"),
    "resources.Resource": ("name", "type", "scalar", "allocation_info"),
}
"""What a small message most often has, all of it and nothing else. What is not named here has all of its fields."""
