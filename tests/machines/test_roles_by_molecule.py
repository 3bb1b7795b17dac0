"""Each role by itself: a machine of our provider, a plain ansible-playbook twice, and testinfra, all by molecule."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dcos_installer.data import roles_dir
from dcos_installer.services import installed
from tests.support.machines.inventories import tests_home as home_of

pytestmark = pytest.mark.machines

MOLECULE = Path(sys.executable).with_name("molecule")
SHARED = ("common", "zookeeper")
"""Two that are cheap, and run on one machine."""


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """The operator's folder; its machine is gone afterwards, and so is what a killed run left."""
    if os.geteuid() != 0:
        pytest.skip("machines are made by root")
    folder = home_of("molecule")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        molecule(folder, "common", "destroy")
        try:
            yield folder
        finally:
            molecule(folder, "common", "destroy")
            shutil.rmtree(folder, ignore_errors=True)


def molecule(home: Path, role: str, *words: str) -> str:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "MOLECULE_"))}
    environment = kept | {
        "DCOS_MOLECULE_HOME": str(home),
        "DCOS_MOLECULE_NETWORK": "198.18.106",
        "PATH": f"{MOLECULE.parent}:{os.environ['PATH']}",
        "NO_COLOR": "1",
        "LC_ALL": "C.UTF-8",
    }
    done = subprocess.run(
        [str(MOLECULE), *words], cwd=roles_dir() / role, env=environment, capture_output=True, text=True, timeout=1800
    )
    assert done.returncode == 0, f"molecule {' '.join(words)} of {role}:\n{done.stdout[-6000:]}\n{done.stderr[-6000:]}"
    return done.stdout + done.stderr


def test_every_role_has_a_scenario() -> None:
    for service in installed():
        assert (roles_dir() / service.name / "molecule" / "default" / "molecule.yml").is_file(), service.name


def test_two_roles_converge_on_a_machine_change_nothing_twice_and_show_what_their_descriptors_say(home: Path) -> None:
    molecule(home, SHARED[0], "create")
    for role in SHARED:
        molecule(home, role, "converge")
        molecule(home, role, "idempotence")
        assert "passed" in molecule(home, role, "verify")


@pytest.mark.soak
@pytest.mark.parametrize("role", [service.name for service in installed()])
def test_a_role_stands_by_itself(home: Path, role: str) -> None:
    assert "passed" in molecule(home, role, "test")
