"""Apps with labels of the load balancer, and the configuration that follows from them."""

from __future__ import annotations

from typing import Any

from load_balancer.configuration import Settings, configuration
from load_balancer.labels import see
from load_balancer.steering import resized

EXTERNAL = frozenset({"external"})
SETTINGS = Settings("/run/admin.sock", 31000, 9080)
SECURE = Settings("/run/admin.sock", 31000, 9080, 9443, ("/run/certificate-1.pem", "/run/certificate-2.pem"))


def app(app_id: str = "/web", port: int = 10001, **labels: str) -> dict[str, Any]:
    """In the group external, with a running task."""
    return {
        "id": app_id,
        "labels": {"HAPROXY_GROUP": "external", **labels},
        "portDefinitions": [{"port": port}],
        "tasks": [task(31000)],
    }


def task(port: int, **more: Any) -> dict[str, Any]:
    return {"host": "198.18.0.21", "ports": [port], "state": "TASK_RUNNING", **more}


def text_of(*apps: dict[str, Any], settings: Settings = SETTINGS) -> str:
    seen = see(apps, EXTERNAL, tls=bool(settings.certificates), https=settings.https_port is not None)
    return configuration(settings, seen.services, resized({}, {one.name: 1 for one in seen.services}))
