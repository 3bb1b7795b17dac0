"""Sandboxes are made, found and removed by several threads at once: what vanishes meanwhile fails nothing."""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dcos_runtime.agent import gc
from dcos_runtime.agent.container_user import ContainerUser
from dcos_runtime.agent.launchers.oci import OciLauncher
from dcos_runtime.agent.sandbox import Sandboxes, runs_below
from tests.support.agent.surroundings import nobody_watches

USER = ContainerUser("me", os.geteuid(), os.getegid(), (os.getegid(),), "/")


@contextlib.contextmanager
def meanwhile(work: Callable[[], object]) -> Iterator[None]:
    """Does it again and again, in a thread of its own."""
    over = threading.Event()
    failures: list[BaseException] = []

    def again() -> None:
        try:
            while not over.wait(0.001):
                work()
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=again)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
    assert not failures, failures


def test_a_sandbox_is_made_while_the_empty_folders_above_it_are_removed(tmp_path: Path) -> None:
    sandboxes = Sandboxes(tmp_path)
    runs = sandboxes.runs("agent", "framework", "task")
    with meanwhile(lambda: gc._tidy(runs, sandboxes.root)):
        for number in range(300):
            sandbox = runs / str(number)
            sandboxes.make(sandbox, USER)
            assert (sandbox / "stdout").exists()
            shutil.rmtree(sandbox)


def test_sandboxes_are_found_while_others_come_and_go(tmp_path: Path) -> None:
    sandboxes = Sandboxes(tmp_path)
    stays = sandboxes.path("agent", "framework", "stays", "run")
    sandboxes.make(stays, USER)

    def comes_and_goes() -> None:
        sandboxes.make(sandboxes.path("agent", "other", "goes", "run"), USER)
        shutil.rmtree(sandboxes.root / "agent" / "frameworks" / "other")

    with meanwhile(comes_and_goes):
        for _ in range(300):
            assert stays in list(runs_below(sandboxes.root))
            assert stays in [run for _, run in gc._over(sandboxes.root, set())]


def test_hidden_names_and_links_are_found_as_well(tmp_path: Path) -> None:
    sandboxes = Sandboxes(tmp_path)
    hidden = sandboxes.path("agent", ".framework", ".task", "run")
    sandboxes.make(hidden, USER)
    assert set(runs_below(sandboxes.root)) == {hidden, hidden.with_name("latest")}


@pytest.mark.parametrize("code", [1, 255])
def test_a_container_whose_folder_is_removed_meanwhile_was_not_killed_for_memory(tmp_path: Path, code: int) -> None:
    launcher = OciLauncher(tmp_path, tmp_path, nobody_watches())
    assert launcher._killed_for_memory(code, tmp_path / "c", tmp_path / "c" / "exits" / "c", "/mesos/c") is False
