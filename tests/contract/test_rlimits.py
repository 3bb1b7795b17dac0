"""Resource limits and /dev/shm: what a task may ask for, and what its processes find."""

from __future__ import annotations

import asyncio
import json
import resource
from dataclasses import replace as with_fields
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from dcos_runtime.agent.containers.base import LaunchError
from dcos_runtime.agent.containers.spec import FirstProcess
from dcos_runtime.agent.core import reading, refusal, rlimits
from dcos_runtime.agent.core.model import Settings
from dcos_runtime.agent.core.task_request import TaskRequest
from dcos_runtime.agent.isolators.rlimits import may_raise
from dcos_runtime.wire import codec
from dcos_runtime.wire.containers import RLimitInfo
from tests.support.agent.containers import create, destroyed, made, spec
from tests.support.cores.agent_world import World


def info(*limits: dict[str, Any]) -> RLimitInfo:
    return codec.decode(json.dumps({"rlimits": list(limits)}).encode(), RLimitInfo)


FILES = {"type": "RLMT_NOFILE", "soft": 100, "hard": 200}
CORE = {"type": "RLMT_CORE", "soft": 0, "hard": 0}
SECONDS = {"type": "RLMT_CPU"}


def said_of(settings: Settings, **container: Any) -> str:
    given = {"type": "MESOS", **container}
    task = json.dumps({"task_id": {"value": "t"}, "command": {"value": "true"}, "container": given}).encode()
    request = reading.task(task)
    assert isinstance(request, TaskRequest)
    found = refusal.refused(request, settings)
    return found.message.removeprefix("Failed to launch container: ") if found else ""


def test_every_kind_that_a_task_can_name_is_the_kernels() -> None:
    kinds = [kind for kind in rlimits.Kind if kind is not rlimits.Kind.UNKNOWN]
    assert set(rlimits.NUMBERS) == set(kinds)
    for kind, number in rlimits.NUMBERS.items():
        name = f"RLIMIT_{kind.value.removeprefix('RLMT_')}"
        assert getattr(resource, name, number) == number
    found = rlimits.limits_of(info(FILES, SECONDS))
    assert [(limit.name, limit.number, limit.soft, limit.hard) for limit in found] == [
        ("RLIMIT_NOFILE", 7, 100, 200),
        ("RLIMIT_CPU", 0, rlimits.INFINITY, rlimits.INFINITY),
    ]
    assert rlimits.limits_of(None) == ()


@pytest.mark.parametrize(
    ("limits", "why"),
    [
        ([FILES, CORE, SECONDS], ""),
        ([FILES, FILES], "RLMT_NOFILE twice"),
        ([{"type": "RLMT_AS", "soft": 1}], "RLMT_AS of rlimit_info has only one of soft and hard"),
        ([{"type": "RLMT_AS", "soft": 2, "hard": 1}], "a soft limit of 2, above its hard one of 1"),
        ([{"type": "RLMT_ODD"}], "not known here"),
        ([{}], "not known here"),
    ],
)
def test_limits_are_taken_or_refused_with_the_reason(limits: list[dict[str, Any]], why: str) -> None:
    for launcher in ("linux", "posix"):
        said = said_of(with_fields(World().core.settings, launcher=launcher), rlimit_info={"rlimits": limits})
        assert (why in said) if why else not said


def test_namespaces_and_shared_memory_are_taken_or_refused_with_the_reason() -> None:
    linux = with_fields(World().core.settings, launcher="linux")
    for taken in ({"share_pid_namespace": False}, {"ipc_mode": "PRIVATE"}, {"ipc_mode": "PRIVATE", "shm_size": 1}):
        assert said_of(linux, linux_info=taken) == ""
        assert "--launcher=posix" in said_of(with_fields(linux, launcher="posix"), linux_info=taken)
    assert "pid namespace of its own" in said_of(linux, linux_info={"share_pid_namespace": True})
    assert "IPC namespace of its own" in said_of(linux, linux_info={"ipc_mode": "SHARE_PARENT"})
    assert "shm_size is 0" in said_of(linux, linux_info={"shm_size": 0})


SHOWS = "ulimit -Sn; ulimit -Hn; ulimit -c; ulimit -t; df -k /dev/shm | tail -1"


@pytest.mark.parametrize("name", ["posix", "linux"])
async def test_a_task_has_the_limits_it_asked_for_and_its_shared_memory(name: str, tmp_path: Path) -> None:
    launcher, _ = await made(name, tmp_path)
    given = spec(tmp_path, "limited", ("/bin/bash", "-c", SHOWS))
    limits = rlimits.limits_of(info(FILES, CORE, {"type": "RLMT_CPU", "soft": 50, "hard": 60}))
    given = replace(
        given,
        process=replace(given.process, rlimits=limits),
        limits=replace(given.limits, shared_memory=3 << 20),
    )
    await create(launcher, given)
    await launcher.start("limited")
    ended = await asyncio.wait_for(launcher.wait("limited"), 60)
    assert ended is not None and ended.code == 0
    soft, hard, core, seconds, shared = (given.sandbox / "stdout").read_text().splitlines()
    assert (soft, hard, core, seconds) == ("100", "200", "0", "50")
    if name == "linux":
        assert shared.split()[1] == str(3 << 10)
    await destroyed(launcher, "limited")


@pytest.mark.parametrize("name", ["posix", "linux"])
async def test_more_than_the_agent_may_give_is_refused_with_the_figure(name: str, tmp_path: Path) -> None:
    if may_raise():
        pytest.skip("this process may raise its limits")
    launcher, _ = await made(name, tmp_path)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    given = spec(tmp_path, "greedy")

    def asking(hard: int) -> FirstProcess:
        limits = rlimits.limits_of(info({"type": "RLMT_NOFILE", "soft": 10, "hard": hard}))
        return replace(given.process, rlimits=limits)

    with pytest.raises(LaunchError, match=rf"RLIMIT_NOFILE of {most + 1}, and this agent may give {most} at most"):
        await launcher.prepare(replace(given, process=asking(most + 1)))
    await destroyed(launcher, "greedy")
    assert launcher.listed() == []
    await launcher.prepare(replace(given, process=asking(most)))
    await destroyed(launcher, "greedy")


def test_whether_limits_may_be_raised_is_read_of_the_capabilities() -> None:
    assert may_raise("Name:\tx\nCapEff:\t0000000001000000\n") and not may_raise("CapEff:\t0000000000ffffff\n")
