"""The parts of the nspawn provider that need no machine: commands, records, logs, keys, names."""

from __future__ import annotations

import fcntl
import os
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from dcos_installer.providers.base import Condition, Order, ProviderError
from dcos_installer.providers.machine_keys import ClusterKeys, hosts_file
from dcos_installer.providers.nspawn import supervisor as nspawn_supervisor
from dcos_installer.providers.nspawn.launch import (
    supervisor_command,
    supervisor_environment,
    systemd_run_command,
    unit_name,
)
from dcos_installer.providers.nspawn.machine import MachineFolder, ProcessMark, Status
from dcos_installer.providers.nspawn.mounts import overlay_command
from dcos_installer.providers.nspawn.provider import NspawnProvider, unique_name
from dcos_installer.providers.nspawn.supervisor import BoundedLog, main, nspawn_command, nspawn_environment
from dcos_installer.providers.registry import open_provider
from dcos_installer.state import ClusterState
from tests.support.installer.nspawn_parts import RECORD, host, spec


def test_a_machine_boots_with_nothing_of_the_hosts_deciding_over_it() -> None:
    command = nspawn_command(RECORD, MachineFolder(Path("/m")), 7)
    assert command[0] == "systemd-nspawn"
    assert {
        "--boot",
        "--directory=/m/root",
        "--machine=dcos-0f8fad5b-h1",
        "--hostname=h1",
        "--settings=no",
        "--register=no",
        "--keep-unit",
        "--resolv-conf=off",
        "--network-namespace-path=/proc/self/fd/7",
        "--capability=CAP_NET_ADMIN",
        "--system-call-filter=bpf",
    } <= set(command)
    assert not any("--bind" in word for word in command)
    with_state = nspawn_command(replace(RECORD, plain_state=True), MachineFolder(Path("/m:1")), 7)
    assert "--bind=/m\\:1/disk/plain:/var/lib/dcos" in with_state


def test_a_machine_sees_nothing_of_the_installers_environment() -> None:
    given = nspawn_environment({"PATH": "/bin", "ANSIBLE_VAULT_PASSWORD": "secret", "HOME": "/root"})
    assert given == {"PATH": "/bin", "SYSTEMD_NSPAWN_API_VFS_WRITABLE": "network", "SYSTEMD_LOG_TARGET": "console"}
    assert set(supervisor_environment()) == {"PATH", "LANG", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE"}


def test_under_systemd_a_supervisor_is_a_unit_whose_groups_are_its_own(tmp_path: Path) -> None:
    folder = MachineFolder(tmp_path / "h1")
    command = systemd_run_command(unit_name(RECORD), folder, "Machine h1", {"LANG": "C.UTF-8"}, unified=True)
    assert command[0] == "systemd-run"
    assert "--unit=dcos-0f8fad5b-h1.service" in command
    assert "--slice=dcos.slice" in command
    assert {"--property=Delegate=yes", "--property=KillMode=mixed", "--property=DevicePolicy=closed"} <= set(command)
    assert "--property=DeviceAllow=char-pts rwm" in command
    assert "--property=DeviceAllow=block-* m" in command
    assert not any("block" in word and "rw" in word for word in command)
    assert command[command.index("--") + 1 :] == supervisor_command(folder)
    legacy = systemd_run_command(unit_name(RECORD), folder, "Machine h1", {}, unified=False)
    assert not any("Device" in word for word in legacy), "there the supervisor keeps devices itself"


def test_a_supervisor_starts_from_anywhere_and_says_when_there_is_no_machine(tmp_path: Path) -> None:
    done = subprocess.run(
        supervisor_command(MachineFolder(tmp_path)),
        env=supervisor_environment(),
        cwd="/",
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2, done.stderr
    assert "there is no machine to start" in (tmp_path / "console.log").read_text()


def test_two_supervisors_never_keep_one_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nspawn_supervisor, "_LOCK_SECONDS", 0.0)
    folder = MachineFolder(tmp_path)
    folder.write_record(RECORD)
    with folder.lock_file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert main(["supervisor", str(tmp_path)]) == 3
    assert not folder.pid_file.exists()


def test_a_supervisor_imports_nothing_heavy() -> None:
    code = (
        "import sys, dcos_installer.providers.nspawn.supervisor; "
        "print(sorted({'pydantic', 'msgspec', 'ansible', 'rich', 'click', 'dcos_images'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], env=supervisor_environment(), capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def test_the_console_log_stays_bounded(tmp_path: Path) -> None:
    log = BoundedLog(tmp_path / "console.log", limit=1000)
    for number in range(100):
        log.write(f"{number:03} {'x' * 95}\n".encode())
    assert (tmp_path / "console.log").stat().st_size <= 1000
    assert (tmp_path / "console.log.1").stat().st_size <= 1000
    assert sorted(path.name for path in tmp_path.iterdir()) == ["console.log", "console.log.1"]
    assert (tmp_path / "console.log").read_text().splitlines()[-1].startswith("099")


def test_records_read_back_and_a_torn_one_is_no_machine(tmp_path: Path) -> None:
    folder = MachineFolder(tmp_path)
    assert folder.record() is None
    folder.write_record(RECORD)
    assert folder.record() == RECORD
    folder.record_file.write_text('{"name": "h1"')
    assert folder.record() is None
    folder.write_status(Status(phase="running", boots=2))
    assert folder.status() == Status(phase="running", boots=2)


def test_a_process_is_told_apart_from_a_later_one_of_its_id(tmp_path: Path) -> None:
    mark = ProcessMark.of(os.getpid())
    assert mark is not None
    assert mark.alive()
    assert ProcessMark.load(mark.dump()) == mark
    folder = MachineFolder(tmp_path)
    folder.pid_file.write_text(mark.dump())
    assert folder.supervisor() == mark
    for stale in (replace(mark, start_time=mark.start_time + 1), replace(mark, boot_id="another")):
        assert not stale.alive()
        stale.kill()  # or this test would end here
        folder.pid_file.write_text(stale.dump())
        assert folder.supervisor() is None


def test_a_process_that_ended_is_not_alive_though_nobody_waited_for_it() -> None:
    with subprocess.Popen(["sleep", "60"]) as process:
        mark = ProcessMark.of(process.pid)
        assert mark is not None
        mark.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert not mark.alive()


@pytest.mark.parametrize("cache", ["/cache", '/ca,c:h\\e/it\'s "ä"'])
def test_an_overlay_names_its_tree_from_where_that_is_since_mounts_options_cannot_hold_every_path(
    tmp_path: Path, cache: str
) -> None:
    command = overlay_command(MachineFolder(tmp_path), replace(RECORD, tree=f"{cache}/tree"))
    assert command[4] == f"lowerdir=tree,upperdir={tmp_path}/disk/upper,workdir={tmp_path}/disk/work"


def test_keys_are_private_kept_and_known(tmp_path: Path) -> None:
    keys = ClusterKeys(ClusterState(tmp_path / "state"))
    keys.ensure([("h1", "198.18.7.11"), ("h2", "198.18.7.12")])
    assert stat.S_IMODE(keys.identity_file.stat().st_mode) == 0o600
    known = keys.known_hosts.read_text()
    assert [line.split()[:2] for line in known.splitlines()] == [
        ["198.18.7.11", "ssh-ed25519"],
        ["198.18.7.12", "ssh-ed25519"],
    ]
    files = {file.path: file for file in keys.files_for("h1")}
    assert files["/etc/ssh/ssh_host_ed25519_key"].mode == 0o600
    assert files["/root/.ssh/authorized_keys"].content == keys.identity_file.with_suffix(".pub").read_bytes()
    assert files["/etc/ssh/ssh_host_ed25519_key.pub"].content.split()[1].decode() in known
    keys.ensure([("h1", "198.18.7.11"), ("h2", "198.18.7.12")])
    assert keys.known_hosts.read_text() == known
    keys.forget(None)
    assert not keys.known_hosts.exists()
    assert keys.identity_file.exists()


def test_a_machine_that_is_not_there_is_declared(tmp_path: Path) -> None:
    cluster = spec(host("h1", "198.18.7.11"))
    expected = open_provider(cluster, tmp_path).expected(cluster.hosts[0])
    assert (expected.name, expected.roles, expected.address) == ("h1", frozenset({"agent"}), "198.18.7.11")
    declared = expected.facts
    assert declared is not None
    assert declared.os_id == "debian"
    assert declared.python.startswith("cp3")
    assert declared.libc.startswith("glibc-2.")
    assert declared.cgroups in ("v1", "v2")
    assert declared.container_runtime == ("crun" if declared.cgroups == "v2" else "runc")
    assert declared.cpus == 1
    assert declared.mem_mb > 0
    assert "conmon" in declared.os_packages
    assert list(tmp_path.iterdir()) == []


def test_machines_are_inspected_without_touching_anything(tmp_path: Path) -> None:
    provider = NspawnProvider(spec(host("h1", "198.18.7.11")), tmp_path / "state", machines_dir=tmp_path / "machines")
    assert provider.inspect()["h1"].condition is Condition.ABSENT
    assert list(tmp_path.iterdir()) == []

    folder = MachineFolder(tmp_path / "machines" / "0f8fad5b" / "gone")
    folder.path.mkdir(parents=True)
    states = provider.inspect()
    assert states["gone"].condition is Condition.BROKEN
    folder.write_record(replace(RECORD, name="gone"))
    assert provider.inspect()["gone"].condition is Condition.OFF
    folder.write_status(Status(phase="ended", reason="powered off"))
    assert provider.inspect()["gone"].detail == "powered off"


@pytest.mark.skipif(os.geteuid() != 0, reason="asks as root")
def test_machines_that_cannot_be_made_are_refused_all_at_once(tmp_path: Path) -> None:
    hosts = (host("h1", "198.18.7.1"), host("h2", "198.18.7.12"), host("h3", "198.18.9.1"))
    with pytest.raises(ProviderError) as caught:
        provider = NspawnProvider(spec(*hosts), tmp_path, machines_dir=tmp_path / "machines")
        provider.create([Order(host, "t") for host in hosts])
    for part in ("h1 has 198.18.7.1", "h3 has 198.18.9.1"):
        assert part in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_every_machine_knows_all_members_by_name() -> None:
    assert hosts_file({"h2": "198.18.7.12", "h1": "198.18.7.11"}) == (
        "127.0.0.1 localhost\n::1 localhost\n198.18.7.11 h1\n198.18.7.12 h2\n"
    )


@pytest.mark.parametrize("length", [1, 49, 50, 51, 62, 63])
def test_a_host_of_any_valid_name_gets_a_machines_name_that_nspawn_takes(length: int) -> None:
    found = {unique_name(RECORD.cluster_id, "a" * (length - 1) + last) for last in "ab"}
    assert len(found) == 2
    for name in found:
        assert len(name) <= 64 and name.startswith("dcos-0f8fad5b-") and name[-1].isalnum()
    dotted = f"{'a' * 38}{'.-' * 3}{'b' * 19}"
    assert ".-" not in unique_name(RECORD.cluster_id, dotted)[-12:]
