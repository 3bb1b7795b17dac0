"""What the master tells operators in figures, and the form by which they end a framework."""

from __future__ import annotations

import json
import re
import subprocess
import urllib.parse
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given

import dcos_runtime
from dcos_runtime import build
from dcos_runtime.master import forms, metrics
from dcos_runtime.master.measures import Measures, Queues, Timer
from dcos_runtime.stalls import Stalls
from dcos_runtime.wire import codec, internal
from tests.support.cores.master_world import COME_BACK, PING, PINGS, World
from tests.support.mesos.calls import CONNECTS


def test_a_timer_tells_its_last_duration_and_the_spread_of_its_window() -> None:
    timer = Timer(window=10.0)
    assert timer.shown("t", 0.0) == {}
    timer.record(0.005, 0.0)
    assert timer.shown("t", 1.0) == {"t": 5.0}
    for number in range(1, 101):
        timer.record(number / 1000, 20.0)
    shown = timer.shown("t", 21.0)
    assert (shown["t"], shown["t/count"], shown["t/min"], shown["t/max"]) == (100.0, 100.0, 1.0, 100.0)
    assert shown["t/p50"] == pytest.approx(50.5)
    assert shown["t/p99"] == pytest.approx(99.01)
    assert shown["t/p9999"] <= 100.0
    assert timer.shown("t", 100.0) == {"t": 100.0}, "the window is over; the last duration stays"


def test_the_registry_is_as_large_as_what_it_holds() -> None:
    measures = Measures()
    measures.stored({"a": b"123", "bc": b""})
    measures.stored({"a": b"1", "new": None})
    assert sum(measures.registry.values()) == 2 + 2
    measures.stored({"a": None, "bc": None})
    assert not measures.registry


def test_a_standby_tells_of_itself_only() -> None:
    shown = metrics.metrics(None, Queues(requests={1, 2}), Stalls(), 10.0, World(agents=0, frameworks=0).now())
    assert shown["master/elected"] == 0.0
    assert shown["master/event_queue_http_requests"] == 2.0
    assert not [name for name in shown if not name.startswith(("master/", "system/", "loop/"))]


def counted(world: World) -> dict[str, int]:
    found = {name.removeprefix("master/"): count for name, count in world.core.state.counters.items()}
    return {
        name: count for name, count in found.items() if re.match("slave_|recovery_|messages_re.*_slave|dropped", name)
    }


def write_all(world: World) -> None:
    while world.write():
        pass


def test_agents_that_come_and_go_are_counted_by_the_reason() -> None:
    world = World(agents=2, frameworks=0)
    world.run_until_idle()
    assert counted(world) == {"slave_registrations": 2, "messages_register_slave": 2}
    silent, replaced = world.agents
    replaced.break_off()
    replaced.id = None
    replaced.connect()  # without the id it had
    write_all(world)
    replaced.read()
    known = counted(world)
    assert known["slave_removals"] == known["slave_removals/reason_registered"] == 1
    assert known["messages_register_slave"] == known["slave_registrations"] == 3
    silent.break_off()
    for _ in range(PINGS + 2):
        world.pass_time(PING)
        while replaced.read():
            pass
        write_all(world)
    known = counted(world)
    assert known["slave_removals/reason_unhealthy"] == 1
    assert known["slave_unreachable_scheduled"] == known["slave_unreachable_completed"] == 1
    silent.connect()
    write_all(world)
    assert counted(world)["messages_reregister_slave"] == counted(world)["slave_reregistrations"] == 1
    world.restart()
    world.pass_time(COME_BACK + 1)
    write_all(world)
    expected = {"recovery_slave_removals": 2, "slave_removals": 2, "slave_removals/reason_unhealthy": 2}
    assert counted(world) == expected


def test_messages_that_are_refused_are_counted_as_dropped() -> None:
    world = World(agents=1, frameworks=0)
    world.run_until_idle()
    (agent,) = world.agents
    pongs = [internal.Pong(seq=1000), internal.Pong(seq=1001)]
    for agent_id, epoch in ((agent.id, agent.epoch), (agent.id, agent.epoch - 1), ("nobody", 1)):
        batch = internal.Batch(str(agent_id), epoch, list(pongs))
        assert world.post(codec.encode(batch)).status == 409
    assert counted(world)["dropped_messages"] == 6


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@given(st.dictionaries(TEXT, TEXT, max_size=4))
def test_a_form_reads_as_it_was_written(form: dict[str, str]) -> None:
    assert forms.parse(urllib.parse.urlencode(form).encode()) == form


@given(st.binary(max_size=64))
def test_any_bytes_are_a_form_or_a_malformed_escape(data: bytes) -> None:
    try:
        forms.parse(data)
    except ValueError as error:
        assert re.match(r"Malformed % escape in ", str(error))
        assert b"%" in data


def test_a_malformed_escape_is_not_quoted_at_length() -> None:
    with pytest.raises(ValueError, match="Malformed") as caught:
        forms.parse(b"frameworkId=" + b"x" * 60_000 + b"%zz")
    assert len(str(caught.value)) < 200


def test_the_build_names_the_code_that_runs_as_git_does(tmp_path: Path) -> None:
    """Which is the same on a machine, where the tools of a checkout are missing."""
    found = build.info()
    assert re.fullmatch(r"[0-9a-f]{40}", found["git_sha"])
    assert found["git_tag"] == dcos_runtime.__version__
    source = Path(dcos_runtime.__file__).parent
    git = ["git", "-c", "core.excludesFile=", "-c", "core.autocrlf=false", f"--git-dir={tmp_path / 'git'}"]
    subprocess.run([*git, "init", "-q"], check=True)
    (tmp_path / "git" / "info").mkdir(exist_ok=True)
    (tmp_path / "git" / "info" / "exclude").write_text("__pycache__\n*.pyc\n.*\n")
    subprocess.run([*git, f"--work-tree={source}", "add", "-A"], check=True, cwd=source)
    tree = subprocess.run([*git, "write-tree"], check=True, capture_output=True, text=True, cwd=source)
    assert tree.stdout.strip() == build.tree_id(source).hex()
    remove = [*git, f"--work-tree={source}", "rm", "-rq", "--cached", *sorted(build.WORKSHOP)]
    subprocess.run(remove, check=True, cwd=source)
    tree = subprocess.run([*git, "write-tree"], check=True, capture_output=True, text=True, cwd=source)
    assert tree.stdout.strip() == found["git_sha"]


def test_the_end_of_a_task_counts_once_and_as_what_its_update_tells() -> None:
    """Also when the agent says before that the task is over, and repeats the update."""
    world = World(agents=0, frameworks=0)
    assert world.connect(json.dumps(CONNECTS[1]).encode(), 7).status == 200
    while world.write():
        pass
    (agent,) = world.core.state.agents.values()
    for seq, state in enumerate(("RUNNING", "RUNNING", "FAILED", "FAILED"), start=1):
        status = {"task_id": {"value": "t1"}, "state": f"TASK_{state}", "uuid": "AAAAAAAAQACAAAAAAAAAAA=="}
        status |= {"source": "SOURCE_EXECUTOR", "reason": "REASON_COMMAND_EXECUTOR_FAILED"} if state == "FAILED" else {}
        update = {"type": "UPDATE", "seq": seq, "framework_id": "f", "status": status, "latest_state": "TASK_FAILED"}
        batch = {"agent_id": agent.id, "epoch": agent.epoch, "messages": [update]}
        assert world.post(json.dumps(batch).encode()).status == 200
    ends = {name: count for name, count in world.core.state.counters.items() if "/task" in name}
    assert ends == {"master/tasks_failed": 1, "master/task_failed/source_executor/reason_command_executor_failed": 1}
