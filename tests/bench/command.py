"""The `dcos` command: the time until its output is on the screen."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence

from tests.bench.figures import Bench, Measured, at_most, figure
from tests.support.daemons.byhand import PROGRAMS


def milliseconds(argv: Sequence[str], **environment: str) -> float:
    """The wall time of one whole process, which must succeed."""
    variables = os.environ | environment
    started = time.perf_counter()
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, env=variables)
    return (time.perf_counter() - started) * 1000


@figure(
    "command.help",
    "start-up of the dcos command",
    unit="ms",
    how="wall time of `dcos --help`, beside that of `python -c pass`, in turn",
    aim=at_most(150),
)
def help_page(bench: Bench) -> Measured:
    ours, bare = [], []
    command = [str(PROGRAMS / "dcos"), "--help"]
    milliseconds(command)
    for _ in bench.times(11):
        ours.append(milliseconds(command))
        bare.append(milliseconds([str(PROGRAMS / "python"), "-c", "pass"]))
    return Measured(ours, "a bare Python", bare)
