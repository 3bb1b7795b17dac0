"""A single master on a busy host: how well it answers, and how long it is away after a kill."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

from tests.bench.cluster import _root
from tests.bench.figures import Bench, Measured, at_most, figure
from tests.support.machines.deployed import INIT, MASTER
from tests.support.machines.several import Several, deployed

NETWORK = 106
LOOPS = 8
SECONDS = 60.0
POLL_SECONDS = 0.25
KILL_SECONDS = 60.0

INVENTORY = """\
[masters]
m1 ansible_host=198.18.{network}.11 dcos_mem=1280

[agents]
a1 ansible_host=198.18.{network}.21

[all:vars]
dcos_cluster_name={name}
dcos_provider=nspawn
dcos_network=198.18.{network}.0/24
dcos_mem=1024
"""


@contextlib.contextmanager
def one_master(bench: Bench) -> Iterator[Several]:
    _root()
    with deployed(bench.place("starved"), "dcos-bench-starved", NETWORK, INVENTORY) as cluster:
        yield cluster


@contextlib.contextmanager
def busy(loops: int) -> Iterator[None]:
    """So many processes of the host that want a processor each, in no group of ours."""
    running = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(loops)]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


@dataclass
class _Seen:
    refused: float = 0.0
    longest: float = 0.0


def _watch(cluster: Several, seconds: float) -> _Seen:
    """Asks the leading master and the init in turn what only a leader answers."""
    seen = _Seen()
    last = time.monotonic()
    until = last + seconds
    while last < until:
        good = True
        for port, path in ((MASTER, "/slaves"), (INIT, "/v2/apps")):
            asked = time.monotonic()
            try:
                good &= cluster.send(cluster.masters[0], port, "GET", path, seconds=30)[0] == 200
            except OSError:
                good = False
            seen.longest = max(seen.longest, time.monotonic() - asked)
        now = time.monotonic()
        if not good:
            seen.refused += now - last
        last = now
        time.sleep(POLL_SECONDS)
    return seen


def _counts(cluster: Several) -> tuple[int, int]:
    """How often master and init were started again, and how often they were suspended, since they are there."""
    said = cluster.ssh(
        cluster.masters[0],
        "systemctl show --property=NRestarts dcos-master dcos-marathon;"
        " journalctl --no-pager -o cat -u dcos-master -u dcos-marathon | grep -c 'is suspended: ZooKeeper' || true",
    )
    restarts = sum(int(found) for found in re.findall(r"NRestarts=(\d+)", said))
    return restarts, int(said.split()[-1])


@figure(
    "starved.refused",
    f"a single master and its init without an answer beside {LOOPS} busy processes of the host, of {SECONDS:.0f} s",
    unit="s",
    how=f"deploy one master and one agent, start {LOOPS} endless loops, ask both leaders every {POLL_SECONDS} s",
    aim=at_most(0),
)
def refused(bench: Bench) -> Measured:
    cluster = bench.shared(one_master)
    samples, notes = [], []
    for _ in bench.times(1):
        before = _counts(cluster)
        with busy(LOOPS):
            seen = _watch(cluster, SECONDS)
        restarts, suspensions = (now - then for now, then in zip(_counts(cluster), before, strict=True))
        samples.append(seen.refused)
        notes.append(f"{restarts} lost leaderships, {suspensions} suspensions, longest answer {seen.longest:.1f} s")
    return Measured(samples, note="; ".join(notes))


@figure(
    "starved.kill",
    "the only master is killed, until it leads again",
    unit="s",
    how="kill -9 of dcos-master on an idle cluster with sessions of 20 s, then ask for what only a leader answers",
    aim=at_most(2),
)
def killed(bench: Bench) -> Measured:
    cluster = bench.shared(one_master)
    host = cluster.masters[0]
    samples = []
    for _ in bench.times(5):
        before = cluster.main_pid(host, "dcos-master")
        cluster.signal(host, "dcos-master", "KILL")
        started = time.perf_counter()
        while True:
            with contextlib.suppress(OSError):
                if cluster.send(host, MASTER, "GET", "/slaves", seconds=30)[0] == 200:
                    break
            if time.perf_counter() - started > KILL_SECONDS:
                raise RuntimeError(f"the master (before: process {before}) does not lead a minute after it was killed")
            time.sleep(0.02)
        samples.append(time.perf_counter() - started)
        time.sleep(2.0)  # its agent and the init come back
    return Measured(samples)
