"""Project quotas on real file systems in loop-mounted images. The kernel has to know them: tests/vm brings such."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from dcos_runtime.agent.disk import quota as quota_module
from dcos_runtime.agent.disk.projects import HEADROOM, Projects
from dcos_runtime.agent.disk.quota import ProjectQuota
from dcos_runtime.agent.disk.watcher import DiskWatcher, Watched
from tests.support.daemons.agents import Agent, PretendedMaster, containers_work, pretended_cluster
from tests.support.daemons.byhand import wait_for

MB = 1 << 20
ID = "agent-1"
NOBODY = 65534
PYTHON = "/usr/bin/python3"
MAKE = {"ext4": ("mkfs.ext4", "-q", "-O", "quota,project"), "xfs": ("mkfs.xfs", "-q")}
TEN = [
    {"name": "cpus", "type": "SCALAR", "scalar": {"value": 0.5}},
    {"name": "mem", "type": "SCALAR", "scalar": {"value": 64}},
    {"name": "disk", "type": "SCALAR", "scalar": {"value": 10}},
]
CHANGE = """
import fcntl, os, struct, sys
for number, data in ((0x401c5820, struct.pack("=5I8x", 0, 0, 0, 0, 0)), (0x40086602, struct.pack("=Q", 0)),
                     (0x40046602, struct.pack("=Q", 0)), (0x801c581f, bytes(28))):
    descriptor = os.open(".", os.O_RDONLY)
    try:
        fcntl.ioctl(descriptor, number, data)
        print(hex(number), "done")
    except OSError as error:
        print(hex(number), error.strerror)
"""


@contextlib.contextmanager
def mounted(kind: str, folder: Path, options: str = "loop,prjquota") -> Iterator[Path]:
    """A file system with project quotas, or a skip that says why there is none."""
    if why := why_not(kind):
        pytest.skip(why)
    mount(kind, folder, options)
    where = folder / "mounted"
    try:
        yield where
    finally:
        subprocess.run(["umount", "--lazy", str(where)], check=True)
        (folder / "image").unlink()


@functools.cache
def why_not(kind: str) -> str:
    if os.geteuid() != 0 or not shutil.which(MAKE[kind][0]):
        return f"wants root and {MAKE[kind][0]}"
    with tempfile.TemporaryDirectory() as name:
        if why := mount(kind, Path(name)):
            return f"this kernel does not mount {kind} with project quotas: {why}"
        subprocess.run(["umount", str(Path(name) / "mounted")], check=True)
    return ""


def mount(kind: str, folder: Path, options: str = "loop,prjquota") -> str:
    """Makes and mounts a file system. What went wrong."""
    image, where = folder / "image", folder / "mounted"
    where.mkdir()
    with image.open("wb") as file:
        file.truncate(600 * MB)
    subprocess.run([*MAKE[kind], str(image)], check=True, capture_output=True)
    argv = ["mount", "-o", options, str(image), str(where)]
    return subprocess.run(argv, capture_output=True, text=True, check=False).stderr.partition("\n")[0][-80:]


@pytest.fixture(params=MAKE)
def disk(request: pytest.FixtureRequest) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:  # where others than root get to
        Path(name).chmod(0o755)
        with mounted(request.param, Path(name)) as where:
            yield where


def begun(disk: Path, first: int = 100, last: int = 110) -> tuple[Projects, ProjectQuota]:
    quota = ProjectQuota(disk)
    projects = Projects(quota, first, last, disk / "slaves")
    projects.begin(disk)
    return projects, quota


def sandbox(disk: Path, name: str) -> Path:
    made = disk / "slaves/agent/frameworks/framework/executors/task/runs" / name
    made.mkdir(parents=True)
    (made / "stdout").touch()
    for path in (made, made / "stdout"):
        os.chown(path, NOBODY, NOBODY)
    return made


def write(path: Path, size: int) -> str:
    """As a user who holds no privilege. What went wrong."""
    script = (
        "import sys; file = open(sys.argv[1], 'ab', 0)\nfor _ in range(int(sys.argv[2])): file.write(bytes(1 << 16))"
    )
    argv = [PYTHON, "-I", "-S", "-c", script, str(path), str(size >> 16)]
    ran = subprocess.run(argv, user=NOBODY, group=NOBODY, extra_groups=[], capture_output=True, text=True, check=False)
    return ran.stderr.strip().splitlines()[-1] if ran.returncode else ""


def test_a_task_is_refused_just_beyond_its_limit_wherever_it_writes(disk: Path) -> None:
    projects, quota = begun(disk)
    assert not (disk / quota_module.TRIAL).exists()
    one, private = sandbox(disk, "one"), disk / "containers/one/tmp"
    private.mkdir(parents=True)
    private.chmod(0o777)
    projects.give("one", one, 10 * MB)
    projects.extend("one", [private])
    first = projects.used("one")
    assert first is not None and first < MB
    assert write(one / "stdout", 4 * MB) == "" and write(private / "a", 3 * MB) == ""
    used = projects.used("one")
    assert used is not None and 7 * MB <= used <= 10 * MB
    assert write(one / "b", 40 * MB).endswith(("Disk quota exceeded", "No space left on device"))
    used = projects.used("one")
    assert used is not None and 10 * MB < used <= 10 * MB + HEADROOM
    assert write(sandbox(disk, "other") / "c", 40 * MB) == ""
    assert projects.used("other") is None
    quota.close()


def test_a_deleted_file_counts_while_it_is_open(disk: Path) -> None:
    projects, quota = begun(disk)
    one = sandbox(disk, "one")
    projects.give("one", one, 10 * MB)
    with (one / "gone").open("wb") as file:
        file.write(bytes(3 * MB))
        file.flush()
        (one / "gone").unlink()
        used = projects.used("one")
        assert used is not None and used >= 3 * MB
    quota.close()


def test_growing_files_are_not_charged_for_what_is_put_aside_for_them(disk: Path) -> None:
    projects, quota = begun(disk)
    one = sandbox(disk, "one")
    projects.give("one", one, 40 * MB)
    for number in range(3):
        assert write(one / str(number), 12 * MB) == ""
        used = projects.used("one")
        assert used is not None and used <= 40 * MB
    quota.close()


def test_ids_outlive_the_agent_and_are_given_to_one_container_until_its_sandbox_is_gone(disk: Path) -> None:
    projects, quota = begun(disk, 100, 102)
    one, two = sandbox(disk, "one"), sandbox(disk, "two")
    projects.give("one", one, 10 * MB)
    projects.give("two", two, 10 * MB)
    ids = {quota.project_of(one), quota.project_of(two)}
    assert len(ids) == 2 and ids <= {100, 101, 102}
    assert write(one / "a", 2 * MB) == ""
    quota.close()

    projects, quota = begun(disk, 100, 102)
    projects.resume("one", one, [], 5 * MB)
    used = projects.used("one")
    assert used is not None and used >= 2 * MB
    assert write(one / "b", 40 * MB) != ""
    used = projects.used("one")
    assert used is not None and 5 * MB < used <= 5 * MB + HEADROOM
    three, four = sandbox(disk, "three"), sandbox(disk, "four")
    projects.give("three", three, None)
    assert quota.project_of(three) in {100, 101, 102} - ids
    projects.give("four", four, 10 * MB)
    assert projects.used("four") is None and quota.project_of(four) == 0

    freed = quota.project_of(one)
    projects.forget("one")
    projects.tidy()
    projects.give("four", four, 10 * MB)
    assert projects.used("four") is None, "the id of a sandbox that is kept was given out"
    shutil.rmtree(one)
    projects.tidy()
    wait_for(lambda: quota.usage(freed) == 0, what="the file system to have freed the blocks")
    projects.give("four", four, 10 * MB)
    assert quota.project_of(four) == freed and projects.used("four") is not None
    quota.close()


def test_a_quota_that_is_lost_later_is_made_up_for_by_counting(disk: Path, caplog: pytest.LogCaptureFixture) -> None:
    projects, quota = begun(disk)
    one = sandbox(disk, "one")
    projects.give("one", one, 10 * MB)
    received: list[tuple[str, int, int]] = []
    watcher = DiskWatcher(0.05, lambda container, used, limit, _: received.append((container, used, limit)))
    watcher.watch(Watched("one", one, (), 2 * MB, {}, list, known=lambda: projects.used("one")))
    watcher.start()
    try:
        wait_for(lambda: watcher.used("one") is not None, what="a first look")
        quota.close()
        wait_for(lambda: "its files are counted" in caplog.text, what="the loss to be seen")
        assert write(one / "a", 4 * MB) == ""
        wait_for(lambda: received, what="the count")
        assert received[0][1] > received[0][2] == 2 * MB
    finally:
        watcher.stop()


@pytest.mark.parametrize("kind", MAKE)
def test_without_the_mount_option_quotas_are_not_used(kind: str, tmp_path: Path) -> None:
    with mounted(kind, tmp_path, "loop") as where:
        quota = ProjectQuota(where)
        with pytest.raises(
            (quota_module.QuotaUnusable, OSError), match=r"mount it with prjquota|no such quotas|not refused"
        ):
            Projects(quota, 100, 110, where / "slaves").begin(where)
        assert not (where / quota_module.TRIAL).exists()
        quota.close()


# --- a real agent -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=MAKE)
def pair(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[PretendedMaster, Agent]]:
    if why := containers_work():
        pytest.skip(why)
    with (
        mounted(request.param, tmp_path_factory.mktemp(request.param)) as where,
        pretended_cluster(where, "linux", "--disk_projects=200-220") as pair,
    ):
        yield pair


def told(message: str | None) -> int:
    """The bytes that an ended task is said to have taken."""
    found = re.fullmatch(r"Disk usage \((\d+)(B|KB|MB)\) exceeds quota \(10MB\)", message or "")
    assert found, message
    return int(found[1]) * {"B": 1, "KB": 1 << 10, "MB": MB}[found[2]]


@pytest.mark.parametrize("where", ["big", "/tmp/big", "/var/tmp/big"])
def test_a_task_over_its_limit_is_ended_and_never_had_more(pair: tuple[PretendedMaster, Agent], where: str) -> None:
    master, _ = pair
    name = f"over-{where.replace('/', '')}"
    master.run(ID, name, f"head -c 300000000 /dev/zero > {where}; sleep 1000", resources=TEN)
    ended = master.status(name)
    assert ended.state.value == "TASK_FAILED"
    assert ended.reason is not None and ended.reason.value == "REASON_CONTAINER_LIMITATION_DISK"
    assert 10 * MB < told(ended.message) <= 10 * MB + HEADROOM


def test_a_task_that_is_refused_and_ends_before_it_is_seen_was_over_its_limit(
    pair: tuple[PretendedMaster, Agent],
) -> None:
    master, _ = pair
    for number in range(3):
        master.run(ID, f"quick-{number}", "head -c 300000000 /dev/zero > big", resources=TEN)
        ended = master.status(f"quick-{number}")
        assert ended.reason is not None and ended.reason.value == "REASON_CONTAINER_LIMITATION_DISK"
        assert 10 * MB < told(ended.message) <= 10 * MB + HEADROOM


def test_a_task_cannot_take_its_files_out_of_its_project(pair: tuple[PretendedMaster, Agent]) -> None:
    master, agent = pair
    master.run(ID, "escape", {"shell": False, "value": "/usr/bin/python3", "arguments": ["python3", "-c", CHANGE]})
    assert master.status("escape").state.value == "TASK_FINISHED"
    said = (agent.sandbox("escape") / "stdout").read_text().splitlines()
    refused = "Operation not permitted"
    assert said[:3] == [f"0x401c5820 {refused}", f"0x40086602 {refused}", f"0x40046602 {refused}"]
    assert said[3] == "0x801c581f done"


def test_a_container_keeps_its_project_when_the_agent_starts_again(pair: tuple[PretendedMaster, Agent]) -> None:
    master, agent = pair
    command = (
        "head -c 4000000 /dev/zero > a; until [ -e go ]; do sleep 1; done; head -c 300000000 /dev/zero > b; sleep 1000"
    )
    master.run(ID, "kept", command, resources=TEN)
    master.status("kept", "RUNNING")
    box = agent.sandbox("kept")
    quota = ProjectQuota(agent.work_dir)
    project = quota.project_of(box)
    assert 200 <= project <= 220
    wait_for(lambda: quota.usage(project) > 4_000_000, what="the first file")
    before = len(master.connects)
    agent.stop()
    agent.start()
    master.until(lambda: len(master.connects) > before, "the agent again")
    master.run(ID, "later", "sleep 1000", resources=TEN)
    master.status("later", "RUNNING")
    assert quota.project_of(agent.sandbox("later")) != project
    quota.close()
    (box / "go").touch()
    ended = master.status("kept")
    assert ended.reason is not None and ended.reason.value == "REASON_CONTAINER_LIMITATION_DISK"
    assert 10 * MB < told(ended.message) <= 10 * MB + HEADROOM


def test_owners_may_change_projects_where_no_filter_keeps_them(disk: Path) -> None:
    """Why plain processes get no project: what the filter refuses is otherwise done."""
    projects, quota = begun(disk)
    one = sandbox(disk, "one")
    projects.give("one", one, 10 * MB)
    ran = subprocess.run(
        [PYTHON, "-I", "-S", "-c", CHANGE], cwd=one, user=NOBODY, group=NOBODY, capture_output=True, text=True
    )
    assert ran.stdout.splitlines()[0] == "0x401c5820 done"
    assert quota.project_of(one) == 0
    quota.close()
