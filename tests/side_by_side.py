"""`python -m tests.side_by_side`: the tests on machines and of daemons, which mostly wait, beside those that compute.

Seven groups, each a pytest of its own. A cluster that several tests share belongs to one group.

Not a shell's ``&``: that would have the tests run with interrupts ignored, which some of them send. Should this process
itself have been started so, it changes that.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path

MACHINES = "tests/machines"
SEVERAL = [f"{MACHINES}/test_several_masters.py", f"{MACHINES}/test_unwell_masters.py"]
PROVIDER = [f"{MACHINES}/test_nspawn_provider.py", f"{MACHINES}/test_golden_tree.py"]
DAEMONS = "tests/contract"
INSTALLER = "tests/unit/installer"
KERNELS = sorted(
    str(path) for name in ("agent", "master", "marathon", "init") for path in Path(DAEMONS).rglob(f"test_{name}*.py")
)


def start(*arguments: str) -> subprocess.Popen[str]:
    """One pytest of its own; what it prints comes line by line."""
    argv = [sys.executable, "-u", "-m", "pytest", "-m", "not soak", "-rfE", "--cost", *arguments]
    return subprocess.Popen(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )


def show(mark: str, process: subprocess.Popen[str], failures: list[str]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        print(f"{mark}{line}", end="", flush=True)
        if line.startswith(("FAILED ", "ERROR ")):
            failures.append(line.rstrip()[:300])


def main() -> int:
    """0 when all went well; else the first code that is none of success."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    groups = {
        "machines": start(MACHINES, *(f"--ignore={path}" for path in SEVERAL + PROVIDER)),
        "several": start(*SEVERAL),
        "provider": start(*PROVIDER),
        "kernels": start(*KERNELS),
        "daemons": start(DAEMONS, *(f"--ignore={path}" for path in KERNELS)),
        "installer": start(INSTALLER),
        "others": start("tests", *(f"--ignore={path}" for path in (MACHINES, DAEMONS, INSTALLER))),
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
        # The terminal has told them, too: let them clear up their machines.
        codes = [process.wait() or 130 for process in groups.values()]
    for reader in readers:
        reader.join()
    print(*failures, sep="\n", flush=True)  # again, where whoever sees the end only finds them
    for name, code in zip(groups, codes, strict=True):
        print(f"{name}: {'passed' if code == 0 else f'failed ({code})'}", flush=True)
    return next((code for code in codes if code), 0)


if __name__ == "__main__":
    sys.exit(main())
