"""A cluster during its deploys: runs of the installer that continue, are killed, or fail, and their state."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.machines.deployed import PROGRAMS, Deployed


class Run:
    """A run of the installer whose events are read as they come."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.seen: list[dict[str, Any]] = []

    def until(self, kind: str, text: str = "", phase: str = "") -> dict[str, Any]:
        """The next event of this kind, of that phase, with ``text`` in its text; the run must get that far."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            event: dict[str, Any] = json.loads(line)
            self.seen.append(event)
            if event["kind"] == kind and text in event.get("text", "") and phase in ("", event.get("phase")):
                return event
        assert self.process.stderr is not None
        raise AssertionError(f"no {kind} {text!r}: {self.seen[-3:]}\n{self.process.stderr.read()}")

    def kill(self) -> None:
        """Like a power cut: no part of the installer can clean up."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@contextmanager
def running(cluster: Deployed, verb: str) -> Iterator[Run]:
    """A run in progress; killed at the end if it still runs."""
    with subprocess.Popen(
        [str(PROGRAMS / "dcos-installer"), verb, "--json", str(cluster.inventory)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        env=cluster.environment,
    ) as process:
        run = Run(process)
        try:
            yield run
        finally:
            run.kill()


def events(cluster: Deployed, verb: str) -> list[dict[str, Any]]:
    """The events of a successful run."""
    done = cluster.installer(verb, "--json")
    assert done.returncode == 0, f"{verb} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
    return [json.loads(line) for line in done.stdout.splitlines()]


def applied(reported: list[dict[str, Any]]) -> set[str]:
    """The hosts to which a run applied a generation."""
    return {event["host"] for event in reported if event["kind"] == "change-finished" and "apply" in event["text"]}


@contextmanager
def undeployed(name: str, inventory: str) -> Iterator[Deployed]:
    """A cluster that is not deployed yet; removed afterwards in any case, with the remains of a killed test run."""
    if os.geteuid() != 0:
        pytest.skip("machines are made by root")
    home = Path(tempfile.gettempdir(), f"dcos-test-{name}")
    home.mkdir(mode=0o700, exist_ok=True)
    path = home / "inventory.ini"
    with Path(tempfile.gettempdir(), f"dcos-test-{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if path.exists():
            destroy(Deployed(path, home))
        path.write_text(inventory)
        cluster = Deployed(path, home)
        try:
            yield cluster
        finally:
            destroy(cluster)
            shutil.rmtree(home)


def destroy(cluster: Deployed) -> str:
    done = cluster.installer("destroy", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def operators_processes(cluster: Deployed) -> list[str]:
    """The installer's processes and their children, recognized by the operator's folder on their command lines."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and folder.name != str(os.getpid()):
            with contextlib.suppress(OSError):
                said = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                if f"{cluster.home}/" in said:
                    found.append(said)
    return found


def traces(short_id: str) -> dict[str, list[str]]:
    """Everything of a cluster on this host, by the first part of its id: folders, mounts, groups, links, processes."""
    processes = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and folder.name != str(os.getpid()):
            try:
                said = ((folder / "cgroup").read_bytes() + (folder / "cmdline").read_bytes()).decode(errors="replace")
            except OSError:
                continue
            if short_id in said:
                processes.append(f"{folder.name} {said[:100]!r}")
    links = []
    for link in Path("/sys/class/net").iterdir():
        alias = ""
        with contextlib.suppress(OSError):  # others' links come and go
            alias = (link / "ifalias").read_text()
        if short_id in link.name or short_id in alias:
            links.append(link.name)
    groups = "/sys/fs/cgroup"  # others make and remove groups meanwhile: os.walk lives with that, Path.glob does not
    return {
        "machines": [str(path) for path in Path("/var/lib/dcos-machines").glob(f"{short_id}*")],
        "mounts": [line for line in Path("/proc/self/mounts").read_text().splitlines() if short_id in line],
        "cgroups": [folder for folder, _, _ in os.walk(groups) if short_id in Path(folder).name],
        "links": links,
        "processes": processes,
    }
