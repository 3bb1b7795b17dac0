"""Simulated clusters: under every kind of fault nothing goes wrong."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys

import pytest

from dcos_runtime.sim import faults
from dcos_runtime.sim.cluster import Cluster
from dcos_runtime.sim.options import Nets, Options
from dcos_runtime.sim.plans import MAKERS, plan
from dcos_runtime.sim.profiles import PROFILES
from dcos_runtime.sim.running import again, minimal, run
from tests.support.sim.mutations import ALL
from tests.support.sim.planting import planted

STALE = next(one for one in ALL if one.name == "agent-stale-acknowledgement")


@pytest.mark.parametrize("name", PROFILES)
def test_all_is_well_in_the_end_whatever_happens(name: str) -> None:
    outcome = run(PROFILES[name], "1")
    assert outcome.good, f"python -m dcos_runtime.sim --profile {name} --seed 1 says why: {outcome.failure}"


@pytest.mark.soak
@pytest.mark.parametrize("name", PROFILES)
def test_all_is_well_in_the_end_for_many_seeds(name: str) -> None:
    for seed in range(1000, 1040):
        outcome = run(PROFILES[name], str(seed))
        assert outcome.good, f"python -m dcos_runtime.sim --profile {name} --seed {seed} says why: {outcome.failure}"


def test_no_fault_befalls_after_so_many_steps() -> None:
    """Those of the plan that are left would disturb a cluster that has to come right."""
    outcome = run(PROFILES["all"], "0", steps=500, trace=True)
    assert outcome.good and outcome.plan and outcome.steps > 500
    assert len(outcome.plan) < len(run(PROFILES["all"], "0").plan)
    assert not [note for note in outcome.trace if "***" in note]


def test_every_kind_of_fault_is_in_a_profile() -> None:
    assert {name for profile in PROFILES.values() for name in profile.weights} == set(MAKERS)


def test_a_profile_leaves_one_net_or_has_all_of_them_on_purpose() -> None:
    never, bare = 1000.0, Nets(reconcile_first=False, reconcile=False, confirm=False, kill_retry=False)
    assert {name for name, profile in PROFILES.items() if profile.net == "all"} == {"all", "luck", "init"}
    for name, profile in PROFILES.items():
        options = profile.options
        if profile.net == "all":
            continue
        assert not options.frameworks or options.nets == bare, f"{name}: frameworks heal by themselves"
        assert not options.inits or options.init_reconcile > never, f"{name}: the init asks for all states now and then"
        assert not options.misfortune, f"{name}: bad luck hides what is looked for"
        if profile.net == "connection" and name == "links":
            assert options.update_retry > 100.0
        if profile.net == "subscription":
            assert min(options.init_confirm, options.init_kill_retry) > never


def test_the_same_seed_does_the_same() -> None:
    one, other = (run(PROFILES["links"], "7", trace=True) for _ in range(2))
    assert one.trace == other.trace
    assert one.steps == other.steps


def test_another_process_does_the_same() -> None:
    """Nothing depends on the hashes of one process."""
    code = (
        "from dcos_runtime.sim.running import run; from dcos_runtime.sim.profiles import PROFILES;"
        "import hashlib; o = run(PROFILES['init'], '3', steps=800, trace=True);"
        "print(o.steps, o.failure, hashlib.sha256(chr(10).join(o.trace).encode()).hexdigest())"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed in ("1", "2")
    }
    assert len(found) == 1


def test_another_seed_does_something_else() -> None:
    profile = PROFILES["all"]
    made = [plan(seed, profile.options, profile.weights, profile.seconds, profile.every) for seed in ("1", "2")]
    assert made[0] != made[1]


def test_a_failure_is_cut_down_to_what_it_needs() -> None:
    profile = dataclasses.replace(PROFILES["calls"], seconds=60.0, calm=0.0)
    with planted(STALE):
        failed = next(one for one in (run(profile, str(seed)) for seed in range(100)) if not one.good)
        fewer, outcome = minimal(profile, failed)
        assert not outcome.good
        assert len(fewer) <= 3 < len(failed.plan)
        assert not again(profile, failed.seed, fewer).good
    assert again(profile, failed.seed, fewer).good, "without the planted bug the same does no harm"


# --- what can happen --------------------------------------------------------------------------------------------------


def survives(*plan: faults.AnyFault, seconds: float = 300.0, options: Options | None = None) -> Cluster:
    cluster = Cluster("one", options or Options(agents=2, frameworks=1, tasks=6, masters=2))
    outcome = cluster.run(list(plan), seconds)
    assert outcome.good, outcome.failure
    return cluster


def test_of_two_masters_at_once_one_only_writes() -> None:
    """The leader is stopped for longer than its session, another leads, and then the first goes on as if it led."""
    cluster = survives(faults.Pause(at=30.0, process="leader", seconds=40.0))
    assert cluster.ensemble.fence == 2
    assert [master.life for master in cluster.masters] == [3, 1]


def test_a_lapse_shorter_than_the_session_changes_nobody() -> None:
    options = Options(agents=2, frameworks=1, tasks=6, masters=2, session_seconds=60.0)
    cluster = survives(faults.LeaseLost(at=30.0, seconds=50.0), options=options)
    assert cluster.ensemble.fence == 1


def test_an_agent_lives_through_a_full_disk_and_a_crash() -> None:
    cluster = survives(
        faults.DiskFull(agent="agent0", at=20.0, seconds=60.0),
        faults.Crash(process="agent0", at=40.0, effects=3, down=5.0),
    )
    assert cluster.agents[0].life == 3


def test_a_machine_that_burns_comes_back_as_another_agent() -> None:
    cluster = survives(faults.Wipe(agent="agent0", at=30.0, down=10.0), seconds=700.0)
    assert cluster.agents[0].core.agent.id not in (None, "m1-S0", "m1-S1")


def test_tasks_live_on_while_nobody_leads() -> None:
    options = Options(agents=2, frameworks=1, tasks=6, masters=1, ends=0.0, odd=0.0)
    cluster = Cluster("one", options)
    outcome = cluster.run([faults.Crash(process="leader", at=30.0, down=60.0)], 300.0, calm=0.0)
    assert outcome.good, outcome.failure
    assert cluster.frameworks[0].ended == 0
    assert len(cluster.watch.running) == 6
    cluster.finish()
    assert not cluster.watch.running
