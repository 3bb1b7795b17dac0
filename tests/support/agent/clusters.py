"""An agent under test with a pretended master, by each launcher that works here. `tests/contract/conftest.py` has the
fixtures `master` and `agent` of a module's `both`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.daemons.agents import Agent, PretendedMaster, containers_work, pretended_cluster

Pair = tuple[PretendedMaster, Agent]

LAUNCHERS = ("posix", "linux")


def skip_without(launcher: str) -> None:
    """Skips the test, or what needs the fixture, where the launcher does not work."""
    if launcher == "linux" and (why := containers_work()):
        pytest.skip(why)


@contextlib.contextmanager
def cluster(folder: Path, launcher: str, *flags: str) -> Iterator[Pair]:
    """`pretended_cluster`, where the launcher works."""
    skip_without(launcher)
    with pretended_cluster(folder, launcher, *flags) as pair:
        yield pair


def by_both_launchers(*flags: str) -> Any:
    """A fixture of a module, to be called `both`: one cluster of each launcher for all its tests."""

    @pytest.fixture(scope="module", params=LAUNCHERS)
    def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
        with cluster(tmp_path_factory.mktemp(request.param), request.param, *flags) as pair:
            yield pair

    return both
