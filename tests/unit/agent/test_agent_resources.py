"""What an agent offers: the flags' forms, and how it sizes itself."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dcos_runtime.agent import settings
from dcos_runtime.agent.resources import (
    GB,
    MB,
    Capacity,
    attribute_values,
    capacity,
    offered,
    parse_resources,
)
from dcos_runtime.core.resources import parse, view
from dcos_runtime.flags import FlagError
from dcos_runtime.flags import parse as flags_of
from dcos_runtime.flags.agent import AgentFlags
from dcos_runtime.flags.resources import read_attributes


def test_the_text_form_is_read_as_mesos_does() -> None:
    found = parse_resources("cpus:4;mem(*):4096; disk:10240 ;ports:[31000-31010,31011-32000];zones:{a,b}")
    assert view([parse(found)]) == {
        "cpus": 4.0,
        "mem": 4096.0,
        "disk": 10240.0,
        "gpus": 0.0,
        "ports": "[31000-32000]",
        "zones": "{a, b}",
    }


def test_gpus_are_offered_as_many_as_are_named_or_fewer_never_more() -> None:
    there = Capacity(4.0, 8 * GB, 100 * GB)
    assert view([parse(offered([], there, 2))])["gpus"] == 2.0
    assert view([parse(offered(parse_resources("gpus:1"), there, 2))])["gpus"] == 1.0
    given = ["--master=127.0.0.1:5050", "--work_dir=/w"]
    settings.check(flags_of(AgentFlags, [*given, "--resources=gpus:1", "--nvidia_gpu_devices=0,1"], {}))
    for resources in ("gpus:3", "gpus:0.5"):
        with pytest.raises(FlagError, match="--nvidia_gpu_devices names 2"):
            settings.check(flags_of(AgentFlags, [*given, f"--resources={resources}", "--nvidia_gpu_devices=0,1"], {}))
    with pytest.raises(FlagError, match="whole numbers, each once"):
        flags_of(AgentFlags, [*given, "--nvidia_gpu_devices=0,00"], {})


def test_the_json_form_is_read() -> None:
    text = """[{"name": "cpus", "type": "SCALAR", "scalar": {"value": 2}, "role": "*"},
               {"name": "ports", "type": "RANGES", "ranges": {"range": [{"begin": 1, "end": 2}]}}]"""
    assert view([parse(parse_resources(text))])["ports"] == "[1-2]"


@pytest.mark.parametrize(
    "text",
    [
        "cpus",
        "cpus:x",
        "cpus:-1",
        "ports:4",
        "cpus:[1-2]",
        "ports:[2-1]",
        "ports:[1-2",
        "cpus:1;cpus:2",
        "cpus(prod):4;cpus(prod):1",
        "cpus(/prod):4",
        "cpus:1000000000001",
        "cpus:\u0663",
        "ports:[\u0663-\u0664]",
        "ports:[1-65536]",
        "ports(prod):[1-99999]",
        "ports:[1-99999999999999999999999]",
        "numbers:[1-18446744073709551616]",
        '[{"name": "ports", "type": "RANGES", "ranges": {"range": [{"begin": 1, "end": 65536}]}}]',
        '[{"name": "ids", "type": "RANGES", "ranges": {"range": [{"begin": 1, "end": 18446744073709551616}]}}]',
        "cpus:600000000000;cpus(prod):600000000000",
        "ports:[1-10];ports(prod):[10-11]",
        "zones:{a,b};zones(prod):{b}",
        '[{"name": "cpus", "type": "SCALAR", "scalar": {"value": 1}, "revocable": {}}]',
        '[{"name": "cpus", "type": "SCALAR", "scalar": {"value": 1}, "role": "a", "reservation": {}}]',
        '[{"name": "disk", "type": "SCALAR", "scalar": {"value": 1}, "disk": {"source": {"type": "MOUNT"}}}]',
        "[{]",
        '[{"name": "cpus", "type": "SCALAR"}]',
        '[{"name": "cpus", "type": "SCALAR", "scalar": {"value": 1}, "reservations": [{"role": "a"}]}]',
    ],
)
def test_what_cannot_be_offered_is_refused_with_a_reason(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w+"):
        parse_resources(text)


@pytest.mark.parametrize(
    ("memory", "disk", "mem", "left"),
    [(8 * GB, 100 * GB, 7 * 1024.0, 95 * 1024.0), (1 * GB, 8 * GB, 512.0, 4096.0), (2 * GB, 10 * GB, 1024.0, 5120.0)],
)
def test_what_is_not_named_is_sized_with_mesos_margins(memory: int, disk: int, mem: float, left: float) -> None:
    found = view([parse(offered(parse_resources("cpus:3"), Capacity(1.5, memory, disk)))])
    assert found == {"cpus": 3.0, "mem": mem, "disk": left, "gpus": 0.0, "ports": "[31000-32000]"}


def test_attributes_are_text_numbers_or_ranges() -> None:
    assert attribute_values(read_attributes("rack:r1;cores:8;slots:[1-4]; os:debian 12 ")) == {
        "rack": "r1",
        "cores": 8.0,
        "slots": "[1-4]",
        "os": "debian 12",
    }
    for wrong in ("rack", "rack:", "rack:a{b"):
        with pytest.raises(ValueError, match="rack"):
            read_attributes(wrong)


def machine(root: Path, mounts: str, memberships: str, files: dict[str, str]) -> Path:
    proc = root / "proc" / "self"
    proc.mkdir(parents=True)
    (root / "proc" / "meminfo").write_text("MemTotal:       16777216 kB\nMemFree: 1 kB\n")
    (proc / "mountinfo").write_text(mounts)
    (proc / "cgroup").write_text(memberships)
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    return root


def test_unified_limits_count_from_ours_up_to_the_root(tmp_path: Path) -> None:
    root = machine(
        tmp_path,
        "30 1 0:1 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
        "0::/machine/agent.service\n",
        {
            "sys/fs/cgroup/machine/memory.max": str(4 * GB),
            "sys/fs/cgroup/machine/cpu.max": "150000 100000",
            "sys/fs/cgroup/machine/agent.service/memory.max": "max",
            "sys/fs/cgroup/machine/agent.service/cpu.max": "max 100000",
        },
    )
    found = capacity(tmp_path, root)
    assert found.memory == 4 * GB
    assert found.cpus == min(1.5, float(len(os.sched_getaffinity(0))))


def test_divided_limits_count_too_through_a_mount_that_shows_only_a_part(tmp_path: Path) -> None:
    root = machine(
        tmp_path,
        "31 1 0:2 /docker/abc /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
        "32 1 0:3 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n",
        "4:memory:/docker/abc/inner\n3:cpu,cpuacct:/a/b\n1:name=systemd:/\n",
        {
            "sys/fs/cgroup/memory/memory.limit_in_bytes": str(2 * GB),
            "sys/fs/cgroup/memory/inner/memory.limit_in_bytes": "9223372036854771712",
            "sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us": "50000",
            "sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us": "100000",
            "sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_quota_us": "-1",
            "sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_period_us": "100000",
        },
    )
    found = capacity(tmp_path, root)
    assert (found.memory, found.cpus) == (2 * GB, 0.5)


def test_without_limits_the_machine_counts(tmp_path: Path) -> None:
    found = capacity(tmp_path, machine(tmp_path, "", "", {}))
    assert found.memory == 16 * 1024 * MB
