"""Runs seeds of profiles, and reduces the plan of a failure to the necessary faults."""

from __future__ import annotations

import time
from collections.abc import Sequence

from dcos_runtime.sim.cluster import Cluster, Outcome
from dcos_runtime.sim.faults import AnyFault
from dcos_runtime.sim.plans import plan
from dcos_runtime.sim.profiles import Profile


def run(profile: Profile, seed: str, steps: int | None = None, trace: bool = False) -> Outcome:
    """Runs one seed."""
    made = plan(seed, profile.options, profile.weights, profile.seconds, profile.every)
    return again(profile, seed, made, steps, trace)


def again(
    profile: Profile, seed: str, made: Sequence[AnyFault], steps: int | None = None, trace: bool = False
) -> Outcome:
    """Runs the same cluster with only these faults."""
    return Cluster(seed, profile.options, trace).run(made, profile.seconds, steps, profile.calm)


def minimal(
    profile: Profile, failed: Outcome, steps: int | None = None, seconds: float = 60.0
) -> tuple[list[AnyFault], Outcome]:
    """Delta debugging: the fewest faults of the plan with which the same seed still fails in the same way. After
    ``seconds`` of CPU it returns the best result so far.
    """
    until = time.process_time() + seconds
    kind = _kind(failed.failure)
    best, outcome = [fault for fault in failed.plan if fault.at <= failed.at], failed
    parts = 2
    while best and parts <= len(best) and time.process_time() < until:
        size = -(-len(best) // parts)
        for start in range(0, len(best), size):
            fewer = best[:start] + best[start + size :]
            tried = again(profile, failed.seed, fewer, steps)
            if not tried.good and _kind(tried.failure) == kind:
                best, outcome = fewer, tried
                parts = max(parts - 1, 2)
                break
            if time.process_time() >= until:
                break
        else:
            if size == 1:
                break
            parts = min(parts * 2, len(best))
    return best, outcome


def _kind(failure: str) -> str:
    """The kind of a failure, without the names in it."""
    return "".join(word[0] for word in failure.split() if word.isalpha() and word.islower())
