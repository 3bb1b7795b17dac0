"""What runs on a machine: secrets are laid down for their owners only, kept, changed, and shown nowhere."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import msgspec
import pytest

from dcos_installer.ansible.host.errors import HostError
from dcos_installer.plan.manifest import Manifest, Secret
from tests.support.installer.folder_hosts import A, Host, a_manifest, answer, shown


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path / "host")


def with_secret(name: str = "token") -> Manifest:
    return msgspec.structs.replace(a_manifest({}, {A: (f"secret:{name}",)}), secrets=(Secret(name),))


def test_a_secret_is_laid_down_for_its_owner_only_and_never_in_a_generation(host: Host) -> None:
    host.apply(with_secret(), {"token": "s3cret"})
    secret = host.path("/etc/dcos-secrets/token")
    assert secret.read_text() == "s3cret"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    everything = [path for path in host.path("/opt/dcos").rglob("*") if path.is_file()]
    assert not [path for path in everything if b"s3cret" in path.read_bytes()]


def test_a_changed_secret_restarts_its_readers_and_shows_nowhere(host: Host) -> None:
    host.apply(with_secret(), {"token": "old"})
    work = host.apply(with_secret(), {"token": "new-value"})
    assert shown(work.changes) == ["change secret token", f"restart unit {A}"]
    assert "new-value" not in json.dumps([work.changes, host.observe(with_secret(), {"token": "x"}).flat()])
    assert host.generation == 1


def test_a_secret_that_nobody_brought_is_refused_and_one_that_is_there_is_kept(host: Host) -> None:
    with pytest.raises(HostError) as refused:
        host.apply(with_secret())
    assert "token" in refused.value.why
    host.apply(with_secret(), {"token": "kept"})
    assert host.apply(with_secret()).changes == []
    assert host.path("/etc/dcos-secrets/token").read_text() == "kept"


def test_a_secret_that_is_yet_to_be_made_is_planned_and_never_applied(host: Host) -> None:
    data = with_secret().encode().decode()
    checked = answer(host, mode="check", manifest=data, secrets={"token": None})
    assert checked["problems"] == []
    assert "add secret token" in shown(checked["changes"])
    with pytest.raises(HostError) as refused:
        host.apply(with_secret(), {"token": None})
    assert "the secret token was not made" in refused.value.why
    assert host.generation == 0 and not host.path("/etc/dcos-secrets").exists()
    host.apply(with_secret(), {"token": "old"})
    # One that will be made anew is another one than is there.
    checked = answer(host, mode="check", manifest=data, secrets={"token": None})
    assert shown(checked["changes"]) == ["change secret token", f"restart unit {A}"]


def test_a_secret_whose_mode_was_widened_is_narrowed_again(host: Host) -> None:
    host.apply(with_secret(), {"token": "x"})
    host.path("/etc/dcos-secrets/token").chmod(0o644)
    assert "change secret token" in shown(host.apply(with_secret()).changes)
    assert stat.S_IMODE(host.path("/etc/dcos-secrets/token").stat().st_mode) == 0o600


def test_a_secret_that_is_no_longer_wanted_is_removed(host: Host) -> None:
    host.apply(with_secret(), {"token": "x"})
    assert "remove secret token" in shown(host.apply(a_manifest({}, {A: ()})).changes)
    assert not host.path("/etc/dcos-secrets/token").exists()


def test_another_password_of_zookeeper_is_refused_and_a_single_altered_file_is_mended(host: Host) -> None:
    names = ("zk-auth", "zk-marathon", "zk-master")
    manifest = a_manifest(secrets=tuple(Secret(name) for name in names))

    def brought(password: str, hosts: str) -> dict[str, str]:
        return {name: f"zk://dcos:{password}@{hosts}/{name}\n" for name in names}

    host.apply(manifest, brought("one", "a:2181"))
    more = answer(host, mode="check", manifest=manifest.encode().decode(), secrets=brought("one", "a:2181,b:2181"))
    assert not more["problems"] and len(more["changes"]) == 3
    other = answer(host, mode="check", manifest=manifest.encode().decode(), secrets=brought("two", "a:2181"))
    assert len(other["problems"]) == 1 and "restore zookeeper.json from a backup" in other["problems"][0]
    host.path("/etc/dcos-secrets/zk-auth").write_text("zk://dcos:changed@a:2181/zk-auth\n")
    mended = answer(host, mode="check", manifest=manifest.encode().decode(), secrets=brought("one", "a:2181"))
    assert not mended["problems"] and len(mended["changes"]) == 1
