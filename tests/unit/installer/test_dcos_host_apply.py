"""What runs on a machine: check and apply on folders that stand for machines, restarts, what is refused."""

from __future__ import annotations

import io
import json
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from dcos_installer.ansible.host import apply
from dcos_installer.ansible.host import main as host_main
from dcos_installer.ansible.host.errors import HostError
from dcos_installer.ansible.host.systemd import Noted
from dcos_installer.plan.manifest import ACTIVE, FORMAT, Manifest, Package
from tests.support.installer.folder_hosts import PACKAGE, A, B, Host, a_manifest, answer, first, installed, shown

NEWER = Package("dcos-runtime", "2", "2" * 64, ("dcos",))


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path / "host")


def test_a_first_apply_lays_everything_down_and_a_second_changes_nothing(host: Host) -> None:
    installed(host, first())
    assert host.generation == 1
    assert host.path("/opt/dcos/active/etc/a.env").read_text() == "one"
    assert str(host.path(f"/etc/systemd/system/{A}").readlink()) == f"{ACTIVE}/units/{A}"
    assert str(host.path("/opt/dcos/active/bin/dcos").readlink()).endswith(f"{PACKAGE.folder}/bin/dcos")
    assert host.path("/opt/dcos/active/bin/dcos").read_text() == "dcos"
    assert host.path("/proc/sys/net/core/x").read_text() == "5\n"
    assert "dcos-a:" in host.path("/etc/passwd").read_text()
    assert host.check(first()) == []
    assert host.apply(first()).changes == []
    assert host.generation == 1


def test_check_says_the_same_as_apply_and_changes_nothing_itself(host: Host) -> None:
    host.bring(first())
    before = sorted(path.as_posix() for path in host.root.rglob("*"))
    checked = host.check(first())
    assert sorted(path.as_posix() for path in host.root.rglob("*")) == before
    assert host.apply(first()).changes == checked


def test_only_units_whose_inputs_changed_are_restarted(host: Host) -> None:
    installed(host, first())
    changed = msgspec.structs.replace(first(), files=a_manifest({"etc/a.env": "two"}, {A: (), B: ()}).files)
    work = host.apply(changed)
    assert shown(work.changes) == ["change file etc/a.env", f"restart unit {A}"]
    assert host.generation == 2


def test_a_unit_whose_inputs_can_be_reloaded_is_not_restarted_unless_its_text_changed(host: Host) -> None:
    def manifest(rules: str, text: str) -> Manifest:
        made = a_manifest({"etc/rules": rules, f"units/{A}": text}, {A: ("etc/rules",)})
        return msgspec.structs.replace(made, units=(msgspec.structs.replace(made.units[0], on_change="reload"),))

    installed(host, manifest("1", "t"))
    assert f"reload unit {A}" in shown(host.apply(manifest("2", "t")).changes)
    assert f"restart unit {A}" in shown(host.apply(manifest("3", "u")).changes)


def test_a_new_package_restarts_what_reads_it_and_nothing_else(host: Host) -> None:
    installed(host, first())
    upgraded = msgspec.structs.replace(first(), packages=(NEWER,))
    host.bring(upgraded)
    assert shown(host.apply(upgraded).changes) == ["change package dcos-runtime", f"restart unit {A}"]
    assert NEWER.folder in str(host.path("/opt/dcos/active/bin/dcos").readlink())


def test_what_a_manifest_no_longer_names_is_taken_away(host: Host) -> None:
    installed(host, first())
    less = a_manifest({"etc/a.env": "one"}, {A: ("etc/a.env",)})
    changes = shown(host.apply(less).changes)
    assert f"stop unit {B}" in changes
    assert f"remove link /etc/systemd/system/{B}" in changes
    assert "remove package dcos-runtime" in changes
    assert not host.path("/usr/local/bin/dcos").is_symlink()
    assert host.systemd.states([B]) == {B: "stopped"}


def test_a_foreign_file_where_our_command_belongs_is_refused_not_replaced(host: Host) -> None:
    host.bring(first())
    foreign = host.path("/usr/local/bin/dcos")
    foreign.parent.mkdir(parents=True)
    foreign.write_text("somebody's")
    with pytest.raises(HostError, match="cannot be applied") as refused:
        host.apply(first())
    assert "not ours" in refused.value.why
    assert foreign.read_text() == "somebody's"
    assert host.generation == 0


def test_a_package_that_was_not_brought_is_refused_before_anything_changes(host: Host) -> None:
    with pytest.raises(HostError) as refused:
        host.apply(first())
    assert PACKAGE.folder in refused.value.why
    assert not host.path("/etc/passwd").exists()


def test_an_apply_is_refused_when_the_host_is_not_as_the_plan_saw_it_and_says_what_differs(host: Host) -> None:
    host.bring(first())
    data = first().encode().decode()
    checked = answer(host, mode="check", manifest=data)
    assert answer(host, mode="apply", manifest=data, expected=checked["seen"])["generation"] == 1
    with pytest.raises(HostError, match="has changed since the plan was made") as refused:
        answer(host, mode="apply", manifest=data, expected=checked["seen"])
    assert "generation: 0 → 1" in refused.value.why
    assert f"unit {A}: stopped → running" in refused.value.why


def test_packages_brought_between_plan_and_apply_are_no_drift(host: Host) -> None:
    data = first().encode().decode()
    checked = answer(host, mode="check", manifest=data)
    assert checked["missing_packages"] == [PACKAGE.folder]
    host.bring(first())
    applied = answer(host, mode="apply", manifest=data, expected=checked["seen"])
    assert applied["changes"] == checked["changes"]


@pytest.mark.parametrize("change", [{"format": FORMAT + 1}, {"files": [{"path": "../x"}]}, {"files": [{"path": "/x"}]}])
def test_the_host_refuses_what_leads_outside_and_what_it_does_not_know(host: Host, change: dict[str, object]) -> None:
    manifest = json.loads(first().encode()) | change
    with pytest.raises(HostError):
        answer(host, mode="check", manifest=json.dumps(manifest))


def test_units_are_read_again_with_every_new_generation_whose_files_are_others(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = []
    monkeypatch.setattr(Noted, "reload", lambda _: read.append(1))
    installed(host, first())
    host.apply(msgspec.structs.replace(first(), files=(*first().files[:-1], first().files[-1])))
    assert len(read) == 1, "nothing changed, and nothing is read"
    installed(host, a_manifest({"etc/a.env": "two"}, {A: ("etc/a.env",), B: ()}))
    host.apply(a_manifest({"etc/a.env": "three"}, {A: ("etc/a.env",), B: ()}))
    assert host.generation == 3 and len(read) == 3


def test_apply_is_what_main_answers_with_and_errors_are_told_not_raised(
    host: Host, capsys: pytest.CaptureFixture[str]
) -> None:
    host_main.main({"mode": "apply", "root": str(host.root), "manifest": first().encode().decode()}, io.BytesIO())
    line = capsys.readouterr().out.strip()
    assert line.startswith(host_main.MARK)
    result = json.loads(line[len(host_main.MARK) :])
    assert PACKAGE.folder in result["error"]["why"]


def test_a_slow_unit_takes_no_time_from_those_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """On an emulated machine each daemon of a master may take half a minute, one after another."""
    passed, waits = 0.0, []

    class Slow:
        def act(self, action: str, unit: str) -> None:
            nonlocal passed
            passed += 60.0

        def wait(self, unit: str, probe: str, deadline: float) -> None:
            waits.append((unit, deadline))

    monkeypatch.setattr(time, "monotonic", lambda: passed)
    acts = [("start", {"name": f"dcos-{name}.service", "probe": ""}) for name in "abc"]
    nothing: Any = {"stops": (), "links_gone": (), "secrets_gone": (), "sysctls": (), "daemon_reload": False}
    work: Any = SimpleNamespace(**nothing, acts=acts)
    machine: Any = None
    systemd: Any = Slow()
    apply._update_units(machine, systemd, work, {"firewall": None}, 90.0)
    assert waits == [(f"dcos-{name}.service", 90.0) for name in "abc"]
