"""Where masters meet in ZooKeeper, and where their state is: clusters at different paths share neither."""

from __future__ import annotations

import pytest

from dcos_runtime.master.main import place_of
from dcos_runtime.store.zookeeper import parse_url

PATHS = {
    "/mesos": "/dcos/mesos",
    "/other": "/dcos/other",
    "/a/mesos": "/a/dcos/mesos",
    "/a/b/mesos": "/a/b/dcos/mesos",
    "/dcos": "/dcos/dcos",
}


@pytest.mark.parametrize(("path", "store"), PATHS.items())
def test_masters_meet_at_the_path_and_keep_state_under_its_name_beside_it(path: str, store: str) -> None:
    found = place_of(parse_url(f"zk://127.0.0.1:1{path}"), 10.0)
    assert (found.election, found.store) == (path, store)


def test_masters_at_different_paths_share_no_state() -> None:
    assert len({place_of(parse_url(f"zk://127.0.0.1:1{path}"), 10.0).store for path in PATHS}) == len(PATHS)
