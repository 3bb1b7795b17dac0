"""What runs on a machine: check and apply on folders that stand for machines, drift, going back, refusals."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import ssl
import stat
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from dcos_installer.ansible.host import main as host_main
from dcos_installer.ansible.host.apply import RolledBack, locked, remove
from dcos_installer.ansible.host.errors import HostError
from dcos_installer.ansible.host.machine import Finished, Machine
from dcos_installer.ansible.host.observe import digest_of
from dcos_installer.ansible.host.systemd import Noted, Systemd, probed
from dcos_installer.plan.manifest import ACTIVE, FORMAT, Firewall, Link, Manifest, Package, Secret, Sysctl, User
from dcos_installer.secrets.authority import Holder, moment, new_key, self_signed
from tests.unit.installer.folder_hosts import Host, Remembering, a_manifest, shown

A = "dcos-a.service"
B = "dcos-b.service"
PACKAGE = Package("dcos-runtime", "1", "1" * 64, ("dcos",))
NEWER = Package("dcos-runtime", "2", "2" * 64, ("dcos",))


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path / "host")


def first() -> Manifest:
    return a_manifest(
        {"etc/a.env": "one"},
        {A: ("etc/a.env", "package:dcos-runtime"), B: ()},
        [PACKAGE],
        links=[Link("/usr/local/bin/dcos", f"{ACTIVE}/bin/dcos")],
        users=(User("dcos-a", "/var/lib/dcos/a"),),
        sysctls=(Sysctl("net.core.x", "5"),),
    )


def installed(host: Host, manifest: Manifest) -> None:
    host.bring(manifest)
    host.apply(manifest)


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


class Doors(Machine):
    """Takes itself for a real machine whose kernel lists ``table``."""

    table = "table inet dcos {}"

    @property
    def real(self) -> bool:
        return True

    def run(self, argv: Sequence[str], seconds: float = 60.0, change: bool = True) -> Finished:
        assert argv[0] == "/usr/sbin/nft"
        return Finished(0 if self.table else 1, self.table, "")


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
def test_the_plan_says_what_of_the_doors_was_altered(tmp_path: Path, drift: str, why: str | None) -> None:
    host = Host(tmp_path / "host", Doors(str(tmp_path / "host")))
    machine = host.machine
    assert isinstance(machine, Doors)
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


def answer(host: Host, **request: object) -> dict[str, object]:
    import io

    return host_main.answer(host.machine, request, io.BytesIO())


def test_an_apply_is_refused_when_the_host_is_not_as_the_plan_saw_it_and_says_what_differs(host: Host) -> None:
    host.bring(first())
    data = first().encode().decode()
    checked = answer(host, mode="check", manifest=data)
    assert answer(host, mode="apply", manifest=data, expected=checked["seen"])["generation"] == 1
    with pytest.raises(HostError, match="not as the plan saw it") as refused:
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


def test_another_password_of_zookeeper_is_refused_and_a_single_altered_file_is_mended(host: Host) -> None:
    names = ("zk-auth", "zk-marathon", "zk-master")
    manifest = a_manifest(secrets=tuple(Secret(name) for name in names))

    def brought(password: str, hosts: str) -> dict[str, str]:
        return {name: f"zk://dcos:{password}@{hosts}/{name}\n" for name in names}

    host.apply(manifest, brought("one", "a:2181"))
    more = answer(host, mode="check", manifest=manifest.encode().decode(), secrets=brought("one", "a:2181,b:2181"))
    assert not more["problems"] and len(more["changes"]) == 3
    other = answer(host, mode="check", manifest=manifest.encode().decode(), secrets=brought("two", "a:2181"))
    assert len(other["problems"]) == 1 and "zookeeper.json back from a backup" in other["problems"][0]
    host.path("/etc/dcos-secrets/zk-auth").write_text("zk://dcos:changed@a:2181/zk-auth\n")
    mended = answer(host, mode="check", manifest=manifest.encode().decode(), secrets=brought("one", "a:2181"))
    assert not mended["problems"] and len(mended["changes"]) == 1


# --- probes and ports ------------------------------------------------------------------------------------------------


def test_a_unix_socket_is_well_when_somebody_listens_on_it(tmp_path: Path) -> None:
    path = tmp_path / "s"
    assert "No such file" in probed(f"unix://{path}")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        assert "refused" in probed(f"unix://{path}")
        server.listen()
        assert probed(f"unix://{path}") == ""


def test_a_door_with_tls_is_well_only_when_the_clusters_ca_vouches_for_who_holds_the_port(tmp_path: Path) -> None:
    now = moment(time.time())
    ours, strange = (self_signed(new_key(), name, now) for name in ("c", "stranger"))
    (tmp_path / "ca.crt").write_text(ours.pem)
    for authority, address, wrong in (
        (ours, "127.0.0.1", ""),
        (ours, "198.18.0.1", "IP address mismatch"),
        (strange, "127.0.0.1", "certificate verify failed"),
        (None, "", "does another process hold the port?"),
    ):
        with socket.create_server(("127.0.0.1", 0)) as server:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if authority else None
            if authority and context:
                (tmp_path / "own.pem").write_text(authority.issue(Holder("c", "gateway", "m1", address), now))
                context.load_cert_chain(tmp_path / "own.pem")
            answering = threading.Thread(target=_answer_once, args=(server, context))
            answering.start()
            found = probed(f"https://127.0.0.1:{server.getsockname()[1]}", str(tmp_path / "ca.crt"))
            answering.join()
        assert wrong in found if wrong else found == ""


def _answer_once(server: socket.socket, context: ssl.SSLContext | None) -> None:
    """Takes one connection; without a context, says what a stranger would."""
    connection, _ = server.accept()
    with connection:
        if context is None:
            connection.sendall(b"SSH-2.0-stranger\r\n")
            return
        with contextlib.suppress(OSError), context.wrap_socket(connection, server_side=True):
            pass


def test_sockets_that_listen_are_told_by_address_and_port_until_there_is_a_generation(host: Host) -> None:
    tables = {
        "tcp": "  0: 00000000:0050 00000000:0000 0A x\n  1: 0B0012C6:1F90 00000000:0000 0A x\n"
        "  2: 0100007F:1389 00000000:0000 0A x\n  3: 0B0012C6:1770 0C0012C6:0050 01 x\n",
        "tcp6": f"  0: {'0' * 32}:01BB {'0' * 32}:0000 0A x\n"
        f"  1: 0000000000000000FFFF00000B0012C6:13BA {'0' * 32}:0000 0A x\n"
        f"  2: 00000000000000000000000001000000:0277 {'0' * 32}:0000 0A x\n",
    }
    for name, lines in tables.items():
        table = host.path(f"/proc/net/{name}")
        table.parent.mkdir(parents=True, exist_ok=True)
        table.write_text("  sl  local_address rem_address   st\n" + lines)
    told = answer(host, mode="facts")["facts"]["listening"]
    assert told == [
        "*:443",
        "*:80",
        "127.0.0.1:5001",
        "198.18.0.11:5050",
        "198.18.0.11:8080",
        "[00000000000000000000000001000000]:631",
    ]
    installed(host, first())
    assert answer(host, mode="facts")["facts"]["listening"] == []


# --- secrets ---------------------------------------------------------------------------------------------------------


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


# --- going back ------------------------------------------------------------------------------------------------------


def test_a_unit_that_does_not_get_well_takes_the_host_back_to_its_generation_before(host: Host) -> None:
    installed(host, first())
    before = {path: path.read_bytes() for path in host.path("/opt/dcos/generations/1").rglob("*") if path.is_file()}
    bad = a_manifest({"etc/a.env": "bad"}, {A: ("etc/a.env",), "dcos-c.service": ()})
    host.systemd.sick = frozenset({A})
    running = host.systemd.started_with()
    with pytest.raises(RolledBack) as failed:
        host.systemd.wait, original = _well_only_with(host.systemd, running[A]), host.systemd.wait
        try:
            host.apply(bad)
        finally:
            host.systemd.wait = original  # type: ignore[method-assign]
    assert failed.value.evidence == "the unit's\nlast lines"
    assert "generation 1 is active again" in failed.value.why
    assert host.generation == 1
    assert before == {path: path.read_bytes() for path in before}
    assert host.systemd.started_with()[A] == running[A]
    assert host.systemd.states([A, B, "dcos-c.service"]) == {A: "running", B: "running", "dcos-c.service": "stopped"}
    assert host.check(first()) == []


def _well_only_with(systemd: Remembering, inputs: str):  # type: ignore[no-untyped-def]
    from dcos_installer.ansible.host.systemd import UnitFailed

    def wait(unit: str, probe: str, deadline: float) -> None:
        if unit in systemd.sick and systemd.started_with()[unit] != inputs:
            raise UnitFailed(unit, f"{unit} failed", "exit status 1", systemd.log(unit))

    return wait


def test_a_first_deploy_that_fails_leaves_nothing_active_and_a_rerun_mends(host: Host) -> None:
    host.bring(first())
    host.systemd.sick = frozenset({A})
    with pytest.raises(RolledBack, match=A) as failed:
        host.apply(first())
    assert "nothing of ours is active" in failed.value.why
    assert host.generation == 0
    assert not host.path(f"/etc/systemd/system/{A}").is_symlink()
    assert set(host.systemd.states([A, B]).values()) == {"stopped"}
    host.systemd.sick = frozenset()
    host.apply(first())
    assert host.check(first()) == []


def test_a_stopped_unit_that_does_not_start_again_fails_without_going_back(host: Host) -> None:
    installed(host, first())
    host.systemd.act("stop", A)
    host.systemd.sick = frozenset({A})
    with pytest.raises(HostError) as failed:
        host.apply(first())
    assert not isinstance(failed.value, RolledBack)
    assert host.generation == 1


# --- keeping house ---------------------------------------------------------------------------------------------------


def test_a_few_generations_and_only_their_packages_are_kept(host: Host) -> None:
    for number in range(1, 8):
        package = Package("dcos-runtime", str(number), str(number) * 64, ("dcos",))
        manifest = a_manifest({"etc/n": str(number)}, {A: ()}, [package])
        installed(host, manifest)
    assert sorted(int(path.name) for path in host.path("/opt/dcos/generations").iterdir()) == [5, 6, 7]
    kept = sorted(path.name for path in host.path("/opt/dcos/packages").iterdir())
    assert [name.split("--")[1].split("-")[0] for name in kept] == ["5", "6", "7"]
    assert str(host.path("/opt/dcos/previous").readlink()) == "generations/6"


def test_two_runs_on_one_host_are_kept_apart(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dcos_installer.ansible.host.apply._LOCK_SECONDS", 0.3)
    with locked(host.machine), pytest.raises(HostError, match="another run"), locked(Machine(str(host.root))):
        pass


def test_removing_takes_everything_of_ours_and_nothing_else(host: Host) -> None:
    foreign = host.path("/etc/systemd/system/ssh.service")
    foreign.parent.mkdir(parents=True)
    foreign.write_text("theirs")
    installed(host, first())
    state = host.path("/var/lib/dcos/a/data")
    state.parent.mkdir(parents=True)
    state.write_text("precious")
    with locked(host.machine):
        remove(host.machine, host.systemd, purge=False)
    assert not host.path("/opt/dcos").exists()
    assert not host.path("/usr/local/bin/dcos").is_symlink()
    assert foreign.read_text() == "theirs"
    assert state.read_text() == "precious"
    with locked(host.machine):
        remove(host.machine, host.systemd, purge=True)
    assert not state.exists()


def test_a_full_disk_is_told_and_leaves_the_host_as_it_was(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small file system")
    import subprocess

    place = tmp_path / "small"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", place], check=True)
    try:
        host = Host(place / "host")
        installed(host, first())
        filler = place / "filler"
        with filler.open("wb") as file, pytest.raises(OSError, match="No space"):
            while True:
                file.write(b"x" * 65536)
                file.flush()
        changed = a_manifest({"etc/a.env": "two" * 1000}, {A: ("etc/a.env",)})
        told = answer_of(host, changed)
        assert "no space left" in told["error"]["what"]
        assert "generation 1 is active" in told["error"]["why"]
        assert host.generation == 1
        assert host.check(first()) == []
        filler.unlink()
        host.apply(changed)
        assert host.check(changed) == []
    finally:
        subprocess.run(["umount", place], check=True)


def answer_of(host: Host, manifest: Manifest) -> dict[str, dict[str, str]]:
    import io

    try:
        told = host_main.answer(host.machine, {"mode": "apply", "manifest": manifest.encode().decode()}, io.BytesIO())
    except HostError as error:
        return {"error": error.told()}
    return told


def test_apply_is_what_main_answers_with_and_errors_are_told_not_raised(
    host: Host, capsys: pytest.CaptureFixture[str]
) -> None:
    import io

    host_main.main({"mode": "apply", "root": str(host.root), "manifest": first().encode().decode()}, io.BytesIO())
    line = capsys.readouterr().out.strip()
    assert line.startswith(host_main.MARK)
    told = json.loads(line[len(host_main.MARK) :])
    assert PACKAGE.folder in told["error"]["why"]
