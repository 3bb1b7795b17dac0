"""Which cluster a command is for."""

from __future__ import annotations

from pathlib import Path

import pytest

from dcos_runtime.cli.clusters.target import base_url, find_target
from dcos_runtime.cli.errors import CliError


def cluster(home: Path, cluster_id: str, text: str, *, attached: bool = False) -> Path:
    folder = home / "clusters" / cluster_id
    folder.mkdir(parents=True)
    (folder / "dcos.toml").write_text(text)
    if attached:
        (folder / "attached").touch()
    return folder


GOOD = '[core]\ndcos_url = "http://198.18.0.11:5050"\n[cluster]\nname = "demo"\n'


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("198.18.0.11", "http://198.18.0.11:5050"),
        ("m1:15050", "http://m1:15050"),
        ("http://m1:5050/", "http://m1:5050"),
        ("https://dcos.example/mesos/", "https://dcos.example/mesos"),
        ("[::1]:5050", "http://[::1]:5050"),
        ("  m1 ", "http://m1:5050"),
    ],
)
def test_an_address_may_be_a_host_a_host_with_port_or_a_url(address: str, url: str) -> None:
    assert base_url(address, "--master") == url


@pytest.mark.parametrize("address", ["", "m1:", "m1:0", "m1:70000", "ftp://m1", "m1 5050", "user:secret@m1", "http://"])
def test_what_is_no_address_is_refused_as_misuse_and_names_who_said_it(address: str) -> None:
    with pytest.raises(CliError) as error:
        base_url(address, "--master")
    assert error.value.exit_code == 2
    assert "--master" in str(error.value)


def test_a_zookeeper_address_is_refused_with_what_to_give_instead() -> None:
    with pytest.raises(CliError) as error:
        base_url("zk://198.18.0.11:2181/mesos", "DCOS_URL")
    assert "not to ZooKeeper" in str(error.value)
    assert "http://" in error.value.text()


def test_the_flag_wins_over_the_environment_and_that_over_the_attached_cluster(tmp_path: Path) -> None:
    cluster(tmp_path, "c1", GOOD, attached=True)
    environment = {"DCOS_DIR": str(tmp_path)}
    assert find_target(None, environment).url == "http://198.18.0.11:5050"
    environment["DCOS_URL"] = "http://other:1"
    assert find_target(None, environment).url == "http://other:1"
    assert find_target("third:2", environment).url == "http://third:2"
    assert "--master" in find_target("third:2", environment).origin


def test_without_dcos_dir_the_clusters_are_in_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    cluster(tmp_path / ".dcos", "c1", GOOD, attached=True)
    target = find_target(None, {})
    assert target.url == "http://198.18.0.11:5050"
    assert "demo" in target.origin


def test_without_any_cluster_the_ways_to_name_one_are_told(tmp_path: Path) -> None:
    with pytest.raises(CliError) as error:
        find_target(None, {"DCOS_DIR": str(tmp_path / "none")})
    for way in ("--master", "DCOS_URL", "dcos-installer deploy"):
        assert way in error.value.text()


def test_with_clusters_but_none_attached_they_are_listed(tmp_path: Path) -> None:
    folder = cluster(tmp_path, "c1", GOOD)
    cluster(tmp_path, "c2", "not toml =")
    with pytest.raises(CliError, match="no cluster is attached") as error:
        find_target(None, {"DCOS_DIR": str(tmp_path)})
    text = error.value.text()
    assert "demo" in text and "c2" in text and str(folder) in text and "dcos cluster attach demo" in text


def test_two_attached_clusters_are_an_error_that_names_both(tmp_path: Path) -> None:
    for name in ("c1", "c2"):
        cluster(tmp_path, name, GOOD, attached=True)
    with pytest.raises(CliError, match="more than one") as error:
        find_target(None, {"DCOS_DIR": str(tmp_path)})
    assert len(error.value.details) == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[core", "not TOML"),
        ("[core]\n", "core.dcos_url is missing"),
        ("core = 3\n", "core.dcos_url is missing"),
        ('[core]\ndcos_url = "no address at all"\n', "not an address"),
    ],
)
def test_a_broken_cluster_file_is_named_with_its_fault(tmp_path: Path, text: str, said: str) -> None:
    cluster(tmp_path, "c1", text, attached=True)
    with pytest.raises(CliError, match=said) as error:
        find_target(None, {"DCOS_DIR": str(tmp_path)})
    assert "dcos.toml" in str(error.value)


def test_a_daemon_by_hand_is_asked_without_a_place_for_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", nowhere)
    assert find_target("127.0.0.1:5050", {}).url == "http://127.0.0.1:5050"
    assert find_target(None, {"DCOS_URL": "http://127.0.0.1:5050"}).url == "http://127.0.0.1:5050"
    for flag in ("https://198.18.0.11", None):
        with pytest.raises(CliError, match="no place for the settings"):
            find_target(flag, {})
