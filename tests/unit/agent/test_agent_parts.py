"""The agent's smaller parts: checkpoints, the container's document, environment, garbage, sizes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from dcos_runtime.agent import gc
from dcos_runtime.agent.checkpoint import CheckpointError, Checkpoints
from dcos_runtime.agent.command import MOST_STRINGS, Command, ExecLimits, command_of, not_executable
from dcos_runtime.agent.container_user import ContainerUser
from dcos_runtime.agent.containers.cgroups import Cgroups
from dcos_runtime.agent.containers.spec import ContainerSpec, FirstProcess, JoinedNetwork, Limits, Mount, Namespace
from dcos_runtime.agent.core.capabilities import USUALLY, Policy
from dcos_runtime.agent.core.records import AgentRecord, Stage
from dcos_runtime.agent.core.stored import FormerTask as TaskRecord
from dcos_runtime.agent.environment import Origin, environment
from dcos_runtime.agent.isolators import seccomp
from dcos_runtime.agent.launchers import bundle
from dcos_runtime.agent.sandbox import NoSuchUser, Sandboxes, resolve_user
from dcos_runtime.agent.views import executor_name
from dcos_runtime.flags.values import duration_text
from dcos_runtime.wire import codec
from dcos_runtime.wire.cluster import FrameworkInfo
from dcos_runtime.wire.common import AgentID, CommandInfo, TaskID
from dcos_runtime.wire.containers import CapabilityInfo, LinuxInfo
from dcos_runtime.wire.tasks import TaskInfo
from tests.support.agent.surroundings import TINI, configured

# --- checkpoints ------------------------------------------------------------------------------------------------------


def record(container_id: str) -> TaskRecord:
    return TaskRecord(
        framework_id="f",
        task_id="a/b ü",
        container_id=container_id,
        launcher="posix",
        task=msgspec.Raw(b"{}"),
        stage=Stage.RUNNING,
    )


@pytest.fixture
def checkpoints(tmp_path: Path) -> Checkpoints:
    made = Checkpoints(tmp_path / "meta")
    made.prepare()
    return made


def test_what_was_written_is_read_again(checkpoints: Checkpoints) -> None:
    checkpoints.write("agent", codec.encode(AgentRecord(id="a1", boot_id="b")))
    checkpoints.write("tasks/c1", codec.encode(record("c1")))
    checkpoints.write("tasks/c2", codec.encode(record("c2")))
    checkpoints.write("frameworks/x/../y", codec.encode(FrameworkInfo(user="u", name="n")))
    checkpoints.write("tasks/c2", None)
    checkpoints.write("tasks/c2", None)
    found = checkpoints.read()
    assert found.agent == AgentRecord(id="a1", boot_id="b")
    assert [run.container.container_id for run in found.runs] == ["c1"] and found.runs[0].tasks[0].task_id == "a/b ü"
    assert len(found.frameworks) == 1 and found.corrupt == ()
    assert oct(checkpoints.folder.stat().st_mode)[-3:] == "700"


@pytest.mark.parametrize("damage", [b"", b"{", b'{"framework_id": "f"}', b"\xff\xfe", codec.encode(record("other"))])
def test_a_damaged_task_costs_only_itself_and_is_kept_aside(checkpoints: Checkpoints, damage: bytes) -> None:
    checkpoints.write("tasks/c1", codec.encode(record("c1")))
    checkpoints.write("tasks/c2", damage)
    found = checkpoints.read()
    assert [run.container.container_id for run in found.runs] == ["c1"] and found.corrupt == ("c2",)
    assert checkpoints.read().corrupt == () or damage.startswith(b'{"framework_id":"f","task_id"')


def test_a_damaged_agent_is_not_guessed_at(checkpoints: Checkpoints) -> None:
    checkpoints.write("agent", b"{")
    with pytest.raises(CheckpointError, match="Restore the file, or remove"):
        checkpoints.read()


def test_a_write_that_was_cut_short_leaves_the_old_value(checkpoints: Checkpoints) -> None:
    checkpoints.write("agent", codec.encode(AgentRecord(id="old")))
    (checkpoints.folder / ".agent.json.new").write_bytes(b'{"id":"ne')
    (checkpoints.folder / "tasks" / ".c9.json.new").write_bytes(b"{")
    found = checkpoints.read()
    assert found.agent.id == "old" and found.corrupt == ()


# --- the container's document -----------------------------------------------------------------------------------------


def spec(cpu_quota: float | None = 0.5, **process: Any) -> ContainerSpec:
    """A container of root; ``process`` is what else its process is."""
    root = FirstProcess(argv=("/bin/sh", "-c", "true"), environment={"A": "b=c"}, user=user(0))
    return ContainerSpec(
        container_id="c1",
        sandbox=Path("/work/sandbox"),
        limits=Limits(cpus=0.25, cpu_quota=cpu_quota, memory=64 << 20, memory_soft=64 << 20, processes=100),
        process=msgspec.structs.replace(root, **process),
    )


def user(uid: int) -> ContainerUser:
    return ContainerUser("u", uid, uid, (uid, 44), "/")


def test_the_container_is_confined_as_designed(tmp_path: Path) -> None:
    document = configured(spec(), tmp_path)
    process, linux = document["process"], document["linux"]
    assert process["noNewPrivileges"] is True and process["cwd"] == "/mnt/mesos/sandbox"
    assert process["env"] == ["A=b=c"] and process["args"][-3:] == ["/bin/sh", "-c", "true"]
    assert document["root"] == {"path": str(tmp_path / "root" / "rootfs"), "readonly": True}
    assert {space["type"] for space in linux["namespaces"]} == {"pid", "ipc", "mount", "cgroup"}
    assert linux["resources"] == {
        "devices": [{"allow": False, "access": "rwm"}],
        "cpu": {"shares": 256, "period": 100000, "quota": 50000},
        "pids": {"limit": 100},
        "memory": {"limit": 64 << 20, "swap": 64 << 20},
    }
    assert "/proc/kcore" in linux["maskedPaths"] and "/proc/sys" in linux["readonlyPaths"]
    binds = {mount["destination"]: mount for mount in document["mounts"] if mount["type"] == "bind"}
    assert set(binds) == {"/usr", "/opt", "/etc", "/tmp", "/var", "/mnt/mesos/sandbox"}
    assert all("rbind" not in mount["options"] for mount in binds.values())
    assert all({"nosuid", "nodev"} <= set(mount["options"]) for mount in binds.values())
    writable = {where for where, mount in binds.items() if "rw" in mount["options"]}
    assert writable == {"/tmp", "/var", "/mnt/mesos/sandbox"}


def test_a_container_sees_what_its_specification_mounts_and_joins_the_network_it_names(tmp_path: Path) -> None:
    mounts = (Mount(source=Path("/srv/a"), target="/a"), Mount(source=Path("/srv/b"), target="/b", writable=True))
    joined = JoinedNetwork(Path("/run/netns/n"), Path("/srv/etc"), "other")
    own = (Namespace.PID, Namespace.MOUNT, Namespace.CGROUP)
    given = msgspec.structs.replace(spec(), mounts=mounts, network=joined, namespaces=own)
    document = configured(given, tmp_path)
    binds = {mount["destination"]: mount for mount in document["mounts"] if mount["type"] == "bind"}
    assert {"ro", "bind", "nosuid", "nodev"} <= set(binds["/a"]["options"]) and "rw" in binds["/b"]["options"]
    assert (binds["/a"]["source"], binds["/b"]["source"]) == ("/srv/a", "/srv/b")
    kinds = [{"type": "pid"}, {"type": "mount"}, {"type": "cgroup"}]
    assert document["linux"]["namespaces"] == [*kinds, {"type": "uts"}, {"type": "network", "path": "/run/netns/n"}]
    assert document["hostname"] == "other"
    assert [binds[f"/etc/{name}"]["source"] for name in ("hosts", "hostname", "resolv.conf")] == [
        f"/srv/etc/{name}" for name in ("hosts", "hostname", "resolv.conf")
    ]


def test_only_root_holds_capabilities_and_they_are_dockers_without_raw_sockets(tmp_path: Path) -> None:
    root = configured(spec(capabilities=USUALLY.held(None, True)), tmp_path / "a")["process"]["capabilities"]
    other = configured(spec(user=user(1000), capabilities=USUALLY.held(None, False)), tmp_path / "b")["process"][
        "capabilities"
    ]
    assert root["effective"] == root["permitted"] == root["bounding"] == other["bounding"]
    assert len(root["effective"]) == 13 and not {"CAP_SYS_ADMIN", "CAP_NET_RAW"} & set(root["effective"])
    assert other["effective"] == other["permitted"] == other["ambient"] == root["ambient"] == []


def capabilities(*names: str) -> CapabilityInfo:
    return CapabilityInfo(capabilities=[CapabilityInfo.Capability(name) for name in names])


def policy(*names: str, given: tuple[str, ...] | None = None) -> Policy:
    allowed = frozenset(capabilities(*names).capabilities)
    return Policy(given=None if given is None else frozenset(capabilities(*given).capabilities), allowed=allowed)


@pytest.mark.parametrize(
    ("linux", "allowed", "why"),
    [
        (LinuxInfo(effective_capabilities=capabilities("NET_RAW")), USUALLY, "NET_RAW are not allowed on this agent"),
        (LinuxInfo(capability_info=capabilities("NET_RAW")), USUALLY, "NET_RAW are not allowed"),
        (LinuxInfo(bounding_capabilities=capabilities("SYS_ADMIN")), policy("NET_RAW"), "SYS_ADMIN are not allowed"),
        (
            LinuxInfo(effective_capabilities=capabilities("NET_RAW", "CHOWN")),
            policy("NET_RAW"),
            "CHOWN are not allowed",
        ),
        (
            LinuxInfo(effective_capabilities=capabilities("CHOWN"), bounding_capabilities=capabilities("KILL")),
            USUALLY,
            "CHOWN are not among the bounding ones",
        ),
        (LinuxInfo(effective_capabilities=capabilities("UNKNOWN")), USUALLY, "not known here"),
        (
            LinuxInfo(effective_capabilities=capabilities("CHOWN"), capability_info=capabilities("KILL")),
            USUALLY,
            "differ",
        ),
        (LinuxInfo(effective_capabilities=capabilities("NET_RAW")), policy("NET_RAW"), None),
        (LinuxInfo(effective_capabilities=capabilities()), policy(), None),
    ],
)
def test_a_task_gets_no_capability_that_the_agent_does_not_allow(
    linux: LinuxInfo, allowed: Policy, why: str | None
) -> None:
    refusal = allowed.refusal(linux)
    assert refusal == why if why is None else refusal is not None and why in refusal


def test_a_task_holds_what_it_asked_for_as_any_user() -> None:
    asked = LinuxInfo(effective_capabilities=capabilities("NET_RAW"))
    for root in (True, False):
        held = policy("NET_RAW", "CHOWN").held(asked, root)
        assert held.effective == held.bounding == held.ambient == ("CAP_NET_RAW",)
    assert policy("NET_RAW", "CHOWN").held(None, True).effective == ("CAP_CHOWN",)
    nothing = LinuxInfo(effective_capabilities=capabilities())
    assert USUALLY.held(nothing, True).effective == ()
    fewer = LinuxInfo(bounding_capabilities=capabilities("CHOWN"))
    assert USUALLY.held(fewer, True).effective == ("CAP_CHOWN",) == USUALLY.held(fewer, False).bounding
    given = policy("NET_RAW", "KILL", given=("KILL",))
    assert given.held(None, True) == given.held(None, False) and given.held(None, False).ambient == ("CAP_KILL",)


CLOSED = (
    *("bpf", "perf_event_open", "userfaultfd", "add_key", "keyctl", "request_key", "kexec_load", "kexec_file_load"),
    *("init_module", "finit_module", "delete_module", "io_uring_setup", "io_uring_enter", "io_uring_register"),
    *("open_tree", "move_mount", "fsopen", "fsmount", "fsconfig", "fspick", "mount_setattr", "mount", "umount2"),
    *("unshare", "setns", "pivot_root", "swapon", "reboot", "quotactl", "open_by_handle_at", "acct", "iopl", "ioperm"),
    *("settimeofday", "clock_settime", "syslog", "sethostname", "nfsservctl", "mbind", "vhangup", "kcmp"),
)


@pytest.mark.parametrize("machine", sorted(seccomp.ARCHITECTURES))
def test_the_kernels_dangerous_calls_are_closed_to_usual_containers(machine: str) -> None:
    document = seccomp.profile(machine, USUALLY.held(None, True).bounding)
    assert (document["defaultAction"], document["defaultErrnoRet"]) == ("SCMP_ACT_ERRNO", 1)
    allowed = {
        name
        for rule in document["syscalls"]
        if rule["action"] == "SCMP_ACT_ALLOW" and "args" not in rule
        for name in rule["names"]
    }
    assert not allowed & {*CLOSED, "clone", "clone3", "socket", "personality"}
    assert {"execve", "ptrace", "chroot", "openat2", "rseq", "futex"} <= allowed
    assert {"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38} in document["syscalls"]


@pytest.mark.parametrize("name", ["fcntl", "fcntl64"])
def test_no_lease_is_taken_by_usual_containers(name: str) -> None:
    """As the kernel's filter decides: one rule that holds is enough, and it sees 64 bits where the kernel takes 32."""

    def allowed(command: int, capabilities: list[str]) -> bool:
        rules = [rule for rule in seccomp.profile("x86_64", capabilities)["syscalls"] if name in rule["names"]]
        assert {rule["action"] for rule in rules} == {"SCMP_ACT_ALLOW"}
        tests = [test for rule in rules for test in rule.get("args", [{"index": 1, "value": 0, "valueTwo": 0}])]
        assert {test["index"] for test in tests} == {1}
        return any(command & test["value"] == test["valueTwo"] for test in tests)

    for high in (0, 1 << 32, 1 << 63):
        assert not allowed(1024 | high, [])
    assert all(allowed(command, []) for command in [*range(40), *range(1025, 1043)])
    assert allowed(1024, ["CAP_LEASE"])


def test_a_capability_opens_the_calls_that_are_of_no_use_without_it() -> None:
    rules = seccomp.profile("x86_64", ["CAP_SYS_ADMIN"])["syscalls"]
    assert {"clone", "clone3", "unshare", "mount"} <= set(rules[0]["names"])
    assert not [rule for rule in rules[1:] if rule["names"][0].startswith("clone")]
    with pytest.raises(ValueError, match="of the kind z80"):
        seccomp.profile("z80", [])


def test_where_projects_are_fixed_every_ioctl_is_allowed_but_those_that_change_them() -> None:
    rules = seccomp.profile("x86_64", [], fixed_projects=True)["syscalls"]
    assert "ioctl" not in rules[0]["names"] and "ioctl" in seccomp.profile("x86_64", [])["syscalls"][0]["names"]
    conditions = [rule["args"][0] for rule in rules if rule["names"] == ["ioctl"]]
    assert {(one["index"], one["op"]) for one in conditions} == {(1, "SCMP_CMP_MASKED_EQ")}

    def allowed(number: int) -> bool:
        return any(number & one["value"] == one["valueTwo"] for one in conditions)

    for closed in seccomp.CHANGE_PROJECTS:
        assert not allowed(closed) and not allowed(closed | 1 << 32), "the kernel reads the lower half only"
        assert all(allowed(closed ^ 1 << bit) for bit in range(32) if closed ^ 1 << bit not in seccomp.CHANGE_PROJECTS)
    assert all(allowed(number) for number in (0, 0x5401, 0x5421, 0x801C581F, 0x80086601, 2**32 - 1))


def test_without_cfs_there_is_no_quota(tmp_path: Path) -> None:
    assert configured(spec(cpu_quota=None), tmp_path)["linux"]["resources"]["cpu"] == {"shares": 256}


def test_the_kind_of_control_groups_is_read_from_the_mounts() -> None:
    unified = "30 1 0:1 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
    assert Cgroups.read(unified).unified
    hybrid = (
        "31 1 0:2 / /sys/fs/cgroup ro - tmpfs tmpfs rw\n"
        "32 1 0:3 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
        "33 1 0:4 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
    )
    found = Cgroups.read(hybrid)
    assert not found.unified and found.folder("cpu", "/m/c") == Path("/sys/fs/cgroup/cpu,cpuacct/m/c")
    assert found.folder("memory", "/m/c") is None


# --- environment and commands -----------------------------------------------------------------------------------------


def task(**extra: object) -> TaskInfo:
    command = CommandInfo(value="echo")
    return TaskInfo(name="t", task_id=TaskID(value="t"), agent_id=AgentID(value="a"), command=command, **extra)  # type: ignore[arg-type]  # given by keyword


def test_checkpoint_is_told_only_when_it_is_true() -> None:
    origin = Origin("a", "1.2.3.4:5051", "1.2.3.4", 5.0, 900.0, {"TZ": "UTC"})
    user = ContainerUser("u", 1, 1, (1,), "/")
    for checkpoint in (True, False):
        framework = FrameworkInfo(user="u", name="n", checkpoint=checkpoint)
        found = environment(origin, "f", framework, task(), "c", "/host", "/inside", user)
        assert found.get("MESOS_CHECKPOINT") == ("1" if checkpoint else None)
        assert found.get("MESOS_RECOVERY_TIMEOUT") == ("15mins" if checkpoint else None)
        assert found["TZ"] == "UTC" and found["MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD"] == "5secs"


@pytest.mark.parametrize(
    ("seconds", "text"), [(5, "5secs"), (0.5, "500ms"), (900, "15mins"), (604800, "1weeks"), (90, "90secs"), (0, "0ns")]
)
def test_durations_are_printed_as_mesos_does(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


def test_a_command_without_shell_takes_its_name_from_value() -> None:
    assert command_of(CommandInfo(value="a b")) == Command(("/bin/sh", "-c", "a b"))
    assert command_of(CommandInfo(shell=False, value="/bin/x", arguments=["x", "1"])) == Command(("x", "1"), "/bin/x")
    assert command_of(CommandInfo(shell=False, value="x", arguments=["x", ""])) == Command(("x", ""))
    assert command_of(CommandInfo(shell=False, value="/bin/x")) == Command(("/bin/x",))


ROOM = ExecLimits.here(4096, 8 << 20)


def test_what_the_kernel_would_not_execute_is_named_with_its_size_and_without_its_value() -> None:
    fits = "s" * (ROOM.string - 1 - len("NAME="))
    assert not_executable(Command(("x", "y" * (ROOM.string - 1))), {"NAME": fits}, ROOM) is None
    variable = not_executable(Command(("x",)), {"NAME": fits + "s"}, ROOM)
    assert variable is not None and "environment variable NAME takes 131073 bytes" in variable and "sss" not in variable
    argument = not_executable(Command(("x", "y" * ROOM.string)), {}, ROOM)
    assert argument is not None and "argument 1 takes 131073 bytes" in argument and "yyy" not in argument
    shell = not_executable(command_of(CommandInfo(value="z" * 200_000)), {}, ROOM)
    assert shell is not None and "the shell command takes 200001 bytes" in shell
    letters = not_executable(Command(("x",)), {"NAME": "ü" * 70_000}, ROOM)
    assert letters is not None and "140006 bytes" in letters


def test_what_is_too_much_in_all_names_the_largest() -> None:
    many = {f"N{number}": "v" * 120_000 for number in range(20)} | {"LAST": "v" * 130_000}
    why = not_executable(Command(("x",)), many, ROOM)
    assert why is not None and f"more than {ROOM.total}" in why and "LAST (130006)" in why and "vvv" not in why
    assert not_executable(Command(("x",)), {"A": "v" * 130_000}, ExecLimits.here(4096, 256 << 10)) is not None


def test_more_strings_than_a_runtime_takes_in_good_time_are_refused() -> None:
    fits = {f"N{number}": "" for number in range(MOST_STRINGS - 2)}
    assert not_executable(Command(("x", "y")), fits, ROOM) is None
    why = not_executable(Command(("x", "y")), fits | {"ONE": ""}, ROOM)
    assert why is not None and "2 arguments and 4095 variables" in why and "1 fewer" in why
    assert not_executable(Command(("x",) * (MOST_STRINGS + 1)), {}, ROOM) is not None


@pytest.mark.parametrize("given", [{"arguments": ["", "x"]}, {"arguments": [""]}, {}])
def test_a_program_without_a_name_is_refused(given: dict[str, Any]) -> None:
    value = "/bin/x" if len(given.get("arguments", [])) > 1 else ""
    why = not_executable(command_of(CommandInfo(shell=False, value=value, **given)), {}, ROOM)
    assert why is not None and "is empty" in why
    assert not_executable(command_of(CommandInfo(value="")), {}, ROOM) is None  # the shell takes an empty script


WITHOUT_STARTER = {"A": "", "_": "x", "TIN": "y", "HOME": "/h", "PATH": "/usr/bin:/bin"}


@pytest.mark.parametrize("argv", [("env", "-0"), ("another name", "-0")])
@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"HOME": ""},
        {"TINI_VERBOSITY": "3"},
        {"TINI_SUBREAPER": "", "TINI_": "x"},
        {"HOME": "", "_HOME": "1", "__HOME": "2", "LD_PRELOAD": "/no", "PYTHONHOME": "/no", "a.b": "\n=ü"},
    ],
)
def test_neither_the_runtime_nor_the_init_change_or_obey_the_tasks_environment(
    odd: dict[str, str], argv: tuple[str, ...]
) -> None:
    wanted = {**WITHOUT_STARTER, **odd}
    program = None if argv[0] == "env" else "/usr/bin/env"
    given = spec(environment=wanted, argv=argv, program=program)
    process = bundle.configuration(given, "/c", TINI)["process"]
    found = dict(entry.split("=", 1) for entry in process["env"])
    assert not [name for name in found if name.startswith("TINI_")], "the init would obey it"
    found["HOME"] = found.get("HOME") or "/filled/in"  # as runc does
    command = process["args"][2:]
    ran = subprocess.run(command, env=found, capture_output=True, check=True)
    entries = ran.stdout.decode().removesuffix("\0").split("\0")
    assert sorted(entries) == sorted(f"{name}={value}" for name, value in wanted.items())
    assert (command[0] == bundle.PYTHON) == bool(odd or program)


def test_the_starter_runs_and_fails_as_an_init_would(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("echo $0 $1 $TINI_X\n")
    script.chmod(0o755)

    def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {"TINI_X": "x", "PATH": str(tmp_path)}
        given = spec(environment=environment, argv=(program, *arguments))
        process = bundle.configuration(given, "/c", TINI)["process"]
        found = dict(entry.split("=", 1) for entry in process["env"])
        return subprocess.run(process["args"][2:], env=found, capture_output=True, text=True, check=False)

    for name in ("script", str(script)):
        assert run(name, "one").stdout == f"{script} one x\n"
    missing = run("/no/such", "one")
    assert (missing.returncode, missing.stderr) == (127, "cannot run /no/such: No such file or directory\n")


def test_a_variable_too_large_to_be_carried_is_refused_by_name() -> None:
    value = "v" * (bundle.LONGEST - len("BIG=") - 1)
    bundle.configuration(spec(environment={"HOME": "/", "BIG": value}), "/c", TINI)
    with pytest.raises(ValueError, match="variable BIG takes 131073 bytes"):
        bundle.configuration(spec(environment={"HOME": "", "BIG": value}), "/c", TINI)


@pytest.mark.skipif(os.geteuid() != 0, reason="asks the kernel with a stack that is exactly known")
def test_the_room_is_what_the_kernel_takes() -> None:
    def runs(string: int, strings: int) -> bool:
        environment = {f"N{number:06}": "v" * (string - len("N000000=") - 1) for number in range(strings)}
        allowed = not_executable(Command(("/bin/true",)), environment, ROOM) is None
        try:
            limit = f"resource.setrlimit(resource.RLIMIT_STACK, ({8 << 20}, -1))"
            subprocess.run(
                [sys.executable, "-c", f"import os,resource,sys; {limit}; exec(sys.stdin.read())"],
                input=f"os.execve('/bin/true', ['/bin/true'], {environment!r})",
                text=True,
                check=True,
                stderr=subprocess.DEVNULL,
            )
        except subprocess.CalledProcessError:
            assert not allowed, f"{strings} of {string} bytes were taken for fitting"
            return False
        return allowed

    assert runs(ROOM.string, 2)
    assert not runs(ROOM.string + 1, 1)
    assert runs(100_000, (ROOM.total - 100) // 100_008)
    assert not runs(100_000, ROOM.total // 100_008 + 1)
    assert runs(600, (ROOM.total - 100) // 608)
    assert not runs(100, (ROOM.total + 10_000) // 108)


def test_executors_of_commands_are_named_as_mesos_does() -> None:
    assert executor_name(task()) == "Command Executor (Task: t) (Command: sh -c 'echo')"
    for command, shown in (  # as a real Mesos 1.11 told them
        (CommandInfo(value="sleep 60"), "sh -c 'sleep 60'"),
        (CommandInfo(value="sleep 123456789"), "sh -c 'sleep 123456789'"),
        (CommandInfo(value="sleep 1234567890"), "sh -c 'sleep 123456...'"),
        (CommandInfo(value="sleep 60", arguments=["x"]), "sh -c 'sleep 60'"),
        (CommandInfo(value="é" * 16), "sh -c 'éééééé...'"),
        (CommandInfo(), "NO COMMAND"),
        (CommandInfo(shell=False, value="ls"), "[ls, ]"),
        (CommandInfo(shell=False, value="ls", arguments=["-l", "x"]), "[ls, -l, x]"),
        (CommandInfo(shell=False, value="/bin/sleep", arguments=["sleep", "60"]), "[/bin/sleep, ...]"),
        (CommandInfo(shell=False, value="123456789012345"), "[123456789012...]"),
        (CommandInfo(shell=False, arguments=["ls"]), "NO EXECUTABLE"),
    ):
        info = msgspec.structs.replace(task(), command=command)
        assert executor_name(info) == f"Command Executor (Task: t) (Command: {shown})"


# --- sandboxes and garbage --------------------------------------------------------------------------------------------


def test_a_sandbox_has_its_files_and_the_newest_is_linked(tmp_path: Path) -> None:
    sandboxes = Sandboxes(tmp_path)
    for container in ("c1", "c2"):
        path = sandboxes.path("a", "f", "t", container)
        sandboxes.make(path, resolve_user(None, None, True))
        assert {entry.name for entry in path.iterdir()} == {"stdout", "stderr"}
        assert (path.parent / "latest").resolve() == path
    for name in ("..", ".", "a/b", ""):
        with pytest.raises(ValueError, match="part of a path"):
            sandboxes.path("a", "f", name, "c")


def test_a_user_that_does_not_exist_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(NoSuchUser, match="No such user 'nosuchuser'"):
        resolve_user("nosuchuser", "root", True)
    for own, of_framework in (("", "root"), (None, "")):  # nobody's name, not ours
        with pytest.raises(NoSuchUser, match="No such user ''"):
            resolve_user(own, of_framework, True)
    assert resolve_user("nosuchuser", "nosuchuser", False).uid == 0


def test_an_agent_that_is_not_root_refuses_a_named_user_and_passes_over_the_frameworks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 65534)
    with pytest.raises(NoSuchUser, match="would have to be root"):
        resolve_user("daemon", None, True)
    assert resolve_user(None, "root", True).uid == 65534


def test_sandboxes_grow_less_old_as_the_disk_fills() -> None:
    week = 604800.0
    assert gc.allowed_age(week, 0.1, 0.0) == pytest.approx(0.9 * week)
    assert gc.allowed_age(week, 0.1, 0.5) == pytest.approx(0.4 * week)
    assert gc.allowed_age(week, 0.1, 0.95) == 0.0


def test_only_old_sandboxes_of_tasks_that_are_over_go(tmp_path: Path) -> None:
    sandboxes = Sandboxes(tmp_path)
    user = resolve_user(None, None, True)
    paths = {name: sandboxes.path("a", "f", name, f"c-{name}") for name in ("old", "young", "living")}
    for path in paths.values():
        sandboxes.make(path, user)
    outside = tmp_path / "precious"
    outside.mkdir()
    (outside / "file").touch()
    (paths["old"] / "link").symlink_to(outside)
    for name in ("old", "living"):
        os.utime(paths[name], (1000, 1000))
    assert gc.collect(sandboxes.root, {"c-living"}, lambda: 500, now=paths["young"].stat().st_mtime + 100) == 1
    assert not paths["old"].exists() and paths["young"].exists() and paths["living"].exists()
    assert not paths["old"].parents[1].exists(), "the empty executor's folder goes, too"
    assert (outside / "file").exists()
    gc.touch(paths["living"])
    assert paths["living"].stat().st_mtime > 1000


def test_flags_are_shown_as_mesos_writes_them_and_secrets_are_not() -> None:
    from dcos_runtime.flags import parse
    from dcos_runtime.flags.agent import AgentFlags

    given = ["--master=a:1", "--work_dir=/w", '--executor_environment_variables={"TOKEN": "s3cret"}']
    shown = parse(AgentFlags, given, {}).shown()
    assert shown["gc_delay"] == "1weeks" and shown["executor_shutdown_grace_period"] == "5secs"
    assert shown["switch_user"] == "true" and shown["fetcher_max_size"] == "65536MB"
    assert "s3cret" not in str(shown)
