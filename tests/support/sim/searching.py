"""Looks for a seed that fails."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from dcos_runtime.sim.cluster import Outcome
from dcos_runtime.sim.profiles import PROFILES
from dcos_runtime.sim.running import run


def first_failure(
    names: Iterable[str] = PROFILES, seconds: float = 60.0, seeds: Callable[[int], str] = str
) -> tuple[str, Outcome] | None:
    """Seed after seed, one of each profile in turn, for so many seconds of CPU."""
    until = time.process_time() + seconds
    number = 0
    chosen = list(names)
    while time.process_time() < until:
        for name in chosen:
            outcome = run(PROFILES[name], seeds(number))
            if not outcome.good:
                return name, outcome
        number += 1
    return None
