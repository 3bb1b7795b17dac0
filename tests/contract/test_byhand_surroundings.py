"""Daemons by hand in odd surroundings: an odd work_dir, no HOME, a C locale, an open umask. A task runs as anywhere."""

from __future__ import annotations

import contextlib
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.daemons.byhand import Cluster, processes_with, wait_for

ODD = 'it\'s a "lab" für 50% {{x}} $HOME'


@pytest.fixture
def odd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    monkeypatch.setenv("LC_ALL", "C")
    for name in ("HOME", "USER", "LOGNAME", "XDG_STATE_HOME", "LANG"):
        monkeypatch.delenv(name, raising=False)
    before = os.umask(0o000)
    cluster = Cluster(tmp_path / ODD)
    try:
        yield cluster.start()
    finally:
        os.umask(before)
        for daemon in reversed(cluster.daemons):
            daemon.stop()


def test_a_task_runs_and_nothing_of_the_daemons_is_for_others_to_write(odd: Cluster) -> None:
    body = {"id": "/odd", "cmd": "pwd; exec sleep 1000", "cpus": 0.1, "mem": 32}
    added = odd.dcos("marathon", "app", "add", stdin=json.dumps(body))
    assert added.returncode == 0, added.stdout + added.stderr
    (task,) = wait_for(lambda: odd.running("/odd"), 90, "the app's task")
    # A task that runs is told of before it has said anything.
    wait_for(lambda: f"/{ODD}/agent0/" in odd.dcos("task", "log", task["id"]).stdout, 60, "its folder in its log")
    for name in ("master", "agent0", "marathon"):
        top = odd.folder / name
        for above, folders, files in os.walk(top):  # they are at work: files come and go
            for path in (f"{above}/{one}" for one in folders + files):
                with contextlib.suppress(FileNotFoundError):
                    mode = os.lstat(path).st_mode
                    assert stat.S_ISLNK(mode) or not stat.S_IMODE(mode) & 0o022, path
    removed = odd.dcos("marathon", "app", "remove", "/odd")
    assert removed.returncode == 0, removed.stderr
    wait_for(lambda: not processes_with(f"MESOS_TASK_ID={task['id']}"), 60, "the task's end")
