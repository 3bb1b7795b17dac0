"""What is left behind for the `dcos` command, and what a later deploy is held to."""

from __future__ import annotations

from pathlib import Path

from dcos_installer import client
from dcos_installer.config.model import ClusterSpec, HostSpec
from dcos_installer.snapshot import impossible_changes, last_spec, remember_spec
from dcos_installer.state import open_state
from dcos_runtime.cli.target import find_target
from tests.unit.installer.pretended import spec_of


def test_the_dcos_command_finds_the_cluster_that_was_written(tmp_path: Path) -> None:
    assert client.write(tmp_path, "c1", client.wanted("lab", "http://198.18.0.11:5050"))
    target = find_target(None, {"DCOS_DIR": str(tmp_path)})
    assert target.url == "http://198.18.0.11:5050"


def test_a_new_cluster_becomes_the_attached_one_and_an_old_one_stays_what_it_was(tmp_path: Path) -> None:
    first, second = client.wanted("one", "http://198.18.0.11:5050"), client.wanted("two", "http://198.18.1.11:5050")
    assert client.write(tmp_path, "c1", first)
    assert client.write(tmp_path, "c2", second)
    assert client.attached(tmp_path) == "c2"
    assert not client.write(tmp_path, "c1", first)
    assert client.attached(tmp_path) == "c2"
    assert client.is_current(tmp_path, "c1", first) and not client.is_current(tmp_path, "c1", second)
    client.forget(tmp_path, "c2")
    client.forget(tmp_path, "c2")
    assert client.attached(tmp_path) is None
    assert client.write(tmp_path, "c1", first)
    assert client.attached(tmp_path) == "c1"


def test_dcos_dir_is_the_users_unless_it_is_set() -> None:
    assert client.dcos_dir({"HOME": "/home/ann"}) == Path("/home/ann/.dcos")
    assert client.dcos_dir({"HOME": "/home/ann", "DCOS_DIR": "/srv/dcos"}) == Path("/srv/dcos")


def _with(spec: ClusterSpec, **changes: object) -> ClusterSpec:
    return ClusterSpec.model_validate(spec.model_dump() | changes)


def test_what_was_deployed_is_read_back_as_it_was(tmp_path: Path) -> None:
    state, spec = open_state(tmp_path / "lab.ini", tmp_path / "home"), spec_of(tmp_path)
    assert last_spec(state) is None
    remember_spec(state, spec)
    written = state.spec.stat().st_mtime_ns
    remember_spec(state, spec)
    assert last_spec(state) == spec
    assert state.spec.stat().st_mtime_ns == written


def test_a_cluster_may_get_more_agents_and_other_settings_but_nothing_else(tmp_path: Path) -> None:
    old = spec_of(tmp_path)
    assert list(impossible_changes(None, old)) == []
    assert list(impossible_changes(old, spec_of(tmp_path, agents=5))) == []
    m1, a1, a2 = old.hosts
    moved = a2.model_copy(update={"address": "198.18.2.99"})
    promoted = HostSpec.model_validate(a2.model_dump() | {"roles": {"public_agent"}})
    expected = {
        "its provider is nspawn, not static": _with(old, provider="static"),
        "its name is lab, not other": _with(old, name="other"),
        "its network is 198.18.0.0/24, not 198.18.9.0/24": _with(
            old, settings=old.settings.model_dump() | {"network": "198.18.9.0/24"}
        ),
        "a2 belongs to it, and is not in the inventory any more": old.model_copy(update={"hosts": (m1, a1)}),
        "a2 has the address 198.18.2.2, not 198.18.2.99": old.model_copy(update={"hosts": (m1, a1, moved)}),
        "a2 has the role agent, not public agent": old.model_copy(update={"hosts": (m1, a1, promoted)}),
        "m2, m3 would be another master, and masters cannot be added yet": spec_of(tmp_path, masters=3),
    }
    assert {text: list(impossible_changes(old, new)) for text, new in expected.items()} == {
        text: [text] for text in expected
    }
