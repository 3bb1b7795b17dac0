"""An apply that is cut off at every single step: killed, or out of disk. Old or new is active, and a rerun mends."""

from __future__ import annotations

import errno
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from dcos_installer.ansible.host.errors import HostError
from dcos_installer.ansible.host.machine import Machine
from dcos_installer.plan.manifest import ACTIVE, Link, Manifest, Package, Secret, Sysctl, User
from tests.support.installer.folder_hosts import Host, Remembering, a_manifest

A, B, C = "dcos-a.service", "dcos-b.service", "dcos-c.service"
OLD_PACKAGE = Package("dcos-runtime", "1", "1" * 64, ("dcos",))
NEW_PACKAGE = Package("dcos-runtime", "2", "2" * 64, ("dcos", "dcos-more"))


class Dying(Machine):
    """Does ``ending`` instead of the change with this number, counted from 1."""

    def __init__(self, root: str, at: int, ending: Callable[[str], None]) -> None:
        super().__init__(root)
        self.at_step = at
        self.ending = ending
        self.steps: list[str] = []

    def step(self, what: str) -> None:
        self.steps.append(what)
        if len(self.steps) == self.at_step:
            self.ending(what)


def old() -> Manifest:
    made = a_manifest(
        {"etc/a.env": "old", "etc/deep/er/x": "1"},
        {A: ("etc/a.env", "package:dcos-runtime"), B: ("secret:token",)},
        [OLD_PACKAGE],
        links=[Link("/usr/local/bin/dcos", f"{ACTIVE}/bin/dcos")],
        sysctls=(Sysctl("net.x", "1"),),
    )
    return msgspec.structs.replace(made, secrets=(Secret("token"),))


def new() -> Manifest:
    """Everything changes: files, a package, a link, a user, a setting, a secret; one unit goes, another comes."""
    made = a_manifest(
        {"etc/a.env": "new", "etc/more": "2"},
        {A: ("etc/a.env", "package:dcos-runtime"), C: ("secret:token",)},
        [NEW_PACKAGE],
        links=[Link("/usr/local/bin/dcos-more", f"{ACTIVE}/bin/dcos-more")],
        sysctls=(Sysctl("net.x", "2"), Sysctl("net.y", "3")),
        users=(User("dcos-c", "/var/lib/dcos/c"),),
    )
    return msgspec.structs.replace(made, secrets=(Secret("token"), Secret("second")))


OLD_SECRETS = {"token": "old"}
NEW_SECRETS = {"token": "new", "second": "x"}


@pytest.fixture(scope="module", params=["first", "upgrade"])
def start(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A host that has nothing yet, or the old manifest; with the new packages brought."""
    root = tmp_path_factory.mktemp("start") / "host"
    root.mkdir()
    host = Host(root)
    host.bring(new())
    if request.param == "upgrade":
        host.bring(old())
        host.apply(old(), OLD_SECRETS)
        host.bring(new())
    return root


def steps_of(start: Path, folder: Path) -> list[str]:
    """The changes that the whole apply makes."""
    shutil.copytree(start, folder, symlinks=True)
    machine = Dying(str(folder), 0, lambda what: None)
    Host(folder, machine).apply(new(), NEW_SECRETS)
    return machine.steps


def whole(host: Host) -> None:
    """What holds at any moment: nothing is active, or a generation that is exactly what its manifest says."""
    seen = host.observe(new(), NEW_SECRETS)
    assert seen.altered == {}
    assert seen.manifest_digest in ("", old().digest, new().digest)
    assert (seen.generation == 0) == (seen.manifest_digest == "")


def mended(host: Host) -> None:
    """A rerun brings the host to the new manifest, and what runs was started with what is there now."""
    host.apply(new(), NEW_SECRETS)
    assert host.check(new(), NEW_SECRETS) == []
    assert host.observe(new()).manifest_digest == new().digest
    assert host.systemd.states([A, B, C]) == {A: "running", B: "stopped", C: "running"}
    for unit in (A, C):
        assert host.systemd.started_with()[unit] == host.systemd.inputs(unit), unit
    debris = [
        path.name for folder in ("generations", "packages") for path in host.path(f"/opt/dcos/{folder}").iterdir()
    ]
    assert not [name for name in debris if name.startswith(".")]


def test_a_kill_at_any_step_leaves_old_or_new_and_a_rerun_mends(start: Path, tmp_path: Path) -> None:
    steps = steps_of(start, tmp_path / "whole")
    assert len(steps) > 25
    for number in range(1, len(steps) + 1):
        root = tmp_path / f"kill-{number}"
        shutil.copytree(start, root, symlinks=True)
        child = os.fork()
        if child == 0:
            try:
                Host(root, Dying(str(root), number, lambda what: os.kill(os.getpid(), signal.SIGKILL))).apply(
                    new(), NEW_SECRETS
                )
            finally:
                os._exit(3)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status), f"step {number} ({steps[number - 1]}) did not die"
        host = Host(root)
        whole(host)
        mended(host)
        shutil.rmtree(root)


def test_a_kill_while_a_rerun_mends_is_mended_as_well(start: Path, tmp_path: Path) -> None:
    steps = steps_of(start, tmp_path / "whole")
    for number in range(1, len(steps), 4):
        root = tmp_path / f"twice-{number}"
        shutil.copytree(start, root, symlinks=True)
        for at in (number, 5):
            child = os.fork()
            if child == 0:
                try:
                    Host(root, Dying(str(root), at, lambda what: os.kill(os.getpid(), signal.SIGKILL))).apply(
                        new(), NEW_SECRETS
                    )
                finally:
                    os._exit(0)
            os.waitpid(child, 0)
            whole(Host(root))
        mended(Host(root))
        shutil.rmtree(root)


def test_a_disk_that_fills_up_at_any_step_is_told_and_leaves_old_or_new(start: Path, tmp_path: Path) -> None:
    steps = steps_of(start, tmp_path / "whole")

    def full(what: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", what)

    found = 0
    for number in range(1, len(steps) + 1):
        root = tmp_path / f"full-{number}"
        shutil.copytree(start, root, symlinks=True)
        host = Host(root, Dying(str(root), number, full))
        try:
            host.apply(new(), NEW_SECRETS)
        except HostError as error:
            found += 1
            assert "no space" in error.what, (steps[number - 1], error.what)
        except OSError as error:
            # Only taking the lock: before anything is looked at, so that nothing can be said of generations yet.
            assert error.errno == errno.ENOSPC
            assert "/opt/dcos" in steps[number - 1]
        after = Host(root)
        whole(after)
        mended(after)
        shutil.rmtree(root)
    assert found > 20


def test_a_run_that_dies_while_going_back_is_mended(start: Path, tmp_path: Path) -> None:
    class Sick(Remembering):
        def wait(self, unit: str, probe: str, deadline: float) -> None:
            from dcos_installer.ansible.host.systemd import UnitFailed

            if self.inputs(unit) and (self.machine.read(ACTIVE + "/etc/a.env") or b"") == b"new" and unit == A:
                raise UnitFailed(unit, f"{unit} failed", "", "")

    steps = len(steps_of(start, tmp_path / "whole"))
    died = 0
    for number in range(steps - 20, steps + 20):
        root = tmp_path / f"back-{number}"
        shutil.copytree(start, root, symlinks=True)
        child = os.fork()
        if child == 0:
            try:
                machine = Dying(str(root), number, lambda what: os.kill(os.getpid(), signal.SIGKILL))
                Host(root, machine, Sick(machine)).apply(new(), NEW_SECRETS)
            finally:
                os._exit(0)
        _, status = os.waitpid(child, 0)
        died += os.WIFSIGNALED(status)
        host = Host(root)
        whole(host)
        mended(host)
        shutil.rmtree(root)
    assert died > 15
