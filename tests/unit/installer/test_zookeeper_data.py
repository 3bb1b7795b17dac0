"""What puts a ZooKeeper's data aside: it stops nothing before it can go on, and starts it again however it ends."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from dcos_installer.phases.checks.zookeeper_data import _LOOK, _PUT_ASIDE, complaint


def put_aside(folder: Path, home: Path, broken: str = "") -> tuple[int, str]:
    """Runs the script with systemctl and chown that only tell, and ``broken`` that fails; returns what was told."""
    tools = folder / "tools"
    tools.mkdir()
    told = folder / "told"
    told.touch()
    for name in {"systemctl", "chown", "sync", *filter(None, [broken])}:
        end = "exit 1" if name == broken else "exit 0"
        (tools / name).write_text(f'#!/bin/sh\necho "{name} $*" >> "{told}"\n{end}\n')
        (tools / name).chmod(0o755)
    done = subprocess.run(
        ["/bin/sh", "-eus", "--", home, "2", "stamp"],
        input=_PUT_ASIDE,
        text=True,
        capture_output=True,
        env={"PATH": f"{tools}:{os.environ['PATH']}"},
        timeout=60,
    )
    return done.returncode, told.read_text()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "zookeeper/version-2").mkdir(parents=True)
    (tmp_path / "zookeeper/version-2/log.1").write_text("noise")
    return tmp_path / "zookeeper"


def test_data_is_moved_between_a_stop_and_a_start(tmp_path: Path, home: Path) -> None:
    code, told = put_aside(tmp_path, home)
    assert code == 0 and (home / "damaged/stamp/log.1").read_text() == "noise"
    assert [path.name for path in (home / "damaged").iterdir()] == ["stamp"]
    lines = told.splitlines()
    assert lines[0] == "systemctl stop dcos-zookeeper.service"
    assert lines[-1] == "systemctl start --no-block dcos-zookeeper.service"


def test_nothing_is_stopped_where_the_data_cannot_be_moved_to(tmp_path: Path, home: Path) -> None:
    (home / "damaged").write_text("in the way")
    code, told = put_aside(tmp_path, home)
    assert code != 0 and told == ""
    assert (home / "version-2/log.1").exists()


@pytest.mark.parametrize("broken", ["mv", "chown", "sync"])
def test_what_was_stopped_is_started_again_whatever_fails(tmp_path: Path, home: Path, broken: str) -> None:
    code, told = put_aside(tmp_path, home, broken)
    assert code != 0 and told.splitlines()[-1] == "systemctl start --no-block dcos-zookeeper.service"


def test_what_a_damaged_member_says_names_the_file_that_it_read_last() -> None:
    said = """\
Reading configuration from: /etc/zookeeper/conf/zoo.cfg
Reading snapshot /var/lib/dcos/zookeeper/version-2/snapshot.100000007
Unable to load database on disk
java.lang.RuntimeException: Unable to run quorum server
Unexpected exception, exiting abnormally
"""
    assert complaint(said) == (
        "java.lang.RuntimeException: Unable to run quorum server (last read: snapshot.100000007)"
    )
    assert "last read" not in complaint(said.replace("Reading snapshot", "#").replace("version-2/", ""))


DAMAGED = """\
zookeeper prepare: myid 1
Reading configuration from: /etc/zookeeper/conf/zoo.cfg
Reading snapshot /var/lib/dcos/zookeeper/version-2/snapshot.100000007
java.io.IOException: Unreasonable length = 117
Unexpected exception, exiting abnormally
"""


def test_what_it_said_at_earlier_starts_or_says_at_one_under_way_hides_no_damage() -> None:
    full = "Reading configuration from: zoo.cfg\njava.io.IOException: No space left on device\nexiting abnormally\n"
    under_way = "zookeeper prepare: myid 1\nReading configuration from: zoo.cfg\n"
    told = complaint(DAMAGED)
    assert told.startswith("java.io.IOException: Unreasonable length = 117")
    assert complaint(full) == ""
    assert complaint(full + DAMAGED) == complaint(full + DAMAGED + under_way) == told
    assert complaint(DAMAGED + full) == ""


def test_the_last_that_it_said_is_read_however_much_it_said_before(tmp_path: Path) -> None:
    journal = tmp_path / "journalctl"
    # Some journalctl show the first lines of a time, not the last, when they are told to show so many.
    journal.write_text(
        '#!/bin/sh\nlast=5000\nfor word in "$@"; do case $word in --lines=*) last=${word#*=};; esac; done\nseq $last\n'
    )
    journal.chmod(0o755)
    script = ["/bin/sh", "-eus", "--", str(tmp_path / "none"), "nobody", "dcos-zookeeper.service", "-5min"]
    path = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    said = subprocess.run(script, input=_LOOK, env=path, capture_output=True, text=True, check=True, timeout=60).stdout
    assert said.splitlines()[-1] == "5000"
    assert len(said.splitlines()) <= 401  # and what says that it begins
