"""One cluster for all tests that need one, deployed once through the command line and destroyed at the end."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator

import pytest

from tests.support.machines import several as several_machines
from tests.support.machines.deployed import Deployed
from tests.support.machines.inventories import local_inventory, tests_home


@pytest.fixture(scope="session")
def cluster() -> Iterator[Deployed]:
    """The cluster of ``inventories/local.ini``. Tests leave it as they found it."""
    if os.geteuid() != 0:
        pytest.skip("machines are made by root")
    home = tests_home("cluster")
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = Deployed(local_inventory(home, 101, "dcos-tests"), home)
        if (home / "state").exists():
            made.installer("destroy", "--yes")
            shutil.rmtree(home / "state", ignore_errors=True)
        done = made.installer("deploy")
        made.output = done.stdout
        try:
            assert done.returncode == 0, done.stdout + done.stderr
            yield made
        finally:
            gone = made.documented("destroy")
            assert gone.returncode == 0, gone.stdout + gone.stderr


@pytest.fixture(scope="session")
def several() -> Iterator[several_machines.Several]:
    """Three masters and three agents. Tests leave them as they found them."""
    if os.geteuid() != 0:
        pytest.skip("machines are made by root")
    # Its operator's surroundings are odd ones: folders, umask, TMPDIR and locale (`Several.environment`).
    with several_machines.deployed(tests_home('it\'s "several" für 50%'), "dcos-several", 103) as made:
        yield made
