"""Apps with container images on a deployed cluster, where a machine's root is an overlay itself."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from dcos_installer.providers.nspawn.machine import MachineFolder
from dcos_installer.providers.nspawn.remains import MACHINES_DIR
from tests.support.agent.image_lab import Entry, make_layout, programs, tar
from tests.support.daemons.byhand import wait_for
from tests.support.machines.deployed import Deployed
from tests.support.machines.nspawn_lab import needs_machines

pytestmark = [pytest.mark.machines, needs_machines]

ROOTS = "grep -c '^overlay.*/oci/' /proc/mounts || true"
"""Counts the containers that have an overlay as their root."""


def test_an_app_runs_in_an_image_twice_from_one_copy(cluster: Deployed, tmp_path: Path) -> None:
    """Machines have no way out, so the image is in a folder; its layers are unpacked once, and overlays of them are
    the roots of both instances.
    """
    layers = [programs(), tar(Entry("mark", b"of the image\n"))]
    layout = make_layout(tmp_path / "app", layers, {"Env": ["PATH=/bin"]}, "1")
    home = MACHINES_DIR / cluster.state_folder.cluster_id[:8]
    images = [MachineFolder(home / agent).root / "srv/images" for agent in cluster.agents]
    for folder in images:
        shutil.copytree(layout, folder / "lab/app")
    count = 2 * len(cluster.agents)
    definition = {
        "id": "/imaged",
        "cmd": "cat /mark; ls /; echo LOOKED; sleep 1000",
        "cpus": 0.1,
        "mem": 64,
        "instances": count,
        "constraints": [["hostname", "MAX_PER", "2"]],
        "container": {"type": "MESOS", "docker": {"image": "lab/app:1"}},
    }
    added = cluster.dcos("marathon", "app", "add", stdin=json.dumps(definition))
    assert added.returncode == 0, added.stderr
    try:

        def looked() -> str:
            shown = cluster.dcos("task", "log", "--lines", "50", "imaged").stdout
            return shown if shown.count("LOOKED") == count else ""

        told = wait_for(looked, 120, "what the tasks saw")
        assert told.count("of the image") == count and "home" not in told.split()
        for agent in cluster.agents:
            counted = cluster.ssh(agent, f"ls /var/lib/dcos/agent/store/layers | wc -l; {ROOTS}")
            assert counted.split() == ["2", "2"]
    finally:
        cluster.dcos("marathon", "app", "remove", "--force", "/imaged")
        for folder in images:
            shutil.rmtree(folder)
    wait_for(lambda: all(cluster.ssh(agent, ROOTS) == "0" for agent in cluster.agents), 60, "the end of their roots")
