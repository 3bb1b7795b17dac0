"""Every broken inventory is refused with file, line and remedy. The cases are data: NAME.ini and NAME.expected."""

from __future__ import annotations

from pathlib import Path

import pytest

from dcos_installer.config.limits import HostLimits
from dcos_installer.config.problems import InventoryInvalid
from dcos_installer.spec import load_spec

FOLDER = Path(__file__).parent / "broken_inventories"
CASES = sorted(path.stem for path in FOLDER.glob("*.ini"))


@pytest.mark.parametrize("case", CASES)
def test_a_broken_inventory_is_refused_with_every_line_and_remedy(case: str) -> None:
    path = FOLDER / f"{case}.ini"
    expected = (FOLDER / f"{case}.expected").read_text().splitlines()
    with pytest.raises(InventoryInvalid) as caught:
        load_spec(path, limits=HostLimits(cpus=8, mem_mb=16000))
    problems = [str(problem).removeprefix(f"{path}:") for problem in caught.value.problems]
    assert problems == expected
    assert all(problem.remedy for problem in caught.value.problems)
    assert str(path) in str(caught.value)


def test_there_are_many_cases_and_no_expectation_without_its_inventory() -> None:
    assert len(CASES) >= 60
    assert sorted(path.stem for path in FOLDER.glob("*.expected")) == CASES
