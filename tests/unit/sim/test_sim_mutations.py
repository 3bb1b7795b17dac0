"""The measure of the simulation: planted bugs that it finds."""

from __future__ import annotations

import time

import pytest

from dcos_runtime.sim.profiles import PROFILES
from tests.support.sim.mutations import ALL, CHECKS, EXECUTORS, LATER, Mutation
from tests.support.sim.planting import mutated, planted
from tests.support.sim.searching import first_failure

AT_LEAST = 27
CPU_SECONDS = 300.0
EACH = 40.0

QUICK = {
    "agent-told-before-stored": "agents",
    "agent-stale-acknowledgement": "calls",
    "agent-id-not-kept": "links",
    "master-acknowledgement-kept": "calls",
    "master-not-recovered": "agents",
    "init-no-reconcile": "init",
}
"""Six that every run of the tests looks for, each where it shows soon."""

SOON = (
    "agent-update-unconfirmed",
    "agent-tasks-outlive-executor",
    "agent-executor-outlives-its-grace",
    "agent-running-task-dropped",
    "agent-power-off-ignored",
    "agent-history-not-written",
    "master-executor-kept",
)
"""Of those about executors, the ones that show within a second."""

MISSED = 2
"""So many of them may be missed: one shows only when an executor ends within the milliseconds of a registration."""


def test_there_are_thirty_and_each_has_a_name_of_its_own() -> None:
    assert len(ALL) == 30
    assert len({mutation.name for mutation in ALL}) == 30


@pytest.mark.parametrize("mutation", [*ALL, *LATER, *CHECKS, *EXECUTORS], ids=lambda mutation: mutation.name)
def test_what_a_mutation_replaces_is_there_exactly_once(mutation: Mutation) -> None:
    assert mutated(mutation).__code__.co_code is not None


@pytest.mark.parametrize("name", QUICK)
def test_a_planted_bug_is_found(name: str) -> None:
    mutation = next(one for one in ALL if one.name == name)
    with planted(mutation):
        found = first_failure([QUICK[name]], seconds=60.0)
    assert found is not None, f"nobody saw that {mutation.what}"


@pytest.mark.parametrize("mutation", LATER, ids=lambda mutation: mutation.name)
def test_a_bug_that_was_planted_later_is_found(mutation: Mutation) -> None:
    with planted(mutation):
        found = first_failure(["schedulers"], seconds=EACH)
    assert found is not None, f"nobody saw that {mutation.what}"


@pytest.mark.parametrize("mutation", CHECKS, ids=lambda mutation: mutation.name)
def test_a_bug_in_health_checks_is_found(mutation: Mutation) -> None:
    with planted(mutation):
        found = first_failure(["checks"], seconds=EACH)
    assert found is not None, f"nobody saw that {mutation.what}"


@pytest.mark.parametrize("name", SOON)
def test_a_bug_about_executors_is_found(name: str) -> None:
    mutation = next(one for one in EXECUTORS if one.name == name)
    with planted(mutation):
        found = first_failure(["executors"], seconds=EACH)
    assert found is not None, f"nobody saw that {mutation.what}"


@pytest.mark.soak
def test_bugs_about_executors_are_found() -> None:
    missed = []
    for mutation in EXECUTORS:
        with planted(mutation):
            if first_failure(["executors"], seconds=EACH) is None:
                missed.append(mutation.name)
    print(f"{len(EXECUTORS) - len(missed)} of {len(EXECUTORS)}; not found: {missed}")
    assert len(missed) <= MISSED, missed


@pytest.mark.soak
def test_planted_bugs_are_found() -> None:
    """All of them in turn, with every profile: so many within so many seconds of CPU together."""
    found: dict[str, str] = {}
    began = time.process_time()
    for mutation in ALL:
        with planted(mutation):
            failure = first_failure(PROFILES, seconds=EACH)
        if failure is not None:
            found[mutation.name] = f"{failure[0]}, seed {failure[1].seed}: {failure[1].failure}"
            print(f"{mutation.name}: {found[mutation.name]}")
    seconds = time.process_time() - began
    print(f"{len(found)} of {len(ALL)} in {seconds:.0f} s of CPU")
    missed = [mutation.name for mutation in ALL if mutation.name not in found]
    assert len(found) >= AT_LEAST, f"not found: {missed}"
    assert seconds <= CPU_SECONDS
