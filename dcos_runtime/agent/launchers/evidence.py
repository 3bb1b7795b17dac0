"""What is seen of an OCI container without asking its runtime: files that conmon leaves, and processes."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection
from pathlib import Path

from dcos_runtime.agent.containers import base


def number(path: Path) -> int | None:
    try:
        return int(path.read_text().strip())
    except (OSError, ValueError):
        return None


def is_in(pid: int | None, container_id: str) -> bool:
    """Whether the process is in a control group of the container, in any hierarchy."""
    with contextlib.suppress(OSError):
        return pid is not None and container_id in Path(f"/proc/{pid}/cgroup").read_text()
    return False


def starts(pid: int, container_id: str) -> bool:
    """Whether it is an OCI runtime that starts this container."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().endswith(b"\0start\0%b\0" % container_id.encode())
    return False


def is_conmon(pid: int, container_id: str) -> bool:
    return _names(pid, container_id, ("conmon",))


def makers(container_id: str, runtime: str) -> list[int]:
    """Those that make a container, its conmon and the OCI runtime of this name, and all that come from them, as far as
    they have not ended.
    """
    everything = base.processes()
    roots = {process.pid for process in everything if _names(process.pid, container_id, ("conmon", runtime))}
    return [process.pid for process in base.with_descendants(everything, roots) if process.state not in ("Z", "X")]


def _names(pid: int, container_id: str, programs: Collection[str]) -> bool:
    """Whether it is one of the programs, with the container among its arguments."""
    try:
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return container_id.encode() in arguments and Path(os.fsdecode(arguments[0])).name in programs
