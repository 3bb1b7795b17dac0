"""Project quotas under a kernel that has them, in a virtual machine: most hosts of these tests have none."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.support.machines import guest

ALL = "tests/contract/test_disk_quota.py"


@pytest.mark.soak
def test_tasks_are_held_to_their_disk_by_the_quotas_of_ext4_and_xfs(tmp_path: Path) -> None:
    if wanted := guest.missing():
        pytest.skip(f"wants {wanted}")
    code, said = guest.run(
        [sys.executable, "-m", "pytest", ALL, "-p", "no:cacheprovider", "-o", "addopts=--import-mode=importlib", "-q"],
        tmp_path,
        seconds=3600,
    )
    assert code == 0, said[-6000:]
    assert " passed" in said
