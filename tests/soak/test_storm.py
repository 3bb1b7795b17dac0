"""Storms: seeded random faults under a running app; what must hold is checked after each one.

Replay one with ``DCOS_STORM_SEED=N make soak``; the seed is printed. ``DCOS_STORM_FAULTS`` sets how many faults (200).
"""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import pytest

from tests.support.daemons.byhand import Cluster, ask, cluster, processes_with, wait_for

pytestmark = pytest.mark.soak

APP = "/storm"
INSTANCES = 4


def converged(made: Cluster) -> bool:
    """As many instances run as were asked for, each on a live process, and nothing else of the app's does."""
    tasks = made.running(APP)
    if len(tasks) != INSTANCES:
        return False
    wanted = {task["id"] for task in tasks}
    alive = {name for name in wanted if processes_with(f"MESOS_TASK_ID={name}")}
    status, state = ask(f"{made.master.url}/state")
    at_master = {
        task["id"]
        for framework in state["frameworks"]
        for task in framework["tasks"]
        if task["state"] in ("TASK_RUNNING", "TASK_STARTING", "TASK_STAGING")
    }
    return status == 200 and alive == wanted and at_master == wanted


def orphans(made: Cluster) -> list[int]:
    wanted = {task["id"] for task in made.running(APP)}
    mine = set(processes_with(f"MESOS_SANDBOX={made.folder}"))
    return sorted(mine - {pid for name in wanted for pid in processes_with(f"MESOS_TASK_ID={name}")})


def test_an_app_survives_a_storm_of_faults(tmp_path: Path) -> None:
    seed = int(os.environ.get("DCOS_STORM_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 31)
    faults = int(os.environ.get("DCOS_STORM_FAULTS", "200"))
    print(f"storm: seed {seed}, {faults} faults")
    chance = random.Random(seed)
    with cluster(tmp_path, agents=2, agent_ping_timeout="2secs", max_agent_ping_timeouts="3") as made:
        body = {
            "id": APP,
            "cmd": "exec sleep 100000",
            "cpus": 0.1,
            "mem": 32,
            "instances": INSTANCES,
            "backoffSeconds": 0,
            "maxLaunchDelaySeconds": 1,
        }
        wait_for(lambda: ask(f"{made.marathon.url}/v2/apps", "POST", body)[0] == 201, 30, "the app's creation")
        wait_for(lambda: converged(made), 60, "the first instances")
        for number in range(faults):
            fault = chance.choice(("task", "agent", "master", "marathon", "pause", "agent-late", "master+agent"))
            print(f"fault {number}: {fault}", flush=True)
            if fault == "task":
                victim = chance.choice(made.running(APP))
                for pid in processes_with(f"MESOS_TASK_ID={victim['id']}"):
                    os.kill(pid, signal.SIGKILL)
            elif fault in ("agent", "agent-late"):
                daemon = chance.choice(made.agents)
                daemon.kill()
                time.sleep(8 if fault == "agent-late" else chance.random())
                daemon.start()
            elif fault == "pause":
                daemon = chance.choice(made.daemons)
                daemon.send(signal.SIGSTOP)
                time.sleep(chance.random() * 4)
                daemon.send(signal.SIGCONT)
            elif fault == "master+agent":
                daemon = chance.choice(made.agents)
                daemon.kill()
                made.master.kill()
                made.master.start()
                daemon.start()
            else:
                daemon = made.master if fault == "master" else made.marathon
                daemon.kill()
                daemon.start()
            wait_for(lambda: converged(made), 120, f"calm after fault {number} ({fault}), seed {seed}")
            assert wait_for(lambda: not orphans(made), 30, f"an end of orphans after fault {number}, seed {seed}")
