"""A task's sandbox, read from its agent: where it is, the end of a file in it, what is appended since."""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dcos_runtime.cli.connection.http import NotJson, Response
from dcos_runtime.cli.errors import CliError
from dcos_runtime.cli.kernel.master import Agent, Agents, Task

BLOCK = 64 * 1024  # the most that an agent returns at once


class Missing(CliError):
    """There is no such sandbox or file: not yet, or not any more."""


@dataclass(frozen=True)
class SandboxRun:
    """One run of a task on its agent, in its executor's container or within that. ``ended``: nothing will be written
    any more.
    """

    directory: str
    container_id: str
    ended: bool


def find_run(agents: Agents, agent: Agent, task: Task) -> SandboxRun:
    """The latest run of the task's executor. Raises `Missing` when the agent knows none."""
    state = answered(agents.state(agent))
    for over, frameworks in ((False, state.get("frameworks", [])), (True, state.get("completed_frameworks", []))):
        for framework in frameworks:
            if framework.get("id") != task.framework_id:
                continue
            for ended, key in ((False, "executors"), (True, "completed_executors")):
                for executor in reversed(framework.get(key, [])):
                    if executor.get("id") == task.executor_id and executor.get("directory"):
                        over = over or ended or _task_over(executor, task)
                        parts = _within(executor, task) or [str(executor.get("container", ""))]
                        directory = "/containers/".join([executor["directory"], *parts[1:]])
                        return SandboxRun(directory, ".".join(parts), over)
    raise Missing(
        f"agent {agent.hostname} knows no sandbox of task {task.id}",
        hints=["a task that was just launched has none yet; old sandboxes are cleared away"],
    )


def _within(executor: Mapping[str, Any], task: Task) -> list[str]:
    """The ids of the containers that a task of a group is in, its executor's first; empty for any other task."""
    for key in ("tasks", "completed_tasks", "queued_tasks"):
        for one in executor.get(key, []):
            for status in reversed(one.get("statuses", []) if one.get("id") == task.id else []):
                parts = []
                found = status.get("container_status", {}).get("container_id")
                while found:
                    parts.append(str(found.get("value", "")))
                    found = found.get("parent")
                if len(parts) > 1:
                    return parts[::-1]
    return []


def _task_over(executor: Mapping[str, Any], task: Task) -> bool:
    """Whether this task of an executor that still runs is over."""
    return any(one.get("id") == task.id for one in executor.get("completed_tasks", []))


@dataclass
class File:
    """A file of a sandbox and how far it has been read, in bytes."""

    agents: Agents
    agent: Agent
    path: str
    position: int = 0

    def tail(self, lines: int) -> bytes:
        """The last ``lines`` lines; the position is then the file's end. Raises `Missing`."""
        size = self._size()
        self.position = size
        if lines == 0:
            return b""
        kept = b""
        start = size
        while start > 0 and kept.rstrip(b"\n").count(b"\n") < lines:
            begin = max(0, start - BLOCK)
            first, data = self._range(begin, start)
            kept = data + kept
            if first > begin:
                break  # the beginning is gone: an agent keeps only the end of an output that grows too long
            start = begin
        # A newline at the end closes the last line; it does not begin another one.
        body, closed = (kept[:-1], b"\n") if kept.endswith(b"\n") else (kept, b"")
        return b"\n".join(body.split(b"\n")[-lines:]) + closed if kept else b""

    def appended(self) -> Iterator[bytes]:
        """What came after the position, in pieces; the position moves along. A file that shrank is read anew."""
        size = self._size()
        if size < self.position:
            self.position = 0
        while self.position < size:
            first, piece = self._read(self.position, BLOCK)
            if not piece:
                return
            self.position = first + len(piece)
            yield piece

    def _size(self) -> int:
        return self._read(-1, 0)[0]

    def _range(self, begin: int, end: int) -> tuple[int, bytes]:
        """The data in the range, and where it begins: at ``end`` when there is none."""
        first = end
        pieces: list[bytes] = []
        while begin < end:
            at, data = self._read(begin, end - begin)
            if not data or at >= end:
                break
            data = data[: end - at]
            if not pieces:
                first = at
            pieces.append(data)
            begin = at + len(data)
        return first, b"".join(pieces)

    def _read(self, offset: int, length: int) -> tuple[int, bytes]:
        """The data at or after ``offset`` and where it really begins; for an offset of -1 the file's size."""
        query = urllib.parse.urlencode({"path": self.path, "offset": offset, **({"length": length} if length else {})})
        response = self.agents.get(self.agent, f"/files/read?{query}")
        if response.status == 404:
            name = self.path.rpartition("/")[2]
            raise Missing(
                f"the sandbox has no file {name} on agent {self.agent.hostname}",
                hints=["every sandbox has stdout and stderr; other files are there when the task wrote them"],
            )
        answer = answered(response)
        return int(answer["offset"]), str(answer["data"]).encode("utf-8", "surrogateescape")


def answered(response: Response) -> Mapping[str, Any]:
    """The JSON object that an agent answered. Raises `CliError`."""
    try:
        body = response.json()
    except NotJson as error:
        raise CliError(f"{response.url} does not answer as an agent does: {error}") from error
    if response.status != 200 or not isinstance(body, dict):
        raise CliError(f"{response.url} answered {response.status}: {response.text()[:200]}")
    return body
