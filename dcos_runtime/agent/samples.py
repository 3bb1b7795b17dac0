"""What containers used, again and again: the last samples of each, in little memory.

They are taken in small steps and never in more than `SHARE` of the time, so with many containers less often than was
asked for. A container that is over has none.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from array import array
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from dcos_runtime.agent import pools
from dcos_runtime.agent.containers.base import Usage

log = logging.getLogger(__name__)

KEPT = 60
"""Samples of one container."""

SHARE = 0.02
"""Of one processor."""

BATCH = 20
"""Containers that are looked at in one step."""

FIELDS = (
    *("timestamp", "cpus_user_time_secs", "cpus_system_time_secs", "cpus_throttled_time_secs"),
    *("mem_rss_bytes", "mem_total_bytes", "processes", "disk_used_bytes"),
    *("cpu_some_secs", "memory_some_secs", "memory_full_secs", "io_some_secs", "io_full_secs"),
)
"""What a sample holds, in this order: seconds since 1970; then as in `Usage` and `Pressure`."""

_WIDTH = len(FIELDS)


class Samples:
    """The last samples of each container. ``interval``: seconds between two."""

    def __init__(self, interval: float) -> None:
        self.interval = interval
        self._rings: dict[str, array[float]] = {}
        self._latest: dict[str, Usage] = {}

    def take(self, container_id: str, usage: Usage, at: float) -> None:
        """``at``: seconds since 1970."""
        ring = self._rings.setdefault(container_id, array("d"))
        ring.extend(_row(usage, at))
        if len(ring) > KEPT * _WIDTH:
            del ring[:_WIDTH]
        self._latest[container_id] = usage

    def keep(self, living: Sequence[str]) -> None:
        """Drops the samples of all containers but these."""
        for container_id in self._rings.keys() - set(living):
            del self._rings[container_id], self._latest[container_id]

    def latest(self, container_id: str) -> Usage | None:
        return self._latest.get(container_id)

    def of(self, container_id: str) -> list[list[float | None]]:
        """The samples of a container, the oldest first, each with the values of `FIELDS`; ``None``: not known here."""
        ring = self._rings.get(container_id, array("d"))
        rows = [ring[start : start + _WIDTH] for start in range(0, len(ring), _WIDTH)]
        return [[None if math.isnan(value) else value for value in row] for row in rows]

    def shown(self, container_id: str) -> dict[str, Any]:
        """As `/containers/samples` shows them."""
        return {"container_id": container_id, "fields": list(FIELDS), "samples": self.of(container_id)}

    async def run(
        self, running: Callable[[], list[tuple[str, str]]], usage: Callable[[str, str], Usage | None]
    ) -> None:
        """Takes samples for ever. ``running``: the ids of all containers that run, with their launchers; ``usage`` asks
        a launcher, and blocks.
        """
        while True:
            began = time.monotonic()
            containers = running()
            self.keep([container_id for container_id, _ in containers])
            spent = 0.0
            for start in range(0, len(containers), BATCH):
                batch = containers[start : start + BATCH]
                found, seconds = await pools.run(pools.READS, partial(_ask, batch, usage))
                spent += seconds
                at = time.time()
                for container_id, used in found:
                    self.take(container_id, used, at)
                await asyncio.sleep(seconds * (1 / SHARE - 1))
            await asyncio.sleep(max(0.0, self.interval - (time.monotonic() - began)))


def _ask(
    batch: Sequence[tuple[str, str]], usage: Callable[[str, str], Usage | None]
) -> tuple[list[tuple[str, Usage]], float]:
    """What these containers use, without those that are gone, and the processor seconds that it took."""
    began, found = time.thread_time(), []
    for container_id, launcher in batch:
        try:
            used = usage(container_id, launcher)
        except Exception:  # of one container: the others are asked all the same
            log.exception("what container %s uses could not be seen", container_id)
            continue
        if used is not None:
            found.append((container_id, used))
    return found, time.thread_time() - began


def _row(usage: Usage, at: float) -> list[float]:
    known = {"timestamp": at, **vars(usage), **(vars(usage.pressure) if usage.pressure is not None else {})}
    return [math.nan if (value := known.get(name)) is None else float(value) for name in FIELDS]
