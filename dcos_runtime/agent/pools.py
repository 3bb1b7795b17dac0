"""Threads for work that can block, a pool for each kind: what a task holds up holds up no work of other kinds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

KILLS = ThreadPoolExecutor(16, "kills")
"""Signals and kills; the freezer can take a second for each."""

LAUNCHES = ThreadPoolExecutor(8, "launches")
"""What is laid out for a container that will be, and what is cleared away of its control groups."""

READS = ThreadPoolExecutor(8, "reads")
"""Reading for others: sandboxes, usage."""

REMOVALS = ThreadPoolExecutor(2, "removals")
"""Removing folders: minutes, for one with a million files."""

DISK = ThreadPoolExecutor(2, "disk")
"""The last cut of the output of a container that is gone. (The disk watcher has a thread of its own.)"""


async def run(pool: ThreadPoolExecutor, work: Callable[[], T]) -> T:
    """As ``asyncio.to_thread``, whose pool is left to the agent's own files: checkpoints above all."""
    return await asyncio.get_running_loop().run_in_executor(pool, work)
