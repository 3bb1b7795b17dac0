"""The operator's state directory."""

from __future__ import annotations

import shutil
import stat
import uuid
from pathlib import Path

import pytest

from dcos_installer.errors import StateError
from dcos_installer.state import (
    find_state,
    forget_state,
    is_known,
    open_state,
    protect_keys,
    state_home,
)


def test_state_lies_where_xdg_says_and_relative_values_are_ignored() -> None:
    assert state_home({"XDG_STATE_HOME": "/srv/state", "HOME": "/home/a"}) == Path("/srv/state/dcos")
    assert state_home({"XDG_STATE_HOME": "state", "HOME": "/home/a"}) == Path("/home/a/.local/state/dcos")
    assert state_home({"HOME": "/home/a"}) == Path("/home/a/.local/state/dcos")


def test_a_cluster_keeps_its_id_and_nobody_else_can_read_its_state(tmp_path: Path) -> None:
    inventory = tmp_path / "local.ini"
    state = open_state(inventory, tmp_path / "home")
    assert uuid.UUID(state.cluster_id).version == 4
    assert open_state(inventory, tmp_path / "home") == state
    assert find_state(inventory, tmp_path / "home") == state
    for folder in (tmp_path / "home", state.root, state.ssh_dir, state.logs):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_two_inventories_are_two_clusters_and_a_forgotten_one_starts_anew(tmp_path: Path) -> None:
    first, second = open_state(tmp_path / "a.ini", tmp_path), open_state(tmp_path / "b.ini", tmp_path)
    assert first.cluster_id != second.cluster_id
    forget_state(tmp_path / "a.ini", tmp_path)
    forget_state(tmp_path / "a.ini", tmp_path)
    assert find_state(tmp_path / "a.ini", tmp_path) is None
    assert open_state(tmp_path / "a.ini", tmp_path).cluster_id != first.cluster_id


def test_private_keys_that_were_opened_up_are_private_again(tmp_path: Path) -> None:
    state = open_state(tmp_path / "a.ini", tmp_path)
    protect_keys(state)  # there are none yet
    host_key = state.ssh_dir / "hosts" / "m1" / "ssh_host_ed25519_key"
    host_key.parent.mkdir(parents=True)
    for key in (state.identity_file, host_key):
        key.write_text("secret")
        key.chmod(0o644)
    protect_keys(state)
    assert [stat.S_IMODE(key.stat().st_mode) for key in (state.identity_file, host_key)] == [0o600, 0o600]


def test_an_inventory_is_known_though_its_folder_is_gone(tmp_path: Path) -> None:
    assert not is_known(tmp_path / "a.ini", tmp_path)
    state = open_state(tmp_path / "a.ini", tmp_path)
    shutil.rmtree(state.root)
    assert is_known(tmp_path / "a.ini", tmp_path) and find_state(tmp_path / "a.ini", tmp_path) is None
    assert open_state(tmp_path / "a.ini", tmp_path) == state


def test_looking_for_state_makes_nothing(tmp_path: Path) -> None:
    assert find_state(tmp_path / "local.ini", tmp_path / "home") is None
    assert not (tmp_path / "home").exists()


def test_a_broken_index_is_an_error_with_a_way_out(tmp_path: Path) -> None:
    open_state(tmp_path / "local.ini", tmp_path)
    (index,) = (tmp_path / "by-inventory").iterdir()
    index.write_text('{"cluster_id": "../../etc"}')
    with pytest.raises(StateError, match="cannot be read") as caught:
        open_state(tmp_path / "local.ini", tmp_path)
    assert "remove it to start a new cluster" in caught.value.hint


def test_a_state_directory_that_cannot_be_made_is_an_error_with_a_way_out(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StateError) as caught:
        open_state(tmp_path / "local.ini", tmp_path / "file" / "home")
    assert "XDG_STATE_HOME" in caught.value.hint
