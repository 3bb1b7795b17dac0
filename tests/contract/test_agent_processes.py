"""`/containers/processes` of a real agent, by both launchers, and `dcos ps --processes` (see test_cli_daemons)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.agent.clusters import by_both_launchers
from tests.support.daemons.agents import Agent, PretendedMaster
from tests.support.daemons.byhand import NotNow, ask, wait_for

ID = "agent-1"
FAMILY = """exec /usr/bin/python3 -c '
import os, threading, time
if not os.fork(): os._exit(0)
if not os.fork():
    os.setsid()
    if os.fork(): os._exit(0)
    os.execvp("sleep", ["a name\\nof two (lines)", "5051"])
for _ in range(300): threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()
time.sleep(1000)'
"""


both = by_both_launchers()


def told(agent: Agent, task: str, query: str = "") -> dict[str, Any]:
    status, found = agent.get(f"/slave(1)/containers/processes?container_id={agent.sandbox(task).name}{query}")
    if status == 503:  # a busy host may keep it from the processors for so long
        raise NotNow(str(found))
    assert status == 200, found
    assert isinstance(found, dict)
    return found


def test_processes_threads_and_zombies_of_a_task_are_told(both: tuple[PretendedMaster, Agent]) -> None:
    master, agent = both
    secret = {"variables": [{"name": "PASSWORD", "value": "geheim-5051"}]}
    master.run(ID, "family", {"value": FAMILY, "environment": secret})
    master.run(ID, "other", "exec sleep 5052")
    master.status("family", "RUNNING")
    master.status("other", "RUNNING")

    def grown() -> bool:
        shown = told(agent, "family")["processes"]
        ended = any(one["state"] == "Z" for one in shown)
        return ended and any(one["threads"] == 301 for one in shown) and any("5051" in one["command"] for one in shown)

    wait_for(grown, 60, "the whole family")
    found = wait_for(lambda: told(agent, "family", "&threads=true&interval=50ms"), 60, "a reading in time")
    assert (found["source"], found["executor_id"]) == ("family", "family")
    by_pid = {one["pid"]: one for one in found["processes"]}
    (main,) = [one for one in found["processes"] if one["threads"] == 301]
    assert main["user"] == "root" and len(main["thread_list"]) == 301 and main["mem_rss_bytes"] > 1 << 20
    assert {one["state"] for one in main["thread_list"]} <= {"S", "R", "D"}
    assert any(one["state"] == "Z" and one["ppid"] == main["pid"] for one in found["processes"])
    (lost,) = [one for one in found["processes"] if "5051" in one["command"]]  # its parent has ended
    assert lost["command"] == ["a name\nof two (lines)", "5051"]
    if agent.launcher == "linux":
        (first,) = [one for one in found["processes"] if one["pid_inside"] == 1]
        assert lost["ppid"] == main["ppid"] == first["pid"] and "tini" in first["name"]
        assert all(one["pid_inside"] < 2000 for one in by_pid.values())
    assert not [one for one in found["processes"] if "5052" in one["command"]], "another task's"
    assert "geheim-5051" not in str(found)
    for task in ("family", "other"):
        master.kill(ID, task, 0)
        master.until_gone(task)
    path = f"/containers/processes?container_id={agent.sandbox('family').name}"
    status, text = agent.get(path)
    assert status == 404 and "runs on this agent" in text


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 400),
        ("?container_id=", 400),
        ("?container_id=nothing", 404),
        ("?container_id=..%2F..%2Fetc", 404),
        ("?container_id=x&threads=yes", 400),
        ("?container_id=x&interval=1", 400),
        ("?container_id=x&interval=2secs", 400),
        ("?container_id=x&interval=-1secs", 400),
    ],
)
def test_what_cannot_be_asked_is_refused(both: tuple[PretendedMaster, Agent], query: str, status: int) -> None:
    _, agent = both
    answered, text = agent.get(f"/containers/processes{query}")
    assert answered == status and text and text.endswith("\n")
    assert ask(f"{agent.url}/containers/processes{query}", "POST", {})[0] == 405
