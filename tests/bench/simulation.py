"""How fast a simulated cluster is: virtual seconds in a second."""

from __future__ import annotations

import time

from dcos_runtime.sim.cluster import Cluster
from dcos_runtime.sim.options import Options
from tests.bench.figures import Bench, Measured, at_least, figure


def _ratio(options: Options, seconds: float) -> tuple[float, int]:
    """Of the time after all tasks run; what it takes to come there is not counted."""
    cluster = Cluster("bench", options)
    cluster.start()
    cluster.clock.run(cluster.clock.now + 60.0)
    steps, began = cluster.watch.steps, time.process_time()
    cluster.clock.run(cluster.clock.now + seconds)
    ratio = seconds / (time.process_time() - began)
    assert len(cluster.watch.running) >= 0.9 * options.tasks, "not all tasks run"
    return ratio, cluster.watch.steps - steps


HOW = "virtual seconds over seconds of the processor, once all tasks run, with every observer at work"


@figure("sim.small", "a simulated cluster of 20 agents and 100 tasks", unit="×", how=HOW, aim=at_least(500))
def small(bench: Bench) -> Measured:
    options = Options(agents=20, frameworks=2, tasks=100, ends=0.05, odd=0.0)
    found = [_ratio(options, 600.0) for _ in bench.times(3)]
    return Measured([ratio for ratio, _ in found], note=f"{found[0][1]} steps of cores in 600 virtual seconds")


@figure("sim.large", "a simulated cluster of 1,000 agents and 5,000 tasks", unit="×", how=HOW, aim=at_least(10))
def large(bench: Bench) -> Measured:
    options = Options(agents=1000, frameworks=5, tasks=5000, ends=0.05, odd=0.0, spread=8)
    found = [_ratio(options, 120.0) for _ in bench.times(2)]
    return Measured([ratio for ratio, _ in found], note=f"{found[0][1]} steps of cores in 120 virtual seconds")
