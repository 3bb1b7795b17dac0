"""A file that must survive is written in one way in each package: aside, to the disk, by one rename."""

from __future__ import annotations

import ast
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dcos_runtime import durable
from tests.support.documented import ROOT

FOLDERS = ("dcos_runtime", "installer/dcos_installer", "images/dcos_images", "universe/dcos_universe", "roles")
ONES = {
    "dcos_runtime/durable.py": "of the runtime and the installer",
    "universe/dcos_universe/index/durable.py": "of the universe, which imports nothing of the others",
    "images/dcos_images/files.py": "of the images, which import nothing of the others",
}
OTHERS = {
    "dcos_runtime/agent/launchers/supervisor.py": "is started by its path, with the standard library only",
    "dcos_runtime/cosmos/artifacts.py": "a stream; several masters write into the folder, which may be of a network",
    "images/dcos_images/machine/seed.py": "a program for machines; the standard library only",
    "images/dcos_images/machine/slot_disk.py": "the same",
    "images/dcos_images/machine/slots.py": "the same",
    "images/dcos_images/publishing/folder.py": "copies large files with holes, and compares their digest",
    "images/dcos_images/store.py": "takes over a file that somebody else has written",
    "installer/dcos_installer/ansible/host/machine.py": "runs on machines, with Python 3.9",
    "installer/dcos_installer/hosts/carry.py": "the same",
    "installer/dcos_installer/plan/journal.py": "appends, and only sets a damaged journal aside",
    "roles/zookeeper/files/prepare.py": "a program for machines; the standard library only",
    "universe/dcos_universe/mirror/downloading.py": "parts of downloads, which are gone on with",
}


def writers() -> Iterator[str]:
    """Modules that make a file to be renamed: one of a made-up name, or one that is flushed to the disk."""
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            called = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
            made = {"fsync", "mkstemp", "NamedTemporaryFile"} & {ast.unparse(one.func).split(".")[-1] for one in called}
            if made and any(map(renames, called)):
                yield str(path.relative_to(ROOT))


def renames(call: ast.Call) -> bool:
    """``os.rename(a, b)``, ``path.replace(b)``; but not ``text.replace(a, b)``, ``dataclasses.replace(a, b=c)``."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in ("rename", "replace"):
        return False
    of_os = isinstance(call.func.value, ast.Name) and call.func.value.id == "os"
    return of_os or (len(call.args) == 1 and not call.keywords)


def test_there_is_one_way_in_each_package() -> None:
    assert set(writers()) == ONES.keys() | OTHERS.keys()


def test_a_write_that_fails_leaves_the_old_content_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "plan.json"
    durable.write(target, "old")
    with pytest.raises(UnicodeEncodeError):
        durable.write(target, "\udc80")
    with pytest.raises(ZeroDivisionError), durable.replaced(target) as file:
        file.write(b"half of it")
        raise ZeroDivisionError
    target.chmod(0o644)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched, pytest.raises(OSError, match="No space"):
        patched.setattr(os, "fsync", full)
        durable.write(target, b"new")
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]
    durable.write(target, b"new")
    assert (target.read_text(), stat.S_IMODE(target.stat().st_mode)) == ("new", 0o600)
    durable.write(target, "newer", 0o644, lasting=False)
    assert (target.read_text(), stat.S_IMODE(target.stat().st_mode)) == ("newer", 0o644)
    assert list(tmp_path.iterdir()) == [target]


def test_a_file_and_its_name_are_on_the_disk_when_it_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[tuple[bool, bool]] = []
    target = tmp_path / "agent.json"

    def fsync(descriptor: int) -> None:
        synced.append((stat.S_ISDIR(os.fstat(descriptor).st_mode), target.exists()))

    monkeypatch.setattr(os, "fsync", fsync)
    durable.write(target, b"known")
    assert synced == [(False, False), (True, True)], "the file before it gets its name, then the folder"


KILLED = """
import os, pathlib, sys
from dcos_runtime import durable
with durable.replaced(pathlib.Path(sys.argv[1])) as file:
    file.write(b"half of it")
    os._exit(9)
"""


def test_what_a_killed_process_left_is_swept(tmp_path: Path) -> None:
    target = tmp_path / "agent.json"
    durable.write(target, b"old")
    assert subprocess.run([sys.executable, "-c", KILLED, target]).returncode == 9
    assert len(list(tmp_path.iterdir())) == 2
    durable.sweep(tmp_path)
    assert list(tmp_path.iterdir()) == [target] and target.read_bytes() == b"old"


def test_folders_with_missing_parents_for_one_user_are_made_in_one_way() -> None:
    """``mkdir(parents=True, mode=…)`` gives the mode to the last folder only."""
    others = {
        "dcos_runtime/agent/images/store.py": "below the folder of the store, which is there",
        "dcos_runtime/agent/launchers/oci.py": "below the agent's work_dir, which is there",
        "dcos_runtime/agent/launchers/posix.py": "the same",
        "dcos_runtime/recording.py": "the folder that the operator names, below folders that others may pass",
    }
    found = set()
    for folder in ("dcos_runtime", "installer/dcos_installer"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for call in ast.walk(ast.parse(path.read_text())):
                given = {one.arg: one.value for one in call.keywords} if isinstance(call, ast.Call) else {}
                if "parents" in given and ast.unparse(given.get("mode", call)) == str(0o700):
                    found.add(str(path.relative_to(ROOT)))
    assert found == set(others)
