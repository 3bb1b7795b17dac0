"""Removes old sandboxes: after ``--gc_delay``, sooner as the disk fills, but never that of a living task."""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Callable, Iterator, Set
from pathlib import Path

from dcos_runtime.agent.removal import remove
from dcos_runtime.agent.sandbox import runs_below

log = logging.getLogger(__name__)


def allowed_age(delay: float, headroom: float, used: float) -> float:
    """How old a sandbox may grow, in seconds, when the fraction ``used`` of the disk is: Mesos' rule."""
    return max(0.0, delay * max(0.0, 1.0 - headroom - used))


def used_fraction(path: Path) -> float:
    state = os.statvfs(path)
    return 1.0 - state.f_bavail / state.f_blocks if state.f_blocks else 0.0


def collect(root: Path, living: Set[str], allowed: Callable[[], float], now: float) -> int:
    """Removes sandboxes under ``root`` (``work_dir/slaves``) that are older than ``allowed()`` seconds, the oldest
    first. ``allowed`` is called again after each, so that no more are removed than the disk needs. ``living`` are the
    container ids of tasks that are not over. A sandbox that cannot be removed is logged and left. Returns how many were
    removed.
    """
    removed = 0
    for changed, run in sorted(_over(root, living)):
        if now - changed < allowed():
            break
        try:
            remove(run)
            _tidy(run.parent, root)
        except OSError as error:
            log.warning("the old sandbox %s could not be removed: %s", run, error)
            continue
        except Exception:  # a fault in one sandbox must not keep others from being removed
            log.exception("the old sandbox %s could not be removed", run)
            continue
        removed += 1
        log.info("removed the old sandbox %s", run)
    return removed


def _over(root: Path, living: Set[str]) -> Iterator[tuple[float, Path]]:
    """Sandboxes of tasks that are over, each with the time it was last changed."""
    for run in runs_below(root):
        with contextlib.suppress(FileNotFoundError):
            if run.name not in living and not run.is_symlink() and run.is_dir():
                yield run.stat().st_mtime, run


def _tidy(runs: Path, root: Path) -> None:
    """Removes the link to the newest run when it leads nowhere, and folders above that are empty."""
    latest = runs / "latest"
    if latest.is_symlink() and not latest.exists():
        latest.unlink(missing_ok=True)
    # runs, executor, "executors", framework: the agent's own folder stays.
    for folder in (runs, *list(runs.parents)[:3]):
        if folder == root:
            return
        try:
            folder.rmdir()
        except OSError:
            return


def touch(sandbox: Path) -> None:
    """The task is over: the age of its sandbox counts from now."""
    with contextlib.suppress(OSError):
        os.utime(sandbox, (time.time(), time.time()))
