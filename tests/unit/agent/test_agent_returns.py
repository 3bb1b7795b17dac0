"""What an agent that comes back may not have changed meanwhile: what it offers, and its control groups."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from dcos_runtime.agent.containers.base import LauncherUnusable
from dcos_runtime.agent.containers.cgroups import Cgroups
from dcos_runtime.agent.core.alterations import taken_away
from dcos_runtime.agent.core.model import Found
from dcos_runtime.agent.disk.watcher import DiskWatcher
from dcos_runtime.agent.launchers import evidence
from dcos_runtime.agent.launchers.oci import LAYOUT, OciLauncher
from dcos_runtime.agent.resources import parse_resources
from dcos_runtime.flags.resources import read_attributes
from dcos_runtime.wire import codec
from dcos_runtime.wire.cluster import AgentInfo
from dcos_runtime.wire.common import DomainInfo


def info(resources: str = "cpus:4;ports:[31000-32000]", attributes: str = "", zone: str = "") -> AgentInfo:
    fault = {"region": {"name": "r"}, "zone": {"name": zone}}
    return AgentInfo(
        hostname="h",
        resources=parse_resources(resources),
        attributes=read_attributes(attributes),
        domain=codec.decode(codec.encode({"fault_domain": fault}), DomainInfo) if zone else None,
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {}),
        ({}, {"resources": "cpus:4.5;ports:[30000-32000];gpus:1"}),
        ({"attributes": "rack:r1"}, {"attributes": "os:debian;rack:r1"}),
        ({"attributes": "ports:[5-9]"}, {"attributes": "ports:[1-6,7-9]"}),
        ({}, {"attributes": "rack:r1", "zone": "z"}),
        ({"zone": "z"}, {"zone": "z"}),
    ],
)
def test_what_is_added_is_taken(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert taken_away(info(**before), info(**after)) == []


@pytest.mark.parametrize(
    ("before", "after", "phrases"),
    [
        (
            {},
            {"resources": "cpus:3.5;ports:[31000-31999]"},
            [
                "the resources were cpus:4 and are cpus:3.5",
                "the resources were ports:[31000-32000] and are ports:[31000-31999]",
            ],
        ),
        (
            {"resources": "cpus:4;gpus:1"},
            {"resources": "cpus:8"},
            ["the resources were gpus:1 and are no gpus"],
        ),
        (
            {"resources": "cpus(web):4"},
            {"resources": "cpus:4"},
            ["the resources were cpus(reservations: [(STATIC,web)]):4 and are cpus:4"],
        ),
        ({"attributes": "rack:r1"}, {"attributes": "rack:r2"}, ["the attribute rack was r1 and is r2"]),
        ({"attributes": "size:2"}, {}, ["the attribute size was 2 and is gone"]),
        ({"attributes": "n:[1-9]"}, {"attributes": "n:[2-9]"}, ["the attribute n was [1-9] and is [2-9]"]),
        ({"zone": "z"}, {"zone": "y"}, ["the domain is another"]),
        ({"zone": "z"}, {}, ["the domain is another"]),
    ],
)
def test_what_is_taken_away_is_named(before: dict[str, Any], after: dict[str, Any], phrases: list[str]) -> None:
    assert taken_away(info(**before), info(**after)) == phrases


def test_a_container_that_lives_on_under_other_control_groups_is_refused_with_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    launcher = OciLauncher(
        tmp_path / "containers", tmp_path / "run", DiskWatcher(1.0, lambda *_: None, lambda *_: None)
    )
    launcher.runtime = "/bin/false"
    (launcher.folder / "c1").mkdir(parents=True)
    (launcher.folder / "c1" / "pid").write_text(str(os.getpid()))
    alive = [True]
    monkeypatch.setattr(
        evidence, "is_in", lambda pid, container_id: alive[0] and (pid, container_id) == (os.getpid(), "c1")
    )
    assert asyncio.run(launcher.inspect("c1")).found is Found.ABSENT  # nobody wrote down how it was made
    (launcher.folder / "c1" / LAYOUT).write_text(launcher.cgroups.layout)
    assert asyncio.run(launcher.inspect("c1")).found is Found.ABSENT
    launcher.use(Cgroups(True, {"": tmp_path}))
    with pytest.raises(LauncherUnusable) as refused:
        asyncio.run(launcher.inspect("c1"))
    assert refused.value.why == "control groups were divided (version 1) when it was made, and are unified"
    assert "reboot" in refused.value.hint
    alive[0] = False
    assert asyncio.run(launcher.inspect("c1")).found is Found.ABSENT
