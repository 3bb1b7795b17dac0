"""Names: app ids (paths), instance ids, task ids, and versions (times).

``/a/b`` → instance ``a_b.instance-<uuid>`` → task ``a_b.instance-<uuid>._app.<n>``, n counting its incarnations.
"""

from __future__ import annotations

import re

from dcos_runtime.core import instants

SEGMENT = r"(([a-z0-9]|[a-z0-9][a-z0-9-]*[a-z0-9])\.)*([a-z0-9]|[a-z0-9][a-z0-9-]*[a-z0-9])"
_SEGMENT = re.compile(SEGMENT)
MAX_TASK = 255
"""Task ids name folders: file systems allow no longer names."""
MAX_APP = MAX_TASK - len(".instance-") - 36 - len("._app.") - 10
"""The longest app id, without the leading slash: it leaves room for the instance's UUID and ten digits of its
incarnation.
"""
_LONGEST_PATH = 10_000
RESERVED = ("restart", "tasks", "versions")
_TASK = re.compile(r"(?P<instance>(?P<app>[^/]+)\.instance-[^._]+)\._app\.(?P<number>[1-9][0-9]*)")
_INSTANCE = re.compile(r"(?P<app>[^/]+)\.instance-[^._]+")


def absolute(path: str) -> str:
    """``a//b/`` → ``/a/b``; also resolves ``.`` and ``..``. The result may still be invalid: see `problems`."""
    if len(path) > _LONGEST_PATH:
        return path
    parts: list[str] = []
    for part in path.split("/"):
        if part in ("", "."):
            continue
        if part == "..":
            parts = parts[:-1]
        else:
            parts.append(part)
    return "/" + "/".join(parts)


def problems(app_id: str) -> list[str]:
    """Why this absolute path is not an app id; empty when it is."""
    segments = app_id.strip("/").split("/")
    if segments == [""]:
        return ["Path must contain at least one path element"]
    if len(app_id.strip("/")) > MAX_APP:  # first of all: checking megabytes would take too long
        return [f"must not be longer than {MAX_APP} characters: the ids of its tasks, which name folders, hold it"]
    found = []
    if not all(_SEGMENT.fullmatch(segment) for segment in segments):
        found.append(f"must fully match regular expression '^{SEGMENT}$' in every part of the path")
    if segments[-1] in RESERVED:
        found.append(f"must not end with any of the following reserved keywords: {', '.join(RESERVED)}")
    return found


def safe(app_id: str) -> str:
    return app_id.strip("/").replace("/", "_")


def hostname(app_id: str) -> str:
    """``/a/b`` → ``b.a``: the task's name, which DNS uses."""
    return ".".join(reversed(app_id.strip("/").split("/")))


def group(app_id: str) -> str:
    return app_id.rsplit("/", 1)[0] or "/"


def top_group(app_id: str) -> str | None:
    """``/a/b/c`` → ``a``; an app that is in no group has none."""
    first, slash, _ = app_id.strip("/").partition("/")
    return first if slash else None


def instance(app_id: str, unique: str) -> str:
    return f"{safe(app_id)}.instance-{unique}"


def task(instance_id: str, incarnation: int) -> str:
    return f"{instance_id}._app.{incarnation}"


def parse_task(task_id: str) -> tuple[str, str] | None:
    """(app id, instance id) of a task id of ours, or ``None``."""
    match = _TASK.fullmatch(task_id)
    return ("/" + match["app"].replace("_", "/"), match["instance"]) if match else None


def parse_instance(text: str) -> tuple[str, str] | None:
    """(app id, instance id) of a task id or an instance id, or ``None``."""
    match = _INSTANCE.fullmatch(text)
    return ("/" + match["app"].replace("_", "/"), text) if match else parse_task(text)


def next_version(seconds: float, after: str) -> str:
    """A version for this time that sorts after ``after`` (which may be empty)."""
    text = instants.timestamp(seconds)
    if text > after:
        return text
    return instants.timestamp((instants.parse_timestamp(after) or seconds) + 0.001)
