"""Whatever the installer has started ends with it, also when it is killed; what is to outlive it does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from dcos_installer import lifeline

SECONDS = 240.0


def wait_until(done: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + SECONDS
    while not done():
        assert time.monotonic() < end, f"{what}: not within {SECONDS:g} s"
        time.sleep(0.05)


def marked(mark: str) -> list[str]:
    """The command lines of the processes that carry the mark in their environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if f"{lifeline.VARIABLE}={mark}".encode() in (folder / "environ").read_bytes().split(b"\0"):
                found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            pass
    return found


# Its own child, a grandchild in a session of its own that hears no SIGTERM, one that was started with an environment
# made from scratch, and one that is to outlive it.
PARENT = """\
import os, subprocess, sys, time
from dcos_installer import lifeline
from dcos_installer.process import run
import threading
lifeline.hold()
sleep = "import time; time.sleep(600)"
stubborn = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); " + sleep
subprocess.Popen([sys.executable, "-c", sleep])
deaf = subprocess.Popen([sys.executable, "-c", stubborn], start_new_session=True, stdout=subprocess.PIPE)
deaf.stdout.readline()
thread = threading.Thread(
    target=lambda: run([sys.executable, "-c", sleep], deadline=600, env={"PATH": os.defpath}), daemon=True
)
thread.start()
apart = subprocess.Popen([sys.executable, "-c", sleep], env=lifeline.unmarked(), start_new_session=True,
                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(os.environ[lifeline.VARIABLE], apart.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGABRT])
def test_with_the_installer_everything_ends_that_it_started(how: signal.Signals) -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        mark, apart = parent.stdout.readline().split()
        try:
            wait_until(lambda: len(marked(mark)) == 3, "its three processes run")
            parent.send_signal(how)
            parent.wait()
            wait_until(lambda: not marked(mark), "they end")
            assert Path("/proc", apart).exists()
        finally:
            os.kill(int(apart), signal.SIGKILL)


# ssh's shared connection writes its title over its environment: nothing but the title says whose it is.
SHARED = """\
import os, subprocess, sys, time
from pathlib import Path
from dcos_installer import lifeline, sockets
lifeline.hold()
with sockets.folder({"XDG_RUNTIME_DIR": sys.argv[1]}) as folder:
    mine = f"ssh: {folder}/0123 [mux]"
    others = f"ssh: {folder.parent}/dcos-ssh-other/0123 [mux]"
    for title in (mine, others):
        process = subprocess.Popen([title, "600"], executable="/bin/sleep", env={}, start_new_session=True,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        print(process.pid, flush=True)
    print(folder, flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGABRT])
def test_shared_connections_end_with_a_killed_installer_and_their_folder_goes(how: signal.Signals) -> None:
    with (
        tempfile.TemporaryDirectory(dir="/tmp") as place,  # pytest's own is too long for sockets
        subprocess.Popen([sys.executable, "-c", SHARED, place], stdout=subprocess.PIPE, text=True) as parent,
    ):
        assert parent.stdout
        try:
            mine, others, folder = (parent.stdout.readline().strip() for _ in range(3))
            assert Path(folder).parent == Path(place) and Path(folder).is_dir()
            parent.send_signal(how)
            parent.wait()
            wait_until(lambda: not _runs(mine), "the shared connection ends")
            wait_until(lambda: not Path(folder).exists(), "its folder goes")
            assert _runs(others)
        finally:
            parent.kill()
            os.kill(int(others), signal.SIGKILL)


def _runs(process: str) -> bool:
    """It is there, and no zombie."""
    try:
        return Path("/proc", process, "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_an_installer_that_comes_to_its_end_leaves_no_watcher() -> None:
    script = "from dcos_installer import lifeline; import os; lifeline.hold(); print(os.environ[lifeline.VARIABLE])"
    mark = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.strip()

    def watchers() -> list[Path]:
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if mark.encode() in (folder / "cmdline").read_bytes():
                    found.append(folder)
            except OSError:
                pass
        return found

    wait_until(lambda: not watchers(), "the watcher ends")


def test_nothing_is_marked_where_nobody_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(lifeline.VARIABLE, raising=False)
    assert lifeline.marked({"PATH": "/bin"}) == {"PATH": "/bin"}
    monkeypatch.setenv(lifeline.VARIABLE, "7-x")
    assert lifeline.marked({"PATH": "/bin"}) == {"PATH": "/bin", lifeline.VARIABLE: "7-x"}
    assert lifeline.VARIABLE not in lifeline.unmarked()
