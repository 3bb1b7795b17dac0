"""Control groups in every hierarchy, tried on folders that look like them."""

from __future__ import annotations

from pathlib import Path

import pytest

from dcos_installer.providers.nspawn.cgroups import (
    MACHINE_DEVICES,
    ControlGroup,
    Hierarchy,
    mode_of,
    own_path,
    parse_hierarchies,
)

HYBRID = """\
24 1 0:21 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
25 24 0:22 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:5 - cgroup cgroup rw,cpu,cpuacct
26 24 0:23 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
27 24 0:24 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,release_agent=/lib/agent,name=systemd
28 24 0:25 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw,nsdelegate
29 24 0:23 / /mnt/again\\040memory rw,relatime - cgroup cgroup rw,memory
"""
UNIFIED = "30 1 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot\n"


def test_every_mounted_hierarchy_is_found_once() -> None:
    found = {str(one.mount): one.controllers for one in parse_hierarchies(HYBRID)}
    assert found == {
        "/sys/fs/cgroup/cpu,cpuacct": {"cpu", "cpuacct"},
        "/sys/fs/cgroup/memory": {"memory"},
        "/sys/fs/cgroup/systemd": {"name=systemd"},
        "/sys/fs/cgroup/unified": frozenset(),
    }
    assert mode_of(parse_hierarchies(HYBRID)) == "v1"


def test_a_host_with_the_unified_hierarchy_alone_is_told_apart() -> None:
    (only,) = parse_hierarchies(UNIFIED)
    assert only.unified
    assert mode_of([only]) == "v2"


def test_a_unit_finds_its_group_in_the_hierarchy_systemd_keeps() -> None:
    hybrid = "4:memory:/user.slice\n1:name=systemd:/dcos.slice/one.service\n0::/other\n"
    assert own_path(hybrid) == "/dcos.slice/one.service"
    assert own_path("0::/dcos.slice/one.service\n") == "/dcos.slice/one.service"


@pytest.mark.parametrize("path", ["/", "", "/a/../..", "../x"])
def test_a_group_is_never_a_root_nor_outside_of_it(path: str) -> None:
    with pytest.raises(ValueError, match="not a control group of our own"):
        ControlGroup(path, [])


@pytest.fixture
def v1(tmp_path: Path) -> list[Hierarchy]:
    """Folders with the files that the kernel would put there for a group /a/m."""
    cpu, memory, cpuset, devices = (tmp_path / name for name in ("cpu", "memory", "cpuset", "devices"))
    for folder, files in (
        (cpu, ["cpu.cfs_period_us", "cpu.cfs_quota_us"]),
        (memory, ["memory.limit_in_bytes", "memory.memsw.limit_in_bytes"]),
        (cpuset, ["cpuset.cpus", "cpuset.mems"]),
        (devices, ["devices.allow", "devices.deny"]),
    ):
        for level in (folder, folder / "a", folder / "a" / "m"):
            level.mkdir()
            for name in files:
                (level / name).write_text("")
    (cpuset / "cpuset.cpus").write_text("0-1")
    (cpuset / "cpuset.mems").write_text("0")
    return [Hierarchy(path, frozenset({path.name})) for path in (cpu, memory, cpuset, devices)]


def test_a_machine_is_held_to_its_declared_shape_in_v1(v1: list[Hierarchy], tmp_path: Path) -> None:
    group = ControlGroup("/a/m", v1)
    group.create()
    group.limit(1.5, 512)
    assert (tmp_path / "cpu/a/m/cpu.cfs_quota_us").read_text() == "150000"
    assert (tmp_path / "cpu/a/m/cpu.cfs_period_us").read_text() == "100000"
    assert (tmp_path / "memory/a/m/memory.limit_in_bytes").read_text() == str(512 << 20)
    assert (tmp_path / "memory/a/m/memory.memsw.limit_in_bytes").read_text() == str(512 << 20)
    group.limit(None, None)
    assert (tmp_path / "cpu/a/m/cpu.cfs_quota_us").read_text() == "-1"
    assert (tmp_path / "memory/a/m/memory.limit_in_bytes").read_text() == "-1"


def test_a_new_cpuset_may_run_where_its_parent_may(v1: list[Hierarchy], tmp_path: Path) -> None:
    ControlGroup("/a/m", v1).create()
    for level in ("a", "a/m"):
        assert (tmp_path / "cpuset" / level / "cpuset.cpus").read_text() == "0-1"
        assert (tmp_path / "cpuset" / level / "cpuset.mems").read_text() == "0"


def test_devices_are_denied_before_some_are_allowed(v1: list[Hierarchy], tmp_path: Path) -> None:
    ControlGroup("/a/m", v1).allow_devices()
    assert (tmp_path / "devices/a/m/devices.deny").read_text() == "a"
    assert (tmp_path / "devices/a/m/devices.allow").read_text() == MACHINE_DEVICES[-1]
    usable = [rule for rule in MACHINE_DEVICES if "r" in rule.split()[2]]
    assert all(rule.startswith("c ") for rule in usable), "no block device may be read or written"


def test_a_machine_is_held_to_its_declared_shape_in_v2(tmp_path: Path) -> None:
    for level in (tmp_path, tmp_path / "a", tmp_path / "a" / "m"):
        level.mkdir(exist_ok=True)
        (level / "cgroup.controllers").write_text("cpu memory")
        for name in ("cgroup.subtree_control", "cpu.max", "memory.max", "memory.swap.max"):
            (level / name).write_text("")
    group = ControlGroup("/a/m", [Hierarchy(tmp_path, frozenset())])
    group.create()
    group.limit(0.5, 256)
    assert (tmp_path / "cgroup.subtree_control").read_text() == "+memory"  # the kernel adds to what was written before
    assert (tmp_path / "a/cgroup.subtree_control").read_text() == "+memory"
    assert (tmp_path / "a/m/cgroup.subtree_control").read_text() == ""
    assert (tmp_path / "a/m/cpu.max").read_text() == "50000 100000"
    assert (tmp_path / "a/m/memory.max").read_text() == str(256 << 20)
    assert (tmp_path / "a/m/memory.swap.max").read_text() == "0"
    group.limit(None, None)
    assert (tmp_path / "a/m/cpu.max").read_text() == "max 100000"
    assert (tmp_path / "a/m/memory.max").read_text() == "max"


def test_removing_goes_all_the_way_down_and_up_as_far_as_nothing_else_is_there(tmp_path: Path) -> None:
    hierarchies = [Hierarchy(tmp_path / name, frozenset({name})) for name in ("freezer", "pids")]
    for hierarchy in hierarchies:
        (hierarchy.mount / "dcos" / "c1" / "m" / "deep" / "deeper").mkdir(parents=True)
    (tmp_path / "pids" / "dcos" / "c2").mkdir()
    group = ControlGroup("/dcos/c1/m", hierarchies)
    group.remove_below()
    assert group.exists()
    assert list((tmp_path / "pids/dcos/c1/m").iterdir()) == []
    group.remove()
    group.remove()  # again, as after an interruption
    group.remove_empty_parents()
    assert not (tmp_path / "freezer/dcos").exists()
    assert [path.name for path in (tmp_path / "pids/dcos").iterdir()] == ["c2"]
    assert (tmp_path / "freezer").is_dir()


@pytest.mark.parametrize(
    ("controller", "name", "weights"), [("cpu", "cpu.shares", (8192, 1024, 9216)), ("", "cpu.weight", (800, 100, 900))]
)
def test_a_group_weighs_in_as_if_none_were_above_it(
    tmp_path: Path, controller: str, name: str, weights: tuple[int, int, int]
) -> None:
    hierarchy = Hierarchy(tmp_path, frozenset({controller} - {""}))
    for folder in ("top", "top/cluster", "top/cluster/m1", "top/cluster/a1", "top/cluster/m1/machine"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_text("1024" if controller else "100")
    ControlGroup("/top/cluster/a1", [hierarchy]).weigh(1024)
    ControlGroup("/top/cluster/m1", [hierarchy]).weigh(8192)
    master, agent, both = weights
    found = {folder: int((tmp_path / folder / name).read_text()) for folder in ("top/cluster/m1", "top/cluster/a1")}
    assert found == {"top/cluster/m1": master, "top/cluster/a1": agent}
    assert int((tmp_path / "top" / "cluster" / name).read_text()) == both
    assert int((tmp_path / "top" / name).read_text()) == both
