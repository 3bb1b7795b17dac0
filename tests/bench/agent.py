"""What the agent adds to the bare OCI runtime: launches, ends, memory, and coming back, side by side in one run."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shutil
import statistics
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.bench.daemons import megabytes
from tests.bench.figures import Bench, Measured, NotHere, at_most, figure, ratio_at_least, ratio_at_most
from tests.support.daemons.agents import Agent, PretendedMaster, containers_work, pretended_cluster, remove_cgroups

ID = "agent-1"
AT_ONCE = 100
SHORT = 1000
MANY = 500
WORKERS = 2 * (os.cpu_count() or 1)
"""Bare runtimes at the same time: more were not faster."""

SECONDS = 900.0


@dataclass
class Side:
    """An agent of a pretended master, and the bare runtime with the same containers, below ``folder``."""

    folder: Path
    master: PretendedMaster
    agent: Agent
    document: dict[str, object]
    runtime: str
    _numbers: Iterator[int]

    # --- by the agent ---

    def names(self, count: int) -> list[str]:
        return [f"b{next(self._numbers)}" for _ in range(count)]

    def launch(self, names: list[str], command: str, cpus: float = 1.0) -> None:
        for name in names:
            self.master.run(ID, name, command, mem=32.0, cpus=cpus)

    def until(self, names: list[str], *states: str) -> None:
        wanted = set(names)

        def reached() -> bool:
            told = {one.task_id.value for one in self.master.updates if one.state.value in states}
            return wanted <= told

        self.master.until(reached, f"{len(names)} tasks in {states}", SECONDS)

    def until_gone(self, names: list[str]) -> None:
        wanted = set(names)
        self.master.until(lambda: wanted <= set(self.master.gone), "the end of all", SECONDS)

    def end(self, names: list[str]) -> None:
        for name in names:
            self.master.kill(ID, name, 0.0)
        self.until_gone(names)

    def until_connected(self, before: int) -> None:
        """Once more than ``before``."""
        self.master.until(lambda: len(self.master.connects) > before, "the agent", SECONDS)

    def forget(self) -> None:
        """Updates are searched: those that nobody waits for go."""
        self.master.updates.clear()

    # --- by the bare runtime ---

    @property
    def root(self) -> str:
        return str(self.folder / "state")

    def bundle(self, argv: list[str]) -> tuple[str, Path]:
        """A container as the agent makes it, with this command."""
        name = f"bare{next(self._numbers)}"
        place = self.folder / name
        place.mkdir()
        document = json.loads(json.dumps(self.document))
        document["process"]["args"] = [document["process"]["args"][0], "--", *argv]
        document["linux"]["cgroupsPath"] = f"/{self.agent.cgroups_root}-bare/{name}"
        (place / "config.json").write_text(json.dumps(document))
        return name, place

    def runc(self, *argv: str) -> None:
        null = subprocess.DEVNULL
        subprocess.run([self.runtime, "--root", self.root, *argv], check=True, stdin=null, stdout=null, stderr=null)

    def run_detached(self, argv: list[str]) -> float:
        """Milliseconds of ``run -d``; the container is removed after it."""
        name, place = self.bundle(argv)
        began = time.perf_counter()
        self.runc("run", "--detach", "--bundle", str(place), name)
        taken = time.perf_counter() - began
        self.runc("delete", "--force", name)
        shutil.rmtree(place)
        return taken * 1000

    def whole_lives(self, count: int) -> float:
        """Seconds for so many ``create``, ``start`` and ``delete`` of ``true``, `WORKERS` at the same time."""
        bundles = [self.bundle(["/bin/sh", "-c", "true"]) for _ in range(count)]

        def life(made: tuple[str, Path]) -> None:
            name, place = made
            self.runc("create", "--bundle", str(place), name)
            self.runc("start", name)
            self.runc("delete", "--force", name)

        began = time.perf_counter()
        with ThreadPoolExecutor(WORKERS) as pool:
            list(pool.map(life, bundles))
        taken = time.perf_counter() - began
        for _, place in bundles:
            shutil.rmtree(place)
        return taken


@contextlib.contextmanager
def side(bench: Bench) -> Iterator[Side]:
    if why := containers_work():
        raise NotHere(why)
    folder = bench.place("agent")
    with pretended_cluster(folder, "linux") as (master, agent):
        master.run(ID, "model", "exec sleep 100000", mem=32.0, cpus=1.0)
        master.status("model", "RUNNING")
        (bundle,) = agent.work_dir.glob("containers/oci/*/bundle/config.json")
        document = json.loads(bundle.read_text())
        log = agent.log.read_text()
        runtime = log.partition("OCI containers by ")[2].split()[0]
        bare = folder / "bare"
        bare.mkdir()
        made = Side(bare, master, agent, document, runtime, itertools.count())
        try:
            yield made
        finally:
            remove_cgroups(f"{agent.cgroups_root}-bare")


def load() -> str:
    return f"load {os.getloadavg()[0]:.1f}"


@figure(
    "agent.launch",
    "from RunTask to TASK_RUNNING of a container by the agent, beside `run -d` of the same by the bare runtime",
    unit="ms",
    how="a pretended master, an agent with --launcher=linux; 10 of each in turn a round, one after the other",
    aim=ratio_at_most(1.5),
)
def launch(bench: Bench) -> Measured:
    made = bench.shared(side)
    ours, bare = [], []
    for _ in bench.times(3):
        for _ in range(10):
            (name,) = made.names(1)
            began = time.perf_counter()
            made.launch([name], "exec sleep 100000")
            made.until([name], "TASK_RUNNING")
            ours.append((time.perf_counter() - began) * 1000)
            made.end([name])
            bare.append(made.run_detached(["/bin/sh", "-c", "exec sleep 100000"]))
    made.forget()
    return Measured(ours, made.runtime, bare, load())


def burst(made: Side, count: int) -> float:
    """Seconds from the launch of so many tasks ``true`` until nothing is left of the last."""
    names = made.names(count)
    began = time.perf_counter()
    made.launch(names, "true")
    made.until_gone(names)
    taken = time.perf_counter() - began
    made.forget()
    return taken


@figure(
    "agent.throughput",
    f"{AT_ONCE} containers `true` launched at the same time until nothing is left of the last",
    unit="tasks/s",
    how=f"beside create, start and delete of the same by the bare runtime, {WORKERS} at the same time; in turn",
    aim=ratio_at_least(0.7),
)
def throughput(bench: Bench) -> Measured:
    made = bench.shared(side)
    ours, bare = [], []
    for _ in bench.times(3):
        ours.append(AT_ONCE / burst(made, AT_ONCE))
        bare.append(AT_ONCE / made.whole_lives(AT_ONCE))
    return Measured(ours, made.runtime, bare, load())


@figure(
    "agent.short",
    f"{SHORT} containers `true` on one agent until nothing is left of the last",
    unit="s",
    how=f"beside create, start and delete of the same by the bare runtime, {WORKERS} at the same time",
    aim=at_most(30),
)
def short(bench: Bench) -> Measured:
    made = bench.shared(side)
    return Measured([burst(made, SHORT)], made.runtime, [made.whole_lives(SHORT)], load())


@figure(
    "agent.overhead",
    "processor time of the agent itself for each container `true`",
    unit="ms",
    how=f"user and system time of the agent's process over {AT_ONCE} of them, without its children",
)
def overhead(bench: Bench) -> Measured:
    made = bench.shared(side)
    found = []
    for _ in bench.times(2):
        before = processor_seconds(made.agent)
        burst(made, AT_ONCE)
        found.append((processor_seconds(made.agent) - before) / AT_ONCE * 1000)
    return Measured(found)


def processor_seconds(agent: Agent) -> float:
    assert agent.process is not None
    fields = Path(f"/proc/{agent.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def with_many(bench: Bench) -> Iterator[tuple[Side, float, list[str]]]:
    """`MANY` tasks that run; the agent's memory before them in MB; their names."""
    made = bench.shared(side)
    assert made.agent.process is not None
    made.agent.restart()
    made.master.until(lambda: ID in made.master.connected, "the agent")
    before = megabytes(made.agent.process.pid, "Rss")
    names = made.names(MANY)
    made.launch(names, "exec sleep 100000", cpus=0.1)
    made.until(names, "TASK_RUNNING")
    yield made, before, names
    made.end(names)
    made.forget()


@figure(
    "agent.memory-many",
    f"the agent's own memory with {MANY} containers that run",
    unit="MB",
    how="Rss in /proc/PID/smaps_rollup, 3 s after the last was told TASK_RUNNING",
    aim=at_most(150),
)
def memory_many(bench: Bench) -> Measured:
    made, before, _ = bench.shared(with_many)
    time.sleep(3)
    assert made.agent.process is not None
    return Measured([megabytes(made.agent.process.pid, "Rss")], note=f"{before:.0f} MB before them")


@figure(
    "agent.idle-container",
    "what a running container costs beyond conmon and its own command",
    unit="MB",
    how=f"the agent's growth for {MANY} containers, and the memory (Pss) of their inits, for each",
    aim=at_most(2),
)
def idle_container(bench: Bench) -> Measured:
    made, before, _ = bench.shared(with_many)
    assert made.agent.process is not None
    growth = (megabytes(made.agent.process.pid, "Rss") - before) / MANY
    inits = []
    for folder in itertools.islice(made.agent.work_dir.glob("containers/oci/*"), 20):
        inits.append(megabytes(int((folder / "pid").read_text())))
    conmons = [
        megabytes(int((folder / "conmon.pid").read_text()))
        for folder in itertools.islice(made.agent.work_dir.glob("containers/oci/*"), 20)
    ]
    note = f"agent {growth:.2f}, init {statistics.mean(inits):.2f}; conmon {statistics.mean(conmons):.2f} MB"
    return Measured([growth + statistics.mean(inits)], note=note)


@figure(
    "agent.return",
    f"an agent that was killed knows its {MANY} running containers again",
    unit="s",
    how="wall time from exec until it connects to its master with all of them",
    aim=at_most(5),
)
def comes_back(bench: Bench) -> Measured:
    made, _, names = bench.shared(with_many)
    found = []
    for _ in bench.times(2):
        made.agent.kill()
        connects = len(made.master.connects)
        began = time.perf_counter()
        made.agent.start()
        made.until_connected(connects)
        found.append(time.perf_counter() - began)
        known = {task.task_id for task in made.master.connects[-1].tasks}
        if missing := set(names) - known:
            raise RuntimeError(f"{len(missing)} tasks are not known again")
    return Measured(found, note=load())
