"""What puts a ZooKeeper's data aside: it stops nothing before it can go on, and starts it again however it ends."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest
import yaml

from dcos_installer.phases.checks.zookeeper_data import _LOOK, _PUT_ASIDE, _REOWN, complaint


def put_aside(folder: Path, home: Path, broken: str = "", script: str = _PUT_ASIDE) -> tuple[int, str]:
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
        ["/bin/sh", "-eus", "--", home, "dcos-zookeeper", "dcos-zookeeper.service", "2", "stamp"],
        input=script,
        text=True,
        capture_output=True,
        env={"PATH": f"{tools}:{os.environ['PATH']}"},
        timeout=240,
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


SERVED = """\
zookeeper prepare: myid 1
Reading configuration from: /etc/zookeeper/conf/zoo.cfg
INFO QuorumPeer - Peer state changed: following - synchronization
INFO QuorumPeer - Peer state changed: following - broadcast
"""


@pytest.mark.parametrize("state", ["following - broadcast", "leading - broadcast"])
@pytest.mark.parametrize("stop", ["", "Stopping dcos-zookeeper.service...\nStopped dcos-zookeeper.service.\n"])
def test_what_it_said_before_it_served_is_no_complaint(state: str, stop: str) -> None:
    served = SERVED.replace("following - broadcast", state)
    assert complaint(DAMAGED) != ""
    assert complaint(DAMAGED + served + stop) == ""
    under_way = "zookeeper prepare: myid 1\nReading configuration from: zoo.cfg\n"
    assert complaint(DAMAGED + served + stop + under_way) == ""
    stumbles = "java.io.IOException: /var/lib/dcos/zookeeper/version-2/log.1 is no log\n"
    assert complaint(stumbles + served + stop) == ""


def test_a_start_that_only_tries_to_join_is_not_one_that_served() -> None:
    tries = SERVED.replace("following - broadcast", "following - discovery")
    assert complaint(DAMAGED + tries) == complaint(DAMAGED)


def test_after_a_second_damage_the_cause_told_is_the_seconds() -> None:
    second = DAMAGED.replace("Unreasonable length = 117", "Not a number")
    assert complaint(DAMAGED + SERVED + second).startswith("java.io.IOException: Not a number")
    # One that does not end for it is as bad.
    stumbles = "java.io.FileNotFoundException: /var/lib/dcos/zookeeper/version-2/log.2 (Is a directory)\n"
    assert complaint(DAMAGED + SERVED + stumbles).startswith("java.io.FileNotFoundException")


@pytest.mark.parametrize("script", [_PUT_ASIDE, _REOWN])
def test_what_it_said_before_a_repair_is_not_read(tmp_path: Path, home: Path, script: str) -> None:
    journal = tmp_path / "journalctl"
    journal.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    journal.chmod(0o755)
    look = ["/bin/sh", "-eus", "--", str(home), "nobody-of-that-name", "dcos-zookeeper.service"]
    path = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}

    def since(given: str) -> float:
        said = subprocess.run(
            [*look, given], input=_LOOK, env=path, capture_output=True, text=True, check=True, timeout=240
        )
        (line,) = [line for line in said.stdout.splitlines() if line.startswith("--since=")]
        return float(line.removeprefix("--since=@"))

    before = time.time()
    assert before - 400 < since("-5min") < before - 200 + 60
    code, _ = put_aside(tmp_path, home, script=script)
    assert code == 0
    assert since("-5min") >= before - 1
    assert since("@1.5") >= before - 1
    late = time.time() + 1000
    assert since(f"@{late}") == pytest.approx(late, abs=1e-3)


def test_the_last_that_it_said_is_read_however_much_it_said_before(tmp_path: Path) -> None:
    journal = tmp_path / "journalctl"
    # Some journalctl show the first lines of a time, not the last, when they are told to show so many.
    journal.write_text(
        '#!/bin/sh\nlast=5000\nfor word in "$@"; do case $word in --lines=*) last=${word#*=};; esac; done\nseq $last\n'
    )
    journal.chmod(0o755)
    script = ["/bin/sh", "-eus", "--", str(tmp_path / "none"), "nobody", "dcos-zookeeper.service", "-5min"]
    path = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    said = subprocess.run(script, input=_LOOK, env=path, capture_output=True, text=True, check=True, timeout=240).stdout
    assert said.splitlines()[-1] == "5000"
    assert len(said.splitlines()) <= 401  # and what says that it begins


def test_what_status_reads_is_logged_at_every_level() -> None:
    """slf4j-simple: the level of a class of its own is stronger than the default."""
    role = Path(__file__).resolve().parents[3] / "roles" / "zookeeper"
    unit = (role / "templates" / "dcos-zookeeper.service.j2").read_text()
    said = {
        "org.apache.zookeeper.server.quorum.QuorumPeer": SERVED,
        "org.apache.zookeeper.server.PrepRequestProcessor": "PrepRequestProcessor (sid:0) started",
    }
    for name, line in said.items():
        assert f"-Dorg.slf4j.simpleLogger.log.{name}=info" in unit
        assert complaint(f"Unable to load database on disk\nINFO {name.rpartition('.')[2]} - {line}\n") == ""
    assert "-Dorg.slf4j.simpleLogger.log.org.apache.zookeeper.server.quorum.QuorumPeerConfig=info" in unit
    specs = yaml.safe_load((role / "meta" / "argument_specs.yml").read_text())
    level = specs["argument_specs"]["main"]["options"]["zookeeper_log_level"]
    assert level["choices"] == ["trace", "debug", "info", "warn", "error"]
