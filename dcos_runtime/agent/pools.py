"""Threads for work that can block, a pool for each kind: work that a task delays does not delay work of other kinds."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

log = logging.getLogger(__name__)

KILLS = ThreadPoolExecutor(KILLERS := 16, "kills")
"""Signals and kills; the freezer can take a second for each."""

LAUNCHES = ThreadPoolExecutor(8, "launches")
"""Preparing the folders of a container, and removing its control groups."""

READS = ThreadPoolExecutor(8, "reads")
"""Reading for others: sandboxes, usage."""

LOOKS = ThreadPoolExecutor(2, "looks")
"""Reading what processes of tasks say of themselves: one whose memory does not come can hold its reader up."""

PEERS = ThreadPoolExecutor(2, "peers")
"""Finding the container that a connection comes from."""

FETCHES = ThreadPoolExecutor(2, "fetches")
"""Opening and removing files of the fetcher's cache; its downloads are processes."""

NETWORKS = ThreadPoolExecutor(8, "networks")
"""Leaving networks: plugins are programs, and may hang."""

REMOVALS = ThreadPoolExecutor(2, "removals")
"""Removing folders: minutes, for one with a million files."""

DISK = ThreadPoolExecutor(2, "disk")
"""The last cut of the output of a container that is gone. (The disk watcher has a thread of its own.)"""


FILES = 6
"""Of the pool of ``asyncio.to_thread``."""


def begin() -> None:
    """Starts the threads for kills and checkpoints in advance, in the running loop: where tasks share the agent's limit
    on processes, a task that forks without end would leave no thread to kill it.
    """
    files = ThreadPoolExecutor(FILES, "files")
    asyncio.get_running_loop().set_default_executor(files)
    for pool, size in ((KILLS, KILLERS), (files, FILES)):
        all_started = threading.Event()
        try:
            for _ in range(size):
                pool.submit(all_started.wait)  # a waiting thread takes no other work: one more starts
        except RuntimeError as error:
            log.warning("%s; there are fewer than %d threads for it", error, size)
        finally:
            all_started.set()


async def run(pool: ThreadPoolExecutor, work: Callable[[], T]) -> T:
    """As ``asyncio.to_thread``, but in this pool; the pool of ``asyncio.to_thread`` is for the agent's own files, such
    as checkpoints.
    """
    return await asyncio.get_running_loop().run_in_executor(pool, work)
