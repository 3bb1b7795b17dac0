"""Ports of daemons under a kernel whose control groups are unified, in a virtual machine: hosts here divide them."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.support.machines import guest

WANTED = (
    "test_a_task_gets_no_port_of_a_daemon_and_none_below_1024_but_offered_ones_and_any_other",
    "test_a_task_does_not_get_the_port_of_an_agent_that_died_and_the_agent_comes_back_to_it",
    "test_a_restarted_agent_has_one_program_a_hook_and_new_ports_replace_the_old_ones",
    "test_ports_are_closed_in_either_kind_of_cgroups_and_a_kernel_that_refuses_is_told_with_what_it_wants",
)


@pytest.mark.soak
def test_tasks_are_kept_from_the_ports_of_daemons_where_control_groups_are_unified(tmp_path: Path) -> None:
    if wanted := guest.missing():
        pytest.skip(f"wants {wanted}")
    tests = [f"tests/contract/test_agent_ports.py::{name}" for name in WANTED]
    code, said = guest.run(
        [sys.executable, "-m", "pytest", *tests, "-p", "no:cacheprovider", "-o", "addopts=--import-mode=importlib -rs"],
        tmp_path,
        seconds=3600,
    )
    assert code == 0, said[-6000:]
    passed = re.search(r"(\d+) passed", said)
    assert passed and "skipped" not in said, said[-6000:]
    assert int(passed[1]) >= len(WANTED)
