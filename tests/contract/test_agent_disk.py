"""The disk of tasks on a real agent, by both launchers: who takes too much is ended, outputs keep their end."""

from __future__ import annotations

import glob
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote
from urllib.request import urlopen

import pytest

from dcos_runtime.agent.disk.logs import first_data
from dcos_runtime.agent.gc import used_fraction
from dcos_runtime.agent.launchers import supervisor
from tests.support.agent.clusters import by_both_launchers
from tests.support.daemons.agents import Agent, PretendedMaster, cgroup_file, pretended_cluster
from tests.support.daemons.byhand import wait_for

ID = "agent-1"
MB = 1 << 20
SMALL = [
    {"name": "cpus", "type": "SCALAR", "scalar": {"value": 0.5}},
    {"name": "mem", "type": "SCALAR", "scalar": {"value": 64}},
]
TEN = [*SMALL, {"name": "disk", "type": "SCALAR", "scalar": {"value": 10}}]


both = by_both_launchers("--container_disk_default=30MB")

SHUFFLE = """
import os, time
for index in range(3000):
    open("e%d" % index, "w").close()
os.mkdir("d0")
folder = os.open("d0", os.O_DIRECTORY)
if os.fork() == 0:
    os.fchdir(folder)
    with open("big", "wb") as file:
        for _ in range(40):
            file.write(bytes(1000000))
            file.flush()
            time.sleep(0.05)
    time.sleep(1000)
for number in range(10**9):
    os.rename("d%d" % number, "d%d" % (number + 1))
    time.sleep(0.002)
"""
HEADLESS = """
import ctypes, os, threading
def work():
    file = os.open("gone", os.O_RDWR | os.O_CREAT)
    os.unlink("gone")
    for _ in range(40):
        os.write(file, bytes(1000000))
    threading.Event().wait()
threading.Thread(target=work).start()
ctypes.CDLL(None).pthread_exit(None)
"""
GREEDY = {
    "file": "head -c 40000000 /dev/zero > big; sleep 1000",
    "output": "head -c 40000000 /dev/zero | tr '\\0' x; sleep 1000",
    "many": "mkdir m; i=0; while [ $i -lt 40 ]; do head -c 1000000 /dev/zero > m/$i; i=$((i+1)); done; sleep 1000",
    "deleted": "exec 7> gone; rm gone; head -c 40000000 /dev/zero >&7; sleep 1000",
    "shuffle": f"python3 -c '{SHUFFLE}'",
    "headless": f"exec python3 -c '{HEADLESS}'",
    "grace": "trap '' TERM; head -c 40000000 /dev/zero > big; sleep 1000",
}


@pytest.mark.parametrize("way", GREEDY)
def test_a_task_that_takes_more_disk_than_it_asked_for_is_ended(
    master: PretendedMaster, agent: Agent, way: str
) -> None:
    master.run(ID, f"greedy-{way}", GREEDY[way], resources=TEN)
    ended = master.status(f"greedy-{way}")
    assert ended.state.value == "TASK_FAILED"
    assert ended.reason is not None and ended.reason.value == "REASON_CONTAINER_LIMITATION_DISK"
    assert ended.source is not None and ended.source.value == "SOURCE_AGENT"
    assert ended.message is not None and ended.message.startswith("Disk usage (") and "quota (10MB)" in ended.message
    assert ended.limitation is not None and ended.limitation.resources[0].name == "disk"


def test_a_task_that_was_held_by_an_agent_that_was_killed_goes_on(master: PretendedMaster, agent: Agent) -> None:
    """An agent may end while it holds a container to count its files."""
    command = "while [ ! -e go ]; do sleep 0.1; done; exit 7"
    master.run(ID, "held", command, resources=TEN)
    master.status("held", "RUNNING")
    container = agent.sandbox("held").resolve().name
    if agent.launcher == "posix":
        folder = agent.work_dir / "containers/posix" / container
        (folder / "held").touch()
        who = json.loads((folder / "state.json").read_text())["supervisor"]["pid"]
        supervisor.signal_descendants(who, signal.SIGSTOP, set())
    else:
        freezer = cgroup_file(container, "freezer.state", "cgroup.freeze")
        freezer.write_text("1" if freezer.name == "cgroup.freeze" else "FROZEN")
    agent.restart()
    (agent.sandbox("held") / "go").touch()
    assert master.status("held").message == "Command exited with status 7"


def test_the_own_tmp_of_a_container_counts(master: PretendedMaster, agent: Agent) -> None:
    if agent.launcher != "linux":
        pytest.skip("plain processes have no /tmp of their own")
    for number, folder in enumerate(("/tmp", "/var/tmp")):
        master.run(ID, f"tmp{number}", f"head -c 40000000 /dev/zero > {folder}/big; sleep 1000", resources=TEN)
        ended = master.status(f"tmp{number}")
        assert ended.reason is not None and ended.reason.value == "REASON_CONTAINER_LIMITATION_DISK"


@pytest.mark.parametrize("disk", [None, 0])
def test_no_disk_is_the_documented_default_and_not_endless(
    master: PretendedMaster, agent: Agent, disk: float | None
) -> None:
    asked = SMALL if disk is None else [*SMALL, {"name": "disk", "type": "SCALAR", "scalar": {"value": disk}}]
    master.run(ID, f"none-{disk}", "head -c 15000000 /dev/zero > ok; sleep 3; exit 3", resources=asked)
    assert master.status(f"none-{disk}").message == "Command exited with status 3"
    master.run(ID, f"more-{disk}", "head -c 60000000 /dev/zero > big; sleep 1000", resources=asked)
    ended = master.status(f"more-{disk}")
    assert ended.message is not None and "quota (30MB)" in ended.message


def test_what_is_fetched_counts(master: PretendedMaster, agent: Agent) -> None:
    two = [*SMALL, {"name": "disk", "type": "SCALAR", "scalar": {"value": 1}}]
    big = next(path for path in sorted(Path("/usr/bin").iterdir()) if path.is_file() and path.stat().st_size > 2 * MB)
    master.run(ID, "fetched", {"value": "true", "uris": [{"value": f"file://{big.resolve()}"}]}, resources=two)
    ended = master.status("fetched")
    assert ended.state.value == "TASK_FAILED" and ended.message is not None and "disk" in ended.message.lower()


def content(path: Path) -> int:
    """The bytes behind the first that is there. Blocks would be more where a file system puts some aside (XFS)."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        return size - first_data(file.fileno(), 0, size)


def test_an_output_keeps_its_end_and_readers_begin_where_it_is(master: PretendedMaster, agent: Agent) -> None:
    labels = {"labels": [{"key": "CONTAINER_LOGGER_MAX_STDOUT_SIZE", "value": "1MB"}]}
    command = (
        "i=0; while [ $i -lt 60 ]; do seq -f '%099.0f' $((i*1000)) $((i*1000+999)); i=$((i+1)); sleep 0.05; done;"
        " touch done; sleep 1000"
    )
    master.run(ID, "chatty", command, resources=TEN, labels=labels)
    output = agent.sandbox("chatty") / "stdout" if master.status("chatty", "RUNNING") else None
    assert output is not None
    wait_for((output.parent / "done").exists, what="the task to have said all")
    wait_for(lambda: content(output) <= MB, what="the output to be held to its cap")
    size = output.stat().st_size
    assert size == 6_000_000
    path = quote(str(output))
    status, answer = agent.get(f"/files/read?path={path}&offset=0&length=200")
    begin = answer["offset"]
    assert status == 200 and begin > 4_500_000 and "\0" not in answer["data"]
    assert answer["data"].splitlines()[1] == f"{begin // 100 + 1:099d}"
    assert agent.get(f"/files/read?path={path}&offset=-1")[1] == {"data": "", "offset": size}
    with urlopen(f"{agent.url}/files/download?path={path}") as response:
        whole = response.read()
    assert len(whole) == size - begin and whole.endswith(b"%099d\n" % 59_999) and b"\0" not in whole
    master.kill(ID, "chatty")
    assert master.status("chatty").state.value == "TASK_KILLED"


def test_a_restarted_agent_watches_what_runs(master: PretendedMaster, agent: Agent) -> None:
    command = "while [ ! -e go ]; do sleep 0.1; done; head -c 40000000 /dev/zero > big; sleep 1000"
    master.run(ID, "outlives", command, resources=TEN)
    master.status("outlives", "RUNNING")
    agent.restart()
    (agent.sandbox("outlives") / "go").touch()
    ended = master.status("outlives")
    assert ended.reason is not None and ended.reason.value == "REASON_CONTAINER_LIMITATION_DISK"


def test_a_cap_that_is_no_size_is_refused_with_its_name(master: PretendedMaster, agent: Agent) -> None:
    labels = {"labels": [{"key": "CONTAINER_LOGGER_MAX_STDERR_SIZE", "value": "plenty"}]}
    master.run(ID, "plenty", "true", labels=labels)
    ended = master.status("plenty")
    assert ended.state.value == "TASK_FAILED" and ended.message is not None
    assert "CONTAINER_LOGGER_MAX_STDERR_SIZE" in ended.message and "plenty" in ended.message


def test_the_use_of_disk_is_shown(master: PretendedMaster, agent: Agent) -> None:
    master.run(ID, "shown", "head -c 3000000 /dev/zero > some; sleep 1000", resources=TEN)

    def figures() -> bool:
        found = [entry for entry in agent.get("/containers")[1] if entry["executor_id"] == "shown"]
        result = found[0]["statistics"] if found else {}
        return result.get("disk_limit_bytes") == 10 * MB and result.get("disk_used_bytes", 0) > 3_000_000 - 4096

    wait_for(figures, what="the figures of its disk")
    master.kill(ID, "shown")
    master.status("shown")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 40 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40m", "small", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"nothing can be mounted here: {mounted.stderr.decode()}")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def test_a_disk_that_fills_costs_the_oldest_sandboxes_within_seconds(small_disk: Path) -> None:
    with pretended_cluster(small_disk, "posix", "--gc_disk_headroom=0.3") as (master, _):
        for number in range(8):
            name = f"heavy{number}"
            master.run(ID, name, "head -c 9000000 /dev/zero > data; test $(stat -c %s data) = 9000000")
            ended = master.status(name)
            assert ended.state.value == "TASK_FINISHED", (number, ended.message)
            master.until_gone(name)
            # Less than the headroom is free after the fourth: that is put right before the next one.
            wait_for(lambda: used_fraction(small_disk) < 0.7, what=f"room after task {number}")
        runs = "agent/slaves/*/frameworks/*/executors/*/runs/latest"
        # Some may be on their way out: `Path.glob` would fail then.
        left = [path.split("/")[-3] for path in glob.glob(runs, root_dir=small_disk)]  # noqa: PTH207
        assert "heavy7" in left and "heavy0" not in left
