"""`dcos-universe build` as a process: killed at any moment, beside another, on a full disk; the tree is whole."""

from __future__ import annotations

import json
import random
import subprocess
import time
from pathlib import Path

from dcos_universe import reading
from dcos_universe.building.builder import build
from tests.support.daemons.byhand import PROGRAMS
from tests.support.universe import synthetic
from tests.support.universe.trees import edit, files_of, index, whole

ROUNDS = 10


def command(source: Path, out: Path) -> list[str]:
    return [str(PROGRAMS / "dcos-universe"), "build", str(source), str(out), "--json"]


def built(source: Path, out: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(source, out), capture_output=True, text=True, timeout=300)


def test_killed_at_any_moment_it_leaves_a_whole_tree(tmp_path: Path) -> None:
    rng = random.Random(11)
    source, out, beside = tmp_path / "source", tmp_path / "out", tmp_path / "beside"
    revisions = synthetic.write(source, revisions=16, packages=7)
    started = time.monotonic()
    assert built(source, out).returncode == 0
    takes = time.monotonic() - started
    build(source, beside)
    killed = 0
    for turn in range(ROUNDS):
        before = files_of(out, but=("delta/",))
        edit(rng.choice(revisions), description=f"turn {turn}")
        build(source, beside)
        after = files_of(beside, but=("delta/",))
        process = subprocess.Popen(command(source, out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        started = time.monotonic()
        try:
            # Most of the time is over before a tree is there: the later moments are the ones to meet.
            process.wait(takes * rng.uniform(0.2, 1.0))
            takes = time.monotonic() - started
        except subprocess.TimeoutExpired:
            process.kill()
            killed += process.wait(240) < 0
        now = files_of(out, but=("delta/",))
        assert now in (before, after), "neither the tree of before nor the new one"
        whole(out)
    assert killed, "none was killed"
    edit(revisions[0], description="the end")
    done = built(source, out)
    assert done.returncode == 0, done.stderr
    build(source, beside)
    assert files_of(out, but=("delta/",)) == files_of(beside, but=("delta/",))
    room = tmp_path / ".out.build"
    assert sorted(path.name for path in room.iterdir()) == ["cache", "lock"], "something of a killed build is left"


def test_two_at_once_leave_one_tree(tmp_path: Path) -> None:
    source, out = tmp_path / "source", tmp_path / "out"
    revisions = synthetic.write(source, revisions=16, packages=7)
    for turn in range(3):
        edit(revisions[turn], description=f"turn {turn}")
        both = [
            subprocess.Popen(command(source, out), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for _ in range(2)
        ]
        told = [one.communicate(timeout=300)[1] for one in both]
        assert 0 in [one.returncode for one in both], told
        for one, text in zip(both, told, strict=True):
            if one.returncode != 0:
                assert one.returncode == 1 and "is being built by another process" in text and "Traceback" not in text
        whole(out)
        assert f'"description": "turn {turn}"'.encode() in (out / "universe.json").read_bytes()


def test_a_full_disk_leaves_the_tree_as_it_was(tmp_path: Path) -> None:
    source, out = tmp_path / "source", tmp_path / "out"
    revisions = synthetic.write(source, revisions=16, packages=7)
    assert built(source, out).returncode == 0
    before = files_of(out)
    edit(revisions[0], description="no room for this")
    # Files of 32 KB at most: the indexes are larger.
    limited = ["bash", "-c", 'ulimit -f 32; exec "$@"', "bash", *command(source, out)]
    done = subprocess.run(limited, capture_output=True, text=True, timeout=300)
    assert done.returncode == 1 and "cannot be written" in done.stderr and "Traceback" not in done.stderr, done.stderr
    assert files_of(out) == before and not (tmp_path / ".out.build" / "stage").exists()
    assert built(source, out).returncode == 0
    assert index(out, "universe") != json.loads(before["universe.json"])
    assert len(list(reading.revisions(source))) == 16
