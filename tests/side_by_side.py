"""`python -m tests.side_by_side`: the tests on machines and of daemons, which mostly wait, beside those that compute.

Fourteen groups, each a pytest of its own. A cluster that several tests share belongs to one group; the others are cut
so that they take about as much of a processor each (`--cost` tells it).

Each group is a session of its own, since Linux shares processors by session (`man 7 sched`, autogroup): on a busy
host all groups together got no more than one busy loop did. So an interrupt of the terminal reaches this process alone,
which sends it on. A group whose starter was killed interrupts itself.

Not a shell's ``&``: that would have the tests run with interrupts ignored, which some of them send. Should this process
itself have been started so, it changes that.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable
from pathlib import Path

MACHINES = "tests/machines"
SEVERAL = [f"{MACHINES}/test_several_masters.py", f"{MACHINES}/test_unwell_masters.py"]
PROVIDER = [f"{MACHINES}/test_nspawn_provider.py", f"{MACHINES}/test_golden_tree.py"]
BOOTS = "tests/vm/test_small_image_boots.py"
"""An image in QEMU, with a group that would end early without it."""
OWN = [f"{MACHINES}/test_{name}.py" for name in ("existing_hosts", "killed_deploys", "roles_by_molecule")]
"""On machines of their own. The rest shares one cluster, and would else be the last to end, alone."""
DAEMONS = "tests/contract"
CORES = [f"tests/unit/{room}" for room in ("agent", "core", "leading", "marathon", "master", "sim", "store", "wire")]
INSTALLER = "tests/unit/installer"
UNIVERSE = ["tests/unit/universe", "tests/unit/cosmos"]
AGENTS = sorted(str(path) for path in Path(DAEMONS).rglob("test_agent*.py"))
KERNELS = sorted(
    str(path) for name in ("master", "marathon", "init") for path in Path(DAEMONS).rglob(f"test_{name}*.py")
)
SCALE = "tests/scale"
"""Agents without containers, in front of a real master."""
PACKAGES = [
    *sorted(str(path) for path in Path(DAEMONS).glob("test_cosmos*.py")),
    *(f"{DAEMONS}/test_{name}.py" for name in ("garbage", "load_balancer", "own_packages")),
    f"{DAEMONS}/universe",
]
HOSTS = [f"{DAEMONS}/test_{name}.py" for name in ("copy_on_hosts", "exec_on_hosts", "image_built_twice")]
"""What is done on hosts over SSH, and an image, built twice."""

STORES = sorted(
    str(path)
    for name in ("auth", "coordination", "gateway_outages", "leading", "store")
    for path in Path(DAEMONS).glob(f"test_{name}*.py")
)
"""What real ZooKeepers are started for."""


def start(*arguments: str) -> subprocess.Popen[str]:
    """One pytest of its own; what it prints comes line by line."""
    pytest = [sys.executable, "-u", "-m", "pytest", "-m", "not soak", "-rfE", "--cost", *arguments]
    return subprocess.Popen(
        ["setpriv", "--pdeathsig", "INT", *pytest],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )


def interrupt(processes: Iterable[subprocess.Popen[str]]) -> None:
    """As a terminal does it: all of a group hear it, and clear up their machines."""
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGINT)


def show(mark: str, process: subprocess.Popen[str], failures: list[str]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        print(f"{mark}{line}", end="", flush=True)
        if line.startswith(("FAILED ", "ERROR ")):
            failures.append(line.rstrip()[:300])


def main() -> int:
    """0 when all went well; else the first other code."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    groups = {
        "machines": start(MACHINES, *(f"--ignore={path}" for path in SEVERAL + PROVIDER + OWN)),
        "several": start(*SEVERAL),
        "provider": start(*PROVIDER, BOOTS),
        "own": start(*OWN),
        "agents": start(*AGENTS),
        "kernels": start(*KERNELS, SCALE),
        "packages": start(*PACKAGES),
        "stores": start(*STORES),
        "hosts": start(*HOSTS),
        "daemons": start(DAEMONS, *(f"--ignore={path}" for path in (*AGENTS, *KERNELS, *PACKAGES, *STORES, *HOSTS))),
        "installer": start(INSTALLER),
        "universe": start(*UNIVERSE),
        "cores": start(*CORES),
        "others": start(
            "tests", *(f"--ignore={path}" for path in (MACHINES, DAEMONS, SCALE, INSTALLER, BOOTS, *UNIVERSE, *CORES))
        ),
    }
    failures: list[str] = []
    readers = [
        threading.Thread(target=show, args=(f"{name:9} | ", process, failures)) for name, process in groups.items()
    ]
    for reader in readers:
        reader.start()
    try:
        codes = [process.wait() for process in groups.values()]
    except KeyboardInterrupt:
        interrupt(groups.values())
        codes = [process.wait() or 130 for process in groups.values()]
    for reader in readers:
        reader.join()
    print(*failures, sep="\n", flush=True)  # again, for a reader of the end only
    for name, code in zip(groups, codes, strict=True):
        print(f"{name}: {'passed' if code == 0 else f'failed ({code})'}", flush=True)
    return next((code for code in codes if code), 0)


if __name__ == "__main__":
    sys.exit(main())
