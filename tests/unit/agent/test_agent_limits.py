"""Infinite limits: what a task is run with, and what the agent shows when a record cannot be read."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from dcos_runtime.agent import settings
from dcos_runtime.agent.command import command_of
from dcos_runtime.agent.container_user import ContainerUser
from dcos_runtime.agent.containers.spec import ContainerSpec
from dcos_runtime.agent.core import reading, refusal
from dcos_runtime.agent.core.capabilities import USUAL, Policy
from dcos_runtime.agent.core.core import AgentCore
from dcos_runtime.agent.core.model import Exit, Settings
from dcos_runtime.agent.core.recorded import restored
from dcos_runtime.agent.core.records import ExecutorKind, ExecutorRecord, TaskRecord
from dcos_runtime.agent.core.task_request import TaskRequest
from dcos_runtime.agent.disk.rules import DiskRules
from dcos_runtime.agent.launching import Launching
from dcos_runtime.agent.resources import MB
from dcos_runtime.agent.samples import Samples
from dcos_runtime.agent.sandbox import Sandboxes
from dcos_runtime.agent.views import AgentViewer
from dcos_runtime.core.frozen import Now
from dcos_runtime.flags import FlagError, parse
from dcos_runtime.flags.agent import AgentFlags
from dcos_runtime.wire import codec
from dcos_runtime.wire.common import AgentID, CommandInfo, TaskID, Value
from dcos_runtime.wire.containers import CapabilityInfo
from dcos_runtime.wire.resources import Resource
from dcos_runtime.wire.tasks import TaskInfo
from tests.support.agent.surroundings import configured
from tests.support.cores.agent_world import World, acknowledge_all


def scalar(name: str, value: float) -> Resource:
    return Resource(name=name, type=Value.Type.SCALAR, scalar=Value.Scalar(value=value))


def info(**limits: float) -> TaskInfo:
    return TaskInfo(
        name="t",
        task_id=TaskID(value="t"),
        agent_id=AgentID(value="a"),
        command=CommandInfo(value="true"),
        resources=[scalar("cpus", 1.0), scalar("mem", 64.0)],
        limits={name: Value.Scalar(value=value) for name, value in limits.items()},
    )


def spec(task: TaskInfo) -> ContainerSpec:
    nothing: Any = None
    disk = DiskRules(enforced=True, default=MB, caps={})
    launching = Launching(
        nothing,
        nothing,
        nothing,
        nothing,
        nothing,
        switch_user=False,
        limit_cpus=True,
        disk=disk,
        processes=100,
        volumes=nothing,
    )
    assert task.command is not None
    user = ContainerUser(name="u", uid=1, gid=1, groups=(), home="/")
    return launching._spec("c", task, command_of(task.command), {}, user, sandbox=Path("/s"))


@pytest.mark.parametrize("endless", [float("inf"), 1e300])
def test_a_limit_without_end_is_no_limit(endless: float) -> None:
    made = spec(info()).limits
    assert (made.memory, made.cpu_quota) == (64 << 20, 1.0)
    made = spec(info(mem=endless, cpus=endless)).limits
    assert (made.memory, made.cpu_quota, made.memory_soft) == (None, None, 64 << 20)
    assert spec(info(mem=128.0)).limits.memory == 128 << 20


@pytest.mark.parametrize("amount", [None, 0.0, -1.0, 0.0001])
def test_no_amount_at_all_is_the_minimum_and_never_no_limit(amount: float | None, tmp_path: Path) -> None:
    """Whatever a master lets through: a resource that is absent, nothing, less than nothing, almost nothing."""
    resources = [] if amount is None else [scalar("cpus", amount), scalar("mem", amount)]
    for limits in ({}, {"cpus": 0.0, "mem": 0.0}, {"cpus": -1.0, "mem": -1.0}):
        told = {name: Value.Scalar(value=value) for name, value in limits.items()}
        made = spec(msgspec.structs.replace(info(), resources=resources, limits=told))
        assert (made.limits.cpus, made.limits.cpu_quota, made.limits.memory) == (0.01, 0.01, 32 << 20)
        document = configured(made, tmp_path / "-".join(map(str, [*limits.values(), "x"])))["linux"]["resources"]
        assert document["cpu"] == {"shares": 10, "period": 100_000, "quota": 1000}
        assert document["memory"]["limit"] == document["memory"]["swap"] == 32 << 20
        assert "reservation" not in document["memory"] and document["pids"]["limit"] == 100


def asked(settings: Settings, **linux: Any) -> str:
    container = {"type": "MESOS", "linux_info": linux}
    task = json.dumps({"task_id": {"value": "t"}, "command": {"value": "true"}, "container": container}).encode()
    read = reading.task(task)
    assert isinstance(read, TaskRequest)
    found = refusal.refused(read, settings)
    return found.message if found else ""


def test_capabilities_are_refused_with_the_reason_or_taken() -> None:
    linux = replace(World().core.settings, launcher="linux")
    plain = replace(linux, launcher="posix")
    raw = {"capabilities": ["NET_RAW"]}
    allowed = replace(linux, capabilities=Policy(allowed=frozenset({CapabilityInfo.Capability.NET_RAW})))
    assert "NET_RAW are not allowed on this agent" in asked(linux, effective_capabilities=raw)
    assert "--launcher=posix" in asked(plain, effective_capabilities=raw)
    assert asked(allowed, effective_capabilities=raw) == asked(allowed, capability_info=raw) == asked(plain) == ""
    for field, value in (("seccomp", {"unconfined": True}), ("share_cgroups", True)):
        assert f"container.linux_info.{field}" in asked(allowed, **{field: value})


def test_an_agents_flags_say_what_tasks_may_ask_for() -> None:
    def policy(*words: str) -> Policy:
        argv = ["--master=127.0.0.1:1", "--work_dir=/w", *words]
        return settings.capabilities(parse(AgentFlags, argv, {}))

    kinds = CapabilityInfo.Capability
    raw = kinds.NET_RAW
    assert policy().most == USUAL and policy().given is None
    assert policy("--additional_capabilities=NET_RAW, SYS_PTRACE").most == {*USUAL, raw, kinds.SYS_PTRACE}
    bounding = '--bounding_capabilities={"capabilities": ["CHOWN"]}'
    assert policy(bounding).most == {kinds.CHOWN}
    assert policy(bounding, "--additional_capabilities=NET_RAW").most == {kinds.CHOWN, raw}
    given = policy('--effective_capabilities={"capabilities": ["NET_RAW"]}')
    assert given.given == frozenset({raw}) and given.most == {*USUAL, raw}
    with pytest.raises(FlagError, match="not known"):
        policy("--additional_capabilities=NET_ROW")


def viewer_of(core: AgentCore, folder: Path) -> AgentViewer:
    return AgentViewer(
        core=core,
        sandboxes=Sandboxes(folder),
        address="127.0.0.1:5051",
        started=Now(1.0, 1.0),
        flags={},
        usage=lambda *_: None,
        processes=lambda *_: [],
        fetched=dict,
        samples=Samples(10.0),
        unallocated=lambda _: (),
    )


def test_the_state_shows_all_tasks_but_the_one_that_cannot_be_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    core = World().core
    good = codec.encode(info(mem=float("inf")))
    for name, task in (("one", good), ("bad", b'{"name":"old","limits":{"mem":{"value":null}}}'), ("../..", good)):
        raw = msgspec.Raw(task)
        core.history.task_over(
            ExecutorRecord(framework_id="f", executor_id=name, container_id=name, kind=ExecutorKind.COMMAND),
            TaskRecord(framework_id="f", task_id=name, executor_id=name, container_id=name, task=raw),
            lives=False,
        )
    core.history.framework_over("f", None)
    viewer = viewer_of(core, tmp_path)
    (framework,) = viewer.state()["completed_frameworks"]
    assert [executor["id"] for executor in framework["completed_executors"]] == ["one", "../.."]
    assert [bool(executor["directory"]) for executor in framework["completed_executors"]] == [True, False]
    assert (framework["id"], framework["name"], framework["role"]) == ("f", "", "*")  # nothing is known of it
    assert "task 'bad' cannot be read and is left out of a view" in caplog.text


def test_a_framework_that_is_over_is_shown_as_it_was(tmp_path: Path) -> None:
    world = World()
    world.connect()
    viewer = viewer_of(world.core, tmp_path)
    container = world.launch("t")
    (living,) = viewer.state()["frameworks"]
    world.exit(container, Exit(code=0))
    acknowledge_all(world, "t")
    assert viewer.state()["frameworks"] == []
    (over,) = viewer.state()["completed_frameworks"]
    executors = ("executors", "completed_executors")
    assert {**over, **dict.fromkeys(executors)} == {**living, **dict.fromkeys(executors)}
    assert restored(b"seed", world.core.snapshot()).history.state == world.core.history.state
    world.launch("again")
    assert viewer.state()["completed_frameworks"] == [] and not list(world.core.history.frameworks())
