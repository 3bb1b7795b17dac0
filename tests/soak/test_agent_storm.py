"""The agent is killed at random moments of a storm of launches and kills: no end is lost, and nothing is left.

Replay one with ``DCOS_STORM_SEED=N make soak``; the seed is printed. ``DCOS_STORM_FAULTS`` sets how many kills (50).
"""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from tests.support.agent.agent_storm import AgentStorm
from tests.support.daemons.agents import containers_work
from tests.support.daemons.byhand import wait_for

pytestmark = pytest.mark.soak


@pytest.mark.parametrize("launcher", ["linux", "posix"])
def test_an_agent_that_is_killed_at_any_moment_loses_nothing_and_leaves_nothing(launcher: str, tmp_path: Path) -> None:
    if launcher == "linux" and (why := containers_work()):
        pytest.skip(why)
    seed = int(os.environ.get("DCOS_STORM_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 31)
    kills = int(os.environ.get("DCOS_STORM_FAULTS", "50"))
    print(f"storm of the agent: seed {seed}, {kills} kills, {launcher}")
    storm = AgentStorm(tmp_path, launcher, seed)
    try:
        storm.begin()
        storm.rage(kills)
        storm.calm()
        untrue = storm.untrue()
        assert not untrue, "\n".join(untrue)
        wait_for(storm.nothing_left, 60, "the removal of all that belonged to tasks")
        storm.agent.restart()
        storm.every_kind()
        wait_for(storm.nothing_left, 60, "the removal of all that belonged to tasks")
        descriptors = storm.descriptors()  # one of our own last request may be among them: there may be fewer later
        storm.every_kind()
        wait_for(lambda: storm.descriptors() <= descriptors, 60, "the closing of what was opened")
        assert "Traceback" not in storm.agent.log.read_text()
    finally:
        storm.close()
