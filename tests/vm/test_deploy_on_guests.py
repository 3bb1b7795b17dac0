"""A cluster on virtual machines made from the image ``vm``, through a real libvirtd: deployed with the same roles,
nothing uploaded, an app in it held by unified control groups.

It takes some ten minutes where QEMU emulates the processor.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dcos_images.data import definitions_dir
from tests.support.daemons.byhand import wait_for
from tests.support.machines import inventories
from tests.support.machines.apps import app, pids, running
from tests.support.machines.deployed import Deployed

HOURS = 2 * 3600.0
NETWORK = "198.18.63."
# Machines outlive libvirtd, so they have no parent here. Where process 1 does not clear what has ended, libvirtd
# waits for each of them until it gives up.
_REAPER = """
import ctypes, os, subprocess, sys
ctypes.CDLL(None).prctl(36, 1)  # PR_SET_CHILD_SUBREAPER
subprocess.Popen(sys.argv[1:])
while True:
    os.wait()
"""

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif(
        os.geteuid() != 0 or any(shutil.which(one) is None for one in ("qemu-system-x86_64", "libvirtd", "virtlogd")),
        reason="needs root, and what installer/setup-host hypervisor brings",
    ),
]


def answers() -> bool:
    done = subprocess.run(["virsh", "-c", "qemu:///system", "version"], capture_output=True, timeout=600)
    return done.returncode == 0


@pytest.fixture(scope="module")
def libvirtd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The host's own where it runs; else one for these tests, which needs no systemd."""
    if answers():
        yield
        return
    settings = tmp_path_factory.mktemp("libvirt") / "libvirtd.conf"
    settings.write_text('auth_unix_ro = "none"\nauth_unix_rw = "none"\n')
    daemons = [
        subprocess.Popen([sys.executable, "-c", _REAPER, *argv], stdin=subprocess.DEVNULL, start_new_session=True)
        for argv in (["virtlogd"], ["libvirtd", "--config", str(settings)])
    ]
    try:
        wait_for(answers, 600, "libvirtd's answer")
        yield
    finally:
        for daemon in reversed(daemons):
            os.killpg(daemon.pid, signal.SIGTERM)
            daemon.wait(600)


@pytest.fixture(scope="module")
def guests(libvirtd: None) -> Iterator[Deployed]:
    """One master and one agent, deployed through the command line."""
    home = inventories.tests_home("guests")
    home.mkdir(parents=True, exist_ok=True)
    text = (inventories.ROOT / "inventories/libvirt.ini").read_text()
    kept = {"dcos_cluster_name": "guests", "dcos_libvirt_network": f"{NETWORK}0/24", "dcos_libvirt_pool": "dcos-tests"}
    variables = dict(re.findall(r"^(dcos_\w+)=(.*)$", text.split("[all:vars]")[1], re.MULTILINE)) | kept
    lines = "".join(f"{name}={value}\n" for name, value in variables.items())
    hosts = f"[masters]\nmaster1 ansible_host={NETWORK}11 dcos_mem=2048\n[agents]\nagent1 ansible_host={NETWORK}21\n"
    (home / "inventory.ini").write_text(f"{hosts}[all:vars]\n{lines}")
    made = Deployed(home / "inventory.ini", home)
    if (home / "state").exists():
        made.installer("destroy", "--yes", timeout=HOURS)
        shutil.rmtree(home / "state", ignore_errors=True)
    try:
        done = made.installer("deploy", "--json", timeout=HOURS)
        made.output = done.stdout
        assert done.returncode == 0, done.stdout[-5000:] + done.stderr
        yield made
    finally:
        gone = made.installer("destroy", "--yes", timeout=HOURS)
        assert gone.returncode == 0, gone.stdout + gone.stderr


def test_the_same_roles_are_deployed_and_nothing_is_uploaded(guests: Deployed) -> None:
    events = guests.events(guests.output)
    phases = {event["phase"]: event["seconds"] for event in events if event["kind"] == "phase-finished"}
    print(", ".join(f"{name} {seconds:.0f} s" for name, seconds in phases.items()), file=sys.stderr)
    assert "Upload the bundle" in {event["phase"] for event in events if event["kind"] == "phase-skipped"}
    again = guests.installer("plan", timeout=HOURS)
    assert again.returncode == 0 and "nothing to change" in again.stdout, again.stdout + again.stderr


def test_the_machines_are_as_their_image_says(guests: Deployed) -> None:
    for host in guests.hosts:
        assert guests.ssh(host, "stat -fc %T /sys/fs/cgroup") == "cgroup2fs"
        assert guests.ssh(host, "findmnt -no FSTYPE /") == "erofs"
        assert "ro" in guests.ssh(host, "findmnt -no OPTIONS /").split(",")
        # What the image has of it is what there is: no deploy has written to it.
        assert guests.ssh(host, "ls /state/etc/upper | grep -cx passwd || true") == "0"
        (package,) = guests.ssh(host, "ls /usr/lib/dcos/packages").split()
        assert guests.ssh(host, "ls /opt/dcos/packages").split() == [package]
        assert guests.ssh(host, "readlink -f /opt/dcos/active/bin/dcos") == f"/opt/dcos/packages/{package}/bin/dcos"
        assert guests.ssh(host, "systemctl --failed --no-legend --plain") == ""


def test_an_app_is_held_by_its_limits_in_the_guest(guests: Deployed) -> None:
    with app(guests, "half", patience=HOURS, cmd="exec sleep 100000", cpus=0.5) as name:
        (task,) = running(guests, name, 1, HOURS)
        pid = pids(guests, task)[-1]
        (line,) = guests.ssh("agent1", f"cat /proc/{pid}/cgroup").splitlines()
        group = f"/sys/fs/cgroup{line.removeprefix('0::')}"
        assert guests.ssh("agent1", f"cat {group}/memory.max") == str(64 << 20)
        quota, period = guests.ssh("agent1", f"cat {group}/cpu.max").split()
        assert int(quota) / int(period) == pytest.approx(0.5)


def test_an_app_that_takes_more_memory_is_ended_by_the_guests_own_linux(guests: Deployed) -> None:
    hog = "exec python3 -c 'import time; b = bytearray(200 << 20); time.sleep(10000)'"
    with app(guests, "hog", patience=HOURS, cmd=hog, mem=48, backoffSeconds=5):

        def failure() -> dict[str, Any] | None:
            answer = guests.marathon("/v2/apps/hog?embed=app.lastTaskFailure")["app"]
            told: dict[str, Any] | None = answer.get("lastTaskFailure")
            return told

        told = wait_for(failure, HOURS, "the reason")
        assert told["state"] == "TASK_FAILED" and "memory" in told["message"].lower(), told


def test_another_image_comes_to_the_machines_one_after_another(guests: Deployed, tmp_path: Path) -> None:
    """The last test: machines run from their other slots afterwards."""
    definitions = tmp_path / "definitions"
    shutil.copytree(definitions_dir(), definitions)
    (definitions / "vm/version").write_text("two\n")
    with (definitions / "vm/image.toml").open("a") as file:
        file.write('\n[[file]]\npath = "/etc/dcos-test"\nsource = "version"\nmode = "0644"\n')
    words = ("--image", "vm", "--definitions", str(definitions), "--json")
    before = {host: guests.ssh(host, "cat /state/image") for host in guests.hosts}
    with app(guests, "steady", patience=HOURS, cmd="exec sleep 100000") as name:
        running(guests, name, 1, HOURS)
        done = guests.installer("upgrade", *words, timeout=HOURS)
        assert done.returncode == 0, done.stdout[-5000:] + done.stderr
        events = guests.events(done.stdout)
        phases = {event["phase"]: event["seconds"] for event in events if event["kind"] == "phase-finished"}
        print(", ".join(f"{title} {seconds:.0f} s" for title, seconds in phases.items()), file=sys.stderr)
        notes = [f"{event.get('host', '')}: {event['text']}" for event in events if event["kind"] == "note"]
        assert [one for one in notes if one.startswith("agent1: its restart ends 1 task: steady; ")], notes
        started = [
            event["host"] for event in events if event["kind"] == "change-started" and "start it" in event["text"]
        ]
        assert started == ["master1", "agent1"]
        now = {host: guests.ssh(host, "cat /state/image") for host in guests.hosts}
        assert len(set(now.values())) == 1 and not set(now.values()) & set(before.values())
        assert {guests.ssh(host, "cat /etc/dcos-test") for host in guests.hosts} == {"two"}
        running(guests, name, 1, HOURS)
    # A machine that takes too long for its answer is told as silent, and on a busy host an emulated one may.
    wait_for(lambda: guests.installer("status", timeout=HOURS).returncode == 0, HOURS, "a cluster that is well")
    again = guests.installer("upgrade", *words, timeout=HOURS)
    assert again.returncode == 0 and "every machine runs this image" in again.stdout, again.stdout + again.stderr
    guests.ssh("master1", "test ! -e /var/lib/dcos-installer/lock")
