"""The configuration for ssh, as ssh itself understands it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from dcos_installer.machines import SshTarget
from dcos_installer.ssh_config import ssh_config
from tests.support.installer.folder_hosts import a_spec


def _understood(config: Path, host: str) -> dict[str, str]:
    said = subprocess.run(["ssh", "-G", "-F", config, host], capture_output=True, text=True, check=True).stdout
    return dict(line.split(" ", 1) for line in said.splitlines() if " " in line)


@pytest.mark.parametrize("folder", ["plain", "with blank", "with 'quotes\" and %h"])
def test_machines_of_ours_are_reached_by_name_and_by_address_with_the_cluster_s_keys(
    tmp_path: Path, folder: str
) -> None:
    place = tmp_path / folder
    place.mkdir()
    key, known = place / "id_ed25519", place / "known_hosts"
    hosts = list(a_spec().hosts)
    config = tmp_path / "config"
    config.write_text(ssh_config((host, SshTarget(host.address, 22, "root", key, known)) for host in hosts))
    for host in hosts:
        for called in (host.name, host.address):
            found = _understood(config, called)
            assert (found["hostname"], found["port"], found["user"]) == (host.address, "22", "root")
            assert found["stricthostkeychecking"] in ("true", "yes")
            assert found["identitiesonly"] == "yes"
            assert _unescaped(found["identityfile"]) == str(key)
            assert _unescaped(found["userknownhostsfile"]) == str(known)
    assert _understood(config, "elsewhere.example")["userknownhostsfile"] != str(known)


def _unescaped(path: str) -> str:
    """`ssh -G` prints them before % is expanded, or after, by version."""
    return path.replace("%%", "%")


def test_hosts_that_were_there_before_keep_what_their_operator_has_set_up(tmp_path: Path) -> None:
    host = next(iter(a_spec().hosts))
    config = tmp_path / "config"
    config.write_text(ssh_config([(host, SshTarget("198.18.0.77", 2222, "deploy", None, None))]))
    assert "IdentityFile" not in config.read_text()
    assert "Include ~/.ssh/config" in config.read_text()
    found = _understood(config, host.name)
    assert (found["hostname"], found["port"], found["user"]) == ("198.18.0.77", "2222", "deploy")
