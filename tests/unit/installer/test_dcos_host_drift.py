"""What runs on a machine: what of it was altered is found, told, mended, and part of what a plan rests on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from dcos_installer.ansible.host.errors import HostError
from dcos_installer.ansible.host.machine import HostCommandResult, Machine
from dcos_installer.ansible.host.observe import digest_of
from dcos_installer.ansible.host.systemd import Systemd
from dcos_installer.plan.manifest import Firewall
from tests.support.installer.folder_hosts import PACKAGE, A, B, Host, a_manifest, first, installed, shown


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path / "host")


@pytest.mark.parametrize("drift", ["edited", "removed", "mode"])
def test_an_altered_file_is_mended_by_a_new_generation_and_its_unit_restarted(host: Host, drift: str) -> None:
    installed(host, first())
    file = host.path("/opt/dcos/active/etc/a.env").resolve()
    if drift == "edited":
        file.write_text("by hand")
    elif drift == "removed":
        file.unlink()
    else:
        file.chmod(0o666)
    changes = host.check(first())
    assert shown(changes) == ["mend file etc/a.env", f"restart unit {A}"]
    assert host.apply(first()).changes == changes
    assert host.generation == 2
    assert host.path("/opt/dcos/active/etc/a.env").read_text() == "one"
    assert host.check(first()) == []


def test_a_manifest_that_was_tampered_with_is_written_again(host: Host) -> None:
    installed(host, first())
    host.path("/opt/dcos/active/manifest.json").resolve().write_text("{")
    assert host.check(first())
    host.apply(first())
    assert host.check(first()) == []


def test_a_removed_link_an_edited_unit_copy_and_a_stopped_unit_are_mended_without_a_new_generation(host: Host) -> None:
    installed(host, first())
    host.path("/usr/local/bin/dcos").unlink()
    copy = host.path(f"/etc/systemd/system/{B}")
    copy.unlink()
    copy.write_text("[Service]\nExecStart=edited\n")
    host.systemd.act("stop", A)
    changes = host.check(first())
    assert shown(changes) == [
        f"change link /etc/systemd/system/{B}",
        "add link /usr/local/bin/dcos",
        f"start unit {A}",
    ]
    host.apply(first())
    assert host.check(first()) == []
    assert host.generation == 1


def test_a_setting_that_was_changed_by_hand_is_set_again(host: Host) -> None:
    installed(host, first())
    host.path("/proc/sys/net/core/x").write_text("9\n")
    assert [change["why"] for change in host.apply(first()).changes] == ["9 → 5"]


def test_an_altered_package_counts_as_missing_and_is_told_by_the_file(host: Host) -> None:
    installed(host, first())
    host.path(f"/opt/dcos/packages/{PACKAGE.folder}/bin/dcos").write_text("tampered")
    seen = host.observe(first())
    assert seen.missing_packages == [PACKAGE.folder]
    assert "bin/dcos" in host.check(first())[0]["why"]
    with pytest.raises(HostError, match="cannot be applied"):
        host.apply(first())


@pytest.mark.parametrize(
    ("active", "sub", "state"),
    [
        ("active", "running", "running"),
        ("activating", "start", "running"),
        ("activating", "auto-restart", "looping"),
        ("activating", "auto-restart-queued", "looping"),
        ("failed", "failed", "failed"),
        ("inactive", "dead", "stopped"),
    ],
)
def test_a_unit_that_systemd_is_about_to_start_again_is_not_taken_for_a_running_one(
    tmp_path: Path, active: str, sub: str, state: str
) -> None:
    systemctl = tmp_path / "systemctl"
    systemctl.write_text(f"#!/bin/sh\nprintf 'Id={A}\\nActiveState={active}\\nSubState={sub}\\n'\n")
    systemctl.chmod(0o755)
    assert Systemd(Machine(), str(systemctl)).states([A]) == {A: state}


def test_a_unit_that_ends_again_and_again_is_restarted_and_whether_it_is_up_just_now_is_no_drift(host: Host) -> None:
    installed(host, first())
    calm = host.observe(first()).flat()
    units = host.path("/opt/dcos/state/units.json")
    units.write_text(json.dumps(json.loads(units.read_text()) | {A: "looping"}))
    changes = host.check(first())
    assert shown(changes) == [f"restart unit {A}"]
    assert changes[0]["why"] == "it does not stay up"
    assert host.observe(first()).flat() == calm
    assert host.apply(first()).changes == changes
    assert host.systemd.history()[-1].startswith(f"restart {A} ")
    assert host.check(first()) == []


class Firewalled(Machine):
    """Takes itself for a real machine whose kernel lists ``table``."""

    table = "table inet dcos {}"

    @property
    def real(self) -> bool:
        return True

    def run(self, argv: Sequence[str], seconds: float = 60.0, change: bool = True) -> HostCommandResult:
        assert argv[0] == "/usr/sbin/nft"
        return HostCommandResult(0 if self.table else 1, self.table, "")


@pytest.mark.parametrize(
    ("drift", "why"),
    [
        ("", None),
        ("rules", "etc/firewall.nft changed"),
        ("unloaded", "the table was loaded from other rules"),
        ("table", "the table was altered"),
        ("gone", "the table is gone"),
    ],
)
def test_the_plan_says_what_of_the_firewall_was_altered(tmp_path: Path, drift: str, why: str | None) -> None:
    host = Host(tmp_path / "host", Firewalled(str(tmp_path / "host")))
    machine = host.machine
    assert isinstance(machine, Firewalled)
    rules = host.path("/opt/dcos/generations/1/etc/firewall.nft")
    base = a_manifest({"etc/firewall.nft": "rules"}, {A: ("etc/firewall.nft",)})
    manifest = msgspec.structs.replace(base, firewall=Firewall("dcos", "etc/firewall.nft", A))
    nft = host.path("/usr/sbin/nft")
    nft.parent.mkdir(parents=True)
    nft.touch()
    host.path("/proc/1").mkdir(parents=True)
    host.apply(manifest)
    if drift == "rules":
        rules.write_text("edited")
    elif drift == "unloaded":
        noted = host.path("/opt/dcos/state/firewall.json")
        noted.write_text(json.dumps(json.loads(noted.read_text()) | {"rules": "others"}))
    elif drift == "table":
        machine.table = "table inet dcos { more }"
    elif drift == "gone":
        machine.table = ""
    changes = {change["name"]: change["why"] for change in host.check(manifest)}
    assert changes.get(A) == why


def test_the_digest_changes_with_anything_that_the_plan_rests_on(host: Host) -> None:
    installed(host, first())
    seen = {digest_of(host.observe(first()).flat())}
    host.systemd.act("stop", A)
    seen.add(digest_of(host.observe(first()).flat()))
    host.path("/usr/local/bin/dcos").unlink()
    seen.add(digest_of(host.observe(first()).flat()))
    host.path("/opt/dcos/active/etc/a.env").write_text("x")
    seen.add(digest_of(host.observe(first()).flat()))
    assert len(seen) == 4
