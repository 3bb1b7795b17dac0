"""Launchers by themselves: an interrupted launch leaves nothing behind."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from dcos_runtime.agent.container_user import ContainerUser
from dcos_runtime.agent.containers.base import LaunchError, processes
from dcos_runtime.agent.containers.cgroups import Cgroups
from dcos_runtime.agent.containers.spec import Mount
from dcos_runtime.agent.core.capabilities import USUALLY, Policy
from dcos_runtime.agent.core.model import Found
from dcos_runtime.agent.isolators import killing
from dcos_runtime.agent.launchers import oci
from dcos_runtime.agent.launchers.oci import OciLauncher
from dcos_runtime.agent.launchers.posix import PosixLauncher
from dcos_runtime.wire.containers import CapabilityInfo, LinuxInfo
from tests.support.agent.containers import PYTHON, SECONDS, create, destroyed, made, mentioning, spec
from tests.support.agent.surroundings import nobody_watches
from tests.support.daemons.agents import cgroups_of, remove_cgroups
from tests.support.daemons.byhand import PATIENCE, wait_for

BOMB = """
import os, signal
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
while True:
    try:
        os.fork()
        os.setsid()
    except OSError:
        pass
"""
"""Forks as often as it may, in as many sessions, and asks nobody."""

RABBITS = """
import os, signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
go, ready = os.pipe()
for _ in range(10):
    if not os.fork():
        os.close(ready)
        os.read(go, 1)  # until all are there: then there may be no room for another
        break
else:
    os.close(ready)
    while True:
        signal.pause()
while True:
    try:
        if os.fork():
            os._exit(0)
    except OSError:
        pass
"""
"""Ten lines of processes, each of which has left a child and is gone before anybody looks."""


@pytest.mark.parametrize("name", ["posix", "linux"])
async def test_a_creation_that_is_cut_short_anywhere_leaves_nothing(name: str, tmp_path: Path) -> None:
    launcher, root = await made(name, tmp_path)
    try:
        for number, milliseconds in enumerate((0, 5, 15, 30, 45, 60, 90, 130)):
            container_id = f"cut-{os.getpid()}-{number}"
            work = asyncio.create_task(create(launcher, spec(tmp_path, container_id)))
            await asyncio.sleep(milliseconds / 1000)
            work.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await work
            await destroyed(launcher, container_id)
            assert (await launcher.inspect(container_id)).found is Found.ABSENT
            assert launcher.listed() == []
        for _ in range(2000):
            if not mentioning(f"cut-{os.getpid()}-"):
                break
            await asyncio.sleep(0.1)
        assert not mentioning(f"cut-{os.getpid()}-")
        assert not [path for path in cgroups_of(root) if path.name.startswith("cut-")]
    finally:
        remove_cgroups(root)


@pytest.mark.parametrize("name", ["posix", "linux"])
async def test_what_was_created_and_not_started_is_found_so_and_never_ran(name: str, tmp_path: Path) -> None:
    launcher, root = await made(name, tmp_path)
    try:
        await create(launcher, spec(tmp_path, "made"))
        again, _ = await made(name, tmp_path)
        if name == "linux":
            assert (await again.inspect("made")).found is Found.CREATED
        await destroyed(again, "made")
        await destroyed(launcher, "made")
        await destroyed(launcher, "made")
        assert not mentioning(f"sleep\0{SECONDS}")
    finally:
        remove_cgroups(root)


@contextlib.contextmanager
def at_most(processes: int, pid: int) -> Iterator[None]:
    """Keeps plain processes from taking the machine: the process and what comes from it are never more."""
    cgroups = Cgroups.read()
    folder = cgroups.folder("pids", f"dcos-test-bomb-{pid}")
    assert folder is not None
    folder.mkdir()
    try:
        (folder / "pids.max").write_text(str(processes))
        (folder / "cgroup.procs").write_text(str(pid))
        yield
        assert (folder / "cgroup.procs").read_text() == ""
    finally:
        cgroups.clear(f"dcos-test-bomb-{pid}")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can bound what these tasks take")
@pytest.mark.parametrize("program", [BOMB, RABBITS], ids=["bomb", "rabbits"])
@pytest.mark.parametrize("name", ["posix", "linux"])
async def test_a_kill_ends_every_process_whatever_they_do(name: str, program: str, tmp_path: Path) -> None:
    launcher, root = await made(name, tmp_path)
    try:
        pid = await create(launcher, spec(tmp_path, "wild", (PYTHON, "-c", program)))
        with at_most(300, pid) if name == "posix" else contextlib.nullcontext():
            await launcher.start("wild")
            ended = asyncio.create_task(launcher.wait("wild"))
            for _ in range(2400):
                usage = launcher.usage("wild")
                if usage is not None and usage.processes > (50 if program is BOMB else 5):
                    break
                await asyncio.sleep(0.1)
            else:
                raise AssertionError(f"it never came to much: {usage}")
            await launcher.signal("wild", signal.SIGTERM)
            assert not ended.done()
            await launcher.signal("wild", signal.SIGKILL)
            exit = await asyncio.wait_for(ended, 240)
            assert exit is not None and exit.signal == signal.SIGKILL
            await destroyed(launcher, "wild")
        assert launcher.listed() == []
        assert not [path for path in cgroups_of(root) if path.name == "wild"]
    finally:
        remove_cgroups(root)


KILLED_AGENT = """
import asyncio, os, signal, subprocess, sys, threading
sys.path[:0] = {path!r}
from pathlib import Path
from dcos_runtime.agent.launchers import supervisor
from dcos_runtime.agent.launchers.posix import PosixLauncher
from importlib import import_module
own = import_module("tests.contract.test_agent_launchers")
containers = import_module("tests.support.agent.containers")
MANY, PYTHON, spec = own.MANY, containers.PYTHON, containers.spec
create = containers.create

def hang(root):
    print("in the middle", flush=True)
    threading.Event().wait()

async def main():
    neighbour = subprocess.Popen(["sleep", "1000"])  # in this agent's session, as a shell's other jobs
    launcher = PosixLauncher(Path({folder!r}) / "containers", containers.nobody_watches())
    await create(launcher, spec(Path({folder!r}), "wild", (PYTHON, "-c", MANY)))
    await launcher.start("wild")
    while launcher.usage("wild").processes < 31:
        await asyncio.sleep(0.05)
    print(neighbour.pid, flush=True)
    supervisor.stop_and_kill = hang
    await launcher.signal("wild", signal.SIGKILL)

asyncio.run(main())
"""

MANY = """
import os, signal
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
for _ in range(30):
    if not os.fork():
        os.setsid()
        break
while True:
    signal.pause()
"""


def priorities(pid: int) -> tuple[int, str]:
    """Of a process: its own, and that of its session."""
    with contextlib.suppress(FileNotFoundError):  # this kernel does not share by sessions
        return os.getpriority(os.PRIO_PROCESS, pid), Path(f"/proc/{pid}/autogroup").read_text().rpartition(" ")[2]
    return os.getpriority(os.PRIO_PROCESS, pid), ""


def test_an_agent_killed_in_the_middle_of_a_kill_leaves_nobody_first_and_the_kill_done(tmp_path: Path) -> None:
    code = KILLED_AGENT.format(path=sys.path, folder=str(tmp_path))
    agent = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, start_new_session=True, cwd=tmp_path
    )
    assert agent.stdout is not None
    neighbour = int(agent.stdout.readline())
    try:
        before = priorities(neighbour)
        assert agent.stdout.readline() == "in the middle\n"
        assert priorities(neighbour) == before
        agent.kill()
        agent.wait(240)
        # What its supervisor was told to do it has done, whoever is gone.
        wait_for((tmp_path / "containers/wild/exit.json").exists, 60, "the container's end")
        assert priorities(neighbour) == before
        # Those that were killed are gone a moment later.
        wait_for(lambda: not [one for one in processes() if _is_of(one.pid, tmp_path)], 60, "the end of its processes")
    finally:
        agent.kill()
        os.kill(neighbour, signal.SIGKILL)


def _is_of(pid: int, folder: Path) -> bool:
    with contextlib.suppress(OSError):
        return f"MESOS_SANDBOX={folder}/".encode() in Path(f"/proc/{pid}/environ").read_bytes()
    return False


async def test_what_a_command_leaves_running_ends_soon_under_a_small_quota(tmp_path: Path) -> None:
    leaves = (
        "import os, time\nfor _ in range(500):\n    if not os.fork(): time.sleep(100000)\nopen('done', 'w').close()"
    )
    launcher, root = await made("linux", tmp_path)
    assert isinstance(launcher, OciLauncher)
    quota: list[str] = []
    kill = killing.kill

    def killed(cgroups: Cgroups, path: str) -> None:
        kill(cgroups, path)
        quota.append("lifted")

    try:
        made_of = spec(tmp_path, "left", (PYTHON, "-S", "-c", leaves))
        more = replace(made_of.limits, cpu_quota=0.05, memory=512 << 20)
        made_of = replace(made_of, limits=more)
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(killing, "kill", killed)
            patched.setattr(oci, "EXITING_SECONDS", 0.05)
            await create(launcher, made_of)
            await launcher.start("left")
            exit = await asyncio.wait_for(launcher.wait("left"), 240 * PATIENCE)
        assert exit is not None and exit.code == 0 and (made_of.sandbox / "done").exists()
        assert quota, "they ended by themselves, under their quota"
        await destroyed(launcher, "left")
    finally:
        remove_cgroups(root)


async def test_a_container_that_is_frozen_can_be_killed(tmp_path: Path) -> None:
    launcher, root = await made("linux", tmp_path)
    assert isinstance(launcher, OciLauncher)
    try:
        await create(launcher, spec(tmp_path, "cold"))
        await launcher.start("cold")
        freezer = launcher.cgroups.folder("freezer", f"{root}/cold")
        assert freezer is not None
        state = freezer / ("cgroup.freeze" if launcher.cgroups.unified else "freezer.state")
        state.write_text("1" if launcher.cgroups.unified else "FROZEN")
        await launcher.signal("cold", signal.SIGKILL)
        exit = await asyncio.wait_for(launcher.wait("cold"), 240)
        assert exit is not None and exit.signal == signal.SIGKILL
        await destroyed(launcher, "cold")
    finally:
        remove_cgroups(root)


@pytest.mark.skipif(os.geteuid() != 0, reason="cgroups are made by root")
@pytest.mark.parametrize("old", [False, True], ids=["cgroup.kill", "without cgroup.kill"])
def test_a_unified_cgroup_is_killed_with_those_below(old: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where control groups are divided, too: the version 2 hierarchy beside them freezes and kills as well."""
    mounts = Cgroups.read().mounts
    cgroups = Cgroups(True, {"": mounts.get("") or mounts["unified"]})
    written: list[str] = []
    write = killing._write

    def writing(file: Path, text: str) -> bool:
        written.append(file.name)
        return not (old and file.name == "cgroup.kill") and write(file, text)

    monkeypatch.setattr(killing, "_write", writing)
    top = cgroups.mounts[""] / f"dcos-test-kill-{os.getpid()}"
    places = [top, top / "below"]
    started = []
    try:
        for place in places:
            place.mkdir()
            for _ in range(3):
                started.append(subprocess.Popen(["/bin/sh", "-c", "trap '' TERM; while :; do sleep 1 & wait; done"]))
                (place / "cgroup.procs").write_text(str(started[-1].pid))
        assert killing.members(cgroups, top.name) >= {process.pid for process in started}
        killing.kill(cgroups, top.name)
        assert [process.wait(240) for process in started] == [-signal.SIGKILL] * 6
        assert ("cgroup.freeze" in written) is old
        wait_for(lambda: cgroups.clear(top.name), 60, "the cgroup's removal")
        killing.kill(cgroups, top.name)
    finally:
        for process in started:
            process.kill()
        cgroups.clear(top.name)


CALLS = """
import ctypes, os, socket, subprocess
number = {
    "x86_64": dict(clone=56, mount=165, add_key=248, keyctl=250, unshare=272, perf=298, bpf=321, userfaultfd=323),
    "aarch64": dict(clone=220, mount=40, add_key=217, keyctl=219, unshare=97, perf=241, bpf=280, userfaultfd=282),
}[os.uname().machine] | dict(io_uring_setup=425, open_tree=428, fsopen=430, clone3=435)
libc = ctypes.CDLL(None, use_errno=True)
def call(name, *arguments):
    ctypes.set_errno(0)
    if libc.syscall(number[name], *arguments) == 0 and name == "clone":
        os._exit(0)
    return ctypes.get_errno()
space = ctypes.create_string_buffer(4096)
for name in number:
    flags = 0x10000000 | 17 if name == "clone" else 0x10000000
    print(name, call(name, flags, space if name == "clone3" else 0, 0, 0, 0))
for name, kind, how in (("raw", socket.AF_INET, socket.SOCK_RAW), ("alg", 38, socket.SOCK_SEQPACKET), ("tcp", 2, 1)):
    try:
        socket.socket(kind, how, 1 if name == "raw" else 0)
        print(name, 0)
    except OSError as error:
        print(name, error.errno)
child = subprocess.Popen(["/bin/sleep", "60"])
print("ptrace", 0 if libc.ptrace(16, child.pid, 0, 0) == 0 else ctypes.get_errno())
child.kill()
"""


@pytest.mark.parametrize(
    "user", [ContainerUser("root", 0, 0, (0,), "/"), ContainerUser("nobody", 65534, 65534, (65534,), "/")]
)
@pytest.mark.parametrize("raw", [False, True])
async def test_a_container_reaches_little_of_the_kernel(tmp_path: Path, user: ContainerUser, raw: bool) -> None:
    launcher, root = await made("linux", tmp_path)
    asked = LinuxInfo(effective_capabilities=CapabilityInfo(capabilities=[CapabilityInfo.Capability.NET_RAW]))
    policy = Policy(allowed=frozenset(CapabilityInfo.Capability)) if raw else USUALLY
    held = policy.held(asked if raw else None, user.uid == 0)
    try:
        made_of = spec(tmp_path, "closed", (PYTHON, "-c", CALLS))
        made_of = replace(made_of, process=replace(made_of.process, user=user, capabilities=held))
        await create(launcher, made_of)
        await launcher.start("closed")
        await asyncio.wait_for(launcher.wait("closed"), 240)
        found = dict(line.split() for line in (made_of.sandbox / "stdout").read_text().splitlines())
        answers = {name: int(answer) for name, answer in found.items()}
        assert answers.pop("clone3") == errno.ENOSYS
        assert (answers.pop("tcp"), answers.pop("ptrace"), answers.pop("raw")) == (0, 0, 0 if raw else errno.EPERM)
        assert len(answers) == 12 and set(answers.values()) == {errno.EPERM}
        await destroyed(launcher, "closed")
    finally:
        remove_cgroups(root)


@pytest.mark.parametrize("name", ["posix", "linux"])
async def test_a_folder_with_letters_of_any_kind_is_none_to_a_container(name: str, tmp_path: Path) -> None:
    odd = tmp_path / "plötzlich 'quoted\" ☃ $(x)"
    odd.mkdir()
    launcher, root = await made(name, odd)
    try:
        await create(launcher, spec(odd, "odd", ("/bin/sh", "-c", "echo hello; touch here; exit 3")))
        await launcher.start("odd")
        exit = await asyncio.wait_for(launcher.wait("odd"), 240)
        assert exit is not None and exit.code == 3
        assert (odd / "sandbox-odd" / "stdout").read_text() == "hello\n"
        assert (odd / "sandbox-odd" / "here").exists()
        await destroyed(launcher, "odd")
    finally:
        remove_cgroups(root)


async def test_the_linux_launcher_says_why_it_cannot_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dcos_runtime.agent.containers.base import LauncherUnusable

    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(LauncherUnusable, match=r"want root.*--launcher=posix"):
        await OciLauncher(tmp_path / "a" / "c", tmp_path / "run", nobody_watches()).prove()


async def test_a_container_sees_its_mounts_and_nothing_makes_one_that_a_launcher_cannot(tmp_path: Path) -> None:
    """A file that is mounted is read and not written; a folder is written; an image and lacking namespaces are
    refused.
    """
    launcher, root = await made("linux", tmp_path)
    file, folder = tmp_path / "file", tmp_path / "folder"
    file.write_text("of the machine")
    folder.mkdir()
    looks = "cat /tmp/file; echo > /tmp/file; touch /var/tmp/folder/here"
    try:
        given = spec(tmp_path, "sees", ("/bin/sh", "-c", looks))
        mounts = (
            Mount(source=file, target="/tmp/file"),
            Mount(source=folder, target="/var/tmp/folder", writable=True),
        )
        await create(launcher, replace(given, mounts=mounts))
        await launcher.start("sees")
        await asyncio.wait_for(launcher.wait("sees"), 240)
        assert (given.sandbox / "stdout").read_text() == "of the machine"
        assert "Read-only file system" in (given.sandbox / "stderr").read_text()
        assert (folder / "here").exists() and file.read_text() == "of the machine"
        await destroyed(launcher, "sees")
        assert file.exists() and (folder / "here").exists()
        with pytest.raises(LaunchError, match="a pid names"):
            await launcher.prepare(replace(spec(tmp_path, "shares"), namespaces=()))
        with pytest.raises(LaunchError, match="plain processes have no root, mounts or network"):
            await PosixLauncher(tmp_path / "posix", nobody_watches()).prepare(replace(given, mounts=mounts))
        assert launcher.listed() == []
    finally:
        remove_cgroups(root)
