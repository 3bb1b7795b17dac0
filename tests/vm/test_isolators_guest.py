"""Isolators under a kernel whose control groups are unified, in a virtual machine, by both runtimes: hosts here divide
them, and have runc only.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.support.machines import guest

WHOLE = ("test_isolators", "test_rlimits", "test_gpus")
OF_LAUNCHERS = (
    "test_a_kill_ends_every_process_whatever_they_do",
    "test_what_a_command_leaves_running_ends_soon_under_a_small_quota",
    "test_a_container_that_is_frozen_can_be_killed",
    "test_a_container_reaches_little_of_the_kernel",
    "test_a_container_sees_its_mounts_and_nothing_makes_one_that_a_launcher_cannot",
)
OF_TASKS = (
    "test_a_task_over_its_memory_is_killed_and_says_why",
    "test_the_cpu_limit_is_what_the_task_asked_for",
    "test_a_task_is_alone_with_an_allowlist_of_the_host",
    "test_a_kill_reaches_children_that_left_the_group",
)
OF_PORTS = ("test_a_task_that_listens_where_it_was_not_offered_is_named_and_ended_where_that_is_asked",)
CHOSEN = (
    *(f"tests/contract/{name}.py" for name in WHOLE),
    *(f"tests/contract/test_agent_launchers.py::{name}" for name in OF_LAUNCHERS),
    *(f"tests/contract/test_agent_tasks.py::{name}" for name in OF_TASKS),
    *(f"tests/contract/test_agent_ports.py::{name}" for name in OF_PORTS),
)


@pytest.mark.soak
@pytest.mark.parametrize("runtime", ["crun", "runc"])
def test_what_isolators_promise_holds_where_control_groups_are_unified(runtime: str, tmp_path: Path) -> None:
    if wanted := guest.missing():
        pytest.skip(f"wants {wanted}")
    # An agent takes crun there when it finds one.
    programs = [guest.program("crun", tmp_path)] if runtime == "crun" else []
    code, said = guest.run(
        [
            *(sys.executable, "-m", "pytest", *CHOSEN, "-k", "not posix", "-v", "-rs"),
            *("-p", "no:cacheprovider", "-o", "addopts=--import-mode=importlib"),
        ],
        tmp_path,
        seconds=7200,
        programs=programs,
    )
    assert code == 0, said[-8000:]
    passed = re.search(r"(\d+) passed", said)
    assert passed and int(passed[1]) >= len(CHOSEN), said[-8000:]
    assert "test_whichever_isolator_fails_at_whatever_step_nothing_is_left[linux] PASSED" in said
