"""What the daemons cost when they have nothing to do, and when they start."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.figures import Bench, Measured, at_most, figure
from tests.support.daemons.byhand import Cluster, Daemon, ask, cluster, free_port, processes_with, wait_for

SETTLE_SECONDS = 3.0


@contextlib.contextmanager
def idle_cluster(bench: Bench) -> Iterator[Cluster]:
    """One master, one agent and one marathon by hand, registered with each other, and idle."""
    with cluster(bench.place("idle"), agents=1) as made:

        def registered() -> bool:
            _, state = ask(f"{made.master.url}/state")
            return len(state["slaves"]) == 1 and any(one["name"] == "marathon" for one in state["frameworks"])

        wait_for(registered, 30, "agent and init at the master")
        time.sleep(SETTLE_SECONDS)
        yield made


def megabytes(pid: int, kind: str = "Pss") -> float:
    """Proportional (Pss) or resident (Rss) memory of a process, in MB of 10^6 bytes."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    found = re.search(rf"^{kind}:\s+(\d+) kB", text, re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024 / 1e6


def memory(*daemons: Daemon) -> Measured:
    pids = [daemon.process.pid for daemon in daemons if daemon.process]
    proportional = sum(megabytes(pid) for pid in pids)
    return Measured([sum(megabytes(pid, "Rss") for pid in pids)], note=f"proportional (PSS) {proportional:.0f} MB")


HOW_MEMORY = "Rss in /proc/PID/smaps_rollup of daemons started by hand and idle"


@figure("memory.master", "an idle master", unit="MB", how=HOW_MEMORY)
def master_memory(bench: Bench) -> Measured:
    return memory(bench.shared(idle_cluster).master)


@figure("memory.marathon", "an idle init", unit="MB", how=HOW_MEMORY)
def marathon_memory(bench: Bench) -> Measured:
    return memory(bench.shared(idle_cluster).marathon)


@figure(
    "memory.master-host",
    "all our daemons of a master's machine: master and init",
    unit="MB",
    how=HOW_MEMORY + ", added up",
    aim=at_most(300),
)
def master_host_memory(bench: Bench) -> Measured:
    made = bench.shared(idle_cluster)
    return memory(made.master, made.marathon)


@figure("memory.agent", "an idle agent", unit="MB", how=HOW_MEMORY, aim=at_most(100))
def agent_memory(bench: Bench) -> Measured:
    return memory(bench.shared(idle_cluster).agents[0])


@figure(
    "memory.task",
    "what keeps one posix task alive beside the agent: its supervisor",
    unit="MB",
    how="Pss of the processes of 10 tasks `sleep` (their supervisors, shells and sleeps), a tenth of it",
)
def task_memory(bench: Bench) -> Measured:
    made = bench.shared(idle_cluster)
    before = agent_processes(made)
    done = made.dcos(
        *("marathon", "run", "--name", "bench-memory", "--instances", "10", "--cpus", "0.1", "--mem", "32"),
        *("--timeout", "60", "exec sleep 1000"),
    )
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    extra = agent_processes(made) - before
    per_task = sum(megabytes(pid) for pid in extra) / 10
    made.dcos("marathon", "app", "remove", "bench-memory", "--wait")
    wait_for(lambda: not processes_with("MARATHON_APP_ID=/bench-memory"), 60, "an end of the tasks")
    return Measured([per_task], note=f"{len(extra) / 10:g} processes a task")


def agent_processes(made: Cluster) -> set[int]:
    """Every process that works in the agent's folder or below: supervisors and tasks, not the agent itself."""
    folder = str(made.folder / "agent0")
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                place = (entry / "cwd").readlink(), (entry / "cmdline").read_bytes()
                if str(place[0]).startswith(folder) or folder.encode() in place[1]:
                    found.add(int(entry.name))
    agent = made.agents[0].process
    return found - ({agent.pid} if agent else set())


def seconds_to_ready(bench: Bench, *argv: str) -> float:
    place = bench.place(argv[0])
    daemon = Daemon(argv[0], [*argv, f"--work_dir={place}"], place / "log")
    started = time.perf_counter()
    try:
        daemon.start()
        return time.perf_counter() - started
    finally:
        daemon.stop()


HOW_START = "wall time from exec to the line that says it listens (looked for every 0.1 s)"


@figure("start.master", "a master by hand is ready", unit="s", how=HOW_START, aim=at_most(2))
def master_start(bench: Bench) -> Measured:
    return Measured([seconds_to_ready(bench, "dcos-master", f"--port={free_port()}") for _ in bench.times(3)])


@figure("start.agent", "an agent by hand is ready", unit="s", how=HOW_START, aim=at_most(2))
def agent_start(bench: Bench) -> Measured:
    master = bench.shared(idle_cluster).master.url.removeprefix("http://")
    flags = ("--launcher=posix", "--resources=cpus:0.1;mem:32;disk:1")
    return Measured(
        [
            seconds_to_ready(bench, "dcos-agent", f"--master={master}", f"--port={free_port()}", *flags)
            for _ in bench.times(3)
        ]
    )
