"""Packages come, change and go while the leading package manager is killed, at moments that a seed decides.

Replay one with ``DCOS_STORM_SEED=N make soak``; the seed is printed. ``DCOS_STORM_ROUNDS`` sets how many lives of a
service (20).
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.cosmos.pair import Storm, pair, seed

pytestmark = pytest.mark.soak


def test_no_kill_leaves_half_of_a_service(tmp_path: Path) -> None:
    chosen = seed()
    rounds = int(os.environ.get("DCOS_STORM_ROUNDS", "20"))
    print(f"storm: seed {chosen}, {rounds} rounds")
    with pair(tmp_path) as made:
        storm = Storm(made, chosen)
        for number in range(rounds):
            storm.run("commons" if number % 4 == 3 else "plain")
        print("\n".join(storm.told))
        assert all("Traceback" not in daemon.log.read_text() for daemon in made.daemons)
