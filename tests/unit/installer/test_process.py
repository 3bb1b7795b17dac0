"""The one way to run subprocesses."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dcos_installer.errors import DeadlinePassed, ProcessFailed
from dcos_installer.process import run

PYTHON = sys.executable


def _gone(pid: int) -> bool:
    end = time.monotonic() + 240
    while time.monotonic() < end:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


def test_a_command_gets_its_input_and_gives_its_output() -> None:
    finished = run(["cat"], deadline=240, stdin="hello\n")
    assert (finished.returncode, finished.stdout, finished.stderr) == (0, "hello\n", "")


def test_both_pipes_may_be_larger_than_a_pipe_holds() -> None:
    code = "import sys; data = sys.stdin.read(); sys.stdout.write(data); sys.stderr.write(data)"
    text = "x" * 79 + "\n"
    finished = run([PYTHON, "-c", code], deadline=240, stdin=text * 10_000)
    assert finished.stdout == finished.stderr == text * 10_000


def test_a_failed_command_shows_its_stderr_and_a_line_to_paste() -> None:
    with pytest.raises(ProcessFailed) as caught:
        run(["sh", "-c", "echo first; echo 'no such bridge' >&2; exit 3"], deadline=240, what="make the bridge")
    assert caught.value.returncode == 3
    assert caught.value.what == "could not make the bridge"
    assert caught.value.evidence == "no such bridge"
    assert "sh -c 'echo first;" in caught.value.why


def test_a_command_that_is_not_there_is_named() -> None:
    with pytest.raises(ProcessFailed) as caught:
        run(["/nowhere/at-all"], deadline=240)
    assert caught.value.returncode is None
    assert "/nowhere/at-all: No such file" in caught.value.why


def test_a_code_other_than_zero_is_returned_when_asked_for() -> None:
    assert run(["false"], deadline=240, check=False).returncode == 1


def test_the_deadline_ends_the_whole_group_and_shows_the_last_lines(tmp_path: Path) -> None:
    script = f"sleep 300 & echo $! > {tmp_path}/child; echo waiting for the disk; wait"
    with pytest.raises(DeadlinePassed) as caught:
        run(["sh", "-c", script], deadline=10, what="format the disk")
    assert caught.value.what == "could not format the disk within 10 s"
    assert caught.value.evidence == "waiting for the disk"
    assert _gone(int((tmp_path / "child").read_text()))


def test_ctrl_c_leaves_no_process_behind(tmp_path: Path) -> None:
    code = (
        "from dcos_installer.process import run\n"
        f"run(['sh', '-c', 'echo $$ > {tmp_path}/new; mv {tmp_path}/new {tmp_path}/child; sleep 300'], deadline=300)"
    )
    with subprocess.Popen([PYTHON, "-c", code], stderr=subprocess.DEVNULL) as installer:
        end = time.monotonic() + 240
        while not (tmp_path / "child").exists() and time.monotonic() < end:
            time.sleep(0.02)
        installer.send_signal(signal.SIGINT)
        assert installer.wait(240) != 0
    assert _gone(int((tmp_path / "child").read_text()))


def test_ctrl_c_at_the_very_start_of_a_command_leaves_it_not_behind(tmp_path: Path) -> None:
    code = (
        "import os, signal, subprocess\n"
        "from dcos_installer.process import run\n"
        "class Interrupted(subprocess.Popen):\n"
        "    def __init__(self, *arguments, **options):\n"
        "        super().__init__(*arguments, **options)\n"
        f"        open({str(tmp_path / 'child')!r}, 'w').write(str(self.pid))\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "subprocess.Popen = Interrupted\n"
        "run(['sleep', '300'], deadline=300)"
    )
    done = subprocess.run([PYTHON, "-c", code], capture_output=True, text=True, timeout=240)
    assert "KeyboardInterrupt" in done.stderr
    assert _gone(int((tmp_path / "child").read_text()))


def test_secrets_are_masked_in_the_log_and_in_errors(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), pytest.raises(ProcessFailed) as caught:
        run(["sh", "-c", "echo token hunter2 >&2; exit 1", "hunter2"], deadline=240, secrets=["hunter2"])
    assert "hunter2" not in str(caught.value) + caplog.text
    assert "token [secret]" in caught.value.evidence


def test_the_environment_given_is_the_whole_environment() -> None:
    assert run(["/usr/bin/env"], deadline=240, env={"LANG": "C"}).stdout == "LANG=C\n"


def test_lines_are_seen_as_they_come() -> None:
    seen: list[str] = []
    run(["sh", "-c", "echo one; echo two"], deadline=240, on_line=seen.append)
    assert seen == ["one", "two"]
