"""Commands of a build and small files: what failed is told by its own words, also when the disk is full."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from dcos_images import process
from dcos_images.errors import CommandFailedError, ImageError
from dcos_images.files import write_whole
from dcos_images.process import bound, run, shown

PACKAGE = Path(process.__file__).parent


def fails(folder: Path, says: str, code: int = 1) -> ImageError:
    with pytest.raises(ImageError) as caught:
        run(["/bin/sh", "-c", f"echo {says!r} >&2; exit {code}"], what="try", log_file=folder / "log", deadline=60)
    return caught.value


def test_what_an_earlier_command_said_explains_nothing(tmp_path: Path) -> None:
    first, second = fails(tmp_path, "Failed to fetch"), fails(tmp_path, "something else")
    assert isinstance(second, CommandFailedError)
    assert (first.evidence, second.evidence, second.said) == ("Failed to fetch", "something else", "something else\n")
    log = (tmp_path / "log").read_text()
    assert log.count("$ /bin/sh") == 2 and log.index("Failed to fetch") < log.index("something else")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts a file system of its own")
def test_a_full_disk_is_told_as_such_also_when_the_log_lies_on_it(tmp_path: Path) -> None:
    script = """
mount -t tmpfs -o size=1M tmpfs "$1"
head -c 2M /dev/zero >"$1/filler" 2>/dev/null
exec "$2" -c '
import sys; from pathlib import Path; from dcos_images.process import run
from dcos_images.errors import ImageError
try: run(["cp", "/proc/self/maps", sys.argv[1] + "/copy"], what="copy", log_file=Path(sys.argv[1]) / "log", deadline=60)
except ImageError as error: print(error)
' "$1"
"""
    argv = ["unshare", "--mount", "sh", "-c", script, "sh", str(tmp_path), sys.executable]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=240)
    assert done.stdout.startswith(f"there is no room for the image in {tmp_path}"), done
    assert "image gc" in done.stdout


def test_a_command_that_waits_for_room_is_told_as_such(tmp_path: Path) -> None:
    for stream in (1, 2):
        argv = ["/bin/sh", "-c", f"echo 'write (28: No space left on device)' >&{stream}; exec sleep 60"]
        with pytest.raises(ImageError, match="there is no room"):
            run(argv, what="try", log_file=tmp_path / "log", deadline=3)
    with pytest.raises(ImageError, match="could not try within"):
        run(["sleep", "60"], what="try", log_file=tmp_path / "log", deadline=0.2)


def test_what_a_command_leaves_running_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_LAST_WORDS_SECONDS", 3.0)
    argv = ["/bin/sh", "-c", "timeout 60 sleep 60 >/dev/null & echo done >&2; exit 3"]
    with pytest.raises(CommandFailedError) as caught:
        run(argv, what="try", log_file=tmp_path / "log", deadline=60)
    assert caught.value.evidence == "done"


def test_credentials_are_not_shown() -> None:
    said = "Err http://user:pa@ss@mirror.example/x and 'https://token@other.example' at me@example"
    assert shown(said) == "Err http://mirror.example/x and 'https://other.example' at me@example"


def test_credentials_are_not_logged_either_however_they_come(tmp_path: Path) -> None:
    script = (
        "printf 'Err http://user:pa' >&2; sleep 0.5;"
        " printf 'ss@mirror.example/x\\n\\377 no end http://a:b@c' >&2; exit 1"
    )
    with pytest.raises(CommandFailedError) as caught:
        run(
            ["/bin/sh", "-c", script, "https://me:pass@other.example"],
            what="try",
            log_file=tmp_path / "log",
            deadline=60,
        )
    log = (tmp_path / "log").read_bytes()
    assert b"Err http://mirror.example/x\n\xff no end http://c" in log and b"https://other.example" in log
    assert b"pass" not in log and "pass" not in str(caught.value)


def test_a_command_dies_with_its_parent_and_this_is_written_once() -> None:
    assert bound("true", "x") == ["setpriv", "--pdeathsig", "KILL", "true", "x"]
    written = [path.name for path in PACKAGE.glob("*.py") for _ in re.findall("pdeathsig", path.read_text())]
    assert written == ["process.py"]


def test_a_file_is_whole_or_what_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "lock.json"
    write_whole(path, "old")
    synced: list[int] = []

    def full(descriptor: int) -> None:
        synced.append(descriptor)
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched, pytest.raises(OSError, match="No space left"):
        patched.setattr(os, "fsync", full)
        write_whole(path, "new")
    assert synced and path.read_text() == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["lock.json"]
    write_whole(path, "new", 0o600)
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("new", 0o600)


def test_nothing_that_is_kept_is_written_but_whole() -> None:
    """Locks, records and what the store knows come by one rename; a step's own folder comes by the cache's."""
    plain = re.compile(r"\.write_text\(|\.open\(.w|mkstemp")
    writers = {path.name for path in PACKAGE.glob("*.py") if plain.search(path.read_text())}
    # documents.py, outputs.py: in the folder of a step. store.py: a repository.
    # trial.py, checking.py: what a booted machine says, and how it is reached.
    assert writers == {"files.py", "documents.py", "outputs.py", "store.py", "trial.py", "checking.py"}
