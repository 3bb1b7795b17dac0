"""The script that makes ZooKeeper's files before each start, cut off and damaged in every way."""

from __future__ import annotations

import errno
import importlib.util
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from dcos_installer.data import roles_dir

SEED = (
    "server.1=198.18.0.11:2888:3888:participant;198.18.0.11:2181\n"
    "server.2=198.18.0.12:2888:3888:participant;198.18.0.12:2181\n"
)
GROWN = SEED + "server.3=198.18.0.13:2888:3888:participant;198.18.0.13:2181\n"


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    copy = tmp_path_factory.mktemp("script") / "prepare.py"
    shutil.copy(roles_dir() / "zookeeper" / "files" / "prepare.py", copy)
    spec = importlib.util.spec_from_file_location("zookeeper_prepare", copy)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Machine:
    """One machine's folders; nobody answers at the others' addresses unless told so."""

    def __init__(self, folder: Path, script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
        self.generation, self.state, self.secret = folder / "generation", folder / "state", folder / "secret"
        self.conf = self.state / "conf"
        self.generation.mkdir()
        self.state.mkdir()
        (self.generation / "zoo.cfg").write_text("tickTime=1000\n")
        self.inventory(1, SEED)
        self.secret.write_text("DigestAuthenticationProvider.superDigest=super:abc=\n")
        self.script = script
        self.living: dict[str, str] = {}
        monkeypatch.setattr(script, "ask", lambda host, port: self.living.get(host, ""))

    def inventory(self, number: int, members: str) -> None:
        (self.generation / "self").write_text(f"{number} 198.18.0.{10 + number}\n")
        (self.generation / "members").write_text(members)

    def run(self) -> int:
        return int(self.script.main([str(self.generation), str(self.state), str(self.secret)]))

    def settings(self) -> dict[str, str]:
        lines = (self.conf / "zoo.cfg").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)

    def used(self) -> str:
        return Path(self.settings()["dynamicConfigFile"]).read_text()

    def agreed(self, version: str, text: str) -> Path:
        """As ZooKeeper does after a reconfiguration."""
        path = self.conf / f"zoo.cfg.dynamic.{version}"
        path.write_text(text)
        return path

    def files(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.state.rglob("*") if path.is_file()}


@pytest.fixture
def machine(tmp_path: Path, script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, script, monkeypatch)


def test_a_first_start_begins_with_the_inventorys_members(machine: Machine) -> None:
    assert machine.run() == 0
    assert machine.used() == SEED
    assert machine.settings() == {
        "tickTime": "1000",
        "dataDir": str(machine.state),
        "DigestAuthenticationProvider.superDigest": "super:abc=",
        "dynamicConfigFile": str(machine.conf / "zoo.cfg.dynamic.seed"),
    }
    assert (machine.state / "myid").read_text() == "1\n"
    assert (machine.conf / "zoo.cfg").stat().st_mode & 0o777 == 0o600
    assert machine.conf.stat().st_mode & 0o777 == 0o700


def test_what_zookeeper_agreed_on_counts_and_the_inventory_does_not_any_more(machine: Machine) -> None:
    machine.run()
    machine.agreed("fffffffff", SEED)
    machine.agreed("1000000000", GROWN)  # a longer number is the higher one
    (machine.generation / "members").write_text("server.1=198.18.0.11:1:2:participant;198.18.0.11:3\n")
    assert machine.run() == 0
    assert machine.used() == GROWN


@pytest.mark.parametrize("damage", [b"", b"server.1=198.18", b"\xff\xfe\0", b"server.1=198.18.0.11:2888\n"])
def test_a_damaged_newest_list_is_passed_over(
    machine: Machine, damage: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.run()
    machine.agreed("100000000", GROWN)
    machine.agreed("200000000", "").write_bytes(damage)
    assert machine.run() == 0
    assert machine.used() == GROWN
    assert "200000000 is damaged" in capsys.readouterr().err


def test_when_every_list_is_damaged_the_others_are_asked(machine: Machine) -> None:
    machine.run()
    for path in machine.conf.glob("zoo.cfg.dynamic.*"):
        path.write_bytes(b"")
    machine.agreed("100000000", "")
    machine.living["198.18.0.12"] = GROWN + "version=100000000\n"
    assert machine.run() == 0
    assert machine.used() == GROWN


def test_a_damaged_proposal_is_removed_and_a_whole_one_stays(machine: Machine) -> None:
    machine.run()
    proposal = machine.conf / "zoo.cfg.dynamic.next"
    proposal.write_text(GROWN)  # its version is missing
    machine.run()
    assert not proposal.exists()
    proposal.write_text(GROWN + "version=200000000\n")
    machine.run()
    assert proposal.exists()


def test_a_joining_member_takes_the_list_of_those_who_are_there_and_itself_only(machine: Machine) -> None:
    machine.inventory(3, GROWN)
    machine.living["198.18.0.11"] = SEED.splitlines()[0] + "\nversion=100000000\n"
    assert machine.run() == 0
    assert machine.used() == SEED.splitlines()[0] + "\n" + GROWN.splitlines()[2] + "\n"


def test_a_joining_member_never_founds_an_ensemble(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.inventory(3, GROWN + "joining\n")
    assert machine.run() == 1
    assert "have to run first" in capsys.readouterr().err
    assert not (machine.conf / "zoo.cfg").exists()


def test_a_number_that_the_ensemble_gave_to_another_is_refused(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.living["198.18.0.12"] = SEED.replace("198.18.0.11", "198.18.0.99") + "version=1\n"
    assert machine.run() == 1
    assert "server 1 of that ensemble is 198.18.0.99" in capsys.readouterr().err


def test_a_machine_keeps_its_number(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.run()
    machine.inventory(2, SEED)
    assert machine.run() == 1
    assert "keep the order of the masters" in capsys.readouterr().err


def test_a_lost_number_is_found_again_by_the_address(machine: Machine) -> None:
    machine.run()
    (machine.state / "myid").write_bytes(b"")
    assert machine.run() == 0
    assert (machine.state / "myid").read_text() == "1\n"


def test_the_number_of_a_former_release_which_was_a_link_becomes_a_file(machine: Machine) -> None:
    (machine.generation / "myid").write_text("1\n")
    (machine.state / "myid").symlink_to(machine.generation / "myid")
    assert machine.run() == 0
    assert not (machine.state / "myid").is_symlink()
    assert (machine.state / "myid").read_text() == "1\n"


def test_it_starts_without_the_secret_and_says_what_that_means(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.secret.unlink()
    assert machine.run() == 0
    assert "nobody can reconfigure" in capsys.readouterr().err
    assert "DigestAuthenticationProvider.superDigest" not in machine.settings()


class Cut(BaseException):
    """As kill -9: nothing runs after it."""


@pytest.mark.parametrize("grown", [False, True])
def test_cut_off_at_every_point_the_next_run_comes_to_the_same_end(
    tmp_path: Path, script: ModuleType, monkeypatch: pytest.MonkeyPatch, grown: bool
) -> None:
    def made(name: str) -> Machine:
        (tmp_path / name).mkdir()
        machine = Machine(tmp_path / name, script, monkeypatch)
        if grown:
            machine.run()
            machine.agreed("100000000", GROWN)
            machine.secret.write_text("DigestAuthenticationProvider.superDigest=super:new=\n")
        return machine

    whole = made("whole")
    whole.run()
    expected = {name: data.replace(b"/whole/", b"/X/") for name, data in whole.files().items()}
    steps = ("open", "fsync", "replace")
    cuts = 0
    while True:
        machine = made(f"cut{cuts}")
        left = cuts

        def cutting(real: Callable[..., Any]) -> Callable[..., Any]:
            def step(*args: Any, **options: Any) -> Any:
                nonlocal left
                left -= 1
                if left < 0:
                    raise Cut
                return real(*args, **options)

            return step

        with monkeypatch.context() as patch:
            for name in steps:
                patch.setattr(script.os, name, cutting(getattr(os, name)))
            try:
                machine.run()
                finished = True
            except Cut:
                finished = False
        assert machine.run() == 0
        found = {name: data.replace(f"/cut{cuts}/".encode(), b"/X/") for name, data in machine.files().items()}
        assert found == expected, f"cut off before step {cuts}"
        if finished:
            break
        cuts += 1
    assert cuts >= 3 if grown else cuts >= 9


def test_a_full_disk_leaves_what_was_there_and_is_told(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.run()
    before = machine.files()
    machine.secret.write_text("DigestAuthenticationProvider.superDigest=super:new=\n")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(machine.script.os, "fsync", full)
        assert machine.run() == 1
    assert "No space left on device" in capsys.readouterr().err
    assert machine.files() == before


def test_a_start_that_changes_nothing_writes_nothing(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.run()

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(machine.script.os, "fsync", full)
    assert machine.run() == 0
