"""Tasks of every kind on one agent that is killed again and again; what became of each, and what is left afterwards."""

from __future__ import annotations

import base64
import contextlib
import io
import os
import random
import re
import signal
import tarfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from dcos_runtime.wire import internal
from dcos_runtime.wire.tasks import TaskState, TaskStatus
from tests.support.agent import image_lab
from tests.support.agent.commands import LEAVES
from tests.support.agent.network_lab import (
    BRIDGE,
    NetworkLab,
    leases,
    namespaces,
    network_of_its_own,
    networks_work,
)
from tests.support.agent.operator_client import CommandStream, nested
from tests.support.daemons.agents import (
    FRAMEWORK,
    TERMINAL,
    WAIT,
    Agent,
    PretendedMaster,
    cgroups_of,
    mounts_below,
    pids_of,
)
from tests.support.daemons.byhand import free_port, wait_for

ID = "agent-1"
NAP = f"7{os.getpid() % 1000:03d}5099"
"""Seconds that a task sleeps which never ends by itself."""

EXECUTOR = (Path(__file__).parents[1] / "mesos" / "raw_executor.py").read_text()
EXECUTORS = 3
ENDS = [TaskState(f"TASK_{name}") for name in TERMINAL]
KEPT = frozenset(
    (
        *("./.lock", "./slaves", "./root", "./store", "./volumes", "./executors.key"),
        *("meta/agent.json", "meta/history.log", "containers/root", "fetch/entries", "run/networks/leases"),
    )
)
"""What the agent keeps below ``work_dir`` without any container. Entries of the fetcher's cache, and addresses, are
counted apart.
"""

MOST = 14
"""Tasks that are launched and have not ended, at the same time."""


class SlowWeb:
    """Serves a file and an archive, each in two pieces with a moment between them."""

    def __init__(self) -> None:
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as archive:
            for name in ("packed/one", "packed/two"):
                member = tarfile.TarInfo(name)
                member.size = 5
                archive.addfile(member, io.BytesIO(b"text\n"))
        bodies = {"/plain": b"text\n" * 20000, "/packed.tar.gz": packed.getvalue()}

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = bodies[self.path.partition("?")[0]]
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                with contextlib.suppress(OSError):
                    self.wfile.write(body[: len(body) // 2])
                    self.wfile.flush()
                    time.sleep(0.1)
                    self.wfile.write(body[len(body) // 2 :])

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@dataclass
class Launched:
    """A task that the master has sent. ``truth``: the status it ends with when nobody kills it; ``None``: never.
    ``executor``: of the custom executor that runs it; ``group``: of the default one.
    """

    name: str
    kind: str
    truth: int | None = None
    executor: str = ""
    group: str = ""
    killed: bool = False


def noting(code: int, before: str) -> str:
    """A command that notes in its folder that it ran, does something, notes its exit status, and ends with that."""
    return f"echo ran > ran; {before} echo {code} > truth; exit {code}"


def amounts(**given: float) -> list[dict[str, Any]]:
    role = {"allocation_info": {"role": "*"}}
    return [{"name": name, "type": "SCALAR", "scalar": {"value": value}, **role} for name, value in given.items()]


def soon(**more: Any) -> dict[str, Any]:
    return {"delay_seconds": 0, "interval_seconds": 0.1, "grace_period_seconds": 60, **more}


class AgentStorm:
    """``folder`` gets all that is made. ``images``: tasks may have images, on this machine's file system."""

    def __init__(self, folder: Path, launcher: str, seed: int) -> None:
        self.folder = folder
        self.chance = random.Random(seed)
        self._closing = contextlib.ExitStack()
        self.network: NetworkLab | None = None
        if launcher == "linux" and networks_work() is None:
            self.network = self._closing.enter_context(network_of_its_own(folder))
        self.web = SlowWeb()
        self.master = PretendedMaster()
        self.images = launcher == "linux" and image_lab.unusable(folder) is None
        (folder / "shared").mkdir()
        folder.chmod(0o755)
        flags = [f"--port={free_port()}", "--executor_shutdown_grace_period=1secs", "--gc_delay=1hrs"]
        if launcher == "linux":
            flags += [f"--allowed_host_paths={folder}/shared"]
        if self.images:
            layout = folder / "registry" / "app"
            image_lab.make_layout(layout, [image_lab.programs()], {"Env": ["PATH=/bin"]}, "latest")
            flags += [f"--docker_registry={folder}/registry", "--image_providers=docker"]
        if self.network is not None:
            flags += [f"--bridge_network={BRIDGE}"]
        self.agent = Agent(folder, self.master.port, launcher, *flags)
        self.agent.argv.remove("--port=0")
        self.kinds: dict[str, Callable[[str], Launched]] = {
            "quick": self._quick,
            "slow": self._slow,
            "waits": self._waits,
            "polite": self._polite,
            "deaf": self._deaf,
            "leaves": self._leaves,
            "struck": self._struck,
            "fetches": self._fetches,
            "checked": self._checked,
            "unhealthy": self._unhealthy,
            "executed": self._executed,
            "executor": self._executor,
            "group": self._group,
        }
        if launcher == "linux":
            self.kinds["volumes"] = self._volumes
        if self.images:
            self.kinds["image"] = self._image
        if self.network is not None:
            self.kinds["bridged"] = self._bridged
        self.launched: dict[str, Launched] = {}
        self._sent: dict[str, int] = {}
        self._over = threading.Event()
        self._streams: list[CommandStream] = []
        self.failures: list[str] = []

    # --- kinds of tasks -----------------------------------------------------------------------------------------------

    def _run(self, name: str, command: str, **extra: Any) -> None:
        if "uris" in extra:
            extra["command"] = {"value": command, "uris": extra.pop("uris")}
        extra.setdefault("command", command)
        self.master.run(ID, name, mem=32.0, cpus=0.1, **extra)

    def _ends(self, name: str, before: str = "", **extra: Any) -> int:
        """Notes that it ran, does something, notes its exit status, and ends with that."""
        code = self.chance.choice((0, 0, 1, 7, 42))
        self._run(name, f"cd $MESOS_SANDBOX && {noting(code, before)}", **extra)
        return code

    def _quick(self, name: str) -> Launched:
        return Launched(name, "quick", self._ends(name))

    def _slow(self, name: str) -> Launched:
        return Launched(name, "slow", self._ends(name, f"sleep {self.chance.random() * 2:.2f};"))

    def _waits(self, name: str) -> Launched:
        self._run(name, f"echo ran > ran; exec sleep {NAP}")
        return Launched(name, "waits")

    def _polite(self, name: str) -> Launched:
        self._run(name, "trap 'echo 5 > truth; exit 5' TERM; echo ran > ran; while :; do sleep 0.1; done")
        return Launched(name, "polite")

    def _deaf(self, name: str) -> Launched:
        self._run(name, f"trap '' TERM INT HUP; echo ran > ran; setsid sleep {NAP} & sleep {NAP}")
        return Launched(name, "deaf")

    def _leaves(self, name: str) -> Launched:
        leaves = LEAVES % {"seconds": NAP}
        return Launched(name, "leaves", self._ends(name, leaves))

    def _struck(self, name: str) -> Launched:
        self._run(name, "echo ran > ran; kill -KILL $$")
        return Launched(name, "struck", -signal.SIGKILL)

    def _fetches(self, name: str) -> Launched:
        cached = self.chance.random() < 0.7
        path = self.chance.choice(("plain", "plain?2", "packed.tar.gz"))
        whole = "test -s packed/two" if path.startswith("packed") else "test $(wc -c < plain) = 100000"
        uris = [{"value": f"{self.web.url}/{path}", "cache": cached, "output_file": path.partition("?")[0]}]
        return Launched(name, "fetches", self._ends(name, f"{whole} || exit 99;", uris=uris))

    def _checked(self, name: str) -> Launched:
        check = soon(type="COMMAND", command={"command": {"value": "sleep 0.05"}})
        return Launched(name, "checked", self._ends(name, "sleep 1.5;", check=check))

    def _unhealthy(self, name: str) -> Launched:
        self._run(
            name,
            f"echo ran > ran; exec sleep {NAP}",
            health_check={**soon(type="COMMAND", command={"value": "sleep 1000 & exit 1"}), "grace_period_seconds": 0},
        )
        return Launched(name, "unhealthy", killed=True)

    def _executed(self, name: str) -> Launched:
        """A command is run in it, by the operator API, whose client goes away or does not."""
        self._run(name, f"echo ran > ran; exec sleep {NAP}")
        return Launched(name, "executed")

    def _volumes(self, name: str) -> Launched:
        secret = {"type": "VALUE", "value": {"data": base64.b64encode(b"s3cret").decode()}}
        volumes = [
            {"container_path": "data", "mode": "RW", "host_path": f"{self.folder}/shared"},
            {"container_path": "key", "mode": "RO", "source": {"type": "SECRET", "secret": secret}},
            {"container_path": "own", "mode": "RW", "host_path": "below"},
        ]
        container = {"type": "MESOS", "volumes": volumes}
        return Launched(name, "volumes", self._ends(name, "test -s key || exit 99; sleep 0.2;", container=container))

    def _image(self, name: str) -> Launched:
        container = {"type": "MESOS", "mesos": {"image": {"type": "DOCKER", "docker": {"name": "app"}}}}
        return Launched(name, "image", self._ends(name, "sleep 0.2; echo more > /written;", container=container))

    def _executor(self, name: str) -> Launched:
        executor = f"e{self.chance.randrange(EXECUTORS)}"
        what = self.chance.choice(("end", "end", "wait", "wait", "die"))
        environment = {"variables": [{"name": "SCRIPT", "value": EXECUTOR}]}
        info = {
            "executor_id": {"value": executor},
            "command": {"value": 'exec /usr/bin/python3 -c "$SCRIPT"', "environment": environment},
            "resources": amounts(cpus=0.1, mem=64.0),
        }
        data = base64.b64encode(what.encode()).decode()
        self.master.run(ID, name, None, mem=32.0, executor=info, data=data)
        return Launched(name, f"executor:{what}", 0 if what == "end" else None, executor)

    def _bridged(self, name: str) -> Launched:
        """In a network of its own, to which a port of the machine leads."""
        port = 31000 + len(self.launched) % 1000
        mapping = {"host_port": port, "container_port": 80, "protocol": "tcp"}
        network = {"name": "mesos-bridge", "port_mappings": [mapping]}
        ports = {"name": "ports", "type": "RANGES", "ranges": {"range": [{"begin": port, "end": port}]}}
        resources = [*amounts(cpus=0.1, mem=32.0), {**ports, "allocation_info": {"role": "*"}}]
        container = {"type": "MESOS", "network_infos": [network]}
        code = self._ends(name, "sleep 0.3;", container=container, resources=resources)
        return Launched(name, "bridged", code)

    def _group(self, name: str) -> Launched:
        """Two tasks that end together: when one fails the other is killed."""
        executor = {"executor_id": {"value": f"of-{name}"}, "type": "DEFAULT", "resources": amounts(cpus=0.1, mem=32.0)}
        codes = {name: self.chance.choice((0, 3)), f"{name}-too": 0}
        tasks = [
            {
                "name": task,
                "task_id": {"value": task},
                "agent_id": {"value": ID},
                "command": {"value": noting(code, f"sleep {self.chance.random():.2f};")},
                "resources": amounts(cpus=0.1, mem=32.0),
                "executor": executor,
            }
            for task, code in codes.items()
        ]
        self.master.run_group(ID, tasks)
        found, other = (Launched(task, "group", code, group=f"of-{name}", killed=True) for task, code in codes.items())
        self.launched[other.name] = other
        return found

    # --- the storm ----------------------------------------------------------------------------------------------------

    def launch(self, kind: str) -> None:
        name = f"t{len(self.launched)}-{kind}"
        self.launched[name] = self.kinds[kind](name)
        self.master.until_sent()
        for sent in self.launched.keys() - self._sent.keys():
            self._sent[sent] = len(self.master.connects)

    def terminal(self, name: str) -> TaskStatus | None:
        told = [one for one in self.master.updates if one.task_id.value == name]
        return next((one for one in told if one.state.value.removeprefix("TASK_") in TERMINAL), None)

    def lost(self, name: str) -> bool:
        """Whether the agent did not know it when it connected after it had been sent: a real master calls it lost."""
        after = self.master.connects[self._sent.get(name, 1 << 30) :]
        known = any(name in [one.task_id for one in connect.tasks] for connect in after)
        return bool(after) and not known and not self.master.states(name)

    @property
    def open(self) -> list[Launched]:
        return [task for name, task in self.launched.items() if self.terminal(name) is None and not self.lost(name)]

    def _busy(self) -> None:
        """Launches, kills and runs commands, as long as the storm goes on."""
        try:
            while not self._over.wait(self.chance.random() * 0.12):
                if ID not in self.master.connected:
                    continue
                waiting = self.open
                action = self.chance.random()
                if len(waiting) < MOST and action < 0.7:
                    self.launch(self.chance.choice(list(self.kinds)))
                elif waiting and action < 0.95:
                    self.kill(self.chance.choice(waiting))
                else:
                    self._execute()
        except Exception as error:
            self.failures.append(f"{type(error).__name__}: {error}")
            raise

    def kill(self, task: Launched) -> None:
        task.killed = True
        self.master.kill(ID, task.name, self.chance.choice((0.0, 0.3, 1.0)))

    def _execute(self) -> None:
        """A command in a container, which leaves processes behind."""
        candidates = [task for task in self.open if task.kind == "executed"]
        if not candidates:
            return
        with contextlib.suppress(OSError, ValueError, AssertionError, FileNotFoundError):
            container = self.agent.sandbox(self.chance.choice(candidates).name).name
            stream = CommandStream(
                int(self.agent.url.rpartition(":")[2]),
                nested(f"c{len(self._streams)}", container),
                {"value": LEAVES % {"seconds": NAP} + f"sleep {NAP}"},
            )
            self._streams.append(stream)
            if self.chance.random() < 0.5:
                stream.vanish()

    def begin(self) -> None:
        """Starts the agent. It has its id on its disk then: killed before, it would come back as another one."""
        self.agent.start()
        wait_for((self.agent.work_dir / "meta" / "agent.json").exists, WAIT, "the agent's memory of its id")

    def rage(self, kills: int) -> None:
        """Kills the agent, and so many times starts it and kills it at a random moment; then it stays."""
        self.agent.kill()
        busy = threading.Thread(target=self._busy)
        busy.start()
        try:
            for number in range(kills):
                early = self.chance.random() < 0.4
                after = self.chance.uniform(0.1, 1.5) if early else self.chance.uniform(0.8, 4.0)
                self._live(after)
                print(f"kill {number}: after {after:.2f} s, {len(self.launched)} tasks", flush=True)
        finally:
            self._over.set()
            busy.join(WAIT)
        self.agent.start()
        assert not self.failures, self.failures

    def _live(self, seconds: float) -> None:
        """One life of the agent, of so many seconds from its exec."""
        agent = self.agent
        began = time.monotonic()
        former = agent.process

        def kill() -> None:
            while agent.process is former:
                time.sleep(0.001)
            assert agent.process is not None
            with contextlib.suppress(ProcessLookupError):
                agent.process.kill()

        timer = threading.Timer(seconds, kill)
        timer.start()
        try:
            agent.start()
        except AssertionError:
            assert agent.process is not None
            if agent.process.wait() != -signal.SIGKILL:
                raise
        assert agent.process is not None
        ended = agent.process.wait()
        timer.join()
        assert ended == -signal.SIGKILL, f"the agent ended by itself with {ended}, {time.monotonic() - began:.1f} s"

    def calm(self) -> None:
        """Ends all that does not end by itself, and waits until nobody knows any of it."""
        self.master.until(lambda: self.master.connects and ID in self.master.connected, "the agent")
        for stream in self._streams:
            with contextlib.suppress(OSError):
                stream.vanish()

        def ended() -> bool:
            for task in self.open:
                if task.truth is None or task.kind.startswith("executor"):
                    self.kill(task)
            return not self.open

        wait_for(ended, 120, f"the end of all tasks; {[task.name for task in self.open]}")
        for number in range(EXECUTORS):
            self.master.tell(ID, internal.ShutdownExecutor, framework_id=FRAMEWORK, executor_id=f"e{number}")

    def every_kind(self) -> None:
        """One task of each kind, to its end."""
        for kind in self.kinds:
            self.launch(kind)
        self.calm()

    # --- what must hold -----------------------------------------------------------------------------------------------

    def untrue(self) -> list[str]:
        """Tasks whose last status is not what they did."""
        return [f"{task}: {why}" for task in self.launched.values() if (why := self._untrue(task))]

    def _sandboxes(self, executor: str, below: str = "") -> list[Path]:
        runs = self.agent.work_dir.glob(f"slaves/*/frameworks/{FRAMEWORK}/executors/{executor}/runs/*")
        return [path / below for path in runs if not path.is_symlink()]

    def _untrue(self, task: Launched) -> str:
        status = self.terminal(task.name)
        if len({one.state for one in self.master.updates if one.task_id.value == task.name} & set(ENDS)) > 1:
            return "it has two ends"
        if task.executor:
            return self._untrue_of_executor(task, status)
        below = f"tasks/{task.name}" if task.group else ""
        (sandbox, *more) = self._sandboxes(task.group or task.name, below) or [Path("/nonexistent")]
        if more:
            return f"it ran twice: {more}"
        ran, truth = (sandbox / "ran").exists(), None
        with contextlib.suppress(OSError, ValueError):
            truth = int((sandbox / "truth").read_text())
        if status is None:
            return "the agent has forgotten that it ran" if ran else ""
        state, message = status.state.value, status.message or ""
        told = re.search(r"exited with status (\d+)", message)
        said = f"{state} {message!r} {status.reason}, ran {ran}, truth {truth}"
        if state in ("TASK_LOST", "TASK_DROPPED"):
            return said if ran else ""
        if state == "TASK_FINISHED":
            return "" if truth == 0 else said
        if told and int(told[1]) not in (truth, 137, 143):
            return said
        if state == "TASK_KILLED":
            return "" if task.killed else said
        if state == "TASK_FAILED":
            if task.kind == "struck":
                return "" if "signal Killed" in message else said
            return "" if told and int(told[1]) == truth else said
        return said

    def _untrue_of_executor(self, task: Launched, status: TaskStatus | None) -> str:
        outputs = [
            (path / "stdout").read_text() for path in self._sandboxes(task.executor) if (path / "stdout").exists()
        ]
        said = [state for text in outputs for state in re.findall(rf"^said {task.name} TASK_(\w+)$", text, re.M)]
        # It says KILLED of a task that it has ended, too, when it is asked to kill that: the first end counts.
        last = next((state for state in said if state in TERMINAL), said[-1] if said else "")
        if status is None:
            return f"the executor said {said}, and the agent nothing" if said else ""
        state = status.state.value.removeprefix("TASK_")
        if last in TERMINAL:
            return "" if state == last else f"the executor said {said}, the agent {state} {status.message!r}"
        fine = state in ("FAILED", "LOST", "DROPPED") or (state == "KILLED" and not said)
        return "" if fine else f"the executor said {said}, the agent {state} {status.message!r}"

    def left(self) -> list[str]:
        """What is left of containers that are gone: processes, mounts, groups, devices, files, links."""
        agent = self.agent
        found = [f"process {pid}" for pid in pids_of(f"{agent.work_dir}/") if pid != agent.process.pid]
        found += [f"process {pid} with {NAP}" for pid in pids_of(NAP, agent.work_dir)]
        found += [f"mount {path}" for path in mounts_below(agent.work_dir)]
        roots = {path for path in cgroups_of(agent.cgroups_root) if path.name == agent.cgroups_root}
        found += [f"cgroup {path}" for path in cgroups_of(agent.cgroups_root) if path not in roots]
        for device in Path("/sys/block").glob("loop*/loop/backing_file"):
            with contextlib.suppress(OSError):
                if str(agent.work_dir) in device.read_text():
                    found.append(f"loop device {device}")
        if self.network is not None and (taken := self.network.left()) != {"pairs": [], "mapped": 0}:
            found.append(f"networks {taken}")
        found += [f"namespace {name}" for name in namespaces(agent.work_dir)]
        found += [f"address {name}" for name in leases(agent.work_dir)]
        for link in agent.work_dir.glob("slaves/*/frameworks/*/executors/*/runs/latest"):
            if not link.exists():
                found.append(f"link {link} to nothing")
        return found + [f"file {path}" for path in self.files()]

    def files(self) -> list[str]:
        """Every file of the agent's that belongs to a container or to work under way, below ``work_dir``."""
        found = []
        for path, folders, files in os.walk(self.agent.work_dir):
            relative = str(Path(path).relative_to(self.agent.work_dir))
            kept = [name for name in folders if f"{relative}/{name}" not in KEPT]
            folders[:] = kept
            names = files if relative != "containers/oci" else [*files, *folders]
            found += [name for file in names if (name := f"{relative}/{file}") not in KEPT]
        found += [str(path) for path in (self.agent.work_dir / "store").glob("staging/*")]
        entries = [path.stat().st_size for path in self.agent.work_dir.glob("fetch/entries/*")]
        used = self.agent.get("/metrics/snapshot")[1]["containerizer/fetcher/cache_size_used_bytes"]
        return sorted(found) + ([f"of the cache {entries}, of which {used} are known"] if sum(entries) != used else [])

    def nothing_left(self) -> bool:
        """Raises ``ValueError`` with what is."""
        if found := self.left():
            raise ValueError(found)
        return True

    def descriptors(self) -> Counter[str]:
        """What the agent has open, by kind: numbers of sockets and pipes are left out."""
        assert self.agent.process is not None
        found = []
        for path in Path(f"/proc/{self.agent.process.pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                found.append(re.sub(r":\[\d+\]", "", str(path.readlink())))
        return Counter(found)

    def close(self) -> None:
        self._over.set()
        self.agent.clean()
        self.master.close()
        self.web.close()
        self._closing.close()
