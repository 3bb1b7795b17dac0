"""Deploying four local machines: from nothing, with caches warm, and with nothing to do."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.bench.figures import Bench, Measured, NotHere, at_most, figure
from tests.support.machines.deployed import Deployed

ROOT = Path(__file__).resolve().parents[2]
NETWORK = "198.18.102."


class Lab:
    """One cluster of ``inventories/local.ini`` in a network of its own, with its own state and caches."""

    def __init__(self, folder: Path, programs: Path, cache: Path | None) -> None:
        self.programs = programs
        text = (ROOT / "inventories/local.ini").read_text().replace("198.18.0.", NETWORK)
        self.inventory = folder / "bench.ini"
        self.inventory.write_text(text.replace("dcos_cluster_name=local", "dcos_cluster_name=bench"))
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("DCOS_", "ANSIBLE_"))}
        self.environment = {**kept, "XDG_STATE_HOME": str(folder / "state"), "DCOS_DIR": str(folder / "client")}
        if cache is not None:
            self.environment["XDG_CACHE_HOME"] = str(cache)

    def run(self, verb: str, *words: str) -> tuple[float, dict[str, float]]:
        """Seconds of the whole command, and of each phase. Raises ``RuntimeError``."""
        argv = [str(self.programs / "dcos-installer"), verb, "--json", *words, str(self.inventory)]
        started = time.perf_counter()
        done = subprocess.run(argv, capture_output=True, text=True, env=self.environment)
        seconds = time.perf_counter() - started
        if done.returncode:
            raise RuntimeError(f"{verb} failed: {done.stdout[-1500:]}{done.stderr[-1500:]}")
        phases: dict[str, float] = {}
        for event in map(json.loads, done.stdout.splitlines()):
            if event["kind"] == "phase-finished":
                phases[event["phase"]] = float(event.get("seconds") or 0.0)
        return seconds, phases


def by_phase(phases: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {seconds:.1f}" for name, seconds in phases.items() if seconds >= 0.05)


@contextlib.contextmanager
def warm(bench: Bench) -> Iterator[Lab]:
    """A cluster's place with golden tree and bundle in the cache."""
    _root()
    lab = Lab(bench.place("warm"), Path(sys.executable).parent, None)
    lab.run("deploy")
    try:
        yield lab
    finally:
        lab.run("destroy", "--yes")


def _root() -> None:
    if os.geteuid() != 0:
        raise NotHere("machines are made by root")


@figure(
    "deploy.cold",
    "make deploy of 4 machines with nothing cached but the registries' own answers, by phase",
    unit="s",
    how="git clone, make setup, dcos-installer deploy, all caches empty",
    aim=at_most(80),
)
def cold(bench: Bench) -> Measured:
    _root()
    if not (ROOT / ".git").exists() or not shutil.which("git"):
        raise NotHere("a git checkout to clone")
    samples, note = [], ""
    for _ in bench.times(1):
        place = bench.place("cold")
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(place / "clone")], check=True)
        started = time.perf_counter()
        environment = {**os.environ, "XDG_CACHE_HOME": str(place / "cache")}
        make = ["make", "--quiet", "setup", "PREPARED=machine"]  # as make deploy has it
        subprocess.run(make, cwd=place / "clone", check=True, capture_output=True, env=environment)
        setup = time.perf_counter() - started
        lab = Lab(place, place / "clone/.venv/bin", place / "cache")
        try:
            seconds, phases = lab.run("deploy")
        finally:
            lab.run("destroy", "--yes")
        samples.append(setup + seconds)
        note = f"set-up {setup:.1f}, {by_phase(phases)}"
    return Measured(samples, note=note)


@figure(
    "deploy.warm",
    "deploy of 4 machines, golden tree and bundle cached",
    unit="s",
    how="dcos-installer deploy after dcos-installer destroy",
    aim=at_most(14),
)
def warm_deploy(bench: Bench) -> Measured:
    lab = bench.shared(warm)
    samples, note = [], ""
    for _ in bench.times(3):
        lab.run("destroy", "--yes")
        seconds, phases = lab.run("deploy")
        samples.append(seconds)
        note = by_phase(phases)
    return Measured(samples, note=note)


@figure(
    "deploy.no_op",
    "deploy of 4 machines that finds nothing to change",
    unit="s",
    how="dcos-installer deploy of a deployed cluster",
    aim=at_most(4),
)
def no_op(bench: Bench) -> Measured:
    lab = bench.shared(warm)
    samples, note = [], ""
    for _ in bench.times(5):
        seconds, phases = lab.run("deploy")
        samples.append(seconds)
        note = by_phase(phases)
    return Measured(samples, note=note)


_REGISTERED = """
set -e
boot=$(busctl get-property org.freedesktop.systemd1 /org/freedesktop/systemd1 org.freedesktop.systemd1.Manager \\
    UserspaceTimestamp | cut -d' ' -f2)
until line=$(journalctl --boot --unit dcos-agent.service --output short-unix --no-pager |
    grep -m 1 'registered with master'); do sleep 0.2; done
echo "$boot $line" | cut -d' ' -f1,2
"""


@figure(
    "machines.boot_to_agent",
    "a local machine from its boot to its agent registered",
    unit="s",
    how="dcos-installer power-off and start; from systemd's own start in the machine to the agent's line about it",
    aim=at_most(4),
)
def boot_to_agent(bench: Bench) -> Measured:
    lab = bench.shared(warm)
    cluster = Deployed(lab.inventory, Path(lab.environment["XDG_STATE_HOME"]).parent)
    samples = []
    for _ in bench.times(3):
        cluster.power_off("agent1")
        cluster.start("agent1")
        boot, registered = cluster.ssh("agent1", _REGISTERED).split()
        samples.append(float(registered) - int(boot) / 1e6)
    return Measured(samples)
