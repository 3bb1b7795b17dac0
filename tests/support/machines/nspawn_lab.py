"""Machines for tests: a small cluster on this host, with its own network, removed afterwards in any case."""

from __future__ import annotations

import fcntl
import os
import shlex
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from dcos_installer.config.model import ClusterSpec, HostSpec, SshSpec
from dcos_installer.machines import SshTarget
from dcos_installer.providers.base import Order, Provider, Results, failed
from dcos_installer.providers.nspawn.provider import NspawnProvider

needs_machines = pytest.mark.skipif(os.geteuid() != 0, reason="machines are made by root")


@dataclass(frozen=True)
class Lab:
    """A provider, the cluster it serves, and a way to run commands on its machines."""

    provider: Provider
    spec: ClusterSpec
    state_dir: Path

    def ssh(self, name: str, command: str, *options: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Runs a shell command on a machine, as root, over strictly checked SSH."""
        argv = ssh_command(self.provider.ssh(self.spec.host(name)), *options)
        done = subprocess.run([*argv, command], capture_output=True, text=True, timeout=600, stdin=subprocess.DEVNULL)
        assert not check or done.returncode == 0, f"{name}: {command}\n{done.stdout}{done.stderr}"
        return done

    def python(self, name: str, code: str) -> str:
        """The output of a piece of Python on a machine."""
        return self.ssh(name, f"python3 -c {shlex.quote(code)}").stdout


def orders(hosts: Iterable[HostSpec]) -> list[Order]:
    """The orders of these machines."""
    return [Order(host, f"token-of-{host.name}") for host in hosts]


def done(results: Results) -> Results:
    """The results, if everything succeeded; otherwise raises the first failure."""
    for error in failed(results).values():
        raise error
    return results


def ssh_command(target: SshTarget, *options: str) -> list[str]:
    argv = ["ssh", "-p", str(target.port), "-o", "StrictHostKeyChecking=yes", "-o", "BatchMode=yes", *options]
    if target.known_hosts_file is not None:
        argv += ["-o", f"UserKnownHostsFile={target.known_hosts_file}", "-o", "GlobalKnownHostsFile=/dev/null"]
    if target.identity_file is not None:
        argv += ["-i", str(target.identity_file), "-o", "IdentitiesOnly=yes"]
    return [*argv, f"{target.user}@{target.address}"]


def cluster(number: int, *names: str, **shape: float | int | None) -> ClusterSpec:
    """A cluster of agents in the network 198.18.<number>.0/24; its id is the same in every run."""
    network = f"198.18.{number}"
    shape.setdefault("disk_mb", 2048)  # without it each cluster leaves half as much room to those beside it
    return ClusterSpec(
        name=f"lab{number}",
        cluster_id=f"7e57{number:04x}-0000-4000-8000-000000000000",
        provider="nspawn",
        hosts=tuple(
            HostSpec(
                name=name,
                address=f"{network}.{index}",
                roles=frozenset({"agent"}),
                ssh=SshSpec(address=f"{network}.{index}"),
                **shape,  # type: ignore[arg-type]  # given by keyword
            )
            for index, name in enumerate(names, start=11)
        ),
        options={"dcos_network": f"{network}.0/24"},
        inventory_path=Path("lab.ini"),
    )


@contextmanager
def lab(spec: ClusterSpec, state_dir: Path) -> Iterator[Lab]:
    """The cluster's provider, with nothing made yet. Runs of the same cluster on one host wait for each other."""
    with Path("/run/lock", f"dcos-{spec.name}").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        provider = NspawnProvider(spec, state_dir)
        provider.destroy()  # what a run that was killed left behind
        try:
            yield Lab(provider, spec, state_dir)
        finally:
            provider.destroy()


CONTAINER = """
import json, pathlib, subprocess, sys, time
runtime, memory, quota, script = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
bundle = pathlib.Path("/var/tmp/container"); bundle.mkdir(exist_ok=True)
(bundle / "work").mkdir(exist_ok=True); (bundle / "exits").mkdir(exist_ok=True)
for stale in [*(bundle / "exits").iterdir(), *(bundle / "work").iterdir()]: stale.unlink()
(bundle / "config.json").unlink(missing_ok=True)
subprocess.run([runtime, "spec"], cwd=bundle, check=True)
config = json.loads((bundle / "config.json").read_text())
config["process"].update(terminal=False, args=["/bin/sh", "-c", script])
rootfs = bundle / "rootfs"
(rootfs / "usr").mkdir(parents=True, exist_ok=True)
for name in ("bin", "lib", "lib64"):
    (rootfs / name).is_symlink() or (rootfs / name).symlink_to("usr/" + name)
config["mounts"].append({"destination": "/usr", "type": "none", "source": "/usr", "options": ["rbind", "ro"]})
config["linux"]["cgroupsPath"] = "/jobs/t1"
config["linux"]["resources"].update(memory={"limit": memory, "swap": memory}, cpu={"quota": quota, "period": 100000})
(bundle / "config.json").write_text(json.dumps(config))
subprocess.run([runtime, "delete", "--force", "t1"], stderr=subprocess.DEVNULL)
subprocess.run(["conmon", "--cid", "t1", "--cuuid", "t1", "--name", "t1", "--runtime", runtime, "--bundle", str(bundle),
    "--container-pidfile", str(bundle / "pid"), "--conmon-pidfile", str(bundle / "conmon-pid"),
    "--exit-dir", str(bundle / "exits"), "--persist-dir", str(bundle), "--log-path", "k8s-file:" + str(bundle / "log"),
    "--socket-dir-path", str(bundle / "work"), "--no-new-keyring"], cwd=bundle / "work", check=True)
deadline = time.monotonic() + 240  # conmon goes into the background before the runtime is done
while subprocess.run([runtime, "state", "t1"], capture_output=True).returncode:
    assert time.monotonic() < deadline, "the container was not created"
    time.sleep(0.05)
subprocess.run([runtime, "start", "t1"], check=True)
"""
"""Starts a container as the agent does: runtime, memory in bytes, processor quota, shell script."""
