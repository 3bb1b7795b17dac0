"""`beside`: what is done next to the caller's own work, and what becomes of it when either fails."""

from __future__ import annotations

import sys
import threading

import pytest

from dcos_installer.at_once import beside
from dcos_installer.process import run

PATIENCE = 240.0


def test_both_are_done_at_the_same_time_and_what_fails_is_raised_to_who_asks() -> None:
    begun, go_on = threading.Event(), threading.Event()

    def work() -> int:
        begun.set()
        assert go_on.wait(PATIENCE)
        return 7

    with beside(work) as result:
        assert begun.wait(PATIENCE)
        go_on.set()
        assert result() == 7

    def fail() -> int:
        raise LookupError("nothing there")

    with beside(fail) as result, pytest.raises(LookupError, match="nothing there"):
        result()


def test_a_caller_that_is_interrupted_ends_the_command_beside_it() -> None:
    ended: list[BaseException] = []
    begun = threading.Event()
    command = [sys.executable, "-c", "import time; print('on', flush=True); time.sleep(600)"]

    def work() -> None:
        try:
            run(command, deadline=600, on_line=lambda line: begun.set())
        except BaseException as error:
            ended.append(error)

    with pytest.raises(KeyboardInterrupt), beside(work):
        assert begun.wait(PATIENCE)
        raise KeyboardInterrupt
    assert len(ended) == 1
