"""A real Apache Mesos for tests, when its launcher is beside the checkout (``DCOS_ORACLE``, or ../shared/oracle)."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.support.daemons.byhand import free_port

PROGRAM = Path(os.environ.get("DCOS_ORACLE") or Path(__file__).parents[4] / "shared" / "oracle" / "mesos-oracle")


class Oracle:
    """Starts it on a free port; skips the test with a clear message if that is impossible."""

    def __init__(self, *, agents: int = 2, **flags: str) -> None:
        if not PROGRAM.exists():
            pytest.skip(f"no real Mesos to compare with: {PROGRAM} is absent (set DCOS_ORACLE)")
        for _ in range(5):  # the agents' ports follow the master's, and may be in use
            self.port = free_port()
            argv = [str(PROGRAM), "up", "--port", str(self.port), "--agents", str(agents)]
            for name, value in flags.items():
                argv += ["--flag", f"{name}={value}"]
            done = subprocess.run(argv, capture_output=True, text=True, timeout=300)
            if "is not free" not in done.stderr:
                break
        if done.returncode != 0:
            pytest.skip(f"the real Mesos does not start: {done.stderr.strip()[-500:]}")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        subprocess.run([str(PROGRAM), "down", "--port", str(self.port)], capture_output=True, timeout=240)
