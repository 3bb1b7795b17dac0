"""The folder of SSH's shared connections: short paths only, none if there is no place, and nothing left behind."""

from __future__ import annotations

import os
import shlex
import stat
import subprocess
from pathlib import Path

import pytest

from dcos_installer import sockets
from dcos_installer.ansible.connection import Connection
from dcos_installer.config.model import HostSpec, SshSpec
from dcos_installer.machines import SshTarget
from dcos_installer.remote import Remote

ODD = ("a b", "it's", 'q"q', "ä ö", "50%", "back\\slash", "a#b", "a=b", "~", "a,b")
"""Names of folders that ssh's settings would split, expand or cut."""


def _limited(monkeypatch: pytest.MonkeyPatch, *places: Path) -> None:
    monkeypatch.setattr(sockets, "candidates", lambda environ: iter(places))


def test_sockets_lie_in_a_private_folder_that_is_gone_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    with sockets.folder() as found:
        assert found is not None and stat.S_IMODE(found.stat().st_mode) == 0o700
        assert len(str(found / ("s" * 57))) < 108
    assert not found.exists()


def test_a_long_or_odd_temporary_directory_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long, odd = tmp_path / ("long" * 25), tmp_path / "a b"
    for folder in (long, odd):
        folder.mkdir()
    candidates = list(sockets.candidates({"XDG_RUNTIME_DIR": str(odd), "TMPDIR": str(long)}))
    assert odd in candidates and long in candidates and Path("/tmp") in candidates
    with sockets.folder({"XDG_RUNTIME_DIR": str(odd), "TMPDIR": str(long)}) as found:
        assert found is not None and not found.is_relative_to(tmp_path)
    assert list(long.iterdir()) == list(odd.iterdir()) == []


def test_where_no_folder_will_do_connections_are_not_shared_and_that_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    _limited(monkeypatch, tmp_path / "missing", tmp_path / "a b")
    with sockets.folder() as found:
        assert found is None
    assert "connections are not shared" in caplog.text
    assert "ControlMaster=no" in sockets.options(found)


def test_what_killed_runs_left_is_swept_and_what_runs_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = subprocess.Popen(["true"])
    dead.wait()
    for process in (dead.pid, os.getpid()):
        (tmp_path / f"dcos-ssh-{process}-x").mkdir()
    (tmp_path / f"dcos-ssh-{dead.pid}-x" / "stale").touch()
    sockets.sweep([tmp_path, tmp_path / "missing"])
    assert [path.name for path in tmp_path.iterdir()] == [f"dcos-ssh-{os.getpid()}-x"]


@pytest.mark.parametrize("name", ODD)
def test_ssh_reads_the_very_files_whatever_their_folders_are_called(tmp_path: Path, name: str) -> None:
    """ssh itself is asked what it understood, through the installer's own commands and through Ansible's."""
    folder = tmp_path / name
    folder.mkdir()
    key, known = folder / "id", folder / "known_hosts"
    target = SshTarget("198.18.0.21", 22, "root", key, known)
    host = HostSpec(name="a1", address="198.18.0.21", roles=frozenset({"agent"}), ssh=SshSpec(address="198.18.0.21"))
    connection = Connection(ssh=target)
    for argv in (
        Remote(host, target).argv(),
        ["ssh", *shlex.split(connection.variables()["ansible_ssh_common_args"]), "198.18.0.21"],
    ):
        said = subprocess.run(["ssh", "-G", *argv[1:]], capture_output=True, text=True, check=True).stdout
        shown = dict(line.partition(" ")[::2] for line in said.splitlines())
        # -G tells paths unexpanded where % stands for itself.
        assert shown["identityfile"].replace("%%", "%") == str(key)
        assert shown["userknownhostsfile"].replace("%%", "%") == str(known)
