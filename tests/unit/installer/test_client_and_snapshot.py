"""What is left behind for the `dcos` command, and what a later deploy is held to."""

from __future__ import annotations

import base64
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from dcos_installer import client
from dcos_installer.config.model import ClusterSpec, HostSpec
from dcos_installer.snapshot import impossible_changes, last_spec, remember_spec
from dcos_installer.state import open_state
from dcos_runtime.cli.clusters.known import Clusters
from tests.support.installer.pretended import spec_of


def cluster(number: int, name: str = "lab") -> client.Wanted:
    gateways = (f"https://198.18.{number}.11", f"https://198.18.{number}.12")
    return client.Wanted(f"c{number}", name, gateways, f"the CA of {number}\n")


def test_the_dcos_command_finds_the_cluster_that_was_written(tmp_path: Path) -> None:
    assert client.write(tmp_path, cluster(1, 'a "lab"'), "a.b.c")
    (found,) = Clusters(tmp_path).all()
    assert (found.name, found.url, found.token, found.attached) == ('a "lab"', "https://198.18.1.11", "a.b.c", True)
    assert found.gateways() == ["https://198.18.1.11", "https://198.18.1.12"]
    assert Path(found.ssl_verify).read_text() == "the CA of 1\n"
    for path in (found.folder / "dcos.toml", found.folder / "dcos_ca.crt"):
        assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("umask", [0o077, 0o022, 0])
def test_all_folders_that_are_made_for_the_dcos_command_are_the_users_alone(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        client.write(tmp_path / "deployed/.dcos", cluster(1), "t")
        Clusters(tmp_path / "set up/.dcos").save("c1", {"core": {"dcos_url": "https://198.18.1.11"}})
    finally:
        os.umask(before)
    made = [path for path in tmp_path.rglob("*") if path.is_dir()]
    assert len(made) == 8
    assert {path.stat().st_mode & 0o777 for path in made} == {0o700}


def test_a_new_cluster_becomes_the_attached_one_and_an_old_one_stays_what_it_was(tmp_path: Path) -> None:
    assert client.write(tmp_path, cluster(1), "t1")
    assert client.write(tmp_path, cluster(2), "t2")
    assert client.attached(tmp_path) == "c2"
    assert not client.write(tmp_path, cluster(1), "t1")
    assert client.attached(tmp_path) == "c2"
    assert client.token_of(tmp_path, cluster(1)) == "t1"
    client.forget(tmp_path, "c2")
    client.forget(tmp_path, "c2")
    assert client.attached(tmp_path) is None
    assert client.token_of(tmp_path, cluster(1)) is None  # known, and not the one that dcos talks to
    assert client.write(tmp_path, cluster(1), "t1")
    assert client.attached(tmp_path) == "c1"


def test_a_cluster_is_known_as_it_is_now_or_not_at_all(tmp_path: Path) -> None:
    client.write(tmp_path, cluster(1), "t1")
    same = cluster(1)
    assert client.token_of(tmp_path, same) == "t1"
    for other in (
        replace(same, name="other"),
        replace(same, ca="another\n"),
        replace(same, gateways=same.gateways[:1]),
        replace(same, cluster_id="c9"),
    ):
        assert client.token_of(tmp_path, other) is None
    settings = tmp_path / "clusters" / "c1" / "dcos.toml"
    settings.write_text(settings.read_text() + "[marathon]\nmine = 1\n")
    assert client.token_of(tmp_path, same) == "t1"
    settings.write_text("what is this")
    assert client.token_of(tmp_path, same) is None
    client.write(tmp_path, same, "")
    assert client.token_of(tmp_path, same) == ""


def test_a_token_tells_when_its_time_is_over() -> None:
    def token(claims: object) -> str:
        return f"e30.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.sig"

    assert client.is_expired(token({"exp": 100}), 100.0)
    assert not client.is_expired(token({"exp": 101}), 100.0)
    for strange in (token({}), token([1]), token({"exp": "soon"}), "no-token", "a.%%.c", ""):
        assert not client.is_expired(strange, 100.0)


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
        "its network is 198.18.0.0/24, not 198.18.9.0/24": _with(old, options={"dcos_network": "198.18.9.0/24"}),
        "a2 belongs to it, and is not in the inventory any more": old.model_copy(update={"hosts": (m1, a1)}),
        "a2 has the address 198.18.2.2, not 198.18.2.99": old.model_copy(update={"hosts": (m1, a1, moved)}),
        "a2 has the role agent, not public agent": old.model_copy(update={"hosts": (m1, a1, promoted)}),
        "m2, m3 would be another master, and masters cannot be added yet": spec_of(tmp_path, masters=3),
    }
    assert {text: list(impossible_changes(old, new)) for text, new in expected.items()} == {
        text: [text] for text in expected
    }
