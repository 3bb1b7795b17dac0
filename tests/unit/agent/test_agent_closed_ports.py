"""Which ports are closed to tasks, and what is told of who holds one."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcos_runtime.agent.containers.cgroups import Cgroups
from dcos_runtime.agent.isolators import ports
from dcos_runtime.agent.isolators.ports import PRIVILEGED, PortGuard
from dcos_runtime.agent.resources import parse_resources, port_ranges
from dcos_runtime.flags import values
from dcos_runtime.flags.agent import AgentFlags
from dcos_runtime.listening import holders

RANGES = st.lists(
    st.tuples(st.integers(1, 200), st.integers(0, 40)).map(lambda pair: (pair[0], pair[0] + pair[1])), max_size=8
)


def numbers(some: values.Ranges) -> set[int]:
    return {number for low, high in some for number in range(low, high + 1)}


@given(RANGES, RANGES)
def test_ranges_are_sets_of_ports(some: list[tuple[int, int]], others: list[tuple[int, int]]) -> None:
    merged, more = values.merged(some), values.merged(others)
    assert numbers(merged) == numbers(tuple(some))
    assert all(low > high + 1 for (_, high), (low, _) in itertools.pairwise(merged))
    assert numbers(ports.without(merged, more)) == numbers(merged) - numbers(more)
    assert values.port_ranges(values.port_ranges_text(merged)) == merged


def test_closed_are_low_and_daemons_ports_that_are_not_offered_and_the_agents_own_ever() -> None:
    daemons = values.port_ranges("[2181, 5050-5052,8080]")
    offered = values.merged(port_ranges(parse_resources("ports:[80-80,5040-5060,31000-32000]")))
    assert ports.closed_ports(daemons, offered, [5051]) == (
        (1, 79),
        (81, 1023),
        (2181, 2181),
        (5051, 5051),
        (8080, 8080),
    )
    assert port_ranges(parse_resources("cpus:1")) == ((31000, 32000),)
    assert 0 not in numbers(ports.closed_ports(daemons, (), []))


@pytest.mark.parametrize("text", ["0", "65536", "7-6", "a", "1;2", "-5", "80-"])
def test_ports_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="ports and ranges from 1 to 65535"):
        values.port_ranges(text)


def test_closed_ports_that_the_kernel_may_hand_out_by_itself_are_told(tmp_path: Path) -> None:
    settings = tmp_path / "sys" / "net" / "ipv4"
    settings.mkdir(parents=True)
    closed = ports.closed_ports(values.port_ranges("2181,5049-5052,40000"), (), [])
    for handed, kept, left in (
        ("32768\t60999", "", "40000"),
        ("32768\t60999", "31000-32000,40000", ""),
        ("1024\t65535", "5049-5051", "2181,5052,40000"),
        ("1024\t65535", "2181,5049-5052,40000", ""),
    ):
        (settings / "ip_local_port_range").write_text(handed + "\n")
        (settings / "ip_local_reserved_ports").write_text(kept + "\n")
        assert values.port_ranges_text(ports.handed_out(closed, tmp_path)) == left


def test_the_default_closes_the_ports_of_all_daemons_that_are_and_will_be() -> None:
    default = AgentFlags(master="", work_dir="").daemon_ports
    wanted = {2181, 2888, 3888, 5049, 5050, 5051, 5052, 7070, 7071, 8080, 8123, 8443, 53, 80, 443}
    assert wanted <= numbers(ports.closed_ports(default, (), []))


async def test_without_version_2_cgroups_nothing_is_closed_and_why_is_told() -> None:
    guard = PortGuard((PRIVILEGED,))
    await guard.begin(Cgroups(False, {"pids": Path("/nowhere")}), "mesos")
    assert "not enforced" in guard.shortcoming and "mount cgroup2 at /sys/fs/cgroup/unified" in guard.shortcoming
    guard.enter(1)
    assert guard.holds(1, "c")


def test_who_holds_a_port_is_told_with_its_task(tmp_path: Path) -> None:
    line = "   0: 00000000:13BB 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 777 1\n"
    files = {"net/tcp": "head\n" + line.replace("777", "5").replace("13BB", "13BC") + line, "net/tcp6": "head\n"}
    files |= {"70/cmdline": "python3\0-c\0" + "x" * 500, "70/cgroup": "0::/mesos/container-7\n", "70/environ": ""}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    for pid, inode in ((69, 5), (70, 777)):
        (tmp_path / str(pid) / "fd").mkdir(parents=True, exist_ok=True)
        (tmp_path / str(pid) / "fd" / "3").symlink_to(f"socket:[{inode}]")
    found = holders.of_port(5051, {"container-6": "another", "container-7": "the task t"}, tmp_path)
    assert found.startswith("pid 70 ('python3 -c xxx") and found.endswith("…') of the task t") and len(found) < 200
    assert holders.of_port(5053, {}, tmp_path) == "a process that cannot be seen from here"
