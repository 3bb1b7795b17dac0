"""SET_LOGGING_LEVEL: how much the agent logs, for a time."""

from __future__ import annotations

import asyncio
import logging

DETAILED = 1
"""The level from which on everything is logged. Mesos' levels are glog's: 0 is the usual one."""


class LoggingLevel:
    """The process's level of logging."""

    def __init__(self) -> None:
        self._usual = logging.getLogger().level
        self._back: asyncio.TimerHandle | None = None

    @property
    def now(self) -> int:
        return DETAILED if logging.getLogger().level <= logging.DEBUG else 0

    def set(self, level: int, seconds: float) -> None:
        """For so many seconds; then it is as at the start."""
        if self._back is not None:
            self._back.cancel()
        logging.getLogger().setLevel(logging.DEBUG if level >= DETAILED else self._usual)
        self._back = asyncio.get_running_loop().call_later(max(0.0, seconds), self._restore)

    def _restore(self) -> None:
        self._back = None
        logging.getLogger().setLevel(self._usual)
