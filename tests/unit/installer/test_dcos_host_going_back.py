"""What runs on a machine: going back to the previous generation on failure, keeping old ones, and removal."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dcos_installer.ansible.host.apply import RolledBack, locked, remove
from dcos_installer.ansible.host.errors import HostError
from dcos_installer.ansible.host.machine import Machine
from dcos_installer.plan.manifest import Manifest, Package
from tests.support.installer.folder_hosts import A, B, Host, Remembering, a_manifest, answer, first, installed


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path / "host")


def test_a_unit_that_does_not_get_well_takes_the_host_back_to_its_generation_before(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(host, first())
    before = {path: path.read_bytes() for path in host.path("/opt/dcos/generations/1").rglob("*") if path.is_file()}
    bad = a_manifest({"etc/a.env": "bad"}, {A: ("etc/a.env",), "dcos-c.service": ()})
    host.systemd.sick = frozenset({A})
    running = host.systemd.started_with()
    with pytest.raises(RolledBack) as failed:
        monkeypatch.setattr(host.systemd, "wait", _well_only_with(host.systemd, running[A]))
        host.apply(bad)
    monkeypatch.undo()
    assert failed.value.evidence == "the unit's\nlast lines"
    assert "generation 1 is active again" in failed.value.why
    assert host.generation == 1
    assert before == {path: path.read_bytes() for path in before}
    assert host.systemd.started_with()[A] == running[A]
    assert host.systemd.states([A, B, "dcos-c.service"]) == {A: "running", B: "running", "dcos-c.service": "stopped"}
    assert host.check(first()) == []


def _well_only_with(systemd: Remembering, inputs: str) -> Callable[[str, str, float], None]:
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
        found = answer_of(host, changed)
        assert "no space left" in found["error"]["what"]
        assert "generation 1 is active" in found["error"]["why"]
        assert host.generation == 1
        assert host.check(first()) == []
        filler.unlink()
        host.apply(changed)
        assert host.check(changed) == []
    finally:
        subprocess.run(["umount", place], check=True)


def answer_of(host: Host, manifest: Manifest) -> dict[str, Any]:
    try:
        return answer(host, mode="apply", manifest=manifest.encode().decode())
    except HostError as error:
        return {"error": error.fields()}


def test_a_file_system_that_is_mounted_in_the_state_is_emptied_and_stays(host: Host) -> None:
    """An operator's data disk, or a local machine's: nobody can remove what is mounted."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount")
    script = """
import pathlib, subprocess, sys
from dcos_installer.ansible.host.machine import Machine
root = pathlib.Path(sys.argv[1])
state = root / "var/lib/dcos"
(state / "agent/meta").mkdir(parents=True)
(state / "master").mkdir()
subprocess.run(["mount", "-t", "tmpfs", "none", state / "agent"], check=True)
(state / "agent/meta/deep").mkdir(parents=True)
Machine(str(root)).remove("/var/lib/dcos")
print(*sorted(str(path.relative_to(root)) for path in root.rglob("*")))
"""
    host.root.mkdir(parents=True, exist_ok=True)
    argv = ["unshare", "--mount", sys.executable, "-c", script, str(host.root)]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["var", "var/lib", "var/lib/dcos", "var/lib/dcos/agent"]
