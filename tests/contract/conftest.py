"""The two halves of an agent's cluster, `both` of the test's module (`tests.support.agent.clusters`)."""

from __future__ import annotations

import pytest

from tests.support.agent.clusters import Pair
from tests.support.daemons.agents import Agent, PretendedMaster


@pytest.fixture
def master(both: Pair) -> PretendedMaster:
    return both[0]


@pytest.fixture
def agent(both: Pair) -> Agent:
    return both[1]
