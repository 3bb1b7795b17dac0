"""How long a cluster of three masters is without a leader when the leader's machine loses its power."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

from tests.bench.cluster import _root
from tests.bench.figures import Bench, Measured, at_most, figure
from tests.support.daemons.byhand import wait_for
from tests.support.machines.deployed import MASTER
from tests.support.machines.nspawn_lab import done
from tests.support.machines.several import Several, deployed

NETWORK = 105
POLL_SECONDS = 0.05


@contextlib.contextmanager
def three_masters(bench: Bench) -> Iterator[Several]:
    _root()
    with deployed(bench.place("failover"), "dcos-bench-several", NETWORK) as cluster:
        yield cluster


def _leads_with_all(cluster: Several, host: str) -> bool:
    """Whether this master leads, and has every agent and the init back."""
    with contextlib.suppress(OSError):
        status, metrics = cluster.get(host, MASTER, "/metrics/snapshot")
        return (
            status == 200
            and metrics["master/elected"] == 1
            and metrics.get("master/slaves_active") == len(cluster.agents)
            and metrics.get("master/frameworks_connected", 0) >= 1
        )
    return False


@figure(
    "failover.power",
    "the leading master's machine loses its power, until another leads with every agent and the init",
    unit="s",
    how="power off the leader of 3 masters and 3 agents, ask the others every 50 ms; it is back before the next",
    aim=at_most(10),
)
def power(bench: Bench) -> Measured:
    cluster = bench.shared(three_masters)
    provider = cluster.provider
    samples, commands = [], []
    for _ in bench.times(10):
        cluster.well()
        gone = cluster.leader()
        assert gone is not None
        others = [host for host in cluster.masters if host != gone]
        started = time.perf_counter()
        done(provider.power_off([gone]))
        while not any(_leads_with_all(cluster, host) for host in others):
            if time.perf_counter() - started > 120:
                raise RuntimeError(f"nobody leads two minutes after {gone} went off: {cluster.unwell()}")
            time.sleep(POLL_SECONDS)
        samples.append(time.perf_counter() - started)
        wait_for(lambda: cluster.dcos("node", "list").returncode == 0, 60, "the dcos command's answer")
        commands.append(time.perf_counter() - started)
        done(provider.start([gone]))
    commands.sort()
    return Measured(samples, note=f"dcos answers after {commands[len(commands) // 2]:.1f} s")
